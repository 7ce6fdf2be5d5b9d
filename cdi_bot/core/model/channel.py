"""Slack channels: where messages go, how a channel wants them, and who changed what there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from cdi_bot.core.model.aware_times import refuse_naive


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Channel:
    """A place in Slack where messages go: a channel (`C…`, `G…`) or a direct message (`D…`) of one team."""

    team_id: str
    channel_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelSettings:
    """How a channel wants to be talked to, and who said so last.

    `language` is one of the bot's languages and `zone` the name of a time zone; `None` is the bot's own language, and
    UTC. `digest` is a schedule as `core.digest` writes it; `digest_until` is the end of the last period that was told
    of, or that was over when the digest was set.
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
    """Who changed what in which channel, when. `action` is a code word, `subject` what it was done to."""

    channel: Channel
    at: datetime
    who: str
    action: str
    subject: str
