"""Owners, runbooks and critical integrations as people set them, on a real store and before the stand-ins."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from cdi_bot.core.model.channel import Channel
from cdi_bot.core.model.integration_settings import (
    IntegrationSettingChanged,
    IntegrationSettings,
    SettingName,
)
from cdi_bot.core.model.subscription import Selection
from cdi_bot.sandbox.slack.seed_data import BOT, GUEST
from cdi_bot.usecases.answers import Answer, NoMatch, NotAllowed
from cdi_bot.usecases.change_answers import IntegrationSettingSet, IntegrationSettingsShown
from tests.rigs.people import ALERTS, MARKETING, PRIVATE, Desk, responder

MARA, KENJI = "U0MARA0001", "U0KENJI001"
ANN, BOB = f"<@{MARA}>", f"<@{KENJI}>"
ADMIN = "UADMIN"


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    """A desk with one integration that is known."""
    async with responder(tmp_path) as made:
        made.add("Users")
        await made.app.lookup.discover_all(tuple(made.app.workspaces))
        yield made


async def change(
    desk: Desk,
    setting: SettingName,
    value: str | None,
    query: str = "Users*",
    *,
    who: str = MARA,
    here: Channel = ALERTS,
) -> Answer:
    """Set something."""
    return await desk.app.settings.change(here, who, query, setting, value)


async def stored(desk: Desk) -> list[IntegrationSettings]:
    """What is set."""
    async with desk.store.read() as uow:
        return await uow.integration_settings.all()


async def test_it_is_set_told_once_and_audited(desk: Desk) -> None:
    """Said again it changes nothing and sends nothing."""
    first, again = await change(desk, "owner", ANN), await change(desk, "owner", ANN, "USERS*", who=KENJI)
    assert isinstance(first, IntegrationSettingSet)
    assert first == IntegrationSettingSet(
        what=Selection(selector="Users*"), setting="owner", value=ANN, total=1, unchanged=False
    )
    assert again == replace(first, unchanged=True)
    workspace_id = desk.workspace.workspace_id
    assert await desk.owed() == [
        IntegrationSettingChanged(
            who=MARA, workspace_id=workspace_id, selector="Users*", setting="owner", value=ANN
        )
    ]
    async with desk.store.read() as uow:
        (entry,) = await uow.audit.newest(ALERTS, limit=9)
    assert (entry.action, entry.value, entry.about) == ("owner", MARA, "Users*")
    assert await stored(desk) == [
        IntegrationSettings(workspace_id=workspace_id, selector="Users*", owner=ANN)
    ]


async def test_what_says_nothing_any_more_is_not_kept(desk: Desk) -> None:
    """The last `none` deletes the row, where no wider selector says anything."""
    for setting, value in (("owner", ANN), ("runbook", "https://w/x"), ("critical", "on")):
        await change(desk, setting, value)  # type: ignore[arg-type]  # a literal
    (row,) = await stored(desk)
    assert (row.owner, row.runbook, row.critical) == (ANN, "https://w/x", True)
    for setting in ("owner", "runbook", "critical"):
        await change(desk, setting, None)  # type: ignore[arg-type]  # a literal
    assert await stored(desk) == []


async def test_none_is_kept_against_a_wider_one(desk: Desk) -> None:
    """An integration without an owner though all have one."""
    await change(desk, "owner", ANN, "all")
    answer = await change(desk, "owner", None, "Users")
    assert isinstance(answer, IntegrationSettingSet)
    assert not answer.unchanged
    assert {each.owner for each in await stored(desk)} == {ANN, ""}
    shown = await desk.app.settings.show(ALERTS)
    assert [what.name or what.selector for _, what in shown.rows] == ["Users", "all"]


async def test_a_name_means_the_integration_of_that_name(desk: Desk) -> None:
    """It is kept by its id, so renaming it changes nothing; an unknown one is refused."""
    answer = await change(desk, "runbook", "https://w/x", "users")
    assert isinstance(answer, IntegrationSettingSet)
    assert answer.what.name == "Users"
    (row,) = await stored(desk)
    assert row.selector == answer.what.selector != "Users"
    assert isinstance(await change(desk, "owner", ANN, "nothing like it"), NoMatch)
    assert await desk.app.settings.show(ALERTS) == IntegrationSettingsShown(rows=((row, answer.what),))


async def test_what_matches_nothing_yet_says_so(desk: Desk) -> None:
    """It may be meant for what is to come."""
    answer = await change(desk, "critical", "on", "Usres*")
    assert isinstance(answer, IntegrationSettingSet)
    assert (answer.total, [one.integration_name for one in answer.nearest]) == (0, ["Users"])


async def test_guests_set_nothing(desk: Desk) -> None:
    """They may only read."""
    assert await change(desk, "owner", ANN, who=GUEST) == NotAllowed(action="change_as_guest")
    assert await stored(desk) == []


async def test_what_was_set_elsewhere_is_changed_by_those_who_are_there(desk: Desk) -> None:
    """Kenji is not in the private channel: what Mara set there, he can't change, but what nobody set he can."""
    world = desk.sandbox.slack
    private = world.channels[PRIVATE.channel_id]
    world.put_channel(replace(private, members=private.members | {BOT}))
    await change(desk, "owner", ANN, here=PRIVATE)
    refused = await change(desk, "owner", BOB, who=KENJI)
    assert refused == NotAllowed(action="set_elsewhere")
    assert isinstance(await change(desk, "runbook", "https://w/x", who=KENJI), IntegrationSettingSet)
    assert isinstance(await change(desk, "owner", BOB, here=MARKETING), IntegrationSettingSet)
    assert isinstance(await change(desk, "owner", None, who=KENJI), IntegrationSettingSet)
    assert [each.owner for each in await stored(desk)] == [None]
