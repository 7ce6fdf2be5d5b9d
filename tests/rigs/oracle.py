"""What must be true of a simulated life: what Slack was told, held against what Braze ran and what is stored."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import pairwise

from cdi_bot.core.model.channel import Channel
from cdi_bot.core.model.incident import Incident, Kind, Topic
from cdi_bot.core.model.message import Card
from cdi_bot.core.model.run import Outcome
from cdi_bot.core.model.subscription import DEFAULT_TOPICS, Filters
from cdi_bot.core.routing import fact_of, incidents_of
from cdi_bot.delivery.rate_limiter import POST_GAP
from cdi_bot.delivery.views import CardView, EventView, GroupedReplyView, IncidentView
from cdi_bot.store import SNOOZED
from tests.rigs.simulated_slack import Method, Said
from tests.rigs.world import CHANNELS, World

ALL, SOME, QUIET = CHANNELS
"""Subscribed to everything; to one integration, twice over; to everything but recoveries."""

ONE = "users-1"
_MANY = range(1, 10_000)
_MOST_ENDS = 2
"""An incident's first end is told at once, and once more the one that has held."""


async def settle_in(world: World, seconds: float = 4) -> None:
    """Have one process that knows the integrations, which are all healthy, and the channels subscribed to them."""
    for each in world.braze.names:
        world.braze.begin(each)
    await asyncio.sleep(2)
    for each in world.braze.names:
        world.braze.end(each, "success")
    process = world.start()
    await world.live(seconds)
    for channel, selector, topics in (
        (ALL, "all", DEFAULT_TOPICS),
        (SOME, ONE, DEFAULT_TOPICS),
        (SOME, "u*", DEFAULT_TOPICS),
        (QUIET, "all", DEFAULT_TOPICS - {Topic.RECOVERY}),
    ):
        await process.subscriptions.subscribe(channel, "U1", selector, Filters(topics=topics))
    await world.live(seconds)


@dataclass(slots=True, kw_only=True)
class Excuses:
    """What a life held that may keep a word from being said, or have it said twice."""

    snoozed: set[tuple[Channel, str]] = field(default_factory=set)  # at any time
    repeats: bool = False  # a search for a message in doubt may have been refused


