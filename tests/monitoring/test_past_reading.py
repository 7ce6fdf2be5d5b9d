"""What judging costs: a past is read where it tells something, as seldom as that, and only when there is leave to."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from cdi_bot.core.model.incident import Incident, Kind
from cdi_bot.core.model.integration import Integration, WatchedIntegration
from cdi_bot.core.model.run import Run
from cdi_bot.core.rules.kind_rules import Rule
from cdi_bot.core.rules.quality import QualityRule
from cdi_bot.core.rules.slow import SlowRule
from cdi_bot.monitoring.evaluator import PastReader, facts_of, judge
from cdi_bot.monitoring.integration_state import IntegrationState
from cdi_bot.store import Store
from tests.databases import Databases

DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
NOON = datetime(2026, 3, 25, 12, tzinfo=UTC)


def run(start: datetime, **more: Any) -> Run:
    """A good run of one minute that brought rows."""
    known: dict[str, Any] = {
        "job_status": "success",
        "sync_finish_time": start + MINUTE,
        "last_timestamp_synced": start,
        "rows_synced": 5,
        "rows_failed_with_errors": 0,
    }
    return Run(integration_id="users", sync_start_time=start, **known | more)


def running(start: datetime) -> Run:
    """A run that goes on."""
    return Run(integration_id="users", sync_start_time=start, job_status="running")


@dataclass
class Bench:
    """A rule before a real store; `reads` counts the pasts that were read for it, where it `may` have them."""

    store: Store
    workspace_id: int
    rule: Rule
    reads: int = 0
    may: bool = True

    async def save(self, *runs: Run) -> None:
        """Store runs."""
        async with self.store.write() as uow:
            await uow.runs.save(self.workspace_id, runs)

    async def judged(self, newest: Run, now: datetime) -> Incident | None:
        """What comes of the newest run, of which Braze has just told."""
        integration = Integration(
            workspace_id=self.workspace_id, integration_id="users", integration_name="Users"
        )
        watched = WatchedIntegration(
            integration=integration, watched_since=NOON - 30 * DAY, status_asked_at=now
        )
        item = IntegrationState(watched=watched, subscribed=True)
        item.newest, item.running_starts = newest, frozenset({newest.sync_start_time})
        past = PastReader(self.store, reads=int(self.may))
        found = await judge(self.rule, facts_of(item), None, now, past)
        self.reads += int(self.may) - past.reads
        return found


@pytest.fixture
async def bench(databases: Databases, tmp_path: Path) -> AsyncIterator[Bench]:
    """An integration that has run every six hours for three weeks."""
    store = await Store.open(databases.migrated("sqlite", tmp_path))
    async with store.write() as uow:
        workspace = await uow.workspaces.find_or_add(base_url="http://braze.test", dashboard_url=None)
    made = Bench(store, workspace.workspace_id, SlowRule(MINUTE))
    await made.save(*(run(NOON - n * 6 * HOUR) for n in range(1, 84)))
    yield made
    await store.close()


async def test_a_past_is_read_only_where_a_run_goes_on_for_long(bench: Bench) -> None:
    """Then once a day, and before anything is concluded."""
    assert await bench.judged(run(NOON), NOON + HOUR) is None
    assert await bench.judged(running(NOON), NOON + 9 * MINUTE) is None
    assert bench.reads == 0
    for minutes in (10, 11):
        assert await bench.judged(running(NOON), NOON + minutes * MINUTE) is None
        assert bench.reads == 1
    found = await bench.judged(running(NOON), NOON + 12 * MINUTE)
    assert found is not None
    assert found.kind is Kind.SLOW
    assert bench.reads == 1
    await bench.save(replace(running(NOON), job_status="success", sync_finish_time=NOON + 20 * MINUTE))
    later = NOON + HOUR
    assert await bench.judged(running(later), later + 10 * MINUTE) is None
    assert bench.reads == 1  # what was learned before holds
    assert await bench.judged(running(later), later + 25 * MINUTE) is None  # since then a longer one was seen
    assert bench.reads == 2
    assert await bench.judged(running(later), later + 31 * MINUTE) is not None
    assert await bench.judged(running(NOON + 2 * DAY), NOON + 2 * DAY + 10 * MINUTE) is None
    assert bench.reads == 3


async def test_without_leave_it_waits(bench: Bench) -> None:
    """The next look judges it."""
    bench.may = False
    assert await bench.judged(running(NOON), NOON + HOUR) is None
    bench.may = True
    assert await bench.judged(running(NOON), NOON + HOUR) is not None
    bench.rule = QualityRule(MINUTE)
    hours_ahead = run(NOON, last_timestamp_synced=NOON + 5 * HOUR)
    bench.may = False
    assert await bench.judged(hours_ahead, NOON + HOUR) is None
    bench.may = True
    await bench.save(hours_ahead)
    assert await bench.judged(hours_ahead, NOON + HOUR) is not None


async def test_of_quality_each_run_is_judged_once(bench: Bench) -> None:
    """And of those that bring rows in time no past is read."""
    bench.rule = QualityRule(MINUTE)
    assert await bench.judged(run(NOON), NOON + HOUR) is None
    assert bench.reads == 0
    far = run(NOON, last_timestamp_synced=NOON + 99 * DAY)
    assert await bench.judged(far, NOON + HOUR) is None  # this run has been judged
    later = replace(far, sync_start_time=NOON + HOUR)
    assert await bench.judged(later, NOON + 2 * HOUR) is not None
    assert bench.reads == 0


async def test_a_silence_is_looked_at_now_and_then(bench: Bench) -> None:
    """After half a day, and when it would be far beyond the usual."""
    bench.rule = QualityRule(MINUTE)
    found, reads = None, []
    for n in range(1, 40):
        start = NOON + n * HOUR
        empty = run(start, rows_synced=0, last_timestamp_synced=NOON - 6 * HOUR)
        await bench.save(empty)
        found = await bench.judged(empty, start + MINUTE)
        if found:
            break
        reads.append(bench.reads)
    assert found is not None
    assert found.last_failed is not None
    assert found.last_failed.sync_start_time == NOON + 13 * HOUR  # half a day after the first of them
    assert bench.reads == 1
    assert reads == [0] * 12
