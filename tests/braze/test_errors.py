"""Each failure has its own reason, no exception of httpx escapes, and nothing of the response is kept."""

import asyncio
import gzip
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from cdi_bot.braze.client import BrazeClient
from cdi_bot.braze.errors import FAILURES
from cdi_bot.monitoring.braze_port import NO_SUCH_INTEGRATION, BrazeReason, Endpoint
from cdi_bot.sandbox.braze.integration import IntegrationConfig
from cdi_bot.sandbox.braze.simulation import Settings, UnknownId
from cdi_bot.sandbox.braze.world import BrazeWorld
from cdi_bot.sandbox.faults import Fault, FaultKind
from tests.braze.kit import Answer, Connect, Raw, trouble_of

GOOD = b'{"results": [], "message": "success"}'


def test_each_reason_stands_in_the_table() -> None:
    """So that every reason has a text and says whether to try again; for a key that can't be read nothing is asked."""
    assert set(FAILURES) == set(BrazeReason) - {BrazeReason.KEY_LOST}


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
        ((401, b""), BrazeReason.BAD_KEY, False),
        ((401, b"<html>your proxy wants to know who you are</html>"), BrazeReason.REFUSED, False),
        ((403, b'{"message": "Forbidden"}'), BrazeReason.NO_PERMISSION, False),
        ((403, b"<html>blocked by your proxy</html>"), BrazeReason.REFUSED, False),
        ((404, b'{"message": "Integration not found"}'), BrazeReason.UNKNOWN_INTEGRATION, False),
        ((404, b'{"message": "Not found"}'), BrazeReason.UNKNOWN_INTEGRATION, False),
        ((404, b'{"message": "Invalid URL: /cdi/integrations/a"}'), BrazeReason.INVALID_URL, False),
        ((404, b"<html>nothing about integrations here</html>"), BrazeReason.INVALID_URL, False),
        ((404, b""), BrazeReason.INVALID_URL, False),
        ((410, b"{}"), BrazeReason.REFUSED, False),
        ((415, b'{"message": "Unsupported media type"}'), BrazeReason.MEDIA_TYPE, False),
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
        assert (await trouble_of(call)).reason in NO_SUCH_INTEGRATION


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
    """With the only cure: a key can't be changed after it was made."""
    world.set_key(world.api_key, [])
    calls: dict[Endpoint, Callable[[], Awaitable[Any]]] = {
        Endpoint.LIST: client.list_page,
        Endpoint.STATUS: lambda: client.status_page("abc"),
        Endpoint.SYNC: lambda: client.trigger_sync("abc"),
    }
    trouble = await trouble_of(calls[endpoint]())
    assert trouble.reason is BrazeReason.NO_PERMISSION
    assert permission in str(trouble)
    assert "make a new one" in str(trouble)


@pytest.mark.parametrize(
    ("refused", "permission"),
    [
        ("/cdi/integrations$", "cdi.integration_list"),
        (".*/job_sync_status", "cdi.integration_job_status"),
        (".*/sync$", "cdi.integration_sync"),
        ("/cdi/integrations$|.*/sync$", "cdi.integration_sync"),
    ],
)
async def test_a_401_of_one_call_while_another_answers_is_a_missing_permission(
    refused: str, permission: str, client: BrazeClient, world: BrazeWorld
) -> None:
    """Braze documents a 401 for missing permissions too: from the first request on, the key is not called bad."""
    world.faults.add(Fault(kind=FaultKind.STATUS, status=401, path=refused))
    calls: dict[str, Callable[[], Awaitable[Any]]] = {
        "cdi.integration_list": client.list_page,
        "cdi.integration_job_status": lambda: client.status_page("abc"),
        "cdi.integration_sync": lambda: client.trigger_sync("abc"),
    }
    trouble = await trouble_of(calls[permission]())
    assert trouble.reason is BrazeReason.NO_PERMISSION
    assert not trouble.may_have_happened
    assert permission in str(trouble)
    assert "make a new one" in str(trouble)


async def test_a_401_of_all_calls_is_a_bad_key(client: BrazeClient, world: BrazeWorld) -> None:
    """Also where the key was good a moment ago, and while nothing else can be asked."""
    await client.list_page()
    world.faults.add(Fault(kind=FaultKind.STATUS, status=401))
    assert (await trouble_of(client.status_page("abc"))).reason is BrazeReason.BAD_KEY
    world.faults.clear()
    world.faults.add(Fault(kind=FaultKind.STATUS, status=500, path=".*/job_sync_status"))
    world.faults.add(Fault(kind=FaultKind.STATUS, status=401, path="/cdi/integrations$"))
    assert (await trouble_of(client.list_page())).reason is BrazeReason.BAD_KEY


async def test_every_request_names_its_content_type(raw: Raw, connect: Connect, answer: Answer) -> None:
    """All documented examples do, and a 415 exists for its absence."""
    server = await raw(answer(GOOD))
    client = connect(server.url)
    for call in (client.list_page, lambda: client.status_page("abc"), lambda: client.trigger_sync("abc")):
        await call()
    assert [b"content-type: application/json" in sent.lower() for sent in server.received] == [True] * 3


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


async def test_a_call_under_way_when_the_client_closes_ends_as_trouble(raw: Raw, connect: Connect) -> None:
    """It does not wait for its time limit, and is not repeated for long."""
    server = await raw(silent=True)
    client = connect(server.url)
    call = asyncio.create_task(client.list_page())
    await server.asked.wait()
    await client.aclose()
    assert (await trouble_of(asyncio.wait_for(call, 2))).reason is BrazeReason.UNREACHABLE
