"""The Socket Mode connections: opened, renewed, watched, and replaced when they bring nothing any more."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from dataclasses import replace
from itertools import pairwise
from typing import Any

import aiohttp
import pytest
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse
from structlog.testing import capture_logs

from cdi_bot.delivery.slack_port import SlackTrouble, SlackVerdict
from cdi_bot.sandbox import Sandbox
from cdi_bot.sandbox.faults import Fault, FaultKind
from cdi_bot.sandbox.slack.model import TokenState
from cdi_bot.sandbox.slack.seed_data import DATA_ALERTS, MARA
from cdi_bot.sandbox.slack.socket_mode import CONNECTIONS_MAX, HANDSHAKE
from cdi_bot.slack.api.call import SlackApi
from cdi_bot.slack.api.socket_mode import CONNECTIONS, LASTING_PAUSES, PAUSE, SILENT_SECONDS, SocketMode
from tests.slack.api.bolt_kit import PATIENCE, Ticks

NEVER = 3600.0
OPEN = "apps.connections.open"


class Taker:
    """Acknowledges every envelope, as soon as it may."""

    def __init__(self) -> None:
        """Begin with nothing taken."""
        self.taken: asyncio.Queue[str] = asyncio.Queue()
        self.may_acknowledge = asyncio.Event()
        self.may_acknowledge.set()

    async def __call__(self, request: SocketModeRequest) -> SocketModeResponse:
        """Take an envelope."""
        await self.taken.put(request.envelope_id)
        await self.may_acknowledge.wait()
        return SocketModeResponse(envelope_id=request.envelope_id)


@pytest.fixture
def clock() -> Ticks:
    """Return a clock that stands still."""
    return Ticks()


@pytest.fixture
def taker() -> Taker:
    """Return what envelopes are given to."""
    return Taker()


@pytest.fixture
async def make(sandbox: Sandbox, clock: Ticks, taker: Taker) -> AsyncIterator[Callable[..., SocketMode]]:
    """Return a maker of sockets; they are closed after the test."""
    made: list[SocketMode] = []
    async with aiohttp.ClientSession() as session:
        api = SlackApi(session, token=None, url=f"{sandbox.url}/api/", clock=clock)

        def maker(
            token: str = sandbox.slack_app_token, *, watch: float = NEVER, patience: float = PATIENCE
        ) -> SocketMode:
            made.append(
                SocketMode(api, token, taker, watch_seconds=watch, connect_seconds=patience, clock=clock)
            )
            return made[-1]

        yield maker
        await asyncio.gather(*(sockets.close() for sockets in made))


@pytest.fixture
async def sockets(make: Callable[..., SocketMode], sandbox: Sandbox) -> SocketMode:
    """Return connected sockets, which look only when one of them ends, or when told to."""
    opened = make()
    await opened.connect()
    await sandbox.sockets.wait_connected(CONNECTIONS)
    return opened


async def answered(sandbox: Sandbox) -> bool:
    """Type one command for each connection, in turn; whether all were acknowledged."""
    return all([(await sandbox.people.command(DATA_ALERTS, MARA, "help"))["acked"] for _ in range(2)])


def opened(sandbox: Sandbox) -> int:
    """How many addresses of connections Slack has given out."""
    return sum(call["method"] == OPEN and call["error"] is None for call in sandbox.slack.calls)


def refused(sandbox: Sandbox) -> int:
    """How many addresses of connections Slack has refused."""
    return sum(call["method"] == OPEN and call["error"] is not None for call in sandbox.slack.calls)


def of(logs: Iterable[Mapping[str, Any]], event: str) -> list[Mapping[str, Any]]:
    """Return the log lines of an event."""
    return [line for line in logs if line["event"] == event]


async def until(sandbox: Sandbox, true: Callable[[], bool]) -> None:
    """Wait for something that comes with a connection's beginning or end."""
    async with asyncio.timeout(PATIENCE), sandbox.sockets.opened:
        await sandbox.sockets.opened.wait_for(true)


class TestRenewal:
    """Slack closes each connection every few hours, after a word of warning."""

    async def test_slack_renews_them(self, sandbox: Sandbox, sockets: SocketMode) -> None:
        """Asked to reconnect, they are replaced one by one, each once, and the app never has fewer than two."""
        counts: list[int] = []
        events = sandbox.events()
        await sandbox.sockets.disconnect()
        while len(counts) < 4:  # a fresh one comes, the old one goes; twice
            if (await asyncio.wait_for(anext(events), PATIENCE))["type"] == "bot_connected":
                counts.append(sandbox.sockets.count)
        events.close()
        assert await answered(sandbox)
        assert (opened(sandbox), sockets.is_connected) == (4, True)
        assert min(counts) == CONNECTIONS

    async def test_a_warning_is_enough(self, sandbox: Sandbox, make: Callable[..., SocketMode]) -> None:
        """A connection whose end is announced is replaced before that end."""
        sandbox.slack.rules = replace(sandbox.slack.rules, connection_seconds=600, warning_seconds=600)
        await make().connect()
        await until(sandbox, lambda: opened(sandbox) >= 4)
        sandbox.slack.rules = replace(sandbox.slack.rules, warning_seconds=0)
        assert await answered(sandbox)

    async def test_what_came_by_it_is_acknowledged_on_it(
        self, sandbox: Sandbox, sockets: SocketMode, taker: Taker
    ) -> None:
        """An envelope that is being taken when its connection is replaced needs no second delivery."""
        taker.may_acknowledge.clear()
        typing = asyncio.create_task(sandbox.people.command(DATA_ALERTS, MARA, "help"))
        await asyncio.wait_for(taker.taken.get(), PATIENCE)
        renewing = asyncio.create_task(sandbox.sockets.disconnect())
        await until(sandbox, lambda: opened(sandbox) > CONNECTIONS)
        taker.may_acknowledge.set()
        assert (await typing)["acked"]
        await renewing
        assert taker.taken.empty()
        assert sockets.is_connected


