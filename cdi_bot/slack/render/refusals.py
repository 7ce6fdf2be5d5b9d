"""What is answered where something could not be understood or done: help, why it was refused, how to fix it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from cdi_bot.core.commands.parser import BY_COMMAND, BY_WORD, IN_CHANNEL, SPECIFICATIONS, WORDS
from cdi_bot.core.commands.specification import Command, Mistake, MistakeKind, Specification
from cdi_bot.core.model.incident import EXPECTABLE, Topic
from cdi_bot.core.model.integration import Integration, normalize_name
from cdi_bot.monitoring.braze_port import Endpoint
from cdi_bot.slack.render.kit.blocks import (
    Rendered,
    Renderers,
    actions,
    button,
    context,
    section,
    short_message,
    small_print,
)
from cdi_bot.slack.render.kit.buttons import choose_button, suggestion_button, write_command
from cdi_bot.slack.render.kit.i18n import Translator
from cdi_bot.slack.render.kit.reasons import (
    braze_advice,
    channel_advice,
    channel_problem,
    last_known_state,
    reason_text,
)
from cdi_bot.slack.render.kit.text import (
    SHORT_NAME,
    bold_name,
    code,
    date,
    escape,
    name_of,
    outside,
    plain,
    plain_line,
    typed,
)
from cdi_bot.usecases.answers import (
    BrazeRefused,
    CannotPost,
    NeedsInvite,
    NoMatch,
    NotAllowed,
    SeveralMatches,
    WhichWorkspace,
)
from cdi_bot.usecases.lookup import EVERY_WORKSPACE, PERMISSIONS

INVITE = "/invite @cdi-bot"

CHOICES = 10
"""So many integrations are offered to choose from."""


def several_matches(answer: SeveralMatches, i18n: Translator, command: Command | None) -> Rendered:
    """Ask which integration is meant; each choice carries `command` about its own one."""
    title = i18n("{count} integrations match “{words}”. Which one?").format(
        count=i18n.number(answer.total), words=outside(answer.query)
    )
    offered = answer.candidates[:CHOICES]
    more = answer.total - len(offered)
    rest = [i18n("… and {count} more: type more of the name.").format(count=i18n.number(more))]
    return _choice(title, rest if more > 0 else [], offered, command, i18n)


def _choice(
    line: str, notes: Sequence[str], offered: Sequence[Integration], command: Command | None, i18n: Translator
) -> Rendered:
    """Offer a button with the name of each; where names are the same, with the first characters of their ids."""
    names = [normalize_name(name_of(one)) for one in offered]
    row = actions(
        choose_button(one, place, command, with_id=names.count(name) > 1)
        for place, (one, name) in enumerate(zip(offered, names, strict=True))
    )
    named = i18n.listed(bold_name(one) for one in offered)
    return replace(short_message(line, *notes, row=row), text=plain_line(f"{line} {named}"))


def which_workspace(answer: WhichWorkspace, i18n: Translator, command: Command | None) -> Rendered:
    """Ask which workspace is meant; each choice carries the `command` about its own one, the last about all of them."""
    line = i18n("Which workspace? There are {count}.").format(count=i18n.number(len(answer.workspaces)))
    offered = answer.workspaces[:CHOICES]
    every = f"{EVERY_WORKSPACE}/{answer.selector}"
    selecting: Any = command if command and BY_COMMAND[type(command)].names == "selector" else None
    choices = [(name, replace(command, workspace_id=key)) for key, name in offered] if command else []
    if selecting:
        choices.append((i18n("All of them"), replace(selecting, selector=every)))
    named = f"{answer.workspaces[0][1]}/{answer.selector}"
    shown = typed(replace(selecting, selector=named)) if selecting else code(f"/cdi subscribe {named}")
    note = i18n("Or name it: {command}. `/cdi use NAME` sets the channel's own.").format(command=shown)
    row = actions(
        button(plain(label), f"pick:{place}", write_command(chosen), says=label)
        for place, (label, chosen) in enumerate(choices)
    )
    names = i18n.listed(outside(name) for _, name in offered)
    return replace(short_message(line, note, row=row), text=plain_line(f"{line} {names}"))


def no_match(answer: NoMatch, i18n: Translator, command: Command | None) -> Rendered:
    """Say that no integration matches; those with a similar name can be chosen for the `command`."""
    line = i18n("No integration matches “{words}”.").format(words=outside(answer.query))
    if answer.nearest:
        line = i18n.sentences([line, i18n("Did you mean one of these?")])
        stale = last_known_state(None, answer.trouble, None, i18n)
        return _choice(line, stale, answer.nearest, command, i18n)
    if not answer.list_known:
        todo = i18n(
            "The API key isn't allowed to list this workspace's integrations, so the bot knows only those that "
            "somebody has named. Type the integration's id, or paste the address of its page in Braze."
        )
        return short_message(line, todo)
    return short_message(
        line, i18n("`/cdi list` shows all, `/cdi list TEXT` those with a text in their name.")
    )


def _needs_invite(_answer: NeedsInvite, i18n: Translator) -> Rendered:
    line = i18n("I can't post in this channel: it is private and I am not in it.")
    return short_message(
        line, second=i18n("Type {command} here, then try again.").format(command=code(INVITE))
    )


def _cannot_post(answer: CannotPost, i18n: Translator) -> Rendered:
    line = i18n("I can't post in this channel: {reason}.").format(
        reason=escape(channel_problem(answer.reason, i18n))
    )
    return short_message(line, second=channel_advice(answer.reason, i18n))


def _not_allowed(answer: NotAllowed, i18n: Translator) -> Rendered:
    if answer.action in {"elsewhere", "set_elsewhere"}:
        line = i18n("You are not in this channel, so only the bot's admins may see or change its alerts.")
        if answer.action == "set_elsewhere":
            line = i18n(
                "It was set in a channel that you are not in: only its members and the bot's admins may change it."
            )
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
    if answer.action in {"sync", "manage"}:
        syncs = i18n("Only the bot's admins may start syncs.")
        manages = i18n("Only the bot's admins may see and change its Braze workspaces.")
        line = syncs if answer.action == "sync" else manages
        return short_message(line, i18n("Ask whoever runs the bot: the setting is `CDI_BOT_ADMINS`."))
    if answer.action == "as_anybody":
        line = i18n(
            "Every member is an admin of the bot, but Slack doesn't tell it who is a guest, so nobody is for now."
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
    NeedsInvite: _needs_invite,
    CannotPost: _cannot_post,
    NotAllowed: _not_allowed,
    BrazeRefused: _braze_refused,
}


def render_help(topic: str | None, i18n: Translator) -> Rendered:
    """Say in a line each what the commands are for; of one, which is the `topic`, all that there is to know."""
    specification = BY_WORD.get(topic or "")
    if specification:
        return _help_with(specification, i18n)
    title = i18n("What `/cdi` understands")
    lines = [f"{code(each.help[0][0])} – {i18n.translated(each.help[0][1])}" for each in SPECIFICATIONS]
    more = i18n("`/cdi help COMMAND` explains one. Plain words work too, such as “mute Users for 2 hours”.")
    shown = [section(f"*{title}*\n" + "\n".join(lines)), context(more)]
    return Rendered(text=plain_line(f"{title}: {i18n.listed(WORDS)}"), blocks=shown)


def _help_with(specification: Specification[Any], i18n: Translator) -> Rendered:
    usage = code(specification.usage)
    lines = [usage, *_explained(specification.help, i18n)]
    options = list(specification.options)
    if specification.takes_channel:
        options.append(IN_CHANNEL)
    parts = [section("\n".join(lines))]
    if options:
        parts.append(section("\n".join(_explained(options, i18n))))
    notes = []
    if specification.names:
        notes.append(
            i18n("Integrations are named by their name, a part of it, or their id or its first characters.")
        )
    if any(option.startswith("on:") for option, _ in options):
        notes += [_accepted("on", Topic, i18n), _accepted("off", EXPECTABLE, i18n)]
    if specification.aliases:
        also = i18n.listed(map(code, specification.aliases))
        notes.append(i18n("Also understood: {words}.").format(words=also))
    return Rendered(text=plain_line(" ".join(lines)), blocks=[*parts, *small_print(notes)])


def _accepted(option: str, words: Iterable[str], i18n: Translator) -> str:
    return i18n("`{option}:` accepts {words}.").format(option=option, words=i18n.listed(map(code, words)))


def _explained(examples: Iterable[tuple[str, str]], i18n: Translator) -> list[str]:
    return [f"{code(example)} – {i18n.translated(does)}" for example, does in examples]


def render_mistake(mistake: Mistake, i18n: Translator) -> Rendered:
    """Say what is odd about a command, and what comes near or how it is typed: two lines, and what can be pressed."""
    line = mistake_line(mistake, i18n)
    meant = [code(f"/cdi {each.text}") for each in mistake.likely]
    if mistake.problem is MistakeKind.CONFIRM:
        todo = i18n("The channel is told.")
    elif meant:
        todo = i18n("Did you mean {word}?").format(word=i18n.listed(meant))
    elif mistake.command in BY_WORD:
        todo = i18n("For example: {usage}").format(usage=code(_example(mistake)))
    else:
        todo = i18n("`/cdi help` lists the commands.")
    row = actions(
        suggestion_button(each, place, i18n, is_dangerous=mistake.problem is MistakeKind.CONFIRM)
        for place, each in enumerate(mistake.likely)
    )
    return Rendered(text=plain_line(f"{line} {todo}"), blocks=[section(f"{line}\n{todo}"), *row])


def mistake_line(mistake: Mistake, i18n: Translator) -> str:
    """Say in mrkdwn what is odd, and what comes near."""
    option = "except" if mistake.command == "hours" else "on"
    line = _problem(mistake, option, i18n)
    if mistake.nearest:
        return i18n.sentences([line, i18n("Did you mean {word}?").format(word=code(mistake.nearest))])
    if mistake.problem is MistakeKind.UNKNOWN_STATUS:
        return i18n.sentences([line, _accepted(option, Topic, i18n)])
    if mistake.problem is MistakeKind.UNKNOWN_REASON:
        return i18n.sentences([line, _accepted("off", EXPECTABLE, i18n)])
    return line


def _example(mistake: Mistake) -> str:
    """How the command is typed, with the name that the person gave."""
    specification = BY_WORD[mistake.command]
    shown, name = specification.help[-1][0], specification.written_name(mistake.name)
    return re.sub(r"Users\*?", lambda _: name, shown) if name else shown


def _problem(mistake: Mistake, option: str, i18n: Translator) -> str:
    known = {
        MistakeKind.UNKNOWN_COMMAND: i18n("I don't understand “{given}”."),
        MistakeKind.CONFIRM: i18n("End all alerts in this channel?")
        if mistake.name == "all"
        else i18n("End the alerts for “{name}” in this channel?"),
        MistakeKind.MISSING_INTEGRATION: i18n("Which integration?"),
        MistakeKind.MISSING_TIME: i18n("For how long? `2h`, `90m`, `tomorrow 9am` or `until recovery`."),
        MistakeKind.BAD_TIME: i18n("“{given}” isn't a valid time. A snooze lasts from a minute to a year."),
        MistakeKind.UNKNOWN_STATUS: i18n("`{option}:` doesn't accept “{given}”."),
        MistakeKind.UNKNOWN_REASON: i18n("`off:` doesn't accept “{given}”."),
        MistakeKind.BAD_NUMBER: i18n(
            "“{given}” isn't a valid number: `rows:` takes 1 or more, `percent:` up to 100."
        ),
        MistakeKind.UNKNOWN_OPTION: i18n("“{given}” isn't an option of this command."),
        MistakeKind.BAD_FRESHNESS: i18n(
            "“{given}” isn't valid. `fresh:` takes 10 minutes to a year, such as `fresh:36h`, or a time of day, such "
            "as `fresh:09:00`."
        ),
        MistakeKind.BAD_MENTION: i18n("“{given}” isn't a person or a user group that I can mention."),
        MistakeKind.BAD_PERSON: i18n("“{given}” isn't a person. Type `@` and choose one from Slack's list."),
        MistakeKind.MISSING_OWNER: i18n(
            "Who? Type `@` and choose somebody from Slack's list, or type `none`."
        ),
        MistakeKind.BAD_RUNBOOK: i18n("“{given}” isn't a web address. It begins with `https://`."),
        MistakeKind.MISSING_RUNBOOK: i18n("Which web address? It begins with `https://`; `none` removes it."),
        MistakeKind.BAD_SCHEDULE: i18n("“{given}” isn't a valid time for a digest."),
        MistakeKind.BAD_HOURS: i18n("“{given}” aren't hours: days, and from when until when."),
        MistakeKind.BAD_ZONE: i18n("I don't know the time zone “{given}”."),
        MistakeKind.BAD_DELAY: i18n("“{given}” isn't a valid time. It takes 10 seconds to 7 days."),
        MistakeKind.BAD_TARGET: i18n(
            "“{given}” isn't a channel or a person. Type `to:#` or `to:@` and choose one from Slack's list."
        ),
        MistakeKind.MISSING_TARGET: i18n("To whom? `to:#channel` or `to:@who`."),
        MistakeKind.BAD_CHANNEL: i18n(
            "“{given}” isn't a channel. Type `in:#` and choose one from Slack's list."
        ),
    }
    given, name = outside(mistake.given, SHORT_NAME), outside(mistake.name, SHORT_NAME)
    return known[mistake.problem].format(given=given, name=name, option=option)
