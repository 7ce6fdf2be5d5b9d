"""What lists in pages share: buttons that turn them, which part is shown, and how fresh it is."""

from __future__ import annotations

from datetime import datetime

from cdi_bot.slack.render.kit.blocks import Block, actions, button
from cdi_bot.slack.render.kit.i18n import Translator
from cdi_bot.slack.render.kit.text import to_the_second


def pager(
    action_id: str,
    carried: dict[str, object],
    i18n: Translator,
    *,
    offset: int,
    size: int,
    has_more: bool,
    labels: tuple[str, str] | None = None,
) -> list[Block]:
    """Return the row of buttons that turn pages: back and on, where there is such a page.

    `carried` goes with the buttons, beside the offset that each leads to.
    """
    _ = i18n.gettext
    back, on = labels or (_("Previous"), _("Next"))
    turns = []
    if offset > 0:
        turns.append(
            button(back, f"{action_id}:back", carried | {"offset": max(0, offset - size)}, says=back)
        )
    if has_more:
        turns.append(button(on, f"{action_id}:on", carried | {"offset": offset + size}, says=on))
    return actions(turns)


def as_of(then: datetime | None, i18n: Translator) -> str:
    """Say how fresh what is shown is: by a time, which stays true however long the message stays there."""
    _ = i18n.gettext
    if then is None:
        return _("not looked at yet")
    return _("as of {when}").format(when=to_the_second(then))


def part(offset: int, shown: int, total: int, i18n: Translator) -> str:
    """Say which part of a list is shown; nothing where it is all of it."""
    _ = i18n.gettext
    if shown >= total:
        return ""
    return _("{first} to {last} of {total}").format(
        first=i18n.number(offset + 1), last=i18n.number(offset + shown), total=i18n.number(total)
    )
