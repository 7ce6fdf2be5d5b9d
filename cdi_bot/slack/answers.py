"""What a command is answered with, to the one person who typed it. Pure.

Each answer says what is so or what was done, and ends with the likely next step. What changes for a channel is told
there by a notice, so the answers to such commands are short.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

from cdi_bot.core.model import Channel, Integration
from cdi_bot.core.retyping import NAMED, as_name
from cdi_bot.services.answers import (
    Acknowledged,
    Answer,
    AuditTrail,
    BrazeRefused,
    CannotPost,
    ConfirmSync,
    DigestSet,
    History,
    LanguageSet,
    Listing,
    NeedsInvite,
    NoneFits,
    NotAllowed,
    NothingOpen,
    NotSubscribed,
    Overview,
    SettingsShown,
    Several,
    SnoozeEnded,
    SnoozeSet,
    SubscribedTo,
    SubscriptionList,
    SyncStarted,
    UnknownLanguage,
    UnsubscribedFrom,
)
from cdi_bot.slack import limits
from cdi_bot.slack.audit import render_audit
from cdi_bot.slack.blocks import Rendered, actions, button, context, section
from cdi_bot.slack.buttons import unsnooze_button
from cdi_bot.slack.channel_settings import digest_set, language_set, settings_shown, unknown_language
from cdi_bot.slack.format import (
    REASON,
    bold_name,
    channel,
    code,
    date,
    escape,
    name_of,
    outside,
    plain,
    plain_line,
    user,
)
from cdi_bot.slack.history import render_history
from cdi_bot.slack.overview import render_listing, render_overview
from cdi_bot.slack.reasons import reason_words
from cdi_bot.slack.refusals import braze_refused, cannot_post, needs_invite, not_allowed, said
from cdi_bot.slack.selectors import filter_words, named_selector
from cdi_bot.slack.subscriptions import render_subscriptions
from cdi_bot.slack.syncs import confirm_sync, sync_started
from cdi_bot.slack.words import Words

CHOICES = 10
"""So many integrations are offered to choose from."""


def render_answer(answer: Answer, words: Words, *, now: datetime, command: str = "status {id}") -> Rendered:
    """Say an answer.

    `command` is what the person typed, with `{id}` in place of the integration: where several fit, each choice
    carries it with its own id.
    """
    if isinstance(answer, Overview):
        return render_overview(answer, words)
    if isinstance(answer, History):
        return render_history(answer, words, now)
    if isinstance(answer, Several):
        return _several(answer, words, command)
    return _ANSWERS[type(answer)](answer, words)


def about(place: Channel, said: Rendered, words: Words) -> Rendered:
    """Name the channel above an answer about another one than that it is read in."""
    named = words.gettext("About {channel}:").format(channel=channel(place.channel_id))
    return replace(said, blocks=[context(named), *said.blocks][: limits.BLOCKS])


def _what(selector: str, name: str | None, words: Words) -> str:
    """Name what a selector takes in, in mrkdwn."""
    return named_selector(selector, f"*{outside(name)}*" if name else None, words)


def _several(answer: Several, words: Words, command: str) -> Rendered:
    _ = words.gettext
    title = _("{count} integrations fit “{words}”. Which one?").format(
        count=words.number(answer.total), words=outside(answer.words)
    )
    offered = [
        section(
            f"{bold_name(one)}\n{code(one.integration_id)}",
            accessory=_choice(one, place, words, command),
        )
        for place, one in enumerate(answer.candidates[:CHOICES])
    ]
    more = answer.total - len(offered)
    rest = [
        context(_("… and {count} more: type more of the name, or its id.").format(count=words.number(more)))
    ]
    return Rendered(text=plain_line(title), blocks=[section(title), *offered, *(rest if more > 0 else [])])


def _choice(one: Integration, place: int, words: Words, command: str) -> Any:
    _ = words.gettext
    carried = {"command": command.replace(NAMED, as_name(one.integration_id), 1)}
    return button(_("Choose"), f"pick:{place}", carried, says=_("Choose {name}").format(name=name_of(one)))


def _none_fits(answer: NoneFits, words: Words) -> Rendered:
    _ = words.gettext
    line = _("No integration fits “{words}”.").format(words=outside(answer.words))
    if answer.nearest:
        names = words.listed(bold_name(one) for one in answer.nearest[:CHOICES])
        why = escape(reason_words(answer.trouble, words))
        memory = [_("From memory: {reason}.").format(reason=why)] if answer.trouble else []
        line += " " + _("Did you mean {names}?").format(names=names)
        return said(line, *memory, _("`/cdi list` shows all."))
    if not answer.list_known:
        todo = _(
            "The bot may not list this workspace's integrations, so it knows only those it was told of. Give it the "
            "id: in Braze it stands at the end of the address of the integration's page."
        )
        return said(line, todo)
    return said(line, _("`/cdi list` shows all, `/cdi list TEXT` those whose names hold a text."))


# --------------------------------------------------------------------------------- subscriptions


def _subscribed(answer: SubscribedTo, words: Words) -> Rendered:
    _ = words.gettext
    what = _what(answer.selector, answer.name, words)
    heard = _("Told here: {filters}.").format(filters=filter_words(answer.filters, words))
    change = _("To change it, subscribe again with `on:`, `rows:`, `percent:` or `mention:`.")
    if answer.unchanged:
        return said(
            _("This channel is subscribed to {what} already, just so.").format(what=what), heard, change
        )
    line = _("This channel is now subscribed to {what}.").format(what=what)
    if answer.trouble is None:
        return said(line, heard, _("`/cdi status` shows how things are."))
    later = _(
        "I can't ask Braze just now: {reason}. I watch from when it answers; `/cdi status` then shows how things are."
    )
    return said(line, heard, later.format(reason=escape(reason_words(answer.trouble, words))))


def _unsubscribed(answer: UnsubscribedFrom, words: Words) -> Rendered:
    _ = words.gettext
    line = _("This channel's subscription to {what} is ended.").format(
        what=_what(answer.selector, answer.name, words)
    )
    if answer.still_heard_by is None:
        return said(line, _("`/cdi subscriptions` shows what it still hears of."))
    still = _("It is still heard of here through {other}. To end that too: {command}").format(
        other=_what(answer.still_heard_by, None, words),
        command=code(f"/cdi unsubscribe {answer.still_heard_by}"),
    )
    return said(line, still)


def _not_subscribed(answer: NotSubscribed, words: Words) -> Rendered:
    _ = words.gettext
    line = _("This channel has no subscription to {what}.").format(
        what=_what(answer.selector, answer.name, words)
    )
    if answer.covered_by:
        covered = _("It hears of it through {other}. To end that: {command}").format(
            other=_what(answer.covered_by, None, words),
            command=code(f"/cdi unsubscribe {answer.covered_by}"),
        )
        return said(line, covered)
    return said(
        line, _("To subscribe it: {command}").format(command=code(f"/cdi subscribe {answer.selector}"))
    )


# --------------------------------------------------------------------------------- incidents


def _acknowledged(answer: Acknowledged, words: Words) -> Rendered:
    _ = words.gettext
    name = bold_name(answer.integration)
    if answer.already_by:
        line = _("{who} acknowledged {name} already.").format(who=user(answer.already_by), name=name)
    else:
        line = _("You acknowledged {name}: its cards say so, and reminders stop.").format(name=name)
    return said(line, _status_hint(answer.integration, words))


def _nothing_open(answer: NothingOpen, words: Words) -> Rendered:
    _ = words.gettext
    line = _("{name} is not failing at present, so there is nothing to do.").format(
        name=bold_name(answer.integration)
    )
    return said(line, _status_hint(answer.integration, words))


def _status_hint(integration: Integration, words: Words) -> str:
    _ = words.gettext
    command = code(f"/cdi status {plain(integration.integration_id)}")
    return _("Its runs: {command}").format(command=command)


def _snooze_set(answer: SnoozeSet, words: Words) -> Rendered:
    _ = words.gettext
    name = bold_name(answer.integration)
    if answer.until:
        line = _("{name} is muted in this channel until {when}.").format(name=name, when=date(answer.until))
    else:
        line = _("{name} is muted in this channel until it recovers.").format(name=name)
    why = [_("Reason: {reason}").format(reason=outside(answer.reason, REASON))] if answer.reason else []
    shown = said(line, *why, _("It is watched all the same: cards stay up to date."))
    return Rendered(
        text=shown.text,
        blocks=[
            *shown.blocks,
            *actions([unsnooze_button(answer.integration, words, place=answer.channel)]),
        ],
    )


def _snooze_ended(answer: SnoozeEnded, words: Words) -> Rendered:
    _ = words.gettext
    line = (
        _("The mute of {name} is ended: this channel hears of it again.")
        if answer.was_snoozed
        else _("{name} was not muted in this channel.")
    )
    return said(line.format(name=bold_name(answer.integration)), _status_hint(answer.integration, words))


_ANSWERS: dict[type[Answer], Callable[[Any, Words], Rendered]] = {
    Listing: render_listing,
    SubscriptionList: render_subscriptions,
    AuditTrail: render_audit,
    SubscribedTo: _subscribed,
    UnsubscribedFrom: _unsubscribed,
    NotSubscribed: _not_subscribed,
    Acknowledged: _acknowledged,
    NothingOpen: _nothing_open,
    SnoozeSet: _snooze_set,
    SnoozeEnded: _snooze_ended,
    ConfirmSync: confirm_sync,
    SyncStarted: sync_started,
    NoneFits: _none_fits,
    NeedsInvite: needs_invite,
    CannotPost: cannot_post,
    NotAllowed: not_allowed,
    BrazeRefused: braze_refused,
    SettingsShown: settings_shown,
    LanguageSet: language_set,
    UnknownLanguage: unknown_language,
    DigestSet: digest_set,
}
