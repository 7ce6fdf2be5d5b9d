"""Runs that succeed and yet look wrong: the incident of what `core/expectations` finds, when it opens and ends."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from cdi_bot.core.expectations.flaws import Flaw
from cdi_bot.core.expectations.history import DAY
from cdi_bot.core.expectations.judge import may_be_over, quality_flaws
from cdi_bot.core.expectations.watermark import is_right
from cdi_bot.core.model.incident import Incident, Kind, QualityReason, Topic, opened, resolved
from cdi_bot.core.model.run import Run
from cdi_bot.core.rules.kind_rules import IntegrationFacts, KindRules, asked_for, nothing_failed

_MUCH_WORSE = 1.25
"""By so much the magnitude has to grow until the card says so."""


class QualityRule:
    """Looks at each run that ended well, and each hour at what should have come by then."""

    def __init__(self, _grace: timedelta) -> None:
        self._judged: dict[str, tuple[object, ...]] = {}

    def judge(self, facts: IntegrationFacts, incident: Incident | None, now: datetime) -> Incident | None:
        """Judge by the newest run that ended well, and by what is known of the past."""
        newest = facts.newest_synced
        watched, seen_at = facts.watched, facts.watched.observed_at
        if newest is None or seen_at is None or watched.watched_since is None or watched.missing_since:
            return None
        if _end(newest) < watched.watched_since:
            return None  # history, not news: the next run will show it too
        key = newest.integration_id
        new = newest.sync_start_time, seen_at.timestamp() // 3600, facts.past is None, facts.accepted
        if self._judged.get(key) == (new, incident and incident.incident_id):
            return None
        flaws = quality_flaws(facts.past, newest, seen_at, facts.accepted)
        after = (
            _open_first(flaws, newest, facts, now)
            if incident is None
            else _go_on(flaws, newest, incident, facts, now)
        )
        if after is None:
            self._judged[key] = new, incident and incident.incident_id
        return after


def _end(run: Run) -> datetime:
    return run.sync_finish_time or run.sync_start_time


def _open_first(flaws: list[Flaw], newest: Run, facts: IntegrationFacts, now: datetime) -> Incident | None:
    if not flaws:
        return None
    first = flaws[0]
    found = opened(facts.watched, Kind.QUALITY, since=first.since, now=now, shown=newest, reason=first.reason)
    return replace(found, measured=first.measured)


def _go_on(
    flaws: list[Flaw], newest: Run, incident: Incident, facts: IntegrationFacts, now: datetime
) -> Incident | None:
    """The incident with its present numbers, or resolved; `None` while it is as it was, or nobody can tell.

    No run resolves it where it only lasted for so long that it was learned from, and counts as usual.
    """
    same = next((each for each in flaws if each.reason == incident.reason), None)
    if same is not None:
        told = incident.measured.magnitude if incident.measured else 0.0
        if same.measured.magnitude <= told * _MUCH_WORSE:
            return None
        return replace(incident, revision=incident.revision + 1, measured=same.measured, last_failed=newest)
    if facts.past is None or facts.past.expected is None:
        # Of all flaws only this one is seen without knowing the past, and so is its end.
        is_over = incident.reason == QualityReason.WATERMARK_AHEAD and is_right(newest)
        return resolved(incident, now, newest) if is_over else None
    is_usual_by_now = facts.past.until > incident.opened_at.timestamp() // DAY
    seen_at = facts.watched.observed_at or now
    if not (
        is_usual_by_now
        or incident.reason in facts.accepted
        or may_be_over(incident.reason, facts.past, seen_at)
    ):
        return None
    return resolved(incident, now, None if is_usual_by_now else newest)


QUALITY = KindRules(
    kind=Kind.QUALITY, passes=asked_for(Topic.QUALITY), severity=nothing_failed, rule=QualityRule
)
