"""All histories of one seed: one of each healthy kind, and one of each fault in each strength."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from tests.bench.alerts import flows, syncs  # noqa: F401  # they fill the table of kinds
from tests.bench.alerts.faults import FAULTS, Kind, lay
from tests.bench.alerts.history import History
from tests.bench.alerts.kinds import HEALTHY

TUNING, REPORT = range(100), range(1000, 2000)
"""Seeds that rules may be tuned on, and those that only the report looks at."""


def healthy(seed: int, kind: str) -> History:
    """A healthy history of that kind."""
    return HEALTHY[kind](Random(f"{seed}/{kind}")).history(f"{seed}-{_slug(kind)}", kind)


def faulty(seed: int, kind: Kind) -> History:
    """A history with that fault over a source in which it can be seen."""
    rng = Random(f"{seed}/{kind.kind}/{kind.strength}")
    over = rng.choice(kind.over)
    source = HEALTHY[over](rng)
    if kind.prepare is not None:
        kind.prepare(source, rng)
    history = source.history(f"{seed}-{_slug(kind.kind)}-{_slug(kind.strength)}", over)
    lay(kind, history, source, rng)
    return history


def histories(seed: int) -> Iterator[History]:
    """All of them, one after the other; each depends on the seed and its own kind alone."""
    for kind in HEALTHY:
        yield healthy(seed, kind)
    for fault in FAULTS:
        yield faulty(seed, fault)


def _slug(name: str) -> str:
    return "-".join("".join(one if one.isalnum() else " " for one in name).split()).lower()
