"""What is measured of the bot's own work; `operator` decides how it is shown."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from cdi_bot.core.model.run import Outcome, key_of
from cdi_bot.core.rules.sync_failed import Finding
from cdi_bot.monitoring.braze_port import BrazeReason, Endpoint

_UNTIMED = 1000
"""Ends known from the list alone that are remembered until the status call tells when they were."""


class Measurements(Protocol):
    """Counts. No call fails or waits, and none names a single integration, channel or person."""

    def asked(self, endpoint: Endpoint, trouble: BrazeReason | None) -> None:
        """Count a request to Braze; `trouble` is why there was no good answer, `None` when there was one."""
        ...

    def detected(self, latency: timedelta) -> None:
        """Count the end of a run, first seen so long after it."""
        ...


class NoMeasurements:
    """Counts nothing, for where nobody looks at it, such as a single answer in the terminal."""

    def asked(self, endpoint: Endpoint, trouble: BrazeReason | None) -> None:
        """Count nothing."""

    def detected(self, latency: timedelta) -> None:
        """Count nothing."""


NO_MEASUREMENTS = NoMeasurements()


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
