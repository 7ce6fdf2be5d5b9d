"""Channels: what the Web API's `conversations.*` and `users.*` return, and how channels change, with Slack's events.

Sources: docs.slack.dev/reference/methods, docs.slack.dev/reference/events/channel_archive and its siblings.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from cdi_bot.sandbox.control import Json, Strict
from cdi_bot.sandbox.slack.methods import Call, Method, conversation_scopes, flag, number, scopes
from cdi_bot.sandbox.slack.model import Channel, Message
from cdi_bot.sandbox.slack.payloads import message_json
from cdi_bot.sandbox.slack.schema import Refusal, bad_arguments
from cdi_bot.sandbox.slack.world import MESSAGES_PER_PAGE, SlackWorld

_DEFAULT_PAGE = 100


# The Web API


def _page(call: Call, items: list[Json], name: str) -> Json:
    """Return one page of a list under `name`, with Slack's cursor to the next one."""
    limit = number(call.arguments, "limit", _DEFAULT_PAGE, most=1000)
    cursor = str(call.arguments.get("cursor") or "next:0")
    if not (cursor.startswith("next:") and cursor[5:].isdecimal()):
        raise Refusal("invalid_cursor")
    start = int(cursor[5:])
    following = f"next:{start + limit}" if len(items) > start + limit else ""
    return {name: items[start : start + limit], "response_metadata": {"next_cursor": following}}


def _info(call: Call) -> Json:
    channel = call.world.visible(str(call.arguments["channel"]))
    return {"channel": channel.web(call.world.bot_user, is_ext_shared=call.world.is_ext_shared(channel))}


def _open(call: Call) -> Json:
    """Open a direct message with one person; groups of several are not supported."""
    users = call.arguments.get("users") or ""
    people = [str(name) for name in (users if isinstance(users, list) else str(users).split(",")) if name]
    if not people:
        raise Refusal("users_list_not_supplied")
    if len(people) > 1:
        raise Refusal("too_many_users")
    if call.world.bot_user in people:
        raise Refusal("cannot_dm_bot")
    channel = call.world.direct_message(people[0])
    return {"channel": {"id": channel.id}, "no_op": False, "already_open": False}


def _bound(arguments: Json, name: str) -> float | None:
    """Read `oldest` or `latest`. Raises Refusal `invalid_ts_oldest` or `invalid_ts_latest`."""
    value = arguments.get(name)
    if value in (None, "", "now"):
        return None
    try:
        return float(str(value))
    except ValueError as error:
        raise Refusal(f"invalid_ts_{name}") from error


def _within(call: Call, messages: Iterator[Message]) -> Iterator[Message]:
    """Yield the messages between `oldest` and `latest`, newest first."""
    oldest, latest = _bound(call.arguments, "oldest"), _bound(call.arguments, "latest")
    inclusive = flag(call.arguments, "inclusive")
    for message in messages:
        ts = float(message.ts)
        if latest is not None and (ts > latest or (ts == latest and not inclusive)):
            continue
        if oldest is not None and (ts < oldest or (ts == oldest and not inclusive)):
            return
        yield message


def _history(call: Call) -> Json:
    """Return messages newest first; replies only where they were also sent to the channel."""
    world, arguments = call.world, call.arguments
    channel = world.visible(str(arguments["channel"]), for_reading=True)
    limit = number(arguments, "limit", _DEFAULT_PAGE, most=MESSAGES_PER_PAGE + 1)
    before = str(arguments.get("cursor") or "") or None
    if before is not None and not before.startswith("before:"):
        raise Refusal("invalid_cursor")
    older = world.newest_first(channel.id, before.removeprefix("before:") if before else None)
    page: list[Message] = []
    more = False
    for message in _within(call, older):
        if message.thread_ts is not None and not message.reply_broadcast:
            continue
        if len(page) == limit:
            more = True
            break
        page.append(message)
    with_metadata = flag(arguments, "include_all_metadata")
    answer: Json = {
        "messages": [message_json(world, message, with_metadata=with_metadata) for message in page],
        "has_more": more,
        "pin_count": 0,
    }
    if more:
        answer["response_metadata"] = {"next_cursor": f"before:{page[-1].ts}"}
    return answer


