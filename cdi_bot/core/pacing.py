"""What to ask Braze next: the plain policy.

The list call is swept page after page, one request each time its share of the limit allows. The status call goes
first to what the sweep showed changed, then to what is running, then to whatever has not been seen for too long, and
last to filling in what the list does not tell.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum

RUNNING_INTERVAL = timedelta(seconds=10)
"""How often a run that is known to be running is looked at, beside what the sweep tells of it."""

DISTRUST = 10
"""With a list to go by, the status call is asked at least every so many poll intervals, in case the list lies."""

SHARE = 0.8
"""The part of a limit that polling may use; the customer's other tools have the rest."""

ROUTINE_SHARE = 0.6
"""The part of the status limit that goes to what is not news, so that news never has to wait for it."""


class Urgency(IntEnum):
    """Why an integration's status is asked, most urgent first."""

    NEWS = 0  # the list showed something that no status call has explained yet
    RUNNING = 1  # a run is on its way
    UNSEEN = 2  # nothing was heard of it for too long
    UNTOLD = 3  # only the list has told of it so far: its rows and its past are not known


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What the choice needs to know of one integration. Times are of the last good answers."""

    integration_id: str
    news: bool
    running: bool
    asked_at: datetime | None
    listed_at: datetime | None
    not_before: datetime | None  # after a failure that concerned it alone


def urgency(standing: Standing, *, now: datetime, interval: timedelta) -> Urgency | None:
    """Why the status of an integration should be asked now, `None` when it need not be."""
    if standing.not_before and now < standing.not_before:
        return None
    if standing.news:
        return Urgency.NEWS
    asked, listed = standing.asked_at, standing.listed_at
    if standing.running and (asked is None or now - asked >= RUNNING_INTERVAL):
        return Urgency.RUNNING
    seen = max((time for time in (asked, listed) if time), default=None)
    if seen is None or now - seen >= interval:
        return Urgency.UNSEEN
    if listed and now - (asked or listed) >= interval * DISTRUST:
        return Urgency.UNSEEN
    return Urgency.UNTOLD if asked is None else None


def choose(
    standings: Iterable[Standing], *, now: datetime, interval: timedelta, allowance: int, routine: int
) -> list[tuple[str, Urgency]]:
    """Pick the integrations to ask now, most urgent first, longest unasked first among equals.

    `allowance` bounds the whole, `routine` what is not news.
    """
    never = datetime.min.replace(tzinfo=now.tzinfo)
    wanted = sorted(
        (why, standing.asked_at or never, standing.integration_id)
        for standing in standings
        if (why := urgency(standing, now=now, interval=interval)) is not None
    )
    chosen: list[tuple[str, Urgency]] = []
    for why, _, integration_id in wanted:
        if len(chosen) >= allowance:
            break
        if why is not Urgency.NEWS:
            if routine <= 0:
                break
            routine -= 1
        chosen.append((integration_id, why))
    return chosen


def gap(limit: int, share: float) -> timedelta:
    """The time between two requests that spreads a share of a limit evenly over its minute."""
    return timedelta(seconds=60 / max(limit * share, 1))
