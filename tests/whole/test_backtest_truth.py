"""The same incidents from live polling and from a backtest over the same runs."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from cdi_bot.core.model.incident import Incident
from cdi_bot.core.model.run import Run
from cdi_bot.core.replay.recorded_past import Listed, Outage, Past
from cdi_bot.core.replay.replay import ReplaySettings, replay
from cdi_bot.core.replay.told import Told
from cdi_bot.sandbox.braze.integration import IntegrationConfig
from cdi_bot.sandbox.braze.runs import RunPlan
from cdi_bot.sandbox.faults import Fault, FaultKind
from tests.rigs.whole import GRACE, Whole

TOLERANCE = timedelta(seconds=75)
"""A poll interval, an evaluation and a step of the clock; a backtest sees each end after 20 s."""

OUTCOMES = {
    "Users": ["success", "error", "error", "success", "success", "error", "success", "config_error"],
    "Orders": ["success", "partial", "success", "success", "error", "success", "success", "success"],
    "Catalog": ["success"] * 8,
}


class Witness:
    """Writes down what the list told, as a file for a backtest would hold it."""

    def __init__(self, bot: Whole) -> None:
        """Nothing was told yet."""
        self._bot = bot
        self.listed: list[Listed] = []
        self._planned: dict[str, datetime | None] = {}

    async def live(self, minutes: float) -> None:
        """Let time pass, and look after each moment at what the list tells by now."""
        end = self._bot.clock.now + timedelta(minutes=minutes)
        while self._bot.clock.now < end:
            await self._bot.run(20, step=20)
            async with self._bot.store.read() as uow:
                known = await uow.integrations.all(self._bot.workspace_id)
            for each in known:
                one = each.integration
                key, planned = one.integration_id, one.next_scheduled_run
                if each.listed_at and self._planned.get(key, each.listed_at) != planned:
                    self._planned[key] = planned
                    self.listed.append(Listed(integration=one, observed_at=self._bot.clock.now))


def outline(incident: Incident) -> tuple[str, str, str | None]:
    """What it is about."""
    return incident.integration_id or "", incident.kind.value, incident.reason


async def runs_of(bot: Whole, keys: list[str]) -> list[Run]:
    """All stored runs."""
    async with bot.store.read() as uow:
        return [
            run for key in keys for run in await uow.runs.page(bot.workspace_id, key, offset=0, limit=1000)
        ]


def assert_close(one: datetime | None, other: datetime | None) -> None:
    """Assert that both are the same moment, as far as it can be seen, or that neither has come."""
    assert (one is None) == (other is None)
    assert one is None or other is None or abs(one - other) <= TOLERANCE


async def test_the_same_incidents(bot: Whole) -> None:
    """Failures, recoveries that hold or not, a planned run that does not come, and an outage of Braze."""
    keys = [
        bot.sandbox.braze.create(
            IntegrationConfig(integration_name=name, schedule_seconds=900, run_seconds=60),
            coming=[RunPlan(outcome=outcome) for outcome in outcomes],
        ).config.integration_id
        for name, outcomes in OUTCOMES.items()
    ]
    witness = Witness(bot)
    await witness.live(0.5)
    await bot.subscribe()
    await witness.live(62)
    begun = bot.clock.now
    bot.sandbox.braze.faults.add(Fault(kind=FaultKind.CUT_BEFORE))
    await witness.live(12)
    bot.sandbox.braze.faults.clear()
    ended = bot.clock.now
    await witness.live(20)
    catalog = bot.sandbox.braze.get(keys[2])
    assert catalog
    bot.sandbox.braze.change(keys[2], replace(catalog.config, stalled=True))
    await witness.live(35)
    async with bot.store.read() as uow:
        live = [
            *await uow.incidents.during(
                bot.workspace_id, keys, since=begun - timedelta(days=1), until=bot.clock.now
            ),
            *await uow.incidents.during(
                bot.workspace_id, None, since=begun - timedelta(days=1), until=bot.clock.now
            ),
        ]
    past = Past(
        runs=await runs_of(bot, keys),
        listed=witness.listed,
        outages=[Outage(since=begun, until=ended)],
        until=bot.clock.now,
    )
    told = [
        each.last for each in replay(past, settings=ReplaySettings(grace=GRACE)) if isinstance(each, Told)
    ]
    assert sorted(map(outline, live)) == sorted(map(outline, told))
    assert {incident.kind.value for incident in live} >= {"sync_failed", "late", "unreachable"}
    by_begin = sorted(live, key=lambda each: (outline(each), each.opened_at))
    for one, other in zip(
        by_begin, sorted(told, key=lambda each: (outline(each), each.opened_at)), strict=True
    ):
        assert_close(one.opened_at, other.opened_at)
        assert_close(one.resolved_at, other.resolved_at)
        assert (one.failed_runs, one.reopened) == (other.failed_runs, other.reopened)
