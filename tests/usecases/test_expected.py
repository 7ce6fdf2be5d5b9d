"""*Expected*: marking what looks unusual, taking that back, and having a channel told no more of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from cdi_bot.core.model.incident import SPIKE, Incident, Kind, Measured, QualityReason, Topic
from cdi_bot.core.model.message import Recovered, ShowCard, Subscribed
from cdi_bot.core.model.spike import Spike
from cdi_bot.core.model.subscription import Filters, Snooze
from cdi_bot.monitoring.incident_writer import write_incident
from cdi_bot.monitoring.spike_notices import owe_spike
from cdi_bot.sandbox.slack.seed_data import GUEST
from cdi_bot.usecases.answers import NotAllowed
from cdi_bot.usecases.change_answers import MarkedExpected, NothingToMark, SwitchedOff, TakenBack
from cdi_bot.usecases.expected import OFTEN
from tests.rigs.people import ALERTS, MARKETING, Desk, responder
from tests.store.samples import incident as an_incident

ANN, BEN = "U0MARA0001", "UBEN"
LOW = QualityReason.ROWS_LOW.value
MEASURED = Measured(magnitude=7.2, observed=1_240, usual=8_900)


@pytest.fixture
async def at(tmp_path: Path) -> AsyncIterator[Desk]:
    """A desk; two channels are subscribed to Users."""
    async with responder(tmp_path) as made:
        made.add("Users", "success", integration_id="users")
        for channel in (ALERTS, MARKETING):
            await made.subscriptions.subscribe(channel, ANN, "Users", Filters())
        yield made


async def looks_wrong(at: Desk, reason: str = LOW, measured: Measured | None = MEASURED) -> Incident:
    """Let the bot tell that something looks unusual."""
    at.clock.advance(60)
    async with at.store.write() as uow:
        watched = await uow.integrations.get(at.workspace.workspace_id, "users")
        assert watched
        new = an_incident(
            at.workspace.workspace_id,
            "users",
            kind=Kind.QUALITY,
            reason=reason,
            measured=measured,
            opened_at=at.clock.now,
            failing_since=at.clock.now,
        )
        return await write_incident(uow, new, watched.integration, now=at.clock.now)


async def stored(at: Desk, incident: Incident) -> Incident:
    """The incident as it is now."""
    async with at.store.read() as uow:
        return (await uow.incidents.get_many([incident.incident_id]))[incident.incident_id]


async def accepted(at: Desk) -> dict[str, dict[str, float]]:
    """What the judge is given."""
    async with at.store.read() as uow:
        known = await uow.expected.accepted(at.workspace.workspace_id)
    return {key: {reason: most for reason, (most, _) in of.items()} for key, of in known.items()}


async def audited(at: Desk) -> list[tuple[str, str, str]]:
    """Who did what, newest first."""
    async with at.store.read() as uow:
        return [(entry.who, entry.action, entry.subject) for entry in await uow.audit.newest(ALERTS, limit=9)]


async def owed_cards(at: Desk, incident: Incident) -> set[tuple[str, int]]:
    """The wanted revisions of an incident's cards, by channel."""
    async with at.store.read() as uow:
        cards = (await uow.cards.of_incidents([incident.incident_id]))[incident.incident_id]
    return {(card.channel.channel_id, card.wanted_revision) for card in cards}


async def mark(at: Desk, incident: Incident, who: str = ANN) -> object:
    """Press *Expected*."""
    return await at.expected.mark(ALERTS, who, incident.workspace_id, incident.incident_id)


