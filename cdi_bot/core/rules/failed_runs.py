"""The course of an integration's failures: applies ended runs to its incidents, one run after the other.

So what several answers of Braze bring one by one, and what one answer brings at once, are the same incidents.

An integration has up to two incidents of failed syncs, of which one is open at most: that of runs that fail, and that
of a source that always loses a little.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from cdi_bot.core.model.incident import Incident, Kind, opened, resolved
from cdi_bot.core.model.integration import WatchedIntegration
from cdi_bot.core.model.run import Outcome, Run
from cdi_bot.core.rules import reopening, small_losses
from cdi_bot.core.rules.small_losses import ALWAYS_LOSES, hold_after, is_little, is_usual_loss, loses_as_usual


def past_needed(observed: Sequence[Run], known: Sequence[Incident]) -> int:
    """How many ended runs before the observed ones have to be known to judge these, the incidents of which are `known`.

    Where no run was partial, the past only says how often runs come.
    """
    shown = [each.last_failed for each in known if each.is_open and each.last_failed]
    failed = [run for run in (*observed, *shown) if run.outcome is Outcome.BAD]
    if not observed or not failed:
        return 0
    is_partial = any(run.job_status == "partial" for run in failed)
    return small_losses.PAST if is_partial else reopening.RUNS_NEEDED


@dataclass(slots=True, kw_only=True)
class Course:
    """What runs made of one incident: as it was `before` (`None`: there was none), and as it is `now`.

    `failures` are those of the new runs that it counts, oldest first; `after_good`: a good run stood before or between
    them. `restarted`: a good run began its row of failures anew.
    """

    before: Incident | None
    now: Incident
    failures: list[Run] = field(default_factory=list)
    after_good: bool = False
    restarted: bool = False
    ended_by_new_run: bool = False

    @property
    def after(self) -> Incident:
        """The incident as it is to be stored: it has changed once, whatever happened in between."""
        before = self.before
        return replace(self.now, revision=before.revision + 1 if before and before.incident_id else 1)

    @property
    def has_changed(self) -> bool:
        """Whether there is anything to store."""
        return self.before is None or replace(self.now, revision=self.before.revision) != self.before


class Courses:
    """The incidents of one integration while ended runs are applied to them, oldest first."""

    def __init__(
        self, watched: WatchedIntegration, known: Sequence[Incident], *, past: Sequence[Run], now: datetime
    ) -> None:
        """`known` are the newest incidents of each sort, oldest first; `past` the ended runs before, newest first.

        What failed before a source began to lose a little can't come back: it would be another incident.
        """
        self._watched, self._now = watched, now
        self._past = list(past[: small_losses.PAST])
        self._failing: Course | None = None
        self._losing: Course | None = None
        self._courses = [Course(before=incident, now=incident) for incident in known]
        for course, incident in zip(self._courses, known, strict=True):
            if is_usual_loss(incident):
                self._failing, self._losing = None, course
            else:
                self._failing = course

    def apply(self, run: Run, *, is_new: bool) -> None:
        """Apply the next ended run; one that is not new has been applied before, and only tells what follows which."""
        for course in filter(None, (self._failing, self._losing)):
            course.now = reopening.settled(course.now, run.sync_start_time, self._now) or course.now
        losing = self._losing
        if run.outcome is Outcome.GOOD:
            self._good(run, is_new=is_new)
        elif loses_as_usual(run, self._past, is_known=losing is not None and _goes_on(losing.now, run)):
            self._lose(run, is_new=is_new)
        else:
            if losing and losing.now.is_open:
                shown = losing.now.last_failed
                is_new |= shown is not None and shown.is_same_run(
                    run
                )  # the list did not tell that it lost more
                self._replace(losing, run)
            self._failing = self._fail(self._failing, run, is_new=is_new)
        self._past = [run, *self._past[: small_losses.PAST - 1]]

    def changed(self) -> list[Course]:
        """What has changed, in the order in which the incidents began."""
        return [course for course in self._courses if course.has_changed]

    # ------------------------------------------------------------------------------------- good runs

    def _good(self, run: Run, *, is_new: bool) -> None:
        if self._failing:
            self._recover(self._failing, run, is_new=is_new)
        if self._losing and small_losses.shows_no_loss(run):
            self._recover(self._losing, run, is_new=is_new, waits=True)

    def _recover(self, course: Course, run: Run, *, is_new: bool, waits: bool = False) -> None:
        incident = course.now
        is_failing = incident.is_open and not incident.is_recovering
        if is_failing and run.sync_start_time >= incident.failing_since:
            hold = hold_after(incident.last_failed, [run, *self._past])
            over = reopening.ended(incident, run.sync_start_time, run, hold=hold, now=self._now, waits=waits)
            course.now = replace(over, quiet=False)
            course.ended_by_new_run, course.restarted = is_new, True

    # ------------------------------------------------------------------------------------- failed runs

    def _lose(self, run: Run, *, is_new: bool) -> None:
        """A run that lost as little as usual: good enough to end another failure, where it is known to be usual."""
        failing, losing = self._failing, self._losing
        is_known = losing is not None and _goes_on(losing.now, run)
        if failing and is_known and failing.now.is_open:
            self._recover(failing, run, is_new=is_new)
            return
        if failing and not is_known and (failing.now.is_open or _is_same_little(failing.now, run)):
            # What began like any failure has turned out to be usual: the same incident goes on under this name.
            self._failing, self._losing = None, failing
        elif not is_known:
            self._failing = None
        self._losing = self._fail(self._losing, run, is_new=is_new, reason=ALWAYS_LOSES)

    def _fail(
        self, course: Course | None, run: Run, *, is_new: bool, reason: str | None = None
    ) -> Course | None:
        at = run.sync_start_time
        new = opened(self._watched, Kind.SYNC_FAILED, since=at, now=self._now, shown=run, reason=reason)
        new = replace(new, failed_runs=int(is_new), failed_in_a_row=1)
        if course is None:
            return self._begin(new, run) if is_new else None
        incident = course.now
        good_since, good = incident.recovered_since, incident.resolved_by
        if good_since is None and incident.is_open:
            course.now = _counted(course, run, is_new=is_new, reason=reason)
        elif good_since and good and good.is_same_run(run):
            # The list said that it was good: it never was.
            course.now = replace(reopening.reopened(incident, new), reopened=incident.reopened)
        elif good_since and at < good_since:
            course.now = _counted(course, run, is_new=is_new, reason=incident.reason)
        elif reopening.reopens(incident, at):
            is_first_seen = is_new or course.ended_by_new_run
            again = reopening.reopened(incident, new)
            course.now = again if is_first_seen else replace(again, reopened=incident.reopened)
            course.after_good = True
        elif is_new:
            longest = small_losses.LONGEST if is_little(run) else reopening.LONGEST
            return self._begin(reopening.begun(new, incident, at, longest=longest), run)
        if is_new:
            course.failures.append(run)
        return course

    def _replace(self, course: Course, run: Run) -> None:
        """A run failed otherwise: the loss that is usual gives way to that, and goes on when that is over."""
        incident = course.now
        since = incident.recovered_since or run.sync_start_time
        hold = hold_after(incident.last_failed, self._past)
        course.now = resolved(
            reopening.ended(incident, since, None, hold=hold, now=self._now, waits=True), self._now
        )

    def _begin(self, new: Incident, run: Run) -> Course:
        course = Course(before=None, now=new, failures=[run])
        self._courses.append(course)
        return course


def _counted(course: Course, run: Run, *, is_new: bool, reason: str | None) -> Incident:
    """The incident with one more of its failures, which may have been found late."""
    incident = course.now
    counts = is_new or course.restarted
    since = incident.failing_since
    return replace(
        incident,
        failed_runs=incident.failed_runs + int(is_new),
        failed_in_a_row=incident.failed_in_a_row + int(counts),
        failing_since=since if course.restarted else min(since, run.sync_start_time),
        last_failed=max((each for each in (incident.last_failed, run) if each), key=_start),
        reason=reason,
        quiet=incident.quiet and not is_new,
    )


def _goes_on(losing: Incident, run: Run) -> bool:
    """Whether the loss that is usual is not over for good."""
    return losing.is_open or reopening.reopens(losing, run.sync_start_time)


def _is_same_little(over: Incident, run: Run) -> bool:
    """Whether a run goes on with an incident that is over, and lost a little too."""
    return reopening.reopens(over, run.sync_start_time) and is_little(over.last_failed)


def _start(run: Run) -> datetime:
    return run.sync_start_time
