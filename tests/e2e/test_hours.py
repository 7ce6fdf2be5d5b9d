"""A channel with hours, over the real process: alerts wait, and one message tells of them when they may be posted."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from cdi_bot.sandbox.slack.payloads import Press
from cdi_bot.sandbox.slack.seed_data import MARA
from tests.e2e.kit import System, says


async def test_alerts_wait_for_the_hours(system: System) -> None:
    """From the command to the message that tells of them, which is acknowledged."""
    users, orders = system.create("Users"), system.create("Orders")
    await system.start()
    await system.type("subscribe all")
    later = datetime.now(UTC) + timedelta(hours=2)
    told = await system.type(f"hours {later:%H:%M}-{later + timedelta(hours=1):%H:%M} UTC except:late")
    assert says(told, "set this channel's hours: every day")
    assert says(await system.type("hours"), "now outside, until")
    await system.polled()
    before = len(system.public())
    system.run(users)
    await system.bot.logged('"name": "Users"')
    system.run(orders, "partial")
    await system.bot.logged('"name": "Orders"')
    status = await system.type("status")
    assert says(status, "Needs attention")
    assert says(status, "now outside, until")
    assert len(system.public()) == before
    await system.type("hours off")
    summary = await system.seen(lambda each: says(each, "2 still open"))
    assert says(summary, "Users")
    assert says(summary, "Orders")
    assert [each for each in system.public()[before:] if each["id"] != summary["id"]] == [
        each for each in system.public() if says(each, "ended this channel's hours")
    ]
    found = system.sandbox.slack.by_id(summary["id"])
    assert (await system.sandbox.people.press(found, Press(user=MARA, action_id="ack")))["acked"]
    await system.seen(lambda each: says(each, f"acknowledged by <@{MARA}>"))
    await system.stop()


async def test_what_are_no_hours(system: System) -> None:
    """The answer says what hours are, to the one person."""
    await system.start()
    answer = await system.type("hours nine to five")
    assert answer["ephemeral"]
    assert says(answer, "aren't hours")
    assert says(answer, "/cdi hours")
    await system.stop()
