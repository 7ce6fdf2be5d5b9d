"""Reads an answer piece by piece, and no more of its body than can be Braze's.

An answer of Braze has some 100 kB. What is longer would take the memory of the whole bot, and a few kB can unpack to
gigabytes: httpx unpacks all that came at once, so it is done here.
"""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterator

import httpx

from cdi_bot.braze.errors import SEARCHED

LONGEST_ANSWER = 8 * 1024**2
"""Bytes, unpacked."""

ACCEPT_ENCODING = "gzip"
"""The one way of packing that is understood here."""

_GZIP = 16 + zlib.MAX_WBITS


async def read_whole(response: httpx.Response) -> tuple[httpx.Response, bool]:
    """Read a streamed answer; gives it with its body unpacked, and whether the body is whole.

    Of a refusal only as much is read as is looked at.

    Raises:
        httpx.HTTPError: when the connection breaks, or the body can't be unpacked.
    """
    limit = LONGEST_ANSWER if response.is_success else SEARCHED
    body, is_whole = bytearray(), True
    async for piece in _unpacked(response, limit):
        body += piece
        if len(body) > limit:
            del body[limit:]
            is_whole = False
            break
    headers = response.headers.copy()
    for name in ("content-encoding", "content-length", "transfer-encoding"):
        headers.pop(name, None)
    return httpx.Response(response.status_code, headers=headers, content=bytes(body)), is_whole


def link_header(response: httpx.Response) -> str:
    """The `Link` header; httpx joins several lines of it by commas."""
    link: str = response.headers.get("link", "")
    return link


async def _unpacked(response: httpx.Response, limit: int) -> AsyncIterator[bytes]:
    """The body in pieces of at most `limit` + 1 bytes each; one that is longer is not unpacked further."""
    packing = response.headers.get("content-encoding", "identity").strip().lower()
    if packing == "identity":
        async for piece in response.aiter_raw():
            yield piece
        return
    if packing != ACCEPT_ENCODING:
        raise httpx.DecodingError("packed in a way that was not asked for", request=response.request)
    unpack = zlib.decompressobj(_GZIP)
    async for piece in response.aiter_raw():
        try:
            unpacked = unpack.decompress(piece, limit + 1)
        except zlib.error:
            raise httpx.DecodingError("can't be unpacked", request=response.request) from None
        yield unpacked
