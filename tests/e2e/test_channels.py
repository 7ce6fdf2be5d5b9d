"""What Slack tells of channels and of the app reaches the bot as events, in the real process."""

from __future__ import annotations

import json

import aiohttp

from cdi_bot.sandbox.slack.channels import ChannelChange, change_channel
from cdi_bot.sandbox.slack.model import TokenState
from cdi_bot.sandbox.slack.seed_data import DATA_ALERTS, MARA
from tests.e2e.kit import Town, says


async def test_events_of_channels_and_of_the_app(town: Town) -> None:
    """An archived channel is told of at once and mends itself; a removed app is no longer ready."""
    town.create("Users")
    await town.start()
    await town.type("subscribe all")
    direct = town.sandbox.slack.direct_message(MARA).id

    async def become(*, archived: bool) -> None:
        _, events = change_channel(
            town.sandbox.slack, ChannelChange(channel=DATA_ALERTS, archived=archived, bot_is_member=True)
        )
        for event in events:
            assert (await town.sandbox.people.event(event))["acked"]

    await become(archived=True)
    await town.seen(lambda each: says(each, "can't post"), direct)
    await become(archived=False)
    await town.bot.logged("channel can be posted to again")
    bot = town.sandbox.slack.bot_user
    town.sandbox.slack.set_token(town.sandbox.slack_bot_token, state=TokenState.INACTIVE)
    await town.sandbox.people.event({"type": "app_uninstalled"})
    await town.sandbox.people.event({"type": "tokens_revoked", "tokens": {"oauth": [], "bot": [bot]}})
    await town.bot.logged("no longer lets the bot in")
    async with (
        aiohttp.ClientSession() as http,
        http.get(f"http://127.0.0.1:{town.port}/readyz") as answer,
    ):
        assert answer.status == 503
        assert "Slack takes no messages" in json.dumps(await answer.json())
    await town.stop()
