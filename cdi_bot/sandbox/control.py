"""What the control endpoints of both stand-ins share: JSON bodies read into values, and answers in JSON."""

from collections.abc import Awaitable, Callable
from typing import Any, ClassVar, TypeVar

from aiohttp import web
from pydantic import ConfigDict, TypeAdapter, ValidationError

Json = dict[str, Any]
Value = TypeVar("Value")


class Strict:
    """Base of dataclasses that are read from JSON: fields that they do not have are refused."""

    __slots__ = ()
    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")


class RequestError(Exception):
    """A request that can't be carried out. Its text, `extra` and the HTTP `status` make the answer."""

    status = 400

    def __init__(self, error: str, **extra: object) -> None:
        """Keep what goes into the answer beside the error's text."""
        super().__init__(error)
        self.extra = extra


def read(kind: type[Value], value: object, whole: str = "body") -> Value:
    """Return `value`, as it was in JSON, as a value of this type.

    Raises ValueError with the first problem and the field it lies in, or `whole` where it lies in none.
    """
    try:
        return TypeAdapter(kind).validate_python(value)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or whole
        raise ValueError(f"{where}: {first['msg'].removeprefix('Value error, ')}") from error


def control_route(
    method: str, path: str, action: Callable[[web.Request, Json], Awaitable[Json]]
) -> web.RouteDef:
    """Return a route whose `action` gets the request with its JSON body, or its query where it has none.

    RequestError and ValueError are answered with `{"error": text}`.
    """

    async def handle(request: web.Request) -> web.Response:
        try:
            body = read(Json, await request.json()) if request.body_exists else dict(request.query)
            return web.json_response(await action(request, body))
        except RequestError as error:
            return web.json_response({"error": str(error)} | error.extra, status=error.status)
        except ValueError as error:
            return web.json_response({"error": str(error)}, status=400)

    return web.route(method, path, handle)
