"""Finds the time of a snooze in what people type: `2h`, `tomorrow 9am`, `from fri 18:00 until mon 8:00`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta

from cdi_bot.core.commands.tokenizer import Token
from cdi_bot.core.digest_schedule import read_time_of_day, read_weekday, read_zone
from cdi_bot.core.hours import read_hours

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}

_WORDS = {
    "s": ("s", "sec", "secs", "second", "seconds"),
    "m": ("m", "min", "mins", "minute", "minutes"),
    "h": ("h", "hr", "hrs", "hour", "hours"),
    "d": ("d", "day", "days"),
    "w": ("w", "wk", "wks", "week", "weeks"),
}

_UNITS = {word: _SECONDS[unit] for unit, words in _WORDS.items() for word in words}

# At most nine digits each: longer ones are no length of time that anybody means.
_PART = re.compile(r"(\d{1,9}(?:\.\d{1,3})?)([a-z]+)", re.ASCII)
_WHOLE = re.compile(rf"(?:{_PART.pattern})+", re.ASCII)

_HALF_HOUR = "30m"

_NUMBERS = {
    word: number
    for number, words in enumerate(
        (
            "a an one",
            "two",
            "three",
            "four",
            "five",
            "six",
            "seven",
            "eight",
            "nine",
            "ten",
            "eleven",
            "twelve",
        ),
        start=1,
    )
    for word in words.split()
}

SHORTEST = timedelta(minutes=1)
LONGEST = timedelta(days=365)
"""Nobody means a snooze of less than a minute or of more than a year."""

MORNING = time(9)
"""When a working day begins: what "tomorrow" means."""


def is_unit(word: str) -> bool:
    """Whether `word` is a unit of time, as in `2 hours`."""
    return word.lower() in _UNITS


def parse_length(word: str, *, shortest: timedelta = SHORTEST) -> timedelta | None:
    """Read a length of time such as `2h`, `1.5h`, `90min` or `1d12h`.

    Returns:
        The length, from `shortest` to `LONGEST`; `None` when `word` is something else, or out of these bounds.
    """
    text = word.lower()
    if not _WHOLE.fullmatch(text):
        return None
    parts = _PART.findall(text)
    if any(unit not in _UNITS for _, unit in parts):
        return None
    seconds = sum(float(number) * _UNITS[unit] for number, unit in parts)
    # Compared as a number: a timedelta of what people can type may overflow.
    if not shortest.total_seconds() <= seconds <= LONGEST.total_seconds():
        return None
    return timedelta(seconds=seconds)


def tomorrow_at(now: datetime, clock: time) -> datetime:
    """A time of the day after `now`, both in the zone of `now`, which is the person's."""
    return datetime.combine(now.date() + timedelta(days=1), clock, tzinfo=now.tzinfo)


def next_at(now: datetime, clock: time) -> datetime:
    """The first moment after `now` that is this time of day in the zone of `now`, which is the person's."""
    today = datetime.combine(now.date(), clock, tzinfo=now.tzinfo)
    return today if today > now else tomorrow_at(now, clock)


def tomorrow_morning(now: datetime) -> datetime:
    """Nine o'clock of the day after `now`, both in the zone of `now`, which is the person's."""
    return tomorrow_at(now, MORNING)


_RECOVERY = frozenset({"recovery", "recovers", "recovered"})
PREPOSITIONS = frozenset({"for", "until", "till"})
_HALVES = frozenset({"am", "pm"})
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}t\d{2}:\d{2}(?::\d{2}(?:\.\d{6})?)?(?:z|[+-]\d{2}:\d{2})?", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class SnoozeTime:
    """Where in a `snooze` its time stands, and which time that is; `until` is `None` for "until it recovers".

    It begins at once, or at `begins`. One that recurs has the text form of its hours in `every`, and the name of a
    `zone` if it is said.
    """

    first: int
    after: int
    until: datetime | None = None
    begins: datetime | None = None
    every: str | None = None
    zone: str | None = None


