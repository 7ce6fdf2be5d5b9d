"""The outbox."""

from __future__ import annotations

import pytest

from cdi_bot.core.model.channel import Channel
from cdi_bot.core.model.message import GroupedReply, OutboxMessage
from cdi_bot.store import Store, StoreTrouble
from tests.store.samples import (
    CHANNEL,
    MINUTE,
    NOW,
    OTHER_CHANNEL,
    SECOND,
    ReadSql,
    a_card,
    a_process,
    claim,
    holding_all,
    notice,
    owe,
    reply,
)

THIRD_CHANNEL = Channel(team_id="T0", channel_id="C3")


async def pending(store: Store, channel: Channel = CHANNEL, limit: int = 100) -> list[OutboxMessage]:
    """A channel's pending messages."""
    async with store.read() as work:
        return await work.outbox.pending(channel, limit=limit)


async def test_messages_are_pending_in_order(store: Store) -> None:
    """A channel's messages come in the order in which they were added, due or not, up to a limit."""
    await owe(store, notice("a", not_before=NOW + MINUTE), notice("b", OTHER_CHANNEL), notice("c"))
    await owe(store, notice("d", broadcast=True, card_revision=3))
    messages = await pending(store)
    assert [message.owed.key for message in messages] == ["a", "c", "d"]
    assert messages[0].owed == notice("a", not_before=NOW + MINUTE)
    assert messages[2].owed == notice("d", broadcast=True, card_revision=3)
    assert await pending(store, limit=2) == messages[:2]
    async with store.read() as work:
        assert await work.outbox.depth() == 4


async def test_cards_come_before_replies_and_notices(store: Store) -> None:
    """However many notices were added first, an alert is not behind them."""
    await owe(store, *(notice(str(number)) for number in range(5)))
    card = await a_card(store)
    assert [message.owed.card_id for message in await pending(store, limit=1)] == [card.card_id]


async def test_a_key_is_added_once(store: Store) -> None:
    """Adding a known key again is ignored, within a batch, later, and after it was sent."""
    await owe(store, notice("a"), notice("a", not_before=NOW - MINUTE))
    await owe(store, notice("a", not_before=NOW - MINUTE))
    await owe(store)
    (message,) = await pending(store)
    assert message.owed == notice("a")
    async with store.write() as work:
        await work.outbox.mark_sent(message.message_id, ts="1.1", now=NOW)
    await owe(store, notice("a"))
    assert await pending(store) == []


async def test_a_batch_of_ten_thousand_is_added(store: Store) -> None:
    """Any number of messages is one batch."""
    await owe(store, *(notice(f"{number:05}") for number in range(10_000)))
    async with store.read() as work:
        assert await work.outbox.depth() == 10_000
        keys = [message.owed.key for message in await work.outbox.pending(CHANNEL, limit=10_000)]
    assert keys == sorted(keys)


async def test_what_is_being_sent_is_marked(store: Store, read_sql: ReadSql) -> None:
    """The mark of a hand-over is seen until the message is settled, and what settled it is remembered."""
    await owe(store, notice())
    (message,) = await pending(store)
    async with store.write() as work:
        holder = await holding_all(work)
        await work.outbox.mark_sending(message.message_id, holder=holder, now=NOW + MINUTE)
    (marked,) = await pending(store)
    assert marked.sending_since == NOW + MINUTE
    async with store.write() as work:
        await work.outbox.mark_sent(message.message_id, ts="1.1", now=NOW + 2 * MINUTE)
    assert await pending(store) == []
    assert await read_sql("SELECT ts, sending_since FROM outbox") == [("1.1", None)]


@pytest.mark.parametrize(
    ("keep_sending", "failed", "attempts"), [(True, True, 1), (False, True, 1), (False, False, 0)]
)
async def test_a_message_is_postponed_with_its_reason(
    store: Store, keep_sending: bool, failed: bool, attempts: int
) -> None:
    """It is due later; an unknown outcome stays marked, and only what failed counts as an attempt."""
    await owe(store, notice())
    (message,) = await pending(store)
    async with store.write() as work:
        holder = await holding_all(work)
        await work.outbox.mark_sending(message.message_id, holder=holder, now=NOW)
        await work.outbox.postpone(
            message.message_id,
            until=NOW + MINUTE,
            error="timeout",
            keep_sending=keep_sending,
            failed=failed,
        )
    (after,) = await pending(store)
    assert after.owed.not_before == NOW + MINUTE
    assert (after.attempts, after.last_error) == (attempts, "timeout")
    assert after.sending_since == (NOW if keep_sending else None)


