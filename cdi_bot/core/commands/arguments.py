"""Readers of the arguments of commands: names, options, channels, filters, languages and digests."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from difflib import get_close_matches

from cdi_bot.core.commands import tokenizer
from cdi_bot.core.commands.command import (
    OPTIONS,
    Command,
    Mistake,
    MistakeKind,
    SetDigest,
    SetLanguage,
    ShowSettings,
    Subscribe,
    Unsubscribe,
)
from cdi_bot.core.commands.tokenizer import Token
from cdi_bot.core.digest_schedule import read_schedule, read_zone
from cdi_bot.core.model.subscription import Filters, Topic

Reader = Callable[[str, Sequence[Token], datetime], Command]
"""Reads what follows a command's word; given that word, and the present in the person's zone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ArgumentsInChannel:
    """What is left of a command without its `in:`, and the channel that it names."""

    tokens: list[Token]
    place: str | None


def take_channel(verb: str, tokens: Sequence[Token]) -> ArgumentsInChannel | Mistake:
    """Take `in:<#C1|general>` out, wherever it stands; a space may follow the colon."""
    left: list[Token] = []
    place: str | None = None
    rest = list(tokens)
    while rest:
        token = rest.pop(0)
        if token.option != "in":
            left.append(token)
            continue
        value = token.value or (rest.pop(0).raw if rest else "")
        place = tokenizer.channel(value)
        if place is None:
            return Mistake(command=verb, problem=MistakeKind.BAD_CHANNEL, given=tokenizer.plain(value))
    return ArgumentsInChannel(tokens=left, place=place)


def nearest(word: str, known: Sequence[str]) -> str | None:
    """Find the known word that looks most like it."""
    # Compared by their beginnings: looking for likeness in a text of thousands of characters takes seconds.
    lower = tokenizer.half_width(word[:40]).lower()
    return next(iter(get_close_matches(lower, known, n=1)), None)


def missing_integration(verb: str) -> Mistake:
    """Ask which integration is meant."""
    return Mistake(command=verb, problem=MistakeKind.MISSING_INTEGRATION)


def no_words(make: Callable[[], Command]) -> Reader:
    """Read a command that takes nothing; what follows it is overlooked."""
    return lambda _verb, _tokens, _now: make()


def only_channel(make: Callable[[str | None], Command]) -> Reader:
    """Read a command that is about a channel and nothing else."""

    def read(verb: str, tokens: Sequence[Token], _now: datetime) -> Command:
        placed = take_channel(verb, tokens)
        return placed if isinstance(placed, Mistake) else make(placed.place)

    return read


def _unexpected_channel(verb: str, tokens: Sequence[Token]) -> Mistake | None:
    """Find a channel where none can be named: it would be looked for among the integrations."""
    for token in tokens:
        if token.option == "in" and tokenizer.channel(token.value):
            return Mistake(command=verb, problem=MistakeKind.UNKNOWN_OPTION, given=token.text)
    return None


def maybe_name(make: Callable[[str | None], Command]) -> Reader:
    """Read a command that may name an integration."""

    def read(verb: str, tokens: Sequence[Token], _now: datetime) -> Command:
        return _unexpected_channel(verb, tokens) or make(tokenizer.name(tokens) or None)

    return read


def needs_name(make: Callable[[str], Command]) -> Reader:
    """Read a command that has to name an integration."""

    def read(verb: str, tokens: Sequence[Token], _now: datetime) -> Command:
        query = tokenizer.name(tokens)
        return _unexpected_channel(verb, tokens) or (make(query) if query else missing_integration(verb))

    return read


def needs_name_and_channel(make: Callable[[str, str | None], Command]) -> Reader:
    """Read a command that has to name an integration, and may name a channel."""

    def read(verb: str, tokens: Sequence[Token], _now: datetime) -> Command:
        placed = take_channel(verb, tokens)
        if isinstance(placed, Mistake):
            return placed
        query = tokenizer.name(placed.tokens)
        return make(query, placed.place) if query else missing_integration(verb)

    return read


_SEPARATORS = re.compile("[,、]")


@dataclass(slots=True)
class _Reading:
    """How far a `subscribe` has been read."""

    filters: Filters = field(default_factory=Filters)
    selector: list[Token] = field(default_factory=list)


def read_subscribe(verb: str, tokens: Sequence[Token], _now: datetime) -> Command:
    """Read options wherever they stand; whatever is no option is the selector."""
    placed = take_channel(verb, tokens)
    if isinstance(placed, Mistake):
        return placed
    reading = _Reading()
    rest = placed.tokens
    while rest:
        token = rest.pop(0)
        option = token.option
        if option is None or (option not in OPTIONS and not reading.selector):
            reading.selector.append(token)  # a name may begin like an option: `prod:users`
            continue
        if option not in OPTIONS:
            return Mistake(
                command=verb,
                problem=MistakeKind.UNKNOWN_OPTION,
                given=token.text,
                nearest=nearest(option, OPTIONS),
            )
        changed = _with_option(verb, reading.filters, option, _value(token, rest))
        if isinstance(changed, Mistake):
            return changed
        reading.filters = changed
    selector = tokenizer.name(reading.selector)
    if not selector:
        return missing_integration(verb)
    return Subscribe(selector=_selector(selector), filters=reading.filters, place=placed.place)


