"""Chooses what to ask Braze next: each request goes where the most runs have probably ended since the last answer.

One request for the list tells of ten integrations, but late and without rows; one for the status tells of one, exactly.
Each call has its own rate limit, so there are two queues: pages of the list, and integrations. Both update the same
estimate of an integration, so a run that one call has shown gives the other one no reason to ask. Besides, nothing
goes unasked for longer than its deadline, as far as the limits allow; and when many begin to fail (`storm.py`), the
other pages are urgent.

Pure: `now` is an argument, nothing is asked or waited for here. A choice costs O(log n).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from math import sqrt

from cdi_bot.core.model.integration import Integration, WatchedIntegration
from cdi_bot.core.model.run import Run
from cdi_bot.core.planner import shares
from cdi_bot.core.planner.list_pages import ListPages
from cdi_bot.core.planner.priority_queue import PriorityQueue, TimeQueue
from cdi_bot.core.planner.run_estimate import ListChange, RunEstimate, estimate_from_store
from cdi_bot.core.planner.storm import AT_ONCE, Storm
from cdi_bot.core.planner.timing import ListLag

_BETWEEN_PAGE_READS = 1.0  # seconds
_BETWEEN_CALLS = 3.0  # seconds between two status calls of one integration: the answer hardly changes sooner
_LEAST_VALUE = 0.05  # ended runs to be expected of an integration for which a status call is made at all
_STALE = 10.0  # seconds since the last answer, from which on its age counts besides what is expected


class Planner:
    """Holds what is known and expected of each integration, and chooses what to ask next.

    A page that `next_page` returns, or an integration that `next_call` returns, is not returned again before the
    outcome of that request was passed to `page_answered` or `page_failed`, `call_answered` or `call_failed`.
    """

    def __init__(self, *, interval: timedelta) -> None:
        """Start without any integration; a subscribed one should not go unasked for longer than `interval`."""
        self._interval = interval.total_seconds()
        self._estimates: dict[str, RunEstimate] = {}
        self._listing = ListPages()
        self._subscribed = 0
        self._unlisted: set[str] = set()  # subscribed integrations that are on no page
        self._subscribed_pages: set[int] = set()
        self._urgent: TimeQueue[str] = TimeQueue()
        self._postponed: TimeQueue[str] = TimeQueue()  # until a time before which they must not be asked
        self._prioritized: set[str] = set()
        self._calls_in_flight: set[str] = set()
        self._pages_in_flight: set[int] = set()
        self._calls: PriorityQueue[str] = PriorityQueue(
            self._call_value, threshold=_LEAST_VALUE, minimum=_LEAST_VALUE
        )
        self._pages: PriorityQueue[int] = PriorityQueue(self._page_value, threshold=_LEAST_VALUE, minimum=0.0)
        self._calls_per_minute, self._pages_per_minute = 1.0, 1.0
        self._skew, self._lag, self._storm = 0.0, ListLag(), Storm()

    # ------------------------------------------------------------------------------------- what is known

    def set_limits(self, *, calls_per_minute: float, pages_per_minute: float) -> None:
        """Set how many requests may be sent; deadlines are as far away as these limits need."""
        self._calls_per_minute, self._pages_per_minute = max(calls_per_minute, 1), max(pages_per_minute, 1)

    def set_clock_skew(self, skew: timedelta) -> None:
        """Set how far Braze's clock is ahead of ours."""
        self._skew = skew.total_seconds()

    def shift(self, by: timedelta) -> None:
        """Take note that our clock was set ahead by so much, or back: Braze told everything as long ago as before."""
        seconds = by.total_seconds()
        for estimate in self._estimates.values():
            estimate.shift(seconds)
        for each in (self._listing, self._storm, self._urgent, self._postponed, self._calls, self._pages):
            each.shift(seconds)

    def add_or_update(
        self, watched: WatchedIntegration, *, newest: Run | None, subscribed: bool, now: datetime
    ) -> None:
        """Add an integration as it is stored, or update whether any channel is subscribed to it."""
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
        self._queue_call(integration_id, time)
        page = self._listing.page_of(integration_id)
        if page is not None:
            self._queue_page(page, time)

    def needs_history(self, integration_id: str) -> bool:
        """Whether the past runs of an integration, or the rows of its newest run, are not known yet."""
        estimate = self._estimates.get(integration_id)
        return estimate is not None and estimate.lacks_details

    def learn_habits(self, integration_id: str, runs: Sequence[Run], now: datetime) -> None:
        """Learn from the stored runs of an integration how it usually runs."""
        estimate = self._estimates.get(integration_id)
        if estimate is not None and estimate.asked_at is not None and runs:
            estimate.learn_habits(runs)
            self._queue_call(integration_id, now.timestamp())

    def unread_page(self, since: datetime) -> int | None:
        """A page of the list that has not been read since a time, `None` when all have been."""
        return self._listing.unread_since(since.timestamp())

    def take_missing(self, now: datetime) -> list[str]:
        """Return the integrations that the list has stopped showing; each once, after three complete readings."""
        return self._listing.take_missing(now.timestamp())

    # ------------------------------------------------------------------------------------- the status call

    def next_call(self, now: datetime, *, urgent_only: bool = False) -> str | None:
        """The integration to ask now, `None` when no call is worth it; with `urgent_only` only a prioritized one."""
        time = now.timestamp()
        while (postponed := self._postponed.first()) and postponed[0] <= time:
            self._postponed.take()
            if postponed[1] in self._prioritized:
                self._urgent.put(postponed[1], time)
            else:
                self._queue_call(postponed[1], time)
        found = self._urgent.take()
        chosen = found[1] if found else None
        if chosen is None and not urgent_only:
            chosen = self._calls.take(time)
        if chosen is not None:
            self._calls.drop(chosen)
            self._calls_in_flight.add(chosen)
        return chosen

    def next_unread(self, now: datetime) -> str | None:
        """In a storm, an integration to ask in place of its page, for when no page can be read; else `None`."""
        time = now.timestamp()
        while (page := self._storm.next_page(time, self._is_unread)) is not None:
            for each in self._listing.members(page):
                estimate = self._estimates.get(each)
                is_known = not estimate or not estimate.subscribed or estimate.as_of >= self._storm.begins_at
                if is_known or each in self._calls_in_flight:
                    continue
                for queue in (self._calls, self._urgent, self._postponed):
                    queue.drop(each)
                self._calls_in_flight.add(each)
                return each
            self._storm.drop(time)
        return None

    def call_answered(self, integration_id: str, runs: Sequence[Run], now: datetime) -> None:
        """Learn from the first page of an integration's runs."""
        estimate = self._estimates.get(integration_id)
        if estimate is None:
            return
        time = now.timestamp()
        was_running, began, fails_newly = estimate.running, estimate.began, estimate.is_known_healthy
        estimate.update_from_runs(runs, time, self._skew)
        if fails_newly and not estimate.healthy:
            self._note_failure(time)
        for queue in (self._urgent, self._postponed):
            queue.drop(integration_id)
        for ids in (self._calls_in_flight, self._prioritized):
            ids.discard(integration_id)
        self._queue_call(integration_id, time)
        page = self._listing.page_of(integration_id)
        if page is not None and (estimate.began, estimate.running) != (began, was_running):
            self._queue_page(page, time)

    def call_failed(self, integration_id: str, now: datetime, *, not_before: datetime) -> None:
        """Note that an integration could not be asked, and when to try again."""
        self._calls_in_flight.discard(integration_id)
        self._postpone(integration_id, max(not_before, now))

    def prioritize(self, integration_id: str, now: datetime, *, not_before: datetime | None = None) -> None:
        """Ask an integration before all others that are not prioritized, from `not_before` on."""
        if integration_id not in self._estimates:
            return
        self._prioritized.add(integration_id)
        if integration_id not in self._calls_in_flight:
            self._postpone(integration_id, not_before or now)

    def _postpone(self, integration_id: str, until: datetime) -> None:
        for queue in (self._calls, self._urgent):
            queue.drop(integration_id)
        if integration_id in self._estimates:
            self._postponed.put(integration_id, until.timestamp())

    # ------------------------------------------------------------------------------------- the list call

    def next_page(self, now: datetime, *, urgent_only: bool = False) -> int | None:
        """The page to read now, counted from 0, if any; with `urgent_only` only one that a storm has made urgent."""
        time, page = now.timestamp(), self._listing.next_in_order
        if page is not None:
            page = None if urgent_only or page in self._pages_in_flight else page
        elif (urgent := self._storm.next_page(time, self._is_unread)) is not None:
            if not urgent_only or len(self._pages_in_flight) < AT_ONCE:
                page = urgent
                self._storm.drop(time)
                self._pages.drop(page)
        elif not urgent_only:
            page = self._pages.take(time)
            while page is not None and page not in self._listing:
                page = self._pages.take(time)
        if page is not None:
            self._pages_in_flight.add(page)
        return page

    def page_answered(
        self, page: int, integrations: Sequence[Integration], now: datetime, *, is_last: bool
    ) -> dict[str, ListChange]:
        """Learn from a page of the list; returns what it changes of each known integration, by id."""
        time = now.timestamp()
        self._pages_in_flight.discard(page)
        changes, failures = {}, 0
        for listed in integrations:
            estimate = self._estimates.get(listed.integration_id)
            if estimate is None:
                continue
            self._learn_lag(estimate, listed, time)
            was_healthy = estimate.is_known_healthy
            changes[listed.integration_id] = estimate.update_from_list(
                listed, time, lag=self._lag.seconds, skew=self._skew
            )
            failures += was_healthy and not estimate.healthy and estimate.subscribed
        self._storm.page_read(time, failures=failures)
        members = [listed.integration_id for listed in integrations]
        moved = self._listing.update(page, members, is_last=is_last, now=time)
        for integration_id in moved.union(members):
            self._queue_call(integration_id, time)
        self._queue_page(page, time)
        for _ in range(failures):
            self._note_failure(time)
        return changes

    def page_failed(self, page: int, now: datetime, *, restart: bool = False) -> None:
        """Note that a page could not be read; `restart` when the cursors that lead to it are no longer valid."""
        self._pages_in_flight.discard(page)
        if restart:
            self._listing.restart()
        self._queue_page(page, now.timestamp())

    def _note_failure(self, time: float) -> None:
        """Take note that an integration was seen to fail that did not fail before."""
        if self._storm.note_failure(time):
            value = {page: self._page_value(page, time) for page in self._subscribed_pages}
            pages = sorted(value, key=value.__getitem__, reverse=True)
            self._storm.begin(pages, time, lag=self._lag.seconds)

    def _is_unread(self, page: int, since: float) -> bool:
        """Whether a page is known, and was not read since a time nor is being read."""
        return (
            page in self._listing
            and page not in self._pages_in_flight
            and self._listing.read_at(page) < since
        )

    def _learn_lag(self, estimate: RunEstimate, listed: Integration, time: float) -> None:
        if estimate.not_listed_since is None:
            return
        seconds = time - estimate.not_listed_since
        if estimate.is_newer_than(listed):
            self._lag.not_shown_after(seconds)
        else:
            self._lag.shown_after(seconds)
            estimate.not_listed_since = None

    # ------------------------------------------------------------------------------------- values and deadlines

    def _call_value(self, integration_id: str, time: float) -> float:
        estimate = self._estimates[integration_id]
        if estimate.asked_at is not None and time < estimate.asked_at + _BETWEEN_CALLS:
            return 0.0
        value = estimate.expected_endings(time, self._skew) * _age_factor(time - estimate.as_of)
        return max(value, _LEAST_VALUE) if estimate.lacks_details else value

    def _page_value(self, page: int, time: float) -> float:
        if page not in self._listing or time < self._listing.read_at(page) + _BETWEEN_PAGE_READS:
            return -1.0
        until, skew = time - self._lag.seconds, self._skew
        value = 0.0
        for integration_id in self._listing.members(page):
            estimate = self._estimates.get(integration_id)
            if estimate is not None:
                weight = 1.0 if estimate.subscribed else shares.UNSUBSCRIBED_WEIGHT
                value += weight * estimate.expected_endings(until, skew) * _age_factor(time - estimate.as_of)
        return value

    def _seconds_between_calls(self, integration_id: str) -> float:
        """After how many seconds an integration is asked again, whatever the answer was."""
        unlisted = len(self._unlisted)
        if integration_id in self._unlisted:
            return self._seconds_for_all(unlisted)
        listed = self._subscribed - unlisted
        return max(
            self._interval * shares.VERIFY_INTERVALS,
            listed * 60 / self._calls_per_minute / shares.VERIFY_SHARE,
        )

    def _seconds_for_all(self, count: int) -> float:
        """How many seconds it takes to ask so many integrations in turn by the status call."""
        return max(self._interval, count * 60 / self._calls_per_minute / shares.CALLS_IN_TURN)

    def _seconds_between_reads(self, page: int) -> float:
        """After how many seconds a page is read again; pages without subscribed integrations get a small share."""
        seconds = 60 / self._pages_per_minute
        if page in self._subscribed_pages:
            return len(self._subscribed_pages) * seconds / shares.PAGES_IN_TURN
        share = shares.UNSUBSCRIBED_SHARE if self._subscribed_pages else shares.PAGES_IN_TURN
        return (len(self._listing) - len(self._subscribed_pages)) * seconds / share

    # ------------------------------------------------------------------------------------- the queues

    def _queue_call(self, integration_id: str, time: float) -> None:
        """Queue an integration again after its estimate has changed."""
        estimate = self._estimates.get(integration_id)
        if estimate is None or not estimate.subscribed:
            self._calls.drop(integration_id)
            self._unlisted.discard(integration_id)
            return
        is_listed = self._listing.page_of(integration_id) is not None
        (self._unlisted.discard if is_listed else self._unlisted.add)(integration_id)
        in_flight = integration_id in self._calls_in_flight
        if in_flight or integration_id in self._urgent or integration_id in self._postponed:
            return
        last = estimate.asked_at if estimate.asked_at is not None else estimate.as_of
        deadline = last + self._seconds_between_calls(integration_id)
        # A list that no longer answers is no reason to leave an integration unasked.
        self._calls.put(
            integration_id, time, min(deadline, estimate.as_of + self._seconds_for_all(self._subscribed))
        )

    def _queue_page(self, page: int, time: float) -> None:
        """Queue a page again after the estimate of an integration on it has changed."""
        subscribed = any(
            estimate.subscribed
            for each in self._listing.members(page)
            if (estimate := self._estimates.get(each))
        )
        (self._subscribed_pages.add if subscribed else self._subscribed_pages.discard)(page)
        if page in self._listing and page not in self._pages_in_flight:
            self._pages.put(page, time, self._listing.read_at(page) + self._seconds_between_reads(page))


def _age_factor(seconds: float) -> float:
    """By how much the age of the last answer raises a value."""
    return sqrt(sqrt(max(seconds, _STALE) / _STALE))
