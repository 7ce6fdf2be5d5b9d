"""Faults that are switched on in a stand-in, and what they do to requests.

A handler asks `Faults.take(path)` once per request, and `answer_with_fault` acts on what it gets. Faults are values;
`Fault.times` counts how many requests a fault still hits (`None`: all of them until it is cleared).
"""

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from enum import Enum

from aiohttp import web
from pydantic_core import to_jsonable_python

from cdi_bot.sandbox.control import Json, Strict, control_route, read


class FaultKind(Enum):
    """What happens to a request that a fault hits."""

    LATENCY = "latency"  # carried out and answered, `seconds` late
    STATUS = "status"  # not carried out; answered with `status` and `body`, as HTML where `html` is set
    RATE_LIMITED = "rate_limited"  # not carried out; 429, with Retry-After where `retry_after` is set
    CUT_BEFORE = "cut_before"  # not carried out; the connection drops without an answer
    CUT_AFTER = "cut_after"  # carried out; the connection drops without an answer
    REVOKED = "revoked"  # answered as if the key or token had been revoked

    @classmethod
    def _missing_(cls, value: object) -> "FaultKind | None":
        """Accept `LATENCY` for `latency`: people type both."""
        if not isinstance(value, str) or value == value.lower():
            return None
        return cls(value.lower())


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault(Strict):
    """One fault, for the requests whose path matches.

    seconds: delay of a LATENCY fault.
    status, body, html: the answer of a STATUS fault; an empty body is replaced by the stand-in's usual one,
        `html` sends a proxy's error page instead of JSON.
    headers: of a STATUS fault's answer, in place of the usual ones of the same names (Braze's stand-in alone).
    retry_after: seconds in the `Retry-After` of a RATE_LIMITED fault; 0 leaves the header out.
    times: requests it still hits; None until it is cleared.
    path: a regular expression, matched from the start of the path (Braze) or method name (Slack):
        `chat.postMessage`, `/cdi/integrations$` (the list alone), `/cdi/integrations/.*/sync`. None matches all.

    Raises ValueError for a path that is no regular expression, and for numbers out of range.
    """

    kind: FaultKind
    seconds: float = 0.0
    status: int = 503
    body: str = ""
    html: bool = False
    headers: dict[str, str] = field(default_factory=dict)
    retry_after: int = 0
    times: int | None = None
    path: str | None = None

    def __post_init__(self) -> None:
        """Refuse what would otherwise fail in the middle of a request."""
        if self.seconds < 0 or self.retry_after < 0:
            raise ValueError("seconds and retry_after must not be negative")
        if self.times is not None and self.times < 1:
            raise ValueError("times must be at least 1")
        if not 200 <= self.status <= 599:
            raise ValueError("status must be between 200 and 599")
        if self.path is not None:
            try:
                re.compile(self.path)
            except re.error as error:
                raise ValueError(f"path is not a regular expression: {error}") from error

    def matches(self, path: str) -> bool:
        """Whether a request to `path` runs into this fault."""
        return self.path is None or re.match(self.path, path) is not None


class Faults:
    """The faults switched on in one stand-in, in the order in which they were added."""

    def __init__(self, on_change: Callable[[], None] | None = None) -> None:
        """Start with none. `on_change` is called after each change, also when a counted fault runs out."""
        self.on_change = on_change
        self._active: list[Fault] = []

    def add(self, fault: Fault) -> None:
        """Switch a fault on, after those that are on already."""
        self._active.append(fault)
        self._changed()

    def clear(self) -> None:
        """Switch all faults off."""
        self._active.clear()
        self._changed()

    def take(self, path: str) -> Fault | None:
        """Return the first fault that matches a request to `path`, and count it down; None where none does."""
        for index, fault in enumerate(self._active):
            if fault.matches(path):
                if fault.times is not None:
                    self._active[index : index + 1] = (
                        [replace(fault, times=fault.times - 1)] if fault.times > 1 else []
                    )
                    self._changed()
                return fault
        return None

    def active(self) -> tuple[Fault, ...]:
        """Return the faults that are on, `times` showing what is left."""
        return tuple(self._active)

    def to_json(self) -> list[Json]:
        """Return the JSON form of `active()`, for control endpoints and the live stream."""
        shown: list[Json] = to_jsonable_python(self._active)
        return shown

    def _changed(self) -> None:
        if self.on_change is not None:
            self.on_change()

    def routes(self, path: str) -> list[web.RouteDef]:
        """Return the control routes at `path`: list, add and clear."""

        async def listed(_request: web.Request, _body: Json) -> Json:
            return {"faults": self.to_json()}

        async def add(request: web.Request, body: Json) -> Json:
            self.add(read(Fault, body))
            return await listed(request, body)

        async def clear(request: web.Request, body: Json) -> Json:
            self.clear()
            return await listed(request, body)

        actions = (("GET", listed), ("POST", add), ("DELETE", clear))
        return [control_route(method, path, action) for method, action in actions]


async def answer_with_fault(
    fault: Fault | None,
    request: web.Request,
    carry_out: Callable[[], Awaitable[web.Response]],
    refuse: Callable[[Fault], web.Response],
) -> web.Response | None:
    """Carry a request out, or not, as `fault` says. Returns None where the connection was cut.

    refuse: returns the answer of a STATUS, RATE_LIMITED or REVOKED fault.
    """
    if fault is None:
        return await carry_out()
    # The body is read first: real faults happen to whole requests, and an unread one would block the socket.
    await request.read()
    if fault.kind is FaultKind.LATENCY:
        await asyncio.sleep(fault.seconds)
        return await carry_out()
    if fault.kind is FaultKind.CUT_AFTER:
        await carry_out()
    if fault.kind in (FaultKind.CUT_BEFORE, FaultKind.CUT_AFTER):
        if request.transport is not None:
            request.transport.abort()
        return None
    return refuse(fault)
