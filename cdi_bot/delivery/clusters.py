"""What else is unhealthy in the same way: read for a card when it is sent, and kept true on the cards that say so.

A channel is told of what it is subscribed to, and so are the numbers: what others hear of is not counted.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from cdi_bot.core.clusters import LEAST, Cluster, Trouble, cluster_of, clusters
from cdi_bot.core.model import still_waits
from cdi_bot.core.model.channel import Channel
from cdi_bot.core.model.incident import Incident
from cdi_bot.core.model.integration import Integration
from cdi_bot.core.model.message import Card, show_card
from cdi_bot.core.model.source import Source, source_of
from cdi_bot.core.model.subscription import Subscription, is_subscribed
from cdi_bot.core.routing import channels_for_incident
from cdi_bot.core.rules.kinds import rules_of
from cdi_bot.delivery.views import ClusterView
from cdi_bot.item_troubles import ItemTroubles, Work
from cdi_bot.store import Store, StoreTrouble, UnitOfWork

log = structlog.get_logger(__name__)

_OVER_FOR = timedelta(days=1)
"""What is over for longer is no longer counted as recovered."""

_EVERY = timedelta(seconds=15)

_AT_ONCE = 5
"""So many cards of a channel are brought up to date at once, so that they keep no alert waiting; the rest follows."""

_COUNTED_FOR = timedelta(minutes=1)
_NAMED = 3

_Counts = dict[Source | None, tuple[int, int]]
"""By source, and for all (`None`): how many active integrations a channel is subscribed to, and how many there are."""


_Troubles = Sequence[tuple[Incident, Integration | None]]
_Fingerprint = tuple[int, int, int]


@dataclass(slots=True, kw_only=True)
class ClusterReader:
    """Reads what belongs together. Remembers it until an incident changes, and for a minute how many integrations are.

    So a storm, in which many cards are sent, costs little more than the first of them.
    """

    _troubles: dict[int, tuple[_Fingerprint, _Troubles]] = field(default_factory=dict)
    _found: dict[tuple[int, Channel], tuple[object, list[Cluster]]] = field(default_factory=dict)
    _counted: dict[tuple[int, Channel], tuple[datetime, _Counts]] = field(default_factory=dict)

    async def view(
        self, uow: UnitOfWork, channel: Channel, incidents: Sequence[Incident], now: datetime
    ) -> ClusterView | None:
        """The cluster of a card's incidents, as their channel sees it."""
        lasting = [each for each in incidents if each.is_open and not each.is_recovering]
        if not any(each.integration_id and rules_of(each).joins_groups for each in lasting):
            return None
        workspace_id = lasting[0].workspace_id
        troubles = await self.troubles(uow, workspace_id, now)
        if not troubles:
            return None
        subscriptions = await uow.subscriptions.for_channel(channel)
        found = cluster_of(lasting, self.clusters(workspace_id, channel, subscriptions))
        if found is None:
            return None
        counts = await self._counts(uow, workspace_id, channel, subscriptions, now)
        mine, total = counts.get(found.source, (0, 0))
        shown = {each.incident_id for each in incidents}
        integrations = {incident.incident_id: integration for incident, integration in troubles}
        others = [
            integration
            for each in found.unhealthy
            if each.incident_id not in shown and (integration := integrations.get(each.incident_id))
        ]
        return ClusterView(
            cluster=found,
            total=max(mine, len(found.troubles)),  # those that are paused meanwhile are among them
            is_all=mine >= total,
            others=tuple(others[:_NAMED]),
            more=max(0, len(others) - _NAMED),
        )

    async def troubles(self, uow: UnitOfWork, workspace_id: int, now: datetime) -> _Troubles:
        """The incidents of a workspace's integrations that may belong together; none where there are too few."""
        since = now - _OVER_FOR
        fingerprint = await uow.incidents.fingerprint(workspace_id, since)
        before, known = self._troubles.get(workspace_id, (None, ()))
        if fingerprint == before:
            return known
        found = [
            incident
            for incident in (
                *await uow.incidents.open_for(workspace_id, None, None),
                *await uow.incidents.over_since(workspace_id, since),
            )
            if incident.integration_id is not None and rules_of(incident).joins_groups
        ]
        troubles: _Troubles = ()
        if len(found) >= LEAST:
            ids = {each.integration_id or "" for each in found}
            stored = await uow.integrations.get_many(workspace_id, ids)
            troubles = [
                (each, watched.integration if (watched := stored.get(each.integration_id or "")) else None)
                for each in found
            ]
        self._troubles[workspace_id] = fingerprint, troubles
        return troubles

    def clusters(
        self, workspace_id: int, channel: Channel, subscriptions: Sequence[Subscription]
    ) -> list[Cluster]:
        """What belongs together of the troubles read last, of which a channel with these subscriptions is told."""
        fingerprint, troubles = self._troubles[workspace_id]
        key = fingerprint, tuple(subscriptions)
        before, found = self._found.get((workspace_id, channel), (None, []))
        if key != before:
            found = clusters(
                Trouble(incident=incident, source=source_of(integration))
                for incident, integration in troubles
                if integration and channels_for_incident(subscriptions, integration, incident)
            )
            self._found[workspace_id, channel] = key, found
        return found

    async def _counts(
        self,
        uow: UnitOfWork,
        workspace_id: int,
        channel: Channel,
        subscriptions: Collection[Subscription],
        now: datetime,
    ) -> _Counts:
        at, counts = self._counted.get((workspace_id, channel), (None, {}))
        if still_waits(at, _COUNTED_FOR, now):
            return counts
        mine: defaultdict[Source | None, int] = defaultdict(int)
        everything: defaultdict[Source | None, int] = defaultdict(int)
        for watched in await uow.integrations.all(workspace_id):
            integration = watched.integration
            if watched.missing_since or integration.is_inactive:
                continue
            is_mine = is_subscribed(subscriptions, integration)
            for source in {None, source_of(integration)}:
                everything[source] += 1
                mine[source] += is_mine
        counts = {source: (mine[source], count) for source, count in everything.items()}
        self._counted[workspace_id, channel] = now, counts
        return counts


