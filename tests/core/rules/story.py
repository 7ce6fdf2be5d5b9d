"""An integration that remembers, for tests of what its runs make of its incidents."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from cdi_bot.core.model.incident import Incident
from cdi_bot.core.model.integration import WatchedIntegration
from cdi_bot.core.model.run import Run
from cdi_bot.core.rules.reopening import settled
from cdi_bot.core.rules.sync_failed import Finding, IncidentChange, judge_runs
from tests.core.runs_kit import at, watched

NOW = at(60)

TOLD = {
    IncidentChange.OPENED,
    IncidentChange.RECOVERED,
    IncidentChange.REOPENED,
    IncidentChange.FLAPPED,
}
"""What is told whatever was told before."""


class Story:
    """An integration with its memory: what was stored is known the next time."""

    def __init__(self, start: WatchedIntegration | None = None, known: Sequence[Run] = ()) -> None:
        self.watched = start or watched()
        self.known = {each.sync_start_time.replace(microsecond=0): each for each in known}
        self.stored: dict[int, Incident] = {}
        self.findings: list[Finding] = []

    def see(self, *seen: Run) -> Finding:
        """Judge and store as `monitoring.recorder` does."""
        finding = judge_runs(
            watched=self.watched,
            stored=list(self.known.values()),
            observed=seen,
            incidents=self.newest(),
            ended_by_list=[each for each in self.over if each.resolved_by and each.resolved_by.provisional],
            now=NOW,
        )
        self.watched = finding.watched
        self.known |= {each.sync_start_time.replace(microsecond=0): each for each in finding.runs}
        for each in (*finding.others, finding):
            if each.incident:
                self.store(each.incident)
        self.findings.append(finding)
        return finding

    def wait(self, until: datetime) -> bool:
        """Let time pass, as `monitoring.evaluator` does: a recovering incident may be over then."""
        over = settled(self.incident, until, until) if self.incident else None
        if over:
            self.store(over)
            self.findings.append(
                Finding(watched=self.watched, incident=over, change=IncidentChange.RECOVERED)
            )
        return over is not None

    @property
    def told(self) -> list[IncidentChange]:
        """What was told in a channel, in order."""
        each = [part for finding in self.findings for part in (*finding.others, finding)]
        return [part.change for part in each if part.change in TOLD or (part.change and part.untold)]

    @property
    def all(self) -> list[Incident]:
        """Every incident so far, as it is now, oldest first."""
        return sorted(self.stored.values(), key=lambda each: each.incident_id)

    @property
    def incident(self) -> Incident | None:
        """The open incident; there is never more than one."""
        found = [each for each in self.all if each.is_open]
        assert len(found) <= 1
        return found[0] if found else None

    @property
    def over(self) -> list[Incident]:
        """The incidents that are over."""
        return [each for each in self.all if not each.is_open]

    def newest(self) -> list[Incident]:
        """The newest incident of each reason, oldest first."""
        newest = {each.reason: each for each in self.all}
        return sorted(newest.values(), key=lambda each: each.incident_id)

    def store(self, incident: Incident) -> None:
        """Store a new or changed incident."""
        key = incident.incident_id or 7 + len(self.stored)
        self.stored[key] = replace(incident, incident_id=key)
