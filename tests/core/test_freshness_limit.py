"""How old the newest data may be: as it is written, and when it has become too old, whatever the clocks do."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdi_bot.core.freshness_limit import (
    LONGEST,
    SHORTEST,
    FreshnessLimit,
    has_zone,
    limit_in_zone,
    read_limit,
)

DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
NAMES = ("Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe", "Asia/Tokyo", "Pacific/Apia", "UTC")

times = st.times().map(lambda at: at.replace(second=0, microsecond=0, fold=0))
lengths = st.timedeltas(SHORTEST, LONGEST).map(lambda length: length // MINUTE * MINUTE)
limits = st.builds(FreshnessLimit, longest=lengths) | st.builds(
    FreshnessLimit, at=times, zone=st.none() | st.sampled_from(NAMES)
)
moments = st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001  hypothesis wants naive bounds
changes = st.builds(
    lambda change, minutes: change + minutes * MINUTE,
    st.sampled_from(
        [
            datetime(2026, 3, 29, 1, tzinfo=UTC),
            datetime(2026, 10, 25, 1, tzinfo=UTC),
            datetime(2026, 4, 4, 15, tzinfo=UTC),
            datetime(2011, 12, 30, 10, tzinfo=UTC),
        ]
    ),
    st.integers(-4000, 4000),
)


@given(limits)
def test_a_limit_is_read_as_it_is_written(limit: FreshnessLimit) -> None:
    """In the form in which it is stored."""
    assert read_limit(str(limit)) == limit


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("36h", FreshnessLimit(longest=36 * HOUR)),
        ("90m", FreshnessLimit(longest=90 * MINUTE)),
        ("09:00", FreshnessLimit(at=time(9))),
        ("09:00 Europe/Berlin", FreshnessLimit(at=time(9), zone="Europe/Berlin")),
        ("", None),
        ("9m", None),
        ("8761h", None),
        ("36h UTC", None),
        ("h", None),
        ("²h", None),
        ("24:00", None),
        ("9" * 5000 + "h", None),
    ],
)
def test_what_is_no_limit_is_none(text: str, limit: FreshnessLimit | None) -> None:
    """One that is too short or too long, and anything else."""
    assert read_limit(text) == limit


def test_only_a_time_of_day_is_meant_in_a_zone() -> None:
    """It moves with the channel's zone; a length of time is the same everywhere."""
    assert [has_zone(text) for text in ("09:00", "09:00 UTC", "36h", None)] == [True, True, False, False]
    assert limit_in_zone("09:00 UTC", "Asia/Tokyo") == limit_in_zone("09:00", "Asia/Tokyo")
    assert limit_in_zone("09:00", "Asia/Tokyo") == "09:00 Asia/Tokyo"
    assert limit_in_zone("36h", "Asia/Tokyo") == "36h"
    assert limit_in_zone(None, "UTC") is None


@given(limits, moments | changes, st.timedeltas(timedelta(0), 5 * DAY))
def test_what_comes_later_never_brings_the_deadline_nearer(
    limit: FreshnessLimit, came: datetime, later: timedelta
) -> None:
    """And every deadline lies ahead of what came."""
    assert came < limit.deadline(came) <= limit.deadline(came + later)


@given(times, st.sampled_from(NAMES), moments | changes)
def test_one_due_time_is_kept_and_the_next_is_missed(at: time, name: str, came: datetime) -> None:
    """Between what came and the deadline stands that time of day once, in its zone; then a day passes at most."""
    zone = ZoneInfo(name)
    first = came.astimezone(zone).date() - DAY
    due = sorted({datetime.combine(first + days * DAY, at, tzinfo=zone).astimezone(UTC) for days in range(6)})
    kept = [moment for moment in due if moment >= came]
    assert FreshnessLimit(at=at, zone=name).deadline(came) == kept[1]
    assert kept[1] - kept[0] <= DAY + HOUR


def test_nine_in_berlin_stays_nine_when_the_clocks_change() -> None:
    """Here in the night to the 29th of March, when they are set ahead."""
    limit = FreshnessLimit(at=time(9), zone="Europe/Berlin")
    friday = datetime(2026, 3, 27, 7, 30, tzinfo=UTC)  # 8:30 there: in time for that day
    assert limit.deadline(friday) == datetime(2026, 3, 28, 8, tzinfo=UTC)
    assert limit.deadline(friday + DAY) == datetime(2026, 3, 29, 7, tzinfo=UTC)


def test_a_zone_that_this_machine_does_not_know_is_utc() -> None:
    """So that it is told all the same."""
    noon = datetime(2026, 3, 25, 12, tzinfo=UTC)
    assert FreshnessLimit(at=time(9), zone="Moon/Base").deadline(noon) == datetime(2026, 3, 27, 9, tzinfo=UTC)
