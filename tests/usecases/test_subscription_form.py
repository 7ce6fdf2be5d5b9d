"""What the form needs and does, on a real store before the stand-ins."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from cdi_bot.core.digest_schedule import read_schedule
from cdi_bot.core.escalation import USUAL
from cdi_bot.core.model.channel import DigestChanged, LanguageChanged
from cdi_bot.core.model.incident import Topic
from cdi_bot.core.model.integration import Integration
from cdi_bot.core.model.message import (
    Subscribed,
    Unsubscribed,
)
from cdi_bot.core.model.subscription import Filters, Selection
from cdi_bot.sandbox.slack.seed_data import GUEST, KENJI, MARA
from cdi_bot.usecases.answers import NeedsInvite, NotAllowed, SubscriptionEnded, SubscriptionSet
from cdi_bot.usecases.change_answers import EscalationSet
from cdi_bot.usecases.subscription_form import ExistingSubscription, SettingsChange, SubscriptionForms
from tests.rigs.people import ALERTS, MARKETING, PRIVATE, Desk, responder

QUIET = Filters(topics=frozenset({Topic.ERROR}))


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    """Everything that a test of the use cases needs."""
    async with responder(tmp_path) as made:
        yield made


async def test_what_is_offered(desk: Desk) -> None:
    """The list is read where nothing is known yet, then the memory answers; what Braze has dropped is not offered."""
    desk.add("Users EU")
    gone = desk.add("Users US")
    found = await desk.forms.search(" users ")
    assert [one.integration_name for one in found.integrations] == ["Users EU", "Users US"]
    assert found.several == ((Selection(selector="users*"), 2),)
    asked = desk.calls("/integrations")
    async with desk.store.write() as uow:
        known = await uow.integrations.get(desk.workspace.workspace_id, gone)
        assert known is not None
        await uow.integrations.save([replace(known, missing_since=desk.clock())])
    assert (await desk.forms.search("users")).total == 1
    assert desk.calls("/integrations") == asked


async def test_whatever_spelling_is_typed(desk: Desk) -> None:
    """Names are offered in full width and in any letter case; an address of Braze's dashboard offers its page's one."""
    wide = desk.add("ユーザー（本番）")
    desk.add("Orders")
    for typed in ("ﾕｰｻﾞｰ", f"https://dashboard-03.braze.com/integrations/cloud_data_ingestion/{wide}?tab=log"):
        (found,) = (await desk.forms.search(typed)).integrations
        assert found.integration_id == wide
    (orders,) = (await desk.forms.search("ｏｒｄ")).integrations
    assert orders.integration_name == "Orders"


async def test_by_which_subscription_a_channel_gets_alerts(desk: Desk) -> None:
    """Its own subscription, else a pattern, else `all`; where there is none, the integration is returned."""
    users = desk.add("Users")
    forms: SubscriptionForms = desk.forms
    await desk.subscriptions.subscribe(MARKETING, MARA, "Users", Filters())
    about = await forms.for_integration(ALERTS, 1, users)
    assert isinstance(about, Integration)
    assert await forms.for_integration(ALERTS, 1, "nothing") is None
    for selector in ("all", "U*", users):
        await desk.subscriptions.subscribe(ALERTS, MARA, selector, QUIET)
        closest = await forms.for_integration(ALERTS, 1, users)
        assert isinstance(closest, ExistingSubscription)
        assert closest.subscription.selector == selector
        assert closest.name == ("Users" if selector == users else None)
        subscription_id = closest.subscription.subscription_id
        assert await forms.current(ALERTS, subscription_id) == closest
        assert await forms.current(MARKETING, subscription_id) is None


async def test_only_ones_own_channels(desk: Desk) -> None:
    """A form's channel is one's own when the form is sent, or the answer says why not."""
    desk.add("Users")
    general = replace(ALERTS, channel_id="C0GENERAL1")
    forms: SubscriptionForms = desk.forms
    assert isinstance(await forms.subscribe(general, KENJI, "all", QUIET, workspace_id=1), SubscriptionSet)
    world = desk.sandbox.slack
    place = world.channels["C0GENERAL1"]
    world.put_channel(replace(place, members=place.members - {KENJI}))  # while his form is open
    elsewhere = NotAllowed(action="elsewhere")
    assert await forms.subscribe(general, KENJI, "Users", QUIET, workspace_id=1) == elsewhere
    async with desk.store.read() as uow:
        (present,) = await uow.subscriptions.for_channel(general)
    assert await forms.unsubscribe(general, KENJI, present) == elsewhere
    assert isinstance(await forms.unsubscribe(general, MARA, present), SubscriptionEnded)
    assert await forms.subscribe(PRIVATE, MARA, "all", QUIET, workspace_id=1) == NeedsInvite()
    assert isinstance(await forms.subscribe(ALERTS, GUEST, "all", QUIET, workspace_id=1), NotAllowed)


async def test_a_direct_message_is_reached_by_its_person_alone(desk: Desk) -> None:
    """Slack does not list it among anybody's channels."""
    own = await desk.messenger.opened(replace(ALERTS, channel_id=MARA))
    assert isinstance(await desk.forms.subscribe(own, MARA, "all", QUIET, workspace_id=1), SubscriptionSet)
    assert await desk.forms.subscribe(own, KENJI, "all", QUIET, workspace_id=1) == NotAllowed(
        action="private"
    )


