"""Requested syncs."""

from __future__ import annotations

from dataclasses import replace

from cdi_bot.core.model.message import MessageKind, OwedMessage, Unsubscribed
from cdi_bot.core.model.requested_sync import RequestedSync
from cdi_bot.store import Store
from tests.store.samples import CHANNEL, MINUTE, NOW, a_workspace


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
        incident_id=None,
        announced="sync:1",
        is_certain=True,
    )


async def test_a_sync_comes_back_as_it_was(store: Store) -> None:
    """Every field is kept, and only its own workspace follows it."""
    ours, other = await a_workspace(store), await a_workspace(store, "iad-02")
    wanted = [
        a_sync(ours),
        replace(a_sync(ours), newest_start=None, incident_id=2**40, is_certain=False),
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
    """Whether it is still pending, and its `ts` in Slack."""
    content = Unsubscribed(who="U1", workspace_id=1, selector="all")
    owed = OwedMessage(key="k", channel=CHANNEL, kind=MessageKind.NOTICE, content=content, not_before=NOW)
    async with store.write() as work:
        assert not await work.outbox.is_pending("k")
        await work.outbox.add([owed], now=NOW)
        assert await work.outbox.is_pending("k")
        assert await work.outbox.posted_ts("k") is None
        (message,) = await work.outbox.pending(CHANNEL, limit=1)
        await work.outbox.mark_sent(message.message_id, ts="1.2", now=NOW)
        assert not await work.outbox.is_pending("k")
        assert await work.outbox.posted_ts("k") == "1.2"
