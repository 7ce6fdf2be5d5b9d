"""`response_url`: what an app answers to a command or a button, up to five times in 30 minutes.

Source: docs.slack.dev/interactivity/handling-user-interaction#message_responses.
"""

import json
from dataclasses import replace

from aiohttp import web

from cdi_bot.sandbox.slack.chat import POST_TEXT_MAX, read_content
from cdi_bot.sandbox.slack.hooks import Hook
from cdi_bot.sandbox.slack.model import Json, Message, Refusal
from cdi_bot.sandbox.slack.web_api import with_faults
from cdi_bot.sandbox.slack.world import SlackWorld

PATH = "response_url"
_GONE = ("expired_url", "used_url")


def respond(world: SlackWorld, hook: Hook, body: Json) -> Message | None:
    """Show an app's answer where the hook points. Returns the message it made or changed.

    It reaches channels that the bot is not in. Raises Refusal as chat.postMessage does for bad content.
    """
    original = _original(world, hook)
    if body.get("delete_original"):
        if original is not None:
            world.delete(original)
        return None
    content = read_content(world, body, text_max=POST_TEXT_MAX)
    if body.get("replace_original") and original is not None:
        kept = content.metadata or original.content.metadata
        return world.change(original, replace(content, metadata=kept), edited=False)
    thread_ts = body.get("thread_ts")
    if body.get("response_type") == "in_channel":
        return world.post(hook.channel, content, thread_ts=thread_ts)
    return world.post_ephemeral(hook.channel, hook.user, content, thread_ts=thread_ts)


def _original(world: SlackWorld, hook: Hook) -> Message | None:
    if hook.message_id is None:
        return None
    try:
        return world.by_id(hook.message_id)
    except Refusal:
        # Deleted meanwhile: Slack then shows the answer as a new message.
        return None


def response_routes(world: SlackWorld) -> list[web.RouteDef]:
    """Return the route of all response URLs."""

    async def handle(request: web.Request) -> web.StreamResponse:
        return await with_faults(world, request, PATH, lambda: _answer(world, request))

    return [web.post("/response/{token}", handle)]


async def _answer(world: SlackWorld, request: web.Request) -> web.Response:
    token = request.match_info["token"]
    try:
        body = _object(await request.text())
        hook = world.hooks.use_hook(token, world.rules, world.clock())
        message = respond(world, hook, body)
        if message is not None and hook.message_id is None:
            world.hooks.adopt(token, message.id)
    except Refusal as refusal:
        world.log_call(PATH, error=refusal.code, channel=None)
        status = 404 if refusal.code in _GONE else 400
        return web.json_response({"ok": False, "error": refusal.code} | refusal.extra, status=status)
    world.log_call(PATH, error=None, channel=hook.channel)
    return web.Response(text="ok")


def _object(text: str) -> Json:
    try:
        body = json.loads(text)
    except ValueError as error:
        raise Refusal("invalid_payload") from error
    if not isinstance(body, dict):
        raise Refusal("invalid_payload")
    return {key: value for key, value in body.items() if value is not None}
