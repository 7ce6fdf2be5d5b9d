"""Notices: who changed what in a channel, how requested syncs went, and what else a channel should know."""

from __future__ import annotations

from cdi_bot.core.model.escalation import EscalationBroken, EscalationChanged
from cdi_bot.core.model.lifecycle import IntegrationChanged, NewIntegrations
from cdi_bot.core.model.message import (
    ChannelBroken,
    DigestChanged,
    LanguageChanged,
    RunStarted,
    Snoozed,
    SyncEnded,
    SyncTriggered,
    Unsnoozed,
    Unsubscribed,
)
from cdi_bot.core.model.requested_sync import APPEARS, LONGEST, SyncEnding
from cdi_bot.core.model.run import Outcome
from cdi_bot.core.model.spike import Spike
from cdi_bot.delivery.views import EventView, StoreView
from cdi_bot.slack.render.escalation import escalation_broken, escalation_changed
from cdi_bot.slack.render.expected import render_spike
from cdi_bot.slack.render.kit.advice import status_advice
from cdi_bot.slack.render.kit.blocks import Block, Rendered, actions, next_step, short_message, small_print
from cdi_bot.slack.render.kit.buttons import look_buttons, unsnooze_button
from cdi_bot.slack.render.kit.i18n import Translator, language_name
from cdi_bot.slack.render.kit.reasons import channel_advice, channel_problem
from cdi_bot.slack.render.kit.runs import BAD, BUSY, GOOD, UNSEEN, long_status, run_line, run_sign
from cdi_bot.slack.render.kit.text import (
    REASON,
    bold_name,
    channel,
    code,
    date,
    escape,
    outside,
    plain,
    repeat_note,
    user,
)
from cdi_bot.slack.render.lifecycle import integration_changed, new_integrations
from cdi_bot.slack.render.replies import REPLIES, EventRenderers
from cdi_bot.slack.render.subscriptions import (
    digest_end_hint,
    digest_hint,
    language_hint,
    next_digest,
    schedule_text,
    selector_text,
)


def render_event(view: EventView, i18n: Translator) -> Rendered:
    """Say the one fact of a reply or notice.

    Raises ValueError for contents that are shown by a view of their own.
    """
    render = _RENDERERS.get(type(view.content))
    if render is None:
        raise ValueError(f"{view.content.what} is shown by a view of its own")
    message = render(view.content, view, i18n)
    repeat = small_print(repeat_note(i18n, possible=view.possible_repeat))
    return Rendered(text=message.text, blocks=[*message.blocks, *repeat])


def render_store(view: StoreView, i18n: Translator) -> Rendered:
    """Say that the bot's database can't be used, or that it can again."""
    if view.trouble is None:
        line = i18n("My database can be used again: what was to be told meanwhile is told now.")
        return short_message(line, sign=GOOD)
    line = i18n("My database can't be used: I see no news and answer little until it can.")
    return short_message(line, code(view.trouble, REASON), sign=BAD)


def _name(view: EventView, integration_id: str) -> str:
    """Name in mrkdwn the integration that a notice is about, by its id where nobody knows it."""
    if view.integration is None:
        return f"*{outside(integration_id)}*"
    return bold_name(view.integration, view.dashboard_url)


def _look_row(view: EventView, i18n: Translator) -> list[Block]:
    return actions(look_buttons(view.integration, view.dashboard_url, i18n))


# --------------------------------------------------------------------------------- runs and syncs


def _run_started(content: RunStarted, view: EventView, i18n: Translator) -> Rendered:
    line = i18n("A sync of {name} began").format(name=_name(view, content.integration_id))
    start = i18n("Started {when}").format(when=date(content.run_start))
    return short_message(line, start, sign=BUSY, row=_look_row(view, i18n))


def _sync_triggered(content: SyncTriggered, view: EventView, i18n: Translator) -> Rendered:
    if content.is_certain:
        line = i18n("{who} started a sync of {name}.")
    else:
        line = i18n("{who} asked for a sync of {name}. Braze gave no clear answer: it may have started.")
    line = line.format(who=user(content.who), name=_name(view, content.integration_id))
    note = i18n("How it ends is told here in a thread.")
    return short_message(line, note, sign=BUSY, row=_look_row(view, i18n))