@dataclass(frozen=True, slots=True, kw_only=True)
class Judge:
    """Looks at a world in which everything has come to rest."""

    world: World
    excuses: Excuses

    async def wrong(self) -> list[str]:
        """Everything that is not as it must be."""
        incidents, cards = await self._stored()
        return [
            *self._runs(incidents),
            *self._said_twice(),
            *self.too_fast(),
            *(
                problem
                for incident in incidents
                for channel in CHANNELS
                if self._hears(channel, incident)
                for problem in self._channel(channel, incident, cards.get((incident.incident_id, channel)))
            ),
        ]

    async def waits(self) -> list[str]:
        """What is still to come: runs that are not seen, messages that wait for more than a mute's end."""
        braze = self.world.braze
        async with self.world.store.read() as uow:
            newest = await uow.runs.newest(self.world.workspace.workspace_id, list(braze.names))
            owed = [each for channel in CHANNELS for each in await uow.outbox.pending(channel, limit=1000)]
        unseen = [
            each
            for each, (run, *_) in braze.runs.items()
            if each not in newest
            or newest[each].provisional
            or (newest[each].job_status, newest[each].sync_start_time)
            != (run.job_status, run.sync_start_time)
        ]
        snoozed = {each.owed.card_id for each in owed if each.last_error == SNOOZED}
        return unseen + [each.owed.key for each in owed if each.owed.card_id not in snoozed]

    async def _stored(self) -> tuple[list[Incident], dict[tuple[int, Channel], Card]]:
        async with self.world.store.read() as uow:
            incidents = list((await uow.incidents.get_many(_MANY)).values())
            shown = await uow.cards.of_incidents(_MANY)
        return incidents, {(each, card.channel): card for each, cards in shown.items() for card in cards}

    def _runs(self, incidents: list[Incident]) -> Iterator[str]:
        """Every failed run counts once, and what fails has an incident that is not recovering."""
        for integration, runs in self.world.braze.runs.items():
            mine = [each for each in incidents if each.integration_id == integration]
            ended = [run for run in runs if run.outcome is not Outcome.RUNNING]
            failed = sum(run.outcome is Outcome.BAD for run in ended)
            counted = sum(each.failed_runs for each in mine)
            if counted != failed:
                yield f"{integration}: {failed} runs failed, {counted} are counted"
            failing = sum(each.is_open and not each.is_recovering for each in mine)
            if failing != int(ended[0].outcome is Outcome.BAD):
                yield f"{integration}: {failing} failing incidents after a run that was {ended[0].job_status}"

    def _said_twice(self) -> Iterator[str]:
        said = [one for one in self.world.slack.said if one.deleted_at is None]
        repeats = [one for one in said if one.first.possible_repeat]
        if repeats and not self.excuses.repeats:
            yield f"called a repeat without need: {repeats[0].key}"
        keys = Counter((one.channel, one.key) for one in said if not one.first.possible_repeat)
        yield from (f"twice: {key}" for (_, key), count in keys.items() if count > 1)

    def too_fast(self) -> Iterator[str]:
        """Where a channel was posted to faster than Slack's pace."""
        for channel in CHANNELS:
            posts = [
                call.at
                for call in self.world.slack.received
                if (call.method, call.channel, call.taken) == (Method.POST, channel, True)
            ]
            for one, two in pairwise(posts):
                if two - one < POST_GAP - timedelta(milliseconds=1):
                    yield f"{channel.channel_id}: posts within {two - one}"

    def _channel(self, channel: Channel, incident: Incident, card: Card | None) -> Iterator[str]:
        """One incident in a channel that hears of it: told, once, and as it is."""
        name = f"{incident.kind} {incident.incident_id} of {incident.integration_id} in {channel.channel_id}"
        messages = [one for one in self.world.slack.said if one.channel == channel]
        showing = [one for one in messages if any(_shown(one, incident))]
        once = [one for one in showing if one.deleted_at is None and not one.first.possible_repeat]
        if len(once) > 1:
            yield f"{name} has {len(once)} cards"
        if self._was_muted(channel, incident):
            return
        if not showing:
            yield f"{name} was never told"
            return
        yield from self._present(name, incident, card)
        ends = [one for one in messages if _tells(one, "recovered", incident)]
        if len([one for one in ends if not one.first.possible_repeat]) > _MOST_ENDS:
            yield f"{name}: its end is told {len(ends)} times"
        first = next(_shown(showing[0], incident))
        undisturbed = all(one.deleted_at is None for one in showing)
        if channel != QUIET and undisturbed and first.incident.is_open and not incident.is_open and not ends:
            yield f"{name}: its end is not told"

    def _present(self, name: str, incident: Incident, card: Card | None) -> Iterator[str]:
        """The card that is known shows the present, unless somebody took it away."""
        if card is None or card.ts is None:
            yield f"{name} has no card"
            return
        message = self.world.slack.find(card.channel, card.ts)
        if message is None:
            return
        now = next(_views(message.view, incident), None)
        if now is None or now.incident != incident:
            yield f"{name} is shown as {now.incident if now else None}, but is {incident}"

    def _hears(self, channel: Channel, incident: Incident) -> bool:
        return channel != SOME or incident.kind is Kind.UNREACHABLE or incident.integration_id == ONE

    def _was_muted(self, channel: Channel, incident: Incident) -> bool:
        return (channel, incident.integration_id) in self.excuses.snoozed


def _views(view: object, incident: Incident) -> Iterator[IncidentView]:
    if isinstance(view, CardView):
        yield from (each for each in view.own if each.incident.incident_id == incident.incident_id)


def _shown(message: Said, incident: Incident) -> Iterator[IncidentView]:
    """How a card showed an incident, from the first time on."""
    for _, view in message.shows:
        yield from _views(view, incident)


def _tells(message: Said, told: str, incident: Incident) -> bool:
    """Whether a message tells something of an incident, by its post or by an update."""
    return any(_states(view, told, incident) for _, view in message.shows)


def _states(view: object, told: str, incident: Incident) -> bool:
    if isinstance(view, GroupedReplyView):
        return view.fact == told and any(
            each.incident.incident_id == incident.incident_id for each in view.incidents
        )
    return (
        isinstance(view, EventView)
        and fact_of(view.content) == told
        and incident.incident_id in incidents_of(view.content)
    )