class TestMark:
    """The button on a card."""

    async def test_ends_the_incident_everywhere(self, at: Desk) -> None:
        """It is over, in every channel, its cards say so, nobody is told of a recovery, and the audit names who."""
        incident = await looks_wrong(at)
        at.clock.advance(5)
        assert await mark(at, incident) is None
        now = await stored(at, incident)
        assert (now.resolved_at, now.resolved_by) == (at.clock.now, None)
        assert await owed_cards(at, incident) == {(ALERTS.channel_id, 2), (MARKETING.channel_id, 2)}
        assert not [told for told in await at.owed() if isinstance(told, Recovered)]
        assert [told for told in await at.owed() if isinstance(told, ShowCard)]
        assert (await audited(at))[0] == (ANN, "expected", "users")
        assert await accepted(at) == {"users": {LOW: 7.2}}
        assert at.woken[-1] == at.clock.now

    async def test_ends_a_snooze_until_recovery(self, at: Desk) -> None:
        """Silence until it recovers ends with it, and silence until a time does not."""
        incident = await looks_wrong(at)
        facts: dict[str, Any] = {"workspace_id": incident.workspace_id, "selector": "users", "by": ANN}
        facts |= {"begins": at.clock.now, "at": at.clock.now}
        until = at.clock.now + timedelta(hours=1)
        async with at.store.write() as uow:
            await uow.snoozes.add(Snooze(channel=ALERTS, until=None, **facts))
            await uow.snoozes.add(Snooze(channel=MARKETING, until=until, **facts))
        await mark(at, incident)
        async with at.store.read() as uow:
            left = await uow.snoozes.active(incident.workspace_id, ["users"], at.clock.now)
        assert [snooze.channel for snooze in left["users"]] == [MARKETING]

    async def test_two_at_once(self, at: Desk) -> None:
        """One of them marks it, the other is told who did; it is stored and audited once."""
        incident = await looks_wrong(at)
        answers = await asyncio.gather(mark(at, incident, ANN), mark(at, incident, BEN))
        (second,) = [answer for answer in answers if answer is not None]
        assert isinstance(second, MarkedExpected)
        assert second.already_by in {ANN, BEN}
        assert [action for _, action, _ in await audited(at)].count("expected") == 1

    async def test_after_recovery(self, at: Desk) -> None:
        """What has recovered by itself is left as it is, and the person is told so."""
        incident = await looks_wrong(at)
        async with at.store.write() as uow:
            over = replace(incident, revision=incident.revision + 1, resolved_at=at.clock.now)
            assert await uow.incidents.update(over, expected_revision=incident.revision)
        answer = await mark(at, incident)
        assert isinstance(answer, NothingToMark)
        assert answer.integration
        assert await accepted(at) == {}

    async def test_on_a_card_of_long_ago(self, at: Desk) -> None:
        """An incident that is deleted by now is said to be too old."""
        workspace_id = at.workspace.workspace_id
        assert await at.expected.mark(ALERTS, ANN, workspace_id, 999) == NothingToMark(integration=None)
        assert await at.expected.take_back(ALERTS, ANN, workspace_id, 999) == NothingToMark(integration=None)

    async def test_without_numbers(self, at: Desk) -> None:
        """An incident that does not rest on what is usual can't be marked."""
        incident = await looks_wrong(at, measured=None)
        assert isinstance(await mark(at, incident), NothingToMark)
        assert (await stored(at, incident)).is_open

    async def test_a_guest_may_not(self, at: Desk) -> None:
        """Who may not acknowledge may not say this either; nothing changes."""
        incident = await looks_wrong(at)
        guest = GUEST
        workspace_id = at.workspace.workspace_id
        refused = [
            await mark(at, incident, guest),
            await at.expected.take_back(ALERTS, guest, workspace_id, incident.incident_id),
            await at.expected.switch_off(ALERTS, guest, workspace_id, "users", LOW),
        ]
        assert [type(each) for each in refused] == [NotAllowed] * 3
        assert (await stored(at, incident)).is_open


class TestTakeBack:
    """The button on the changed card."""

    async def test_alerts_again(self, at: Desk) -> None:
        """The judge is given it no more, the cards are owed anew, and the audit names who."""
        incident = await looks_wrong(at)
        await mark(at, incident)
        at.clock.advance(5)
        answer = await at.expected.take_back(MARKETING, BEN, incident.workspace_id, incident.incident_id)
        assert answer is None
        assert await accepted(at) == {}
        assert await owed_cards(at, incident) == {(ALERTS.channel_id, 3), (MARKETING.channel_id, 3)}
        async with at.store.read() as uow:
            (word,) = await uow.expected.of_integrations(incident.workspace_id, ["users"])
            (entry,) = await uow.audit.newest(MARKETING, limit=1)
        assert (word.by, word.taken_back_by, word.taken_back_at) == (ANN, BEN, at.clock.now)
        assert (entry.who, entry.action) == (BEN, "take_back")

    async def test_twice(self, at: Desk) -> None:
        """The second is told who was first; nobody can mark again what is over."""
        incident = await looks_wrong(at)
        await mark(at, incident)
        workspace_id = incident.workspace_id
        assert await at.expected.take_back(ALERTS, BEN, workspace_id, incident.incident_id) is None
        again = await at.expected.take_back(ALERTS, ANN, workspace_id, incident.incident_id)
        assert isinstance(again, TakenBack)
        assert again.by == BEN
        assert isinstance(await mark(at, incident), NothingToMark)

    async def test_what_nobody_marked(self, at: Desk) -> None:
        """There is nothing to take back."""
        incident = await looks_wrong(at)
        answer = await at.expected.take_back(ALERTS, BEN, incident.workspace_id, incident.incident_id)
        assert isinstance(answer, NothingToMark)


def spike(at: Desk, *, minutes: int = 1, magnitude: float = 8.5) -> Spike:
    """A spike of Users."""
    return Spike(
        workspace_id=at.workspace.workspace_id,
        integration_id="users",
        run_start=at.clock.now - timedelta(minutes=minutes),
        rows=412_000,
        usual=48_200,
        magnitude=magnitude,
    )


