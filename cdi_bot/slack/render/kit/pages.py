"""The row of buttons that turn the pages of a list. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from cdi_bot.slack.render.kit.blocks import Block, actions, button
from cdi_bot.slack.render.kit.i18n import Translator


def pager(
    action_id: str,
    carried: Mapping[str, object],
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
    back, on = labels or (i18n("Previous"), i18n("Next"))
    turns = []
    if offset > 0:
        turns.append(
            button(back, f"{action_id}:back", {**carried, "offset": max(0, offset - size)}, says=back)
        )
    if has_more:
        turns.append(button(on, f"{action_id}:on", {**carried, "offset": offset + size}, says=on))
    return actions(turns)
