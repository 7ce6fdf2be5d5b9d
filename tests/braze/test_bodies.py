"""Answers that are longer than Braze's, or unpack to more: cut off, with an error of their own."""

import gzip
import tracemalloc
from collections.abc import Iterator

import pytest

from cdi_bot.braze.bodies import LONGEST_ANSWER
from cdi_bot.monitoring.braze_port import BrazeReason
from tests.braze.kit import Answer, Connect, Raw, trouble_of

GZIP = "Content-Encoding: gzip"


@pytest.fixture
def _memory() -> Iterator[None]:
    tracemalloc.start()
    yield
    tracemalloc.stop()


@pytest.mark.usefixtures("_memory")
async def test_a_gzip_bomb(connect: Connect, raw: Raw, answer: Answer) -> None:
    """100 MB of zeros in 100 kB: at most a little more than the limit is ever unpacked, and nobody asks again."""
    bomb = gzip.compress(bytes(100 * 1024**2))
    server = await raw(answer(bomb, GZIP))
    client = connect(server.url)
    tracemalloc.reset_peak()
    trouble = await trouble_of(client.list_page())
    assert (trouble.reason, trouble.retryable) == (BrazeReason.TOO_LARGE, True)
    assert "8 MB" in str(trouble)
    assert tracemalloc.get_traced_memory()[1] < 4 * LONGEST_ANSWER
    assert len(server.requests) == 1


@pytest.mark.usefixtures("_memory")
async def test_a_long_answer_of_a_sync(connect: Connect, raw: Raw, answer: Answer) -> None:
    """Unpacked already, and longer than the limit: whether the sync has begun is not known."""
    server = await raw(answer(b" " * (LONGEST_ANSWER + 1)))
    trouble = await trouble_of(connect(server.url).trigger_sync("abc"))
    assert (trouble.reason, trouble.may_have_happened) == (BrazeReason.TOO_LARGE, True)
    assert len(server.requests) == 1


@pytest.mark.parametrize("packed", [False, True])
async def test_an_answer_as_long_as_may_be(connect: Connect, raw: Raw, answer: Answer, packed: bool) -> None:
    """A body of exactly the limit is read, packed or not."""
    body = b'{"results": [], "message": "success"}'.ljust(LONGEST_ANSWER)
    server = await raw(answer(gzip.compress(body), GZIP) if packed else answer(body))
    assert (await connect(server.url).list_page()).integrations == ()
    assert b"accept-encoding: gzip\r\n" in server.received[0].lower()


async def test_a_long_refusal(connect: Connect, raw: Raw, answer: Answer) -> None:
    """The status says what is wrong, however long the page is that comes with it."""
    server = await raw(answer(b"<html>" + b" " * LONGEST_ANSWER, status="502 Bad Gateway"))
    assert (await trouble_of(connect(server.url).list_page())).reason is BrazeReason.SERVER_ERROR


async def test_an_encoding_that_was_not_asked_for(connect: Connect, raw: Raw, answer: Answer) -> None:
    """It is told as an answer that can't be read."""
    server = await raw(answer(b"x", "Content-Encoding: br"))
    assert (await trouble_of(connect(server.url).list_page())).reason is BrazeReason.NOT_JSON
