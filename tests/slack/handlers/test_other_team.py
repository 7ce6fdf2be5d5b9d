"""Payloads that name another team, as Slack Connect and Enterprise Grid send them: the channel is the bot's team's.

Everything arrives over a real Socket Mode connection. The bot was installed to `TEAM`; the payloads name `OTHER_TEAM`
wherever they name a team, but for the person's own.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from cdi_bot.core.model.channel import Channel
from cdi_bot.core.model.incident import Incident
from cdi_bot.core.model.subscription import Filters
from cdi_bot.delivery.channel_health import ARCHIVED, REVOKED, UNINSTALLED
from cdi_bot.sandbox.slack.channels import ChannelChange, change_channel
from cdi_bot.sandbox.slack.model import BOT_SCOPES, Content
from cdi_bot.sandbox.slack.payloads import Press
from cdi_bot.sandbox.slack.seed_data import BOT, DATA_ALERTS, MARA, MARKETING_OPS, OTHER_TEAM, OUTSIDER, TEAM
from cdi_bot.slack.render.forms.fields import FORM
from cdi_bot.slack.render.kit.blocks import as_value
from tests.rigs import people
from tests.rigs.people import ALERTS, MARKETING, Desk, PatientApp
from tests.slack.api.bolt_kit import Json
from tests.store.samples import incident


@dataclass(frozen=True)
class Abroad:
    """A bot that is sent nothing but payloads of another team; ALERTS is subscribed to an integration of this id."""

    desk: Desk
    app: PatientApp
    integration_id: str

    async def sent(self, told: Json) -> None:
        """Check that a delivery was acknowledged, and wait until it was worked on."""
        assert (told["acked"], told["error"]) == (True, None), told
        await self.app.settle()

    async def command(self, text: str, user: str = MARA) -> None:
        """Type a command in ALERTS."""
        await self.sent(await self.desk.sandbox.people.command(DATA_ALERTS, user, text))

    async def press(self, action_id: str, value: Json, user: str = MARA) -> None:
        """Press a button in a message in ALERTS."""
        text = {"type": "plain_text", "text": "Press"}
        button: Json = {"type": "button", "action_id": action_id, "value": as_value(value), "text": text}
        blocks = ({"type": "actions", "block_id": "a", "elements": [button]},)
        message = self.desk.sandbox.slack.post(DATA_ALERTS, Content(text="press", blocks=blocks))
        press = Press(user=user, action_id=action_id)
        await self.sent(await self.desk.sandbox.people.press(message, press))

    async def press_in(self, view: Json, action_id: str) -> None:
        """Press a button in a form or in Home."""
        press = Press(user=MARA, action_id=action_id)
        await self.sent(await self.desk.sandbox.people.press_in_view(view["id"], press))

    async def event(self, kind: str, **facts: Any) -> None:
        """Send an event."""
        await self.sent(await self.desk.sandbox.people.event({"type": kind, **facts}))

    @property
    def modal(self) -> Json:
        """The form that is open."""
        modal = self.desk.sandbox.slack.views.modal(MARA)
        assert modal is not None
        return modal

    async def home(self) -> Json:
        """Open Home."""
        await self.sent(await self.desk.sandbox.people.open_home(MARA))
        return self.desk.sandbox.slack.views.homes()[MARA]

    def last(self, user: str = MARA) -> str:
        """The newest answer that somebody alone sees."""
        return str([each for each in self.desk.sandbox.slack.messages() if each.user_to == user][-1].content)

    async def subscribed(self) -> dict[Channel, str | None]:
        """The channels that are subscribed to something, with the reason of those that can't be posted to."""
        async with self.desk.store.read() as uow:
            return await uow.subscriptions.channels()

    async def audit(self, channel: Channel) -> list[str]:
        """What was done in a channel, newest first."""
        async with self.desk.store.read() as uow:
            return [entry.action for entry in await uow.audit.newest(channel, limit=20)]

    async def incident(self) -> Incident:
        """A new open incident with a card in ALERTS."""
        workspace_id = self.desk.workspace.workspace_id
        async with self.desk.store.write() as uow:
            (opened,) = await uow.incidents.add([incident(workspace_id, self.integration_id)])
            await uow.cards.add(ALERTS, [opened.incident_id], now=self.desk.clock())
        return opened

    async def acknowledged_by(self, opened: Incident) -> str | None:
        """Who acknowledged an incident."""
        async with self.desk.store.read() as uow:
            return (await uow.incidents.get_many([opened.incident_id]))[opened.incident_id].acknowledged_by


