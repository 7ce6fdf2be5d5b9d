"""What one person is answered about an incident, a snooze or a sync; the notice of a spike."""

from __future__ import annotations

from cdi_bot.core.model.incident import NOBODY
from cdi_bot.core.model.source import source_of
from cdi_bot.core.model.spike import Spike
from cdi_bot.delivery.views import EventView
from cdi_bot.slack.render.kinds.flaws import UNUSUAL, flaw_name
from cdi_bot.slack.render.kit.advice import sync_warning, with_source
from cdi_bot.slack.render.kit.blocks import Rendered, Renderers, actions, short_message
from cdi_bot.slack.render.kit.buttons import (
    history_button,
    spike_button,
    switch_off_button,
    sync_button,
    unsnooze_button,
)
from cdi_bot.slack.render.kit.i18n import Translator
from cdi_bot.slack.render.kit.runs import GOOD
from cdi_bot.slack.render.kit.text import REASON, bold_name, date, expected_notes, outside, user
from cdi_bot.usecases.answers import ConfirmSync, NothingOpen, SnoozeEnded, SnoozeSet, SyncStarted
from cdi_bot.usecases.change_answers import (
    Acknowledged,
    CannotTakeOver,
    MarkedExpected,
    NothingToMark,
    SwitchedOff,
    TakenBack,
)


def _acknowledged(answer: Acknowledged, i18n: Translator) -> Rendered:
    """Say what a channel does not show: mostly that nothing had to be changed."""
    about, by = answer.integration, answer.already_by
    name = bold_name(about) if about else ""
    if by == NOBODY:
        nobody = i18n("Nobody has acknowledged {name}.") if about else i18n("Nothing here is acknowledged.")
        return short_message(nobody.format(name=name))
    if by and about:
        line = i18n("{who} has already acknowledged {name}.")
        return short_message(line.format(who=user(by), name=name))
    if by:
        return short_message(i18n("Everything that is open in this channel is already acknowledged."))
    if answer.to == NOBODY:
        line = i18n("You took back the acknowledgement of {name}: reminders start again.")
    elif answer.to:
        line = i18n("You handed on {name} to {who}.")
    else:
        line = i18n("You acknowledged {name}: reminders stop.")
    name = name or i18n("everything that is open in this channel")
    return short_message(line.format(name=name, who=user(answer.to or "")))


def _cannot_take_over(answer: CannotTakeOver, i18n: Translator) -> Rendered:
    line = i18n("I can't hand it on to {who}: apps, guests and people from outside can't acknowledge.")
    return short_message(line.format(who=user(answer.who)))


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


def render_spike(content: Spike, view: EventView, i18n: Translator) -> Rendered:
    """Say how many rows one run brought, how many at most before, and who said that this was expected."""
    integration, word = view.integration, view.expected
    name = f"*{outside(content.integration_id)}*"
    buttons = []
    if integration is not None:
        name = with_source(bold_name(integration, view.dashboard_url), integration, i18n)
        buttons.append(spike_button(content, integration, word, i18n))
    line = i18n("{name} – {rows} rows in one run, largest so far {usual}").format(
        name=name, rows=i18n.number(content.rows), usual=i18n.number(content.usual)
    )
    source = source_of(integration)
    cause = (
        i18n("Were files uploaded twice? If it was a campaign or a backfill, press *Expected*.")
        if source is not None and source.is_files
        else i18n("Was the whole table synced again? If it was a campaign or a backfill, press *Expected*.")
    )
    started = i18n("Run of {when}.").format(when=date(content.run_start))
    is_expected = word is not None and not word.taken_back_by
    return short_message(
        line,
        *(expected_notes(word, i18n) if word else []),
        sign=GOOD if is_expected else UNUSUAL,
        second=started if is_expected else i18n.sentences([started, cause]),
        row=actions([*buttons, *([history_button(integration, i18n)] if integration else [])]),
    )


def _marked(answer: MarkedExpected, i18n: Translator) -> Rendered:
    name, flaw = bold_name(answer.integration), flaw_name(answer.reason, i18n)
    if answer.already_by:
        line = i18n("{who} said already that this was expected of {name}: {flaw}.")
        return short_message(line.format(who=user(answer.already_by), name=name, flaw=flaw))
    line = i18n.counted(
        "“{flaw}” was marked as expected {count} time in this channel. Stop these alerts here?",
        "“{flaw}” was marked as expected {count} times in this channel. Stop these alerts here?",
        answer.times,
        flaw=flaw,
    )
    note = i18n("`/cdi subscriptions` › *Change…* switches them on again.")
    return short_message(
        line, note, row=actions([switch_off_button(answer.integration, answer.reason, i18n)])
    )


def _taken_back(answer: TakenBack, i18n: Translator) -> Rendered:
    line = i18n("{who} took this back already for {name}.")
    return short_message(line.format(who=user(answer.by), name=bold_name(answer.integration)))


def _nothing_to_mark(answer: NothingToMark, i18n: Translator) -> Rendered:
    if answer.integration is None:
        return short_message(i18n("This is so old that nothing is kept of it: there is nothing to change."))
    line = i18n("This incident of {name} is over already, so there is nothing to change.")
    again = i18n("If there is an alert for it again, press *Expected* there.")
    return short_message(line.format(name=bold_name(answer.integration)), again)


def _switched_off(answer: SwitchedOff, i18n: Translator) -> Rendered:
    if answer.unchanged:
        line = i18n("This channel already doesn't get these alerts: {flaw} ({name}).")
    else:
        line = i18n("This channel no longer gets these alerts: {flaw} ({name}).")
    line = line.format(flaw=flaw_name(answer.reason, i18n), name=bold_name(answer.integration))
    return short_message(line, i18n("`/cdi subscriptions` › *Change…* switches them on again."))


RENDERERS: Renderers = {
    Acknowledged: _acknowledged,
    CannotTakeOver: _cannot_take_over,
    NothingOpen: _nothing_open,
    SnoozeSet: _snooze_set,
    SnoozeEnded: _snooze_ended,
    ConfirmSync: _confirm_sync,
    SyncStarted: _sync_started,
    MarkedExpected: _marked,
    TakenBack: _taken_back,
    NothingToMark: _nothing_to_mark,
    SwitchedOff: _switched_off,
}
