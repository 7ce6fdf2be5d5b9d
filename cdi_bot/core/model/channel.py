"""Slack channels, their settings, and the audit trail of what people changed in them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from cdi_bot.core.model.aware_times import refuse_naive


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Channel:
    """A channel (`C…`, `G…`) or a direct message (`D…`) of one Slack team."""

    team_id: str
    channel_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelSettings:
    """The settings of a channel, and who changed them last.

    `language` is one of the bot's languages, `None` for the bot's own. `zone` is the name of a time zone, `None` for
    UTC. `digest` is a schedule in the text form of `Schedule`, `None` for no digest; `digest_until` is the end of the
    period of the last digest, or, before the first one, of the period that was over when the digest was set.
    """

    channel: Channel
    language: str | None = None
    zone: str | None = None
    digest: str | None = None
    digest_until: datetime | None = None
    set_by: str
    set_at: datetime

    def __post_init__(self) -> None:
        """Refuse naive times."""
        refuse_naive(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """Who (a Slack user id) changed what in a channel, and when. `action` is a code, `subject` an id or a value."""

    channel: Channel
    at: datetime
    who: str
    action: str
    subject: str
