"""What a person who asks for help, or whose command could not be understood, is told. Pure."""

from __future__ import annotations

from cdi_bot.core.commands.parser import BY_WORD, CHANNEL_WORDS, SPECIFICATIONS
from cdi_bot.core.commands.specification import Mistake, MistakeKind
from cdi_bot.core.model.incident import Topic
from cdi_bot.slack.render.kit.blocks import Rendered, context, section
from cdi_bot.slack.render.kit.i18n import Translator
from cdi_bot.slack.render.kit.text import SHORT_NAME, code, outside, plain_line


def render_help(unknown: str | None, nearest: str | None, i18n: Translator) -> Rendered:
    """Explain the commands, each with an example; first name the word that is none of them."""
    _ = i18n.gettext
    title = _("What `/cdi` understands")
    text = title
    if unknown is not None:
        text = _("“{word}” is not a command.").format(word=outside(unknown, SHORT_NAME))
        if nearest:
            text += " " + _("Did you mean {command}?").format(command=code(f"/cdi {nearest}"))
    lines = [
        f"{code(example)} – {i18n.translated(does)}" for each in SPECIFICATIONS for example, does in each.help
    ]
    notes = _(
        "An integration is named by its id, the start of it, or its name or a part of it. `on:` takes {topics}."
    ).format(topics=i18n.listed(code(topic) for topic in Topic))
    elsewhere = _("`in:#channel` lets {commands} be about another channel.").format(
        commands=i18n.listed(code(command) for command in CHANNEL_WORDS)
    )
    blocks = [section(f"*{title}*\n" + "\n".join(lines)), context(notes, elsewhere)]
    return Rendered(text=plain_line(text), blocks=blocks if unknown is None else [section(text), *blocks])


def render_mistake(mistake: Mistake, i18n: Translator) -> Rendered:
    """Say what is odd about a command, what comes near, and how it is typed."""
    _ = i18n.gettext
    line = _problem(mistake, i18n)
    if mistake.nearest:
        line += " " + _("Did you mean {word}?").format(word=code(mistake.nearest))
    usage = _("For example: {usage}").format(usage=code(BY_WORD.get(mistake.command, BY_WORD["help"]).usage))
    more = _("`/cdi help` explains every command.")
    return Rendered(text=plain_line(line), blocks=[section(f"{line}\n{usage}"), context(more)])


def _problem(mistake: Mistake, i18n: Translator) -> str:
    """Name what is wrong, in mrkdwn."""
    _ = i18n.gettext
    topics = i18n.listed(code(topic) for topic in Topic)
    known = {
        MistakeKind.MISSING_INTEGRATION: _("Which integration?"),
        MistakeKind.MISSING_TIME: _("For how long? Say `2h`, `90m`, `tomorrow 9am`, or `until recovery`."),
        MistakeKind.BAD_TIME: _("“{given}” is not a length of time between a minute and a year."),
        MistakeKind.UNKNOWN_STATUS: _("“{given}” is nothing that `on:` takes. It takes {topics}."),
        MistakeKind.BAD_NUMBER: _("“{given}” needs a number: `rows:` of at least 1, `percent:` up to 100."),
        MistakeKind.UNKNOWN_OPTION: _("“{given}” is not an option of this command."),
        MistakeKind.BAD_MENTION: _("“{given}” is no person and no user group that I can mention."),
        MistakeKind.BAD_SCHEDULE: _(
            "“{given}” is no time for a digest. Say `daily 09:00`, `weekly mon 09:00` or `off`."
        ),
        MistakeKind.BAD_CHANNEL: _("“{given}” is no channel. Type `in:#` and choose one from Slack's list."),
    }
    return known[mistake.problem].format(given=outside(mistake.given, SHORT_NAME), topics=topics)


def render_trouble(code_word: str, i18n: Translator) -> Rendered:
    """Say that a command could not be carried out, and what to do: `store`, `slack`, anything else is a failure."""
    _ = i18n.gettext
    known = {
        "store": (
            _("I can't remember anything just now: my database does not answer. Nothing was changed."),
            _("Try again in a minute. If it lasts, tell whoever runs the bot."),
        ),
        "slack": (
            _("Slack does not let me do this just now. Nothing was changed."),
            _("Try again in a minute."),
        ),
    }
    failure = (
        _("That went wrong on my side."),
        _("Try again. If it happens again, tell whoever runs the bot: the log has the details."),
    )
    line, todo = known.get(code_word, failure)
    return Rendered(text=plain_line(line), blocks=[section(line), context(todo)])
