"""Two Braze workspaces with one integration id: each button acts on the workspace of what it stands under.

Braze's ids are unique within a workspace. What is typed means the first; every button here was made for the second.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest

from cdi_bot.core.commands.incidents import Acknowledge
from cdi_bot.core.model.integration import Integration
from cdi_bot.core.model.spike import Spike
from cdi_bot.core.model.subscription import Filters, Snooze, Subscription
from cdi_bot.delivery.views import IncidentView
from cdi_bot.sandbox import Sandbox
from cdi_bot.sandbox.braze.integration import IntegrationConfig
from cdi_bot.sandbox.slack.model import Content
from cdi_bot.sandbox.slack.payloads import Press
from cdi_bot.sandbox.slack.seed_data import DATA_ALERTS, MARA
from cdi_bot.slack.render.kit.blocks import Block
from cdi_bot.slack.render.kit.buttons import (
    choose_button,
    history_button,
    more_menu,
    snooze_select,
    spike_button,
    switch_off_button,
    sync_button,
    unsnooze_button,
)
from cdi_bot.slack.render.kit.i18n import Translator
from tests.rigs import people
from tests.rigs.people import ALERTS, MARKETING, Desk, PatientApp
from tests.slack.api.bolt_kit import PATIENCE, Json
from tests.slack.render.samples import failing
from tests.store.samples import incident

ONE_ID = "users-1"
WORDS = Translator()


@dataclass(frozen=True)
class Two:
    """The bot with both workspaces; ALERTS is subscribed to the integration of each."""

    desk: Desk
    app: PatientApp
    first: Integration
    second: Integration
    sandboxes: tuple[Sandbox, Sandbox]

    async def press(self, element: Block | None, chosen: Json | None = None) -> None:
        """Press a button, or choose of a menu, in a message in ALERTS."""
        assert element
        blocks = ({"type": "actions", "block_id": "a", "elements": [element]},)
        message = self.desk.sandbox.slack.post(DATA_ALERTS, Content(text="press", blocks=blocks))
        press = Press(user=MARA, action_id=element["action_id"], chosen=chosen or {})
        told = await self.desk.sandbox.people.press(message, press)
        assert (told["acked"], told["error"]) == (True, None), told
        await self.app.settle()

    async def snoozes(self) -> list[Snooze]:
        """Every snooze of the id, of whichever workspace."""
        async with self.desk.store.read() as uow:
            return [
                snooze
                for one in (self.first, self.second)
                for some in (await uow.snoozes.active(one.workspace_id, [ONE_ID], self.desk.clock())).values()
                for snooze in some
            ]

    async def subscriptions(self) -> list[Subscription]:
        """The subscriptions of ALERTS."""
        async with self.desk.store.read() as uow:
            return await uow.subscriptions.for_channel(ALERTS)

    @property
    def last(self) -> str:
        """The newest answer to the one person."""
        return str([each for each in self.desk.sandbox.slack.messages() if each.user_to == MARA][-1].content)


@pytest.fixture
async def two(tmp_path: Path) -> AsyncIterator[Two]:
    """Both workspaces, with one integration of the same id each: `Users` and `Consent`."""
    async with Sandbox() as other, people.responder(tmp_path, second=other) as desk:
        app = PatientApp(
            bot_token=desk.sandbox.slack_bot_token,
            app_token=desk.sandbox.slack_app_token,
            signing_secret=None,
            api_url=f"{desk.sandbox.url}/api/",
        )
        await app.identify()
        access = replace(desk.access, admins=frozenset({MARA}))
        desk.listen(replace(desk.responder_for(app), incidents=replace(desk.incidents, access=access)))
        await app.connect()
        desk.add("Users", "success", integration_id=ONE_ID)
        other.braze.create(IntegrationConfig(integration_name="Consent", integration_id=ONE_ID))
        assert desk.second
        for workspace in (desk.workspace, desk.second):
            await desk.subscriptions.subscribe(
                ALERTS, MARA, ONE_ID, Filters(), workspace_id=workspace.workspace_id
            )
        async with desk.store.read() as uow:
            first = await uow.integrations.get(desk.workspace.workspace_id, ONE_ID)
            second = await uow.integrations.get(desk.second.workspace_id, ONE_ID)
        assert first
        assert second
        yield Two(desk, app, first.integration, second.integration, (desk.sandbox, other))
        await app.drain(PATIENCE)
        await app.close()


async def test_a_subscription_each(two: Two) -> None:
    """One id in two workspaces is two integrations, and two subscriptions."""
    names = (two.first.integration_name, two.second.integration_name)
    assert names == ("Users", "Consent")
    assert [one.workspace_id for one in await two.subscriptions()] == [
        two.first.workspace_id,
        two.second.workspace_id,
    ]


async def test_snooze_and_its_end(two: Two) -> None:
    """The menu snoozes the integration that its card is about; the button ends that snooze alone."""
    menu = snooze_select(two.second, WORDS)
    assert menu
    await two.press(menu, {"selected_option": menu["options"][0]})
    assert [one.workspace_id for one in await two.snoozes()] == [two.second.workspace_id]
    menu = snooze_select(two.first, WORDS)
    assert menu
    await two.press(menu, {"selected_option": menu["options"][0]})
    (ending,) = [one for one in await two.snoozes() if one.workspace_id == two.second.workspace_id]
    await two.press(unsnooze_button(ending, "Users", WORDS))
    assert [one.workspace_id for one in await two.snoozes()] == [two.first.workspace_id]


async def choose(two: Two, view: IncidentView, label: str) -> None:
    """Choose something from the menu of a card."""
    menu = more_menu(view, WORDS, with_history=True)
    assert menu
    (option,) = (each for each in menu["options"] if each["text"]["text"] == label)
    await two.press(menu, {"selected_option": option})


async def test_the_menu_of_a_card(two: Two) -> None:
    """Each choice is about the card's integration; a sync is asked about first."""
    view = IncidentView(incident=failing(), integration=two.second, dashboard_url=None, can_sync=True)
    await choose(two, view, "Snooze for 4 hours")
    (snooze,) = await two.snoozes()
    assert (snooze.workspace_id, snooze.until is None) == (two.second.workspace_id, False)
    await choose(two, replace(view, snooze=snooze), "End snooze")
    assert await two.snoozes() == []
    await choose(two, view, "History")
    assert "Consent" in two.last
    await choose(two, view, "Sync now…")
    assert "Consent" in two.last
    assert "'action_id': 'confirm_sync'" in two.last
    async with two.desk.store.read() as uow:
        assert not [each for each in await uow.audit.newest(ALERTS, limit=9) if each.action == "sync"]


