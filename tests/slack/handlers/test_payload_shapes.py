"""Whose a payload is: every kind that Slack sends, in every shape in which it names teams, is about the bot's own team.

The shapes are those of docs.slack.dev/reference/interaction-payloads and /apis/events-api, and of what Slack's own SDKs
record for their tests, with the names of the stand-in. They arrive as signed requests.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import aiohttp
import pytest

from cdi_bot.core.model.channel import Channel
from cdi_bot.core.model.subscription import Filters
from cdi_bot.delivery.channel_health import ARCHIVED, UNINSTALLED
from cdi_bot.sandbox.slack.channels import ChannelChange, change_channel
from cdi_bot.sandbox.slack.model import PayloadTeams
from cdi_bot.sandbox.slack.seed_data import BOT, DATA_ALERTS, MARA, OTHER_TEAM, TEAM
from cdi_bot.slack.api.directory import SlackDirectory
from cdi_bot.slack.render.forms.fields import FORM
from tests.rigs import people
from tests.rigs.people import ALERTS, Desk, PatientApp
from tests.slack.api.bolt_kit import Json, served, signed

ORG = {"id": "E0NORTHWIND", "name": "Northwind"}
SIBLING = "T0SIBLING1"

WHERE: dict[str, Json] = {
    "own": {"team": {"id": TEAM, "domain": "northwind-data"}, "enterprise": None, "home": TEAM},
    "connect": {
        "team": {"id": OTHER_TEAM, "domain": "partner"},
        "enterprise": None,
        "home": OTHER_TEAM,
        "shared": True,
    },
    "grid": {
        "team": {
            "id": SIBLING,
            "domain": "sibling",
            "enterprise_id": ORG["id"],
            "enterprise_name": "Northwind",
        },
        "enterprise": ORG,
        "home": SIBLING,
    },
    "org": {"team": None, "enterprise": ORG, "home": SIBLING, "org_wide": True},
    "bare": {"home": None},
}
"""Where somebody acts. With an installation to a whole organisation Slack names no team; `bare` names nothing."""


@dataclass(frozen=True)
class Shapes:
    """The bot behind its request address, and how Slack words what happens in one of these places."""

    desk: Desk
    app: PatientApp
    http: aiohttp.ClientSession
    url: str
    where: Json
    here: Channel

    async def send(self, body: Json | str, *, form: bool = True) -> Json:
        """Send a signed request; returns the answer, once it was worked on."""
        text = body if isinstance(body, str) else json.dumps(body)
        if form and not isinstance(body, str):
            text = urlencode({"payload": text})
        headers = signed(self.desk.sandbox.slack_signing_secret, text)
        headers["Content-Type"] = "application/x-www-form-urlencoded" if form else "application/json"
        async with self.http.post(self.url, data=text, headers=headers) as answer:
            assert answer.status == 200
            told = await answer.text()
        await self.app.settle()
        return dict(json.loads(told)) if told else {}

    def interaction(self, kind: str, **facts: Any) -> Json:
        """What every interaction has."""
        team: Json = {name: self.where[name] for name in ("team", "enterprise") if name in self.where}
        if self.where.get("org_wide"):
            team["is_enterprise_install"] = True
        user = {"id": MARA, "username": "mara", "name": "mara"}
        if self.where["home"]:
            user["team_id"] = self.where["home"]
        return {
            "type": kind,
            "user": user,
            "api_app_id": "A0CDIBOT01",
            "token": "not-used",
            "trigger_id": uuid4().hex,
            **team,
            **facts,
        }

    def view(self, **facts: Any) -> Json:
        """A view in a payload: it names the team that it was opened in, and the installed one."""
        return {
            "id": "V0VIEW0001",
            "type": "modal",
            "callback_id": FORM,
            "team_id": self.where["home"],
            "app_installed_team_id": TEAM,
            "private_metadata": json.dumps({"workspace": 1, "channel": DATA_ALERTS}),
            "hash": "1.a",
            "blocks": [],
            "state": {"values": {}},
            **facts,
        }

    def event(self, kind: str, *, installed: str | None = TEAM, **facts: Any) -> Json:
        """An event: outside stands where it happened, in `authorizations` for whom it is."""
        org_wide = bool(self.where.get("org_wide"))
        enterprise = (self.where.get("enterprise") or {}).get("id")
        body: Json = {
            "token": "not-used",
            "team_id": self.where["home"],
            "context_team_id": self.where["home"],
            "context_enterprise_id": enterprise,
            "api_app_id": "A0CDIBOT01",
            "event": {"type": kind, "event_ts": "1.000001", **facts},
            "type": "event_callback",
            "event_id": f"Ev{uuid4().hex}",
            "event_time": 1,
            "is_ext_shared_channel": bool(self.where.get("shared")),
        }
        if installed:
            body["authorizations"] = [
                {
                    "enterprise_id": enterprise,
                    "team_id": None if org_wide else installed,
                    "user_id": BOT,
                    "is_bot": True,
                    "is_enterprise_install": org_wide,
                }
            ]
        return body

    async def subscribed(self) -> dict[Channel, str | None]:
        """The channels that are subscribed to something, with the reason of those that can't be posted to."""
        async with self.desk.store.read() as uow:
            return await uow.subscriptions.channels()

    async def audit(self) -> list[str]:
        """What was done in ALERTS, newest first."""
        async with self.desk.store.read() as uow:
            return [entry.action for entry in await uow.audit.newest(self.here, limit=20)]


