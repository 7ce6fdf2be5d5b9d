"""What people snooze in a channel: one, several or all integrations; at once, planned, or again and again."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from cdi_bot.core.commands.snoozes import SetSnooze
from cdi_bot.core.model.configuration import Item, Table
from cdi_bot.core.model.message import Snoozed, Unsnoozed
from cdi_bot.core.model.requested_sync import RequestedSync
from cdi_bot.core.model.subscription import Filters, Selection
from cdi_bot.usecases.answers import (
    NoMatch,
    NotSubscribed,
    OwnedByFile,
)
from cdi_bot.usecases.change_answers import (
    NothingToSnooze,
    SnoozeEnded,
    SnoozeSet,
)
from cdi_bot.usecases.workspaces import remove_workspace
from tests.rigs.people import ALERTS, MARKETING, Desk, responder

ANN, ZONE = "U0MARA0001", "Europe/Berlin"
HOUR = timedelta(hours=1)


@pytest.fixture
async def at(tmp_path: Path) -> AsyncIterator[Desk]:
    """A desk whose integrations are added by each test."""
    async with responder(tmp_path) as made:
        yield made


def wanted(
    until: datetime | None, reason: str | None = None, selector: str = "Users", **more: Any
) -> SetSnooze:
    """What `/cdi snooze` reads."""
    return SetSnooze(selector=selector, until=until, reason=reason, **more)


async def listed(at: Desk) -> set[tuple[str, str | None, str | None]]:
    """What is snoozed in the channel: selector, window, reason."""
    shown = await at.snoozes.show(ALERTS)
    return {(each.selector, each.every, each.reason) for each, _ in shown.rows}


async def notices(at: Desk) -> list[Snoozed | Unsnoozed]:
    """What the channel was told of snoozes."""
    return [each for each in await at.owed() if isinstance(each, Snoozed | Unsnoozed)]


async def test_a_selector_takes_in_several_and_new_ones(at: Desk) -> None:
    """One row and one message for what matches now and later."""
    users = at.add("Users: a", "error")
    await at.subscriptions.subscribe(ALERTS, ANN, "all", Filters())
    answer = await at.snoozes.snooze(ALERTS, ANN, wanted(at.clock.now + HOUR, selector="Users*"))
    assert isinstance(answer, SnoozeSet)
    later = at.add("Users: b", "error")
    async with at.store.write() as uow:
        known = await uow.integrations.get(at.workspace.workspace_id, users)
        assert known
        new = replace(known.integration, integration_id=later, integration_name="Users: b")
        await uow.integrations.save([replace(known, integration=new)])
        found = await uow.snoozes.active(at.workspace.workspace_id, [users, later], at.clock.now)
    assert set(found) == {users, later}
    (notice,) = await notices(at)
    assert (notice.selector, notice.workspace_id) == ("Users*", at.workspace.workspace_id)


async def test_each_sort_stands_beside_the_others(at: Desk) -> None:
    """A plain snooze replaces the plain one of its selector; planned and recurring ones are further ones."""
    at.add("Users", "error")
    await at.subscriptions.subscribe(ALERTS, ANN, "all", Filters())
    now = at.clock.now
    weekly = wanted(None, "weekly", selector="all", every="sun 02:00-06:00")
    for each in (
        wanted(now + HOUR, selector="all"),
        wanted(now + 2 * HOUR, "longer", selector="all"),
        wanted(now + 30 * HOUR, "planned", selector="all", begins=now + 24 * HOUR),
        weekly,
    ):
        at.clock.advance(1)
        assert isinstance(await at.snoozes.snooze(ALERTS, ANN, each, zone=ZONE), SnoozeSet)
    again = await at.snoozes.snooze(ALERTS, ANN, weekly, zone=ZONE)
    assert isinstance(again, SnoozeSet)
    assert again.unchanged
    window = f"sun 02:00-06:00 {ZONE}"
    assert await listed(at) == {("all", None, "longer"), ("all", None, "planned"), ("all", window, "weekly")}
    assert len(await notices(at)) == 4


async def test_a_window_is_in_the_zone_that_it_names(at: Desk) -> None:
    """Else in the channel's; in the person's where the channel has none."""
    at.add("Users", "error")
    await at.subscriptions.subscribe(ALERTS, ANN, "all", Filters())
    window = wanted(None, every="sun 02:00-06:00")
    await at.snoozes.snooze(ALERTS, ANN, window, zone=ZONE)
    await at.snoozes.snooze(ALERTS, ANN, replace(window, zone="America/New_York"), zone=ZONE)
    await at.subscriptions.subscribe(ALERTS, ANN, "all", Filters(fresh="09:00"), zone="Asia/Tokyo")
    await at.snoozes.snooze(ALERTS, ANN, window, zone=ZONE)
    assert {every for _, every, _ in await listed(at)} == {
        f"sun 02:00-06:00 {zone}" for zone in (ZONE, "America/New_York", "Asia/Tokyo")
    }


async def test_a_pattern_ends_what_it_takes_in(at: Desk) -> None:
    """The snooze of the pattern and those of single integrations; `all` ends everything, told once."""
    at.add("Users", "error")
    orders = at.add("Orders", "error")
    await at.subscriptions.subscribe(ALERTS, ANN, "all", Filters())
    for selector in ("Users", "U*", "Orders"):
        await at.snoozes.snooze(ALERTS, ANN, wanted(at.clock.now + HOUR, selector=selector))
    still = await at.snoozes.unsnooze(ALERTS, ANN, "Users")
    assert isinstance(still, SnoozeEnded)
    assert still.still is not None
    assert still.still[1].selector == "U*"
    again = await at.snoozes.unsnooze(ALERTS, ANN, "Users")
    assert isinstance(again, SnoozeEnded)
    assert (again.was_snoozed, again.still) == (False, still.still)
    await at.snoozes.snooze(ALERTS, ANN, wanted(at.clock.now + HOUR))
    await at.snoozes.unsnooze(ALERTS, ANN, "u*")
    assert [selector for selector, _, _ in await listed(at)] == [orders]
    at.clock.advance(1)
    await at.snoozes.unsnooze(ALERTS, ANN, "all")
    assert await listed(at) == set()
    assert [type(each) for each in await notices(at)].count(Unsnoozed) == 3


async def test_one_is_changed_or_ended_by_its_id(at: Desk) -> None:
    """As the list does; one that ended meanwhile is said to have."""
    at.add("Users", "error")
    await at.subscriptions.subscribe(ALERTS, ANN, "all", Filters())
    await at.snoozes.snooze(ALERTS, ANN, wanted(None, every="sun 02:00-06:00"))
    ((snooze, what),) = (await at.snoozes.show(ALERTS)).rows
    assert what.name == "Users"
    changed = wanted(None, "deploys", every="sat 02:00-06:00")
    await at.snoozes.snooze(ALERTS, ANN, changed, instead_of=snooze.snooze_id)
    ((now, _),) = (await at.snoozes.show(ALERTS)).rows
    assert (now.every, now.reason) == ("sat 02:00-06:00 UTC", "deploys")
    assert await at.snoozes.end(ALERTS, ANN, snooze.snooze_id) == SnoozeEnded(what=None, was_snoozed=False)
    ended = await at.snoozes.end(ALERTS, ANN, now.snooze_id)
    assert isinstance(ended, SnoozeEnded)
    assert ended.was_snoozed
    assert await listed(at) == set()


async def test_a_pattern_needs_a_subscription_in_its_workspace(at: Desk) -> None:
    """What a channel gets no alerts of need not be silenced in it."""
    at.add("Users", "error")
    answer = await at.snoozes.snooze(ALERTS, ANN, wanted(at.clock.now + HOUR, selector="all"))
    assert answer == NotSubscribed(what=Selection(selector="all"), covered_by=None)


async def test_silences_in_this_channel(at: Desk) -> None:
    """A snooze is stored for the channel, told in it, and shown on its card alone."""
    users = at.add("Users", "success")
    for channel in (ALERTS, MARKETING):
        await at.subscriptions.subscribe(channel, ANN, "Users", Filters())
    await at.fails(users)
    until = at.clock.now + timedelta(hours=2)
    answer = await at.snoozes.snooze(ALERTS, ANN, wanted(until, reason="back fill"))
    assert isinstance(answer, SnoozeSet)
    assert (answer.snooze.until, answer.snooze.reason) == (until, "back fill")
    expected = Snoozed(
        who=ANN, workspace_id=at.workspace.workspace_id, selector=users, until=until, reason="back fill"
    )
    assert expected in await at.owed()
    assert expected not in await at.owed(MARKETING)
    (incident,) = await at.open_incidents(users)
    async with at.store.read() as uow:
        ((snooze,),) = (await uow.snoozes.active(at.workspace.workspace_id, [users], at.clock.now)).values()
        cards = (await uow.cards.of_incidents([incident.incident_id]))[incident.incident_id]
    assert (snooze.channel, snooze.by, snooze.until) == (ALERTS, ANN, until)
    assert {(card.channel, card.wanted_revision) for card in cards} == {(ALERTS, 2), (MARKETING, 1)}


async def test_a_double_click_is_told_once(at: Desk) -> None:
    """Two clicks a moment apart are one change; a later end, or another reason, is a further one."""
    users = at.add("Users", "success")
    await at.subscriptions.subscribe(ALERTS, ANN, "Users", Filters())
    await at.fails(users)

    async def told(hours: float | None, reason: str | None = None) -> int:
        until = at.clock.now + timedelta(hours=hours) if hours else None
        assert isinstance(
            await at.snoozes.snooze(ALERTS, ANN, wanted(until, reason=reason)),
            SnoozeSet,
        )
        at.clock.advance(1)
        return sum(isinstance(each, Snoozed) for each in await at.owed())

    assert [await told(1), await told(1), await told(4), await told(4, "house move")] == [1, 1, 2, 3]
    assert [await told(None), await told(None), await told(1)] == [4, 4, 5]


async def test_ends(at: Desk) -> None:
    """Ending a snooze is told in the channel; ending none is not."""
    users = at.add("Users", "success")
    await at.subscriptions.subscribe(ALERTS, ANN, "Users", Filters())
    await at.snoozes.snooze(ALERTS, ANN, wanted(at.clock.now + timedelta(hours=2)))
    ended = await at.snoozes.unsnooze(ALERTS, ANN, "Users")
    assert isinstance(ended, SnoozeEnded)
    assert ended.was_snoozed
    expected = Unsnoozed(who=ANN, workspace_id=at.workspace.workspace_id, selector=users)
    assert (await at.owed())[-1] == expected
    again = await at.snoozes.unsnooze(ALERTS, ANN, "Users")
    assert isinstance(again, SnoozeEnded)
    assert not again.was_snoozed
    assert len(await at.owed()) == 3


async def test_one_that_ran_out_is_over(at: Desk) -> None:
    """A snooze whose time is over is not ended again."""
    at.add("Users", "success")
    await at.subscriptions.subscribe(ALERTS, ANN, "Users", Filters())
    await at.snoozes.snooze(ALERTS, ANN, wanted(at.clock.now + timedelta(minutes=1)))
    at.clock.advance(120)
    answer = await at.snoozes.unsnooze(ALERTS, ANN, "Users")
    assert isinstance(answer, SnoozeEnded)
    assert not answer.was_snoozed


async def test_until_recovery_needs_a_failure(at: Desk) -> None:
    """What is healthy can't be snoozed until it recovers; what fails can."""
    users = at.add("Users", "success")
    await at.subscriptions.subscribe(ALERTS, ANN, "Users", Filters())
    assert isinstance(
        await at.snoozes.snooze(ALERTS, ANN, wanted(None)),
        NothingToSnooze,
    )
    await at.fails(users)
    answer = await at.snoozes.snooze(ALERTS, ANN, wanted(None))
    assert isinstance(answer, SnoozeSet)
    assert answer.snooze.until is None


