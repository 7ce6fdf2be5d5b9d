"""Which integrations are on which page of Braze's list, and which of them are missing from it.

Pages may be read in any order, and integrations move between them meanwhile: one that has left a page may be on
another page that was read a moment ago, or move from a page that has not been read yet to one that has. So an
integration counts as missing only when every page has been read three times without it since a page was last seen to
change. Only moves that cancel each other out, time after time, could hide an integration for that long.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

_READS = 3
"""How often every page is read before an integration that is on none of them counts as missing."""

_FEW, _DOUBT = 3, 600.0
"""More than so many, and most of all that are known, do not disappear at once: it is believed after so many seconds.

An answer may be empty by mistake, or a proxy take away the header that leads to the next page.
"""


@dataclass(slots=True)
class _Page:
    members: tuple[str, ...] = ()
    reads: tuple[float, ...] = ()  # when it was read: the newest `_READS` times


@dataclass(slots=True)
class ListPages:
    """The pages by number, from 0, and the integrations on them. Times are seconds since 1970.

    `next_in_order` is the page to read next while it is not known which page is the last; then `None`. A page can be
    read only when the page before it was read.
    """

    next_in_order: int | None = 0
    _pages: dict[int, _Page] = field(default_factory=dict)
    _page_of: dict[str, int] = field(default_factory=dict)
    _on_no_page: set[str] = field(default_factory=set)
    _changed_at: float = float("-inf")  # when any page was last seen to have other members than before

    def __len__(self) -> int:
        """How many pages are known."""
        return len(self._pages)

    def __contains__(self, page: int) -> bool:
        """Whether a page is known."""
        return page in self._pages

    def members(self, page: int) -> tuple[str, ...]:
        """The ids of the integrations on a page when it was last read; none for an unknown page."""
        found = self._pages.get(page)
        return found.members if found else ()

    def page_of(self, integration_id: str) -> int | None:
        """The page that an integration was last seen on, `None` if it is on no page."""
        return self._page_of.get(integration_id)

    def read_at(self, page: int) -> float:
        """When a known page was last read."""
        return self._pages[page].reads[-1]

    def unread_since(self, since: float) -> int | None:
        """The first page that was not read since a time, else the next one in order, `None` if there is neither."""
        old = (number for number, page in self._pages.items() if page.reads[-1] < since)
        return min(old, default=self.next_in_order)

    def update(self, number: int, members: Iterable[str], *, is_last: bool, now: float) -> set[str]:
        """Store which integrations are on a page; returns those that have come to or left a page."""
        page = self._pages.setdefault(number, _Page())
        before, page.members = page.members, tuple(members)
        page.reads = (*page.reads, now)[-_READS:]
        moved = set()
        for integration_id in page.members:
            self._on_no_page.discard(integration_id)
            old = self._page_of.get(integration_id)
            if old != number:
                moved.add(integration_id)
                self._page_of[integration_id] = number
                if old is not None:
                    self._remove(integration_id, old)
        left = {each for each in before if each not in page.members} | self._set_end(number, is_last=is_last)
        for integration_id in left:
            del self._page_of[integration_id]
        self._on_no_page |= left
        if moved or left:
            self._changed_at = now
        return moved | left

    def take_missing(self, now: float) -> list[str]:
        """Return those that are on no page although each was read three times since the last change; each once."""
        if not self._on_no_page or self.next_in_order is not None:
            return []
        if len(self._on_no_page) > max(_FEW, len(self._page_of)) and now < self._changed_at + _DOUBT:
            return []
        if any(
            len(page.reads) < _READS or page.reads[0] <= self._changed_at for page in self._pages.values()
        ):
            return []
        found, self._on_no_page = list(self._on_no_page), set()
        return found

    def expect(self, integration_id: str, now: float) -> None:
        """Add an integration that was listed before this process began: it is missing unless a page shows it."""
        if integration_id not in self._page_of:
            self._on_no_page.add(integration_id)
            self._changed_at = max(self._changed_at, now)

    def shift(self, seconds: float) -> None:
        """Take note that the clock was set ahead by so much."""
        self._changed_at += seconds
        for page in self._pages.values():
            page.reads = tuple(at + seconds for at in page.reads)

    def restart(self) -> None:
        """Read all pages in order again, because the cursors that lead to them have become invalid."""
        self.next_in_order = 0

    def _set_end(self, number: int, *, is_last: bool) -> set[str]:
        """Store whether another page follows; returns the integrations of pages that no longer exist."""
        if not is_last:
            if self.next_in_order == number or (self.next_in_order is None and number + 1 not in self._pages):
                self.next_in_order = number + 1
            return set()
        if self.next_in_order is not None and self.next_in_order >= number:
            self.next_in_order = None
        beyond = [other for other in self._pages if other > number]
        return {each for other in beyond for each in self._pages.pop(other).members}

    def _remove(self, integration_id: str, number: int) -> None:
        page = self._pages.get(number)
        if page:
            page.members = tuple(each for each in page.members if each != integration_id)
