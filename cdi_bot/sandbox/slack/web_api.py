"""Slack's Web API as HTTP: `/api/<method>`, called as slack_sdk calls it, and the response URLs of interactions.

A method takes GET with query, POST with form fields (JSON inside for blocks and the like) or POST with a JSON body; a
Bearer token, or `token` among the arguments. A `response_url` takes up to five answers in 30 minutes. Sources:
docs.slack.dev/apis/web-api, each method's page,
docs.slack.dev/interactivity/handling-user-interaction#message_responses.
"""

import json
from collections.abc import Awaitable, Callable
from dataclasses import replace

from aiohttp import web

from cdi_bot.sandbox.control import Json
from cdi_bot.sandbox.faults import Fault, FaultKind, answer_with_fault
from cdi_bot.sandbox.slack.channels import CONVERSATIONS
from cdi_bot.sandbox.slack.methods import CHAT, METHODS, POST_TEXT_MAX, Call, read_content
from cdi_bot.sandbox.slack.model import Message, Token, TokenState
from cdi_bot.sandbox.slack.schema import Refusal, bad_arguments
from cdi_bot.sandbox.slack.views import ResponseUrl
from cdi_bot.sandbox.slack.world import SlackWorld

_METHODS = CHAT | CONVERSATIONS | METHODS
_JSON_FIELDS = {
    "attachments": "invalid_attachments",
    "blocks": "invalid_blocks_format",
    "metadata": "invalid_metadata_format",
    "view": "invalid_arguments",
}
_STATES = {TokenState.REVOKED: "token_revoked", TokenState.INACTIVE: "account_inactive"}


def slack_api_routes(world: SlackWorld, open_socket: Callable[[], str]) -> list[web.RouteDef]:
    """Return the routes of the Web API. `open_socket` makes the address of a new Socket Mode connection."""

    async def handle(request: web.Request) -> web.StreamResponse:
        method = request.match_info["method"]
        return await with_faults(world, request, method, lambda: _answer(world, request, method, open_socket))

    return [web.post("/api/{method}", handle), web.get("/api/{method}", handle)]


async def with_faults(
    world: SlackWorld, request: web.Request, path: str, work: Callable[[], Awaitable[web.Response]]
) -> web.Response:
    """Carry a request out, or not, as the faults for `path` say."""

    def refuse(fault: Fault) -> web.Response:
        answer, error = _fault_answer(fault)
        world.log_call(path, error=error, channel=None)
        return answer

    fault = world.faults.take(path)
    if fault is not None and fault.kind is FaultKind.CUT_BEFORE:
        world.log_call(path, error="cut_before", channel=None)
    answer = await answer_with_fault(fault, request, work, refuse)
    return answer or web.Response(status=502)  # of a connection that was cut


def _fault_answer(fault: Fault) -> tuple[web.Response, str]:
    """Return the answer of a fault, and its error for the log of calls."""
    if fault.kind is FaultKind.RATE_LIMITED:
        return _rate_limited(fault.retry_after), "ratelimited"
    if fault.kind is FaultKind.REVOKED:
        return web.json_response({"ok": False, "error": "token_revoked"}), "token_revoked"
    error = f"http_{fault.status}"
    if fault.html:
        page = fault.body or "<html><body><h1>Service Unavailable</h1></body></html>"
        return web.Response(status=fault.status, text=page, content_type="text/html"), error
    body = fault.body or json.dumps({"ok": False, "error": "internal_error"})
    return web.Response(status=fault.status, text=body, content_type="application/json"), error


def _rate_limited(retry_after: int) -> web.Response:
    headers = {"Retry-After": str(retry_after)} if retry_after else {}
    return web.json_response({"ok": False, "error": "ratelimited"}, status=429, headers=headers)


