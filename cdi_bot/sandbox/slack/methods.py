"""The Web API's methods: how one is described, and those that post, and that are about people and their views.

Source: docs.slack.dev/reference/methods, one page for each.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass

from cdi_bot.sandbox.control import Json
from cdi_bot.sandbox.slack.block_kit import message_problems, view_problems, with_ids
from cdi_bot.sandbox.slack.model import Channel, Content, Token
from cdi_bot.sandbox.slack.payloads import message_json
from cdi_bot.sandbox.slack.schema import Problem, Refusal, bad_arguments
from cdi_bot.sandbox.slack.seed_data import OTHER_TEAM, SIBLING_TEAM
from cdi_bot.sandbox.slack.world import SlackWorld


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call of a method: the arguments, in which workspace, with whose rights."""

    world: SlackWorld
    arguments: Json
    token: Token


NeededScopes = Callable[[SlackWorld, Json], tuple[str, ...]]
"""Returns the scopes of which a call needs one, by its arguments; none where every token may call."""


def _no_scopes(_world: SlackWorld, _arguments: Json) -> tuple[str, ...]:
    return ()


def scopes(*needed: str) -> NeededScopes:
    """Return a rule by which one of these scopes is needed."""
    return lambda _world, _arguments: needed


def conversation_scopes(right: str) -> NeededScopes:
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

    run: Callable[[Call], Json]
    required: tuple[str, ...] = ()
    scopes: NeededScopes = _no_scopes


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


# People


def _auth_test(call: Call) -> Json:
    world = call.world
    return {
        "url": "https://northwind-data.slack.com/",
        "team": world.team_name,
        "user": world.users[world.bot_user].name,
        "team_id": world.enterprise if world.is_org_wide else world.team,
        "user_id": world.bot_user,
        "bot_id": world.bot_id,
        "enterprise_id": world.enterprise,
        "is_enterprise_install": world.is_org_wide,
    }


def _users_info(call: Call) -> Json:
    world = call.world
    found = world.users.get(str(call.arguments["user"]))
    if found is None:
        raise Refusal("user_not_found")
    with_locale = flag(call.arguments, "include_locale")
    is_met = any({found.id, world.bot_user} <= channel.members for channel in world.channels.values())
    shown = found.web(world.team, world.clock(), with_locale=with_locale, is_met=is_met)
    if world.enterprise and found.home != OTHER_TEAM:
        teams = [world.team, SIBLING_TEAM]
        shown["enterprise_user"] = {"id": found.id, "enterprise_id": world.enterprise, "teams": teams}
    return {"user": shown}


# Views


def checked_view(view: object, kind: str) -> Json:
    """Return a view of this type that Slack would accept.

    Raises Refusal `invalid_arguments` with Slack's messages.
    """
    if not isinstance(view, dict):
        raise bad_arguments("must provide an object [json-pointer:/view]")
    problems = view_problems(view)
    if problems:
        raise bad_arguments(*(str(problem) for problem in problems))
    if view["type"] != kind:
        raise bad_arguments(f"must be of type {kind} [json-pointer:/view/type]")
    return view


def show_modal(world: SlackWorld, user: str, view: Json) -> Json:
    """Publish a modal on the live stream. Returns the Web API's answer."""
    world.emit({"type": "view", "view": view, "user": user})
    return {"view": view}


def _views_open(call: Call) -> Json:
    world, view = call.world, checked_view(call.arguments["view"], "modal")
    user = world.handles.use_trigger(str(call.arguments["trigger_id"]), world.rules, world.clock())
    return show_modal(world, user, world.views.open(user, view))


def _views_update(call: Call) -> Json:
    world, view = call.world, checked_view(call.arguments["view"], "modal")
    return show_modal(
        world,
        *world.views.update(str(call.arguments["view_id"]), view, expected_hash=call.arguments.get("hash")),
    )


