"""A person in Slack: their time zone, their language, and whether they may change something."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, tzinfo
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody who types a command, presses a button, or opens Home.

    `language` is Slack's tag such as `ja-JP`, `None` where it is unknown. A guest has access to single channels of
    the team only; somebody from outside belongs to another team and shares a channel with this one. `is_known` is
    False where Slack does not answer: the other values are then the defaults.
    """

    user_id: str
    zone: tzinfo = UTC
    language: str | None = None
    is_guest: bool = False
    is_outside: bool = False
    is_bot: bool = False
    is_known: bool = True

    @property
    def zone_name(self) -> str:
        """The name of the time zone; `UTC` where Slack gives only an offset from UTC."""
        return self.zone.key if isinstance(self.zone, ZoneInfo) and self.zone.key else "UTC"

    @property
    def may_change(self) -> bool:
        """Whether they may change subscriptions and the like. Guests, people from outside and bots may only read."""
        return not (self.is_guest or self.is_outside or self.is_bot)
