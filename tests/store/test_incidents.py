"""Incidents."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from cdi_bot.core.model.incident import Incident, Kind, Measured
from cdi_bot.store import Store, StoreTrouble
from tests.store.samples import MINUTE, NOW, a_workspace, incident, run


async def add(store: Store, *new: Incident) -> list[Incident]:
    """Add in its own commit."""
    async with store.write() as work:
        return await work.incidents.add(new)


async def get(store: Store, incident_id: int) -> Incident:
    """Read one."""
    async with store.read() as work:
        return (await work.incidents.get_many([incident_id]))[incident_id]


async def test_an_incident_is_kept_whole(store: Store) -> None:
    """Every field of an incident comes back, its runs included, stored before or not."""
    workspace_id = await a_workspace(store)
    (added,) = await add(
        store,
        incident(
            workspace_id,
            revision=3,
            failed_runs=5,
            failed_in_a_row=2,
            last_failed=run(1, rows_failed_with_errors=4),
            resolved_by=run(2, "success", rows_synced=9),
            resolved_at=NOW + 3 * MINUTE,
            acknowledged_by="U1",
            acknowledged_at=NOW + MINUTE,
            reason="rows_low",
            measured=Measured(magnitude=7.2, observed=1240, usual=8900),
            quiet=True,
        ),
    )
    assert await get(store, added.incident_id) == added
    async with store.read() as work:
        assert len(await work.runs.page(workspace_id, "one", offset=0, limit=9)) == 2


async def test_incidents_get_their_ids_in_order(store: Store) -> None:
    """A batch comes back in the order in which it was given, with rising ids; an empty one is nothing."""
    workspace_id = await a_workspace(store)
    new = [incident(workspace_id, f"integration {number}") for number in range(300)]
    added = await add(store, *new)
    assert [replace(each, incident_id=0) for each in added] == new
    ids = [each.incident_id for each in added]
    assert ids == sorted(set(ids))
    assert 0 not in ids
    assert await add(store) == []


async def test_what_is_open_or_over_lately_has_a_fingerprint(store: Store) -> None:
    """It changes with each of their changes, and with nothing else."""
    workspace_id, other = await a_workspace(store), await a_workspace(store, "fra-01")
    one, _, lately = await add(
        store,
        incident(workspace_id, "one"),
        incident(workspace_id, "long ago", resolved_at=NOW - 2 * MINUTE),
        incident(workspace_id, "lately", resolved_at=NOW),
    )
    seen: list[tuple[int, int, int]] = []

    async def look() -> tuple[int, int, int]:
        async with store.read() as work:
            assert await work.incidents.over_since(workspace_id, NOW - MINUTE) == over
            seen.append(await work.incidents.fingerprint(workspace_id, NOW - MINUTE))
        return seen[-1]

    over = [lately]
    assert await look() == (1, 1, 1)
    await add(store, incident(other, "one"), incident(workspace_id, "older", resolved_at=NOW - 3 * MINUTE))
    assert await look() == (1, 1, 1)
    acknowledged = replace(one, acknowledged_by="U1", acknowledged_at=NOW, revision=2)
    async with store.write() as work:
        assert await work.incidents.update(acknowledged, expected_revision=1)
    await look()
    ended = replace(acknowledged, resolved_at=NOW + MINUTE, revision=3)
    async with store.write() as work:
        assert await work.incidents.update(ended, expected_revision=2)
    over = [ended, lately]
    await look()
    await add(store, incident(workspace_id, "new"))
    await look()
    assert len(set(seen)) == 4


async def test_open_incidents_are_found_by_kind_and_integration(store: Store) -> None:
    """Only open ones of the workspace and kind are found, oldest first."""
    workspace_id, other = await a_workspace(store), await a_workspace(store, "fra-01")
    one, two, blind, *_ = await add(
        store,
        incident(workspace_id, "one"),
        incident(workspace_id, "two"),
        incident(workspace_id, None, kind=Kind.UNREACHABLE, reason="bad_key"),
        incident(workspace_id, "three", resolved_at=NOW),
        incident(other, "one"),
    )
    async with store.read() as work:
        find = work.incidents.open_for
        assert await find(workspace_id, Kind.SYNC_FAILED, None) == [one, two]
        assert await find(workspace_id, Kind.SYNC_FAILED, ["two", "three"]) == [two]
        assert await find(workspace_id, Kind.SYNC_FAILED, []) == []
        assert await find(workspace_id, Kind.UNREACHABLE, None) == [blind]


@pytest.mark.parametrize(
    ("integration_id", "kind"),
    [("one", Kind.SYNC_FAILED), (None, Kind.UNREACHABLE)],
    ids=["integration", "workspace"],
)
async def test_nothing_has_two_open_incidents_of_one_kind(
    store: Store, integration_id: str | None, kind: Kind
) -> None:
    """The database itself refuses the second one; after the first is resolved it takes another."""
    workspace_id = await a_workspace(store)
    (first,) = await add(store, incident(workspace_id, integration_id, kind=kind))
    with pytest.raises(StoreTrouble, match="already holds"):
        await add(store, incident(workspace_id, integration_id, kind=kind))
    assert store.trouble is None  # a refusal like this says nothing about the database's health
    async with store.write() as work:
        assert await work.incidents.update(replace(first, revision=2, resolved_at=NOW), expected_revision=1)
    (second,) = await add(store, incident(workspace_id, integration_id, kind=kind))
    assert second.incident_id > first.incident_id


async def test_an_update_needs_the_revision_it_was_made_for(store: Store) -> None:
    """A change made for an older state than the stored one is refused and changes nothing."""
    workspace_id = await a_workspace(store)
    (opened,) = await add(store, incident(workspace_id))
    resolved = replace(opened, revision=2, resolved_at=NOW, resolved_by=run(2, "success"))
    late = replace(opened, revision=2, acknowledged_by="U1", acknowledged_at=NOW)
    async with store.write() as work:
        assert await work.incidents.update(resolved, expected_revision=1)
        assert not await work.incidents.update(late, expected_revision=1)
    assert await get(store, opened.incident_id) == resolved


async def test_an_update_must_raise_the_revision(store: Store) -> None:
    """A change under the same revision would let another change pass unnoticed: it is an error of the program."""
    workspace_id = await a_workspace(store)
    (opened,) = await add(store, incident(workspace_id))
    async with store.write() as work:
        with pytest.raises(ValueError, match="revision"):
            await work.incidents.update(opened, expected_revision=1)


async def test_an_update_with_an_outdated_run_keeps_the_known_one(store: Store) -> None:
    """A change of an incident that was read before its run became exact does not undo that."""
    workspace_id = await a_workspace(store)
    (opened,) = await add(store, incident(workspace_id, last_failed=run(1, provisional=True)))
    exact = replace(run(1, rows_synced=7), sync_start_time=NOW + timedelta(minutes=1, microseconds=5))
    async with store.write() as work:
        await work.runs.save(workspace_id, [exact])
        acknowledged = replace(opened, revision=2, acknowledged_by="U1", acknowledged_at=NOW)
        assert await work.incidents.update(acknowledged, expected_revision=1)
    assert await get(store, opened.incident_id) == replace(acknowledged, last_failed=exact)


async def test_the_newest_incident_of_each(store: Store) -> None:
    """Open or not, of each reason, of the right kind and workspace, after any number of older ones."""
    workspace_id, other = await a_workspace(store), await a_workspace(store, "fra-01")
    added = await add(
        store,
        incident(workspace_id, resolved_at=NOW),
        incident(workspace_id, resolved_at=NOW, reason="odd"),
        incident(workspace_id, resolved_at=NOW),
        incident(workspace_id, "two", resolved_at=NOW, resolved_by=run(1, "success", "two")),
        incident(workspace_id),
        incident(other),
        incident(workspace_id, kind=Kind.LATE),
    )
    async with store.read() as work:
        newest = await work.incidents.newest_of_each(workspace_id, Kind.SYNC_FAILED, ["one", "two", "three"])
        assert newest == {"one": [added[1], added[4]], "two": [added[3]]}
        assert await work.incidents.newest_of_each(workspace_id, Kind.SYNC_FAILED, []) == {}


async def test_the_newest_incident_of_a_workspace(store: Store) -> None:
    """Of none of its integrations."""
    workspace_id = await a_workspace(store)
    unreachable = incident(workspace_id, kind=Kind.UNREACHABLE)
    _, newest, _ = await add(
        store,
        *(replace(unreachable, integration_id=None, resolved_at=NOW) for _ in range(2)),
        incident(workspace_id),
    )
    async with store.read() as work:
        assert await work.incidents.newest_of_workspace(workspace_id, Kind.UNREACHABLE) == newest
        assert await work.incidents.newest_of_workspace(workspace_id, Kind.LATE) is None


async def test_incidents_are_found_by_the_runs_that_ended_them(store: Store) -> None:
    """However many began since; of the right kind, workspace and integration."""
    workspace_id, other = await a_workspace(store), await a_workspace(store, "fra-01")
    good = [run(minute, "success", provisional=True) for minute in range(3)]
    one, two, *_ = await add(
        store,
        *(incident(workspace_id, resolved_at=NOW, resolved_by=each) for each in good),
        incident(workspace_id, resolved_at=NOW, resolved_by=good[1], kind=Kind.LATE),
        incident(workspace_id, "two", resolved_at=NOW, resolved_by=run(1, "success", "two")),
        incident(other, resolved_at=NOW, resolved_by=good[1]),
        incident(workspace_id),
    )
    async with store.read() as work:
        assert await work.incidents.resolved_by(workspace_id, [good[1], good[0]]) == [one, two]
        assert await work.incidents.resolved_by(workspace_id, []) == []


async def test_incidents_of_a_period(store: Store) -> None:
    """Those that lasted at some time of it are read: of integrations, or of the workspace itself."""
    workspace_id = await a_workspace(store)
    facts: dict[str, dict[str, Any]] = {
        "over before": {"opened_at": NOW - 3 * MINUTE, "resolved_at": NOW},
        "into it": {"opened_at": NOW - 3 * MINUTE, "resolved_at": NOW + MINUTE},
        "still open": {"opened_at": NOW + MINUTE},
        "after it": {"opened_at": NOW + 2 * MINUTE, "resolved_at": NOW + 3 * MINUTE},
    }
    async with store.write() as work:
        added = await work.incidents.add(
            [incident(workspace_id, name, **fact) for name, fact in facts.items()]
            + [incident(workspace_id, None, kind=Kind.UNREACHABLE)]
        )
        period = {"since": NOW, "until": NOW + 2 * MINUTE}
        of_integrations = await work.incidents.during(workspace_id, list(facts), **period)
        of_workspace = await work.incidents.during(workspace_id, None, **period)
    assert [each.integration_id for each in of_integrations] == ["into it", "still open"]
    assert of_workspace == added[-1:]


async def test_open_incidents_of_several_workspaces(store: Store) -> None:
    """Those of the integrations that are asked for, and of the workspaces themselves."""
    first, second, third = [await a_workspace(store, name) for name in ("iad-01", "iad-02", "iad-03")]
    await add(
        store,
        incident(first, "one"),
        incident(first, "two"),
        incident(second, None, kind=Kind.UNREACHABLE),
        incident(second, "two"),
        incident(third, "one"),
    )
    async with store.read() as work:
        found = await work.incidents.open_of({first, second}, {"one"})
    assert [(each.workspace_id, each.integration_id) for each in found] == [(first, "one"), (second, None)]
