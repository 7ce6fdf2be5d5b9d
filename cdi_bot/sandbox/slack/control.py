"""Control of the Slack stand-in over HTTP, as JSON under `/sandbox/slack/`.

    POST    command         {"channel", "user", "text", "command"?, "tamper"?}    type `/cdi text`
    POST    action          {"channel", "ts" | "ephemeral_id" | "view_id", "user", "action_id", "block_id"?,
                             "value" | "selected_option" | …, "state"?, "tamper"?}    press, choose
    POST    options         {"user", "view_id", "action_id", "block_id"?, "value"}    search in a menu
    POST    view_submit     {"user", "view_id", "state": {"values"}}    submit a form
    POST    view_closed     {"user", "view_id"}    close a form
    POST    shortcut        {"user", "callback_id"}    POST home_opened {"user"}    POST event {"event"}
    POST    message         {"channel", "user", "text", "thread_ts"?}    say something, to the bot too
    POST    channel         {"channel", "name"?, "archived"?, "deleted"?, "private"?, "bot_is_member"?, "members"?}
    POST    uninstall       {}    the app is removed: its token stops working, and it gets the events
    POST    token           {"token"?, "scopes"?, "state"?: active | revoked | inactive}    the bot's, unless named
    POST    rules           {fields of Rules}    limits, time limits, subscribed events, whose team payloads name
    POST    payload         {"kind": slash_commands | interactive | events_api, "payload"}    one as it was recorded
    POST    http            {"request_url": url or null, "signing_secret"?}    POST replay {}    the last request again
    POST    request         {"body"?, "content_type"?, "method"?, "query"?, "tamper"?}    any request to that URL
    POST    ssl_check       {"method": GET | POST}    Slack's look at the certificate of that URL, unsigned
    POST    disconnect      {"reason"?: refresh_requested | warning | link_disabled}    POST silence, cut {}
    GET     messages?channel=, calls, views?user=, channels
    GET, POST, DELETE       faults

Faults take a method's name as their path, `socket` for the WebSocket's handshake, `socket.envelope`, `response_url`:
`{"kind": "rate_limited", "retry_after": 30, "path": "apps.connections.open"}`, `{"kind": "status", "status": 403,
"path": "socket"}`. Whatever reaches the app answers `{"acked", "ack_ms", "response", "error"}`. Errors of the request
itself are `{"error": text}` with status 400.
"""

from collections.abc import Awaitable, Callable

from aiohttp import web
from pydantic_core import to_jsonable_python

from cdi_bot.sandbox.control import Json, control_route, is_on_loopback, read
from cdi_bot.sandbox.slack.channels import ChannelChange, change_channel
from cdi_bot.sandbox.slack.interactions import HttpMode, Interactions, Tamper, result_json
from cdi_bot.sandbox.slack.model import Message, Rules, TokenState
from cdi_bot.sandbox.slack.payloads import Press
from cdi_bot.sandbox.slack.socket_mode import Sockets
from cdi_bot.sandbox.slack.world import SlackWorld

_ROOT = "/sandbox/slack/"
_REQUEST = {"body", "content_type", "method", "query"}
# What an action's body holds beside the element's new value.
_ABOUT = {
    "action_id",
    "block_id",
    "channel",
    "ephemeral_id",
    "state",
    "tamper",
    "ts",
    "type",
    "user",
    "view_id",
}


