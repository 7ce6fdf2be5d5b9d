"""HTTP mode: payloads as signed POST requests to the app's request URL, and requests that are forged.

Source: docs.slack.dev/authentication/verifying-requests-from-slack (v0 HMAC-SHA256 over timestamp and body).
"""

import asyncio
import hashlib
import hmac
import json
from dataclasses import dataclass
from enum import Enum
from urllib.parse import urlencode

from aiohttp import ClientError, ClientSession, ClientTimeout

from cdi_bot.sandbox.control import Json
from cdi_bot.sandbox.slack.socket_mode import Acknowledgement
from cdi_bot.sandbox.slack.world import SlackWorld

_STALE_SECONDS = 600


class Tamper(Enum):
    """What is wrong with a request on purpose."""

    FORGED = "forged"  # signed with another secret
    STALE = "stale"  # signed rightly, ten minutes ago
    UNSIGNED = "unsigned"  # no signature at all


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sent:
    """A request as it went out, so that it can be played again."""

    url: str
    headers: dict[str, str]
    body: bytes


class HttpMode:
    """Delivers payloads to the world's `request_url`."""

    def __init__(self, world: SlackWorld) -> None:
        """Start with nothing sent; `open` makes the HTTP client."""
        self._world = world
        self._session: ClientSession | None = None
        self._last: _Sent | None = None

    async def close(self) -> None:
        """Close the HTTP client."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def deliver(self, kind: str, payload: Json, *, tamper: Tamper | None = None) -> Acknowledgement:
        """POST a payload and wait for the answer, as long as Slack does.

        `error` is `dispatch_failed` without a request URL or on no connection, `operation_timeout` past the
        time limit, `http_<status>` for any answer but 200.
        """
        if self._world.request_url is None:
            return Acknowledgement(error="dispatch_failed")
        content_type, body = _encoded(kind, payload)
        headers = {"Content-Type": content_type, "User-Agent": "Slackbot 1.0 (+https://api.slack.com/robots)"}
        headers |= self._signature(body, tamper)
        self._last = _Sent(url=self._world.request_url, headers=headers, body=body)
        return await self._post(self._last)

    async def replay(self) -> Acknowledgement:
        """Send the last request once more, byte for byte."""
        if self._last is None:
            return Acknowledgement(error="nothing_sent")
        return await self._post(self._last)

    def _signature(self, body: bytes, tamper: Tamper | None) -> dict[str, str]:
        if tamper is Tamper.UNSIGNED:
            return {}
        at = int(self._world.clock().timestamp()) - (_STALE_SECONDS if tamper is Tamper.STALE else 0)
        secret = "0" * 32 if tamper is Tamper.FORGED else self._world.signing_secret
        signed = hmac.new(secret.encode(), f"v0:{at}:".encode() + body, hashlib.sha256).hexdigest()
        return {"X-Slack-Request-Timestamp": str(at), "X-Slack-Signature": f"v0={signed}"}

    async def _post(self, sent: _Sent) -> Acknowledgement:
        if self._session is None:
            self._session = ClientSession()
        loop = asyncio.get_running_loop()
        started = loop.time()
        limit = ClientTimeout(total=self._world.rules.ack_seconds)
        try:
            async with self._session.post(
                sent.url, data=sent.body, headers=sent.headers, timeout=limit
            ) as answer:
                text = await answer.text()
        except TimeoutError:
            return Acknowledgement(error="operation_timeout")
        except (ClientError, OSError):
            return Acknowledgement(error="dispatch_failed")
        if answer.status != 200:
            return Acknowledgement(error=f"http_{answer.status}")
        return Acknowledgement(ack_ms=(loop.time() - started) * 1_000, payload=_decoded(text))


def _encoded(kind: str, payload: Json) -> tuple[str, bytes]:
    """Return the content type and body: form fields for commands, a form's `payload` for interactions."""
    if kind == "events_api":
        return "application/json", json.dumps(payload).encode()
    fields = payload if kind == "slash_commands" else {"payload": json.dumps(payload)}
    return "application/x-www-form-urlencoded", urlencode(fields).encode()


def _decoded(text: str) -> Json | None:
    """Read an answer. The bot answers with a JSON object or with nothing."""
    try:
        body = json.loads(text)
    except ValueError:
        return None
    return body if isinstance(body, dict) else None
