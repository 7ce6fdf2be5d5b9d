"""Braze in memory: the port of the use cases, whose integrations run, fail and recover as a test tells them."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from cdi_bot.core.model.integration import Integration
from cdi_bot.core.model.run import Outcome, Run
from cdi_bot.monitoring.braze_port import (
    Braze,
    BrazeReason,
    BrazeTrouble,
    Endpoint,
    ListPage,
    Purpose,
    StatusPage,
)
from tests.rigs.simulated_slack import Clock

RUNS_A_PAGE = 3
ITEMS_A_PAGE = 2

_RETRYABLE = {
    BrazeReason.UNREACHABLE,
    BrazeReason.TIMEOUT,
    BrazeReason.SERVER_ERROR,
    BrazeReason.RATE_LIMITED,
}


@dataclass(slots=True, kw_only=True)
class SimBraze(Braze):
    """One Braze workspace; every process asks this same object.

    To drive it: `add` integrations, `begin` and `end` runs. Set `outage` for every call until further notice,
    `may_list` for the key's permission, `clock_error` for how many seconds the bot's machine is ahead. `freeze` has
    the calls answer as of that moment until `thaw`: the list alone, which lags in truth, too, or both, as if nobody had
    asked. `broken_from` is the first run, counted from the newest, from which on no page of runs can be
    read; `cursors` changed makes all cursors given before invalid.
    """

    workspace_id: int
    clock: Clock
    latency: float = 0.1
    outage: BrazeReason | None = None
    may_list: bool = True
    items_a_page: int = ITEMS_A_PAGE
    clock_error: float = 0.0
    names: dict[str, str] = field(default_factory=dict)
    runs: dict[str, list[Run]] = field(default_factory=dict)  # newest first
    broken_from: int | None = None
    cursors: int = 0
    further_pages: list[tuple[str, int]] = field(default_factory=list)  # asked for, after the first
    asked: list[tuple[datetime, Endpoint]] = field(default_factory=list)  # while it was out
    _frozen: dict[Endpoint, dict[str, list[Run]]] = field(default_factory=dict)
    _closed_until: datetime | None = None

    # ------------------------------------------------------------------------------- what a test does

    def add(self, integration_id: str, name: str) -> None:
        """Have one more integration, without any run."""
        self.names[integration_id] = name
        self.runs[integration_id] = []

    def is_running(self, integration_id: str) -> bool:
        """Whether its newest run has not ended."""
        runs = self.runs[integration_id]
        return bool(runs) and runs[0].outcome is Outcome.RUNNING

    def begin(self, integration_id: str) -> None:
        """Have a run begin now; the one before has ended, and began more than a second ago."""
        run = Run(integration_id=integration_id, sync_start_time=self.clock(), job_status="running")
        self.runs[integration_id].insert(0, run)

    def end(self, integration_id: str, job_status: str) -> Run:
        """Have the run that is under way end now."""
        ended = replace(
            self.runs[integration_id][0],
            job_status=job_status,
            sync_finish_time=self.clock(),
            rows_synced=10,
            rows_failed_with_errors=0 if job_status == "success" else 3,
        )
        self.runs[integration_id][0] = ended
        return ended

    def freeze(self, *endpoints: Endpoint) -> None:
        """Answer these calls as things stand now."""
        for endpoint in endpoints:
            self._frozen[endpoint] = {each: list(runs) for each, runs in self.runs.items()}

    def thaw(self) -> None:
        """Answer as things stand."""
        self._frozen.clear()

    # ------------------------------------------------------------------------------- the port

    async def list_page(
        self,
        cursor: str | None = None,
        *,
        purpose: Purpose = Purpose.POLL,  # noqa: ARG002  # the port's; there is no budget to share here
    ) -> ListPage:
        """A few integrations, by id; starts are cut to whole seconds."""
        await self._answer(Endpoint.LIST)
        shown = self._frozen.get(Endpoint.LIST, self.runs)
        ids = sorted(self.names)
        first = int(cursor or 0)
        page = ids[first : first + self.items_a_page]
        items = tuple(self._listed(each, next(iter(shown.get(each, [])), None)) for each in page)
        return ListPage(integrations=items, next_cursor=_next(first, self.items_a_page, len(ids)))

    async def status_page(
        self,
        integration_id: str,
        cursor: str | None = None,
        *,
        purpose: Purpose = Purpose.POLL,  # noqa: ARG002
    ) -> StatusPage:
        """A few runs, newest first; pages shift when one begins."""
        await self._answer(Endpoint.STATUS)
        if integration_id not in self.names:
            raise _trouble(BrazeReason.INVALID_INTEGRATION)
        runs = self._frozen.get(Endpoint.STATUS, self.runs).get(integration_id, [])
        family, _, place = (cursor or f"{self.cursors}:0").partition(":")
        first = int(place)
        if family != str(self.cursors):
            raise _trouble(BrazeReason.INVALID_CURSOR)
        if first:
            self.further_pages.append((integration_id, first))
        if self.broken_from is not None and first >= self.broken_from:
            raise _trouble(BrazeReason.SERVER_ERROR)
        following = _next(first, RUNS_A_PAGE, len(runs))
        return StatusPage(
            runs=tuple(runs[first : first + RUNS_A_PAGE]),
            next_cursor=f"{self.cursors}:{following}" if following else None,
        )

    async def trigger_sync(self, integration_id: str) -> None:  # noqa: ARG002
        """Refuse: nobody here starts syncs."""
        raise _trouble(BrazeReason.NO_PERMISSION)

    def allowance(
        self,
        endpoint: Endpoint,  # noqa: ARG002
        now: datetime,  # noqa: ARG002  # of a machine whose clock may be wrong
        *,
        purpose: Purpose = Purpose.POLL,  # noqa: ARG002
    ) -> int:
        """Enough, but none after a 429."""
        return 0 if self._closed_until and self.clock() < self._closed_until else 20

    def rest(self, endpoint: Endpoint, now: datetime) -> int:
        """As much as is allowed at once."""
        return self.allowance(endpoint, now)

    @property
    def clock_skew(self) -> timedelta:
        """How far the clock of the bot's machine is behind."""
        return timedelta(seconds=-self.clock_error)

    def used(self, endpoint: Endpoint, now: datetime) -> int:  # noqa: ARG002
        """Nobody looks."""
        return 0

    async def aclose(self) -> None:
        """Another process goes on asking it."""

    def limit(self, endpoint: Endpoint) -> int:
        """What Braze documents."""
        return 50 if endpoint is Endpoint.LIST else 100

    async def _answer(self, endpoint: Endpoint) -> None:
        await asyncio.sleep(self.latency)
        now = self.clock()
        if self._closed_until and now < self._closed_until:
            raise _trouble(BrazeReason.OUT_OF_BUDGET)
        if self.outage is BrazeReason.RATE_LIMITED:
            self._closed_until = now + timedelta(seconds=20)
            raise _trouble(BrazeReason.RATE_LIMITED, retry_after=20)
        if self.outage:
            self.asked.append((now, endpoint))
            await asyncio.sleep(5 if self.outage is BrazeReason.TIMEOUT else 0)
            raise _trouble(self.outage)
        if endpoint is Endpoint.LIST and not self.may_list:
            raise _trouble(BrazeReason.NO_PERMISSION)

    def _listed(self, integration_id: str, newest: Run | None) -> Integration:
        return Integration(
            workspace_id=self.workspace_id,
            integration_id=integration_id,
            integration_name=self.names[integration_id],
            last_job_start_time=newest.sync_start_time.replace(microsecond=0) if newest else None,
            last_job_status=newest.job_status if newest else None,
        )


def _next(first: int, count: int, total: int) -> str | None:
    return str(first + count) if first + count < total else None


def _trouble(reason: BrazeReason, retry_after: float | None = None) -> BrazeTrouble:
    return BrazeTrouble(reason.value, reason=reason, retryable=reason in _RETRYABLE, retry_after=retry_after)
