"""Slack's signed HTTP requests: read within limits, and believed only when Slack signed them.

Anybody who reaches the port can send requests. What can't be Slack's by its headers is refused unread; of what might
be, few bodies are held at a time.
Source: docs.slack.dev/authentication/verifying-requests-from-slack.
"""

from __future__ import annotations

import asyncio
import re
import time

import structlog
from slack_bolt.adapter.starlette.async_handler import to_async_bolt_request
from slack_bolt.async_app import AsyncBoltRequest
from slack_sdk.signature import SignatureVerifier
from starlette.requests import ClientDisconnect, Request

log = structlog.get_logger(__name__)

LONGEST_BODY = 1024**2
"""More than Slack sends in one request, in bytes."""

LONGEST_CHECK = 500
"""More than Slack sends to try the address, in bytes; nothing else is read without a signature."""

MOST_BODIES = 20
"""So many bodies are read at a time: Slack's come whole, within milliseconds."""

MOST_BYTES = 4 * LONGEST_BODY
"""So much of the bodies that have not come whole yet is kept."""

BODY_SECONDS = 30.0

_FRESH_SECONDS = 300  # what is older may have been recorded by somebody and sent again
_CHECK = re.compile(rb"(^|&)ssl_check=1(&|$)")
_TIMESTAMP = re.compile(r"[0-9]{1,12}")
_SIGNATURE = re.compile(r"v0=[0-9a-f]{64}")


class Refused(Exception):
    """A request is not taken; `status` is the HTTP status that says so."""

    def __init__(self, status: int) -> None:
        super().__init__(f"refused with {status}")
        self.status = status


class SignedRequests:
    """Reads what Slack signed with a secret; without one, nothing."""

    def __init__(self, signing_secret: str | None) -> None:
        self._secret = signing_secret
        self._reading: dict[asyncio.Timeout, int] = {}  # the oldest first, with the bytes so far

    async def read(self, request: Request) -> AsyncBoltRequest | None:
        """Give a request as Bolt takes it, `None` for a look at the certificate; raises `Refused`."""
        headers = request.headers
        timestamp, signature = (
            headers.get("x-slack-request-timestamp", ""),
            headers.get("x-slack-signature", ""),
        )
        if not self._secret:
            raise Refused(401)
        if not _may_be_signed(timestamp, signature):
            if await self._is_certificate_check(request):
                return None
            raise Refused(401)
        length = headers.get("content-length", "0")
        if not length.isdecimal() or int(length) > LONGEST_BODY:
            raise Refused(413)
        body = await self._read_body(request)
        try:
            if not SignatureVerifier(self._secret).is_valid(body.decode(), timestamp, signature):
                raise Refused(401)
        except UnicodeDecodeError:
            raise Refused(401) from None
        try:
            bolt_request = to_async_bolt_request(request, body)
        except (AttributeError, LookupError, TypeError, ValueError, RecursionError):
            raise Refused(400) from None  # signed, and no object: Bolt looks for names in it
        if not isinstance(bolt_request.body, dict):
            raise Refused(400)
        return bolt_request

    async def _is_certificate_check(self, request: Request) -> bool:
        """Whether Slack only tries the address: by GET or as a short form, without a signature, and it wants 200.

        Source: docs.slack.dev/interactivity/implementing-slash-commands, `ssl_check`.
        """
        if request.query_params.get("ssl_check") == "1":
            return True
        length = request.headers.get("content-length", "0")
        if not length.isdecimal() or not 0 < int(length) <= LONGEST_CHECK:
            return False
        return _CHECK.search(await self._read_body(request)) is not None

    async def _read_body(self, request: Request) -> bytes:
        body = bytearray()
        try:
            async with asyncio.timeout(BODY_SECONDS) as reading:
                self._reading[reading] = 0
                try:
                    self._make_room()
                    async for chunk in request.stream():
                        body += chunk
                        if len(body) > LONGEST_BODY:
                            raise Refused(413)
                        if reading in self._reading:
                            self._reading[reading] = len(body)
                            self._make_room()
                finally:
                    self._reading.pop(reading, None)
        except TimeoutError:
            raise Refused(408) from None
        except ClientDisconnect:
            raise Refused(400) from None
        return bytes(body)

    def _make_room(self) -> None:
        """Give up the bodies that have been waited for longest, while there are too many or too much of them."""
        while len(self._reading) > MOST_BODIES or sum(self._reading.values()) > MOST_BYTES:
            oldest = next(iter(self._reading))
            del self._reading[oldest]
            if not oldest.expired():
                log.warning(
                    "too many unfinished requests to Slack's address: one was cut off", most=MOST_BODIES
                )
                oldest.reschedule(asyncio.get_running_loop().time())


def _may_be_signed(timestamp: str, signature: str) -> bool:
    """Whether the headers look like Slack's, of the last five minutes."""
    return (
        _TIMESTAMP.fullmatch(timestamp) is not None
        and _SIGNATURE.fullmatch(signature) is not None
        and abs(time.time() - int(timestamp)) <= _FRESH_SECONDS
    )
