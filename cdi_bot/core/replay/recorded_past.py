"""What is known of a past: runs, what the list told, outages; in any order, and when each would have been seen."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from cdi_bot.core.model.integration import Integration
from cdi_bot.core.model.run import Outcome, Run, run_from_list, second_of
from cdi_bot.core.rules import reopening

_SECOND = timedelta(seconds=1)

SEEN_AFTER = timedelta(seconds=20)
"""So long after it a start or an end is seen, as live on average."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """What the list told of an integration, from `observed_at` on."""

    integration: Integration
    observed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Outage:
    """A stretch in which Braze did not answer."""

    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """What is known of the past of one workspace, in any order.

    `until` is how far it is known; `None` where the last line says it.
    """

    runs: Sequence[Run] = ()
    listed: Sequence[Listed] = ()
    outages: Sequence[Outage] = ()
    until: datetime | None = None

    @property
    def end(self) -> datetime | None:
        """How far it is known: until the last that is known was seen; `None` where nothing is."""
        if self.until:
            return self.until
        times = [
            *(run.sync_start_time + SEEN_AFTER for run in self.runs),
            *(run.sync_finish_time + SEEN_AFTER for run in self.runs if run.sync_finish_time),
            *(each.observed_at for each in self.listed),
            *(each.until for each in self.outages),
        ]
        return max(times, default=None)

    @property
    def begin(self) -> datetime | None:
        """The first that is known of any integration; `None` where nothing is."""
        times = [*(run.sync_start_time for run in self.runs), *(each.observed_at for each in self.listed)]
        return min(times, default=None)

    @property
    def known(self) -> dict[str, Integration]:
        """The integrations by their ids, as last listed, or as mere ids."""
        known = {
            run.integration_id: Integration(
                workspace_id=0, integration_id=run.integration_id, integration_name=run.integration_id
            )
            for run in self.runs
        }
        last_listed = sorted(self.listed, key=_list_order)
        return known | {each.integration.integration_id: each.integration for each in last_listed}


def runs_by_integration(runs: Iterable[Run]) -> dict[str, list[Run]]:
    """The runs of each integration, oldest first, each once: as it ended, where that is known."""
    found: defaultdict[str, dict[datetime, Run]] = defaultdict(dict)
    for run in runs:
        second = second_of(run.sync_start_time)
        of = found[run.integration_id]
        of[second] = max(of.get(second, run), run, key=_completeness)
    return {integration_id: [of[second] for second in sorted(of)] for integration_id, of in found.items()}


def _completeness(run: Run) -> tuple[object, ...]:
    """Sorts what several lines tell of one run: the last word last, and no order is left open."""
    never = datetime(1, 1, 1, tzinfo=UTC)
    return (
        not run.provisional,
        run.outcome is not Outcome.RUNNING,
        run.sync_finish_time or never,
        run.sync_start_time,
        run.job_status,
        -1 if run.rows_synced is None else run.rows_synced,
        -1 if run.rows_failed_with_errors is None else run.rows_failed_with_errors,
        run.last_timestamp_synced or never,
    )


def listed_by_integration(listed: Iterable[Listed]) -> dict[str, list[Listed]]:
    """What the list told of each integration, oldest first."""
    found: defaultdict[str, list[Listed]] = defaultdict(list)
    for each in listed:
        found[each.integration.integration_id].append(each)
    for each_of in found.values():
        each_of.sort(key=_list_order)
    return found


def _list_order(listed: Listed) -> tuple[object, ...]:
    """By time; of two at the same time the list has moved on to the later planned start."""
    never = datetime(1, 1, 1, tzinfo=UTC)
    of = listed.integration
    return (
        listed.observed_at,
        of.next_scheduled_run or never,
        of.last_job_start_time or never,
        of.last_updated_at or never,
        repr(of),
    )


def joined(outages: Iterable[Outage]) -> list[Outage]:
    """Outages in order, those that touch as one."""
    joined: list[Outage] = []
    for outage in sorted(outages, key=lambda each: (each.since, each.until)):
        if joined and outage.since <= joined[-1].until:
            joined[-1] = Outage(since=joined[-1].since, until=max(joined[-1].until, outage.until))
        elif outage.since < outage.until:
            joined.append(outage)
    return joined


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """Something that is seen at a time: what the list tells, or a run."""

    at: datetime
    listed: Listed | None = None
    run: Run | None = None


@dataclass(slots=True)
class Outages:
    """When nothing is seen. Asked for times that mostly grow."""

    outages: Sequence[Outage]
    _place: int = 0

    def seen(self, at: datetime) -> datetime:
        """When something is seen that could be seen at a time."""
        while self._place and self.outages[self._place - 1].until > at:
            self._place -= 1
        while self._place < len(self.outages) and self.outages[self._place].until <= at:
            self._place += 1
        if self._place < len(self.outages) and self.outages[self._place].since <= at:
            return self.outages[self._place].until
        return at

    def ended_before(self, at: datetime) -> datetime | None:
        """When the newest outage that was over by then ended."""
        self.seen(at)
        return self.outages[self._place - 1].until if self._place else None


def seen_in_order(runs: Sequence[Run], listed: Sequence[Listed], outages: Outages) -> list[Seen]:
    """What is seen of one integration, in order."""
    return sorted(
        [*_told(listed, outages), *_ran(runs, outages), *_listed_runs(runs, listed, outages)], key=_seen_order
    )


def _told(listed: Sequence[Listed], outages: Outages) -> Iterator[Seen]:
    for each in listed:
        yield Seen(at=outages.seen(each.observed_at), listed=each)


def _ran(runs: Sequence[Run], outages: Outages) -> Iterator[Seen]:
    for run in runs:
        started = outages.seen(run.sync_start_time + SEEN_AFTER)
        if run.sync_finish_time is None or run.outcome is Outcome.RUNNING:
            yield Seen(at=started, run=run)
            continue
        ended = outages.seen(max(run.sync_finish_time, run.sync_start_time) + SEEN_AFTER)
        if started < ended:
            running = Run(
                integration_id=run.integration_id,
                sync_start_time=run.sync_start_time,
                job_status="running",
            )
            yield Seen(at=started, run=running)
        yield Seen(at=ended, run=run)


def _listed_runs(runs: Sequence[Run], listed: Sequence[Listed], outages: Outages) -> Iterator[Seen]:
    """The runs of which only the list told."""
    known = {second_of(run.sync_start_time) for run in runs}
    for each in listed:
        run = run_from_list(each.integration)
        if run and second_of(run.sync_start_time) not in known:
            yield Seen(at=outages.seen(each.observed_at), run=run)


def at_time(seen: Seen) -> datetime:
    """When it is seen."""
    return seen.at


def _seen_order(seen: Seen) -> tuple[datetime, bool, datetime, bool]:
    """What the list tells comes first, as its planned starts are kept by the runs seen before."""
    run = seen.run
    if run is None:
        return seen.at, False, seen.at, False
    return seen.at, True, run.sync_start_time, run.outcome is not Outcome.RUNNING


@dataclass(slots=True)
class StoredRuns:
    """The stored runs of one integration, oldest first."""

    runs: list[Run] = field(default_factory=list)

    @property
    def newest(self) -> Run | None:
        """The newest one."""
        return self.runs[-1] if self.runs else None

    def since(self, start: datetime) -> list[Run]:
        """Those that began then or later, in the order in which they began."""
        place = len(self.runs)
        while place and self.runs[place - 1].sync_start_time >= start - _SECOND:
            place -= 1
        return self.runs[place:]

    def save(self, run: Run) -> None:
        """Add a run, or replace it by what is known of it now."""
        place = len(self.runs)
        while place and second_of(self.runs[place - 1].sync_start_time) > second_of(run.sync_start_time):
            place -= 1
        if place and self.runs[place - 1].is_same_run(run):
            self.runs[place - 1] = run
        else:
            self.runs.insert(place, run)

    def before(self, start: datetime, most: int) -> list[Run]:
        """The newest ended ones that began before, newest first."""
        place = len(self.runs)
        while place and self.runs[place - 1].sync_start_time >= start:
            place -= 1
        some = [
            run for run in self.runs[max(0, place - most - 1) : place] if run.outcome is not Outcome.RUNNING
        ]
        return some[::-1][:most]

    def newest_few(self) -> list[Run]:
        """As many as say how often runs come."""
        return self.runs[-reopening.RUNS_NEEDED :]

    def ended(self, most: int) -> list[Run]:
        """The newest of those that have ended, newest first."""
        some = self.runs[-most:]
        some.reverse()
        return [run for run in some if run.outcome is not Outcome.RUNNING]
