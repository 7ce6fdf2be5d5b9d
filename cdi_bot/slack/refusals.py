"""Answers to what could not be done: why, and what mends it. Pure."""

from __future__ import annotations

from cdi_bot.services.answers import BrazeRefused, CannotPost, NeedsInvite, NotAllowed
from cdi_bot.slack.blocks import Rendered, context, section
from cdi_bot.slack.format import code, escape, outside, plain_line
from cdi_bot.slack.reasons import braze_advice, channel_advice, channel_words, reason_words
from cdi_bot.slack.words import Words

INVITE = "/invite @cdi-bot"


def said(line: str, *more: str) -> Rendered:
    """Return an answer of one line, and small print."""
    return Rendered(text=plain_line(line), blocks=[section(line), *([context(*more)] if more else [])])


def needs_invite(_answer: NeedsInvite, words: Words) -> Rendered:
    """Say how the bot gets into a private channel."""
    _ = words.gettext
    line = _("I can't post in this channel: it is private and I am no member.")
    todo = _("Type {command} here, then try again.").format(command=code(INVITE))
    return Rendered(text=plain_line(line), blocks=[section(f"{line}\n{todo}")])


def cannot_post(answer: CannotPost, words: Words) -> Rendered:
    """Say why nothing can be posted in the channel, and what mends it."""
    _ = words.gettext
    line = _("I can't post in this channel: {reason}.").format(
        reason=escape(channel_words(answer.reason, words))
    )
    return Rendered(
        text=plain_line(line), blocks=[section(f"{line}\n{channel_advice(answer.reason, words)}")]
    )


def not_allowed(answer: NotAllowed, words: Words) -> Rendered:
    """Say who may do this."""
    _ = words.gettext
    if answer.action == "elsewhere":
        line = _("You are not in this channel, so only the bot's admins may see or change what it hears.")
        return said(line, _("Join it first, or choose another one."))
    if answer.action == "change_as_guest":
        line = _("You are a guest in this workspace: you may look at everything here, but change nothing.")
        return said(line, _("Ask a member of the channel to do it. `/cdi status` shows how things are."))
    if answer.action == "change_from_outside":
        line = _("You belong to another workspace: you may look at everything here, but change nothing.")
        return said(line, _("Ask a member of this workspace to do it. `/cdi status` shows how things are."))
    if answer.action == "sync":
        line = _("Only the bot's admins may start syncs.")
        return said(line, _("Ask whoever runs the bot: the setting is `CDI_BOT_ADMINS`."))
    line = _("This channel is private and you are not in it: nothing of it is shown or changed from here.")
    return said(line, _("Join it first, or choose another one."))


def braze_refused(answer: BrazeRefused, words: Words) -> Rendered:
    """Say why Braze could not be asked, or refused, and what mends it."""
    _ = words.gettext
    if answer.permission:
        line = _("I can't do this: the API key lacks the permission {permission}.").format(
            permission=code(answer.permission)
        )
        todo = _(
            "Whoever runs the bot can add it in Braze. Most commands work without it, given an integration's id."
        )
        return said(line, todo)
    reason = escape(reason_words(answer.reason, words))
    if answer.words:
        line = _("I can't do this for “{words}”: {reason}.").format(
            words=outside(answer.words), reason=reason
        )
    else:
        line = _("I can't do this: {reason}.").format(reason=reason)
    return said(line, braze_advice(answer.reason, words))
