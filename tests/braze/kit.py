"""What the tests of the Braze client share: a clock to turn, a sleep without time, a server of raw bytes."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cdi_bot.braze.client import BrazeClient
from cdi_bot.monitoring.braze_port import BrazeTrouble

START = datetime(2026, 3, 25, 12, 0, 0, tzinfo=UTC)


class Clock:
    """A clock that stands until it is turned."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        """Tell the time."""
        return self.now

    def advance(self, seconds: float) -> None:
        """Turn it on."""
        self.now += timedelta(seconds=seconds)


@dataclass
class Sleeper:
    """A sleep that takes no time, and remembers what it was asked for."""

    slept: list[float] = field(default_factory=list)

    async def __call__(self, seconds: float) -> None:
        """Return at once."""
        self.slept.append(seconds)


@dataclass
class RawServer:
    """Answers each connection's requests with the given bytes, one after another, the last one for ever.

    An answer of `None` closes the connection instead; `silent` never answers.
    """

    answers: Sequence[bytes | None]
    silent: bool = False
    requests: list[str] = field(default_factory=list)  # their first lines
    received: list[bytes] = field(default_factory=list)  # with their headers
    asked: asyncio.Event = field(default_factory=asyncio.Event)
    url: str = ""

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection."""
        with suppress(OSError, asyncio.IncompleteReadError):
            head = await reader.readuntil(b"\r\n\r\n")
            self.requests.append(head.decode().splitlines()[0])
            self.received.append(head)
            self.asked.set()
            if self.silent:
                await reader.read()
            answer = self.answers[min(len(self.requests), len(self.answers)) - 1]
            if answer is not None:
                writer.write(answer)
                await writer.drain()
        writer.close()


def http_answer(body: bytes, *headers: str, status: str = "200 OK", length: int | None = None) -> bytes:
    """An HTTP answer; `length` other than the body's makes it a broken one."""
    lines = [
        f"HTTP/1.1 {status}",
        f"Content-Length: {len(body) if length is None else length}",
        "Connection: close",
        *headers,
    ]
    return "\r\n".join([*lines, "", ""]).encode() + body


Answer = Callable[..., bytes]
"""Builds raw HTTP answers: see `http_answer`."""

Connect = Callable[..., BrazeClient]
"""Makes a client: (base URL, key, timeouts)."""

Raw = Callable[..., Awaitable[RawServer]]
"""Starts a server of raw bytes: see `RawServer`."""


async def trouble_of(call: Awaitable[Any]) -> BrazeTrouble:
    """The trouble that a call has to end in, which stands for itself alone."""
    with pytest.raises(BrazeTrouble) as caught:
        await call
    assert caught.value.__context__ is None
    assert caught.value.__cause__ is None
    return caught.value
