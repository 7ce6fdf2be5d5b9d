"""Poll one Braze workspace: send the requests that the planner chose, as fast as the limits allow."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from cdi_bot.core.model import still_waits
from cdi_bot.core.model.channel import Channel
from cdi_bot.core.model.integration import WatchedIntegration, Workspace
from cdi_bot.core.planner.planner import Planner
from cdi_bot.core.planner.run_estimate import RUNS_KEPT
from cdi_bot.core.planner.shares import CALLS_SHARE, PAGES_SHARE
from cdi_bot.core.planner.timing import RequestPace
from cdi_bot.holder import Holder
from cdi_bot.item_troubles import ItemTroubles, Work
from cdi_bot.monitoring.braze_port import (
    NO_MEASUREMENTS,
    Braze,
    Endpoint,
    Measurements,
    Purpose,
    notable_skew,
)
from cdi_bot.monitoring.connectivity import Connectivity
from cdi_bot.monitoring.incident_writer import ConflictError, start_watching
from cdi_bot.monitoring.integration_state import IntegrationState
from cdi_bot.monitoring.requests import BrazeRequests
from cdi_bot.monitoring.sharing import WorkspaceHold
from cdi_bot.monitoring.workspace_state import WorkspaceState
from cdi_bot.store import Store, StoreTrouble, UnitOfWork

log = structlog.get_logger(__name__)

_REFRESH_EVERY = timedelta(seconds=5)
"""How often memory and store are compared: times of answers are saved, changed subscriptions are noticed."""

_LEARNED_AT_ONCE = 20
"""Integrations whose usual runs are looked up in one tick after a start: a few milliseconds."""

_FRESH_LIST = timedelta(minutes=1)

_NEWS_AHEAD = 8
"""Status calls that news may take ahead of the even pace: it can't wait, but must not use up a minute at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PollerSettings:
    """The longest time unobserved, and after how long without an answer Braze is unreachable, and who is told then."""

    interval: timedelta
    unreachable_after: timedelta
    admin_channel: Channel | None