@pytest.fixture(params=WHERE)
async def shapes(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Shapes]:
    """The whole Slack side in HTTP mode; ALERTS is subscribed to Users."""
    async with AsyncExitStack() as stack:
        desk = await stack.enter_async_context(people.responder(tmp_path))
        app = PatientApp(
            bot_token=desk.sandbox.slack_bot_token,
            app_token=None,
            signing_secret=desk.sandbox.slack_signing_secret,
            api_url=f"{desk.sandbox.url}/api/",
        )
        where = WHERE[request.param]
        world = desk.sandbox.slack
        if where.get("enterprise"):
            teams = PayloadTeams.ORGANIZATION if "org_wide" in where else PayloadTeams.GRID
            world.rules = replace(world.rules, teams=teams)
        identity = await app.identify()
        directory = SlackDirectory(app.api, identity.team_id, identity.enterprise_id)
        access = replace(desk.access, directory=directory)
        here = replace(ALERTS, team_id=identity.team_id)
        responder = replace(desk.responder_for(app), directory=directory, access=access)
        desk.listen(
            responder, forms=replace(desk.forms, subscriptions=replace(desk.subscriptions, access=access))
        )
        url = await stack.enter_async_context(served(app, desk.sandbox))
        http = await stack.enter_async_context(aiohttp.ClientSession())
        desk.add("Users", "success", integration_id="users-1")
        await desk.subscriptions.subscribe(here, MARA, "Users", Filters())
        yield Shapes(desk, app, http, url, where, here)


async def test_a_slash_command(shapes: Shapes) -> None:
    """What is typed is about the one channel, whichever team its writer has."""
    fields = {
        "token": "not-used",
        "team_id": shapes.where["home"],
        "team_domain": "x",
        "channel_id": DATA_ALERTS,
        "channel_name": "data-alerts",
        "user_id": MARA,
        "user_name": "mara",
        "command": "/cdi",
        "text": "subscribe all",
        "api_app_id": "A0CDIBOT01",
        "is_enterprise_install": str(bool(shapes.where.get("org_wide"))).lower(),
        "response_url": f"{shapes.desk.sandbox.url}/nowhere",
        "trigger_id": uuid4().hex,
    }
    if enterprise := shapes.where.get("enterprise"):
        fields |= {"enterprise_id": enterprise["id"], "enterprise_name": enterprise["name"]}
    await shapes.send(urlencode({name: value for name, value in fields.items() if value is not None}))
    assert await shapes.subscribed() == {shapes.here: None}
    assert await shapes.audit() == ["subscribe", "subscribe"]


async def test_a_button_in_a_message(shapes: Shapes) -> None:
    """It acts in the channel that the message stands in."""
    body = shapes.interaction(
        "block_actions",
        container={"type": "message", "message_ts": "1.1", "channel_id": DATA_ALERTS, "is_ephemeral": False},
        channel={"id": DATA_ALERTS, "name": "data-alerts"},
        message={"ts": "1.1", "text": "x", "team": TEAM, "blocks": []},
        response_url=f"{shapes.desk.sandbox.url}/nowhere",
        actions=[
            {
                "type": "static_select",
                "action_id": "snooze",
                "block_id": "a",
                "selected_option": {"value": '{"workspace":1,"id":"users-1","for":"1h"}'},
                "action_ts": "1.2",
            }
        ],
    )
    await shapes.send(body)
    assert await shapes.audit() == ["snooze", "subscribe"]


async def test_a_button_in_a_view(shapes: Shapes) -> None:
    """In a form or Home there is no channel but the one that the button carries."""
    async with shapes.desk.store.read() as uow:
        (subscription,) = await uow.subscriptions.for_channel(shapes.here)
    value = json.dumps({"channel": DATA_ALERTS, "subscription": subscription.subscription_id})
    body = shapes.interaction(
        "block_actions",
        container={"type": "view", "view_id": "V0VIEW0001"},
        view=shapes.view(),
        actions=[{"type": "button", "action_id": "form_unsubscribe", "block_id": "a", "value": value}],
    )
    await shapes.send(body)
    assert await shapes.subscribed() == {}


