"""Messages of their own: who changed what a channel hears, and what it should know beside its alerts. Pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cdi_bot.core.model.content import (
    ChannelBroken,
    Content,
    DigestChanged,
    FailedAgain,
    IntegrationMissing,
    LanguageChanged,
    Recovered,
    RunStarted,
    Snoozed,
    StillOpen,
    SyncEnded,
    SyncTriggered,
    Unsnoozed,
    Unsubscribed,
)
from cdi_bot.delivery.views import EventView
from cdi_bot.slack.render.answers.subscriptions import selector_text
from cdi_bot.slack.render.kit.blocks import Block, Rendered, actions, context, section
from cdi_bot.slack.render.kit.buttons import history_of, open_in_braze, unsnooze_button
from cdi_bot.slack.render.kit.i18n import Translator
from cdi_bot.slack.render.kit.reasons import channel_advice, channel_problem
from cdi_bot.slack.render.kit.statuses import BUSY, UNSEEN, possible_repeat
from cdi_bot.slack.render.kit.text import (
    REASON,
    channel,
    code,
    date,
    escape,
    outside,
    plain,
    plain_line,
    user,
)
from cdi_bot.slack.render.messages.channel_settings import digest_changed, language_changed
from cdi_bot.slack.render.messages.replies import bold_subject, failed_again, one_line, recovered, still_open
from cdi_bot.slack.render.messages.syncs import sync_ended, sync_triggered


def render_event(view: EventView, i18n: Translator) -> Rendered:
    """Say the one fact of a reply or notice.

    Raises ValueError for contents that are shown by a view of their own.
    """
    render = _RENDERERS.get(type(view.content))
    if render is None:
        raise ValueError(f"{view.content.what} is shown by a view of its own")
    told = render(view.content, view, i18n)
    if not view.possible_repeat:
        return told
    return Rendered(text=told.text, blocks=[*told.blocks, context(possible_repeat(i18n))])


def _run_started(content: RunStarted, view: EventView, i18n: Translator) -> Rendered:
    _ = i18n.gettext
    name = bold_subject(view, content.integration_id, i18n)
    line = _("A sync of {name} began")
    start = _("Started {when}").format(when=date(content.run_start))
    row = _look_row(view, i18n)
    return one_line(BUSY, line.format(name=name), start, row=row)


def _look_row(view: EventView, i18n: Translator) -> list[Block]:
    if view.integration is None:
        return []
    buttons = [
        history_of(view.integration, i18n),
        open_in_braze(view.integration, view.dashboard_url, i18n),
    ]
    return actions(buttons)


def _unsubscribed(content: Unsubscribed, view: EventView, i18n: Translator) -> Rendered:
    _ = i18n.gettext
    line = _("{who} ended this channel's subscription to {what}.").format(
        who=user(content.who), what=selector_text(content.selector, view.integration, i18n)
    )
    back = _("To hear of it again: {command}").format(
        command=code(f"/cdi subscribe {plain(content.selector)}")
    )
    return one_line("", line, back)


def _snoozed(content: Snoozed, view: EventView, i18n: Translator) -> Rendered:
    _ = i18n.gettext
    name = bold_subject(view, content.integration_id, i18n)
    if content.until:
        line = _("{who} muted {name} in this channel until {when}.").format(
            who=user(content.who), name=name, when=date(content.until)
        )
    else:
        line = _("{who} muted {name} in this channel until it recovers.").format(
            who=user(content.who), name=name
        )
    why = [_("Reason: {reason}").format(reason=outside(content.reason, REASON))] if content.reason else []
    note = _("It is watched all the same: cards stay up to date.")
    row = actions([unsnooze_button(view.integration, i18n)]) if view.integration else []
    return one_line("💤", line, *why, note, row=row)


def _unsnoozed(content: Unsnoozed, view: EventView, i18n: Translator) -> Rendered:
    _ = i18n.gettext
    name = bold_subject(view, content.integration_id, i18n)
    line = _("{who} ended the mute of {name}: this channel hears of it again.")
    return one_line("", line.format(who=user(content.who), name=name))


def _channel_broken(content: ChannelBroken, _view: EventView, i18n: Translator) -> Rendered:
    _ = i18n.gettext
    line = _("I can't post to {channel} any more: {reason}.").format(
        channel=channel(content.channel.channel_id), reason=escape(channel_problem(content.reason, i18n))
    )
    kept = _(
        "Its subscriptions are kept, and nothing that happens is lost: it is told once I can post again."
    )
    title = _("What to do next")
    fixed = f"*{title}*\n{channel_advice(content.reason, i18n)}"
    return Rendered(text=plain_line(line), blocks=[section(f"⚠️ {line}\n{kept}"), section(fixed)])


def _gone(content: IntegrationMissing, view: EventView, i18n: Translator) -> Rendered:
    _ = i18n.gettext
    name = bold_subject(view, content.integration_id, i18n)
    line = _("Braze no longer knows {name}: it was deleted there, or the API key may not see it any more.")
    todo = _(
        "If it was deleted on purpose: {command}. If it comes back, this channel hears of it again by itself."
    ).format(command=code(f"/cdi unsubscribe {plain(content.integration_id)}"))
    return one_line(UNSEEN, line.format(name=name), todo)


_RENDERERS: dict[type[Content], Callable[[Any, EventView, Translator], Rendered]] = {
    FailedAgain: failed_again,
    Recovered: recovered,
    StillOpen: still_open,
    RunStarted: _run_started,
    Unsubscribed: _unsubscribed,
    Snoozed: _snoozed,
    Unsnoozed: _unsnoozed,
    ChannelBroken: _channel_broken,
    SyncTriggered: sync_triggered,
    SyncEnded: sync_ended,
    IntegrationMissing: _gone,
    LanguageChanged: language_changed,
    DigestChanged: digest_changed,
}
