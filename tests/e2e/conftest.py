"""The real program, in either of Slack's modes."""

from __future__ import annotations

import pytest

from cdi_bot.sandbox import Sandbox
from tests.e2e.kit import System
from tests.program import Program


@pytest.fixture
def system(sandbox: Sandbox, program: Program, settings_for_sandbox: dict[str, str]) -> System:
    """The bot over Socket Mode, not started yet."""
    return System(sandbox, program, settings_for_sandbox)


@pytest.fixture
def http_system(sandbox: Sandbox, program: Program, settings_for_sandbox: dict[str, str]) -> System:
    """The bot that takes Slack's signed requests, not started yet."""
    env = {name: value for name, value in settings_for_sandbox.items() if name != "SLACK_APP_TOKEN"}
    return System(sandbox, program, {**env, "SLACK_SIGNING_SECRET": sandbox.slack_signing_secret})


@pytest.fixture(params=["socket", "http"])
def each_system(request: pytest.FixtureRequest, system: System, http_system: System) -> System:
    """The bot in each of Slack's modes, not started yet."""
    return system if request.param == "socket" else http_system


@pytest.fixture
async def busy_system(each_system: System) -> System:
    """A bot in each of Slack's modes, with an integration that has a past and one that has none."""
    each_system.put_history(each_system.create("Users EU"), *["success"] * 13, "error", "success")
    each_system.create("Users US")
    each_system.create("Orders")
    await each_system.start()
    await each_system.polled(1)
    return each_system
