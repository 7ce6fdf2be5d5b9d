"""Runs, incidents and views that the tests of messages share."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from cdi_bot.core.model.channel import Channel
from cdi_bot.core.model.incident import SPIKE, Expected, Incident, Kind, LateReason, Measured, QualityReason
from cdi_bot.core.model.integration import Integration
from cdi_bot.core.model.integration_settings import IntegrationSettings
from cdi_bot.core.model.run import Run
from cdi_bot.core.model.subscription import Snooze
from cdi_bot.delivery.views import IncidentView

NOW = datetime(2026, 3, 25, 12, 53, 35, 183728, tzinfo=UTC)
ALERTS = Channel(team_id="T0DEMO", channel_id="C0ALERTS01")
MARA, KENJI = "U0MARA0001", "U0KENJI001"
USERS = "0b1c2d3e-4f50-6172-8394-a5b6c7d8e9f0"
DASHBOARD = "https://dashboard-03.braze.com/integrations/cloud_data_ingestion/"


OWNED = IntegrationSettings(
    workspace_id=1,
    selector=USERS,
    owner=f"<@{KENJI}>",
    runbook="https://wiki.example.com/users",
    critical=True,
)
"""What is set for an integration that matters."""


def integration(
    integration_id: str = USERS, name: str = "Users attributes (Snowflake)", **more: Any
) -> Integration:
    """Return an integration as the list tells it."""
    return Integration(workspace_id=1, integration_id=integration_id, integration_name=name, **more)


def run(status: str = "error", *, ago: timedelta = timedelta(minutes=5), **more: Any) -> Run:
    """Return a run that began some time ago and took a minute and a half."""
    start = NOW - ago
    known: dict[str, Any] = {
        "integration_id": USERS,
        "sync_start_time": start,
        "sync_finish_time": start + timedelta(seconds=90),
        "last_timestamp_synced": start - timedelta(minutes=1),
        "rows_synced": 0,
        "rows_failed_with_errors": 0,
    }
    return Run(job_status=status, **known | more)


def failing(last: Run | None = None, **more: Any) -> Incident:
    """Return an open incident with one failed run."""
    last = last or run()
    known: dict[str, Any] = {
        "incident_id": 7,
        "workspace_id": 1,
        "integration_id": last.integration_id,
        "kind": Kind.SYNC_FAILED,
        "revision": 1,
        "opened_at": NOW,
        "failing_since": last.sync_start_time,
        "failed_runs": 1,
        "failed_in_a_row": 1,
        "last_failed": last,
    }
    return Incident(**known | more)


def recovered(incident: Incident | None = None, good: Run | None = None) -> Incident:
    """Return an incident that a good run has ended."""
    good = good or run("success", ago=timedelta(minutes=2), rows_synced=12_345)
    return replace(incident or failing(), resolved_by=good, resolved_at=NOW, failed_in_a_row=0, revision=2)


def recovering(incident: Incident | None = None) -> Incident:
    """Return an incident that has come back twice, and has been good again for half an hour."""
    good = run("success", ago=timedelta(minutes=30), rows_synced=12_345)
    return replace(
        incident or failing(failed_runs=5, failing_since=NOW - timedelta(hours=1)),
        opened_at=NOW - timedelta(hours=3),
        resolved_by=good,
        recovered_since=good.sync_start_time,
        hold_seconds=3 * 3600 + 1800,
        reopened=2,
        failed_in_a_row=0,
        revision=9,
    )


def back(incident: Incident | None = None) -> Incident:
    """Return an incident that has come back for the third time."""
    return replace(incident or failing(failed_runs=6), opened_at=NOW - timedelta(hours=3), reopened=3)


def always_losing(**more: Any) -> Incident:
    """Return the incident of a source that has lost a few rows in most of its runs for days."""
    last = run("partial", rows_synced=48_150, rows_failed_with_errors=50)
    known: dict[str, Any] = {"reason": "always_loses", "failed_runs": 40, "failed_in_a_row": 12}
    return failing(
        last, opened_at=NOW - timedelta(days=3), failing_since=NOW - timedelta(hours=12), **known | more
    )


def unreachable(**more: Any) -> Incident:
    """Return an incident of a workspace that can't be asked."""
    known: dict[str, Any] = {
        "incident_id": 9,
        "workspace_id": 1,
        "integration_id": None,
        "kind": Kind.UNREACHABLE,
        "revision": 1,
        "opened_at": NOW,
        "failing_since": NOW - timedelta(minutes=5),
        "reason": "unreachable",
    }
    return Incident(**known | more)


def late(**more: Any) -> Incident:
    """Return an incident of an integration whose planned run has not begun."""
    known: dict[str, Any] = {
        "incident_id": 8,
        "workspace_id": 1,
        "integration_id": USERS,
        "kind": Kind.LATE,
        "revision": 1,
        "opened_at": NOW,
        "failing_since": NOW - timedelta(minutes=10),
    }
    return Incident(**known | more)


def slow(**more: Any) -> Incident:
    """Return an incident of a run that has been going on for two hours."""
    running = run(
        "running", ago=timedelta(hours=2), sync_finish_time=None, last_timestamp_synced=None, rows_synced=None
    )
    known: dict[str, Any] = {
        "kind": Kind.SLOW,
        "failing_since": running.sync_start_time,
        "last_failed": running,
    }
    return late(**known | more)


def ended(incident: Incident | None = None, status: str = "success") -> Incident:
    """Return an incident of a slow run that has ended."""
    incident = incident or slow()
    known = run(status, ago=timedelta(hours=2), sync_finish_time=NOW, rows_synced=12_345)
    opened_at = NOW - timedelta(hours=1)
    return replace(
        incident, opened_at=opened_at, resolved_at=NOW, resolved_by=known, last_failed=known, revision=2
    )


