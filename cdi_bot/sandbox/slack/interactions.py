"""What people do in the workspace, delivered to the app over Socket Mode, or in HTTP mode as signed POST requests.

Requests to the app's request URL can be forged on purpose (`Tamper`). Source:
docs.slack.dev/authentication/verifying-requests-from-slack (v0 HMAC-SHA256 over timestamp and body).
"""

import asyncio
import hashlib
import hmac
import json
from collections.abc import Awaitable, Callable
from enum import Enum
from functools import partial
from urllib.parse import urlencode

from aiohttp import ClientError, ClientSession, ClientTimeout

from cdi_bot.sandbox.control import Json
from cdi_bot.sandbox.slack.block_kit import options_problems
from cdi_bot.sandbox.slack.methods import checked_view, show_modal
from cdi_bot.sandbox.slack.model import Content, Message
from cdi_bot.sandbox.slack.payloads import (
    Press,
    command_payload,
    event_payload,
    message_action_payload,
    message_event,
    shortcut_payload,
    submission_payload,
    suggestion_payload,
    view_action_payload,
    with_mentions,
)
from cdi_bot.sandbox.slack.schema import Refusal
from cdi_bot.sandbox.slack.socket_mode import Acknowledgement, Sockets
from cdi_bot.sandbox.slack.world import SlackWorld

_STALE_SECONDS = 600


class Tamper(Enum):
    """What is wrong with a request on purpose."""

    FORGED = "forged"  # signed with another secret
    STALE = "stale"  # signed rightly, ten minutes ago
    UNSIGNED = "unsigned"  # no signature at all


class HttpMode:
    """Delivers payloads to the world's `request_url`."""

    def __init__(self, world: SlackWorld) -> None:
        """Start with nothing sent."""
        self._world = world
        self._session: ClientSession | None = None
        self._last: Callable[[], Awaitable[Acknowledgement]] | None = None

    async def close(self) -> None:
        """Close the HTTP client."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def deliver(self, kind: str, payload: Json, *, tamper: Tamper | None = None) -> Acknowledgement:
        """POST a payload: form fields for commands, a form's `payload` for interactions, JSON for events."""
        if kind == "events_api":
            return await self.request(json.dumps(payload), content_type="application/json", tamper=tamper)
        fields = payload if kind == "slash_commands" else {"payload": json.dumps(payload)}
        return await self.request(urlencode(fields), tamper=tamper)

    async def request(
        self,
        body: str = "",
        *,
        method: str = "POST",
        query: str = "",
        content_type: str = "application/x-www-form-urlencoded",
        tamper: Tamper | None = None,
    ) -> Acknowledgement:
        """Send a request, signed unless `tamper` says otherwise, and wait for the answer, as long as Slack does.

        `error` is `dispatch_failed` without a request URL or on no connection, `operation_timeout` past the
        time limit, `http_<status>` for any answer but 200.
        """
        if self._world.request_url is None:
            return Acknowledgement(error="dispatch_failed")
        url = self._world.request_url + (f"?{query}" if query else "")
        headers = {"Content-Type": content_type, "User-Agent": "Slackbot 1.0 (+https://api.slack.com/robots)"}
        headers |= self._signature(body.encode(), tamper)
        self._last = partial(self._send, method, url, headers, body.encode())
        return await self._last()

    async def replay(self) -> Acknowledgement:
        """Send the last request once more, byte for byte."""
        return await self._last() if self._last else Acknowledgement(error="nothing_sent")

    def _signature(self, body: bytes, tamper: Tamper | None) -> dict[str, str]:
        if tamper is Tamper.UNSIGNED:
            return {}
        at = int(self._world.clock().timestamp()) - (_STALE_SECONDS if tamper is Tamper.STALE else 0)
        secret = "0" * 32 if tamper is Tamper.FORGED else self._world.signing_secret
        signed = hmac.new(secret.encode(), f"v0:{at}:".encode() + body, hashlib.sha256).hexdigest()
        return {"X-Slack-Request-Timestamp": str(at), "X-Slack-Signature": f"v0={signed}"}

    async def _send(self, method: str, url: str, headers: dict[str, str], body: bytes) -> Acknowledgement:
        if self._session is None:
            self._session = ClientSession()
        loop = asyncio.get_running_loop()
        started = loop.time()
        limit = ClientTimeout(total=self._world.rules.ack_seconds)
        try:
            async with self._session.request(
                method, url, data=body, headers=headers, timeout=limit, allow_redirects=False
            ) as answer:
                text = await answer.text()
        except TimeoutError:
            return Acknowledgement(error="operation_timeout")
        except (ClientError, OSError):
            return Acknowledgement(error="dispatch_failed")
        if answer.status != 200:
            return Acknowledgement(error=f"http_{answer.status}")
        return Acknowledgement(ack_ms=(loop.time() - started) * 1_000, payload=_decoded(text))


