"""Braze's responses, read leniently."""

import json
from datetime import UTC, datetime

import pytest

from cdi_bot.braze.payloads import (
    is_valid_integration_id,
    read_confirmation,
    read_list_page,
    read_status_page,
)
from cdi_bot.core.model.integration import Integration
from cdi_bot.core.model.run import Run
from cdi_bot.monitoring.braze_port import BrazeReason, BrazeTrouble, ListPage, StatusPage

NOW = datetime(2026, 3, 25, 13, tzinfo=UTC)
STARTED = datetime(2026, 3, 25, 12, 53, 35, 183728, tzinfo=UTC)
ROW: dict[str, object] = {
    "job_status": "success",
    "sync_start_time": "2026-03-25T12:53:35.183728Z",
    "sync_finish_time": "2026-03-25T12:54:00Z",
    "last_timestamp_synced": "2026-03-25T12:50:00Z",
    "rows_synced": 100,
    "rows_failed_with_errors": 0,
}
LISTED: dict[str, object] = {
    "integration_id": "abc123xyz",
    "app_group_id": "group",
    "integration_name": "Users",
    "integration_type": "users_attributes",
    "integration_status": "active",
    "contact_emails": "a@b.example",
    "last_updated_at": "2026-03-25T12:00:00Z",
    "warehouse_type": "snowflake",
    "last_job_start_time": "2026-03-25T12:53:35Z",
    "last_job_status": "Success",
    "next_scheduled_run": None,
}


def status_page(*rows: object, link: str = "", cursor: str | None = None) -> StatusPage:
    """Read a page of these rows."""
    return read_status_page(json.dumps({"results": rows}).encode(), "abc", now=NOW, link=link, cursor=cursor)


def list_page(*rows: object) -> ListPage:
    """Read a page of these integrations."""
    return read_list_page(json.dumps({"results": rows}).encode(), 7, now=NOW, link="", cursor=None)


def without(row: dict[str, object], *names: str) -> dict[str, object]:
    """The row without some fields."""
    return {name: value for name, value in row.items() if name not in names}


def test_a_documented_run_is_read_whole() -> None:
    """Every field arrives, in UTC, and nothing is reported."""
    page = status_page(ROW)
    assert page.unreadable == ()
    assert page.runs == (
        Run(
            integration_id="abc",
            sync_start_time=STARTED,
            job_status="success",
            sync_finish_time=datetime(2026, 3, 25, 12, 54, tzinfo=UTC),
            last_timestamp_synced=datetime(2026, 3, 25, 12, 50, tzinfo=UTC),
            rows_synced=100,
            rows_failed_with_errors=0,
        ),
    )


def test_a_documented_integration_is_read_whole() -> None:
    """Every field that the bot knows arrives, others are ignored."""
    page = list_page(LISTED)
    assert page.unreadable == ()
    assert page.integrations == (
        Integration(
            workspace_id=7,
            integration_id="abc123xyz",
            integration_name="Users",
            integration_type="users_attributes",
            integration_status="active",
            warehouse_type="snowflake",
            app_group_id="group",
            contact_emails="a@b.example",
            last_updated_at=datetime(2026, 3, 25, 12, tzinfo=UTC),
            last_job_start_time=datetime(2026, 3, 25, 12, 53, 35, tzinfo=UTC),
            last_job_status="success",
        ),
    )


@pytest.mark.parametrize(
    ("told", "read"),
    [
        (["a@b.example", " c@d.example "], "a@b.example, c@d.example"),
        ("a@b.example,c@d.example", "a@b.example,c@d.example"),
        ([], None),
        ("", None),
        (None, None),
        ([None], None),
    ],
)
def test_contacts_come_as_one_text_or_as_several(told: object, read: str | None) -> None:
    """Braze documents a text; the name says that there may be several. Nothing else is lost over it."""
    for more in ({}, {"last_updated_at": "soon"}):  # a page that is read as a whole, and one that is not
        (found,) = list_page(LISTED | {"contact_emails": told} | more).integrations
        assert (found.contact_emails, found.warehouse_type) == (read, "snowflake")


