"""What Braze's CDI API answers to a request: permissions, limits, paging, errors. No network here.

Facts: Braze's public reference. The error texts are Braze's; 401 repeats the key and sends the rate limit
headers as empty strings, as seen in recorded traffic.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from cdi_bot.sandbox.braze.integration import Oddities
from cdi_bot.sandbox.braze.limits import Allowance, Endpoint
from cdi_bot.sandbox.braze.payloads import (
    PAGE_SIZE,
    WELL_FORMED_ID,
    link_header,
    list_row,
    offset_of,
    run_row,
)
from cdi_bot.sandbox.braze.settings import UnknownId
from cdi_bot.sandbox.braze.world import BrazeWorld, Triggered

LIST_PATH = "/cdi/integrations"
PROXY_PAGE = (
    "<html>\r\n<head><title>{status} {reason}</title></head>\r\n<body>\r\n"
    "<center><h1>{status} {reason}</h1></center>\r\n</body>\r\n</html>\r\n"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A request as it came: which endpoint, the key it showed, and what else it brought."""

    endpoint: Endpoint
    key: str
    integration_id: str = ""
    cursor: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An answer to send: `html` as it is where set, else `body` as JSON."""

    status: int
    body: dict[str, object] = field(default_factory=dict)
    html: str | None = None
    headers: dict[str, str] = field(default_factory=dict)


def refused(status: int, message: str, headers: dict[str, str] | None = None) -> Answer:
    """Return an error as Braze words it."""
    return Answer(status=status, body={"message": message}, headers=headers or {})


def invalid_key(key: str) -> Answer:
    """Return the answer to an unknown or revoked key."""
    return refused(401, f"Invalid API key: {key}", _rate_headers(None))


def rate_limited(allowance: Allowance) -> Answer:
    """Return the answer to a request past the limit."""
    return refused(429, "Rate limit exceeded", _rate_headers(allowance))


def proxy_page(status: int, reason: str) -> str:
    """Return the HTML page that a proxy in front of Braze shows."""
    return PROXY_PAGE.format(status=status, reason=reason)


def answer(world: BrazeWorld, call: Call) -> Answer:
    """Carry a request out, and return its answer."""
    now = world.look()
    permissions = world.permissions(call.key)
    if permissions is None:
        return invalid_key(call.key)
    if call.endpoint.permission not in permissions:
        text = f"This API key lacks the permission {call.endpoint.permission}"
        return refused(403, text, _rate_headers(None))
    allowance = world.limits.count(call.endpoint, now)
    if not allowance.passes:
        return rate_limited(allowance)
    headers = _rate_headers(allowance)
    match call.endpoint:
        case Endpoint.LIST:
            return _list(world, call, now, headers)
        case Endpoint.STATUS:
            return _status(world, call, headers)
        case Endpoint.SYNC:
            return _sync(world, call, headers)


def _list(world: BrazeWorld, call: Call, now: datetime, headers: dict[str, str]) -> Answer:
    offset = 0 if call.cursor is None else offset_of(call.cursor)
    if offset is None:
        return refused(400, "Invalid cursor", headers)
    oddities = world.settings.list_oddities
    shown_at = now - timedelta(seconds=world.settings.list_lag)
    rows = [
        list_row(
            integration.config,
            integration.facts(shown_at),
            app_group_id=world.app_group_id,
            updated_at=integration.updated_at,
            whole_list=oddities,
        )
        for integration in world.integrations(_looped(offset, world.total, oddities), PAGE_SIZE)
    ]
    link = link_header(
        LIST_PATH, LIST_PATH, cursor=call.cursor, total=world.total, repeat=oddities.repeat_cursor
    )
    return _page(rows, link, headers, oddities)


def _status(world: BrazeWorld, call: Call, headers: dict[str, str]) -> Answer:
    if not WELL_FORMED_ID.fullmatch(call.integration_id):
        return refused(400, "Invalid integration ID", headers)
    integration = world.get(call.integration_id)
    if integration is None:
        match world.settings.unknown_id:
            case UnknownId.INVALID:
                return refused(400, "Invalid integration ID", headers)
            case UnknownId.NOT_FOUND:
                return refused(404, "Integration not found", headers)
            case UnknownId.EMPTY:
                return _page([], None, headers, Oddities())
    offset = 0 if call.cursor is None else offset_of(call.cursor)
    if offset is None:
        return refused(400, "Invalid cursor", headers)
    oddities = integration.config.oddities
    runs = integration.page(_looped(offset, integration.total, oddities), PAGE_SIZE)
    link = link_header(
        f"{LIST_PATH}/{call.integration_id}/job_sync_status",
        f"{LIST_PATH}{call.integration_id}/job_sync_status",
        cursor=call.cursor,
        total=integration.total,
        repeat=oddities.repeat_cursor,
    )
    return _page([run_row(run, oddities) for run in runs], link, headers, oddities)


def _sync(world: BrazeWorld, call: Call, headers: dict[str, str]) -> Answer:
    if not WELL_FORMED_ID.fullmatch(call.integration_id):
        return refused(400, "Invalid integration ID", headers)
    if world.get(call.integration_id) is None:
        return refused(404, "Integration not found", headers)
    if world.trigger(call.integration_id) is Triggered.BUSY:
        return refused(429, "Another job is in progress", headers)
    return Answer(status=202, body={"message": "success"}, headers=headers)


def _looped(offset: int, total: int, oddities: Oddities) -> int:
    """With a cursor that repeats for ever, no page is empty, which would end it after all."""
    return 0 if oddities.repeat_cursor and offset >= total else offset


def _page(
    rows: list[dict[str, object]], link: str | None, headers: dict[str, str], oddities: Oddities
) -> Answer:
    if oddities.html:
        return Answer(status=200, html=proxy_page(200, "OK"))
    if link is not None:
        headers = {**headers, "Link": link}
    return Answer(status=200, body={"results": rows, "message": "success"}, headers=headers)


def _rate_headers(allowance: Allowance | None) -> dict[str, str]:
    return {
        "X-RateLimit-Limit": str(allowance.limit) if allowance else "",
        "X-RateLimit-Remaining": str(allowance.remaining) if allowance else "",
        "X-RateLimit-Reset": str(allowance.reset) if allowance else "",
    }