def _decoded(text: str) -> Json | None:
    """Read an answer. The bot answers with a JSON object or with nothing."""
    try:
        body = json.loads(text)
    except ValueError:
        return None
    return body if isinstance(body, dict) else None


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
        return result_json(await self._send("slash_commands", payload, tamper=tamper))

    async def press(self, message: Message, press: Press, *, tamper: Tamper | None = None) -> Json:
        """Press a button, or choose in a menu, in a message or an ephemeral."""
        if press.user not in self._world.channels[message.channel].members:
            raise Refusal("channel_not_found")
        payload = message_action_payload(self._world, self._url(), message, press)
        return result_json(await self._send("interactive", payload, tamper=tamper))

    async def press_in_view(self, view_id: str, press: Press) -> Json:
        """Press a button, or choose in a menu, in a modal or Home tab."""
        view = self._seen(press.user, view_id)
        return result_json(await self._send("interactive", view_action_payload(self._world, view, press)))

    async def submit(self, user: str, view_id: str, values: Json) -> Json:
        """Submit a form with `values` (block_id → action_id → state) and do what the app answers."""
        view = self._seen(user, view_id)
        result = await self._send("interactive", submission_payload(self._world, view, user, values))
        answer = result_json(result)
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
        return result_json(await self._send("interactive", payload))

    async def search(
        self, user: str, view_id: str, action_id: str, value: str, *, block_id: str | None = None
    ) -> Json:
        """Type into a menu of a form whose options the app supplies; the answer is checked as Slack does."""
        view = self._seen(user, view_id)
        payload = suggestion_payload(
            self._world, view, Press(user=user, action_id=action_id, block_id=block_id), value
        )
        result = await self._send("interactive", payload)
        answer = result_json(result)
        if result.error is None:
            problems = options_problems(result.payload or {"options": []})
            if problems:
                return answer | {"error": "invalid_options", "problems": [str(found) for found in problems]}
        return answer

    async def say(self, channel: str, user: str, text: str, thread_ts: str | None = None) -> Json:
        """Say something; the app gets an event where it was said to it."""
        self._world.open_to(user, channel)
        content = Content(text=with_mentions(self._world, text))
        message = self._world.post(channel, content, author=user, thread_ts=thread_ts)
        event = message_event(self._world, message)
        return {"message": message.stream()} | ({"event": await self.event(event)} if event else {})

    async def event(self, event: Json) -> Json:
        """Send an event, if the app subscribed to its type; to messages it subscribes by the type of channel."""
        kind = ".".join(filter(None, (event.get("type"), event.get("channel_type"))))
        if kind not in self._world.rules.events:
            return result_json(Acknowledgement(error="not_subscribed"))
        return result_json(await self._send("events_api", event_payload(self._world, event)))

    async def payload(self, kind: str, payload: Json) -> Json:
        """Deliver a payload as it was recorded elsewhere. kind: `slash_commands`, `interactive` or `events_api`."""
        return result_json(await self._send(kind, payload))

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


def result_json(result: Acknowledgement) -> Json:
    """Return a delivery's result as controls show it."""
    return {
        "acked": result.ack_ms is not None,
        "ack_ms": result.ack_ms,
        "response": result.payload,
        "error": result.error,
    }
