"""What to ask Braze next: each request goes where the most runs are expected to have ended unseen.

The list tells ten integrations for one request, but late and without rows; the status call tells one, exactly. Each
has a rate limit of its own, hence a ranking of its own: pages of the list, and integrations. What either of them
told goes into one belief about each integration, so what one has just shown is worth nothing to the other. Besides,
nothing goes unseen for longer than its floor, as far as the limits allow that.

Pure bookkeeping: `now` is an argument, nothing is asked or waited for here. A choice costs O(log n).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from math import sqrt

from cdi_bot.core.model.integration import Integration, WatchedIntegration
from cdi_bot.core.model.run import Run
from cdi_bot.core.planner.clock_skew import ClockSkew, ListLag
from cdi_bot.core.planner.list_pages import ListPages
from cdi_bot.core.planner.priority_queue import PriorityQueue, TimeQueue
from cdi_bot.core.planner.run_estimate import ListChange, RunEstimate, estimate_from_store

PAGES_SHARE = 0.8
"""The part of the list limit that polling spreads over the minute; the customer's other tools have the rest."""

CALLS_SHARE = 0.7
"""Likewise of the status limit: with what is kept for commands it makes 80 %."""

VERIFY_INTERVALS = 10
"""What the list shows is asked by the status call every so many poll intervals all the same, in case the list lies."""

VERIFY_PART = 0.1
"""The part of all status calls that this may take."""

CALLS_IN_TURN = 0.5
"""The part of all status calls that go round in turn, where the limits don't allow to keep the poll interval."""

PAGES_IN_TURN = 0.7
"""The part of all pages that are read in turn, so that nothing is missed for long that could not be foreseen."""

UNSUBSCRIBED_WEIGHT = 0.02
"""What an unseen ending counts that nobody waits for: subscribed integrations come first."""

UNSUBSCRIBED_PART = 0.1
"""The part of all pages that may go to those on which nobody waits for anything."""
_PAGES_APART = 1.0
_APART = 3.0  # seconds between two looks at one integration: Braze's answer hardly changes faster
_LEAST = 0.05  # expected endings for which a status call is made at all
_STALE = 10.0  # seconds unseen, from which on lost time counts besides the chance to find something


