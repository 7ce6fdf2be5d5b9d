"""The hours of a channel: outside them nothing is posted there, but for the alerts that are named to pass.

They are times of day of the channel's zone, also across daylight-saving changes. An alert that may not be posted waits
until they begin.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import lru_cache

from cdi_bot.core.digest_schedule import WEEKDAYS, read_time_of_day, read_weekday, zone_of
from cdi_bot.core.model.channel import ChannelSettings
from cdi_bot.core.model.incident import Incident, Kind, Topic
from cdi_bot.core.model.subscription import TOPIC_OF_STATUS

_DAY = timedelta(days=1)
_WEEK = len(WEEKDAYS)
_NEAR, _FAR = 17, 400
"""So many days around the present are looked at; the second where there is nothing but holidays."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hours:
    """From `begin` to `end` on each of the `days` (0 is Monday) that is none of the `holidays`.

    An `end` that is not after `begin` is on the day after. `passing` are the types of alerts that are posted at any
    time.
    """

    days: frozenset[int] = frozenset(range(_WEEK))
    begin: time = time(0)
    end: time = time(0)
    passing: frozenset[Topic] = frozenset()
    holidays: frozenset[date] = frozenset()

    def __str__(self) -> str:
        """Return them as they are typed and stored, without the holidays: `mon-fri 08:00-19:00 except:error`."""
        end = "24:00" if self.end == time(0) else f"{self.end:%H:%M}"
        words = [_written_days(self.days), f"{self.begin:%H:%M}-{end}"]
        named = ",".join(topic for topic in Topic if topic in self.passing)
        return " ".join([*words, *([f"except:{named}"] if named else [])])

    @property
    def never_end(self) -> bool:
        """Whether there is no time outside them, but for holidays."""
        return len(self.days) == _WEEK and self.begin == self.end

    def are_on(self, zone: tzinfo, now: datetime) -> bool:
        """Whether `now` is within them."""
        return any(begin <= now < end for begin, end in self._spans(zone, now, _NEAR))

    def last_begin(self, zone: tzinfo, now: datetime) -> datetime | None:
        """When they last began, at `now` or before, in UTC; `None` where they did not for a year."""
        for reach in (_NEAR, _FAR):
            begins = [begin for begin, _ in self._spans(zone, now, reach) if begin <= now]
            # What is under way as the first of these days begins may have begun before.
            if begins and (reach == _FAR or now - begins[-1] < _DAY * (reach - _WEEK - 1)):
                return begins[-1]
        return None

    def last_end(self, zone: tzinfo, now: datetime) -> datetime | None:
        """When they last ended, at `now` or before, in UTC; `None` where they did not for a year."""
        ends = (end for reach in (_NEAR, _FAR) for _, end in reversed(self._spans(zone, now, reach)))
        return next((end for end in ends if end <= now), None)

    def end_after(self, zone: tzinfo, begin: datetime | None, now: datetime) -> datetime | None:
        """When those ended, at `now` or before, that had begun at `begin` a few days ago; `None` for others."""
        return next((end for at, end in self._spans(zone, now, _NEAR) if at == begin and end <= now), None)

    def next_begin(self, zone: tzinfo, now: datetime) -> datetime | None:
        """When they begin next, after `now`, in UTC; `None` where they do not for a year."""
        begins = (begin for reach in (_NEAR, _FAR) for begin, _ in self._spans(zone, now, reach))
        return next((begin for begin in begins if begin > now), None)

    def span_at(self, zone: tzinfo, now: datetime) -> tuple[datetime, datetime] | None:
        """The stretch of them that `now` is in, or else the next one; `None` where there is none for a year."""
        spans = (span for reach in (_NEAR, _FAR) for span in self._spans(zone, now, reach))
        return next((span for span in spans if now < span[1]), None)

    def _spans(self, zone: tzinfo, now: datetime, reach: int) -> Sequence[tuple[datetime, datetime]]:
        return _spans(self, zone, now.astimezone(zone).date(), reach)


@lru_cache(maxsize=1024)
def _spans(hours: Hours, zone: tzinfo, today: date, reach: int) -> Sequence[tuple[datetime, datetime]]:
    """The stretches of these hours around a day, in order, in UTC; what follows without a gap is one.

    A time that the clocks skip is as much later; of one that they show twice it is the first.
    """
    found: list[tuple[datetime, datetime]] = []
    for day in (today + _DAY * each for each in range(-reach, reach + 1)):
        if day.weekday() not in hours.days or day in hours.holidays:
            continue
        last = day if hours.end > hours.begin else day + _DAY
        begin = datetime.combine(day, hours.begin, tzinfo=zone).astimezone(UTC)
        end = datetime.combine(last, hours.end, tzinfo=zone).astimezone(UTC)
        if end <= begin:
            continue
        if found and begin <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((begin, end))
    return found


_SPACE = re.compile(r"[\s,、]+")
_DASH = re.compile(r"\s*(?:[-–—~〜～－]|\b(?:to|until|till|through)\b)\s*")
_BETWEEN = re.compile(r"\bbetween\s+(\S+)\s+and\s+")
_FILLERS = frozenset({"from", "on", "at", "and", "every", "day", "days", "the"})
_SETS = {
    "daily": range(_WEEK),
    "everyday": range(_WEEK),
    "weekdays": range(5),
    "workdays": range(5),
    "weekends": range(5, _WEEK),
}
_MIDNIGHT = frozenset({"24", "24:00", "2400", "midnight"})


