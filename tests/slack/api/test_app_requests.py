"""Slack's signed HTTP requests: answered, played again, forged, and odd ones."""

from __future__ import annotations

import asyncio
import io
import json
import time
from urllib.parse import urlsplit

import aiohttp
import pytest
from structlog.testing import capture_logs

from cdi_bot.sandbox import Sandbox
from cdi_bot.sandbox.slack.interactions import Tamper
from cdi_bot.sandbox.slack.payloads import Press
from cdi_bot.sandbox.slack.seed_data import DATA_ALERTS, MARA
from cdi_bot.slack.api.signed_requests import LONGEST_BODY, MOST_BODIES
from tests.slack.api.bolt_kit import PATIENCE, Work, app_at, message_with_buttons, served, signed, type_help


async def test_signed_requests_are_answered(sandbox: Sandbox) -> None:
    """A command and a button arrive as they do over Socket Mode; Slack connects by itself."""
    work = Work()
    app = app_at(sandbox, work, socket=False)
    async with served(app, sandbox):
        await app.connect()
        assert app.is_connected
        assert (await type_help(sandbox))["acked"]
        assert (await work.next())["text"] == "help"
        message = message_with_buttons(sandbox, "go")
        assert (await sandbox.people.press(message, Press(user=MARA, action_id="go")))["acked"]
        assert (await work.next())["user"]["id"] == MARA


async def test_a_request_that_is_played_again(sandbox: Sandbox) -> None:
    """The same request within five minutes is answered well, and not worked on again."""
    work = Work()
    async with served(app_at(sandbox, work, socket=False), sandbox), aiohttp.ClientSession() as http:
        assert (await type_help(sandbox))["acked"]
        async with http.post(f"{sandbox.url}/sandbox/slack/replay", json={}) as answer:
            assert (await answer.json())["acked"]
        await work.next()
        assert work.taken.empty()


async def test_requests_are_refused_while_stopping(sandbox: Sandbox) -> None:
    """503: Slack tries again, and may meet another process."""
    work = Work()
    app = app_at(sandbox, work, socket=False)
    async with served(app, sandbox):
        await app.drain(PATIENCE)
        assert (await type_help(sandbox))["error"] == "http_503"
    assert work.taken.empty()


async def test_forged_requests_are_refused(sandbox: Sandbox) -> None:
    """Signed with another secret, ten minutes old, or not signed: 401, and nothing is done."""
    work = Work()
    async with served(app_at(sandbox, work, socket=False), sandbox):
        for tamper in Tamper:
            assert (await type_help(sandbox, tamper))["error"] == "http_401"
    assert work.taken.empty()


ODD = [
    (b"\xff\xfe", "1", "v0=1", 401),
    (b"{}", "soon", "v0=1", 401),
    (b"{}", "1", "v0=\xe9", 401),
    (b"{}", "", "", 401),
    (b"{}", "9" * 400, "v0=1", 401),
    (b"{", "1", "v0=1", 401),
    (b"[]", "1", "v0=1", 401),
]


async def test_odd_requests_are_refused(sandbox: Sandbox) -> None:
    """What Slack would never send is refused, and does not end in an error of the server."""
    async with (
        served(app_at(sandbox, Work(), socket=False), sandbox) as url,
        aiohttp.ClientSession() as http,
    ):
        for body, timestamp, signature, status in ODD:
            headers = {
                "X-Slack-Request-Timestamp": timestamp,
                "X-Slack-Signature": signature,
                "Content-Type": "application/json",
            }
            async with http.post(url, data=io.BytesIO(body), headers=headers) as answer:
                assert answer.status == status


async def test_the_look_at_the_certificate(sandbox: Sandbox) -> None:
    """`ssl_check` comes unsigned, by GET or as a form, and wants a 200; nothing is done for it."""
    work = Work()
    async with (
        served(app_at(sandbox, work, socket=False), sandbox) as url,
        aiohttp.ClientSession() as http,
    ):
        async with http.get(url, params={"ssl_check": "1", "token": "x"}) as answer:
            assert answer.status == 200
        for form in ({"ssl_check": "1"}, {"token": "x", "ssl_check": "1"}):
            async with http.post(url, data=form) as answer:
                assert answer.status == 200
        async with http.get(url) as answer:
            assert answer.status == 401
        async with http.post(url, data={"text": "&ssl_check=1&"}) as answer:
            assert answer.status == 401
    assert work.taken.empty()


@pytest.mark.parametrize(
    "body",
    [
        '{"authorizations": {"a": 1}}',
        '{"team": 5, "view": [], "event": "x"}',
        '{"type": "block_actions", "actions": []}',
    ],
)
async def test_a_signed_object_with_odd_fields(
    sandbox: Sandbox, caplog: pytest.LogCaptureFixture, body: str
) -> None:
    """400, and no traceback of the server."""
    headers = signed(sandbox.slack_signing_secret, body) | {"Content-Type": "application/json"}
    async with (
        served(app_at(sandbox, Work(), socket=False), sandbox) as url,
        aiohttp.ClientSession() as http,
        http.post(url, data=body, headers=headers) as answer,
    ):
        assert answer.status == 400
    assert "Traceback" not in caplog.text


NOBODYS = {"type": "button", "action_id": "nobodys", "block_id": "b"}


