"""How several processes share workspaces through kills, cut connections and restarts: `python -m tests.bench.sharing`.

On PostgreSQL, with two processes and with three: 20 SIGKILLs at random moments, 5 cuts of every lock's session, and 5
rolling restarts. In each of these rounds one integration fails in every workspace. Who polls is what the Braze
stand-ins see, by the keys of the processes; who may poll is noted by a trigger of the database. Takes seven minutes.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import statistics
import sys
from bisect import bisect
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import pairwise, product
from pathlib import Path
from tempfile import TemporaryDirectory

from cdi_bot.core.model.channel import Channel
from cdi_bot.core.model.subscription import Filters
from cdi_bot.monitoring.braze_port import NO_INTEGRATION
from cdi_bot.sandbox import Sandbox
from cdi_bot.sandbox.braze.integration import IntegrationConfig
from cdi_bot.sandbox.braze.protocol import Endpoint
from cdi_bot.sandbox.braze.runs import Run, RunPlan
from cdi_bot.sandbox.slack.model import Channel as SlackChannel
from cdi_bot.sandbox.slack.seed_data import BOT, DATA_ALERTS, MARA, TEAM
from cdi_bot.store import Store
from tests.databases import Databases, postgres_server
from tests.e2e.told import Shown, Told
from tests.program import Program, Started

WORKSPACES = 6
PATIENCE = 60.0
ON_ITS_WAY = 0.1
"""Seconds after which a poll that had been sent is there for certain."""

LIMIT = 1000
"""Requests a minute that Braze allows: its own limits would be what is measured between two polls."""

TYPES_EVERY = 0.1
QUIET = 10.0

CUT = """
    SELECT count(pg_terminate_backend(pid)) FROM pg_locks
    WHERE locktype = 'advisory' AND objsubid = 1 AND pid <> pg_backend_pid()
"""

NOTE_WHO_MAY_POLL = (
    "CREATE TABLE bench_holds (workspace_id bigint, pid bigint, at timestamptz DEFAULT clock_timestamp())",
    """
    CREATE FUNCTION bench_note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        INSERT INTO bench_holds SELECT NEW.workspace_id, split_part(name, ':', 2)::bigint
        FROM holders WHERE holder_id = NEW.holder_id; RETURN NEW;
    END $$
    """,
    """
    CREATE TRIGGER bench_note AFTER UPDATE OF holder_id ON braze_workspaces FOR EACH ROW
    WHEN (NEW.holder_id IS DISTINCT FROM OLD.holder_id) EXECUTE FUNCTION bench_note()
    """,
)
HOLDS = """
    SELECT coalesce(json_agg(json_build_array(workspace_id, pid, extract(epoch FROM at)) ORDER BY at), '[]')
    FROM bench_holds