async def test_history(two: Two) -> None:
    """The runs are those of the card's integration, and so is everything below them."""
    await two.press(history_button(two.second, WORDS))
    assert "Consent" in two.last
    await two.press(history_button(two.first, WORDS))
    assert "Users" in two.last


async def test_sync(two: Two) -> None:
    """The sync is requested of the card's workspace."""
    await two.press(sync_button(two.second, WORDS))
    asked = [sum(request.path.endswith("/sync") for request in each.braze.requests) for each in two.sandboxes]
    assert asked == [0, 1]


async def accepted(two: Two) -> list[dict[str, set[str]]]:
    """The reasons that were marked as expected of the id, in each workspace."""
    async with two.desk.store.read() as uow:
        return [
            {key: set(reasons) for key, reasons in (await uow.expected.accepted(one.workspace_id)).items()}
            for one in (two.first, two.second)
        ]


async def test_expected(two: Two) -> None:
    """The buttons of a spike's notice and of a card are about the card's workspace, and so is what can be stopped."""
    start = two.desk.clock()
    spikes = [
        Spike(
            workspace_id=two.second.workspace_id,
            integration_id=ONE_ID,
            run_start=start - timedelta(hours=hours),
            rows=412_000,
            usual=48_200,
            magnitude=8.5,
        )
        for hours in range(3)
    ]
    for spike in spikes:
        await two.press(spike_button(spike, two.second, None, WORDS))
    assert await accepted(two) == [{}, {ONE_ID: {"spike"}}]
    assert "was marked as expected 3 times" in two.last
    await two.press(switch_off_button(two.second, "spike", WORDS))
    shown = str([message.content for message in two.desk.sandbox.slack.messages()])
    assert "no longer gets these alerts" not in shown  # the channel is told who stopped them
    assert [one.filters.off for one in await two.subscriptions()] == [frozenset(), {"spike"}]
    async with two.desk.store.read() as uow:
        said = await uow.expected.of_integrations(two.second.workspace_id, [ONE_ID])
    for spike, word in zip(spikes, sorted(said, key=lambda each: each.seen_at, reverse=True), strict=True):
        await two.press(spike_button(spike, two.second, word, WORDS))
    assert await accepted(two) == [{}, {}]


