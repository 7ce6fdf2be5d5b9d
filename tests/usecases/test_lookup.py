"""What is meant by a name, with one Braze workspace and with two."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from cdi_bot.core.commands.parser import depends_on_names, parse
from cdi_bot.core.commands.queries import ShowStatus
from cdi_bot.core.model.channel import WorkspaceChanged
from cdi_bot.core.model.integration import WatchedIntegration
from cdi_bot.core.model.integration_settings import IntegrationSettings
from cdi_bot.core.model.subscription import Filters
from cdi_bot.sandbox import Sandbox
from cdi_bot.sandbox.braze.integration import IntegrationConfig
from cdi_bot.sandbox.faults import Fault, FaultKind
from cdi_bot.sandbox.slack.seed_data import MARA
from cdi_bot.usecases.answers import (
    Answer,
    InEachWorkspace,
    NoMatch,
    SeveralMatches,
    SubscriptionEnded,
    SubscriptionSet,
    WhichWorkspace,
)
from cdi_bot.usecases.preview import Preview
from cdi_bot.usecases.query_answers import IntegrationList
from cdi_bot.usecases.workspace_answers import UnknownWorkspace, WorkspaceSet
from tests.rigs import people
from tests.rigs.people import ALERTS, MARKETING, START, Desk


@dataclass(frozen=True)
class Two:
    """`prod` and `staging`: both have `Users`, `prod` has `Orders`, `staging` has `Events / web`."""

    desk: Desk
    other: Sandbox

    async def found(self, query: str) -> str | list[str]:
        """What is meant by words: the one integration, or the choices, or those with a similar name."""
        match = await self.desk.app.lookup.find(query, ALERTS)
        if isinstance(match, WatchedIntegration):
            return named(match)
        if isinstance(match, SeveralMatches):
            return [f"{one.workspace_name} / {one.integration_name}" for one in match.candidates]
        assert isinstance(match, NoMatch)
        return ["?", *(f"{one.workspace_name} / {one.integration_name}" for one in match.nearest)]

    async def prefer(self, name: str | None) -> Answer:
        """Give the channel a workspace of its own, or none."""
        return await self.desk.channels.set_workspace(ALERTS, MARA, name)

    async def subscribe(self, query: str) -> Answer:
        """Subscribe the channel."""
        return await self.desk.subscriptions.subscribe(ALERTS, MARA, query, Filters())

    async def subscriptions(self) -> list[tuple[str | None, str]]:
        """To what of which workspace the channel is subscribed."""
        async with self.desk.store.read() as uow:
            return [(one.workspace_name, one.selector) for one in await uow.subscriptions.for_channel(ALERTS)]


def named(watched: WatchedIntegration) -> str:
    """The name of an integration with that of its workspace."""
    return f"{watched.integration.workspace_name} / {watched.integration.integration_name}"


@pytest.fixture
async def two(tmp_path: Path) -> AsyncIterator[Two]:
    """Two workspaces, whose lists were read."""
    async with Sandbox() as other, people.responder(tmp_path, second=other) as desk:
        desk.add("Users", integration_id="users-1")
        desk.add("Orders", integration_id="orders-1")
        for name in ("Users", "Events / web"):
            key = f"{name[:5].lower()}-2"
            other.braze.create(IntegrationConfig(integration_name=name, integration_id=key))
        await desk.queries.listing(ALERTS, None)
        yield Two(desk, other)


async def test_all_workspaces_are_searched(two: Two) -> None:
    """Without a workspace all are searched, and several matches are offered by the names of their workspaces."""
    assert await two.found("Orders") == "prod / Orders"
    assert await two.found("users") == ["prod / Users", "staging / Users"]
    assert await two.found("users-2") == "staging / Users"
    assert await two.found("event-2") == "staging / Events / web"


@pytest.mark.parametrize(
    "typed",
    ["staging/Users", "STAGING/users", "staging / Users", "staging／Users", "staging/users-2", "staging/use"],
)
async def test_a_named_workspace(two: Two, typed: str) -> None:
    """In any spelling, as it is shown too, before a name, a part of one or an id."""
    assert await two.found(typed) == "staging / Users"


async def test_a_name_with_a_slash_wins(two: Two) -> None:
    """A name that holds a slash is found by it, also where what stands before it is a workspace's name."""
    assert await two.found("Events / web") == "staging / Events / web"
    assert await two.found("staging/Events / web") == "staging / Events / web"
    two.desk.add("staging/Users", integration_id="odd")
    two.desk.clock.advance(120)
    await two.desk.queries.listing(ALERTS, None)
    assert await two.found("staging/Users") == "prod / staging/Users"
    assert await two.found("staging/users-2") == "staging / Users"


async def test_near_misses(two: Two) -> None:
    """What is called so elsewhere is offered for a workspace that has none, or that there is not."""
    assert await two.found("staging/Orders") == ["?", "prod / Orders"]
    assert await two.found("stagin/Users") == ["?", "prod / Users", "staging / Users"]
    assert await two.found("prod/Userz") == ["?", "prod / Users"]
    assert await two.found("prod/zzz") == ["?"]


