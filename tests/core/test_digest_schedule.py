"""When digests are due: every local day or week once, whatever the clocks do."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from cdi_bot.core.digest_schedule import WEEKDAYS, Schedule, read_schedule, read_zone

BERLIN = ZoneInfo("Europe/Berlin")
NINE = Schedule(at=time(9))

schedules = st.builds(
    Schedule,
    at=st.times().map(lambda at: at.replace(second=0, microsecond=0, fold=0)),
    weekday=st.none() | st.integers(0, 6),
    quiet=st.booleans(),
)
# Half an hour of daylight saving, none, a skipped day, the far ends of the day; the rest as it comes.
zones = st.sampled_from(
    [
        "Europe/Berlin",
        "America/New_York",
        "America/St_Johns",
        "Australia/Lord_Howe",
        "Asia/Tokyo",
        "Africa/Casablanca",
        "Pacific/Apia",
        "Pacific/Kiritimati",
        "Pacific/Pago_Pago",
        "UTC",
    ]
).map(ZoneInfo)
moments = st.datetimes(datetime(1970, 1, 20), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001  hypothesis wants naive bounds


@st.composite
def near_changes(draw: st.DrawFn) -> datetime:
    """Return moments around those at which clocks change, and others."""
    change = draw(
        st.sampled_from(
            [
                datetime(2026, 3, 29, 1, tzinfo=UTC),
                datetime(2026, 10, 25, 1, tzinfo=UTC),
                datetime(2026, 3, 8, 7, tzinfo=UTC),
                datetime(2026, 11, 1, 6, tzinfo=UTC),
                datetime(2011, 12, 30, 10, tzinfo=UTC),
            ]
        )
    )
    return change + timedelta(minutes=draw(st.integers(-3000, 3000)))


@given(schedules, zones, moments | near_changes())
def test_now_lies_between_two_due_moments(schedule: Schedule, zone: ZoneInfo, now: datetime) -> None:
    """The last is not after now, the next is, they follow each other, and a period is about a day or a week long."""
    last, following = schedule.last_due(zone, now), schedule.next_due(zone, now)
    assert last <= now < following
    assert schedule.next_due(zone, last) == following
    assert schedule.last_due(zone, following) == following
    assert schedule.last_due(zone, following - timedelta(microseconds=1)) == last
    length = timedelta(days=1 if schedule.weekday is None else 7)
    assert timedelta(hours=-25) <= following - last - length <= timedelta(hours=25)


@given(schedules, zones, moments | near_changes())
def test_due_at_the_time_of_day_that_was_asked_for(schedule: Schedule, zone: ZoneInfo, now: datetime) -> None:
    """It is due when the clocks on the wall show its time and day, but where they skip it."""
    due = schedule.next_due(zone, now).astimezone(zone)
    meant = datetime.combine(due.date(), schedule.at, tzinfo=zone)
    assume(meant.astimezone(UTC).astimezone(zone).time() == schedule.at)  # the clocks show it that day
    assert due.time() == schedule.at
    assert due.fold == 0
    # What was due on a day that the zone skips is due on the next, at the moment that both name alike.
    days = [due.date() - timedelta(days=back) for back in range(2)]
    named = {
        day.weekday()
        for day in days
        if datetime.combine(day, schedule.at, tzinfo=zone).astimezone(UTC) == due
    }
    assert schedule.weekday is None or schedule.weekday in named


@given(schedules, zones, near_changes())
def test_once_a_day_or_week(schedule: Schedule, zone: ZoneInfo, now: datetime) -> None:
    """No day has two, and none but one that the zone skips has none."""
    due = [now]
    for _ in range(8):
        due.append(schedule.next_due(zone, due[-1]))
    days = [moment.astimezone(zone).date() for moment in due[1:]]
    assert days == sorted(set(days))
    step = 1 if schedule.weekday is None else 7
    steps = [(later - sooner).days for sooner, later in itertools.pairwise(days)]
    skips = zone.key == "Pacific/Apia"
    assert all(step <= each <= step + skips for each in steps) or skips


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ("2026-03-28T12:00", "2026-03-29T01:30"),  # 02:30 is skipped: 03:30 by the new time
        ("2026-03-29T12:00", "2026-03-30T00:30"),
        ("2026-10-24T12:00", "2026-10-25T00:30"),  # 02:30 comes twice: the first
        ("2026-10-25T00:30", "2026-10-26T01:30"),
    ],
)
def test_where_berlin_changes_its_clocks(now: str, expected: str) -> None:
    """Half past two in Berlin, in UTC, around the days on which it is skipped or comes twice."""
    schedule = Schedule(at=time(2, 30))
    moment = datetime.fromisoformat(now).replace(tzinfo=UTC)
    assert schedule.next_due(BERLIN, moment) == datetime.fromisoformat(expected).replace(tzinfo=UTC)


def test_nine_stays_nine() -> None:
    """Nine o'clock is eight in UTC in winter and seven in summer."""
    winter = NINE.next_due(BERLIN, datetime(2026, 3, 27, 12, tzinfo=UTC))
    summer = NINE.next_due(BERLIN, winter)
    assert (winter, summer) == (
        datetime(2026, 3, 28, 8, tzinfo=UTC),
        datetime(2026, 3, 29, 7, tzinfo=UTC),
    )


@given(schedules)
def test_reading_what_was_written(schedule: Schedule) -> None:
    """A schedule is read as it was written, in any letter case."""
    assert read_schedule(str(schedule).split()) == schedule
    assert read_schedule(str(schedule).upper().split()) == schedule


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("daily 9", "daily 09:00"),
        ("daily at 9am", "daily 09:00"),
        ("daily 5:30pm quiet", "daily 17:30 quiet"),
        ("daily 12am", "daily 00:00"),
        ("daily 0930", "daily 09:30"),
        ("weekly on Monday, 09:00", "weekly mon 09:00"),
        ("Weekly thurs 23:59", "weekly thu 23:59"),
        ("quiet weekly sun 12pm", "weekly sun 12:00 quiet"),
    ],
)
def test_ways_to_type_it(text: str, expected: str) -> None:
    """People type times and days in many ways."""
    assert str(read_schedule(text.split())) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "daily",
        "weekly",
        "weekly mon",
        "weekly 09:00",
        "daily mon 09:00",
        "daily 24:00",
        "daily 9:60",
        "daily 13pm",
        "daily 0am",
        "weekly mo 09:00",
        "weekly mon tue 09:00",
        "monthly 09:00",
        "daily x9",
    ],
)
def test_what_is_no_schedule(text: str) -> None:
    """Anything else is told apart rather than guessed at."""
    assert read_schedule(text.split()) is None


@given(
    st.lists(st.text(max_size=12) | st.sampled_from(["daily", "weekly", "quiet", *WEEKDAYS, "9", "09:00"]))
)
def test_never_raises(words: list[str]) -> None:
    """Whatever is typed is read, or is none."""
    schedule = read_schedule(words)
    assert schedule is None or read_schedule(str(schedule).split()) == schedule


def test_zones() -> None:
    """A zone is known by its name in any letter case."""
    assert read_zone("europe/berlin") == "Europe/Berlin"
    assert read_zone("utc") == "UTC"
    assert read_zone("../etc/passwd") is None