def find_time(tokens: Sequence[Token], now: datetime) -> SnoozeTime | None:
    """Find the time: the first that stands behind the name, else a bare last word, else one before the name.

    A name may hold words such as "recovery" or "tomorrow", so these count with "until", with a time of day or as
    the last word only.
    """
    for first in range(1, len(tokens)):
        time = _time_at(tokens, first, now)
        if time:
            return time
    last = len(tokens) - 1
    if last > 0 and (bare := _bare_end(tokens[last], now)):
        return replace(bare, first=last, after=last + 1)
    return _time_at(tokens, 0, now) if tokens else None


_LONGEST_WINDOW = 8
"""So many words may tell of a recurring window: `every sat and sun from 2am to 6am`."""


def _time_at(tokens: Sequence[Token], first: int, now: datetime) -> SnoozeTime | None:
    word = tokens[first].bare_word
    if word == "every" and (window := _window(tokens, first)):
        return window
    return (_planned(tokens, first, now) if word == "from" else None) or _end_at(tokens, first, now)


def _window(tokens: Sequence[Token], first: int) -> SnoozeTime | None:
    """Read `every sun 02:00-06:00 Europe/Berlin`: as many words as there are hours in."""
    for after in range(min(first + 1 + _LONGEST_WINDOW, len(tokens)), first + 1, -1):
        hours = read_hours(token.bare_word or "?" for token in tokens[first + 1 : after])
        if hours:
            zone = read_zone(tokens[after].bare_word) if after < len(tokens) else None
            return SnoozeTime(first=first, after=after + (zone is not None), every=str(hours), zone=zone)
    return None


def _planned(tokens: Sequence[Token], first: int, now: datetime) -> SnoozeTime | None:
    """Read `from fri 18:00 until mon 8:00`, `from tomorrow 9am for 2h`."""
    begin = _point(tokens, first + 1, now)
    if begin is None or begin.until is None:
        return None
    at = begin.after
    at += at < len(tokens) and tokens[at].bare_word in {*PREPOSITIONS, "to", "-", "–"}
    start = begin.until.astimezone(now.tzinfo)
    end = _length_end(tokens, at, start) or _point(tokens, at, now)
    if end and end.until and end.until <= start:  # `from fri 22:00 until 6:00`
        end = _point(tokens, at, start)
    if end is None:
        return None
    return replace(end, first=first, begins=start if start > now else None)


def _point(tokens: Sequence[Token], at: int, now: datetime) -> SnoozeTime | None:
    """Read a moment: `tomorrow`, `fri 18:00`, `9am`, `2026-12-24 18:00`."""
    if at >= len(tokens):
        return None
    found = _clock_end(tokens, at, now, preposition=True)
    if found is None and tokens[at].bare_word == "tomorrow":
        return SnoozeTime(first=at, after=at + 1, until=tomorrow_at(now, MORNING))
    return found


def _end_at(tokens: Sequence[Token], first: int, now: datetime) -> SnoozeTime | None:
    """Read `2h`, `2 hours`, `for 2h`, `tomorrow 9am`, `until it recovers` and the like where it begins at `first`."""
    at = first
    preposition = tokens[at].bare_word in PREPOSITIONS and at + 1 < len(tokens)
    at += preposition
    if preposition and tokens[at].bare_word == "it" and at + 1 < len(tokens):
        at += 1
    found = _clock_end(tokens, at, now, preposition=preposition) or _length_end(tokens, at, now)
    if found is None and preposition and (bare := _bare_end(tokens[at], now)):
        found = replace(bare, after=at + 1)
    return replace(found, first=first) if found else None


def _clock_end(tokens: Sequence[Token], at: int, now: datetime, *, preposition: bool) -> SnoozeTime | None:
    """Read `tomorrow 9am`; behind a preposition a time of day alone, or a moment as computers write it, too."""
    following = at + 1 < len(tokens) and tokens[at + 1].bare_word == "at"
    behind = at + 1 + following
    if tokens[at].bare_word == "tomorrow":
        digits_only = preposition or following or behind == len(tokens) - 1
        clock, after = _clock(tokens, behind, digits_only=digits_only)
        return SnoozeTime(first=at, after=after, until=tomorrow_at(now, clock)) if clock else None
    if not preposition:
        return None
    if (weekday := read_weekday(tokens[at].bare_word)) is not None:
        clock, after = _clock(tokens, behind, digits_only=True)
        until = _weekday_at(now, weekday, clock or MORNING)
        return SnoozeTime(first=at, after=after if clock else at + 1, until=until)
    clock, after = _clock(tokens, at)
    if clock:
        return SnoozeTime(first=at, after=after, until=next_at(now, clock))
    if (day := _day(tokens[at].bare_word)) is not None:
        clock, after = _clock(tokens, behind, digits_only=True)
        until = datetime.combine(day, clock or MORNING, tzinfo=now.tzinfo)
        return SnoozeTime(first=at, after=after if clock else at + 1, until=until)
    moment = _moment(tokens[at].bare_word, now)
    return SnoozeTime(first=at, after=at + 1, until=moment) if moment else None


