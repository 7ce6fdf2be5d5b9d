"""What somebody marked as expected stays silent: the stretch it was seen in, and the like of it ever after."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cdi_bot.core.expectations.flaws import Accepted, Flaw, flaw
from cdi_bot.core.expectations.judge import quality_flaws
from cdi_bot.core.expectations.past import LearnedPast
from cdi_bot.core.expectations.rows import judge_spike
from cdi_bot.core.expectations.timing import judge_starts
from cdi_bot.core.model.incident import EXPECTABLE, SPIKE, LateReason, QualityReason
from cdi_bot.core.model.integration import Integration, WatchedIntegration
from cdi_bot.core.model.run import Run

BEGIN = datetime(2026, 1, 5, tzinfo=UTC)
EVERY, WEEKS, ODD_DAYS = timedelta(hours=1), 7, 8
ODD_FROM = BEGIN + timedelta(weeks=WEEKS)


@dataclass(frozen=True)
class Oddity:
    """What is wrong from `ODD_FROM` on: rows times `rows`, and so on."""

    rows: float = 1.0
    failed: float = 0.0
    ahead: timedelta = timedelta(0)
    stands: bool = False
    stops: bool = False
    once: int = 0


ODDITIES: Mapping[str, Oddity] = {
    QualityReason.ROWS_LOW: Oddity(rows=0.1),
    QualityReason.ROWS_HIGH: Oddity(rows=6.0),
    QualityReason.NO_ROWS: Oddity(rows=0.0, stands=True),
    QualityReason.HOLLOW: Oddity(rows=0.0),
    QualityReason.WATERMARK_AHEAD: Oddity(ahead=timedelta(days=300)),
    QualityReason.WATERMARK_LAG: Oddity(ahead=timedelta(hours=-30)),
    QualityReason.RESYNC: Oddity(rows=3.0, stands=True),
    QualityReason.FAILED_SHARE: Oddity(failed=0.2),
    LateReason.RHYTHM: Oddity(stops=True),
    SPIKE: Oddity(once=90_000),
}
"""What makes each reason; a backlog needs failures before it, and is judged like the others."""


def made(oddity: Oddity, seed: int) -> list[Run]:
    """Runs of seven good weeks and some odd days."""
    rng, runs, watermark = Random(seed), [], BEGIN
    for number in range((WEEKS * 7 + ODD_DAYS) * 24):
        start = BEGIN + number * EVERY
        is_odd = start >= ODD_FROM
        if is_odd and oddity.stops:
            break
        rows = round(rng.uniform(800, 1_200))
        if is_odd:
            rows = round(rows * oddity.rows) + (oddity.once if start == ODD_FROM else 0)
        if not (is_odd and oddity.stands):
            watermark = (
                start - timedelta(minutes=rng.uniform(5, 15)) + (oddity.ahead if is_odd else timedelta(0))
            )
        failed = round(rows * oddity.failed) if is_odd else 0
        runs.append(
            Run(
                integration_id="one",
                sync_start_time=start,
                sync_finish_time=start + timedelta(minutes=2),
                job_status="partial" if failed else "success",
                last_timestamp_synced=watermark,
                rows_synced=rows - failed,
                rows_failed_with_errors=failed,
            )
        )
    return runs


def seen(runs: list[Run], accepted: Accepted, accepted_from: datetime | None) -> list[tuple[datetime, Flaw]]:
    """The flaws that are told hour by hour; what was `accepted` counts from a time on."""
    past, told, rest = LearnedPast(), [], list(runs)
    while rest and rest[0].sync_start_time < ODD_FROM:
        past.history.add(rest.pop(0))
    past.learn(ODD_FROM, is_off=False, is_slow=False)
    assert past.expected is not None
    newest = runs[0]
    for hour in range(ODD_DAYS * 24):
        now = ODD_FROM + timedelta(hours=hour, minutes=30)
        while rest and rest[0].sync_start_time < now:
            newest = rest.pop(0)
            past.history.add(newest)
        known = accepted if accepted_from is not None and now >= accepted_from else {}
        found = quality_flaws(past, newest, now, known)
        for other in (
            judge_starts(past.history, past.expected, now),
            judge_spike(past.history, past.expected),
        ):
            found += [other] if other and not other.is_expected(known) else []
        told += [(now, each) for each in found]
    return told


@pytest.mark.parametrize("reason", list(ODDITIES))
def test_each_is_told_until_it_is_marked(reason: str) -> None:
    """What is odd in each way is told for that reason, and no more from the hour on in which it was marked."""
    runs = made(ODDITIES[reason], seed=7)
    before = seen(runs, {}, None)
    at, first = next((now, each) for now, each in before if each.reason == reason)
    after = seen(runs, {reason: (first.measured.magnitude, at)}, at)
    assert not [each for now, each in after if each.reason == reason and now >= at]
    assert [each for now, each in after if each.reason != reason] == [
        each for now, each in before if each.reason != reason
    ]


@settings(max_examples=25, deadline=None)
@given(
    reason=st.sampled_from(list(ODDITIES)),
    seed=st.integers(0, 10**6),
    moment=st.floats(0, 1),
    rows=st.floats(0.05, 8),
)
def test_whatever_was_marked_is_silent_ever_after(reason: str, seed: int, moment: float, rows: float) -> None:
    """Whichever observation is marked, and when: nothing that is as odd or less is told again for that reason."""
    oddity = ODDITIES[reason]
    runs = made(replace(oddity, rows=rows) if 0 < oddity.rows != 1 else oddity, seed)
    before = seen(runs, {}, None)
    if not before:
        return
    at, marked = before[int(moment * (len(before) - 1))]
    magnitude = marked.measured.magnitude
    for now, each in seen(runs, {marked.reason: (magnitude, at)}, at):
        if now >= at and each.reason == marked.reason:
            assert each.measured.magnitude > magnitude


@given(
    reason=st.sampled_from(EXPECTABLE),
    magnitude=st.floats(0, 1e12),
    other=st.floats(0, 1e12),
)
def test_only_as_much_as_was_marked_is_accepted(reason: str, magnitude: float, other: float) -> None:
    """What comes later is silent where it is as odd or less, told where it is far odder, or odd for another reason."""
    later = flaw(reason, ODD_FROM, magnitude=other, observed=1, usual=2)
    before = ODD_FROM - timedelta(days=9)
    assert later.is_expected({reason: (magnitude, before)}) or other > magnitude
    assert not later.is_expected({})
    assert not later.is_expected({"another": (other, ODD_FROM)})
    assert not (other > 2 * magnitude and later.is_expected({reason: (magnitude, before)}))


def test_a_spike_is_told_until_it_is_owed() -> None:
    """A database that could not take its notice is given it again; after that, runs have to come first."""
    past, runs = LearnedPast(), made(ODDITIES[SPIKE], 7)
    for run in runs[: WEEKS * 7 * 24 + 1]:
        past.history.add(run)
    past.learn(ODD_FROM, is_off=False, is_slow=False)
    watched = WatchedIntegration(
        integration=Integration(workspace_id=1, integration_id="one", integration_name="One"),
        watched_since=BEGIN,
    )
    first = past.new_spike(watched, {})
    assert first is not None
    assert past.new_spike(watched, {}) == first
    past.spike_is_owed()
    assert past.new_spike(watched, {}) is None
