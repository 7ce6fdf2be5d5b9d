"""The values a stand-in Slack workspace is made of: people, channels, messages, tokens, and how it limits calls.

All of them are frozen but the limiter; `SlackWorld` replaces them. Sources: docs.slack.dev/reference,
docs.slack.dev/apis/web-api/rate-limits.
"""

import math
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum
from zoneinfo import ZoneInfo

from cdi_bot.sandbox.control import Json


class TokenState(Enum):
    """Whether a token still works."""

    ACTIVE = "active"  # accepted
    REVOKED = "revoked"  # answered token_revoked
    INACTIVE = "inactive"  # answered account_inactive: the app was removed


BOT_SCOPES = frozenset(
    {
        "app_mentions:read",
        "channels:history",
        "channels:read",
        "chat:write",
        "chat:write.public",
        "commands",
        "groups:history",
        "groups:read",
        "im:history",
        "im:write",
        "users:read",
        "users:read.email",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A token's rights. `app_level` is true of `xapp-…` tokens, which open Socket Mode and nothing else."""

    scopes: frozenset[str]
    app_level: bool = False
    state: TokenState = TokenState.ACTIVE


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """A person or bot.

    is_restricted: a guest; is_ultra_restricted: a guest of a single channel.
    home: the team of a person of another workspace, who is here through shared channels (Slack Connect).
    email: the address by which `users.lookupByEmail` finds them.
    """

    id: str
    name: str
    real_name: str
    tz: str = "UTC"
    locale: str = "en-US"
    is_bot: bool = False
    is_restricted: bool = False
    is_ultra_restricted: bool = False
    home: str | None = None
    email: str | None = None

    def web(self, team: str, now: datetime, *, with_locale: bool, is_met: bool = True) -> Json:
        """Return the user as `users.info` does; the locale only when asked for it.

        A person of another workspace is a stranger only while they share no channel with the app (`is_met`).
        """
        shift = now.astimezone(ZoneInfo(self.tz)).utcoffset() or timedelta()
        home = self.home or team
        shown: Json = {
            "id": self.id,
            "team_id": home,
            "name": self.name,
            "real_name": self.real_name,
            "deleted": False,
            "tz": self.tz,
            "tz_label": self.tz,
            "tz_offset": int(shift.total_seconds()),
            "is_bot": self.is_bot,
            "is_admin": False,
            "is_owner": False,
            "is_restricted": self.is_restricted or self.is_ultra_restricted,
            "is_ultra_restricted": self.is_ultra_restricted,
            "is_stranger": self.home is not None and not is_met,
            "is_app_user": False,
            "updated": 1700000000,
            "profile": {
                "real_name": self.real_name,
                "display_name": self.name,
                "team": home,
            },
        }
        if with_locale:
            shown["locale"] = self.locale
        return shown


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """A conversation. `peer` is the other person of a direct message, None in channels."""

    id: str
    name: str
    created: int
    members: frozenset[str] = frozenset()
    is_private: bool = False
    is_archived: bool = False
    deleted: bool = False
    peer: str | None = None

    @property
    def is_im(self) -> bool:
        """Whether this is a direct message with the bot."""
        return self.peer is not None

    def web(self, bot: str, *, is_ext_shared: bool = False) -> Json:
        """Return the conversation as `conversations.info` does; `is_ext_shared`: with another workspace."""
        if self.is_im:
            return {
                "id": self.id,
                "created": self.created,
                "is_im": True,
                "user": self.peer,
                "is_archived": False,
            }
        return {
            "id": self.id,
            "name": self.name,
            "name_normalized": self.name,
            "created": self.created,
            "creator": "USLACKBOT",
            "is_channel": not self.is_private,
            "is_group": self.is_private,
            "is_im": False,
            "is_mpim": False,
            "is_private": self.is_private,
            "is_archived": self.is_archived,
            "is_general": self.name == "general",
            "is_member": bot in self.members,
            "is_shared": is_ext_shared,
            "is_ext_shared": is_ext_shared,
            "topic": {"value": "", "creator": "", "last_set": 0},
            "purpose": {"value": "", "creator": "", "last_set": 0},
        }

    def stream(self, bot: str) -> Json:
        """Return the conversation as the live stream shows it."""
        return {
            "id": self.id,
            "name": self.name,
            "is_private": self.is_private,
            "is_archived": self.is_archived,
            "bot_is_member": bot in self.members,
            "members": sorted(self.members),
            "is_im": self.is_im,
            "user": self.peer,
            "deleted": self.deleted,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What a message holds. `blocks` and `attachments` are Slack's JSON, `metadata` its event type and payload."""

    text: str = ""
    blocks: tuple[Json, ...] = ()
    attachments: tuple[Json, ...] = ()
    metadata: Json | None = None

    def all_blocks(self) -> list[Json]:
        """Return the blocks, those inside attachments too."""
        return [*self.blocks, *(block for one in self.attachments for block in one.get("blocks") or ())]


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message. `user_to` is set on ephemerals only; `ts` orders a channel and names a message in it."""

    id: str
    channel: str
    ts: str
    author: str
    bot: bool
    content: Content
    thread_ts: str | None = None
    reply_broadcast: bool = False
    edited_ts: str | None = None
    user_to: str | None = None

    def stream(self) -> Json:
        """Return the message as the live stream shows it."""
        shown: Json = {
            "id": self.id,
            "channel": self.channel,
            "ts": self.ts,
            "thread_ts": self.thread_ts,
            "user": None if self.bot else self.author,
            "bot": self.bot,
            "text": self.content.text,
            "blocks": list(self.content.blocks),
            "attachments": list(self.content.attachments),
            "edited": self.edited_ts is not None,
            "reply_broadcast": self.reply_broadcast,
            "ephemeral": self.user_to is not None,
        }
        if self.user_to is not None:
            shown["user_to"] = self.user_to
        if self.content.metadata is not None:
            shown["metadata"] = self.content.metadata
        return shown


_MINUTE = timedelta(minutes=1)


_TIER_3, _TIER_4 = 50, 100


# Calls a minute, for each method and workspace: see each method's page.
_METHOD_LIMITS: Mapping[str, int] = {
    "chat.update": _TIER_3,
    "conversations.history": _TIER_3,
    "conversations.info": _TIER_3,
    "conversations.open": _TIER_3,
    "conversations.replies": _TIER_3,
    "users.conversations": _TIER_3,
    "users.info": _TIER_4,
    "users.lookupByEmail": _TIER_3,
    "views.open": _TIER_4,
    "views.publish": _TIER_4,
    "views.update": _TIER_4,
}


_CHANNEL_EVENTS = ("archive", "deleted", "left", "rename", "unarchive")


_EVENTS = frozenset(f"{kind}_{event}" for kind in ("channel", "group") for event in _CHANNEL_EVENTS) | {
    "app_home_opened",
    "app_mention",
    "app_uninstalled",
    "message.im",
    "member_joined_channel",
    "member_left_channel",
    "tokens_revoked",
}


class PayloadTeams(Enum):
    """Whose team payloads name, beside the one that the app is installed to."""

    OWN = "own"  # nobody else's: one workspace
    CONNECT = (
        "connect"  # in channels shared with another company: forms its people's, events the channel's home
    )
    GRID = "grid"  # another workspace's of the same organization
    ORGANIZATION = "organization"  # none, as to an app that an organization installed for all its workspaces


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """Limits of the workspace: Slack's own, unless a test sets others.

    post_per_second, post_burst: chat.postMessage in one channel: a steady rate, and how many may come at once.
    method_limits: calls a minute by method, for the whole workspace; a method left out has no limit.
    ack_seconds: how long an app may take to acknowledge. trigger_seconds: life of a trigger_id.
    connection_seconds: life of a socket; warning_seconds before its end a `disconnect` warns of it.
    renewal_seconds: how long an app may take to come back before its next socket is renewed.
    ping_seconds: time between the pings Slack sends on each socket.
    charts: whether the workspace accepts `data_visualization` blocks.
    response_uses, response_seconds: how often, and how long, a response_url works.
    events: event types that the app subscribed to. teams: see PayloadTeams.
    """

    post_per_second: float = 1.0
    post_burst: int = 4
    method_limits: Mapping[str, int] = field(default_factory=lambda: dict(_METHOD_LIMITS))
    ack_seconds: float = 3.0
    trigger_seconds: float = 3.0
    connection_seconds: float = 18_060.0
    warning_seconds: float = 10.0
    renewal_seconds: float = 10.0
    ping_seconds: float = 5.0
    charts: bool = True
    response_uses: int = 5
    response_seconds: float = 1_800.0
    events: frozenset[str] = _EVENTS
    teams: PayloadTeams = PayloadTeams.OWN


class RateLimiter:
    """Counts calls: a burst-then-steady bucket for posts in a channel, a sliding minute for each other method."""

    def __init__(self) -> None:
        """Start with no calls."""
        self._calls: dict[str, deque[datetime]] = {}
        self._buckets: dict[str, tuple[float, datetime]] = {}

    def take(self, method: str, channel: str | None, rules: Rules, now: datetime) -> int | None:
        """Count a call. Returns None when it may pass, else the whole seconds for `Retry-After`."""
        if method == "chat.postMessage":
            return self._take_post(channel or "", rules, now)
        limit = rules.method_limits.get(method)
        return None if limit is None else self._take_minute(method, limit, now)

    def _take_post(self, channel: str, rules: Rules, now: datetime) -> int | None:
        tokens, last = self._buckets.get(channel, (float(rules.post_burst), now))
        tokens = min(
            rules.post_burst, tokens + max(0.0, (now - last).total_seconds()) * rules.post_per_second
        )
        # Rounding of fractions of a second must not refuse a client that keeps to the rate.
        if tokens >= 1 - 1e-6:
            self._buckets[channel] = (tokens - 1, now)
            return None
        self._buckets[channel] = (tokens, now)
        return max(1, math.ceil((1 - tokens) / rules.post_per_second))

    def _take_minute(self, method: str, limit: int, now: datetime) -> int | None:
        calls = self._calls.setdefault(method, deque())
        while calls and calls[0] <= now - _MINUTE:
            calls.popleft()
        if len(calls) < limit:
            calls.append(now)
            return None
        return max(1, math.ceil((calls[0] + _MINUTE - now).total_seconds())) if calls else 60
