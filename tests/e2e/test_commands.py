"""`/cdi` answers, and so do the buttons: over Socket Mode and as signed HTTP requests."""

from __future__ import annotations

import json
from dataclasses import replace

import aiohttp

from cdi_bot.sandbox.faults import Fault, FaultKind
from cdi_bot.sandbox.slack.http_mode import Tamper
from cdi_bot.sandbox.slack.seed_data import FINANCE_PRIVATE, KENJI, MARKETING_OPS
from tests.e2e.kit import Json, Town, is_alert, says


async def test_every_command_is_answered(busy_town: Town) -> None:
    """With what a person needs next, in either mode."""
    town = busy_town
    assert says(await town.type(""), "/cdi subscribe")
    assert says(await town.type("help"), "/cdi snooze")
    assert says(await town.type("help", user=KENJI), "使えるコマンド")  # his Slack is in Japanese
    assert says(await town.type("statsu"), "status")
    assert says(await town.type("status"), "subscribe")
    assert says(await town.type("list"), "Orders")
    assert says(await town.type("list users"), "Users US")
    assert says(await town.type("subscriptions"), "subscribe")
    assert says(await town.type("subscribe Users* on:error,recovery rows:5"), "Users*")
    await town.seen(lambda each: not each["ephemeral"] and says(each, "U0MARA0001"))
    assert says(await town.type("subscribe Users* on:error,recovery rows:5"), "already")
    assert says(await town.type("subscriptions"), "Users*")
    assert says(await town.type("status"), "Users EU")
    history = await town.type("status users eu")
    assert says(history, "history_page:on")
    assert says(history, '"data_visualization"')
    older = await town.press(history, "history_page:on")
    assert older["id"] == history["id"]
    assert says(older, "history_page:back")
    several = await town.type("status users")
    assert says(await town.press(several, "pick:0"), "Users")
    assert says(await town.type("digest"), "no digest")
    assert says(await town.type("digest weekly mon 9am quiet"), "every Monday at 09:00 (Europe/Stockholm)")
    await town.seen(lambda each: not each["ephemeral"] and says(each, "digest"))
    assert says(await town.type("digest off"), "ended")
    assert says(await town.type("language Japanese"), "日本語")
    await town.seen(lambda each: not each["ephemeral"] and says(each, "このチャンネルのメッセージの言語"))
    assert says(await town.type("language default"), "own language")
    town.sandbox.slack.rules = replace(town.sandbox.slack.rules, charts=False)
    assert says(await town.type("status users eu"), "███")
    assert says(await town.type("snooze orders"), "2h")
    assert says(await town.type("snooze orders 2h maintenance"), "Orders")
    assert says(await town.type("unsnooze orders"), "Orders")
    assert says(await town.type("ack orders"), "Orders")
    assert says(await town.type("sync orders"), "CDI_BOT_ADMINS")
    assert says(await town.type("unsubscribe orders"), "Orders")
    await town.type("subscribe orders")
    await town.type("unsubscribe orders")
    await town.seen(lambda each: not each["ephemeral"] and says(each, "ended") and says(each, "Orders"))
    assert says(await town.type("unsubscribe Users*"), "Users*")
    assert says(await town.type("status nosuch"), "nosuch")
    assert says(await town.type("ａｕｄｉｔ"), "ended its subscription to")
    await town.stop()


async def test_a_choice_completes_whatever_was_typed(each_town: Town) -> None:
    """Where several integrations fit, each command goes on with the one that is chosen, and all else as typed."""
    town = each_town
    for name in ("Users EU", "Users US"):
        town.put_history(town.create(name), "success")
    await town.start(CDI_BOT_ADMINS="*")

    async def chosen(text: str, place: int = 0) -> Json:
        several = await town.type(text)
        assert says(several, "2 integrations fit"), several
        return await town.press(several, f"pick:{place}")

    assert says(await chosen("subscribe users rows:5"), "from 5 lost rows on")
    assert says(await chosen("sub users", 1), "Users US")
    assert says(await chosen("status users"), "Users EU")
    assert says(await chosen('snooze users 2h "house move"'), "house move")
    assert says(await chosen("unsnooze users"), "The mute of")
    assert says(await chosen("ack users"), "not failing")
    assert says(await chosen("unsub users", 1), "ended")
    assert says(await chosen("sync users", 1), "Start a sync of")
    several = await town.type("status users")
    assert says(await town.press(several, "pick:0", value='{"command":"status Users EU"}'), "That went wrong")
    several = await town.type("status users")
    over = '{"command":"snooze","query":"x","until":"2020-01-01T00:00:00Z","reason":null}'
    assert says(await town.press(several, "pick:0", value=over), "not a length of time")
    await town.stop()


