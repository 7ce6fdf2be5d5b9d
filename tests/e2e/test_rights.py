"""Who may do what, and syncs that people start: over Socket Mode and as signed HTTP requests."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cdi_bot.sandbox.braze.runs import RunPlan
from cdi_bot.sandbox.slack.payloads import Press
from cdi_bot.sandbox.slack.seed_data import (
    FINANCE_PRIVATE,
    GUEST,
    KENJI,
    MARA,
    MARKETING_OPS,
    OUTSIDER,
    PRIYA,
)
from tests.e2e.kit import System, says


@pytest.fixture(params=["socket", "http"])
async def admin_system(request: pytest.FixtureRequest, system: System, http_system: System) -> System:
    """A bot in one of Slack's modes, with one admin, and an integration whose next run goes well."""
    made = system if request.param == "socket" else http_system
    users = made.create("Users")
    made.put_history(users, "success")
    made.sandbox.braze.change(
        users, made.sandbox.braze.integrations()[0].config, coming=[RunPlan(seconds=0.5)]
    )
    made.sandbox.braze.settings = replace(made.sandbox.braze.settings, trigger_delay=0.2)
    await made.start(CDI_BOT_ADMINS=MARA)
    return made


async def test_a_sync_is_confirmed_announced_and_followed(admin_system: System) -> None:
    """Only an admin may; one message in the channel says who requested it, and then how it ended."""
    system = admin_system
    assert says(await system.type("sync users", user=PRIYA), "bot's admins")
    await system.type("subscribe users")
    asked = await system.type("ｓｙｎｃ　ｕｓｅｒｓ")
    assert len(system.public()) == 1
    announced = await system.press(asked, "confirm_sync")
    assert f"Sync of Users requested by <@{MARA}>" in announced["text"]
    await system.seen(lambda each: each["ts"] == announced["ts"] and says(each, "Success"))
    assert [each["ephemeral"] for each in system.messages() if says(each, "Sync ")] == [False]
    assert says(await system.type("audit"), "requested a sync of")
    await system.stop()


async def test_guests_and_people_from_outside_only_look(admin_system: System) -> None:
    """They are told why, and nothing changes; they may still ask how things are."""
    system = admin_system
    assert says(await system.type("subscribe all", user=GUEST), "guest")
    assert says(await system.type("unsubscribe all", user=OUTSIDER), "another workspace")
    assert says(await system.type("digest daily 09:00", user=GUEST), "guest")
    assert says(await system.type("status users", user=OUTSIDER), "Users")
    assert says(await system.type("subscriptions", user=GUEST), "subscribe")
    assert not system.public()
    await system.type("subscribe all")
    system.run(system.sandbox.braze.integrations()[0].config.integration_id)
    card = await system.alert("Users")
    message = system.sandbox.slack.by_id(card["id"])
    before = {each["id"] for each in system.messages() if each["ephemeral"]}
    await system.sandbox.people.press(message, Press(user=OUTSIDER, action_id="ack"))
    await system.seen(
        lambda each: bool(each["ephemeral"]) and says(each, "change nothing") and each["id"] not in before
    )
    audit = await system.type("audit")
    assert says(audit, "subscribed it to")
    assert not says(audit, "acknowledged")
    await _reach_other_channels(system)
    await system.stop()


async def _reach_other_channels(system: System) -> None:
    """`in:` reaches a channel that the person is in, or an admin; a private one is told to nobody outside."""
    channels = system.sandbox.slack.channels
    ops = channels[MARKETING_OPS]
    channels[MARKETING_OPS] = replace(ops, members=ops.members - {MARA, PRIYA})
    assert says(await system.type("subscribe users in:#marketing-ops"), MARKETING_OPS)  # an admin
    await system.seen(lambda each: says(each, MARA) and says(each, "subscribed this channel"), MARKETING_OPS)
    assert says(await system.type("subscriptions in:#marketing-ops", user=KENJI), "Users")  # a member
    assert says(await system.type("subscriptions in:#marketing-ops", user=PRIYA), "bot's admins")
    private = f"subscriptions in:<#{FINANCE_PRIVATE}|finance-private>"
    assert says(await system.type(private), "private")  # not even to an admin: the bot is not in it
    assert says(await system.type(private, user=KENJI), "ボットの管理者")  # his Slack is in Japanese
