"""What is known of a workspace's integrations, in memory as in the store."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import structlog

from cdi_bot.core.model.integration import Integration, WatchedIntegration
from cdi_bot.core.model.run import Outcome, key_of, run_from_list
from cdi_bot.core.model.subscription import Subscription, is_subscribed
from cdi_bot.core.rules.late import keep_expected_start
from cdi_bot.core.rules.sync_failed import Finding
from cdi_bot.item_troubles import ItemTroubles, Work
from cdi_bot.monitoring.braze_port import Measurements
from cdi_bot.monitoring.incident_writer import ConflictError, start_watching, stop_watching
from cdi_bot.monitoring.integration_facts import record_missing
from cdi_bot.monitoring.integration_state import NONE_RUNNING, IntegrationState
from cdi_bot.monitoring.recorder import Observation, Recorder
from cdi_bot.store import Store, StoreTrouble

log = structlog.get_logger(__name__)

_CLOCK_SKEW = timedelta(minutes=5)
"""Braze's clock may be so far behind ours: a failure just after a subscription would else be taken for history."""

_UNTIMED = 1000
"""Ends known from the list alone that are remembered until the status call tells when they were."""


@dataclass(slots=True, kw_only=True)
class DetectionTimes:
    """How long after the end of each run it was first seen.

    The list tells that a run ended, but not when; the status call tells that later. Until then the moment in which
    the end was seen is kept here.
    """

    measurements: Measurements
    _seen: dict[tuple[str, datetime], datetime] = field(default_factory=dict)

    def note(self, findings: Iterable[Finding], now: datetime) -> None:
        """Count the ends among what was just stored."""
        for finding in findings:
            fresh = {key_of(run) for run in finding.ended}
            for run in finding.runs:
                name = key_of(run)
                if run.outcome is Outcome.RUNNING:
                    continue
                if run.sync_finish_time is None:
                    if name in fresh and len(self._seen) < _UNTIMED:
                        self._seen.setdefault(name, now)
                elif name in fresh or name in self._seen:
                    seen = self._seen.pop(name, now)
                    self.measurements.detected(max(seen - run.sync_finish_time, timedelta()))


