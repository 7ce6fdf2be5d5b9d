"""No answer, however odd, raises anything but the trouble or costs more than what is wrong with it."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from cdi_bot.braze.payloads import is_valid_integration_id, read_list_page, read_status_page
from cdi_bot.monitoring.braze_port import BrazeReason, BrazeTrouble

NOW = datetime(2026, 3, 25, 13, tzinfo=UTC)
ROW = {
    "job_status": "success",
    "sync_start_time": "2026-03-25T12:53:35.183728Z",
    "sync_finish_time": "2026-03-25T12:54:00Z",
    "last_timestamp_synced": "2026-03-25T12:50:00Z",
    "rows_synced": 100,
    "rows_failed_with_errors": 0,
}
LISTED = {
    "integration_id": "abc123xyz",
    "integration_name": "Users",
    "integration_type": "users_attributes",
    "last_updated_at": "2026-03-25T12:00:00Z",
    "last_job_start_time": "2026-03-25T12:53:35Z",
    "last_job_status": "Success",
    "next_scheduled_run": None,
}


ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.datetimes().map(lambda time: time.isoformat())
    | st.datetimes(timezones=st.timezones()).map(lambda time: time.isoformat()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
ODD_ROW = st.fixed_dictionaries({}, optional=dict.fromkeys([*ROW, *LISTED], ANYTHING)) | ANYTHING


@given(st.lists(ODD_ROW, max_size=4))
@example([{"integration_id": "abc", "integration_name": [[[]]]}])
def test_no_page_raises_anything_and_no_good_item_is_lost(odd: list[Any]) -> None:
    """Whatever the items are, each is kept or reported, and a good one among them is kept."""
    page = read_status_page(
        json.dumps({"results": [*odd, ROW]}).encode(), "abc", now=NOW, link="", cursor=None
    )
    assert len(page.runs) + len({flaw.where.partition(".")[0] for flaw in page.unreadable}) >= len(odd) + 1
    assert (page.runs[-1].job_status, page.runs[-1].rows_synced) == ("success", 100)
    assert all(run.sync_start_time.tzinfo is UTC for run in page.runs)
    listed = read_list_page(
        json.dumps({"results": [*odd, LISTED]}).encode(), 7, now=NOW, link="", cursor=None
    )
    assert listed.integrations[-1].integration_id == "abc123xyz"
    assert all(is_valid_integration_id(one.integration_id) for one in listed.integrations)


def reason_of(read: Callable[[], object]) -> BrazeReason | None:
    """The reason of the trouble that reading ends in, if it does."""
    try:
        read()
    except BrazeTrouble as trouble:
        return trouble.reason
    return None


@given(st.binary() | ANYTHING.map(lambda value: json.dumps(value).encode()))
def test_no_body_raises_anything_but_the_trouble(body: bytes) -> None:
    """A page or the trouble: nothing else comes of any bytes."""
    for read in (
        lambda: read_status_page(body, "abc", now=NOW, link="", cursor=None),
        lambda: read_list_page(body, 7, now=NOW, link="", cursor=None),
    ):
        assert reason_of(read) in {None, BrazeReason.NOT_JSON}