async def test_needs_a_subscription(at: Desk) -> None:
    """What a channel is not subscribed to can't be snoozed in it."""
    users = at.add("Users", "success")
    answer = await at.snoozes.snooze(ALERTS, ANN, wanted(at.clock.now + timedelta(hours=1)))
    assert answer == NotSubscribed(what=Selection(selector=users, name="Users"), covered_by=None)
    assert await at.owed() == []


async def test_unknown_words(at: Desk) -> None:
    """Words that fit nothing are said to."""
    assert isinstance(
        await at.snoozes.snooze(ALERTS, ANN, wanted(None, reason=None, selector="Nothing")),
        NoMatch,
    )
    assert isinstance(await at.snoozes.unsnooze(ALERTS, ANN, "Nothing"), NoMatch)


async def test_a_removed_workspace_takes_its_snoozes_and_requested_syncs_along(at: Desk) -> None:
    """In every channel; nothing of them is told or followed later."""
    users = at.add("Users", "error")
    key = at.workspace.workspace_id
    for channel in (ALERTS, MARKETING):
        await at.subscriptions.subscribe(channel, ANN, "all", Filters())
        await at.snoozes.snooze(channel, ANN, wanted(at.clock.now + HOUR, selector="all"))
    weekly = wanted(None, selector="Users", every="sun 02:00-06:00")
    await at.snoozes.snooze(ALERTS, ANN, weekly, zone=ZONE)
    sync = RequestedSync(
        sync_id=0,
        channel=ALERTS,
        workspace_id=key,
        integration_id=users,
        who=ANN,
        asked_at=at.clock.now,
        newest_start=None,
        announced="sync:1",
    )
    async with at.store.write() as uow:
        await uow.requested_syncs.add(sync)
    async with at.store.write() as uow:
        (workspace,) = await uow.workspaces.all()
        told = await remove_workspace(uow, workspace, ALERTS, ANN, at.clock.now)
    assert told == {ALERTS, MARKETING}
    async with at.store.read() as uow:
        assert await uow.requested_syncs.for_workspace(key) == []
        assert await uow.snoozes.due(at.clock.now + 24 * 14 * HOUR) == []
    for channel in (ALERTS, MARKETING):
        assert (await at.snoozes.show(channel)).rows == ()