@pytest.fixture
async def abroad(tmp_path: Path) -> AsyncIterator[Abroad]:
    """The whole Slack side; from when it is connected, the payloads name another team."""
    async with people.responder(tmp_path) as desk, desk.connected() as app:
        assert app.identity.team_id == TEAM
        users = desk.add("Users", "success")
        await desk.subscriptions.subscribe(ALERTS, MARA, "Users", Filters())
        slack = desk.sandbox.slack
        slack.users |= {name: replace(user, home=user.home or TEAM) for name, user in slack.users.items()}
        slack.team = OTHER_TEAM
        yield Abroad(desk, app, users)


async def test_a_command(abroad: Abroad) -> None:
    """What is typed changes the channel of the bot's team, also the one that `in:` names."""
    await abroad.command("subscribe all")
    await abroad.command(f"subscribe all in:<#{MARKETING_OPS}|marketing-ops>")
    assert await abroad.subscribed() == {ALERTS: None, MARKETING: None}
    assert await abroad.audit(ALERTS) == ["subscribe", "subscribe"]
    await abroad.command("snooze Users 1h")
    assert await abroad.audit(ALERTS) == ["snooze", "subscribe", "subscribe"]


async def test_a_name_that_looks_like_an_option(abroad: Abroad) -> None:
    """An integration that is known by the name is meant, though `on:` is an option too."""
    sales = abroad.desk.add("EU on:time", "success")
    abroad.desk.clock.advance(600)
    await abroad.command("list")
    await abroad.command("subscribe EU on:time")
    async with abroad.desk.store.read() as uow:
        assert sales in {one.selector for one in await uow.subscriptions.for_channel(ALERTS)}


async def test_a_person_of_the_other_team(abroad: Abroad) -> None:
    """Who is from outside reads what the shared channel is subscribed to, and changes nothing."""
    await abroad.command("subscriptions", OUTSIDER)
    assert "Users" in abroad.last(OUTSIDER)
    await abroad.command("unsubscribe Users", OUTSIDER)
    assert "another workspace" in abroad.last(OUTSIDER)
    assert await abroad.subscribed() == {ALERTS: None}


async def test_a_button_in_a_message(abroad: Abroad) -> None:
    """What is pressed is done in the channel of the bot's team."""
    opened = await abroad.incident()
    await abroad.press("ack", {"incidents": [opened.incident_id]})
    assert await abroad.acknowledged_by(opened) == MARA
    await abroad.press("snooze", {"id": abroad.integration_id, "for": "1h"})
    assert await abroad.audit(ALERTS) == ["snooze", "acknowledge", "subscribe"]
    async with abroad.desk.store.read() as uow:
        (snooze,) = await uow.snoozes.for_channel(ALERTS)
    await abroad.press("unsnooze", {"snooze": snooze.snooze_id, "in": DATA_ALERTS})
    assert (await abroad.audit(ALERTS))[0] == "unsnooze"
    await abroad.press("overview_page", {"offset": 0})
    assert "Users" in abroad.last()


async def test_a_form(abroad: Abroad) -> None:
    """Opened by the shortcut and sent off, it subscribes the channel of the bot's team; its button ends that."""
    await abroad.sent(await abroad.desk.sandbox.people.shortcut(MARA, FORM))
    values: dict[str, Json] = {
        "channel": {"channel": {"selected_conversation": MARKETING_OPS}},
        "selector": {"selector": {"selected_option": {"value": "all"}}},
        "topics": {"topics": {"selected_options": [{"value": "error"}]}},
    }
    await abroad.sent(await abroad.desk.sandbox.people.submit(MARA, abroad.modal["id"], values))
    assert await abroad.subscribed() == {ALERTS: None, MARKETING: None}
    assert await abroad.audit(MARKETING) == ["subscribe"]
    async with abroad.desk.store.read() as uow:
        (subscription,) = await uow.subscriptions.for_channel(ALERTS)
    await abroad.press("form_change", {"subscription": subscription.subscription_id})
    await abroad.press_in(abroad.modal, "form_unsubscribe")
    assert await abroad.subscribed() == {MARKETING: None}


