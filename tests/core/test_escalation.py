"""When an incident is escalated: examples, and what holds at every time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdi_bot.core.escalation import is_due
from cdi_bot.core.model.channel import Channel, ChannelSettings
from cdi_bot.core.model.incident import Incident
from cdi_bot.core.model.subscription import Snooze
from cdi_bot.core.rules.small_losses import ALWAYS_LOSES
from tests.store.samples import incident

NOW = datetime(2026, 3, 25, 12, tzinfo=UTC)
HERE, THERE = Channel(team_id="T1", channel_id="C1"), "C2"
MINUTE = timedelta(minutes=1)


def settings(after: int = 1800, since: datetime = NOW - timedelta(days=1)) -> ChannelSettings:
    """A channel that escalates after so many seconds."""
    return ChannelSettings(channel=HERE, escalate_after=after, escalate_to=THERE, escalate_since=since)


def snooze(until: datetime | None) -> Snooze:
    """A snooze in the channel."""
    return Snooze(channel=HERE, workspace_id=1, selector="one", begins=NOW, until=until, by="U1", at=NOW)


def due(found: Incident, **more: object) -> bool:
    """Whether an incident that was posted half an hour ago is due."""
    given_: dict[str, object] = {
        "settings": settings(),
        "posted_at": NOW - 30 * MINUTE,
        "counts_from": None,
        "snoozes": (),
        "now": NOW,
    }
    return is_due(found, **given_ | more)  # type: ignore[arg-type]  # each by its name


def test_it_is_due_when_its_time_is_over() -> None:
    """To the second."""
    assert due(incident(1))
    assert not due(incident(1), now=NOW - timedelta(seconds=1))


@pytest.mark.parametrize(
    "found",
    [
        incident(1, acknowledged_by="U1", acknowledged_at=NOW),
        incident(1, resolved_at=NOW),
        incident(1, recovered_since=NOW, reopened=1),
        incident(1, reason=ALWAYS_LOSES),
    ],
    ids=["acknowledged", "over", "recovering", "a usual loss"],
)
def test_what_needs_nobody_is_never_due(found: Incident) -> None:
    """However long ago it was posted."""
    assert not due(found, posted_at=NOW - timedelta(days=3))


def test_a_channel_without_an_escalation_has_none() -> None:
    """Other settings change nothing about that."""
    assert not due(incident(1), settings=ChannelSettings(channel=HERE, language="ja"))


def test_the_time_begins_anew() -> None:
    """With the setting, a return that was told, and the end of a snooze."""
    later = NOW - 29 * MINUTE
    assert not due(incident(1), settings=settings(since=later))
    assert not due(incident(1), counts_from=later)
    assert not due(incident(1), snoozes=[snooze(later)])
    assert due(incident(1), snoozes=[snooze(NOW - 30 * MINUTE)])


ago = st.integers(0, 10**5).map(lambda seconds: NOW - timedelta(seconds=seconds))
ends = st.none() | st.integers(-(10**5), 10**5).map(lambda seconds: NOW + timedelta(seconds=seconds))


@given(
    posted=ago,
    since=ago,
    counts_from=st.none() | ago,
    until=st.lists(ends, max_size=2),
    after=st.integers(10, 604_800),
)
def test_it_is_due_for_good_once_everything_is_over(
    posted: datetime, since: datetime, counts_from: datetime | None, until: list[datetime | None], after: int
) -> None:
    """Exactly when so many seconds have passed since the last of what puts it off; never while it is snoozed."""
    snoozes = [snooze(each) for each in until]
    about = {
        "settings": settings(after, since),
        "posted_at": posted,
        "counts_from": counts_from,
        "snoozes": snoozes,
    }
    if None in until:
        assert not due(incident(1), **about, now=NOW + timedelta(days=9000))
        return
    last = max(filter(None, (posted, since, counts_from, *until)))
    moment = last + timedelta(seconds=after)
    assert due(incident(1), **about, now=moment)
    assert due(incident(1), **about, now=moment + timedelta(days=9))
    assert not due(incident(1), **about, now=moment - timedelta(microseconds=1))
    assert not any(due(incident(1), **about, now=end) for end in until if end)


@given(posted=ago, since=ago, until=st.none() | ago, after=st.integers(10, 604_800))
def test_a_critical_one_is_due_in_half_the_time(
    posted: datetime, since: datetime, until: datetime | None, after: int
) -> None:
    """To the moment, from the same beginning; never later than an ordinary one."""
    about = {
        "settings": settings(after, since),
        "posted_at": posted,
        "snoozes": [snooze(until)] if until else [],
        "is_critical": True,
    }
    moment = max(filter(None, (posted, since, until))) + timedelta(seconds=after) / 2
    assert due(incident(1), **about, now=moment)
    assert not due(incident(1), **about, now=moment - timedelta(microseconds=1))
    assert not due(incident(1), **about | {"is_critical": False}, now=moment)
