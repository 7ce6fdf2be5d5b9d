"""Tell of integrations that Braze no longer knows, once, and forget it when they come back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import structlog

from cdi_bot.core.model.content import IntegrationMissing
from cdi_bot.core.model.integration import WatchedIntegration
from cdi_bot.core.model.message import MessageKind, OwedMessage
from cdi_bot.store import UnitOfWork

log = structlog.get_logger(__name__)


async def record_missing(uow: UnitOfWork, missing: Sequence[WatchedIntegration], *, now: datetime) -> None:
    """Store integrations with `missing_since` newly set, and owe a word to who subscribed to one by its id.

    A pattern or `all` promised nothing about a certain integration, so it is told nothing.
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