async def _answer(
    world: SlackWorld, request: web.Request, method: str, open_socket: Callable[[], str]
) -> web.Response:
    """Answer one call: token, scopes, limits, then the method itself."""
    channel: str | None = None
    headers: dict[str, str] = {}
    try:
        secret, arguments = await _read(request)
        channel = _text(arguments.get("channel"))
        token = _authenticate(world, secret)
        headers["X-OAuth-Scopes"] = ",".join(sorted(token.scopes))
        if method == "apps.connections.open":
            body = _open_connection(token, open_socket)
        else:
            wait = world.rate_limiter.take(method, channel, world.rules, world.clock())
            if wait is not None:
                world.log_call(method, error="ratelimited", channel=channel)
                return _rate_limited(wait)
            body = _carry_out(method, Call(world=world, arguments=arguments, token=token))
    except Refusal as refusal:
        world.log_call(method, error=refusal.code, channel=channel)
        return web.json_response({"ok": False, "error": refusal.code} | refusal.extra, headers=headers)
    world.log_call(method, error=None, channel=channel)
    return web.json_response({"ok": True} | body, headers=headers)


def _authenticate(world: SlackWorld, secret: str | None) -> Token:
    if not secret:
        raise Refusal("not_authed")
    token = world.tokens.get(secret)
    if token is None:
        raise Refusal("invalid_auth")
    if token.state is not TokenState.ACTIVE:
        raise Refusal(_STATES[token.state])
    return token


def _open_connection(token: Token, open_socket: Callable[[], str]) -> Json:
    if not token.app_level:
        raise Refusal("not_allowed_token_type")
    _need_scope(token, ("connections:write",))
    return {"url": open_socket()}


def _carry_out(name: str, call: Call) -> Json:
    method = _METHODS.get(name)
    if method is None:
        raise Refusal("unknown_method", req_method=name)
    if call.token.app_level:
        raise Refusal("not_allowed_token_type")
    _need_scope(call.token, method.scopes(call.world, call.arguments))
    missing = [name for name in method.required if call.arguments.get(name) in (None, "")]
    if missing:
        raise bad_arguments(*(f"missing required field: {name}" for name in missing))
    return method.run(call)


def _need_scope(token: Token, needed: tuple[str, ...]) -> None:
    """Raise Refusal `missing_scope` unless the token has one of the scopes; none needed is always met."""
    if needed and not token.scopes.intersection(needed):
        raise Refusal("missing_scope", needed=",".join(needed), provided=",".join(sorted(token.scopes)))


async def _read(request: web.Request) -> tuple[str | None, Json]:
    """Read a call's token, which is not checked yet, and its arguments, in each of the forms that Slack accepts."""
    arguments: Json = dict(request.query)
    if request.method == "POST" and request.content_type == "application/json":
        arguments |= _object((await request.text()).strip() or "{}", "invalid_json", "json_not_object")
    elif request.method == "POST":
        arguments |= {key: _text(value) for key, value in (await request.post()).items()}
    for name, word in _JSON_FIELDS.items():
        if isinstance(arguments.get(name), str) and arguments[name]:
            arguments[name] = _parsed(arguments[name], word)
    scheme, _, bearer = request.headers.get("Authorization", "").partition(" ")
    token = bearer.strip() if scheme.lower() == "bearer" else arguments.pop("token", None)
    # A JSON null is an argument that was not given.
    return token, {key: value for key, value in arguments.items() if value is not None}


def _object(text: str, not_json: str, not_object: str) -> Json:
    """Read a JSON object, a null in it as left out. Raises Refusal with one of the two errors."""
    body = _parsed(text, not_json)
    if not isinstance(body, dict):
        raise Refusal(not_object)
    return {key: value for key, value in body.items() if value is not None}


def _parsed(text: str, word: str) -> object:
    try:
        parsed: object = json.loads(text)
    except ValueError as error:
        raise Refusal(word) from error
    return parsed


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


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
        body = _object(await request.text(), "invalid_payload", "invalid_payload")
        url = world.handles.use_url(token, world.rules, world.clock())
        if body.get("delete_original"):
            _withdraw(world, url)
        else:
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


def _withdraw(world: SlackWorld, url: ResponseUrl) -> None:
    """Take away the message that held the button. Source: docs.slack.dev/interactivity/handling-user-interaction."""
    if original := _original(world, url):
        world.delete(original)


def _original(world: SlackWorld, url: ResponseUrl) -> Message | None:
    try:
        return None if url.message_id is None else world.by_id(url.message_id)
    except Refusal:
        # Deleted meanwhile: Slack then shows the answer as a new message.
        return None
