"""Live through recorded history in virtual time: what would have been told, by the functions that decide live.

An integration is watched from the first thing that is known of it, as when somebody subscribed before its first run.
Each is lived through by itself, so that neither the order of what comes in nor its batches make a difference.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import chain, count, groupby, takewhile

from cdi_bot.core.expectations.past import LearnedPast, is_odd
from cdi_bot.core.model.incident import Incident, Kind
from cdi_bot.core.model.integration import Integration, WatchedIntegration
from cdi_bot.core.model.run import DOCUMENTED_STATUSES, Outcome, Run
from cdi_bot.core.replay.recorded_past import (
    Listed,
    Outage,
    Outages,
    Past,
    Seen,
    StoredRuns,
    at_time,
    joined,
    listed_by_integration,
    runs_by_integration,
    seen_in_order,
)
from cdi_bot.core.replay.told import Told, ToldNotice
from cdi_bot.core.rules import reopening
from cdi_bot.core.rules.failed_runs import past_needed
from cdi_bot.core.rules.kind_rules import IntegrationFacts, judge
from cdi_bot.core.rules.kinds import KINDS
from cdi_bot.core.rules.late import PlannedStart, expected_start, keep_expected_start
from cdi_bot.core.rules.lifecycle import lifecycle_events
from cdi_bot.core.rules.slow import LEAST, held_as_running
from cdi_bot.core.rules.sync_failed import judge_runs
from cdi_bot.core.rules.unreachable import follow_unreachable

_LOOK_EVERY = timedelta(hours=1)
_LOOK_AT_RUNNING = timedelta(minutes=1)
_A_PAGE = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplaySettings:
    """The operator's settings that decide together with the rules."""

    grace: timedelta = timedelta(seconds=600)
    unreachable_after: timedelta = timedelta(seconds=300)


def replay(
    past: Past, *, settings: ReplaySettings = ReplaySettings(), until: datetime | None = None
) -> Iterator[Told | ToldNotice]:
    """What was told of one integration after the other, then of the workspace, each group oldest first.

    It ends at the time `until`, else with the last that is known.
    """
    end = until or past.end
    if end is None:
        return
    for life in lives(past, settings):
        for _ in life.steps(end):
            pass
        yield from life.told
        yield from life.notices
    yield from unreachable(past, settings, end)


def lives(past: Past, settings: ReplaySettings) -> Iterator[Life]:
    """The integrations of a past, each to be lived through by itself."""
    outages = joined(past.outages)
    runs, listed = runs_by_integration(past.runs), listed_by_integration(past.listed)
    for integration_id in sorted({*runs, *listed}):
        yield Life(
            integration_id, runs.get(integration_id, []), listed.get(integration_id, []), outages, settings
        )


def unreachable(past: Past, settings: ReplaySettings, end: datetime) -> list[Told]:
    """The incidents of the workspace itself: outages that last."""
    return list(_unreachable(joined(past.outages), settings, end))


def _unreachable(outages: Sequence[Outage], settings: ReplaySettings, end: datetime) -> Iterator[Told]:
    """The workspace's own incidents: outages that last."""
    told: list[Told] = []
    for now, last_answer, reason in _answers(outages, settings, end):
        for each in follow_unreachable(
            workspace_id=0,
            last_answer=last_answer,
            reason=reason,
            last=told[-1].last if told else None,
            now=now,
            unreachable_after=settings.unreachable_after,
        ):
            if each.incident_id:
                told[-1] = replace(told[-1], last=each)
            else:
                new = replace(each, incident_id=len(told) + 1)
                told.append(Told(integration=None, first=new, last=new))
    yield from told