"""


@dataclass(kw_only=True)
class Figures:
    """What was measured; times in seconds.

    `polled`: of each workspace that a killed process polled, until another did. `told`: until Slack showed the last of
    a round's failures. `even`: from a successor's being ready until the shares were. `unwatched`: for each kind of
    round the longest time without a poll of a workspace, and "nothing" where nothing happened. `silent` and
    `unanswered`: the longest time without an answer to a command, and how many were not answered, in restarts.
    `doubled` of `polls` came from a process after another had taken the workspace. `wrong`: alerts that are lost,
    doubled or false.
    """

    polled: list[float] = field(default_factory=list)
    told: list[float] = field(default_factory=list)
    even: list[float] = field(default_factory=list)
    unwatched: dict[str, float] = field(default_factory=dict)
    silent: float = 0.0
    typed: int = 0
    unanswered: int = 0
    polls: int = 0
    doubled: int = 0
    failures: int = 0
    wrong: list[str] = field(default_factory=list)


def now() -> float:
    """The present, in seconds since 1970."""
    return datetime.now(UTC).timestamp()


async def until(true: Callable[[], bool]) -> None:
    """Wait for something that other processes do."""
    async with asyncio.timeout(PATIENCE):
        while not true():  # noqa: ASYNC110  # what other processes do is no event here
            await asyncio.sleep(0.02)


class Processes:
    """The processes on one database, and the stand-ins of their workspaces; Slack is that of the first."""

    def __init__(self, program: Program, url: str, brazes: Sequence[Sandbox]) -> None:
        """Start nothing yet."""
        self._program, self.url, self._brazes = program, url, brazes
        self.slack = brazes[0]
        self.running: dict[str, Started] = {}  # by their keys to Braze
        self._pids: dict[str, int] = {}
        self._ids: list[list[str]] = []  # of the integrations, by workspace and round

    async def prepare(self, rounds: int) -> None:
        """For each round a channel, and an integration in each workspace."""
        for braze, endpoint in product(self._brazes, Endpoint):
            braze.braze.limits.set(endpoint, LIMIT)
        self._ids = [[_integration(each, number) for number in range(rounds)] for each in self._brazes]
        store = await Store.open(self.url)
        async with store.write() as uow:
            workspaces = [await uow.workspaces.find_or_add(base_url=self.slack.url, dashboard_url=None)]
            for number, braze in enumerate(self._brazes[1:], start=1):
                added = await uow.workspaces.add(
                    name=f"other-{number}",
                    base_url=braze.url,
                    dashboard_url=None,
                    sealed_key=f"env:KEY_{number}",
                )
                assert added
                workspaces.append(added)
            for number in range(rounds):
                name = channel_of(number)
                self.slack.slack.put_channel(
                    SlackChannel(id=name, name=name.lower(), created=0, members=frozenset({BOT}))
                )
                for workspace, ids in zip(workspaces, self._ids, strict=True):
                    await uow.subscriptions.add(
                        channel=Channel(team_id=TEAM, channel_id=name),
                        workspace_id=workspace.workspace_id,
                        selector=ids[number],
                        filters=Filters(),
                        by=MARA,
                        now=datetime.now(UTC),
                    )
        await store.close()
        for statement in NOTE_WHO_MAY_POLL:
            Databases.ask(self.url, statement)

    async def start(self) -> Started:
        """One more process, with a key of its own to every workspace; waits until it is ready."""
        key = f"key-{len(self._pids)}"
        for each in self._brazes:
            each.braze.set_key(key, each.braze.permissions(each.braze_api_key))
        others = {f"KEY_{number}": key for number in range(1, len(self._brazes))}
        settings = {"DATABASE_URL": self.url, "BRAZE_API_KEY": key, "PORT": "0", "CDI_BOT_POLL_INTERVAL": "1"}
        started = await self._program.start("run", env={**self.slack.bot_settings, **others, **settings})
        self._pids[key] = started.pid
        await started.logged('"ready"')
        self.running[key] = started
        return started

    def fail(self, number: int) -> None:
        """Have the round's integrations fail."""
        for braze, ids in zip(self._brazes, self._ids, strict=True):
            braze.braze.run(ids[number], RunPlan(outcome="error", seconds=0.05))

    def polls(self, place: int, since: float = 0.0) -> list[tuple[float, str]]:
        """When which key polled a workspace."""
        seen = [(each.at.timestamp(), each.key, each.path) for each in self._brazes[place].braze.requests]
        return [(at, key) for at, key, path in seen if at >= since and NO_INTEGRATION not in path]

    def pollers(self) -> list[str]:
        """Who polled each workspace last; nothing where nobody has."""
        return [[(0.0, ""), *self.polls(place)][-1][1] for place in range(len(self._brazes))]

    def is_even(self) -> bool:
        """Whether nobody polls more than one workspace more than another."""
        counts = Counter(self.pollers())
        shares = [counts[key] for key in self.running]
        return sum(shares) == len(self._brazes) and max(shares) - min(shares) <= 1

    def unwatched(self, since: float) -> float:
        """The longest time without a poll of a workspace."""
        longest = 0.0
        for place in range(len(self._brazes)):
            times = [since, *(at for at, _ in self.polls(place, since)), now()]
            longest = max(longest, *(after - before for before, after in pairwise(times)))
        return longest

    def doubled(self) -> tuple[int, int]:
        """How many polls there were, and how many came from a process after another had taken the workspace."""
        held: dict[int, list[tuple[float, int]]] = {}
        for workspace_id, pid, at in Databases.ask(self.url, HOLDS):
            held.setdefault(workspace_id, []).append((float(at), pid))
        count = late = 0
        for place, workspace_id in enumerate(sorted(held)):
            taken = held[workspace_id]
            for at, key in self.polls(place):
                first = max(bisect(taken, (at - ON_ITS_WAY, 0)) - 1, 0)
                last = bisect(taken, (at, sys.maxsize))
                count += 1
                late += self._pids[key] not in {pid for _, pid in taken[first:last]}
        return count, late


