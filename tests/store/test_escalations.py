"""What is kept of escalations, on both engines."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime

from cdi_bot.core.model.channel import ChannelSettings
from cdi_bot.core.model.escalation import Escalation
from cdi_bot.store import Store
from tests.store.samples import CHANNEL, MINUTE, NOW, OTHER_CHANNEL, a_workspace, incident

TARGET = OTHER_CHANNEL.channel_id


async def stored_incident(store: Store, resolved_at: datetime | None = None) -> int:
    """The id of an incident."""
    workspace_id = await a_workspace(store)
    async with store.write() as work:
        (stored,) = await work.incidents.add([incident(workspace_id, resolved_at=resolved_at)])
    return stored.incident_id


async def test_of_two_at_once_one_escalates(store: Store) -> None:
    """And nobody does later."""
    key = await stored_incident(store)

    async def claim() -> bool:
        async with store.write() as work:
            return await work.escalations.claim(CHANNEL, key, target=TARGET, now=NOW)

    assert sorted(await asyncio.gather(claim(), claim(), claim())) == [False, False, True]
    async with store.write() as work:
        assert not await work.escalations.claim(CHANNEL, key, target="U1", now=NOW + MINUTE)
    async with store.read() as look:
        kept = await look.escalations.of_incidents([key])
    assert kept == {key: [Escalation(channel=CHANNEL, incident_id=key, at=NOW, target=TARGET)]}


async def test_each_channel_escalates_for_itself(store: Store) -> None:
    """The same incident goes from several."""
    key = await stored_incident(store)
    async with store.write() as work:
        assert await work.escalations.claim(CHANNEL, key, target=TARGET, now=NOW)
        assert await work.escalations.claim(OTHER_CHANNEL, key, target="U1", now=NOW)


async def test_the_time_can_begin_anew(store: Store) -> None:
    """Before an escalation and after it; what was made stays."""
    key = await stored_incident(store)
    async with store.write() as work:
        await work.escalations.restart(CHANNEL, [key], NOW)
        await work.escalations.restart(CHANNEL, [key], NOW + MINUTE)
        await work.escalations.restart(CHANNEL, [], NOW)
        assert await work.escalations.claim(CHANNEL, key, target=TARGET, now=NOW + 2 * MINUTE)
        await work.escalations.restart(CHANNEL, [key], NOW + 3 * MINUTE)
    async with store.read() as look:
        ((kept,),) = (await look.escalations.of_incidents([key])).values()
    assert (kept.counts_from, kept.at) == (NOW + 3 * MINUTE, NOW + 2 * MINUTE)


async def test_it_goes_with_its_incident(store: Store) -> None:
    """When that is too old."""
    key = await stored_incident(store, resolved_at=NOW)
    async with store.write() as work:
        assert await work.escalations.claim(CHANNEL, key, target=TARGET, now=NOW)
        assert await work.incidents.delete_old(NOW + MINUTE, limit=10) == 1
        assert await work.escalations.of_incidents([key]) == {}


async def test_a_target_that_cannot_be_posted_to_is_marked_once(store: Store) -> None:
    """For each channel whose incidents go there, until it can be."""
    settings = ChannelSettings(channel=CHANNEL, escalate_after=60, escalate_to=TARGET, escalate_since=NOW)
    elsewhere = replace(settings, channel=replace(CHANNEL, channel_id="C9"), escalate_to="U1")
    broken = replace(settings, escalate_trouble="is_archived")
    async with store.write() as work:
        await work.channels.save_settings(settings)
        await work.channels.save_settings(elsewhere)
        assert await work.escalations.mark_broken(OTHER_CHANNEL, "is_archived") == [broken]
        assert await work.escalations.mark_broken(OTHER_CHANNEL, "is_archived") == []
        assert await work.escalations.settings() == [broken, elsewhere]
        channels = await work.subscriptions.channels()
        assert channels == {OTHER_CHANNEL: "is_archived", replace(CHANNEL, channel_id="U1"): None}
        assert await work.subscriptions.broken() == {OTHER_CHANNEL: "is_archived"}
        await work.escalations.clear_broken(OTHER_CHANNEL)
        assert await work.subscriptions.broken() == {}
        assert await work.escalations.settings() == [settings, elsewhere]
