"""When trouble that comes back is the same incident, and when its end is told: the same for every kind of incident.

The one rule: an incident is over for good when the good state has lasted for its hold. Trouble that begins again
sooner reopens it. A first recovery is told at once; an incident that has reopened is open, and recovering, until then.

The hold follows from the rhythm of the runs. An incident that begins soon after the one before waits twice as long as
that one did, so that trouble now and then all day long becomes one incident after a few.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import median

from cdi_bot.core.model.incident import Incident, resolved
from cdi_bot.core.model.run import Run

_LEAST = timedelta(hours=1)
_RUNS = 3.5
"""So many intervals between runs are a hold: the third run after the good one has ended by then."""

LONGEST = timedelta(days=1)
"""How long the hold may become because trouble keeps coming back."""

RUNS_NEEDED = 9
"""So many of the newest runs say how often runs come."""


def usual_interval(starts: Iterable[datetime]) -> timedelta | None:
    """The median time from one run's start to the next, of the newest ones; `None` where fewer than two are known."""
    newest = sorted(starts)[-RUNS_NEEDED:]
    gaps = [(later - sooner).total_seconds() for sooner, later in pairwise(newest)]
    return timedelta(seconds=median(gaps)) if gaps else None


def hold_for(interval: timedelta | None, *, least: timedelta = _LEAST, runs: float = _RUNS) -> timedelta:
    """How long a good state has to last where runs come so often; where that is unknown, an hour."""
    return max(least, runs * interval) if interval else least


def reopens(last: Incident, at: datetime) -> bool:
    """Whether trouble that begins at a time is the same as the last, which is over or recovering."""
    return last.settles_at is not None and at < last.settles_at


def begun(new: Incident, last: Incident | None, at: datetime, *, longest: timedelta = LONGEST) -> Incident:
    """The incident of trouble that began at a time: `new`, or the `last` one of its kind, open again.

    `last` is over or recovering. A new one that begins soon after the last was over for good is held for longer.
    """
    if last is None or last.settles_at is None:
        return new
    if reopens(last, at):
        return reopened(last, new)
    longest = max(longest, last.hold)
    if at - last.settles_at < longest:
        return replace(new, hold_seconds=int(min(2 * last.hold, longest).total_seconds()))
    return new


def reopened(last: Incident, new: Incident) -> Incident:
    """The last incident, open again because of what would have begun a new one."""
    return replace(
        last,
        revision=last.revision + 1,
        resolved_at=None,
        resolved_by=None,
        recovered_since=None,
        reopened=last.reopened + 1,
        failing_since=new.failing_since,
        failed_runs=last.failed_runs + new.failed_runs,
        failed_in_a_row=new.failed_in_a_row,
        last_failed=new.last_failed,
        reason=new.reason,
        measured=new.measured,
        quiet=False,
    )


def ended(
    incident: Incident,
    since: datetime,
    by: Run | None,
    *,
    hold: timedelta,
    now: datetime,
    waits: bool = False,
) -> Incident:
    """The incident when its trouble has ended: over, or recovering where it has reopened (or `waits`)."""
    seconds = max(incident.hold_seconds, int(hold.total_seconds()))
    good = replace(incident, resolved_by=by, recovered_since=since, hold_seconds=seconds, failed_in_a_row=0)
    if waits or incident.reopened:
        return replace(good, revision=incident.revision + 1)
    return resolved(good, now, by)


def settled(incident: Incident, seen: datetime | None, now: datetime) -> Incident | None:
    """The recovering incident, over, when the good state has held; `None` while it has not.

    Nothing is concluded from silence: Braze must have told of the integration (`seen`) since then.
    """
    if (
        not incident.is_recovering
        or incident.settles_at is None
        or seen is None
        or seen < incident.settles_at
    ):
        return None
    return resolved(incident, now, incident.resolved_by)


def followed(
    found: Incident, known: Sequence[Incident], *, interval: timedelta | None = None, now: datetime
) -> list[Incident]:
    """What becomes of what a rule has found by the clock: incidents to store, in order.

    `found` is a new incident, or a stored one that has changed or ended; `known` are the newest stored ones of its kind
    and of each reason, oldest first. Of these one is open at most, and trouble for another reason is another incident.
    """
    if found.incident_id:
        has_just_ended = not found.is_open and found.recovered_since is None
        return [_ended_now(found, interval, now) if has_just_ended else found]
    last = next((each for each in reversed(known) if each.reason == found.reason), None)
    closing = [
        resolved(each, now, each.resolved_by)
        for each in known
        if each.is_recovering and not (each is last and reopens(each, now))
    ]
    if any(each.is_open and not each.is_recovering for each in known):
        return []
    return [*closing, begun(found, last, now)]


def _ended_now(over: Incident, interval: timedelta | None, now: datetime) -> Incident:
    before = replace(over, revision=over.revision - 1, resolved_at=None, resolved_by=None)
    return ended(before, now, over.resolved_by, hold=hold_for(interval), now=now)
