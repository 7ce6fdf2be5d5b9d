"""Read the list of integrations page by page, in any order."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from cdi_bot.monitoring.braze_port import Braze, BrazeReason, BrazeTrouble, ListPage, Purpose

log = structlog.get_logger(__name__)

_ASK_AGAIN = timedelta(hours=1)


@dataclass(slots=True)
class ListFetcher:
    """Knows the cursor of each page of the list read so far. `can_list` is `None` until Braze has answered once."""

    braze: Braze
    can_list: bool | None = None
    _cursors: dict[int, str | None] = field(default_factory=lambda: {0: None})
    _refused_at: datetime | None = None

    def is_allowed(self, now: datetime) -> bool:
        """Whether to try: without the permission, once an hour in case it was granted."""
        return self._refused_at is None or now - self._refused_at >= _ASK_AGAIN

    async def read(self, number: int, now: datetime, *, purpose: Purpose) -> tuple[ListPage, bool]:
        """Fetch the page of this number, the first one being 0; says too whether it is the last one.

        A page can be read once the one before has been. Raises `BrazeTrouble`; with `INVALID_CURSOR` the pages have
        to be found anew from the first one on.
        """
        if number not in self._cursors:
            raise BrazeTrouble(
                "The pages of the list have to be found anew.",
                reason=BrazeReason.INVALID_CURSOR,
                retryable=True,
            )
        try:
            page = await self.braze.list_page(self._cursors[number], purpose=purpose)
        except BrazeTrouble as trouble:
            self._note(trouble, now)
            raise
        self.can_list, self._refused_at = True, None
        for unreadable in page.unreadable:
            log.warning("integration not readable", where=unreadable.where, why=unreadable.why)
        following = page.next_cursor
        if following is not None and following in self._before(number):
            log.warning("cursor of the list repeats", pages=number)
            following = None
        if following is not None:
            self._cursors[number + 1] = following
        return page, following is None

    def _before(self, number: int) -> set[str | None]:
        return {cursor for page, cursor in self._cursors.items() if page <= number}

    def _note(self, trouble: BrazeTrouble, now: datetime) -> None:
        if trouble.reason is BrazeReason.NO_PERMISSION:
            if self.can_list is not False:
                log.warning("the list of integrations is not permitted", fix="grant cdi.integration_list")
            self.can_list, self._refused_at = False, now
        elif trouble.reason is BrazeReason.INVALID_CURSOR:
            self._cursors = {0: None}
