"""What is kept for a channel: subscriptions, settings, audit, requested syncs."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from cdi_bot.core.model.channel import AuditEntry, Channel, ChannelSettings
from cdi_bot.core.model.incident import Expected, Topic
from cdi_bot.core.model.message import MessageKind, OwedMessage, Unsubscribed
from cdi_bot.core.model.requested_sync import RequestedSync
from cdi_bot.core.model.subscription import Filters, Subscription
from cdi_bot.store import Store
from cdi_bot.store.contents import Progress
from tests.store.samples import CHANNEL, MINUTE, NOW, OTHER_CHANNEL, ReadSql, a_workspace


async def subscribe(
    store: Store,
    workspace_id: int,
    selector: str = "all",
    *,
    channel: Channel = CHANNEL,
    filters: Filters | None = None,
    by: str = "U1",
) -> Subscription:
    """Subscribe in its own commit."""
    async with store.write() as work:
        return await work.subscriptions.add(
            channel=channel,
            workspace_id=workspace_id,
            selector=selector,
            filters=filters or Filters(),
            by=by,
            now=NOW,
        )


async def test_a_subscription_is_kept_whole(store: Store) -> None:
    """Every filter is read as it was saved."""
    workspace_id = await a_workspace(store)
    filters = Filters(
        topics=frozenset({Topic.PARTIAL, Topic.RUNNING}),
        min_rows=5,
        min_percent=0.5,
        fresh="09:00 Europe/Berlin",
        mention="<@U2>",
        off=frozenset({"spike", "rows_low"}),
    )
    added = await subscribe(store, workspace_id, "Users*", filters=filters)
    assert added.filters == filters
    async with store.read() as work:
        assert await work.subscriptions.for_channel(CHANNEL) == [added]


@pytest.mark.parametrize("topics", [frozenset[Topic](), frozenset(Topic)])
async def test_any_set_of_topics_is_kept(store: Store, topics: frozenset[Topic]) -> None:
    """No topic, and every topic, are sets like others."""
    workspace_id = await a_workspace(store)
    assert (await subscribe(store, workspace_id, filters=Filters(topics=topics))).filters.topics == topics


async def test_subscribing_again_changes_the_filters_only(store: Store) -> None:
    """The same selector in the same channel stays one subscription, made by whoever made it first."""
    workspace_id = await a_workspace(store)
    first = await subscribe(store, workspace_id)
    other = Filters(min_rows=100)
    assert await subscribe(store, workspace_id, filters=other, by="U2") == replace(first, filters=other)


async def test_subscriptions_come_in_the_order_they_were_made(store: Store) -> None:
    """A channel and a workspace each list their own, oldest first; removed ones are gone."""
    one, two = await a_workspace(store), await a_workspace(store, "fra-01")
    zebra = await subscribe(store, one, "zebra")
    apple = await subscribe(store, one, "apple", channel=OTHER_CHANNEL)
    elsewhere = await subscribe(store, two, "apple")
    async with store.write() as work:
        assert await work.subscriptions.for_workspace(one) == [zebra, apple]
        assert await work.subscriptions.for_channel(CHANNEL) == [zebra, elsewhere]
        await work.subscriptions.remove([zebra.subscription_id, 999])
        await work.subscriptions.remove([])
        assert await work.subscriptions.for_channel(CHANNEL) == [elsewhere]


async def test_a_channel_is_marked_broken_once(store: Store) -> None:
    """A call returns only the marks that it makes, and clearing removes them all."""
    workspace_id = await a_workspace(store)
    one, two = await subscribe(store, workspace_id, "one"), await subscribe(store, workspace_id, "two")
    await subscribe(store, workspace_id, "one", channel=OTHER_CHANNEL)
    async with store.write() as work:
        marked = await work.subscriptions.mark_broken(CHANNEL, "is_archived")
        assert marked == [replace(each, broken_reason="is_archived") for each in (one, two)]
        assert await work.subscriptions.mark_broken(CHANNEL, "not_in_channel") == []
        assert await work.subscriptions.clear_broken(CHANNEL)
        assert not await work.subscriptions.clear_broken(CHANNEL)
        assert await work.subscriptions.for_channel(CHANNEL) == [one, two]
        assert not await work.subscriptions.clear_broken(OTHER_CHANNEL)


def a_word(workspace_id: int, magnitude: float = 2.0, **facts: Any) -> Expected:
    """Somebody's word that an observation of the integration "one" was expected."""
    given: dict[str, Any] = {
        "channel": CHANNEL,
        "reason": "rows_low",
        "seen_at": NOW,
        "by": "U1",
        "at": NOW,
        **facts,
    }
    return Expected(workspace_id=workspace_id, integration_id="one", magnitude=magnitude, **given)


