"""The composition root: builds the parts, starts them in order, stops them in the reverse of it."""

from __future__ import annotations

import asyncio
import os
import random
import socket
from collections.abc import Callable
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass
from datetime import UTC, datetime

import structlog

from cdi_bot import startup
from cdi_bot.braze.client import BrazeClient
from cdi_bot.conversation import register_handlers
from cdi_bot.core.model.channel import Channel
from cdi_bot.delivery.digests import Digests
from cdi_bot.delivery.dispatcher import Dispatcher
from cdi_bot.delivery.view_builder import ViewBuilder
from cdi_bot.monitoring.measurements import NO_MEASUREMENTS, Measurements
from cdi_bot.monitoring.poller import Poller, PollerSettings
from cdi_bot.monitoring.retention import Retention
from cdi_bot.operator.http import WebServer, build_web
from cdi_bot.operator.metrics import CONTENT_TYPE, Metrics, watch_loop
from cdi_bot.polling import (
    Monitors,
    WorkspaceClient,
    WorkspaceMonitor,
    freeze_loaded_objects,
    make_monitor,
    open_workspace,
)
from cdi_bot.scheduler import Scheduler
from cdi_bot.settings.environment import Settings
from cdi_bot.slack.api.app import Identity, SlackApp
from cdi_bot.slack.api.messenger import SlackMessenger
from cdi_bot.slack.handlers.home import HomeTab
from cdi_bot.slack.render.kit.i18n import Translator
from cdi_bot.store import Store
from cdi_bot.usecases.answers import Answer
from cdi_bot.usecases.queries import Queries

log = structlog.get_logger(__name__)

_OBSERVE_EVERY = 0.5
_DELIVER_EVERY = 1.0
_REMIND_EVERY = 5.0
_LOOK_EVERY = 60.0
_JUDGE_EVERY = 5.0
_FOLLOW_EVERY = 2.0
_FORGET_EVERY = 1.0
_HOME_EVERY = 1.0

_FINISH_SECONDS = 2.0
"""How long each of commands, polls and messages in hand may take to end: the whole stop stays within its 10 s."""

_TERMINAL = Channel(team_id="", channel_id="")
"""The terminal's place among channels: it hears of nothing."""


def utc_now() -> datetime:
    """The clock of the whole program."""
    return datetime.now(UTC)


@dataclass(slots=True)
class _Readiness:
    """What `/readyz` looks at: the parts as far as they are there."""

    slack: SlackApp
    store: Store
    parts: _Parts | None = None

    def reasons(self) -> list[str]:
        """Why the bot can't do its work now."""
        reasons = [] if self.slack.is_connected else ["not connected to Slack"]
        if self.store.trouble:
            reasons.append(self.store.trouble)
        if self.parts is None:
            return [*reasons, "starting"]
        if self.parts.observer.connectivity.reason is not None:
            reasons.append(f"Braze can't be asked: {self.parts.observer.connectivity.reason.value}")
        if self.parts.dispatcher.trouble is not None:
            reasons.append(f"Slack takes no messages: {self.parts.dispatcher.trouble}")
        return reasons


async def run_bot(
    settings: Settings, *, stop: asyncio.Event, on_ready: Callable[[], None] | None = None
) -> int:
    """Run until `stop` is set; returns the exit code.

    Raises `SettingsError` for credentials that are refused, `StoreTrouble` for a database that can't be used,
    `ListenError` for a port that can't be had.
    """
    async with AsyncExitStack() as stack:
        slack = startup.make_slack(settings)
        stack.push_async_callback(slack.close)
        async with aclosing(trial_client(settings)) as trial:
            await startup.try_credentials(slack, trial)
        store = await startup.open_store(settings.database_url)
        stack.push_async_callback(store.close)
        readiness, metrics = _Readiness(slack, store), Metrics()
        await _serve(settings, stack, readiness, store=store, metrics=metrics)
        reached = await _reach(settings, store, metrics)
        stack.push_async_callback(reached.braze.aclose)
        identity = await startup.identify(slack, stop)
        if identity is None:
            return 0
        parts = _build(
            settings,
            store=store,
            slack=slack,
            reached=reached,
            identity=identity,
            metrics=metrics,
        )
        await startup.connect(slack, stop)
        readiness.parts = parts
        await _start(parts, stack, slack)
        freeze_loaded_objects()
        log.info("ready", team=identity.team_id, workspace=reached.workspace.base_url)
        if on_ready:
            on_ready()
        await stop.wait()
        log.info("stopping")
    log.info("stopped")
    return 0


async def status_report(settings: Settings, query: str, now: datetime) -> Answer:
    """The answer of `/cdi status`, from a database that no bot needs to be running on.

    Raises `StoreTrouble` when the database can't be used.
    """
    async with AsyncExitStack() as stack:
        store = await startup.open_store(settings.database_url)
        stack.push_async_callback(store.close)
        reached = await _reach(settings, store)
        stack.push_async_callback(reached.braze.aclose)

        def clock() -> datetime:
            return now

        poller = _poller(settings, reached, store=store, clock=clock, wake=_nobody, metrics=Metrics())
        queries = Queries(
            store=store,
            poller=poller.observer,
            braze=reached.braze,
            workspace=reached.workspace,
            clock=clock,
        )
        return await queries.history(_TERMINAL, query)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Parts:
    """Everything that works together for one Braze workspace and one Slack team."""

    observer: Poller
    polling: Monitors
    dispatcher: Dispatcher
    digests: Digests
    retention: Retention
    home: HomeTab


