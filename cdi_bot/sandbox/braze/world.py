"""The state behind the Braze stand-in: one workspace, its keys, limits, faults and integrations.

`catch_up` (and with it everything that is asked or done here) first brings the integrations up to the present;
`simulation` decides what happens to them.
"""

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

from cdi_bot.sandbox.braze.integration import Integration, IntegrationConfig
from cdi_bot.sandbox.braze.protocol import ALL_PERMISSIONS, WELL_FORMED_ID, RateLimits, integration_json
from cdi_bot.sandbox.braze.runs import ERROR, GeneratedRuns, Run, RunPlan
from cdi_bot.sandbox.braze.simulation import Settings, Simulation
from cdi_bot.sandbox.faults import Faults

REQUESTS_KEPT = 10_000
_GENERATED_EVERY = 900.0  # seconds between the generated past runs of a source without a schedule


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedRequest:
    """One request that reached the stand-in.

    path: with the query. status: of the answer; None where the connection was cut instead. key: what it came with.
    """

    method: str
    path: str
    at: datetime
    status: int | None
    key: str = field(default="", compare=False, repr=False)


class BrazeWorld:
    """One Braze workspace.

    clock: returns the present, aware UTC. seed: the same seed leads to the same events.
    on_change: gets each change as a stream event, `{"type": "integration", "integration": {…}}` or
        `{"type": "faults", "braze": […]}`.
    api_key: a key with every permission. app_group_id: the workspace's id, 24 hexadecimal digits as in the addresses
        of real dashboards.
    requests: the newest 10,000 that came in. limits, faults: to be changed directly.

    Methods that take an integration's id raise KeyError for an unknown one, unless they say otherwise.
    """

    def __init__(self, clock: Callable[[], datetime], seed: int = 1) -> None:
        """Start an empty workspace."""
        self.on_change: Callable[[dict[str, Any]], None] | None = None
        self.limits = RateLimits()
        self.faults = Faults(on_change=self._publish_faults)
        self.requests: deque[ReceivedRequest] = deque(maxlen=REQUESTS_KEPT)
        self._clock = clock
        self._seed = seed
        self._simulation = Simulation(seed, clock())
        self.api_key = self._uuid("key")
        self.app_group_id = f"{self._random('app group').getrandbits(96):024x}"
        self._keys: dict[str, frozenset[str]] = {self.api_key: ALL_PERMISSIONS}
        self._integrations: dict[str, Integration] = {}
        self._order: list[str] = []
        self._made = 0

    # Time

    @property
    def ahead(self) -> timedelta:
        """How far Braze's clock is ahead of the one that moves this world."""
        return timedelta(seconds=self.settings.clock_ahead)

    def catch_up(self) -> datetime:
        """Let everything happen that was due by now, and return now."""
        self.advance(self._clock())
        return self._simulation.now

    def advance(self, now: datetime) -> None:
        """Let everything happen that was due by `now`, and publish each integration that changed."""
        self._simulation.advance(now)
        changed = self._simulation.take_changed()
        if self.on_change is not None:
            for integration in changed:
                self.on_change({"type": "integration", "integration": integration_json(integration)})

    def next_change_at(self, now: datetime) -> datetime | None:
        """Return when something will happen by itself, never earlier than `now`; None: nothing will."""
        at = self._simulation.next_change_at()
        return None if at is None else max(at, now)

    @property
    def settings(self) -> Settings:
        """How the whole workspace behaves."""
        return self._simulation.settings

    @settings.setter
    def settings(self, settings: Settings) -> None:
        self._simulation.settings = settings

    # Keys

    def set_key(self, key: str, permissions: Iterable[str] | None) -> None:
        """Let a key be valid with these permissions and no others; None revokes it."""
        if permissions is None:
            self._keys.pop(key, None)
        else:
            self._keys[key] = frozenset(permissions)

    def permissions(self, key: str) -> frozenset[str] | None:
        """Return what `key` may do; None for a key that is unknown or revoked."""
        return self._keys.get(key)

    # Integrations

    def create(
        self,
        config: IntegrationConfig,
        *,
        first_in: float | None = None,
        coming: Iterable[RunPlan] = (),
        past: GeneratedRuns | None = None,
    ) -> Integration:
        """Add an integration at the end of the list.

        first_in: seconds to its first slot or burst; None for the usual wait. coming: plans of its first runs.
        Raises ValueError for an id that is taken or that does not fit into a path.
        """
        now = self.catch_up()
        if not config.integration_id:
            self._made += 1
            config = replace(config, integration_id=self._uuid("integration", self._made))
        if config.integration_id in self._integrations:
            raise ValueError(f"integration_id is taken: {config.integration_id}")
        if not WELL_FORMED_ID.fullmatch(config.integration_id):
            raise ValueError("integration_id: letters, digits and - _ . ~ only, 128 at most")
        integration = Integration(config=config, past=past, coming=deque(coming))
        integration.watermark = past[0].last_timestamp_synced if past else None
        self._integrations[config.integration_id] = integration
        self._order.append(config.integration_id)
        self._simulation.plan_future(integration, first_in)
        self.advance(now)
        return integration

    def create_many(
        self,
        count: int,
        prefix: str,
        like: IntegrationConfig,
        *,
        coming: Iterable[RunPlan] = (),
        history: int = 0,
        spread: bool = True,
    ) -> list[Integration]:
        """Add `count` integrations like `like`, named `prefix 0001` and so on.

        coming: plans of each one's first runs. history: past runs of each, all successful.
        spread: first runs evenly over one schedule period; otherwise all start together at its end.
        """
        every = like.schedule_seconds or _GENERATED_EVERY
        plans = tuple(coming)
        made = []
        for number in range(1, count + 1):
            first_in = every * number / count if spread else None
            past = GeneratedRuns(
                name=f"{self._seed}:{prefix}:{number}",
                length=history,
                newest=self.catch_up() - timedelta(seconds=every - (first_in or 0)),
                every_seconds=every,
                run_seconds=like.run_seconds,
                rows=like.rows,
            )
            config = replace(like, integration_id="", integration_name=f"{prefix} {number:04d}")
            made.append(self.create(config, first_in=first_in, coming=plans, past=past))
        return made

    def change(
        self,
        integration_id: str,
        config: IntegrationConfig,
        coming: Iterable[RunPlan] | None = None,
        *,
        first_in: float | None = None,
    ) -> Integration:
        """Give an integration another configuration, and other plans for its next runs unless `coming` is None.

        A changed schedule, burst or state applies from now on, and so does `first_in`, seconds to the next slot. The
        id stays as it is.
        """
        now = self.catch_up()
        integration = self._integrations[integration_id]
        before, after = integration.config, replace(config, integration_id=integration_id)
        integration.config = after
        if coming is not None:
            integration.coming = deque(coming)
        if first_in is not None or _planned_by(after) != _planned_by(before):
            self._simulation.plan_future(integration, first_in)
        self._simulation.mark_changed(integration, now)
        self.advance(now)
        return integration

    def delete(self, integration_id: str) -> None:
        """Remove an integration, with its runs."""
        now = self.catch_up()
        integration = self._integrations.pop(integration_id)
        self._order.remove(integration_id)
        integration.deleted = True
        self._simulation.mark_changed(integration, now)
        self.advance(now)

    def get(self, integration_id: str) -> Integration | None:
        """Return an integration as it stands now."""
        self.catch_up()
        return self._integrations.get(integration_id)

    def integrations(self, offset: int = 0, size: int | None = None) -> list[Integration]:
        """Return `size` integrations, or all, from `offset` on, oldest first."""
        self.catch_up()
        ids = self._order[offset : None if size is None else offset + size]
        return [self._integrations[integration_id] for integration_id in ids]

    @property
    def total(self) -> int:
        """How many integrations there are."""
        return len(self._order)

    # Runs

    def trigger(self, integration_id: str) -> bool:
        """Ask for a run as the API does: it starts after the trigger delay, and is not shown earlier.

        False: another one is in progress.
        """
        now = self.catch_up()
        integration = self._integrations[integration_id]
        if integration.busy:
            return False
        self._simulation.queue(integration, now + timedelta(seconds=self.settings.trigger_delay))
        self.advance(now)
        return True

    def run(self, integration_id: str, plan: RunPlan | None = None, *, began: datetime | None = None) -> bool:
        """Start a run at once, by `plan` or else by what was planned next. False: another one is in progress.

        began: a start in the past, as if it had been going on unseen; its length counts from now.
        """
        now = self.catch_up()
        integration = self._integrations[integration_id]
        if integration.busy:
            return False
        self._simulation.begin(integration, now, plan, began)
        self.advance(now)
        return True

    def finish(self, integration_id: str, plan: RunPlan | None = None) -> bool:
        """End the run in progress now, by its own plan or by `plan`; False if none is in progress.

        `plan.seconds` lets it end that many seconds from now instead.
        """
        now = self.catch_up()
        integration = self._integrations[integration_id]
        if integration.current is None:
            return False
        seconds = plan.seconds or 0 if plan else 0
        ending = self._simulation.resolve(integration, plan) if plan else integration.current.plan
        current = replace(integration.current, plan=ending)
        self._simulation.end_at(integration, current, now + timedelta(seconds=seconds))
        self.advance(now)
        return True

    def fail_all(self, plan: RunPlan | None = None) -> int:
        """Give every integration a run that ends by `plan`, at once or after its seconds; return how many.

        Runs in progress end that way; where there is none, one starts now. Without a plan: error, at once.
        """
        plan = plan or RunPlan(outcome=ERROR)
        plan = replace(plan, seconds=plan.seconds or 0)
        for integration_id in self._order:
            if not self.finish(integration_id, plan):
                self._integrations[integration_id].queued = None
                self.run(integration_id, plan)
        return len(self._order)

    def put_history(self, integration_id: str, runs: Iterable[Run]) -> None:
        """Add runs of the past; one with a known start replaces that run."""
        now = self.catch_up()
        integration = self._integrations[integration_id]
        integration.put(runs)
        self._simulation.mark_changed(integration, now)
        self.advance(now)

    def _publish_faults(self) -> None:
        if self.on_change is not None:
            self.on_change({"type": "faults", "braze": self.faults.to_json()})

    def _uuid(self, *parts: object) -> str:
        return str(UUID(int=self._random(*parts).getrandbits(128), version=4))

    def _random(self, *parts: object) -> Random:
        return Random(":".join(map(str, (self._seed, *parts))))


def _planned_by(config: IntegrationConfig) -> tuple[object, ...]:
    """Return what an integration's coming runs follow from."""
    return config.schedule_seconds, config.burst, config.is_active
