"""What a command is answered with, to the one person who typed it. Pure.

Each answer says what is so or what was done, and ends with the likely next step. What changes for a channel is told
there by a notice, so the answers to such commands are short.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

from cdi_bot.core.commands.specification import Command
from cdi_bot.core.model.channel import Channel
from cdi_bot.core.model.integration import Integration
from cdi_bot.slack.render.answers.history import render_history
from cdi_bot.slack.render.answers.overview import render_listing, render_overview
from cdi_bot.slack.render.answers.refusals import (
    braze_refused,
    cannot_post,
    needs_invite,
    not_allowed,
    short_answer,
)
from cdi_bot.slack.render.answers.subscriptions import (
    filter_text,
    named_selector,
    render_audit,
    render_subscriptions,
)
from cdi_bot.slack.render.kit import limits
from cdi_bot.slack.render.kit.blocks import Rendered, actions, context, section
from cdi_bot.slack.render.kit.buttons import choose_button, unsnooze_button
from cdi_bot.slack.render.kit.i18n import Translator
from cdi_bot.slack.render.kit.reasons import reason_text
from cdi_bot.slack.render.kit.text import (
    REASON,
    bold_name,
    channel,
    code,
    date,
    escape,
    outside,
    plain,
    plain_line,
    user,
)
from cdi_bot.slack.render.messages.channel_settings import (
    digest_set,
    language_set,
    settings_shown,
    unknown_language,
)
from cdi_bot.slack.render.messages.syncs import confirm_sync, sync_started
from cdi_bot.usecases.answers import (
    Acknowledged,
    Answer,
    AuditTrail,
    BrazeRefused,
    CannotPost,
    ConfirmSync,
    DigestSet,
    IntegrationList,
    LanguageSet,
    NeedsInvite,
    NoMatch,
    NotAllowed,
    NothingOpen,
    NotSubscribed,
    Overview,
    RunHistory,
    SettingsShown,
    SeveralMatches,
    SnoozeEnded,
    SnoozeSet,
    SubscriptionEnded,
    SubscriptionList,
    SubscriptionSet,
    SyncStarted,
    UnknownLanguage,
)

CHOICES = 10
"""So many integrations are offered to choose from."""


def render_answer(
    answer: Answer, i18n: Translator, *, now: datetime, command: Command | None = None
) -> Rendered:
    """Say an answer.

    `command` is what the person asked for: where several integrations match, each choice carries it about its own
    one. `None` asks for the status.
    """
    if isinstance(answer, Overview):
        return render_overview(answer, i18n)
    if isinstance(answer, RunHistory):
        return render_history(answer, i18n, now)
    if isinstance(answer, SeveralMatches):
        return _several_matches(answer, i18n, command)
    return _ANSWERS[type(answer)](answer, i18n)


def name_channel(place: Channel, short_answer: Rendered, i18n: Translator) -> Rendered:
    """Name the channel above an answer about another one than that it is read in."""
    named = i18n.gettext("About {channel}:").format(channel=channel(place.channel_id))
    return replace(short_answer, blocks=[context(named), *short_answer.blocks][: limits.BLOCKS])


def _subject(selector: str, name: str | None, i18n: Translator) -> str:
    """Name what a selector takes in, in mrkdwn."""
    return named_selector(selector, f"*{outside(name)}*" if name else None, i18n)


def _several_matches(answer: SeveralMatches, i18n: Translator, command: Command | None) -> Rendered:
    _ = i18n.gettext
    title = _("{count} integrations fit “{words}”. Which one?").format(
        count=i18n.number(answer.total), words=outside(answer.query)
    )
    offered = [
        section(
            f"{bold_name(one)}\n{code(one.integration_id)}",
            accessory=choose_button(one, place, command, i18n),
        )
        for place, one in enumerate(answer.candidates[:CHOICES])
    ]
    more = answer.total - len(offered)
    rest = [
        context(_("… and {count} more: type more of the name, or its id.").format(count=i18n.number(more)))
    ]
    return Rendered(text=plain_line(title), blocks=[section(title), *offered, *(rest if more > 0 else [])])


def _no_match(answer: NoMatch, i18n: Translator) -> Rendered:
    _ = i18n.gettext
    line = _("No integration fits “{words}”.").format(words=outside(answer.query))
    if answer.nearest:
        names = i18n.listed(bold_name(one) for one in answer.nearest[:CHOICES])
        why = escape(reason_text(answer.trouble, i18n))
        memory = [_("From memory: {reason}.").format(reason=why)] if answer.trouble else []
        line += " " + _("Did you mean {names}?").format(names=names)
        return short_answer(line, *memory, _("`/cdi list` shows all."))
    if not answer.list_known:
        todo = _(
            "The bot may not list this workspace's integrations, so it knows only those it was told of. Give it the "
            "id: in Braze it stands at the end of the address of the integration's page."
        )
        return short_answer(line, todo)
    return short_answer(line, _("`/cdi list` shows all, `/cdi list TEXT` those whose names hold a text."))


# --------------------------------------------------------------------------------- subscriptions


def _subscribed(answer: SubscriptionSet, i18n: Translator) -> Rendered:
    _ = i18n.gettext
    what = _subject(answer.selector, answer.name, i18n)
    subscribed = _("Told here: {filters}.").format(filters=filter_text(answer.filters, i18n))
    change = _("To change it, subscribe again with `on:`, `rows:`, `percent:` or `mention:`.")
    if answer.unchanged:
        return short_answer(
            _("This channel is subscribed to {what} already, just so.").format(what=what), subscribed, change
        )
    line = _("This channel is now subscribed to {what}.").format(what=what)
    if answer.trouble is None:
        return short_answer(line, subscribed, _("`/cdi status` shows how things are."))
    later = _(
        "I can't ask Braze just now: {reason}. I watch from when it answers; `/cdi status` then shows how things are."
    )
    return short_answer(line, subscribed, later.format(reason=escape(reason_text(answer.trouble, i18n))))


def _unsubscribed(answer: SubscriptionEnded, i18n: Translator) -> Rendered:
    _ = i18n.gettext
    line = _("This channel's subscription to {what} is ended.").format(
        what=_subject(answer.selector, answer.name, i18n)
    )
    if answer.still_covered_by is None:
        return short_answer(line, _("`/cdi subscriptions` shows what it still hears of."))
    still = _("It is still heard of here through {other}. To end that too: {command}").format(
        other=_subject(answer.still_covered_by, None, i18n),
        command=code(f"/cdi unsubscribe {answer.still_covered_by}"),
    )
    return short_answer(line, still)


def _not_subscribed(answer: NotSubscribed, i18n: Translator) -> Rendered:
    _ = i18n.gettext
    line = _("This channel has no subscription to {what}.").format(
        what=_subject(answer.selector, answer.name, i18n)
    )
    if answer.covered_by:
        covered = _("It hears of it through {other}. To end that: {command}").format(
            other=_subject(answer.covered_by, None, i18n),
            command=code(f"/cdi unsubscribe {answer.covered_by}"),
        )
        return short_answer(line, covered)
    return short_answer(
        line, _("To subscribe it: {command}").format(command=code(f"/cdi subscribe {answer.selector}"))
    )


# --------------------------------------------------------------------------------- incidents


def _acknowledged(answer: Acknowledged, i18n: Translator) -> Rendered:
    _ = i18n.gettext
    name = bold_name(answer.integration)
    if answer.already_by:
        line = _("{who} acknowledged {name} already.").format(who=user(answer.already_by), name=name)
    else:
        line = _("You acknowledged {name}: its cards say so, and reminders stop.").format(name=name)
    return short_answer(line, _status_hint(answer.integration, i18n))


def _nothing_open(answer: NothingOpen, i18n: Translator) -> Rendered:
    _ = i18n.gettext
    line = _("{name} is not failing at present, so there is nothing to do.").format(
        name=bold_name(answer.integration)
    )
    return short_answer(line, _status_hint(answer.integration, i18n))


def _status_hint(integration: Integration, i18n: Translator) -> str:
    _ = i18n.gettext
    command = code(f"/cdi status {plain(integration.integration_id)}")
    return _("Its runs: {command}").format(command=command)


def _snooze_set(answer: SnoozeSet, i18n: Translator) -> Rendered:
    _ = i18n.gettext
    name = bold_name(answer.integration)
    if answer.until:
        line = _("{name} is muted in this channel until {when}.").format(name=name, when=date(answer.until))
    else:
        line = _("{name} is muted in this channel until it recovers.").format(name=name)
    why = [_("Reason: {reason}").format(reason=outside(answer.reason, REASON))] if answer.reason else []
    shown = short_answer(line, *why, _("It is watched all the same: cards stay up to date."))
    return Rendered(
        text=shown.text,
        blocks=[
            *shown.blocks,
            *actions([unsnooze_button(answer.integration, i18n, place=answer.channel)]),
        ],
    )


def _snooze_ended(answer: SnoozeEnded, i18n: Translator) -> Rendered:
    _ = i18n.gettext
    line = (
        _("The mute of {name} is ended: this channel hears of it again.")
        if answer.was_snoozed
        else _("{name} was not muted in this channel.")
    )
    return short_answer(
        line.format(name=bold_name(answer.integration)), _status_hint(answer.integration, i18n)
    )


_ANSWERS: dict[type[Answer], Callable[[Any, Translator], Rendered]] = {
    IntegrationList: render_listing,
    SubscriptionList: render_subscriptions,
    AuditTrail: render_audit,
    SubscriptionSet: _subscribed,
    SubscriptionEnded: _unsubscribed,
    NotSubscribed: _not_subscribed,
    Acknowledged: _acknowledged,
    NothingOpen: _nothing_open,
    SnoozeSet: _snooze_set,
    SnoozeEnded: _snooze_ended,
    ConfirmSync: confirm_sync,
    SyncStarted: sync_started,
    NoMatch: _no_match,
    NeedsInvite: needs_invite,
    CannotPost: cannot_post,
    NotAllowed: not_allowed,
    BrazeRefused: braze_refused,
    SettingsShown: settings_shown,
    LanguageSet: language_set,
    UnknownLanguage: unknown_language,
    DigestSet: digest_set,
}
