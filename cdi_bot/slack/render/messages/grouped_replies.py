"""One reply in the thread of a card of many incidents, that tells the same of several of them. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from cdi_bot.core.model.content import ReplyFact
from cdi_bot.core.model.incident import Kind
from cdi_bot.core.model.run import Outcome
from cdi_bot.delivery.views import GroupedReplyView, IncidentView
from cdi_bot.slack.render.kit.blocks import Block, Rendered, actions, context, paragraphs, section
from cdi_bot.slack.render.kit.buttons import ack_button
from cdi_bot.slack.render.kit.i18n import Translator
from cdi_bot.slack.render.kit.limits import BLOCKS_JSON, weight
from cdi_bot.slack.render.kit.statuses import (
    BAD,
    DUBIOUS,
    GOOD,
    headline,
    incident_sign,
    possible_repeat,
    recovery_sign,
    subject,
)
from cdi_bot.slack.render.kit.text import SHORT_NAME, bold_name, date, escape, plain_line, synced
from cdi_bot.slack.render.messages.cards import recovery_line
from cdi_bot.slack.render.messages.grouped_cards import LIST_BLOCKS


def render_grouped_reply(view: GroupedReplyView, i18n: Translator) -> Rendered:
    """Say what befell how many, and list them, worst first, as many as a message holds."""
    _ = i18n.gettext
    title = _title(view.fact, [one.incident.kind for one in view.incidents], i18n)
    failing = any(one.incident.kind is Kind.SYNC_FAILED for one in view.incidents)
    head = section(f"{GOOD if view.fact == 'recovered' else BAD if failing else DUBIOUS} *{title}*")
    foot: list[Block] = []
    if view.fact == "still_open":
        foot.append(context(_("Acknowledging them ends these reminders.")))
        foot += actions([ack_button(view.incidents, i18n)])
    if view.possible_repeat:
        foot.append(context(possible_repeat(i18n)))
    more = _("… and {count} more: `/cdi status`")
    room = BLOCKS_JSON - weight([head, *foot, section(more)]) - 100
    listed, held = paragraphs(_lines(view.incidents, i18n), blocks=LIST_BLOCKS, room=room)
    if held < len(view.incidents):
        listed.append(section(more.format(count=i18n.number(len(view.incidents) - held))))
    return Rendered(text=plain_line(title), blocks=[head, *listed, *foot])


def _title(told: ReplyFact, kinds: Sequence[Kind], i18n: Translator) -> str:
    """Say what befell how many: failing is what failed runs are called, not what is late or looks wrong."""
    count, failing = len(kinds), set(kinds) <= {Kind.SYNC_FAILED}
    if told == "failed_again":
        said = i18n.ngettext("{count} integration failed again", "{count} integrations failed again", count)
    elif told == "recovered":
        said = (
            i18n.ngettext("{count} integration recovered", "{count} integrations recovered", count)
            if failing
            else i18n.ngettext(
                "{count} integration is well again", "{count} integrations are well again", count
            )
        )
    else:
        said = (
            i18n.ngettext(
                "{count} integration is still failing, and nobody has acknowledged it",
                "{count} integrations are still failing, and nobody has acknowledged them",
                count,
            )
            if failing
            else i18n.ngettext(
                "{count} integration is still not well, and nobody has acknowledged it",
                "{count} integrations are still not well, and nobody has acknowledged them",
                count,
            )
        )
    return said.format(count=i18n.number(count))


def _lines(views: Sequence[IncidentView], i18n: Translator) -> list[str]:
    return [_line(view, i18n) for view in views]


def _line(view: IncidentView, i18n: Translator) -> str:
    """Say in one line of mrkdwn how an incident stands, or how it ended and what the good run brought."""
    _ = i18n.gettext
    incident = view.incident
    name = (
        bold_name(view.integration, view.dashboard_url, SHORT_NAME)
        if view.integration
        else f"*{escape(subject(view, i18n))}*"
    )
    if incident.is_open:
        since = _("since {when}").format(when=date(incident.failing_since))
        told = i18n.listed([escape(headline(incident, i18n)), since])
        return f"{incident_sign(incident)} {name}: {told}"
    said = [escape(recovery_line(incident, i18n))]
    good = incident.resolved_by
    if good and good.rows_synced is not None and good.outcome is not Outcome.RUNNING:
        said.append(_("rows synced: {synced}").format(synced=synced(good, i18n)))
    return f"{recovery_sign(incident)} {name}: {i18n.listed(said)}"
