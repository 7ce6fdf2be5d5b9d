"""Home stays true while somebody may be looking, within what Slack allows, and survives every refusal."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from cdi_bot.core.model.subscription import Filters
from cdi_bot.item_troubles import Work
from cdi_bot.sandbox.faults import Fault, FaultKind
from cdi_bot.sandbox.slack.model import User
from cdi_bot.sandbox.slack.seed_data import MARA, PRIYA, TEAM
from cdi_bot.slack.api.app import SlackApp
from cdi_bot.slack.handlers.home import FRESH, LOOKED_AT, MOST_A_MINUTE, REST, HomeTab
from tests.rigs import people
from tests.rigs.people import ALERTS, MARKETING

Json = dict[str, Any]


@dataclass
class Watch:
    """Counts seconds: `each` at every look at it, for whoever reads it twice to see how long something took."""

    now: float = 0.0
    each: float = 0.0

    def __call__(self) -> float:
        """Return the present."""
        self.now += self.each
        return self.now


@dataclass
class Tabs:
    """Two processes that put up Home for the people of one team, one after the other on one database."""

    desk: people.Desk
    tab: HomeTab
    other: HomeTab
    watch: Watch

    async def opened(self, user: str = MARA, *, tab: HomeTab | None = None) -> None:
        """Have somebody open Home."""
        event = {"type": "app_home_opened", "user": user, "channel": f"D{user}", "tab": "home"}
        await (tab or self.tab).opened({"team_id": TEAM, "event": event})

    async def later(self, seconds: float) -> int:
        """Let time pass and look whether something changed; returns how often Home was put up by that."""
        before = self.published
        self.desk.clock.advance(seconds)
        await self.tab.tick()
        return self.published - before

    async def subscribe(self, query: str = "all") -> None:
        """Have something change, and have the bot know."""
        await self.desk.subscriptions.subscribe(ALERTS, MARA, query, Filters())
        self.tab.stir()

    @property
    def published(self) -> int:
        """How often Slack took a Home."""
        return sum(call["method"] == "views.publish" and call["ok"] for call in self.desk.sandbox.slack.calls)

    def shown(self, user: str = MARA) -> str:
        """What somebody's Home says."""
        return str(self.desk.sandbox.slack.views.homes()[user]["blocks"])


@pytest.fixture
async def tabs(tmp_path: Path) -> AsyncIterator[Tabs]:
    """Both processes, before the stand-ins."""
    async with people.responder(tmp_path) as desk:
        apps = [
            SlackApp(
                bot_token=desk.sandbox.slack_bot_token,
                app_token=None,
                signing_secret="secret",
                api_url=f"{desk.sandbox.url}/api/",
                clock=lambda: desk.clock().timestamp(),
            )
            for _ in range(2)
        ]
        for app in apps:
            await app.identify()
        desk.add("Users")
        watch = Watch()
        first, second = (_tab(desk, app, watch) for app in apps)
        yield Tabs(desk, first, second, watch)
        for app in apps:
            await app.close()


def _tab(desk: people.Desk, app: SlackApp, watch: Watch) -> HomeTab:
    return HomeTab(
        responder=desk.responder_for(app),
        homes=desk.app.homes,
        clock=desk.clock,
        seconds=watch,
    )


async def test_what_changes_is_shown(tabs: Tabs) -> None:
    """At once when this process knows of it, soon when another made it, and only while it may be seen."""
    await tabs.opened()
    assert "None of your channels is subscribed" in tabs.shown()
    assert await tabs.later(20) == 0
    await tabs.subscribe()
    assert await tabs.later(4) == 1
    assert "all integrations" in tabs.shown()
    await tabs.desk.subscriptions.subscribe(MARKETING, MARA, "Users", Filters())  # as another process would
    assert await tabs.later(1) == 0
    assert await tabs.later(15) == 1
    assert MARKETING.channel_id in tabs.shown()
    tabs.desk.clock.advance(LOOKED_AT.total_seconds())
    await tabs.subscribe("Users")
    assert await tabs.later(4) == 0


async def test_who_changed_something_sees_it_at_once(tabs: Tabs) -> None:
    """Without waiting for the next look, and only who has Home open."""
    await tabs.opened()
    await tabs.subscribe()
    before = tabs.published
    await tabs.tab.show_again(PRIYA)
    assert tabs.published == before
    await tabs.tab.show_again(MARA)
    assert tabs.published == before + 1
    assert "all integrations" in tabs.shown()
    assert await tabs.later(4) == 0


async def test_who_has_left_a_channel_sees_and_changes_nothing_of_it(tabs: Tabs) -> None:
    """A button that was there before does nothing any more, and Home is drawn anew when Slack tells of it."""
    desk = tabs.desk
    desk.add("Orders", "error")
    await desk.polled()
    await tabs.subscribe()
    await tabs.opened()
    assert ALERTS.channel_id in tabs.shown()
    async with desk.store.read() as uow:
        (incident,) = await uow.incidents.open_for(desk.workspace.workspace_id, None, None)
    place = desk.sandbox.slack.channels[ALERTS.channel_id]
    desk.sandbox.slack.put_channel(replace(place, members=place.members - {MARA}))
    carried = json.dumps({"channel": ALERTS.channel_id, "incidents": [incident.incident_id]})
    pressed = {"action_id": "home_ack:0", "value": carried}
    await tabs.tab.acknowledged(
        {"user": {"id": MARA}, "actions": [pressed], "view": {}, "trigger_id": "none"}
    )
    async with desk.store.read() as uow:
        assert (await uow.incidents.get_many([incident.incident_id])) == {incident.incident_id: incident}
    await tabs.tab.moved(MARA)
    assert ALERTS.channel_id not in tabs.shown()


