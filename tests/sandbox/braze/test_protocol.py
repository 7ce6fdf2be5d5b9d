"""The words of Braze's API: times, cursors, Link headers, rows and their oddities."""

from datetime import UTC, datetime

import pytest

from cdi_bot.sandbox.braze.integration import IntegrationConfig, ListFacts, Oddities
from cdi_bot.sandbox.braze.protocol import cursor_of, iso, link_header, list_row, offset_of, run_row
from cdi_bot.sandbox.braze.runs import Run
from tests.sandbox.braze_kit import NOON, after

_RUN = Run(
    status="partial",
    start=NOON,
    finish=after(5.25),
    rows_synced=7,
    rows_failed=2,
    last_timestamp_synced=after(-3),
)


def test_times_have_microseconds_and_z() -> None:
    """Times are written with microseconds and Z, also those on a full second."""
    assert iso(datetime(2026, 3, 25, 12, 53, 35, 183728, UTC)) == "2026-03-25T12:53:35.183728Z"
    assert iso(NOON) == "2026-03-25T12:00:00.000000Z"
    assert iso(None) is None


def test_cursors_are_those_documented() -> None:
    """The documented cursors stand for offsets 0 and 100."""
    assert cursor_of(0) == "c2tpcDow"
    assert cursor_of(100) == "c2tpcDoxMDA="
    assert offset_of("c2tpcDoxMDA=") == 100


@pytest.mark.parametrize("cursor", ["", "nonsense", "c2tpcDoxMDA", "c2tpcDotMQ==", "c2tpcDo=", "ä", "e30="])
def test_other_cursors_are_none(cursor: str) -> None:
    """What is not base64 of an offset is no cursor."""
    assert offset_of(cursor) is None


@pytest.mark.parametrize(
    ("cursor", "total", "link"),
    [
        (None, 10, None),
        (None, 11, '</n?cursor=c2tpcDoxMA==>; rel="next"'),
        ("c2tpcDow", 11, '</n?cursor=c2tpcDoxMA==>; rel="next"'),
        (cursor_of(10), 11, '</p?cursor=c2tpcDow>; rel="prev"'),
        (cursor_of(10), 25, '</p?cursor=c2tpcDow>; rel="prev",</n?cursor=c2tpcDoyMA==>; rel="next"'),
        (cursor_of(5), 25, '</p?cursor=c2tpcDow>; rel="prev",</n?cursor=c2tpcDoxNQ==>; rel="next"'),
        (cursor_of(900), 25, '</p?cursor=c2tpcDo4OTA=>; rel="prev"'),
        (cursor_of(10), 3, None),
    ],
)
def test_link_header(cursor: str | None, total: int, link: str | None) -> None:
    """There is no header at ten items, no prev without cursor, no next on the last page, no space after the comma."""
    assert link_header("/p", "/n", cursor=cursor, total=total, repeat=False) == link


def test_run_row() -> None:
    """A row has the documented fields, times as text and counts as integers."""
    assert run_row(_RUN, Oddities()) == {
        "job_status": "partial",
        "sync_start_time": "2026-03-25T12:00:00.000000Z",
        "sync_finish_time": "2026-03-25T12:00:05.250000Z",
        "last_timestamp_synced": "2026-03-25T11:59:57.000000Z",
        "rows_synced": 7,
        "rows_failed_with_errors": 2,
    }


def test_odd_values() -> None:
    """Times lose zone and fraction, counts become text, and a final status becomes another word, when asked."""
    row = run_row(_RUN, Oddities(naive_times=True, whole_seconds=True, text_counts=True, status="Odd"))
    assert row == {
        "job_status": "Odd",
        "sync_start_time": "2026-03-25T12:00:00",
        "sync_finish_time": "2026-03-25T12:00:05",
        "last_timestamp_synced": "2026-03-25T11:59:57",
        "rows_synced": "7",
        "rows_failed_with_errors": "2",
    }


def test_running_rows() -> None:
    """A running run has null for its end, and stays running whatever word is set."""
    run = Run(status="running", start=NOON)
    plain = run_row(run, Oddities(status="Odd"))
    assert plain["job_status"] == "running"
    assert plain["sync_finish_time"] is None


def _list_row(config: Oddities, status: str | None = "error") -> dict[str, object]:
    return list_row(
        IntegrationConfig(integration_id="abc123xyz", integration_name="Users", oddities=config),
        ListFacts(
            at=NOON,
            last_job_status=status,
            last_job_start_time=NOON if status else None,
            last_updated_at=after(-60),
        ),
        app_group_id="group",
    )


def test_list_row() -> None:
    """A row of the list has the documented fields, null where nothing ran or is scheduled."""
    assert _list_row(Oddities(), status=None) == {
        "integration_id": "abc123xyz",
        "app_group_id": "group",
        "integration_name": "Users",
        "integration_type": "users_attributes",
        "integration_status": "active",
        "contact_emails": "data-platform@northwind.example",
        "last_updated_at": "2026-03-25T11:59:00.000000Z",
        "warehouse_type": "snowflake",
        "last_job_start_time": None,
        "last_job_status": None,
        "next_scheduled_run": None,
    }


def test_odd_list_rows() -> None:
    """The list's rows are odd by the integration's oddities."""
    row = _list_row(Oddities(status="Odd", naive_times=True))
    assert row["last_job_status"] == "Odd"
    assert row["last_job_start_time"] == "2026-03-25T12:00:00.000000"


@pytest.mark.parametrize("status", ["running", None])
def test_odd_status_is_for_final_runs(status: str | None) -> None:
    """A word set for final statuses does not touch a running or missing one in the list."""
    assert _list_row(Oddities(status="Odd"), status)["last_job_status"] == status


def test_nulls_may_be_left_out() -> None:
    """What is not known yet can be missing in place of null: nobody documents which it is."""
    odd = Oddities(omit_nulls=True)
    assert run_row(Run(status="running", start=NOON), odd) == {
        "job_status": "running",
        "sync_start_time": "2026-03-25T12:00:00.000000Z",
        "rows_synced": 0,
        "rows_failed_with_errors": 0,
    }
    assert set(_list_row(Oddities(), status=None)) - set(_list_row(odd, status=None)) == {
        "last_job_start_time",
        "last_job_status",
        "next_scheduled_run",
    }
