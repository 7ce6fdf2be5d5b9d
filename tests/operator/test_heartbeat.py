"""The heartbeat over the wire: what counts as a beat, and that nothing of its address is told."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from structlog.testing import capture_logs

from cdi_bot.operator.heartbeat import Heartbeat, beat
from tests.rigs.switch import TOKEN, Switch, hang, listening


@pytest.fixture
async def switch() -> AsyncIterator[Switch]:
    """A switch that takes beats."""
    async with listening() as switch:
        yield switch


async def test_a_beat_is_one_plain_get(switch: Switch) -> None:
    """Without a body, and without a cookie that an earlier answer set."""
    assert [await beat(switch.url), await beat(f"{switch.url}?status=up")] == [None, None]
    assert [(each.method, each.path_qs) for each in switch.asked] == [
        ("GET", f"/{TOKEN}"),
        ("GET", f"/{TOKEN}?status=up"),
    ]
    assert all("Cookie" not in each.headers and not each.can_read_body for each in switch.asked)


@pytest.mark.parametrize("status", [301, 404, 500])
async def test_only_success_counts(switch: Switch, status: int) -> None:
    """A redirect is told, not followed: who knows where to."""

    async def refuse(request: web.Request) -> web.StreamResponse:
        return web.Response(status=status, headers={"Location": f"http://{request.host}/elsewhere"})

    switch.answer = refuse
    told = await beat(switch.url)
    assert told is not None
    assert told.startswith(f"it answered {status}")
    assert len(switch.asked) == 1


async def test_an_answer_without_end_is_not_read(switch: Switch) -> None:
    """Its status is all that counts."""

    async def endless(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b"O")
        return await hang(request)

    switch.answer = endless
    assert await beat(switch.url) is None


async def test_a_switch_that_does_not_answer_is_left(switch: Switch) -> None:
    """After a short while."""
    switch.answer = hang
    assert await beat(switch.url, seconds=0.1) == "no answer within 0.1 s"


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:1/{}", "https://{}", "http://[::1]:1/{}?a=b", "http://x:y@/{}"]
)
async def test_an_address_that_leads_nowhere_is_not_repeated(url: str) -> None:
    """Whatever the libraries say of it."""
    with capture_logs() as lines:
        heartbeat = Heartbeat(lambda: beat(url.format("secret-host.invalid"), seconds=5), list)
        await heartbeat.tick()
    assert heartbeat.trouble == "it can't be reached"
    assert "secret" not in str(lines)


async def test_it_goes_through_the_proxy_of_the_environment(
    switch: Switch, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As everything else does; a proxy that is away is told as that."""
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.setenv("http_proxy", f"http://{switch.host}")
    assert await beat(f"http://switch.example/{TOKEN}") is None
    assert switch.asked[0].host == "switch.example"
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    assert "the proxy can't be reached" in str(await beat(f"http://switch.example/{TOKEN}"))


async def test_a_heartbeat_that_does_not_arrive_is_logged_once_and_its_return_once(switch: Switch) -> None:
    """However long it lasts, and whatever the reasons are."""

    async def away(_request: web.Request) -> web.StreamResponse:
        return web.Response(status=500 + len(switch.asked))

    heartbeat = Heartbeat(lambda: beat(switch.url), list)
    with capture_logs() as lines:
        await heartbeat.tick()
        switch.answer = away
        for _ in range(3):
            await heartbeat.tick()
        told = heartbeat.trouble
        switch.answer = switch.took
        for _ in range(2):
            await heartbeat.tick()
    assert (told, heartbeat.trouble) == ("it answered 504", None)
    assert [each["event"] for each in lines] == [
        "the heartbeat does not arrive",
        "the heartbeat arrives again",
    ]
    assert TOKEN not in str(lines)


async def test_it_is_withheld_while_there_is_a_reason(switch: Switch) -> None:
    """The log says once why the switch will raise the alarm."""
    reasons: list[str] = []
    heartbeat = Heartbeat(lambda: beat(switch.url), lambda: reasons)
    with capture_logs() as lines:
        for reason in (None, "the disk is full", "the disk is full", None, "the disk is full"):
            reasons[:] = [reason] if reason else []
            await heartbeat.tick()
    assert len(switch.asked) == 2
    assert [each["why"] for each in lines] == [["the disk is full"]] * 2
