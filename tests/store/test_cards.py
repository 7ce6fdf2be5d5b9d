"""Cards, and their messages."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cdi_bot.core.model.channel import Channel
from cdi_bot.core.model.message import Card, OutboxMessage
from cdi_bot.store import Store, StoreTrouble
from tests.store.samples import (
    CHANNEL,
    MINUTE,
    NOW,
    OTHER_CHANNEL,
    SECOND,
    a_card,
    a_workspace,
    holding_all,
    incident,
    notice,
    of_card,
    owe,
    reply,
    some_incidents,
)


async def card_of(store: Store, card_id: int) -> Card | None:
    """The card as it is stored now."""
    async with store.read() as work:
        return await work.cards.get(card_id)


async def pending(store: Store, channel: Channel = CHANNEL) -> list[OutboxMessage]:
    """A channel's pending messages."""
    async with store.read() as work:
        return await work.outbox.pending(channel, limit=100)


async def show(store: Store, card: Card, revision: int = 1, ts: str = "1.1") -> None:
    """Record that Slack shows a card."""
    async with store.write() as work:
        await work.cards.mark_shown(card.card_id, revision=revision, ts=ts, now=NOW)


async def test_a_card_shows_its_incidents_in_their_order(store: Store) -> None:
    """A card is found by each of its incidents, and lists them in the order in which they joined."""
    ids = await some_incidents(store, 4)
    mixed = [ids[2], ids[0], ids[1]]
    async with store.write() as work:
        card = await work.cards.add(CHANNEL, mixed, now=NOW)
        other = await work.cards.add(OTHER_CHANNEL, ids[2:3], now=NOW)
        assert (await work.cards.members([card.card_id]))[card.card_id] == mixed
        found = await work.cards.of_incidents(ids)
    assert found == {ids[0]: [card], ids[1]: [card], ids[2]: [card, other]}
    assert found[ids[3]] == []
    assert card == Card(card_id=card.card_id, channel=CHANNEL, wanted_revision=1, created_at=NOW)


async def test_an_incident_has_one_card_in_a_channel(store: Store) -> None:
    """The database itself refuses a second card for it."""
    ids = await some_incidents(store, 1)
    async with store.write() as work:
        await work.cards.add(CHANNEL, ids, now=NOW)
    with pytest.raises(StoreTrouble, match="already holds"):
        async with store.write() as work:
            await work.cards.add(CHANNEL, ids, now=NOW)


async def test_an_unknown_card_is_none(store: Store) -> None:
    """Reading a card that isn't there gives nothing, and raising its revision changes nothing."""
    async with store.write() as work:
        assert await work.cards.get(17) is None
        assert (await work.cards.members([17]))[17] == []
        assert await work.cards.raise_revision([17]) == {}


async def test_each_cards_revision_is_raised_by_one(store: Store) -> None:
    """The cards are returned with their new wanted revision."""
    one, two = await a_card(store), await a_card(store)
    async with store.write() as work:
        await work.cards.raise_revision([one.card_id])
        raised = await work.cards.raise_revision([one.card_id, two.card_id])
    assert {card_id: card.wanted_revision for card_id, card in raised.items()} == {
        one.card_id: 3,
        two.card_id: 2,
    }


async def test_what_is_shown_never_goes_back(store: Store) -> None:
    """The first revision that was posted is remembered, and a late answer about an older one is harmless."""
    card = await a_card(store)
    for revision in (2, 5, 3):
        await show(store, card, revision)
    expected = replace(card, ts="1.1", shown_revision=5, first_shown_revision=2, told_at=NOW)
    assert await card_of(store, card.card_id) == expected


