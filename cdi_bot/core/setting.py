"""Reads `digest` and `language`: how a channel is to be talked to."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from cdi_bot.core import typed
from cdi_bot.core.digest import read_schedule, read_zone
from cdi_bot.core.intents import Command, Mistake, MistakeKind, SetDigest, SetLanguage, ShowSettings
from cdi_bot.core.reading import take_place
from cdi_bot.core.typed import Token

_NONE = frozenset({"off", "none", "never", "stop"})
_OWN = frozenset({"default", "off", "none"})


def read_digest(verb: str, tokens: Sequence[Token], _now: datetime) -> Command:
    """Read `daily 09:00`, `weekly mon 09:00 Asia/Tokyo quiet`, `off`; nothing asks what is set."""
    placed = take_place(verb, tokens)
    if isinstance(placed, Mistake):
        return placed
    if not placed.tokens:
        return ShowSettings(place=placed.place)
    words = [typed.half_width(token.text) for token in placed.tokens]
    if len(words) == 1 and words[0].lower() in _NONE:
        return SetDigest(schedule=None, place=placed.place)
    zones = [zone for word in words if (zone := read_zone(word))]
    schedule = read_schedule([word for word in words if not read_zone(word)])
    if schedule is None or len(zones) > 1:
        return Mistake(command=verb, problem=MistakeKind.BAD_SCHEDULE, given=typed.join(placed.tokens))
    return SetDigest(schedule=schedule, zone=zones[0] if zones else None, place=placed.place)


def read_language(verb: str, tokens: Sequence[Token], _now: datetime) -> Command:
    """Read `ja`, `en-GB`, `default`; nothing asks what is set."""
    placed = take_place(verb, tokens)
    if isinstance(placed, Mistake):
        return placed
    words = typed.join(placed.tokens)
    plain = typed.half_width(words)
    language = plain.lower() if plain.isascii() else words
    if not language:
        return ShowSettings(place=placed.place)
    return SetLanguage(language=None if language in _OWN else language, place=placed.place)
