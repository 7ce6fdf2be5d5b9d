"""Settings for a bot that a test assembles by itself."""

from __future__ import annotations

from typing import Any

from cdi_bot.settings.environment import Settings, load_settings


def bot_settings(**changes: Any) -> Settings:
    """The defaults, with made-up credentials, and with some fields changed."""
    settings = load_settings(
        {
            "SLACK_BOT_TOKEN": "xoxb-test",
            "SLACK_APP_TOKEN": "xapp-test",
            "BRAZE_BASE_URL": "https://rest.iad-01.braze.com",
            "BRAZE_API_KEY": "test",
        },
        env_file=None,
    )
    return settings.model_copy(update=changes)
