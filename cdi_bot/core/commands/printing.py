"""A command as the text that is read as it: what a button carries that carries it out later."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime

from cdi_bot.core.commands.command import (
    Acknowledge,
    Command,
    EndSnooze,
    ListIntegrations,
    Mistake,
    RequestSync,
    SetDigest,
    SetLanguage,
    SetSnooze,
    ShowAudit,
    ShowHelp,
    ShowSettings,
    ShowStatus,
    ShowSubscriptions,
    Subscribe,
    Unsubscribe,
)
from cdi_bot.core.commands.tokenizer import quote
from cdi_bot.core.model.subscription import DEFAULT_TOPICS, Filters, Topic

_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*", re.ASCII)

_CHANNEL_COMMANDS = {ShowSubscriptions: "subscriptions", ShowSettings: "digest", ShowAudit: "audit"}

LONGEST_REASON = 300
"""As much of a reason as messages show goes along with a choice: a button carries no more than 2,000 characters."""

ID_PLACEHOLDER = "{id}"
"""Stands where the integration is named in what `with_id` returns; it comes first, whatever follows."""


def print_command(command: Command) -> str:
    """Write a command as Slack would deliver it. Raises ValueError for a mistake, which is no command."""
    match command:
        case ShowHelp(unknown=unknown):
            parts = ["help" if unknown is None else quoted_name(unknown)]
        case ShowStatus(query=query):
            parts = ["status", quoted_name(query)]
        case ListIntegrations(query=query):
            parts = ["list", quoted_name(query)]
        case SetDigest(schedule=schedule, zone=zone):
            parts = ["digest", str(schedule or "off"), zone or "", _channel_option(command)]
        case SetLanguage(language=language):
            parts = ["language", quoted_name(language or "default"), _channel_option(command)]
        case ShowSubscriptions() | ShowSettings() | ShowAudit():
            parts = [_CHANNEL_COMMANDS[type(command)], _channel_option(command)]
        case Mistake():
            raise ValueError("a mistake is no command")
        case _:
            parts = [*_integration_command(command), _channel_option(command)]
    return " ".join(filter(None, parts))


def with_id(command: Command) -> str:
    """Write a command with `NAMED` in the integration's place; of one that names none, its status."""
    match command:
        case Subscribe() | Unsubscribe():
            text = print_command(replace(command, selector=ID_PLACEHOLDER))
        case SetSnooze(reason=reason):
            text = print_command(
                replace(command, query=ID_PLACEHOLDER, reason=(reason or "")[:LONGEST_REASON].strip())
            )
        case Acknowledge() | EndSnooze() | RequestSync():
            text = print_command(replace(command, query=ID_PLACEHOLDER))
        case _:
            text = print_command(ShowStatus(query=ID_PLACEHOLDER))
    return text.replace(quote(ID_PLACEHOLDER), ID_PLACEHOLDER, 1)


def _integration_command(
    command: Subscribe | Unsubscribe | Acknowledge | SetSnooze | EndSnooze | RequestSync,
) -> list[str]:
    match command:
        case Subscribe(selector=selector, filters=filters):
            return ["subscribe", quoted_name(selector), *_options(filters)]
        case Unsubscribe(selector=selector):
            return ["unsubscribe", quoted_name(selector)]
        case Acknowledge(query=query):
            return ["ack", quoted_name(query)]
        case SetSnooze(query=query, until=until, reason=reason):
            return ["snooze", quoted_name(query), _snooze_end(until), quote(reason) if reason else ""]
        case EndSnooze(query=query):
            return ["unsnooze", quoted_name(query)]
        case RequestSync(query=query):
            return ["sync", quoted_name(query)]


def _channel_option(command: Command) -> str:
    place = getattr(command, "place", None)
    return f"in:<#{place}>" if place else ""


def quoted_name(query: str | None) -> str:
    """Write what names an integration, quoted unless it is one plain word."""
    if query is None or _PLAIN.fullmatch(query):
        return query or ""
    return quote(query)


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


def _snooze_end(until: datetime | None) -> str:
    return f"until {until.isoformat()}" if until else "until recovery"
