"""The budget: one test for each of its rules."""

from datetime import UTC, datetime, timedelta

import pytest

from cdi_bot.braze.budget import (
    IN_FLIGHT_AT_FIRST,
    LONGEST_CLOSURE,
    Budget,
    Denial,
    DenialReason,
    Permit,
)
from cdi_bot.braze.rate_headers import NO_RATE_HEADERS, RateHeaders
from cdi_bot.monitoring.braze_port import Endpoint, Purpose

MINUTE = datetime(2026, 3, 25, 12, 0, tzinfo=UTC)
POLL, COMMAND = Purpose.POLL, Purpose.COMMAND
STATUS, LIST, SYNC = Endpoint.STATUS, Endpoint.LIST, Endpoint.SYNC


def at(seconds: float) -> datetime:
    """A time of the tests' first minute and after."""
    return MINUTE + timedelta(seconds=seconds)


def told(
    *,
    limit: int | None = None,
    remaining: int | None = None,
    reset: float | None = None,
    wait: float | None = None,
) -> RateHeaders:
    """Headers that tell this; times in seconds from the first minute, and `wait` from now."""
    return RateHeaders(
        limit=limit,
        remaining=remaining,
        reset=None if reset is None else at(reset),
        retry_after=None if wait is None else timedelta(seconds=wait),
    )


def take(budget: Budget, now: datetime, endpoint: Endpoint = STATUS, purpose: Purpose = POLL) -> Permit:
    """Take a permit that has to be there."""
    permit = budget.acquire(endpoint, now, purpose)
    assert isinstance(permit, Permit)
    return permit


def refused(budget: Budget, now: datetime, endpoint: Endpoint = STATUS, purpose: Purpose = POLL) -> Denial:
    """Take a permit that must not be there."""
    denial = budget.acquire(endpoint, now, purpose)
    assert isinstance(denial, Denial)
    return denial


def spend(
    budget: Budget,
    now: datetime,
    *,
    endpoint: Endpoint = STATUS,
    purpose: Purpose = POLL,
    limit: int | None = 100,
    used: int = 0,
) -> int:
    """Send one request after another until the budget says no; `used` is what others have taken before."""
    sent = 0
    while isinstance(permit := budget.acquire(endpoint, now, purpose), Permit):
        sent += 1
        remaining = None if limit is None else max(0, limit - used - sent)
        budget.release(permit, now, told(limit=limit, remaining=remaining), asked_to_wait=False)
    return sent


@pytest.mark.parametrize(
    ("endpoint", "purpose", "limit", "most"),
    [
        (STATUS, POLL, 100, 70),
        (STATUS, COMMAND, 100, 100),
        (LIST, POLL, 50, 40),
        (SYNC, COMMAND, 20, 20),
        (STATUS, POLL, 500, 390),
        (LIST, POLL, 250, 200),
        (STATUS, POLL, 20, 8),
        (STATUS, POLL, None, 70),
        (LIST, POLL, None, 40),
    ],
)
def test_polling_keeps_under_its_share(
    endpoint: Endpoint, purpose: Purpose, limit: int | None, most: int
) -> None:
    """80 % less the commands' ten; the documented limit holds until headers name another."""
    assert spend(Budget(), at(0), endpoint=endpoint, purpose=purpose, limit=limit) == most


def test_a_new_minute_brings_a_new_share() -> None:
    """Windows are clock minutes, whenever the first request came."""
    budget = Budget()
    assert spend(budget, at(59)) == 70
    assert spend(budget, at(60)) == 70


def test_the_limit_is_what_headers_said_last() -> None:
    """Also in later minutes."""
    budget = Budget()
    assert [budget.limit(endpoint) for endpoint in (LIST, STATUS, SYNC)] == [50, 100, 20]
    budget.release(take(budget, at(0)), at(0), told(limit=500), asked_to_wait=False)
    assert budget.limit(STATUS) == 500
    assert spend(budget, at(60), limit=None) == 390