def _answers(
    outages: Sequence[Outage], settings: ReplaySettings, end: datetime
) -> Iterator[tuple[datetime, datetime, str | None]]:
    """The times at which it is judged: now, the last good answer, and why there is none since."""
    for outage, following in zip(outages, [*(each.since for each in outages[1:]), end], strict=False):
        told_at = outage.since + settings.unreachable_after
        if told_at <= min(outage.until, end):
            yield told_at, outage.since, "unreachable"
        now = outage.until
        while now <= min(following, end):
            yield now, now, None
            now += _LOOK_EVERY
        if following >= outage.until:
            yield min(following, end), min(following, end), None


class Life:
    """One integration's life: what store and memory hold of it live, and what is seen of it, one after the other."""

    def __init__(
        self,
        integration_id: str,
        runs: Sequence[Run],
        listed: Sequence[Listed],
        outages: Sequence[Outage],
        settings: ReplaySettings,
    ) -> None:
        self._outages, self._grace = Outages(outages), settings.grace
        self._seen = seen_in_order(runs, listed, self._outages)
        unlisted = Integration(workspace_id=0, integration_id=integration_id, integration_name=integration_id)
        begin = min([*(run.sync_start_time for run in runs[:1]), *(each.observed_at for each in listed[:1])])
        self._watched = WatchedIntegration(
            integration=listed[0].integration if listed else unlisted,
            watched_since=begin,
            baseline_taken=True,
            status_asked_at=begin,
            listed_at=begin if listed else None,
        )
        self._is_listed, self._judged_at = False, begin
        self._rules = {
            kind: rules.rule(settings.grace) if rules.rule else None for kind, rules in KINDS.items()
        }
        self._stored = StoredRuns()
        self._past = LearnedPast()
        self._held: Run | None = None  # its status is undocumented, and it may still run
        self._ids = count(1)
        self._known: dict[Kind, list[Incident]] = {}  # the newest of each reason, oldest first
        self._told: dict[int, Told] = {}
        self.notices: list[ToldNotice] = []
        self._spikes: set[datetime] = set()

    @property
    def told(self) -> list[Told]:
        """What has been told so far, oldest first."""
        return sorted(self._told.values(), key=lambda told: (told.first.opened_at, told.first.incident_id))

    def steps(self, end: datetime) -> Iterator[None]:
        """Live until then, a moment with each step: whoever has no time can stop in between."""
        now = self._seen[0].at
        seen = takewhile(lambda moment: moment[0] <= end, groupby(self._seen, key=at_time))
        for at, together in chain(seen, [(end, iter(()))]):
            while (now := self._next_look(now)) < at:
                self._observe((), now)
                self._judge(now)
                yield
            if self._outages.seen(at) == at:
                before, seen_now = self._watched.integration, tuple(together)
                self._observe(seen_now, at)
                if not self._is_routine(seen_now, before, at):
                    self._judge(at)
            now = at
            yield

    def _is_routine(self, seen: Sequence[Seen], before: Integration, now: datetime) -> bool:
        """Whether nothing is wrong, and only a run began or its next start was planned: nothing follows from that."""
        if now - self._judged_at >= _LOOK_EVERY or not seen:
            return False
        planned = replace(before, next_scheduled_run=self._watched.integration.next_scheduled_run)
        return (
            planned == self._watched.integration
            and all(each.run is None or each.run.outcome is Outcome.RUNNING for each in seen)
            and not any(each.is_open for known in self._known.values() for each in known)
        )

    def _next_look(self, now: datetime) -> datetime:
        """When the next deadline is; live it is looked every few seconds."""
        times = [max(now, self._judged_at + _LOOK_EVERY)]
        newest, grace = self._stored.newest, self._grace
        if newest is not None and newest.outcome is Outcome.RUNNING:
            lasted = now - newest.sync_start_time
            times.append(
                newest.sync_start_time + LEAST if lasted < LEAST else now + max(_LOOK_AT_RUNNING, lasted / 60)
            )
        planned = PlannedStart(watched=self._watched, newest=newest, at=self._watched.expected_start)
        at = expected_start(planned, now)
        if at is not None:
            deadline = max(at, self._outages.ended_before(now) or at) + grace
            times += [deadline] if deadline > now else []
        settling = [each.settles_at for known in self._known.values() for each in known if each.is_recovering]
        times += [at for at in settling if at and at > now]
        return self._outages.seen(min(times))

    def _observe(self, together: Sequence[Seen], now: datetime) -> None:
        """What both calls tell at a time."""
        self._watched = replace(
            self._watched, status_asked_at=now, listed_at=now if self._is_listed else None
        )
        for seen in together:
            if seen.listed:
                self._is_listed = True
                before = self._watched
                self.notices += [
                    ToldNotice(integration=seen.listed.integration, content=event, at=now)
                    for event in lifecycle_events(before, seen.listed.integration, now)
                ]
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
        known = self._known.get(Kind.SYNC_FAILED, [])
        oldest = min(run.sync_start_time for run in observed)
        finding = judge_runs(
            watched=self._watched,
            stored=self._stored.since(oldest),
            observed=observed,
            incidents=known,
            past=self._stored.before(oldest, past_needed(observed, known)),
            now=now,
        )
        self._watched = finding.watched
        for run in sorted(finding.runs, key=lambda run: run.sync_start_time):
            self._stored.save(run)
            self._past.history.add(run)
            self._known = {
                kind: [_showing(each, run) for each in incidents] for kind, incidents in self._known.items()
            }
        for each in (*finding.others, finding):
            if each.incident:
                self._write(each.incident, (*each.failures, *each.counted))

    def _judge(self, now: datetime) -> None:
        """Judge what comes with time, as the evaluator does, and learn once a day."""
        self._judged_at = now
        if self._past.has_to_learn(now):
            self._past.learn(
                now, is_off=self._is_odd(Kind.QUALITY, now), is_slow=self._is_odd(Kind.SLOW, now)
            )
        spike = self._past.new_spike(self._watched, {})
        if spike:
            if spike.run_start not in self._spikes:  # live the outbox takes each notice once
                self.notices.append(ToldNotice(integration=self._watched.integration, content=spike, at=now))
            self._spikes.add(spike.run_start)
            self._past.spike_is_owed()
        newest = self._stored.newest
        facts = IntegrationFacts(
            watched=self._watched,
            newest=newest,
            is_running=newest is not None and newest.outcome is Outcome.RUNNING,
            past=self._past,
            answering_since=self._outages.ended_before(now),
        )
        for kind, rule in self._rules.items():
            known = self._known.get(kind, [])
            incident = next((each for each in reversed(known) if each.is_open), None)
            found = judge(rule, facts, incident, now)
            if found:
                interval = reopening.usual_interval(run.sync_start_time for run in self._stored.newest_few())
                for each in reopening.followed(found, known, interval=interval, now=now):
                    self._write(each)

    def _is_odd(self, kind: Kind, now: datetime) -> bool:
        return any(is_odd(each, now) for each in self._known.get(kind, []))

    def _write(self, incident: Incident, failures: tuple[Run, ...] = ()) -> None:
        if not incident.incident_id:
            incident = replace(incident, incident_id=next(self._ids))
        key = incident.incident_id
        told = self._told.get(key) or Told(
            integration=self._watched.integration, first=incident, last=incident
        )
        self._told[key] = replace(told, last=incident, failures=(*told.failures, *failures))
        others = [each for each in self._known.get(incident.kind, []) if each.incident_id != key]
        newest = {each.reason: each for each in sorted([*others, incident], key=_by_id)}
        self._known[incident.kind] = sorted(newest.values(), key=_by_id)


def _by_id(incident: Incident) -> int:
    return incident.incident_id


def _showing(incident: Incident, run: Run) -> Incident:
    """The incident with the run that it shows as that is known now."""
    shown = incident.last_failed
    return replace(incident, last_failed=run) if shown and shown.is_same_run(run) else incident