@pytest.mark.parametrize(
    "row",
    [
        without(ROW, "sync_finish_time", "last_timestamp_synced"),
        ROW | {"sync_finish_time": None, "last_timestamp_synced": None},
        ROW | {"sync_finish_time": "", "last_timestamp_synced": ""},
    ],
)
def test_times_of_a_running_run_may_be_missing_null_or_empty(row: dict[str, object]) -> None:
    """They are unknown, and that is no flaw."""
    page = status_page(row | {"job_status": "running"})
    assert [(run.sync_finish_time, run.last_timestamp_synced) for run in page.runs] == [(None, None)]
    assert page.unreadable == ()


@pytest.mark.parametrize(("told", "rows"), [("12", 12), (" 12 ", 12), (12.0, 12), (0, 0), (None, None)])
def test_a_count_may_be_a_string(told: object, rows: int | None) -> None:
    """What names a count is one."""
    page = status_page(ROW | {"rows_synced": told})
    assert page.runs[0].rows_synced == rows
    assert page.unreadable == ()


@pytest.mark.parametrize("told", ["abc", -1, "-1", 1.5, [], {"a": 1}, 2**63, float("nan"), float("inf")])
def test_a_count_that_is_none_is_unknown_and_reported(told: object) -> None:
    """The rest of the run is kept."""
    page = status_page(ROW | {"rows_synced": told})
    assert (page.runs[0].rows_synced, page.runs[0].rows_failed_with_errors) == (None, 0)
    assert [flaw.where for flaw in page.unreadable] == ["results[0].rows_synced"]


@pytest.mark.parametrize("told", ["SUCCESS", " Success ", "success"])
def test_statuses_are_compared_without_case(told: str) -> None:
    """Older papers capitalise them."""
    assert status_page(ROW | {"job_status": told}).runs[0].job_status == "success"


def test_a_status_that_is_undocumented_is_kept() -> None:
    """It stays what Braze said, but for its case."""
    page = status_page(ROW | {"job_status": "Stopped By User"})
    assert page.runs[0].job_status == "stopped by user"
    assert page.unreadable == ()


@pytest.mark.parametrize("told", ["Limit Exceeded", "limit-exceeded", "LIMIT_EXCEEDED"])
def test_a_documented_status_is_known_however_it_is_spelled(told: str) -> None:
    """The dashboard writes words with a space where the API has an underscore."""
    assert status_page(ROW | {"job_status": told}).runs[0].job_status == "limit_exceeded"


@pytest.mark.parametrize(
    "told", ["2026-03-25 12:53:35 UTC", "2026-03-25 12:53:35 +0000", "2026-03-25 14:53:35 +0200"]
)
def test_a_time_as_ruby_writes_it_is_read(told: str) -> None:
    """Braze is written in Ruby, whose times have a space before the zone where nobody asks for ISO 8601."""
    page = status_page(ROW | {"sync_start_time": told})
    assert page.runs[0].sync_start_time == datetime(2026, 3, 25, 12, 53, 35, tzinfo=UTC)
    assert page.unreadable == ()


@pytest.mark.parametrize(
    "rows", [[{"sync_start_time": "soon"}], [ROW | {"sync_start_time": "soon"}] * 10, ["x", None]]
)
def test_a_page_of_which_nothing_can_be_read_is_no_answer(rows: list[object]) -> None:
    """It would look like an integration that has no runs, or a workspace that has no integrations."""
    for read in (status_page, list_page):
        with pytest.raises(BrazeTrouble, match="none of its items") as caught:
            read(*rows)
        assert caught.value.reason is BrazeReason.NOT_JSON


@pytest.mark.parametrize("field", ["sync_start_time", "sync_finish_time", "last_timestamp_synced"])
def test_a_time_without_a_zone_is_utc_and_reported(field: str) -> None:
    """The run is kept as if the zone had been there."""
    page = status_page(ROW | {field: str(ROW[field]).removesuffix("Z")})
    assert page.runs == status_page(ROW).runs
    assert [flaw.where for flaw in page.unreadable] == [f"results[0].{field}"]
    assert "UTC" in page.unreadable[0].why


def test_a_time_in_another_zone_is_turned_into_utc() -> None:
    """Both name the same moment, but one zone is kept."""
    run = status_page(ROW | {"sync_start_time": "2026-03-25T21:53:35.183728+09:00"}).runs[0]
    assert run.sync_start_time == STARTED
    assert run.sync_start_time.tzinfo is UTC


