"""Snoozes by the clock: the windows of those that recur, and which of several lasts longest."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, tzinfo

from cdi_bot.core.digest_schedule import zone_named
from cdi_bot.core.hours import Hours, parse_hours
from cdi_bot.core.model.channel import Channel
from cdi_bot.core.model.subscription import Snooze

_NEVER = datetime.max.replace(tzinfo=UTC)


def read_window(text: str) -> tuple[Hours, tzinfo] | None:
    """Read `sun 02:00-06:00 Europe/Berlin`; `None` for what another version wrote."""
    hours, _, zone = text.rpartition(" ")
    read = parse_hours(hours)
    return (read, zone_named(zone)) if read else None


def window_at(every: str, now: datetime) -> tuple[datetime, datetime] | None:
    """When the window that `now` is in began and ends, in UTC, or else the next one; `None` where none comes."""
    window = read_window(every)
    return window[0].span_at(window[1], now) if window else None


def window_in_a_file(snooze: Snooze) -> str | None:
    """The window of a snooze as a configuration file names it; `None` for one of the moment, which stands in none."""
    if snooze.every:
        return f"every {snooze.every}"
    return None if snooze.until is None or snooze.is_of_the_moment else planned(snooze.begins, snooze.until)


def planned(begins: datetime, until: datetime) -> str:
    """The text form of a planned window: `from 2026-03-07T22:00:00Z until 2026-03-08T06:00:00Z`."""
    begin, end = (each.astimezone(UTC).isoformat().replace("+00:00", "Z") for each in (begins, until))
    return f"from {begin} until {end}"


def following(snooze: Snooze, now: datetime) -> Snooze | None:
    """What a snooze is when its time is over: its present or next window if it recurs, else `None`."""
    window = window_at(snooze.every, now) if snooze.every else None
    return replace(snooze, begins=window[0], until=window[1], has_begun=False) if window else None


def longest(snoozes: Iterable[Snooze], channel: Channel) -> Snooze | None:
    """Of several that take in one integration, the one that lasts longest in a channel."""
    here = (each for each in snoozes if each.channel == channel)
    return max(here, key=lambda each: each.until or _NEVER, default=None)


def snoozed_until(snoozes: Iterable[Snooze | None]) -> datetime | None:
    """Until when a message has to wait whose incidents are snoozed by these; `None` when one of them is not.

    A snooze "until it recovers" counts as far away as a date can be.
    """
    present = list(snoozes)
    ends = [each.until or _NEVER for each in present if each]
    return min(ends) if ends and len(ends) == len(present) else None
