"""The form for a subscription, from every place that opens it: over Socket Mode and as signed HTTP requests."""

from __future__ import annotations

from dataclasses import replace

from cdi_bot.sandbox.faults import Fault, FaultKind
from cdi_bot.sandbox.slack.seed_data import DATA_ALERTS, FINANCE_PRIVATE, GENERAL, KENJI, MARKETING_OPS, PRIYA
from tests.e2e.kit import System, says
from tests.e2e.screen import Screen, chosen, element
from tests.e2e.screen import says as view_says

ALL = {"text": {"type": "plain_text", "text": "All"}, "value": "all"}


async def test_the_form_from_everywhere(busy_system: System) -> None:
    """From the shortcut, the list of subscriptions and an alert's menu; each field does what it says."""
    system, screen = busy_system, Screen(busy_system)
    await system.type("list")  # from here on the list is known, however busy this machine is
    form = await screen.shortcut()
    offered = await screen.search(form, "selector", "us")
    assert offered[0]["value"] == "us*"
    users = next(option for option in offered if option["text"]["text"] == "Users EU")
    assert (await screen.search(form, "selector", ""))[0]["value"] == "all"
    errors = await screen.errors(form, selector=chosen(users), group={"value": "nobody"}, rows={"value": "x"})
    assert set(errors) == {"channel", "group", "rows"}
    await screen.submit(
        form,
        channel={"selected_conversation": DATA_ALERTS},
        selector=chosen(users),
        rows={"value": "100"},
        people={"selected_users": [KENJI]},
        group={"value": "S0DATA"},
    )
    await screen.shows("Subscribed to")
    told = await system.seen(lambda each: not each["ephemeral"] and says(each, "Users EU"))
    assert says(told, f"<@{KENJI}> <!subteam^S0DATA>")
    await screen.close()

    listed = await system.type("subscriptions")
    change = await screen.press_in_message(listed, "form_change:0")
    topics = next(block for block in change["blocks"] if block.get("block_id") == "topics")["element"]
    await screen.submit(change, topics={"selected_options": topics["options"][:1]}, rows={"value": None})
    await system.seen(lambda each: not each["ephemeral"] and says(each, "changed the alerts for"))
    assert says(await system.type("subscriptions"), "errors; new alerts mention")
    await screen.close()

    system.run(users["value"])
    card = await system.alert("Users EU")
    about = await screen.press_in_message(card, "more", selected_option=element(card, "more")["options"][-1])
    assert view_says(about, "Users EU")
    await screen.press(about, "form_unsubscribe")
    await screen.shows("Unsubscribed from")
    await system.seen(lambda each: not each["ephemeral"] and says(each, "unsubscribed"))
    await screen.close()

    fresh = await screen.press_in_message(await system.type("subscriptions"), "form_new")
    daily = next(one for one in element(fresh, "digest")["options"] if one["value"] == "daily")
    await screen.submit(fresh, selector=chosen(ALL), digest={"selected_option": daily})
    assert view_says(await screen.shows("Subscribed to"), "Digest: every day at 09:00")
    await system.seen(lambda each: not each["ephemeral"] and says(each, "all integrations"))
    await system.seen(
        lambda each: not each["ephemeral"] and says(each, "every day at 09:00 (Europe/Stockholm)")
    )
    await system.stop()