def read_hours(words: Iterable[str]) -> Hours | None:
    """Read `mon-fri 08:00-19:00`, `sat, sun 10am to 2pm`, `weekdays` and the like; `None` for anything else.

    Without days they are every day's, without times the whole day's. What never ends is `None` too.
    """
    days: set[int] = set()
    times: tuple[time, time] | None = None
    text = _BETWEEN.sub(r"\1-", " ".join(words).lower())
    pieces = [piece for piece in _SPACE.split(_DASH.sub("-", text)) if piece]
    meant = [piece for piece in pieces if piece not in _FILLERS]
    for piece in meant:
        named, between = _read_days(piece), _read_times(piece)
        if named:
            days |= named
        elif between and times is None:
            times = between
        else:
            return None
    if not meant:
        return None
    begin, end = times or (time(0), time(0))
    hours = Hours(days=frozenset(days) or frozenset(range(_WEEK)), begin=begin, end=end)
    return None if hours.never_end else hours


def _read_days(piece: str) -> set[int]:
    if piece in _SETS:
        return set(_SETS[piece])
    first, dash, last = piece.partition("-")
    begin, end = read_weekday(first), read_weekday(last if dash else first)
    if begin is None or end is None:
        return set()
    return {(begin + each) % _WEEK for each in range((end - begin) % _WEEK + 1)}


def _read_times(piece: str) -> tuple[time, time] | None:
    first, _, last = piece.partition("-")
    begin = read_time_of_day(first, digits_only=True)
    end = time(0) if last in _MIDNIGHT else read_time_of_day(last, digits_only=True)
    return (begin, end) if begin is not None and end is not None else None


def _written_days(days: frozenset[int]) -> str:
    """The days as they are typed: `mon-fri`, `sat`, `mon,wed,fri`, `daily`."""
    if len(days) == _WEEK:
        return "daily"
    return ",".join(
        WEEKDAYS[begin] if begin == end else f"{WEEKDAYS[begin]}-{WEEKDAYS[end]}"
        for begin, end in day_rows(days)
    )


def day_rows(days: frozenset[int]) -> list[tuple[int, int]]:
    """The rows of days that follow each other, each with its first and its last; not of all seven."""
    begins = sorted(day for day in days if (day - 1) % _WEEK not in days)
    return [
        (
            begin,
            next((begin + each) % _WEEK for each in range(_WEEK) if (begin + each + 1) % _WEEK not in days),
        )
        for begin in begins
    ]


def parse_hours(stored: str | None, holidays: str | None = None) -> Hours | None:
    """Hours in their text form, with these dates; `None` for none, and for what can't be read."""
    text, _, named = (stored or "").partition(" except:")
    hours = read_hours(text.split())
    passing = frozenset(topic for topic in Topic if topic in named.split(","))
    return hours and replace(hours, passing=passing, holidays=read_dates(holidays or ""))


def hours_of(settings: ChannelSettings | None) -> Hours | None:
    """The channel's hours; `None` where it has none."""
    return parse_hours(settings.hours, settings.holidays) if settings else None


def read_dates(text: str) -> frozenset[date]:
    """Dates as they are stored: `2026-12-25 2026-12-26`. Raises `ValueError`."""
    return frozenset(map(date.fromisoformat, text.split()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """That nothing may be posted in a channel now, but what passes: `until` the hours begin, where that is known."""

    hours: Hours
    until: datetime | None


def silence(settings: ChannelSettings | None, now: datetime) -> Silence | None:
    """Whether a channel is outside its hours, or they have begun and what they held back is not told yet."""
    hours = hours_of(settings)
    if hours is None or settings is None:
        return None
    zone = zone_of(settings)
    if not hours.are_on(zone, now):
        return Silence(hours=hours, until=hours.next_begin(zone, now))
    return None if settings.hours_told == hours.last_begin(zone, now) else Silence(hours=hours, until=now)


@dataclass(frozen=True, slots=True, kw_only=True)
class HoursNow:
    """The hours of a channel in a zone, and, where nothing may be posted now, when they begin."""

    hours: Hours
    zone: str
    next_begin: datetime | None = None


def hours_now(settings: ChannelSettings | None, now: datetime) -> HoursNow | None:
    """How a channel's hours are; `None` where it has none."""
    hours, zone = hours_of(settings), zone_of(settings)
    if hours is None or settings is None:
        return None
    begin = None if hours.are_on(zone, now) else hours.next_begin(zone, now)
    return HoursNow(hours=hours, zone=settings.zone or "UTC", next_begin=begin)


def silent_since(settings: ChannelSettings, now: datetime) -> datetime:
    """Since when a channel is silent that is: since the end of the hours that it was told of last."""
    hours, zone = hours_of(settings), zone_of(settings)
    if hours is None:
        return now
    return hours.end_after(zone, settings.hours_told, now) or hours.last_end(zone, now) or now


_TOPICS = {
    Kind.LATE: Topic.LATE,
    Kind.STALE: Topic.LATE,
    Kind.SLOW: Topic.SLOW,
    Kind.QUALITY: Topic.QUALITY,
}


def passes_hours(hours: Hours, incident: Incident, *, is_critical: bool = False) -> bool:
    """Whether an incident is told outside of a channel's hours too: any of a critical integration is.

    That Braze can't be reached, and statuses that Braze does not document, can't be named: they wait.
    """
    if is_critical:
        return True
    status = incident.last_failed.job_status if incident.last_failed else ""
    topic = TOPIC_OF_STATUS.get(status) if incident.kind is Kind.SYNC_FAILED else _TOPICS.get(incident.kind)
    return topic in hours.passing
