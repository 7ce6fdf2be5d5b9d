"""Reads `subscribe` and `unsubscribe`: what to hear of, with which filters, in which channel."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from cdi_bot.core import typed
from cdi_bot.core.intents import OPTIONS, Command, Mistake, MistakeKind, Subscribe, Unsubscribe
from cdi_bot.core.model import Filters, Topic
from cdi_bot.core.reading import missing_integration, nearest, take_place
from cdi_bot.core.typed import Token

_SEPARATORS = re.compile("[,、]")


@dataclass(slots=True)
class _Reading:
    """How far a `subscribe` has been read."""

    filters: Filters = field(default_factory=Filters)
    selector: list[Token] = field(default_factory=list)


def read_subscribe(verb: str, tokens: Sequence[Token], _now: datetime) -> Command:
    """Read options wherever they stand; whatever is no option is the selector."""
    placed = take_place(verb, tokens)
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
    selector = typed.name(reading.selector)
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


def _selector(words: str) -> str:
    """Spell `all` in one way, in any letter case or as a pattern that fits everything; and `*` as patterns do."""
    words = words.replace("＊", "*")
    return "all" if typed.half_width(words).lower() == "all" or not words.strip("*") else words


def _with_option(verb: str, filters: Filters, option: str, value: str) -> Filters | Mistake:
    if option == "on":
        return _with_topics(verb, filters, value)
    if option == "mention":
        mention = typed.mention(value)
        if mention is None:
            return Mistake(command=verb, problem=MistakeKind.BAD_MENTION, given=typed.plain(value))
        return replace(filters, mention=mention)
    number = typed.half_width(value)
    if option == "rows" and (rows := typed.rows(number)) is not None:
        return replace(filters, min_rows=rows)
    if option == "percent" and (percent := typed.percent(number)) is not None:
        return replace(filters, min_percent=percent)
    return Mistake(command=verb, problem=MistakeKind.BAD_NUMBER, given=f"{option}:{typed.plain(value)}")


def _with_topics(verb: str, filters: Filters, value: str) -> Filters | Mistake:
    pieces = _SEPARATORS.split(typed.half_width(value))
    names = [piece.strip("\"' ").lower().replace("-", "_") for piece in pieces]
    names = [name for name in names if name] or [""]
    for name in names:
        if name not in tuple(Topic):
            return Mistake(
                command=verb,
                problem=MistakeKind.UNKNOWN_STATUS,
                given=typed.plain(name),
                nearest=nearest(name, tuple(Topic)),
            )
    return replace(filters, topics=frozenset(Topic(name) for name in names))


def read_unsubscribe(verb: str, tokens: Sequence[Token], _now: datetime) -> Command:
    """Read what to hear no more of."""
    placed = take_place(verb, tokens)
    if isinstance(placed, Mistake):
        return placed
    # Ending everything where somebody asked to end `on:late` only would hide failures from the channel.
    for token in placed.tokens:
        if token.option in OPTIONS:
            return Mistake(command=verb, problem=MistakeKind.UNKNOWN_OPTION, given=token.text)
    words = typed.name(placed.tokens)
    return Unsubscribe(selector=_selector(words), place=placed.place) if words else missing_integration(verb)