@pytest.mark.parametrize(
    "told",
    ["soon", "2026-03-25", 20260325, "20260325", "1969-12-31T00:00:00Z", [], True, "0001-01-01T00:00:00"],
)
def test_a_time_that_is_none_is_unknown_and_reported(told: object) -> None:
    """The run is kept: only its start has to be known."""
    page = status_page(ROW | {"sync_finish_time": told})
    assert page.runs[0].sync_finish_time is None
    assert {flaw.where for flaw in page.unreadable} == {"results[0].sync_finish_time"}


def test_a_watermark_far_in_the_future_is_kept() -> None:
    """People have to be told about it."""
    run = status_page(ROW | {"last_timestamp_synced": "3026-03-25T12:00:00Z"}).runs[0]
    assert run.last_timestamp_synced == datetime(3026, 3, 25, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    "told",
    [
        "9999-12-31T23:59:59Z",
        "9999-12-31T23:59:59-05:00",
        "9999-12-31T23:59:59+05:00",
        "12026-03-25T12:50:00Z",
        "20266-03-25 12:50:00 UTC",
        "9999-12-31 23:59:59 -0500",
    ],
)
def test_a_watermark_at_the_end_of_the_calendar_or_beyond_is_the_latest_that_is_kept(told: str) -> None:
    """No calendar arithmetic fails on it, in no time zone, and both databases hold it."""
    page = status_page(ROW | {"last_timestamp_synced": told})
    assert page.runs[0].last_timestamp_synced == datetime(9999, 12, 31, tzinfo=UTC)
    assert page.unreadable == ()


@pytest.mark.parametrize("told", ["1999-12-31T23:59:59Z", "2028-04-01T00:00:00Z", "9999-12-31T23:59:59Z"])
@pytest.mark.parametrize("field", ["next_scheduled_run", "last_job_start_time", "last_updated_at"])
def test_what_can_not_be_believed_of_an_integration_is_dropped_from_it(field: str, told: str) -> None:
    """Neither before 2000 nor more than two years from now; all else of it stays."""
    page = list_page(LISTED | {field: told})
    assert getattr(page.integrations[0], field) is None
    assert page.integrations[0].integration_name == "Users"
    assert [(flaw.where, flaw.of) for flaw in page.unreadable] == [(f"results[0].{field}", "abc123xyz")]


def test_a_run_of_a_start_that_can_not_be_believed_costs_only_itself() -> None:
    """A real failure beside it is kept; an end that can't be believed is unknown."""
    odd, failed = ROW | {"sync_start_time": "9999-01-01T00:00:00Z"}, ROW | {"job_status": "error"}
    page = status_page(odd, failed | {"sync_finish_time": "9999-01-01T00:00:00Z"})
    assert [(run.job_status, run.sync_finish_time) for run in page.runs] == [("error", None)]


@pytest.mark.parametrize("told", ["0001-01-01T00:00:00+05:00", "0001-01-01T00:00:00Z"])
def test_a_watermark_before_there_were_any_is_unknown(told: str) -> None:
    """No calendar arithmetic fails on it."""
    page = status_page(ROW | {"last_timestamp_synced": told})
    assert page.runs[0].last_timestamp_synced is None
    assert len(page.unreadable) == 1


@pytest.mark.parametrize(
    ("bad", "where"),
    [
        (without(ROW, "sync_start_time"), "results[1].sync_start_time"),
        (ROW | {"sync_start_time": None}, "results[1].sync_start_time"),
        (ROW | {"sync_start_time": "soon"}, "results[1].sync_start_time"),
        (without(ROW, "job_status"), "results[1].job_status"),
        (ROW | {"job_status": ""}, "results[1].job_status"),
        (ROW | {"job_status": "  "}, "results[1].job_status"),
        (ROW | {"job_status": 1}, "results[1].job_status"),
        ("run", "results[1]"),
        (None, "results[1]"),
    ],
)
def test_an_item_that_cannot_be_kept_costs_only_itself(bad: object, where: str) -> None:
    """Its neighbours stay, in their order."""
    other = ROW | {"sync_start_time": "2026-03-25T11:00:00Z"}
    page = status_page(ROW, bad, other)
    assert page.runs == status_page(ROW, other).runs
    assert [flaw.where for flaw in page.unreadable] == [where]


@pytest.mark.parametrize("name", [None, "", "  ", 5])
def test_an_integration_without_a_name_goes_by_its_id(name: object) -> None:
    """It is watched all the same."""
    assert list_page(LISTED | {"integration_name": name}).integrations[0].integration_name == "abc123xyz"


