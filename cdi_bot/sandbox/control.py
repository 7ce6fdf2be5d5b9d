"""What the control endpoints of both stand-ins share: JSON bodies read into values, and answers in JSON.

They take orders without a password, on the visitor's own machine. Any web page that the visitor has open could send
requests there too: only this machine's own names are answered, and only pages of the stand-ins themselves.
"""

from collections.abc import Awaitable, Callable
from typing import Any, ClassVar, TypeVar
from urllib.parse import urlsplit

from aiohttp import web
from pydantic import ConfigDict, TypeAdapter, ValidationError

Json = dict[str, Any]
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Value = TypeVar("Value")


LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
"""Names of this machine that no other one can have."""


class Strict:
    """Base of dataclasses that are read from JSON: fields that they do not have are refused."""

    __slots__ = ()
    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")


class RequestError(Exception):
    """A request that can't be carried out. Its text, `extra` and the HTTP `status` make the answer."""

    def __init__(self, error: str, *, status: int = 400, **extra: object) -> None:
        """Keep what goes into the answer beside the error's text."""
        super().__init__(error)
        self.status = status
        self.extra = extra


def read(kind: type[Value], value: object, whole: str = "") -> Value:
    """Return `value`, as it was in JSON, as a value of this type.

    whole: the field that it stood in. Raises ValueError with the first problem and the field it lies in.
    """
    try:
        return TypeAdapter(kind).validate_python(value)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in (whole, *first["loc"]) if part != "") or "body"
        raise ValueError(f"{where}: {first['msg'].removeprefix('Value error, ')}") from error


@web.middleware
async def refuse_other_sites(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse what a page of another site sends: by `Origin`, or, where a name was made to mean this machine, by `Host`.

    Browsers send `Origin` with a WebSocket and with whatever is not a plain GET.
    """
    if not is_on_loopback(f"http://{request.host}"):
        raise web.HTTPForbidden(text="Host: use 127.0.0.1 or localhost")
    if request.headers.get("Origin", own := f"{request.scheme}://{request.host}") != own:
        raise web.HTTPForbidden(text="Origin: pages of other sites may not use this")
    return await handler(request)


def is_on_loopback(url: str) -> bool:
    """Whether a web address names this machine itself."""
    try:
        parsed = urlsplit(url)
        return parsed.scheme in {"http", "https"} and parsed.hostname in LOOPBACK
    except ValueError:
        return False


def control_route(
    method: str, path: str, action: Callable[[web.Request, Json], Awaitable[Json]]
) -> web.RouteDef:
    """Return a route whose `action` gets the request with its JSON body, or its query where it has none.

    RequestError and ValueError are answered with `{"error": text}`. A body has to say that it is JSON: without that a
    browser sends it for any page, without asking here first.
    """

    async def handle(request: web.Request) -> web.Response:
        if request.body_exists and request.content_type != "application/json":
            return web.json_response({"error": "Content-Type: must be application/json"}, status=415)
        try:
            body = read(Json, await request.json()) if request.body_exists else dict(request.query)
            return web.json_response(await action(request, body))
        except RequestError as error:
            return web.json_response({"error": str(error)} | error.extra, status=error.status)
        except ValueError as error:
            return web.json_response({"error": str(error)}, status=400)

    return web.route(method, path, handle)