async def test_choose(two: Two) -> None:
    """Who chooses one of several acts on that one."""
    async with two.desk.store.write() as uow:
        await uow.incidents.add([incident(one.workspace_id, ONE_ID) for one in (two.first, two.second)])
    await two.press(choose_button(two.second, 0, Acknowledge(query="x")))
    async with two.desk.store.read() as uow:
        by = [
            one.acknowledged_by
            for each in (two.first, two.second)
            for one in await uow.incidents.open_for(each.workspace_id, None, [ONE_ID])
        ]
    assert by == [None, MARA]


async def test_which_workspace(two: Two) -> None:
    """The buttons of the question subscribe to one workspace, and the last one to all of them."""
    asked = await two.desk.responder_for(two.app).answer_text("subscribe all", MARKETING, MARA)
    assert asked
    prod, staging, every = (
        each for block in asked.blocks for each in block.get("elements", []) if "value" in each
    )
    for button, count in ((staging, 1), (every, 2)):
        await two.press(button)
        async with two.desk.store.read() as uow:
            everything = [one for one in await uow.subscriptions.for_channel(ALERTS) if one.selector == "all"]
        assert len(everything) == count
    assert "prod" in prod["text"]["text"]


async def test_what_is_not_snoozed_names_its_workspace(two: Two) -> None:
    """A hint that repeats a selector repeats its workspace: typed as it stands there, it means the same."""
    async with two.desk.store.write() as uow:
        for one in await uow.subscriptions.for_channel(ALERTS):
            await uow.subscriptions.remove([one.subscription_id])
    to = two.desk.responder_for(two.app)
    for text, words in (
        ("snooze staging/Users* 2h", "/cdi subscribe staging/Users*"),
        ("unsubscribe staging/Users*", "/cdi subscribe staging/Users*"),
        ("unsnooze staging/Users*", "staging"),
        ("preview staging/*", "staging"),
    ):
        said = await to.answer_text(text, ALERTS, MARA)
        assert said
        assert words in str(said.blocks), text


async def test_form(two: Two) -> None:
    """The form is about the card's workspace: what it shows, offers, changes and ends."""
    view = IncidentView(incident=failing(), integration=two.second, dashboard_url=None)
    menu = more_menu(view, WORDS, with_history=False)
    assert menu
    await two.press(menu, {"selected_option": menu["options"][-1]})
    modal = two.desk.sandbox.slack.views.modal(MARA)
    assert modal
    assert "staging / Consent" in str(modal["blocks"])
    topics = {"topics": {"topics": {"selected_options": [{"value": "error"}]}}}
    told = await two.desk.sandbox.people.submit(MARA, modal["id"], topics)
    assert (told["acked"], told["error"]) == (True, None), told
    await two.app.settle()
    first, second = await two.subscriptions()
    assert (first.filters == Filters(), second.filters == Filters()) == (True, False)
    await two.press(menu, {"selected_option": menu["options"][-1]})
    modal = two.desk.sandbox.slack.views.modal(MARA)
    assert modal
    await two.desk.sandbox.people.press_in_view(modal["id"], Press(user=MARA, action_id="form_unsubscribe"))
    await two.app.settle()
    assert [one.workspace_id for one in await two.subscriptions()] == [two.first.workspace_id]


async def test_what_the_picker_offers(two: Two) -> None:
    """A form for the second workspace offers what that one has."""
    assert [one.integration_name for one in (await two.desk.forms.search("staging/")).integrations] == [
        "Consent"
    ]


async def test_a_workspace_that_is_no_longer_watched(two: Two) -> None:
    """A button can outlive its workspace's settings: then its integration is not known, and no other is touched."""
    gone = replace(two.second, workspace_id=99)
    await two.press(history_button(gone, WORDS))
    assert "No integration" in two.last
    await two.press(sync_button(gone, WORDS))
    assert [
        sum(request.path.endswith("/sync") for request in each.braze.requests) for each in two.sandboxes
    ] == [0, 0]
