"""Polling and delivering as they work together, on a real store, before the stand-ins, under a clock that is moved."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp

from cdi_bot.app import INTERVALS, Adapters, App, assemble
from cdi_bot.braze.client import BrazeClient
from cdi_bot.core.model.channel import Channel
from cdi_bot.core.model.incident import Topic
from cdi_bot.core.model.message import OutboxMessage
from cdi_bot.core.model.subscription import DEFAULT_TOPICS, Filters
from cdi_bot.delivery.dispatcher import Dispatcher
from cdi_bot.monitoring.poller import Poller
from cdi_bot.monitoring.reminders import Reminders
from cdi_bot.sandbox import Sandbox
from cdi_bot.sandbox.braze.integration import IntegrationConfig
from cdi_bot.sandbox.braze.runs import Run as PastRun
from cdi_bot.sandbox.braze.runs import RunPlan
from cdi_bot.sandbox.braze.simulation import Settings
from cdi_bot.sandbox.slack.seed_data import DATA_ALERTS, TEAM
from cdi_bot.slack.api.call import SlackApi
from cdi_bot.slack.api.directory import SlackDirectory
from cdi_bot.slack.api.messenger import SlackMessenger
from cdi_bot.slack.render.kit.i18n import Translator
from cdi_bot.store import Store, StoreTrouble
from tests.databases import new_file
from tests.reading import as_read
from tests.rigs.adapters import a_holder, bot_settings, no_jitter, reach
from tests.rigs.virtual_time import threadless_store
from tests.sandbox.braze_kit import Clock

ALERTS = Channel(team_id=TEAM, channel_id=DATA_ALERTS)
WHO = "U0MARA0001"
GRACE = timedelta(minutes=10)

Json = dict[str, Any]


@dataclass
class Bot:
    """One process's worth of the bot."""

    app: App
    braze: BrazeClient
    session: aiohttp.ClientSession

    @property
    def poller(self) -> Poller:
        """What polls the one workspace."""
        return self.app.workspaces.meant().poller

    @property
    def reminders(self) -> Reminders:
        """What time alone brings about in it."""
        return self.app.workspaces.meant().reminders

    @property
    def dispatcher(self) -> Dispatcher:
        """What brings messages to Slack."""
        return self.app.dispatcher

    async def close(self) -> None:
        """Stop as the program does."""
        await self.poller.stop(5)
        await self.app.holder.end()
        await self.kill()

    async def kill(self) -> None:
        """Close connections and leave the store as it is."""
        self.app.holder.lock.close()
        await self.braze.aclose()
        await self.session.close()


