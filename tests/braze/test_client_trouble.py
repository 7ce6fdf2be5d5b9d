"""The client in trouble: each kind has its reason, none is httpx's, and a retry never does harm."""

import asyncio
import gzip
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any, Protocol

import pytest
from structlog.testing import capture_logs

from cdi_bot.braze import BrazeClient, Timeouts
from cdi_bot.sandbox.braze_integration import IntegrationConfig
from cdi_bot.sandbox.braze_settings import Settings, UnknownId
from cdi_bot.sandbox.braze_world import BrazeWorld
from cdi_bot.sandbox.faults import Fault, FaultKind
from cdi_bot.services.ports import BrazeReason, BrazeTrouble, Endpoint, Purpose

GOOD = b'{"results": [], "message": "success"}'
ACCEPTED = b'{"message": "success"}'


class RawServer(Protocol):
    """What these tests use of a server of raw bytes."""

    url: str
    requests: list[str]
    asked: asyncio.Event


Raw = Callable[..., Awaitable[RawServer]]
Connect = Callable[..., BrazeClient]
Answer = Callable[..., bytes]


class Sleeper(Protocol):
    """A sleep that remembers."""

    slept: list[float]


async def trouble_of(call: Awaitable[Any]) -> BrazeTrouble:
    """The trouble that a call has to end in, which stands for itself alone."""
    with pytest.raises(BrazeTrouble) as caught:
        await call
    assert caught.value.__context__ is None
    assert caught.value.__cause__ is None
    return caught.value


@pytest.mark.parametrize(
    ("told", "reason", "retryable"),
    [
        ((400, b'{"message": "Invalid integration ID"}'), BrazeReason.INVALID_INTEGRATION, False),
        ((400, b'{"message": "Bad", "errors": ["Invalid cursor"]}'), BrazeReason.INVALID_CURSOR, False),
        (
            (400, b'{"message": "Bad", "errors": [{"message": "Invalid cursor"}]}'),
            BrazeReason.INVALID_CURSOR,
            False,
        ),
        ((400, b'{"message": "Bad"}'), BrazeReason.REFUSED, False),
        ((401, b'{"message": "Invalid API key: key-1"}'), BrazeReason.BAD_KEY, False),
        ((403, b"<html>forbidden</html>"), BrazeReason.NO_PERMISSION, False),
        ((404, b'{"message": "Integration not found"}'), BrazeReason.INVALID_INTEGRATION, False),
        ((404, b'{"message": "Not found"}'), BrazeReason.INVALID_INTEGRATION, False),
        ((404, b'{"message": "Invalid URL: /cdi/integrations/a"}'), BrazeReason.INVALID_URL, False),
        ((404, b"<html>nothing about integrations here</html>"), BrazeReason.INVALID_URL, False),
        ((404, b""), BrazeReason.INVALID_URL, False),
        ((410, b"{}"), BrazeReason.REFUSED, False),
        ((429, b'{"message": "Another job is in progress"}'), BrazeReason.RATE_LIMITED, True),
        ((500, b"{}"), BrazeReason.SERVER_ERROR, True),
        ((503, b"<html>busy</html>"), BrazeReason.SERVER_ERROR, True),
        ((302, b""), BrazeReason.NOT_JSON, True),
        ((200, b"<html>log in</html>"), BrazeReason.NOT_JSON, True),
        ((200, b'{"results": ['), BrazeReason.NOT_JSON, True),
    ],
)
async def test_each_answer_to_a_status_call_has_its_reason(
    told: tuple[int, bytes],
    reason: BrazeReason,
    retryable: bool,
    *,
    raw: Raw,
    connect: Connect,
    answer: Answer,
) -> None:
    """The reason decides what the use cases do; the words are for people."""
    status, body = told
    server = await raw(answer(body, status=f"{status} Whatever"))
    trouble = await trouble_of(connect(server.url).status_page("abc"))
    assert (trouble.reason, trouble.retryable) == (reason, retryable)
    assert str(trouble).endswith(".")
    assert "key-1" not in str(trouble)


