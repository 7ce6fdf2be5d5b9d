"""Snoozes as they are kept: what lasts of which integrations, what is due, and one change at a time."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from cdi_bot.core.model.channel import Channel
from cdi_bot.core.model.subscription import Snooze
from cdi_bot.store import Store
from tests.store.samples import CHANNEL, MINUTE, NOW, OTHER_CHANNEL, a_workspace, integration


def a_snooze(
    workspace_id: int,
    selector: str = "one",
    channel: Channel = CHANNEL,
    minutes: int | None = 5,
    **fields: Any,
) -> Snooze:
    """A snooze that begins now."""
    until = None if minutes is None else NOW + minutes * MINUTE
    given = {"begins": NOW, "by": "U1", "at": NOW, "reason": "maintenance", **fields}
    return Snooze(channel=channel, workspace_id=workspace_id, selector=selector, until=until, **given)


async def test_it_lasts_until_its_end_is_noticed(store: Store) -> None:
    """From its beginning on, and a minute past its end at most; one without an end lasts."""
    workspace_id = await a_workspace(store)
    timed, endless = a_snooze(workspace_id), a_snooze(workspace_id, channel=OTHER_CHANNEL, minutes=None)
    planned = a_snooze(workspace_id, begins=NOW + MINUTE, minutes=2)
    async with store.write() as work:
        for each in (timed, endless, planned):
            await work.snoozes.add(each)
        assert await work.snoozes.active(workspace_id, ["one", "two"], NOW) == {"one": [timed, endless]}
        assert await work.snoozes.active(workspace_id, ["one"], NOW + MINUTE) == {
            "one": [timed, endless, planned]
        }
        assert await work.snoozes.active(workspace_id, ["one"], NOW + 5.9 * MINUTE) == {
            "one": [timed, endless]
        }
        assert await work.snoozes.active(workspace_id, ["one"], NOW + 6 * MINUTE) == {"one": [endless]}


async def test_a_selector_takes_in_what_appears_later(store: Store) -> None:
    """By its name, in any spelling; `all` takes in everything of its workspace."""
    workspace_id = await a_workspace(store)
    other = await a_workspace(store, "fra-01")
    users, every = a_snooze(workspace_id, "users*"), a_snooze(workspace_id, "all")
    async with store.write() as work:
        await work.snoozes.add(users)
        assert await work.snoozes.active(workspace_id, ["one"], NOW) == {}
        await work.integrations.save([integration(workspace_id, "one", integration_name="Users: new")])
        await work.integrations.save([integration(workspace_id, "two", integration_name="Orders")])
        assert await work.snoozes.active(workspace_id, ["one", "two"], NOW) == {"one": [users]}
        assert await work.snoozes.taken_in(workspace_id, "users*") == ["one"]
        await work.snoozes.add(every)
        assert await work.snoozes.active(workspace_id, ["one", "two"], NOW) == {
            "one": [users, every],
            "two": [every],
        }
        assert await work.snoozes.active(other, ["one"], NOW) == {}


async def test_what_is_due_is_changed_by_one(store: Store) -> None:
    """Whoever notices first that it began or ended; nobody after, nor once somebody made it longer."""
    workspace_id = await a_workspace(store)
    async with store.write() as work:
        await work.snoozes.add(a_snooze(workspace_id))
        await work.snoozes.add(a_snooze(workspace_id, channel=OTHER_CHANNEL, minutes=None, has_begun=True))
        (new,) = await work.snoozes.due(NOW)
        begun = replace(new, has_begun=True)
        assert await work.snoozes.change(new, begun)
        assert not await work.snoozes.change(new, begun)
        assert await work.snoozes.due(NOW + 4 * MINUTE) == []
        assert await work.snoozes.due(NOW + 5 * MINUTE) == [begun]
        longer = replace(begun, until=NOW + 60 * MINUTE)
        assert await work.snoozes.change(begun, longer)
        assert not await work.snoozes.change(begun, None)
        assert await work.snoozes.change(longer, None)
        assert await work.snoozes.for_channel(CHANNEL) == []


async def test_they_end_with_their_workspace(store: Store) -> None:
    """Those of others stay."""
    workspace_id = await a_workspace(store)
    other = await a_workspace(store, "fra-01")
    async with store.write() as work:
        await work.snoozes.add(a_snooze(workspace_id))
        await work.snoozes.add(a_snooze(other))
        await work.snoozes.remove_all(workspace_id)
        assert [each.workspace_id for each in await work.snoozes.for_channel(CHANNEL)] == [other]
