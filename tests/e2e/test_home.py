"""The Home tab as people use it: over Socket Mode and as signed HTTP requests."""

from __future__ import annotations

from dataclasses import replace

from cdi_bot.sandbox.faults import Fault, FaultKind
from cdi_bot.sandbox.slack.seed_data import DATA_ALERTS, FINANCE_PRIVATE, GUEST, KENJI, MARKETING_OPS, PRIYA
from tests.e2e.kit import Json, System
from tests.e2e.screen import Screen, chosen, element, says

ALL = {"text": {"type": "plain_text", "text": "All"}, "value": "all"}


async def test_home_from_empty_to_busy(busy_system: System) -> None:
    """Every button of Home does what it says, and what changes shows by itself while Home is open."""
    system, screen = busy_system, Screen(busy_system)
    await system.type("list")
    home = await screen.open_home("None of your channels is subscribed")

    await screen.press(home, "form_new")
    form = await screen.opened()
    await screen.submit(form, channel={"selected_conversation": DATA_ALERTS}, selector=chosen(ALL))
    await screen.shows("Subscribed to")
    await screen.close()
    home = await screen.home_shows("healthy", "Users EU", "Orders")

    system.run(system.id_of("Orders"))
    home = await screen.home_shows("Needs attention", "home_ack:0")
    await screen.press(home, "home_ack:0")
    home = await screen.home_shows("acknowledged by", without="home_ack:0")
    await screen.press(home, button_of(home, "home_runs"))
    await screen.shows("Orders")
    await screen.shows("as of")
    await screen.close()
    await screen.press(home, "home_help")
    assert says(await screen.opened(), "/cdi snooze")
    await screen.close()

    await screen.press(home, button_of(home, "form_change"))
    change = await screen.opened()
    await screen.submit(change, rows={"value": "7"})
    await screen.close()
    home = await screen.home_shows("from 7 failed rows")
    await screen.press(home, button_of(home, "form_new:"))
    added = await screen.opened()
    offered = await screen.search(added, "selector", "users")
    await screen.submit(added, selector=chosen(offered[0]))
    await screen.close()
    home = await screen.home_shows("matching `users*`")

    system.run(system.id_of("Orders"), "success")
    home = await screen.home_shows("healthy", without="Needs attention")
    await screen.press(home, button_of(home, "form_change"))
    await screen.press(await screen.opened(), "form_unsubscribe")
    await screen.shows("Unsubscribed from")
    await screen.close()
    home = await screen.home_shows("matching `users*`", without="all integrations*")
    await screen.press(home, "home_refresh")
    await screen.home_shows("matching `users*`", after=home)
    await system.stop()


async def test_home_is_each_persons_own(each_system: System) -> None:
    """Nobody sees a channel that they are not in; a guest may look; each reads their own language's page."""
    system = each_system
    world = system.sandbox.slack
    private = world.channels[FINANCE_PRIVATE]
    world.put_channel(replace(private, members=private.members | {world.bot_user}))
    system.create("Salaries")
    system.create("Users")
    await system.start()
    await system.type("subscribe Salaries", FINANCE_PRIVATE)
    await system.type("subscribe Users", MARKETING_OPS)
    priya, kenji, guest = Screen(system, PRIYA), Screen(system, KENJI), Screen(system, GUEST)
    await priya.open_home("Salaries", FINANCE_PRIVATE, "Users")
    seen = await kenji.open_home("Users")
    assert not says(seen, "Salaries")
    assert not says(seen, FINANCE_PRIVATE)
    await system.type("subscribe Users", DATA_ALERTS)
    looked = await guest.open_home("Users", DATA_ALERTS)
    assert not says(looked, MARKETING_OPS)
    assert not says(looked, "form_change")
    await system.stop()


async def test_home_past_one_page(each_system: System) -> None:
    """Two hundred integrations stand on pages that can be turned, and a renewal keeps the page."""
    system = each_system
    for number in range(200):
        system.create(f"Sync {number:03}")
    await system.start()
    await system.type("subscribe all")
    screen = Screen(system)
    home = await screen.open_home("200 integrations")
    await screen.press(home, "home_page:on")
    second = await screen.home_shows("page 2 of 3", "home_page:back")
    assert not says(second, "Sync 000")
    await system.type("subscribe Sync 00*", MARKETING_OPS)
    await screen.home_shows("page 2 of 3", "in 2 of your channels")
    await screen.press(second, "home_page:on")
    await screen.home_shows("page 3 of 3", "Sync 199")
    await system.stop()


async def test_home_in_trouble(each_system: System) -> None:
    """Where Slack does not tell the person's channels nothing is shown of any; a failed showing stops nothing."""
    system = each_system
    system.create("Users")
    await system.start()
    await system.type("subscribe all")
    screen = Screen(system)
    faults = system.sandbox.slack.faults
    faults.add(Fault(kind=FaultKind.STATUS, status=503, path="users.conversations"))
    home = await screen.open_home("doesn't say which channels")
    assert not says(home, "Users")
    faults.clear()
    faults.add(Fault(kind=FaultKind.RATE_LIMITED, retry_after=1, path="views.publish", times=1))
    await screen.press(home, "home_refresh")
    await system.bot.logged("Home not shown")
    await screen.press(home, "home_refresh")
    await screen.home_shows("Users")
    await system.stop()


def button_of(view: Json, action: str) -> str:
    """Return the whole id of the first button of an action."""
    found = element(view, action)
    return str(found["action_id"])
