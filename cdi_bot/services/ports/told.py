"""What the store keeps of what is told: incidents, the cards that show them, and the messages owed to channels."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Protocol

from cdi_bot.core.model.channel import Channel
from cdi_bot.core.model.content import Content
from cdi_bot.core.model.incident import Incident, Kind
from cdi_bot.core.model.message import Card, OutboxMessage, OwedMessage
from cdi_bot.core.model.run import Run


class Incidents(Protocol):
    """Incidents."""

    async def open_for(
        self, workspace_id: int, kind: Kind | None, integration_ids: Collection[str] | None
    ) -> list[Incident]:
        """Open incidents of a kind, or of every kind when `None`; of these integrations, or of all when `None`."""
        ...

    async def newest_for(self, workspace_id: int, integration_ids: Collection[str]) -> dict[str, Incident]:
        """The newest `sync_failed` incident of each integration that ever had one: where one is open, it is that."""
        ...

    async def resolved_by(self, workspace_id: int, runs: Collection[Run]) -> list[Incident]:
        """The `sync_failed` incidents that one of these stored runs ended, oldest first."""
        ...

    async def during(
        self,
        workspace_id: int,
        integration_ids: Collection[str] | None,
        *,
        since: datetime,
        until: datetime,
    ) -> list[Incident]:
        """Those of these integrations, or (`None`) of the workspace itself, that lasted at some time of a period."""
        ...

    async def get(self, incident_ids: Collection[int]) -> dict[int, Incident]:
        """Incidents by id."""
        ...

    async def add(self, incidents: Sequence[Incident]) -> list[Incident]:
        """Insert (their `incident_id` is ignored) in order; returns them with their ids."""
        ...

    async def update(self, incident: Incident, *, expected_revision: int) -> bool:
        """Replace if the stored revision is still the expected one; False when somebody was faster."""
        ...


class Cards(Protocol):
    """Cards and the incidents they show. An incident has at most one card in a channel."""

    async def of_incidents(self, incident_ids: Collection[int]) -> dict[int, list[Card]]:
        """The cards that show each incident."""
        ...

    async def get(self, card_id: int) -> Card | None:
        """One card."""
        ...

    async def some(self, card_ids: Collection[int]) -> dict[int, Card]:
        """Those of these ids that there are."""
        ...

    async def members(self, card_ids: Collection[int]) -> dict[int, list[int]]:
        """The ids of the incidents that each of these cards shows, in the order they joined."""
        ...

    async def add(self, channel: Channel, incident_ids: Sequence[int], *, now: datetime) -> Card:
        """Make a card with wanted revision 1."""
        ...

    async def fresh_storm(self, channel: Channel, *, since: datetime) -> int | None:
        """The newest of the channel's cards of several incidents that Slack took since a time."""
        ...

    async def merge(self, into: int, card_ids: Collection[int]) -> int:
        """Move the members of cards that were never posted into another card, and drop the emptied cards.

        Returns how many cards were dropped.

        The outbox messages of the dropped cards are settled, their replies hang on the other card.
        """
        ...

    async def want(self, card_ids: Collection[int]) -> dict[int, Card]:
        """Raise the wanted revision of each by one; returns the cards as they are then."""
        ...

    async def shown(self, card_id: int, *, revision: int, ts: str) -> None:
        """Record that Slack shows this revision under this `ts`."""
        ...

    async def forget(self, card_id: int) -> None:
        """Record that Slack no longer has the card, or won't change it: it is to be posted anew."""
        ...


SNOOZED = "snoozed"
AFTER_CARD = "waits for its card"
"""Reasons with which messages are pushed back that have nothing wrong with them."""


class Outbox(Protocol):
    """Messages owed to channels. A channel is delivered to by one holder of its lease at a time."""

    async def owe(self, messages: Sequence[OwedMessage], *, now: datetime) -> None:
        """Add messages, in order. A known key is ignored, but a card's is owed anew.

        While a card is still owed its `not_before` becomes the earlier of the two.
        """
        ...

    async def claim_channels(
        self, *, owner: str, now: datetime, until: datetime, limit: int
    ) -> dict[Channel, datetime | None]:
        """Take the lease of up to `limit` unleased channels that have a due message, longest waiting first.

        Returns them with the time before which nothing may be posted there, as whoever had the lease before left it.
        """
        ...

    async def release_channel(self, channel: Channel, *, owner: str, rest_until: datetime | None) -> None:
        """Give the lease back, if it is this owner's, and leave word until when Slack's pace bids to wait."""
        ...

    async def owed(self, channel: Channel, *, limit: int) -> list[OutboxMessage]:
        """What a channel is owed, in order, due or not."""
        ...

    async def sending(self, message_id: int, *, now: datetime, before: datetime | None = None) -> bool:
        """Mark a message as being handed to Slack; False when its mark is another than `before` by now.

        Somebody else is then sending it: a lease may have run out while the channel was searched.
        """
        ...

    async def sent(self, message_id: int, *, ts: str | None, now: datetime) -> None:
        """Settle a message that Slack confirmed, or (`ts` is `None`) one that need not be sent any more."""
        ...

    async def postpone(
        self, message_id: int, *, until: datetime, error: str, keep_sending: bool, failed: bool = True
    ) -> None:
        """Push a message back with the reason; `keep_sending` when its outcome is unknown.

        `failed` counts it as an attempt.
        """
        ...

    async def combine(
        self, message_id: int, content: Content, told_with_it: Collection[int], *, now: datetime
    ) -> None:
        """Let one message say `content`, and settle those that it then tells too.

        Changes nothing when one of them is being sent by now.
        """
        ...

    async def hold(self, channel: Channel, *, until: datetime, error: str) -> None:
        """Push everything that a channel is owed back until a time, with the reason; counts no attempt."""
        ...

    async def hurry(self, channel: Channel, *, error: str, now: datetime) -> None:
        """Let what a channel is owed and was held for a reason that is over go now."""
        ...

    async def is_owed(self, key: str) -> bool:
        """Whether the message of this key is still to be sent."""
        ...

    async def posted_as(self, key: str) -> str | None:
        """The `ts` under which the message of this key was posted, if it was."""
        ...

    async def depth(self) -> int:
        """How many messages are owed."""
        ...

    async def waiting_since(self) -> datetime | None:
        """Since when the oldest message is owed that waits for Slack alone; `None` when there is none.

        Neither a snooze nor a card that has to be posted first holds it back.
        """
        ...
