"""Which page an integration is on, and when it is missing, whatever is added and removed meanwhile."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cdi_bot.core.planner.list_pages import ListPages

SIZE = 2


class Braze:
    """A list in pages of two, read in any order."""

    def __init__(self, count: int) -> None:
        """Hold so many integrations."""
        self.names = [f"n{number}" for number in range(count)]
        self.listing, self.now, self.gone = ListPages(), 0.0, set[str]()

    def read(self, page: int) -> None:
        """Read a known page, or the next one in order."""
        if page not in self.listing and self.listing.next_in_order is not None:
            page = self.listing.next_in_order
        if page not in self.listing and page != self.listing.next_in_order:
            page = 0
        self.now += 1
        found = self.names[page * SIZE : (page + 1) * SIZE]
        self.listing.update(page, found, is_last=(page + 1) * SIZE >= len(self.names), now=self.now)
        self.gone |= set(self.listing.take_missing(self.now))

    def read_all(self) -> None:
        """Read every page once, in order."""
        since = self.now + 0.5
        while (page := self.listing.unread_since(since)) is not None:
            self.read(page)


@given(
    st.integers(1, 9),
    st.lists(st.one_of(st.integers(0, 6), st.sampled_from(["add", "remove"])), max_size=60),
)
@example(count=5, steps=["add", 0, 0, 2, 2, "add", "add", 1])
@example(count=4, steps=["add", "remove", "remove", "remove", "remove"])
@example(count=7, steps=["remove", 3, 0, 1, 3, 3, "add", 2])
def test_what_stays_is_never_gone_and_what_was_deleted_is_in_the_end(
    count: int, steps: list[int | str]
) -> None:
    """Items are added at the front and removed from the middle while pages are read in any order."""
    braze = Braze(count)
    braze.read_all()
    added = 0
    removed: set[str] = set()
    for step in steps:
        if step == "add":
            braze.names.insert(0, f"new{added}")
            added += 1
        elif step == "remove" and len(braze.names) > 1:
            removed.add(braze.names.pop(len(braze.names) // 2))
        elif isinstance(step, int):
            braze.read(step)
    for _ in range(6):
        braze.read_all()
    braze.now += 600  # most may have gone at once
    braze.read_all()
    assert {name for name in braze.gone if name.startswith("n") and not name.startswith("new")} <= removed
    assert {name for name in removed if not name.startswith("new")} <= braze.gone
    places = {name: braze.listing.page_of(name) for name in braze.names}
    assert places == {name: place // SIZE for place, name in enumerate(braze.names)}


def test_what_was_listed_before_a_restart_is_gone_only_after_three_readings() -> None:
    """A new process looks for what the process before it has seen."""
    braze = Braze(3)
    braze.listing.expect("lost", 0.0)
    braze.listing.expect("n2", 0.0)
    for _ in range(3):  # in the first reading all is new
        braze.read_all()
        assert braze.gone == set()
    braze.read_all()
    assert braze.gone == {"lost"}


def test_pages_are_found_anew_when_the_way_to_them_is_lost() -> None:
    """After an invalid cursor the reading starts at the first page, and ends at the last one."""
    braze = Braze(5)
    braze.read_all()
    braze.listing.restart()
    found = []
    while (page := braze.listing.next_in_order) is not None:
        found.append(page)
        braze.read(page)
    assert found == [0, 1, 2]


@pytest.mark.parametrize("left", [0, 1, 5])
def test_a_list_that_has_lost_most_is_believed_after_ten_minutes(left: int) -> None:
    """An empty answer, or one whose link to the next page a proxy took away, deletes nothing in Braze."""
    braze = Braze(12)
    braze.read_all()
    all_names, braze.names = braze.names, braze.names[:left]
    for _ in range(6):
        braze.read_all()
    assert braze.gone == set()
    braze.now += 600
    braze.read_all()
    assert braze.gone == set(all_names) - set(braze.names)


def test_a_list_that_comes_back_has_lost_nothing() -> None:
    """What was away for some readings is where it was."""
    braze = Braze(12)
    braze.read_all()
    all_names, braze.names = braze.names, []
    for _ in range(6):
        braze.read_all()
    braze.names = all_names
    braze.now += 600
    for _ in range(6):
        braze.read_all()
    assert braze.gone == set()