async def test_a_card_is_pending_until_it_shows_the_present(store: Store) -> None:
    """A change that comes while the card is being sent keeps it pending; showing that change settles it."""
    card = await a_card(store)
    (message,) = await pending(store)
    async with store.write() as work:
        holder = await holding_all(work)
        await work.outbox.mark_sending(message.message_id, holder=holder, now=NOW)
    async with store.write() as work:  # a poll, meanwhile
        await work.cards.raise_revision([card.card_id])
        await work.outbox.add([of_card(card, not_before=NOW + MINUTE)], now=NOW + MINUTE)
    async with store.write() as work:
        await work.cards.mark_shown(card.card_id, revision=1, ts="1.1", now=NOW)
        await work.outbox.mark_sent(message.message_id, ts="1.1", now=NOW + MINUTE)
    assert await pending(store) == [replace(message, ts="1.1")]
    async with store.write() as work:
        await work.cards.mark_shown(card.card_id, revision=2, ts="1.1", now=NOW)
        await work.outbox.mark_sent(message.message_id, ts="1.1", now=NOW + MINUTE)
    assert await pending(store) == []


async def test_a_shown_card_that_changes_is_pending_again_in_its_old_place(store: Store) -> None:
    """A settled card that changes is pending again under its id, at the time of the change, with a clean record."""
    card = await a_card(store)
    await owe(store, notice())
    first, other = await pending(store)
    async with store.write() as work:
        await work.outbox.postpone(first.message_id, until=NOW, error="timeout", keep_sending=False)
        await work.cards.mark_shown(card.card_id, revision=1, ts="1.1", now=NOW)
        await work.outbox.mark_sent(first.message_id, ts="1.1", now=NOW)
    assert await pending(store) == [other]
    await owe(store, of_card(card, not_before=NOW + MINUTE))
    again = replace(first, ts="1.1", owed=replace(first.owed, not_before=NOW + MINUTE))
    assert await pending(store) == [again, other]


@pytest.mark.parametrize(("minute", "then"), [(1, 1), (9, 5)])
async def test_a_card_that_is_still_pending_keeps_its_record(store: Store, minute: int, then: int) -> None:
    """Adding it again makes it due at the earlier of the two times, and keeps the count of attempts."""
    card = await a_card(store)
    (message,) = await pending(store)
    async with store.write() as work:
        holder = await holding_all(work)
        await work.outbox.mark_sending(message.message_id, holder=holder, now=NOW)
        await work.outbox.postpone(
            message.message_id, until=NOW + 5 * MINUTE, error="timeout", keep_sending=True
        )
    await owe(store, of_card(card, not_before=NOW + minute * MINUTE))
    (after,) = await pending(store)
    assert after.owed.not_before == NOW + then * MINUTE
    assert (after.attempts, after.last_error, after.sending_since) == (1, "timeout", NOW)


async def test_a_card_may_be_given_up_before_its_first_post(store: Store) -> None:
    """A card that need not be sent any more is settled though Slack never showed it."""
    await a_card(store)
    (message,) = await pending(store)
    async with store.write() as work:
        await work.outbox.mark_sent(message.message_id, ts=None, now=NOW)
    assert await pending(store) == []


async def test_a_posted_card_is_not_given_up_over_a_change(store: Store) -> None:
    """Settling without sending does not lose a change that came in between."""
    card = await a_card(store)
    await show(store, card)
    async with store.write() as work:
        await work.cards.raise_revision([card.card_id])
    (message,) = await pending(store)
    async with store.write() as work:
        await work.outbox.mark_sent(message.message_id, ts=None, now=NOW)
    assert await pending(store) == [message]


async def test_a_card_that_slack_lost_is_posted_again(store: Store) -> None:
    """A card that vanished from Slack is pending again, whatever found it out, and its next post is its first."""
    card = await a_card(store)
    (message,) = await pending(store)
    async with store.write() as work:
        await work.cards.mark_shown(card.card_id, revision=1, ts="1.1", now=NOW)
        await work.outbox.mark_sent(message.message_id, ts="1.1", now=NOW)
        await work.cards.mark_unposted(card.card_id)
    assert await card_of(store, card.card_id) == replace(card, told_at=NOW)
    assert await pending(store) == [message]


