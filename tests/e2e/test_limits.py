"""The real process within Braze's limits: the stand-in counts each clock minute and refuses what goes over."""

from __future__ import annotations

import asyncio
import os
from collections import Counter

from cdi_bot.sandbox.braze.integration import IntegrationConfig
from cdi_bot.sandbox.braze.runs import RunPlan
from tests.e2e.kit import System

SECONDS = float(os.environ.get("LIMITS_SECONDS", "70"))
"""Long enough for the turn of a minute; `make crash` takes several minutes."""

LIMITS = {"list": 50, "status": 100}
INTERVAL = "30"


async def test_300_integrations_never_meet_a_limit(system: System) -> None:
    """No request is turned away, each call keeps a fifth of its limit free, and all are seen all the same."""
    braze = system.sandbox.braze
    config = IntegrationConfig(schedule_seconds=300, run_seconds=20)
    made = braze.create_many(290, "Load", config, coming=[RunPlan(outcome="success")], history=12)
    made += braze.create_many(
        10, "Bad", IntegrationConfig(schedule_seconds=60, run_seconds=2), coming=[RunPlan(outcome="error")]
    )
    await system.start(CDI_BOT_POLL_INTERVAL=INTERVAL)
    await system.type("subscribe all")
    await asyncio.sleep(SECONDS)
    await system.type("status Load 0001")
    await system.stop()
    asked = list(braze.requests)
    assert not [each for each in asked if each.status == 429]
    minutes = Counter(
        ("status" if "job_sync_status" in each.path else "list", each.at.replace(second=0, microsecond=0))
        for each in asked
    )
    for (call, _), count in minutes.items():
        assert count <= LIMITS[call] * 0.8 + 2 * (call == "status"), minutes  # two that a person asked for
    for call, least in (("list", 25), ("status", 40)):  # a minute, on a busy machine
        assert sum(count for (each, _), count in minutes.items() if each == call) > least * SECONDS / 60, (
            minutes
        )
    seen = {each.path.split("/")[3] for each in asked if "job_sync_status" in each.path}
    failing = {each.config.integration_id for each in made[-10:]}
    # Their runs begin within a minute, and the list may take another to come round to one.
    assert len(failing & seen) >= (10 if SECONDS >= 180 else 4), len(failing & seen)
    assert any("Bad" in each["text"] for each in system.public())
