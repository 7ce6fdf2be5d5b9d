"""The conversation as plain text, for a terminal: each event of the live stream as a few lines.

Dates are in the reader's zone, ids are replaced by names, links are their words; tables are columns, buttons
`[Button]`, charts sparklines, a bar beside blocks `┃`. Of a message that changed only the new lines are told.
Source: docs.slack.dev/messaging/formatting-message-text.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

from cdi_bot.sandbox.control import Json
from cdi_bot.sandbox.slack.block_kit import cell_text

_INDENT = "  "
_THREAD = "    │ "
_BAR = "┃ "
_BARS = "▁▂▃▄▅▆▇█"


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """What text refers to: channels and people by id, and the reader's zone and present."""

    channels: Mapping[str, str]
    users: Mapping[str, str]
    zone: tzinfo = UTC
    now: datetime


class Transcript:
    """Turns stream events into lines. `zone` is the reader's time zone."""

    def __init__(self, snapshot: Json, zone: tzinfo = UTC) -> None:
        """Learn the names of channels and people from the stream's first frame."""
        self._zone = zone
        self._channels = {channel["id"]: str(channel["name"]) for channel in snapshot["channels"]}
        self._users = {user["id"]: str(user["name"]) for user in snapshot["users"]}
        self._told: dict[str, list[str]] = {}  # the newest lines of each message, by its id
        self._connected = False

    def lines(self, event: Json, now: datetime) -> list[str]:
        """Return what to print for an event; nothing for one that is not part of the conversation."""
        kind = event["type"]
        if kind in ("message", "message_changed", "ephemeral", "ephemeral_changed"):
            message = event["message"]
            before = self._told.get(message["id"])
            lines = self._told[message["id"]] = self.message_lines(message, now)
            return lines if before is None else self._news(message, before, lines, now)
        if kind == "message_deleted":
            return [f"{self._channel(event['channel'])}  (a message was deleted)"]
        if kind == "bot_connected" and event["connected"] != self._connected:
            self._connected = event["connected"]
            return ["cdi-bot is connected" if self._connected else "cdi-bot is not connected"]
        if kind == "channel":
            channel = event["channel"]
            self._channels[channel["id"]] = str(channel["name"])
        return []

    def message_lines(self, message: Json, now: datetime) -> list[str]:
        """Return a message of the live stream: channel, author and time, then its content, replies indented."""
        names = Names(channels=self._channels, users=self._users, zone=self._zone, now=now)
        body = [line for block in message["blocks"] for line in block_lines(block, names)]
        for attachment in message["attachments"]:
            blocks = attachment.get("blocks") or ()
            body += [_BAR + line for block in blocks for line in block_lines(block, names)]
        if not body:
            body = plain(str(message["text"]), names).splitlines()
        in_thread = message["thread_ts"] is not None
        margin = _THREAD if in_thread else _INDENT
        at = datetime.fromtimestamp(float(message["ts"]), self._zone)
        return [self._heading(message, at), *((margin + line).rstrip() for line in body)]

    def _news(self, message: Json, before: list[str], lines: list[str], now: datetime) -> list[str]:
        """The lines that a message did not have before, below its first, which says what it is about."""
        _, first, *rest = [*lines, "", ""]
        news = [line for line in rest if line and line not in before]
        if not news and first in before:
            return []
        return [self._heading(message, now.astimezone(self._zone), changed=True), first, *news]

    def _heading(self, message: Json, at: datetime, *, changed: bool = False) -> str:
        who = "cdi-bot" if message["bot"] else self._person(str(message["user"]))
        remarks = []
        if message["ephemeral"]:
            remarks.append(f"only visible to {self._person(str(message['user_to']))}")
        if message["thread_ts"] is not None:
            remarks.append("reply, also sent to the channel" if message["reply_broadcast"] else "reply")
        if changed:
            remarks.append("changed")
        more = f"  ({', '.join(remarks)})" if remarks else ""
        return f"{self._channel(message['channel'])}  {who}  {at:%H:%M:%S}{more}"

    def _channel(self, channel: str) -> str:
        name = self._channels.get(channel, channel)
        return f"@{self._person(name)}" if channel.startswith("D") else f"#{clean(name)}"

    def _person(self, user: str) -> str:
        return clean(self._users.get(user, user))


# Text


def clean(text: str) -> str:
    """Take out control characters, with which text from outside could steer the terminal."""
    return "".join(char for char in text if char in "\n\t" or not unicodedata.category(char).startswith("C"))


