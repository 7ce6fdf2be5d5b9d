"""Recurring work: the only place that knows APScheduler. It says when, never what to poll."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from apscheduler.schedulers.asyncio import AsyncIOScheduler


class Scheduler:
    """Calls coroutines at fixed intervals. A call that outlasts its interval is not doubled, but made up for once."""

    def __init__(self) -> None:
        """Make it; nothing runs before `start`."""
        self._scheduler = AsyncIOScheduler(timezone="UTC")
        self._under_way = 0
        self._idle = asyncio.Event()
        self._idle.set()

    def every(self, seconds: float, work: Callable[[], Coroutine[Any, Any, None]], *, name: str) -> None:
        """Call `work` every so many seconds."""

        async def call() -> None:
            self._under_way += 1
            self._idle.clear()
            try:
                await work()
            finally:
                self._under_way -= 1
                if not self._under_way:
                    self._idle.set()

        self._scheduler.add_job(
            call,
            "interval",
            seconds=seconds,
            id=name,
            max_instances=1,
            coalesce=True,
            misfire_grace_time=None,
        )

    def start(self) -> None:
        """Begin, on the running event loop."""
        self._scheduler.start()

    async def stop(self) -> None:
        """Call nothing any more, and wait for the calls under way: APScheduler's own shutdown would cancel them."""
        self._scheduler.pause()
        await self._idle.wait()
        self._scheduler.shutdown(wait=False)