@pytest.mark.parametrize("bad", [None, "", "a/b", "..", "a b", "x" * 129, 5])
def test_an_integration_with_an_unusable_id_is_left_out(bad: object) -> None:
    """The others are listed."""
    page = list_page(LISTED | {"integration_id": bad}, LISTED)
    assert [integration.integration_id for integration in page.integrations] == ["abc123xyz"]
    assert [flaw.where for flaw in page.unreadable] == ["results[0].integration_id"]


@pytest.mark.parametrize("odd", [{}, {"last_updated_at": "soon"}])
def test_long_texts_are_cut(odd: dict[str, object]) -> None:
    """1,000 characters of a name are kept, and of every other text, whether the page is valid or not."""
    names = ("integration_name", "integration_type", "integration_status", "warehouse_type", "app_group_id")
    long: dict[str, object] = dict.fromkeys((*names, "last_job_status"), "é" * 999 + " " + "x" * 3000)
    (listed,) = list_page({**LISTED, **long, "contact_emails": ["a" * 900, "b" * 900], **odd}).integrations
    assert {getattr(listed, name) for name in (*names, "last_job_status")} == {"é" * 999}
    assert listed.contact_emails == "a" * 900 + ", " + "b" * 98
    (run,) = status_page({**ROW, "job_status": "x" * 3000}).runs
    assert run.job_status == "x" * 1000


def test_texts_that_no_database_holds_are_fixed() -> None:
    """NUL and halves of surrogate pairs are gone, the rest of the page is untouched."""
    page = list_page(LISTED | {"integration_name": "Us\x00ers \ud800"}, LISTED)
    assert [integration.integration_name for integration in page.integrations] == ["Users ?", "Users"]


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"<html><body>502</body></html>", "HTML"),
        (b"", "no whole JSON"),
        (b'{"results": [', "no whole JSON"),
        (b"[" * 100_000, "no whole JSON"),
        (b"null", "no whole JSON"),
        (b"[]", "without a list"),
        (b"{}", "without a list"),
        (b'{"results": null}', "without a list"),
        (b'{"results": {"a": 1}}', "without a list"),
        (b'{"results": "none"}', "without a list"),
    ],
)
def test_what_is_no_page_is_not_json(body: bytes, says: str) -> None:
    """The trouble says what came instead, and quotes nothing of it."""
    with pytest.raises(BrazeTrouble, match=says) as caught:
        read_status_page(body, "abc", now=NOW, link="", cursor=None)
    assert caught.value.reason is BrazeReason.NOT_JSON
    assert caught.value.retryable
    assert caught.value.__context__ is None


def test_an_empty_page_is_one() -> None:
    """An integration that never ran has no runs."""
    assert status_page() == StatusPage(runs=(), next_cursor=None)


def test_a_next_page_that_is_this_one_ends_the_pages() -> None:
    """Nobody pages for ever."""
    link = '</a?cursor=abc=>; rel="next"'
    assert status_page(ROW, link=link, cursor="other").next_cursor == "abc="
    page = status_page(ROW, link=link, cursor="abc=")
    assert page.next_cursor is None
    assert [flaw.where for flaw in page.unreadable] == ["Link"]


@pytest.mark.parametrize("body", [b"<html>", b"", b"[]", b'"success"'])
def test_a_sync_is_confirmed_by_a_json_object_only(body: bytes) -> None:
    """A proxy's page confirms nothing."""
    with pytest.raises(BrazeTrouble):
        read_confirmation(body)
    read_confirmation(b'{"message":"success"}')


@pytest.mark.parametrize(
    ("integration_id", "valid"),
    [
        ("00d8df0a-3f1c-4b1e-9f0a-1f2e3d4c5b6a", True),
        ("abc123xyz", True),
        ("a.b_c~d", True),
        ("", False),
        (".", False),
        ("..", False),
        ("...", True),
        ("a/b", False),
        ("a?b", False),
        ("a#b", False),
        ("a%2fb", False),
        ("a b", False),
        ("a\n", False),
        ("é", False),
        ("x" * 129, False),
    ],
)
def test_an_id_has_to_stand_in_a_path(integration_id: str, valid: bool) -> None:
    """Nothing that needs escaping, and nothing that means another path."""
    assert is_valid_integration_id(integration_id) is valid
