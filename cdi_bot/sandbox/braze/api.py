"""Braze's CDI API over HTTP: permissions, limits, paging and errors, and the faults that requests run into.

Facts: Braze's public reference. The error texts are Braze's; 401 repeats the key and sends the rate limit
headers as empty strings, as seen in recorded traffic.
"""

import json
from collections.abc import Awaitable, Callable
from datetime import timedelta
from email.utils import format_datetime
from html import escape
from http import HTTPStatus

from aiohttp import web

from cdi_bot.sandbox.braze.protocol import (
    NO_RATE_HEADERS,
    PAGE_SIZE,
    WELL_FORMED_ID,
    Endpoint,
    RateHeaders,
    link_header,
    list_row,
    offset_of,
    run_row,
)
from cdi_bot.sandbox.braze.simulation import UnknownId
from cdi_bot.sandbox.braze.world import BrazeWorld, ReceivedRequest
from cdi_bot.sandbox.faults import Fault, FaultKind, answer_with_fault

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

LIST_PATH = "/cdi/integrations"
_PROXY_PAGE = (
    "<html>\r\n<head><title>{status} {reason}</title></head>\r\n<body>\r\n"
    "<center><h1>{status} {reason}</h1></center>\r\n</body>\r\n</html>\r\n"
)
_DASHBOARD_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>{name}</title>
<body style="font:16px/1.5 system-ui;max-width:40rem;margin:4rem auto;padding:0 1rem">
<h1>{name}</h1><p><code>{id}</code></p>
<p>In Braze's dashboard this is the integration's own page, with its Sync Log. The stand-in has no dashboard.</p>
</body></html>"""


def braze_routes(world: BrazeWorld) -> list[web.RouteDef]:
    """Return the routes of the three endpoints; every other path below `/cdi/` is an invalid URL.

    A link to an integration in Braze's dashboard leads to a page that says so, so that no link of the demo is dead:
    the address in the reference (post_job_sync) has the integration in its path, one copied from a real dashboard the
    workspace's `app_group_id`, and the integration after `main-tab=edit-sync--` (braze-docs issue 11075).
    """
    one = LIST_PATH + "/{integration_id}"
    return [
        web.get(LIST_PATH, _endpoint(world, Endpoint.LIST, _list), allow_head=False),
        web.get(one + "/job_sync_status", _endpoint(world, Endpoint.STATUS, _status), allow_head=False),
        web.post(one + "/sync", _endpoint(world, Endpoint.SYNC, _sync)),
        web.route("*", "/cdi/{rest:.*}", _invalid_url(world)),
        web.get("/integrations/cloud_data_ingestion/{which}", _dashboard(world)),
    ]


# Requests and faults


def _endpoint(
    world: BrazeWorld,
    endpoint: Endpoint,
    answer: Callable[[BrazeWorld, web.Request, RateHeaders], web.Response],
) -> Handler:
    async def carry_out(request: web.Request) -> web.Response:
        # Every documented example sends it, GETs too; the errors' page has a 415 for its absence.
        if request.headers.get("Content-Type", "").partition(";")[0].strip().lower() != "application/json":
            return _refused(415, "Unsupported Media Type")
        key = _key(request)
        permissions = world.permissions(key)
        if permissions is None:
            return _invalid_key(key)
        if endpoint.permission not in permissions and world.settings.missing_permission == 401:
            return _invalid_key(key)
        if endpoint.permission not in permissions:
            text = f"This API key lacks the permission {endpoint.permission}"
            return _refused(403, text, NO_RATE_HEADERS)
        passes, headers = world.limits.count(endpoint, world.catch_up() + world.ahead)
        return answer(world, request, headers) if passes else _rate_limited(headers)

    async def handle(request: web.Request) -> web.StreamResponse:
        used_up = world.limits.used_up(endpoint, world.catch_up() + world.ahead)
        return await _through_faults(world, request, carry_out, used_up)

    return handle


def _invalid_url(world: BrazeWorld) -> Handler:
    async def carry_out(_request: web.Request) -> web.Response:
        return _refused(404, "Invalid URL")

    async def handle(request: web.Request) -> web.StreamResponse:
        return await _through_faults(world, request, carry_out, {})

    return handle


async def _through_faults(
    world: BrazeWorld,
    request: web.Request,
    carry_out: Callable[[web.Request], Awaitable[web.Response]],
    used_up: RateHeaders,
) -> web.StreamResponse:
    """Answer a request as the faults of this moment allow, and record it. `used_up`: the headers of a 429."""
    answer = await answer_with_fault(
        world.faults.take(request.path),
        request,
        lambda: carry_out(request),
        lambda fault: _fault_answer(fault, request, used_up),
    )
    now = world.catch_up()
    status = answer.status if answer else None
    world.requests.append(
        ReceivedRequest(method=request.method, path=request.path_qs, at=now, status=status, key=_key(request))
    )
    if answer is None:
        return web.Response()  # of a connection that was cut
    answer.headers.setdefault("Date", format_datetime(now + world.ahead, usegmt=True))
    return answer


def _fault_answer(fault: Fault, request: web.Request, used_up: RateHeaders) -> web.Response:
    """Return the answer of a fault, with its headers."""
    answer = _fault_body(fault, request, used_up)
    answer.headers.update(fault.headers)
    return answer


def _fault_body(fault: Fault, request: web.Request, used_up: RateHeaders) -> web.Response:
    """Return the answer of a fault. A body that is JSON is sent as it is, other text as the message."""
    if fault.kind is FaultKind.RATE_LIMITED:
        retry = {"Retry-After": str(fault.retry_after)} if fault.retry_after else {}
        return _rate_limited(used_up | retry)
    if fault.kind is FaultKind.REVOKED:
        return _invalid_key(_key(request))
    reason = HTTPStatus(fault.status).phrase if fault.status in set(HTTPStatus) else "Unknown"
    if fault.html:
        return _html(fault.status, fault.body or _proxy_page(fault.status, reason))
    try:
        body = json.loads(fault.body)
    except ValueError:
        body = None
    if not isinstance(body, dict):
        return _refused(fault.status, fault.body or reason)
    return web.json_response(body, status=fault.status)


def _key(request: web.Request) -> str:
    scheme, _, key = request.headers.get("Authorization", "").partition(" ")
    return key if scheme.lower() == "bearer" else ""


# Answers


def _list(world: BrazeWorld, request: web.Request, headers: RateHeaders) -> web.Response:
    cursor = request.query.get("cursor")
    offset = 0 if cursor is None else offset_of(cursor)
    if offset is None:
        return _refused(400, "Invalid cursor", headers)
    shown_at = world.catch_up() - timedelta(seconds=world.settings.list_lag)
    rows = [
        list_row(
            integration.config,
            integration.facts(shown_at),
            app_group_id=world.app_group_id,
            ahead=world.ahead,
        )
        for integration in world.integrations(offset, PAGE_SIZE)
    ]
    link = link_header(LIST_PATH, LIST_PATH, cursor=cursor, total=world.total)
    return _page(rows, link, headers)


def _status(world: BrazeWorld, request: web.Request, headers: RateHeaders) -> web.Response:
    integration_id = request.match_info["integration_id"]
    if not WELL_FORMED_ID.fullmatch(integration_id):
        return _refused(400, "Invalid integration ID", headers)
    integration = world.get(integration_id)
    if integration is None:
        match world.settings.unknown_id:
            case UnknownId.INVALID:
                return _refused(400, "Invalid integration ID", headers)
            case UnknownId.NOT_FOUND:
                return _refused(404, "Integration not found", headers)
            case UnknownId.EMPTY:
                return _page([], None, headers)
    cursor = request.query.get("cursor")
    offset = 0 if cursor is None else offset_of(cursor)
    if offset is None:
        return _refused(400, "Invalid cursor", headers)
    oddities = integration.config.oddities
    if oddities.repeat_cursor and offset >= integration.total:
        offset = 0  # no page is empty, which would end the paging
    runs = integration.page(offset, PAGE_SIZE)
    link = link_header(
        f"{LIST_PATH}/{integration_id}/job_sync_status",
        f"{LIST_PATH}{integration_id}/job_sync_status",
        cursor=cursor,
        total=integration.total,
        repeat=oddities.repeat_cursor,
    )
    return _page([run_row(run, oddities, world.ahead) for run in runs], link, headers)


def _sync(world: BrazeWorld, request: web.Request, headers: RateHeaders) -> web.Response:
    integration_id = request.match_info["integration_id"]
    if not WELL_FORMED_ID.fullmatch(integration_id):
        return _refused(400, "Invalid integration ID", headers)
    if world.get(integration_id) is None:
        return _refused(404, "Integration not found", headers)
    if not world.trigger(integration_id):
        return _refused(429, "Another job is in progress", headers)
    return web.json_response({"message": "success"}, status=202, headers=headers)


def _dashboard(world: BrazeWorld) -> Handler:
    async def handle(request: web.Request) -> web.StreamResponse:
        which = request.match_info["which"]
        if which == world.app_group_id:
            which = request.query.get("main-tab", "").removeprefix("edit-sync--")
        integration = world.get(which)
        if integration is None:
            raise web.HTTPNotFound
        config = integration.config
        page = _DASHBOARD_PAGE.format(name=escape(config.integration_name), id=escape(config.integration_id))
        return _html(200, page)

    return handle


def _page(rows: list[dict[str, object]], link: str | None, headers: RateHeaders) -> web.Response:
    if link is not None:
        headers = headers | {"Link": link}
    return web.json_response({"results": rows, "message": "success"}, headers=headers)


def _refused(status: int, message: str, headers: RateHeaders | None = None) -> web.Response:
    return web.json_response({"message": message}, status=status, headers=headers)


def _invalid_key(key: str) -> web.Response:
    return _refused(401, f"Invalid API key: {key}", NO_RATE_HEADERS)


def _rate_limited(headers: RateHeaders) -> web.Response:
    return _refused(429, "Rate limit exceeded", headers)


def _html(status: int, page: str) -> web.Response:
    return web.Response(status=status, text=page, content_type="text/html")


def _proxy_page(status: int, reason: str) -> str:
    """Return the HTML page that a proxy in front of Braze shows."""
    return _PROXY_PAGE.format(status=status, reason=reason)
