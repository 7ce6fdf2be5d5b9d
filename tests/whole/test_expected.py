"""*Expected*, lived through: what somebody marked stays silent, and is told again when that is taken back."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from cdi_bot.core.model.incident import Incident, Kind
from tests.rigs.whole import ALERTS, WHO, Whole, whole

AHEAD = timedelta(days=100, minutes=1)


@pytest.fixture
async def bot(tmp_path: Path) -> AsyncIterator[Whole]:
    """The whole bot on SQLite; the channel is subscribed to Users, whose runs are good."""
    async with whole(tmp_path) as everything:
        everything.create("Users", integration_id="users")
        await everything.run(5)
        await everything.subscribe()
        await everything.run(5)
        yield everything


async def goes_wrong(bot: Whole, *, ahead: timedelta = AHEAD) -> None:
    """Let a run sync a watermark of the future, and the bot see it."""
    bot.end_run("users", "success", last_timestamp_synced=bot.clock.now + ahead)
    await bot.run(60, step=5)


async def newest(bot: Whole) -> Incident:
    """The newest quality incident."""
    async with bot.store.read() as uow:
        found = await uow.incidents.newest_of_each(bot.workspace_id, Kind.QUALITY, ["users"])
    return found["users"][-1]


async def mark(bot: Whole) -> None:
    """Press *Expected* on the card."""
    incident = await newest(bot)
    assert await bot.bot.app.expected.mark(ALERTS, WHO, bot.workspace_id, incident.incident_id) is None
    await bot.run(20, step=5)


async def test_what_is_expected_is_silent_until_it_is_taken_back(bot: Whole) -> None:
    """Its card says who said so, and nothing is told until that is taken back; then there is a new alert."""
    await goes_wrong(bot)
    (card,) = bot.cards()
    assert "100 d in the future" in card["text"]
    await mark(bot)
    for _ in range(3):
        await goes_wrong(bot)
    (card,) = bot.cards()
    assert "was expected: watermark in the future" in card["text"]
    assert f"Marked as expected by <@{WHO}>" in str(card["blocks"])
    assert bot.replies() == []
    incident = await newest(bot)
    assert await bot.bot.app.expected.take_back(ALERTS, WHO, bot.workspace_id, incident.incident_id) is None
    await bot.run(60, step=5)
    open_again = await newest(bot)
    assert open_again.is_open
    before, after = bot.cards()
    assert "took that back" in str(before["blocks"])
    assert "in the future" in after["text"]
    assert bot.replies() == []


async def test_what_is_far_odder_than_expected_is_told(bot: Whole) -> None:
    """Up to what was marked it is silent; a year for which nobody spoke is told."""
    await goes_wrong(bot)
    await mark(bot)
    await goes_wrong(bot, ahead=3 * AHEAD)
    assert (await newest(bot)).is_open
    assert any("300 d in the future" in text for text in bot.texts())


async def test_it_is_silent_after_a_restart(bot: Whole) -> None:
    """Another process knows what was marked."""
    await goes_wrong(bot)
    await mark(bot)
    await bot.bot.close()
    await bot.start_bot()
    await goes_wrong(bot)
    assert not (await newest(bot)).is_open
    assert len(bot.messages()) == 1
