"""Eight integrations that fail within seconds, and recover so: a few messages in the channel, and all of it told."""

from __future__ import annotations

from tests.e2e.kit import Json, System, says

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
        await system.seen(lambda shown, name=name: says(shown, name) and shown["ts"] not in before)
    cards = in_channel(system) - before
    for name, each in ids.items():
        system.run(each, "success", rows_synced=700)
        await system.seen(lambda shown, name=name: is_recovery(shown) and says(shown, name))
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


def is_recovery(message: Json) -> bool:
    """Whether a message tells of recoveries: no card, which has a button."""
    return not message["ephemeral"] and "ecovered" in message["text"]