class WorkspaceState:
    """The integrations of one workspace by id. Every change goes to the store first, then to memory."""

    def __init__(
        self,
        *,
        store: Store,
        workspace_id: int,
        clock_skew: Callable[[], timedelta],
        wake: Callable[[], None],
        measurements: Measurements,
        troubles: ItemTroubles,
    ) -> None:
        """Start empty; `wake` is called after each commit that may owe messages.

        `clock_skew` tells how far Braze's clock is ahead of ours.
        """
        self._clock_skew = clock_skew
        self._detections = DetectionTimes(measurements=measurements)
        self._recorder = Recorder(store, troubles)
        self._troubles = troubles
        self._store, self._workspace_id, self._wake = store, workspace_id, wake
        self.integrations: dict[str, IntegrationState] = {}
        self.is_stale = True
        self._list_is_known = False
        self._subscriptions: list[Subscription] = []
        self._tally = (0, 0)

    async def reload(self, now: datetime) -> None:
        """Read what is stored; keep what only memory knows. What nobody is subscribed to any more is no longer watched.

        Raises `StoreTrouble`; then everything is as stale as before.
        """
        self.is_stale = False  # before it is read: what somebody changes meanwhile is read the next time
        try:
            await self._reload(now)
        except StoreTrouble:
            self.is_stale = True
            raise

    async def check_subscriptions(self) -> None:
        """Notice subscriptions that came or went by way of another process, or while they were being read."""
        async with self._store.read() as uow:
            self.is_stale |= await uow.subscriptions.fingerprint(self._workspace_id) != self._tally

    async def _reload(self, now: datetime) -> None:
        async with self._store.write() as uow:
            self._tally = await uow.subscriptions.fingerprint(self._workspace_id)
            self._subscriptions = await uow.subscriptions.for_workspace(self._workspace_id)
            stored = await uow.integrations.all(self._workspace_id)
            unsubscribed = [
                each for each in stored if each.watched_since and not self._is_subscribed(each.integration)
            ]
            stopped = {
                each.integration.integration_id: each for each in await stop_watching(uow, unsubscribed, now)
            }
            ids = [each.integration.integration_id for each in stored]
            newest = await uow.runs.newest(self._workspace_id, ids)
            unsettled = await uow.runs.running(self._workspace_id, ids)
        for integration_id, found in zip(ids, stored, strict=True):
            watched = stopped.get(integration_id, found)
            with self._troubles.guard(Work.PLAN, (self._workspace_id, integration_id), "reload"):
                item = self.integrations.setdefault(
                    integration_id, IntegrationState(watched=watched, subscribed=False)
                )
                item.take_stored(watched, now)
                item.subscribed = self._is_subscribed(watched.integration)
                item.newest = newest.get(integration_id)
                still_open = unsettled.get(integration_id)
                item.running_starts = (
                    frozenset(run.sync_start_time for run in still_open) if still_open else NONE_RUNNING
                )

    async def find(self, integration_id: str) -> IntegrationState:
        """An integration as remembered, as stored, or (never seen) as a mere id."""
        item = self.integrations.get(integration_id)
        if item:
            return item
        async with self._store.read() as uow:
            stored = await uow.integrations.get(self._workspace_id, integration_id)
        unlisted = Integration(
            workspace_id=self._workspace_id, integration_id=integration_id, integration_name=integration_id
        )
        return IntegrationState(watched=stored or WatchedIntegration(integration=unlisted), subscribed=False)

    def shift(self, by: timedelta) -> None:
        """Move the times of the last answers as the clock was set."""
        for item in self.integrations.values():
            watched = item.watched
            item.watched = replace(
                watched,
                listed_at=watched.listed_at + by if watched.listed_at else None,
                status_asked_at=watched.status_asked_at + by if watched.status_asked_at else None,
            )
            item.times_unsaved = True

    def forget_pasts(self) -> None:
        """Read what is usual for each integration anew: another process may have learned meanwhile."""
        for item in self.integrations.values():
            item.past = None

    async def save_times(self) -> None:
        """Save when Braze last told of each integration; costs nothing where nothing is new."""
        unsaved = [item for item in self.integrations.values() if item.times_unsaved]
        if unsaved:
            async with self._store.write() as uow:
                await uow.integrations.save_poll_state([item.watched for item in unsaved])
            for item in unsaved:
                item.times_unsaved = False

    async def record(self, observations: Sequence[Observation], now: datetime) -> set[str]:
        """Store observations with what they owe, and remember what they show; returns which integrations were stored.

        Of several, those are left out that the database refuses.
        """
        findings = await self._recorder.record(observations, now)
        for finding in findings:
            integration_id = finding.watched.integration.integration_id
            with self._troubles.guard(Work.RECORD, (self._workspace_id, integration_id), "memory"):
                self._remember(finding)
                self._detections.note([finding], now + self._clock_skew())
        if any(finding.incident or finding.started or finding.others for finding in findings):
            self._wake()
        return {finding.watched.integration.integration_id for finding in findings}

    def _remember(self, finding: Finding) -> None:
        integration = finding.watched.integration
        item = self.integrations.get(integration.integration_id)
        if item is None:
            item = IntegrationState(watched=finding.watched, subscribed=self._is_subscribed(integration))
            self.integrations[integration.integration_id] = item
        item.watched = finding.watched
        for run in sorted(finding.runs, key=lambda run: run.sync_start_time):
            item.note_run(run)
        for each in (*finding.others, finding):
            if each.change:
                log.info(
                    "incident",
                    change=each.change.value,
                    integration=integration.integration_id,
                    name=integration.integration_name,
                    incident=each.incident.incident_id if each.incident else None,
                )

    async def take_list_page(
        self, listed: Iterable[Integration], now: datetime, *, holder: int | None
    ) -> list[IntegrationState]:
        """Store a page of the list. Returns the watched integrations whose news the status call should explain.

        What nobody watches is stored as the list shows it, so that a later subscription has its baseline.
        """
        news: list[IntegrationState] = []
        observations: list[Observation] = []
        listed_at = now + self._clock_skew()
        for integration in listed:
            item = self.integrations.get(integration.integration_id)
            before = item.watched if item else None
            is_known = before and before.integration == integration and not before.missing_since
            if item and before and is_known and not item.list_unstored:
                item.watched, item.times_unsaved = replace(before, listed_at=now), True
                continue
            watched = before
            with self._troubles.guard(Work.LIST, (self._workspace_id, integration.integration_id)) as taking:
                watched = await self._as_listed(item, integration, now)
            if watched is None or taking.failed:
                continue
            run = run_from_list(integration)
            is_news = run is not None and (item is None or item.is_behind(integration))
            if not (is_news and watched.watched_since):
                runs = [run] if run and is_news else []
                observations.append(Observation(watched=watched, runs=runs, listed=listed_at, holder=holder))
                continue
            item = item or self.integrations.setdefault(
                integration.integration_id, IntegrationState(watched=watched, subscribed=True)
            )
            item.watched, item.has_news, item.list_unstored = watched, True, True
            news.append(item)
            observations.append(Observation(watched=watched, runs=[], listed=listed_at, holder=holder))
        for stored in await self.record(observations, now):
            self.integrations[stored].list_unstored = False
        return news

    async def _as_listed(
        self, item: IntegrationState | None, integration: Integration, now: datetime
    ) -> WatchedIntegration:
        """The integration with its new facts; watched from now on where a pattern takes it in only now."""
        before = item.watched if item else WatchedIntegration(integration=integration)
        watched = replace(
            before,
            integration=integration,
            listed_at=now,
            listed_since=before.listed_since or now,
            missing_since=None,
        )
        skew = self._clock_skew()
        expected = keep_expected_start(before, watched, item.newest if item else None, now + skew)
        watched = replace(watched, expected_start=expected)
        if watched.watched_since or not self._is_subscribed(integration):
            return watched
        if item is None:
            # It is new in Braze: all runs since somebody subscribed to a pattern that fits it are news.
            return replace(watched, watched_since=self._subscribed_since(integration) + skew - _CLOCK_SKEW)
        async with self._store.write() as uow:
            (watched,) = await start_watching(uow, [watched], now, skew=skew)
        item.subscribed = True
        return watched

    async def record_listed_runs(
        self, items: Iterable[IntegrationState], now: datetime, *, holder: int | None
    ) -> None:
        """Record the runs that the list showed, without rows, where no status call has explained them in time."""
        waiting = [item for item in items if item.has_news]
        observations = [
            Observation(watched=item.watched, runs=[run], holder=holder)
            for item in waiting
            if (run := run_from_list(item.watched.integration))
        ]
        try:
            await self.record(observations, now)
        except (StoreTrouble, ConflictError):
            for item in waiting:
                item.list_unstored = True
            raise

    async def mark_missing(self, items: Sequence[IntegrationState], now: datetime) -> None:
        """Note that Braze no longer knows these, and tell the channels that subscribed to one by its id."""
        if not items:
            return
        missing = [replace(item.watched, missing_since=now) for item in items]
        async with self._store.write() as uow:
            await record_missing(uow, missing, now=now)
        for item, watched in zip(items, missing, strict=True):
            item.watched = watched
        self._wake()

    async def note_list_read(self, now: datetime) -> None:
        """Note that the list was read to its end: what it names from now on for the first time is new in Braze."""
        if not self._list_is_known:
            async with self._store.write() as uow:
                await uow.workspaces.begin_new_told(self._workspace_id, now)
            self._list_is_known = True

    def _is_subscribed(self, integration: Integration) -> bool:
        return is_subscribed(self._subscriptions, integration)

    def _subscribed_since(self, integration: Integration) -> datetime:
        return min(
            subscription.created_at
            for subscription in self._subscriptions
            if subscription.covers(integration)
        )
