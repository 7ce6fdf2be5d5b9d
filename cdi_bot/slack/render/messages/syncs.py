"""Syncs that people start, in words: that they may be, that they were, and how they ended. Pure."""

from __future__ import annotations

from cdi_bot.core.model.content import SyncEnded, SyncTriggered
from cdi_bot.core.model.integration import Integration
from cdi_bot.core.model.requested_sync import SyncEnding
from cdi_bot.core.model.run import Outcome
from cdi_bot.core.rules.requested_sync import APPEARS, LONGEST
from cdi_bot.delivery.views import EventView
from cdi_bot.slack.render.answers.refusals import short_answer
from cdi_bot.slack.render.kit.blocks import Block, Rendered, actions
from cdi_bot.slack.render.kit.buttons import confirmed_sync, history_of, open_in_braze
from cdi_bot.slack.render.kit.i18n import Translator
from cdi_bot.slack.render.kit.statuses import BUSY, UNSEEN, advice, long_status, run_sign
from cdi_bot.slack.render.kit.text import bold_name, code, escape, plain, user
from cdi_bot.slack.render.messages.replies import bold_subject, run_line
from cdi_bot.slack.render.messages.replies import one_line as told
from cdi_bot.usecases.answers import ConfirmSync, SyncStarted


def confirm_sync(answer: ConfirmSync, i18n: Translator) -> Rendered:
    """Ask whether the sync is to be started."""
    _ = i18n.gettext
    line = _("Start a sync of {name} now? The channel is told that you asked.").format(
        name=bold_name(answer.integration)
    )
    shown = short_answer(line, code(answer.integration.integration_id))
    return Rendered(
        text=shown.text, blocks=[*shown.blocks, *actions([confirmed_sync(answer.integration, i18n)])]
    )


def sync_started(answer: SyncStarted, i18n: Translator) -> Rendered:
    """Say that Braze took the order, or that it is not clear whether it did."""
    _ = i18n.gettext
    name = bold_name(answer.integration)
    follows = _("I follow it, and tell in the channel how it ends.")
    if answer.is_certain:
        line = _("Braze has taken the order to sync {name}.").format(name=name)
        return short_answer(
            line, follows, _("Braze shows the new run after a short while."), _runs(answer, i18n)
        )
    line = _("Braze gave no clear answer: the sync of {name} may have started. Don't start it again yet.")
    return short_answer(line.format(name=name), follows, _runs(answer, i18n))


def _runs(answer: SyncStarted, i18n: Translator) -> str:
    command = code(f"/cdi status {plain(answer.integration.integration_id)}")
    return i18n.gettext("Its runs: {command}").format(command=command)


def sync_triggered(content: SyncTriggered, view: EventView, i18n: Translator) -> Rendered:
    """Tell the channel who started a sync."""
    _ = i18n.gettext
    name = bold_subject(view, content.integration_id, i18n)
    if content.is_certain:
        line = _("{who} started a sync of {name}.")
    else:
        line = _("{who} asked for a sync of {name}. Braze gave no clear answer: it may have started.")
    note = _("How it ends is told here in a thread.")
    row = _look_row(view.integration, view, i18n)
    return told(BUSY, line.format(who=user(content.who), name=name), note, row=row)


def sync_ended(content: SyncEnded, view: EventView, i18n: Translator) -> Rendered:
    """Tell who started a sync how it ended, or why it is followed no longer."""
    _ = i18n.gettext
    name, who = bold_subject(view, content.integration_id, i18n), user(content.who)
    row = _look_row(view.integration, view, i18n)
    run = view.run
    if content.ending is SyncEnding.ENDED and run is not None:
        line = _("{who}, the sync of {name} that you started is over. {state}").format(
            who=who, name=name, state=escape(long_status(run.job_status, i18n))
        )
        todo = [advice(run.job_status, i18n)] if run.outcome is Outcome.BAD else []
        return told(run_sign(run), line, run_line(run, i18n), *todo, row=row)
    if content.ending is SyncEnding.NOT_SEEN:
        return _not_seen(content, name, who, row, i18n)
    line = _(
        "{who}, the sync of {name} that you started still runs after {hours} hours. I follow it no longer."
    ).format(who=who, name=name, hours=i18n.number(LONGEST.total_seconds() // 3600))
    return told(BUSY, line, _("Look at it in Braze: runs rarely take longer than an hour."), row=row)


def _not_seen(content: SyncEnded, name: str, who: str, row: list[Block], i18n: Translator) -> Rendered:
    _ = i18n.gettext
    if content.is_certain:
        line = _(
            "{who}, Braze took the order to sync {name}, but has shown no new run for {minutes} minutes. "
            "I look no longer."
        )
        todo = _("Look at it in Braze before you start it again.")
    else:
        line = _(
            "{who}, Braze gave no clear answer to the order to sync {name}, and has shown no new run for {minutes} "
            "minutes: it has probably not started."
        )
        todo = _("Look at it in Braze, then start it again.")
    minutes = i18n.number(APPEARS.total_seconds() // 60)
    return told(UNSEEN, line.format(who=who, name=name, minutes=minutes), todo, row=row)


def _look_row(integration: Integration | None, view: EventView, i18n: Translator) -> list[Block]:
    if integration is None:
        return []
    return actions([history_of(integration, i18n), open_in_braze(integration, view.dashboard_url, i18n)])
