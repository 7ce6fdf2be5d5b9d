"""What an integration's runs did on one day."""

from __future__ import annotations

from array import array
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
    def from_json(cls, rows: list[int], starts: list[int], *others: Any) -> Day:
        """A day as it was stored."""
        return cls(array("q", rows), array("H", starts), *others)

    @property
    def synced(self) -> int:
        """The rows of the day."""
        return sum(self.rows)


_others = attrgetter(*(each.name for each in fields(Day)[2:]))
