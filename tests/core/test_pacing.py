"""What to ask next."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdi_bot.core.pacing import Standing, Urgency, choose, gap, urgency
from tests.core.runs_kit import NOON, at

INTERVAL = timedelta(seconds=30)


def standing(
    name: str = "a",
    *,
    news: bool = False,
    running: bool = False,
    asked: datetime | None = NOON,
    listed: datetime | None = None,
    not_before: datetime | None = None,
) -> Standing:
    """One integration, asked at noon unless told otherwise."""
    return Standing(
        integration_id=name,
        news=news,
        running=running,
        asked_at=asked,
        listed_at=listed,
        not_before=not_before,
    )


@pytest.mark.parametrize(
    ("one", "seconds", "why"),
    [
        (standing(), 29, None),
        (standing(), 30, Urgency.UNSEEN),
        (standing(news=True), 0, Urgency.NEWS),
        (standing(news=True, not_before=at(1)), 59, None),
        (standing(news=True, not_before=at(1)), 60, Urgency.NEWS),
        (standing(running=True), 9, None),
        (standing(running=True), 10, Urgency.RUNNING),
        (standing(running=True, asked=None), 0, Urgency.RUNNING),
        (standing(asked=None), 0, Urgency.UNSEEN),
        (standing(listed=at(1)), 60, None),
        (standing(listed=at(5)), 300, Urgency.UNSEEN),
        (standing(asked=None, listed=NOON), 1, Urgency.UNTOLD),
    ],
)
def test_an_integration_is_asked_for_a_reason(one: Standing, seconds: float, why: Urgency | None) -> None:
    """The interval counts from whichever call told of it last; a list alone is trusted for ten intervals."""
    assert urgency(one, now=at(seconds / 60), interval=INTERVAL) is why


def test_the_most_urgent_go_first_and_the_longest_unasked_among_them() -> None:
    """News, then running, then unseen."""
    everyone = [
        standing("unseen", asked=at(-5)),
        standing("running", running=True, asked=at(-1)),
        standing("news", news=True),
        standing("older news", news=True, asked=at(-9)),
    ]
    chosen = choose(everyone, now=NOON, interval=INTERVAL, allowance=9, routine=9)
    assert [name for name, _ in chosen] == ["older news", "news", "running", "unseen"]


@given(
    st.lists(st.tuples(st.booleans(), st.booleans(), st.integers(0, 900)), max_size=40),
    st.integers(0, 50),
    st.integers(-2, 50),
)
def test_no_bound_is_ever_exceeded(seen: list[tuple[bool, bool, int]], allowance: int, routine: int) -> None:
    """Not the allowance, and not the routine part of it; nobody is chosen twice."""
    everyone = [
        standing(str(place), news=news, running=running, asked=NOON - timedelta(seconds=ago))
        for place, (news, running, ago) in enumerate(seen)
    ]
    chosen = choose(everyone, now=NOON, interval=INTERVAL, allowance=allowance, routine=routine)
    assert len(chosen) <= allowance
    assert sum(1 for _, why in chosen if why is not Urgency.NEWS) <= max(routine, 0)
    assert len({name for name, _ in chosen}) == len(chosen)


def test_a_share_of_a_limit_is_spread_evenly() -> None:
    """40 of 50 a minute is one each 1.5 s; a limit of nothing is one a minute."""
    assert gap(50, 0.8) == timedelta(seconds=1.5)
    assert gap(0, 0.8) == timedelta(minutes=1)
