"""`/cdi` answers, and so do the buttons: over Socket Mode and as signed HTTP requests."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import aiohttp

from cdi_bot.sandbox.faults import Fault, FaultKind
from cdi_bot.sandbox.slack.interactions import Tamper
from cdi_bot.sandbox.slack.seed_data import FINANCE_PRIVATE, KENJI, MARKETING_OPS
from tests.e2e.kit import Json, System, is_alert, says
from tests.e2e.screen import element


async def test_every_command_is_answered(busy_system: System) -> None:
    """With what a person needs next, in either mode."""
    system = busy_system
    assert says(await system.type(""), "/cdi subscribe")
    assert says(await system.type("help"), "/cdi snooze")
    assert says(await system.type("help", user=KENJI), "使えるコマンド")  # his Slack is in Japanese
    assert says(await system.type("statsu"), "status")
    assert (await system.say("@cdi-bot what is failing?"))["user_to"] == "U0MARA0001"
    direct = system.sandbox.slack.direct_message("U0MARA0001").id
    assert says(await system.say("list of integrations", channel=direct), "Orders")
    assert says(await system.type("status"), "subscribe")
    assert says(await system.type("list"), "Orders")
    assert says(await system.type("list users"), "Users US")
    assert says(await system.type("subscriptions"), "subscribe")
    assert says(await system.type("subscribe Users* on:error,recovery rows:5"), "Users*")
    assert says(await system.type("subscribe Users* on:error,recovery rows:5"), "Already")
    assert says(await system.type("subscriptions"), "Users*")
    assert says(await system.type("status"), "Users EU")
    history = await system.type("status users eu")
    assert says(history, "history_page:on")
    assert says(history, '"data_visualization"')
    older = await system.press(history, "history_page:on")
    assert older["id"] == history["id"]
    assert says(older, "history_page:back")
    several = await system.type("status users")
    assert says(await system.press(several, "pick:0"), "Users")
    assert says(await system.type("digest"), "Digest: off")
    assert says(await system.type("digest weekly mon 9am quiet"), "every Monday at 09:00 (Europe/Stockholm)")
    assert says(await system.type("digest off"), "ended")
    assert says(await system.type("language Japanese"), "このチャンネルの言語を 日本語")
    assert says(await system.type("language default"), "the bot's default")
    system.sandbox.slack.rules = replace(system.sandbox.slack.rules, charts=False)
    assert says(await system.type("status users eu"), "███")
    assert says(await system.type("snooze orders"), "2h")
    assert says(await system.type("snooze orders 2h maintenance"), "Orders")
    assert says(await system.type("snoozes"), "nooze")
    assert says(await system.type("unsnooze orders"), "Orders")
    assert says(await system.type("ack orders"), "Orders")
    assert says(await system.type("sync orders"), "CDI_BOT_ADMINS")
    assert says(await system.type("unsubscribe orders"), "Orders")
    await system.type("subscribe orders")
    assert says(await system.type("unsubscribe orders"), "unsubscribed this channel from *Orders*")
    assert says(await system.type("unsubscribe Users*"), "Users*")
    assert says(await system.type("status nosuch"), "nosuch")
    assert says(await system.type("ａｕｄｉｔ"), "ended its subscription to")
    await system.stop()


async def test_a_choice_completes_whatever_was_typed(each_system: System) -> None:
    """Where several integrations match, each command goes on with the one that is chosen, and all else as typed."""
    system = each_system
    for name in ("Users EU", "Users US"):
        system.put_history(system.create(name), "success")
    await system.start(CDI_BOT_ADMINS="*")

    async def chosen(text: str, place: int = 0) -> Json:
        several = await system.type(text)
        assert says(several, "2 integrations match"), several
        return await system.press(several, f"pick:{place}")

    assert says(await chosen("subscribe users rows:5"), "partial runs from 5 failed rows")
    assert says(await chosen("sub users", 1), "Users US")
    assert says(await chosen("status users"), "Users EU")
    assert says(await chosen('snooze users 2h "house move"'), "house move")
    assert says(await chosen("unsnooze users"), "ended the snooze of")
    assert says(await chosen("ack users"), "no open incident")
    assert says(await chosen("unsub users", 1), "unsubscribed")
    assert says(await chosen("sync users", 1), "Sync *Users US* now?")
    several = await system.type("status users")
    assert says(
        await system.press(several, "pick:0", value='{"command":"status Users EU"}'), "That went wrong"
    )
    several = await system.type("status users")
    over = '{"command":"snooze","selector":"x","until":"2020-01-01T00:00:00Z","reason":null}'
    assert says(await system.press(several, "pick:0", value=over), "valid time")
    await system.stop()


async def test_a_sync_that_deletes_users_asks_accordingly(system: System) -> None:
    """What Braze lists of an integration reaches the question before a sync, and the advice on its alert."""
    leavers = system.create("Leavers", integration_type="users_delete", warehouse_type="databricks")
    system.put_history(leavers, "success")
    await system.start(CDI_BOT_ADMINS="*")
    await system.type("subscribe all")
    assert says(await system.type("sync leavers"), "deletes users from Braze. That can't be undone")
    system.run(leavers)
    card = await system.alert("Leavers")
    assert says(card, "Check in Databricks")
    asked = await system.press(card, "more", selected_option=_choice(card, "Sync now…"))
    assert says(asked, "deletes users from Braze. That can't be undone")
    await system.stop()


async def test_the_buttons_of_an_alert_work(busy_system: System) -> None:
    """Who acknowledged stands on the card; a snooze stands there too; the history is shown to the one person."""
    system = busy_system
    await system.type("subscribe all")
    system.run(system.id_of("Orders"))
    card = await system.alert("Orders")
    await system.press(card, "ack")
    await system.seen(
        lambda each: each["ts"] == card["ts"] and says(each, "U0MARA0001") and not is_alert(each, "Orders")
    )
    assert says(await system.press(card, "history"), "Orders")
    await system.press(card, "more", selected_option=_choice(card, "Snooze for 4 hours"))
    snoozed = await system.seen(lambda each: each["ts"] == card["ts"] and says(each, "End snooze"))
    await system.press(snoozed, "more", selected_option=_choice(snoozed, "End snooze"))
    await system.seen(lambda each: each["ts"] == card["ts"] and not says(each, "End snooze"))
    await system.stop()


def _choice(card: Json, label: str) -> Json:
    """Return what a card's menu offers under a label."""
    options: list[Json] = element(card, "more")["options"]
    return next(one for one in options if one["text"]["text"] == label)


