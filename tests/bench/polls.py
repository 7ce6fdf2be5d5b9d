"""CPU of one status poll through client, poller and store, beside a bare httpx GET + json of the same page.

A poll is what the poller itself does: the planner learns from each answer, and the times of answers are saved, and
subscriptions compared, every five seconds. At Braze's documented limits that is with every seventh poll. A person's
`/cdi status` saves its own at once, and is measured apart.
"""

from __future__ import annotations

import asyncio
import random
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
import httpx

from cdi_bot.app import assemble
from cdi_bot.braze.client import BrazeClient
from cdi_bot.core.model.channel import Channel
from cdi_bot.core.model.subscription import Filters
from cdi_bot.monitoring.poller import Poller
from cdi_bot.store import Store
from cdi_bot.store.migrate import upgrade
from tests.bench.processes import Controls, Env, main, stand_ins
from tests.rigs.adapters import bot_settings, without_slack

POLLS = 602
CHANGED = 100
SAVED_TOGETHER = 7
"""Status calls in the five seconds between two savings, at 80 a minute."""


def now() -> datetime:
    """The present."""
    return datetime.now(UTC)


async def cpu_per_poll(folder: Path) -> dict[str, float]:
    """Milliseconds of CPU: a bare request, a poll without news, one for a person, one that stores a run."""
    async with stand_ins(1, 50, 10_000) as env, aiohttp.ClientSession() as http:
        controls = Controls(env, http)
        (integration,) = (await controls.get("braze/integrations"))["integrations"]
        integration_id = str(integration["integration_id"])
        url = f"sqlite:///{folder / 'polls.db'}"
        upgrade(url)
        store = await Store.open(url)
        poller, braze = await _poller(env, store)
        for _ in range(3):  # the baseline, the first page, warm connections
            await poller.refresh(integration_id)
        bare = await _bare(env, integration_id)
        begun = time.process_time()
        for number in range(POLLS):
            await _poll(poller, integration_id, save=number % SAVED_TOGETHER == 0)
        unchanged = (time.process_time() - begun) / POLLS
        begun = time.process_time()
        for _ in range(POLLS):
            await poller.refresh(integration_id)
        asked = (time.process_time() - begun) / POLLS
        changed = 0.0
        for number in range(CHANGED):
            await controls.post(f"braze/integrations/{integration_id}/run", outcome="success", seconds=0)
            begun = time.process_time()
            await _poll(poller, integration_id, save=number % SAVED_TOGETHER == 0)
            changed += (time.process_time() - begun) / CHANGED
        again = await _bare(env, integration_id)
        await poller.stop(5)
        await braze.aclose()
        await store.close()
    taken = {"bare": min(bare, again), "unchanged": unchanged, "asked": asked, "changed": changed}
    return {name: seconds * 1000 for name, seconds in taken.items()}


async def _poll(poller: Poller, integration_id: str, *, save: bool) -> None:
    """Ask as if the planner had chosen it, and wait for what the poller does with the answer."""
    poller._requests.start_asking(integration_id)  # noqa: SLF001
    await poller.idle()
    if save:
        await poller._state.save_times()  # noqa: SLF001
        await poller._state.check_subscriptions()  # noqa: SLF001


async def _poller(env: Env, store: Store) -> tuple[Poller, BrazeClient]:
    """A poller that watches everything, with its first sweep behind it."""
    async with store.write() as uow:
        workspace = await uow.workspaces.find_or_add(base_url=env["BRAZE_BASE_URL"], dashboard_url=None)
        await uow.subscriptions.add(
            channel=Channel(team_id="T1", channel_id="C1"),
            workspace_id=workspace.workspace_id,
            selector="all",
            filters=Filters(),
            by="U1",
            now=now(),
        )
    braze = BrazeClient(
        base_url=env["BRAZE_BASE_URL"],
        api_key=env["BRAZE_API_KEY"],
        workspace_id=workspace.workspace_id,
        clock=now,
        random=random.random,
    )
    rare = timedelta(hours=1)
    app = assemble(
        bot_settings(poll_interval=rare, unreachable_after=rare),
        without_slack(store, [(workspace, braze)]),
        now,
    )
    poller = app.workspaces.meant().poller
    await app.holder.beat()
    await poller.tick()
    await poller.idle()
    return poller, braze


async def _bare(env: Env, integration_id: str) -> float:
    """Seconds of CPU of a request without anything around it."""
    headers = {"Authorization": f"Bearer {env['BRAZE_API_KEY']}", "Content-Type": "application/json"}
    url = f"{env['BRAZE_BASE_URL']}/cdi/integrations/{integration_id}/job_sync_status"
    async with httpx.AsyncClient(headers=headers) as client:
        for _ in range(20):
            (await client.get(url)).json()
        begun = time.process_time()
        for _ in range(POLLS):
            (await client.get(url)).json()
        await asyncio.sleep(0)
        return (time.process_time() - begun) / POLLS


async def rows(folder: Path) -> list[str]:
    """The table's rows."""
    taken = await cpu_per_poll(folder)
    bare = f"{taken['bare']:.2f} ms"
    return [
        f"| CPU of a status poll {what} | {taken[name]:.2f} ms, {taken[name] / taken['bare']:.2f}× of {bare} | {aim} |"
        for name, what, aim in (
            ("unchanged", "that finds nothing new, beside a bare httpx GET + json", "3×"),
            ("asked", "for a person, saved at once, likewise", "–"),
            ("changed", "that stores a new run, likewise", "–"),
        )
    ]


if __name__ == "__main__":
    main(rows)
