"""What is answered where something could not be understood or done: help, why it was refused, how to fix it."""

from __future__ import annotations

from datetime import datetime

from cdi_bot.core.commands.parser import BY_WORD, CHANNEL_WORDS, SPECIFICATIONS
from cdi_bot.core.commands.specification import Command, Mistake, MistakeKind
from cdi_bot.core.model.incident import EXPECTABLE, Topic
from cdi_bot.monitoring.braze_port import Endpoint
from cdi_bot.slack.render.kit.blocks import Rendered, Renderers, context, section, short_message
from cdi_bot.slack.render.kit.buttons import choose_button
from cdi_bot.slack.render.kit.i18n import Translator
from cdi_bot.slack.render.kit.reasons import (
    braze_advice,
    channel_advice,
    channel_problem,
    last_known_state,
    reason_text,
)
from cdi_bot.slack.render.kit.text import SHORT_NAME, bold_name, code, date, escape, outside, plain_line
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
from cdi_bot.usecases.lookup import PERMISSIONS

INVITE = "/invite @cdi-bot"

CHOICES = 10
"""So many integrations are offered to choose from."""


def several_matches(answer: SeveralMatches, i18n: Translator, command: Command | None) -> Rendered:
    """Ask which integration is meant; each choice carries `command` about its own one."""
    title = i18n("{count} integrations fit “{words}”. Which one?").format(
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
        context(i18n("… and {count} more: type more of the name, or its id.").format(count=i18n.number(more)))
    ]
    return Rendered(text=plain_line(title), blocks=[section(title), *offered, *(rest if more > 0 else [])])


def _no_match(answer: NoMatch, i18n: Translator) -> Rendered:
    """Say that no integration matches, and which names are similar."""
    line = i18n("No integration fits “{words}”.").format(words=outside(answer.query))
    if answer.nearest:
        names = i18n.listed(bold_name(one) for one in answer.nearest[:CHOICES])
        line += " " + i18n("Did you mean {names}?").format(names=names)
        stale = last_known_state(None, answer.trouble, None, i18n)
        return short_message(line, *stale, i18n("`/cdi list` shows all."))
    if not answer.list_known:
        todo = i18n(
            "The API key may not list this workspace's integrations, so the bot knows only those that somebody has "
            "named. Type the integration's id, or paste the address of its page in Braze."
        )
        return short_message(line, todo)
    return short_message(line, i18n("`/cdi list` shows all, `/cdi list TEXT` those whose names hold a text."))


def _unknown_language(answer: UnknownLanguage, i18n: Translator) -> Rendered:
    line = i18n("I don't speak “{given}”.").format(given=outside(answer.given))
    return short_message(line, language_choices(answer.languages, i18n))


def _needs_invite(_answer: NeedsInvite, i18n: Translator) -> Rendered:
    line = i18n("I can't post in this channel: it is private and I am no member.")
    return short_message(
        line, second=i18n("Type {command} here, then try again.").format(command=code(INVITE))
    )


def _cannot_post(answer: CannotPost, i18n: Translator) -> Rendered:
    line = i18n("I can't post in this channel: {reason}.").format(
        reason=escape(channel_problem(answer.reason, i18n))
    )
    return short_message(line, second=channel_advice(answer.reason, i18n))


def _not_allowed(answer: NotAllowed, i18n: Translator) -> Rendered:
    if answer.action == "elsewhere":
        line = i18n("You are not in this channel, so only the bot's admins may see or change what it hears.")
        return short_message(line, i18n("Join it first, or choose another one."))
    if answer.action == "change_as_guest":
        line = i18n("You are a guest in this workspace: you may look at everything here, but change nothing.")
        return short_message(
            line, i18n("Ask a member of the channel to do it. `/cdi status` shows how things are.")
        )
    if answer.action == "change_from_outside":
        line = i18n("You belong to another workspace: you may look at everything here, but change nothing.")
        return short_message(
            line, i18n("Ask a member of this workspace to do it. `/cdi status` shows how things are.")
        )
    if answer.action == "sync":
        line = i18n("Only the bot's admins may start syncs.")
        return short_message(line, i18n("Ask whoever runs the bot: the setting is `CDI_BOT_ADMINS`."))
    if answer.action == "sync_as_anybody":
        line = i18n(
            "Every member may start syncs, but Slack doesn't tell the bot who is a guest, so nobody may for now."
        )
        return short_message(
            line,
            i18n(
                "Ask a Slack admin to give the app the permission {scope}, or whoever runs the bot to list its admins "
                "in `CDI_BOT_ADMINS`."
            ).format(scope=code("users:read")),
        )
    line = i18n("This channel is private and you are not in it: nothing of it is shown or changed from here.")
    return short_message(line, i18n("Join it first, or choose another one."))


def _braze_refused(answer: BrazeRefused, i18n: Translator) -> Rendered:
    if answer.permission:
        line = i18n("I can't do this: the API key lacks the permission {permission}.").format(
            permission=code(answer.permission)
        )
        todo = [braze_advice(answer.reason, i18n)]
        if answer.permission == PERMISSIONS[Endpoint.LIST]:
            todo.append(i18n("Commands that name an integration by its id work without it."))
        return short_message(line, *todo)
    reason = escape(reason_text(answer.reason, i18n))
    if answer.since:
        line = i18n("Can't reach Braze since {when} ({reason}), so “{words}” can't be synced now.").format(
            when=date(answer.since), reason=reason, words=outside(answer.query or "")
        )
        shown = i18n("`/cdi status NAME` shows the last known state.")
        return short_message(line, braze_advice(answer.reason, i18n), shown)
    if answer.query:
        line = i18n("I can't do this for “{words}”: {reason}.").format(
            words=outside(answer.query), reason=reason
        )
    else:
        line = i18n("I can't do this: {reason}.").format(reason=reason)
    return short_message(line, braze_advice(answer.reason, i18n))


