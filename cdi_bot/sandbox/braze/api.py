"""Braze's CDI API over HTTP: aiohttp routes in front of `braze_answers`, and the faults that requests run into."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from http import HTTPStatus

from aiohttp import web

from cdi_bot.sandbox.braze.answers import (
    LIST_PATH,
    Answer,
    Call,
    answer,
    invalid_key,
    proxy_page,
    rate_limited,
    refused,
)
from cdi_bot.sandbox.braze.limits import Endpoint
from cdi_bot.sandbox.braze.settings import Received
from cdi_bot.sandbox.braze.world import BrazeWorld
from cdi_bot.sandbox.faults import Fault, FaultKind

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def braze_routes(world: BrazeWorld) -> list[web.RouteDef]:
    """Return the routes of the three endpoints; every other path below `/cdi/` is an invalid URL."""
    return [
        web.get(LIST_PATH, _endpoint(world, Endpoint.LIST), allow_head=False),
        web.get(
            LIST_PATH + "/{integration_id}/job_sync_status",
            _endpoint(world, Endpoint.STATUS),
            allow_head=False,
        ),
        web.post(LIST_PATH + "/{integration_id}/sync", _endpoint(world, Endpoint.SYNC)),
        web.route("*", "/cdi/{rest:.*}", _invalid_url(world)),
    ]


def _endpoint(world: BrazeWorld, endpoint: Endpoint) -> Handler:
    async def handle(request: web.Request) -> web.StreamResponse:
        call = Call(
            endpoint=endpoint,
            key=_key(request),
            integration_id=request.match_info.get("integration_id", ""),
            cursor=request.query.get("cursor"),
        )
        return await _through_faults(
            world,
            request,
            lambda: answer(world, call),
            lambda: rate_limited(world.limits.spent(endpoint, world.look())),
        )

    return handle


def _invalid_url(world: BrazeWorld) -> Handler:
    async def handle(request: web.Request) -> web.StreamResponse:
        return await _through_faults(
            world,
            request,
            lambda: refused(404, "Invalid URL"),
            lambda: refused(429, "Rate limit exceeded"),
        )

    return handle


async def _through_faults(
    world: BrazeWorld,
    request: web.Request,
    carry_out: Callable[[], Answer],
    out_of_budget: Callable[[], Answer],
) -> web.StreamResponse:
    """Answer a request as the faults of this moment allow, and note it."""
    fault = world.faults.take(request.path)
    given = carry_out() if fault is None else await _faulty(fault, request, carry_out, out_of_budget)
    world.requests.append(
        Received(
            method=request.method,
            path=request.path_qs,
            at=world.look(),
            status=given.status if given else None,
        )
    )
    if given is None:
        if request.transport is not None:
            request.transport.abort()
        return web.Response()  # has nowhere left to go
    if given.html is not None:
        return web.Response(
            status=given.status, text=given.html, content_type="text/html", headers=given.headers
        )
    return web.json_response(given.body, status=given.status, headers=given.headers)


async def _faulty(
    fault: Fault, request: web.Request, carry_out: Callable[[], Answer], out_of_budget: Callable[[], Answer]
) -> Answer | None:
    """Return the answer of a request that runs into `fault`; None cuts the connection instead."""
    match fault.kind:
        case FaultKind.LATENCY:
            await asyncio.sleep(fault.seconds)
            return carry_out()
        case FaultKind.STATUS:
            return _broken(fault)
        case FaultKind.RATE_LIMITED:
            limited = out_of_budget()
            retry = {"Retry-After": str(fault.retry_after)} if fault.retry_after else {}
            return replace(limited, headers=limited.headers | retry)
        case FaultKind.REVOKED:
            return invalid_key(_key(request))
        case FaultKind.CUT_BEFORE:
            return None
        case FaultKind.CUT_AFTER:
            carry_out()
            return None


def _broken(fault: Fault) -> Answer:
    """Return the answer of a STATUS fault: a body that is JSON goes out as it is, other text as the message."""
    reason = HTTPStatus(fault.status).phrase if fault.status in set(HTTPStatus) else "Unknown"
    if fault.html:
        return Answer(status=fault.status, html=fault.body or proxy_page(fault.status, reason))
    try:
        body = json.loads(fault.body)
    except ValueError:
        body = None
    return Answer(
        status=fault.status, body=body if isinstance(body, dict) else {"message": fault.body or reason}
    )


def _key(request: web.Request) -> str:
    scheme, _, key = request.headers.get("Authorization", "").partition(" ")
    return key if scheme.lower() == "bearer" else ""