def _integration(braze: Sandbox, number: int) -> str:
    """One more, whose last run went well."""
    made = braze.braze.create(IntegrationConfig(integration_name=f"Sync {number:02}"))
    start = datetime.now(UTC)
    braze.braze.put_history(
        made.config.integration_id, [Run(status="success", start=start, finish=start, rows_synced=7)]
    )
    return made.config.integration_id


def channel_of(number: int) -> str:
    """The channel of a round."""
    return f"C0SHARE{number:03}"


class Rounds:
    """Lives through the rounds on so many processes."""

    def __init__(self, processes: Processes, told: Told, seed: int) -> None:
        """Begin with the first round."""
        self._processes, self._told, self._random = processes, told, random.Random(seed)
        self._number = 0
        self._expected: dict[str, dict[str, Shown]] = {}
        self.figures = Figures()

    async def killed(self) -> None:
        """Kill any process, and start another when all is told."""
        here, figures = self._processes, self.figures
        await asyncio.sleep(self._random.uniform(0, 2))
        key = self._random.choice([*here.running])
        lost = [place for place, each in enumerate(here.pollers()) if each == key]
        begun = now()
        os.kill(here.running.pop(key).pid, signal.SIGKILL)
        telling = asyncio.create_task(self._fail())

        def others() -> list[float | None]:
            polls = (here.polls(place, begun) for place in lost)
            return [next((at for at, by in each if by != key), None) for each in polls]

        await until(lambda: None not in others())
        figures.polled += [at - begun for at in others() if at is not None]
        await telling
        await here.start()
        await self._until_even()

    async def cut(self) -> None:
        """End the session of every process's lock."""
        Databases.ask(self._processes.url, CUT)
        await self._fail()
        await self._until_even()

    async def restarted(self) -> None:
        """Start another process, then end the oldest, as commands come in."""
        here = self._processes
        async with self._typing():
            await here.start()
            oldest = next(iter(here.running))
            ending = here.running.pop(oldest).end(signal.SIGTERM)
            _, finished = await asyncio.gather(self._fail(), ending)
            assert finished.code == 0, finished.err
            await self._until_even()

    async def nothing(self) -> None:
        """Leave them alone."""
        await asyncio.sleep(QUIET)

    async def live(self, kind: Callable[[], Awaitable[None]], times: int) -> None:
        """Live through so many rounds of a kind."""
        unwatched = 0.0
        for _ in range(times):
            begun = now()
            await kind()
            unwatched = max(unwatched, self._processes.unwatched(begun))
        self.figures.unwatched[kind.__name__] = unwatched

    def end(self) -> Figures:
        """Judge what Slack shows now, and who polled."""
        figures = self.figures
        figures.wrong = [
            problem
            for channel, expected in self._expected.items()
            for problem in self._told.wrong(channel, expected)
        ]
        figures.failures = sum(map(len, self._expected.values()))
        figures.polls, figures.doubled = self._processes.doubled()
        return figures

    async def _until_even(self) -> None:
        begun = now()
        await until(self._processes.is_even)
        self.figures.even.append(now() - begun)

    async def _fail(self) -> None:
        """Have the next round's integrations fail, and wait until Slack shows it."""
        channel, begun = channel_of(self._number), now()
        names = ("braze", *(f"other-{number}" for number in range(1, WORKSPACES)))
        expected = {f"{name} / Sync {self._number:02}": Shown.FAILING for name in names}
        self._processes.fail(self._number)
        self._expected[channel], self._number = expected, self._number + 1
        await until(lambda: not self._told.wrong(channel, expected))
        self.figures.told.append(now() - begun)

    @asynccontextmanager
    async def _typing(self) -> AsyncIterator[None]:
        """Type one command after the other meanwhile."""
        figures = self.figures

        async def type_on() -> None:
            answered = now()
            while True:
                told = await self._processes.slack.people.command(DATA_ALERTS, MARA, "help")
                figures.typed += 1
                figures.unanswered += not told["acked"]
                if told["acked"]:
                    figures.silent = max(figures.silent, now() - answered)
                    answered = now()
                await asyncio.sleep(TYPES_EVERY)

        typing = asyncio.create_task(type_on())
        try:
            yield
        finally:
            typing.cancel()
            await asyncio.wait({typing})


