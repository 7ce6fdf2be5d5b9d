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
from tests.rigs.whole import is_recovery

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
            if not any(_names(text, name) for name in expected):
                problems.append(f"about nothing that failed: {each['text']}")
        unseen = 0
        for name, wanted in expected.items():
            alone = [how for each in cards if not _is_storm(each) and (how := how_shown(each, name))]
            listed = [how for each in cards if _is_storm(each) and (how := how_shown(each, name))]
            if len(alone) > 1 or len(listed) > 1 or {*alone, *listed} - {wanted}:
                problems.append(f"{name} should be {wanted} in one card, but is {[*alone, *listed]}")
            unseen += wanted is Shown.FAILING and not alone and not listed
            ends = sum("recovered" in each["text"] and _names(each["text"], name) for each in replies)
            if ends not in self._fitting_ends(channel, name, wanted):
                problems.append(f"{name}: {ends} messages tell its recovery")
        if unseen > sum(map(_counted, cards)):
            problems.append(f"{unseen} that fail are on no card")
        return problems

    def _fitting_ends(self, channel: str, name: str, wanted: Shown) -> set[int]:
        """How many messages may tell a recovery: none before it, one when a card has shown the failure.

        Where the first that was shown told both, none has to; one may, where the bot can't know how its own
        message looked because the answer to it was lost.
        """
        if wanted is Shown.FAILING:
            return {0}
        looks = (how_shown(each, name) for each in self._looks if each["channel"] == channel)
        return {1} if next(filter(None, looks), None) is Shown.FAILING else {0, 1}

    def _hear(self, event: Json) -> None:
        if event["type"] in {"message", "message_changed"} and _is_card(event["message"]):
            self._looks.append(as_read(event["message"]))
        if self._pass_on:
            self._pass_on(event)


def _is_card(message: Json) -> bool:
    return message["thread_ts"] in {None, message["ts"]} and not is_recovery(message)


def _is_storm(card: Json) -> bool:
    """Whether a card lists several; the first two of them have cards of their own as well."""
    return re.match(r"\d+ (failing since|recovered)\b", card["text"]) is not None


def _counted(card: Json) -> int:
    """How many a card counts without their names."""
    more = re.search(r"… and (\d+) more: `/cdi status failing`", "\n".join(_texts(card["blocks"])))
    return int(more[1]) if more else 0


def how_shown(card: Json, name: str) -> Shown | None:
    """How a card shows an integration, alone or in a line among others; `None` when it does not."""
    if card["text"].startswith(f"{name} recovered – "):
        return Shown.RECOVERED
    if re.match(rf"{re.escape(name)}( \([^)]*\))? – ", card["text"]):  # with its source, where that is known
        return Shown.FAILING
    if not _is_storm(card) or not any(_names(text, name) for text in _texts(card["blocks"])):
        return None
    return Shown.RECOVERED if re.match(r"\d+ recovered", card["text"]) else Shown.FAILING


def _names(text: str, name: str) -> bool:
    """Whether a text names an integration: `Sync 10` does not name `Sync 1`."""
    return re.search(rf"{re.escape(name)}(?!\w)", text) is not None


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
