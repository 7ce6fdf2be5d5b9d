"""Keep track of whether Braze answers at all: while it does not, one request at a time tries it; open an incident.

Trouble of the network has to last before it is told, as it mostly ends by itself. A refused API key does not: two
refusals in a row are enough.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from cdi_bot.core.model.channel import Channel
from cdi_bot.core.model.incident import Incident
from cdi_bot.core.rules.unreachable import UNREACHABLE, follow_unreachable
from cdi_bot.monitoring.braze_port import NO_SUCH_INTEGRATION, BrazeReason, BrazeTrouble
from cdi_bot.monitoring.incident_writer import ConflictError, refresh_cards, write_incident
from cdi_bot.store import Store

log = structlog.get_logger(__name__)

_FIRST_PAUSE = timedelta(seconds=1)
_LONGEST_PAUSE = timedelta(seconds=4)
"""Between two tries of a Braze that does not answer; a tick comes up to half a second later."""

_LONGEST_REFUSED_PAUSE = timedelta(seconds=30)
"""Between two tries of a key that is refused: somebody has to do something about it."""

_SINGLE_FAILURE = timedelta(seconds=30)
"""While other requests succeed, one that fails says nothing about Braze as a whole."""

_COUNT_AS_ANSWERS = NO_SUCH_INTEGRATION | {BrazeReason.INVALID_CURSOR, BrazeReason.SYNC_IN_PROGRESS}
"""Refusals that show that Braze works."""

_KEY_REFUSED = {BrazeReason.BAD_KEY, BrazeReason.NO_PERMISSION, BrazeReason.KEY_LOST}
"""401 and 403, and none at all. A key that may read the list alone is no trouble, and not noted here."""

_CERTAIN = 2
"""So many refusals of the key, or failures of any kind, in a row are no mishap of one request."""

_WORKSPACE_WIDE = {BrazeReason.UNREACHABLE, BrazeReason.TIMEOUT, BrazeReason.INVALID_URL} | _KEY_REFUSED
"""Reasons that hold for every integration, from the first failure on."""


@dataclass(slots=True, kw_only=True)
class Connectivity:
    """Whether Braze answers, and ever has. `reason` is why the newest request failed, `None` if it did not.

    From `paused_until` on one request at a time may try whether it does again; with its answer this is `None`.
    `tries` counts those that failed. `answering_since` is when it began to answer again after the newest outage, `None`
    without one.
    """

    store: Store
    workspace_id: int
    unreachable_after: timedelta
    admin_channel: Channel | None
    last_answer: datetime
    reason: BrazeReason | None = None
    incident: Incident | None = None  # the newest, open or over
    paused_until: datetime | None = None
    answering_since: datetime | None = None
    tries: int = 0
    _failures: int = 0  # in a row
    _refusals: int = 0  # of the key, in a row
    has_answered: bool = False

    def answered(self, now: datetime) -> None:
        """Note a good answer."""
        if self.reason is not None:
            log.info("Braze answers again", after=str(now - self.last_answer))
            self.answering_since = now
        self.last_answer, self.reason, self.paused_until = now, None, None
        self.tries = self._failures = self._refusals = 0
        self.has_answered = True

    def failed(self, trouble: BrazeTrouble, now: datetime) -> None:
        """Note a failure; what holds for the whole workspace pauses polling, longer each time."""
        if trouble.reason in _COUNT_AS_ANSWERS:
            self.answered(now)
            return
        if trouble.reason is BrazeReason.OUT_OF_BUDGET:
            return
        self._pause(trouble.reason, now)
        if (
            self.has_answered
            and trouble.reason not in _WORKSPACE_WIDE
            and now - self.last_answer < _SINGLE_FAILURE
        ):
            return
        if trouble.reason is not self.reason:
            log.warning("Braze can't be asked", reason=trouble.reason.value, why=str(trouble))
        self.reason = trouble.reason

    def _pause(self, reason: BrazeReason, now: datetime) -> None:
        """Leave Braze alone for a moment where not just one request failed. A used-up limit is an answer."""
        if reason is BrazeReason.RATE_LIMITED:
            return
        self._failures += 1
        is_wide = reason in _WORKSPACE_WIDE or self._failures >= _CERTAIN
        if not is_wide or self.is_paused(now):  # several calls that fail together count once
            return
        is_refused = reason in _KEY_REFUSED
        longest = _LONGEST_REFUSED_PAUSE if is_refused else _LONGEST_PAUSE
        self.paused_until = now + min(_FIRST_PAUSE * 2 ** min(self.tries, 10), longest)
        self.tries += 1
        self._refusals = self._refusals + 1 if is_refused else 0

    def is_paused(self, now: datetime) -> bool:
        """Whether to leave Braze alone for a moment."""
        return self.paused_until is not None and now < self.paused_until

    def clock_set(self, by: timedelta) -> None:
        """Count on as before: neither does a clock that was set make an outage longer or shorter, nor does sleep."""
        self.last_answer += by
        if self.answering_since is not None:
            self.answering_since += by
        if self.paused_until is not None:
            self.paused_until += by

    async def begin(self, now: datetime) -> None:
        """Judge anew from now on: another process did until then, and knows more of what Braze answered."""
        self.last_answer, self.reason, self.paused_until, self.answering_since = now, None, None, None
        self.tries = self._failures = self._refusals = 0
        self.has_answered = False
        await self.load()

    async def load(self) -> None:
        """Read the newest incident that an earlier process has stored."""
        async with self.store.read() as uow:
            self.incident = await uow.incidents.newest_of_workspace(self.workspace_id, UNREACHABLE.kind)

    async def judge(self, now: datetime) -> bool:
        """Open, change or resolve the incident where that is due; True when messages are owed."""
        if self.reason is None and not self.has_answered:
            return False  # it may still be as an earlier process found it
        last = self.incident
        is_certain = self._refusals >= _CERTAIN
        changes = follow_unreachable(
            workspace_id=self.workspace_id,
            last_answer=self.last_answer,
            reason=self.reason.value if self.reason else None,
            last=last,
            now=now,
            unreachable_after=timedelta(0) if is_certain else self.unreachable_after,
        )
        if not changes:
            return False
        was_over = last is not None and not last.is_open
        try:
            async with self.store.write() as uow:
                for each in changes:
                    has_reopened = was_over and last is not None and each.incident_id == last.incident_id
                    self.incident = await write_incident(
                        uow, each, None, now=now, has_reopened=has_reopened, also_tell=self.admin_channel
                    )
                others = await uow.incidents.open_for(self.workspace_id, None, None)
                await refresh_cards(uow, [each for each in others if each.integration_id], now)
        except ConflictError:
            await self.load()  # somebody acknowledged it meanwhile: judged again in a moment
            return False
        log.info(
            "connectivity changed",
            unreachable=self.reason is not None,
            reason=self.reason.value if self.reason else None,
        )
        return True