async def test_the_first_word_stands_until_it_is_taken_back(store: Store) -> None:
    """Of two who say that the same was expected the first is kept, and after it was taken back the next."""
    workspace_id = await a_workspace(store)
    first = a_word(workspace_id)
    second = replace(first, by="U2", channel=OTHER_CHANNEL, at=NOW + MINUTE)
    async with store.write() as work:
        assert await work.expected.mark(first) == first
        assert await work.expected.mark(second) == first
        assert await work.expected.take_back(second, "U3", NOW + 2 * MINUTE)
        assert not await work.expected.take_back(first, "U4", NOW + 3 * MINUTE)
        back = replace(first, taken_back_by="U3", taken_back_at=NOW + 2 * MINUTE)
        assert await work.expected.of_integrations(workspace_id, ["one", "two"]) == [back]
        assert await work.expected.mark(second) == second
        assert await work.expected.of_integrations(workspace_id, ["one"]) == [second]
        assert await work.expected.of_integrations(workspace_id, ["two"]) == []


async def test_the_greatest_magnitude_is_accepted(store: Store) -> None:
    """By integration and reason, and without what was taken back; a channel's own are counted."""
    workspace_id, other = await a_workspace(store), await a_workspace(store, "fra-01")
    words = [
        a_word(workspace_id, 2.0),
        a_word(workspace_id, 5.0, seen_at=NOW + MINUTE),
        a_word(workspace_id, 9.0, seen_at=NOW + 2 * MINUTE, channel=OTHER_CHANNEL),
        a_word(workspace_id, 1.5, reason="spike"),
        a_word(other, 99.0),
    ]
    async with store.write() as work:
        for word in words:
            await work.expected.mark(word)
        assert await work.expected.accepted(workspace_id) == {
            "one": {"rows_low": (9.0, NOW), "spike": (1.5, NOW)}
        }
        assert await work.expected.count(CHANNEL, workspace_id, "rows_low") == 2
        assert await work.expected.take_back(words[2], "U1", NOW)
        assert await work.expected.accepted(workspace_id) == {
            "one": {"rows_low": (5.0, NOW), "spike": (1.5, NOW)}
        }
        assert await work.expected.take_back(words[1], "U1", NOW)
        assert await work.expected.count(CHANNEL, workspace_id, "rows_low") == 1
        assert await work.expected.count(OTHER_CHANNEL, workspace_id, "rows_low") == 0


async def test_the_newest_entries_of_a_channel(store: Store) -> None:
    """A channel's audit begins with the newest entry, and holds nothing of other channels."""
    entries = [
        AuditEntry(channel=CHANNEL, at=NOW, who="U1", action="subscribe", subject=str(number))
        for number in range(4)
    ]
    elsewhere = replace(entries[0], channel=Channel(team_id="T1", channel_id="C9"))
    async with store.write() as work:
        for entry in (*entries, elsewhere):
            await work.audit.add(entry)
    async with store.read() as work:
        assert await work.audit.newest(CHANNEL, limit=3) == entries[:0:-1]


async def test_audit_entries_are_kept(store: Store, read_sql: ReadSql) -> None:
    """Who did what to what, where and when, is in the database."""
    async with store.write() as work:
        await work.audit.add(AuditEntry(channel=CHANNEL, at=NOW, who="U1", action="subscribe", subject="all"))
    rows = await read_sql("SELECT team_id, channel_id, who, action, subject FROM audit")
    assert rows == [("T1", "C1", "U1", "subscribe", "all")]


SETTINGS = ChannelSettings(
    channel=CHANNEL,
    language="ja",
    zone="Asia/Tokyo",
    digest="daily 09:00",
    digest_until=NOW,
)


async def test_settings_are_kept_whole(store: Store) -> None:
    """A channel's settings are read as they were saved, and saving again replaces them; other channels have none."""
    bare = ChannelSettings(channel=CHANNEL)
    for said in (SETTINGS, bare):
        async with store.write() as work:
            await work.channels.save_settings(said)
        async with store.read() as work:
            assert await work.channels.settings(CHANNEL) == said
            assert await work.channels.settings(OTHER_CHANNEL) is None


async def test_what_two_change_at_once_is_kept(store: Store) -> None:
    """The language is set while the hours begin: what came before them is not told again."""
    before = replace(SETTINGS, hours="mon-fri 08:00-19:00")
    async with store.write() as work:
        await work.channels.save_settings(before)

    async def begin() -> bool:
        async with store.write() as work:
            return await work.channels.advance_hours(before, NOW)

    async with store.write() as work:
        read = await work.channels.settings_to_change(CHANNEL)
        beginning = asyncio.create_task(begin())
        await asyncio.wait({beginning}, timeout=0.2)  # it waits for this transaction
        await work.channels.save_settings(replace(read, language="en"))
    assert await beginning
    async with store.read() as work:
        assert await work.channels.settings(CHANNEL) == replace(before, language="en", hours_told=NOW)