async def test_nothing_is_put_up_in_vain(tabs: Tabs) -> None:
    """What did not change is put up again for its freshness alone, and no person more often than every few seconds."""
    await tabs.opened()
    tabs.tab.stir()
    assert await tabs.later(5) == 0
    assert await tabs.later(FRESH.total_seconds()) == 1
    await tabs.subscribe()
    assert await tabs.later(1) == 0
    assert await tabs.later(3) == 1


async def test_not_more_than_slack_allows(tabs: Tabs) -> None:
    """However many look, they are shown a change one after the other, within the limit of a minute."""
    world = tabs.desk.sandbox.slack
    people = [f"U{number:08}" for number in range(MOST_A_MINUTE + 10)]
    channel = world.channels[ALERTS.channel_id]
    world.put_channel(replace(channel, members=channel.members | set(people)))
    for name in people:
        world.users[name] = User(id=name, name=name, real_name=name)
        await tabs.opened(name)
    await tabs.subscribe()
    assert await tabs.later(4) == MOST_A_MINUTE
    assert await tabs.later(4) == 0
    assert await tabs.later(60) >= 10


async def test_looks_that_take_long_are_rare(tabs: Tabs) -> None:
    """With ten thousand integrations a look takes a good part of a second: the bot has other things to do."""
    await tabs.opened()
    tabs.watch.each = 0.5
    await tabs.subscribe()
    assert await tabs.later(4) == 1
    tabs.watch.each = 0.0
    await tabs.subscribe("Users")
    assert await tabs.later(4) == 0
    tabs.watch.now += 0.5 * REST
    assert await tabs.later(4) == 1


async def test_two_processes_do_not_fight(tabs: Tabs) -> None:
    """Who opened Home last shows it; the other one sees that by the hash, and leaves it alone."""
    await tabs.opened()
    await tabs.opened(tab=tabs.other)
    await tabs.subscribe()
    assert await tabs.later(4) == 0
    tabs.tab.stir()
    assert await tabs.later(4) == 0
    tabs.other.stir()
    await tabs.other.tick()
    assert "all integrations" in tabs.shown()
    await tabs.opened()
    await tabs.subscribe("Users")
    assert await tabs.later(4) == 1


async def test_refusals_are_survived(tabs: Tabs) -> None:
    """After "too many" it waits as long as told; one person's trouble keeps nobody else from seeing."""
    await tabs.opened(PRIYA)
    await tabs.opened(MARA)
    await tabs.subscribe()
    faults = tabs.desk.sandbox.slack.faults
    faults.add(Fault(kind=FaultKind.RATE_LIMITED, retry_after=7, path="views.publish", times=1))
    assert await tabs.later(4) <= 1
    assert await tabs.later(4) <= 1
    assert await tabs.later(20) >= 1
    assert all("all integrations" in tabs.shown(user) for user in (PRIYA, MARA))
    faults.add(Fault(kind=FaultKind.STATUS, status=500, path="views.publish", times=1))
    await tabs.subscribe("Users")
    await tabs.later(4)
    await tabs.later(20)
    await tabs.later(20)
    assert all("Users" in tabs.shown(user) for user in (PRIYA, MARA))


async def test_the_messages_tab_is_left_alone(tabs: Tabs) -> None:
    """Slack sends the same event when somebody opens the messages with the bot."""
    event = {"type": "app_home_opened", "user": MARA, "channel": "D1", "tab": "messages"}
    await tabs.tab.opened({"team_id": TEAM, "event": event})
    assert tabs.published == 0


async def test_a_clock_that_is_set_back_holds_nothing_up(tabs: Tabs) -> None:
    """By an hour: whoever may be looking sees the next change as soon as ever."""
    await tabs.opened()
    await tabs.subscribe()
    assert await tabs.later(4) == 1
    tabs.desk.clock.advance(-3600)
    await tabs.opened()
    await tabs.desk.subscriptions.subscribe(MARKETING, MARA, "Users", Filters())  # as another process would
    assert await tabs.later(16) == 1
    assert MARKETING.channel_id in tabs.shown()


async def test_a_home_that_can_not_be_renewed_keeps_no_other_from_it(tabs: Tabs) -> None:
    """What Slack said of one person makes no sense: the next one's Home is renewed, and the trouble is noted."""
    await tabs.opened(PRIYA)
    event = {"type": "app_home_opened", "user": PRIYA, "channel": ["no channel"], "tab": "home"}
    with pytest.raises(TypeError):
        await tabs.tab.opened({"team_id": TEAM, "event": event})
    await tabs.opened()
    await tabs.subscribe()
    assert await tabs.later(4) == 1
    assert "all integrations" in tabs.shown()
    troubles = tabs.desk.app.workspaces.troubles.present()
    assert [(each.work, each.item) for each in troubles] == [(Work.HOME, PRIYA)]
