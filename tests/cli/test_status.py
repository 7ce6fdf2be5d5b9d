"""`cdi-bot status`: what stands in the terminal for each answer."""

import io
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from rich.console import Console

from cdi_bot.cli.status import json_of, print_answer
from cdi_bot.core.model.incident import Incident, Kind
from cdi_bot.core.model.integration import Integration
from cdi_bot.core.model.run import Run
from cdi_bot.core.statistics import Usual
from cdi_bot.monitoring.braze_port import BrazeReason
from cdi_bot.slack.render.kit.i18n import Translator
from cdi_bot.usecases.answers import Answer, BrazeRefused, NoMatch, NothingOpen, SeveralMatches
from cdi_bot.usecases.query_answers import Overview, OverviewRow, RunHistory

NOW = datetime(2026, 3, 25, 12, 0, tzinfo=UTC)
USERS = Integration(workspace_id=1, integration_id="users-1", integration_name="Users [bold]attributes")
RUN = Run(
    integration_id="users-1",
    sync_start_time=NOW - timedelta(minutes=10),
    sync_finish_time=NOW - timedelta(minutes=8),
    job_status="partial",
    rows_synced=9_000,
    rows_failed_with_errors=1_000,
)
RUNNING = Run(integration_id="users-1", sync_start_time=NOW - timedelta(minutes=1), job_status="running")
INCIDENT = Incident(
    incident_id=1,
    workspace_id=1,
    integration_id="users-1",
    kind=Kind.SYNC_FAILED,
    revision=1,
    opened_at=NOW,
    failing_since=NOW - timedelta(hours=1),
)
HISTORY = RunHistory(
    integration=USERS,
    runs=(RUNNING, RUN),
    offset=0,
    has_older=True,
    good=27,
    ended=30,
    good_week=8,
    ended_week=9,
    recent=(RUN, RUN),
    usual=Usual(duration=timedelta(minutes=1), rows=12_345),
    next_run=NOW + timedelta(hours=1),
    incident=INCIDENT,
    snooze=None,
    observed_at=NOW - timedelta(seconds=42),
    dashboard_url="https://dashboard-03.braze.com/integrations/cloud_data_ingestion/users-1",
    subscribed=False,
    missing=True,
    trouble=BrazeReason.TIMEOUT,
)
BARE = RunHistory(
    integration=USERS,
    runs=(),
    offset=0,
    has_older=False,
    good=0,
    ended=0,
    good_week=0,
    ended_week=0,
    recent=(),
    usual=Usual(duration=None, rows=None),
    next_run=None,
    incident=None,
    snooze=None,
    observed_at=None,
    dashboard_url=None,
    subscribed=False,
    missing=False,
    trouble=None,
)


def printed(answer: Answer | Overview) -> tuple[bool, str]:
    """Whether the answer is a history, and what is printed for it."""
    console = Console(file=io.StringIO(), width=150, color_system=None)
    shown = print_answer(answer, console, i18n=Translator(), now=NOW)
    assert isinstance(console.file, io.StringIO)
    return shown, console.file.getvalue()


def test_a_history_is_a_table() -> None:
    """The newest runs stand in rows, above them what is known of the integration; names are no markup."""
    shown, text = printed(HISTORY)
    assert shown
    for part in (
        "Users [bold]attributes",
        "Integration ID: users-1",
        "no longer lists",
        "Unhealthy since",
        "Succeeded: 88.9% of 9 runs in 7 days, 90% of 30 runs in 30 days",
        "Usual run: 12,345 rows, 1 min",
        "Next run: 20",
        "××  Bars: rows of each run",
        "Last known state: ",
        "Observed 42 s ago",
        "https://dashboard-03.braze.com/",
        "Partial",
        "2 min",
        "9,000",
        "1,000 (10% of all)",
        "Running",
        "Older runs",
    ):
        assert part in text


def test_an_incident_that_is_recovering_is_no_trouble_now() -> None:
    """It says since when all is good."""
    assert HISTORY.incident is not None
    recovering = replace(HISTORY.incident, recovered_since=NOW)
    _, text = printed(replace(HISTORY, incident=recovering))
    assert "Recovering since" in text
    assert "Unhealthy since" not in text


