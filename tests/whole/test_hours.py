"""Lives of channels with hours: nothing is posted outside them but what may be, and nothing open stays untold."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cdi_bot.core.commands.snoozes import SetSnooze
from cdi_bot.core.hours import Hours, passes_hours, silence
from cdi_bot.core.model.channel import Channel
from cdi_bot.core.model.incident import NOBODY, Incident, Topic
from cdi_bot.core.model.integration_settings import IntegrationSettings
from cdi_bot.sandbox.slack.seed_data import GENERAL, MARKETING_OPS, TEAM
from tests.rigs.whole import ALERTS, WHO, Json, Whole, whole

OTHER = Channel(team_id=TEAM, channel_id=MARKETING_OPS)
NAMES = ("users", "orders", "carts")
CRITICAL = "carts"
ON_CALL = Channel(team_id=TEAM, channel_id=GENERAL)
AFTER = timedelta(minutes=30)
BY_PEOPLE = re.compile("snooze:|handed_on:")
"""Messages that tell what somebody just did are posted at any hour."""
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@dataclass
class Watched:
    """A bot whose channels have hours, and what was seen of it."""

    bot: Whole
    hours: Mapping[Channel, tuple[Hours, ZoneInfo]]
    critical: frozenset[str] = frozenset()
    begun: dict[Channel, datetime | None] = field(default_factory=dict)
    seen: dict[Channel, int] = field(default_factory=dict)
    summaries: list[tuple[Channel, datetime, str]] = field(default_factory=list)
    gone: dict[tuple[Channel, int], datetime] = field(default_factory=dict)
    quiet: set[tuple[Channel, int]] = field(default_factory=set)

    async def begin(self) -> None:
        """Subscribe the channels, and set their hours."""
        bot = self.bot
        for name in NAMES:
            bot.create(name.title(), integration_id=name)
        await bot.run(3)
        async with bot.store.write() as uow:
            for name in self.critical:
                setting = IntegrationSettings(workspace_id=bot.workspace_id, selector=name, critical=True)
                await uow.integration_settings.save(setting)
        for channel, (hours, zone) in self.hours.items():
            await bot.subscribe(channel=channel)
            await bot.bot.app.channels.set_hours(channel, WHO, hours, zone.key)
            await bot.bot.app.channels.set_escalation(channel, WHO, AFTER, ON_CALL.channel_id)
        await bot.run(5)
        self.seen = {channel: len(bot.messages(channel)) for channel in self.hours}

    async def live(self, until: datetime, step: timedelta) -> None:
        """Let time pass until then, with a look at every step, and a minute after hours begin."""
        now = self.bot.clock.now
        while now < until:
            begins = [hours.next_begin(zone, now) or until for hours, zone in self.hours.values()]
            due = [begin + MINUTE for begin in self.begun.values() if begin and now < begin + MINUTE]
            to = min(now + step, until, *begins, *due)
            await self.bot.sleep((to - now).total_seconds())
            await self.bot.run(1)
            now = self.bot.clock.now
            if any(abs(now - begin) < timedelta(seconds=5) for begin in begins):
                await self.bot.run(50, step=5)
            for channel, (hours, zone) in self.hours.items():
                self.begun[channel] = hours.last_begin(zone, now)
                await self.look(channel, hours, zone)
                await self.look_at_escalations(channel, hours, zone)

    async def note_answered(self) -> None:
        """Note what somebody is on or has silenced, before anything else can happen."""
        async with self.bot.store.read() as uow:
            found = await uow.incidents.open_for(self.bot.workspace_id, None, None)
            active = await uow.snoozes.active(self.bot.workspace_id, NAMES, self.bot.clock.now)
        self.quiet = {
            (channel, each.incident_id)
            for each in found
            for channel in self.hours
            if each.acknowledged_by
            or any(one.channel == channel for one in active.get(each.integration_id or "", ()))
        }

    async def look_at_escalations(self, channel: Channel, hours: Hours, zone: ZoneInfo) -> None:
        """Check that each happened once, of what nobody was on, and in hours, or of what passes them."""
        async with self.bot.store.read() as uow:
            found = await uow.incidents.open_for(self.bot.workspace_id, None, None)
            kept = await uow.escalations.of_incidents([each.incident_id for each in found])
        for each in found:
            made = [row.at for row in kept.get(each.incident_id, []) if row.at and row.channel == channel]
            for at in made:
                is_new = (channel, each.incident_id) not in self.gone
                assert self.gone.setdefault((channel, each.incident_id), at) == at, "never a second time"
                if at > self.bot.clock.now - timedelta(seconds=2):
                    assert (channel, each.incident_id) not in self.quiet, "never after an acknowledgement"
                may = passes_hours(hours, each, is_critical=each.integration_id in self.critical)
                # What an incident has become since says nothing of then.
                assert may or hours.are_on(zone, at) or not is_new, "outside hours only what passes them"
        await self.note_answered()

    async def look(self, channel: Channel, hours: Hours, zone: ZoneInfo) -> None:
        """Check what was posted, and what is untold."""
        messages = self.bot.messages(channel)
        alerts = [each for each in messages[self.seen[channel] :] if not BY_PEOPLE.search(key_of(each))]
        for each in alerts:
            at = datetime.fromtimestamp(float(each["ts"]), UTC)
            told = await self.incidents(each)
            is_summary = each["text"].startswith("Since ")
            if is_summary:
                self.summaries.append((channel, at, each["text"]))
            may = any(self.may_be_told(key_of(each), one, hours) for one in told)
            assert hours.are_on(zone, at) or (may and not is_summary), f"{at} {each['text']}"
        self.seen[channel] = len(messages)
        now, begun = self.bot.clock.now, self.begun[channel]
        if hours.are_on(zone, now) and begun and now - begun >= MINUTE:
            assert await self.untold(channel) == []

    def may_be_told(self, key: str, incident: Incident, hours: Hours) -> bool:
        """Whether a message about an incident may be posted outside hours."""
        is_critical = incident.integration_id in self.critical
        if key.startswith("recovered:"):
            return is_critical or Topic.RECOVERY in hours.passing
        return passes_hours(hours, incident, is_critical=is_critical)

    async def incidents(self, message: Json) -> Sequence[Incident]:
        """What a message is about, by its key."""
        key = key_of(message)
        async with self.bot.store.read() as uow:
            if key.startswith("card:") or ":card:" in key:
                card_id = int(key.rpartition("card:")[2])
                members = await uow.cards.members([card_id])
                return list((await uow.incidents.get_many(members.get(card_id, []))).values())
        return []

    async def untold(self, channel: Channel) -> list[str]:
        """Which open incidents have a card in the channel that is not posted, though it has been due for a while."""
        async with self.bot.store.read() as uow:
            assert silence(await uow.channels.settings(channel), self.bot.clock.now) is None
            incidents = await uow.incidents.open_for(self.bot.workspace_id, None, None)
            cards = await uow.cards.of_incidents([each.incident_id for each in incidents])
            snoozed = {
                key
                for key, some in (
                    await uow.snoozes.active(self.bot.workspace_id, NAMES, self.bot.clock.now)
                ).items()
                if any(each.channel == channel for each in some)
            }
        return [
            str(each.integration_id)
            for each in incidents
            for card in cards[each.incident_id]
            if card.channel == channel
            and card.ts is None
            and each.integration_id not in snoozed
            and self.bot.clock.now - each.opened_at > MINUTE
        ]


def key_of(message: Json) -> str:
    """By what the bot knows a message again."""
    return str(message["metadata"]["event_payload"]["key"])


async def act(bot: Whole, deed: str, name: str) -> None:
    """Let something happen."""
    people, snoozes = bot.bot.app.incidents, bot.bot.app.snoozes
    if deed in {"error", "partial", "success"}:
        bot.end_run(name, deed)
    elif deed == "acknowledge":
        await people.acknowledge(ALERTS, WHO, name.title())
    elif deed == "take back":
        await people.acknowledge(ALERTS, WHO, name.title(), to=NOBODY)
    elif deed in {"snooze", "snooze all"}:
        selector = "all" if deed == "snooze all" else name.title()
        wanted = SetSnooze(selector=selector, until=bot.clock.now + 3 * HOUR, reason=None)
        await snoozes.snooze(ALERTS, WHO, wanted)
    elif deed == "each night":
        window = SetSnooze(selector="all", until=None, every="daily 22:00-07:45", reason=None)
        await snoozes.snooze(ALERTS, WHO, window)
    elif deed == "unsnooze":
        await snoozes.unsnooze(ALERTS, WHO, "all")
    else:
        await bot.bot.kill()
        await bot.start_bot()


DEEDS = st.sampled_from(
    [
        *("error", "error", "error", "partial", "success", "acknowledge", "take back", "restart"),
        *("snooze", "snooze all", "each night", "unsnooze"),
    ]
)
LIVES = st.lists(
    st.tuples(DEEDS, st.sampled_from(NAMES), st.sampled_from([1, 40, 300, 900])), min_size=2, max_size=8
)
HOURS = st.builds(
    Hours,
    days=st.sampled_from([frozenset(range(5)), frozenset(range(7)), frozenset({2, 4, 6})]),
    begin=st.sampled_from([time(0), time(7, 30), time(9), time(22)]),
    end=st.sampled_from([time(6), time(12), time(19, 45)]),
    passing=st.sampled_from(
        [frozenset(), frozenset({Topic.ERROR}), frozenset({Topic.PARTIAL, Topic.RECOVERY})]
    ),
)
ZONES = st.sampled_from(["UTC", "Europe/Berlin", "Australia/Lord_Howe", "America/St_Johns", "Pacific/Apia"])


@pytest.mark.parametrize("_part", range(2))  # in parts, each of which takes no longer than a test may
@settings(max_examples=4, deadline=None, suppress_health_check=list(HealthCheck))
@given(hours=HOURS, zone=ZONES, life=LIVES, critical=st.booleans())
async def test_random_hours(
    hours: Hours, zone: str, life: list[tuple[str, str, int]], *, critical: bool, _part: int
) -> None:
    """Whatever happens when: nothing is posted outside them but what may be, nothing is untold a minute after.

    Nor is anything escalated twice, after an acknowledgement, while it is snoozed, or at night where it may not be.
    """
    with TemporaryDirectory() as folder:
        async with whole(Path(folder)) as bot:
            watched = Watched(
                bot, {ALERTS: (hours, ZoneInfo(zone))}, frozenset({CRITICAL} if critical else ())
            )
            await watched.begin()
            for deed, name, minutes in life:
                await act(bot, deed, name)
                await watched.note_answered()
                await watched.live(bot.clock.now + minutes * MINUTE, max(10 * MINUTE, minutes * MINUTE / 10))
            begins = hours.next_begin(ZoneInfo(zone), bot.clock.now)
            assert begins
            await watched.live(begins + 3 * MINUTE, HOUR)


async def test_a_week_with_two_changes_of_the_clocks(tmp_path: Path) -> None:
    """Berlin's on Sunday, Sydney's a week later: each working day begins with one message, at eight on the wall."""
    workdays = Hours(days=frozenset(range(5)), begin=time(8), end=time(19))
    berlin, sydney = ZoneInfo("Europe/Berlin"), ZoneInfo("Australia/Sydney")
    async with whole(tmp_path) as bot:
        bot.clock.now = datetime(2026, 3, 27, 16, 30, tzinfo=UTC)
        watched = Watched(bot, {ALERTS: (workdays, berlin), OTHER: (workdays, sydney)})
        await watched.begin()
        end = datetime(2026, 4, 6, 6, 10, tzinfo=UTC)
        outcomes = ["error", "success", "partial", "error", "success", "success", "error"]
        place = 0
        while bot.clock.now < end:
            for name in NAMES:
                bot.end_run(name, outcomes[place % len(outcomes)])
                place += 1
            await bot.run(30, step=10)
            await watched.live(min(end, bot.clock.now + 5 * HOUR), HOUR)
        for channel, zone, days in ((ALERTS, berlin, 6), (OTHER, sydney, 6)):
            told = [at.astimezone(zone) for there, at, _ in watched.summaries if there == channel]
            assert [f"{at:%H:%M}" for at in told] == ["08:00"] * len(told)
            assert len({at.date() for at in told}) == len(told) == days
        offsets = {at.astimezone(berlin).utcoffset() for _, at, _ in watched.summaries}
        assert offsets == {2 * HOUR}
        assert {
            at.astimezone(sydney).utcoffset() for there, at, _ in watched.summaries if there == OTHER
        } == {
            10 * HOUR,
            11 * HOUR,
        }
