"""What headers tell of the rate limit, as far as it can be believed."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdi_bot.braze.rate_headers import HIGHEST_LIMIT, NO_RATE_HEADERS, RateHeaders, read_rate_headers

NOW = datetime(2026, 3, 25, 12, 0, 30, tzinfo=UTC)
EPOCH = int(NOW.timestamp())


def read(**headers: str) -> RateHeaders:
    """Read headers; underscores stand for hyphens."""
    return read_rate_headers(
        httpx.Headers({name.replace("_", "-"): value for name, value in headers.items()}), NOW
    )


@pytest.mark.parametrize("change", [str.lower, str.upper, str.title])
def test_names_are_read_in_any_letter_case(change: "type[str]") -> None:
    """Proxies rewrite them."""
    names = {"x-ratelimit-limit": "500", "x-ratelimit-remaining": "499", "x-ratelimit-reset": str(EPOCH + 30)}
    headers = httpx.Headers({change(name): value for name, value in names.items()})
    assert read_rate_headers(headers, NOW) == RateHeaders(
        limit=500, remaining=499, reset=NOW + timedelta(seconds=30)
    )


def test_empty_strings_tell_nothing() -> None:
    """A 401 sends them."""
    assert (
        read(X_RateLimit_Limit="", X_RateLimit_Remaining="", X_RateLimit_Reset="", Retry_After="")
        == NO_RATE_HEADERS
    )


@pytest.mark.parametrize(
    "limit", ["0", "-5", "many", "1e3", "100, 100", "٣", "9" * 30, str(HIGHEST_LIMIT + 1)]
)
def test_an_absurd_limit_is_ignored(limit: str) -> None:
    """The limit known before holds on."""
    assert read_rate_headers({"x-ratelimit-limit": limit}, NOW).limit is None


@pytest.mark.parametrize(
    ("remaining", "taken"), [("100", 100), (" 0 ", 0), ("101", None), ("-1", None), ("1.5", None)]
)
def test_remaining_lies_between_nothing_and_the_limit(remaining: str, taken: int | None) -> None:
    """Anything else is no remainder."""
    assert read(X_RateLimit_Limit="100", X_RateLimit_Remaining=remaining).remaining == taken


@pytest.mark.parametrize(
    ("seconds", "plausible"), [(30, True), (120, True), (0, False), (-1, False), (121, False)]
)
def test_a_reset_lies_in_the_near_future(seconds: int, plausible: bool) -> None:
    """Clocks differ: one that is off by minutes is not believed."""
    reset = read(X_RateLimit_Reset=str(EPOCH + seconds)).reset
    assert reset == (NOW + timedelta(seconds=seconds) if plausible else None)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("5", 5),
        ("0", 0),
        (format_datetime(NOW + timedelta(seconds=20), usegmt=True), 21),
        ("Wed, 25 Mar 2026 12:00:50", 21),
        (format_datetime(NOW - timedelta(hours=1), usegmt=True), None),
        ("soon", None),
        ("-5", None),
        ("999999999", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(text: str, seconds: int | None) -> None:
    """An absurd one is no wait."""
    assert read(Retry_After=text).retry_after == (None if seconds is None else timedelta(seconds=seconds))


NAMES = ["x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset", "retry-after"]


@given(st.dictionaries(st.sampled_from(NAMES), st.text() | st.integers().map(str)))
def test_no_headers_raise(headers: dict[str, str]) -> None:
    """What can't be believed is not there."""
    told = read_rate_headers(headers, NOW)
    assert told.limit is None or 1 <= told.limit <= HIGHEST_LIMIT
    assert told.reset is None or told.reset > NOW
