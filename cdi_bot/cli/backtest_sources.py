"""Where `cdi-bot backtest` finds a past: in the store, and in Braze what the store has not."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import AsyncExitStack
from datetime import datetime, timedelta

import structlog
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from cdi_bot.cli import startup
from cdi_bot.cli.backtest import meant
from cdi_bot.cli.workspaces import added_workspaces, open_workspace
from cdi_bot.core.model.integration import Integration, Workspace
from cdi_bot.core.model.run import Run, key_of
from cdi_bot.core.replay.recorded_past import Past
from cdi_bot.monitoring.braze_port import Braze, BrazeReason, BrazeTrouble
from cdi_bot.monitoring.past_sources import (
    LEARNED_FROM,
    integrations_in_braze,
    past_of,
    runs_in_braze,
    stored_outages,
    stored_runs,
)
from cdi_bot.operator.logs import register_secrets
from cdi_bot.operator.metrics import Metrics
from cdi_bot.settings.environment import BrazeSettings, SettingsError, load_braze_settings
from cdi_bot.slack.render.kit.text import SHORT_NAME, plain
from cdi_bot.store import Store
from cdi_bot.usecases.lookup import in_named_workspace
from cdi_bot.usecases.matching import looks_like_an_id

log = structlog.get_logger(__name__)


async def recorded_pasts(database_url: str, selector: str, *, days: int, now: datetime) -> list[Past]:
    """What is known of the last `days`, and of what is usual from before, of each workspace.

    The selector may name one of several workspaces (`prod/Users*`). Of integrations of which the store has less, Braze
    is asked for what it still holds; nothing of that is stored.
    Raises `StoreTrouble`; where nothing is stored also `BrazeTrouble`, or `SettingsError` without Braze's settings.
    """
    braze, missing = _braze_settings()
    async with AsyncExitStack() as stack:
        store = await startup.open_store(database_url)
        stack.push_async_callback(store.close)
        clients: list[tuple[Workspace, Braze]] = []
        if braze is not None:
            given = await open_workspace(braze, store=store, metrics=Metrics())
            stack.push_async_callback(given[1].aclose)
            clients = [given, *await added_workspaces(braze, store, stack)]
        by_id = {workspace.workspace_id: client for workspace, client in clients}
        async with store.read() as uow:
            workspaces = await uow.workspaces.all()
            stored = [one for each in workspaces for one in await uow.integrations.all(each.workspace_id)]
        if len(workspaces) > 1 and not meant(selector, [one.integration for one in stored]):
            workspaces, selector = in_named_workspace(selector, workspaces) or (workspaces, selector)
        pasts, troubles = [], []
        for each in [one.workspace_id for one in workspaces]:
            try:
                pasts.append(await _Gatherer(store, each, by_id.get(each), days=days, now=now).past(selector))
            except BrazeTrouble as trouble:
                troubles.append(trouble)
    if troubles and not any(past.runs for past in pasts):
        raise troubles[0]
    if missing and not any(past.runs for past in pasts):
        raise missing
    return pasts


def _braze_settings() -> tuple[BrazeSettings | None, SettingsError | None]:
    """Braze's settings, or what is wrong with them."""
    try:
        settings = load_braze_settings()
    except SettingsError as error:
        return None, error
    register_secrets(settings.secrets)
    return settings, None


class _Gatherer:
    """Gathers the past of one workspace's integrations."""

    def __init__(
        self, store: Store, workspace_id: int, braze: Braze | None, *, days: int, now: datetime
    ) -> None:
        self._store, self._workspace_id, self._braze = store, workspace_id, braze
        self._now, self._begin = now, now - timedelta(days=days)
        self._since = self._begin - LEARNED_FROM
        self._has_asked = False

    async def past(self, selector: str) -> Past:
        """The past of those that a selector means."""
        integrations = await self._integrations(selector)
        runs: list[Run] = []
        with _progress() as progress:
            task = progress.add_task("", total=len(integrations), runs=0)

            def on_page(more: int) -> None:
                progress.update(task, runs=len(runs) + more)

            for integration in integrations:
                progress.update(task, description=plain(integration.integration_name, SHORT_NAME))
                runs.extend(await self._runs(integration, on_page))
                progress.update(task, advance=1, runs=len(runs))
        outages = await stored_outages(self._store, self._workspace_id, since=self._since, until=self._now)
        return past_of(integrations, runs, outages, until=await self._known_until())

    async def _integrations(self, selector: str) -> list[Integration]:
        """Those that the store knows; where it knows none, those that Braze lists, or the one with this id."""
        async with self._store.read() as uow:
            stored = [each.integration for each in await uow.integrations.all(self._workspace_id)]
        found = meant(selector, stored)
        if found or self._braze is None:
            return found
        try:
            return meant(selector, await integrations_in_braze(self._braze))
        except BrazeTrouble as trouble:
            if trouble.reason is not BrazeReason.NO_PERMISSION or not looks_like_an_id(selector):
                raise
        return [
            Integration(workspace_id=self._workspace_id, integration_id=selector, integration_name=selector)
        ]

    async def _runs(self, integration: Integration, on_page: Callable[[int], None]) -> list[Run]:
        key = integration.integration_id
        stored = await stored_runs(self._store, self._workspace_id, key, since=self._since)
        if self._braze is None or any(run.sync_start_time <= self._begin for run in stored):
            return stored
        async with self._store.read() as uow:
            filled = (await uow.backfills.all(self._workspace_id)).get(key)
        if filled and filled.is_over:
            return stored  # Braze has no more
        try:
            held = await runs_in_braze(self._braze, key, since=self._since, now=self._now, on_page=on_page)
        except BrazeTrouble as trouble:
            if not stored:
                raise
            log.warning("only what is stored is known", integration=key, why=str(trouble))
            return stored
        self._has_asked = True
        return [*{key_of(run): run for run in (*stored, *held)}.values()]

    async def _known_until(self) -> datetime:
        """Until when it is known that nothing else happened: while no bot ran, nobody looked."""
        if self._has_asked:
            return self._now
        async with self._store.read() as uow:
            watched = await uow.integrations.all(self._workspace_id)
        return max((each.observed_at for each in watched if each.observed_at), default=self._now)


def _progress() -> Progress:
    """How many integrations are read, and how many runs; on a terminal alone."""
    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[runs]} runs"),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        transient=True,
        disable=not sys.stderr.isatty(),
    )
