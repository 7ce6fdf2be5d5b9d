"""Which integrations stand on which page of Braze's list, and which of them are gone.

Pages may be read in any order, and they shift while that happens: what one page lost may stand on another that was
read a moment ago, or slip from a page that is still to be read to one that has been. So an integration counts as gone
only when every page has been read three times without it since any page was last seen to change: only shifts that
undo each other unseen, time after time, could hide it so long.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

_READS = 3


@dataclass(slots=True)
class _Page:
    members: tuple[str, ...] = ()
    reads: tuple[float, ...] = ()  # the newest few


@dataclass(slots=True)
class ListPages:
    """The pages by number, from 0. `frontier` is the next page to be found, `None` once the last one is known."""

    frontier: int | None = 0
    _pages: dict[int, _Page] = field(default_factory=dict)
    _page_of: dict[str, int] = field(default_factory=dict)
    _lost: set[str] = field(default_factory=set)
    _shifted_at: float = float("-inf")  # when a page was last seen to hold others than before

    def __len__(self) -> int:
        """How many pages are known."""
        return len(self._pages)

    def __contains__(self, page: int) -> bool:
        """Whether a page is known."""
        return page in self._pages

    def members(self, page: int) -> tuple[str, ...]:
        """Who stood on a page when it was last read."""
        found = self._pages.get(page)
        return found.members if found else ()

    def page_of(self, integration_id: str) -> int | None:
        """Where an integration stood last, `None` if it is on no page."""
        return self._page_of.get(integration_id)

    def read_at(self, page: int) -> float:
        """When a known page was last read."""
        return self._pages[page].reads[-1]

    def stale(self, since: float) -> int | None:
        """The first page that has not been read since a time, else the one to be found next, else `None`."""
        old = (number for number, page in self._pages.items() if page.reads[-1] < since)
        return min(old, default=self.frontier)

    def take(self, number: int, members: Iterable[str], *, is_last: bool, now: float) -> set[str]:
        """Note what a page holds now; returns the integrations whose place that changes."""
        page = self._pages.setdefault(number, _Page())
        before, page.members = page.members, tuple(members)
        page.reads = (*page.reads, now)[-_READS:]
        moved = set()
        for integration_id in page.members:
            self._lost.discard(integration_id)
            old = self._page_of.get(integration_id)
            if old != number:
                moved.add(integration_id)
                self._page_of[integration_id] = number
                if old is not None:
                    self._leave(old, integration_id)
        lost = {each for each in before if each not in page.members} | self._bound(number, is_last=is_last)
        for integration_id in lost:
            del self._page_of[integration_id]
        self._lost |= lost
        if moved or lost:
            self._shifted_at = now
        return moved | lost

    def gone(self) -> list[str]:
        """Take out and return those that stood on no page although each was read three times since anything shifted."""
        if not self._lost or self.frontier is not None:
            return []
        if any(
            len(page.reads) < _READS or page.reads[0] <= self._shifted_at for page in self._pages.values()
        ):
            return []
        found, self._lost = list(self._lost), set()
        return found

    def expect(self, integration_id: str, now: float) -> None:
        """Note one that was listed before this process began: unless it turns up, it is gone."""
        if integration_id not in self._page_of:
            self._lost.add(integration_id)
            self._shifted_at = max(self._shifted_at, now)

    def restart(self) -> None:
        """Find the pages anew, because the way to them has become invalid."""
        self.frontier = 0

    def _bound(self, number: int, *, is_last: bool) -> set[str]:
        """Note where the list goes on, or ends; returns who stood on the pages that there are no more."""
        if not is_last:
            if self.frontier == number or (self.frontier is None and number + 1 not in self._pages):
                self.frontier = number + 1
            return set()
        if self.frontier is not None and self.frontier >= number:
            self.frontier = None
        beyond = [other for other in self._pages if other > number]
        return {each for other in beyond for each in self._pages.pop(other).members}

    def _leave(self, page: int, integration_id: str) -> None:
        found = self._pages.get(page)
        if found:
            found.members = tuple(each for each in found.members if each != integration_id)
