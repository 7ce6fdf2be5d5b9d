"""What the tests of the Slack stand-in share: blocks, a control client, a bare Socket Mode connection."""

import json
from collections.abc import Awaitable
from typing import Any

import aiohttp
from slack_sdk.errors import SlackApiError

from cdi_bot.sandbox import Sandbox

Json = dict[str, Any]

ALERTS, OPS, GENERAL, PRIVATE = "C0ALERTS01", "C0MKTOPS01", "C0GENERAL1", "C0FINANCE1"
MARA, KENJI, BOT = "U0MARA0001", "U0KENJI001", "U0CDIBOT01"


def plain(text: str) -> Json:
    """Return a plain_text object."""
    return {"type": "plain_text", "text": text}


def section(text: str = "hello") -> Json:
    """Return a section."""
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


def button(action_id: str = "go", **more: object) -> Json:
    """Return a button."""
    return {"type": "button", "text": plain("Go"), "action_id": action_id, **more}


def actions(*elements: Json, block_id: str = "acts") -> Json:
    """Return an actions block."""
    return {"type": "actions", "block_id": block_id, "elements": list(elements)}


def modal(*blocks: Json, **more: object) -> Json:
    """Return a modal with a submit button."""
    return {"type": "modal", "title": plain("Form"), "submit": plain("Save"), "blocks": list(blocks), **more}


def text_input(block_id: str = "name") -> Json:
    """Return an input block."""
    element = {"type": "plain_text_input", "action_id": "typed"}
    return {"type": "input", "block_id": block_id, "label": plain("Name"), "element": element}


async def error_of(call: Awaitable[object]) -> str:
    """Return Slack's error word for a call that must fail."""
    try:
        await call
    except SlackApiError as error:
        return str(error.response["error"])
    raise AssertionError("the call was accepted")


class Control:
    """The control endpoints, called as the page calls them."""

    def __init__(self, sandbox: Sandbox, http: aiohttp.ClientSession) -> None:
        """Call `sandbox`."""
        self._url = sandbox.url + "/sandbox/slack/"
        self._http = http

    async def __call__(self, name: str, method: str = "POST", /, status: int = 200, **body: Any) -> Json:
        """Call an endpoint and return its answer, which must have this status."""
        given: Json = {"params": body} if method == "GET" else {"json": body}
        async with self._http.request(method, self._url + name, **given) as answer:
            told: Json = await answer.json()
            assert answer.status == status, told
            return told


class RawSocket:
    """A Socket Mode connection without a client library: what comes in, and acknowledgements as told."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        """Speak on `socket`."""
        self.socket = socket

    @classmethod
    async def open(cls, sandbox: Sandbox, http: aiohttp.ClientSession) -> "RawSocket":
        """Connect as an app does, and read the hello."""
        headers = {"Authorization": f"Bearer {sandbox.slack_app_token}"}
        async with http.post(sandbox.url + "/api/apps.connections.open", headers=headers) as answer:
            url = (await answer.json())["url"]
        opened = cls(await http.ws_connect(url))
        hello = await opened.read()
        assert hello["type"] == "hello"
        return opened

    async def read(self) -> Json:
        """Return the next frame."""
        frame: Json = json.loads((await self.socket.receive(timeout=5)).data)
        return frame

    async def ack(self, envelope: Json, payload: Json | None = None) -> None:
        """Acknowledge an envelope."""
        more = {} if payload is None else {"payload": payload}
        await self.socket.send_json({"envelope_id": envelope["envelope_id"], **more})
