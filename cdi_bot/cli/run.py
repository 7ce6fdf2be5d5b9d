"""`cdi-bot run`: start the parts in order, stop them in reverse."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import structlog
from starlette.requests import Request
from starlette.responses import Response

from cdi_bot.app import INTERVALS, Adapters, App, assemble
from cdi_bot.braze.client import BrazeClient
from cdi_bot.braze.instances import dashboard_url
from cdi_bot.cli import startup
from cdi_bot.cli.config_file import ConfigReload, file_changes
from cdi_bot.cli.workspaces import open_workspace, reach_workspace, trial_client, utc_now
from cdi_bot.configuration.apply import FileChanges
from cdi_bot.core.model.integration import Workspace
from cdi_bot.holder import Holder
from cdi_bot.operator.garbage import spare_long_lived_objects
from cdi_bot.operator.heartbeat import Heartbeat, beat
from cdi_bot.operator.http import WebServer, build_web
from cdi_bot.operator.metrics import CONTENT_TYPE, Metrics, watch_loop
from cdi_bot.operator.readiness import Readiness
from cdi_bot.scheduler import Scheduler
from cdi_bot.settings.environment import Settings
from cdi_bot.slack.api.app import SlackApp
from cdi_bot.slack.api.directory import Identity, SlackDirectory
from cdi_bot.slack.api.messenger import SlackMessenger
from cdi_bot.slack.handlers.commands import Responder
from cdi_bot.slack.handlers.home import HomeTab
from cdi_bot.slack.handlers.registration import register_handlers
from cdi_bot.slack.render.kit.i18n import Translator
from cdi_bot.store import StoreTrouble

log = structlog.get_logger(__name__)

_FINISH_SECONDS = 2.0
"""How long each of commands, polls and messages in hand may take to end: the whole stop stays within its 10 s."""

_LAST_CALLS_SECONDS = 1.0
"""The same for recurring work: what it began, others do again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """The clocks (`seconds` is never set), the sleep and the scheduler of the program; tests put in their own."""

    clock: Callable[[], datetime] = utc_now
    seconds: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    scheduler: Callable[[], Scheduler] = Scheduler


surroundings = Surroundings()


async def run_bot(
    settings: Settings,
    *,
    stop: asyncio.Event,
    on_ready: Callable[[], None] | None = None,
    config: Path | None = None,
) -> int:
    """Run until `stop` is set; returns the exit code. The file `config` is applied, and again at each SIGHUP.

    Raises `SettingsError` for credentials that are refused, `StoreTrouble` for a database that can't be used,
    `ListenError` for a port that can't be had, `FileProblemsError` for a file that can't be used.
    """
    reload = asyncio.Event()
    if config is not None:
        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, reload.set)
    async with AsyncExitStack() as stack:
        slack = startup.make_slack(settings)
        stack.push_async_callback(slack.close)
        readiness, metrics = Readiness(is_connected=lambda: slack.is_connected), Metrics()
        await _serve(settings, stack, readiness, slack, metrics=metrics)
        configured = (config, reload) if config else None
        begin = _begin(settings, stack, readiness, slack, metrics=metrics, configured=configured)
        if await _unless_stopped(stop, begin):
            if on_ready:
                on_ready()
            await stop.wait()
        log.info("stopping")
    log.info("stopped")
    return 0


async def _unless_stopped(stop: asyncio.Event, work: Coroutine[Any, Any, None]) -> bool:
    """Do the work, or break it off when `stop` is set, whatever it then waits for; tells whether it was done."""
    working, stopped = asyncio.create_task(work), asyncio.create_task(stop.wait())
    await asyncio.wait({working, stopped}, return_when=asyncio.FIRST_COMPLETED)
    for task in (working, stopped):
        task.cancel()
    await asyncio.wait({working}, timeout=_FINISH_SECONDS)
    if working.done() and not working.cancelled():
        working.result()
        return not stop.is_set()
    return False


async def _begin(
    settings: Settings,
    stack: AsyncExitStack,
    readiness: Readiness,
    slack: SlackApp,
    *,
    metrics: Metrics,
    configured: tuple[Path, asyncio.Event] | None,
) -> None:
    """Start the parts one after the other; the connection for commands comes last, and nothing waits for it."""
    async with aclosing(trial_client(settings)) as trial:
        await startup.try_credentials(slack, trial)
    readiness.step = "opening the database"
    try:
        store = readiness.store = await startup.open_store(settings.database_url)
        stack.push_async_callback(store.close)
        holder = Holder(store)
        stack.push_async_callback(holder.end)
        await holder.beat()
        await holder.watch()
        given = await open_workspace(settings, store=store, metrics=metrics, clock=surroundings.clock)
    except StoreTrouble as trouble:
        await startup.tell_admins(settings, slack, trouble, surroundings.clock)
        raise
    stack.push_async_callback(given[1].aclose)
    readiness.step = "asking Slack who the bot is"
    identity = await startup.identify(slack)
    app, home = _build(settings, slack, identity, holder, given=given, metrics=metrics)
    if configured is not None:
        readiness.step = "applying the configuration file"
        await _configure(stack, app, file_changes(settings, store, identity.team_id), *configured)
    await app.workspaces.refresh()
    if settings.heartbeat_url is not None:
        url = settings.heartbeat_url.get_secret_value()
        readiness.heartbeat = Heartbeat(lambda: beat(url), readiness.no_alerts)
        beating = asyncio.create_task(readiness.heartbeat.run(INTERVALS["heartbeat"], surroundings.sleep))
        stack.callback(beating.cancel)
    scheduler = _start(app, home, stack, slack)
    readiness.workspaces, readiness.dispatcher = app.workspaces, app.dispatcher
    readiness.standing = lambda: [*scheduler.silent(), *app.hanging()]
    spare_long_lived_objects()
    await startup.connect(slack)
    log.info("ready", team=identity.team_id, workspaces=[each.workspace.name for each in app.workspaces])


