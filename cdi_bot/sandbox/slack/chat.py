"""The Web API's `chat.*` methods. Source: docs.slack.dev/reference/methods, one page for each."""

import json
import re
from datetime import timedelta

from cdi_bot.sandbox.control import Json
from cdi_bot.sandbox.slack.block_kit import message_problems, with_ids
from cdi_bot.sandbox.slack.methods import Call, Method, flag, scopes
from cdi_bot.sandbox.slack.model import Channel, Content, Refusal
from cdi_bot.sandbox.slack.payloads import message_json
from cdi_bot.sandbox.slack.schema import Problem
from cdi_bot.sandbox.slack.world import SlackWorld

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
        attachments=tuple(_filled(world, attachment) for attachment in attachments),
        metadata=_metadata(arguments.get("metadata")),
    )


def _refuse_bad_blocks(world: SlackWorld, blocks: list[Json], attachments: list[Json]) -> None:
    """Raise Refusal `invalid_blocks` or `invalid_attachments` with Slack's messages for what is wrong."""
    unknown = () if world.rules.charts else ("data_visualization",)
    _refuse(
        "invalid_blocks",
        message_problems(blocks)
        + [
            Problem(what=f"unsupported type: {block['type']}", at=f"/blocks/{index}/type")
            for index, block in enumerate(blocks)
            if block.get("type") in unknown
        ],
    )
    for index, attachment in enumerate(attachments):
        found = message_problems(attachment.get("blocks") or [], at=f"/attachments/{index}/blocks")
        _refuse("invalid_attachments", found)


def _refuse(code: str, problems: list[Problem]) -> None:
    if problems:
        raise Refusal(
            code,
            errors=[str(problem) for problem in problems],
            response_metadata={"messages": [f"[ERROR] {problem}" for problem in problems]},
        )


def _filled(world: SlackWorld, attachment: Json) -> Json:
    """Return an attachment whose blocks have ids."""
    blocks = attachment.get("blocks")
    return attachment | {"blocks": with_ids(blocks, world.new_id)} if blocks else attachment


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


def _update(call: Call) -> Json:
    world, arguments = call.world, call.arguments
    channel = world.visible(str(arguments["channel"]))
    message = world.find(channel.id, str(arguments["ts"]))
    if message.author != world.bot_user:
        raise Refusal("cant_update_message")
    if channel.is_archived:
        # docs.slack.dev/reference/methods/chat.update: frozen, archived or deleted channels.
        raise Refusal("is_inactive")
    window = world.rules.edit_window_seconds
    age = world.clock().timestamp() - float(message.ts)
    if window is not None and timedelta(seconds=age) > timedelta(seconds=window):
        raise Refusal("edit_window_closed")
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
    "chat.postMessage": Method(run=_post_message, required=("channel",), scopes=scopes("chat:write")),
    "chat.update": Method(run=_update, required=("channel", "ts"), scopes=scopes("chat:write")),
}
