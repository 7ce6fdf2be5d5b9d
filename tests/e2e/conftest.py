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
def each_town(request: pytest.FixtureRequest, town: Town, http_town: Town) -> Town:
    """The bot in each of Slack's modes, not started yet."""
    return town if request.param == "socket" else http_town


@pytest.fixture
async def busy_town(each_town: Town) -> Town:
    """A bot in each of Slack's modes, with an integration that has a past and one that has none."""
    each_town.put_history(each_town.create("Users EU"), *["success"] * 13, "error", "success")
    each_town.create("Users US")
    each_town.create("Orders")
    await each_town.start()
    await each_town.polled(1)
    return each_town
