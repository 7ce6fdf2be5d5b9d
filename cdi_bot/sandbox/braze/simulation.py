"""What happens to the integrations of the Braze stand-in over time: schedules, arriving files, runs that start and end.

Nothing runs in the background. `advance` lets everything happen that was due by a moment, in order and at
its own time. Events wait in a heap, so the cost depends on what happens, not on how many integrations there are.
`Settings` say how the whole workspace behaves.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum
from heapq import heappop, heappush
from itertools import count
from random import Random
from typing import Literal

from cdi_bot.sandbox.braze.integration import Burst, Current, Integration
from cdi_bot.sandbox.braze.runs import Run, RunPlan, refuse_lengths, resolved
from cdi_bot.sandbox.control import Strict


class UnknownId(Enum):
    """What the status call answers for an unknown but well-formed id, which Braze does not document."""

    INVALID = "invalid"  # 400 Invalid integration ID
    NOT_FOUND = "not_found"  # 404 Integration not found, as the sync call does
    EMPTY = "empty"  # 200 without a run


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings(Strict):
    """How the whole workspace behaves.

    list_lag: seconds by which the list's job facts lag behind the status call.
    trigger_delay: seconds from a triggered sync to the start of its run; until then the run is not shown.
    jitter: share by which run lengths and sizes vary; starts come up to twice as many seconds late.
    unknown_id: see UnknownId.
    missing_permission: what a key without an endpoint's permission gets there: 403, or 401 with the very words of an
        invalid key. Braze documents both (braze.com/docs/api/errors).
    clock_ahead: seconds by which Braze's clock is ahead, in all times of its answers; below 0: behind.

    Raises ValueError for negative times and a jitter outside of 0 to 1.
    """

    list_lag: float = 0.0
    trigger_delay: float = 3.0
    jitter: float = 0.1
    unknown_id: UnknownId = UnknownId.INVALID
    missing_permission: Literal[401, 403] = 403
    clock_ahead: float = 0.0

    def __post_init__(self) -> None:
        """Refuse settings that would turn back time or make figures negative."""
        refuse_lengths(
            list_lag=self.list_lag, trigger_delay=self.trigger_delay, clock_ahead=abs(self.clock_ahead)
        )
        if not 0 <= self.jitter < 1:
            raise ValueError("jitter must be at least 0, and less than 1")


@dataclass(frozen=True, slots=True, order=True)
class _Event:
    """Something that will happen, at `at`; of the same moment the one first that was entered first.

    is_valid: whether it still counts; an event that was overtaken is dropped when it comes up.
    happen: lets it happen, at the event's own time, not the later one at which it is noticed.
    """

    at: datetime
    serial: int
    is_valid: Callable[[], bool] = field(compare=False)
    happen: Callable[[datetime], None] = field(compare=False)


class Simulation:
    """Moves integrations through time.

    seed: the same seed leads to the same events. now: how far time has come. settings: may be replaced at any time.
    """

    def __init__(self, seed: int, now: datetime) -> None:
        """Start at `now` with nothing due."""
        self.seed = seed
        self.now = now
        self.settings = Settings()
        self._events: list[_Event] = []  # a heap
        self._serial = count(1)
        self._changed: dict[int, Integration] = {}

    def advance(self, now: datetime) -> None:
        """Let everything happen that was due by `now`. A clock that was set back changes nothing."""
        self.now = max(now, self.now)
        while (at := self.next_change_at()) is not None and at <= self.now:
            heappop(self._events).happen(at)

    def next_change_at(self) -> datetime | None:
        """Return when something will happen by itself; None: nothing will."""
        while self._events and not self._events[0].is_valid():
            heappop(self._events)
        return self._events[0].at if self._events else None

    def take_changed(self) -> list[Integration]:
        """Return the integrations that changed since the last call, each once."""
        changed = list(self._changed.values())
        self._changed.clear()
        return changed

    def plan_future(self, integration: Integration, first_in: float | None = None) -> None:
        """Enter an integration's coming events by its configuration, in place of those it had.

        first_in: seconds to the first slot or burst; None for the usual wait.
        """
        integration.plan_token = next(self._serial)
        integration.next_slot = None
        config = integration.config
        if config.schedule_seconds is not None and config.is_active:
            wait = config.schedule_seconds if first_in is None else first_in
            self._next_slot(integration, self.now + timedelta(seconds=wait), config.schedule_seconds)
        if config.burst is not None and config.is_active:
            self._next_burst(integration, config.burst, self.now, first_in)
        self.mark_changed(integration, self.now)

    def begin(
        self,
        integration: Integration,
        at: datetime,
        plan: RunPlan | None = None,
        began: datetime | None = None,
    ) -> None:
        """Start a run at `at`, by `plan` or else by what was planned next; it says that it started at `began`."""
        integration.number += 1
        plan = self.resolve(integration, plan or integration.take_plan())
        current = Current(start=integration.free_start(began or at), plan=plan)
        integration.begin(Run(status=plan.under_way, start=current.start), current)
        self.end_at(integration, current, at + timedelta(seconds=plan.seconds or 0))
        self.mark_changed(integration, at)

    def end_at(self, integration: Integration, current: Current, at: datetime) -> None:
        """Let the run in progress end at `at` by the plan of `current`, and at no other time."""
        integration.current = current
        self._put(
            integration,
            at,
            lambda: integration.current is current,
            lambda at: self._end(integration, current, at),
        )

    def queue(self, integration: Integration, at: datetime) -> None:
        """Let a run start at `at`; until then it is not shown, but no other can start."""
        token = integration.queued = next(self._serial)
        self._put(
            integration, at, lambda: integration.queued == token, lambda at: self.begin(integration, at)
        )

    def mark_changed(self, integration: Integration, at: datetime) -> None:
        """Note that an integration changed at `at`."""
        integration.record(at, timedelta(seconds=self.settings.list_lag))
        self._changed[id(integration)] = integration

    def resolve(self, integration: Integration, plan: RunPlan) -> RunPlan:
        """Fill in what `plan` leaves open, from the integration's usual figures."""
        return resolved(
            plan,
            usual_seconds=integration.config.run_seconds,
            usual_rows=integration.config.rows,
            jitter=self.settings.jitter,
            random=self._random(integration, "run"),
        )

    def _next_slot(self, integration: Integration, slot: datetime, every: float) -> None:
        integration.next_slot = slot
        late = self._random(integration, "slot", slot).uniform(0, 2 * self.settings.jitter)
        self._put_planned(
            integration, slot + timedelta(seconds=late), lambda at: self._slot(integration, slot, every, at)
        )

    def _slot(self, integration: Integration, slot: datetime, every: float, at: datetime) -> None:
        self._next_slot(integration, slot + timedelta(seconds=every), every)
        if integration.busy or integration.config.stalled:
            self.mark_changed(integration, at)
        else:
            self.begin(integration, at)

    def _next_burst(
        self, integration: Integration, burst: Burst, at: datetime, wait: float | None = None
    ) -> None:
        random = self._random(integration, "burst", at)
        seconds = random.expovariate(1 / burst.every_seconds) if wait is None else wait
        files = random.randint(1, burst.most)
        self._put_planned(
            integration,
            at + timedelta(seconds=seconds),
            lambda at: self._burst(integration, burst, files, at),
        )

    def _burst(self, integration: Integration, burst: Burst, files: int, at: datetime) -> None:
        self._next_burst(integration, burst, at)
        integration.files += files
        if not integration.busy:
            integration.files -= 1
            self.begin(integration, at)

    def _end(self, integration: Integration, current: Current, at: datetime) -> None:
        integration.end(current, at)
        if integration.files:
            integration.files -= 1
            pause = self._random(integration, "next file").uniform(0.2, 1.0)
            self.queue(integration, at + timedelta(seconds=pause))
        self.mark_changed(integration, at)

    def _put_planned(
        self, integration: Integration, at: datetime, happen: Callable[[datetime], None]
    ) -> None:
        token = integration.plan_token
        self._put(integration, at, lambda: integration.plan_token == token, happen)

    def _put(
        self,
        integration: Integration,
        at: datetime,
        is_valid: Callable[[], bool],
        happen: Callable[[datetime], None],
    ) -> None:
        def still() -> bool:
            return not integration.deleted and is_valid()

        heappush(self._events, _Event(at, next(self._serial), still, happen))

    def _random(self, integration: Integration, *parts: object) -> Random:
        name = (self.seed, integration.config.integration_id, integration.number, *parts)
        return Random(":".join(map(str, name)))