async def test_a_settled_message_stays_settled(store: Store) -> None:
    """A late answer about a message that was settled meanwhile does not make it pending again."""
    await owe(store, notice())
    (message,) = await pending(store)
    async with store.write() as work:
        await work.outbox.mark_sent(message.message_id, ts=None, now=NOW)
        holder = await holding_all(work)
        await work.outbox.mark_sending(message.message_id, holder=holder, now=NOW)
        await work.outbox.postpone(message.message_id, until=NOW, error="late", keep_sending=True)
    assert await pending(store) == []


async def test_a_channel_is_held_as_a_whole(store: Store) -> None:
    """Everything due before is postponed with the reason; what is due later, and other channels, stay."""
    await owe(store, notice("a"), notice("b", not_before=NOW + 9 * MINUTE), notice("c", OTHER_CHANNEL))
    async with store.write() as work:
        await work.outbox.hold(CHANNEL, until=NOW + MINUTE, error="is_archived")
    held, later = await pending(store)
    (other,) = await pending(store, OTHER_CHANNEL)
    assert (held.owed.not_before, held.last_error, held.attempts) == (NOW + MINUTE, "is_archived", 0)
    assert (later.owed.not_before, later.last_error) == (NOW + 9 * MINUTE, None)
    assert (other.owed.not_before, other.last_error) == (NOW, None)


async def test_channels_are_claimed_longest_waiting_first(store: Store) -> None:
    """A claim takes channels with something due, the one that waits longest first, up to a limit."""
    await owe(
        store,
        notice("a", not_before=NOW),
        notice("b", OTHER_CHANNEL, not_before=NOW - MINUTE),
        notice("c", OTHER_CHANNEL, not_before=NOW),
        notice("d", THIRD_CHANNEL, not_before=NOW + MINUTE),
    )
    assert await claim(store, minute=0, limit=1) == [OTHER_CHANNEL]
    assert await claim(store, minute=0) == [CHANNEL]
    assert await claim(store, minute=0) == []


async def test_a_channel_is_held_by_one_process_until_that_is_gone(store: Store) -> None:
    """Nobody else gets it before its holder is removed; then whoever comes first."""
    await owe(store, notice())
    first, second = await a_process(store), await a_process(store)
    assert await claim(store, first) == [CHANNEL]
    assert await claim(store, second) == []
    async with store.write() as work:
        await work.holders.remove(first)
    assert await claim(store, second) == [CHANNEL]


async def test_whoever_was_removed_claims_nothing(store: Store) -> None:
    """It may not know of it yet."""
    await owe(store, notice())
    holder = await a_process(store)
    async with store.write() as work:
        await work.holders.remove(holder)
    with pytest.raises(StoreTrouble):
        await claim(store, holder)
    assert await claim(store, minute=0) == [CHANNEL]


@pytest.mark.parametrize("is_own", [True, False])
async def test_a_channel_is_given_back_by_its_holder(store: Store, is_own: bool) -> None:
    """Giving it back frees the channel at once, but nobody gives back what another holds."""
    await owe(store, notice())
    holder, other = await a_process(store), await a_process(store)
    await claim(store, holder)
    async with store.write() as work:
        await work.outbox.release_channel(CHANNEL, holder=holder if is_own else other, rest_until=None)
    assert await claim(store, other) == ([CHANNEL] if is_own else [])


async def test_whoever_claims_a_channel_gets_the_end_of_its_pause(store: Store) -> None:
    """Slack's rate limit holds for all processes together."""
    await owe(store, notice())
    holder = await a_process(store)
    await claim(store, holder)
    async with store.write() as work:
        await work.outbox.release_channel(CHANNEL, holder=holder, rest_until=NOW + MINUTE)
        found = await work.outbox.claim_channels(holder=holder, now=NOW, limit=1)
    assert found == {CHANNEL: NOW + MINUTE}


async def test_only_the_holder_of_a_channel_marks_what_it_sends(store: Store) -> None:
    """Whoever was away for long finds the channel taken, and sends nothing."""
    await owe(store, notice())
    gone, holder = await a_process(store), await a_process(store)
    await claim(store, gone)
    (message,) = await pending(store)
    async with store.write() as work:
        await work.holders.remove(gone)
    await claim(store, holder)
    async with store.write() as work:
        assert not await work.outbox.mark_sending(message.message_id, holder=gone, now=NOW)
        assert await work.outbox.mark_sending(message.message_id, holder=holder, now=NOW)


