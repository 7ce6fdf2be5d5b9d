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