async def test_merging_makes_one_card_of_those_not_posted(store: Store) -> None:
    """Members move, replies belong to the other card, and the emptied cards and their messages are gone."""
    into, one, two = await a_card(store, members=2), await a_card(store), await a_card(store)
    await owe(store, reply(one, "one"), reply(two, "two", card_revision=2))
    async with store.write() as work:
        members = [
            member
            for card in (into, one, two)
            for member in (await work.cards.members([card.card_id]))[card.card_id]
        ]
        await work.cards.raise_revision([two.card_id])
        await work.cards.merge(into.card_id, [one.card_id, two.card_id, into.card_id], now=NOW)
        assert (await work.cards.members([into.card_id]))[into.card_id] == members
        shown = await work.cards.of_incidents(members)
        assert [await work.cards.get(card.card_id) for card in (one, two)] == [None, None]
    merged = replace(into, wanted_revision=3, told_at=NOW)
    assert shown == {member: [merged] for member in members}
    messages = await pending(store)
    assert [message.owed.key for message in messages] == [f"card:{into.card_id}", "one", "two"]
    assert {message.owed.card_id for message in messages} == {into.card_id}


async def test_the_merged_cards_first_post_includes_their_replies(store: Store) -> None:
    """A fact of a card that was merged before any post is older than what the first post shows."""
    into, other = await a_card(store), await a_card(store)
    async with store.write() as work:
        (raised,) = (await work.cards.raise_revision([other.card_id])).values()
        await work.outbox.add([reply(other, card_revision=raised.wanted_revision)], now=NOW)
        await work.cards.merge(into.card_id, [other.card_id], now=NOW)
    merged = await card_of(store, into.card_id)
    assert merged
    (told,) = [message.owed for message in await pending(store) if message.owed.key == "reply"]
    assert told.card_revision <= merged.wanted_revision


async def test_what_joins_a_posted_card_is_sent_in_its_thread(store: Store) -> None:
    """A fact of a card that joins one that was posted before is newer than what that post showed."""
    into, other = await a_card(store), await a_card(store)
    await owe(store, reply(other, card_revision=2))
    async with store.write() as work:
        await work.cards.raise_revision([into.card_id])
        await work.cards.mark_shown(into.card_id, revision=2, ts="1.1", now=NOW)
        await work.cards.merge(into.card_id, [other.card_id], now=NOW)
    merged = await card_of(store, into.card_id)
    assert merged
    assert merged.wanted_revision > merged.shown_revision
    (told,) = [message.owed for message in await pending(store) if message.owed.key == "reply"]
    assert told.card_revision > merged.first_shown_revision


async def test_a_card_that_may_be_in_slack_is_not_merged_away(store: Store) -> None:
    """Neither a posted card, nor one whose post has an unknown outcome, nor one of another channel is deleted."""
    into, posted, unknown = await a_card(store), await a_card(store), await a_card(store)
    elsewhere = await a_card(store, OTHER_CHANNEL)
    await show(store, posted)
    message = next(each for each in await pending(store) if each.owed.card_id == unknown.card_id)
    async with store.write() as work:
        holder = await holding_all(work)
        await work.outbox.mark_sending(message.message_id, holder=holder, now=NOW)
        before = {card: await work.cards.get(card.card_id) for card in (into, posted, unknown, elsewhere)}
        await work.cards.merge(into.card_id, [card.card_id for card in before], now=NOW)
        await work.cards.merge(999, [into.card_id], now=NOW)
        for card, state in before.items():
            assert await work.cards.get(card.card_id) == state
            assert len((await work.cards.members([card.card_id]))[card.card_id]) == 1
    assert len(await pending(store)) == 3


async def test_a_dropped_cards_id_is_never_given_again(store: Store) -> None:
    """Messages are keyed by card ids, so an id must not come to name another card."""
    into, dropped = await a_card(store), await a_card(store)
    async with store.write() as work:
        await work.cards.merge(into.card_id, [dropped.card_id], now=NOW)
    assert (await a_card(store)).card_id > dropped.card_id


