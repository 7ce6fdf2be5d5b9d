"""The heartbeat: a GET each minute to a dead-man's switch outside, which raises the alarm when none comes any more.

It tells of what the bot can't tell by itself, so it stops exactly when no alert would go out. The address holds a
secret: it stands in no log line, error or metric.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import NoReturn

import httpx
import structlog

from cdi_bot import network

log = structlog.get_logger(__name__)

_SECONDS = 10.0


async def beat(url: str, *, seconds: float = _SECONDS) -> str | None:
    """Ask the switch, for so many seconds at most; returns why it can't have taken that for a beat. Raises nothing.

    A redirect is not followed, the body is not read, and nothing is kept for the next time.
    """
    try:
        async with (
            asyncio.timeout(seconds),
            network.http_client(url, headers={"User-Agent": "cdi-bot"}, timeout=seconds) as client,
            client.stream("GET", url) as response,
        ):
            status = response.status_code
    except (TimeoutError, httpx.TimeoutException):
        return f"no answer within {seconds:g} s"
    except Exception as error:  # noqa: BLE001  # the words of none are repeated: they may hold the address
        through_proxy = network.proxy_for(url) is not None
        return network.fault_of(error, through_proxy=through_proxy) or "it can't be reached"
    if httpx.codes.is_success(status):
        return None
    return f"it answered {status}" + (", a redirect" if httpx.codes.is_redirect(status) else "")


class Heartbeat:
    """Beats as long as alerts go out."""

    def __init__(
        self, send: Callable[[], Awaitable[str | None]], withheld: Callable[[], Sequence[str]]
    ) -> None:
        """Keep how a beat is sent, which returns what is wrong, and what gives the reasons to send none."""
        self._send, self._withheld = send, withheld
        self._is_withheld = False
        self.trouble: str | None = None
        """Why the newest beat did not arrive."""

    async def run(self, every: float, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> NoReturn:
        """Beat again and again, so many seconds apart, until cancelled.

        For the first time after as many: a bot that dies again and again within a minute must not seem to live.
        """
        while True:
            await sleep(every)
            await self.tick()

    async def tick(self) -> None:
        """Beat, unless there is a reason not to. Raises nothing."""
        reasons = self._withheld()
        if reasons and not self._is_withheld:
            log.warning("no heartbeat is sent: no alert could go out", why=list(reasons))
        self._is_withheld = bool(reasons)
        if reasons:
            return
        before, self.trouble = self.trouble, await self._send()
        if self.trouble and not before:
            log.warning("the heartbeat does not arrive", why=self.trouble)
        elif before and not self.trouble:
            log.info("the heartbeat arrives again")
