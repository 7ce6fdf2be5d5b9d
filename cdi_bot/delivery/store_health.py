"""Tells the admin channel that the database can't be used, and when it can again.

Nothing can be owed without a database, so this is said to Slack directly. What was said is read from the channel
itself: so no process says it a second time, and one that starts later says that it is over.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from cdi_bot.core.model import still_waits
from cdi_bot.core.model.channel import Channel
from cdi_bot.delivery.slack_port import Messenger, SlackTrouble, SlackVerdict
from cdi_bot.delivery.views import StoreView

log = structlog.get_logger(__name__)

PATIENCE = timedelta(minutes=1)
"""How long the trouble lasts before it is told: a restart of the database, or a failover, is none."""

_LOOK_BACK = timedelta(days=1)
"""How far back what was said is looked for."""

_TROUBLE, _OVER = "database-trouble", "database-over"
"""The keys that the two messages carry."""


@dataclass(slots=True, kw_only=True)
class StoreHealth:
    """Whether the database can be used, as the admin channel knows it. `trouble` gives why it can't at present."""

    trouble: Callable[[], str | None]
    messenger: Messenger
    clock: Callable[[], datetime]
    admin_channel: Channel | None
    _since: datetime | None = None
    _said: str | None = None
    """The `ts` of the message that says it, until the end is said as well."""
    _has_looked: bool = False

    async def tick(self) -> None:
        """Say what is to be said now. Raises nothing."""
        trouble, now = self.trouble(), self.clock()
        self._since = (self._since or now) if trouble else None
        if not still_waits(self._since, PATIENCE, now):
            await self.tell(trouble)

    async def tell(self, trouble: str | None) -> None:
        """Say that there is trouble, or (`None`) that it is over, unless the channel knows. Raises nothing."""
        is_known = bool(self._said) if trouble else self._has_looked and not self._said
        if self.admin_channel is None or is_known:
            return
        try:
            said = await self._look(self.admin_channel)
            if trouble and said is None:
                said = await self.messenger.post(self.admin_channel, StoreView(trouble=trouble), key=_TROUBLE)
            elif said is not None and not trouble:
                await self.messenger.post(
                    self.admin_channel, StoreView(trouble=None), key=_OVER, thread_ts=said, broadcast=True
                )
                said = None
        except SlackTrouble as refusal:
            log.warning("the admin channel can't be told of the database", reason=refusal.reason)
            return
        self._said, self._has_looked = said, True

    async def _look(self, channel: Channel) -> str | None:
        """The `ts` of the message that there is trouble, if its end was not said; where it may be read."""
        try:
            said = await self.messenger.find(channel, key=_TROUBLE, ago=_LOOK_BACK, thread_ts=None)
            if said and await self.messenger.find(channel, key=_OVER, ago=_LOOK_BACK, thread_ts=said):
                return None
        except SlackTrouble as refusal:
            if refusal.verdict is not SlackVerdict.REFUSED:
                raise
            return self._said
        return said
