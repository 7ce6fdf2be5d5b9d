"""What channels were told, judged as their readers would: each alert once, and every card true."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any

from cdi_bot.sandbox import Sandbox
from cdi_bot.sandbox.slack.model import Message
from tests.reading import as_read

Json = dict[str, Any]


class Shown(StrEnum):
    """How a card shows an integration."""

    FAILING = "failing"
    RECOVERED = "recovered"


class Told:
    """Listens to the Slack stand-in from the beginning, so that it knows how each card first looked."""

    def __init__(self, sandbox: Sandbox) -> None:
        """Listen from now on."""
        self._slack = sandbox.slack
        self._pass_on = self._slack.on_change
        self._slack.on_change = self._hear
        self._looks: list[Json] = []

    def wrong(self, channel: str, expected: Mapping[str, Shown]) -> list[str]:
        """Everything that is not as it should be in a channel where exactly these integrations failed."""
        messages = self._slack.messages(channel)
        said = [as_read(each.stream()) for each in messages]
        cards = [each for each in said if _is_card(each)]
        replies = [each for each in said if not _is_card(each)]
        problems = [f"twice: {what}" for what, count in _identities(messages).items() if count > 1]
        for each in said:
            text = "\n".join(_texts(each))
            if "may be a repeat" in text:
                problems.append(f"called a repeat: {each['text']}")
            if not any(name in text for name in expected):
                problems.append(f"about nothing that failed: {each['text']}")
        for name, wanted in expected.items():
            shown = [how for each in cards if (how := _how(each, name))]
            if shown != [wanted]:
                problems.append(f"{name} should be {wanted} in one card, but is {list(map(str, shown))}")
            ends = sum("recovered" in each["text"] and name in each["text"] for each in replies)
            if ends not in self._fitting_ends(channel, name, wanted):
                problems.append(f"{name}: {ends} replies tell its recovery")
        return problems

    def _fitting_ends(self, channel: str, name: str, wanted: Shown) -> set[int]:
        """How many replies may tell a recovery: none before it, one when a card has shown the failure.

        Where the first that was shown told both, none has to; one may, where the bot can't know how its own
        message looked because the answer to it was lost.
        """
        if wanted is Shown.FAILING:
            return {0}
        looks = (_how(each, name) for each in self._looks if each["channel"] == channel)
        return {1} if next(filter(None, looks), None) is Shown.FAILING else {0, 1}

    def _hear(self, event: Json) -> None:
        if event["type"] in {"message", "message_changed"} and _is_card(event["message"]):
            self._looks.append(as_read(event["message"]))
        if self._pass_on:
            self._pass_on(event)


def _is_card(message: Json) -> bool:
    return message["thread_ts"] in {None, message["ts"]}


def _how(card: Json, name: str) -> Shown | None:
    """How a card shows an integration, alone or in a line among others; `None` when it does not."""
    if card["text"].startswith(f"{name} recovered – "):
        return Shown.RECOVERED
    if re.match(rf"{re.escape(name)}( \([^)]*\))? – ", card["text"]):  # with its source, where that is known
        return Shown.FAILING
    lines = (line for text in _texts(card["blocks"]) for line in text.splitlines() if name in line)
    line = next(
        (each for each in lines if not each.startswith("🔗")), None
    )  # what else fails is no card of it
    if line is None:
        return None
    return Shown.RECOVERED if line.endswith(": recovered") else Shown.FAILING


def _texts(part: object) -> Iterator[str]:
    """Every string that people read somewhere in a message."""
    if isinstance(part, dict):
        for key, value in part.items():
            if key == "text" and isinstance(value, str):
                yield value
            else:
                yield from _texts(value)
    elif isinstance(part, list):
        for each in part:
            yield from _texts(each)


def _identities(messages: list[Message]) -> Counter[object]:
    """What must be there once: the key that a message carries, and its place with its words."""
    keys = [(each.content.metadata or {}).get("event_payload", {}).get("key") for each in messages]
    query = [(each.thread_ts, each.content.text) for each in messages]
    return Counter([*keys, *query])
