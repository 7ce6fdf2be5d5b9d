"""What the readers of single commands share: names, mistakes, and the channel that `in:` names."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches

from cdi_bot.core import typed
from cdi_bot.core.intents import Command, Mistake, MistakeKind
from cdi_bot.core.typed import Token

Reader = Callable[[str, Sequence[Token], datetime], Command]
"""Reads what follows a command's word; given that word, and the present in the person's zone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """What is left of a command without its `in:`, and the channel that it names."""

    tokens: list[Token]
    place: str | None


def take_place(verb: str, tokens: Sequence[Token]) -> Placed | Mistake:
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
        place = typed.channel(value)
        if place is None:
            return Mistake(command=verb, problem=MistakeKind.BAD_CHANNEL, given=typed.plain(value))
    return Placed(tokens=left, place=place)


def nearest(word: str, known: Sequence[str]) -> str | None:
    """Find the known word that looks most like it."""
    # Compared by their beginnings: looking for likeness in a text of thousands of characters takes seconds.
    lower = typed.half_width(word[:40]).lower()
    return next(iter(get_close_matches(lower, known, n=1)), None)


def missing_integration(verb: str) -> Mistake:
    """Ask which integration is meant."""
    return Mistake(command=verb, problem=MistakeKind.MISSING_INTEGRATION)


def no_words(make: Callable[[], Command]) -> Reader:
    """Read a command that takes nothing; what follows it is overlooked."""
    return lambda _verb, _tokens, _now: make()


def only_place(make: Callable[[str | None], Command]) -> Reader:
    """Read a command that is about a channel and nothing else."""

    def read(verb: str, tokens: Sequence[Token], _now: datetime) -> Command:
        placed = take_place(verb, tokens)
        return placed if isinstance(placed, Mistake) else make(placed.place)

    return read


def _misplaced(verb: str, tokens: Sequence[Token]) -> Mistake | None:
    """Find a channel where none can be named: it would be looked for among the integrations."""
    for token in tokens:
        if token.option == "in" and typed.channel(token.value):
            return Mistake(command=verb, problem=MistakeKind.UNKNOWN_OPTION, given=token.text)
    return None


def maybe_name(make: Callable[[str | None], Command]) -> Reader:
    """Read a command that may name an integration."""

    def read(verb: str, tokens: Sequence[Token], _now: datetime) -> Command:
        return _misplaced(verb, tokens) or make(typed.name(tokens) or None)

    return read


def needs_name(make: Callable[[str], Command]) -> Reader:
    """Read a command that has to name an integration."""

    def read(verb: str, tokens: Sequence[Token], _now: datetime) -> Command:
        words = typed.name(tokens)
        return _misplaced(verb, tokens) or (make(words) if words else missing_integration(verb))

    return read


def needs_name_and_place(make: Callable[[str, str | None], Command]) -> Reader:
    """Read a command that has to name an integration, and may name a channel."""

    def read(verb: str, tokens: Sequence[Token], _now: datetime) -> Command:
        placed = take_place(verb, tokens)
        if isinstance(placed, Mistake):
            return placed
        words = typed.name(placed.tokens)
        return make(words, placed.place) if words else missing_integration(verb)

    return read