def _views_publish(call: Call) -> Json:
    world, user = call.world, str(call.arguments["user_id"])
    if user not in world.users:
        raise Refusal("user_not_found")
    view = checked_view(call.arguments["view"], "home")
    published = world.views.publish(user, view, expected_hash=call.arguments.get("hash"))
    world.emit({"type": "home", "user": user, "view": published})
    return {"view": published}


METHODS: dict[str, Method] = {
    "auth.test": Method(run=_auth_test),
    "users.info": Method(run=_users_info, required=("user",), scopes=scopes("users:read")),
    "views.open": Method(run=_views_open, required=("trigger_id", "view")),
    "views.update": Method(run=_views_update, required=("view_id", "view")),
    "views.publish": Method(run=_views_publish, required=("user_id", "view")),
}


# Slack cuts a post at 40,000 characters and refuses an update over 4,000; a stand-in that refuses both shows
# the mistake.
POST_TEXT_MAX = 40_000
UPDATE_TEXT_MAX = 4_000
METADATA_MAX = 16_000
ATTACHMENTS_MAX = 100
_TS = re.compile(r"\d{10}\.\d{6}\Z")


def read_content(world: SlackWorld, arguments: Json, *, text_max: int, needed: bool = True) -> Content:
    """Read and check the content of a message.

    Raises Refusal `no_text` where `needed` and there is nothing, `msg_too_long`, `invalid_blocks`,
    `invalid_attachments`, `too_many_attachments`, `invalid_metadata_format`, `metadata_too_large`.
    """
    text = str(arguments.get("text") or "")
    blocks = _list(arguments, "blocks", "invalid_blocks_format")
    attachments = _list(arguments, "attachments", "invalid_attachments")
    if needed and not (text.strip() or blocks or attachments):
        raise Refusal("no_text")
    if len(text) > text_max:
        raise Refusal("msg_too_long")
    if len(attachments) > ATTACHMENTS_MAX:
        raise Refusal("too_many_attachments")
    _refuse_bad_blocks(world, blocks, attachments)
    return Content(
        text=text,
        blocks=tuple(with_ids(blocks, world.new_id)),
        attachments=tuple(_filled(world, each, number) for number, each in enumerate(attachments, 1)),
        metadata=_metadata(arguments.get("metadata")),
    )


def _refuse_bad_blocks(world: SlackWorld, blocks: list[Json], attachments: list[Json]) -> None:
    """Raise Refusal `invalid_blocks` or `invalid_attachments` with Slack's messages for what is wrong."""
    _refuse("invalid_blocks", _problems(world, blocks, "/blocks"))
    for index, attachment in enumerate(attachments):
        at = f"/attachments/{index}"
        found = [
            Problem(what="must be a string", at=f"{at}/{name}")
            for name in ("color", "fallback")
            if not isinstance(attachment.get(name) or "", str)
        ]
        _refuse(
            "invalid_attachments", found + _problems(world, attachment.get("blocks") or [], f"{at}/blocks")
        )


def _problems(world: SlackWorld, blocks: list[Json], at: str) -> list[Problem]:
    """Return what is wrong with blocks, and which of them this workspace does not know."""
    unknown = () if world.rules.charts else ("data_visualization",)
    return message_problems(blocks, at=at) + [
        Problem(what=f"unsupported type: {block['type']}", at=f"{at}/{index}/type")
        for index, block in enumerate(blocks)
        if block.get("type") in unknown
    ]


def _refuse(code: str, problems: list[Problem]) -> None:
    if problems:
        raise Refusal(
            code,
            errors=[str(problem) for problem in problems],
            response_metadata={"messages": [f"[ERROR] {problem}" for problem in problems]},
        )


def _filled(world: SlackWorld, attachment: Json, number: int) -> Json:
    """Return an attachment with its number in the message, whose blocks have ids."""
    blocks = attachment.get("blocks")
    return attachment | {"id": number} | ({"blocks": with_ids(blocks, world.new_id)} if blocks else {})


def _list(arguments: Json, name: str, code: str) -> list[Json]:
    value = arguments.get(name) or []
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise Refusal(code)
    return value


