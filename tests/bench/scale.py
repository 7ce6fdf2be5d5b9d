"""Many workspaces in one process, before many runs that are stored already: start-up, CPU, memory, loop, answers.

The measured process is this module run by itself, with the real scheduler, pollers and store; Braze is
tests.bench.brazes in another process, over HTTP. No Slack is spoken to: what would be owed to channels is stored.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from pydantic import SecretStr

from cdi_bot.app import INTERVALS, App, assemble
from cdi_bot.braze.client import BrazeClient
from cdi_bot.cli.workspaces import open_workspace
from cdi_bot.core.model.channel import Channel
from cdi_bot.core.model.integration import Workspace
from cdi_bot.core.model.subscription import Filters
from cdi_bot.operator.garbage import spare_long_lived_objects
from cdi_bot.operator.logs import set_up_logging
from cdi_bot.operator.metrics import Metrics, watch_loop
from cdi_bot.scheduler import Scheduler
from cdi_bot.store import Store
from cdi_bot.store.migrate import upgrade
from cdi_bot.store.portable import sqlite_time
from tests.bench.processes import ROOT, median, percentile, program, resident
from tests.rigs.adapters import bot_settings, without_slack
from tests.store.filled import known

CHANNEL = Channel(team_id="T1", channel_id="C1")
ANSWERS = 100

Figures = dict[str, float]


def now() -> datetime:
    """The present."""
    return datetime.now(UTC)


async def scale(
    folder: Path, *, workspaces: int, integrations: int, runs: int, warm_up: float, seconds: float
) -> Figures:
    """Measure a process that polls so many workspaces for so long, each integration with so many stored runs."""
    async with program("brazes", workspaces, integrations) as addresses:
        database = folder / "scale.db"
        fill(database, addresses, integrations, runs)
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "tests.bench.scale",
            str(database),
            json.dumps(addresses),
            str(warm_up),
            str(seconds),
            cwd=ROOT,
            stdout=asyncio.subprocess.PIPE,
        )
        out, _ = await process.communicate()
        figures: Figures = json.loads(out)
        async with httpx.AsyncClient() as client:
            counts = [(await client.get(f"{address}/counts")).json() for address in addresses]
    figures["turned_away"] = sum(each.get("turned away", 0) for each in counts)
    return figures


def table(figures: Figures) -> list[str]:
    """The figures as rows of the table in docs/performance.md; they hold for the sizes that `make bench` measures."""
    polls = sum(count for name, count in figures.items() if name.endswith("_ok"))
    taken = f"{polls:.0f} requests, {figures['turned_away']:.0f} turned away"
    cpu = f"{figures['cpu']:.0%}"
    lag, lag_p99 = figures["lag"] * 1000, figures["lag_p99"] * 1000

    def answer(name: str) -> str:
        return f"{figures[name]:.0f} ms ({figures[name + '_p99']:.0f}) | 50 ms"

    return [
        f"| 10,000 integrations over 40 workspaces, limits used up ({taken}): CPU | {cpu} of a core | 50% |",
        f"| likewise: resident memory | {figures['memory']:.0f} MB | 250 MB |",
        f"| likewise: event loop blocked, longest (p99) | {lag:.0f} ms ({lag_p99:.0f}) | 50 ms |",
        f"| likewise: `/cdi status` from the store, p50 (p99) | {answer('overview')} |",
        f"| likewise: `/cdi status INTEGRATION` from the store, p50 (p99) | {answer('history')} |",
        f"| start with 1,000,000 stored runs, until every workspace is loaded | {figures['start']:.2f} s | 3 s |",
    ]


def fill(database: Path, addresses: list[str], integrations: int, runs: int) -> None:
    """A database in which everything is watched and subscribed, and has been for long."""
    upgrade(f"sqlite:///{database}")
    begun = now()
    with closing(sqlite3.connect(database)) as connection:
        connection.executemany(
            "INSERT INTO braze_workspaces (name, base_url, dashboard_url) VALUES (?, ?, ?)",
            [(f"braze-{number}", address, address) for number, address in enumerate(addresses)],
        )
        past = begun.replace(microsecond=0) - timedelta(days=30)
        for statement in known("sqlite", past, integrations=integrations, runs=runs):
            connection.execute(statement)
        connection.execute("UPDATE runs SET job_status = 'success' WHERE job_status = 'running'")
        connection.execute(
            "UPDATE integrations SET watched_since = ?, baseline_start = ?", [sqlite_time(begun)] * 2
        )
        connection.commit()


# ---------------------------------------------------------------------------------------- the measured process


async def measured(database: str, addresses: list[str], warm_up: float, seconds: float) -> Figures:
    """Start, poll, answer, and tell what that took."""
    set_up_logging(log_format="json", level="warning")
    begun = time.perf_counter()
    async with AsyncExitStack() as stack:
        store = await Store.open(f"sqlite:///{database}")
        stack.push_async_callback(store.close)
        metrics = Metrics()
        channels = [
            CHANNEL,
            *(replace(CHANNEL, channel_id=f"C{each}") for each in range(2, len(addresses) + 1)),
        ]
        reached = [
            await _workspace(store, metrics, address, channel, stack)
            for address, channel in zip(addresses, channels, strict=True)
        ]
        app = assemble(bot_settings(), without_slack(store, reached, metrics), now)
        stack.push_async_callback(app.workspaces.stop, 5)
        await app.holder.beat()
        await app.workspaces.poll()
        await app.workspaces.idle()
        started = time.perf_counter() - begun
        spare_long_lived_objects()
        scheduler = Scheduler()
        for name, work in app.recurring().items():
            if name in {"observe", "remind", "conditions", "follow", "forget"}:
                scheduler.every(INTERVALS[name], work, name=name)
        scheduler.start()
        stack.push_async_callback(scheduler.stop)
        await asyncio.sleep(warm_up)
        lags: list[float] = []
        probe = asyncio.create_task(watch_loop(lags.append))
        cpu, wall = time.process_time(), time.perf_counter()
        await asyncio.sleep(seconds)
        share = (time.process_time() - cpu) / (time.perf_counter() - wall)
        probe.cancel()
        overview, history = await _answers(store, app)
        page = (await metrics.page(store, now(), app.workspaces)).decode()
        return {
            "start": started,
            "cpu": share,
            "lag": max(lags),
            "lag_p99": percentile(lags, 0.99),
            "memory": resident(),
            "overview": median(overview),
            "overview_p99": percentile(overview, 0.99),
            "history": median(history),
            "history_p99": percentile(history, 0.99),
            **{f"polls_{name}": count for name, count in _polls(page).items()},
        }


async def _workspace(
    store: Store, metrics: Metrics, address: str, channel: Channel, stack: AsyncExitStack
) -> tuple[Workspace, BrazeClient]:
    workspace, braze = await open_workspace(
        bot_settings(braze_base_url=address, braze_api_key=SecretStr("bench")), store=store, metrics=metrics
    )
    stack.push_async_callback(braze.aclose)
    async with store.write() as uow:
        await uow.subscriptions.add(
            channel=channel,
            workspace_id=workspace.workspace_id,
            selector="all",
            filters=Filters(),
            by="U1",
            now=now(),
        )
    return workspace, braze


async def _answers(store: Store, app: App) -> tuple[list[float], list[float]]:
    """Milliseconds for `/cdi status` of everything, and of one integration's stored runs, while polling goes on."""
    workspace_id = app.workspaces.meant().workspace_id

    async def history() -> object:
        async with store.read() as uow:
            watched = await uow.integrations.get(workspace_id, "i000007")
            assert watched
            return await app.queries._history(uow, CHANNEL, watched, 0, None)  # noqa: SLF001

    return await _timed(lambda: app.queries.overview(CHANNEL)), await _timed(history)


async def _timed(ask: Callable[[], Awaitable[object]]) -> list[float]:
    taken = []
    for _ in range(ANSWERS):
        begun = time.perf_counter()
        await ask()
        taken.append((time.perf_counter() - begun) * 1000)
        await asyncio.sleep(0.02)
    return taken


def _polls(page: str) -> dict[str, float]:
    """Requests by endpoint and outcome, as the metrics tell them, of all workspaces."""
    found: dict[str, float] = {}
    for line in page.splitlines():
        if line.startswith("cdi_bot_polls_total{"):
            name, _, count = line.rpartition(" ")
            query: list[Any] = name.split('"')
            kind = f"{query[1]}_{query[3]}"
            found[kind] = found.get(kind, 0) + float(count)
    return found


if __name__ == "__main__":
    path, urls, warm, long = sys.argv[1:5]
    print(json.dumps(asyncio.run(measured(path, json.loads(urls), float(warm), float(long)))))