def _value(token: Token, rest: list[Token]) -> str:
    """Read an option's value, and take what belongs to it from the rest: `on: error, partial` is one option too."""
    value = token.value
    while rest and rest[0].option is None:
        following = rest[0].bare_word
        if value and not value.endswith((",", "、")) and not following.startswith((",", "、")):
            break
        value += rest.pop(0).raw
    return value


def _selector(query: str) -> str:
    """Spell `all` in one way, in any letter case or as a pattern that fits everything; and `*` as patterns do."""
    query = query.replace("＊", "*")
    return "all" if tokenizer.half_width(query).lower() == "all" or not query.strip("*") else query


def _with_option(verb: str, filters: Filters, option: str, value: str) -> Filters | Mistake:
    if option == "on":
        return _with_topics(verb, filters, value)
    if option == "mention":
        mention = tokenizer.mention(value)
        if mention is None:
            return Mistake(command=verb, problem=MistakeKind.BAD_MENTION, given=tokenizer.plain(value))
        return replace(filters, mention=mention)
    number = tokenizer.half_width(value)
    if option == "rows" and (rows := tokenizer.rows(number)) is not None:
        return replace(filters, min_rows=rows)
    if option == "percent" and (percent := tokenizer.percent(number)) is not None:
        return replace(filters, min_percent=percent)
    return Mistake(command=verb, problem=MistakeKind.BAD_NUMBER, given=f"{option}:{tokenizer.plain(value)}")


def _with_topics(verb: str, filters: Filters, value: str) -> Filters | Mistake:
    pieces = _SEPARATORS.split(tokenizer.half_width(value))
    names = [piece.strip("\"' ").lower().replace("-", "_") for piece in pieces]
    names = [name for name in names if name] or [""]
    for name in names:
        if name not in tuple(Topic):
            return Mistake(
                command=verb,
                problem=MistakeKind.UNKNOWN_STATUS,
                given=tokenizer.plain(name),
                nearest=nearest(name, tuple(Topic)),
            )
    return replace(filters, topics=frozenset(Topic(name) for name in names))


def read_unsubscribe(verb: str, tokens: Sequence[Token], _now: datetime) -> Command:
    """Read what to hear no more of."""
    placed = take_channel(verb, tokens)
    if isinstance(placed, Mistake):
        return placed
    # Ending everything where somebody asked to end `on:late` only would hide failures from the channel.
    for token in placed.tokens:
        if token.option in OPTIONS:
            return Mistake(command=verb, problem=MistakeKind.UNKNOWN_OPTION, given=token.text)
    query = tokenizer.name(placed.tokens)
    return Unsubscribe(selector=_selector(query), place=placed.place) if query else missing_integration(verb)


_NO_DIGEST = frozenset({"off", "none", "never", "stop"})
_BOT_LANGUAGE = frozenset({"default", "off", "none"})


def read_digest(verb: str, tokens: Sequence[Token], _now: datetime) -> Command:
    """Read `daily 09:00`, `weekly mon 09:00 Asia/Tokyo quiet`, `off`; nothing asks what is set."""
    placed = take_channel(verb, tokens)
    if isinstance(placed, Mistake):
        return placed
    if not placed.tokens:
        return ShowSettings(place=placed.place)
    query = [tokenizer.half_width(token.text) for token in placed.tokens]
    if len(query) == 1 and query[0].lower() in _NO_DIGEST:
        return SetDigest(schedule=None, place=placed.place)
    zones = [zone for word in query if (zone := read_zone(word))]
    schedule = read_schedule([word for word in query if not read_zone(word)])
    if schedule is None or len(zones) > 1:
        return Mistake(command=verb, problem=MistakeKind.BAD_SCHEDULE, given=tokenizer.join(placed.tokens))
    return SetDigest(schedule=schedule, zone=zones[0] if zones else None, place=placed.place)


def read_language(verb: str, tokens: Sequence[Token], _now: datetime) -> Command:
    """Read `ja`, `en-GB`, `default`; nothing asks what is set."""
    placed = take_channel(verb, tokens)
    if isinstance(placed, Mistake):
        return placed
    query = tokenizer.join(placed.tokens)
    plain = tokenizer.half_width(query)
    language = plain.lower() if plain.isascii() else query
    if not language:
        return ShowSettings(place=placed.place)
    return SetLanguage(language=None if language in _BOT_LANGUAGE else language, place=placed.place)
