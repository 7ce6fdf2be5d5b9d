"""What people do in the workspace, delivered to the app, and what the app answers, at once or later.

A `response_url` takes up to five answers in 30 minutes. Source:
docs.slack.dev/interactivity/handling-user-interaction#message_responses.
"""

import json
from collections.abc import Callable
from dataclasses import replace

from aiohttp import web

from cdi_bot.sandbox.control import Json
from cdi_bot.sandbox.slack.block_kit import options_problems
from cdi_bot.sandbox.slack.chat import POST_TEXT_MAX, read_content
from cdi_bot.sandbox.slack.http_mode import HttpMode, Tamper
from cdi_bot.sandbox.slack.methods import checked_view, show_modal
from cdi_bot.sandbox.slack.model import Message, Refusal
from cdi_bot.sandbox.slack.payloads import (
    Press,
    command_payload,
    event_payload,
    message_action_payload,
    shortcut_payload,
    submission_payload,
    suggestion_payload,
    view_action_payload,
)
from cdi_bot.sandbox.slack.rules import ResponseUrl
from cdi_bot.sandbox.slack.socket_mode import Acknowledgement, Sockets
from cdi_bot.sandbox.slack.web_api import with_faults
from cdi_bot.sandbox.slack.world import SlackWorld


class Interactions:
    """People's side of the workspace.

    Each method delivers one payload, over Socket Mode if the app is connected, else to its request URL, and
    returns `{"acked", "ack_ms", "response", "error"}`: whether the app acknowledged in time, after how many
    milliseconds, what it sent along, and Slack's error. Raises Refusal for what a person could not have done
    (unknown channel, no such button).
    """

    def __init__(self, world: SlackWorld, sockets: Sockets, http: HttpMode, url: Callable[[], str]) -> None:
        """Deliver for `world`. `url` returns the address that response URLs start with."""
        self._world = world
        self._sockets = sockets
        self._http = http
        self._url = url

    async def command(
        self,
        channel: str,
        user: str,
        text: str,
        *,
        command: str = "/cdi",
        tamper: Tamper | None = None,
    ) -> Json:
        """Type a slash command; `text` may start with the command itself."""
        where = self._world.open_to(user, channel)
        first, _, rest = text.strip().partition(" ")
        arguments = rest if first == command else text
        payload = command_payload(self._world, self._url(), where, user, f"{command} {arguments}")
        return _result_json(await self._send("slash_commands", payload, tamper=tamper))

    async def press(self, message: Message, press: Press, *, tamper: Tamper | None = None) -> Json:
        """Press a button, or choose in a menu, in a message or an ephemeral."""
        if press.user not in self._world.channels[message.channel].members:
            raise Refusal("channel_not_found")
        payload = message_action_payload(self._world, self._url(), message, press)
        return _result_json(await self._send("interactive", payload, tamper=tamper))

    async def press_in_view(self, view_id: str, press: Press) -> Json:
        """Press a button, or choose in a menu, in a modal or Home tab."""
        view = self._seen(press.user, view_id)
        return _result_json(await self._send("interactive", view_action_payload(self._world, view, press)))

    async def submit(self, user: str, view_id: str, values: Json) -> Json:
        """Submit a form with `values` (block_id → action_id → state) and do what the app answers."""
        view = self._seen(user, view_id)
        result = await self._send("interactive", submission_payload(self._world, view, user, values))
        answer = _result_json(result)
        if result.error is None:
            try:
                self._after_submit(user, view_id, result.payload or {})
            except Refusal as refusal:
                return answer | {"error": refusal.code, **refusal.extra}
        return answer

    def close(self, user: str, view_id: str) -> None:
        """Close a modal. The bot asks for no `view_closed`, so nothing is sent."""
        self._seen(user, view_id)
        self._close(user, view_id)

    async def shortcut(self, user: str, callback_id: str) -> Json:
        """Use a global shortcut."""
        payload = shortcut_payload(self._world, user, callback_id)
        return _result_json(await self._send("interactive", payload))

    async def search(
        self, user: str, view_id: str, action_id: str, value: str, *, block_id: str | None = None
    ) -> Json:
        """Type into a menu of a form whose options the app supplies; the answer is checked as Slack does."""
        view = self._seen(user, view_id)
        payload = suggestion_payload(
            self._world, view, Press(user=user, action_id=action_id, block_id=block_id), value
        )
        result = await self._send("interactive", payload)
        answer = _result_json(result)
        if result.error is None:
            problems = options_problems(result.payload or {"options": []})
            if problems:
                return answer | {"error": "invalid_options", "problems": [str(found) for found in problems]}
        return answer

    async def event(self, event: Json) -> Json:
        """Send an event, if the app subscribed to its type."""
        if event.get("type") not in self._world.rules.events:
            return _result_json(Acknowledgement(error="not_subscribed"))
        return _result_json(await self._send("events_api", event_payload(self._world, event)))

    async def open_home(self, user: str) -> Json:
        """Open the app's Home tab."""
        channel = self._world.direct_message(user)
        home = self._world.views.homes().get(user)
        event: Json = {"type": "app_home_opened", "user": user, "channel": channel.id, "tab": "home"}
        return await self.event(event | ({"view": home} if home is not None else {}))

    async def _send(self, kind: str, payload: Json, *, tamper: Tamper | None = None) -> Acknowledgement:
        if self._sockets.connected and tamper is None:
            return await self._sockets.deliver(kind, payload, accepts_response=kind != "events_api")
        return await self._http.deliver(kind, payload, tamper=tamper)

    def _seen(self, user: str, view_id: str) -> Json:
        owner, view = self._world.views.find(view_id)
        if owner != user:
            raise Refusal("not_found")
        return view

    def _after_submit(self, user: str, view_id: str, answer: Json) -> None:
        action = answer.get("response_action")
        if action == "errors" and answer.get("errors"):
            return
        if action == "update":
            view = checked_view(answer.get("view"), "modal")
            show_modal(self._world, *self._world.views.update(view_id, view))
        elif action is None:
            self._close(user, view_id)
        else:
            raise Refusal("invalid_response_action")

    def _close(self, user: str, view_id: str) -> None:
        if self._world.views.close(user, view_id):
            self._world.emit({"type": "view_closed", "user": user, "view_id": view_id})


