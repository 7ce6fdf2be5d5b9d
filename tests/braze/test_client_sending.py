"""How requests are sent: retried where that is safe, delayed where Braze says so, and limited in time."""

import asyncio
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from cdi_bot.braze.client import BrazeClient, Timeouts
from cdi_bot.monitoring.braze_port import BrazeReason, Endpoint, Purpose
from cdi_bot.sandbox.braze.integration import IntegrationConfig
from cdi_bot.sandbox.braze.world import BrazeWorld
from cdi_bot.sandbox.faults import Fault, FaultKind
from tests.braze.kit import Answer, Clock, Connect, Raw, Sleeper, trouble_of

GOOD = b'{"results": [], "message": "success"}'


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
    client: BrazeClient, world: BrazeWorld, clock: Clock
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
    """A refused key stays refused: another call is asked once, to tell it from a missing permission."""
    world.faults.add(Fault(kind=FaultKind.REVOKED))
    await trouble_of(client.list_page())
    assert [received.path.rpartition("/")[2] for received in world.requests] == [
        "integrations",
        "job_sync_status",
    ]
    assert sleep.slept == []


async def test_retries_end_with_the_budget(raw: Raw, connect: Connect, answer: Answer) -> None:
    """The last thing that Braze said is what is told."""
    last = answer(b"{}", "X-RateLimit-Limit: 50", "x-ratelimit-remaining: 0", status="500 Oops")
    server = await raw(last)
    trouble = await trouble_of(connect(server.url).list_page())
    assert trouble.reason is BrazeReason.SERVER_ERROR
    assert len(server.requests) == 1


async def test_a_used_up_limit_stops_everything_until_it_is_reset(
    client: BrazeClient, world: BrazeWorld, clock: Clock
) -> None:
    """One 429 is enough; the next minute starts over."""
    world.faults.add(Fault(kind=FaultKind.RATE_LIMITED, times=1))
    clock.advance(20)
    with capture_logs() as logs:
        limited = await trouble_of(client.list_page())
    assert (limited.reason, limited.retry_after) == (BrazeReason.RATE_LIMITED, 40.0)
    assert [line["event"] for line in logs] == ["Braze asks to wait"]
    refused = await trouble_of(client.list_page(purpose=Purpose.COMMAND))
    assert (refused.reason, refused.retry_after) == (BrazeReason.OUT_OF_BUDGET, 40.0)
    assert len(world.requests) == 1
    clock.advance(40)
    await client.list_page()


async def test_a_named_wait_is_honoured(raw: Raw, connect: Connect, answer: Answer, clock: Clock) -> None:
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


async def test_a_call_that_is_cancelled_releases_its_permit(raw: Raw, connect: Connect, clock: Clock) -> None:
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


@pytest.mark.parametrize(
    ("date", "skew"),
    [
        ("Wed, 25 Mar 2026 12:01:00 GMT", 60),
        ("Wed, 25 Mar 2026 11:00:00 GMT", -3599),  # dates are whole seconds: it is no more than this for sure
        ("Wed, 25 Mar 2026 12:00:00 GMT", 0),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 0),  # no clock goes so wrong; times by it would leave the calendar
        ("Sun, 14 Oct 1066 09:00:00 GMT", 0),
        ("yesterday", 0),
        ("", 0),
    ],
)
async def test_the_date_of_an_answer_tells_how_far_brazes_clock_is_ahead(
    raw: Raw, connect: Connect, answer: Answer, date: str, skew: float
) -> None:
    """Of an answer that could be read; of a proxy's page it tells nothing."""
    page = answer(b"<html>", f"Date: {date}", status="502 Bad Gateway")
    proxied = connect((await raw(page)).url)
    await trouble_of(proxied.list_page())
    assert proxied.clock_skew == timedelta(0)
    client = connect((await raw(answer(b'{"results": [], "message": "success"}', f"Date: {date}"))).url)
    await client.list_page()
    assert client.clock_skew == timedelta(seconds=skew)
