"""Channels are delivered to side by side, each at its own pace."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from cdi_bot.core.model.channel import Channel
from cdi_bot.core.model.message import MessageKind, OwedMessage, SyncRequested
from cdi_bot.sandbox import Sandbox
from cdi_bot.sandbox.slack.model import Channel as SlackChannel
from cdi_bot.sandbox.slack.seed_data import BOT, TEAM
from cdi_bot.store import Store
from tests.databases import new_sqlite
from tests.rigs.whole import Whole
from tests.sandbox.braze_kit import Clock

CHANNELS = [Channel(team_id=TEAM, channel_id=f"C0MANY{place:04}") for place in range(20)]


class Asleep(Whole):
    """A bot for which no time passes: whoever waits for a pace waits for `wake`."""

    def __init__(self, sandbox: Sandbox, clock: Clock, store: Store) -> None:
        """Let all sleep."""
        super().__init__(sandbox, clock, store)
        self.asleep = asyncio.Semaphore(0)
        self.woken = asyncio.Event()

    async def sleep(self, seconds: float) -> None:
        """Wait to be woken; nobody may have to wait for longer than `wake` lets pass."""
        assert seconds <= 1
        self.asleep.release()
        await self.woken.wait()

    def wake(self, seconds: float) -> None:
        """Let so much time have passed for everybody."""
        self.clock.advance(seconds)
        self.woken.set()

    def add_channels(self) -> None:
        """Have Slack know the channels."""
        for each in CHANNELS:
            members = frozenset({BOT})
            self.sandbox.slack.put_channel(
                SlackChannel(id=each.channel_id, name=each.channel_id.lower(), created=0, members=members)
            )

    async def owe(self, number: int) -> None:
        """Owe every channel one more message, which joins no other."""
        content = SyncRequested(who="U1", workspace_id=self.workspace_id, integration_id="one")
        messages = [
            OwedMessage(
                key=f"{number}:{channel.channel_id}",
                channel=channel,
                kind=MessageKind.NOTICE,
                content=content,
                not_before=self.clock.now,
            )
            for channel in CHANNELS
        ]
        async with self.store.write() as uow:
            await uow.outbox.add(messages, now=self.clock.now)

    def told(self) -> Counter[str]:
        """How many messages each channel has."""
        return Counter(each["channel"] for each in self.sandbox.slack.snapshot()["messages"])


@pytest.fixture
async def bot(tmp_path: Path) -> AsyncIterator[Asleep]:
    """Such a bot."""
    clock, store = Clock(), await Store.open(new_sqlite(tmp_path))
    async with Sandbox(clock) as sandbox:
        asleep = Asleep(sandbox, clock, store)
        asleep.add_channels()
        await asleep.start_bot()
        yield asleep
        await asleep.bot.dispatcher.cancel()
        await asleep.bot.close()
    await store.close()


async def test_a_channel_that_waits_for_its_pace_keeps_no_other_waiting(bot: Asleep) -> None:
    """Twenty channels with two messages each: all have their first while none may have its second."""
    await bot.owe(1)
    await bot.owe(2)
    await bot.bot.dispatcher.start_due()
    async with asyncio.timeout(5):
        for _ in CHANNELS:
            await bot.asleep.acquire()
    assert set(bot.told().values()) == {1}
    bot.wake(1)
    await bot.bot.dispatcher.wait_idle()
    assert set(bot.told().values()) == {2}