def _sync_ended(content: SyncEnded, view: EventView, i18n: Translator) -> Rendered:
    """Say how a requested sync ended, or that it is not tracked any longer."""
    about = {"who": user(content.who), "name": _name(view, content.integration_id)}
    row = _look_row(view, i18n)
    run = view.run
    if content.ending is SyncEnding.ENDED and run is not None:
        line = i18n("{who}, the sync of {name} that you started is over. {state}").format(
            **about, state=escape(long_status(run.job_status, i18n))
        )
        todo = [status_advice(run.job_status, view.integration, i18n)] if run.outcome is Outcome.BAD else []
        return short_message(line, run_line(run, i18n), *todo, sign=run_sign(run), row=row)
    if content.ending is SyncEnding.NOT_SEEN:
        if content.is_certain:
            line = i18n(
                "{who}, Braze took the order to sync {name}, but has shown no new run for {minutes} minutes. "
                "I look no longer."
            )
            note = i18n("Look at it in Braze before you start it again.")
        else:
            line = i18n(
                "{who}, Braze gave no clear answer to the order to sync {name}, and has shown no new run for {minutes} "
                "minutes: it has probably not started."
            )
            note = i18n("Look at it in Braze, then start it again.")
        line = line.format(**about, minutes=i18n.number(APPEARS.total_seconds() // 60))
        return short_message(line, note, sign=UNSEEN, row=row)
    line = i18n(
        "{who}, the sync of {name} that you started still runs after {hours} hours. I follow it no longer."
    ).format(**about, hours=i18n.number(LONGEST.total_seconds() // 3600))
    note = i18n("Look at it in Braze, which advises runs of less than an hour.")
    return short_message(line, note, sign=BUSY, row=row)


# --------------------------------------------------------------------------------- changes by people


def _unsubscribed(content: Unsubscribed, view: EventView, i18n: Translator) -> Rendered:
    line = i18n("{who} ended this channel's subscription to {what}.").format(
        who=user(content.who), what=selector_text(content.selector, view.integration, i18n)
    )
    command = code(f"/cdi subscribe {plain(content.selector)}")
    return short_message(line, i18n("To hear of it again: {command}").format(command=command))


def _snoozed(content: Snoozed, view: EventView, i18n: Translator) -> Rendered:
    until = i18n("{who} muted {name} in this channel until {when}.")
    until_recovery = i18n("{who} muted {name} in this channel until it recovers.")
    line = (until if content.until else until_recovery).format(
        who=user(content.who),
        name=_name(view, content.integration_id),
        when=date(content.until) if content.until else "",
    )
    why = [i18n("Reason: {reason}").format(reason=outside(content.reason, REASON))] if content.reason else []
    note = i18n("It is watched all the same: cards stay up to date.")
    row = actions([unsnooze_button(view.integration, i18n)]) if view.integration else []
    return short_message(line, *why, note, sign="💤", row=row)


def _unsnoozed(content: Unsnoozed, view: EventView, i18n: Translator) -> Rendered:
    line = i18n("{who} ended the mute of {name}: this channel hears of it again.")
    return short_message(line.format(who=user(content.who), name=_name(view, content.integration_id)))


def _language_changed(content: LanguageChanged, _view: EventView, i18n: Translator) -> Rendered:
    """Say in the channel's new language who chose it."""
    if content.language is None:
        line = i18n("{who} set this channel's messages back to the bot's own language.")
        return short_message(line.format(who=user(content.who)))
    line = i18n("{who} set the language of this channel's messages to {language}.")
    line = line.format(who=user(content.who), language=language_name(content.language))
    return short_message(line, language_hint(i18n))


def _digest_changed(content: DigestChanged, _view: EventView, i18n: Translator) -> Rendered:
    if content.digest is None:
        line = i18n("{who} ended this channel's digest.").format(who=user(content.who))
        return short_message(line, digest_hint(i18n))
    line = i18n("{who} set this channel's digest: it comes {schedule}.").format(
        who=user(content.who), schedule=schedule_text(content.digest, content.zone, i18n)
    )
    return short_message(line + next_digest(content.next_due, i18n), digest_end_hint(i18n), sign="🗓️")


# --------------------------------------------------------------------------------- channels


def _channel_broken(content: ChannelBroken, _view: EventView, i18n: Translator) -> Rendered:
    line = i18n("I can't post to {channel} any more: {reason}.").format(
        channel=channel(content.channel.channel_id), reason=escape(channel_problem(content.reason, i18n))
    )
    kept = i18n(
        "Its subscriptions are kept, and nothing that happens is lost: it is told once I can post again."
    )
    fix = next_step(channel_advice(content.reason, i18n), i18n)
    return short_message(line, sign="⚠️", second=kept, row=[fix])


_RENDERERS: EventRenderers = {
    **REPLIES,
    RunStarted: _run_started,
    SyncTriggered: _sync_triggered,
    SyncEnded: _sync_ended,
    IntegrationChanged: integration_changed,
    NewIntegrations: new_integrations,
    Unsubscribed: _unsubscribed,
    Snoozed: _snoozed,
    Unsnoozed: _unsnoozed,
    LanguageChanged: _language_changed,
    DigestChanged: _digest_changed,
    EscalationChanged: escalation_changed,
    EscalationBroken: escalation_broken,
    ChannelBroken: _channel_broken,
    Spike: render_spike,
}