async def _configure(
    stack: AsyncExitStack, app: App, changes: FileChanges, path: Path, wanted: asyncio.Event
) -> None:
    """Apply the file now, and whenever it is wanted."""

    async def take_in() -> None:
        await app.workspaces.refresh()
        for wake in app.on_wake:
            wake()

    reload = ConfigReload(path=path, changes=changes, wanted=wanted, take_in=take_in)
    await reload.apply()
    reloading = asyncio.create_task(reload.run(), name="reload the configuration file")
    stack.callback(reloading.cancel)


def _adapters(
    settings: Settings,
    slack: SlackApp,
    identity: Identity,
    holder: Holder,
    *,
    given: tuple[Workspace, BrazeClient],
    metrics: Metrics,
) -> tuple[Adapters, SlackDirectory]:
    """The adapters, and the directory once more: handlers of what Slack sends need more of it than `assemble`."""
    directory = SlackDirectory(slack.api, identity.team_id, identity.enterprise_id)
    adapters = Adapters(
        store=holder.store,
        holder=holder,
        workspaces=[given],
        reach=partial(reach_workspace, metrics=metrics, clock=surroundings.clock),
        messenger=SlackMessenger(slack.api, Translator.load(settings.language)),
        directory=directory,
        team_id=identity.team_id,
        team_url=identity.team_url,
        sleep=surroundings.sleep,
        seconds=surroundings.seconds,
        metrics=metrics,
        dashboard_of=dashboard_url,
    )
    return adapters, directory


def _build(
    settings: Settings,
    slack: SlackApp,
    identity: Identity,
    holder: Holder,
    *,
    given: tuple[Workspace, BrazeClient],
    metrics: Metrics,
) -> tuple[App, HomeTab]:
    """Assemble the program, and have it answer Slack."""
    adapters, directory = _adapters(settings, slack, identity, holder, given=given, metrics=metrics)
    app = assemble(settings, adapters, surroundings.clock)
    responder = Responder(
        slack=slack,
        subscriptions=app.subscriptions,
        incidents=app.incidents,
        snoozes=app.snoozes,
        expected=app.expected,
        queries=app.queries,
        channels=app.channels,
        settings=app.settings,
        previews=app.previews,
        workspaces=app.manage_workspaces,
        samples=app.samples,
        access=app.access,
        directory=directory,
        i18n=Translator.load(settings.language),
        clock=surroundings.clock,
    )
    home = register_handlers(
        responder,
        forms=app.forms,
        homes=app.homes,
        channel_health=app.dispatcher.channel_health,
        clock=surroundings.clock,
    )
    app.on_wake.append(home.stir)
    return app, home


def _start(app: App, home: HomeTab, stack: AsyncExitStack, slack: SlackApp) -> Scheduler:
    """Begin to work. The stack stops it in reverse: nothing new is begun, what is in hand ends, then the tools go."""
    delivering = asyncio.create_task(app.dispatcher.run(), name="deliver")

    async def stop_delivering() -> None:
        app.dispatcher.stop()
        await asyncio.wait({delivering}, timeout=_FINISH_SECONDS)
        # A message whose answer is still awaited is marked as being sent: the next process settles it.
        await app.dispatcher.cancel()
        await delivering

    stack.push_async_callback(stop_delivering)
    stack.push_async_callback(app.workspaces.stop, _FINISH_SECONDS)
    stack.push_async_callback(slack.drain, _FINISH_SECONDS)
    scheduler = surroundings.scheduler()
    for name, work in {**app.recurring(), "home": home.tick}.items():
        scheduler.every(INTERVALS[name], work, name=name)
    scheduler.start()
    stack.push_async_callback(app.holder.watch)  # tells the others what they may take over
    stack.push_async_callback(scheduler.stop, _LAST_CALLS_SECONDS)
    stack.push_async_callback(app.workspaces.leave)  # first of all: until then nobody else polls them
    return scheduler


async def _serve(
    settings: Settings, stack: AsyncExitStack, readiness: Readiness, slack: SlackApp, *, metrics: Metrics
) -> None:
    async def measured() -> tuple[bytes, str]:
        page = metrics.page(readiness.store, surroundings.clock(), readiness.workspaces, readiness.reasons())
        return await page, CONTENT_TYPE

    async def slack_events(request: Request) -> Response:
        if readiness.workspaces is None:
            return Response(status_code=503)  # Slack sends it again
        return await slack.handle(request)

    probe = asyncio.create_task(watch_loop(metrics.lagged), name="watch the event loop")
    stack.callback(probe.cancel)
    web = WebServer(
        build_web(
            ready=lambda: list(dict.fromkeys(each.text for each in readiness.reasons())),
            details=readiness.details,
            metrics=measured,
            slack_events=None if settings.slack_app_token else slack_events,
        ),
        host=settings.host,
        port=settings.port,
    )
    port = await web.serve()
    stack.push_async_callback(web.stop)
    log.info("listening", host=settings.host, port=port)
