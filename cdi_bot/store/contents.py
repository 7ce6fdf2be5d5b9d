"""Messages as rows of the outbox: what they say is stored as JSON."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from pydantic import Field, TypeAdapter, ValidationError

from cdi_bot.core.model.message import Content, MessageKind, OutboxMessage, OwedMessage, ShowCard
from cdi_bot.store.portable import AnyRow, row_of, value_of

_CONTENT: TypeAdapter[Content] = TypeAdapter(Annotated[Content, Field(discriminator="what")])


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a message has come: the `ts` under which Slack has it, and why it waits, if something is wrong."""

    is_pending: bool
    ts: str | None = None
    last_error: str | None = None


def content_to_json(content: Content) -> str:
    """A content as JSON in plain ASCII: any character may come from outside, and none may be refused."""
    return json.dumps(_CONTENT.dump_python(content, mode="json"))


def content_from_json(text: str) -> Content | None:
    """The content that was written, its class told by `what`; `None` if it fits no known class."""
    try:
        return _CONTENT.validate_python(json.loads(text))
    except (ValueError, ValidationError):
        return None


def row_of_message(message: OwedMessage, now: datetime) -> dict[str, Any]:
    """The columns of a new message."""
    content = content_to_json(message.content)
    return row_of(message, content=content, state="owed", created_at=now, attempts=0)


def message_of(row: AnyRow) -> OutboxMessage:
    """The message of a row."""
    content = content_from_json(row.content)
    owed = value_of(OwedMessage, row, kind=MessageKind(row.kind), content=content or ShowCard())
    return value_of(OutboxMessage, row, owed=owed, is_readable=content is not None)