def test_commands_have_ten_requests_that_polling_never_takes() -> None:
    """What commands spend of them is not taken from polling."""
    budget = Budget()
    assert spend(budget, at(0)) == 70
    assert budget.allowance(STATUS, at(1), POLL) == 0
    assert budget.allowance(STATUS, at(1), COMMAND) == 30
    for left in range(29, 19, -1):
        budget.release(
            take(budget, at(1), purpose=COMMAND), at(1), told(limit=100, remaining=left), asked_to_wait=False
        )
    assert budget.allowance(STATUS, at(1), POLL) == 0
    budget = Budget()
    for used in range(1, 11):
        answer = told(limit=100, remaining=100 - used)
        budget.release(take(budget, at(0), purpose=COMMAND), at(0), answer, asked_to_wait=False)
    assert spend(budget, at(1), used=10) == 70


def test_what_other_tools_use_is_left_to_them() -> None:
    """Polling takes its share of what they leave, and commands no more than that."""
    budget = Budget()
    assert spend(budget, at(0), used=20) == 64
    assert budget.allowance(STATUS, at(0), COMMAND) == 16
    assert refused(budget, at(0)).until == at(60)


def test_the_last_ten_requests_are_for_commands() -> None:
    """However much other tools use."""
    budget = Budget()
    budget.release(take(budget, at(0)), at(0), told(limit=100, remaining=10), asked_to_wait=False)
    assert budget.allowance(STATUS, at(0), POLL) == 0
    assert budget.allowance(STATUS, at(0), COMMAND) == 10


def test_nothing_is_sent_when_others_have_used_everything() -> None:
    """Not even for commands."""
    budget = Budget()
    budget.release(take(budget, at(0)), at(0), told(limit=100, remaining=0), asked_to_wait=False)
    assert budget.allowance(STATUS, at(1), COMMAND) == 0
    denial = refused(budget, at(1), purpose=COMMAND)
    assert denial.until == at(60)
    assert denial.reason in {DenialReason.NOTHING_LEFT, DenialReason.SHARE_USED}


def test_only_a_few_go_out_together_before_a_minutes_first_header() -> None:
    """A new process can't know what its predecessor used; commands find room beside polling."""
    budget = Budget()
    first = [take(budget, at(0)) for _ in range(IN_FLIGHT_AT_FIRST[POLL])]
    assert budget.allowance(STATUS, at(0), POLL) == 0
    assert refused(budget, at(0)) == Denial(reason=DenialReason.NO_HEADERS_YET, until=at(1))
    assert budget.allowance(STATUS, at(0), COMMAND) == IN_FLIGHT_AT_FIRST[COMMAND] - len(first)
    budget.release(first[0], at(0), NO_RATE_HEADERS, asked_to_wait=False)
    assert budget.allowance(STATUS, at(0), POLL) == 1
    budget.release(first[1], at(0), told(limit=100, remaining=98), asked_to_wait=False)
    assert budget.allowance(STATUS, at(0), POLL) == 66


def test_a_process_that_starts_over_learns_what_was_used() -> None:
    """Its first answer's headers say it."""
    assert spend(Budget(), at(30), used=70) < 30


def test_requests_in_flight_at_the_turn_of_the_minute_count_in_both() -> None:
    """Braze counts them when they arrive."""
    budget = Budget()
    slow = [take(budget, at(59)) for _ in range(4)]
    for permit in slow[:2]:
        budget.release(permit, at(59), NO_RATE_HEADERS, asked_to_wait=False)
    assert spend(budget, at(60), limit=None) == 68
    # What they are told belongs to the minute before: it says nothing of this one.
    budget.release(slow[2], at(61), told(limit=100, remaining=0), asked_to_wait=False)
    assert budget.allowance(STATUS, at(61), COMMAND) > 0


@pytest.mark.parametrize("counted_first", [0, 5])
def test_concurrent_requests_cannot_overshoot(counted_first: int) -> None:
    """Those that the first answer's header can't have seen are taken off what it says is left."""
    budget = Budget()
    together = [take(budget, at(0), purpose=COMMAND) for _ in range(6)]
    # Others have used 90 of 100; Braze counted this one first and will count the five that are still under way.
    budget.release(together[counted_first], at(0), told(limit=100, remaining=9), asked_to_wait=False)
    assert budget.allowance(STATUS, at(0), COMMAND) == 4


