"""What Braze's list tells of an integration: whether runs are planned, and where its page in the dashboard is."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cdi_bot.core.model.integration import Workspace, dashboard_page
from tests.core.runs_kit import integration

GROUP = "64f0c0ffee0123456789abcd"
ID = "0b1c2d3e-4f50-6172-8394-a5b6c7d8e9f0"
HOST = "https://dashboard-03.braze.com"
FOLDER = f"{HOST}/integrations/cloud_data_ingestion"
PATTERN = "https://{dashboard}/cdi/{app_group_id}/{integration_id}"


@pytest.mark.parametrize(
    ("dashboard", "pattern", "group", "page"),
    [
        (HOST, None, GROUP, f"{FOLDER}/{GROUP}?locale=en&main-tab=edit-sync--{ID}"),
        (HOST, None, None, f"{FOLDER}/{ID}"),
        (None, None, GROUP, "https://dashboard.braze.com"),
        (None, None, None, "https://dashboard.braze.com"),
        (HOST, PATTERN, GROUP, f"https://dashboard-03.braze.com/cdi/{GROUP}/{ID}"),
        (HOST, "{dashboard}/cdi/{integration_id}", None, f"https://dashboard-03.braze.com/cdi/{ID}"),
        (None, PATTERN, GROUP, f"https://dashboard.braze.com/cdi/{GROUP}/{ID}"),
        (HOST, PATTERN, None, f"{FOLDER}/{ID}"),
        (
            "http://127.0.0.1:8000",
            None,
            None,
            f"http://127.0.0.1:8000/integrations/cloud_data_ingestion/{ID}",
        ),
    ],
)
def test_the_page_is_where_the_dashboard_has_it(
    dashboard: str | None, pattern: str | None, group: str | None, page: str
) -> None:
    """Below the workspace's group where the list told it; elsewhere as Braze's reference says, or the operator."""
    workspace = Workspace(workspace_id=1, name="a", base_url="", dashboard_url=dashboard)
    assert dashboard_page(workspace, ID, group, pattern) == page


def test_what_stands_in_an_address_can_not_end_it() -> None:
    """Ids are escaped."""
    workspace = Workspace(workspace_id=1, name="a", base_url="", dashboard_url=HOST)
    page = dashboard_page(workspace, "a/b?c", "d&e", None)
    assert page == f"{FOLDER}/d%26e?locale=en&main-tab=edit-sync--a%2Fb%3Fc"


@pytest.mark.parametrize(
    "status", ["Paused", "paused_by_braze", "DRAFT", "Inactive", "deactivated", "disabled", "stopped"]
)
def test_nothing_runs_of_itself_in_these_states(status: str) -> None:
    """Braze's dashboard has drafts, and paused integrations that do not resume by themselves."""
    assert replace(integration(), integration_status=status).is_inactive


@pytest.mark.parametrize("status", ["ACTIVE", "active", "", None, "a new word"])
def test_a_state_that_says_nothing_else_is_active(status: str | None) -> None:
    """Braze documents no values: a word that it has not used before keeps nothing from being told."""
    assert not replace(integration(), integration_status=status).is_inactive
