"""Which open incidents are repeated when nobody acknowledges them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from cdi_bot.core.model.channel import Channel
from cdi_bot.core.model.incident import NOBODY, Incident, acknowledged
from cdi_bot.core.model.message import StillOpen
from cdi_bot.core.model.subscription import Filters
from cdi_bot.core.rules.small_losses import ALWAYS_LOSES
from cdi_bot.item_troubles import ItemTroubles
from cdi_bot.monitoring.reminders import Reminders
from cdi_bot.store import Store
from tests.databases import Databases
from tests.store.samples import NOW, a_workspace, incident, integration

HOUR = timedelta(hours=1)
ALERTS = Channel(team_id="T1", channel_id="C0ALERTS001")


@pytest.fixture
async def store(databases: Databases, tmp_path: Path) -> AsyncIterator[Store]:
    """A store with all tables."""
    opened = await Store.open(databases.migrated("sqlite", tmp_path))
    yield opened
    await opened.close()


async def reminded(store: Store, found: Incident, after: timedelta) -> bool:
    """Whether an incident whose card was posted at `NOW` is repeated so long after."""
    await posted(store, found)
    return await reminders_told(store, after) > 0


async def posted(store: Store, found: Incident) -> Incident:
    """Store an incident whose card was posted at `NOW`."""
    async with store.write() as uow:
        (stored,) = await uow.incidents.add([found])
        await uow.integrations.save([integration(found.workspace_id, "one", watched_since=NOW)])
        await uow.subscriptions.add(
            channel=ALERTS,
            workspace_id=found.workspace_id,
            selector="all",
            filters=Filters(),
            by="U1",
            now=NOW,
        )
        card = await uow.cards.add(ALERTS, [stored.incident_id], now=NOW)
        await uow.cards.mark_shown(card.card_id, revision=1, ts=f"{NOW.timestamp():.6f}", now=NOW)
    return stored


async def reminders_told(store: Store, after: timedelta) -> int:
    """How many reminders there are once it was looked so long after `NOW`."""
    reminders = Reminders(
        store=store,
        workspace_id=1,
        clock=lambda: NOW + after,
        repeat_after=4 * HOUR,
        wake=lambda: None,
        troubles=ItemTroubles(lambda: NOW + after),
    )
    await reminders.tick()
    async with store.read() as uow:
        owed = await uow.outbox.pending(ALERTS, limit=99)
    return sum(isinstance(each.owed.content, StillOpen) for each in owed)


async def test_an_open_incident_is_repeated(store: Store) -> None:
    """After the interval."""
    assert await reminded(store, incident(await a_workspace(store)), 4 * HOUR)


async def test_one_that_is_recovering_is_not(store: Store) -> None:
    """There is nothing to do."""
    found = incident(await a_workspace(store), recovered_since=NOW + HOUR, reopened=1)
    assert not await reminded(store, found, 5 * HOUR)


async def test_one_that_is_back_was_told_just_now(store: Store) -> None:
    """It is repeated when it fails at the end of an interval."""
    found = incident(await a_workspace(store), failing_since=NOW + 4.5 * HOUR, reopened=1)
    assert not await reminded(store, found, 7 * HOUR)


async def test_one_that_fails_through_the_end_of_an_interval_is_repeated(store: Store) -> None:
    """Also when it has come back before."""
    found = incident(await a_workspace(store), failing_since=NOW + 4.5 * HOUR, reopened=1)
    assert await reminded(store, found, 8 * HOUR)


async def test_a_loss_that_is_usual_is_told_once(store: Store) -> None:
    """Nobody is reminded of it."""
    assert not await reminded(store, incident(await a_workspace(store), reason=ALWAYS_LOSES), 9 * HOUR)


async def test_one_that_was_taken_back_has_its_interval_again(store: Store) -> None:
    """Nobody is reminded of what they have just been told."""
    found = incident(await a_workspace(store), taken_back_at=NOW + 5 * HOUR)
    assert not await reminded(store, found, 8.9 * HOUR)


async def test_each_interval_without_anybody_is_told_once(store: Store) -> None:
    """However often an acknowledgement is taken back in between."""
    found = await posted(store, incident(await a_workspace(store)))
    times = []
    for hours in range(32):
        to = None if hours in {5, 15, 20} else NOBODY if hours in {9, 16, 21} else ""
        changed = acknowledged(found, "U1", NOW + hours * HOUR, to) if to != "" else None
        if changed:
            async with store.write() as uow:
                assert await uow.incidents.update(changed, expected_revision=found.revision)
            found = changed
        times.append(await reminders_told(store, hours * HOUR))
    assert [hours for hours in range(1, 32) if times[hours] > times[hours - 1]] == [4, 13, 25, 29]
    assert times[-1] == 4