HOUR, DAY = 3600.0, 86_400.0
MEASURED = {
    QualityReason.WATERMARK_AHEAD: Measured(magnitude=365 * DAY, observed=365 * DAY, usual=0),
    QualityReason.WATERMARK_LAG: Measured(magnitude=9.3, observed=28 * HOUR, usual=3 * HOUR),
    QualityReason.NO_ROWS: Measured(magnitude=3.2, observed=2 * DAY, usual=15 * HOUR),
    QualityReason.ROWS_LOW: Measured(magnitude=7.2, observed=1_240, usual=8_900),
    QualityReason.ROWS_HIGH: Measured(magnitude=2.1, observed=96_400, usual=46_000),
    QualityReason.RESYNC: Measured(magnitude=3, observed=412_000, usual=1_900),
    QualityReason.HOLLOW: Measured(magnitude=6, observed=6, usual=1),
    QualityReason.FAILED_SHARE: Measured(magnitude=9, observed=0.027, usual=0.003),
    QualityReason.BACKLOG: Measured(magnitude=12, observed=800, usual=9_600),
}
"""Of each reason what was observed, and what is usual."""


def dubious(flaw: QualityReason = QualityReason.WATERMARK_AHEAD, **more: Any) -> Incident:
    """Return an incident of an integration whose runs succeed and look wrong."""
    shown = run("success", last_timestamp_synced=NOW + timedelta(days=365), rows_synced=12)
    if flaw is QualityReason.NO_ROWS:
        shown = run("success", last_timestamp_synced=NOW - timedelta(days=3))
    since = shown.sync_start_time if flaw is QualityReason.WATERMARK_AHEAD else NOW - timedelta(days=2)
    known: dict[str, Any] = {
        "kind": Kind.QUALITY,
        "reason": flaw.value,
        "last_failed": shown,
        "failing_since": since,
        "measured": MEASURED[flaw],
    }
    return late(**known | more)


def slow_runs(**more: Any) -> Incident:
    """Return an incident of several runs in a row that took longer than any before."""
    measured = Measured(magnitude=1500.0, observed=1500.0, usual=420.0)
    newest = run(
        "success", ago=timedelta(minutes=30), sync_finish_time=NOW - timedelta(minutes=5), rows_synced=12_345
    )
    return slow(
        **{"last_failed": newest, "failing_since": newest.sync_start_time, "measured": measured} | more
    )


def irregular(**more: Any) -> Incident:
    """Return an incident of an integration that has no schedule, and whose runs do not come as they used to."""
    measured = Measured(magnitude=4.6, observed=5 * HOUR, usual=65 * 60.0)
    return late(**{"reason": LateReason.RHYTHM.value, "measured": measured} | more)


def word(incident: Incident | None = None, *, taken_back: bool = False, **more: Any) -> Expected:
    """Return what somebody said of an incident, or of a spike."""
    known: dict[str, Any] = {
        "channel": ALERTS,
        "workspace_id": 1,
        "integration_id": USERS,
        "reason": (incident.reason if incident else None) or SPIKE,
        "seen_at": incident.opened_at if incident else NOW,
        "magnitude": 2.0,
        "by": MARA,
        "at": NOW,
        "taken_back_by": KENJI if taken_back else None,
        "taken_back_at": NOW + timedelta(hours=1) if taken_back else None,
    }
    return Expected(**known | more)


def stale(limit: str = "36h", hours: float | None = 41, *, mark: bool = True, **more: Any) -> Incident:
    """Return an incident of an integration whose newest data was so many hours old when that was told."""
    old = None if hours is None else NOW - timedelta(hours=hours)
    shown = old and run(
        "success",
        ago=NOW - old,
        sync_finish_time=old + timedelta(seconds=30),
        last_timestamp_synced=old if mark else None,
        rows_synced=12,
    )
    known: dict[str, Any] = {
        "kind": Kind.STALE,
        "reason": limit,
        "last_failed": shown,
        "measured": hours and Measured(magnitude=1.1, observed=hours * 3600, usual=36 * 3600),
        "failing_since": NOW - timedelta(hours=5),
    }
    return late(**known | more)


def fresh_again(incident: Incident) -> Incident:
    """Return the same after a run that brought something new."""
    came = run("success", last_timestamp_synced=NOW - timedelta(minutes=12), rows_synced=500)
    return replace(incident, resolved_at=NOW, resolved_by=came, revision=2)


def begun(incident: Incident | None = None) -> Incident:
    """Return an incident of lateness that a run has ended."""
    began = run("running", ago=timedelta(0), sync_finish_time=None, rows_synced=None)
    return replace(incident or late(), resolved_at=NOW, resolved_by=began, revision=2)


def incident_view(incident: Incident, of: Integration | None = None, **more: Any) -> IncidentView:
    """Return what a card knows of an incident."""
    if incident.kind is Kind.UNREACHABLE:
        return IncidentView(incident=incident, integration=None, dashboard_url=None, **more)
    of = of or integration(incident.integration_id or USERS)
    known: dict[str, Any] = {"dashboard_url": DASHBOARD + of.integration_id}
    return IncidentView(incident=incident, integration=of, **known | more)


def snooze(until: datetime | None = NOW + timedelta(hours=4), reason: str | None = None) -> Snooze:
    """Return a mute of the integration."""
    return Snooze(
        channel=ALERTS,
        workspace_id=1,
        selector=USERS,
        begins=NOW,
        until=until,
        by=MARA,
        at=NOW,
        reason=reason,
    )