async def test_a_form_that_is_sent_off(shapes: Shapes) -> None:
    """The channel stands in the form's own words."""
    values = {
        "selector": {"selector": {"selected_option": {"value": "all", "text": {"text": "all"}}}},
        "topics": {"topics": {"selected_options": [{"value": "error"}]}},
    }
    body = shapes.interaction("view_submission", view=shapes.view(state={"values": values}), response_urls=[])
    assert (await shapes.send(body))["response_action"] == "update"
    assert await shapes.subscribed() == {shapes.here: None}
    assert await shapes.audit() == ["subscribe", "subscribe"]


async def test_a_form_that_is_closed(shapes: Shapes) -> None:
    """It is acknowledged, and nothing more."""
    assert await shapes.send(shapes.interaction("view_closed", view=shapes.view(), is_cleared=False)) == {}


async def test_a_search_in_a_form(shapes: Shapes) -> None:
    """It is answered with what there is."""
    body = shapes.interaction(
        "block_suggestion",
        action_id="selector",
        block_id="selector",
        value="use",
        container={"type": "view", "view_id": "V0VIEW0001"},
        view=shapes.view(),
    )
    assert "Users" in str(await shapes.send(body))


async def test_a_shortcut(shapes: Shapes) -> None:
    """It opens the form, which asks for the channel."""
    body = shapes.interaction("shortcut", callback_id=FORM, action_ts="1.1")
    body["trigger_id"] = shapes.desk.sandbox.slack.handles.new_trigger(
        MARA, shapes.desk.sandbox.slack.clock()
    )
    await shapes.send(body)
    assert shapes.desk.sandbox.slack.views.modal(MARA)


async def test_an_event_of_a_channel(shapes: Shapes) -> None:
    """A channel of the bot's is looked at, wherever it was archived from and whoever else has the app."""
    change_channel(shapes.desk.sandbox.slack, ChannelChange(channel=DATA_ALERTS, archived=True))
    for installed in (TEAM, SIBLING, None):
        async with shapes.desk.store.write() as uow:
            await uow.subscriptions.clear_broken(shapes.here)
        event = shapes.event("channel_archive", installed=installed, channel=DATA_ALERTS, user=MARA)
        await shapes.send(event, form=False)
        assert await shapes.subscribed() == {shapes.here: ARCHIVED}


async def test_home_is_opened(shapes: Shapes) -> None:
    """Home is put up for whoever opened it."""
    event = shapes.event("app_home_opened", user=MARA, channel="D0MARA0001", tab="home")
    await shapes.send(event, form=False)
    assert "Users" in str(shapes.desk.sandbox.slack.views.homes()[MARA])


async def test_the_app_is_removed(shapes: Shapes) -> None:
    """The bot's own removal counts, that of another workspace with the same app does not."""
    other = shapes.event("app_uninstalled", installed=SIBLING)
    other["authorizations"][0] |= {"team_id": SIBLING, "enterprise_id": "E0OTHER001"}
    await shapes.send(other, form=False)
    assert await shapes.subscribed() == {shapes.here: None}
    await shapes.send(shapes.event("app_uninstalled"), form=False)
    assert await shapes.subscribed() == {shapes.here: UNINSTALLED}


@pytest.mark.parametrize("shapes", ["own"], indirect=True)
async def test_a_field_that_is_missing(shapes: Shapes) -> None:
    """Whichever field is missing: a search is answered, nothing else is left without an answer, and nothing stops."""
    value = '{"workspace":1,"id":"users-1","offset":0}'
    button = {"type": "button", "action_id": "history", "block_id": "a", "value": value}
    answers = f"{shapes.desk.sandbox.url}/nowhere"
    search = shapes.interaction("block_suggestion", action_id="selector", value="use", view=shapes.view())
    for body in (
        search,
        shapes.interaction("view_closed", view=shapes.view()),
        shapes.interaction(
            "block_actions", channel={"id": DATA_ALERTS}, response_url=answers, actions=[button]
        ),
        shapes.event("channel_archive", channel=DATA_ALERTS, user=MARA),
        shapes.event("app_home_opened", user=MARA, channel="D0MARA0001", tab="home"),
    ):
        for missing in set(body) - {"type", "action_id", "actions", "event"}:
            left = {name: field for name, field in body.items() if name != missing} | {
                "event_id": uuid4().hex
            }
            told = await shapes.send(left, form="event" not in body)
            assert body is not search or "options" in told or "option_groups" in told, missing
    event = shapes.event("channel_archive", channel=DATA_ALERTS)
    for missing in ("channel", "event_ts"):
        left = {name: field for name, field in event["event"].items() if name != missing}
        await shapes.send(event | {"event": left, "event_id": uuid4().hex}, form=False)
    change_channel(shapes.desk.sandbox.slack, ChannelChange(channel=DATA_ALERTS, archived=True))
    await shapes.send(shapes.event("channel_archive", channel=DATA_ALERTS, user=MARA), form=False)
    assert await shapes.subscribed() == {shapes.here: ARCHIVED}
