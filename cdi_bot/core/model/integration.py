"""Integrations and their workspace: what Braze tells of them, and what the bot remembers of watching them."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from urllib.parse import quote

from cdi_bot.core.model.aware_times import refuse_naive


@lru_cache(maxsize=50_000)  # names and ids of ten thousand integrations, looked at again and again, with room
def normalize_name(text: str) -> str:
    """Spell a name so that all its spellings become one: `Ｕｓｅｒｓ　EU` and `users eu` are the same."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
    return " ".join(text.casefold().split())


@dataclass(frozen=True, slots=True, kw_only=True)
class Integration:
    """One configured CDI sync as Braze's list tells it; known by its id, whatever its name.

    Without the list permission only `integration_id` is known and `integration_name` repeats it.
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
        """Refuse naive times."""
        refuse_naive(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchedIntegration:
    """An integration with what the bot remembers of watching it.

    `watched_since` is when somebody first subscribed to it. Runs that began before `baseline_start` are history,
    not news; while it is `None` the baseline has not been taken (or no run existed when it was).
    `baseline_taken` tells these two apart. `status_asked_at` and `listed_at` are the last good answers of the two
    calls; `missing_since` is when Braze stopped listing or knowing it; `trouble` is the reason code of the last
    status call that failed for this integration alone.
    """

    integration: Integration
    watched_since: datetime | None = None
    baseline_taken: bool = False
    baseline_start: datetime | None = None
    listed_at: datetime | None = None
    status_asked_at: datetime | None = None
    missing_since: datetime | None = None
    trouble: str | None = None

    @property
    def observed_at(self) -> datetime | None:
        """When either call last told of it."""
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
