"""What the use cases share: what they work with, who changes something, and what every change leaves behind."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from cdi_bot.core.model.channel import AuditEntry, Channel
from cdi_bot.core.model.configuration import Item, Table
from cdi_bot.core.model.message import Content, MessageKind, OwedMessage
from cdi_bot.core.model.subscription import Snooze, Subscription
from cdi_bot.core.snoozes import window_in_a_file
from cdi_bot.delivery.slack_port import Messenger
from cdi_bot.monitoring.workspaces import WatchedWorkspaces
from cdi_bot.store import Store, UnitOfWork
from cdi_bot.usecases.access import Access
from cdi_bot.usecases.answers import OwnedByFile
from cdi_bot.usecases.lookup import Lookup

MOST_CHANGES = 10
"""So many changes may one person make in one channel within a minute."""

_MINUTE = timedelta(minutes=1)


class TooManyChangesError(Exception):
    """Somebody changes a channel too often; they may go on at `until`."""

    def __init__(self, until: datetime) -> None:
        super().__init__(f"too many changes until {until.isoformat()}")
        self.until = until


@dataclass(frozen=True, kw_only=True)
class UseCases:
    """What use cases work with. Every method answers; `who` is a Slack user id.

    `StoreTrouble` is raised, and `SlackTrouble` while Slack does not tell who somebody is. `languages` are those that
    the bot has texts in. `clock` gives the present in UTC, `wake` tells the dispatcher that something is owed.
    """

    store: Store
    messenger: Messenger
    workspaces: WatchedWorkspaces
    access: Access
    lookup: Lookup
    languages: tuple[str, ...]
    clock: Callable[[], datetime]
    wake: Callable[[], None]

    async def actor(self, channel: Channel, who: str, workspace_id: int = 0) -> Actor:
        """Somebody who changes something now.

        Raises `TooManyChangesError` where they did so too often within a minute: every change is told in the channel.
        """
        now = self.clock()
        async with self.store.read() as uow:
            latest = await uow.audit.announced(channel, who, since=now - _MINUTE, until=now)
        if len(latest) >= MOST_CHANGES:
            raise TooManyChangesError(latest[-MOST_CHANGES] + _MINUTE)
        return Actor(channel=channel, who=who, at=now, workspace_id=workspace_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who changes something, where and when; of which Braze workspace, 0 for a channel's own settings."""

    channel: Channel
    who: str
    at: datetime
    workspace_id: int


def setting(channel: Channel, field: str) -> Item:
    """A setting of a channel, as a configuration file may own it."""
    return Item(table=Table.CHANNEL, channel=channel.channel_id, field=field)


async def owned_by_file(uow: UnitOfWork, *owned: Item | Subscription | Snooze) -> OwnedByFile | None:
    """Why these can't be changed in chat: a configuration file owns one of them; `None` if none does."""
    files = await uow.file_items.all()
    names = {each.workspace_id: each.name for each in await uow.workspaces.all()} if files else {}
    for each in owned:
        item = each if isinstance(each, Item) else _item_of(each, names)
        if item in files:
            return OwnedByFile(file=files[item])
    return None


def _item_of(one: Subscription | Snooze, names: Mapping[int, str]) -> Item:
    window = window_in_a_file(one) or "" if isinstance(one, Snooze) else None
    return Item(
        table=Table.SUBSCRIPTION if window is None else Table.SNOOZE,
        channel=one.channel.channel_id,
        workspace=names.get(one.workspace_id, ""),
        selector=one.selector,
        field=window or "",
    )


async def announce(uow: UnitOfWork, actor: Actor, action: str, subject: str, content: Content) -> str:
    """Owe the channel a notice of a change, and record who made it; returns the key of the message."""
    place = f"{actor.channel.team_id}:{actor.channel.channel_id}"
    message = OwedMessage(
        key=f"{action}:{place}:{actor.workspace_id}:{subject}:{actor.at.isoformat()}",
        channel=actor.channel,
        kind=MessageKind.NOTICE,
        content=content,
        not_before=actor.at,
    )
    await uow.outbox.add([message], now=actor.at)
    await record(uow, actor, action, subject)
    return message.key


async def record(uow: UnitOfWork, actor: Actor, action: str, subject: str) -> None:
    """Record who made a change."""
    entry = AuditEntry(
        channel=actor.channel,
        at=actor.at,
        who=actor.who,
        action=action,
        subject=subject,
        workspace_id=actor.workspace_id or None,
    )
    await uow.audit.add(entry)
