"""Many workspaces in one process, with cards in many channels, beside one workspace: CPU, memory, loop, answers.

`python -m tests.bench.scale` takes fourteen minutes. The measured process is this module run with arguments, with the
real scheduler, pollers, dispatcher and store, which holds 100 runs of each integration; Braze is tests.bench.brazes
and Slack tests.bench.stand, each in a process of its own, over HTTP. Each flow of a workspace has a channel, whose one
card is edited every six minutes; one channel more is subscribed to everything, and alerted of misconfigured
integrations alone.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
import sys
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
import httpx
from prometheus_client import Counter, Histogram
from pydantic import SecretStr

from cdi_bot.app import INTERVALS, Adapters, App, assemble
from cdi_bot.braze.client import BrazeClient
from cdi_bot.cli.workspaces import open_workspace
from cdi_bot.core.model.channel import Channel
from cdi_bot.core.model.incident import Topic
from cdi_bot.core.model.integration import Workspace
from cdi_bot.core.model.subscription import Filters
from cdi_bot.operator.garbage import spare_long_lived_objects
from cdi_bot.operator.logs import set_up_logging
from cdi_bot.operator.metrics import Metrics, WorkspaceCounts, watch_loop
from cdi_bot.scheduler import Scheduler
from cdi_bot.slack.api.call import SlackApi
from cdi_bot.slack.api.directory import SlackDirectory
from cdi_bot.slack.api.messenger import SlackMessenger
from cdi_bot.slack.render.kit.i18n import Translator
from cdi_bot.store import Store
from cdi_bot.store.migrate import upgrade
from cdi_bot.store.portable import sqlite_time
from tests.bench.brazes import FLOWS
from tests.bench.processes import (
    MARA,
    ROOT,
    Env,
    made,
    main,
    median,
    percentile,
    program,
    resident,
    stand_ins,
)
from tests.bench.rig import TEAM, channel_id
from tests.rigs.adapters import a_holder, bot_settings, reach
from tests.store.filled import known

RUNS = 100

HEAD = (
    "what",
    "40 workspaces, 10,000 integrations, cards in 200 channels",
    "one workspace, 250 integrations, cards in 5 channels",
    "aim",
)

Figures = dict[str, float]


def now() -> datetime:
    """The present."""
    return datetime.now(UTC)


async def scale(
    folder: Path,
    *,
    workspaces: int,
    integrations: int,
    warm_up: float = 300.0,
    seconds: float = 60.0,
    answers: int = 300,
) -> Figures:
    """Measure a process that polls so many workspaces with so many integrations each, for `seconds` after `warm_up`.

    All pasts have to be read by then, which takes three minutes for 10,000 integrations, and all channels but a few
    have their cards. Each question is asked as
    often as there are to be `answers`.
    """
    async with (
        program("brazes", workspaces, integrations) as addresses,
        stand_ins(0, 0, 100, channels=workspaces * FLOWS + 1) as env,
    ):
        database = folder / "scale.db"
        fill(database, addresses, integrations)
        asked = {
            "database": str(database),
            "addresses": addresses,
            "slack": env,
            "warm_up": warm_up,
            "seconds": seconds,
            "answers": answers,
        }
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "tests.bench.scale",
            json.dumps(asked),
            cwd=ROOT,
            stdout=asyncio.subprocess.PIPE,
        )
        out, _ = await process.communicate()
        if process.returncode:
            raise RuntimeError("the measured process failed")
        figures: Figures = json.loads(out)
        async with httpx.AsyncClient() as client:
            counts = [(await client.get(f"{address}/counts")).json() for address in addresses]
    figures["turned_away"] = sum(each.get("turned away", 0) for each in counts)
    return figures


def table(many: Figures, one: Figures) -> list[str]:
    """The figures as rows of the table in docs/performance.md; they hold for the sizes that `rows` measures."""

    def row(what: str, told: Callable[[Figures], str], aim: str) -> str:
        return f"| {what} | {told(many)} | {told(one)} | {aim} |"

    def answer(what: str, name: str) -> str:
        return row(f"{what}", lambda of: f"{of[name]:.0f} ms ({of[name + '_p99']:.0f})", "50 ms")

    return [
        row(
            "requests to Braze, turned away", lambda of: f"{of['polls']:.0f}, {of['turned_away']:.0f}", "–, 0"
        ),
        row(
            "messages posted and edited in a minute, the oldest still owed",
            lambda of: f"{of['delivered']:.0f}, {of['oldest']:.1f} s",
            "–",
        ),
        row("CPU of a core", lambda of: f"{of['cpu']:.0%}", "50%"),
        row("resident memory", lambda of: f"{of['memory']:.0f} MB", "250 MB"),
        row(
            "event loop blocked, longest (p99)",
            lambda of: f"{of['lag'] * 1000:.0f} ms ({of['lag_p99'] * 1000:.0f})",
            "50 ms",
        ),
        row(
            "the end of a run is known after, p50 (p95)",
            lambda of: f"{of['latency']:.0f} s ({of['latency_p95']:.0f})",
            "–",
        ),
        answer("`/cdi status` in a channel with 50 integrations, p50 (p99)", "some"),
        answer("`/cdi status` in a channel with all, p50 (p99)", "all"),
        answer("`/cdi status INTEGRATION`, p50 (p99)", "history"),
        row(
            f"start with {RUNS} stored runs of each integration, until every workspace is loaded",
            lambda of: f"{of['start']:.2f} s",
            "3 s",
        ),
    ]


def fill(database: Path, addresses: list[str], integrations: int) -> None:
    """A database in which everything is watched and subscribed, and has been for long."""
    upgrade(f"sqlite:///{database}")
    begun = now()
    with closing(sqlite3.connect(database)) as connection:
        connection.executemany(
            "INSERT INTO braze_workspaces (name, base_url, dashboard_url) VALUES (?, ?, ?)",
            [(f"braze-{number}", address, address) for number, address in enumerate(addresses)],
        )
        past = begun.replace(microsecond=0) - timedelta(days=30)
        for statement in known("sqlite", past, integrations=integrations, runs=RUNS):
            connection.execute(statement)
        connection.execute("UPDATE runs SET job_status = 'success' WHERE job_status = 'running'")
        connection.execute(
            "UPDATE integrations SET watched_since = ?, baseline_start = ?, integration_name ="
            " 'Flow ' || (CAST(substr(integration_id, 2) AS INTEGER) % ?) || ' ' || integration_id",
            [*[sqlite_time(begun)] * 2, FLOWS],
        )
        connection.commit()


# ---------------------------------------------------------------------------------------- the measured process


class Latencies(Metrics):
    """Metrics that also keep how late each end of a run was known, in seconds."""

    def __init__(self) -> None:
        """Know of none yet."""
        super().__init__()
        self.seen: list[float] = []

    def of(self, workspace: str) -> WorkspaceCounts:
        """What counts for the workspace of this name."""
        return _Latencies(self._polls, self._latency, workspace, self.seen)


class _Latencies(WorkspaceCounts):
    def __init__(self, polls: Counter, latency: Histogram, workspace: str, seen: list[float]) -> None:
        super().__init__(polls, latency.labels(workspace), workspace)
        self._seen = seen

    def detected(self, latency: timedelta) -> None:
        super().detected(latency)
        self._seen.append(latency.total_seconds())


async def measured(
    *, database: str, addresses: list[str], slack: Env, warm_up: float, seconds: float, answers: int
) -> Figures:
    """Start, poll, deliver, answer, and tell what that took."""
    set_up_logging(log_format="json", level="error")
    begun = time.perf_counter()
    async with AsyncExitStack() as stack:
        store = await Store.open(f"sqlite:///{database}")
        stack.push_async_callback(store.close)
        metrics, holder = Latencies(), a_holder(store)
        everything = _channel(len(addresses) * FLOWS)
        reached = [
            await _workspace(store, metrics, address, [*_channels(place), everything], stack)
            for place, address in enumerate(addresses)
        ]
        session = await stack.enter_async_context(aiohttp.ClientSession())
        api = SlackApi(session, token=slack["SLACK_BOT_TOKEN"], url=slack["SLACK_API_URL"])
        adapters = Adapters(
            store=store,
            holder=holder,
            workspaces=reached,
            reach=reach,
            messenger=SlackMessenger(api, Translator()),
            directory=SlackDirectory(api, TEAM),
            team_id=TEAM,
            metrics=metrics,
        )
        app = assemble(bot_settings(), adapters, now)
        stack.push_async_callback(app.workspaces.stop, 5)
        await holder.beat()
        await app.workspaces.poll()
        await app.workspaces.idle()
        started = time.perf_counter() - begun
        spare_long_lived_objects()
        stack.push_async_callback(_stop, app, asyncio.create_task(app.dispatcher.run()))
        scheduler = Scheduler()
        for name, work in app.recurring().items():
            if name in {"observe", "remind", "conditions", "follow", "forget", "deliver", "clusters"}:
                scheduler.every(INTERVALS[name], work, name=name)
        scheduler.start()
        stack.push_async_callback(scheduler.stop, 5)
        await asyncio.sleep(warm_up)
        lags: list[float] = []
        metrics.seen.clear()
        before = await _counted(metrics, store, app)
        probe = asyncio.create_task(watch_loop(lags.append))
        cpu, wall = time.process_time(), time.perf_counter()
        await asyncio.sleep(seconds)
        took = time.perf_counter() - wall
        share = (time.process_time() - cpu) / took
        probe.cancel()
        after = await _counted(metrics, store, app)
        latencies = metrics.seen or [float("nan")]
        figures = {
            "start": started,
            "cpu": share,
            "lag": max(lags),
            "lag_p99": percentile(lags, 0.99),
            "latency": median(latencies),
            "latency_p95": percentile(latencies, 0.95),
            "polls": after["cdi_bot_polls_total"],
            "delivered": (after["cdi_bot_posts_total"] - before["cdi_bot_posts_total"]) * 60 / took,
            "oldest": after["cdi_bot_outbox_oldest_seconds"],
        }
        for name, ask in _questions(store, app, everything).items():
            taken = await _timed(ask, answers)
            figures |= {name: median(taken), f"{name}_p99": percentile(taken, 0.99)}
        return figures | {"memory": resident()}


async def _stop(app: App, delivering: asyncio.Task[None]) -> None:
    app.dispatcher.stop()
    await delivering


def _channel(place: int) -> Channel:
    return Channel(team_id=TEAM, channel_id=channel_id(place))


def _channels(workspace: int) -> list[Channel]:
    """The channels of a workspace's flows, each workspace's by its place."""
    return [_channel(workspace * FLOWS + flow) for flow in range(FLOWS)]


async def _workspace(
    store: Store, metrics: Metrics, address: str, channels: list[Channel], stack: AsyncExitStack
) -> tuple[Workspace, BrazeClient]:
    """The workspace at an address; a channel for each of its flows, and the last one for all of it."""
    workspace, braze = await open_workspace(
        bot_settings(braze_base_url=address, braze_api_key=SecretStr("bench")), store=store, metrics=metrics
    )
    stack.push_async_callback(braze.aclose)
    async with store.write() as uow:
        for flow, channel in enumerate(channels):
            await uow.subscriptions.add(
                channel=channel,
                workspace_id=workspace.workspace_id,
                selector=f"Flow {flow} *" if flow < FLOWS else "all",
                filters=Filters() if flow < FLOWS else Filters(topics=frozenset({Topic.CONFIG_ERROR})),
                by=MARA,
                now=now(),
            )
    return workspace, braze


def _questions(store: Store, app: App, everything: Channel) -> dict[str, Callable[[], Awaitable[object]]]:
    """`/cdi status` in a channel of one flow and in that of everything, and of one integration's stored runs."""
    workspace_id = app.workspaces.meant().workspace_id

    async def history() -> object:
        async with store.read() as uow:
            watched = await uow.integrations.get(workspace_id, "i000007")
            assert watched
            return await app.queries._history(uow, _channel(2), watched, 0, None)  # noqa: SLF001

    return {
        "some": lambda: app.queries.overview(_channel(0)),
        "all": lambda: app.queries.overview(everything),
        "history": history,
    }


async def _timed(ask: Callable[[], Awaitable[object]], answers: int) -> list[float]:
    taken = []
    for _ in range(answers):
        begun = time.perf_counter()
        await ask()
        taken.append((time.perf_counter() - begun) * 1000)
        await asyncio.sleep(0.02)
    return taken


async def _counted(metrics: Metrics, store: Store, app: App) -> dict[str, float]:
    """The metrics by name, each summed up over its labels; zero where nothing was counted."""
    found: dict[str, float] = defaultdict(float)
    for line in (await metrics.page(store, now(), app.workspaces)).decode().splitlines():
        if not line.startswith("#"):
            name, _, count = line.rpartition(" ")
            name = name.partition("{")[0]
            found[name] += float(count)
    return found


async def rows(folder: Path) -> list[str]:
    """The table's rows: many workspaces beside one."""
    many = await scale(made(folder / "many"), workspaces=40, integrations=250)
    one = await scale(made(folder / "one"), workspaces=1, integrations=250)
    return table(many, one)


if __name__ == "__main__":
    if len(sys.argv) == 1:
        main(rows, HEAD)
    else:
        print(json.dumps(asyncio.run(measured(**json.loads(sys.argv[1])))))
