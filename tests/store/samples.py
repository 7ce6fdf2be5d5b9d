"""Sample values, with what a test does not care about filled in."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from cdi_bot.core.model.channel import Channel
from cdi_bot.core.model.incident import Incident, Kind
from cdi_bot.core.model.integration import Integration, WatchedIntegration
from cdi_bot.core.model.message import Card, MessageKind, OwedMessage, Recovered, ShowCard
from cdi_bot.core.model.run import Run
from cdi_bot.store import Store, UnitOfWork

ReadSql = Callable[[str], Awaitable[list[tuple[Any, ...]]]]
"""Runs SQL on the test's database, without the store."""

NOW = datetime(2026, 3, 25, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)
CHANNEL = Channel(team_id="T1", channel_id="C1")
OTHER_CHANNEL = Channel(team_id="T1", channel_id="C2")


async def a_workspace(store: Store, name: str = "iad-01") -> int:
    """A stored workspace's id."""
    async with store.write() as work:
        workspace = await work.workspaces.find_or_add(
            base_url=f"https://rest.{name}.braze.com", dashboard_url=None
        )
    return workspace.workspace_id


def integration(workspace_id: int, integration_id: str = "one", **facts: Any) -> WatchedIntegration:
    """A watched integration; each fact goes to the field of its name, here or in Braze's part."""
    watching = {name: facts.pop(name) for name in list(facts) if name in WatchedIntegration.__slots__}
    facts.setdefault("integration_name", integration_id)
    told = Integration(workspace_id=workspace_id, integration_id=integration_id, **facts)
    return WatchedIntegration(integration=told, **watching)


def run(minute: float = 0, status: str = "error", integration_id: str = "one", **facts: Any) -> Run:
    """A run that began so many minutes after `NOW`."""
    return Run(
        integration_id=integration_id, sync_start_time=NOW + minute * MINUTE, job_status=status, **facts
    )


def incident(workspace_id: int, integration_id: str | None = "one", **facts: Any) -> Incident:
    """An open incident that is not stored yet."""
    given = {"kind": Kind.SYNC_FAILED, "revision": 1, "opened_at": NOW, "failing_since": NOW, **facts}
    return Incident(incident_id=0, workspace_id=workspace_id, integration_id=integration_id, **given)


def of_card(card: Card, **facts: Any) -> OwedMessage:
    """The message that posts or updates a card."""
    given = {"not_before": NOW, "content": ShowCard(), **facts}
    return OwedMessage(
        key=f"card:{card.card_id}",
        channel=card.channel,
        kind=MessageKind.CARD,
        card_id=card.card_id,
        **given,
    )


def reply(card: Card, key: str = "reply", **facts: Any) -> OwedMessage:
    """A reply in a card's thread."""
    given = {"not_before": NOW, "content": Recovered(incident_id=1), **facts}
    return OwedMessage(key=key, channel=card.channel, kind=MessageKind.REPLY, card_id=card.card_id, **given)


def notice(key: str = "notice", channel: Channel = CHANNEL, **facts: Any) -> OwedMessage:
    """A message of its own."""
    given = {"not_before": NOW, "content": Recovered(incident_id=1), **facts}
    return OwedMessage(key=key, channel=channel, kind=MessageKind.NOTICE, **given)


async def a_process(store: Store, name: str = "me") -> int:
    """The number of a process on this database."""
    async with store.write() as work:
        return await work.holders.add(name)


async def claim(
    store: Store, holder: int | None = None, *, minute: float = 60, limit: int = 10
) -> list[Channel]:
    """Have a process, or a new one, deliver to the channels that have something due at a minute."""
    number = await a_process(store) if holder is None else holder
    async with store.write() as work:
        return list(await work.outbox.claim_channels(holder=number, now=NOW + minute * MINUTE, limit=limit))


async def holding_all(work: UnitOfWork) -> int:
    """The number of a new process that delivers to every channel with something due within the hour."""
    number = await work.holders.add("sender")
    await work.outbox.claim_channels(holder=number, now=NOW + 60 * MINUTE, limit=100)
    return number


async def owe(store: Store, *messages: OwedMessage) -> None:
    """Add messages to the outbox in their own commit."""
    async with store.write() as work:
        await work.outbox.add(messages, now=NOW)


async def a_card(store: Store, channel: Channel = CHANNEL, members: int = 1) -> Card:
    """A stored card of new incidents, and its message."""
    ids = await some_incidents(store, members)
    async with store.write() as work:
        card = await work.cards.add(channel, ids, now=NOW)
        await work.outbox.add([of_card(card)], now=NOW)
    return card


async def some_incidents(store: Store, count: int) -> list[int]:
    """Ids of so many new incidents; resolved ones, so that any number of them fits one integration."""
    workspace_id = await a_workspace(store)
    async with store.write() as work:
        added = await work.incidents.add([incident(workspace_id, resolved_at=NOW)] * count)
    return [each.incident_id for each in added]
