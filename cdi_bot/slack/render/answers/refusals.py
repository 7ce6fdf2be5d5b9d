"""Answers to what could not be done: why, and what mends it. Pure."""

from __future__ import annotations

from cdi_bot.slack.render.kit.blocks import Rendered, context, section
from cdi_bot.slack.render.kit.i18n import Translator
from cdi_bot.slack.render.kit.reasons import braze_advice, channel_advice, channel_problem, reason_text
from cdi_bot.slack.render.kit.text import code, escape, outside, plain_line
from cdi_bot.usecases.answers import BrazeRefused, CannotPost, NeedsInvite, NotAllowed

INVITE = "/invite @cdi-bot"


def short_answer(line: str, *more: str) -> Rendered:
    """Return an answer of one line, and small print."""
    return Rendered(text=plain_line(line), blocks=[section(line), *([context(*more)] if more else [])])


def needs_invite(_answer: NeedsInvite, i18n: Translator) -> Rendered:
    """Say how the bot gets into a private channel."""
    _ = i18n.gettext
    line = _("I can't post in this channel: it is private and I am no member.")
    todo = _("Type {command} here, then try again.").format(command=code(INVITE))
    return Rendered(text=plain_line(line), blocks=[section(f"{line}\n{todo}")])


def cannot_post(answer: CannotPost, i18n: Translator) -> Rendered:
    """Say why nothing can be posted in the channel, and what mends it."""
    _ = i18n.gettext
    line = _("I can't post in this channel: {reason}.").format(
        reason=escape(channel_problem(answer.reason, i18n))
    )
    return Rendered(text=plain_line(line), blocks=[section(f"{line}\n{channel_advice(answer.reason, i18n)}")])


def not_allowed(answer: NotAllowed, i18n: Translator) -> Rendered:
    """Say who may do this."""
    _ = i18n.gettext
    if answer.action == "elsewhere":
        line = _("You are not in this channel, so only the bot's admins may see or change what it hears.")
        return short_answer(line, _("Join it first, or choose another one."))
    if answer.action == "change_as_guest":
        line = _("You are a guest in this workspace: you may look at everything here, but change nothing.")
        return short_answer(
            line, _("Ask a member of the channel to do it. `/cdi status` shows how things are.")
        )
    if answer.action == "change_from_outside":
        line = _("You belong to another workspace: you may look at everything here, but change nothing.")
        return short_answer(
            line, _("Ask a member of this workspace to do it. `/cdi status` shows how things are.")
        )
    if answer.action == "sync":
        line = _("Only the bot's admins may start syncs.")
        return short_answer(line, _("Ask whoever runs the bot: the setting is `CDI_BOT_ADMINS`."))
    line = _("This channel is private and you are not in it: nothing of it is shown or changed from here.")
    return short_answer(line, _("Join it first, or choose another one."))


def braze_refused(answer: BrazeRefused, i18n: Translator) -> Rendered:
    """Say why Braze could not be asked, or refused, and what mends it."""
    _ = i18n.gettext
    if answer.permission:
        line = _("I can't do this: the API key lacks the permission {permission}.").format(
            permission=code(answer.permission)
        )
        todo = _(
            "Whoever runs the bot can add it in Braze. Most commands work without it, given an integration's id."
        )
        return short_answer(line, todo)
    reason = escape(reason_text(answer.reason, i18n))
    if answer.query:
        line = _("I can't do this for “{words}”: {reason}.").format(
            words=outside(answer.query), reason=reason
        )
    else:
        line = _("I can't do this: {reason}.").format(reason=reason)
    return short_answer(line, braze_advice(answer.reason, i18n))
