"""One process of the bot after another on the same database."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable
from itertools import groupby, product
from multiprocessing.context import ForkServerProcess
from pathlib import Path

from cdi_bot.core.model.channel import Channel
from cdi_bot.core.model.run import Run
from cdi_bot.core.model.subscription import Filters
from cdi_bot.monitoring.braze_port import NO_INTEGRATION
from cdi_bot.sandbox import Sandbox
from cdi_bot.sandbox.braze.runs import Run as RunInBraze
from cdi_bot.sandbox.slack.seed_data import DATA_ALERTS, MARA, MARKETING_OPS, TEAM
from cdi_bot.store import Store
from tests.e2e.crashing import KILLED, RATE, Clock, Crash, Launch, run_program
from tests.e2e.kit import System
from tests.program import FORKS

CHANNELS = (DATA_ALERTS, MARKETING_OPS)

_PAUSE = 2
"""Seconds between two processes: no two runs of an integration begin within one second."""

_LOOK = 0.1

PATIENCE = 90  # seconds; on a busy machine a process takes many times as long as by itself


class BotProcess:
    """The bot as a process, until that ends."""

    def __init__(self, process: ForkServerProcess, log: Path, key: str) -> None:
        """Watch a process that was started, and asks Braze with a key of its own."""
        self._process, self._log, self.key = process, log, key

    @property
    def code(self) -> int | None:
        """The exit code, negative for a signal; `None` while it runs."""
        return self._process.exitcode

    @property
    def killed_at(self) -> str | None:
        """The point at which it was killed or frozen."""
        lines = [line for line in self.printed.splitlines() if line.startswith(KILLED)]
        return lines[-1].removeprefix(KILLED) if lines else None

    @property
    def printed(self) -> str:
        """Everything it printed or logged."""
        return self._log.read_text() if self._log.exists() else ""

    async def ready(self) -> None:
        """Wait until it says that it is ready."""
        async with asyncio.timeout(PATIENCE):
            while '"ready"' not in self.printed:  # noqa: ASYNC110  # what another process logs is no event here
                await asyncio.sleep(_LOOK)

    async def over(self) -> None:
        """Wait for its end."""
        await asyncio.to_thread(self._process.join, PATIENCE)
        assert self.code is not None, "it does not end"

    def thaw(self) -> None:
        """Let it go on after it was frozen."""
        assert self._process.pid
        os.kill(self._process.pid, signal.SIGCONT)

    def kill_now(self) -> None:
        """End it in the middle of whatever it does."""
        self._process.kill()

    async def stop(self) -> None:
        """End it well."""
        self._process.terminate()
        await self.over()
        assert self.code == 0, self.printed

    def kill(self) -> None:
        """End it whatever it does, and leave nothing of it behind."""
        self._process.kill()
        self._process.join()
        self._process.close()


class BotProcesses:
    """The database of a bot, and its processes on it. `subscribe` opens `store`: the database must have its tables.

    `brazes` are the stand-ins of its workspaces by their ids.
    """

    store: Store

    def __init__(self, system: System, clock: Clock, url: str) -> None:
        """Start nothing yet."""
        self.system, self.clock, self.url = system, clock, url
        self.brazes: dict[int, Sandbox] = {}
        self._processes: list[BotProcess] = []

    async def subscribe(self, *others: Sandbox) -> None:
        """Open the database and subscribe both channels to everything in the workspace, and in each other one."""
        self.store = await Store.open(self.url)
        async with self.store.write() as uow:
            workspace = await uow.workspaces.find_or_add(base_url=self.system.sandbox.url, dashboard_url=None)
            self.brazes[workspace.workspace_id] = self.system.sandbox
            for number, other in enumerate(others):
                added = await uow.workspaces.add(
                    name=f"other-{number}",
                    base_url=other.url,
                    dashboard_url=None,
                    sealed_key=f"env:{_variable(number)}",
                )
                assert added
                self.brazes[added.workspace_id] = other
            for channel, workspace_id in product(CHANNELS, self.brazes):
                await uow.subscriptions.add(
                    channel=Channel(team_id=TEAM, channel_id=channel),
                    workspace_id=workspace_id,
                    selector="all",
                    filters=Filters(),
                    by=MARA,
                    now=self.clock(),
                )

    def start(self, *arguments: str, crash: Crash | None = None) -> BotProcess:
        """Start the next process, some time after the one before; or beside those that are there."""
        if self._processes and not self.running():
            self.advance(_PAUSE)
        folder = self.system.program.folder
        log = folder / f"process-{len(self._processes)}.log"
        key = f"{self.system.sandbox.braze_api_key}-{len(self._processes)}"
        for each in self.brazes.values():
            each.braze.set_key(key, each.braze.permissions(each.braze_api_key))
        launch = Launch(
            arguments=arguments or ("run",),
            env={
                **self.system.env,
                "DATABASE_URL": self.url,
                "CDI_BOT_HOST": "127.0.0.1",
                "BRAZE_API_KEY": key,
                **{_variable(number): key for number in range(len(self.brazes) - 1)},
            },
            folder=folder,
            log=log,
            clock=self.clock,
            crash=crash,
        )
        process = FORKS.Process(target=run_program, args=[launch])
        process.start()
        self._processes.append(BotProcess(process, log, key))
        return self._processes[-1]

    def running(self) -> list[BotProcess]:
        """Those that have not ended."""
        return [each for each in self._processes if each.code is None]

    async def wait(self, seconds: float) -> None:
        """Let so much of the test's time pass for everybody."""
        if self.running():
            await asyncio.sleep(seconds / RATE)  # their clocks go on by themselves
        else:
            self.advance(seconds)

    async def until(self, true: Callable[[], bool]) -> None:
        """Wait for something that no event tells of."""
        async with asyncio.timeout(PATIENCE):
            while not true():  # noqa: ASYNC110  # what other processes do is no event here
                await asyncio.sleep(_LOOK)

    async def polled(self, times: int) -> None:
        """Wait until Braze was asked so many times in all."""
        await self.until(lambda: len(self.system.sandbox.braze.requests) >= times)

    def polled_by(self, braze: Sandbox | None = None) -> list[str]:
        """The keys of those that polled a workspace, in turn, each as often as another had polled before."""
        requests = (braze or self.system.sandbox).braze.requests
        keys = [each.key for each in requests if NO_INTEGRATION not in each.path]
        return [key for key, _ in groupby(keys)]

    async def shared(self) -> list[int]:
        """How many workspaces each process polls that polls any, the fewest first."""
        async with self.store.read() as uow:
            held = [each.holder_id for each in (await uow.workspaces.held()).values()]
        return sorted(held.count(each) for each in {*held} - {None})

    async def until_shared(self, *wanted: int) -> None:
        """Wait until the workspaces are shared out so."""
        async with asyncio.timeout(PATIENCE):
            while await self.shared() != [*wanted]:  # noqa: ASYNC110  # what other processes store is no event here
                await asyncio.sleep(_LOOK)

    def advance(self, seconds: float) -> None:
        """Let time pass between two processes."""
        self.clock.advance(seconds)
        for each in self.brazes.values():
            each.braze.catch_up()

    async def close(self) -> None:
        """Leave nothing behind."""
        for each in self._processes:
            each.kill()
        if hasattr(self, "store"):
            await self.store.close()

    async def settled(self, process: BotProcess) -> bool:
        """Wait until everything is seen and sent; False when the process ends before."""
        try:
            async with asyncio.timeout(PATIENCE):
                while not await self.all_sent():
                    if process.code is not None:
                        return False
                    await asyncio.sleep(_LOOK)  # what the other process stores is no event here
        except TimeoutError:
            raise AssertionError(f"not settled, unseen: {await self.unseen()}\n{process.printed}") from None
        return True

    async def all_sent(self) -> bool:
        """Whether the newest run of every integration is stored as it ended, and nothing is owed."""
        if await self.unseen():
            return False
        async with self.store.read() as uow:
            return await uow.outbox.depth() == 0

    async def unseen(self) -> set[str]:
        """The integrations that have no baseline yet, or whose newest run is not stored as it ended."""
        unseen: set[str] = set()
        for workspace_id, sandbox in self.brazes.items():
            there = {each.config.integration_id: each.newest for each in sandbox.braze.integrations()}
            async with self.store.read() as uow:
                known = await uow.integrations.get_many(workspace_id, there)
                stored = await uow.runs.newest(workspace_id, there)
            unseen |= {
                each
                for each, run in there.items()
                if each not in known
                or not known[each].baseline_taken
                or not _is_stored(run, stored.get(each))
            }
        return unseen


def _variable(number: int) -> str:
    """What holds a process's key of one of the other workspaces."""
    return f"KEY_OF_OTHER_{number}"


def _is_stored(there: RunInBraze | None, stored: Run | None) -> bool:
    if there is None or stored is None:
        return there is None
    return (there.start, there.status, False) == (
        stored.sync_start_time,
        stored.job_status,
        stored.provisional,
    )