def _replies(call: Call) -> Json:
    """Return the root first, then its replies, oldest first."""
    world, arguments = call.world, call.arguments
    channel = world.visible(str(arguments["channel"]), for_reading=True)
    try:
        message = world.find(channel.id, str(arguments["ts"]))
    except Refusal as refusal:
        raise Refusal("thread_not_found") from refusal
    root = message if message.thread_ts is None else world.find(channel.id, message.thread_ts)
    wanted = sorted(_within(call, reversed(world.replies(channel.id, root.ts))), key=lambda found: found.ts)
    with_metadata = flag(arguments, "include_all_metadata")
    thread = [message_json(world, found, with_metadata=with_metadata) for found in [root, *wanted]]
    page = _page(call, thread, "messages")
    return page | {"has_more": bool(page["response_metadata"]["next_cursor"])}


def _of_user(call: Call) -> Json:
    """Return the conversations of a person that the bot can see; a token of an organisation names the workspace."""
    world, arguments = call.world, call.arguments
    user = str(arguments["user"])
    if user not in world.users:
        raise Refusal("user_not_found")
    if world.is_org_wide and arguments.get("team_id") != world.team:
        raise Refusal("missing_argument")
    kinds = set(str(arguments.get("types") or "public_channel").split(","))
    if not kinds <= {"public_channel", "private_channel", "mpim", "im"}:
        raise bad_arguments("invalid types [json-pointer:/types]")
    found = [
        channel.web(world.bot_user, is_ext_shared=world.is_ext_shared(channel))
        for channel in world.channels.values()
        if user in channel.members
        and not channel.deleted
        and ("im" if channel.is_im else "private_channel" if channel.is_private else "public_channel")
        in kinds
        and (not channel.is_private or world.bot_user in channel.members)
    ]
    return _page(call, found, "channels")


_READ, _HISTORY = conversation_scopes("read"), conversation_scopes("history")


def _users_lookup_by_email(call: Call) -> Json:
    """Find a member by their address in any letter case: docs.slack.dev/reference/methods/users.lookupByEmail."""
    world, address = call.world, str(call.arguments["email"]).lower()
    found = next((each for each in world.users.values() if each.email == address), None)
    if found is None:
        raise Refusal("users_not_found")
    return {"user": found.web(world.team, world.clock(), with_locale=False)}


CONVERSATIONS: dict[str, Method] = {
    "conversations.info": Method(run=_info, required=("channel",), scopes=_READ),
    "conversations.open": Method(run=_open, scopes=scopes("im:write", "channels:manage", "groups:write")),
    "conversations.history": Method(run=_history, required=("channel",), scopes=_HISTORY),
    "conversations.replies": Method(run=_replies, required=("channel", "ts"), scopes=_HISTORY),
    "users.lookupByEmail": Method(
        run=_users_lookup_by_email, required=("email",), scopes=scopes("users:read.email")
    ),
    "users.conversations": Method(
        run=_of_user,
        required=("user",),
        scopes=scopes("channels:read", "groups:read", "im:read", "mpim:read"),
    ),
}


# Changes


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelChange(Strict):
    """A change of a channel; None leaves a property as it is. `members` are people's ids."""

    channel: str
    name: str | None = None
    archived: bool | None = None
    deleted: bool | None = None
    private: bool | None = None
    bot_is_member: bool | None = None
    members: list[str] | None = None


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
        is_archived=old.is_archived if change.archived is None else change.archived,
        deleted=old.deleted if change.deleted is None else change.deleted,
        is_private=old.is_private if change.private is None else change.private,
        members=members,
    )
    world.put_channel(new)
    return new, _events(world, old, new)


def _events(world: SlackWorld, old: Channel, new: Channel) -> list[Json]:
    """Return the events that Slack sends to the app for a change that it can see."""
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
