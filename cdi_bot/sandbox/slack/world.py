"""The state of a stand-in Slack workspace: channels, people, messages, and who may do what.

No I/O: the clock is passed in, ids come from a seed, and every change is given to `on_change` as one event of
the live stream. The Web API, Socket Mode and the controls are thin layers over this class.
"""

import hashlib
from bisect import bisect_left, insort
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime

from cdi_bot.sandbox.control import Json
from cdi_bot.sandbox.faults import Faults
from cdi_bot.sandbox.slack.model import (
    Channel,
    Content,
    Message,
    PayloadTeams,
    RateLimiter,
    Rules,
    Token,
    TokenState,
    User,
)
from cdi_bot.sandbox.slack.schema import Refusal
from cdi_bot.sandbox.slack.seed_data import (
    APP,
    BOT,
    BOT_ID,
    ENTERPRISE,
    SLACKBOT,
    TEAM,
    channels,
    tokens,
    users,
)
from cdi_bot.sandbox.slack.views import Handles, Views

CALLS_KEPT = 10_000
MESSAGES_PER_PAGE = 999


class SlackWorld:
    """One workspace with one app installed in it."""

    team = TEAM
    team_name = "Northwind Data"
    app_id = APP
    bot_user = BOT
    bot_id = BOT_ID

    def __init__(
        self, *, clock: Callable[[], datetime], seed: int = 1, on_change: Callable[[Json], None] | None = None
    ) -> None:
        """Set up the default workspace. `on_change` gets each event of the live stream."""
        self.clock = clock
        self.on_change = on_change
        self._seed = seed
        self._ids = 0
        now = int(clock().timestamp())
        self.rules = Rules()
        self.tokens: dict[str, Token] = tokens(seed)
        self.signing_secret = hashlib.sha256(f"signing {seed}".encode()).hexdigest()[:32]
        self.request_url: str | None = None
        self.users: dict[str, User] = {user.id: user for user in users()}
        self.channels: dict[str, Channel] = {channel.id: channel for channel in channels(now)}
        self.calls: deque[Json] = deque(maxlen=CALLS_KEPT)
        self.rate_limiter = RateLimiter()
        self.faults = Faults(on_change=lambda: self.emit({"type": "faults", "slack": self.faults.to_json()}))
        self.handles = Handles(self.new_id)
        self.views = Views(self.new_id)
        self.commands: list[Json] = [
            {
                "command": "/cdi",
                "description": "Braze Cloud Data Ingestion in this channel",
                "usage_hint": "help",
            }
        ]
        self.shortcuts: list[Json] = [
            {
                "name": "Subscribe a channel",
                "callback_id": "subscription",
                "description": "Choose which alerts of Braze data syncs a channel gets",
            }
        ]
        self._messages: dict[str, Message] = {}  # ephemerals too, by id
        self._order: dict[str, list[str]] = {}
        self._threads: dict[tuple[str, str], list[str]] = {}
        self._last_ts: dict[str, int] = {}

    @property
    def enterprise(self) -> str | None:
        """The organisation (Enterprise Grid) that the workspace belongs to."""
        return ENTERPRISE if self.rules.teams in (PayloadTeams.GRID, PayloadTeams.ORGANIZATION) else None

    @property
    def is_org_wide(self) -> bool:
        """Whether the app is installed to the whole organisation: then the bot's token has this as its team."""
        return self.rules.teams is PayloadTeams.ORGANIZATION

    # Ids, time, events

    def new_id(self, prefix: str) -> str:
        """Return a new id: the prefix and ten capitals and digits that follow from the seed."""
        self._ids += 1
        digest = hashlib.sha256(f"{self._seed}/{self._ids}".encode()).hexdigest()
        return prefix + digest[:10].upper()

    def emit(self, event: Json) -> None:
        """Publish a change on the live stream."""
        if self.on_change is not None:
            self.on_change(event)

    def _new_ts(self, channel: str) -> str:
        """Return a timestamp later than all others of this channel, as Slack's `ts` are."""
        now = self.clock()
        micros = int(now.timestamp()) * 1_000_000 + now.microsecond
        micros = max(micros, self._last_ts.get(channel, 0) + 1)
        self._last_ts[channel] = micros
        return f"{micros // 1_000_000}.{micros % 1_000_000:06d}"

    # Messages

    def post(
        self,
        channel: str,
        content: Content,
        *,
        author: str = BOT,
        thread_ts: str | None = None,
        reply_broadcast: bool = False,
    ) -> Message:
        """Post a message to a channel. Raises Refusal `thread_not_found` for a reply to nothing."""
        if thread_ts is not None:
            parent = self._messages.get(f"{channel}:{thread_ts}")
            if parent is None:
                raise Refusal("thread_not_found")
            thread_ts = parent.thread_ts or parent.ts
        ts = self._new_ts(channel)
        message = Message(
            id=f"{channel}:{ts}",
            channel=channel,
            ts=ts,
            author=author,
            bot=author in (BOT, SLACKBOT),
            content=content,
            thread_ts=thread_ts,
            reply_broadcast=reply_broadcast and thread_ts is not None,
        )
        self._messages[message.id] = message
        insort(self._order.setdefault(channel, []), ts)
        if thread_ts is not None:
            insort(self._threads.setdefault((channel, thread_ts), []), ts)
        self.emit({"type": "message", "message": message.stream()})
        return message

    def find(self, channel: str, ts: str) -> Message:
        """Return a message. Raises Refusal `message_not_found`."""
        return self.by_id(f"{channel}:{ts}")

    def by_id(self, message_id: str) -> Message:
        """Return a message, or an ephemeral that is still shown, by its stream id. Raises `message_not_found`."""
        message = self._messages.get(message_id)
        if message is None:
            raise Refusal("message_not_found")
        return message

    def change(self, message: Message, content: Content, *, edited: bool = True) -> Message:
        """Give a message or an ephemeral new content. `edited` puts Slack's "edited" mark on it."""
        edited_ts = self._new_ts(message.channel) if edited else message.edited_ts
        changed = replace(message, content=content, edited_ts=edited_ts)
        self._messages[message.id] = changed
        kind = "message" if message.user_to is None else "ephemeral"
        self.emit({"type": f"{kind}_changed", "message": changed.stream()})
        return changed

    def delete(self, message: Message) -> None:
        """Delete a message or an ephemeral."""
        del self._messages[message.id]
        where = {"channel": message.channel, "ts": message.ts}
        if message.user_to is not None:
            self.emit({"type": "ephemeral_deleted", "id": message.id} | where)
            return
        self._order[message.channel].remove(message.ts)
        if message.thread_ts is not None:
            self._threads[message.channel, message.thread_ts].remove(message.ts)
        self.emit({"type": "message_deleted"} | where)

    def post_ephemeral(
        self, channel: str, user: str, content: Content, *, thread_ts: str | None = None
    ) -> Message:
        """Show a message to one person only. It is in no history, and only a response_url can change it."""
        ephemeral_id = self.new_id("E")
        message = Message(
            id=ephemeral_id,
            channel=channel,
            ts=self._new_ts(channel),
            author=BOT,
            bot=True,
            content=content,
            thread_ts=thread_ts,
            user_to=user,
        )
        self._messages[ephemeral_id] = message
        self.emit({"type": "ephemeral", "message": message.stream()})
        return message

    def messages(self, channel: str | None = None) -> list[Message]:
        """Return the messages of one channel or of all, threads and ephemerals included, oldest first."""
        found = [message for message in self._messages.values() if channel in (None, message.channel)]
        return sorted(found, key=lambda message: message.ts)

    def newest_first(self, channel: str, before: str | None = None) -> Iterator[Message]:
        """Yield a channel's messages backwards from `before` (not included), replies too."""
        order = self._order.get(channel, [])
        end = len(order) if before is None else bisect_left(order, before)
        for index in range(end - 1, -1, -1):
            yield self.find(channel, order[index])

    def replies(self, channel: str, root: str) -> list[Message]:
        """Return the replies in a thread, oldest first."""
        return [self.find(channel, ts) for ts in self._threads.get((channel, root), [])]

    # Channels

    def visible(self, channel: str, *, for_reading: bool = False) -> Channel:
        """Return a channel as far as the bot can see it.

        Raises Refusal `channel_not_found` for one that is unknown, deleted, or private without the bot; with
        `for_reading`, `not_in_channel` for a public one that the bot has not joined.
        """
        found = self.channels.get(channel)
        if found is None or found.deleted or (found.is_private and self.bot_user not in found.members):
            raise Refusal("channel_not_found")
        if for_reading and self.bot_user not in found.members:
            raise Refusal("not_in_channel")
        return found

    def open_to(self, user: str, channel: str) -> Channel:
        """Return a channel that a person can write in. Raises Refusal `channel_not_found` or `is_archived`."""
        found = self.channels.get(channel)
        if found is None or found.deleted or user not in found.members:
            raise Refusal("channel_not_found")
        if found.is_archived:
            raise Refusal("is_archived")
        return found

    def put_channel(self, channel: Channel) -> Channel:
        """Create or change a channel."""
        self.channels[channel.id] = channel
        self.emit({"type": "channel", "channel": channel.stream(self.bot_user)})
        return channel

    def direct_message(self, user: str) -> Channel:
        """Return the direct message between a person and the bot, opened where there is none yet."""
        for channel in self.channels.values():
            if channel.peer == user:
                return channel
        if user not in self.users:
            raise Refusal("user_not_found")
        members = frozenset({user, self.bot_user})
        created = int(self.clock().timestamp())
        return self.put_channel(
            Channel(id=self.new_id("D"), name=user, created=created, members=members, peer=user)
        )

    # Tokens, calls, snapshot

    def set_token(
        self, token: str, *, scopes: frozenset[str] | None = None, state: TokenState | None = None
    ) -> None:
        """Change what a token may do, or make a new one."""
        known = self.tokens.get(token, Token(scopes=frozenset()))
        self.tokens[token] = replace(
            known, scopes=known.scopes if scopes is None else scopes, state=state or known.state
        )

    def is_ext_shared(self, channel: Channel) -> bool:
        """Whether people of another workspace are in a channel."""
        return any(self.users[member].home for member in channel.members if member in self.users)

    def log_call(self, method: str, *, error: str | None, channel: str | None) -> None:
        """Record a Web API call for tests."""
        at = self.clock().isoformat()
        self.calls.append(
            {"method": method, "at": at, "ok": error is None, "error": error, "channel": channel}
        )

    def snapshot(self) -> Json:
        """Return the workspace's part of the stream's first frame."""
        told = ("id", "name", "real_name", "tz", "locale", "is_bot", "is_restricted")
        return {
            "team": {"id": self.team, "name": self.team_name},
            "channels": [c.stream(self.bot_user) for c in self.channels.values() if not c.deleted],
            "users": [{name: getattr(user, name) for name in told} for user in self.users.values()],
            "messages": [message.stream() for message in self.messages()],
            "homes": [{"user": user, "view": view} for user, view in self.views.homes().items()],
            "commands": self.commands,
            "shortcuts": self.shortcuts,
        }