class Whole:
    """The stand-ins, a store, and the bot before them. Time passes in `run` and `sleep` alone."""

    def __init__(self, sandbox: Sandbox, clock: Clock, store: Store) -> None:
        """Start without a bot."""
        self.sandbox, self.clock = sandbox, clock
        self.clock_error = 0.0  # so many seconds the clock of the bot's machine is ahead
        self.store: Store = store
        self.bots: list[Bot] = []
        self.bot: Bot
        self.workspace_id = 0
        self.admin_channel: Channel | None = None
        self._due: dict[Callable[[], Awaitable[None]], datetime] = {}

    async def start_bot(self, interval: float = 30, unreachable_after: float = 300) -> Bot:
        """Assemble a bot; it is the one that `run` drives from now on."""
        async with self.store.write() as uow:
            workspace = await uow.workspaces.find_or_add(
                base_url=self.sandbox.url, dashboard_url="https://dashboard-01.braze.com"
            )
        self.workspace_id = workspace.workspace_id
        braze = BrazeClient(
            base_url=self.sandbox.url,
            api_key=self.sandbox.braze_api_key,
            workspace_id=workspace.workspace_id,
            clock=self.bot_clock,
            random=no_jitter,
            sleep=self.sleep,
        )
        session = aiohttp.ClientSession()
        api = SlackApi(
            session,
            token=self.sandbox.slack_bot_token,
            url=self.sandbox.url + "/api/",
            clock=self.seconds,
        )
        settings = bot_settings(
            poll_interval=timedelta(seconds=interval),
            unreachable_after=timedelta(seconds=unreachable_after),
            grace=GRACE,
            admin_channel=self.admin_channel.channel_id if self.admin_channel else None,
            admins=frozenset({WHO}),
        )
        adapters = Adapters(
            store=self.store,
            workspaces=[(workspace, braze)],
            reach=partial(reach, clock=self.bot_clock),
            messenger=SlackMessenger(api, Translator()),
            directory=SlackDirectory(api, TEAM),
            team_id=TEAM,
            team_url="https://northwind-data.slack.com/",
            sleep=self.sleep,
            random=no_jitter,
            seconds=self.seconds,
            holder=a_holder(self.store),
        )
        self.bot = Bot(assemble(settings, adapters, self.bot_clock), braze, session)
        self.bots.append(self.bot)
        await self.bot.app.holder.beat()
        await self.bot.app.holder.watch()
        return self.bot

    def bot_clock(self) -> datetime:
        """What the bot's machine takes for the present."""
        return self.clock() + timedelta(seconds=self.clock_error)

    def seconds(self) -> float:
        """The clock as Slack counts: seconds since 1970."""
        return self.clock.now.timestamp()

    async def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.clock.advance(seconds)
        self.sandbox.braze.catch_up()
        await asyncio.sleep(0)

    async def tick(self, *, everything: bool = True) -> None:
        """Do what the scheduler has done at one moment, to the end: everything, or what is due by its intervals."""
        bot, due, watched = self.bot, self._due, self.bot.app.workspaces.meant()
        await bot.app.holder.beat()
        await bot.app.holder.watch()
        await watched.poller.tick()
        await watched.poller.idle()
        for work, seconds in (
            (watched.reminders.tick, INTERVALS["remind"]),
            (watched.evaluator.tick, INTERVALS["conditions"]),
            (watched.freshness.tick, INTERVALS["conditions"]),
            (watched.requested_syncs.tick, INTERVALS["follow"]),
            (bot.app.escalations.tick, INTERVALS["escalate"]),
            (bot.app.hours.tick, INTERVALS["hours"]),
            (bot.app.snooze_times.tick, INTERVALS["snoozes"]),
            (bot.app.clusters.tick, INTERVALS["clusters"]),
            (bot.app.store_health.tick, INTERVALS["database"]),
        ):
            if everything or self.clock.now >= due.get(work, self.clock.now):
                due[work] = self.clock.now + timedelta(seconds=seconds)
                await work()
        with suppress(StoreTrouble):  # the next round tries again
            await bot.dispatcher.start_due()
        await bot.dispatcher.wait_idle()

    async def run(self, seconds: float, step: float | None = None) -> None:
        """Live for at least so long, in steps that are the coarser the longer it is."""
        step = step or max(1.0, seconds / 30)
        end = self.clock.now + timedelta(seconds=seconds)
        while self.clock.now < end:
            await self.tick(everything=False)
            await self.sleep(step)
        await self.tick()

    async def until(self, seen: Callable[[], bool], seconds: float = 120) -> None:
        """Live until something is seen; fails when it is not in time."""
        end = self.clock.now + timedelta(seconds=seconds)
        while not seen():
            assert self.clock.now < end, "not seen in time"
            await self.tick(everything=False)
            await self.sleep(0.5)

    # ------------------------------------------------------------------------------------- what people do

    def create(self, name: str, **more: Any) -> str:
        """Add an integration without a schedule; returns its id."""
        return self.sandbox.braze.create(
            IntegrationConfig(integration_name=name, **more)
        ).config.integration_id

    def end_run(self, integration_id: str, outcome: str = "error", **more: Any) -> None:
        """Have a run of one second begin and end now."""
        self.sandbox.braze.run(integration_id, RunPlan(outcome=outcome, seconds=1, **more))
        self.clock.advance(1.1)
        self.sandbox.braze.catch_up()

    def put_history(self, integration_id: str, *statuses: str, minutes: float = 10) -> None:
        """Give it past runs, the oldest first, one every few minutes, the newest just ended."""
        count = len(statuses)
        runs = []
        for place, status in enumerate(statuses):
            start = self.clock.now - timedelta(minutes=minutes * (count - place)) + timedelta(microseconds=17)
            runs.append(
                PastRun(
                    status=status,
                    start=start,
                    finish=start + timedelta(seconds=30),
                    rows_synced=10,
                    rows_failed=3,
                )
            )
        self.sandbox.braze.put_history(integration_id, runs)

    async def subscribe(
        self,
        selector: str = "all",
        channel: Channel = ALERTS,
        topics: frozenset[Topic] = DEFAULT_TOPICS,
        **filters: Any,
    ) -> None:
        """Subscribe a channel as `/cdi subscribe` does it, without its announcement."""
        async with self.store.write() as uow:
            subscription = await uow.subscriptions.add(
                channel=channel,
                workspace_id=self.workspace_id,
                selector=selector,
                filters=Filters(topics=topics, **filters),
                by=WHO,
                now=self.bot_clock(),
            )
            known = await uow.integrations.all(self.workspace_id)
            await self.bot.poller.watch(
                uow, [each for each in known if subscription.covers(each.integration)], self.bot_clock()
            )

    # ------------------------------------------------------------------------------------- what is there

    def messages(self, channel: Channel = ALERTS) -> list[Json]:
        """Every message of a channel, threads included, as it is read."""
        return [
            as_read(each)
            for each in self.sandbox.slack.snapshot()["messages"]
            if each["channel"] == channel.channel_id
        ]

    def cards(self, channel: Channel = ALERTS) -> list[Json]:
        """The messages in the channel that tell of no recovery."""
        return [each for each in self.messages(channel) if not _is_reply(each)]

    def replies(self, channel: Channel = ALERTS) -> list[Json]:
        """What happened to incidents: the messages in threads, and the recoveries in the channel."""
        return [each for each in self.messages(channel) if _is_reply(each)]

    def texts(self, channel: Channel = ALERTS) -> list[str]:
        """Their top-level texts."""
        return [each["text"] for each in self.messages(channel)]

    async def owed(self, channel: Channel = ALERTS) -> list[OutboxMessage]:
        """What the outbox still holds."""
        async with self.store.read() as uow:
            return await uow.outbox.pending(channel, limit=1000)


def _is_reply(message: Json) -> bool:
    return message["thread_ts"] not in {None, message["ts"]} or is_recovery(message)


def is_recovery(message: Json) -> bool:
    """Whether a message of the channel tells recoveries, by the key that it carries."""
    key = (message.get("metadata") or {}).get("event_payload", {}).get("key", "")
    return str(key).startswith("recovered:")


@asynccontextmanager
async def whole(folder: Path, *, braze_ahead: float = 0, store: Store | None = None) -> AsyncIterator[Whole]:
    """Everything, with this or a new database and a bot that has not looked yet.

    The stand-ins' clock is so many seconds ahead of the bot's.
    """
    clock, store = Clock(), store or threadless_store(new_file(folder))

    def their_clock() -> datetime:
        return clock() + timedelta(seconds=braze_ahead)

    async with Sandbox(their_clock) as sandbox:
        sandbox.braze.settings = Settings(jitter=0)
        everything = Whole(sandbox, clock, store)
        await everything.start_bot()
        yield everything
        await everything.bot.close()
        for each in everything.bots:
            await each.kill()  # also what a test that failed has left
    await store.close()