_State = tuple[tuple[int, bool], ...]
"""What a card says of its cluster: each of its incidents, and whether that lasts."""


@dataclass(slots=True, kw_only=True)
class ClusterUpdates:
    """Brings cards up to date on which something else has changed; called every few seconds."""

    store: Store
    workspace_ids: Sequence[int]
    clock: Callable[[], datetime]
    wake: Callable[[], None]
    troubles: ItemTroubles
    _reader: ClusterReader = field(default_factory=ClusterReader)
    _looked_at: datetime | None = None
    _said: dict[int, _State] = field(default_factory=dict)  # by card; only those that say something

    async def tick(self) -> None:
        """Owe the changed cards if it is time. Raises nothing: database trouble is left to the next call."""
        now = self.clock()
        if still_waits(self._looked_at, _EVERY, now):
            return
        self._looked_at = now
        try:
            said: dict[int, _State] = {}
            for workspace_id in self.workspace_ids:
                said |= await self._look(workspace_id, now)
            self._said = said
        except StoreTrouble as trouble:
            log.debug("clusters wait for the database", why=str(trouble))

    async def _look(self, workspace_id: int, now: datetime) -> dict[int, _State]:
        """Owe the changed cards of a workspace; returns what its cards say by then."""
        async with self.store.read() as uow:
            troubles = await self._reader.troubles(uow, workspace_id, now)
            if not troubles and not self._said:
                return {}
            lasting = [incident for incident, _ in troubles if incident.is_open]
            cards = await uow.cards.of_incidents([each.incident_id for each in lasting])
            subscriptions = await uow.subscriptions.for_workspace(workspace_id)
        shown: defaultdict[Channel, dict[int, tuple[Card, list[Incident]]]] = defaultdict(dict)
        for incident in lasting:
            for card in cards.get(incident.incident_id, []):
                if card.storm_since:
                    continue  # it says by itself what its incidents share
                shown[card.channel].setdefault(card.card_id, (card, []))[1].append(incident)
        said: dict[int, _State] = {}
        changed: list[int] = []
        for channel, mine in shown.items():
            await asyncio.sleep(0)  # each channel is some work, in a storm
            own = [each for each in subscriptions if each.channel == channel]
            found: list[Cluster] = []
            with self.troubles.guard(Work.DELIVER, channel, "together") as trial:
                found = self._reader.clusters(workspace_id, channel, own)
            if trial.failed:  # its cards stay as they are
                said |= {card_id: self._said[card_id] for card_id in mine if card_id in self._said}
                continue
            behind = []
            for card_id, (card, incidents) in mine.items():
                state, before = _state_of(cluster_of(incidents, found)), self._said.get(card_id, ())
                if state != before and card.ts is not None:
                    behind.append((card_id, before))
                said[card_id] = state
            behind.sort(reverse=True)  # the newest first
            changed += [card_id for card_id, _ in behind[:_AT_ONCE]]
            said |= dict(behind[_AT_ONCE:])
        if changed:
            async with self.store.write() as uow:
                raised = await uow.cards.raise_revision(changed)
                await uow.outbox.add([show_card(card, now) for card in raised.values()], now=now)
            self.wake()
        return {card_id: state for card_id, state in said.items() if state}


def _state_of(cluster: Cluster | None) -> _State:
    if cluster is None:
        return ()
    lasting = {each.incident_id for each in cluster.unhealthy}
    return tuple(
        (each.incident.incident_id, each.incident.incident_id in lasting) for each in cluster.troubles
    )