async def test_recent_cards_told_of_something_new(store: Store) -> None:
    """By their post, or by taking one in; oldest first, of their channel alone, and of none without a post."""
    old, one, two = [await a_card(store) for _ in range(3)]
    unposted, elsewhere = await a_card(store), await a_card(store, OTHER_CHANNEL)
    async with store.write() as work:
        for card, seconds in ((old, 10), (two, 20), (one, 30), (elsewhere, 40)):
            told = NOW + seconds * SECOND
            await work.cards.mark_shown(card.card_id, revision=1, ts=f"{seconds}.1", now=told)
        await work.cards.mark_shown(old.card_id, revision=2, ts="10.1", now=NOW + 50 * SECOND)
    async with store.read() as look:
        recent = await look.cards.recent(CHANNEL, since=NOW + 20 * SECOND)
        assert [card.card_id for card in recent] == [two.card_id, one.card_id]
    async with store.write() as work:
        await work.cards.merge(old.card_id, [unposted.card_id], now=NOW + 60 * SECOND)
        recent = await work.cards.recent(CHANNEL, since=NOW + 30 * SECOND)
    assert [card.card_id for card in recent] == [one.card_id, old.card_id]


async def test_the_card_of_a_storm_changes_with_those_that_it_counts(store: Store) -> None:
    """It is raised with them; where it goes into another card before any post, that one counts them."""
    counted, storm, other = [await a_card(store) for _ in range(3)]
    async with store.write() as work:
        await work.cards.begin_storm(storm.card_id, [counted.card_id], now=NOW)
        raised = await work.cards.raise_revision([counted.card_id])
        assert raised == {
            counted.card_id: replace(counted, wanted_revision=2, counted_by=storm.card_id),
            storm.card_id: replace(storm, wanted_revision=2, storm_since=NOW, told_at=NOW),
        }
        assert await work.cards.counted_by(storm.card_id) == [counted.card_id]
        await work.cards.merge(other.card_id, [storm.card_id], now=NOW)
        assert await work.cards.counted_by(other.card_id) == [counted.card_id]


async def test_a_summary_counts_posted_cards(store: Store) -> None:
    """Not those that a storm counts, which is counted itself; it changes whenever one of them does."""
    ids = await some_incidents(store, 3)
    async with store.write() as work:
        one, storm, counted = [await work.cards.add(CHANNEL, [each], now=NOW) for each in ids]
        await work.cards.begin_storm(storm.card_id, [counted.card_id], now=NOW)
        summary = await work.cards.add(CHANNEL, [], now=NOW, summary_since=NOW - MINUTE)
        await work.cards.count([one.card_id, storm.card_id, counted.card_id], summary.card_id)
        assert await work.cards.counted_by(storm.card_id) == [counted.card_id]
        assert await work.cards.counted_by(summary.card_id) == [one.card_id, storm.card_id, counted.card_id]
        raised = await work.cards.raise_revision([counted.card_id])
        assert set(raised) == {counted.card_id, storm.card_id, summary.card_id}
        again = await work.cards.add(CHANNEL, [], now=NOW, summary_since=NOW)
        await work.cards.count([one.card_id], again.card_id)
        assert await work.cards.counted_by(again.card_id) == [one.card_id]


async def test_a_summary_is_no_new_incident(store: Store) -> None:
    """It begins no storm; the cards on which something is open are found while they are posted."""
    workspace_id, (over,) = await a_workspace(store), await some_incidents(store, 1)
    async with store.write() as work:
        (is_open,) = await work.incidents.add([incident(workspace_id)])
        ids = [over, is_open.incident_id]
        summary = await work.cards.add(CHANNEL, [ids[0]], now=NOW, summary_since=NOW - MINUTE)
        card = await work.cards.add(CHANNEL, [ids[1]], now=NOW)
        assert await work.cards.open_in(CHANNEL) == {}
        for each in (summary, card):
            await work.cards.mark_shown(each.card_id, revision=1, ts=f"{each.card_id}.1", now=NOW)
        assert [each.card_id for each in await work.cards.recent(CHANNEL, since=NOW)] == [card.card_id]
        assert await work.cards.open_in(CHANNEL) == {card.card_id: [ids[1]]}
