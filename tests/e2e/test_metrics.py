"""What a running bot shows of itself."""

from __future__ import annotations

import asyncio

import aiohttp

from tests.e2e.kit import PATIENCE, System
from tests.operator.test_metrics import read


async def test_metrics_tell_of_the_work_and_of_nobody(system: System) -> None:
    """Polls, budget, detections and posts are counted, and neither an integration nor a secret is named."""
    users = system.create("Users")
    system.put_history(users, "success")
    await system.start()
    await system.type("subscribe all")
    system.run(users)
    await system.alert("Users")
    async with aiohttp.ClientSession() as client, asyncio.timeout(PATIENCE):
        while True:
            async with client.get(f"http://127.0.0.1:{system.port}/metrics") as answer:
                page = await answer.read()
            found = read(page)
            # The list may have told of the failure first; when it was, the status call tells after that.
            if found.get(("cdi_bot_detection_latency_seconds_count", "braze")):
                break
    assert found["cdi_bot_polls_total", "status", "ok", "braze"] >= 1
    assert found["cdi_bot_posts_total", "posted"] >= 1
    assert found["cdi_bot_outbox_messages",] >= 0
    assert found["cdi_bot_loop_lag_seconds_count",] >= 1
    assert found["cdi_bot_budget_left", "status", "braze"] >= 0
    assert 0 <= found["cdi_bot_oldest_observation_seconds", "braze"] < PATIENCE
    assert users not in page.decode()
    assert "Users" not in page.decode()
    system.assert_discreet(page.decode())
    await system.stop()