async def test_a_404_to_the_list_means_the_address(raw: Raw, connect: Connect, answer: Answer) -> None:
    """No integration was asked for."""
    server = await raw(answer(b'{"message": "Not found"}', status="404 Not Found"))
    trouble = await trouble_of(connect(server.url).list_page())
    assert trouble.reason is BrazeReason.INVALID_URL
    assert "BRAZE_BASE_URL" in str(trouble)


@pytest.mark.parametrize("unknown", [UnknownId.INVALID, UnknownId.NOT_FOUND])
async def test_an_unknown_integration_is_named_as_such(
    unknown: UnknownId, client: BrazeClient, world: BrazeWorld
) -> None:
    """Whichever way Braze puts it, and for a sync too."""
    world.settings = Settings(unknown_id=unknown)
    for call in (client.status_page("deleted"), client.trigger_sync("deleted")):
        assert (await trouble_of(call)).reason is BrazeReason.INVALID_INTEGRATION


async def test_a_wrong_cursor_is_named_as_such(client: BrazeClient, world: BrazeWorld) -> None:
    """Whatever stands in it, down to what no URL can hold."""
    world.create(IntegrationConfig(integration_id="abc"))
    for cursor in ("rubbish", "skip:10", "a&cursor=b", "\ud800", ""):
        assert (await trouble_of(client.status_page("abc", cursor))).reason is BrazeReason.INVALID_CURSOR
        assert (await trouble_of(client.list_page(cursor))).reason is BrazeReason.INVALID_CURSOR


@pytest.mark.parametrize("integration_id", ["", ".", "..", "a/b", "a?b", "a b", "a%2F", "é", "x" * 129])
async def test_an_id_that_no_path_can_hold_is_refused_before_any_request(
    integration_id: str, client: BrazeClient, world: BrazeWorld
) -> None:
    """Braze is not asked, so nothing is spent either."""
    for call in (client.status_page(integration_id), client.trigger_sync(integration_id)):
        assert (await trouble_of(call)).reason is BrazeReason.INVALID_INTEGRATION
    assert not world.requests


@pytest.mark.parametrize(
    ("permission", "endpoint"),
    [
        ("cdi.integration_list", Endpoint.LIST),
        ("cdi.integration_job_status", Endpoint.STATUS),
        ("cdi.integration_sync", Endpoint.SYNC),
    ],
)
async def test_a_missing_permission_is_named(
    permission: str, endpoint: Endpoint, client: BrazeClient, world: BrazeWorld
) -> None:
    """So that it can be given to the key."""
    world.set_key(world.api_key, [])
    calls: dict[Endpoint, Callable[[], Awaitable[Any]]] = {
        Endpoint.LIST: client.list_page,
        Endpoint.STATUS: lambda: client.status_page("abc"),
        Endpoint.SYNC: lambda: client.trigger_sync("abc"),
    }
    trouble = await trouble_of(calls[endpoint]())
    assert trouble.reason is BrazeReason.NO_PERMISSION
    assert permission in str(trouble)


@pytest.mark.parametrize(
    "body_and_headers",
    [
        (b"\x1f\x8bno gzip", ["Content-Encoding: gzip"], {}),
        (gzip.compress(GOOD)[:12], ["Content-Encoding: gzip"], {}),
        (GOOD[:10], [], {"length": 500}),
    ],
)
async def test_a_broken_body_is_trouble_like_any_other(
    body_and_headers: tuple[bytes, list[str], dict[str, int]], raw: Raw, connect: Connect, answer: Answer
) -> None:
    """Packed wrongly or cut off: nothing of httpx escapes."""
    body, headers, more = body_and_headers
    server = await raw(answer(body, *headers, **more))
    trouble = await trouble_of(connect(server.url).list_page())
    assert trouble.reason in {BrazeReason.NOT_JSON, BrazeReason.UNREACHABLE}
    assert trouble.retryable


