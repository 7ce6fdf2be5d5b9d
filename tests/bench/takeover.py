"""How soon another process polls, and tells what failed, after SIGKILL: `python -m tests.bench.takeover [20]`.

With one process the next is started in the moment of the kill, so its start is part of the time; with two the other
is there already.
"""

from __future__ import annotations

import asyncio
import os
import signal
import statistics
import sys
import time
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from cdi_bot.core.model.channel import Channel
from cdi_bot.core.model.subscription import Filters
from cdi_bot.monitoring.braze_port import NO_INTEGRATION
from cdi_bot.sandbox import Sandbox
from cdi_bot.sandbox.slack.model import Channel as SlackChannel
from cdi_bot.sandbox.slack.seed_data import BOT, TEAM
from cdi_bot.store import Store
from tests.databases import new_sqlite, postgres_server
from tests.e2e.kit import System
from tests.program import Program, Started

SETTLE = 2.0
"""Seconds between two kills, in which the successor does what a start brings with it."""


class Takeovers:
    """Processes on one database, one of which polls."""

    def __init__(self, system: System, url: str) -> None:
        """Start nothing yet."""
        self._system, self._url = system, url
        self._started: dict[str, Started] = {}

    async def prepare(self, rounds: int) -> None:
        """An integration and a channel for each round: what fails in one channel soon after becomes one message."""
        store = await Store.open(self._url)
        async with store.write() as uow:
            workspace = await uow.workspaces.find_or_add(
                base_url=self._system.sandbox.url, dashboard_url=None
            )
            for number in range(rounds):
                name, made = channel_of(number), self._system.create(f"Sync {number}")
                self._system.put_history(made, "success")
                self._system.sandbox.slack.put_channel(
                    SlackChannel(id=name, name=name.lower(), created=0, members=frozenset({BOT}))
                )
                await uow.subscriptions.add(
                    channel=Channel(team_id=TEAM, channel_id=name),
                    workspace_id=workspace.workspace_id,
                    selector=made,
                    filters=Filters(),
                    by="U0MARA0001",
                    now=datetime.now(UTC),
                )
        await store.close()

    async def start(self) -> Started:
        """One more process, with a key of its own to Braze."""
        braze = self._system.sandbox.braze
        key = f"{self._system.sandbox.braze_api_key}-{len(self._started)}"
        braze.set_key(key, braze.permissions(self._system.sandbox.braze_api_key))
        env = {**self._system.env, "DATABASE_URL": self._url, "BRAZE_API_KEY": key}
        self._started[key] = await self._system.program.start("run", env=env)
        return self._started[key]

    def polling(self, since: int = 0) -> str | None:
        """The key of whoever polled last, of the requests from one on."""
        requests = list(self._system.sandbox.braze.requests)[since:]
        return next((each.key for each in reversed(requests) if NO_INTEGRATION not in each.path), None)

    async def kill(self, number: int, *, is_alone: bool) -> tuple[float, float]:
        """Kill whoever polls as an integration fails; after how long another polls, and the failure is told."""
        key = self.polling()
        assert key is not None
        begun, known = time.monotonic(), len(self._system.sandbox.braze.requests)
        os.kill(self._started[key].pid, signal.SIGKILL)
        self._system.run(self._system.id_of(f"Sync {number}"))
        if is_alone:
            await self.start()
        await self._system.until(lambda: self.polling(known) not in {None, key})
        polled = time.monotonic() - begun
        await self._system.seen(lambda each: f"Sync {number}" in each["text"], channel_of(number))
        told = time.monotonic() - begun
        if not is_alone:
            await (await self.start()).logged('"ready"')
        return polled, told


def channel_of(number: int) -> str:
    """The channel of a round."""
    return f"C0TAKE{number:04}"


async def measure(url: str, folder: Path, *, processes: int, rounds: int) -> list[tuple[float, float]]:
    """The times of so many takeovers."""
    async with AsyncExitStack() as stack:
        sandbox = await stack.enter_async_context(Sandbox())
        program = Program(folder)
        stack.push_async_callback(program.close)
        takeovers = Takeovers(System(sandbox, program, {**sandbox.bot_settings, "PORT": "0"}), url)
        await takeovers.prepare(rounds)
        for _ in range(processes):
            await (await takeovers.start()).logged('"ready"')
        times = []
        for number in range(rounds):
            await asyncio.sleep(SETTLE)
            times.append(await takeovers.kill(number, is_alone=processes == 1))
    return times


def figures(times: list[float]) -> str:
    """The median and the worst."""
    return f"{statistics.median(times):.1f} s, {max(times):.1f} s"


async def main(rounds: int) -> None:
    """Measure both databases with one process and with two."""
    print(f"After SIGKILL, median and worst of {rounds}, on {os.cpu_count()} cores\n")
    print("| database | processes | polls again | what failed meanwhile is told |")
    print("| --- | --- | --- | --- |")
    with postgres_server() as server:
        for engine in ("SQLite", "PostgreSQL"):
            for processes in (1, 2):
                with TemporaryDirectory(prefix="cdi-bot-bench-") as name:
                    url = new_sqlite(Path(name)) if engine == "SQLite" else server.migrated()
                    times = await measure(url, Path(name), processes=processes, rounds=rounds)
                polled, told = (figures(list(column)) for column in zip(*times, strict=True))
                print(f"| {engine} | {processes} | {polled} | {told} |", flush=True)


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 20))
