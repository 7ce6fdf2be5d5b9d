"""The card of several incidents: one message that lists them by name, worst first. Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import accumulate

from cdi_bot.core.model.incident import Incident, Kind
from cdi_bot.delivery.views import CardView, IncidentView
from cdi_bot.slack.render.kit.blocks import Block, Rendered, actions, context, paragraphs, section
from cdi_bot.slack.render.kit.buttons import ack_button, history_button
from cdi_bot.slack.render.kit.i18n import Translator
from cdi_bot.slack.render.kit.limits import BLOCKS_JSON, MESSAGE_TEXT, clip, text_weight, weight
from cdi_bot.slack.render.kit.statuses import (
    BAD,
    DUBIOUS,
    GOOD,
    UNSEEN,
    incident_sign,
    possible_repeat,
    recovery_sign,
    short_state,
    subject,
)
from cdi_bot.slack.render.kit.text import SHORT_NAME, bold_name, date, escape, mentions, plain, user

FEW = 10
"""Up to so many incidents each have a button of their own beside them."""

LIST_BLOCKS = 40
_SECTIONS = 1000
"""What the sections around the lines weigh, reckoned generously."""

NAMED = 5
"""So many names stand in the line for notifications."""


def render_grouped_card(view: CardView, i18n: Translator) -> Rendered:
    """List the incidents of a card, as many as a message holds, and say how many more there are."""
    _ = i18n.gettext
    still_open = [one for one in view.incidents if one.incident.is_open]
    title = _title(still_open, len(view.incidents) - len(still_open), i18n)
    called = mentions(" ".join(one.mention or "" for one in still_open))
    head = section(f"{_sign(still_open)} *{title}*" + (f"\n{called}" if called else ""))
    foot = actions([ack_button(view.incidents, i18n)])
    if view.possible_repeat:
        foot.insert(0, context(possible_repeat(i18n)))
    more = _("… and {count} more: `/cdi status`")
    room = BLOCKS_JSON - weight([head, *foot, section(more)]) - 100
    listed, held = _with_buttons(view, i18n, room) or _as_lines(view, i18n, room)
    if held < len(view.incidents):
        listed.append(section(more.format(count=i18n.number(len(view.incidents) - held))))
    return Rendered(text=_text(title, view, i18n), blocks=[head, *listed, *foot])


def _title(unhealthy: Sequence[IncidentView], recovered: int, i18n: Translator) -> str:
    """Count in plain text what is not well and what is well again."""
    _ = i18n.gettext
    if not unhealthy:
        return i18n.ngettext(
            "{count} integration is well again", "{count} integrations are well again", recovered
        ).format(count=i18n.number(recovered))
    title = count_unhealthy([one.incident.kind for one in unhealthy], i18n)
    if not recovered:
        return title
    return _("{title}, {count} recovered").format(title=title, count=i18n.number(recovered))


def _sign(unhealthy: Sequence[IncidentView]) -> str:
    if not unhealthy:
        return GOOD
    return (
        BAD
        if any(one.incident.kind in {Kind.SYNC_FAILED, Kind.UNREACHABLE} for one in unhealthy)
        else DUBIOUS
    )


def count_unhealthy(kinds: Collection[Kind], i18n: Translator) -> str:
    """Count in plain text the integrations that are not well; what all have in common is called by its name."""
    count = len(kinds)
    (only,) = set(kinds) if len(set(kinds)) == 1 else (None,)
    if only is Kind.SYNC_FAILED:
        text = i18n.ngettext("{count} integration is failing", "{count} integrations are failing", count)
    elif only is Kind.LATE:
        text = i18n.ngettext("{count} integration is late", "{count} integrations are late", count)
    elif only is Kind.SLOW:
        text = i18n.ngettext("{count} integration is slow", "{count} integrations are slow", count)
    else:
        text = i18n.ngettext("{count} integration is not well", "{count} integrations are not well", count)
    return text.format(count=i18n.number(count))


def _text(title: str, view: CardView, i18n: Translator) -> str:
    """Say in one line, for notifications, how many there are and who comes first."""
    _ = i18n.gettext
    names = i18n.listed(plain(subject(one, i18n), SHORT_NAME) for one in view.incidents[:NAMED])
    rest = len(view.incidents) - NAMED
    listed = _("{names} and {count} more").format(names=names, count=i18n.number(rest)) if rest > 0 else names
    return clip(escape(_("{title}: {names}").format(title=title, names=listed)), MESSAGE_TEXT)


def _with_buttons(view: CardView, i18n: Translator, room: int) -> tuple[list[Block], int] | None:
    """List a few incidents, each with its History button; `None` when they are many, or too long."""
    if len(view.incidents) > FEW:
        return None
    listed = [
        section(
            line(one, i18n),
            accessory=history_button(one, i18n, action_id=f"history:{place}"),
        )
        for place, one in enumerate(view.incidents)
    ]
    return (listed, len(listed)) if weight(listed) <= room else None


def _as_lines(view: CardView, i18n: Translator, room: int) -> tuple[list[Block], int]:
    """List many incidents line by line; names come before links where there is not room for both."""
    linked = [line(one, i18n) for one in view.incidents]
    short = [line(one, i18n, with_link=False) for one in view.incidents]
    spare = room - _SECTIONS - sum(text_weight(text) for text in short)
    extra = accumulate(
        text_weight(long) - text_weight(brief) for long, brief in zip(linked, short, strict=True)
    )
    lines = [long if cost <= spare else brief for long, brief, cost in zip(linked, short, extra, strict=True)]
    return paragraphs(lines, blocks=LIST_BLOCKS, room=room)


def _over(incident: Incident, i18n: Translator) -> str:
    _ = i18n.gettext
    if incident.kind is Kind.LATE:
        return _("no longer late")
    return _("the slow run has ended") if incident.kind is Kind.SLOW else _("recovered")


def line(view: IncidentView, i18n: Translator, *, with_link: bool = True) -> str:
    """Say in one line of mrkdwn how an incident stands."""
    _ = i18n.gettext
    incident = view.incident
    url = view.dashboard_url if with_link else None
    name = (
        bold_name(view.integration, url, SHORT_NAME)
        if view.integration
        else f"*{escape(subject(view, i18n))}*"
    )
    if not incident.is_open:
        return f"{recovery_sign(incident)} {name}: {_over(incident, i18n)}"
    if incident.kind is Kind.UNREACHABLE:
        return f"{UNSEEN} {name}: " + _("can't be asked")
    said = [escape(short_state(incident, i18n))]
    if incident.failed_in_a_row > 1:
        said.append(_("{count} in a row").format(count=i18n.number(incident.failed_in_a_row)))
    if incident.acknowledged_by:
        said.append(_("acknowledged by {who}").format(who=user(incident.acknowledged_by)))
    if view.snooze and view.snooze.until:
        said.append(_("muted here until {when}").format(when=date(view.snooze.until)))
    elif view.snooze:
        said.append(_("muted here until it recovers"))
    return f"{incident_sign(incident)} {name}: {i18n.listed(said)}"
