"""Slack's mrkdwn as plain text: dates in the reader's zone, names for ids, links spelled out. Pure.

Source: docs.slack.dev/messaging/formatting-message-text.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """What text refers to: channels and people by id, and the reader's zone and present."""

    channels: Mapping[str, str]
    users: Mapping[str, str]
    zone: tzinfo = UTC
    now: datetime


def clean(text: str) -> str:
    """Take out control characters, with which text from outside could steer the terminal."""
    return "".join(char for char in text if char in "\n\t" or not unicodedata.category(char).startswith("C"))


def plain(text: str, names: Names) -> str:
    """Return mrkdwn as plain text."""
    text = re.sub(r"<([^<>]+)>", lambda found: _reference(found.group(1), names), text)
    for mark in ("*", "_", "~"):
        # A mark counts only around words: `sync_failed_rows` has none.
        around = re.escape(mark)
        text = re.sub(rf"(?<![\w{around}]){around}(\S(?:[^\n]*?\S)?){around}(?![\w{around}])", r"\1", text)
    text = symbols(text)
    return clean(text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"))


def symbols(text: str) -> str:
    """Return text with the symbols that shortcodes such as `:warning:` stand for, where they are known."""
    return re.sub(r":([a-z0-9_+-]+):", lambda found: _EMOJI.get(found.group(1), found.group(0)), text)


def _reference(inside: str, names: Names) -> str:
    target, _, label = inside.partition("|")
    if target.startswith("!date^"):
        return _date(target, label, names)
    if target.startswith("@"):
        return "@" + names.users.get(target[1:], label or target[1:])
    if target.startswith("#"):
        return "#" + names.channels.get(target[1:], label or target[1:])
    if target.startswith("!"):
        return label or "@" + target[1:]
    return f"{label} ({target})" if label and label != target else target


def _date(target: str, fallback: str, names: Names) -> str:
    parts = target.split("^")
    try:
        at = datetime.fromtimestamp(int(parts[1]), names.zone)
        shown = parts[2]
    except (IndexError, ValueError, OverflowError):
        return fallback
    day = _pretty_day(at, names)
    for token, show in _TOKENS.items():
        shown = shown.replace(token, show(at))
        shown = shown.replace(token.replace("}", "_pretty}"), day or show(at))
    return shown


def _pretty_day(at: datetime, names: Names) -> str | None:
    today = names.now.astimezone(names.zone).date()
    near = {today: "today", today - timedelta(days=1): "yesterday", today + timedelta(days=1): "tomorrow"}
    return near.get(at.date())


_TOKENS: dict[str, Callable[[datetime], str]] = {
    "{date_num}": lambda at: f"{at:%Y-%m-%d}",
    "{date_short}": lambda at: f"{at:%b} {at.day}, {at.year}",
    "{date_long}": lambda at: f"{at:%A, %B} {at.day}, {at.year}",
    "{date}": lambda at: f"{at:%B} {at.day}, {at.year}",
    "{time_secs}": lambda at: f"{at:%H:%M:%S}",
    "{time}": lambda at: f"{at:%H:%M}",
    "{ago}": lambda at: f"{at:%Y-%m-%d %H:%M}",
}

_EMOJI = {
    "arrows_counterclockwise": "🔄",
    "bell": "🔔",
    "black_circle": "⚫",
    "chart_with_upwards_trend": "📈",
    "eyes": "👀",
    "hourglass_flowing_sand": "⏳",
    "information_source": "ℹ️",
    "large_blue_circle": "🔵",
    "large_green_circle": "🟢",
    "large_orange_circle": "🟠",
    "large_yellow_circle": "🟡",
    "no_bell": "🔕",
    "red_circle": "🔴",
    "rotating_light": "🚨",
    "warning": "⚠️",
    "white_check_mark": "✅",
    "white_circle": "⚪",
    "x": "❌",
    "zzz": "💤",
}
