"""The delivering half of the bot in this process, as `app` builds it, before a Slack in another process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
from slack_sdk.web.async_client import AsyncWebClient

from cdi_bot.app import INTERVALS, Adapters, assemble
from cdi_bot.core.model.channel import Channel
from cdi_bot.core.model.integration import Integration, WatchedIntegration, Workspace
from cdi_bot.core.model.message import MessageKind, OwedMessage, SyncRequested
from cdi_bot.core.model.run import Run
from cdi_bot.core.model.subscription import Filters
from cdi_bot.delivery.dispatcher import Dispatcher
from cdi_bot.delivery.views import View
from cdi_bot.monitoring.recorder import Observation, record_observations
from cdi_bot.slack.api.call import SlackApi
from cdi_bot.slack.api.directory import SlackDirectory
from cdi_bot.slack.api.messenger import SlackMessenger
from cdi_bot.slack.render.kit.i18n import Translator
from cdi_bot.store import Store
from cdi_bot.store.migrate import upgrade
from tests.bench.processes import CHANNELS, Env
from tests.rigs.adapters import a_holder, bot_settings, reach

TEAM = "T0DEMO"


def now() -> datetime:
    """The present."""
    return datetime.now(UTC)


@dataclass
class Receipts(SlackMessenger):
    """The real messenger, which also notes when Slack took each post, by Slack's own word for it: the `ts`."""

    api: SlackApi
    at: list[float] = field(default_factory=list)
    more: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        """Speak English."""
        super().__init__(self.api, Translator())

    async def post(
        self,
        channel: Channel,
        view: View,
        *,
        key: str,
        thread_ts: str | None = None,
        broadcast: bool = False,
        language: str | None = None,
    ) -> str:
        """Post, and note it."""
        ts = await super().post(
            channel, view, key=key, thread_ts=thread_ts, broadcast=broadcast, language=language
        )
        self.at.append(float(ts))
        self.more.set()
        return ts

    async def wait_for(self, posts: int) -> None:
        """Wait until Slack has taken so many."""
        while len(self.at) < posts:
            self.more.clear()
            await self.more.wait()


@dataclass(kw_only=True)
class Rig:
    """A store in which every channel watches integrations of its own, and a running dispatcher."""

    store: Store
    workspace: Workspace
    watched: Sequence[WatchedIntegration]
    slack: Receipts
    dispatcher: Dispatcher

    async def fail(self, watched: Sequence[WatchedIntegration]) -> float:
        """Store a failed run of each in one commit; gives the time at which it was stored."""
        at = now()
        seen = []
        for each in watched:
            run = Run(
                integration_id=each.integration.integration_id,
                sync_start_time=at - timedelta(minutes=2),
                sync_finish_time=at,
                job_status="partial",
                rows_synced=48_210,
                rows_failed_with_errors=17,
            )
            seen.append(Observation(watched=each, runs=[run]))
        async with self.store.write() as uow:
            await record_observations(uow, seen, now=at)
        stored = now()
        self.dispatcher.wake()
        return stored.timestamp()

    async def notify(self) -> float:
        """Owe a message of its own for every integration; gives the time at which they were stored."""
        at = now()
        owed = [
            OwedMessage(
                key=f"requested:{watched.integration.integration_id}",
                channel=Channel(team_id=TEAM, channel_id=channel_id(number % CHANNELS)),
                kind=MessageKind.NOTICE,
                content=SyncRequested(
                    who="U0MARA0001",
                    workspace_id=self.workspace.workspace_id,
                    integration_id=watched.integration.integration_id,
                ),
                not_before=at,
            )
            for number, watched in enumerate(self.watched)
        ]
        async with self.store.write() as uow:
            await uow.outbox.add(owed, now=at)
        stored = now()
        self.dispatcher.wake()
        return stored.timestamp()

    async def settled(self) -> None:
        """Wait until nothing is owed: what Slack took is recorded too."""
        while True:
            async with self.store.read() as uow:
                if not await uow.outbox.depth():
                    return
            await asyncio.sleep(0.05)


@asynccontextmanager
async def rig(env: Env, folder: Path, each: int) -> AsyncIterator[Rig]:
    """Build it, with so many integrations for each channel."""
    url = f"sqlite:///{folder / 'delivery.db'}"
    upgrade(url)
    store = await Store.open(url)
    async with store.write() as uow:
        workspace = await uow.workspaces.find_or_add(
            base_url=env["BRAZE_BASE_URL"], dashboard_url="https://dashboard-01.braze.com"
        )
        watched = [_watched(workspace, place, number) for number in range(each) for place in range(CHANNELS)]
        await uow.integrations.save(watched)
        for place in range(CHANNELS):
            await uow.subscriptions.add(
                channel=Channel(team_id=TEAM, channel_id=channel_id(place)),
                workspace_id=workspace.workspace_id,
                selector=f"Load {place:03} *",
                filters=Filters(),
                by="U0MARA0001",
                now=now(),
            )
    async with aiohttp.ClientSession() as session:
        api = SlackApi(session, token=env["SLACK_BOT_TOKEN"], url=env["SLACK_API_URL"])
        slack = Receipts(api)
        holder = a_holder(store)
        await holder.beat()
        adapters = Adapters(
            store=store,
            workspaces=[],
            holder=holder,
            reach=reach,
            messenger=slack,
            directory=SlackDirectory(api, TEAM),
            team_id=TEAM,
        )
        dispatcher = assemble(bot_settings(admins=frozenset({"*"})), adapters, now).dispatcher
        delivering = asyncio.create_task(dispatcher.run())
        waking = asyncio.create_task(_wake(dispatcher))
        yield Rig(store=store, workspace=workspace, watched=watched, slack=slack, dispatcher=dispatcher)
        waking.cancel()
        with suppress(asyncio.CancelledError):
            await waking
        dispatcher.stop()
        await delivering
    await store.close()


@asynccontextmanager
async def slack_client(env: Env) -> AsyncIterator[AsyncWebClient]:
    """Slack's own client, set up as the bot does it."""
    async with aiohttp.ClientSession() as session:
        yield AsyncWebClient(
            token=env["SLACK_BOT_TOKEN"], base_url=env["SLACK_API_URL"], session=session, retry_handlers=[]
        )


def channel_id(place: int) -> str:
    """The id of one of the bench's channels."""
    return f"C0LOAD{place:04}"


def _watched(workspace: Workspace, place: int, number: int) -> WatchedIntegration:
    integration = Integration(
        workspace_id=workspace.workspace_id,
        integration_id=f"00000000-0000-4000-8000-{place:06}{number:06}",
        integration_name=f"Load {place:03} {number:02}",
        warehouse_type="Snowflake",
    )
    long_ago = now() - timedelta(days=1)
    return WatchedIntegration(
        integration=integration, watched_since=long_ago, baseline_taken=True, baseline_start=long_ago
    )


async def _wake(dispatcher: Dispatcher) -> None:
    while True:
        await asyncio.sleep(INTERVALS["deliver"])
        dispatcher.wake()