def _metadata(value: object) -> Json | None:
    """Check message metadata. Source: docs.slack.dev/messaging/message-metadata."""
    if value is None or value == {}:
        return None
    right = (
        isinstance(value, dict)
        and isinstance(value.get("event_type"), str)
        and isinstance(value.get("event_payload"), dict)
    )
    if not isinstance(value, dict) or not right:
        raise Refusal("invalid_metadata_format")
    if len(json.dumps(value)) > METADATA_MAX:
        raise Refusal("metadata_too_large")
    return value


def _writable(call: Call) -> Channel:
    """Return the channel of the call if the bot may write to it."""
    channel = call.world.visible(str(call.arguments["channel"]))
    if channel.is_archived:
        raise Refusal("is_archived")
    if call.world.bot_user not in channel.members and "chat:write.public" not in call.token.scopes:
        raise Refusal("not_in_channel")
    return channel


def _post_message(call: Call) -> Json:
    world, arguments = call.world, call.arguments
    channel = _writable(call)
    content = read_content(world, arguments, text_max=POST_TEXT_MAX)
    thread_ts = arguments.get("thread_ts")
    if thread_ts is not None and not _TS.match(str(thread_ts)):
        raise Refusal("invalid_thread_ts")
    message = world.post(
        channel.id, content, thread_ts=thread_ts, reply_broadcast=flag(arguments, "reply_broadcast")
    )
    return {"channel": channel.id, "ts": message.ts, "message": message_json(world, message)}


def _post_ephemeral(call: Call) -> Json:
    """Source: docs.slack.dev/reference/methods/chat.postEphemeral."""
    world, arguments = call.world, call.arguments
    channel = _writable(call)
    user = str(arguments["user"])
    if user not in channel.members:
        raise Refusal("user_not_in_channel")
    content = read_content(world, arguments, text_max=POST_TEXT_MAX)
    message = world.post_ephemeral(channel.id, user, content, thread_ts=arguments.get("thread_ts"))
    return {"message_ts": message.ts}


def _update(call: Call) -> Json:
    world, arguments = call.world, call.arguments
    channel = world.visible(str(arguments["channel"]))
    message = world.find(channel.id, str(arguments["ts"]))
    if message.author != world.bot_user:
        raise Refusal("cant_update_message")
    if channel.is_archived:
        # docs.slack.dev/reference/methods/chat.update: frozen, archived or deleted channels.
        raise Refusal("is_inactive")
    content = _updated_content(world, message.content, arguments)
    # The "edited" mark is shown for text alone, not for updates that carry blocks.
    changed = world.change(message, content, edited=not arguments.get("blocks"))
    return {
        "channel": message.channel,
        "ts": message.ts,
        "text": content.text,
        "message": message_json(world, changed),
    }


def _updated_content(world: SlackWorld, old: Content, arguments: Json) -> Content:
    """Return the content of a message after an update that may leave things out.

    Text without blocks takes the old blocks away; blocks stay only when neither is given. Attachments and
    metadata that are left out stay; an empty list or object removes them.
    """
    if not any(name in arguments for name in ("text", "blocks", "attachments", "metadata")):
        raise Refusal("no_text")
    fresh = read_content(world, arguments, text_max=UPDATE_TEXT_MAX, needed=False)
    keep_blocks = "blocks" not in arguments and "text" not in arguments
    content = Content(
        text=old.text if keep_blocks else fresh.text,
        blocks=old.blocks if keep_blocks else fresh.blocks,
        attachments=fresh.attachments if "attachments" in arguments else old.attachments,
        metadata=fresh.metadata if "metadata" in arguments else old.metadata,
    )
    if not (content.text.strip() or content.blocks or content.attachments):
        raise Refusal("no_text")
    return content


CHAT: dict[str, Method] = {
    "chat.postEphemeral": Method(
        run=_post_ephemeral, required=("channel", "user"), scopes=scopes("chat:write")
    ),
    "chat.postMessage": Method(run=_post_message, required=("channel",), scopes=scopes("chat:write")),
    "chat.update": Method(run=_update, required=("channel", "ts"), scopes=scopes("chat:write")),
}
