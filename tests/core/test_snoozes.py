"""Snoozes by the clock: windows across daylight-saving changes, and which of several lasts longest."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from cdi_bot.core.model.channel import Channel
from cdi_bot.core.model.subscription import Snooze
from cdi_bot.core.snoozes import following, longest, snoozed_until, window_at

HERE, THERE = Channel(team_id="T1", channel_id="C1"), Channel(team_id="T1", channel_id="C2")
NOW = datetime(2026, 3, 27, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
ZONES = ("Europe/Berlin", "America/New_York", "Asia/Tokyo", "Australia/Lord_Howe", "UTC")


def snooze(hours: float | None, channel: Channel = HERE, every: str | None = None) -> Snooze:
    """A snooze that lasts so many hours."""
    until = None if hours is None else NOW + hours * HOUR
    return Snooze(
        channel=channel, workspace_id=1, selector="all", begins=NOW, until=until, every=every, by="U1", at=NOW
    )


def test_a_window_is_in_its_zone() -> None:
    """The same time of day before and after the clocks change; a time that they skip is later."""
    berlin = ZoneInfo("Europe/Berlin")
    assert window_at("sun 01:30-06:00 Europe/Berlin", NOW) == (
        datetime(2026, 3, 29, 1, 30, tzinfo=berlin),
        datetime(2026, 3, 29, 6, 0, tzinfo=berlin),
    )
    begin, end = window_at("sun 02:30-06:00 Europe/Berlin", NOW) or (NOW, NOW)
    assert (begin.hour, end.hour) == (1, 4)
    assert window_at("sun 25:00 Europe/Berlin", NOW) is None


def test_the_one_that_lasts_longest_counts() -> None:
    """In its own channel; one without an end is far away, and all incidents of a message have to be snoozed."""
    assert longest([snooze(1), snooze(3), snooze(9, THERE), snooze(2)], HERE) == snooze(3)
    assert longest([snooze(1), snooze(None)], HERE) == snooze(None)
    assert longest([snooze(1, THERE)], HERE) is None
    assert snoozed_until([snooze(3), snooze(1)]) == NOW + HOUR
    assert snoozed_until([snooze(3), None]) is None
    assert snoozed_until([]) is None


@given(
    st.sampled_from(["sun 02:00-06:00", "mon-fri 22:00-06:00", "daily 02:30-03:30", "sat,wed 00:00-24:00"]),
    st.sampled_from(ZONES),
    st.integers(0, 17_000).map(lambda hours: NOW + hours * HOUR),
)
def test_windows_follow_each_other(hours: str, zone: str, now: datetime) -> None:
    """Each ends after now, and the next begins at its end or later: none is lost, none comes twice."""
    present = following(snooze(1, every=f"{hours} {zone}"), now)
    for _ in range(5):
        assert present is not None
        assert present.until is not None
        assert present.begins < present.until
        assert now < present.until
        after = following(present, present.until)
        assert after is not None
        assert after.begins >= present.until
        assert after.begins - present.until < timedelta(days=8)
        now, present = present.until, after


@given(
    st.lists(st.tuples(st.integers(0, 48), st.integers(1, 24)), min_size=1, max_size=6), st.integers(0, 72)
)
def test_overlapping_windows_lose_no_end(spans: list[tuple[int, int]], hour: int) -> None:
    """What several silence is silenced until the last of those ends that hold then."""
    lasting = [begin + length for begin, length in spans if begin <= hour < begin + length]
    found = longest([snooze(end) for end in lasting], HERE)
    assert (found.until if found else None) == (NOW + max(lasting) * HOUR if lasting else None)
