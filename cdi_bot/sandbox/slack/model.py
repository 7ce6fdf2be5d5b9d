"""The values a stand-in Slack workspace is made of: people, channels, messages, tokens.

All of them are frozen; `SlackWorld` replaces them. Source: docs.slack.dev/reference.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from zoneinfo import ZoneInfo

from cdi_bot.sandbox.control import Json, RequestError


class Refusal(RequestError):
    """Slack's answer `ok: false`: Slack's error, and the fields that go with it."""

    @property
    def code(self) -> str:
        """Slack's error."""
        return str(self)


def bad_arguments(*problems: str) -> Refusal:
    """Return Slack's `invalid_arguments`, with each problem in Slack's words."""
    return Refusal(
        "invalid_arguments", response_metadata={"messages": [f"[ERROR] {text}" for text in problems]}
    )


class TokenState(Enum):
    """Whether a token still works."""

    ACTIVE = "active"  # accepted
    REVOKED = "revoked"  # answered token_revoked
    INACTIVE = "inactive"  # answered account_inactive: the app was removed


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


BOT_SCOPES = frozenset(
    {
        "channels:history",
        "channels:read",
        "chat:write",
        "chat:write.public",
        "commands",
        "groups:history",
        "groups:read",
        "im:write",
        "users:read",
    }
)