async def test_a_time_of_day_moves_with_the_zone_of_its_channel(store: Store) -> None:
    """A length of time does not, nor what stands in another channel; without a zone it is UTC."""
    workspace_id = await a_workspace(store)
    for selector, fresh in (("a", "09:00 UTC"), ("b", "36h"), ("c", None), ("d", "17:30 Asia/Tokyo")):
        await subscribe(store, workspace_id, selector, filters=Filters(fresh=fresh))
    await subscribe(store, workspace_id, channel=OTHER_CHANNEL, filters=Filters(fresh="09:00 UTC"))
    for zone, moved in (("Europe/Berlin", "Europe/Berlin"), (None, "UTC")):
        async with store.write() as work:
            await work.channels.save_settings(replace(SETTINGS, zone=zone))
        async with store.read() as work:
            here = [each.filters.fresh for each in await work.subscriptions.for_channel(CHANNEL)]
            (there,) = await work.subscriptions.for_channel(OTHER_CHANNEL)
        assert here == [f"09:00 {moved}", "36h", None, f"17:30 {moved}"]
        assert there.filters.fresh == "09:00 UTC"


async def test_digests_longest_waiting_first(store: Store) -> None:
    """Only the channels that get a digest are read, in the order of their last digests."""
    other = replace(SETTINGS, channel=OTHER_CHANNEL, digest_until=NOW - MINUTE)
    without = replace(SETTINGS, channel=replace(CHANNEL, channel_id="C3"), digest=None, digest_until=None)
    async with store.write() as work:
        for each in (SETTINGS, other, without):
            await work.channels.save_settings(each)
        assert await work.channels.with_digest() == [other, SETTINGS]


async def test_what_came_before_hours_is_told_by_one(store: Store) -> None:
    """Of two processes one is told that it was too late; so is one whose hours were changed meanwhile."""
    before = replace(SETTINGS, hours="mon-fri 08:00-19:00")
    async with store.write() as work:
        await work.channels.save_settings(before)
        assert await work.channels.with_hours() == [before]
        assert not await work.channels.advance_hours(replace(before, hours="sat 08:00-19:00"), NOW)
        assert not await work.channels.advance_hours(replace(before, zone="Asia/Kathmandu"), NOW)
        assert [await work.channels.advance_hours(before, NOW) for _ in range(2)] == [True, False]
        told = await work.channels.settings(CHANNEL)
        assert told == replace(before, hours_told=NOW)
        assert await work.channels.advance_hours(told, NOW + MINUTE)


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


def a_sync(workspace_id: int) -> RequestedSync:
    """A sync that is not stored yet."""
    return RequestedSync(
        sync_id=0,
        channel=CHANNEL,
        workspace_id=workspace_id,
        integration_id="one",
        who="U1",
        asked_at=NOW,
        newest_start=NOW - MINUTE,
        announced="sync:1",
    )


async def test_a_sync_comes_back_as_it_was(store: Store) -> None:
    """Every field is kept, and only its own workspace follows it."""
    ours, other = await a_workspace(store), await a_workspace(store, "iad-02")
    wanted = [
        a_sync(ours),
        replace(a_sync(ours), newest_start=None),
    ]
    async with store.write() as work:
        for sync in (*wanted, a_sync(other)):
            await work.requested_syncs.add(sync)
    async with store.read() as work:
        found = await work.requested_syncs.for_workspace(ours)
    assert [replace(sync, sync_id=0) for sync in found] == wanted
    assert len({sync.sync_id for sync in found}) == 2


async def test_a_requested_sync_is_removed_once(store: Store) -> None:
    """Whoever removes it second is told that it was removed."""
    workspace_id = await a_workspace(store)
    async with store.write() as work:
        await work.requested_syncs.add(a_sync(workspace_id))
        (sync,) = await work.requested_syncs.for_workspace(workspace_id)
        assert await work.requested_syncs.remove(sync.sync_id)
        assert not await work.requested_syncs.remove(sync.sync_id)
        assert await work.requested_syncs.for_workspace(workspace_id) == []


async def test_a_message_is_known_by_its_key(store: Store) -> None:
    """Whether it is still pending, what it waits for, and its `ts` in Slack."""
    content = Unsubscribed(who="U1", workspace_id=1, selector="all")
    owed = OwedMessage(key="k", channel=CHANNEL, kind=MessageKind.NOTICE, content=content, not_before=NOW)
    async with store.write() as work:
        assert await work.outbox.progress("k") == Progress(is_pending=False)
        await work.outbox.add([owed], now=NOW)
        assert await work.outbox.progress("k") == Progress(is_pending=True)
        (message,) = await work.outbox.pending(CHANNEL, limit=1)
        await work.outbox.postpone(message.message_id, until=NOW, error="not_in_channel", keep_sending=False)
        assert await work.outbox.progress("k") == Progress(is_pending=True, last_error="not_in_channel")
        await work.outbox.mark_sent(message.message_id, ts="1.2", now=NOW)
        assert (await work.outbox.progress("k")).ts == "1.2"
