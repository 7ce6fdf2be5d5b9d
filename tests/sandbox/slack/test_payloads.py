"""Whose payloads are: as Slack sends them in one workspace, over Slack Connect, in a Grid, to an organization's app."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from cdi_bot.sandbox import Sandbox
from cdi_bot.sandbox.slack.model import Content, PayloadTeams
from cdi_bot.sandbox.slack.payloads import Press
from cdi_bot.sandbox.slack.seed_data import ENTERPRISE, OTHER_TEAM, OUTSIDER, SIBLING_TEAM, TEAM
from tests.sandbox.slack_kit import ALERTS, BOT, MARA, Json, RawSocket, actions, button, modal


class Shapes:
    """An app on a bare connection that acknowledges what comes and keeps its payload."""

    def __init__(self, sandbox: Sandbox, http: Any) -> None:
        """Talk to this sandbox."""
        self.sandbox, self._http = sandbox, http

    async def of(self, kind: str, teams: PayloadTeams, user: str = MARA) -> Json:
        """The payload of one interaction of this kind, done by this person."""
        people, slack = self.sandbox.people, self.sandbox.slack
        slack.rules = replace(slack.rules, teams=teams)
        socket = await RawSocket.open(self.sandbox, self._http)
        view = slack.views.open(user, modal(actions(button())))
        doing = {
            "command": lambda: people.command(ALERTS, user, "status"),
            "press": lambda: people.press(
                slack.post(ALERTS, Content(text="x", blocks=(actions(button()),))),
                Press(user=user, action_id="go"),
            ),
            "press in a view": lambda: people.press_in_view(view["id"], Press(user=user, action_id="go")),
            "submission": lambda: people.submit(user, view["id"], {}),
            "shortcut": lambda: people.shortcut(user, "subscription"),
            "event": lambda: people.event({"type": "channel_archive", "channel": ALERTS, "user": user}),
        }
        told = asyncio.create_task(doing[kind]())
        envelope = await socket.read()
        await socket.ack(envelope)
        assert (await told)["acked"] is True
        payload: Json = envelope["payload"]
        return payload


@pytest.fixture
def shapes(sandbox: Sandbox, http: Any) -> Shapes:
    """The shapes of this sandbox's payloads."""
    return Shapes(sandbox, http)


INTERACTIONS = ["press", "press in a view", "submission", "shortcut"]


@pytest.mark.parametrize("kind", INTERACTIONS)
async def test_interactions_in_one_workspace(shapes: Shapes, kind: str) -> None:
    """Everything names the workspace that the app is installed to, and no organization."""
    seen = await shapes.of(kind, PayloadTeams.OWN)
    assert (seen["team"]["id"], seen["user"]["team_id"]) == (TEAM, TEAM)
    assert (seen["enterprise"], seen["is_enterprise_install"]) == (None, False)


@pytest.mark.parametrize("kind", INTERACTIONS)
async def test_interactions_over_slack_connect(shapes: Shapes, kind: str) -> None:
    """Somebody of the other company: a message's button names the app's team, forms and shortcuts the person's."""
    seen = await shapes.of(kind, PayloadTeams.CONNECT, OUTSIDER)
    assert seen["user"]["team_id"] == OTHER_TEAM
    assert seen["team"]["id"] == (TEAM if kind == "press" else OTHER_TEAM)
    if "view" in seen:
        assert seen["view"]["app_installed_team_id"] == TEAM


@pytest.mark.parametrize("kind", INTERACTIONS)
async def test_interactions_in_a_grid(shapes: Shapes, kind: str) -> None:
    """The team is the workspace in which it was done, another one of the same organization."""
    seen = await shapes.of(kind, PayloadTeams.GRID)
    assert seen["team"]["id"] == SIBLING_TEAM
    assert seen["team"]["enterprise_id"] == seen["enterprise"]["id"] == ENTERPRISE
    assert seen["is_enterprise_install"] is False


@pytest.mark.parametrize("kind", INTERACTIONS)
async def test_interactions_with_an_organizations_app(shapes: Shapes, kind: str) -> None:
    """No team is named at all but the person's; the organization is."""
    seen = await shapes.of(kind, PayloadTeams.ORGANIZATION)
    assert (seen["team"], seen["is_enterprise_install"]) == (None, True)
    assert seen["enterprise"]["id"] == ENTERPRISE
    assert seen["user"]["team_id"] == TEAM


@pytest.mark.parametrize(
    ("teams", "user", "named"),
    [
        (PayloadTeams.OWN, MARA, (TEAM, None, "false")),
        (PayloadTeams.CONNECT, MARA, (TEAM, None, "false")),
        (PayloadTeams.CONNECT, OUTSIDER, (OTHER_TEAM, None, "false")),
        (PayloadTeams.GRID, MARA, (SIBLING_TEAM, ENTERPRISE, "false")),
        (PayloadTeams.ORGANIZATION, MARA, (SIBLING_TEAM, ENTERPRISE, "true")),
    ],
)
async def test_commands_name_where_they_were_typed(
    shapes: Shapes, teams: PayloadTeams, user: str, named: tuple[str, str | None, str]
) -> None:
    """A command names the workspace in which the person was, and the organization if there is one."""
    seen = await shapes.of("command", teams, user)
    assert (seen["team_id"], seen.get("enterprise_id"), seen["is_enterprise_install"]) == named


@pytest.mark.parametrize(
    ("teams", "outer", "enterprise", "shared"),
    [
        (PayloadTeams.OWN, TEAM, None, False),
        (PayloadTeams.CONNECT, OTHER_TEAM, None, True),
        (PayloadTeams.GRID, SIBLING_TEAM, ENTERPRISE, False),
        (PayloadTeams.ORGANIZATION, SIBLING_TEAM, ENTERPRISE, False),
    ],
)
async def test_events_tell_whose_they_are_in_their_authorization(
    shapes: Shapes, teams: PayloadTeams, outer: str, enterprise: str | None, *, shared: bool
) -> None:
    """The outer team is the channel's home; the installation that may see the event stands in `authorizations`."""
    seen = await shapes.of("event", teams)
    assert (seen["team_id"], seen["context_team_id"]) == (outer, TEAM)
    assert (seen["context_enterprise_id"], seen["is_ext_shared_channel"]) == (enterprise, shared)
    assert seen["authorizations"] == [
        {
            "enterprise_id": enterprise,
            "team_id": None if teams is PayloadTeams.ORGANIZATION else TEAM,
            "user_id": BOT,
            "is_bot": True,
            "is_enterprise_install": teams is PayloadTeams.ORGANIZATION,
        }
    ]


@pytest.mark.parametrize(
    ("teams", "team", "enterprise"),
    [
        (PayloadTeams.OWN, TEAM, None),
        (PayloadTeams.CONNECT, TEAM, None),
        (PayloadTeams.GRID, TEAM, ENTERPRISE),
        (PayloadTeams.ORGANIZATION, ENTERPRISE, ENTERPRISE),
    ],
)
async def test_the_app_is_told_its_own_team(
    sandbox: Sandbox, client: Any, teams: PayloadTeams, team: str, enterprise: str | None
) -> None:
    """`auth.test` names what the app is installed to, whatever payloads name; people show their organization."""
    sandbox.slack.rules = replace(sandbox.slack.rules, teams=teams)
    told = await client.auth_test()
    assert (told["team_id"], told["enterprise_id"]) == (team, enterprise)
    mara = (await client.users_info(user=MARA))["user"]
    assert mara.get("enterprise_user", {}).get("enterprise_id") == enterprise
    assert "enterprise_user" not in (await client.users_info(user=OUTSIDER))["user"]