class Planner:
    """Knows what was seen of each integration and what is to be expected, and chooses what to ask next.

    Whatever `next_page` or `next_call` hand out is not handed out again before its outcome was told: by `listed` or
    `page_failed`, by `answered` or `failed`.
    """

    def __init__(self, *, interval: timedelta) -> None:
        """Start knowing nothing; `interval` is the longest that a subscribed integration may go unseen."""
        self._interval = interval.total_seconds()
        self._estimates: dict[str, RunEstimate] = {}
        self._listing = ListPages()
        self._subscribed = 0
        self._unlisted: set[str] = set()
        self._subscribed_pages: set[int] = set()
        self._news: TimeQueue[str] = TimeQueue()
        self._held: TimeQueue[str] = TimeQueue()
        self._pressing: set[str] = set()
        self._asking: set[str] = set()
        self._reading: set[int] = set()
        self._calls: PriorityQueue[str] = PriorityQueue(self._worth_of_call, price=_LEAST, least=_LEAST)
        self._pages: PriorityQueue[int] = PriorityQueue(self._worth_of_page, price=_LEAST, least=0.0)
        self._calls_per_minute, self._pages_per_minute = 1.0, 1.0
        self._ahead, self._lag = ClockSkew(), ListLag()

    # ------------------------------------------------------------------------------------- what is known

    def allow(self, *, calls_per_minute: float, pages_per_minute: float) -> None:
        """Set how many requests there will be: floors that would take more of them are raised."""
        self._calls_per_minute, self._pages_per_minute = max(calls_per_minute, 1), max(pages_per_minute, 1)

    def know(
        self, watched: WatchedIntegration, *, newest: Run | None, subscribed: bool, now: datetime
    ) -> None:
        """Take an integration in as it is stored, or note whether anybody is subscribed to it from now on."""
        integration_id, time = watched.integration.integration_id, now.timestamp()
        estimate = self._estimates.get(integration_id)
        if estimate is None:
            estimate = self._estimates[integration_id] = estimate_from_store(watched, newest, time)
            if watched.listed_at is not None and watched.missing_since is None:
                self._listing.expect(integration_id, time)
        elif estimate.subscribed == subscribed:
            return
        self._subscribed += subscribed - estimate.subscribed
        estimate.subscribed = subscribed
        self._rank(integration_id, time)
        page = self._listing.page_of(integration_id)
        if page is not None:
            self._rank_page(page, time)

    def is_new_to(self, integration_id: str) -> bool:
        """Whether an integration's past has not been told yet."""
        estimate = self._estimates.get(integration_id)
        return estimate is not None and estimate.untold

    def recall(self, integration_id: str, runs: Sequence[Run], now: datetime) -> None:
        """Learn from the stored runs of an integration how it usually runs; nothing new is seen by that."""
        estimate = self._estimates.get(integration_id)
        if estimate is not None and estimate.asked_at is not None and runs:
            estimate.recall(runs)
            self._rank(integration_id, now.timestamp())

    def stale_page(self, since: datetime) -> int | None:
        """A page of the list that has not been read since a time, `None` when all of it has been."""
        return self._listing.stale(since.timestamp())

    def gone(self) -> list[str]:
        """Take out and return what the list has not held for two whole readings, though it did before."""
        return self._listing.gone()

    # ------------------------------------------------------------------------------------- the status call

    def next_call(self, now: datetime, *, news_only: bool = False) -> str | None:
        """The integration to ask now, `None` when no call is worth its while."""
        time = now.timestamp()
        while (held := self._held.first()) and held[0] <= time:
            self._held.take()
            if held[1] in self._pressing:
                self._news.put(held[1], time)
            else:
                self._rank(held[1], time)
        found = self._news.take()
        chosen = found[1] if found else None
        if chosen is None and not news_only:
            chosen = self._calls.take(time)
        if chosen is not None:
            self._calls.drop(chosen)
            self._asking.add(chosen)
        return chosen

    def answered(self, integration_id: str, runs: Sequence[Run], now: datetime) -> None:
        """Take in the first page of an integration's runs."""
        estimate = self._estimates.get(integration_id)
        if estimate is None:
            return
        time = now.timestamp()
        was_running, began, asked_at = estimate.running, estimate.began, estimate.asked_at
        estimate.take_runs(runs, time, self._ahead.seconds)
        if estimate.began is not None and estimate.began != began:
            self._ahead.saw(estimate.began, None, time)
        elif was_running and estimate.began and estimate.ended and estimate.ended > estimate.began:
            self._ahead.saw(estimate.ended, asked_at, time)
        for place in (self._news, self._held):
            place.drop(integration_id)
        for names in (self._asking, self._pressing):
            names.discard(integration_id)
        self._rank(integration_id, time)
        page = self._listing.page_of(integration_id)
        if page is not None and (estimate.began, estimate.running) != (began, was_running):
            self._rank_page(page, time)

    def failed(self, integration_id: str, now: datetime, *, not_before: datetime) -> None:
        """Note that an integration could not be asked, and when to try again."""
        self._asking.discard(integration_id)
        self._hold(integration_id, max(not_before, now))

    def press(self, integration_id: str, now: datetime, *, not_before: datetime | None = None) -> None:
        """Ask an integration before all that is only likely to bring news, once it may be asked."""
        if integration_id not in self._estimates:
            return
        self._pressing.add(integration_id)
        if integration_id not in self._asking:
            self._hold(integration_id, not_before or now)

    def _hold(self, integration_id: str, until: datetime) -> None:
        for place in (self._calls, self._news):
            place.drop(integration_id)
        if integration_id in self._estimates:
            self._held.put(integration_id, until.timestamp())

    # ------------------------------------------------------------------------------------- the list call

    def next_page(self, now: datetime) -> int | None:
        """The page of the list to read now, counted from 0; `None` when that is not worth its while."""
        frontier = self._listing.frontier
        if frontier is not None:
            page = None if frontier in self._reading else frontier
        else:
            page = self._pages.take(now.timestamp())
            while page is not None and page not in self._listing:
                page = self._pages.take(now.timestamp())
        if page is not None:
            self._reading.add(page)
        return page

    def listed(
        self, page: int, integrations: Sequence[Integration], now: datetime, *, is_last: bool
    ) -> dict[str, ListChange]:
        """Take in a page of the list; returns what it changes of each integration that is known."""
        time = now.timestamp()
        self._reading.discard(page)
        changes = {}
        for listed in integrations:
            estimate = self._estimates.get(listed.integration_id)
            if estimate is None:
                continue
            self._learn_lag(estimate, listed, time)
            changes[listed.integration_id] = estimate.take_listed(
                listed, time, lag=self._lag.seconds, ahead=self._ahead.seconds
            )
        members = [listed.integration_id for listed in integrations]
        moved = self._listing.take(page, members, is_last=is_last, now=time)
        for integration_id in moved.union(members):
            self._rank(integration_id, time)
        self._rank_page(page, time)
        return changes

    def page_failed(self, page: int, now: datetime, *, restart: bool = False) -> None:
        """Note that a page could not be read; `restart` when the way to it has become invalid."""
        self._reading.discard(page)
        if restart:
            self._listing.restart()
        self._rank_page(page, now.timestamp())

    # ------------------------------------------------------------------------------------- what it is worth

    def _worth_of_call(self, integration_id: str, time: float) -> float:
        estimate = self._estimates[integration_id]
        if estimate.asked_at is not None and time < estimate.asked_at + _APART:
            return 0.0
        worth = estimate.unseen(time, self._ahead.seconds) * _staleness(time - estimate.as_of)
        return max(worth, _LEAST) if estimate.untold else worth

    def _worth_of_page(self, page: int, time: float) -> float:
        if page not in self._listing or time < self._listing.read_at(page) + _PAGES_APART:
            return -1.0
        until, ahead = time - self._lag.seconds, self._ahead.seconds
        worth = 0.0
        for integration_id in self._listing.members(page):
            estimate = self._estimates.get(integration_id)
            if estimate is not None:
                weight = 1.0 if estimate.subscribed else UNSUBSCRIBED_WEIGHT
                worth += weight * estimate.unseen(until, ahead) * _staleness(time - estimate.as_of)
        return worth

    def _call_floor(self, integration_id: str) -> float:
        """Seconds from one status call of an integration to the next, whatever the first one told."""
        unlisted = len(self._unlisted)
        if integration_id in self._unlisted:
            return self._turn(unlisted)
        listed = self._subscribed - unlisted
        return max(self._interval * VERIFY_INTERVALS, listed * 60 / self._calls_per_minute / VERIFY_PART)

    def _turn(self, count: int) -> float:
        """Seconds in which the status call alone goes round so many integrations."""
        return max(self._interval, count * 60 / self._calls_per_minute / CALLS_IN_TURN)

    def _page_floor(self, page: int) -> float:
        """Seconds from one reading of a page to the next; pages that nobody waits for have what the others leave."""
        seconds = 60 / self._pages_per_minute
        if page in self._subscribed_pages:
            return len(self._subscribed_pages) * seconds / PAGES_IN_TURN
        left = UNSUBSCRIBED_PART if self._subscribed_pages else PAGES_IN_TURN
        return (len(self._listing) - len(self._subscribed_pages)) * seconds / left

    # ------------------------------------------------------------------------------------- keeping it in order

    def _rank(self, integration_id: str, time: float) -> None:
        estimate = self._estimates.get(integration_id)
        if estimate is None or not estimate.subscribed:
            self._calls.drop(integration_id)
            self._unlisted.discard(integration_id)
            return
        is_listed = self._listing.page_of(integration_id) is not None
        (self._unlisted.discard if is_listed else self._unlisted.add)(integration_id)
        if integration_id in self._asking or integration_id in self._news or integration_id in self._held:
            return
        last = estimate.asked_at if estimate.asked_at is not None else estimate.as_of
        due = last + self._call_floor(integration_id)
        # A list that tells nothing any more is no reason to leave an integration unseen.
        self._calls.put(integration_id, time, min(due, estimate.as_of + self._turn(self._subscribed)))

    def _rank_page(self, page: int, time: float) -> None:
        subscribed = any(
            estimate.subscribed
            for each in self._listing.members(page)
            if (estimate := self._estimates.get(each))
        )
        (self._subscribed_pages.add if subscribed else self._subscribed_pages.discard)(page)
        if page in self._listing and page not in self._reading:
            self._pages.put(page, time, self._listing.read_at(page) + self._page_floor(page))

    def _learn_lag(self, estimate: RunEstimate, listed: Integration, time: float) -> None:
        if estimate.changed_at is None:
            return
        if estimate.is_ahead_of(listed):
            self._lag.behind(time - estimate.changed_at)
            return
        self._lag.abreast(time - estimate.changed_at)
        estimate.changed_at = None


def _staleness(seconds: float) -> float:
    return sqrt(sqrt(max(seconds, _STALE) / _STALE))
