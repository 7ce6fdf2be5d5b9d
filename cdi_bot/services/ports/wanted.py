"""What the store keeps of what people want: subscriptions, mutes, how channels are talked to, and who changed what."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Protocol

from cdi_bot.core.model.channel import AuditEntry, Channel, ChannelSettings
from cdi_bot.core.model.subscription import Filters, Snooze, Subscription


class Subscriptions(Protocol):
    """Who hears of what."""

    async def tally(self, workspace_id: int) -> tuple[int, int]:
        """How many a workspace has, and the highest id among them: another pair whenever one came or went."""
        ...

    async def for_workspace(self, workspace_id: int) -> list[Subscription]:
        """All of a workspace, in order of creation."""
        ...

    async def for_channel(self, channel: Channel) -> list[Subscription]:
        """All of a channel, in order of creation."""
        ...

    async def add(
        self, *, channel: Channel, workspace_id: int, selector: str, filters: Filters, by: str, now: datetime
    ) -> Subscription:
        """Subscribe; raises nothing when the same selector exists: then its filters are replaced."""
        ...

    async def remove(self, subscription_ids: Collection[int]) -> None:
        """Unsubscribe."""
        ...

    async def channels(self) -> dict[Channel, str | None]:
        """Every channel that is subscribed to anything, with its mark if it has one."""
        ...

    async def mark_broken(self, channel: Channel, reason: str) -> list[Subscription]:
        """Mark the channel's sound subscriptions as broken; returns those this call marked."""
        ...

    async def mend(self, channel: Channel) -> bool:
        """Clear the mark; True when there was one."""
        ...


class Snoozes(Protocol):
    """Mutes."""

    async def active(
        self, workspace_id: int, integration_ids: Collection[str], now: datetime
    ) -> list[Snooze]:
        """Mutes that last at `now`, of these integrations in any channel."""
        ...

    async def put(self, snooze: Snooze) -> None:
        """Set or replace the mute of one integration in one channel."""
        ...

    async def end(self, channel: Channel | None, workspace_id: int, integration_id: str) -> list[Snooze]:
        """End the mute in a channel, or (`None`) those "until it recovers" everywhere; returns the ended."""
        ...

    async def expired(self, now: datetime) -> list[Snooze]:
        """Remove and return mutes whose time is over."""
        ...


class Channels(Protocol):
    """How channels want to be talked to."""

    async def settings(self, channel: Channel) -> ChannelSettings | None:
        """What a channel said; `None` where it never said anything."""
        ...

    async def set(self, settings: ChannelSettings) -> None:
        """Set or replace what a channel says."""
        ...

    async def with_digest(self) -> list[ChannelSettings]:
        """The channels that get a digest, longest waiting first."""
        ...

    async def told_digest(self, channel: Channel, *, since: datetime, until: datetime) -> bool:
        """Move the end of the last told period on; False when it was not `since` any more: somebody was faster."""
        ...


class Audit(Protocol):
    """Who changed what."""

    async def add(self, entry: AuditEntry) -> None:
        """Keep an entry."""
        ...

    async def newest(self, channel: Channel, *, limit: int) -> list[AuditEntry]:
        """A channel's newest entries, newest first."""
        ...
