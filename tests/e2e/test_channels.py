"""What Slack tells of channels and of the app reaches the bot as events, in the real process."""

from __future__ import annotations

import json

import aiohttp

from cdi_bot.sandbox.slack.channels import ChannelChange, change_channel
from cdi_bot.sandbox.slack.model import TokenState
from cdi_bot.sandbox.slack.seed_data import DATA_ALERTS, MARA
from tests.e2e.kit import System, says


async def test_events_of_channels_and_of_the_app(system: System) -> None:
    """An archived channel is told of at once and mends itself; a removed app is no longer ready."""
    system.create("Users")
    await system.start()
    await system.type("subscribe all")
    direct = system.sandbox.slack.direct_message(MARA).id

    async def become(*, archived: bool) -> None:
        _, events = change_channel(
            system.sandbox.slack, ChannelChange(channel=DATA_ALERTS, archived=archived, bot_is_member=True)
        )
        for event in events:
            assert (await system.sandbox.people.event(event))["acked"]

    await become(archived=True)
    await system.seen(lambda each: says(each, "can't post"), direct)
    await become(archived=False)
    await system.bot.logged("channel can be posted to again")
    bot = system.sandbox.slack.bot_user
    system.sandbox.slack.set_token(system.sandbox.slack_bot_token, state=TokenState.INACTIVE)
    await system.sandbox.people.event({"type": "app_uninstalled"})
    await system.sandbox.people.event({"type": "tokens_revoked", "tokens": {"oauth": [], "bot": [bot]}})
    await system.bot.logged("no longer lets the bot in")
    async with (
        aiohttp.ClientSession() as http,
        http.get(f"http://127.0.0.1:{system.port}/readyz") as answer,
    ):
        assert answer.status == 503
        assert "Slack takes no messages" in json.dumps(await answer.json())
    await system.stop()
