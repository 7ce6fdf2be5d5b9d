"""Live through recorded history in virtual time: what would have been told, by the functions that decide live.

An integration is watched from the first thing that is known of it, as when somebody subscribed before its first run.
Each is lived through by itself, so that neither the order of what comes in nor its batches make a difference.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import count, groupby

from cdi_bot.core.model.incident import Incident, Kind
from cdi_bot.core.model.integration import Integration, WatchedIntegration
from cdi_bot.core.model.run import DOCUMENTED_STATUSES, Outcome, Run, second_of
from cdi_bot.core.rules.kind_rules import IntegrationFacts, PastNeeded
from cdi_bot.core.rules.kinds import KINDS
from cdi_bot.core.rules.late import PlannedStart, expected_start, keep_expected_start
from cdi_bot.core.rules.slow import LEAST, held_as_running
from cdi_bot.core.rules.sync_failed import IncidentChange, judge_runs
from cdi_bot.core.rules.unreachable import judge_unreachable
from cdi_bot.monitoring.integration_state import run_from_list

SEEN_AFTER = timedelta(seconds=20)
"""So long after it a start or an end is seen, as live on average."""

_LOOK_EVERY = timedelta(hours=1)
_LOOK_AT_RUNNING = timedelta(minutes=1)
_A_PAGE = 10
_SECOND = timedelta(seconds=1)


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
    """What is known of the past of one workspace, in any order. `until` is how far it is known."""

    runs: Sequence[Run] = ()
    listed: Sequence[Listed] = ()
    outages: Sequence[Outage] = ()

    @property
    def until(self) -> datetime | None:
        """When the last thing that is known was seen; `None` where nothing is."""
        times = [
            *(run.sync_start_time + SEEN_AFTER for run in self.runs),
            *(run.sync_finish_time + SEEN_AFTER for run in self.runs if run.sync_finish_time),
            *(each.observed_at for each in self.listed),
            *(each.until for each in self.outages),
        ]
        return max(times, default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """An incident as it was when it was told first, and as it was in the end; `None` is a whole workspace."""

    integration: Integration | None
    first: Incident
    last: Incident


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplaySettings:
    """The operator's settings that decide together with the rules."""

    grace: timedelta = timedelta(seconds=600)
    unreachable_after: timedelta = timedelta(seconds=300)


def replay(
    past: Past, *, settings: ReplaySettings = ReplaySettings(), until: datetime | None = None
) -> Iterator[Told]:
    """The incidents of one integration after the other, then those of the workspace, each group oldest first.

    It ends at the time `until`, else with the last that is known.
    """
    end = until or past.until
    if end is None:
        return
    outages = _joined(past.outages)
    runs, listed = _by_integration(past.runs), _by_integration_listed(past.listed)
    for integration_id in sorted({*runs, *listed}):
        life = _Life(
            integration_id, runs.get(integration_id, []), listed.get(integration_id, []), outages, settings
        )
        yield from life.until(end)
    yield from _unreachable(outages, settings, end)


def _by_integration(runs: Iterable[Run]) -> dict[str, list[Run]]:
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


def _by_integration_listed(listed: Iterable[Listed]) -> dict[str, list[Listed]]:
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


def _joined(outages: Iterable[Outage]) -> list[Outage]:
    """Outages in order, those that touch as one."""
    joined: list[Outage] = []
    for outage in sorted(outages, key=lambda each: (each.since, each.until)):
        if joined and outage.since <= joined[-1].until:
            joined[-1] = Outage(since=joined[-1].since, until=max(joined[-1].until, outage.until))
        elif outage.since < outage.until:
            joined.append(outage)
    return joined


def _unreachable(outages: Sequence[Outage], settings: ReplaySettings, end: datetime) -> Iterator[Told]:
    """The workspace's own incidents: outages that last."""
    for outage in outages:
        now = outage.since + settings.unreachable_after
        if now > min(outage.until, end):
            continue
        first = judge_unreachable(
            workspace_id=0,
            last_answer=outage.since,
            reason="unreachable",
            incident=None,
            now=now,
            unreachable_after=settings.unreachable_after,
        )
        if first is None:
            continue
        last = None
        if outage.until <= end:
            last = judge_unreachable(
                workspace_id=0,
                last_answer=outage.until,
                reason=None,
                incident=first,
                now=outage.until,
                unreachable_after=settings.unreachable_after,
            )
        yield Told(integration=None, first=first, last=last or first)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """Something that is seen at a time: what the list tells, or a run."""

    at: datetime
    listed: Listed | None = None
    run: Run | None = None


