"""What people do in the workspace, delivered to the app, and what its acknowledgement then does."""

from collections.abc import Callable

from cdi_bot.sandbox.slack.block_checks import options_problems
from cdi_bot.sandbox.slack.hooks import Hook
from cdi_bot.sandbox.slack.http_mode import HttpMode, Tamper
from cdi_bot.sandbox.slack.model import Content, Json, Message, Refusal
from cdi_bot.sandbox.slack.payloads import (
    Press,
    closed_payload,
    command_payload,
    event_payload,
    message_action_payload,
    shortcut_payload,
    submission_payload,
    suggestion_payload,
    view_action_payload,
)
from cdi_bot.sandbox.slack.responses import respond
from cdi_bot.sandbox.slack.seed_data import SLACKBOT
from cdi_bot.sandbox.slack.socket_mode import Acknowledgement, Sockets
from cdi_bot.sandbox.slack.views_methods import checked_view, show_view
from cdi_bot.sandbox.slack.world import SlackWorld


class Interactions:
    """People's side of the workspace.

    Each method delivers one payload, over Socket Mode if the app is connected, else to its request URL, and
    returns `{"acked", "ack_ms", "response", "error"}`: whether the app acknowledged in time, after how many
    milliseconds, what it sent along, and Slack's word for what went wrong. Raises Refusal for what a person
    could not have done (unknown channel, no such button).
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
        """Type a slash command; `text` may start with the command itself or leave it out."""
        place = self._world.channels.get(channel)
        if place is None or place.deleted or user not in place.members:
            raise Refusal("channel_not_found")
        if place.is_archived:
            raise Refusal("is_archived")
        first, _, rest = text.strip().partition(" ")
        words = rest if first == command else text
        payload = command_payload(self._world, self._url(), place, user, f"{command} {words}")
        result = await self._send("slash_commands", payload, tamper=tamper)
        hook = Hook(channel=channel, user=user, made=self._world.clock())
        return _told(result) | self._show_answer(hook, result.payload)

    async def press(self, message: Message, press: Press, *, tamper: Tamper | None = None) -> Json:
        """Press a button, or choose in a menu, in a message or an ephemeral."""
        if press.user not in self._world.channels[message.channel].members:
            raise Refusal("channel_not_found")
        payload = message_action_payload(self._world, self._url(), message, press)
        return _told(await self._send("interactive", payload, tamper=tamper))

    async def press_in_view(self, view_id: str, press: Press) -> Json:
        """Press a button, or choose in a menu, in a modal or Home tab."""
        view = self._seen(press.user, view_id)
        return _told(await self._send("interactive", view_action_payload(self._world, view, press)))

    async def submit(self, user: str, view_id: str, values: Json) -> Json:
        """Submit a form with `values` (block_id → action_id → state) and do what the app answers."""
        view = self._seen(user, view_id)
        result = await self._send("interactive", submission_payload(self._world, view, user, values))
        told = _told(result)
        if result.error is None:
            try:
                self._after_submit(user, view, result.payload or {})
            except Refusal as refusal:
                return told | {"error": refusal.code, **refusal.extra}
        return told

    async def close(self, user: str, view_id: str) -> Json:
        """Close the modal on top; the app is told only if it asked to be."""
        view = self._seen(user, view_id)
        self._close(user, everything=False)
        if not view["notify_on_close"]:
            return _told(Acknowledgement())
        return _told(await self._send("interactive", closed_payload(self._world, view, user)))

    async def shortcut(self, user: str, callback_id: str) -> Json:
        """Use a global shortcut."""
        payload = shortcut_payload(self._world, user, callback_id)
        return _told(await self._send("interactive", payload))

    async def search(self, user: str, action_id: str, value: str, where: Json) -> Json:
        """Type into a menu whose options the app supplies; the answer is checked as Slack does."""
        payload = suggestion_payload(self._world, user, action_id, value, where)
        result = await self._send("interactive", payload)
        told = _told(result)
        if result.error is None:
            problems = options_problems(result.payload or {"options": []})
            if problems:
                return told | {"error": "invalid_options", "problems": [str(found) for found in problems]}
        return told

    async def event(self, event: Json) -> Json:
        """Send an event, if the app subscribed to its type."""
        if event.get("type") not in self._world.rules.events:
            return _told(Acknowledgement(error="not_subscribed"))
        return _told(await self._send("events_api", event_payload(self._world, event)))

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

    def _show_answer(self, hook: Hook, payload: Json | None) -> Json:
        """Show what came with a command's acknowledgement, if it has anything to show."""
        if not payload or not (payload.get("text") or payload.get("blocks")):
            return {}
        try:
            respond(self._world, hook, payload)
        except Refusal as refusal:
            text = f"The app's answer could not be shown: `{refusal.code}`."
            self._world.post_ephemeral(hook.channel, hook.user, Content(text=text), author=SLACKBOT)
            return {"error": refusal.code, **refusal.extra}
        return {}

    def _seen(self, user: str, view_id: str) -> Json:
        owner, view = self._world.views.find(view_id=view_id)
        if owner != user:
            raise Refusal("not_found")
        return view

    def _after_submit(self, user: str, view: Json, answer: Json) -> None:
        world, action = self._world, answer.get("response_action")
        if action == "errors":
            if not answer.get("errors"):
                raise Refusal("invalid_response_action")
        elif action == "update":
            show_view(world, user, world.views.update(view, user, checked_view(answer.get("view"))))
        elif action == "push":
            show_view(world, user, world.views.push(user, checked_view(answer.get("view"))))
        elif action in (None, "clear"):
            self._close(user, everything=action == "clear")
        else:
            raise Refusal("invalid_response_action")

    def _close(self, user: str, *, everything: bool) -> None:
        for view in self._world.views.close(user, everything=everything):
            self._world.emit({"type": "view_closed", "user": user, "view_id": view["id"]})


def _told(result: Acknowledgement) -> Json:
    return {
        "acked": result.ack_ms is not None,
        "ack_ms": result.ack_ms,
        "response": result.payload,
        "error": result.error,
    }
