"""`/cdi digest`, `language`, `use`, `contacts`, `test`, `audit`: what is set for a channel, and who set it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cdi_bot.core.commands import tokenizer
from cdi_bot.core.commands.specification import (
    N_,
    Arguments,
    ChannelCommand,
    Command,
    Mistake,
    MistakeKind,
    Right,
    Specification,
    no_arguments,
    quoted_name,
)
from cdi_bot.core.commands.zones import nearest_zone, odd_zone
from cdi_bot.core.digest_schedule import Schedule, read_schedule, read_zone


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowSettings(ChannelCommand):
    """A channel's settings: its language and its digest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SetDigest(ChannelCommand):
    """Let a channel get a digest, or (`schedule` is `None`) none.

    `zone` names the time zone; `None` is the person's own.
    """

    schedule: Schedule | None
    zone: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SetLanguage(ChannelCommand):
    """Choose the language of a channel's messages; `None` is the bot's own."""

    language: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SetContacts(ChannelCommand):
    """Let a channel's alerts mention the contacts that Braze names where there is no owner, or only show them."""

    mention: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SendSample(ChannelCommand):
    """Send a sample alert to a channel, the way that real ones go."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UseWorkspace(ChannelCommand):
    """Choose the Braze workspace that a channel's commands mean where they name none; `None` is all of them."""

    name: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowAudit(ChannelCommand):
    """Who changed what in a channel, newest first."""


_NO_DIGEST = frozenset({"off", "none", "never", "stop"})
_BOT_LANGUAGE = frozenset({"default", "off", "none"})


def _read_digest(arguments: Arguments) -> Command | Mistake:
    """Read `daily 09:00`, `weekly mon 09:00 Asia/Tokyo quiet`, `off`."""
    words = [tokenizer.half_width(token.text) for token in arguments.tokens]
    if len(words) == 1 and words[0].lower() in _NO_DIGEST:
        return SetDigest(schedule=None)
    if [word.lower() for word in words[:2]] in (["every", "day"], ["each", "day"], ["every", "morning"]):
        words = ["daily", *words[2:]]
    elif words[0].lower() == "every":
        words = ["weekly", *words[1:]]
    zones = [zone for word in words if (zone := read_zone(word))]
    schedule = read_schedule([word for word in words if not read_zone(word)])
    if schedule is None and (odd := odd_zone(words, read_schedule)):
        return arguments.mistake(MistakeKind.BAD_ZONE, odd, nearest_zone(odd))
    if schedule is None or len(zones) > 1:
        return arguments.mistake(MistakeKind.BAD_SCHEDULE, tokenizer.join(arguments.tokens))
    return SetDigest(schedule=schedule, zone=zones[0] if zones else None)


def _written_digest(digest: SetDigest) -> Sequence[str]:
    return str(digest.schedule or "off"), digest.zone or ""


def _read_language(arguments: Arguments) -> Command | Mistake:
    """Read `ja`, `en-GB`, `default`."""
    typed = tokenizer.join(arguments.tokens)
    plain = tokenizer.half_width(typed)
    language = plain.lower() if plain.isascii() else typed
    return SetLanguage(language=None if language in _BOT_LANGUAGE else language)


_ALL_WORKSPACES = frozenset({"off", "none", "all", "*"})


def _read_use(arguments: Arguments) -> Command | Mistake:
    """Read `prod`, `workspace prod`, `prod/`, `off`."""
    tokens = list(arguments.tokens)
    while len(tokens) > 1 and tokens[0].bare_word in {"the", "braze", "workspace"}:
        del tokens[0]
    if len(tokens) > 1 and tokens[-1].bare_word == "workspace":
        del tokens[-1]
    name = tokenizer.join(tokens).rstrip("/／ ")
    if not name:
        return ShowSettings()
    return UseWorkspace(name=None if tokenizer.half_width(name).lower() in _ALL_WORKSPACES else name)


_CONTACTS = {
    **dict.fromkeys(("mention", "on", "call", "ping"), True),
    **dict.fromkeys(("show", "off", "none"), False),
}


def _read_contacts(arguments: Arguments) -> Command | Mistake:
    """Read `mention` or `show`; nothing asks what is set."""
    if not arguments.tokens:
        return ShowSettings()
    mention = _CONTACTS.get(arguments.tokens[-1].bare_word)
    if mention is None:
        return arguments.mistake(MistakeKind.UNKNOWN_OPTION, tokenizer.join(arguments.tokens))
    return SetContacts(mention=mention)


_CONTACTS_SETTING = Specification(
    word="contacts",
    command=SetContacts,
    bare=ShowSettings,
    right=Right.CHANGE,
    read=_read_contacts,
    write=lambda command: ("mention" if command.mention else "show",),
    usage="/cdi contacts mention | show",
    help=(
        ("/cdi contacts mention", N_("alerts without an owner mention the contacts in Braze")),
        ("/cdi contacts show", N_("they are shown, but not mentioned")),
    ),
    audit=N_("{when} {who} set what becomes of contacts in Braze: {what}"),
)

_USE = Specification(
    word="use",
    command=UseWorkspace,
    bare=ShowSettings,
    right=Right.CHANGE,
    read=_read_use,
    write=lambda command: (quoted_name(command.name or "off"),),
    usage="/cdi use WORKSPACE | off",
    help=(
        ("/cdi use prod", N_("the Braze workspace that is meant in this channel where none is named")),
        ("/cdi use off", N_("none: all are searched")),
    ),
    audit=N_("{when} {who} set its workspace: {what}"),
)

_DIGEST = Specification(
    word="digest",
    aliases=("report", "summary"),
    command=SetDigest,
    bare=ShowSettings,
    right=Right.CHANGE,
    read=_read_digest,
    write=_written_digest,
    usage="/cdi digest daily 09:00 | weekly mon 09:00 [Europe/Berlin] [quiet] | off",
    help=(
        ("/cdi digest weekly mon 09:00", N_("a summary every day or week")),
        ("/cdi digest off", N_("no digest")),
        ("/cdi digest daily 9am Europe/Berlin quiet", N_("none when all went well")),
    ),
    audit=N_("{when} {who} set its digest: {what}"),
)

_LANGUAGE = Specification(
    word="language",
    aliases=("lang", "speak"),
    command=SetLanguage,
    bare=ShowSettings,
    right=Right.CHANGE,
    read=_read_language,
    write=lambda command: (quoted_name(command.language or "default"),),
    usage="/cdi language LANGUAGE | default",
    help=(("/cdi language ja", N_("the language of messages in this channel")),),
    audit=N_("{when} {who} set its language: {what}"),
)

_TEST = Specification(
    word="test",
    aliases=("sample", "テスト"),
    command=SendSample,
    right=Right.CHANGE,
    read=no_arguments(SendSample),
    usage="/cdi test",
    help=(("/cdi test", N_("send a sample alert here, to see that alerts arrive")),),
    audit=N_("{when} {who} sent a sample alert"),
)

_AUDIT = Specification(
    word="audit",
    aliases=("log", "changes"),
    command=ShowAudit,
    right=Right.READ,
    read=no_arguments(ShowAudit),
    usage="/cdi audit",
    help=(("/cdi audit", N_("who changed what in this channel")),),
)

CHANNELS = (_DIGEST, _LANGUAGE, _USE, _CONTACTS_SETTING, _TEST, _AUDIT)