def test_answers_that_overtake_each_other_never_add_to_what_is_left() -> None:
    """The newest request counts, and the least that any was told."""
    budget = Budget()
    early, late = take(budget, at(0)), take(budget, at(0))
    budget.release(late, at(0), told(limit=100, remaining=20), asked_to_wait=False)
    before = budget.allowance(STATUS, at(0), COMMAND)
    budget.release(early, at(0), told(limit=100, remaining=21), asked_to_wait=False)
    assert budget.allowance(STATUS, at(0), COMMAND) == before <= 20
    third, fourth = take(budget, at(0)), take(budget, at(0))
    budget.release(fourth, at(0), told(limit=100, remaining=18), asked_to_wait=False)
    budget.release(third, at(0), told(limit=100, remaining=5), asked_to_wait=False)
    assert budget.allowance(STATUS, at(0), COMMAND) <= 5


@pytest.mark.parametrize(
    ("headers", "opens"),
    [
        (NO_RATE_HEADERS, 60),
        (told(reset=60), 60),
        (told(wait=5), 15),
        (told(reset=60, wait=5), 60),
        (told(reset=60, wait=90), 100),
        (told(wait=0), 11),
        (told(wait=7200), 10 + LONGEST_CLOSURE.total_seconds()),
    ],
)
def test_a_429_closes_the_endpoint_until_the_time_that_braze_names(
    headers: RateHeaders, opens: float
) -> None:
    """For everybody; other endpoints stay open."""
    budget = Budget()
    until = budget.release(take(budget, at(10)), at(10), headers, asked_to_wait=True)
    assert until == at(opens)
    for purpose in Purpose:
        assert budget.allowance(STATUS, at(opens - 0.5), purpose) == 0
    assert refused(budget, at(opens - 0.5)) == Denial(reason=DenialReason.CLOSED, until=at(opens))
    assert budget.allowance(LIST, at(10), POLL) > 0
    assert budget.allowance(STATUS, at(opens), POLL) > 0


def test_a_second_429_never_shortens_the_closure() -> None:
    """The later time holds."""
    budget = Budget()
    first, second = take(budget, at(0)), take(budget, at(0))
    budget.release(first, at(0), told(wait=120), asked_to_wait=True)
    assert budget.release(second, at(0), told(wait=5), asked_to_wait=True) == at(120)


def test_a_reset_that_comes_early_begins_a_new_window_at_once() -> None:
    """Where Braze's clock is ahead of ours, what its old window had left says nothing of the new one."""
    budget = Budget()
    budget.release(take(budget, at(10)), at(10), told(limit=100, remaining=3, reset=30), asked_to_wait=False)
    assert budget.allowance(STATUS, at(29), POLL) == 0
    assert budget.allowance(STATUS, at(30), POLL) > 0


def test_a_later_reset_tells_of_a_new_window() -> None:
    """Its remaining requests replace those of the old one; an answer from the old one comes too late."""
    budget = Budget()
    old, new = take(budget, at(10)), take(budget, at(10))
    late = take(budget, at(10))
    budget.release(old, at(10), told(limit=100, remaining=4, reset=30), asked_to_wait=False)
    assert budget.allowance(STATUS, at(11), COMMAND) < 5
    budget.release(new, at(11), told(limit=100, remaining=99, reset=90), asked_to_wait=False)
    assert budget.allowance(STATUS, at(11), COMMAND) > 90
    budget.release(late, at(11), told(limit=100, remaining=3, reset=30), asked_to_wait=False)
    assert budget.allowance(STATUS, at(11), COMMAND) > 90


def test_a_clock_that_steps_back_by_a_moment_begins_no_minute_twice() -> None:
    """Else each step would bring a new share."""
    budget = Budget()
    assert spend(budget, at(60)) == 70
    assert budget.allowance(STATUS, at(59.9), POLL) == 0
    assert budget.allowance(STATUS, at(60.1), POLL) == 0


def test_a_clock_that_is_set_back_by_hours_stops_nobody() -> None:
    """Times kept from before mean nothing any longer."""
    budget = Budget()
    budget.release(take(budget, at(7200)), at(7200), told(remaining=0, reset=7260), asked_to_wait=True)
    assert budget.allowance(STATUS, at(0), POLL) > 0
