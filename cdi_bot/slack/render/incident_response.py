"""What one person is answered who acknowledges or snoozes an integration, or requests a sync of it."""

from __future__ import annotations

from cdi_bot.slack.render.kit.advice import sync_warning
from cdi_bot.slack.render.kit.blocks import Rendered, Renderers, actions, short_message
from cdi_bot.slack.render.kit.buttons import sync_button, unsnooze_button
from cdi_bot.slack.render.kit.i18n import Translator
from cdi_bot.slack.render.kit.runs import GOOD
from cdi_bot.slack.render.kit.text import REASON, bold_name, date, outside, user
from cdi_bot.usecases.answers import (
    Acknowledged,
    ConfirmSync,
    NothingOpen,
    SnoozeEnded,
    SnoozeSet,
    SyncStarted,
)


def _acknowledged(answer: Acknowledged, i18n: Translator) -> Rendered:
    if answer.integration is None:
        done = i18n("You acknowledged everything that is open in this channel: reminders stop.")
        before = i18n("Everything that is open in this channel is already acknowledged.")
        return short_message(before if answer.already_by else done)
    name = bold_name(answer.integration)
    if answer.already_by:
        line = i18n("{who} has already acknowledged {name}.")
        return short_message(line.format(who=user(answer.already_by), name=name))
    return short_message(i18n("You acknowledged {name}: reminders stop.").format(name=name))


def _nothing_open(answer: NothingOpen, i18n: Translator) -> Rendered:
    if answer.integration is None:
        return short_message(i18n("Nothing is open in this channel."), sign=GOOD)
    return short_message(i18n("{name} has no open incident.").format(name=bold_name(answer.integration)))


def _snooze_set(answer: SnoozeSet, i18n: Translator) -> Rendered:
    if answer.unchanged:
        until = i18n("{name} is already snoozed until {when}")
        until_recovery = i18n("{name} is already snoozed until it recovers")
    else:
        until = i18n("{name} is snoozed until {when}")
        until_recovery = i18n("{name} is snoozed until it recovers")
    line = (until if answer.until else until_recovery).format(
        name=bold_name(answer.integration), when=date(answer.until) if answer.until else ""
    )
    if answer.reason:
        line = i18n("{line}: {reason}").format(line=line, reason=outside(answer.reason, REASON))
    return short_message(line, accessory=unsnooze_button(answer.integration, i18n, place=answer.channel))


def _snooze_ended(answer: SnoozeEnded, i18n: Translator) -> Rendered:
    line = i18n("{name} is no longer snoozed.") if answer.was_snoozed else i18n("{name} isn't snoozed.")
    return short_message(line.format(name=bold_name(answer.integration)))


def _confirm_sync(answer: ConfirmSync, i18n: Translator) -> Rendered:
    warning = sync_warning(answer.integration, i18n)
    return short_message(
        i18n("Sync {name} now?").format(name=bold_name(answer.integration)),
        second=f"⚠️ {warning}" if warning else "",
        row=actions([sync_button(answer.integration, i18n, asks=False)]),
    )


def _sync_started(answer: SyncStarted, i18n: Translator) -> Rendered:
    if answer.is_certain:
        line = i18n("Sync of {name} requested.")
    else:
        line = i18n(
            "Braze gave no clear answer: the sync of {name} may have started. Don't request it again yet."
        )
    return short_message(line.format(name=bold_name(answer.integration)))


RENDERERS: Renderers = {
    Acknowledged: _acknowledged,
    NothingOpen: _nothing_open,
    SnoozeSet: _snooze_set,
    SnoozeEnded: _snooze_ended,
    ConfirmSync: _confirm_sync,
    SyncStarted: _sync_started,
}