class Poller:
    """Polls one workspace. `tick` is called often and never waits for Braze; `stop` waits for what is under way."""

    def __init__(
        self,
        *,
        store: Store,
        braze: Braze,
        workspace: Workspace,
        settings: PollerSettings,
        clock: Callable[[], datetime],
        holder: Holder,
        wake: Callable[[], None],
        troubles: ItemTroubles,
        measurements: Measurements = NO_MEASUREMENTS,
    ) -> None:
        """Keep the collaborators; `wake` is called when messages are owed."""
        self._store, self._braze, self._workspace = store, braze, workspace
        self._clock, self._wake, self._troubles = clock, wake, troubles
        self._hold = WorkspaceHold(workspace, holder, is_asking=lambda: bool(self._requests.tasks))
        braze.may_poll = lambda: self._hold.may_send
        now = clock()
        self.connectivity = Connectivity(
            store=store,
            workspace_id=workspace.workspace_id,
            unreachable_after=settings.unreachable_after,
            admin_channel=settings.admin_channel,
            last_answer=now,
        )
        self._state = WorkspaceState(
            store=store,
            workspace_id=workspace.workspace_id,
            clock_skew=lambda: braze.clock_skew,
            wake=wake,
            measurements=measurements,
            troubles=troubles,
        )
        self._planner = Planner(interval=settings.interval)
        self._to_learn: deque[str] = deque()  # integrations whose usual runs the planner does not know yet
        self._requests = BrazeRequests(
            store=store,
            braze=braze,
            clock=clock,
            state=self._state,
            connectivity=self.connectivity,
            planner=self._planner,
            on_news=self._take_up_news,
            polled_by=lambda: self._hold.number,
            troubles=troubles,
        )
        self._skew_told = False
        self._calls, self._pages = RequestPace(now), RequestPace(now)
        self._refreshed_at: datetime | None = None

    @property
    def can_list(self) -> bool | None:
        """Whether the key may list integrations; `None` until Braze has said."""
        return self._requests.list_fetcher.can_list

    @property
    def clock_skew(self) -> timedelta:
        """How far Braze's clock is ahead of ours."""
        return self._braze.clock_skew

    def braze_time(self) -> datetime | None:
        """The present by Braze's clock, `None` before Braze has answered."""
        return self._clock() + self.clock_skew if self.connectivity.has_answered else None

    def oldest_age(self) -> timedelta | None:
        """How long ago Braze told of the subscribed integration that it told of least recently; zero without any.

        `None` where this process does not poll the workspace: another one knows.
        """
        if not self.is_leading:
            return None
        times = [item.last_observed_at for item in self._state.integrations.values() if item.subscribed]
        oldest = min(filter(None, times), default=None)
        return self._clock() - oldest if oldest else timedelta()

    @property
    def is_leading(self) -> bool:
        """Whether this process polls the workspace."""
        return self._hold.is_leading

    def subscribed(self) -> list[IntegrationState]:
        """What is remembered of each integration that some channel is subscribed to."""
        return [item for item in self._state.integrations.values() if item.subscribed]

    def remembered(self, integration_id: str) -> IntegrationState | None:
        """What is remembered of one integration."""
        return self._state.integrations.get(integration_id)

    def left_out(self, integration_id: str) -> list[str]:
        """The fields of an integration and its runs in which Braze's last answers can't be believed."""
        item = self._state.integrations.get(integration_id)
        flaws = [
            *self._requests.list_fetcher.unreadable_of(integration_id),
            *(item.unreadable if item else ()),
        ]
        return sorted({field for flaw in flaws if (field := flaw.where.rpartition(".")[2])})

    async def refresh(self, integration_id: str, *, purpose: Purpose = Purpose.COMMAND) -> None:
        """Ask an integration's status now, for a person unless said otherwise; raises `BrazeTrouble`."""
        await self._requests.ask(await self._state.find(integration_id), purpose=purpose)
        await self._state.save_times()  # the answer to a person says how old it is

    async def discover(self) -> None:
        """Read what has not been read of the list within the last minute; raises `BrazeTrouble`."""
        since = self._clock() - _FRESH_LIST
        while (page := self._planner.unread_page(since)) is not None:
            await self._requests.read(page, purpose=Purpose.COMMAND)

    async def watch(self, uow: UnitOfWork, integrations: Sequence[WatchedIntegration], now: datetime) -> None:
        """Begin to watch integrations in the caller's transaction: what is stored of them by now is history."""
        await start_watching(uow, integrations, now, skew=self.clock_skew)
        self._state.is_stale = True

    def look(self) -> None:
        """Another process may have changed what people subscribed to: compare that with the next tick."""
        self._refreshed_at = None

    def clock_set(self, by: timedelta) -> None:
        """The clock was set ahead by so much, or back; whoever was ahead by an error must not seem newer than news."""
        self.connectivity.clock_set(by)
        if by < timedelta():  # ahead may mean that the machine slept, and nothing was asked meanwhile
            self._planner.shift(by)
            self._state.shift(by)

    async def tick(self) -> None:
        """Start whatever is due by now. Raises nothing: trouble is logged, and the next tick tries again."""
        now = self._clock()
        try:
            if not await self._leads(now):
                return
            for part in (self._reload, self._learn_usual_runs, self._refresh_state, self._judge):
                with self._troubles.guard(Work.POLL, self._workspace.name, part.__name__.strip("_")):
                    await part(now)
        except (StoreTrouble, ConflictError) as trouble:
            log.debug("observing waits for the database", why=str(trouble))
            return
        if self.connectivity.is_paused(now):
            return
        with self._troubles.guard(Work.POLL, self._workspace.name, "send"):
            self._send(now)

    async def _reload(self, now: datetime) -> None:
        """Take in what people changed of the subscriptions."""
        if not self._state.is_stale:
            return
        await self._state.reload(now)
        for item in self._state.integrations.values():
            self._requests.introduce(item, now)
        self._to_learn = deque(key for key, item in self._state.integrations.items() if item.subscribed)

    async def _refresh_state(self, now: datetime) -> None:
        """Compare memory and store from time to time; while the database can't be used, at each tick."""
        if not still_waits(self._refreshed_at, _REFRESH_EVERY, now):
            await self._state.save_times()
            await self._state.check_subscriptions()
            self._refreshed_at = now

    async def _judge(self, now: datetime) -> None:
        """See whether Braze can be reached."""
        if await self.connectivity.judge(now):
            self._wake()

    def _send(self, now: datetime) -> None:
        """Send what is due."""
        self._note_clock_skew()
        self._planner.set_limits(
            calls_per_minute=self._braze.limit(Endpoint.STATUS) * CALLS_SHARE,
            pages_per_minute=self._braze.limit(Endpoint.LIST) * PAGES_SHARE,
        )
        if self.connectivity.paused_until is not None:
            self._requests.start_one(now)
            return
        self._read_pages(now)
        self._ask_unread(now)
        self._ask(now)

    async def leave(self, timeout: float) -> None:
        """Let another process poll when what is under way is answered, or after so many seconds. Raises nothing."""
        if self._requests.tasks:
            await asyncio.wait(self._requests.tasks, timeout=timeout)
        if self.is_leading:
            with suppress(StoreTrouble):
                await self._state.save_times()
                await self._hold.give_back()

    async def stop(self, timeout: float) -> None:
        """Leave, and cancel what is still under way: the next process asks again."""
        await self.leave(timeout)
        waiting = tuple(self._requests.tasks)
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)

    async def idle(self) -> None:
        """Wait until nothing is under way."""
        while self._requests.tasks:
            await asyncio.gather(*self._requests.tasks)

    async def _learn_usual_runs(self, now: datetime) -> None:
        """After a start, look up for the planner how integrations usually run, a few at a time.

        Raises `StoreTrouble`; then the same ones are looked up next time.
        """
        for _ in range(min(_LEARNED_AT_ONCE, len(self._to_learn))):
            key = self._workspace.workspace_id, self._to_learn[0]
            with self._troubles.guard(Work.PLAN, key, "habits"):
                if self._planner.needs_history(key[1]):
                    async with self._store.read() as uow:
                        runs = await uow.runs.page(*key, offset=0, limit=RUNS_KEPT)
                    self._planner.learn_habits(key[1], runs, now)
            self._to_learn.popleft()

    def _note_clock_skew(self) -> None:
        """Let the planner know, and log once where the clocks differ by more than a moment."""
        skew = self.clock_skew
        self._planner.set_clock_skew(skew)
        told = notable_skew(skew)
        if told and not self._skew_told:
            log.warning(told)
        elif self._skew_told and not told:
            log.info("the clock of this machine agrees with Braze's again")
        self._skew_told = told is not None

    async def _leads(self, now: datetime) -> bool:
        """Be the one that polls the workspace, so that it has one poller and one budget; False where another is."""
        led_by = self._hold.number
        leads = await self._hold.take(now)
        if leads and self._hold.number != led_by:
            await self.connectivity.begin(now)
            log.info("polling", workspace=self._workspace.name)
            self._state.is_stale = True
            self._state.forget_pasts()
        return leads

    def _read_pages(self, now: datetime, *, urgent_only: bool = False) -> None:
        """Read the pages of the list that are worth most now; those that a storm has made urgent at once."""
        if self.can_list is False:
            return
        for sent in range(1, self._braze.allowance(Endpoint.LIST, now) + 1):
            is_time = self._pages.is_ready(now) and not urgent_only
            page = self._planner.next_page(now, urgent_only=not is_time)
            if page is None:
                return
            if is_time:
                rest = self._braze.rest(Endpoint.LIST, now) - sent
                self._pages.sent(now, most=self._braze.limit(Endpoint.LIST) * PAGES_SHARE, rest=rest)
            self._requests.start_reading(page)

    def _ask_unread(self, now: datetime) -> None:
        """In a storm that has used up what may be read in this minute, ask those on the other pages one by one."""
        if not self._requests.may_ask or self._braze.rest(Endpoint.LIST, now):
            return
        for _ in range(self._braze.allowance(Endpoint.STATUS, now)):
            chosen = self._planner.next_unread(now)
            if chosen is None:
                return
            self._requests.start_asking(chosen)

    def _ask(self, now: datetime, *, urgent_only: bool = False) -> None:
        """Ask the integrations whose answer is worth most now."""
        if not self._requests.may_ask and self.can_list:
            return  # where both are refused, somebody has to ask whether that is over
        rate = self._braze.limit(Endpoint.STATUS) * CALLS_SHARE
        for sent in range(1, self._braze.allowance(Endpoint.STATUS, now) + 1):
            is_time = self._calls.is_ready(now) and not urgent_only
            if not is_time and not self._calls.is_ready(
                now, ahead=timedelta(minutes=_NEWS_AHEAD / max(rate, 1))
            ):
                return
            chosen = self._planner.next_call(now, urgent_only=not is_time)
            if chosen is None:
                return
            self._calls.sent(now, most=rate, rest=self._braze.rest(Endpoint.STATUS, now) - sent)
            self._requests.start_asking(chosen)

    def _take_up_news(self) -> None:
        if not self._hold.may_send:
            return
        now = self._clock()
        self._read_pages(now, urgent_only=True)
        self._ask_unread(now)
        self._ask(now, urgent_only=True)
