"""A sandbox on a free port whose clock stands still, and slack_sdk's own client of it."""

from collections.abc import AsyncIterator

import aiohttp
import pytest
from slack_sdk.web.async_client import AsyncWebClient

from cdi_bot.sandbox import Sandbox
from tests.sandbox.braze_kit import Clock


@pytest.fixture
def clock() -> Clock:
    """Return a clock that stands at noon."""
    return Clock()


@pytest.fixture
async def sandbox(clock: Clock) -> AsyncIterator[Sandbox]:
    """Serve both stand-ins on a free port."""
    async with Sandbox(clock) as running:
        yield running


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    """Return a plain HTTP client."""
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
def client(sandbox: Sandbox, http: aiohttp.ClientSession) -> AsyncWebClient:
    """Return slack_sdk's client with the bot's token, which tries everything once."""
    return AsyncWebClient(
        token=sandbox.slack_bot_token, base_url=sandbox.url + "/api/", session=http, retry_handlers=[]
    )
