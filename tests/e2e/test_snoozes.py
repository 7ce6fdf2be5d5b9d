"""What is snoozed in a channel: set by command, seen in one list, changed in its form, ended."""

from __future__ import annotations

from tests.e2e.kit import System, says
from tests.e2e.screen import Screen, element
from tests.e2e.screen import says as view_says


async def test_windows_by_command_and_in_the_form(busy_system: System) -> None:
    """Recurring, planned, by pattern and all; what is wrong in the form stands at its field, and nothing is lost."""
    system, screen = busy_system, Screen(busy_system)
    await system.type("subscribe all")
    for typed, told in (
        ("snooze all every sun 02:00-06:00 Europe/Berlin backup", "backup"),
        ("snooze Users* from:fri 18:00 until:mon 08:00 move", "move"),
        ("snooze braze/* 2h release", "release"),
    ):
        assert says(await system.type(typed), told)
    listed = await system.type("snoozes")
    assert all(says(listed, each) for each in ("backup", "move", "release"))
    assert says(await system.type("unsnooze all"), "ended the snooze of")
    empty = await system.type("snoozes")

    new = await screen.press_in_message(empty, "snooze_new")
    for what, when, at in (
        ("Users*", "soonish", "when"),
        ("Users*", "from fri 18:00", "when"),
        ("Users*", "2s", "when"),
        ("Users*", "Orders 2h", "when"),
        ("Users EU", "until recovery", "when"),
        ("Nobody", "2h", "what"),
        ("Users", "2h", "what"),
    ):
        errors = await screen.errors(new, what={"value": what}, when={"value": when})
        assert set(errors) == {at}, (what, when, errors)
        assert "`" not in errors[at]
        assert "*" not in errors[at].replace("Users*", "")
    await screen.submit(
        new,
        what={"value": "Users*"},
        when={"value": "every sun 02:00-06:00 Europe/Berlin"},
        reason={"value": "backup"},
    )
    await system.seen(lambda each: not each["ephemeral"] and says(each, "Users*") and says(each, "backup"))
    listed = await system.type("snoozes")
    change = await screen.press_in_message(listed, "snooze_change:0")
    assert element(change, "when")["initial_value"] == "every sun 02:00-06:00 Europe/Berlin"
    assert element(change, "reason")["initial_value"] == "backup"
    assert set(await screen.errors(change, when={"value": "never"})) == {"when"}
    await screen.submit(change, when={"value": "2h"}, reason={"value": "release 7"})
    await system.seen(lambda each: not each["ephemeral"] and says(each, "release 7"))
    listed = await system.type("snoozes")
    assert not says(listed, "every")

    late = await screen.press_in_message(listed, "snooze_change:0")
    await system.type("unsnooze all")
    await screen.submit(late, when={"value": "4h"})
    await screen.shows("This snooze has ended already.")
    await screen.close()
    assert says(await system.press(listed, "snooze_change:0"), "This snooze has ended already.")
    assert not view_says(await system.type("snoozes"), "snooze_change")
    await system.stop()