def test_a_history_says_no_more_than_is_known() -> None:
    """An integration that nothing is known of is its name, its id, dashes, and an empty table."""
    shown, text = printed(BARE)
    assert shown
    assert [" ".join(line.split()) for line in text.splitlines() if line.strip()] == [
        "Users [bold]attributes",
        "Next run: –",
        "Usual run: –",
        "Succeeded: – in 7 days, – in 30 days",
        "Newest UPDATED_AT synced: –",
        "Integration ID: users-1",
        "Started Took Status Rows synced Rows failed",
    ]


def test_that_braze_is_unreachable_is_printed_first() -> None:
    """Since when and why, before the last known state of one integration or of all."""
    for answer in (replace(HISTORY, unreachable=OVERVIEW.unreachable[0]), OVERVIEW):
        _, text = printed(answer)
        assert text.startswith("Can't reach Braze since ")
        assert "last known state" in text.splitlines()[0]


@pytest.mark.parametrize(
    ("answer", "parts"),
    [
        (
            SeveralMatches(query="users", candidates=(USERS,), total=3),
            ["3 integrations match “users”", "users-1"],
        ),
        (
            NoMatch(query="user", nearest=(USERS,), list_known=True),
            ["No integration matches “user”", "users-1"],
        ),
        (NoMatch(query="user", nearest=(), list_known=False), ["cdi.integration_list"]),
        (BrazeRefused(reason=BrazeReason.UNREACHABLE, query=None), ["no connection to Braze"]),
        (NothingOpen(integration=USERS), ["Nothing to show"]),
    ],
)
def test_no_history_says_why(answer: Answer, parts: list[str]) -> None:
    """Where there is no one integration to show, the answer says why and what to type instead."""
    shown, text = printed(answer)
    assert not shown
    for part in parts:
        assert part in text


OVERVIEW = Overview(
    rows=(
        OverviewRow(
            integration=USERS, newest=RUN, incident=INCIDENT, snooze=None, observed_at=NOW, missing=False
        ),
    ),
    offset=0,
    listed=1,
    total=1,
    failing=1,
    unhealthy=1,
    unreachable=(
        Incident(
            incident_id=2,
            workspace_id=1,
            integration_id=None,
            kind=Kind.UNREACHABLE,
            revision=1,
            opened_at=NOW,
            failing_since=NOW,
        ),
    ),
)


def test_the_overview_is_a_table() -> None:
    """One row an integration, above them what is worst; that Braze can't be reached comes first."""
    shown, text = printed(OVERVIEW)
    assert shown
    first, _, _, row = text.splitlines()
    assert first.startswith("Can't reach Braze since 2026-03-25")
    for part in ("Users [bold]attributes", "Failing", "9,000", "1,000"):
        assert part in row


def test_nothing_subscribed_says_how_to_begin() -> None:
    """Without a subscription there is nothing to show, and the command that begins is named."""
    shown, text = printed(replace(OVERVIEW, rows=(), total=0, failing=0, unhealthy=0, unreachable=()))
    assert not shown
    assert "/cdi subscribe all" in text


def test_json_names_things_as_braze_does() -> None:
    """Runs have Braze's field names, times are UTC, what is unknown is null."""
    found, history = json_of(HISTORY, Translator())
    assert found
    assert history["integration_id"] == "users-1"
    assert history["runs"][1] == {
        "job_status": "partial",
        "sync_start_time": "2026-03-25T11:50:00Z",
        "sync_finish_time": "2026-03-25T11:52:00Z",
        "last_timestamp_synced": None,
        "rows_synced": 9_000,
        "rows_failed_with_errors": 1_000,
    }
    assert history["incident"]["since"] == "2026-03-25T11:00:00Z"
    found, overview = json_of(OVERVIEW, Translator())
    assert found
    assert overview["unreachable_since"] == "2026-03-25T12:00:00Z"
    assert [each["newest_run"]["job_status"] for each in overview["integrations"]] == ["partial"]
    found, nothing = json_of(NoMatch(query="user", nearest=(USERS,), list_known=True), Translator())
    assert not found
    assert nothing["error"] == "No integration matches “user”."
    assert [each["integration_id"] for each in nothing["nearest"]] == ["users-1"]
