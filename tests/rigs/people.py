"""The use cases that people call, on a real store, before real clients, before the stand-ins."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import aiohttp
from pydantic import SecretStr

from cdi_bot.app import Adapters, App, assemble
from cdi_bot.braze.client import BrazeClient
from cdi_bot.core.model.channel import Channel
from cdi_bot.core.model.incident import Incident, Kind
from cdi_bot.core.model.integration import Workspace
from cdi_bot.core.model.message import Content
from cdi_bot.monitoring.poller import Poller
from cdi_bot.sandbox import Sandbox
from cdi_bot.sandbox.braze.integration import IntegrationConfig
from cdi_bot.sandbox.braze.runs import Run as PastRun
from cdi_bot.sandbox.braze.simulation import Settings
from cdi_bot.sandbox.slack.model import User
from cdi_bot.sandbox.slack.seed_data import DATA_ALERTS, FINANCE_PRIVATE, MARKETING_OPS, TEAM
from cdi_bot.slack.api.app import SlackApp
from cdi_bot.slack.api.call import SlackApi
from cdi_bot.slack.api.directory import SlackDirectory
from cdi_bot.slack.api.messenger import SlackMessenger
from cdi_bot.slack.handlers.commands import Responder
from cdi_bot.slack.handlers.home import HomeTab
from cdi_bot.slack.handlers.registration import register_handlers
from cdi_bot.slack.render.kit.i18n import Translator
from cdi_bot.store import Store
from cdi_bot.usecases.access import Access
from cdi_bot.usecases.channel_settings import ChangeChannelSettings
from cdi_bot.usecases.expected import MarkExpected
from cdi_bot.usecases.incidents import IncidentResponse
from cdi_bot.usecases.queries import Queries
from cdi_bot.usecases.snoozes import ChangeSnoozes
from cdi_bot.usecases.subscription_form import SubscriptionForms
from cdi_bot.usecases.subscriptions import ChangeSubscriptions
from tests.databases import new_sqlite
from tests.rigs.adapters import a_holder, bot_settings, reach
from tests.sandbox.braze_kit import Clock

START = datetime(2026, 3, 2, 12, 0, 5, tzinfo=UTC)

ALERTS = Channel(team_id=TEAM, channel_id=DATA_ALERTS)
MARKETING = Channel(team_id=TEAM, channel_id=MARKETING_OPS)
PRIVATE = Channel(team_id=TEAM, channel_id=FINANCE_PRIVATE)

PATIENCE = timedelta(seconds=30)
"""How long people wait for Braze: longer than anything here takes on a busy machine."""


class PatientApp(SlackApp):
    """An app that can be waited for."""

    async def settle(self) -> None:
        """Wait until everything that was taken is done."""
        async with asyncio.timeout(PATIENCE.total_seconds()):
            while self._tasks:
                await asyncio.wait(self._tasks)


@dataclass
class Desk:
    """Everything that a test of the use cases needs."""

    sandbox: Sandbox
    store: Store
    app: App
    poller: Poller
    workspace: Workspace
    second: Workspace | None
    messenger: SlackMessenger
    directory: SlackDirectory
    access: Access
    subscriptions: ChangeSubscriptions
    incidents: IncidentResponse
    snoozes: ChangeSnoozes
    expected: MarkExpected
    channels: ChangeChannelSettings
    forms: SubscriptionForms
    queries: Queries
    clock: Clock
    woken: list[datetime] = field(default_factory=list)

    def responder_for(self, slack: SlackApp) -> Responder:
        """What answers people of the Slack team through this app."""
        return Responder(
            slack=slack,
            subscriptions=self.subscriptions,
            incidents=self.incidents,
            snoozes=self.snoozes,
            expected=self.expected,
            queries=self.queries,
            channels=self.channels,
            settings=self.app.settings,
            previews=self.app.previews,
            workspaces=self.app.manage_workspaces,
            samples=replace(self.app.samples, sleep=_no_wait),
            access=self.access,
            directory=self.directory,
            i18n=Translator(),
            clock=self.clock,
        )

    def listen(self, responder: Responder, *, forms: SubscriptionForms | None = None) -> HomeTab:
        """Have everything answered that people do in Slack, by `responder` and these or the usual forms."""
        return register_handlers(
            responder,
            forms=forms or self.forms,
            homes=self.app.homes,
            channel_health=self.app.dispatcher.channel_health,
            clock=self.clock,
        )

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[PatientApp]:
        """The whole Slack side over Socket Mode, with everything answered."""
        app = PatientApp(
            bot_token=self.sandbox.slack_bot_token,
            app_token=self.sandbox.slack_app_token,
            signing_secret=None,
            api_url=f"{self.sandbox.url}/api/",
        )
        await app.identify()
        self.listen(self.responder_for(app))
        await app.connect()
        yield app
        await app.drain(PATIENCE.total_seconds())
        await app.close()

    def add(
        self, name: str, *statuses: str, integration_id: str = "", minutes: int = 10, last: float = 60.0
    ) -> str:
        """Add an integration with past runs, oldest first, the newest begun `last` seconds before now; its id."""
        made = self.sandbox.braze.create(
            IntegrationConfig(integration_name=name, integration_id=integration_id)
        )
        begun = self.clock.now - timedelta(seconds=last)
        runs = [
            PastRun(
                status=status,
                start=begun - timedelta(minutes=minutes * age),
                finish=begun - timedelta(minutes=minutes * age) + timedelta(seconds=30),
                rows_synced=10,
                rows_failed=1,
                last_timestamp_synced=begun,
            )
            for age, status in enumerate(reversed(statuses))
        ]
        self.sandbox.braze.put_history(made.config.integration_id, runs)
        return made.config.integration_id

    def calls(self, endpoint: str) -> int:
        """How many requests Braze got whose path ends so."""
        return sum(request.path.split("?")[0].endswith(endpoint) for request in self.sandbox.braze.requests)

    async def owed(self, channel: Channel = ALERTS) -> Sequence[Content]:
        """What a channel is owed, in order."""
        async with self.store.read() as uow:
            return [message.owed.content for message in await uow.outbox.pending(channel, limit=1000)]

    async def fails(self, integration_id: str) -> None:
        """Let a run of a watched integration fail, and the bot see it."""
        self.clock.advance(60)
        self.sandbox.braze.run(integration_id)
        self.clock.advance(30)
        self.sandbox.braze.fail_all()
        await self.polled()

    async def open_incidents(self, integration_id: str) -> list[Incident]:
        """The open incidents of an integration whose syncs fail."""
        async with self.store.read() as uow:
            return await uow.incidents.open_for(
                self.workspace.workspace_id, Kind.SYNC_FAILED, [integration_id]
            )

    async def polled(self) -> None:
        """Let the bot poll until all that is due has been asked and stored."""
        for _ in range(3):
            await self.poller.tick()
            await self.poller.idle()
            self.clock.advance(2)


@asynccontextmanager
async def responder(
    folder: Path,
    *,
    permissions: Sequence[str] | None = None,
    dashboard: str | None = "https://dashboard-03.braze.com",
    patience: timedelta = PATIENCE,
    second: Sandbox | None = None,
) -> AsyncIterator[Desk]:
    """Set everything up; with `permissions`, Braze's key has only these. People wait so long for Braze.

    `second` is the stand-in of a second workspace, `staging` beside `prod`.
    """
    clock = Clock(START)
    store = await Store.open(new_sqlite(folder))
    async with Sandbox(clock) as sandbox, aiohttp.ClientSession() as session:
        sandbox.braze.settings = Settings(jitter=0)
        if permissions is not None:
            sandbox.braze.set_key(sandbox.braze_api_key, permissions)
        async with store.write() as uow:
            given = [each for each in (sandbox, second) if each]
            for name, braze in zip(("prod", "staging"), given, strict=False):
                await uow.workspaces.add(name=name, base_url=braze.url, dashboard_url=dashboard)
            watched = list(zip(await uow.workspaces.all(), given, strict=True))
        clients = [_client(workspace, each, clock) for workspace, each in watched]
        workspace = watched[0][0]
        api = SlackApi(session, token=sandbox.slack_bot_token, url=f"{sandbox.url}/api/")
        for name in ("UBEN", "UADMIN"):
            sandbox.slack.users[name] = User(id=name, name=name.lower(), real_name=name)
        messenger, directory = SlackMessenger(api, Translator()), SlackDirectory(api, TEAM)
        adapters = Adapters(
            store=store,
            workspaces=[(each, client) for (each, _), client in zip(watched, clients, strict=True)],
            reach=partial(reach, clock=clock),
            messenger=messenger,
            directory=directory,
            team_id=TEAM,
            holder=a_holder(store),
        )
        settings = bot_settings(
            admins=frozenset({"UADMIN"}),
            braze_base_url=sandbox.url,
            secret_keys=(SecretStr("A" * 43 + "="),),
        )
        app = assemble(settings, adapters, clock)
        await app.holder.beat()
        app.lookup.status_patience = app.lookup.list_patience = patience
        woken: list[datetime] = []
        app.on_wake.append(lambda: woken.append(clock()))
        poller = app.workspaces.meant().poller
        yield Desk(
            sandbox=sandbox,
            store=store,
            app=app,
            poller=poller,
            workspace=workspace,
            second=watched[1][0] if second else None,
            messenger=messenger,
            directory=directory,
            access=app.access,
            subscriptions=app.subscriptions,
            incidents=app.incidents,
            snoozes=app.snoozes,
            expected=app.expected,
            channels=app.channels,
            forms=app.forms,
            queries=app.queries,
            clock=clock,
            woken=woken,
        )
        for each in app.workspaces:
            await each.poller.idle()
        for client in clients:
            await client.aclose()
    await store.close()


def _client(workspace: Workspace, sandbox: Sandbox, clock: Clock) -> BrazeClient:
    return BrazeClient(
        base_url=sandbox.url,
        api_key=sandbox.braze_api_key,
        workspace_id=workspace.workspace_id,
        clock=clock,
        random=lambda: 0.0,
        sleep=_no_wait,
    )


async def _no_wait(_seconds: float) -> None:
    return
