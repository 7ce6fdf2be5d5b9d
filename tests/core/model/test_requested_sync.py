"""Which run is that of a sync that somebody asked for, and when there is something to tell of it."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdi_bot.core.model.channel import Channel
from cdi_bot.core.model.requested_sync import (
    APPEARS,
    LONGEST,
    RequestedSync,
    SyncEnd,
    SyncEnding,
    judge_requested_sync,
    next_request_at,
    run_of,
)
from cdi_bot.core.model.run import Run

NOW = datetime(2026, 3, 2, 12, 0, 5, tzinfo=UTC)


def sync(newest: float | None = -600) -> RequestedSync:
    """A sync asked for at `NOW`, when the newest known run had begun so many seconds before."""
    return RequestedSync(
        sync_id=1,
        channel=Channel(team_id="T1", channel_id="C1"),
        workspace_id=1,
        integration_id="users",
        who="U1",
        asked_at=NOW,
        newest_start=None if newest is None else NOW + timedelta(seconds=newest),
        announced="sync:1",
    )


def run(after: float, status: str = "success", *, provisional: bool = False) -> Run:
    """A run that began so many seconds after the order."""
    return Run(
        integration_id="users",
        sync_start_time=NOW + timedelta(seconds=after),
        job_status=status,
        provisional=provisional,
    )


@pytest.mark.parametrize(
    ("newest", "starts", "found"),
    [
        (-600, [], None),
        (-600, [-600], None),
        (-600, [3, -600], 3),
        (-600, [900, 3, -600], 3),
        (-600, [-30, -600], -30),  # Braze's clock is behind
        (-600, [-90, -600], None),  # over before the order: Braze would have refused it otherwise
        (-30, [-30], None),
        (-30, [-29.6], None),  # the list told it in whole seconds
        (None, [3], 3),
        (None, [-3600], None),
    ],
)
def test_the_run_is_the_first_after_the_order(
    newest: float | None, starts: list[float], found: float | None
) -> None:
    """Braze names no run, so it is known by when it began, and by not having been there before."""
    seen = run_of(sync(newest), [run(start) for start in starts])
    assert (seen.sync_start_time - NOW).total_seconds() == found if seen else found is None


def test_nothing_is_told_while_it_goes_on() -> None:
    """A run that has not appeared, runs, or whose rows are not known yet is waited for."""
    soon = NOW + timedelta(minutes=5)
    assert judge_requested_sync(sync(), [], soon, is_fresh=True) is None
    assert judge_requested_sync(sync(), [run(3, "running")], soon, is_fresh=True) is None
    assert judge_requested_sync(sync(), [run(3, provisional=True)], soon, is_fresh=True) is None


@pytest.mark.parametrize("status", ["success", "partial", "error", "config_error", "limit exceeded"])
def test_whatever_ends_it_is_told(status: str) -> None:
    """Any status but running is an end."""
    ended = run(3, status)
    assert judge_requested_sync(sync(), [ended], NOW + timedelta(minutes=1), is_fresh=False) == SyncEnd(
        ending=SyncEnding.ENDED, run=ended
    )


def test_it_is_given_up() -> None:
    """When no run appears, and when one never ends."""
    assert judge_requested_sync(sync(), [], NOW + APPEARS, is_fresh=True) == SyncEnd(
        ending=SyncEnding.NOT_SEEN, run=None
    )
    running = run(3, "running")
    assert judge_requested_sync(sync(), [running], NOW + APPEARS, is_fresh=True) is None
    assert judge_requested_sync(sync(), [running], NOW + LONGEST, is_fresh=False) == SyncEnd(
        ending=SyncEnding.TOO_LONG, run=running
    )


def test_blind_is_not_broken() -> None:
    """While Braze can't be asked, nothing is concluded from not seeing a run, for a day."""
    assert judge_requested_sync(sync(), [], NOW + APPEARS, is_fresh=False) is None
    assert judge_requested_sync(sync(), [], NOW + LONGEST, is_fresh=False) == SyncEnd(
        ending=SyncEnding.NOT_SEEN, run=None
    )


@given(st.floats(0, 200_000))
def test_it_is_asked_about_less_and_less(waited: float) -> None:
    """Every ten seconds at first, and never more seldom than every two minutes."""
    now = NOW + timedelta(seconds=waited)
    gap = next_request_at(sync(), now) - now
    assert timedelta(seconds=10) <= gap <= timedelta(minutes=2)
    later = next_request_at(sync(), now + gap) - (now + gap)
    assert later >= gap