async def test_home(abroad: Abroad) -> None:
    """It shows the person's channels of the bot's team, the one with the bot too, and its buttons act there."""
    direct = abroad.desk.sandbox.slack.direct_message(MARA)
    await abroad.desk.subscriptions.subscribe(
        Channel(team_id=TEAM, channel_id=direct.id), MARA, "all", Filters()
    )
    opened = await abroad.incident()
    home = await abroad.home()
    assert "Direct messages" in str(home["blocks"])
    assert f"<#{DATA_ALERTS}>" in str(home["blocks"])
    await abroad.press_in(home, "home_ack:0")
    assert await abroad.acknowledged_by(opened) == MARA
    done = [await abroad.audit(channel) for channel in await abroad.subscribed()]
    assert sum(actions.count("acknowledge") for actions in done) == 1
    home = abroad.desk.sandbox.slack.views.homes()[MARA]
    new = next(each for each in _action_ids(home) if each.startswith("form_new:"))
    await abroad.press_in(home, new)
    about = abroad.modal["private_metadata"]
    values: dict[str, Json] = {
        "selector": {"selector": {"selected_option": {"value": "all"}}},
        "topics": {"topics": {"selected_options": [{"value": "error"}]}},
    }
    before = {channel: await abroad.audit(channel) for channel in await abroad.subscribed()}
    await abroad.sent(await abroad.desk.sandbox.people.submit(MARA, abroad.modal["id"], values))
    (changed,) = [channel for channel in before if await abroad.audit(channel) != before[channel]]
    assert changed.channel_id in about
    assert {channel.team_id for channel in await abroad.subscribed()} == {TEAM}


def _action_ids(view: Json) -> list[str]:
    return [
        element["action_id"]
        for block in view["blocks"]
        for element in [*block.get("elements", []), block.get("accessory", {})]
        if "action_id" in element
    ]


async def test_events_about_a_channel(abroad: Abroad) -> None:
    """An archived channel of the bot's team is marked, and restored when it is back."""

    async def become(**facts: Any) -> None:
        change = ChannelChange(channel=DATA_ALERTS, **facts)
        _, events = change_channel(abroad.desk.sandbox.slack, change)
        assert events
        for event in events:
            await abroad.sent(await abroad.desk.sandbox.people.event(event))

    await become(archived=True)
    assert await abroad.subscribed() == {ALERTS: ARCHIVED}
    await become(archived=False)
    assert await abroad.subscribed() == {ALERTS: None}
    await become(deleted=True)
    assert await abroad.subscribed() == {ALERTS: "channel_not_found"}


async def test_events_about_membership(abroad: Abroad) -> None:
    """The bot's own joining has the channel of its team looked at."""
    async with abroad.desk.store.write() as uow:
        await uow.subscriptions.mark_broken(ALERTS, "not_in_channel")
    await abroad.event("member_joined_channel", user=BOT, channel=DATA_ALERTS, team=OTHER_TEAM)
    assert await abroad.subscribed() == {ALERTS: None}


@pytest.mark.parametrize(
    ("kind", "facts", "reason"),
    [("app_uninstalled", {}, UNINSTALLED), ("tokens_revoked", {"tokens": {"bot": [BOT]}}, REVOKED)],
)
async def test_events_about_the_app(abroad: Abroad, kind: str, facts: Json, reason: str) -> None:
    """The app's removal marks the channels of the bot's team."""
    await abroad.event(kind, **facts)
    assert await abroad.subscribed() == {ALERTS: reason}


def test_who_reads_a_team() -> None:
    """Of a payload only the person's own team is read; `directory` reads Slack's answers, and whose an event is."""
    package = Path(__file__).parents[3] / "cdi_bot" / "slack"
    reading = re.compile(r"""(\[|get\()["'](team|team_id|user_team|source_team|context_team_id)["']""")
    found = {
        f"{path.relative_to(package)}: {line.strip()}"
        for path in package.rglob("*.py")
        for line in path.read_text(encoding="utf-8").splitlines()
        if reading.search(line) and path.name != "directory.py"
    }
    assert found == {
        'api/app.py: self._met(person["id"], person.get("team_id"))',
        'api/app.py: self._met(event["user"], event.get("user_team"))  # told in channels that are shared',
    }


async def test_a_mention_by_a_person_of_the_other_team(abroad: Abroad) -> None:
    """Who is from outside is answered, and changes nothing, though nobody says who is a guest."""
    slack = abroad.desk.sandbox.slack
    slack.set_token(abroad.desk.sandbox.slack_bot_token, scopes=BOT_SCOPES - {"users:read"})
    await abroad.desk.sandbox.people.say(DATA_ALERTS, OUTSIDER, "@cdi-bot unsubscribe Users")
    await abroad.app.settle()
    assert "another workspace" in abroad.last(OUTSIDER)
    assert await abroad.subscribed() == {ALERTS: None}
