"""What an integration's runs did on one day, and the days of an integration."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from operator import attrgetter
from typing import Any


@dataclass(slots=True)
class Day:
    """One day (UTC) of an integration. Rows are counted by the hour in which their run ended, starts by their own.

    `failed_hours` has a bit for each hour in which a run failed. `largest_run` is in rows. `ahead` and `behind` are the
    most seconds by which a watermark lay after or before the end of a run that brought rows. `hollow` runs brought no
    row and moved the watermark, `still` ones brought rows and did not. `longest` is the longest good run in seconds,
    `long_in_a_row` the greatest length that the shortest of a few good runs in a row had, `usual_length` the median.
    """

    rows: array[int] = field(default_factory=lambda: array("q", bytes(192)))
    starts: array[int] = field(default_factory=lambda: array("H", bytes(48)))
    failed_hours: int = 0
    largest_run: int = 0
    ahead: float | None = None
    behind: float | None = None
    runs_with_rows: int = 0
    empty_runs: int = 0
    hollow: int = 0
    still: int = 0
    failed_rows: int = 0
    partial_runs: int = 0
    usual_length: float = 0.0
    longest: float = 0.0
    long_in_a_row: float = 0.0

    def to_json(self) -> list[Any]:
        """All of it as plain values, in the order of its fields."""
        return [
            list(self.rows),
            list(self.starts),
            *(round(value, 1) if isinstance(value, float) else value for value in _others(self)),
        ]

    @classmethod
    def from_json(cls, rows: list[int] | bytes, starts: list[int] | bytes, *others: Any) -> Day:
        """A day as it was stored, or as it was packed."""
        return cls(array("q", rows), array("H", starts), *others)

    def packed(self) -> tuple[Any, ...]:
        """All of it as plain values that take little room."""
        return self.rows.tobytes(), self.starts.tobytes(), *_others(self)

    @property
    def synced(self) -> int:
        """The rows of the day."""
        return sum(self.rows)


_others = attrgetter(*(each.name for each in fields(Day)[2:]))


class Days(Mapping[int, Day]):
    """Days by their number since 1970, the oldest first. Each is read as a copy, but for those that are worked on.

    Packed, the others are no work for the garbage collector: a hundred thousand days would hold everything up.
    """

    __slots__ = ("_open", "_packed")

    def __init__(self, days: Iterable[tuple[int, Day]] = ()) -> None:
        """Keep these, the oldest first."""
        self._packed = {number: day.packed() for number, day in days}
        self._open: dict[int, Day] = {}

    def __getitem__(self, number: int) -> Day:
        """The day of this number."""
        return self._open.get(number) or Day.from_json(*self._packed[number])

    def __iter__(self) -> Iterator[int]:
        """The numbers."""
        return iter(sorted({*self._packed, *self._open}))

    def __len__(self) -> int:
        """How many there are."""
        return len(self._packed) + len(self._open)

    def work_on(self, number: int) -> Day:
        """The day of this number, to be changed until the next but one is worked on; a new one if there is none."""
        if number not in self._open:
            for other in sorted(self._open)[:-1]:
                self._packed[other] = self._open.pop(other).packed()
            packed = self._packed.pop(number, None)
            self._open[number] = Day.from_json(*packed) if packed else Day()
        return self._open[number]

    def drop(self, number: int) -> None:
        """Keep this one no longer."""
        self._open.pop(number, None)
        self._packed.pop(number, None)
