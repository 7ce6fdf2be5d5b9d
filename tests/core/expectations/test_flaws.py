"""Flaws, and what somebody marked as expected."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from cdi_bot.core.expectations.flaws import flaw, time_of
from tests.core.expectations.pasts_kit import BEGIN, at

STRENGTH = st.floats(0.01, 1e9)


def low(magnitude: float, day: float = 5) -> bool:
    """Whether such a flaw is expected where one of magnitude 4 was marked on the third day."""
    found = flaw("rows_low", at(day), magnitude=magnitude, observed=1, usual=2)
    return found.is_expected({"rows_low": (4.0, at(3)), "rows_high": (1e9, at(99))})


def test_what_was_marked_is_expected_up_to_its_strength() -> None:
    """And a little beyond; what had begun by then is expected however strong it becomes."""
    assert low(4)
    assert low(4.1)
    assert not low(40)
    assert low(40, day=2)
    other = flaw("no_rows", at(2), magnitude=1, observed=1, usual=2)
    assert not other.is_expected({"rows_low": (4.0, at(3))})


@given(STRENGTH, st.floats(0, 1), st.floats(0, 100), st.floats(0, 100))
def test_what_is_marked_is_silent_ever_after(strength: float, part: float, day: float, later: float) -> None:
    """That very thing, and whatever is no stronger, at any time."""
    accepted = {"resync": (strength, at(day))}
    for magnitude in (strength, strength * part):
        again = flaw("resync", at(later), magnitude=magnitude, observed=0, usual=0)
        assert again.is_expected(accepted)


def test_times_are_in_utc() -> None:
    """Of seconds since 1970."""
    assert time_of(BEGIN.timestamp()) == BEGIN