def plain(text: str, names: Names) -> str:
    """Return mrkdwn as plain text."""
    text = re.sub(r"<([^<>]+)>", lambda found: _reference(found.group(1), names), text)
    for mark in ("*", "_", "~"):
        # A mark counts only around words: there is none in `sync_failed_rows`.
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
    return label or target


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


# Blocks


def block_lines(block: Json, names: Names) -> list[str]:
    """Return one block as lines; a block of an unknown type is named."""
    show = _BLOCKS.get(str(block.get("type")))
    return show(block, names) if show is not None else [f"({block.get('type')})"]


def _text(value: object, names: Names) -> str:
    """Return what a text object says."""
    if not isinstance(value, dict):
        return clean(str(value or ""))
    text = str(value.get("text", ""))
    return plain(text, names) if value.get("type") == "mrkdwn" else clean(text)


def _section(block: Json, names: Names) -> list[str]:
    lines = _text(block.get("text"), names).splitlines()
    for item in block.get("fields") or ():
        # Fields are mostly a label over its value: one line reads better in a terminal.
        head, _, rest = _text(item, names).partition("\n")
        lines.append(f"{head.removesuffix(':')}: {rest}" if rest else head)
    return lines + ([_element(block["accessory"], names)] if block.get("accessory") else [])


def _header(block: Json, names: Names) -> list[str]:
    text = _text(block.get("text"), names)
    return [text, "─" * _width(text)]


def _context(block: Json, names: Names) -> list[str]:
    return "  ".join(_element(element, names) for element in block.get("elements") or ()).splitlines()


def _actions(block: Json, names: Names) -> list[str]:
    return [" ".join(_element(element, names) for element in block.get("elements") or ())]


def _input(block: Json, names: Names) -> list[str]:
    return [f"{_text(block.get('label'), names)}: {_element(block.get('element') or {}, names)}"]


def _element(element: Json, names: Names) -> str:
    kind = str(element.get("type"))
    if kind in ("plain_text", "mrkdwn"):
        return _text(element, names)
    if kind == "button":
        return f"[{_text(element.get('text'), names)}]"
    hint = _text(element.get("placeholder"), names)
    return f"[{hint or '…'} ▾]" if "select" in kind or kind == "overflow" else f"[{hint or '…'}]"


def _table(block: Json, names: Names) -> list[str]:
    rows = [[_cell(cell, names) for cell in row] for row in block.get("rows") or ()]
    columns = max((len(row) for row in rows), default=0)
    settings = block.get("column_settings") or []
    right = {
        index for index, one in enumerate(settings) if isinstance(one, dict) and one.get("align") == "right"
    }
    widths = [max(_width(row[index]) for row in rows if index < len(row)) for index in range(columns)]
    shown = [
        "  ".join(
            _padded(cell, widths[index], right=index in right) for index, cell in enumerate(row)
        ).rstrip()
        for row in rows
    ]
    rule = "  ".join("─" * width for width in widths)
    return [shown[0], rule, *shown[1:]] if shown else []


def _cell(cell: Json, _names: Names) -> str:
    return symbols(clean(cell_text(cell))).replace("\n", " ")


def _chart(block: Json, _names: Names) -> list[str]:
    chart = block.get("chart") or {}
    lines = [f"{clean(str(block.get('title')))} ({chart.get('type')} chart)"]
    for series in chart.get("series") or ():
        values = [float(point["value"]) for point in series["data"]]
        lines.append(f"{_spark(values)}  {clean(str(series['name']))}: {values[0]:g} … {values[-1]:g}")
    return lines


def _spark(values: Sequence[float]) -> str:
    low, high = min(values), max(values)
    span = high - low or 1.0
    return "".join(_BARS[round((value - low) / span * (len(_BARS) - 1))] for value in values)


def _width(text: str) -> int:
    """Return how many columns a terminal gives to a text: wide characters take two, combining ones none."""
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1
        for char in text
    )


def _padded(text: str, width: int, *, right: bool) -> str:
    space = " " * (width - _width(text))
    return space + text if right else text + space


_BLOCKS: dict[str, Callable[[Json, Names], list[str]]] = {
    "actions": _actions,
    "alert": lambda block, names: _text(block.get("text"), names).splitlines(),
    "context": _context,
    "data_visualization": _chart,
    "divider": lambda _block, _names: ["─" * 40],
    "header": _header,
    "input": _input,
    "section": _section,
    "table": _table,
}
