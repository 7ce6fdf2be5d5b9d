"""The demo page in a headless Chromium, against the real stand-ins, with an app that does as the test says."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from playwright.async_api import Browser, ConsoleMessage, Page, async_playwright, expect

from cdi_bot.sandbox import Sandbox
from tests.e2e.kit import System
from tests.program import Program
from tests.sandbox.slack_kit import RawSocket

Json = dict[str, Any]

BROWSERS = (Path("/usr/bin/chromium-headless-shell"), Path("/usr/bin/chromium"))
CHROMIUM = next((each for each in BROWSERS if each.exists()), BROWSERS[0])
"""Debian's; the one without a window takes half the CPU time."""

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
TIME_LIMIT_MS = 10_000


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what needs a browser where there is none, saying how to get one."""
    if CHROMIUM.exists():
        return
    here = Path(__file__).parent
    skip = pytest.mark.skip(reason=f"needs {CHROMIUM}: apt-get install {CHROMIUM.name}")
    for item in items:
        if here in item.path.parents:
            item.add_marker(skip)


class App:
    """Stands in for the bot at the other end of Socket Mode: takes every envelope and answers as told.

    answers: what to acknowledge with, by the payload's type (`view_submission`) or the envelope's (`slash_commands`).
    silent: while true, nothing is acknowledged.
    """

    def __init__(self, socket: RawSocket) -> None:
        """Listen on `socket`."""
        self.answers: dict[str, Json] = {}
        self.silent = False
        self._socket = socket
        self._heard: asyncio.Queue[Json] = asyncio.Queue()
        self._listening = asyncio.create_task(self._listen())

    async def heard(self) -> Json:
        """Return the next payload that reached the app."""
        return await asyncio.wait_for(self._heard.get(), 5)

    async def stop(self) -> None:
        """Hang up."""
        self._listening.cancel()
        await asyncio.gather(self._listening, return_exceptions=True)
        await self._socket.socket.close()

    async def _listen(self) -> None:
        async for frame in self._socket.socket:
            envelope = frame.json()
            if "envelope_id" not in envelope:
                continue
            payload = envelope["payload"]
            if not self.silent:
                await self._socket.ack(envelope, self.answers.get(payload.get("type", envelope["type"])))
            self._heard.put_nowait(payload)


@pytest_asyncio.fixture(loop_scope="session", scope="session")
async def browser() -> AsyncIterator[Browser]:
    """Start one Chromium for all tests of this process."""
    expect.set_options(timeout=TIME_LIMIT_MS)
    async with async_playwright() as playwright:
        running = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield running
        await running.close()


@pytest_asyncio.fixture(loop_scope="session")
async def sandbox() -> AsyncIterator[Sandbox]:
    """Serve both stand-ins on a free port."""
    async with Sandbox() as running:
        yield running


@pytest_asyncio.fixture(loop_scope="session")
async def app(sandbox: Sandbox) -> AsyncIterator[App]:
    """Connect an app over Socket Mode."""
    async with aiohttp.ClientSession() as http:
        connected = App(await RawSocket.open(sandbox, http))
        yield connected
        await connected.stop()


@contextlib.asynccontextmanager
async def opened(browser: Browser, sandbox: Sandbox) -> AsyncIterator[Page]:
    """Open the page in Berlin's time zone.

    Raises AssertionError at the end for a script error, or something that the page's own policy refused.
    """
    context = await browser.new_context(viewport={"width": 1440, "height": 900}, timezone_id="Europe/Berlin")
    context.set_default_timeout(TIME_LIMIT_MS)
    shown = await context.new_page()
    wrong: list[str] = []

    def note(message: ConsoleMessage) -> None:
        # A refused request (a 400 of the sandbox, a cut stream) is shown to the visitor; the console repeats it.
        if message.type == "error" and not any(
            words in message.text for words in ("Failed to load resource", "WebSocket")
        ):
            wrong.append(message.text)

    shown.on("console", note)
    shown.on("pageerror", lambda error: wrong.append(str(error)))
    await shown.goto(sandbox.url)
    await expect(shown.get_by_test_id("channel").first).to_be_visible()
    yield shown
    await context.close()
    assert wrong == []


@pytest_asyncio.fixture(loop_scope="session")
async def page(browser: Browser, sandbox: Sandbox) -> AsyncIterator[Page]:
    """Open the page, for one test."""
    async with opened(browser, sandbox) as shown:
        yield shown


@pytest_asyncio.fixture(loop_scope="session", scope="session")
async def modules(browser: Browser) -> AsyncIterator[Page]:
    """Open a page whose modules are called directly, by tests that change nothing on it."""
    async with Sandbox() as sandbox, opened(browser, sandbox) as shown:
        yield shown


@pytest_asyncio.fixture(loop_scope="session")
async def system(
    sandbox: Sandbox, settings_for_sandbox: dict[str, str], tmp_path: Path
) -> AsyncIterator[System]:
    """The bot over Socket Mode, with two integrations that have a past."""
    program = Program(tmp_path)
    running = System(sandbox, program, {**settings_for_sandbox, "CDI_BOT_LOG_FORMAT": "json"})
    for name in ("Users EU", "Orders"):
        running.put_history(running.create(name), "success", "success", ago=60)
    await running.start()
    await running.type("list")
    yield running
    await program.close()
