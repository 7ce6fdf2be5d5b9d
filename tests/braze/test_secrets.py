"""The key appears nowhere: not in an error, a log line, a repr, nor in what an error still refers to."""

import logging
import traceback
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Any

import pytest
from structlog.testing import capture_logs

from cdi_bot.monitoring.braze_port import BrazeReason, BrazeTrouble
from cdi_bot.sandbox.braze.world import BrazeWorld
from cdi_bot.sandbox.faults import Fault, FaultKind
from tests.braze.kit import Connect

KEY = "sesame-0123-4567"


def locals_of(frames: TracebackType | None) -> str:
    """What a log that shows local variables would show."""
    shown = []
    while frames is not None:
        if "cdi_bot/braze" in frames.tb_frame.f_code.co_filename:
            shown += [repr(value) for value in frames.tb_frame.f_locals.values()]
        frames = frames.tb_next
    return "\n".join(shown)


@pytest.mark.parametrize("kind", list(FaultKind))
async def test_no_trouble_holds_the_key(
    kind: FaultKind,
    world: BrazeWorld,
    server: Any,
    connect: Connect,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Though the stand-in repeats it, as Braze does, and echoes it in bodies and pages."""
    caplog.set_level(logging.DEBUG)
    world.set_key(KEY, [])
    body = f"<p>{KEY}</p>"
    world.faults.add(Fault(kind=kind, status=400, body=body, html=True, retry_after=3))
    client = connect(str(server.make_url("")), KEY)
    calls: list[Callable[[], Awaitable[Any]]] = [
        client.list_page,
        lambda: client.status_page("abc"),
        lambda: client.trigger_sync("abc"),
    ]
    for call in calls:
        with capture_logs() as logs, pytest.raises(BrazeTrouble) as caught:
            await call()
        trouble = caught.value
        shown = "".join(traceback.format_exception(trouble))
        assert trouble.__context__ is None
        for text in (shown, repr(trouble), repr(vars(trouble)), repr(logs), locals_of(trouble.__traceback__)):
            assert KEY not in text
    assert KEY not in caplog.text
    assert KEY not in repr(client) + repr(vars(client))


async def test_the_401_that_repeats_the_key_says_what_to_check(server: Any, connect: Connect) -> None:
    """And nothing of what Braze said."""
    with pytest.raises(BrazeTrouble) as caught:
        await connect(str(server.make_url("")), KEY).list_page()
    assert caught.value.reason is BrazeReason.BAD_KEY
    assert str(caught.value) == (
        "Braze refused the API key (401). Check BRAZE_API_KEY, and that it belongs to the instance in BRAZE_BASE_URL."
    )


@pytest.mark.parametrize("key", ["", "  ", "two words", "sesam\u00e9", "a\nb", "a\x00b"])
def test_a_key_that_no_header_can_hold_is_refused_at_once(key: str, connect: Connect) -> None:
    """Without repeating it, as httpx would."""
    with pytest.raises(BrazeTrouble) as caught:
        connect("http://127.0.0.1:1", key)
    assert caught.value.reason is BrazeReason.BAD_KEY
    assert not key.strip() or key not in str(caught.value)


async def test_space_around_a_key_is_a_slip_of_the_clipboard(
    world: BrazeWorld, server: Any, connect: Connect
) -> None:
    """The key works all the same."""
    await connect(str(server.make_url("")), f" {world.api_key}\n").list_page()
