"""A channel's hours: when they are on, and when they begin, whatever the clocks do."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from cdi_bot.core.hours import (
    Hours,
    HoursNow,
    hours_now,
    parse_hours,
    passes_hours,
    read_hours,
    silence,
    silent_since,
)
from cdi_bot.core.model.channel import Channel, ChannelSettings
from cdi_bot.core.model.incident import Topic
from tests.core.test_digest_schedule import moments, near_changes, zones
from tests.slack.render.samples import failing, late, run, stale, unreachable

BERLIN = ZoneInfo("Europe/Berlin")
WORKDAYS = Hours(days=frozenset(range(5)), begin=time(8), end=time(19))
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)

times = st.times().map(lambda at: at.replace(second=0, microsecond=0, fold=0))
some_hours = st.builds(
    Hours,
    days=st.frozensets(st.integers(0, 6), min_size=1),
    begin=times,
    end=times,
    passing=st.frozensets(st.sampled_from(Topic)),
    holidays=st.frozensets(st.dates(date(2026, 3, 1), date(2026, 4, 30)), max_size=5),
).filter(lambda hours: not hours.never_end)


def berlin(day: int, hour: int, minute: int = 0, month: int = 3) -> datetime:
    """Return a time of Berlin, in 2026."""
    return datetime(2026, month, day, hour, minute, tzinfo=BERLIN).astimezone(UTC)


@given(some_hours, zones, moments | near_changes())
def test_they_are_on_from_their_begin_to_their_end(hours: Hours, zone: ZoneInfo, now: datetime) -> None:
    """What began last has not ended yet; outside it has."""
    begin, end = hours.last_begin(zone, now), hours.last_end(zone, now)
    assert begin is not None
    assert end is not None
    assert begin <= now
    assert end <= now
    assert hours.are_on(zone, now) == (begin > end)


@given(some_hours, zones, moments | near_changes())
def test_they_begin_once(hours: Hours, zone: ZoneInfo, now: datetime) -> None:
    """They are off before they begin next, on from then, and nothing begins in between."""
    soon = hours.next_begin(zone, now)
    assert soon is not None
    assert soon > now
    assert hours.are_on(zone, soon)
    assert not hours.are_on(zone, soon - timedelta(microseconds=1))
    assert hours.last_begin(zone, soon) == soon
    before = hours.last_begin(zone, soon - timedelta(microseconds=1))
    assert before == hours.last_begin(zone, now)


@given(some_hours, zones, moments | near_changes())
def test_they_go_by_the_clock_on_the_wall(hours: Hours, zone: ZoneInfo, now: datetime) -> None:
    """Where no clock is changed within two days, they are what a person reads off calendar and clock."""
    local = now.astimezone(zone)
    assume(len({(now + each * DAY).astimezone(zone).utcoffset() for each in (-2, -1, 0, 1, 2)}) == 1)

    def is_of(day: date) -> bool:
        return day.weekday() in hours.days and day not in hours.holidays

    at, today, yesterday = local.time(), local.date(), local.date() - DAY
    if hours.begin < hours.end:
        expected = is_of(today) and hours.begin <= at < hours.end
    else:
        expected = (is_of(today) and at >= hours.begin) or (is_of(yesterday) and at < hours.end)
    assert hours.are_on(zone, now) == expected


@given(some_hours)
def test_what_is_written_is_read(hours: Hours) -> None:
    """As they are stored, and as people type them."""
    assert parse_hours(str(hours), " ".join(map(str, hours.holidays))) == hours
    plain = replace(hours, passing=frozenset(), holidays=frozenset())
    assert read_hours(str(plain).split()) == plain


@pytest.mark.parametrize(
    ("now", "begins"),
    [
        (berlin(27, 19), berlin(30, 8)),  # a weekend of 47 hours: 60 instead of 61
        (berlin(30, 7, 59), berlin(30, 8)),
        (berlin(23, 19, month=10), berlin(26, 8, month=10)),  # and one of 49
    ],
)
def test_a_weekend_of_another_length(now: datetime, begins: datetime) -> None:
    """They begin at eight of the new time."""
    assert not WORKDAYS.are_on(BERLIN, now)
    assert WORKDAYS.next_begin(BERLIN, now) == begins
    assert begins.astimezone(BERLIN).hour == 8


@pytest.mark.parametrize(
    ("typed", "day", "month", "spans"),
    [
        (
            "02:30-12:00",
            29,
            3,
            ["01:30", "10:00"],
        ),  # the clocks skip 02:30: it is as much later, half past three
        ("02:30-12:00", 25, 10, ["00:30", "11:00"]),  # they show it twice: the first
        ("22:00-02:30", 24, 10, ["20:00", "00:30"]),
        ("02:10-02:50", 29, 3, ["01:10", "01:50"]),
    ],
)
def test_at_a_change_of_the_clocks(typed: str, day: int, month: int, spans: list[str]) -> None:
    """Each day has its hours."""
    hours = read_hours(typed.split())
    assert hours
    noon = datetime(2026, month, day, tzinfo=UTC) + 30 * MINUTE * 48 + DAY
    begin = hours.next_begin(BERLIN, berlin(day, 0, month=month))
    assert begin
    assert f"{begin:%H:%M}" == spans[0]
    assert f"{hours.end_after(BERLIN, begin, noon):%H:%M}" == spans[1]


def test_a_holiday_has_none() -> None:
    """They begin on the next day that is none."""
    easter = replace(WORKDAYS, holidays=frozenset({date(2026, 4, 3), date(2026, 4, 6)}))
    assert easter.next_begin(BERLIN, berlin(2, 19, month=4)) == berlin(7, 8, month=4)
    assert not easter.are_on(BERLIN, berlin(3, 12, month=4))
    never = replace(WORKDAYS, holidays=frozenset(date(2025, 1, 1) + each * DAY for each in range(1200)))
    assert never.next_begin(BERLIN, berlin(2, 19)) is None


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "whenever",
        "mon-fri 25:00-26:00",
        "08:00",
        "mon-fri 08:00-19:00 20:00-21:00",
        "daily 08:00-08:00",
        "daily",
    ],
)
def test_what_are_no_hours(typed: str) -> None:
    """Nor what never ends."""
    assert read_hours(typed.split()) is None


def test_what_passes() -> None:
    """What is named does; what has no name waits."""
    errors = replace(WORKDAYS, passing=frozenset({Topic.ERROR, Topic.LATE}))
    assert passes_hours(errors, failing(run("error")))
    assert not passes_hours(errors, failing(run("partial")))
    assert not passes_hours(errors, failing(run("exploded")))
    assert not passes_hours(errors, unreachable())
    assert passes_hours(errors, late())
    assert passes_hours(errors, stale())
    assert passes_hours(WORKDAYS, failing(run("partial")), is_critical=True)


def test_a_channel_is_silent_until_it_was_told() -> None:
    """Outside its hours, and within them until what came before is told; since the last hours that it was told of."""
    monday, friday, evening = berlin(30, 8), berlin(27, 8), berlin(27, 19)
    settings = ChannelSettings(
        channel=Channel(team_id="T1", channel_id="C1"),
        zone="Europe/Berlin",
        hours=str(WORKDAYS),
        hours_told=friday,
    )
    assert silence(None, monday) is None
    assert silence(replace(settings, hours=None), evening) is None
    assert silence(settings, friday) is None
    night = silence(settings, evening)
    assert night
    assert night.until == monday
    assert hours_now(settings, evening) == HoursNow(hours=WORKDAYS, zone="Europe/Berlin", next_begin=monday)
    assert silence(settings, monday) is not None
    assert silence(replace(settings, hours_told=monday), monday) is None
    assert silent_since(settings, monday) == evening
    assert silent_since(settings, berlin(1, 8, month=4)) == evening, "also after two days without the bot"
