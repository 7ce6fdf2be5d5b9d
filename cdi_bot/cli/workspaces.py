"""The Braze workspaces of a command: that of the environment, and those whose keys are stored, with their clients."""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from functools import partial

from cdi_bot.app import secret_keys_of, unlocking
from cdi_bot.braze.client import BrazeClient
from cdi_bot.braze.instances import dashboard_url
from cdi_bot.cli import startup
from cdi_bot.core.model.integration import Workspace
from cdi_bot.monitoring.braze_port import Braze
from cdi_bot.operator.logs import register_secrets
from cdi_bot.operator.metrics import Metrics
from cdi_bot.settings.environment import BrazeSettings, DatabaseSettings, Problem, SettingsError
from cdi_bot.store import Store
from cdi_bot.store.secret_keys import MAKE_SECRET_KEY, KeyLostError, is_reference


def utc_now() -> datetime:
    """The clock of the program."""
    return datetime.now(UTC)


def trial_client(settings: BrazeSettings) -> BrazeClient:
    """A client to try the environment's key with, before there is a store."""
    return BrazeClient(
        base_url=settings.braze_base_url,
        api_key=settings.braze_api_key.get_secret_value(),
        workspace_id=0,
        clock=utc_now,
        random=random.random,
    )


async def open_workspace(
    settings: BrazeSettings, *, store: Store, metrics: Metrics, clock: Callable[[], datetime] = utc_now
) -> tuple[Workspace, BrazeClient]:
    """Find the workspace of the settings in the store, or add it, and make its client."""
    base_url, api_key = settings.braze_base_url, settings.braze_api_key.get_secret_value()
    async with store.write() as uow:
        workspace = await uow.workspaces.find_or_add(base_url=base_url, dashboard_url=dashboard_url(base_url))
    return workspace, reach_workspace(workspace, api_key, metrics=metrics, clock=clock)


def reach_workspace(
    workspace: Workspace, api_key: str, *, metrics: Metrics, clock: Callable[[], datetime] = utc_now
) -> BrazeClient:
    """Make the client of a workspace, whose use of its limits is measured; its key is in no log from now on."""
    register_secrets([api_key])
    return BrazeClient(
        base_url=workspace.base_url,
        api_key=api_key,
        workspace_id=workspace.workspace_id,
        clock=clock,
        random=random.random,
        measurements=metrics.of(workspace.name),
    )


async def added_workspaces(
    settings: BrazeSettings, store: Store, stack: AsyncExitStack
) -> list[tuple[Workspace, Braze]]:
    """Those whose keys are stored, with their clients, which `stack` closes."""
    unlock = unlocking(settings, partial(reach_workspace, metrics=Metrics()))
    async with store.read() as uow:
        added = [(each, unlock(each, sealed)) for each, sealed in await uow.workspaces.sealed()]
    for _, client in added:
        stack.push_async_callback(client.aclose)
    return added


async def rotate_keys(settings: DatabaseSettings) -> tuple[list[str], list[str]]:
    """Encrypt the stored keys anew, under the newest secret key.

    Returns the names of the workspaces of which that was done, and of those whose keys can't be decrypted.
    Raises `SettingsError` without a secret key, and `StoreTrouble`.
    """
    if not settings.secret_keys:
        fix = f"Make a key ({MAKE_SECRET_KEY}) and put it before the ones that are used by now"
        raise SettingsError([Problem(variable="CDI_BOT_SECRET_KEY", what="is missing", fix=fix)])
    secret_keys = secret_keys_of(settings)
    rotated, lost = [], []
    store = await startup.open_store(settings.database_url)
    try:
        async with store.write() as uow:
            for workspace, sealed in await uow.workspaces.sealed():
                if is_reference(sealed):
                    continue
                try:
                    anew = secret_keys.seal(secret_keys.open(sealed))
                except KeyLostError:
                    lost.append(workspace.name)
                    continue
                await uow.workspaces.reseal(workspace.workspace_id, anew)
                rotated.append(workspace.name)
    finally:
        await store.close()
    return rotated, lost
