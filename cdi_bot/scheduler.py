"""Recurring work: the only place that knows APScheduler. It says when, never what to poll."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.base import BaseTrigger

SILENCE = 60.0
"""Seconds beyond its interval after which work that has not come to an end counts as silent."""

_BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)


class _LoopTime(tzinfo):
    """The event loop's clock, in the form in which APScheduler asks for the time: `datetime.now(zone)`.

    The machine's clock may be set at any moment: set back by an hour, it would leave everything waiting for an hour.
    The loop's clock only ever goes on. What it shows is no date, and nobody sees it.
    """

    def __init__(self, seconds: Callable[[], float]) -> None:
        """Take the time from `seconds`."""
        self._seconds = seconds

    def fromutc(self, _now: datetime) -> datetime:
        """The present."""
        return (_BEGINNING + timedelta(seconds=self._seconds())).replace(tzinfo=self)

    def utcoffset(self, _at: datetime | None) -> timedelta:
        """None: it is a clock of its own."""
        return timedelta(0)

    def dst(self, _at: datetime | None) -> timedelta:
        """None."""
        return timedelta(0)

    def tzname(self, _at: datetime | None) -> str:
        """What it is called in APScheduler's log."""
        return "loop"


class _Every(BaseTrigger):  # type: ignore[misc]  # APScheduler ships no types
    """Fires at an interval, and once for all that was missed: APScheduler's own goes through each missed time."""

    def __init__(self, seconds: float) -> None:
        """Fire every so many seconds, for the first time after as many."""
        self._interval = timedelta(seconds=seconds)

    def get_next_fire_time(self, previous_fire_time: datetime | None, now: datetime) -> datetime:
        """The first time that lies ahead."""
        following = (previous_fire_time or now) + self._interval
        return following if following > now else now + self._interval


class Scheduler:
    """Calls coroutines at fixed intervals. A call that outlasts its interval is not doubled, but made up for once.

    Goes by the clock of the event loop that is running when it is made.
    """

    def __init__(self) -> None:
        """Make it; nothing runs before `start`."""
        self._seconds = asyncio.get_running_loop().time
        self._scheduler = AsyncIOScheduler(timezone=_LoopTime(self._seconds))
        self._intervals: dict[str, float] = {}
        self._ended: dict[str, float] = {}
        self._under_way = 0
        self._idle = asyncio.Event()
        self._idle.set()

    def every(self, seconds: float, work: Callable[[], Coroutine[Any, Any, None]], *, name: str) -> None:
        """Call `work` every so many seconds."""
        self._intervals[name] = seconds

        async def call() -> None:
            self._under_way += 1
            self._idle.clear()
            try:
                await work()
            finally:
                self._ended[name] = self._seconds()
                self._under_way -= 1
                if not self._under_way:
                    self._idle.set()

        self._scheduler.add_job(
            call, _Every(seconds), id=name, max_instances=1, coalesce=True, misfire_grace_time=None
        )

    def start(self) -> None:
        """Begin."""
        self._ended = dict.fromkeys(self._intervals, self._seconds())
        self._scheduler.start()

    def silent(self) -> list[str]:
        """The names of the work that has not come to an end for long: it hangs, or is not called."""
        now = self._seconds()
        return [name for name, at in self._ended.items() if now - at > self._intervals[name] + SILENCE]

    async def stop(self, timeout: float) -> None:
        """Call nothing any more, and wait for the calls under way, which are cancelled after so many seconds."""
        self._scheduler.pause()
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout):
                await self._idle.wait()
        self._scheduler.shutdown(wait=False)