@pytest.mark.parametrize("garbage", [b"\x00\x01\x02\r\n\r\n", b"HTTP/1.1 abc\r\n\r\n", b"", None])
async def test_a_host_that_speaks_no_http_is_unreachable(
    garbage: bytes | None, raw: Raw, connect: Connect
) -> None:
    """Or hangs up at once."""
    server = await raw(garbage)
    assert (await trouble_of(connect(server.url).list_page())).reason is BrazeReason.UNREACHABLE


async def test_a_dead_host_is_unreachable(connect: Connect, unused_tcp_port: int) -> None:
    """The words name the host and what to check."""
    trouble = await trouble_of(connect(f"http://127.0.0.1:{unused_tcp_port}").list_page())
    assert trouble.reason is BrazeReason.UNREACHABLE
    assert "127.0.0.1" in str(trouble)
    assert "BRAZE_BASE_URL" in str(trouble)


async def test_a_client_that_was_closed_says_so_as_trouble(client: BrazeClient) -> None:
    """A poll that runs into the end of the program ends like any other."""
    await client.aclose()
    assert (await trouble_of(client.list_page())).reason is BrazeReason.UNREACHABLE


async def test_passing_trouble_is_tried_again_soon(
    client: BrazeClient, world: BrazeWorld, sleep: Sleeper
) -> None:
    """Twice at most, with waits that grow, and the log names the integration."""
    world.create(IntegrationConfig(integration_id="abc"))
    world.faults.add(Fault(kind=FaultKind.STATUS, status=502, html=True, times=1))
    world.faults.add(Fault(kind=FaultKind.CUT_AFTER, times=1))
    with capture_logs() as logs:
        assert (await client.status_page("abc")).runs == ()
    assert sleep.slept == [0.25, 0.5]
    assert [received.status for received in world.requests] == [502, None, 200]
    assert [(line["integration_id"], line["reason"]) for line in logs] == [
        ("abc", "server_error"),
        ("abc", "unreachable"),
    ]


async def test_trouble_that_stays_is_left_to_the_next_poll(
    client: BrazeClient, world: BrazeWorld, clock: Callable[[], datetime]
) -> None:
    """Three requests, each paid for from the budget."""
    world.faults.add(Fault(kind=FaultKind.STATUS, status=500))
    before = client.allowance(Endpoint.LIST, clock(), purpose=Purpose.COMMAND)
    assert (await trouble_of(client.list_page())).reason is BrazeReason.SERVER_ERROR
    assert len(world.requests) == 3
    world.faults.clear()
    await client.list_page()
    assert before > 0
    assert client.allowance(Endpoint.LIST, clock()) == 40 - 4


async def test_lasting_trouble_is_not_tried_again(
    client: BrazeClient, world: BrazeWorld, sleep: Sleeper
) -> None:
    """A refused key stays refused."""
    world.faults.add(Fault(kind=FaultKind.REVOKED))
    await trouble_of(client.list_page())
    assert len(world.requests) == 1
    assert sleep.slept == []


async def test_retries_end_with_the_budget(raw: Raw, connect: Connect, answer: Answer) -> None:
    """The last thing that Braze said is what is told."""
    last = answer(b"{}", "X-RateLimit-Limit: 50", "x-ratelimit-remaining: 0", status="500 Oops")
    server = await raw(last)
    trouble = await trouble_of(connect(server.url).list_page())
    assert trouble.reason is BrazeReason.SERVER_ERROR
    assert len(server.requests) == 1


async def test_a_used_up_limit_stops_everything_until_it_is_reset(
    client: BrazeClient, world: BrazeWorld, clock: Any
) -> None:
    """One 429 is enough; the next minute starts over."""
    world.faults.add(Fault(kind=FaultKind.RATE_LIMITED, times=1))
    clock.advance(20)
    with capture_logs() as logs:
        limited = await trouble_of(client.list_page())
    assert (limited.reason, limited.retry_after) == (BrazeReason.RATE_LIMITED, 40.0)
    assert [line["event"] for line in logs] == ["braze_asked_to_wait"]
    refused = await trouble_of(client.list_page(purpose=Purpose.COMMAND))
    assert (refused.reason, refused.retry_after) == (BrazeReason.OUT_OF_BUDGET, 40.0)
    assert len(world.requests) == 1
    clock.advance(40)
    await client.list_page()


