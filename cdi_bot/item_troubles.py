"""One register of what goes wrong with single items, in whichever loop: what, which item, since when.

A loop does each of its items under `guard`. Trouble with one is logged once, stops no other, and stands here until
the same work succeeds with that item, for those who show it: status, Home, metrics, `/readyz`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from types import TracebackType
from typing import Self

import structlog

from cdi_bot.core.model import still_waits
from cdi_bot.core.model.channel import Channel
from cdi_bot.store import IntegrationKey, RowRefused, StoreTrouble

log = structlog.get_logger(__name__)

FORGOTTEN_AFTER = timedelta(hours=2)
"""An item that was not tried for so long is not there any more: an incident that ended, a channel that left."""

Item = IntegrationKey | Channel | str
"""An integration, a channel, or the name of something else."""


class Work(StrEnum):
    """What is done with one item after the other; also the word in logs and metrics."""

    LIST = "list"  # take over what Braze lists of an integration
    PLAN = "plan"  # decide when an integration is asked, by how it usually runs
    ASK = "ask"  # read an integration's runs
    RECORD = "record"  # store what was observed of an integration
    JUDGE = "judge"  # look for incidents that come with time
    REMIND = "remind"  # remind of an integration's incident
    SNOOZE = "snooze"  # begin and end the snoozes of a channel
    HOURS = "hours"  # tell a channel what its hours held back
    ESCALATE = "escalate"  # escalate what nobody acknowledged in a channel
    SYNC = "sync"  # follow a requested sync of an integration
    SHOW = "show"  # draw an integration or a channel on Home
    DIGEST = "digest"  # tell a channel its digest
    DELIVER = "deliver"  # post a channel's messages
    CHANNEL = "channel"  # look whether a channel can be posted to
    HOME = "home"  # renew a person's Home
    FORGET = "forget"  # delete old records of a sort
    POLL = "poll"  # drive a workspace's polling


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemTrouble:
    """What could not be done with an item, since when. `detail` says which part of the work, such as a kind."""

    work: Work
    item: Item
    since: datetime
    detail: str = ""
    tried_at: datetime


class ItemTroubles:
    """The troubles of one process. Whoever asks for them may be shown them: they hold no text from outside."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        """Start without any; `clock` gives the present in UTC."""
        self._clock = clock
        self._open: dict[tuple[Work, Item, str], ItemTrouble] = {}

    def guard(self, work: Work, item: Item, detail: str = "") -> Attempt:
        """What goes wrong inside `with` is this item's, and goes no further; success ends the item's trouble.

        A database that can't be used is no item's trouble: `StoreTrouble` is let through, but for a refused row. So
        it must not stand inside a transaction, where the database's errors are not `StoreTrouble` yet.
        """
        return Attempt(self, work, item, detail)

    def note(self, work: Work, item: Item, error: Exception | str, detail: str = "") -> None:
        """Take down that work failed; it is logged when it begins, not at each try."""
        key, now = (work, item, detail), self._clock()
        before = self._open.get(key)
        if before and still_waits(before.tried_at, FORGOTTEN_AFTER, now):
            self._open[key] = replace(before, tried_at=now)
            return
        self._open[key] = ItemTrouble(work=work, item=item, since=now, detail=detail, tried_at=now)
        log_ = log.bind(work=work.value, why=str(error) or type(error).__name__, **_named(item, detail))
        if isinstance(error, str | RowRefused):
            log_.warning("item failed")
        else:
            log_.error("item failed", exc_info=error)

    def over(self, work: Work, item: Item, detail: str = "") -> None:
        """Take down that it works (again); costs next to nothing where there is no trouble at all."""
        if self._open.pop((work, item, detail), None) is not None:
            log.info("item works again", work=work.value, **_named(item, detail))

    def present(self) -> list[ItemTrouble]:
        """What stands now, oldest first."""
        now = self._clock()
        self._open = {
            key: each
            for key, each in self._open.items()
            if still_waits(each.tried_at, FORGOTTEN_AFTER, now) or each.tried_at > now
        }
        return sorted(self._open.values(), key=lambda each: each.since)

    def of(self, items: Collection[Item]) -> list[ItemTrouble]:
        """What stands now of these items, oldest first."""
        return [each for each in self.present() if each.item in items] if self._open else []

    def counts(self) -> Mapping[Work, int]:
        """How many items have trouble now, by work."""
        return Counter(work for work, _ in {(each.work, each.item) for each in self.present()})


class Attempt:
    """One try with one item; `failed` tells afterwards how it went. A class, as it is made for thousands at a time."""

    __slots__ = ("_detail", "_item", "_troubles", "_work", "failed")

    def __init__(self, troubles: ItemTroubles, work: Work, item: Item, detail: str) -> None:
        self._troubles, self._work, self._item, self._detail = troubles, work, item, detail
        self.failed = False

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool:
        """Take down how it went; True keeps the error from going further."""
        if error is None:
            self._troubles.over(self._work, self._item, self._detail)
            return False
        if not isinstance(error, Exception) or is_of_the_database(error):
            return False
        self.failed = True
        self._troubles.note(self._work, self._item, error, self._detail)
        return True


def is_of_the_database(error: BaseException) -> bool:
    """Whether every other item would fail likewise, as the database can't be used."""
    return isinstance(error, StoreTrouble) and not isinstance(error, RowRefused)


def _named(item: Item, detail: str) -> dict[str, str]:
    """The item as a log names it."""
    if isinstance(item, Channel):
        named = {"channel": item.channel_id}
    elif isinstance(item, str):
        named = {"item": item}
    else:
        named = {"integration": item[1]}
    return named | ({"detail": detail} if detail else {})
