"""Socket Mode over two connections at a time, so that no envelope is missed while Slack renews one of them.

A connection that has ended, that Slack wants renewed, or that brings nothing any more, is replaced: first the fresh
one is opened, then the old one closed.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import structlog

from cdi_bot.delivery.slack_port import SlackTrouble, SlackVerdict
from cdi_bot.slack.api import socket_connection
from cdi_bot.slack.api.call import SlackApi
from cdi_bot.slack.api.socket_connection import LINK_DISABLED, Connection, Taker

log = structlog.get_logger(__name__)

CONNECTIONS = 2

CONNECT_SECONDS = 10.0
"""How long one connection may take to open."""

WATCH_SECONDS = 5.0
"""How often the connections are looked at, whatever they say themselves, and how long until another try."""

SILENT_SECONDS = 30.0
"""A connection that brought nothing for so long is replaced: Slack pings each every few seconds."""

QUICK_RETRIES = 5
"""So often in a row an end is answered at once, then at the next look: Slack grants few openings a minute."""

PAUSE = 5.0
"""Seconds without another try after a refusal that passes by itself; `Retry-After` may say more."""

LASTING_PAUSES = (60.0, 300.0)
"""The same where somebody has to put something right, as after `link_disabled` or `invalid_auth`.

The first, twice as many after each that follows, and the longest.
"""

STEADY_SECONDS = 60.0
"""A connection that has stood for so long ends the row of refusals."""


class SocketMode:
    """The app's Socket Mode connections. `take` gets each envelope and says how to acknowledge it."""

    def __init__(
        self,
        api: SlackApi,
        app_token: str,
        take: Taker,
        *,
        watch_seconds: float = WATCH_SECONDS,
        connect_seconds: float = CONNECT_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Open nothing yet; `api` is used to ask for addresses."""
        self._api = api
        self._app_token = app_token
        self._take = take
        self._watch_seconds = watch_seconds
        self._connect_seconds = connect_seconds
        self._clock = clock
        self._open: list[Connection] = []
        self._ended = asyncio.Event()
        self._watch: asyncio.Task[None] | None = None
        self._lost = False
        self._refused: str | None = None
        self._pause = 0.0
        self._rest_until = 0.0
        self._opened_at = 0.0

    @property
    def is_connected(self) -> bool:
        """Whether Slack can deliver anything at present."""
        return any(not each.has_ended and not _is_silent(each) for each in self._open)

    async def connect(self) -> None:
        """Open the connections; raises `SlackTrouble` on a bad token or when Slack can't be reached."""
        try:
            while len(self._open) < CONNECTIONS:
                self._open.append(await self._connection())
        except BaseException:
            await self.close()
            raise
        self._watch = asyncio.create_task(self._watch_over())

    async def try_token(self) -> None:
        """Ask for an address without going there; raises `SlackTrouble` on a bad token."""
        await socket_connection.new_address(self._api, self._app_token)

    async def close(self) -> None:
        """Close everything, also what does not answer any more."""
        if self._watch is not None:
            self._watch.cancel()
            await asyncio.gather(self._watch, return_exceptions=True)
            self._watch = None
        closing, self._open = self._open, []
        await asyncio.gather(*(each.close() for each in closing))

    async def look(self) -> None:
        """Replace what is spent; the watch looks every few seconds, and whenever a connection ends."""
        for place, each in enumerate(self._open):
            if each.is_disabled:
                each.is_disabled = False  # counted once
                self._refuse(SlackTrouble(LINK_DISABLED, verdict=SlackVerdict.RETRY))
            if (why := _why_spent(each)) is not None and self._clock() >= self._rest_until:
                await self._replace(place, why)
        if self._lost and self.is_connected:
            log.info("connected to Slack again")
        elif not self._lost and not self.is_connected:
            log.warning("connection to Slack lost; trying to connect again")
        self._lost = not self.is_connected

    async def _connection(self) -> Connection:
        return await socket_connection.connect(
            self._api,
            self._app_token,
            seconds=self._connect_seconds,
            take=self._take,
            on_end=self._ended.set,
            clock=self._clock,
        )

    async def _watch_over(self) -> None:
        hurries = 0
        while True:
            if hurries == QUICK_RETRIES:
                await asyncio.sleep(self._watch_seconds)
                hurries = 0
            else:
                hurries = hurries + 1 if await self._one_ends() else 0
            self._ended.clear()  # before the look: what ends during it is looked at again
            await self.look()

    async def _one_ends(self) -> bool:
        """Wait until it is time to look; True when a connection has to be replaced before that."""
        try:
            async with asyncio.timeout(self._watch_seconds):
                return await self._ended.wait()
        except TimeoutError:
            return False

    async def _replace(self, place: int, why: str) -> None:
        try:
            fresh = await self._connection()
        except SlackTrouble as trouble:
            self._refuse(trouble)
            return
        if self._clock() - self._opened_at >= STEADY_SECONDS:
            self._refused, self._pause = None, 0.0
        self._opened_at = self._clock()
        stale, self._open[place] = self._open[place], fresh
        log.info("connection to Slack replaced", was=why)
        await stale.close()

    def _refuse(self, trouble: SlackTrouble) -> None:
        """Leave Slack alone for a while, and as long as it asks at least."""
        if trouble.reason == LINK_DISABLED or trouble.verdict is SlackVerdict.TEAM_GONE:
            first, longest = LASTING_PAUSES
            self._pause = min(max(self._pause * 2, first), longest)
        else:
            self._pause = PAUSE
        rest = max(self._pause, trouble.retry_after or 0.0)
        self._rest_until = self._clock() + rest
        if trouble.reason != self._refused:
            log.warning("Slack can't be connected to", why=trouble.reason, next_try_in=rest)
        self._refused = trouble.reason


def _why_spent(each: Connection) -> str | None:
    """Why a connection has to be replaced, if it has to."""
    if each.has_ended:
        return "down"
    if each.wants_end:
        return "due for renewal"
    return "silent" if _is_silent(each) else None


def _is_silent(each: Connection) -> bool:
    return each.silent_seconds >= SILENT_SECONDS
