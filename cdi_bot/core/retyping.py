"""A command as it would be typed for another integration: what a choice among several carries."""

from __future__ import annotations

from datetime import datetime, timedelta

from cdi_bot.core.commands import Ack, Command, Snooze, Subscribe, Sync, Unsnooze, Unsubscribe
from cdi_bot.core.model import DEFAULT_TOPICS, Filters, Topic


def with_id(command: Command, *, now: datetime) -> str:
    """The command as a text with `{id}` in the integration's place; of one that names none, its status."""
    parts = ["status {id}"]
    match command:
        case Subscribe(filters=filters):
            parts = ["subscribe {id}", *_options(filters)]
        case Unsubscribe():
            parts = ["unsubscribe {id}"]
        case Ack():
            parts = ["ack {id}"]
        case Snooze(until=until, reason=reason):
            parts = ["snooze {id}", _end(until, now), reason or ""]
        case Unsnooze():
            parts = ["unsnooze {id}"]
        case Sync():
            parts = ["sync {id}"]
    return " ".join(filter(None, parts))


def _options(filters: Filters) -> list[str]:
    options = []
    if filters.topics != DEFAULT_TOPICS:
        options.append("on:" + ",".join(topic.value for topic in Topic if topic in filters.topics))
    if filters.min_rows is not None:
        options.append(f"rows:{filters.min_rows}")
    if filters.min_percent is not None:
        options.append(f"percent:{filters.min_percent:g}")
    if filters.mention:
        options.append(f"mention:{filters.mention}")
    return options


def _end(until: datetime | None, now: datetime) -> str:
    if until is None:
        return "until recovery"
    return f"{max(round((until - now) / timedelta(minutes=1)), 1)}m"
