"""The values that everything else is made of."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from cdi_bot.core.model import still_waits
from cdi_bot.core.model.integration import WatchedIntegration
from cdi_bot.core.model.run import Outcome, Run
from cdi_bot.core.model.subscription import is_pattern, selector_matches
from tests.core.runs_kit import NOON, at, integration, run


def test_a_time_without_zone_is_refused() -> None:
    """No comparison can go wrong later."""
    with pytest.raises(ValueError, match="sync_start_time has no time zone"):
        Run(integration_id="a", sync_start_time=datetime(2026, 3, 25), job_status="error")  # noqa: DTZ001  # the point
    with pytest.raises(ValueError, match="next_scheduled_run"):
        replace(integration(), next_scheduled_run=datetime(2026, 3, 25))  # noqa: DTZ001  # likewise


def test_a_wait_ends_with_its_time_or_when_the_clock_was_set_back_before_its_beginning() -> None:
    """So none takes longer than twice its time, whatever happens to the clock."""
    minute = timedelta(minutes=1)
    assert not still_waits(None, minute, NOON)
    assert still_waits(NOON, minute, NOON)
    assert still_waits(NOON, minute, at(0.99))
    assert not still_waits(NOON, minute, at(1))
    assert not still_waits(NOON, minute, at(-0.01))


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        ("running", Outcome.RUNNING),
        ("success", Outcome.GOOD),
        ("partial", Outcome.BAD),
        ("Success", Outcome.BAD),
    ],
)
def test_only_success_is_good(status: str, outcome: Outcome) -> None:
    """Whatever is neither running nor success is bad."""
    assert run(1, status).outcome is outcome


def test_a_run_tells_its_length_and_its_loss() -> None:
    """Where it knows them."""
    assert run(1).duration == timedelta(seconds=30)
    assert run(1, "running").duration is None
    assert run(1, rows_synced=90, rows_failed_with_errors=10).failed_share == pytest.approx(0.1)
    assert run(1, rows_synced=0, rows_failed_with_errors=0).failed_share is None
    assert run(1, rows_synced=5).failed_share is None


@pytest.mark.parametrize(
    ("selector", "fits"),
    [
        ("all", True),
        ("users-1", True),
        ("Users [EU]", False),
        ("users*", True),
        ("*[EU]", True),
        ("*[e]*", False),
        ("Users ?EU?", True),
        ("orders*", False),
    ],
)
def test_a_selector_is_an_id_a_pattern_or_all(selector: str, fits: bool) -> None:
    """Patterns go by the name in any case; only the star and the question mark are special."""
    assert selector_matches(selector, integration("Users [EU]", "users-1")) is fits


def test_what_takes_in_the_future() -> None:
    """Patterns and `all` do; an id does not."""
    assert [is_pattern(each) for each in ("all", "U*", "U?", "users-1")] == [True, True, True, False]


def test_an_integration_was_observed_when_either_call_told_of_it() -> None:
    """The newer of the two, if any."""
    one = WatchedIntegration(integration=integration())
    assert one.observed_at is None
    assert replace(one, listed_at=NOON, status_asked_at=at(1)).observed_at == at(1)