async def test_a_named_wait_is_honoured(raw: Raw, connect: Connect, answer: Answer, clock: Any) -> None:
    """Also with a 503, which is not tried again before."""
    server = await raw(answer(b"", "Retry-After: 7", status="503 Busy"), answer(GOOD))
    client = connect(server.url)
    trouble = await trouble_of(client.list_page())
    assert (trouble.reason, trouble.retry_after) == (BrazeReason.SERVER_ERROR, 7.0)
    assert len(server.requests) == 1
    clock.advance(7)
    await client.list_page()


async def test_everything_has_a_time_limit(raw: Raw, connect: Connect) -> None:
    """A host that takes requests and never answers is late, on each attempt and on the whole."""
    server = await raw(silent=True)
    for timeouts in (Timeouts(read=0.05), Timeouts(read=5, total=0.05)):
        client = connect(server.url, timeouts=timeouts)
        assert (await trouble_of(client.list_page())).reason is BrazeReason.TIMEOUT
    assert len(server.requests) == 4


async def test_a_call_that_is_cancelled_gives_its_ticket_back(
    raw: Raw, connect: Connect, clock: Callable[[], datetime]
) -> None:
    """Requests under way are counted, and one that ended is not."""
    server = await raw(silent=True)
    client = connect(server.url)
    free = client.allowance(Endpoint.LIST, clock())
    call = asyncio.create_task(client.list_page())
    await server.asked.wait()
    assert client.allowance(Endpoint.LIST, clock()) == free - 1
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert client.allowance(Endpoint.LIST, clock()) == free


@pytest.mark.parametrize(
    ("kind", "status", "reason"),
    [
        (FaultKind.CUT_BEFORE, 0, BrazeReason.UNREACHABLE),
        (FaultKind.CUT_AFTER, 0, BrazeReason.UNREACHABLE),
        (FaultKind.STATUS, 502, BrazeReason.SERVER_ERROR),
        (FaultKind.STATUS, 200, BrazeReason.NOT_JSON),
    ],
)
async def test_a_sync_that_may_have_started_is_never_asked_for_twice(
    kind: FaultKind,
    status: int,
    reason: BrazeReason,
    *,
    client: BrazeClient,
    world: BrazeWorld,
    sleep: Sleeper,
) -> None:
    """No clear answer came: a person has to look."""
    world.create(IntegrationConfig(integration_id="abc"))
    world.faults.add(Fault(kind=kind, status=status or 503, html=True))
    trouble = await trouble_of(client.trigger_sync("abc"))
    assert (trouble.reason, trouble.retryable) == (reason, False)
    assert "may have started" in str(trouble)
    assert len(world.requests) == 1
    assert sleep.slept == []


async def test_a_sync_without_an_answer_in_time_may_have_started(raw: Raw, connect: Connect) -> None:
    """Whichever time limit it ran into."""
    server = await raw(silent=True)
    for timeouts in (Timeouts(read=0.05), Timeouts(read=5, total=0.05)):
        trouble = await trouble_of(connect(server.url, timeouts=timeouts).trigger_sync("abc"))
        assert (trouble.reason, trouble.retryable) == (BrazeReason.TIMEOUT, False)
    assert len(server.requests) == 2


async def test_a_sync_that_was_never_sent_is_tried_again(
    connect: Connect, unused_tcp_port: int, sleep: Sleeper
) -> None:
    """Nobody was there to receive it."""
    trouble = await trouble_of(connect(f"http://127.0.0.1:{unused_tcp_port}").trigger_sync("abc"))
    assert (trouble.reason, trouble.retryable) == (BrazeReason.UNREACHABLE, True)
    assert len(sleep.slept) == 2
