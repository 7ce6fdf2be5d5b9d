"""What is old goes, and nothing that is still needed."""

from __future__ import annotations

from datetime import datetime

from cdi_bot.core.model.channel import AuditEntry, Channel
from cdi_bot.core.model.incident import Incident
from cdi_bot.store import IntegrationKey, Store
from tests.store.samples import (
    CHANNEL,
    MINUTE,
    NOW,
    OTHER_CHANNEL,
    ReadSql,
    a_workspace,
    incident,
    integration,
    notice,
    of_card,
    owe,
    reply,
    run,
)


async def with_runs(store: Store, workspace_id: int, *ids: str, runs: int = 5) -> None:
    """Integrations with so many runs each, one a minute, the first at `NOW`."""
    async with store.write() as work:
        await work.integrations.save([integration(workspace_id, each) for each in ids])
        await work.runs.save(
            workspace_id,
            [run(minute, "success", each) for each in ids for minute in range(runs)],
        )


async def forget_runs(
    store: Store,
    before: datetime,
    after: IntegrationKey | None = None,
    integrations: int = 10,
    limit: int = 100,
) -> tuple[int, IntegrationKey | None]:
    """Delete runs in their own commit."""
    async with store.write() as work:
        return await work.runs.delete_old(before, after=after, integrations=integrations, limit=limit)


async def minutes(store: Store, workspace_id: int, integration_id: str) -> list[int]:
    """When the stored runs of an integration began, in minutes after `NOW`."""
    async with store.read() as look:
        runs = await look.runs.page(workspace_id, integration_id, offset=0, limit=100)
    return sorted(int((each.sync_start_time - NOW) / MINUTE) for each in runs)


async def test_old_runs_go_and_the_newest_stays(store: Store) -> None:
    """Whatever began before the time goes, but for the newest of each integration, however old it is."""
    here, there = await a_workspace(store), await a_workspace(store, "fra-01")
    await with_runs(store, here, "a", "b")
    await with_runs(store, there, "a", runs=2)
    assert await forget_runs(store, NOW + 3 * MINUTE) == (7, (there, "a"))
    assert await minutes(store, here, "a") == await minutes(store, here, "b") == [3, 4]
    assert await minutes(store, there, "a") == [1]
    assert await forget_runs(store, NOW + 3 * MINUTE) == (0, (there, "a"))


async def test_runs_go_in_steps(store: Store) -> None:
    """A step deletes no more runs and reads no more integrations than it may, and the last one says so."""
    workspace_id = await a_workspace(store)
    await with_runs(store, workspace_id, "a", "b", "c")
    before = NOW + 9 * MINUTE
    assert await forget_runs(store, before, integrations=2, limit=3) == (3, (workspace_id, "b"))
    assert await forget_runs(store, before, integrations=2) == (5, (workspace_id, "b"))
    after = (workspace_id, "b")
    assert await forget_runs(store, before, after, integrations=2) == (4, (workspace_id, "c"))
    assert await forget_runs(store, before, (workspace_id, "c"), integrations=2) == (0, None)


async def test_a_run_that_an_incident_shows_stays(store: Store) -> None:
    """The run of an alert can be read as long as the incident is stored."""
    workspace_id = await a_workspace(store)
    await with_runs(store, workspace_id, "one")
    async with store.write() as work:
        await work.incidents.add(
            [
                incident(
                    workspace_id, last_failed=run(0), resolved_by=run(2, "success"), resolved_at=NOW + MINUTE
                )
            ]
        )
    await forget_runs(store, NOW + 9 * MINUTE)
    assert await minutes(store, workspace_id, "one") == [0, 2, 4]


async def resolved(store: Store, *minutes: int | None) -> list[Incident]:
    """Incidents, each resolved so many minutes after `NOW`, or (`None`) still open."""
    workspace_id = await a_workspace(store)
    async with store.write() as work:
        return await work.incidents.add(
            [
                incident(
                    workspace_id,
                    f"integration-{place}",
                    resolved_at=None if minute is None else NOW + minute * MINUTE,
                )
                for place, minute in enumerate(minutes)
            ]
        )


async def test_an_old_incident_goes_with_its_cards_and_their_messages(
    store: Store, read_sql: ReadSql
) -> None:
    """A card that shows another incident as well stays, and so do open and newer incidents."""
    old, newer, still_open = await resolved(store, 0, 5, None)
    async with store.write() as work:
        alone = await work.cards.add(CHANNEL, [old.incident_id], now=NOW)
        storm = await work.cards.add(
            OTHER_CHANNEL, [old.incident_id, newer.incident_id, still_open.incident_id], now=NOW
        )
        await work.outbox.add([of_card(alone), reply(alone), of_card(storm)], now=NOW)
    async with store.write() as work:
        assert await work.incidents.delete_old(NOW + 3 * MINUTE, limit=10) == 1
        assert await work.incidents.delete_old(NOW + 3 * MINUTE, limit=10) == 0
    assert await read_sql("SELECT incident_id FROM incidents ORDER BY 1") == [
        (newer.incident_id,),
        (still_open.incident_id,),
    ]
    assert await read_sql("SELECT card_id FROM cards") == [(storm.card_id,)]
    assert await read_sql('SELECT "key" FROM outbox') == [(f"card:{storm.card_id}",)]
    async with store.read() as look:
        members = await look.cards.members([storm.card_id])
    assert members == {storm.card_id: [newer.incident_id, still_open.incident_id]}


async def test_incidents_go_in_steps(store: Store) -> None:
    """The oldest go first, no more at a time than asked for."""
    await resolved(store, 2, 0, 1)
    async with store.write() as work:
        counts = [await work.incidents.delete_old(NOW + 9 * MINUTE, limit=2) for _ in range(3)]
    assert counts == [2, 1, 0]


async def test_only_notices_that_were_sent_go_by_themselves(store: Store, read_sql: ReadSql) -> None:
    """What is pending stays however old it is, and what belongs to a card goes with its incident."""
    (told,) = await resolved(store, None)
    async with store.write() as work:
        card = await work.cards.add(CHANNEL, [told.incident_id], now=NOW)
    await owe(store, notice("old"), notice("newer"), notice("owed"), of_card(card))
    async with store.write() as work:
        for message in await work.outbox.pending(CHANNEL, limit=9):
            if message.owed.key != "owed":
                sent = NOW + 5 * MINUTE if message.owed.key == "newer" else NOW
                await work.outbox.mark_sent(message.message_id, ts=None, now=sent)
        assert await work.outbox.delete_notices(NOW + 3 * MINUTE, limit=10) == 1
    assert await read_sql('SELECT "key" FROM outbox ORDER BY message_id') == [
        ("newer",),
        ("owed",),
        (f"card:{card.card_id}",),
    ]


async def test_the_audit_goes_from_its_old_end(store: Store, read_sql: ReadSql) -> None:
    """Entries from before the time go in steps, the oldest first."""
    channel = Channel(team_id="T1", channel_id="C1")
    async with store.write() as work:
        for minute in range(5):
            entry = AuditEntry(channel=channel, at=NOW + minute * MINUTE, who="U1", action="x", subject="y")
            await work.audit.add(entry)
        counts = [await work.audit.delete_old(NOW + 3 * MINUTE, limit=2) for _ in range(3)]
    assert counts == [2, 1, 0]
    assert await read_sql("SELECT count(*) FROM audit") == [(2,)]