@dataclass(slots=True)
class _Outages:
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


@dataclass(slots=True)
class _Stored:
    """The stored runs of one integration, oldest first."""

    runs: list[Run] = field(default_factory=list)

    @property
    def newest(self) -> Run | None:
        return self.runs[-1] if self.runs else None

    def since(self, start: datetime) -> list[Run]:
        """Those that began then or later, in the order in which they began."""
        place = len(self.runs)
        while place and self.runs[place - 1].sync_start_time >= start - _SECOND:
            place -= 1
        return self.runs[place:]

    def save(self, run: Run) -> None:
        place = len(self.runs)
        while place and second_of(self.runs[place - 1].sync_start_time) > second_of(run.sync_start_time):
            place -= 1
        if place and self.runs[place - 1].is_same_run(run):
            self.runs[place - 1] = run
        else:
            self.runs.insert(place, run)

    def ended(self, most: int) -> list[Run]:
        """The newest of those that have ended, newest first."""
        some = self.runs[-most:]
        some.reverse()
        return [run for run in some if run.outcome is not Outcome.RUNNING]


class _Life:
    """One integration's life: what store and memory hold of it live, and what is seen of it, one after the other."""

    def __init__(
        self,
        integration_id: str,
        runs: Sequence[Run],
        listed: Sequence[Listed],
        outages: Sequence[Outage],
        settings: ReplaySettings,
    ) -> None:
        self._outages, self._grace = _Outages(outages), settings.grace
        self._seen = sorted(
            [*self._listed(listed), *self._runs(runs), *self._listed_runs(runs, listed)], key=_seen_order
        )
        unlisted = Integration(workspace_id=0, integration_id=integration_id, integration_name=integration_id)
        begin = min([*(run.sync_start_time for run in runs[:1]), *(each.observed_at for each in listed[:1])])
        self._watched = WatchedIntegration(
            integration=listed[0].integration if listed else unlisted,
            watched_since=begin,
            baseline_taken=True,
            status_asked_at=begin,
            listed_at=begin if listed else None,
        )
        self._is_listed = False
        self._rules = {kind: rules.rule(settings.grace) for kind, rules in KINDS.items() if rules.rule}
        self._stored = _Stored()
        self._held: Run | None = None  # its status is undocumented, and it may still run
        self._ids = count(1)
        self._open: dict[Kind, Incident] = {}
        self._told: dict[int, Told] = {}

    def _listed(self, listed: Sequence[Listed]) -> Iterator[_Seen]:
        for each in listed:
            yield _Seen(at=self._outages.seen(each.observed_at), listed=each)

    def _runs(self, runs: Sequence[Run]) -> Iterator[_Seen]:
        for run in runs:
            started = self._outages.seen(run.sync_start_time + SEEN_AFTER)
            if run.sync_finish_time is None or run.outcome is Outcome.RUNNING:
                yield _Seen(at=started, run=run)
                continue
            ended = self._outages.seen(max(run.sync_finish_time, run.sync_start_time) + SEEN_AFTER)
            if started < ended:
                running = Run(
                    integration_id=run.integration_id,
                    sync_start_time=run.sync_start_time,
                    job_status="running",
                )
                yield _Seen(at=started, run=running)
            yield _Seen(at=ended, run=run)

    def _listed_runs(self, runs: Sequence[Run], listed: Sequence[Listed]) -> Iterator[_Seen]:
        """The runs of which only the list told."""
        known = {second_of(run.sync_start_time) for run in runs}
        for each in listed:
            run = run_from_list(each.integration)
            if run and second_of(run.sync_start_time) not in known:
                yield _Seen(at=self._outages.seen(each.observed_at), run=run)

    def until(self, end: datetime) -> list[Told]:
        """Live until then; what was told, oldest first."""
        now = self._seen[0].at
        for at, together in groupby(self._seen, key=_at):
            if at > end:
                break
            now = self._look_until(now, at)
            self._observe(list(together), now)
            self._judge(now)
        self._look_until(now, end)
        return sorted(self._told.values(), key=lambda told: (told.first.opened_at, told.first.incident_id))

    def _look_until(self, now: datetime, until: datetime) -> datetime:
        """Judge what time alone brings before something is seen again; returns that time."""
        while (now := self._next_look(now)) < until:
            self._observe([], now)
            self._judge(now)
        return until

    def _next_look(self, now: datetime) -> datetime:
        """When the next deadline is; live it is looked every few seconds."""
        times = [now + _LOOK_EVERY]
        newest, grace = self._stored.newest, self._grace
        if newest is not None and newest.outcome is Outcome.RUNNING:
            lasted = now - newest.sync_start_time
            times.append(
                newest.sync_start_time + LEAST if lasted < LEAST else now + max(_LOOK_AT_RUNNING, lasted / 60)
            )
        planned = PlannedStart(watched=self._watched, newest=newest, at=self._watched.expected_start)
        at = expected_start(planned, now)
        if at is not None and at + grace > now:
            times.append(at + grace)
        return self._outages.seen(min(times))

    def _observe(self, together: Sequence[_Seen], now: datetime) -> None:
        """What both calls tell at a time."""
        self._watched = replace(
            self._watched, status_asked_at=now, listed_at=now if self._is_listed else None
        )
        for seen in together:
            if seen.listed:
                self._is_listed = True
                before = self._watched
                after = replace(before, integration=seen.listed.integration, listed_at=now)
                expected = keep_expected_start(before, after, self._stored.newest, now)
                self._watched = replace(after, expected_start=expected)
        observed = [seen.run for seen in together if seen.run]
        if self._held:
            observed.append(self._held)
        if observed:
            self._record([self._as_told(run, now) for run in observed], now)

    def _as_told(self, run: Run, now: datetime) -> Run:
        """A run as the status call's answer is understood: one that Braze names unlike documented may still run."""
        if run.sync_finish_time is not None or run.provisional or run.job_status in DOCUMENTED_STATUSES:
            return run
        told, *_ = held_as_running([run, *self._stored.ended(_A_PAGE)], now)
        self._held = run if told.outcome is Outcome.RUNNING else None
        return told

    def _record(self, observed: Sequence[Run], now: datetime) -> None:
        """Judge runs as the recorder does."""
        finding = judge_runs(
            watched=self._watched,
            stored=self._stored.since(min(run.sync_start_time for run in observed)),
            observed=observed,
            incident=self._open.get(Kind.SYNC_FAILED),
            now=now,
        )
        self._watched = finding.watched
        for run in finding.runs:
            self._stored.save(run)
            self._open = {kind: _showing(incident, run) for kind, incident in self._open.items()}
        if finding.incident and finding.change is not IncidentChange.BASELINE:
            self._write(finding.incident)

    def _judge(self, now: datetime) -> None:
        """Judge by the rules of the other kinds, as the evaluator does."""
        newest = self._stored.newest
        facts = IntegrationFacts(
            watched=self._watched,
            newest=newest,
            is_running=newest is not None and newest.outcome is Outcome.RUNNING,
        )
        for kind, rule in self._rules.items():
            incident = self._open.get(kind)
            changed = rule.judge(facts, incident, now)
            if isinstance(changed, PastNeeded):
                changed = rule.judge(facts, incident, now, self._stored.ended(changed.most))
            if changed and not isinstance(changed, PastNeeded):
                self._write(changed)

    def _write(self, incident: Incident) -> None:
        if not incident.incident_id:
            incident = replace(incident, incident_id=next(self._ids))
        key = incident.incident_id
        first = self._told[key].first if key in self._told else incident
        self._told[key] = Told(integration=self._watched.integration, first=first, last=incident)
        if incident.is_open:
            self._open[incident.kind] = incident
        else:
            self._open.pop(incident.kind, None)


def _showing(incident: Incident, run: Run) -> Incident:
    """The incident with the run that it shows as that is known now."""
    shown = incident.last_failed
    return replace(incident, last_failed=run) if shown and shown.is_same_run(run) else incident


def _at(seen: _Seen) -> datetime:
    return seen.at


def _seen_order(seen: _Seen) -> tuple[datetime, bool, datetime, bool]:
    """What the list tells comes first, as its planned starts are kept by the runs seen before."""
    run = seen.run
    if run is None:
        return seen.at, False, seen.at, False
    return seen.at, True, run.sync_start_time, run.outcome is not Outcome.RUNNING