class SlackControl:
    """The control endpoints of one workspace."""

    def __init__(
        self, world: SlackWorld, sockets: Sockets, http: HttpMode, people: Interactions, bot_token: str
    ) -> None:
        """Control these. `bot_token`: the token that `token` and `uninstall` change."""
        self._world = world
        self._sockets = sockets
        self._http_mode = http
        self._people = people
        self._bot_token = bot_token

    def routes(self) -> list[web.RouteDef]:
        """Return the control routes."""
        posts = [
            self._command,
            self._action,
            self._options,
            self._view_submit,
            self._view_closed,
            self._shortcut,
            self._home_opened,
            self._event,
            self._message,
            self._channel,
            self._uninstall,
            self._token,
            self._rules,
            self._http,
            self._replay,
            self._request,
            self._ssl_check,
            self._payload,
            self._disconnect,
            self._silence,
            self._cut,
        ]
        gets = [self._messages, self._calls, self._channels, self._views]
        return [
            *(_route("POST", action) for action in posts),
            *(_route("GET", action) for action in gets),
            *self._world.faults.routes(_ROOT + "faults"),
        ]

    # What people do

    async def _command(self, body: Json) -> Json:
        return await self._people.command(
            _need(body, "channel"),
            _need(body, "user"),
            str(body.get("text") or ""),
            command=str(body.get("command") or "/cdi"),
            tamper=_tamper(body),
        )

    async def _action(self, body: Json) -> Json:
        press = Press(
            user=_need(body, "user"),
            action_id=_need(body, "action_id"),
            block_id=body.get("block_id"),
            chosen={key: value for key, value in body.items() if key not in _ABOUT},
            values=_values(body),
        )
        if body.get("view_id"):
            return await self._people.press_in_view(str(body["view_id"]), press)
        return await self._people.press(self._found(body), press, tamper=_tamper(body))

    async def _options(self, body: Json) -> Json:
        return await self._people.search(
            _need(body, "user"),
            _need(body, "view_id"),
            _need(body, "action_id"),
            str(body.get("value") or ""),
            block_id=body.get("block_id"),
        )

    def _found(self, body: Json) -> Message:
        if body.get("ephemeral_id"):
            return self._world.by_id(str(body["ephemeral_id"]))
        return self._world.find(_need(body, "channel"), _need(body, "ts"))

    async def _view_submit(self, body: Json) -> Json:
        return await self._people.submit(_need(body, "user"), _need(body, "view_id"), _values(body))

    async def _view_closed(self, body: Json) -> Json:
        self._people.close(_need(body, "user"), _need(body, "view_id"))
        return {}

    async def _shortcut(self, body: Json) -> Json:
        return await self._people.shortcut(_need(body, "user"), _need(body, "callback_id"))

    async def _home_opened(self, body: Json) -> Json:
        return await self._people.open_home(_need(body, "user"))

    async def _event(self, body: Json) -> Json:
        event = read(Json, body.get("event"), "event")
        _need(event, "type")
        return await self._people.event(event)

    async def _message(self, body: Json) -> Json:
        return await self._people.say(
            _need(body, "channel"), _need(body, "user"), _need(body, "text"), body.get("thread_ts")
        )

    # The workspace

    async def _channel(self, body: Json) -> Json:
        channel, events = change_channel(self._world, read(ChannelChange, body))
        return {"channel": channel.stream(self._world.bot_user), "events": await self._send(events)}

    async def _uninstall(self, _body: Json) -> Json:
        """Remove the app. Slack sends the two events in either order."""
        self._world.set_token(self._bot_token, state=TokenState.INACTIVE)
        events: list[Json] = [
            {"type": "tokens_revoked", "tokens": {"oauth": [], "bot": [self._world.bot_user]}},
            {"type": "app_uninstalled"},
        ]
        return {"events": await self._send(events)}

    async def _send(self, events: list[Json]) -> list[Json]:
        return [{"type": event["type"]} | await self._people.event(event) for event in events]

    async def _token(self, body: Json) -> Json:
        token = str(body.get("token") or self._bot_token)
        scopes = body.get("scopes")
        state = body.get("state")
        self._world.set_token(
            token,
            scopes=None if scopes is None else read(frozenset[str], scopes, "scopes"),
            state=None if state is None else TokenState(state),
        )
        held = self._world.tokens[token]
        return {"scopes": sorted(held.scopes), "state": held.state.value}

    async def _rules(self, body: Json) -> Json:
        unknown = body.keys() - Rules.__slots__
        if unknown:
            raise ValueError(f"unknown rules: {', '.join(sorted(unknown))}")
        self._world.rules = read(Rules, to_jsonable_python(self._world.rules) | body)
        shown: Json = to_jsonable_python(self._world.rules)
        return shown

    async def _http(self, body: Json) -> Json:
        url = body.get("request_url")
        if url is not None and not is_on_loopback(str(url)):
            raise ValueError("request_url: must be a web address on 127.0.0.1 or localhost")
        self._world.request_url = url
        if body.get("signing_secret"):
            self._world.signing_secret = str(body["signing_secret"])
        return {"request_url": self._world.request_url}

    async def _replay(self, _body: Json) -> Json:
        return result_json(await self._http_mode.replay())

    async def _request(self, body: Json) -> Json:
        fields = {name: str(value) for name, value in body.items() if name in _REQUEST}
        return result_json(await self._http_mode.request(**fields, tamper=_tamper(body)))

    async def _ssl_check(self, body: Json) -> Json:
        """Source: docs.slack.dev/interactivity/implementing-slash-commands, "ssl_check"."""
        asked, method = "token=not-used-anymore&ssl_check=1", _need(body, "method")
        where = {"query": asked} if method == "GET" else {"body": asked}
        return result_json(await self._http_mode.request(method=method, **where, tamper=Tamper.UNSIGNED))

    async def _payload(self, body: Json) -> Json:
        return await self._people.payload(_need(body, "kind"), read(Json, body.get("payload"), "payload"))

    async def _disconnect(self, body: Json) -> Json:
        count = self._sockets.count
        await self._sockets.disconnect(str(body.get("reason") or "refresh_requested"))
        return {"connections": count}

    async def _silence(self, _body: Json) -> Json:
        self._sockets.silence()
        return {"connections": self._sockets.count}

    async def _cut(self, _body: Json) -> Json:
        count = self._sockets.count
        self._sockets.cut()
        return {"connections": count}

    # What there is to see

    async def _messages(self, query: Json) -> Json:
        return {"messages": [message.stream() for message in self._world.messages(query.get("channel"))]}

    async def _calls(self, _query: Json) -> Json:
        return {"calls": list(self._world.calls)}

    async def _channels(self, _query: Json) -> Json:
        return {
            "channels": [channel.stream(self._world.bot_user) for channel in self._world.channels.values()]
        }

    async def _views(self, query: Json) -> Json:
        user = _need(query, "user")
        return {"modal": self._world.views.modal(user), "home": self._world.views.homes().get(user)}


def _route(method: str, action: Callable[[Json], Awaitable[Json]]) -> web.RouteDef:
    """Return the route of an action, which is named after it."""

    async def act(_request: web.Request, body: Json) -> Json:
        return await action(body)

    return control_route(method, _ROOT + action.__name__.removeprefix("_"), act)


def _need(body: Json, name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not value:
        raise ValueError(f"{name}: must be given, as a string")
    return value


def _values(body: Json) -> Json:
    """Read what was filled in: block_id → action_id → field."""
    state = read(Json, body.get("state") or {}, "state")
    return read(dict[str, dict[str, Json]], state.get("values") or {}, "state.values")


def _tamper(body: Json) -> Tamper | None:
    return Tamper(body["tamper"]) if body.get("tamper") else None
