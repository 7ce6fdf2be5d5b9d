"""Notices: who changed what in a channel, how requested syncs went, and what else a channel should know."""

from __future__ import annotations

from dataclasses import replace

from cdi_bot.core.model.channel import (
    ContactsChanged,
    DigestChanged,
    HoursChanged,
    LanguageChanged,
    WorkspaceChanged,
)
from cdi_bot.core.model.configuration import ConfigRefused
from cdi_bot.core.model.escalation import EscalationBroken, EscalationChanged
from cdi_bot.core.model.integration_settings import IntegrationSettingChanged
from cdi_bot.core.model.lifecycle import IntegrationChanged, NewIntegrations, WorkspaceRemoved
from cdi_bot.core.model.message import (
    ChannelBroken,
    RunStarted,
    Snoozed,
    SyncEnded,
    SyncRequested,
    Unsnoozed,
    Unsubscribed,
)
from cdi_bot.core.model.requested_sync import APPEARS, LONGEST, SyncEnding
from cdi_bot.core.model.run import Outcome
from cdi_bot.core.model.sample_alert import SampleAlert
from cdi_bot.core.model.spike import Spike
from cdi_bot.core.model.subscription import Selection
from cdi_bot.delivery.views import EventView, StoreView
from cdi_bot.slack.render.escalation import escalation_broken, escalation_changed
from cdi_bot.slack.render.hours import hours_changed
from cdi_bot.slack.render.incident_response import render_spike, snoozed, unsnoozed
from cdi_bot.slack.render.integration_settings import integration_setting_changed
from cdi_bot.slack.render.kit.advice import status_advice
from cdi_bot.slack.render.kit.blocks import Rendered, next_step, short_message, small_print
from cdi_bot.slack.render.kit.buttons import history_button
from cdi_bot.slack.render.kit.i18n import Translator
from cdi_bot.slack.render.kit.people import OWNER, contacts_text
from cdi_bot.slack.render.kit.reasons import channel_advice, channel_problem
from cdi_bot.slack.render.kit.runs import BAD, BUSY, GOOD, UNSEEN, long_status, row_counts, run_sign, took
from cdi_bot.slack.render.kit.text import (
    REASON,
    bold_name,
    channel,
    code,
    date,
    escape,
    outside,
    repeat_note,
    user,
)
from cdi_bot.slack.render.lifecycle import integration_changed, new_integrations
from cdi_bot.slack.render.replies import REPLIES, EventRenderers
from cdi_bot.slack.render.sample_alert import sample_alert
from cdi_bot.slack.render.subscriptions import chosen_language, digest_text, selector_text


def render_event(view: EventView, i18n: Translator) -> Rendered:
    """Say the one fact of a reply or notice.

    Raises ValueError for contents that are shown by a view of their own.
    """
    render = _RENDERERS.get(type(view.content))
    if render is None:
        raise ValueError(f"{view.content.what} is shown by a view of its own")
    message = render(view.content, view, i18n)
    repeat = small_print(repeat_note(i18n, possible=view.possible_repeat))
    plainer = [*message.plainer, *repeat] if message.plainer else None
    return replace(message, blocks=[*message.blocks, *repeat], plainer=plainer)


def render_store(view: StoreView, i18n: Translator) -> Rendered:
    """Say that the bot's database can't be used, or that it can again."""
    if view.trouble is None:
        line = i18n("My database works again. Alerts that waited are sent now.")
        return short_message(line, sign=GOOD)
    line = i18n("My database can't be used. Until it can, there are no alerts.")
    return short_message(line, code(view.trouble, REASON), sign=BAD)


def _name(view: EventView, integration_id: str) -> str:
    """Name in mrkdwn the integration that a notice is about, by its id where nobody knows it."""
    if view.integration is None:
        return f"*{outside(integration_id)}*"
    return bold_name(view.integration, view.dashboard_url)


# --------------------------------------------------------------------------------- runs and syncs


def _run_started(content: RunStarted, view: EventView, i18n: Translator) -> Rendered:
    line = i18n("A sync of {name} started {when}").format(
        name=_name(view, content.integration_id), when=date(content.run_start)
    )
    history = history_button(view.integration, i18n) if view.integration else None
    return short_message(line, sign=BUSY, accessory=history)


def _sync_requested(content: SyncRequested, view: EventView, i18n: Translator) -> Rendered:
    line = _request(content, view, i18n)
    if not content.is_certain:
        line = i18n("{line}: Braze gave no clear answer, it may have started").format(line=line)
    return short_message(line, sign=BUSY)


def _request(content: SyncRequested | SyncEnded, view: EventView, i18n: Translator) -> str:
    return i18n("Sync of {name} requested by {who}").format(
        name=_name(view, content.integration_id), who=user(content.who)
    )


