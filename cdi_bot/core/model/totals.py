"""What a period brought, added up: to one integration's runs, to an integration, to all of a channel."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from cdi_bot.core.model.integration import Integration


@dataclass(frozen=True, slots=True, kw_only=True)
class RunTotals:
    """The runs of one integration that began within a period and have ended."""

    runs: int = 0
    failed: int = 0  # ended other than in success
    rows_synced: int = 0
    rows_failed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class IntegrationTotals:
    """What a period brought to one integration; `unhealthy_for` is how long it was in some incident."""

    integration: Integration
    sums: RunTotals
    unhealthy_for: timedelta
    is_open: bool  # it was unhealthy when the period ended


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodTotals:
    """What a period brought to all integrations of a channel; `unhealthy_for` adds up their times."""

    runs: int
    failed: int
    rows_synced: int
    rows_failed: int
    unhealthy_for: timedelta

    @property
    def is_empty(self) -> bool:
        """Whether nothing is known of the period."""
        return not self.runs and not self.unhealthy_for
