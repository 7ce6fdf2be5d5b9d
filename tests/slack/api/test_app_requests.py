"""Slack's signed HTTP requests: answered, played again, forged, and odd ones."""

from __future__ import annotations

import io
import json

import aiohttp
import pytest
from structlog.testing import capture_logs

from cdi_bot.sandbox import Sandbox
from cdi_bot.sandbox.slack.interactions import Tamper
from cdi_bot.sandbox.slack.payloads import Press
from cdi_bot.sandbox.slack.seed_data import DATA_ALERTS, MARA
from cdi_bot.slack.api.app import LONGEST_BODY
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
    (b"x" * (LONGEST_BODY + 1), "1", "v0=1", 413),
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
    ("body", "status"),
    [
        ("{", 400),
        ("[]", 400),
        ('"text"', 400),
        ("5", 400),
        ("null", 400),
        ("[" * 100_000, 400),
        ('{"authorizations": {"a": 1}}', 400),
        ('{"team": 5, "view": [], "event": "x"}', 400),
        ('{"type": "block_actions", "actions": []}', 400),
        ("{}", 200),
        ("", 200),
    ],
)
async def test_signed_bodies_that_cant_be_read(
    sandbox: Sandbox, caplog: pytest.LogCaptureFixture, body: str, status: int
) -> None:
    """What is signed and no object of Slack's is refused, never an error of the server with a traceback."""
    async with (
        served(app_at(sandbox, Work(), socket=False), sandbox) as url,
        aiohttp.ClientSession() as http,
    ):
        headers = signed(sandbox.slack_signing_secret, body) | {"Content-Type": "application/json"}
        async with http.post(url, data=body.encode(), headers=headers) as answer:
            assert answer.status == status
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