def _day(word: str) -> date | None:
    try:
        return date.fromisoformat(word) if _DATE.fullmatch(word) else None
    except ValueError:  # the 30th of February
        return None


def _weekday_at(now: datetime, weekday: int, clock: time) -> datetime:
    """The next such day after today, in the zone of `now`."""
    ahead = (weekday - now.weekday() - 1) % 7 + 1
    return datetime.combine(now.date() + timedelta(days=ahead), clock, tzinfo=now.tzinfo)


def _clock(tokens: Sequence[Token], at: int, *, digits_only: bool = False) -> tuple[time | None, int]:
    """Read a time of day that may be written in two pieces; returns it, and where what follows begins."""
    if at >= len(tokens):
        return None, at
    word = tokens[at].bare_word
    if at + 1 < len(tokens) and tokens[at + 1].bare_word in _HALVES:
        both = read_time_of_day(word + tokens[at + 1].bare_word)
        if both:
            return both, at + 2
    return read_time_of_day(word, digits_only=digits_only), at + 1


def _moment(word: str, now: datetime) -> datetime | None:
    """Read `2026-03-02T09:00`, in the person's zone unless it names another."""
    if not _MOMENT.fullmatch(word):
        return None
    try:
        moment = datetime.fromisoformat(word.upper())
        return (moment if moment.tzinfo else moment.replace(tzinfo=now.tzinfo)).astimezone(UTC)
    except (ValueError, OverflowError):  # the 30th of February; year 9999 in a zone
        return None


def _length_end(tokens: Sequence[Token], at: int, now: datetime) -> SnoozeTime | None:
    """Read `2h`, `2 hours`, `an hour`, `half an hour`, `1 hour and 30 minutes`: ever smaller units."""
    said, end, unit = "", at, LONGEST
    while end < len(tokens):
        start = end + (said != "" and tokens[end].bare_word == "and")
        part, after = _part(tokens, start)
        smallest = timedelta(seconds=_SECONDS["m"]) if part == _HALF_HOUR else _unit_of(part)
        if smallest is None or smallest >= unit:
            break
        said, end, unit = said + part, after, smallest
    length = parse_length(said)
    return SnoozeTime(first=at, after=end, until=now + length) if length else None


def _part(tokens: Sequence[Token], at: int) -> tuple[str, int]:
    """A number and its unit, which may be two pieces or in words; returns them as one, and where the rest begins."""
    words = [token.bare_word for token in tokens[at : at + 3]]
    for half in (["half", "an", "hour"], ["half", "hour"]):
        if words[: len(half)] == half:
            return _HALF_HOUR, at + len(half)
    if len(words) > 1 and is_unit(words[1]):
        return str(_NUMBERS.get(words[0], words[0])) + words[1], at + 2
    return (words[0] if words else ""), at + 1


def _unit_of(part: str) -> timedelta | None:
    """The smallest unit of a length that is one piece; `None` for anything else."""
    if not _WHOLE.fullmatch(part):
        return None
    units = [unit for _, unit in _PART.findall(part)]
    return timedelta(seconds=min(_UNITS[unit] for unit in units)) if all(map(is_unit, units)) else None


def _bare_end(token: Token, now: datetime) -> SnoozeTime | None:
    if token.bare_word in _RECOVERY:
        return SnoozeTime(first=0, after=0, until=None)
    if token.bare_word == "tomorrow":
        return SnoozeTime(first=0, after=0, until=tomorrow_at(now, MORNING))
    return None