RENDERERS: Renderers = {
    NoMatch: _no_match,
    UnknownLanguage: _unknown_language,
    NeedsInvite: _needs_invite,
    CannotPost: _cannot_post,
    NotAllowed: _not_allowed,
    BrazeRefused: _braze_refused,
}


def render_help(unknown: str | None, nearest: str | None, i18n: Translator) -> Rendered:
    """Explain the commands, each with an example; first name the word that is none of them."""
    title = i18n("What `/cdi` understands")
    text = title
    if unknown is not None:
        text = i18n("“{word}” is not a command.").format(word=outside(unknown, SHORT_NAME))
        if nearest:
            text += " " + i18n("Did you mean {command}?").format(command=code(f"/cdi {nearest}"))
    lines = [
        f"{code(example)} – {i18n.translated(does)}" for each in SPECIFICATIONS for example, does in each.help
    ]
    notes = i18n(
        "An integration is named by its id, the start of it, or its name or a part of it. `on:` takes {topics}."
    ).format(topics=i18n.listed(code(topic) for topic in Topic))
    elsewhere = i18n("`in:#channel` lets {commands} be about another channel.").format(
        commands=i18n.listed(code(command) for command in CHANNEL_WORDS)
    )
    blocks = [section(f"*{title}*\n" + "\n".join(lines)), context(notes, elsewhere)]
    return Rendered(text=plain_line(text), blocks=blocks if unknown is None else [section(text), *blocks])


def render_mistake(mistake: Mistake, i18n: Translator) -> Rendered:
    """Say what is odd about a command, what comes near, and how it is typed."""
    line = _problem(mistake, i18n)
    if mistake.nearest:
        line += " " + i18n("Did you mean {word}?").format(word=code(mistake.nearest))
    usage = i18n("For example: {usage}").format(
        usage=code(BY_WORD.get(mistake.command, BY_WORD["help"]).usage)
    )
    more = i18n("`/cdi help` explains every command.")
    return Rendered(text=plain_line(line), blocks=[section(f"{line}\n{usage}"), context(more)])


def _problem(mistake: Mistake, i18n: Translator) -> str:
    topics = i18n.listed(code(topic) for topic in Topic)
    known = {
        MistakeKind.MISSING_INTEGRATION: i18n("Which integration?"),
        MistakeKind.MISSING_TIME: i18n("For how long? Say `2h`, `90m`, `tomorrow 9am`, or `until recovery`."),
        MistakeKind.BAD_TIME: i18n("“{given}” is not a length of time between a minute and a year."),
        MistakeKind.UNKNOWN_STATUS: i18n("“{given}” is nothing that `on:` takes. It takes {topics}."),
        MistakeKind.UNKNOWN_REASON: i18n("`off:` doesn't accept “{given}”. It accepts {reasons}."),
        MistakeKind.BAD_NUMBER: i18n(
            "“{given}” needs a number: `rows:` of at least 1, `percent:` up to 100."
        ),
        MistakeKind.UNKNOWN_OPTION: i18n("“{given}” is not an option of this command."),
        MistakeKind.BAD_FRESHNESS: i18n(
            "“{given}” is neither a length of time between 10 minutes and a year, such as `fresh:36h`, nor a time of "
            "day, such as `fresh:09:00`."
        ),
        MistakeKind.BAD_MENTION: i18n("“{given}” is no person and no user group that I can mention."),
        MistakeKind.BAD_SCHEDULE: i18n(
            "“{given}” is no time for a digest. Say `daily 09:00`, `weekly mon 09:00` or `off`."
        ),
        MistakeKind.BAD_CHANNEL: i18n(
            "“{given}” is no channel. Type `in:#` and choose one from Slack's list."
        ),
    }
    return known[mistake.problem].format(
        given=outside(mistake.given, SHORT_NAME), topics=topics, reasons=i18n.listed(map(code, EXPECTABLE))
    )


def render_too_many(until: datetime, i18n: Translator) -> Rendered:
    """Say that somebody changes a channel too often, and when they may go on."""
    line = i18n("That is too much at once: each change is told in the channel. Nothing was changed.")
    return short_message(line, i18n("Go on at {when}.").format(when=date(until)))


def render_trouble(code_word: str, i18n: Translator) -> Rendered:
    """Say that a command could not be carried out, and what to do: `store`, `slack`, anything else is a failure."""
    known = {
        "store": (
            i18n("I can't remember anything just now: my database does not answer. Nothing was changed."),
            i18n("Try again in a minute. If it lasts, tell whoever runs the bot."),
        ),
        "slack": (
            i18n("Slack does not let me do this just now. Nothing was changed."),
            i18n("Try again in a minute."),
        ),
    }
    failure = (
        i18n("That went wrong on my side."),
        i18n("Try again. If it happens again, tell whoever runs the bot: the log has the details."),
    )
    line, todo = known.get(code_word, failure)
    return Rendered(text=plain_line(line), blocks=[section(line), context(todo)])
