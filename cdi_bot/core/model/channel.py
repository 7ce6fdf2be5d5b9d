"""Slack channels with their settings, the people in Slack, and the audit trail of what these changed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, tzinfo
from typing import Literal
from zoneinfo import ZoneInfo

from cdi_bot.core.model import refuse_naive


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Channel:
    """A channel (`C…`, `G…`) or a direct message (`D…`) of one Slack team.

    By the id of a person (`U…`, `W…`) it is the direct message to them, which is opened when something is posted there.
    """

    team_id: str
    channel_id: str

    @property
    def is_person(self) -> bool:
        """Whether it is named by a person."""
        return self.channel_id.startswith(("U", "W"))


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelSettings:
    """The settings of a channel; who changed them stands in the audit.

    `language` is one of the bot's languages, `None` for the bot's own. `zone` is the name of a time zone, `None` for
    UTC. `digest` is a schedule in the text form of `Schedule`, `None` for no digest; `digest_until` is the end of the
    period of the last digest, or, before the first one, of the period that was over when the digest was set.

    `escalate_after` are the seconds after which an incident that nobody acknowledged goes to `escalate_to`, the id of a
    channel or a person; `None` for nowhere. That was set at `escalate_since`. `escalate_trouble` is why nothing can be
    posted there, in Slack's word. `workspace_id` is the Braze workspace that is meant where a command names none.

    `hours` are the text form of `Hours`, `None` for none; `holidays` the dates on which there are none of them. What
    came before them was told last when they began at `hours_told`.
    `mention_contacts`: new alerts mention the contacts in Braze of an integration without an owner.
    """

    channel: Channel
    workspace_id: int | None = None
    language: str | None = None
    zone: str | None = None
    digest: str | None = None
    digest_until: datetime | None = None
    escalate_after: int | None = None
    escalate_to: str | None = None
    escalate_since: datetime | None = None
    escalate_trouble: str | None = None
    hours: str | None = None
    holidays: str | None = None
    hours_told: datetime | None = None
    mention_contacts: bool = False

    def __post_init__(self) -> None:
        refuse_naive(self)

    @property
    def escalation_target(self) -> Channel | None:
        """Where incidents go that nobody acknowledged."""
        return replace(self.channel, channel_id=self.escalate_to) if self.escalate_to else None


@dataclass(frozen=True, slots=True, kw_only=True)
class LanguageChanged:
    """Somebody changed the language of a channel's messages; `None` is the bot's own."""

    who: str
    language: str | None
    what: Literal["language_changed"] = "language_changed"


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestChanged:
    """Somebody set a channel's digest to a schedule in a time zone, or ended it (`digest` is `None`)."""

    who: str
    digest: str | None
    zone: str
    next_due: datetime | None
    what: Literal["digest_changed"] = "digest_changed"


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkspaceChanged:
    """Somebody chose the workspace, by its name, that is meant in a channel; `None` for none, so that all are."""

    who: str
    name: str | None
    what: Literal["workspace_changed"] = "workspace_changed"


@dataclass(frozen=True, slots=True, kw_only=True)
class HoursChanged:
    """Somebody set the hours of a channel in a time zone, or (`hours` is `None`) ended them."""

    who: str
    hours: str | None
    zone: str
    what: Literal["hours_changed"] = "hours_changed"


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactsChanged:
    """Somebody chose whether a channel's alerts mention the contacts in Braze of an integration without an owner."""

    who: str
    mention: bool
    what: Literal["contacts_changed"] = "contacts_changed"


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """Who (a Slack user id) changed what in a channel, and when. `action` is a code, `subject` an id or a value.

    Of what is set for integrations or handed on, the subject is a value, a space, and the selector.
    `workspace_id` is that of the Braze workspace that it is about, `None` for a channel's own settings.
    """

    channel: Channel
    at: datetime
    who: str
    action: str
    subject: str
    workspace_id: int | None = None

    @property
    def value(self) -> str:
        """What was set for integrations, or whom they were handed on to; empty for everything else."""
        value, space, _ = self.subject.partition(" ")
        return value if space and self.action in {"owner", "runbook", "critical", "hand_on"} else ""

    @property
    def about(self) -> str:
        """The subject without the value."""
        return self.subject[len(self.value) :].lstrip() if self.value else self.subject


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody who types a command, presses a button, or opens Home.

    `language` is Slack's tag such as `ja-JP`, `None` where it is unknown. A guest has access to single channels of
    the team only; `is_guest` is `None` where the app may not ask (it lacks `users:read`). Somebody from outside
    belongs to another team and shares a channel with this one. `is_known` is False where Slack does not answer: the
    other values are then the defaults.
    """

    user_id: str
    zone: tzinfo = UTC
    language: str | None = None
    is_guest: bool | None = False
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
