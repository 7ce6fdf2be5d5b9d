"""Integrations and their Braze workspace: what Braze says about them, and what the bot knows from watching them."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import quote

from cdi_bot.core.model import refuse_naive
from cdi_bot.core.model.emoji import with_emoji


@lru_cache(maxsize=50_000)  # enough for names and ids of ten thousand integrations, which are compared often
def normalize_name(text: str) -> str:
    """Return a form of a name that is the same for all spellings of it, such as `Ｕｓｅｒｓ　EU` and `users eu`."""
    text = with_emoji(text)
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
    return " ".join(text.casefold().split())


def same_name(one: str, other: str) -> bool:
    """Whether two spellings are of one name."""
    return normalize_name(one) == normalize_name(other)


_INACTIVE = ("archiv", "deactivat", "delet", "disabled", "draft", "inactive", "paus", "stop", "suspend")
"""What values of `integration_status` contain with which nothing runs of itself. Braze does not document the values."""


@lru_cache(maxsize=1000)
def _is_inactive(status: str) -> bool:
    return any(word in status.lower() for word in _INACTIVE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Integration:
    """One configured CDI sync as Braze's list shows it, identified by its id: its name may change.

    Without the permission to list, only `integration_id` is known, and `integration_name` is the same. `app_group_id`
    is the workspace's group, which addresses in Braze's dashboard hold. `contact_emails` are separated by commas.
    `workspace_name` is set where there are several workspaces, so that whatever names the integration says which.
    """

    workspace_id: int
    integration_id: str
    integration_name: str
    integration_type: str | None = None
    integration_status: str | None = None
    warehouse_type: str | None = None
    app_group_id: str | None = None
    contact_emails: str | None = None
    last_updated_at: datetime | None = None
    last_job_start_time: datetime | None = None
    last_job_status: str | None = None
    next_scheduled_run: datetime | None = None
    workspace_name: str | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        refuse_naive(self)

    @property
    def key(self) -> tuple[int, str]:
        """What it is known by among the integrations of all workspaces."""
        return self.workspace_id, self.integration_id

    @property
    def alone(self) -> Integration:
        """The same without the workspace's name: for where it has been said of which one everything is."""
        return replace(self, workspace_name=None)

    @property
    def is_inactive(self) -> bool:
        """Whether nothing runs of itself until somebody resumes it in Braze; an unknown word says nothing like that."""
        return self.integration_status is not None and _is_inactive(self.integration_status)


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchedIntegration:
    """An integration with what the bot knows from watching it.

    `watched_since` is when somebody first subscribed to it. The baseline is taken then: runs that began before
    `baseline_start` are history, for which no alert is sent. That time is `None` until `baseline_taken`, and also
    where there was no run. `status_asked_at` and `listed_at` are when the two calls last succeeded for it, and
    `listed_since` is when the list named it first. `missing_since` is when Braze stopped listing or knowing it.
    `trouble` is the reason code of the last status call if that failed for this integration alone. `expected_start` is
    the planned start that Braze's list named when it last changed, or an earlier one for which no run had begun by
    then. `watched_since` goes by Braze's clock.
    """

    integration: Integration
    watched_since: datetime | None = None
    baseline_taken: bool = False
    baseline_start: datetime | None = None
    listed_at: datetime | None = None
    status_asked_at: datetime | None = None
    listed_since: datetime | None = None
    missing_since: datetime | None = None
    trouble: str | None = None
    expected_start: datetime | None = None

    @property
    def observed_at(self) -> datetime | None:
        """When either call last succeeded for it; `None` if neither has."""
        times = [time for time in (self.listed_at, self.status_asked_at) if time]
        return max(times, default=None)


class Named(NamedTuple):
    """As much of a known integration as says what matches it and where it stands in a list of thousands."""

    workspace_id: int
    integration_id: str
    integration_name: str
    missing: bool  # Braze no longer lists it

    @property
    def key(self) -> tuple[int, str]:
        """As that of the whole integration."""
        return self.workspace_id, self.integration_id


@dataclass(frozen=True, slots=True, kw_only=True)
class FilledPast:
    """How far an integration's past `before` its baseline has been filled from Braze: it has `reached` a run's start.

    `cursor` is Braze's for the next page, `None` for the first one.
    """

    integration_id: str
    before: datetime
    reached: datetime
    cursor: str | None = None
    is_over: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Workspace:
    """One Braze workspace: a REST endpoint and a key, to which the rate limits belong.

    `name` is what people call it, as `workspace_name` reads it. `dashboard_url` is `None` where the instance is not
    known. `visible_to` are the ids of the channels that may see it, with blanks between them; `None` for everyone.
    """

    workspace_id: int
    name: str
    base_url: str
    dashboard_url: str | None
    visible_to: str | None = None

    def is_visible_in(self, channel_id: str) -> bool:
        """Whether a channel may see it."""
        return self.visible_to is None or channel_id in self.visible_to.split()


_WORKSPACE_NAME = re.compile(r"\w[\w.-]{0,29}")

_CLUSTER = re.compile(r"https?://rest\.([a-z0-9-]+)\.braze\.(?:com|eu)", re.ASCII)


def workspace_name(text: str) -> str | None:
    """A workspace's name as it is kept and compared; `None` for what can't be one: people type it before a slash."""
    name = normalize_name(text)
    return name if _WORKSPACE_NAME.fullmatch(name) and name != "all" else None


def default_workspace_name(base_url: str) -> str:
    """What a workspace is called that nobody named: by its cluster, such as `iad-03`."""
    cluster = _CLUSTER.match(base_url.lower())
    return cluster[1] if cluster else "braze"


ANY_DASHBOARD = "https://dashboard.braze.com"
"""Leads everybody to the dashboard of their instance."""

_PAGE = "/integrations/cloud_data_ingestion/{integration_id}"
"""From Braze's reference."""

_PAGE_IN_GROUP = (
    "/integrations/cloud_data_ingestion/{app_group_id}?locale=en&main-tab=edit-sync--{integration_id}"
)
"""Copied from a real dashboard: issue 11075 of github.com/braze-inc/braze-docs."""


def dashboard_page(
    workspace: Workspace, integration_id: str | None, app_group_id: str | None, pattern: str | None
) -> str:
    """An integration's page in the Braze dashboard, as far as it is known where that is; without one, the dashboard.

    `pattern` is the operator's, with `{dashboard}` (a host), `{app_group_id}` and `{integration_id}`; `None` for
    Braze's own.
    """
    dashboard = workspace.dashboard_url or ANY_DASHBOARD
    if integration_id is None:
        return dashboard
    ids = {
        "integration_id": quote(integration_id, safe=""),
        "app_group_id": quote(app_group_id or "", safe=""),
    }
    if pattern and (app_group_id or "{app_group_id}" not in pattern):
        page = pattern.format(dashboard=dashboard.partition("://")[2], **ids)
        return page if "://" in page else f"https://{page}"
    if workspace.dashboard_url is None:
        return ANY_DASHBOARD
    return dashboard + (_PAGE_IN_GROUP if app_group_id else _PAGE).format_map(ids)
