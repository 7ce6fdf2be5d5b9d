"""Acknowledging is handed on and taken back, by command and by button, over the real process."""

from __future__ import annotations

from cdi_bot.sandbox.slack.seed_data import GUEST, KENJI, MARA, PRIYA
from tests.e2e.kit import Json, System, says
from tests.e2e.screen import Screen


async def failing(system: System) -> Json:
    """A channel with the card of an integration that fails."""
    users = system.create("Users")
    await system.start()
    await system.type("subscribe all")
    await system.polled()
    system.run(users)
    return await system.alert("Users")


async def test_by_command(system: System) -> None:
    """The card shows who is on it; the thread mentions the new one; that nobody is stands in the channel."""
    card = await failing(system)
    await system.type("ack Users")
    await system.seen(lambda each: says(each, f"Acknowledged by <@{MARA}>"))
    await system.type(f"ack Users <@{KENJI}|kenji>")
    await system.seen(lambda each: each["ts"] == card["ts"] and says(each, f"Acknowledged by <@{KENJI}>"))
    told = await system.seen(lambda each: says(each, f"to <@{KENJI}>") and says(each, "handed on"))
    assert told["thread_ts"] == card["ts"]
    await system.type(f"ack Users <@{GUEST}|otto>")
    await system.seen(lambda each: each["ephemeral"] and says(each, "can't hand it on"))
    await system.type("ack Users off")
    await system.seen(lambda each: each["ts"] == card["ts"] and says(each, '"ack"'))
    await system.seen(lambda each: says(each, "took back the acknowledgement") and not each["ephemeral"])
    await system.type("ack Users off")
    await system.seen(lambda each: each["ephemeral"] and says(each, "Nobody has acknowledged"))
    await system.type("audit")
    trail = await system.seen(lambda each: each["ephemeral"] and says(each, "What was changed"))
    assert says(trail, f"<@{MARA}> took back the acknowledgement of")
    await system.stop()


async def test_by_button(system: System) -> None:
    """On the card, in History and in Home."""
    card = await failing(system)
    await system.press(card, "ack")
    held = await system.seen(lambda each: each["ts"] == card["ts"] and says(each, '"unack"'))
    await system.press(held, "unack")
    await system.seen(lambda each: each["ts"] == card["ts"] and says(each, '"ack"'))
    await system.type("status Users")
    shown = await system.seen(lambda each: each["ephemeral"] and says(each, '"history_ack"'))
    await system.press(shown, "history_ack")
    shown = await system.seen(lambda each: each["ephemeral"] and says(each, '"history_unack"'))
    await system.press(shown, "history_unack")
    await system.seen(lambda each: each["ephemeral"] and says(each, '"history_ack"'))
    screen = Screen(system)
    home = await screen.open_home("home_ack:0")
    await screen.press(home, "home_ack:0")
    home = await screen.home_shows("home_unack:0")
    await screen.press(home, "home_unack:0")
    await screen.home_shows("home_ack:0")
    await system.stop()


async def test_ones_own_stands_first(system: System) -> None:
    """Owned, in `status failing` and in Home, also for somebody in none of the channels that get it."""
    await failing(system)
    await system.type(f"owner Users <@{PRIYA}|priya>")
    system.create("Orders")
    await system.type("list")
    await system.polled()
    system.run(system.id_of("Orders"))
    await system.alert("Orders")
    shown = await system.type("status failing", user=PRIYA)
    assert str(shown["blocks"]).index("Yours") < str(shown["blocks"]).index("Needs attention")
    shown = await system.type("status failing")
    assert not says(shown, "Yours")
    screen = Screen(system, PRIYA)
    home = await screen.open_home("Yours", "home_ack:0")
    await screen.press(home, "home_ack:0")
    await screen.home_shows("home_unack:0", f"<@{PRIYA}>")
    await system.stop()


async def test_a_sample_alert_is_sent(system: System) -> None:
    """By command, from Home and from the form, which all say how far it came."""
    await failing(system)
    screen = Screen(system)
    await system.type("test")
    await system.seen(lambda each: each["ephemeral"] and says(each, "Posted in Slack after"))
    home = await screen.open_home("Send a sample alert")
    await screen.press(home, next(part for part in str(home).split("'") if part.startswith("home_sample:")))
    await screen.shows("Posted in Slack after")
    await screen.close()
    shown = await system.type("subscriptions")
    change = next(part for part in str(shown["blocks"]).split("'") if part.startswith("form_change:"))
    form = await screen.press_in_message(shown, change)
    await screen.press(form, "form_sample")
    await screen.shows("Posted in Slack after")
    told = [each for each in system.public() if says(each, "Sample alert")]
    assert len(told) == 3
    await system.stop()
