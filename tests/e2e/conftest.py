"""The real program, in either of Slack's modes."""

from __future__ import annotations

import pytest

from cdi_bot.sandbox import Sandbox
from tests.e2e.kit import Town
from tests.program import Program


@pytest.fixture
def town(sandbox: Sandbox, program: Program, settings_for_sandbox: dict[str, str]) -> Town:
    """The bot over Socket Mode, not started yet."""
    return Town(sandbox, program, settings_for_sandbox)


@pytest.fixture
def http_town(sandbox: Sandbox, program: Program, settings_for_sandbox: dict[str, str]) -> Town:
    """The bot that takes Slack's signed requests, not started yet."""
    env = {name: value for name, value in settings_for_sandbox.items() if name != "SLACK_APP_TOKEN"}
    return Town(sandbox, program, {**env, "SLACK_SIGNING_SECRET": sandbox.slack_signing_secret})


@pytest.fixture(params=["socket", "http"])
async def busy_town(request: pytest.FixtureRequest, town: Town, http_town: Town) -> Town:
    """A bot in one of Slack's modes, with an integration that has a past and one that has none."""
    busy = town if request.param == "socket" else http_town
    busy.put_history(busy.create("Users EU"), *["success"] * 13, "error", "success")
    busy.create("Users US")
    busy.create("Orders")
    await busy.start()
    if request.param == "http":
        busy.sandbox.slack.request_url = f"http://127.0.0.1:{busy.port}/slack/events"
    await busy.polled(1)
    return busy
