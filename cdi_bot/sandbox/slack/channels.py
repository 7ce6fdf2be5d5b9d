"""Channels that are created, renamed, archived, turned private or deleted, and the events Slack tells of it.

Sources: docs.slack.dev/reference/events/channel_archive and its siblings.
"""

from dataclasses import dataclass, replace
from typing import ClassVar

from pydantic import ConfigDict, TypeAdapter

from cdi_bot.sandbox.control import read
from cdi_bot.sandbox.slack.model import Channel, Json
from cdi_bot.sandbox.slack.world import SlackWorld


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelChange:
    """What becomes of a channel; None leaves a thing as it is. `members` are people's ids."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    channel: str
    name: str | None = None
    archived: bool | None = None
    deleted: bool | None = None
    private: bool | None = None
    bot_is_member: bool | None = None
    members: list[str] | None = None


_CHANGE = TypeAdapter(ChannelChange)


def read_change(body: Json) -> ChannelChange:
    """Read a change from JSON. Raises ValueError that names the wrong field."""
    return read(_CHANGE, body, "body")


def change_channel(world: SlackWorld, change: ChannelChange) -> tuple[Channel, list[Json]]:
    """Apply a change, creating the channel where it is unknown. Returns it and the events that Slack sends."""
    old = world.channels.get(change.channel)
    if old is None:
        people = frozenset(user.id for user in world.users.values() if not user.is_bot)
        created = int(world.clock().timestamp())
        old = Channel(
            id=change.channel, name=change.name or change.channel.lower(), created=created, members=people
        )
    members = old.members if change.members is None else frozenset(change.members)
    if change.members is not None and world.bot_user in old.members:
        members |= {world.bot_user}
    if change.bot_is_member is not None:
        members = members | {world.bot_user} if change.bot_is_member else members - {world.bot_user}
    new = replace(
        old,
        name=change.name or old.name,
        is_archived=_given(change.archived, old.is_archived),
        deleted=_given(change.deleted, old.deleted),
        is_private=_given(change.private, old.is_private),
        members=members,
    )
    world.put_channel(new)
    return new, _events(world, old, new)


def _given(value: bool | None, otherwise: bool) -> bool:  # noqa: FBT001  two of a kind, neither needs a name
    return otherwise if value is None else value


def _events(world: SlackWorld, old: Channel, new: Channel) -> list[Json]:
    """Return what Slack tells the app of a change that it can see."""
    bot = world.bot_user
    kind = "group" if old.is_private else "channel"
    joined, left = bot in new.members - old.members, bot in old.members - new.members
    if bot not in old.members | new.members:
        return []
    events: list[Json] = []
    if new.name != old.name:
        changed = {"id": new.id, "name": new.name, "created": new.created}
        events.append({"type": f"{kind}_rename", "channel": changed})
    if new.is_archived != old.is_archived:
        word = "archive" if new.is_archived else "unarchive"
        events.append({"type": f"{kind}_{word}", "channel": new.id, "user": "USLACKBOT"})
    if new.deleted and not old.deleted:
        events.append({"type": f"{kind}_deleted", "channel": new.id})
    if joined or left:
        word = "member_joined_channel" if joined else "member_left_channel"
        kind_letter = "G" if new.is_private else "C"
        events.append(
            {"type": word, "user": bot, "channel": new.id, "channel_type": kind_letter, "team": world.team}
        )
    if left:
        events.append({"type": f"{kind}_left", "channel": new.id})
    return events
