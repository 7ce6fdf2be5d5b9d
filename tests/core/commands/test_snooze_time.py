"""Lengths of time as people type them."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdi_bot.core.commands.snooze_time import LONGEST, SHORTEST, is_unit, parse_length, tomorrow_morning


@pytest.mark.parametrize(
    ("typed", "length"),
    [
        ("2h", timedelta(hours=2)),
        ("2H", timedelta(hours=2)),
        ("90m", timedelta(minutes=90)),
        ("90min", timedelta(minutes=90)),
        ("1.5h", timedelta(minutes=90)),
        ("1d12h", timedelta(hours=36)),
        ("1week", timedelta(days=7)),
        ("365d", timedelta(days=365)),
    ],
)
def test_lengths(typed: str, length: timedelta) -> None:
    """A number with a unit is a length of time, and several of them add up."""
    assert parse_length(typed) == length


@pytest.mark.parametrize(
    "typed", ["", "2", "h", "2x", "0h", "30s", "366d", "-2h", "2h!", "٢h", "9" * 400 + "h"]
)
def test_no_lengths(typed: str) -> None:
    """What has no unit, is too short, too long or something else is no length."""
    assert parse_length(typed) is None


@given(st.text() | st.from_regex(r"\A(?:[0-9.]{1,20}[mhdwx]{1,3}){1,40}\Z"))
def test_lengths_stay_in_bounds(typed: str) -> None:
    """Whatever is typed, a length is within the bounds and nothing is raised."""
    length = parse_length(typed)
    assert length is None or SHORTEST <= length <= LONGEST


def test_units() -> None:
    """Units are known by their names in any letter case."""
    assert is_unit("Hours")
    assert not is_unit("users")


def test_tomorrow_is_the_persons() -> None:
    """Tomorrow morning is nine o'clock in the zone of the present that was given."""
    tokyo = ZoneInfo("Asia/Tokyo")
    late = datetime(2026, 3, 1, 23, 30, tzinfo=tokyo)
    assert tomorrow_morning(late) == datetime(2026, 3, 2, 9, tzinfo=tokyo)
