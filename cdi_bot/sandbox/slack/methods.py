"""What the Web API methods have in common: how a method is described, and how its arguments are read."""

from collections.abc import Callable
from dataclasses import dataclass

from cdi_bot.sandbox.slack.model import Json, Message, Token, bad_arguments
from cdi_bot.sandbox.slack.world import SlackWorld


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One call of a method: what was asked, in which workspace, with whose rights."""

    world: SlackWorld
    arguments: Json
    token: Token


def no_scopes(_world: SlackWorld, _arguments: Json) -> tuple[str, ...]:
    """Return no scope: every token may call."""
    return ()


def scopes(*needed: str) -> Callable[[SlackWorld, Json], tuple[str, ...]]:
    """Return a rule by which one of these scopes is needed."""
    return lambda _world, _arguments: needed


def conversation_scopes(right: str) -> Callable[[SlackWorld, Json], tuple[str, ...]]:
    """Return the rule for `<kind>:right`: the kind of the conversation decides which scope is needed."""

    def rule(world: SlackWorld, arguments: Json) -> tuple[str, ...]:
        channel = world.channels.get(str(arguments.get("channel")))
        if channel is None:
            return tuple(f"{kind}:{right}" for kind in ("channels", "groups", "mpim", "im"))
        if channel.is_im:
            return (f"im:{right}",)
        return (f"groups:{right}",) if channel.is_private else (f"channels:{right}",)

    return rule


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """One Web API method. `run` returns the answer beside `ok`, or raises Refusal."""

    run: Callable[[Ask], Json]
    required: tuple[str, ...] = ()
    scopes: Callable[[SlackWorld, Json], tuple[str, ...]] = no_scopes


def flag(arguments: Json, name: str) -> bool:
    """Read a boolean, which comes as JSON or as `1`, `true`, `0`, `false`."""
    return str(arguments.get(name, "")).lower() in ("1", "true")


def number(arguments: Json, name: str, default: int, *, most: int) -> int:
    """Read a whole number between 1 and `most`. Raises Refusal `invalid_arguments`."""
    try:
        value = int(arguments.get(name, default))
    except (TypeError, ValueError):
        value = 0
    if not 1 <= value <= most:
        raise bad_arguments(f"must be between 1 and {most} [json-pointer:/{name}]")
    return value


def message_json(world: SlackWorld, message: Message, *, with_metadata: bool = True) -> Json:
    """Return a message as the Web API shows it: in history, in the answer to a post, in payloads."""
    shown: Json = {"type": "message", "user": message.author, "text": message.content.text, "ts": message.ts}
    shown["team"] = world.team
    if message.author == world.bot_user:
        shown |= {"bot_id": world.bot_id, "app_id": world.app_id}
        shown["bot_profile"] = bot_json(world) | {"team_id": world.team}
    if message.content.blocks:
        shown["blocks"] = list(message.content.blocks)
    if message.content.attachments:
        shown["attachments"] = list(message.content.attachments)
    if with_metadata and message.content.metadata is not None:
        shown["metadata"] = message.content.metadata
    if message.edited_ts is not None:
        shown["edited"] = {"user": message.author, "ts": message.edited_ts}
    return shown | _thread_json(world, message)


def _thread_json(world: SlackWorld, message: Message) -> Json:
    if message.thread_ts is not None:
        thread: Json = {"thread_ts": message.thread_ts}
        return thread | ({"subtype": "thread_broadcast"} if message.reply_broadcast else {})
    replies = world.replies(message.channel, message.ts)
    if not replies:
        return {}
    people = sorted({reply.author for reply in replies})
    return {
        "thread_ts": message.ts,
        "reply_count": len(replies),
        "reply_users_count": len(people),
        "reply_users": people,
        "latest_reply": replies[-1].ts,
        "is_locked": False,
        "subscribed": False,
    }


def bot_json(world: SlackWorld) -> Json:
    """Return the bot as `bots.info` does."""
    return {
        "id": world.bot_id,
        "app_id": world.app_id,
        "user_id": world.bot_user,
        "name": "cdi-bot",
        "deleted": False,
        "updated": 1700000000,
        "icons": {},
    }