class TestWatch:
    """What ended or went silent is replaced."""

    async def test_silence_is_noticed(self, sandbox: Sandbox, sockets: SocketMode, clock: Ticks) -> None:
        """Connections that are open and bring nothing are replaced, and commands are answered again."""
        assert await answered(sandbox)
        sandbox.sockets.silence()
        clock.seconds += SILENT_SECONDS - 1
        await sockets.look()
        assert (opened(sandbox), sockets.is_connected) == (2, True)
        clock.seconds += 1
        assert not sockets.is_connected
        await sockets.look()
        assert (opened(sandbox), sockets.is_connected) == (4, True)
        assert await answered(sandbox)

    async def test_whoever_brings_something_is_kept(
        self, sandbox: Sandbox, sockets: SocketMode, clock: Ticks
    ) -> None:
        """Connections on which something comes now and then are left alone, however old they are."""
        for _ in range(5):
            assert await answered(sandbox)
            clock.seconds += SILENT_SECONDS - 1
            await sockets.look()
        assert (opened(sandbox), sandbox.sockets.count) == (2, 2)

    async def test_it_looks_by_itself(
        self, sandbox: Sandbox, make: Callable[..., SocketMode], clock: Ticks
    ) -> None:
        """Silence, which no event tells of, is noticed all the same."""
        await make(watch=0.01).connect()
        sandbox.sockets.silence()
        clock.seconds += SILENT_SECONDS
        await until(sandbox, lambda: opened(sandbox) == 4)
        assert await answered(sandbox)

    async def test_what_was_cut_is_replaced(self, sandbox: Sandbox, sockets: SocketMode) -> None:
        """When the network drops the connections there are fresh ones at once."""
        sandbox.sockets.cut()
        await until(sandbox, lambda: opened(sandbox) == 4 and sandbox.sockets.count == CONNECTIONS)
        assert await answered(sandbox)
        assert sockets.is_connected

    async def test_a_revoked_token_is_told_once(
        self, sandbox: Sandbox, make: Callable[..., SocketMode], clock: Ticks
    ) -> None:
        """While Slack refuses the app token the reason is logged, not at each try; with the token back all is well."""
        token, sockets = sandbox.slack_app_token, make(watch=0.01)
        await sockets.connect()
        with capture_logs() as logs:
            sandbox.slack.set_token(token, state=TokenState.REVOKED)
            assert await answered(sandbox)  # what is open stays open
            sandbox.sockets.cut()
            async with asyncio.timeout(PATIENCE):
                while refused(sandbox) < 6:
                    clock.seconds += LASTING_PAUSES[1]
                    await sockets.look()
                    await asyncio.sleep(0)
            assert not sockets.is_connected
            assert [line["why"] for line in of(logs, "Slack can't be connected to")] == ["token_revoked"]
            sandbox.slack.set_token(token, state=TokenState.ACTIVE)
            clock.seconds += LASTING_PAUSES[1]
            await until(sandbox, lambda: sandbox.sockets.count == CONNECTIONS)
            await sockets.look()
        assert await answered(sandbox)
        assert len(of(logs, "connection to Slack lost; trying to connect again")) == 1
        assert len(of(logs, "connected to Slack again")) == 1
        assert token not in str(logs)


