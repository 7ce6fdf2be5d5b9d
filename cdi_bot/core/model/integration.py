"""Integrations and their Braze workspace: what Braze says about them, and what the bot knows from watching them."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from urllib.parse import quote

from cdi_bot.core.model import refuse_naive


@lru_cache(maxsize=50_000)  # enough for names and ids of ten thousand integrations, which are compared often
def normalize_name(text: str) -> str:
    """Return a form of a name that is the same for all spellings of it, such as `Ｕｓｅｒｓ　EU` and `users eu`."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
    return " ".join(text.casefold().split())


@dataclass(frozen=True, slots=True, kw_only=True)
class Integration:
    """One configured CDI sync as Braze's list shows it, identified by its id: its name may change.

    Without the permission to list, only `integration_id` is known, and `integration_name` is the same.
    """

    workspace_id: int
    integration_id: str
    integration_name: str
    integration_type: str | None = None
    integration_status: str | None = None
    warehouse_type: str | None = None
    last_updated_at: datetime | None = None
    last_job_start_time: datetime | None = None
    last_job_status: str | None = None
    next_scheduled_run: datetime | None = None

    def __post_init__(self) -> None:
        refuse_naive(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchedIntegration:
    """An integration with what the bot knows from watching it.

    `watched_since` is when somebody first subscribed to it. The baseline is taken then: runs that began before
    `baseline_start` are history, for which no alert is sent. That time is `None` until `baseline_taken`, and also
    where there was no run. `status_asked_at` and `listed_at` are when the two calls last succeeded for it.
    `missing_since` is when Braze stopped listing or knowing it. `trouble` is the reason code of the last status call
    if that failed for this integration alone. `expected_start` is the planned start that Braze's list named when it
    last changed, or an earlier one for which no run had begun by then. `watched_since` goes by Braze's clock.
    """

    integration: Integration
    watched_since: datetime | None = None
    baseline_taken: bool = False
    baseline_start: datetime | None = None
    listed_at: datetime | None = None
    status_asked_at: datetime | None = None
    missing_since: datetime | None = None
    trouble: str | None = None
    expected_start: datetime | None = None

    @property
    def observed_at(self) -> datetime | None:
        """When either call last succeeded for it; `None` if neither has."""
        times = [time for time in (self.listed_at, self.status_asked_at) if time]
        return max(times, default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Workspace:
    """One Braze workspace: a REST endpoint and a key, to which the rate limits belong."""

    workspace_id: int
    base_url: str
    dashboard_url: str | None


def dashboard_page(workspace: Workspace, integration_id: str) -> str | None:
    """An integration's page in the Braze dashboard, where the dashboard's address is known."""
    if workspace.dashboard_url is None:
        return None
    return f"{workspace.dashboard_url}/integrations/cloud_data_ingestion/{quote(integration_id, safe='')}"
