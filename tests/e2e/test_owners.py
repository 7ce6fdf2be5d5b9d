"""Owners, runbooks and critical integrations over the real process: by command, on the card, in the escalation."""

from __future__ import annotations

from cdi_bot.sandbox.slack.seed_data import KENJI, MARKETING_OPS, PRIYA
from tests.e2e.kit import System, says
from tests.e2e.screen import Screen, chosen, element

ALL = {"text": {"type": "plain_text", "text": "All integrations, those to come too"}, "value": "all"}
RUNBOOK = "https://wiki.example.com/users"


async def test_an_owner_and_a_runbook_stand_on_the_card(system: System) -> None:
    """Each is told in the channel once; the alert mentions the owner, and an open card shows a change at once."""
    users = system.create("Users")
    await system.start()
    await system.type("subscribe all mention:<@U0KENJI001|kenji>")
    told = await system.type(f"owner User* <@{KENJI}|kenji>")
    assert not told["ephemeral"]
    assert says(told, f"set the owner of integrations matching `User*`: <@{KENJI}>")
    told = await system.type(f"runbook users <{RUNBOOK}|wiki.example.com/users>")
    assert says(told, "set the runbook of *Users*")
    await system.polled()
    system.run(users)
    card = await system.alert("Users")
    assert str(card["blocks"][0]).count(f"<@{KENJI}>") == 1
    assert says(card, f"Owner: <@{KENJI}>")
    assert says(card, f"<{RUNBOOK}|Runbook>")
    listed = await system.type("owner")
    assert listed["ephemeral"]
    assert says(listed, "*Users*: ")
    again = await system.type(f"owner User* <@{KENJI}|kenji>")
    assert again["ephemeral"]
    assert says(again, "Nothing has changed")
    assert says(await system.type("owner Users none"), "removed the owner of *Users*")
    await system.seen(lambda each: says(each, "Runbook>") and not says(each, "Owner: "))
    await system.stop()


async def test_a_critical_one_escalates_in_half_the_time(system: System) -> None:
    """The owner is mentioned where it goes, too."""
    users = system.create("Users")
    await system.start()
    await system.type("subscribe all")
    await system.type("owner all <!subteam^S0DATA0001|@data>")
    assert says(await system.type("critical Users"), "marked *Users* as critical")
    await system.type(f"escalate after:10s to:<#{MARKETING_OPS}|ops>")
    await system.polled()
    system.run(users)
    card = await system.alert("Users")
    assert says(card, "Critical · Owner: <!subteam^S0DATA0001>")
    there = await system.alert("Users", MARKETING_OPS)
    waited = float(there["ts"]) - float(card["ts"])
    assert 5 <= waited < 10
    assert says(there, "<!subteam^S0DATA0001>")
    assert says(await system.type("critical Users off"), "as not critical")
    assert says(await system.type("audit"), "set what is critical")
    await system.stop()


async def test_a_contact_in_braze_is_shown_and_mentioned_where_the_channel_chose_so(system: System) -> None:
    """Without an owner; found by the address, before it is needed."""
    users = system.create("Users", contact_emails="nobody@northwind.example, Priya@northwind.example")
    await system.start()
    await system.type("subscribe all")
    assert says(await system.type("contacts mention"), "Contacts in Braze are mentioned")
    await system.until(lambda: _looked_up(system) == 2)
    system.run(users)
    card = await system.alert("Users")
    assert str(card["blocks"][0]).count(f"<@{PRIYA}>") == 1
    assert says(card, f"Contact in Braze: <@{PRIYA}>")
    assert says(await system.type("contacts show"), "not mentioned")
    await system.type(f"owner all <@{KENJI}|kenji>")
    await system.seen(lambda each: says(each, f"Owner: <@{KENJI}>") and not says(each, "Contact in Braze:"))
    await system.stop()


async def test_the_form_sets_and_changes_them(system: System) -> None:
    """From the list that `/cdi owner` shows and from Home, which shows them as `/cdi status` does."""
    system.create("Users")
    await system.start()
    await system.type("subscribe all")
    await system.polled()
    screen = Screen(system)
    form = await screen.press_in_message(await system.type("owner"), "integration_form")
    wrong = await screen.errors(form, selector=chosen(ALL), runbook={"value": "wiki"})
    assert set(wrong) == {"runbook"}
    told = await screen.submit(
        form, selector=chosen(ALL), people={"selected_users": [KENJI]}, runbook={"value": RUNBOOK}
    )
    assert told["response"]["response_action"] == "update"
    await system.seen(lambda each: says(each, f"set the owner of *all integrations*: <@{KENJI}>"))
    await system.seen(lambda each: says(each, "set the runbook of *all integrations*"))
    await screen.close()
    status = await system.type("status Users")
    assert says(status, f"Owner: <@{KENJI}>")
    assert says(status, f"<{RUNBOOK}|Runbook>")
    home = await screen.open_home(f"Owner: <@{KENJI}>", "Owners and runbooks…")
    change = await screen.press_in_message(await system.type("owner"), "integration_form:0")
    assert element(change, "people")["initial_users"] == [KENJI]
    assert element(change, "runbook")["initial_value"] == RUNBOOK
    yes = {"selected_option": element(change, "critical")["options"][1]}
    await screen.submit(change, people={"selected_users": []}, critical=yes)
    await system.seen(lambda each: says(each, "removed the owner of *all integrations*"))
    await system.seen(lambda each: says(each, "marked *all integrations* as critical"))
    await screen.close()
    await screen.home_shows("👤 Critical", without=f"Owner: <@{KENJI}>")
    await screen.press(home, "integration_form")
    anew = await screen.opened()
    here = {"selected_conversation": MARKETING_OPS}
    await screen.submit(anew, channel=here, selector=chosen(ALL), group={"value": "S0DATA0001"})
    await system.seen(lambda each: says(each, "<!subteam^S0DATA0001>"), MARKETING_OPS)
    await system.stop()


def _looked_up(system: System) -> int:
    return sum(call["method"] == "users.lookupByEmail" for call in system.sandbox.slack.calls)