def _build(
    settings: Settings,
    *,
    store: Store,
    slack: SlackApp,
    reached: WorkspaceClient,
    identity: Identity,
    metrics: Metrics,
) -> _Parts:
    workspace, team = reached.workspace, identity.team_id
    admin_channel = (
        Channel(team_id=team, channel_id=settings.admin_channel) if settings.admin_channel else None
    )
    messenger = SlackMessenger(slack.client, Translator.load(settings.language))

    def wake() -> None:
        dispatcher.wake()
        home.stir()

    dispatcher = Dispatcher(
        store=store,
        messenger=messenger,
        views=ViewBuilder(workspace=workspace, can_sync=bool(settings.admins)),
        clock=utc_now,
        sleep=asyncio.sleep,
        random=random.random,
        owner=_owner(),
        admin_channel=admin_channel,
        count=metrics.delivered,
    )
    poller = _poller(
        settings,
        reached,
        store=store,
        clock=utc_now,
        wake=wake,
        metrics=metrics,
        admin_channel=admin_channel,
    )
    home = register_handlers(
        settings,
        store=store,
        slack=slack,
        reached=reached,
        observer=poller.observer,
        dispatcher=dispatcher,
        messenger=messenger,
        identity=identity,
        clock=utc_now,
        wake=wake,
    )
    retention = Retention(store=store, clock=utc_now, keep=settings.retention)
    digests = Digests(store=store, workspace_id=workspace.workspace_id, clock=utc_now, wake=wake)
    return _Parts(
        observer=poller.observer,
        polling=Monitors([poller]),
        dispatcher=dispatcher,
        digests=digests,
        retention=retention,
        home=home,
    )


async def _start(parts: _Parts, stack: AsyncExitStack, slack: SlackApp) -> None:
    """Begin to work. The stack stops it in reverse: nothing new is begun, what is in hand ends, then the tools go."""
    delivering = asyncio.create_task(parts.dispatcher.run(), name="deliver")

    async def stop_delivering() -> None:
        parts.dispatcher.stop()
        await asyncio.wait({delivering}, timeout=_FINISH_SECONDS)
        # A message whose answer is still awaited is marked as being sent: the next process settles it.
        await parts.dispatcher.give_up()
        await delivering

    async def deliver() -> None:
        parts.dispatcher.wake()

    stack.push_async_callback(stop_delivering)
    stack.push_async_callback(parts.polling.stop, _FINISH_SECONDS)
    stack.push_async_callback(slack.drain, _FINISH_SECONDS)
    scheduler = Scheduler()
    scheduler.every(_OBSERVE_EVERY, parts.polling.tick, name="observe")
    scheduler.every(_DELIVER_EVERY, deliver, name="deliver")
    scheduler.every(_REMIND_EVERY, parts.polling.remind, name="remind")
    scheduler.every(_JUDGE_EVERY, parts.polling.judge, name="conditions")
    scheduler.every(_REMIND_EVERY, parts.digests.tick, name="digest")
    scheduler.every(_LOOK_EVERY, parts.dispatcher.places.look_at_broken, name="look")
    scheduler.every(_FOLLOW_EVERY, parts.polling.follow, name="follow")
    scheduler.every(_FORGET_EVERY, parts.retention.tick, name="forget")
    scheduler.every(_HOME_EVERY, parts.home.tick, name="home")
    scheduler.start()
    stack.push_async_callback(scheduler.stop)


async def _serve(
    settings: Settings, stack: AsyncExitStack, readiness: _Readiness, *, store: Store, metrics: Metrics
) -> None:
    async def counted() -> tuple[bytes, str]:
        return await metrics.page(store, utc_now()), CONTENT_TYPE

    probe = asyncio.create_task(watch_loop(metrics.lagged), name="watch the event loop")
    stack.callback(probe.cancel)
    handler = None if settings.slack_app_token else readiness.slack.handle
    web = WebServer(
        build_web(ready=readiness.reasons, metrics=counted, slack_events=handler),
        host=settings.host,
        port=settings.port,
    )
    port = await web.serve()
    stack.push_async_callback(web.stop)
    log.info("listening", host=settings.host, port=port)


async def _reach(
    settings: Settings, store: Store, measurements: Measurements = NO_MEASUREMENTS
) -> WorkspaceClient:
    key = settings.braze_api_key.get_secret_value()
    return await open_workspace(
        settings.braze_base_url, key, store=store, clock=utc_now, measurements=measurements
    )


def trial_client(settings: Settings) -> BrazeClient:
    """A client to try the key with, before there is a store."""
    return BrazeClient(
        base_url=settings.braze_base_url,
        api_key=settings.braze_api_key.get_secret_value(),
        workspace_id=0,
        clock=utc_now,
        random=random.random,
    )


def _poller(
    settings: Settings,
    reached: WorkspaceClient,
    *,
    store: Store,
    clock: Callable[[], datetime],
    wake: Callable[[], None],
    metrics: Metrics,
    admin_channel: Channel | None = None,
) -> WorkspaceMonitor:
    policy = PollerSettings(
        interval=settings.poll_interval,
        unreachable_after=settings.unreachable_after,
        admin_channel=admin_channel,
    )
    return make_monitor(
        reached,
        store=store,
        policy=policy,
        repeat_after=settings.repeat_interval,
        grace=settings.grace,
        clock=clock,
        owner=_owner(),
        wake=wake,
        metrics=metrics,
    )


def _owner() -> str:
    """This process's name in leases: no two that live at the same time have the same."""
    return f"{socket.gethostname()}:{os.getpid()}:{random.randrange(16**6):06x}"


def _nobody() -> None:
    """Nobody to wake: the terminal's answer delivers nothing."""
