"""How integrations of the Braze stand-in live: schedules come round, files arrive, runs start and end.

Nothing runs in the background. `advance` lets everything happen that was due by a moment, in order and at
its own time, so it costs by what happened, not by how many integrations or runs there are.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import count
from random import Random

from cdi_bot.sandbox.braze.integration import Burst, Current, Integration
from cdi_bot.sandbox.braze.runs import RUNNING, Run, RunPlan, resolved
from cdi_bot.sandbox.braze.settings import Settings
from cdi_bot.sandbox.braze.timetable import Due, Timetable


class Life:
    """Moves integrations through time.

    seed: the same seed lives the same life. now: how far it has come. settings: may be replaced at any time.
    """

    def __init__(self, seed: int, now: datetime) -> None:
        """Start at `now` with nothing due."""
        self.seed = seed
        self.now = now
        self.settings = Settings()
        self._timetable = Timetable()
        self._serial = count(1)
        self._changed: dict[int, Integration] = {}

    def advance(self, now: datetime) -> None:
        """Let everything happen that was due by `now`. A clock put back changes nothing."""
        self.now = max(now, self.now)
        while (due := self._timetable.take(self.now)) is not None:
            due.happen(due.at)

    def next_change_at(self) -> datetime | None:
        """Return when something will happen by itself; None: nothing will."""
        return self._timetable.next_at()

    def take_changed(self) -> list[Integration]:
        """Return the integrations that changed since the last call, each once."""
        changed = list(self._changed.values())
        self._changed.clear()
        return changed

    def settle_in(self, integration: Integration, first_in: float | None = None) -> None:
        """Lay out an integration's future by its configuration, in place of the one it had.

        first_in: seconds to the first slot or burst; None for the usual wait.
        """
        integration.plan_token = next(self._serial)
        integration.next_slot = None
        config = integration.config
        if config.schedule_seconds is not None:
            wait = config.schedule_seconds if first_in is None else first_in
            self._next_slot(integration, self.now + timedelta(seconds=wait), config.schedule_seconds)
        if config.burst is not None:
            self._next_burst(integration, config.burst, self.now, first_in)
        self.touch(integration, self.now)

    def begin(self, integration: Integration, at: datetime, plan: RunPlan | None = None) -> None:
        """Start a run at `at`, by `plan` or else by what was planned next."""
        integration.number += 1
        plan = self.resolve(integration, plan or integration.take_plan())
        current = Current(start=integration.free_start(at), plan=plan)
        integration.begin(Run(status=RUNNING, start=current.start), current)
        self.end_at(integration, current, at + timedelta(seconds=plan.seconds or 0))
        self.touch(integration, at)

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
        """Let a run start at `at`; until then nothing shows of it, but no other can start."""
        token = integration.queued = next(self._serial)
        self._put(
            integration, at, lambda: integration.queued == token, lambda at: self.begin(integration, at)
        )

    def touch(self, integration: Integration, at: datetime) -> None:
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
            chance=self._chance(integration, "run"),
        )

    def _next_slot(self, integration: Integration, slot: datetime, every: float) -> None:
        integration.next_slot = slot
        late = self._chance(integration, "slot", slot).uniform(0, 2 * self.settings.jitter)
        self._put_planned(
            integration, slot + timedelta(seconds=late), lambda at: self._slot(integration, slot, every, at)
        )

    def _slot(self, integration: Integration, slot: datetime, every: float, at: datetime) -> None:
        self._next_slot(integration, slot + timedelta(seconds=every), every)
        if integration.busy or integration.config.stalled:
            self.touch(integration, at)
        else:
            self.begin(integration, at)

    def _next_burst(
        self, integration: Integration, burst: Burst, at: datetime, wait: float | None = None
    ) -> None:
        chance = self._chance(integration, "burst", at)
        seconds = chance.expovariate(1 / burst.every_seconds) if wait is None else wait
        files = chance.randint(1, burst.most)
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
            pause = self._chance(integration, "next file").uniform(0.2, 1.0)
            self.queue(integration, at + timedelta(seconds=pause))
        self.touch(integration, at)

    def _put_planned(
        self, integration: Integration, at: datetime, happen: Callable[[datetime], None]
    ) -> None:
        token = integration.plan_token
        self._put(integration, at, lambda: integration.plan_token == token, happen)

    def _put(
        self,
        integration: Integration,
        at: datetime,
        counts: Callable[[], bool],
        happen: Callable[[datetime], None],
    ) -> None:
        self._timetable.put(Due(at=at, counts=lambda: not integration.deleted and counts(), happen=happen))

    def _chance(self, integration: Integration, *parts: object) -> Random:
        name = (self.seed, integration.config.integration_id, integration.number, *parts)
        return Random(":".join(map(str, name)))
