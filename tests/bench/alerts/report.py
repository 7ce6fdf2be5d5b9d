"""The tables of docs/alert-quality.md: what is named in time and what is told for nothing, beside the three rivals."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import groupby
from operator import itemgetter
from pathlib import Path

from tests.bench.alerts.history import DAY, HOUR, History, Line
from tests.bench.alerts.score import Healthy, Tally, delay_of
from tests.bench.alerts.worlds import histories

PAGE = Path(__file__).parents[3] / "docs/alert-quality.md"
BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"

Ways = Mapping[str, Callable[[History], list[Line]]]
"""Each way to tell, by what the table calls it: from a history to incidents."""


def measured(ways: Ways, seed: int) -> dict[str, Tally]:
    """The score of each way over the histories of one seed."""
    tallies = {name: Tally() for name in ways}
    for history in histories(seed):
        for name, told in ways.items():
            tallies[name].add(history, told(history))
    return tallies


def measure(ways: Ways, seeds: Sequence[int], processes: int) -> dict[str, Tally]:
    """The score of each way over the histories of these seeds; a seed is one process's work."""
    total = {name: Tally() for name in ways}
    with ProcessPoolExecutor(processes) as pool:
        for tallies in pool.map(measured, [ways] * len(seeds), seeds):
            for name, tally in tallies.items():
                total[name].merge(tally)
    return total


def tables(tallies: Mapping[str, Tally]) -> Iterator[str]:
    """All lines of the section, but for the sentence that says what was measured."""
    names = list(tallies)
    yield from _head(
        "", "named in time", "false alerts", "notices of single large runs", "incidents of partial runs"
    )
    for name, tally in tallies.items():
        yield (
            f"| {name} | {tally.recall:.0%} | {_number(tally.false_a_month)} | {_number(tally.spikes_a_month)} "
            f"| {_number(tally.partials_a_month)} |"
        )
    yield ""
    yield from _head("failure", "strength", *names)
    first = next(iter(tallies.values()))
    for kind, strengths in groupby(first.faults, key=itemgetter(0)):
        for which in strengths:
            cells = (_named(tally.faults[which]) for tally in tallies.values())
            yield f"| {kind} | {which[1]} | {' | '.join(cells)} |"
    yield ""
    yield from _head("healthy integrations", "months", *names)
    for kind, healthy in first.healthy.items():
        cells = (_told(tally.healthy[kind]) for tally in tallies.values())
        yield f"| {kind} | {healthy.months:.0f} | {' | '.join(cells)} |"


def _head(*cells: str) -> tuple[str, str]:
    return f"| {' | '.join(cells)} |", f"| {' | '.join('---' for _ in cells)} |"


def _number(value: float) -> str:
    return (
        "0"
        if not value
        else f"{value:.3f}"
        if value < 0.1
        else f"{value:.2f}"
        if value < 10
        else f"{value:.0f}"
    )


def _named(delays: Sequence[float | None]) -> str:
    """How many of the histories, and after how long in the median."""
    told = sum(one is not None for one in delays)
    delay = delay_of(delays)
    return f"{told} of {len(delays)}" + ("" if delay is None else f", {_span(delay)}")


def _span(seconds: float) -> str:
    if seconds < 2 * HOUR:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / HOUR:.0f} h" if seconds < 2 * DAY else f"{seconds / DAY:.1f} d"


def _told(healthy: Healthy) -> str:
    return _number(healthy.false / healthy.months) if healthy.months else "–"


def written(page: str, section: str) -> str:
    """The page with its measured section exchanged; an error where the page has no such section."""
    before, _, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not end:
        raise ValueError(f"{PAGE.name} has no section between {BEGIN} and {END}")
    return f"{before}{BEGIN}\n{section}\n{end}{after}"
