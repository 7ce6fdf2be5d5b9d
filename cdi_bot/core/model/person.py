"""A person in Slack, as far as it matters to the bot: when their day is, what they read, what they may change."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, tzinfo
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody who types a command, presses a button, or opens Home.

    `language` is Slack's tag such as `ja-JP`, `None` where it is not told. A guest was let into single channels of
    the workspace; somebody from outside belongs to another workspace and shares a channel with this one.
    `is_known` is False while Slack gives no answer: what stands here are then the defaults.
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
        """The time zone as `ZoneInfo` names it; UTC where only its distance from UTC is told."""
        return self.zone.key if isinstance(self.zone, ZoneInfo) and self.zone.key else "UTC"

    @property
    def may_change(self) -> bool:
        """Whether they may change what a channel hears, rather than only read; a bot has no say either."""
        return not (self.is_guest or self.is_outside or self.is_bot)