async def test_the_buttons_of_an_alert_work(busy_town: Town) -> None:
    """Who acknowledged stands on the card; a mute stands there too; the history is shown to the one person."""
    town = busy_town
    await town.type("subscribe all")
    town.run(town.id_of("Orders"))
    card = await town.alert("Orders")
    await town.press(card, "ack")
    await town.seen(
        lambda each: each["ts"] == card["ts"] and says(each, "U0MARA0001") and not is_alert(each, "Orders")
    )
    assert says(await town.press(card, "history"), "Orders")
    menu = next(
        element
        for block in card["blocks"]
        for element in block.get("elements", [])
        if element.get("action_id") == "snooze"
    )
    for option in menu["options"]:
        await town.press(card, "snooze", selected_option=option)
    await town.seen(lambda each: each["ts"] == card["ts"] and says(each, "unsnooze"))
    await town.press(card, "unsnooze")
    await town.seen(lambda each: each["ts"] == card["ts"] and not says(each, "unsnooze"))
    await town.stop()


async def test_a_private_channel_has_to_invite_the_bot(town: Town) -> None:
    """The answer is the line to type; nothing is subscribed."""
    town.create("Users")
    await town.start()
    assert says(await town.type("subscribe all", FINANCE_PRIVATE), "/invite")
    assert says(await town.type("subscriptions", FINANCE_PRIVATE), "subscribe")
    assert not town.public(FINANCE_PRIVATE)
    await town.stop()


async def test_commands_are_answered_while_braze_is_away(town: Town) -> None:
    """Acknowledged at once, and answered from memory with a word on why."""
    users = town.create("Users")
    town.put_history(users, "success")
    await town.start()
    await town.type("subscribe all", MARKETING_OPS)
    await town.polled()
    town.sandbox.braze.faults.add(Fault(kind=FaultKind.LATENCY, seconds=30))
    assert says(await town.type("status Users"), "Users")
    town.sandbox.braze.faults.clear()
    await town.stop()


async def test_commands_are_answered_across_a_disconnect(town: Town) -> None:
    """Slack renews its connections; no command is missed meanwhile."""
    await town.start()
    await town.sandbox.sockets.wait_connected(2)
    await town.sandbox.sockets.disconnect()
    for _ in range(3):
        assert says(await town.type("help"), "/cdi")
    await town.stop()


async def test_forged_stale_and_replayed_requests_are_refused(http_town: Town) -> None:
    """Nothing is answered, and nothing is changed; what is played again is not carried out again."""
    town = http_town
    await town.start()
    for tamper in Tamper:
        told = await town.sandbox.people.command("C0ALERTS01", "U0MARA0001", "help", tamper=tamper)
        assert not told["acked"], told
    assert town.messages() == []
    assert says(await town.type("help"), "/cdi")
    async with aiohttp.ClientSession() as session:
        await session.post(f"{town.sandbox.url}/sandbox/slack/replay", json={})
    assert says(await town.type("subscriptions"), "subscribe")
    assert len(town.messages()) == 2
    await town.stop()


async def test_the_operator_endpoints_tell_how_it_is(town: Town) -> None:
    """`/readyz` names what is wrong; `/healthz` answers as long as the process works."""
    town.create("Users")
    await town.start()
    async with aiohttp.ClientSession() as session:

        async def get(path: str) -> tuple[int, str]:
            async with session.get(f"http://127.0.0.1:{town.port}{path}") as answer:
                return answer.status, await answer.text()

        assert (await get("/healthz"))[0] == 200
        assert (await get("/readyz"))[0] == 200
        town.sandbox.braze.faults.add(Fault(kind=FaultKind.REVOKED))
        await town.bot.logged("Braze can't be asked")
        status, text = await get("/readyz")
        assert status == 503
        assert "bad_key" in str(json.loads(text)["reasons"])
        assert (await get("/healthz"))[0] == 200
    await town.stop()