async def test_a_channel_with_nothing_due_is_not_claimed(store: Store) -> None:
    """Settled and postponed messages are no reason to claim a channel."""
    await owe(store, notice("a"), notice("b", not_before=NOW + MINUTE))
    first, _ = await pending(store)
    async with store.write() as work:
        await work.outbox.mark_sent(first.message_id, ts="1.1", now=NOW)
    assert await claim(store, minute=0) == []
    assert await claim(store, 1) == [CHANNEL]


async def test_a_message_is_sent_by_one_at_a_time(store: Store) -> None:
    """Whoever marks it as being sent has to know its present mark."""
    await owe(store, notice())
    (message,) = await pending(store)
    async with store.write() as work:
        holder = await holding_all(work)
        assert await work.outbox.mark_sending(message.message_id, holder=holder, now=NOW)
        assert not await work.outbox.mark_sending(message.message_id, holder=holder, now=NOW + MINUTE)
        assert await work.outbox.mark_sending(message.message_id, holder=holder, now=NOW + MINUTE, before=NOW)
        assert not await work.outbox.mark_sending(
            message.message_id, holder=holder, now=NOW + MINUTE, before=NOW
        )


async def test_messages_are_combined(store: Store) -> None:
    """One message includes the others, and keeps its key and place; the others are settled, and never pending again."""
    said = GroupedReply(fact="recovered", incident_ids=(1, 2, 3))
    await owe(store, notice("a"), notice("b"), notice("c"))
    first, *others = await pending(store)
    ids = [each.message_id for each in others]
    async with store.write() as work:
        await work.outbox.combine(first.message_id, said, ids, now=NOW)
    await owe(store, notice("b"))
    (left,) = await pending(store)
    assert (left.message_id, left.owed.key, left.owed.content) == (first.message_id, "a", said)


async def test_a_posted_reply_takes_in_what_comes_after_it(store: Store) -> None:
    """It is pending again, under its `ts`, to be updated; of a posted one that Slack lost, the `ts` goes."""
    card = await a_card(store)
    await owe(store, reply(card, "one"), reply(card, "two"))
    _shown, one, two = await pending(store)
    async with store.write() as work:
        await work.outbox.mark_sent(one.message_id, ts="2.1", now=NOW)
        assert [each.owed.key for each in await work.outbox.recent_replies(CHANNEL, since=NOW)] == ["one"]
        assert await work.outbox.recent_replies(CHANNEL, since=NOW + SECOND) == []
        said = GroupedReply(fact="recovered", incident_ids=(1, 2))
        await work.outbox.combine(one.message_id, said, [two.message_id], now=NOW + MINUTE)
        assert await work.outbox.recent_replies(CHANNEL, since=NOW) == []
    (_shown, again) = await pending(store)
    assert (again.message_id, again.ts, again.owed.content) == (one.message_id, "2.1", said)
    assert again.owed.not_before == NOW + MINUTE
    async with store.write() as work:
        await work.outbox.forget_ts(one.message_id)
    assert (await pending(store))[1].ts is None


async def test_what_is_being_sent_is_not_combined(store: Store) -> None:
    """A message that may be in Slack already keeps its own content, and then nothing is changed."""
    await owe(store, notice("a"), notice("b"))
    first, second = await pending(store)
    async with store.write() as work:
        holder = await holding_all(work)
        await work.outbox.mark_sending(second.message_id, holder=holder, now=NOW)
    async with store.write() as work:
        said = GroupedReply(fact="recovered", incident_ids=(1, 2))
        await work.outbox.combine(first.message_id, said, [second.message_id], now=NOW)
    assert [each.owed.content for each in await pending(store)] == [first.owed.content, second.owed.content]


async def test_what_waits_for_hours_keeps_nothing_else_out(store: Store) -> None:
    """It is passed over until it is due, and is nothing that Slack is waited for with."""
    later = NOW + 60 * MINUTE
    async with store.write() as work:
        await work.outbox.add([notice("a"), notice("b"), notice("c")], now=NOW)
        first, second, _ = await work.outbox.pending(CHANNEL, limit=9)
        await work.outbox.hold_back([first.message_id, second.message_id], until=later)
        assert [each.owed.key for each in await work.outbox.pending(CHANNEL, limit=1, now=NOW)] == ["c"]
        assert len(await work.outbox.pending(CHANNEL, now=later)) == 3
        assert len(await work.outbox.pending(CHANNEL)) == 3
        await work.outbox.settle([second.message_id], now=NOW)
        assert [each.owed.key for each in await work.outbox.pending(CHANNEL)] == ["a", "c"]
        await work.outbox.mark_sent(3, ts="1.1", now=NOW)
        assert await work.outbox.waiting_since() is None
