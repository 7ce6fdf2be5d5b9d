"""Which channels a person is in, over the wire."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import aiohttp
import pytest
from slack_sdk.web.async_client import AsyncWebClient

from cdi_bot.core.model.channel import Channel
from cdi_bot.delivery.slack_port import SlackTrouble
from cdi_bot.sandbox import Sandbox
from cdi_bot.sandbox.faults import Fault, FaultKind
from cdi_bot.sandbox.slack.model import Channel as Place
from cdi_bot.sandbox.slack.seed_data import (
    DATA_ALERTS,
    FINANCE_PRIVATE,
    GENERAL,
    KENJI,
    MARA,
    MARKETING_OPS,
    TEAM,
)
from cdi_bot.slack.api.call import SlackApi
from cdi_bot.slack.api.directory import KEPT, PAGE, SlackMemberships


class Seconds:
    """A clock of seconds that stands still until it is moved."""

    now = 0.0

    def __call__(self) -> float:
        """Return the present."""
        return self.now


@pytest.fixture
async def client(sandbox: Sandbox) -> AsyncIterator[AsyncWebClient]:
    """The bot's client."""
    async with aiohttp.ClientSession() as session:
        yield AsyncWebClient(
            token=sandbox.slack_bot_token,
            base_url=f"{sandbox.url}/api/",
            session=session,
            retry_handlers=[],
        )


def ids(channels: frozenset[Channel]) -> set[str]:
    """Return the ids of channels of the team."""
    assert {channel.team_id for channel in channels} <= {TEAM}
    return {channel.channel_id for channel in channels}


async def test_a_persons_channels(sandbox: Sandbox, client: AsyncWebClient) -> None:
    """All public ones; private ones only where the bot is, too."""
    memberships = SlackMemberships(SlackApi(client), TEAM)
    public = {DATA_ALERTS, MARKETING_OPS, GENERAL}
    assert ids(await memberships.channels_of(MARA)) == public
    private = sandbox.slack.channels[FINANCE_PRIVATE]
    sandbox.slack.put_channel(replace(private, members=private.members | {sandbox.slack.bot_user}))
    memberships.forget(MARA)
    assert ids(await memberships.channels_of(MARA)) == public | {FINANCE_PRIVATE}
    assert ids(await memberships.channels_of(KENJI)) == public


async def test_every_page_is_read(sandbox: Sandbox, client: AsyncWebClient) -> None:
    """Somebody may be in more channels than one answer holds."""
    for number in range(PAGE + 1):
        name = f"C{number:08}"
        sandbox.slack.put_channel(Place(id=name, name=name, created=0, members=frozenset({MARA})))
    assert len(await SlackMemberships(SlackApi(client), TEAM).channels_of(MARA)) == PAGE + 4


async def test_an_answer_holds_for_a_minute(sandbox: Sandbox, client: AsyncWebClient) -> None:
    """Slack is asked once a minute for a person, and a failure is no answer: it is said, and asked again."""
    clock = Seconds()
    memberships = SlackMemberships(SlackApi(client), TEAM, clock=clock)
    fault = Fault(kind=FaultKind.STATUS, status=503, path="users.conversations", times=1)
    sandbox.slack.faults.add(fault)
    with pytest.raises(SlackTrouble):
        await memberships.channels_of(MARA)
    first = await memberships.channels_of(MARA)
    sandbox.slack.faults.add(fault)
    assert await memberships.channels_of(MARA) is first
    clock.now += KEPT
    with pytest.raises(SlackTrouble):
        await memberships.channels_of(MARA)