async def test_what_a_configuration_file_owns_stays_as_it_is(at: Desk) -> None:
    """It can't be ended, changed or replaced in chat; others beside it can, and the answer says what stays."""
    at.add("Users", "error")
    await at.subscriptions.subscribe(ALERTS, ANN, "all", Filters())
    weekly = wanted(None, selector="all", every="sun 02:00-06:00")
    await at.snoozes.snooze(ALERTS, ANN, weekly)
    async with at.store.write() as uow:
        (workspace,) = await uow.workspaces.all()
        item = Item(
            table=Table.SNOOZE,
            channel=ALERTS.channel_id,
            workspace=workspace.name,
            selector="all",
            field="every sun 02:00-06:00 UTC",
        )
        await uow.file_items.replace([item], "bot.toml")
    refused = OwnedByFile(file="bot.toml")
    ((snooze, what),) = (await at.snoozes.show(ALERTS)).rows
    assert await at.snoozes.unsnooze(ALERTS, ANN, "all") == refused
    assert await at.snoozes.end(ALERTS, ANN, snooze.snooze_id) == refused
    assert await at.snoozes.snooze(ALERTS, ANN, replace(weekly, reason="why")) == refused
    later = wanted(None, selector="all", every="sat 02:00-06:00")
    assert await at.snoozes.snooze(ALERTS, ANN, later, instead_of=snooze.snooze_id) == refused
    for one in (later, wanted(at.clock.now + HOUR, selector="all")):
        assert isinstance(await at.snoozes.snooze(ALERTS, ANN, one), SnoozeSet)
    ended = await at.snoozes.unsnooze(ALERTS, ANN, "all")
    assert ended == SnoozeEnded(what=what, was_snoozed=True, still=(snooze, what))
    assert (await at.snoozes.show(ALERTS)).rows == ((snooze, what),)
