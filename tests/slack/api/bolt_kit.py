"""An app whose listeners do as told, before the stand-in, in either of Slack's modes."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from cdi_bot.operator.http import WebServer, build_web
from cdi_bot.sandbox import Sandbox
from cdi_bot.sandbox.slack.interactions import Tamper
from cdi_bot.sandbox.slack.model import Content, Message
from cdi_bot.sandbox.slack.seed_data import DATA_ALERTS, MARA
from cdi_bot.slack.api.app import SlackApp

Json = dict[str, Any]

PATIENCE = 10


class Ticks:
    """A clock that counts seconds and moves when told to."""

    def __init__(self) -> None:
        """Begin at nothing."""
        self.seconds = 0.0

    def __call__(self) -> float:
        """Return the seconds so far."""
        return self.seconds


class Work:
    """What listeners do: keeps what they got, and ends when it is let go on, which it is at first."""

    def __init__(self) -> None:
        """Begin with nothing taken."""
        self.taken: asyncio.Queue[Json] = asyncio.Queue()
        self.may_end = asyncio.Event()
        self.may_end.set()
        self.ended = 0
        self.answers: list[Callable[[], Json]] = []

    async def __call__(self, body: Json) -> None:
        """Work on a delivery."""
        await self.taken.put(body)
        await self.may_end.wait()
        self.ended += 1

    async def answer(self, _body: Json) -> Json:
        """Answer a form with what is next."""
        return self.answers.pop(0)()

    async def next(self) -> Json:
        """Wait for the next delivery."""
        return await asyncio.wait_for(self.taken.get(), PATIENCE)


def app_at(sandbox: Sandbox, work: Work, *, socket: bool = True) -> SlackApp:
    """Return an app whose every listener does `work`."""
    app = SlackApp(
        bot_token=sandbox.slack_bot_token,
        app_token=sandbox.slack_app_token if socket else None,
        signing_secret=None if socket else sandbox.slack_signing_secret,
        api_url=f"{sandbox.url}/api/",
    )
    app.on_command("/cdi", work)
    app.on_action("^go(:|$)", work)
    app.on_submit("form", work.answer)
    return app


async def no_numbers() -> tuple[bytes, str]:
    """Count nothing."""
    return b"", "text/plain"


@asynccontextmanager
async def served(app: SlackApp, sandbox: Sandbox) -> AsyncIterator[str]:
    """Serve an app's request address; gives it."""
    web = build_web(ready=list, metrics=no_numbers, slack_events=app.handle)
    server = WebServer(web, host="127.0.0.1", port=0)
    url = f"http://127.0.0.1:{await server.serve()}/slack/events"
    sandbox.slack.request_url = url
    try:
        yield url
    finally:
        await server.stop()
        await app.close()


def signed(secret: str, body: str) -> dict[str, str]:
    """The headers by which Slack signs a request now."""
    at = str(int(time.time()))
    signature = hmac.new(secret.encode(), f"v0:{at}:{body}".encode(), hashlib.sha256).hexdigest()
    return {"X-Slack-Request-Timestamp": at, "X-Slack-Signature": f"v0={signature}"}


async def type_help(sandbox: Sandbox, tamper: Tamper | None = None) -> Json:
    """Type `/cdi help`."""
    return await sandbox.people.command(DATA_ALERTS, MARA, "help", tamper=tamper)


def message_with_buttons(sandbox: Sandbox, *action_ids: str) -> Message:
    """Put a message with buttons into the channel."""
    buttons = [
        {"type": "button", "action_id": each, "text": {"type": "plain_text", "text": each}, "value": "{}"}
        for each in action_ids
    ]
    content = Content(text="press", blocks=({"type": "actions", "block_id": "a", "elements": buttons},))
    return sandbox.slack.post(DATA_ALERTS, content)