async def test_the_default_workspace_comes_first(two: Two) -> None:
    """It alone is searched where it has a match; where it has none, all are."""
    await two.prefer("staging")
    assert await two.found("users") == "staging / Users"
    assert await two.found("Orders") == "prod / Orders"
    assert await two.found("prod/Users") == "prod / Users"
    assert await two.found("*/Users") == ["prod / Users", "staging / Users"]


async def test_a_channel_chooses_its_workspace(two: Two) -> None:
    """In any spelling; the channel is told once, the audit keeps it, and its settings and subscriptions show it."""
    assert await two.prefer("STAGING") == WorkspaceSet(name="staging", unchanged=False)
    assert await two.prefer("staging") == WorkspaceSet(name="staging", unchanged=True)
    assert await two.prefer("stagin") == UnknownWorkspace(given="stagin", names=("prod", "staging"))
    assert await two.desk.owed() == [WorkspaceChanged(who=MARA, name="staging")]
    assert [(entry.action, entry.subject) for entry, _ in (await two.desk.queries.audit(ALERTS)).rows] == [
        ("use", "staging")
    ]
    shown = await two.desk.channels.show(ALERTS)
    assert (shown.workspace_name, shown.workspaces) == ("staging", ("prod", "staging"))
    assert (await two.desk.queries.subscriptions(ALERTS)).workspace_name == "staging"
    assert await two.prefer(None) == WorkspaceSet(name=None, unchanged=False)
    assert (await two.desk.channels.show(ALERTS)).workspace_name is None


async def test_an_unlisted_id_is_asked_of_every_workspace(tmp_path: Path) -> None:
    """Where no key may list, each workspace is asked whether it knows the id."""
    async with (
        Sandbox() as other,
        people.responder(tmp_path, second=other, permissions=["cdi.integration_job_status"]) as desk,
    ):
        other.braze.set_key(other.braze_api_key, ["cdi.integration_job_status"])
        other.braze.create(IntegrationConfig(integration_name="Users", integration_id="abc-123"))
        match = await desk.app.lookup.find("abc-123")
        assert isinstance(match, WatchedIntegration)
        assert match.integration.workspace_name == "staging"


async def test_all_asks_which(two: Two) -> None:
    """`all` of several workspaces is not guessed; `*/all` means all of them, as the last button does."""
    asked = await two.subscribe("all")
    assert isinstance(asked, WhichWorkspace)
    assert [name for _, name in asked.workspaces] == ["prod", "staging"]
    assert await two.subscriptions() == []
    done = await two.subscribe("*/all")
    assert isinstance(done, InEachWorkspace)
    assert await two.subscriptions() == [("prod", "all"), ("staging", "all")]


async def test_a_pattern_means_the_workspace_that_has_it(two: Two) -> None:
    """Where the names of several match, somebody is asked; a pattern that nothing matches is asked about too."""
    assert isinstance(await two.subscribe("Ord*"), SubscriptionSet)
    assert isinstance(await two.subscribe("Us*"), WhichWorkspace)
    assert isinstance(await two.subscribe("New*"), WhichWorkspace)
    assert isinstance(await two.subscribe("staging/New*"), SubscriptionSet)
    assert await two.subscriptions() == [("prod", "Ord*"), ("staging", "New*")]


async def test_a_preview_is_of_all(two: Two) -> None:
    """Nobody is asked which workspace a preview is of: it counts what matches in each."""
    seen = {}
    for query in ("all", "Us*", "staging/all"):
        found = await two.desk.app.previews.preview(query, Filters(), ALERTS)
        assert isinstance(found, Preview)
        seen[query] = found.integrations, found.what.workspace_name
    assert seen == {"all": (4, None), "Us*": (2, None), "staging/all": (2, "staging")}


async def test_the_default_workspace_answers_which(two: Two) -> None:
    """With it nobody is asked."""
    await two.prefer("staging")
    assert isinstance(await two.subscribe("all"), SubscriptionSet)
    assert await two.subscriptions() == [("staging", "all")]


async def test_one_that_is_away_stops_no_other(two: Two) -> None:
    """A list that can't be read is told of beside the others."""
    two.other.braze.faults.add(Fault(kind=FaultKind.STATUS, status=500))
    answer = await two.desk.queries.listing(ALERTS, None)
    assert isinstance(answer, IntegrationList)
    assert answer.total == 4
    done = await two.subscribe("*/all")
    assert isinstance(done, InEachWorkspace)


async def test_unsubscribing(two: Two) -> None:
    """`WORKSPACE/all` ends those of one workspace, `all` those of every one."""
    await two.subscribe("*/all")
    await two.subscribe("prod/Users")
    ended = await two.desk.subscriptions.unsubscribe(ALERTS, MARA, "prod/all")
    assert isinstance(ended, SubscriptionEnded)
    assert (ended.what.selector, ended.what.workspace_name) == ("all", "prod")
    assert await two.subscriptions() == [("staging", "all")]
    await two.subscribe("*/all")
    await two.desk.subscriptions.unsubscribe(ALERTS, MARA, "all")
    assert await two.subscriptions() == []