async def spikes(at: Desk, seen: Spike) -> None:
    """Let the bot see a spike."""
    async with at.store.write() as uow:
        watched = await uow.integrations.get(seen.workspace_id, "users")
        assert watched
        await owe_spike(uow, seen, watched.integration, now=at.clock.now)


class TestSpike:
    """The notice, and its button."""

    async def test_is_owed_once_a_channel(self, at: Desk) -> None:
        """However often it is seen; not where quality or this reason is left out, nor where it is snoozed."""
        seen = spike(at)
        for _ in range(2):
            await spikes(at, seen)
        for channel in (ALERTS, MARKETING):
            assert [told for told in await at.owed(channel) if isinstance(told, Spike)] == [seen]
        other = spike(at, minutes=2)
        await at.subscriptions.subscribe(ALERTS, ANN, "Users", Filters(topics=frozenset({Topic.ERROR})))
        await at.subscriptions.subscribe(MARKETING, ANN, "Users", Filters(off=frozenset({SPIKE})))
        await spikes(at, other)
        for channel in (ALERTS, MARKETING):
            assert other not in await at.owed(channel)

    async def test_expected_changes_the_notices(self, at: Desk) -> None:
        """In every channel that got one; a second press is told who was first, and it can be taken back."""
        seen = spike(at)
        await spikes(at, seen)
        assert await at.expected.mark_spike(ALERTS, ANN, seen) is None
        assert await accepted(at) == {"users": {SPIKE: 8.5}}
        for channel in (ALERTS, MARKETING):
            changes = [told for told in await at.owed(channel) if isinstance(told, Spike) and told.changes]
            assert len(changes) == 1
        again = await at.expected.mark_spike(MARKETING, BEN, seen)
        assert isinstance(again, MarkedExpected)
        assert again.already_by == ANN
        at.clock.advance(5)
        assert await at.expected.take_back_spike(MARKETING, BEN, seen) is None
        assert isinstance(await at.expected.take_back_spike(MARKETING, ANN, seen), TakenBack)
        assert await accepted(at) == {}
        assert await at.expected.mark_spike(ALERTS, BEN, seen) is None
        assert await accepted(at) == {"users": {SPIKE: 8.5}}


class TestSwitchOff:
    """What a channel is asked that says often that something was expected."""

    async def test_is_offered_after_a_few(self, at: Desk) -> None:
        """From the third of one reason in a channel on, and only where the channel is told of it."""
        answers = [await mark(at, await looks_wrong(at)) for _ in range(OFTEN)]
        assert answers[:-1] == [None] * (OFTEN - 1)
        offer = answers[-1]
        assert isinstance(offer, MarkedExpected)
        assert (offer.times, offer.reason, offer.already_by) == (OFTEN, LOW, None)
        assert await mark(at, await looks_wrong(at, QualityReason.HOLLOW.value)) is None
        incident = await looks_wrong(at)
        elsewhere = await at.expected.mark(MARKETING, ANN, incident.workspace_id, incident.incident_id)
        assert elsewhere is None

    async def test_leaves_the_reason_out(self, at: Desk) -> None:
        """The channel is told no more of it, hears who did that, and can have it again; others are told as before."""
        workspace_id = at.workspace.workspace_id
        at.clock.advance(5)
        answer = await at.expected.switch_off(ALERTS, ANN, workspace_id, "users", LOW)
        assert isinstance(answer, SwitchedOff)
        assert not answer.unchanged
        told = [each for each in await at.owed() if isinstance(each, Subscribed) and each.changed]
        assert [(each.who, each.filters.off) for each in told] == [(ANN, frozenset({LOW}))]
        incident = await looks_wrong(at)
        assert {channel for channel, _ in await owed_cards(at, incident)} == {MARKETING.channel_id}
        other = await looks_wrong_besides(at, incident)
        assert {channel for channel, _ in await owed_cards(at, other)} == {
            ALERTS.channel_id,
            MARKETING.channel_id,
        }
        again = await at.expected.switch_off(ALERTS, ANN, workspace_id, "users", LOW)
        assert isinstance(again, SwitchedOff)
        assert again.unchanged
        await at.subscriptions.subscribe(ALERTS, ANN, "Users", Filters())
        await mark(at, other)
        back = await looks_wrong(at)
        assert (ALERTS.channel_id, 1) in await owed_cards(at, back)

    async def test_an_integration_that_is_gone(self, at: Desk) -> None:
        """Nothing is changed, and that is said."""
        answer = await at.expected.switch_off(ALERTS, ANN, at.workspace.workspace_id, "gone", LOW)
        assert answer == NothingToMark(integration=None)


async def looks_wrong_besides(at: Desk, before: Incident) -> Incident:
    """End an incident, and let something else look unusual."""
    await mark(at, before)
    return await looks_wrong(at, QualityReason.ROWS_HIGH.value)
