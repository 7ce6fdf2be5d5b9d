"""The notices of spikes: owed once to each channel, and changed when somebody says that the spike was expected."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from cdi_bot.core.model.channel import Channel
from cdi_bot.core.model.integration import Integration
from cdi_bot.core.model.message import MessageKind, OwedMessage
from cdi_bot.core.model.spike import Spike
from cdi_bot.core.routing import channels_for_spike
from cdi_bot.store import UnitOfWork


async def owe_spike(uow: UnitOfWork, spike: Spike, integration: Integration, *, now: datetime) -> None:
    """Owe a spike to each channel that is told of such: once, however often it is seen."""
    subscriptions = await uow.subscriptions.for_workspace(spike.workspace_id)
    snoozes = await uow.snoozes.active(spike.workspace_id, [spike.integration_id], now)
    snoozed = {snooze.channel for snooze in snoozes.get(spike.integration_id, ())}
    channels = channels_for_spike(subscriptions, integration) - snoozed
    await uow.outbox.add(
        [
            OwedMessage(
                key=_key(spike, channel),
                channel=channel,
                kind=MessageKind.NOTICE,
                content=spike,
                not_before=now,
            )
            for channel in sorted(channels)
        ],
        now=now,
    )


async def owe_changed_spike(
    uow: UnitOfWork, spike: Spike, integration: Integration, here: Channel, *, now: datetime
) -> None:
    """Owe what the notice of a spike says now to each channel that is told of such, and to the one it was seen in."""
    subscriptions = await uow.subscriptions.for_workspace(spike.workspace_id)
    channels = channels_for_spike(subscriptions, integration) | {here}
    await uow.outbox.add(
        [
            OwedMessage(
                key=f"{_key(spike, channel)}:{now.isoformat()}",
                channel=channel,
                kind=MessageKind.NOTICE,
                content=replace(spike, changes=_key(spike, channel)),
                not_before=now,
            )
            for channel in sorted(channels)
        ],
        now=now,
    )


def _key(spike: Spike, channel: Channel) -> str:
    place = f"{channel.team_id}:{channel.channel_id}"
    return f"spike:{place}:{spike.workspace_id}:{spike.integration_id}:{spike.run_start.isoformat()}"