async def test_one_subscription_ends_alone(desk: Desk) -> None:
    """Ending `all` in the form leaves the others, unlike the command."""
    desk.add("Users")
    for selector in ("all", "Users", "U*"):
        await desk.subscriptions.subscribe(ALERTS, MARA, selector, Filters())
    async with desk.store.read() as uow:
        (everything,) = [one for one in await uow.subscriptions.for_channel(ALERTS) if one.selector == "all"]
    assert isinstance(await desk.forms.unsubscribe(ALERTS, MARA, everything), SubscriptionEnded)
    async with desk.store.read() as uow:
        assert len(await uow.subscriptions.for_channel(ALERTS)) == 2
    assert [type(content) for content in await desk.owed()] == [
        Subscribed,
        Subscribed,
        Subscribed,
        Unsubscribed,
    ]


async def test_language_and_digest_of_the_channel(desk: Desk) -> None:
    """What was changed is set and announced in the channel, nothing else is touched."""
    forms: SubscriptionForms = desk.forms
    assert await forms.change_settings(ALERTS, MARA, SettingsChange(), "UTC") == []
    schedule = read_schedule(["weekly", "mon", "08:30"])
    wish = SettingsChange(language="en", changes_language=True, digest=schedule, changes_digest=True)
    assert len(await forms.change_settings(ALERTS, MARA, wish, "Europe/Berlin")) == 2
    shown = await forms.channels.show(ALERTS)
    assert (shown.language, shown.digest, shown.zone) == ("en", "weekly mon 08:30", "Europe/Berlin")
    await forms.change_settings(ALERTS, MARA, SettingsChange(changes_digest=True), "UTC")
    shown = await forms.channels.show(ALERTS)
    assert (shown.language, shown.digest) == ("en", None)
    assert [type(content) for content in await desk.owed()] == [LanguageChanged, DigestChanged, DigestChanged]


async def test_the_escalation_of_the_channel(desk: Desk) -> None:
    """The form sets it as the command does."""
    wish = SettingsChange(escalate_to=MARKETING.channel_id, changes_escalation=True)
    (answer,) = await desk.forms.change_settings(ALERTS, MARA, wish, "UTC")
    assert answer == EscalationSet(after=USUAL, to=MARKETING.channel_id, unchanged=False)
    shown = await desk.forms.channels.show(ALERTS)
    assert (shown.escalate_after, shown.escalate_to) == (USUAL, MARKETING.channel_id)
