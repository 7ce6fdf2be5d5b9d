"""What a command is answered with, to the one person who typed it.

Each answer says what is so or what was done, and ends with the likely next step. A change of a channel is
announced there by a notice, so the answers to such commands are short.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from cdi_bot.core.commands.queries import ShowStatus
from cdi_bot.core.commands.specification import Command
from cdi_bot.core.model.channel import Channel
from cdi_bot.core.model.integration import Integration
from cdi_bot.slack.render import audit, escalation, expected, overview, refusals, subscriptions
from cdi_bot.slack.render.history import render_history
from cdi_bot.slack.render.kit import limits
from cdi_bot.slack.render.kit.advice import sync_warning
from cdi_bot.slack.render.kit.blocks import (
    Rendered,
    Renderers,
    actions,
    context,
    short_message,
)
from cdi_bot.slack.render.kit.buttons import sync_button, unsnooze_button
from cdi_bot.slack.render.kit.i18n import Translator
from cdi_bot.slack.render.kit.text import (
    REASON,
    bold_name,
    channel,
    code,
    date,
    outside,
    typed,
    user,
)
from cdi_bot.usecases.answers import (
    Acknowledged,
    Answer,
    ConfirmSync,
    NoMatch,
    NothingOpen,
    SeveralMatches,
    SnoozeEnded,
    SnoozeSet,
    SyncStarted,
)
from cdi_bot.usecases.query_answers import RunHistory

SHORT_ID = 40
"""Long enough for a UUID."""


def render_answer(
    answer: Answer, i18n: Translator, *, now: datetime, command: Command | None = None
) -> Rendered:
    """Say an answer.

    `command` is what the person asked for: where several integrations match, each choice carries it about its own
    one. `None` asks for the status.
    """
    if isinstance(answer, RunHistory):
        return render_history(answer, i18n, now)
    if isinstance(answer, SeveralMatches):
        return refusals.several_matches(answer, i18n, command)
    if isinstance(answer, NoMatch):
        return refusals.no_match(answer, i18n, command)
    return _RENDERERS[type(answer)](answer, i18n)


def name_channel(place: Channel, answer: Rendered, i18n: Translator) -> Rendered:
    """Name the channel above an answer about another one than that it is read in."""
    named = i18n("About {channel}:").format(channel=channel(place.channel_id))
    return replace(answer, blocks=[context(named), *answer.blocks][: limits.BLOCKS])


def _runs_hint(integration: Integration, i18n: Translator) -> str:
    command = typed(ShowStatus(query=integration.integration_id))
    return i18n("Its runs: {command}").format(command=command)


# --------------------------------------------------------------------------------- incidents


def _acknowledged(answer: Acknowledged, i18n: Translator) -> Rendered:
    name = bold_name(answer.integration)
    if answer.already_by:
        line = i18n("{who} acknowledged {name} already.").format(who=user(answer.already_by), name=name)
    else:
        line = i18n("You acknowledged {name}: its cards say so, and reminders stop.").format(name=name)
    return short_message(line, _runs_hint(answer.integration, i18n))


def _nothing_open(answer: NothingOpen, i18n: Translator) -> Rendered:
    line = i18n("{name} is not failing at present, so there is nothing to do.").format(
        name=bold_name(answer.integration)
    )
    return short_message(line, _runs_hint(answer.integration, i18n))


def _snooze_set(answer: SnoozeSet, i18n: Translator) -> Rendered:
    name = bold_name(answer.integration)
    if answer.until:
        line = i18n("{name} is muted in this channel until {when}.").format(
            name=name, when=date(answer.until)
        )
    else:
        line = i18n("{name} is muted in this channel until it recovers.").format(name=name)
    why = [i18n("Reason: {reason}").format(reason=outside(answer.reason, REASON))] if answer.reason else []
    note = i18n("It is watched all the same: cards stay up to date.")
    row = actions([unsnooze_button(answer.integration, i18n, place=answer.channel)])
    return short_message(line, *why, note, row=row)


def _snooze_ended(answer: SnoozeEnded, i18n: Translator) -> Rendered:
    if answer.was_snoozed:
        line = i18n("The mute of {name} is ended: this channel hears of it again.")
    else:
        line = i18n("{name} was not muted in this channel.")
    return short_message(
        line.format(name=bold_name(answer.integration)), _runs_hint(answer.integration, i18n)
    )


# --------------------------------------------------------------------------------- syncs


def _confirm_sync(answer: ConfirmSync, i18n: Translator) -> Rendered:
    line = i18n("Start a sync of {name} now? The channel is told that you asked.").format(
        name=bold_name(answer.integration)
    )
    warning = sync_warning(answer.integration, i18n)
    if warning:
        line += f"\n⚠️ {warning}"
    row = actions([sync_button(answer.integration, i18n)])
    return short_message(line, code(answer.integration.integration_id), row=row)


def _sync_started(answer: SyncStarted, i18n: Translator) -> Rendered:
    """Say that Braze accepted the request, or that it is not clear whether it did."""
    more = [i18n("I follow it, and tell in the channel how it ends.")]
    if answer.is_certain:
        line = i18n("Braze has taken the order to sync {name}.")
        more.append(i18n("Braze shows the new run after a short while."))
    else:
        line = i18n(
            "Braze gave no clear answer: the sync of {name} may have started. Don't start it again yet."
        )
    line = line.format(name=bold_name(answer.integration))
    return short_message(line, *more, _runs_hint(answer.integration, i18n))


_RENDERERS: Renderers = {
    Acknowledged: _acknowledged,
    NothingOpen: _nothing_open,
    SnoozeSet: _snooze_set,
    SnoozeEnded: _snooze_ended,
    ConfirmSync: _confirm_sync,
    SyncStarted: _sync_started,
    **audit.RENDERERS,
    **escalation.RENDERERS,
    **expected.RENDERERS,
    **overview.RENDERERS,
    **refusals.RENDERERS,
    **subscriptions.RENDERERS,
}
