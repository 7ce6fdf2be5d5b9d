"""Workspaces and integrations."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cdi_bot.store import LeaseLost, Store
from tests.store.samples import MINUTE, NOW, SECOND, a_process, a_workspace, integration


async def test_a_workspace_is_found_by_its_base_url(store: Store) -> None:
    """The same base URL gives one workspace, with the dashboard URL that was given last."""
    async with store.write() as work:
        first = await work.workspaces.find_or_add(base_url="https://rest.example", dashboard_url=None)
        again = await work.workspaces.find_or_add(
            base_url="https://rest.example", dashboard_url="https://d.example"
        )
        other = await work.workspaces.find_or_add(base_url="https://rest2.example", dashboard_url=None)
    assert again == replace(first, dashboard_url="https://d.example")
    assert other.workspace_id != first.workspace_id


async def test_one_process_polls_a_workspace(store: Store) -> None:
    """It may claim it again; another gets it when that one is gone."""
    workspace_id = await a_workspace(store)
    first, second = await a_process(store), await a_process(store)

    async def claim(holder: int) -> bool:
        async with store.write() as work:
            return await work.workspaces.claim(workspace_id, holder=holder)

    assert await claim(first)
    assert not await claim(second)
    assert await claim(first)
    async with store.write() as work:
        await work.holders.remove(first)
    assert await claim(second)


async def test_what_a_predecessor_polled_is_refused(store: Store) -> None:
    """A transaction of whoever polled before stores nothing."""
    workspace_id = await a_workspace(store)
    gone, holder = await a_process(store), await a_process(store)
    async with store.write() as work:
        await work.workspaces.claim(workspace_id, holder=holder)
    with pytest.raises(LeaseLost):
        async with store.write() as work:
            await work.workspaces.keep(workspace_id, holder=gone)
    async with store.write() as work:
        await work.workspaces.keep(workspace_id, holder=holder)


async def test_integrations_are_kept_whole(store: Store) -> None:
    """What is saved of an integration is read back to the microsecond, and saving again replaces it."""
    workspace_id = await a_workspace(store)
    full = integration(
        workspace_id,
        integration_name="Users",
        integration_type="user_attributes",
        integration_status="active",
        warehouse_type="snowflake",
        app_group_id="64f0c0ffee0123456789abcd",
        contact_emails="a@b.example",
        last_updated_at=NOW,
        last_job_start_time=NOW.replace(microsecond=183728),
        last_job_status="partial",
        next_scheduled_run=NOW + MINUTE,
        watched_since=NOW - MINUTE,
        baseline_taken=True,
        baseline_start=NOW - 2 * MINUTE,
        listed_at=NOW + SECOND,
        status_asked_at=NOW + 2 * SECOND,
        missing_since=NOW + 3 * SECOND,
        trouble="timeout",
    )
    bare = integration(workspace_id, integration_name="Users, renamed")
    for watched in (full, bare):
        async with store.write() as work:
            await work.integrations.save([watched])
        async with store.read() as work:
            assert await work.integrations.get(workspace_id, "one") == watched
            assert await work.integrations.get_many(workspace_id, ["one", "two"]) == {"one": watched}


async def test_integrations_come_in_the_order_of_their_names(store: Store) -> None:
    """All of one workspace are listed by name whatever the case, then by id, and no other workspace's."""
    workspace_id, other = await a_workspace(store), await a_workspace(store, "fra-01")
    named = {"1": "zebra", "2": "Apples", "3": "bananas", "4": "Bananas", "6": "apples", "5": "apples"}
    async with store.write() as work:
        await work.integrations.save(
            [integration(workspace_id, key, integration_name=name) for key, name in named.items()]
        )
        await work.integrations.save([integration(other, "7")])
        listed = await work.integrations.all(workspace_id)
    assert [each.integration.integration_id for each in listed] == ["2", "5", "6", "4", "3", "1"]


async def test_an_unknown_integration_is_none(store: Store) -> None:
    """Asking for what was never saved gives nothing."""
    async with store.read() as work:
        assert await work.integrations.get(1, "one") is None
        assert await work.integrations.get_many(1, []) == {}


async def test_the_poll_state_is_saved_and_nothing_else(store: Store) -> None:
    """A poller that saves its state does not undo what a person changed meanwhile, nor insert what isn't there."""
    workspace_id = await a_workspace(store)
    stored = integration(workspace_id, watched_since=NOW, trouble="timeout")
    stale = integration(workspace_id, integration_name="old", listed_at=NOW, status_asked_at=NOW + SECOND)
    async with store.write() as work:
        await work.integrations.save([stored])
        await work.integrations.save_poll_state(
            [stale, integration(workspace_id, "never saved", listed_at=NOW)]
        )
        await work.integrations.save_poll_state([])
        await work.integrations.save([])
        expected = replace(stored, listed_at=NOW, status_asked_at=NOW + SECOND, trouble=None)
        assert await work.integrations.all(workspace_id) == [expected]


async def test_ten_thousand_integrations_fit_one_batch(store: Store) -> None:
    """No engine's limit on parameters is met, neither in writing nor in reading by id."""
    workspace_id = await a_workspace(store)
    many = [integration(workspace_id, f"integration-{number:05}") for number in range(10_000)]
    async with store.write() as work:
        await work.integrations.save(many)
    async with store.read() as work:
        found = await work.integrations.get_many(
            workspace_id, [each.integration.integration_id for each in many]
        )
        assert await work.runs.newest(workspace_id, list(found)) == {}
    assert list(found.values()) != []
    assert sorted(found) == [each.integration.integration_id for each in many]


async def test_names_are_read_of_several_workspaces(store: Store) -> None:
    """By workspace, then by name in any case; of other workspaces none."""
    first, second, third = [await a_workspace(store, name) for name in ("iad-01", "iad-02", "iad-03")]
    async with store.write() as work:
        await work.integrations.save(
            [
                integration(second, "d", integration_name="Ärger", missing_since=NOW),
                integration(second, "c", integration_name="beta"),
                integration(first, "b", integration_name="Zeta"),
                integration(first, "a", integration_name="alpha"),
                integration(third, "e", integration_name="other"),
            ]
        )
    async with store.read() as work:
        named = await work.integrations.named({first, second})
    assert [each.key for each in named] == [(first, "a"), (first, "b"), (second, "c"), (second, "d")]
    assert [each.missing for each in named] == [False, False, False, True]


async def test_the_oldest_look(store: Store) -> None:
    """The newer of the two answers counts for each; what was never told of is counted."""
    workspace_id = await a_workspace(store)
    async with store.write() as work:
        await work.integrations.save(
            [
                integration(workspace_id, "both", listed_at=NOW - MINUTE, status_asked_at=NOW + MINUTE),
                integration(workspace_id, "listed", listed_at=NOW),
                integration(workspace_id, "asked", status_asked_at=NOW + SECOND),
                integration(workspace_id, "never"),
                integration(workspace_id, "older", listed_at=NOW - MINUTE),
            ]
        )
    async with store.read() as work:
        looks = [
            await work.integrations.oldest_look(workspace_id, wanted)
            for wanted in (["both", "listed", "asked", "never"], ["never"], ["both", "older"], [])
        ]
    assert looks == [(NOW, 1), (None, 1), (NOW - MINUTE, 0), (None, 0)]