async def test_a_private_channel_has_to_invite_the_bot(system: System) -> None:
    """The answer is the line to type; nothing is subscribed."""
    system.create("Users")
    await system.start()
    assert says(await system.type("subscribe all", FINANCE_PRIVATE), "/invite")
    assert says(await system.type("subscriptions", FINANCE_PRIVATE), "subscribe")
    assert not system.public(FINANCE_PRIVATE)
    await system.stop()


async def test_commands_are_answered_while_braze_is_away(system: System) -> None:
    """Acknowledged at once, and answered with the last known state and why."""
    users = system.create("Users")
    system.put_history(users, "success")
    await system.start()
    await system.type("subscribe all", MARKETING_OPS)
    await system.polled()
    system.sandbox.braze.faults.add(Fault(kind=FaultKind.LATENCY, seconds=30))
    assert says(await system.type("status Users"), "Users")
    system.sandbox.braze.faults.clear()
    await system.stop()


async def test_the_history_does_what_its_buttons_say_and_shows_it(system: System) -> None:
    """Acknowledge and Snooze stand in the history too: pressed, they give way to what is so from then on."""
    users = system.create("Users")
    await system.start()
    await system.type("subscribe all")
    system.run(users)
    await system.alert("Users")
    history = await system.type("status Users")

    async def press(shown: Json, action_id: str, then: str, **chosen: Any) -> Json:
        await system.press(shown, action_id, **chosen)
        return await system.seen(lambda each: each["id"] == history["id"] and says(each, then))

    acknowledged = await press(history, "history_ack", "Acknowledged by")
    assert not says(acknowledged, "history_ack")
    menus = [each for block in acknowledged["blocks"] for each in block.get("elements", [])]
    (menu,) = [each for each in menus if each.get("action_id") == "history_snooze"]
    chosen = menu["options"][0]
    snoozed = await press(acknowledged, "history_snooze", "Snoozed by", selected_option=chosen)
    await press(snoozed, "history_unsnooze", "history_snooze")
    await system.stop()


async def test_commands_are_answered_across_a_disconnect(system: System) -> None:
    """Slack renews its connections; no command is missed meanwhile."""
    await system.start()
    await system.sandbox.sockets.wait_connected(2)
    await system.sandbox.sockets.disconnect()
    for _ in range(3):
        assert says(await system.type("help"), "/cdi")
    await system.stop()


async def test_forged_stale_and_replayed_requests_are_refused(http_system: System) -> None:
    """Nothing is answered, and nothing is changed; what is played again is not carried out again."""
    system = http_system
    await system.start()
    for tamper in Tamper:
        told = await system.sandbox.people.command("C0ALERTS01", "U0MARA0001", "help", tamper=tamper)
        assert not told["acked"], told
    assert system.messages() == []
    assert says(await system.type("help"), "/cdi")
    async with aiohttp.ClientSession() as session:
        await session.post(f"{system.sandbox.url}/sandbox/slack/replay", json={})
    assert says(await system.type("subscriptions"), "subscribe")
    assert len(system.messages()) == 2
    await system.stop()


async def test_the_operator_endpoints_tell_how_it_is(system: System) -> None:
    """`/readyz` names what is wrong; `/healthz` answers as long as the process works."""
    system.create("Users")
    await system.start()
    async with aiohttp.ClientSession() as session:

        async def get(path: str) -> tuple[int, str]:
            async with session.get(f"http://127.0.0.1:{system.port}{path}") as answer:
                return answer.status, await answer.text()

        assert (await get("/healthz"))[0] == 200
        assert (await get("/readyz"))[0] == 200
        system.sandbox.braze.faults.add(Fault(kind=FaultKind.REVOKED))
        await system.bot.logged("Braze can't be asked")
        status, text = await get("/readyz")
        assert status == 503
        assert "bad_key" in str(json.loads(text)["reasons"])
        assert (await get("/healthz"))[0] == 200
    await system.stop()