def _sync_ended(content: SyncEnded, view: EventView, i18n: Translator) -> Rendered:
    """Say how a requested sync ended, or that it is no longer tracked."""
    request, run = _request(content, view, i18n), view.run
    history = history_button(view.integration, i18n) if view.integration else None
    check = i18n("Check in Braze before you request it again.")
    if content.ending is SyncEnding.ENDED and run is not None:
        line = i18n("{line} – {state}").format(line=request, state=escape(long_status(run.job_status, i18n)))
        more = [
            i18n("{figures}, took {took}").format(
                figures=i18n.listed(row_counts(run, i18n)), took=took(run, i18n)
            )
        ]
        if run.outcome is Outcome.BAD:
            more.append(status_advice(run.job_status, view.integration, i18n))
        return short_message(line, sign=run_sign(run), second="\n".join(more), accessory=history)
    if content.ending is SyncEnding.NOT_SEEN:
        line = i18n("{line}: no new run after {minutes} min").format(
            line=request, minutes=i18n.number(APPEARS.total_seconds() // 60)
        )
        return short_message(line, sign=UNSEEN, second=check, accessory=history)
    line = i18n("{line}: still running after {hours} h, no longer tracked").format(
        line=request, hours=i18n.number(LONGEST.total_seconds() // 3600)
    )
    return short_message(line, sign=BUSY, second=check, accessory=history)


# --------------------------------------------------------------------------------- changes by people


def _unsubscribed(content: Unsubscribed, view: EventView, i18n: Translator) -> Rendered:
    line = i18n("{who} unsubscribed this channel from {what}")
    name = view.integration.integration_name if view.integration else None
    about = Selection(selector=content.selector, name=name, workspace_name=view.workspace_name)
    what = selector_text(about, i18n)
    return short_message(line.format(who=user(content.who), what=what), sign="🔕")


def _language_changed(content: LanguageChanged, _view: EventView, i18n: Translator) -> Rendered:
    """Say in the channel's new language who chose it."""
    line = i18n("{who} set this channel's language to {language}").format(
        who=user(content.who), language=chosen_language(content.language, i18n)
    )
    return short_message(line, sign="🌐")


def _workspace_changed(content: WorkspaceChanged, _view: EventView, i18n: Translator) -> Rendered:
    """Tell the channel who chose it."""
    text = i18n("{who} set this channel's workspace to {workspace}: it is meant where none is named")
    if content.name is None:
        text = i18n("{who} ended this channel's workspace: where none is named, all are searched")
    return short_message(text.format(who=user(content.who), workspace=code(content.name or "")), sign="🧭")


def _contacts_changed(content: ContactsChanged, _view: EventView, i18n: Translator) -> Rendered:
    text = i18n("{who} changed this channel's settings. {what}")
    return short_message(
        text.format(who=user(content.who), what=contacts_text(i18n, mention=content.mention)), sign=OWNER
    )


def _digest_changed(content: DigestChanged, _view: EventView, i18n: Translator) -> Rendered:
    if content.digest is None:
        line = i18n("{who} ended this channel's digest").format(who=user(content.who))
    else:
        line = i18n("{who} changed this channel's settings. {what}").format(
            who=user(content.who), what=digest_text(content.digest, content.zone, content.next_due, i18n)
        )
    return short_message(line, sign="🗓️")


def _workspace_removed(content: WorkspaceRemoved, _view: EventView, i18n: Translator) -> Rendered:
    line = i18n("{who} removed the Braze workspace *{name}*: it is no longer watched.").format(
        who=user(content.who), name=outside(content.name)
    )
    ended = i18n.counted(
        "{count} subscription of this channel has ended.",
        "{count} subscriptions of this channel have ended.",
        content.subscriptions,
    )
    return short_message(line, sign="🔕", second=ended)


# --------------------------------------------------------------------------------- channels


def _channel_broken(content: ChannelBroken, _view: EventView, i18n: Translator) -> Rendered:
    line = i18n("I can't post to {channel}: {reason}.").format(
        channel=channel(content.channel.channel_id), reason=escape(channel_problem(content.reason, i18n))
    )
    kept = i18n("No alert is lost: they are sent as soon as I can post again.")
    fix = next_step(channel_advice(content.reason, i18n), i18n)
    return short_message(line, sign="⚠️", second=kept, row=[fix])


_PROBLEMS = 10
_PROBLEMS_TEXT = 2000
"""So many characters of mrkdwn the problems of a file have, so that a paragraph holds them."""
"""So many problems of a file are shown; the log has all."""


def _config_refused(content: ConfigRefused, _view: EventView, i18n: Translator) -> Rendered:
    line = i18n("{file} can't be used, so nothing was changed:").format(file=code(content.file))
    shown = [code(each, REASON) for each in content.problems[:_PROBLEMS]]
    while sum(map(len, shown)) > _PROBLEMS_TEXT:
        shown.pop()
    more = len(content.problems) - len(shown)
    rest = [i18n("… and {count} more").format(count=i18n.number(more))] if more else []
    return short_message(line, sign="⚠️", second="\n".join([*shown, *rest]))


_RENDERERS: EventRenderers = {
    **REPLIES,
    RunStarted: _run_started,
    SyncRequested: _sync_requested,
    SyncEnded: _sync_ended,
    IntegrationChanged: integration_changed,
    NewIntegrations: new_integrations,
    Unsubscribed: _unsubscribed,
    Snoozed: snoozed,
    Unsnoozed: unsnoozed,
    LanguageChanged: _language_changed,
    WorkspaceRemoved: _workspace_removed,
    WorkspaceChanged: _workspace_changed,
    ContactsChanged: _contacts_changed,
    DigestChanged: _digest_changed,
    HoursChanged: hours_changed,
    EscalationChanged: escalation_changed,
    IntegrationSettingChanged: integration_setting_changed,
    EscalationBroken: escalation_broken,
    ChannelBroken: _channel_broken,
    ConfigRefused: _config_refused,
    SampleAlert: sample_alert,
    Spike: render_spike,
}
