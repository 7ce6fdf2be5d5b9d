"""A card that nobody acknowledges goes to another channel; acknowledged there, the card here shows it."""

from __future__ import annotations

from cdi_bot.sandbox.slack.payloads import Press
from cdi_bot.sandbox.slack.seed_data import DATA_ALERTS, MARA, MARKETING_OPS
from tests.e2e.kit import System, says


async def test_an_alert_is_escalated_and_acknowledged_there(system: System) -> None:
    """Over the real process, from the command to both cards."""
    users = system.create("Users")
    await system.start()
    await system.type("subscribe all")
    told = await system.sandbox.people.command(
        DATA_ALERTS, MARA, f"escalate after:10s to:<#{MARKETING_OPS}|ops>"
    )
    assert told["acked"]
    await system.seen(lambda each: says(each, "within 10 s") and not each["ephemeral"])
    await system.polled()
    system.run(users)
    await system.alert("Users")
    there = await system.alert("Users", MARKETING_OPS)
    assert says(there, f"Escalated from <#{DATA_ALERTS}>")
    await system.seen(lambda each: says(each, f"Escalated to <#{MARKETING_OPS}>"))
    found = system.sandbox.slack.by_id(there["id"])
    assert (await system.sandbox.people.press(found, Press(user=MARA, action_id="ack")))["acked"]
    await system.seen(lambda each: says(each, f"Acknowledged by <@{MARA}>"))
    await system.seen(lambda each: says(each, f"Acknowledged by <@{MARA}>"), MARKETING_OPS)
    await system.stop()
