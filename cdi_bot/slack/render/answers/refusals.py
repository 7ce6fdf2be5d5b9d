"""Answers to what could not be done: why, and how to fix it."""

from __future__ import annotations

from cdi_bot.core.commands.specification import Command
from cdi_bot.slack.render.kit.blocks import Rendered, Renderers, context, section, short_message
from cdi_bot.slack.render.kit.buttons import choose_button
from cdi_bot.slack.render.kit.i18n import Translator
from cdi_bot.slack.render.kit.reasons import (
    braze_advice,
    channel_advice,
    channel_problem,
    last_known,
    reason_text,
)
from cdi_bot.slack.render.kit.text import bold_name, code, escape, outside, plain_line
from cdi_bot.slack.render.subscriptions import language_choices
from cdi_bot.usecases.answers import (
    BrazeRefused,
    CannotPost,
    NeedsInvite,
    NoMatch,
    NotAllowed,
    SeveralMatches,
    UnknownLanguage,
)

INVITE = "/invite @cdi-bot"

CHOICES = 10
"""So many integrations are offered to choose from."""


def several_matches(answer: SeveralMatches, i18n: Translator, command: Command | None) -> Rendered:
    """Ask which integration is meant; each choice carries `command` about its own one."""
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
    """Say that no integration matches, and which names are similar."""
    _ = i18n.gettext
    line = _("No integration fits “{words}”.").format(words=outside(answer.query))
    if answer.nearest:
        names = i18n.listed(bold_name(one) for one in answer.nearest[:CHOICES])
        line += " " + _("Did you mean {names}?").format(names=names)
        stale = [last_known(answer.trouble, i18n)] if answer.trouble else []
        return short_message(line, *stale, _("`/cdi list` shows all."))
    if not answer.list_known:
        todo = _(
            "The bot may not list this workspace's integrations, so it knows only those it was told of. Give it the "
            "id: in Braze it stands at the end of the address of the integration's page."
        )
        return short_message(line, todo)
    return short_message(line, _("`/cdi list` shows all, `/cdi list TEXT` those whose names hold a text."))


def _unknown_language(answer: UnknownLanguage, i18n: Translator) -> Rendered:
    """Name the languages that there are."""
    line = i18n.gettext("I don't speak “{given}”.").format(given=outside(answer.given))
    return short_message(line, language_choices(answer.languages, i18n))


def _needs_invite(_answer: NeedsInvite, i18n: Translator) -> Rendered:
    """Say how the bot gets into a private channel."""
    _ = i18n.gettext
    line = _("I can't post in this channel: it is private and I am no member.")
    return short_message(line, second=_("Type {command} here, then try again.").format(command=code(INVITE)))


def _cannot_post(answer: CannotPost, i18n: Translator) -> Rendered:
    """Say why nothing can be posted in the channel, and how to fix it."""
    _ = i18n.gettext
    line = _("I can't post in this channel: {reason}.").format(
        reason=escape(channel_problem(answer.reason, i18n))
    )
    return short_message(line, second=channel_advice(answer.reason, i18n))


def _not_allowed(answer: NotAllowed, i18n: Translator) -> Rendered:
    """Say who may do this."""
    _ = i18n.gettext
    if answer.action == "elsewhere":
        line = _("You are not in this channel, so only the bot's admins may see or change what it hears.")
        return short_message(line, _("Join it first, or choose another one."))
    if answer.action == "change_as_guest":
        line = _("You are a guest in this workspace: you may look at everything here, but change nothing.")
        return short_message(
            line, _("Ask a member of the channel to do it. `/cdi status` shows how things are.")
        )
    if answer.action == "change_from_outside":
        line = _("You belong to another workspace: you may look at everything here, but change nothing.")
        return short_message(
            line, _("Ask a member of this workspace to do it. `/cdi status` shows how things are.")
        )
    if answer.action == "sync":
        line = _("Only the bot's admins may start syncs.")
        return short_message(line, _("Ask whoever runs the bot: the setting is `CDI_BOT_ADMINS`."))
    line = _("This channel is private and you are not in it: nothing of it is shown or changed from here.")
    return short_message(line, _("Join it first, or choose another one."))


def _braze_refused(answer: BrazeRefused, i18n: Translator) -> Rendered:
    """Say why Braze could not be reached, or refused, and what to do."""
    _ = i18n.gettext
    if answer.permission:
        line = _("I can't do this: the API key lacks the permission {permission}.").format(
            permission=code(answer.permission)
        )
        todo = _(
            "Whoever runs the bot can add it in Braze. Most commands work without it, given an integration's id."
        )
        return short_message(line, todo)
    reason = escape(reason_text(answer.reason, i18n))
    if answer.query:
        line = _("I can't do this for “{words}”: {reason}.").format(
            words=outside(answer.query), reason=reason
        )
    else:
        line = _("I can't do this: {reason}.").format(reason=reason)
    return short_message(line, braze_advice(answer.reason, i18n))


RENDERERS: Renderers = {
    NoMatch: _no_match,
    UnknownLanguage: _unknown_language,
    NeedsInvite: _needs_invite,
    CannotPost: _cannot_post,
    NotAllowed: _not_allowed,
    BrazeRefused: _braze_refused,
}
