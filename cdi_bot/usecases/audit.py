"""What every change by a person leaves: a notice in its channel, and an entry that says who made it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from cdi_bot.core.model.channel import AuditEntry, Channel
from cdi_bot.core.model.message import Content, MessageKind, OwedMessage
from cdi_bot.store import UnitOfWork


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who changes something, where and when; of which Braze workspace, but for a channel's own settings."""

    channel: Channel
    who: str
    at: datetime
    workspace_id: int


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
    entry = AuditEntry(channel=actor.channel, at=actor.at, who=actor.who, action=action, subject=subject)
    await uow.audit.add(entry)
