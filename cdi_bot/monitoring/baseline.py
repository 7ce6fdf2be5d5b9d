"""Begin and end watching integrations, inside somebody's transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from cdi_bot.core.model.incident import resolved
from cdi_bot.core.model.integration import WatchedIntegration
from cdi_bot.core.rules.failed_sync import take_baseline
from cdi_bot.store import UnitOfWork


async def start_watching(
    uow: UnitOfWork, integrations: Sequence[WatchedIntegration], now: datetime
) -> list[WatchedIntegration]:
    """Take the baseline of those not watched yet: what is stored of them by now is history.

    Those that are failing get an incident that is told to nobody, so that their recovery will be told.
    """
    begun, quiet = [], []
    for watched in integrations:
        if watched.watched_since is not None:
            continue
        integration = watched.integration
        recent = await uow.runs.page(integration.workspace_id, integration.integration_id, offset=0, limit=10)
        based, incident = take_baseline(watched, recent, now)
        begun.append(based)
        quiet += [incident] if incident else []
    await uow.integrations.save(begun)
    await uow.incidents.add(quiet)
    return begun


async def stop_watching(
    uow: UnitOfWork, integrations: Sequence[WatchedIntegration], now: datetime
) -> list[WatchedIntegration]:
    """Stop watching what nobody hears of any more, and close its incidents without a word.

    A later subscription takes a new baseline, so that what happened in between is not told as news.
    """
    if not integrations:
        return []
    workspace_id = integrations[0].integration.workspace_id
    ids = [watched.integration.integration_id for watched in integrations]
    for incident in await uow.incidents.open_for(workspace_id, None, ids):
        await uow.incidents.update(resolved(incident, now), expected_revision=incident.revision)
    released = [
        replace(watched, watched_since=None, baseline_taken=False, baseline_start=None)
        for watched in integrations
    ]
    await uow.integrations.save(released)
    return released
