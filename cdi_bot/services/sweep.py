"""Sweep the list of integrations page by page, and notice what is no longer in it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from cdi_bot.services.ports import Braze, BrazeReason, BrazeTrouble, ListPage, Purpose

log = structlog.get_logger(__name__)

_ASK_AGAIN = timedelta(hours=1)


@dataclass(slots=True)
class Sweep:
    """One pass after another over the list. `can_list` is `None` until Braze has answered once.

    Pages shift when an integration is added or removed during a pass, so one counts as gone only when two whole
    passes in a row missed it.
    """

    braze: Braze
    can_list: bool | None = None
    finished_at: datetime | None = None
    _cursor: str | None = None
    _cursors: set[str] = field(default_factory=set)
    _seen: set[str] = field(default_factory=set)
    _seen_before: set[str] | None = None
    _refused_at: datetime | None = None

    def is_allowed(self, now: datetime) -> bool:
        """Whether to try: without the permission, once an hour in case it was granted."""
        return self._refused_at is None or now - self._refused_at >= _ASK_AGAIN

    async def step(
        self, now: datetime, *, purpose: Purpose = Purpose.POLL
    ) -> tuple[ListPage, set[str] | None]:
        """Fetch the next page; with the last one of a pass come the ids that this pass or the one before saw.

        Raises `BrazeTrouble`; the pass goes on from the same page next time.
        """
        try:
            page = await self.braze.list_page(self._cursor, purpose=purpose)
        except BrazeTrouble as trouble:
            self._note(trouble, now)
            raise
        self.can_list, self._refused_at = True, None
        for unreadable in page.unreadable:
            log.warning("integration not readable", where=unreadable.where, why=unreadable.why)
        self._seen |= {integration.integration_id for integration in page.integrations}
        cursor = page.next_cursor
        if cursor is not None and cursor in self._cursors:
            log.warning("cursor of the list repeats", pages=len(self._cursors))
            self._restart()
            return page, None
        if cursor is not None:
            self._cursors.add(cursor)
            self._cursor = cursor
            return page, None
        present = self._seen | self._seen_before if self._seen_before is not None else None
        self._seen_before, self.finished_at = self._seen, now
        self._restart()
        return page, present

    def _note(self, trouble: BrazeTrouble, now: datetime) -> None:
        if trouble.reason is BrazeReason.NO_PERMISSION:
            if self.can_list is not False:
                log.warning("the list of integrations is not permitted", mend="grant cdi.integration_list")
            self.can_list, self._refused_at = False, now
        elif trouble.reason is BrazeReason.INVALID_CURSOR:
            self._restart()

    def _restart(self) -> None:
        self._cursor, self._cursors, self._seen = None, set(), set()
