"""Sums of the last 24 hours, hour by hour, held against the same hours of other weeks; and times without anything."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

SLOTS, SLOT_HOURS = 28, 6
"""A week is seen in slots of six hours. The first begins on Thursday, 0:00 UTC, as the time since 1970 does."""

_DAY, _WEEK = 24, SLOTS * SLOT_HOURS

_LEAST_WEEKS = 3
"""From fewer weeks no extreme of a slot is taken."""


def slot_of(hour: int) -> int:
    """The slot of the week of an hour that is counted since 1970."""
    return hour // SLOT_HOURS % SLOTS


_LEAST_GAP, _WEEKEND, _CLOCKWORK = 3, 36, 0.85
"""Hours by which a gap has to be longer at least; hours from which on one is a weekend, and what has them has holidays;
the evenness of what comes at the same hours each week."""

_FEW, _FEW_OF = 3, 0.15
"""So many hours, and that share of a stretch, may be as usual without ending it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hours:
    """What happened hour by hour, from the hour `first` (counted since 1970) on: rows, starts, failed runs."""

    first: int
    rows: Sequence[int]
    starts: Sequence[int]
    failed: Sequence[bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class DaySums:
    """For each hour from `first` on the sum of the 24 that ended with it; `None` where that tells nothing."""

    first: int
    sums: Sequence[int | None]

    @classmethod
    def of_rows(cls, hours: Hours) -> DaySums:
        """The rows of 24 hours in which about as many runs began as usual, and none failed."""
        sums = _running(hours.rows)
        began, failed = _running(hours.starts), _running([int(each) for each in hours.failed])
        enough = usual_starts(began) / 2
        return cls(
            first=hours.first,
            sums=[
                total
                if place >= _DAY - 1 and began[place] > 0 and began[place] >= enough and not failed[place]
                else None
                for place, total in enumerate(sums)
            ],
        )

    @classmethod
    def of_starts(cls, hours: Hours) -> DaySums:
        """How many runs began in 24 hours."""
        return cls(
            first=hours.first,
            sums=[total if place >= _DAY - 1 else None for place, total in enumerate(_running(hours.starts))],
        )

    def __iter__(self) -> Iterator[tuple[int, int | None]]:
        """Each hour with its sum."""
        return enumerate(self.sums, start=self.first)


def usual_starts(began: Sequence[int]) -> int:
    """The middle of the numbers of starts in 24 hours."""
    return sorted(began)[len(began) // 2] if began else 0


def _running(amounts: Sequence[int]) -> list[int]:
    """For each hour the sum of the 24 that end with it."""
    total = list(accumulate(amounts, initial=0))
    return [until - before for until, before in zip(total[1:], [*[0] * (_DAY - 1), *total], strict=False)]


class WeekSlots:
    """The least and the most of `DaySums` in each slot of each week. Slots reach an hour into their neighbours."""

    def __init__(self, sums: DaySums) -> None:
        """Sort the sums into slots."""
        self._least: list[dict[int, int]] = [{} for _ in range(SLOTS)]
        self._most: list[dict[int, int]] = [{} for _ in range(SLOTS)]
        all_sums, first = sums.sums, sums.first
        for hour in range(first - first % SLOT_HOURS, first + len(all_sums), SLOT_HOURS):
            # With an hour of each neighbour: what comes at a slot's edge comes a little earlier or later.
            place = hour - first
            known = [
                total
                for total in all_sums[max(place - 1, 0) : max(place + SLOT_HOURS + 1, 0)]
                if total is not None
            ]
            if known:
                slot, week = slot_of(hour), hour // _WEEK
                self._least[slot][week], self._most[slot][week] = min(known), max(known)

    def low(self, slot: int, *, without: int | None = None) -> int | None:
        """The least that other weeks than `without` had in a slot; `None` where too few are known."""
        known = [least for week, least in self._least[slot].items() if week != without]
        return min(known) if len(known) >= _LEAST_WEEKS - (without is not None) else None

    def high(self, slot: int, *, without: int | None = None) -> int | None:
        """The most that other weeks than `without` had; the second most where enough are known: one may be odd."""
        most = sorted((most for week, most in self._most[slot].items() if week != without), reverse=True)
        if len(most) < _LEAST_WEEKS - (without is not None):
            return None
        return most[1] if len(most) > _LEAST_WEEKS else most[0]

    def off_before(self, sums: DaySums, *, times: float, below: bool) -> int:
        """For how many hours the sums were ever off, as seen from the other weeks."""
        limits = [
            {week: self.low(slot, without=week) if below else self.high(slot, without=week) for week in weeks}
            for slot, weeks in enumerate(self._least)
        ]
        extremes = self._least if below else self._most
        if not any(
            limit and (weeks[week] < limit * times if below else weeks[week] > limit * times)
            for weeks, of_slot in zip(extremes, limits, strict=True)
            for week, limit in of_slot.items()
        ):
            return 0  # so it is with most, and the hours need not be gone through
        longest = 0
        since: int | None = None
        off = others = 0  # as an `OffStretch` counts them; this is the innermost loop of learning
        for hour, total in sums:
            limit = limits[hour // SLOT_HOURS % SLOTS].get(hour // _WEEK)
            if total is None or not limit:
                continue
            if total < limit * times if below else total > limit * times:
                since = hour if since is None else since
                off += 1
                longest = max(longest, hour - since + 1)
            else:
                others += 1
                if others > _FEW + off * _FEW_OF:
                    since, off, others = None, 0, 0
        return longest


@dataclass(slots=True)
class OffStretch:
    """Hours that are off, one after the other (in either direction of time), with few between that are not."""

    since: int | None = None
    _off: int = 0
    _others: int = 0

    def goes_on(self, hour: int, *, is_off: bool) -> bool:
        """Take in the next hour; whether the stretch goes on."""
        if is_off:
            self.since = hour if self.since is None else self.since
            self._off += 1
        else:
            self._others += 1
        return self._others <= _FEW + self._off * _FEW_OF


@dataclass(frozen=True, slots=True, kw_only=True)
class Gaps:
    """How long it took until something came again, in hours.

    `longest` is by slot of the week, the most hours that had passed there. `evenness` is 1 where as many had passed in
    each week, and near 0 where that differs much from week to week.
    """

    longest: Sequence[int]
    evenness: float

    @classmethod
    def of(cls, amounts: Sequence[int], first: int) -> Gaps:
        """The gaps between the hours with anything; `first` is the first of them, counted since 1970."""
        longest, sums, counts = [0] * SLOTS, [0] * SLOTS, [0] * SLOTS
        since: int | None = None
        for hour, amount in enumerate(amounts, start=first):
            if amount:
                since = hour
            if since is None:
                continue
            slot = slot_of(hour)
            longest[slot] = max(longest[slot], hour - since)
            sums[slot] += hour - since
            counts[slot] += 1
        # Each gap counts an hour more: whether none or one has passed makes no source uneven.
        whole = sum(each + 1 for each, count in zip(longest, counts, strict=True) if count)
        mean = sum(total / count + 1 for total, count in zip(sums, counts, strict=True) if count)
        return cls(longest=tuple(longest), evenness=mean / whole if whole else 1.0)

    def limit(self, hour: int, *, most: float) -> float:
        """How many hours may pass at that hour of the week before that is odd; `most` is the longest holiday."""
        longest, middle = max(self.longest) + 1, sorted(self.longest)[SLOTS // 2]
        if longest >= _WEEKEND and self.evenness >= _CLOCKWORK and middle >= longest / 3:
            more = 0.9 * longest  # it comes once in so long, not all the time but for weekends
        elif longest >= _WEEKEND:
            more = most
        else:
            more = min(max(2.2 * longest, _LEAST_GAP), most)
        return max(
            self.usual(hour) + more,
            (1.7 + 6 * (1 - self.evenness) ** 2) * longest,
        )

    def usual(self, hour: int) -> int:
        """The most hours that ever passed at that hour of the week."""
        return self.longest[slot_of(hour)] + 1


def least_in_slot(hours: Hours) -> tuple[int, ...]:
    """For each slot of the week the fewest rows that ever came in it, where no run failed; 0 where it is not known."""
    least: dict[int, int] = {}
    first = hours.first
    for hour in range(first - first % SLOT_HOURS, first + len(hours.rows), SLOT_HOURS):
        span = slice(max(hour - first, 0), max(hour - first + SLOT_HOURS, 0))
        if not any(hours.failed[span]):
            total, slot = sum(hours.rows[span]), slot_of(hour)
            least[slot] = min(total, least.get(slot, total))
    return tuple(least.get(slot, 0) for slot in range(SLOTS))
