"""Several processes on one database: here two stores, which share nothing but the database."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from cdi_bot.core.model.channel import Channel
from cdi_bot.core.model.incident import Kind
from cdi_bot.store import Store
from tests.databases import ENGINES, Databases
from tests.store.samples import (
    CHANNEL,
    NOW,
    a_card,
    a_process,
    a_workspace,
    claim,
    incident,
    integration,
    notice,
    of_card,
    owe,
)

MANY = 12
"""Transactions that try at once."""

BLOCKED = 0.2
"""Seconds after which a transaction that could go on would have done so."""


@pytest.fixture(params=[*ENGINES, "pgbouncer"])
def engine(request: pytest.FixtureRequest) -> str:
    """The engine's name; with "pgbouncer" the processes reach PostgreSQL through one, in transaction mode."""
    name: str = request.param
    return name


@pytest.fixture
def url(databases: Databases, engine: str, tmp_path: Path) -> Iterator[str]:
    """A database with all tables."""
    with databases.reached(engine, tmp_path) as url:
        yield url


@pytest.fixture
async def stores(store: Store, url: str) -> AsyncIterator[tuple[Store, Store]]:
    """Two stores on one database."""
    second = await Store.open(url)
    yield store, second
    await second.close()


async def test_no_channel_is_claimed_twice(stores: tuple[Store, Store]) -> None:
    """However many claim at once, each channel with something due goes to exactly one of them."""
    channels = [Channel(team_id="T1", channel_id=f"C{number:02}") for number in range(40)]
    await owe(stores[0], *(notice(f"for {channel.channel_id}", channel) for channel in channels))

    async def claim_some(number: int) -> list[Channel]:
        return await claim(stores[number % 2], minute=0, limit=5)

    claimed = [channel for found in await asyncio.gather(*map(claim_some, range(MANY))) for channel in found]
    assert sorted(claimed) == channels


async def test_a_claim_does_not_wait_for_another(stores: tuple[Store, Store], engine: str) -> None:
    """On PostgreSQL a claim passes over what another transaction is about to claim or to add to."""
    if engine == "sqlite":
        pytest.skip("SQLite has one writer at a time")
    other = Channel(team_id="T1", channel_id="C9")
    await owe(stores[0], notice("a"), notice("b", other))
    holders = [await a_process(store) for store in stores]
    async with stores[0].write() as first, stores[1].write() as second:
        found = await first.outbox.claim_channels(holder=holders[0], now=NOW, limit=1)
        assert list(found) == [CHANNEL]
        await first.outbox.add([notice("c", other)], now=NOW)
        found = await second.outbox.claim_channels(holder=holders[1], now=NOW, limit=9)
        assert list(found) == [other]


async def test_one_change_of_a_revision_wins(stores: tuple[Store, Store]) -> None:
    """Of many changes made for the same revision of an incident one succeeds."""
    workspace_id = await a_workspace(stores[0])
    async with stores[0].write() as work:
        (opened,) = await work.incidents.add([incident(workspace_id)])

    async def acknowledge(number: int) -> bool:
        changed = replace(opened, revision=2, acknowledged_by=f"U{number}", acknowledged_at=NOW)
        async with stores[number % 2].write() as work:
            return await work.incidents.update(changed, expected_revision=1)

    wins = await asyncio.gather(*map(acknowledge, range(MANY)))
    assert wins.count(True) == 1
    async with stores[0].read() as work:
        (stored,) = await work.incidents.open_for(workspace_id, Kind.SYNC_FAILED, None)
    assert stored.acknowledged_by == f"U{wins.index(True)}"


async def test_one_claim_of_a_workspace_wins(stores: tuple[Store, Store]) -> None:
    """A workspace has one poller, however many start at once."""
    workspace_id = await a_workspace(stores[0])
    holders = [await a_process(stores[0]) for _ in range(MANY)]

    async def claim_it(number: int) -> bool:
        async with stores[number % 2].write() as work:
            return await work.workspaces.claim(workspace_id, holder=holders[number])

    assert (await asyncio.gather(*map(claim_it, range(MANY)))).count(True) == 1


async def test_many_writers_get_their_turn(stores: tuple[Store, Store]) -> None:
    """Writing transactions of several processes all succeed, with their messages."""

    async def write(number: int) -> None:
        await owe(stores[number % 2], notice(f"{number} a"), notice(f"{number} b"))

    await asyncio.gather(*map(write, range(MANY)))
    async with stores[0].read() as work:
        assert await work.outbox.depth() == 2 * MANY


async def test_reading_waits_for_no_writer(stores: tuple[Store, Store]) -> None:
    """While a transaction writes, others read what was committed before it; one transaction sees one moment."""
    await owe(stores[0], notice("a"))
    async with stores[1].read() as look:
        assert await look.outbox.depth() == 1
        async with stores[0].write() as work:
            await work.outbox.add([notice("b")], now=NOW)
            async with stores[0].read() as other_look:
                assert await other_look.outbox.depth() == 1
        assert await look.outbox.depth() == 1
    async with stores[1].read() as look:
        assert await look.outbox.depth() == 2