async def test_channels_that_can_not_be_chosen(each_system: System) -> None:
    """One that the person is not in, a private one without the bot, any while Slack is silent: said at the field."""
    system = each_system
    await system.start()
    await system.type("list")
    mara = Screen(system)
    form = await mara.shortcut()
    errors = await mara.errors(form, channel={"selected_conversation": FINANCE_PRIVATE}, selector=chosen(ALL))
    assert "/invite @cdi-bot" in errors["channel"]
    world = system.sandbox.slack
    world.put_channel(replace(world.channels[GENERAL], members=world.channels[GENERAL].members - {PRIYA}))
    priya = Screen(system, PRIYA)
    other = await priya.shortcut()
    errors = await priya.errors(other, channel={"selected_conversation": GENERAL}, selector=chosen(ALL))
    assert "not in this channel" in errors["channel"]
    await priya.submit(other, channel={"selected_conversation": MARKETING_OPS}, selector=chosen(ALL))
    await system.seen(lambda each: not each["ephemeral"] and says(each, PRIYA), MARKETING_OPS)
    assert not system.public(GENERAL)
    assert not system.public(FINANCE_PRIVATE)
    system.sandbox.slack.faults.add(Fault(kind=FaultKind.STATUS, status=503, path="users.conversations"))
    late = await Screen(system, KENJI).shortcut()
    here = {"selected_conversation": DATA_ALERTS}
    kenji = Screen(system, KENJI)
    await kenji.submit(late, channel=here, selector=chosen(ALL))
    assert element(await kenji.shows("Slack"), "selector")["initial_option"] == ALL
    await system.stop()


async def test_a_form_is_acknowledged_whatever_braze_and_slack_do(each_system: System) -> None:
    """While they are silent a window waits, and then tells how it went; what was filled in is not lost."""
    system = each_system
    users = system.create("Users")
    await system.start()
    await system.type("list")
    screen = Screen(system)
    form = await screen.shortcut()
    (everything, single) = await screen.search(form, "selector", "")
    assert (everything["value"], single["value"]) == ("all", users)
    system.sandbox.braze.faults.add(Fault(kind=FaultKind.LATENCY, seconds=30))
    system.sandbox.slack.faults.add(
        Fault(kind=FaultKind.LATENCY, seconds=2.6, path="users.conversations", times=1)
    )
    private = {"selected_conversation": FINANCE_PRIVATE}
    told = await screen.submit(form, channel=private, selector=chosen(single), group={"value": "S0DATA"})
    assert told["response"]["response_action"] == "update"
    assert view_says(told["response"]["view"], "One moment")
    again = await screen.shows("/invite @cdi-bot")
    assert element(again, "selector")["initial_option"]["value"] == users
    assert element(again, "group")["initial_value"] == "S0DATA"
    here = {"selected_conversation": DATA_ALERTS}
    await screen.submit(again, channel=here)
    await screen.shows("Subscribed to")
    await system.seen(lambda each: not each["ephemeral"] and says(each, "S0DATA"))
    system.sandbox.braze.faults.clear()
    await system.stop()


async def test_the_form_counts_what_it_would_have_sent(busy_system: System) -> None:
    """With what is chosen, and anew with each filter; what was filled in stays."""
    system, screen = busy_system, Screen(busy_system)
    system.put_history(system.id_of("Users EU"), "error", "success", ago=3600)
    await system.type("status Users EU")
    await system.type("subscribe all")
    form = await screen.shortcut()
    assert view_says(form, "Choose integrations to see which alerts they would have sent.")
    everything = chosen(ALL)
    channel = {"selected_conversation": DATA_ALERTS}
    await screen.fill(form, "selector", channel=channel, selector=everything)
    counted = await screen.shows("Would have sent 1 alert in the last 30 days: 1 failed.")
    topics = next(block for block in counted["blocks"] if block["block_id"] == "topics")["element"]["options"]
    late = {"selected_options": [one for one in topics if one["value"] == "late"]}
    await screen.fill(counted, "topics", channel=channel, selector=everything, topics=late)
    none = await screen.shows("Would have sent 0 alerts in the last 30 days.")
    assert none["state"]["values"]["selector"]["selector"]["selected_option"]["value"] == "all"
    await screen.fill(none, "rows", selector=everything, topics=late, rows={"value": "many"})
    await screen.fill(none, "topics", selector=everything, topics={"selected_options": topics})
    await screen.shows("Would have sent 1 alert in the last 30 days: 1 failed.")
    await screen.close()
    await screen.press_in_message(await system.type("subscriptions"), "form_change:0")
    await screen.shows("Would have sent 1 alert in the last 30 days: 1 failed.")
    assert view_says(await system.type("preview all"), "1 failed")
    await system.stop()
