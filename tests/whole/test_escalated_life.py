"""Random lives of a channel that escalates: whatever is done when, each incident goes on once, and in time."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cdi_bot.core.commands.snoozes import SetSnooze
from cdi_bot.core.escalation import is_unanswered
from cdi_bot.core.model.channel import Channel
from cdi_bot.core.model.escalation import Escalation
from cdi_bot.core.model.incident import NOBODY, Incident
from cdi_bot.sandbox.slack.seed_data import KENJI, MARKETING_OPS, TEAM
from tests.rigs.whole import ALERTS, WHO, Whole, whole

ON_CALL = Channel(team_id=TEAM, channel_id=MARKETING_OPS)
AFTER = timedelta(minutes=2)
IN_TIME = timedelta(minutes=1)
STEP = 3

DEEDS = st.sampled_from(
    ["fail", "fail", "recover", "acknowledge", "take back", "hand on", "snooze", "unsnooze", "restart"]
)
LIVES = st.lists(st.tuples(DEEDS, st.sampled_from([5, 30, 90, 130])), min_size=2, max_size=7)


class Watched:
    """What was seen of each incident: since when, without a break, it was to be answered; and when it went on."""

    def __init__(self, bot: Whole) -> None:
        """Nothing yet."""
        self.bot = bot
        self.waiting: dict[int, datetime] = {}
        self.gone: dict[int, Escalation] = {}

    async def look(self) -> None:
        """Check what holds at every moment."""
        now = self.bot.clock.now
        async with self.bot.store.read() as uow:
            incidents = await uow.incidents.open_for(self.bot.workspace_id, None, None)
            ids = [each.incident_id for each in incidents]
            kept = await uow.escalations.of_incidents(ids)
            snoozed = bool(await uow.snoozes.active(self.bot.workspace_id, ["users"], now))
            cards = await uow.cards.of_incidents(ids)
        for over in self.waiting.keys() - set(ids):
            del self.waiting[over]  # if it is back later, its time begins anew
        for each in incidents:
            was = self.gone.get(each.incident_id)
            made = next((one for one in kept.get(each.incident_id, []) if one.at), None)
            if was is not None:
                assert made is not None
                assert made.at == was.at, "never a second time"
            elif made is not None:
                self.gone[each.incident_id] = made
                since = self.waiting.get(each.incident_id)
                assert since is not None, "never what is answered, snoozed or not told"
                assert now - since >= AFTER - timedelta(seconds=2 * STEP), "not before its time"
            told = any(card.ts and card.channel == ALERTS for card in cards.get(each.incident_id, []))
            self._wait(each, now, to_answer=told and not snoozed)

    def _wait(self, incident: Incident, now: datetime, *, to_answer: bool) -> None:
        if not (to_answer and is_unanswered(incident)) or incident.incident_id in self.gone:
            self.waiting.pop(incident.incident_id, None)
            return
        since = self.waiting.setdefault(incident.incident_id, now)
        assert now - since <= AFTER + IN_TIME, "what is due goes on within a minute"


async def live(folder: Path, life: list[tuple[str, int]]) -> None:
    """Live, with a look every few seconds."""
    async with whole(folder) as bot:
        bot.create("Users", integration_id="users")
        await bot.run(3)
        await bot.subscribe()
        await bot.bot.app.channels.set_escalation(ALERTS, WHO, AFTER, MARKETING_OPS)
        watched = Watched(bot)
        for deed, seconds in life:
            await act(bot, deed)
            for _ in range(0, seconds, STEP):
                await bot.tick(everything=False)
                await watched.look()
                await bot.sleep(STEP)
        cards = [each for each in bot.cards(ON_CALL) if "Escalated from" in str(each)]
        assert len(cards) <= len(watched.gone)


async def act(bot: Whole, deed: str) -> None:
    """Let something happen."""
    people = bot.bot.app.incidents
    if deed in {"fail", "recover"}:
        bot.end_run("users", "error" if deed == "fail" else "success")
    elif deed == "acknowledge":
        await people.acknowledge(ALERTS, WHO, "Users")
    elif deed == "take back":
        await people.acknowledge(ALERTS, WHO, "Users", to=NOBODY)
    elif deed == "hand on":
        await people.acknowledge(ALERTS, WHO, "Users", to=KENJI)
    elif deed == "snooze":
        until = bot.clock.now + timedelta(seconds=100)
        wanted = SetSnooze(selector="Users", until=until, reason=None)
        await bot.bot.app.snoozes.snooze(ALERTS, WHO, wanted)
    elif deed == "unsnooze":
        await bot.bot.app.snoozes.unsnooze(ALERTS, WHO, "Users")
    else:
        await bot.bot.kill()
        await bot.start_bot()


@pytest.mark.parametrize("_part", range(2))  # in parts, each of which takes no longer than a test may
@settings(max_examples=5, deadline=None, suppress_health_check=list(HealthCheck))
@given(life=LIVES)
async def test_each_incident_goes_on_once_and_in_time(life: list[tuple[str, int]], _part: int) -> None:
    """Never twice, never when acknowledged, recovered or snoozed, and within a minute when it is due.

    Taken back, it has its time anew; handed on, somebody is on it.
    """
    with TemporaryDirectory() as folder:
        await live(Path(folder), life)
