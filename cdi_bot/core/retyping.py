"""A command as the text that is read as it: what a button carries that carries it out later."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime

from cdi_bot.core.intents import (
    Ack,
    Command,
    Help,
    ListIntegrations,
    Mistake,
    SetDigest,
    SetLanguage,
    ShowAudit,
    ShowSettings,
    ShowSubscriptions,
    Snooze,
    Status,
    Subscribe,
    Sync,
    Unsnooze,
    Unsubscribe,
)
from cdi_bot.core.model import DEFAULT_TOPICS, Filters, Topic
from cdi_bot.core.typed import quote

_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*", re.ASCII)

_ABOUT_A_CHANNEL = {ShowSubscriptions: "subscriptions", ShowSettings: "digest", ShowAudit: "audit"}

REASON_KEPT = 300
"""As much of a reason as messages show goes along with a choice: a button carries no more than 2,000 characters."""

NAMED = "{id}"
"""Stands where the integration is named in what `with_id` returns; it comes first, whatever follows."""


def typed_as(command: Command) -> str:
    """Write a command as Slack would deliver it. Raises ValueError for a mistake, which is no command."""
    match command:
        case Help(unknown=unknown):
            parts = ["help" if unknown is None else as_name(unknown)]
        case Status(words=words):
            parts = ["status", as_name(words)]
        case ListIntegrations(words=words):
            parts = ["list", as_name(words)]
        case SetDigest(schedule=schedule, zone=zone):
            parts = ["digest", str(schedule or "off"), zone or "", _place(command)]
        case SetLanguage(language=language):
            parts = ["language", as_name(language or "default"), _place(command)]
        case ShowSubscriptions() | ShowSettings() | ShowAudit():
            parts = [_ABOUT_A_CHANNEL[type(command)], _place(command)]
        case Mistake():
            raise ValueError("a mistake is no command")
        case _:
            parts = [*_about_one(command), _place(command)]
    return " ".join(filter(None, parts))


def with_id(command: Command) -> str:
    """Write a command with `NAMED` in the integration's place; of one that names none, its status."""
    match command:
        case Subscribe() | Unsubscribe():
            text = typed_as(replace(command, selector=NAMED))
        case Snooze(reason=reason):
            text = typed_as(replace(command, words=NAMED, reason=(reason or "")[:REASON_KEPT].strip()))
        case Ack() | Unsnooze() | Sync():
            text = typed_as(replace(command, words=NAMED))
        case _:
            text = typed_as(Status(words=NAMED))
    return text.replace(quote(NAMED), NAMED, 1)


def _about_one(
    command: Subscribe | Unsubscribe | Ack | Snooze | Unsnooze | Sync,
) -> list[str]:
    match command:
        case Subscribe(selector=selector, filters=filters):
            return ["subscribe", as_name(selector), *_options(filters)]
        case Unsubscribe(selector=selector):
            return ["unsubscribe", as_name(selector)]
        case Ack(words=words):
            return ["ack", as_name(words)]
        case Snooze(words=words, until=until, reason=reason):
            return ["snooze", as_name(words), _end(until), quote(reason) if reason else ""]
        case Unsnooze(words=words):
            return ["unsnooze", as_name(words)]
        case Sync(words=words):
            return ["sync", as_name(words)]


def _place(command: Command) -> str:
    place = getattr(command, "place", None)
    return f"in:<#{place}>" if place else ""


def as_name(words: str | None) -> str:
    """Write what names an integration, quoted unless it is one plain word."""
    if words is None or _PLAIN.fullmatch(words):
        return words or ""
    return quote(words)


def _options(filters: Filters) -> list[str]:
    options = []
    if filters.topics != DEFAULT_TOPICS:
        options.append("on:" + ",".join(topic.value for topic in Topic if topic in filters.topics))
    if filters.min_rows is not None:
        options.append(f"rows:{filters.min_rows}")
    if filters.min_percent is not None:
        options.append("percent:" + f"{filters.min_percent:.6f}".rstrip("0").rstrip("."))
    if filters.mention:
        options.append(f"mention:{filters.mention}")
    return options


def _end(until: datetime | None) -> str:
    return f"until {until.isoformat()}" if until else "until recovery"