class TestRefusals:
    """Slack is left alone the longer, the more often it refuses."""

    async def test_as_long_as_slack_asks(self, sandbox: Sandbox, sockets: SocketMode, clock: Ticks) -> None:
        """`Retry-After` of a 429 is waited for: until then no address is asked for, however often it looks."""
        sandbox.slack.faults.add(Fault(kind=FaultKind.RATE_LIMITED, retry_after=30, path=OPEN, times=1))
        clock.seconds += SILENT_SECONDS
        for seconds in (0, 5, 10, 14.9):
            clock.seconds += seconds
            await sockets.look()
        assert (opened(sandbox), refused(sandbox), sockets.is_connected) == (2, 1, False)
        clock.seconds += 0.2
        await sockets.look()
        assert (opened(sandbox), sockets.is_connected) == (4, True)

    async def test_a_slack_that_is_away_is_tried_every_five_seconds(
        self, sandbox: Sandbox, sockets: SocketMode, clock: Ticks
    ) -> None:
        """However long that lasts; and with the first try after its return commands come again."""
        sandbox.slack.faults.add(Fault(kind=FaultKind.STATUS, status=503, path=OPEN))
        clock.seconds += SILENT_SECONDS
        tries = []
        for _ in range(300):
            before = refused(sandbox)
            await sockets.look()
            if refused(sandbox) > before:
                tries.append(clock.seconds)
            clock.seconds += 1
        assert {later - earlier for earlier, later in pairwise(tries)} == {PAUSE}
        sandbox.slack.faults.clear()
        clock.seconds += PAUSE
        await sockets.look()
        assert sockets.is_connected

    async def test_the_pauses_grow(self, sandbox: Sandbox, sockets: SocketMode, clock: Ticks) -> None:
        """After each refusal in a row twice as long, up to the longest; one that stood for a while ends the row."""
        sandbox.slack.set_token(sandbox.slack_app_token, state=TokenState.REVOKED)
        clock.seconds += SILENT_SECONDS
        tries = []
        for _ in range(1500):
            before = refused(sandbox)
            await sockets.look()
            if refused(sandbox) > before:
                tries.append(clock.seconds)
            clock.seconds += 1
        assert [later - earlier for earlier, later in pairwise(tries)] == [60, 120, 240, 300, 300, 300]

    async def test_socket_mode_is_switched_off(
        self, sandbox: Sandbox, sockets: SocketMode, clock: Ticks
    ) -> None:
        """`link_disabled` is told, and no connection opened for a minute: it would end as soon."""
        with capture_logs() as logs:
            await sandbox.sockets.disconnect("link_disabled")
            await until(sandbox, lambda: sandbox.sockets.count == 0)
            for _ in range(5):
                await sockets.look()
            assert opened(sandbox) == CONNECTIONS
            assert [line["why"] for line in of(logs, "Slack can't be connected to")] == ["link_disabled"]
            clock.seconds += 2 * LASTING_PAUSES[0]
            await sockets.look()
        assert (opened(sandbox), sockets.is_connected) == (4, True)


class TestOpening:
    """What goes wrong at the start is told as trouble, and leaves nothing open."""

    async def test_a_bad_token_is_refused_at_once(
        self, make: Callable[..., SocketMode], sandbox: Sandbox
    ) -> None:
        """A token that Slack does not know is not tried again and again."""
        sockets = make("xapp-1-nobody")
        with pytest.raises(SlackTrouble) as caught:
            await sockets.connect()
        assert (caught.value.reason, caught.value.verdict) == ("invalid_auth", SlackVerdict.TEAM_GONE)
        assert (sockets.is_connected, sandbox.sockets.count) == (False, 0)

    @pytest.mark.parametrize(
        ("fault", "reason"),
        [
            (Fault(kind=FaultKind.STATUS, status=503, path=OPEN), "internal_error"),
            (Fault(kind=FaultKind.STATUS, status=200, body='{"ok": true}', path=OPEN), "bad_answer"),
            (Fault(kind=FaultKind.LATENCY, seconds=5, path=HANDSHAKE), "timed_out"),
            (Fault(kind=FaultKind.STATUS, status=403, path=HANDSHAKE), "websocket_http_403"),
        ],
    )
    async def test_what_may_pass_is_worth_another_try(
        self, make: Callable[..., SocketMode], sandbox: Sandbox, fault: Fault, reason: str
    ) -> None:
        """Odd answers and slow ones are told as trouble that may pass."""
        sandbox.slack.faults.add(fault)
        slow = fault.kind is FaultKind.LATENCY
        with pytest.raises(SlackTrouble) as caught:
            await make(patience=0.2 if slow else PATIENCE).connect()
        assert (caught.value.reason, caught.value.verdict) == (reason, SlackVerdict.RETRY)
        assert not sandbox.sockets.connected
        sandbox.slack.faults.clear()
        await make().connect()
        assert await answered(sandbox)

    async def test_one_too_many(self, make: Callable[..., SocketMode], sandbox: Sandbox) -> None:
        """An eleventh connection, of a sixth process perhaps, is sent away; the ten stay."""
        for _ in range(CONNECTIONS_MAX // CONNECTIONS):
            await make().connect()
        with pytest.raises(SlackTrouble, match="too_many_websockets"):
            await make().connect()
        assert sandbox.sockets.count == CONNECTIONS_MAX

    async def test_the_second_connection_fails(
        self, make: Callable[..., SocketMode], sandbox: Sandbox
    ) -> None:
        """With one of two connections refused there is none, so that the next try begins anew."""
        token = sandbox.slack_app_token
        sandbox.slack.faults.add(Fault(kind=FaultKind.LATENCY, seconds=0.05, path=OPEN))
        sockets = make()
        connecting = asyncio.create_task(sockets.connect())
        await sandbox.sockets.wait_connected(1)
        sandbox.slack.set_token(token, state=TokenState.REVOKED)
        with pytest.raises(SlackTrouble, match="token_revoked"):
            await connecting
        assert not sockets.is_connected
