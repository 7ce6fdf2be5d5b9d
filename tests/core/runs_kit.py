"""Runs, watched integrations and incidents for the tests of the core, with times counted in minutes from noon."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from cdi_bot.core.model.integration import Integration, WatchedIntegration
from cdi_bot.core.model.run import Run

NOON = datetime(2026, 3, 25, 12, 0, tzinfo=UTC)


def at(minutes: float) -> datetime:
    """A time, so many minutes after noon."""
    return NOON + timedelta(minutes=minutes)


def run(start: float, status: str = "success", *, micro: int = 183728, **more: Any) -> Run:
    """A run that the status call tells of; ended ones took half a minute."""
    began = at(start) + timedelta(microseconds=micro)
    ended = None if status == "running" else began + timedelta(seconds=30)
    return Run(
        integration_id="users", sync_start_time=began, job_status=status, sync_finish_time=ended, **more
    )


def listed(start: float, status: str) -> Run:
    """The same run as the list tells it: whole seconds, no rows, no end."""
    return Run(integration_id="users", sync_start_time=at(start), job_status=status, provisional=True)


def integration(name: str = "Users", integration_id: str = "users") -> Integration:
    """An integration."""
    return Integration(workspace_id=1, integration_id=integration_id, integration_name=name)


def unwatched() -> WatchedIntegration:
    """One that nobody is subscribed to, seen at noon."""
    return WatchedIntegration(integration=integration(), listed_at=NOON)


def watched(baseline: float | None = 0) -> WatchedIntegration:
    """One watched since noon, whose newest run began so many minutes after noon."""
    start = None if baseline is None else at(baseline) + timedelta(microseconds=183728)
    return replace(unwatched(), watched_since=NOON, baseline_taken=True, baseline_start=start)