async def measure(url: str, folder: Path, *, processes: int, kills: int, others: int) -> Figures:
    """Live through so many kills, and so many rounds of each other kind."""
    async with AsyncExitStack() as stack:
        brazes = [await stack.enter_async_context(Sandbox(seed=seed)) for seed in range(1, WORKSPACES + 1)]
        program = Program(folder)
        stack.push_async_callback(program.close)
        here = Processes(program, url, brazes)
        await here.prepare(kills + 2 * others)
        rounds = Rounds(here, Told(brazes[0]), seed=processes)
        for _ in range(processes):
            await here.start()
        await until(here.is_even)
        await rounds.live(rounds.nothing, 1)
        await rounds.live(rounds.killed, kills)
        await rounds.live(rounds.cut, others)
        await rounds.live(rounds.restarted, others)
        return rounds.end()


def rows(figures: Sequence[Figures], *, kills: int, others: int) -> list[str]:
    """The table, with a column for each number of processes."""

    def row(what: str, told: Callable[[Figures], str], aim: str) -> str:
        return f"| {what} | {' | '.join(map(told, figures))} | {aim} |"

    def times(values: list[float]) -> str:
        return f"{statistics.median(values):.1f} s, {max(values):.1f} s"

    def unwatched(kind: str) -> Callable[[Figures], str]:
        return lambda each: f"{each.unwatched[kind]:.1f} s"

    return [
        row(
            f"{kills} SIGKILLs: each lost workspace is polled again after",
            lambda each: times(each.polled),
            "–",
        ),
        row("what fails in any round is told after", lambda each: times(each.told), "–"),
        row("shares are even again, from when a successor is ready", lambda each: times(each.even), "10 s"),
        row("longest without a poll of a workspace: nothing happens", unwatched("nothing"), "–"),
        row(f"likewise: {others} cuts of every lock's session", unwatched("cut"), "–"),
        row(f"likewise: {others} rolling restarts", unwatched("restarted"), "3 s"),
        row("longest without an answer to a command in these", lambda each: f"{each.silent:.1f} s", "–"),
        row("commands without an answer", lambda each: f"{each.unanswered} of {each.typed}", "0"),
        row("alerts lost, doubled or false", lambda each: f"{len(each.wrong)} of {each.failures}", "0"),
        row("polls beside another process's", lambda each: f"{each.doubled} of {each.polls:,}", "0"),
    ]


async def main(kills: int = 20, others: int = 5) -> None:
    """Measure with two processes and with three, and print the table."""
    figures = []
    with postgres_server() as server:
        for processes in (2, 3):
            with TemporaryDirectory(prefix="cdi-bot-bench-") as name:
                url = server.migrated()
                figures.append(
                    await measure(url, Path(name), processes=processes, kills=kills, others=others)
                )
    print(f"{WORKSPACES} workspaces on PostgreSQL; where there are two times, median and worst\n")
    print("| what | two processes | three processes | aim |")
    print("| --- | --- | --- | --- |")
    print("\n".join(rows(figures, kills=kills, others=others)))
    for problem in [problem for each in figures for problem in each.wrong]:
        print(f"\nWRONG: {problem}")


if __name__ == "__main__":
    asyncio.run(main(*map(int, sys.argv[1:3])))
