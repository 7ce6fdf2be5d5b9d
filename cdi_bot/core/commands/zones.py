"""Time zones that people mean and that are not known, and which known ones come near."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache

from cdi_bot.core.commands.specification import nearest
from cdi_bot.core.digest_schedule import read_zone, zone_names


def odd_zone(words: Sequence[str], read: Callable[[list[str]], object]) -> str | None:
    """What stands as an unknown time zone in words that `read` takes without it and without known ones."""
    rest = [word for word in words if not read_zone(word)]
    for length in (1, 2):  # `America/New York`
        for first in range(len(rest) - length + 1):
            piece = " ".join(rest[first : first + length])
            if piece[:1].isalpha() and read([*rest[:first], *rest[first + length :]]):
                return piece
    return None


def is_odd_zone(word: str) -> bool:
    """Whether a word looks like a time zone's name, such as `Europe/Nowhere`, and is none."""
    area, slash, _ = word.lower().partition("/")
    return bool(slash) and area in _areas() and not read_zone(word)


def nearest_zone(word: str) -> str | None:
    """The time zone that is called almost so, or whose city is."""
    typed = word.lower().replace(" ", "_")
    near = nearest(typed, zone_names()) or _cities().get(nearest(typed.rpartition("/")[2], _cities()) or "")
    return read_zone(near) if near else None


@cache
def _areas() -> frozenset[str]:
    return frozenset(area for area, slash, _ in (name.partition("/") for name in zone_names()) if slash)


@cache
def _cities() -> dict[str, str]:
    return {name.rpartition("/")[2]: name for name in sorted(zone_names(), reverse=True) if "/" in name}