async def test_settling_waits_for_a_change_under_way(stores: tuple[Store, Store]) -> None:
    """A card that another process is just changing is not settled over the change: the change stays pending."""
    card = await a_card(stores[0])
    async with stores[0].write() as work:
        await work.cards.mark_shown(card.card_id, revision=1, ts="1.1", now=NOW)
        (message,) = await work.outbox.pending(CHANNEL, limit=1)

    async def settle() -> None:
        async with stores[1].write() as work:
            await work.outbox.mark_sent(message.message_id, ts="1.1", now=NOW)

    async with stores[0].write() as work:
        await work.cards.raise_revision([card.card_id])
        await work.outbox.add([of_card(card)], now=NOW)
        settling = asyncio.create_task(settle())
        await asyncio.wait({settling}, timeout=BLOCKED)
        assert not settling.done()
    await settling
    async with stores[0].read() as look:
        assert len(await look.outbox.pending(CHANNEL, limit=9)) == 1


async def test_merging_waits_for_a_change_under_way(stores: tuple[Store, Store]) -> None:
    """A card that another process is about to change is merged after the change, which the merged card then shows."""
    into, other = await a_card(stores[0]), await a_card(stores[0])
    async with stores[0].read() as look:
        members = (await look.cards.members([other.card_id]))[other.card_id]

    async def merge() -> None:
        async with stores[1].write() as work:
            await work.cards.merge(into.card_id, [other.card_id], now=NOW)

    async with stores[0].write() as work:
        assert await work.cards.of_incidents(members) == {members[0]: [other]}
        merging = asyncio.create_task(merge())
        await asyncio.wait({merging}, timeout=BLOCKED)
        assert not merging.done()
        raised = await work.cards.raise_revision([other.card_id])
        await work.outbox.add([of_card(card) for card in raised.values()], now=NOW)
    await merging
    async with stores[0].read() as look:
        cards = (await look.cards.of_incidents(members))[members[0]]
        assert [card.card_id for card in cards] == [into.card_id]
        assert [message.owed.card_id for message in await look.outbox.pending(CHANNEL, limit=9)] == [
            into.card_id
        ]


async def test_cards_raised_in_any_order_never_deadlock(stores: tuple[Store, Store]) -> None:
    """Transactions that change the same cards in different orders all get through."""
    cards = [(await a_card(stores[0])).card_id for _ in range(6)]

    async def want(number: int) -> None:
        async with stores[number % 2].write() as work:
            await work.cards.raise_revision(cards if number % 2 else cards[::-1])

    await asyncio.gather(*map(want, range(MANY)))
    async with stores[0].read() as look:
        last = await look.cards.get(cards[0])
    assert last
    assert last.wanted_revision == 1 + MANY


async def test_the_same_run_seen_by_two_stays_one(stores: tuple[Store, Store]) -> None:
    """Two processes that store the same integrations at once end with the values of either of them."""
    workspace_id = await a_workspace(stores[0])
    many = [integration(workspace_id, f"{number:03}") for number in range(50)]

    async def save(number: int) -> None:
        async with stores[number % 2].write() as work:
            await work.integrations.save(many if number % 2 else many[::-1])

    await asyncio.gather(*map(save, range(MANY)))
    async with stores[1].read() as look:
        assert await look.integrations.all(workspace_id) == many


async def test_a_failed_transaction_leaves_nothing(store: Store) -> None:
    """Whatever is raised inside rolls everything back and is raised on as it is."""

    async def fail() -> None:
        async with store.write() as work:
            await work.outbox.add([notice()], now=NOW)
            raise KeyError

    with pytest.raises(KeyError):
        await fail()
    async with store.read() as look:
        assert await look.outbox.depth() == 0


async def test_a_cancelled_transaction_leaves_nothing(store: Store) -> None:
    """A task that is cancelled in the middle of writing blocks nobody after it."""
    begun = asyncio.Event()

    async def write() -> None:
        async with store.write() as work:
            await work.outbox.add([notice()], now=NOW)
            begun.set()
            await asyncio.Event().wait()

    writing = asyncio.create_task(write())
    await begun.wait()
    writing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await writing
    async with store.write() as work:
        assert await work.outbox.depth() == 0


async def test_a_task_cancelled_while_it_waits_to_write_holds_up_nobody(store: Store) -> None:
    """A task that stops waiting for its turn leaves the turn to the next."""
    async with store.write() as work:
        waiting = asyncio.create_task(owe(store, notice("a")))
        await asyncio.wait({waiting}, timeout=BLOCKED / 4)
        waiting.cancel()
        await work.outbox.add([notice("b")], now=NOW)
    await asyncio.wait({waiting})
    await owe(store, notice("c"))
    async with store.read() as look:
        assert {message.owed.key for message in await look.outbox.pending(CHANNEL, limit=9)} >= {"b", "c"}


_KILLED = """
import asyncio, os, signal, sys
from cdi_bot.store import Store
from cdi_bot.holder import Holder
from tests.store.samples import NOW, notice, owe

async def main():
    store = await Store.open(sys.argv[1])
    await owe(store, notice("committed"))
    killed = Holder(store)
    await killed.beat()
    async with store.write() as work:
        await work.outbox.claim_channels(holder=killed.number, now=NOW, limit=1)
    async with store.write() as work:
        await work.outbox.add([notice("not committed")], now=NOW)
        os.kill(os.getpid(), signal.SIGKILL)

asyncio.run(main())
"""


async def test_a_killed_process_keeps_its_commits_and_no_more(store: Store, url: str) -> None:
    """After SIGKILL what was committed is there, what was not is not."""
    ended = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-c", _KILLED, url],
        check=False,
        env={**os.environ, "PYTHONPATH": "."},
    )
    assert ended.returncode == -signal.SIGKILL
    async with store.write() as work:
        assert [each.owed.key for each in await work.outbox.pending(CHANNEL, limit=9)] == ["committed"]
