"""The Web API's `conversations.*` methods. Source: docs.slack.dev/reference/methods, one page for each."""

from collections.abc import Iterator

from cdi_bot.sandbox.slack.methods import Ask, Method, conversation_scopes, flag, message_json, number, scopes
from cdi_bot.sandbox.slack.model import Json, Message, Refusal, bad_arguments
from cdi_bot.sandbox.slack.world import MESSAGES_PER_PAGE

_DEFAULT_PAGE = 100


def page_of(ask: Ask, items: list[Json], name: str) -> Json:
    """Return one page of a list under `name`, with Slack's cursor to the next one."""
    limit = number(ask.arguments, "limit", _DEFAULT_PAGE, most=1000)
    start = _offset(str(ask.arguments.get("cursor") or ""))
    following = f"next:{start + limit}" if len(items) > start + limit else ""
    return {name: items[start : start + limit], "response_metadata": {"next_cursor": following}}


def _offset(cursor: str) -> int:
    if not cursor:
        return 0
    if not (cursor.startswith("next:") and cursor[5:].isdecimal()):
        raise Refusal("invalid_cursor")
    return int(cursor[5:])


def _info(ask: Ask) -> Json:
    channel = ask.world.visible(str(ask.arguments["channel"]))
    shown = channel.web(ask.world.bot_user, is_ext_shared=ask.world.is_ext_shared(channel))
    if flag(ask.arguments, "include_num_members"):
        shown["num_members"] = len(channel.members)
    return {"channel": shown}


def _members(ask: Ask) -> Json:
    channel = ask.world.visible(str(ask.arguments["channel"]))
    limit = number(ask.arguments, "limit", _DEFAULT_PAGE, most=1000)
    people = sorted(channel.members)
    start = _offset(str(ask.arguments.get("cursor") or ""))
    following = f"next:{start + limit}" if len(people) > start + limit else ""
    return {"members": people[start : start + limit], "response_metadata": {"next_cursor": following}}


def _open(ask: Ask) -> Json:
    """Open a direct message with one person; groups of several are not built."""
    world, arguments = ask.world, ask.arguments
    if arguments.get("channel"):
        channel = world.visible(str(arguments["channel"]))
        return {
            "channel": channel.web(world.bot_user) if flag(arguments, "return_im") else {"id": channel.id}
        }
    asked = arguments.get("users") or ""
    people = [name for name in (asked if isinstance(asked, list) else str(asked).split(",")) if name]
    if not people:
        raise Refusal("users_list_not_supplied")
    if len(people) > 1:
        raise Refusal("too_many_users")
    if world.bot_user in people:
        raise Refusal("cannot_dm_bot")
    opened = world.direct_message(people[0])
    shown = opened.web(world.bot_user) if flag(arguments, "return_im") else {"id": opened.id}
    return {"channel": shown, "no_op": False, "already_open": False}


def _bound(arguments: Json, name: str) -> float | None:
    """Read `oldest` or `latest`. Raises Refusal `invalid_ts_oldest` or `invalid_ts_latest`."""
    value = arguments.get(name)
    if value in (None, "", "now"):
        return None
    try:
        return float(str(value))
    except ValueError as error:
        raise Refusal(f"invalid_ts_{name}") from error


def _within(ask: Ask, messages: Iterator[Message]) -> Iterator[Message]:
    """Yield the messages between `oldest` and `latest`, newest first."""
    oldest, latest = _bound(ask.arguments, "oldest"), _bound(ask.arguments, "latest")
    inclusive = flag(ask.arguments, "inclusive")
    for message in messages:
        ts = float(message.ts)
        if latest is not None and (ts > latest or (ts == latest and not inclusive)):
            continue
        if oldest is not None and (ts < oldest or (ts == oldest and not inclusive)):
            return
        yield message


def _history(ask: Ask) -> Json:
    """Newest first; replies only where they were also sent to the channel."""
    world, arguments = ask.world, ask.arguments
    channel = world.visible(str(arguments["channel"]), for_reading=True)
    limit = number(arguments, "limit", _DEFAULT_PAGE, most=MESSAGES_PER_PAGE + 1)
    before = str(arguments.get("cursor") or "") or None
    if before is not None and not before.startswith("before:"):
        raise Refusal("invalid_cursor")
    older = world.newest_first(channel.id, before.removeprefix("before:") if before else None)
    page: list[Message] = []
    more = False
    for message in _within(ask, older):
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


def _replies(ask: Ask) -> Json:
    """Return the root first, then its replies, oldest first."""
    world, arguments = ask.world, ask.arguments
    channel = world.visible(str(arguments["channel"]), for_reading=True)
    try:
        message = world.find(channel.id, str(arguments["ts"]))
    except Refusal as refusal:
        raise Refusal("thread_not_found") from refusal
    root = message if message.thread_ts is None else world.find(channel.id, message.thread_ts)
    wanted = sorted(_within(ask, reversed(world.replies(channel.id, root.ts))), key=lambda found: found.ts)
    with_metadata = flag(arguments, "include_all_metadata")
    thread = [message_json(world, found, with_metadata=with_metadata) for found in [root, *wanted]]
    page = page_of(ask, thread, "messages")
    return page | {"has_more": bool(page["response_metadata"]["next_cursor"])}


def _of_user(ask: Ask) -> Json:
    """Return the conversations of the bot or of the person asked for that the bot can see."""
    world, arguments = ask.world, ask.arguments
    user = str(arguments.get("user") or world.bot_user)
    if user not in world.users:
        raise Refusal("user_not_found")
    kinds = set(str(arguments.get("types") or "public_channel").split(","))
    if not kinds <= {"public_channel", "private_channel", "mpim", "im"}:
        raise bad_arguments("invalid types [json-pointer:/types]")
    without_archived = flag(arguments, "exclude_archived")
    found = [
        channel.web(world.bot_user, is_ext_shared=world.is_ext_shared(channel))
        for channel in world.channels.values()
        if user in channel.members
        and not channel.deleted
        and not (without_archived and channel.is_archived)
        and ("im" if channel.is_im else "private_channel" if channel.is_private else "public_channel")
        in kinds
        and (not channel.is_private or world.bot_user in channel.members)
    ]
    return page_of(ask, found, "channels")


CONVERSATIONS: dict[str, Method] = {
    "conversations.info": Method(run=_info, required=("channel",), scopes=conversation_scopes("read")),
    "conversations.members": Method(run=_members, required=("channel",), scopes=conversation_scopes("read")),
    "conversations.open": Method(run=_open, scopes=scopes("im:write", "channels:manage", "groups:write")),
    "conversations.history": Method(
        run=_history, required=("channel",), scopes=conversation_scopes("history")
    ),
    "conversations.replies": Method(
        run=_replies, required=("channel", "ts"), scopes=conversation_scopes("history")
    ),
    "users.conversations": Method(
        run=_of_user, scopes=scopes("channels:read", "groups:read", "im:read", "mpim:read")
    ),
}