def _result_json(result: Acknowledgement) -> Json:
    return {
        "acked": result.ack_ms is not None,
        "ack_ms": result.ack_ms,
        "response": result.payload,
        "error": result.error,
    }


PATH = "response_url"
"""The path of faults for all response URLs, and their name in the log of calls."""


def response_routes(world: SlackWorld) -> list[web.RouteDef]:
    """Return the route of all response URLs."""

    async def handle(request: web.Request) -> web.StreamResponse:
        return await with_faults(world, request, PATH, lambda: _answer_response(world, request))

    return [web.post("/response/{token}", handle)]


async def _answer_response(world: SlackWorld, request: web.Request) -> web.Response:
    token = request.match_info["token"]
    try:
        body = _object(await request.text())
        url = world.handles.use_url(token, world.rules, world.clock())
        message = _respond(world, url, body)
        if url.message_id is None:
            world.handles.belongs_to(token, message.id)
    except Refusal as refusal:
        world.log_call(PATH, error=refusal.code, channel=None)
        status = 404 if refusal.code in ("expired_url", "used_url") else 400
        return web.json_response({"ok": False, "error": refusal.code} | refusal.extra, status=status)
    world.log_call(PATH, error=None, channel=url.channel)
    return web.Response(text="ok")


def _respond(world: SlackWorld, url: ResponseUrl, body: Json) -> Message:
    """Show an answer to the person, also in channels that the bot is not in. Returns the message it made or changed.

    Raises Refusal as chat.postMessage does for bad content.
    """
    content = read_content(world, body, text_max=POST_TEXT_MAX)
    original = _original(world, url) if body.get("replace_original") else None
    if original is None:
        return world.post_ephemeral(url.channel, url.user, content)
    kept = content.metadata or original.content.metadata
    return world.change(original, replace(content, metadata=kept), edited=False)


def _original(world: SlackWorld, url: ResponseUrl) -> Message | None:
    try:
        return None if url.message_id is None else world.by_id(url.message_id)
    except Refusal:
        # Deleted meanwhile: Slack then shows the answer as a new message.
        return None


def _object(text: str) -> Json:
    try:
        body = json.loads(text)
    except ValueError as error:
        raise Refusal("invalid_payload") from error
    if not isinstance(body, dict):
        raise Refusal("invalid_payload")
    return {key: value for key, value in body.items() if value is not None}
