"""Who the contacts are that Braze names for an integration: their addresses, looked up in Slack ahead of time.

No alert waits for Slack: what is not known when a message is made is left out of it. Addresses are kept in memory only.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from cdi_bot.core.model import still_waits
from cdi_bot.delivery.slack_port import Directory, SlackTrouble
from cdi_bot.store import Store, StoreTrouble

MOST_NAMED = 3
"""So many contacts of an integration are named."""

HOLDS = timedelta(days=1)
"""How long Slack's answer about an address holds."""

AT_ONCE = 5
"""So many addresses are looked up in a tick: 20 a minute, where Slack allows 50.

Source: docs.slack.dev/reference/methods/users.lookupByEmail, tier 3.
"""

REST = timedelta(hours=1)
"""How long none is looked up where Slack refuses; where it asks for a pause, that long."""

MOST_KEPT = 1000

_LONGEST = 254  # characters of an address: RFC 5321

log = structlog.get_logger(__name__)


@dataclass(slots=True, kw_only=True)
class Contacts:
    """The contacts of integrations, as people of one Slack team. Call `tick` four times a minute."""

    store: Store
    directory: Directory
    clock: Callable[[], datetime]
    _known: OrderedDict[str, tuple[str | None, datetime]] = field(default_factory=OrderedDict)
    _wanted: dict[str, None] = field(default_factory=dict)  # in the order in which they were met
    _paused_at: datetime | None = None
    _pause: timedelta = timedelta(0)

    def of(self, emails: str | None) -> str | None:
        """Mentions of the people whose addresses these are, as far as they are known by now."""
        each = list(_addresses([emails]))[:MOST_NAMED]
        self._want(each)
        people = (self._known[one][0] for one in each if one in self._known)
        return " ".join(f"<@{person}>" for person in dict.fromkeys(people) if person) or None

    async def tick(self) -> None:
        """Look up the next few addresses. Raises nothing: what fails is tried again later."""
        now = self.clock()
        if still_waits(self._paused_at, self._pause, now):
            return
        try:
            async with self.store.read() as uow:
                self._want(_addresses(await uow.integrations.contact_emails(limit=MOST_KEPT)))
            for address in [each for each in self._wanted if not self._is_fresh(each, now)][:AT_ONCE]:
                self._known[address] = await self.directory.by_email(address), now
                self._known.move_to_end(address)
        except StoreTrouble as trouble:
            log.debug("contacts wait for the database", why=str(trouble))
        except SlackTrouble as trouble:
            self._paused_at = now
            self._pause = timedelta(seconds=trouble.retry_after) if trouble.retry_after else REST
            log.info("contacts are not looked up for now", why=trouble.reason)
        while len(self._known) > MOST_KEPT:
            self._known.popitem(last=False)
        self._wanted = {each: None for each in self._wanted if not self._is_fresh(each, now)}

    def _want(self, addresses: Iterable[str]) -> None:
        for each in addresses:
            if len(self._wanted) == MOST_KEPT:
                return
            self._wanted.setdefault(each)

    def _is_fresh(self, address: str, now: datetime) -> bool:
        return address in self._known and still_waits(self._known[address][1], HOLDS, now)


def _addresses(texts: Iterable[str | None]) -> Iterable[str]:
    """The addresses in texts that Braze gives: separated by commas, in any letter case."""
    for text in texts:
        for each in (text or "").replace(";", ",").split(","):
            address = each.strip().lower()
            if "@" in address and len(address) <= _LONGEST and address.isprintable() and " " not in address:
                yield address
