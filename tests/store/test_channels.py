"""The channels' own settings."""

from __future__ import annotations

from dataclasses import replace

from cdi_bot.core.model.channel import ChannelSettings
from cdi_bot.store import Store
from tests.store.samples import CHANNEL, MINUTE, NOW, OTHER_CHANNEL

SETTINGS = ChannelSettings(
    channel=CHANNEL,
    language="ja",
    zone="Asia/Tokyo",
    digest="daily 09:00",
    digest_until=NOW,
    set_by="U1",
    set_at=NOW,
)


async def test_settings_are_kept_whole(store: Store) -> None:
    """A channel's settings are read as they were saved, and saving again replaces them; other channels have none."""
    bare = ChannelSettings(channel=CHANNEL, set_by="U2", set_at=NOW + MINUTE)
    for said in (SETTINGS, bare):
        async with store.write() as work:
            await work.channels.save_settings(said)
        async with store.read() as work:
            assert await work.channels.settings(CHANNEL) == said
            assert await work.channels.settings(OTHER_CHANNEL) is None


async def test_digests_longest_waiting_first(store: Store) -> None:
    """Only the channels that get a digest are read, in the order of their last digests."""
    other = replace(SETTINGS, channel=OTHER_CHANNEL, digest_until=NOW - MINUTE)
    without = replace(SETTINGS, channel=replace(CHANNEL, channel_id="C3"), digest=None, digest_until=None)
    async with store.write() as work:
        for each in (SETTINGS, other, without):
            await work.channels.save_settings(each)
        assert await work.channels.with_digest() == [other, SETTINGS]


async def test_a_digest_is_sent_by_one(store: Store) -> None:
    """Of two senders of the same period, one is told that it was too late."""
    async with store.write() as work:
        await work.channels.save_settings(SETTINGS)
    told = []
    for _ in range(2):
        async with store.write() as work:
            told.append(await work.channels.advance_digest(CHANNEL, since=NOW, until=NOW + MINUTE))
    assert told == [True, False]
    async with store.read() as work:
        assert await work.channels.settings(CHANNEL) == replace(SETTINGS, digest_until=NOW + MINUTE)