async def test_a_list_of_one_workspace(two: Two) -> None:
    """`WORKSPACE/TEXT` and `WORKSPACE/all`; the channel's default without one."""

    async def listed(query: str | None) -> list[str]:
        answer = await two.desk.queries.listing(ALERTS, query)
        assert isinstance(answer, IntegrationList)
        return [
            f"{row.integration.workspace_name} / {row.integration.integration_name}" for row in answer.rows
        ]

    assert len(await listed(None)) == 4
    assert await listed("prod/all") == ["prod / Orders", "prod / Users"]
    assert await listed("staging/us") == ["staging / Users"]
    await two.prefer("prod")
    assert await listed(None) == ["prod / Orders", "prod / Users"]
    assert await listed("web") == ["staging / Events / web"]


async def test_known_names_win_in_every_form(two: Two) -> None:
    """A name whose words could mean something else is known with its workspace's name before it, too."""
    two.desk.add("failing", integration_id="odd")
    two.desk.clock.advance(120)
    await two.desk.queries.listing(ALERTS, None)
    names = await two.desk.app.lookup.names(ALERTS)
    assert {"users", "prod/users", "staging / users", "prod/failing"} <= names
    assert depends_on_names("prod/failing")
    assert parse("prod/failing", now=START, names=names) == ShowStatus(query="prod/failing")


async def test_names_are_told_only_of_several(two: Two) -> None:
    """A workspace that was removed leaves the other without a name, which goes without saying."""
    assert set((await told(two)).values()) == {"prod", "staging"}
    assert two.desk.second
    async with two.desk.store.write() as uow:
        await uow.workspaces.remove(two.desk.second.workspace_id, START)
    assert await told(two) == {}
    async with two.desk.store.read() as uow:
        (known, *_) = await uow.integrations.all(two.desk.workspace.workspace_id)
    assert known.integration.workspace_name is None
    assert replace(known.integration, workspace_name="prod") == known.integration


async def told(two: Two) -> dict[int, str]:
    """What the workspaces are called in texts."""
    async with two.desk.store.read() as uow:
        return await uow.workspaces.told_names()


async def test_what_a_channel_may_not_see_is_not_there(two: Two) -> None:
    """No name, id, pattern, button, form, preview, list or suggestion leads to it; another channel sees it."""
    desk = two.desk
    async with desk.store.write() as uow:
        (staging,) = (each for each in await uow.workspaces.all() if each.name == "staging")
        await uow.workspaces.change(staging.workspace_id, visible_to=MARKETING.channel_id)
        await uow.integration_settings.save(
            IntegrationSettings(workspace_id=staging.workspace_id, selector="all", owner="<@U1>")
        )
    await desk.app.workspaces.refresh()
    hidden = staging.workspace_id

    assert await two.found("Users") == "prod / Users"
    for query in ("staging/Users", "Events / web", "Evnts / web", "event-2", "staging/Orders"):
        assert "staging" not in str(await two.found(query)), query
    for query in ("users-2", "Users", "all", "Events*"):
        by_button = await desk.subscriptions.subscribe(ALERTS, MARA, query, Filters(), workspace_id=hidden)
        assert isinstance(by_button, NoMatch), query
        assert isinstance(
            await desk.app.previews.preview(query, Filters(), ALERTS, workspace_id=hidden), NoMatch
        )
    assert isinstance(await desk.subscriptions.subscribe(ALERTS, MARA, "all", Filters()), SubscriptionSet)
    listed = await desk.queries.listing(ALERTS, None)
    assert isinstance(listed, IntegrationList)
    assert {row.integration.workspace_name for row in listed.rows} == {"prod"}
    assert await two.prefer("staging") == UnknownWorkspace(given="staging", names=("prod",))
    assert (await desk.channels.show(ALERTS)).workspaces == ("prod",)
    assert desk.forms.workspace_names(ALERTS) == desk.forms.workspace_names(None) == ("prod",)
    for channel in (ALERTS, None):
        offered = await desk.forms.search("", channel)
        assert {one.workspace_name for one in offered.integrations} == {"prod"}
    assert await desk.forms.for_integration(ALERTS, hidden, "users-2") is None
    assert not (await desk.app.settings.show(ALERTS)).rows
    assert not {"events / web", "staging/users"} & await desk.app.lookup.names(ALERTS)

    assert isinstance(await desk.app.lookup.find("staging/Users", MARKETING), WatchedIntegration)
    assert (await desk.app.settings.show(MARKETING)).rows
    told = await desk.subscriptions.subscribe(MARKETING, MARA, "Events*", Filters())
    assert isinstance(told, SubscriptionSet)
    assert told.total == 1
    ended = await desk.subscriptions.unsubscribe(MARKETING, MARA, "staging/Events*")
    assert isinstance(ended, SubscriptionEnded)
