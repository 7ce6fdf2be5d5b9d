"""A storm: many integrations begin to fail at once, and most of them are on pages that would be read much later.

Then the pages are read as fast as the limits allow, each once, the most suspect ones first, for as long as it pays.
Times are seconds since 1970.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable

LEAST, WITHIN = 3, 10.0
"""So many integrations that are first seen to fail within so many seconds are a storm."""

LAGS, LONGEST_WAIT = 1.5, 20.0
"""The pages are read so many times the list's usual lag later, when it shows nearly all of them; seconds at most."""

FRUITLESS = 3
"""After so many pages in a row on which nothing has begun to fail, a storm is over."""

AT_ONCE = 4
"""Pages under way together ahead of the even pace: so many more may be read in vain."""


class Storm:
    """The pages that are still to be read because of a storm; none while there is no storm."""

    def __init__(self) -> None:
        self._failures: deque[float] = deque(maxlen=LEAST)
        self._pages: deque[int] = deque()
        self.begins_at = 0.0
        self._fruitless = 0
        self._next_after = float("-inf")  # what is seen to fail before belongs to the last storm

    def note_failure(self, now: float) -> bool:
        """Take note that an integration was seen to fail that did not fail before; returns whether a storm begins."""
        if self._pages or now < self._next_after:
            return False
        self._failures.append(now)
        return len(self._failures) == LEAST and now - self._failures[0] <= WITHIN

    def begin(self, pages: Iterable[int], now: float, *, lag: float) -> None:
        """Have these pages read in this order; the list usually shows what happened so many seconds later."""
        self._failures.clear()
        self._pages, self._fruitless = deque(pages), 0
        self.begins_at = now + min(LAGS * lag, LONGEST_WAIT)

    def page_read(self, now: float, *, failures: int) -> None:
        """Take note that so many were first seen to fail on a page."""
        if not self._pages or now < self.begins_at:
            return
        self._next_after = now + WITHIN
        self._fruitless = 0 if failures else self._fruitless + 1
        if self._fruitless >= FRUITLESS:
            self._pages.clear()

    def next_page(self, now: float, is_due: Callable[[int, float], bool]) -> int | None:
        """The page to read next, which stays until it is dropped; `is_due` says of a page whether it still has to be.

        It is given a page, and the time since which the page must have been read.
        """
        while self._pages and now >= self.begins_at:
            if is_due(self._pages[0], self.begins_at):
                return self._pages[0]
            self._pages.popleft()
        return None

    def drop(self, now: float) -> None:
        """Remove the page that `next_page` has told."""
        self._pages.popleft()
        self._next_after = now + WITHIN

    def shift(self, seconds: float) -> None:
        """Take note that the clock was set ahead by so much."""
        self.begins_at += seconds
        self._next_after += seconds
        self._failures.clear()
