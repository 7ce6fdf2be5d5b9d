"""Eight integrations that fail within seconds, and recover so: a few messages in the channel, and all of it told."""

from __future__ import annotations

from tests.e2e.kit import System, says
from tests.rigs.whole import is_recovery

NAMES = [f"Orders {number}" for number in range(8)]


async def test_eight_failures_and_their_end_are_a_few_messages(system: System) -> None:
    """Each is shown before the next one happens, so that nothing waits together: the rule goes by time."""
    ids = {name: system.create(name) for name in NAMES}
    for each in ids.values():
        system.put_history(each, "success")
    await system.start()
    await system.type("subscribe all")
    await system.polled()
    before = in_channel(system)
    for name, each in ids.items():
        system.run(each)
        await shown(system, name, before)
    cards = in_channel(system) - before
    for name, each in ids.items():
        system.run(each, "success", rows_synced=700)
        await recovered(system, name)
    await system.polled()
    await system.stop()
    lines = in_channel(system) - before - cards
    assert len(cards) <= 3
    assert len(lines) <= 3


def in_channel(system: System) -> set[str]:
    """The messages that stand in the channel itself, by their `ts`: no replies that are seen in threads alone."""
    return {
        each["ts"]
        for each in system.public()
        if each["thread_ts"] in {None, each["ts"]} or each["reply_broadcast"]
    }


async def shown(system: System, name: str, before: set[str]) -> None:
    """Wait for a new message that names an integration."""
    await system.seen(lambda each: says(each, name) and each["ts"] not in before)


async def recovered(system: System, name: str) -> None:
    """Wait until the recovery of an integration is told."""
    await system.seen(lambda each: is_recovery(each) and says(each, name))