async def test_what_nothing_is_for(sandbox: Sandbox, caplog: pytest.LogCaptureFixture) -> None:
    """It is acknowledged, so that Slack warns nobody and sends nothing again, and is not explained at length.

    A command is not: Slack tells the person, and one line tells the operator.
    """
    work = Work()
    async with (
        served(app_at(sandbox, work, socket=False), sandbox) as url,
        aiohttp.ClientSession() as http,
    ):
        with capture_logs() as logs:
            for kind in (
                "view_closed",
                "message_action",
                "block_actions",
                "dialog_submission",
                "function_executed",
            ):
                body = json.dumps(
                    {"type": kind, "user": {"id": MARA}, "callback_id": "x", "actions": [NOBODYS]}
                )
                headers = signed(sandbox.slack_signing_secret, body) | {"Content-Type": "application/json"}
                async with http.post(url, data=body.encode(), headers=headers) as answer:
                    assert answer.status == 200
            assert (await sandbox.people.command(DATA_ALERTS, MARA, "x", command="/other"))[
                "error"
            ] == "http_404"
            assert (await sandbox.people.event({"type": "app_uninstalled"}))["acked"]
    assert work.taken.empty()
    assert sum("/other" in str(line) for line in logs) == 1
    assert not [record for record in caplog.records if record.name.startswith("slack_bolt")]


async def test_without_a_secret_nothing_is_taken(sandbox: Sandbox) -> None:
    """An app that is set up for Socket Mode alone answers no requests, whoever signs them."""
    work = Work()
    async with served(app_at(sandbox, work), sandbox):
        assert (await type_help(sandbox))["error"] == "http_401"
    assert work.taken.empty()


SIGNATURE = "v0=" + "0" * 64


def head(timestamp: str, signature: str, length: int = 100_000) -> bytes:
    """The headers of a request with a body of this length."""
    return (
        f"POST /slack/events HTTP/1.1\r\nHost: bot\r\nContent-Length: {length}\r\n"
        f"X-Slack-Request-Timestamp: {timestamp}\r\nX-Slack-Signature: {signature}\r\n\r\n"
    ).encode()


class Outsider:
    """Sends bytes to a request address on connections of its own, and never ends what it began."""

    def __init__(self, url: str) -> None:
        """Connect to nothing yet."""
        self._address = urlsplit(url)
        self._open: list[asyncio.StreamWriter] = []

    async def send(self, data: bytes) -> asyncio.StreamReader:
        """Send this on a new connection."""
        reader, writer = await asyncio.open_connection(self._address.hostname, self._address.port)
        self._open.append(writer)
        writer.write(data)
        await writer.drain()
        return reader

    def close(self) -> None:
        """Close all connections."""
        for writer in self._open:
            writer.close()


async def status(reader: asyncio.StreamReader) -> int:
    """The status of the answer."""
    line = await asyncio.wait_for(reader.readline(), PATIENCE)
    return int(line.split()[1])


UNREAD = [
    (None, SIGNATURE, 100_000, 401),
    (-400, SIGNATURE, 100_000, 401),
    (4000, SIGNATURE, 100_000, 401),
    (0, "", 100_000, 401),
    (0, "v0=short", 100_000, 401),
    (0, SIGNATURE, LONGEST_BODY + 1, 413),
]


@pytest.mark.parametrize(("age", "signature", "length", "expected"), UNREAD)
async def test_what_cannot_be_slacks_is_refused_unread(
    sandbox: Sandbox, age: int | None, signature: str, length: int, expected: int
) -> None:
    """A missing, malformed or stale signature, or too long a body: the answer comes before the body, and the end."""
    async with served(app_at(sandbox, Work(), socket=False), sandbox) as url:
        outsider = Outsider(url)
        timestamp = "" if age is None else str(int(time.time()) + age)
        reader = await outsider.send(head(timestamp, signature, length))
        assert await status(reader) == expected
        await asyncio.wait_for(reader.read(), PATIENCE)
        outsider.close()


@pytest.mark.parametrize(("count", "size"), [(MOST_BODIES + 5, 1000), (6, LONGEST_BODY - 10)])
async def test_bodies_that_stop_short(sandbox: Sandbox, count: int, size: int) -> None:
    """Many unfinished bodies, or few long ones: the oldest are given up, and Slack is answered."""
    work = Work()
    async with served(app_at(sandbox, work, socket=False), sandbox) as url:
        outsider = Outsider(url)
        begun = head(str(int(time.time())), SIGNATURE, LONGEST_BODY) + b"x" * size
        readers = [await outsider.send(begun) for _ in range(count)]
        assert await status(readers[0]) == 408
        assert (await type_help(sandbox))["acked"]
        await work.next()
        outsider.close()


NO_OBJECTS = ["[]", "null", "1", '"text"', "{", "payload=[1]", "payload=null", "payload={"]


@pytest.mark.parametrize("body", [*NO_OBJECTS, pytest.param("[" * 9999, id="deep")])
async def test_a_signed_body_that_is_no_object(sandbox: Sandbox, body: str) -> None:
    """400: Slack signs objects only."""
    headers = signed(sandbox.slack_signing_secret, body)
    if not body.startswith("payload"):
        headers["Content-Type"] = "application/json"
    async with (
        served(app_at(sandbox, Work(), socket=False), sandbox) as url,
        aiohttp.ClientSession() as http,
        http.post(url, data=body, headers=headers) as answer,
    ):
        assert answer.status == 400
