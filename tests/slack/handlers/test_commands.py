"""Commands and buttons as they arrive: each has a use case, a right, and buttons carry what can be read again."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdi_bot.core.commands.parser import BY_COMMAND, SPECIFICATIONS, WORDS, about_integration
from cdi_bot.core.commands.snoozes import SetSnooze
from cdi_bot.core.commands.specification import ChannelCommand, Command, Right, Specification
from cdi_bot.core.model.subscription import Filters
from cdi_bot.sandbox.slack.seed_data import GUEST, MARA
from cdi_bot.slack.api.app import SlackApp
from cdi_bot.slack.handlers.commands import USE_CASES, Responder
from cdi_bot.slack.render.kit.blocks import as_value
from cdi_bot.slack.render.kit.buttons import choose_button, read_command, write_command
from cdi_bot.slack.render.kit.limits import BUTTON_VALUE
from tests.core.commands.samples import SAMPLE_TIME, SAMPLES
from tests.rigs import people
from tests.rigs.people import ALERTS
from tests.slack.golden import said
from tests.slack.render.samples import integration

SPECIFIED = [(each, command) for each in SPECIFICATIONS for _, command in SAMPLES[each.word]]


@pytest.fixture
async def responder(tmp_path: Path) -> AsyncIterator[Responder]:
    """What answers people, before the stand-ins; one integration is subscribed to."""
    async with people.responder(tmp_path) as desk:
        app = SlackApp(
            bot_token=desk.sandbox.slack_bot_token,
            app_token=None,
            signing_secret="secret",
            api_url=f"{desk.sandbox.url}/api/",
        )
        await app.identify()
        desk.add("Users", "success")
        await desk.subscriptions.subscribe(ALERTS, MARA, "Users", Filters())
        yield desk.responder_for(app)
        await app.close()


def test_every_command_has_a_use_case() -> None:
    """What can be typed can be answered, and nothing else is."""
    assert USE_CASES.keys() == BY_COMMAND.keys()


@pytest.mark.parametrize("specification", SPECIFICATIONS, ids=WORDS)
async def test_who_may_use_a_command(responder: Responder, specification: Specification[Command]) -> None:
    """Guests only read, members change, and what is for admins is refused to members."""
    _, command = SAMPLES[specification.word][-1]
    if specification.bare and isinstance(command, specification.bare):
        _, command = SAMPLES[specification.word][0]
    if isinstance(command, ChannelCommand):
        command = replace(command, channel_id=None)
    if isinstance(command, SetSnooze):
        command = replace(command, until=responder.clock() + timedelta(hours=1))
    refusals = {"UADMIN": False, MARA: False, GUEST: False}
    for who in refusals:
        answer = said(await responder.answer(command, ALERTS, who))
        refusals[who] = "You are a guest" in answer or "Only the bot's admins" in answer
    assert refusals == {
        "UADMIN": False,
        MARA: specification.right is Right.ADMIN,
        GUEST: specification.right is not Right.READ,
    }


async def test_a_time_of_day_is_meant_in_the_zone_of_the_channel(responder: Responder) -> None:
    """Where it has none, in that of who types it, which is then the channel's, whoever comes next."""
    zone = (await responder.directory.person(MARA)).zone_name
    for who in (MARA, "UADMIN"):
        previewed = said(await responder.answer_text("preview Users fresh:09:00", ALERTS, who))
        await responder.answer_text("subscribe Users fresh:9am", ALERTS, who)
        listed = said(await responder.answer_text("subscriptions", ALERTS, who))
        for answer in (previewed, listed):
            assert f"a good run each day by 09:00 ({zone})" in answer


@pytest.mark.parametrize("specification", SPECIFICATIONS, ids=WORDS)
def test_the_audit_tells_every_change(specification: Specification[Command]) -> None:
    """What changes something has its line in the audit."""
    assert (specification.audit is None) == (specification.right is Right.READ)


@pytest.mark.parametrize(("specification", "command"), SPECIFIED)
def test_a_button_carries_a_command(specification: Specification[Command], command: Command) -> None:
    """What a button carries is read as the same command, without the parser."""
    if isinstance(command, specification.command):
        assert read_command(write_command(command)) == command


@given(st.text(max_size=4_000), st.text(min_size=1, max_size=100))
def test_any_reason_can_be_chosen_with(reason: str, integration_id: str) -> None:
    """However long a reason is, a choice has its button, but for signs that nobody types."""
    snooze = SetSnooze(selector="x", until=SAMPLE_TIME, reason=reason)
    one = replace(integration(), integration_id=integration_id)
    chosen = about_integration(snooze, one)
    assert read_command(write_command(chosen)) == chosen
    if reason.isprintable() and integration_id.isprintable():
        assert len(as_value(write_command(chosen))) <= BUTTON_VALUE
        assert choose_button(one, 0, snooze)


def test_what_is_no_command_is_not_read() -> None:
    """Text, as buttons carried before, unknown words and fields that are missing or odd are no command."""
    for carried in (
        {},
        {"command": "status 0b1c2d3e"},
        {"command": "nosuch", "query": "x"},
        {"command": "status"},
        {"command": "snooze", "query": "x", "until": "tomorrow", "reason": None},
        {"command": {"what": "status"}, "query": "x"},
    ):
        assert read_command(carried) is None
