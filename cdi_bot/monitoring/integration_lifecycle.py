"""Begin and end watching integrations, and note that Braze no longer knows them, inside somebody's transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import structlog

from cdi_bot.core.model.incident import resolved
from cdi_bot.core.model.integration import WatchedIntegration
from cdi_bot.core.model.message import IntegrationMissing, MessageKind, OwedMessage
from cdi_bot.core.rules.sync_failed import take_baseline
from cdi_bot.store import UnitOfWork

log = structlog.get_logger(__name__)


async def start_watching(
    uow: UnitOfWork, integrations: Sequence[WatchedIntegration], now: datetime
) -> list[WatchedIntegration]:
    """Take the baseline of those not watched yet: what is stored of them by now is history.

    Those that are failing get an incident that is told to nobody, so that their recovery will be told. Returns the
    integrations that are watched from now on.
    """
    started, quiet = [], []
    for watched in integrations:
        if watched.watched_since is not None:
            continue
        integration = watched.integration
        recent = await uow.runs.page(integration.workspace_id, integration.integration_id, offset=0, limit=10)
        based, incident = take_baseline(watched, recent, now)
        started.append(based)
        quiet += [incident] if incident else []
    await uow.integrations.save(started)
    await uow.incidents.add(quiet)
    return started


async def stop_watching(
    uow: UnitOfWork, integrations: Sequence[WatchedIntegration], now: datetime
) -> list[WatchedIntegration]:
    """Stop watching what nobody is subscribed to any more, and resolve its incidents without telling anybody.

    A later subscription takes a new baseline, so that what happened in between is not told as news. Returns the
    integrations as they are now.
    """
    if not integrations:
        return []
    workspace_id = integrations[0].integration.workspace_id
    ids = [watched.integration.integration_id for watched in integrations]
    for incident in await uow.incidents.open_for(workspace_id, None, ids):
        await uow.incidents.update(resolved(incident, now), expected_revision=incident.revision)
    stopped = [
        replace(watched, watched_since=None, baseline_taken=False, baseline_start=None)
        for watched in integrations
    ]
    await uow.integrations.save(stopped)
    return stopped


async def record_missing(uow: UnitOfWork, missing: Sequence[WatchedIntegration], *, now: datetime) -> None:
    """Store integrations with `missing_since` newly set, and tell the channels that subscribed to one by its id.

    A pattern or `all` names no certain integration, so its channels are not told.
    """
    if not missing:
        return
    await uow.integrations.save(missing)
    subscriptions = await uow.subscriptions.for_workspace(missing[0].integration.workspace_id)
    owed = []
    for watched in missing:
        integration = watched.integration
        log.warning(
            "integration is gone", integration=integration.integration_id, name=integration.integration_name
        )
        channels = {
            subscription.channel
            for subscription in subscriptions
            if subscription.selector == integration.integration_id
        }
        owed += [
            OwedMessage(
                key=f"gone:{channel.team_id}:{channel.channel_id}:{integration.integration_id}:{now:%Y%m%dT%H%M%S}",
                channel=channel,
                kind=MessageKind.NOTICE,
                content=IntegrationMissing(
                    workspace_id=integration.workspace_id, integration_id=integration.integration_id
                ),
                not_before=now,
            )
            for channel in sorted(channels)
        ]
    await uow.outbox.add(owed, now=now)
