"""How the integrations are that some channels are subscribed to: what Home, status and list all start from."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from cdi_bot.core.model.channel import Channel
from cdi_bot.core.model.incident import Incident
from cdi_bot.core.model.integration import Integration, WatchedIntegration
from cdi_bot.core.model.subscription import Snooze, Subscription, selector_matches
from cdi_bot.core.routing import concerns
from cdi_bot.core.rules.kinds import rules_of, worst_by_integration
from cdi_bot.item_troubles import ItemTroubles
from cdi_bot.store import UnitOfWork
from cdi_bot.usecases.query_answers import BotTroubles


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """The integrations that some subscriptions match, with the worst open incident of each, by id: maybe recovering.

    `subscribed` and `by_selector`, which says what each selector matches, are in the order of names. `unreachable` is
    the open incident of the workspace, if Braze can't be reached.
    """

    subscribed: list[WatchedIntegration]
    by_selector: dict[str, list[WatchedIntegration]]
    incidents: dict[str, Incident]
    unreachable: Incident | None

    @property
    def failing(self) -> int:
        """How many integrations have failing runs."""
        return sum(
            rules_of(incident).counts_as_failing and not incident.is_recovering
            for incident in self.incidents.values()
        )

    @property
    def unhealthy(self) -> int:
        """How many integrations have an open incident of any kind that is not recovering."""
        return sum(map(self.is_unhealthy, self.subscribed))

    def is_unhealthy(self, watched: WatchedIntegration) -> bool:
        """Whether an integration has an open incident that is not recovering."""
        incident = self.incidents.get(watched.integration.integration_id)
        return incident is not None and not incident.is_recovering


async def health_of(uow: UnitOfWork, workspace_id: int, subscriptions: Sequence[Subscription]) -> Health:
    """Read the state of the integrations of a workspace that these subscriptions match."""
    selectors = {one.selector for one in subscriptions if one.workspace_id == workspace_id}
    known = await uow.integrations.all(workspace_id) if selectors else []
    by_selector = {
        selector: [each for each in known if selector_matches(selector, each.integration)]
        for selector in selectors
    }
    ids = {each.integration.integration_id for matching in by_selector.values() for each in matching}
    subscribed = [each for each in known if each.integration.integration_id in ids]
    listed = [each.integration for each in subscribed if each.missing_since is None]
    return Health(
        subscribed=subscribed,
        by_selector=by_selector,
        incidents=await worst_incidents(uow, listed, subscriptions),
        unreachable=await uow.incidents.unreachable(workspace_id),
    )


def bot_troubles(
    troubles: ItemTroubles, watched: Sequence[WatchedIntegration], channels: Collection[Channel]
) -> BotTroubles:
    """What stands in the register of these integrations and channels."""
    items = {each.item for each in troubles.present()}
    named = [one.integration for one in watched] if items else []
    names = [each.integration_name for each in named if (each.workspace_id, each.integration_id) in items]
    return BotTroubles(names=tuple(names), channels=tuple(troubles.of(channels)))


async def worst_incidents(
    uow: UnitOfWork, integrations: Sequence[Integration], subscriptions: Sequence[Subscription]
) -> dict[str, Incident]:
    """The worst open incident of each integration of a workspace that has one, by id, as these subscriptions see it."""
    return worst_by_integration(await _open_incidents(uow, integrations, subscriptions))


async def open_in_channel(uow: UnitOfWork, channel: Channel) -> list[Incident]:
    """All open incidents that a channel's subscriptions are about, those of whole workspaces too."""
    subscriptions = await uow.subscriptions.for_channel(channel)
    found: list[Incident] = []
    for workspace_id in {one.workspace_id for one in subscriptions}:
        health = await health_of(uow, workspace_id, subscriptions)
        found += [health.unreachable] if health.unreachable else []
        found += await _open_incidents(uow, [each.integration for each in health.subscribed], subscriptions)
    return found


async def _open_incidents(
    uow: UnitOfWork, integrations: Sequence[Integration], subscriptions: Sequence[Subscription]
) -> list[Incident]:
    """The open incidents of some integrations of one workspace, as these subscriptions see them."""
    known = {each.integration_id: each for each in integrations}
    found = await uow.incidents.open_for(integrations[0].workspace_id, None, list(known)) if known else []
    return [each for each in found if concerns(subscriptions, known[each.integration_id or ""], each)]


async def snoozes_in(
    uow: UnitOfWork, channel: Channel | None, workspace_id: int, ids: Sequence[str], now: datetime
) -> dict[str, Snooze]:
    """The snooze of each integration that is snoozed in a channel, by id."""
    snoozes = await uow.snoozes.active(workspace_id, ids, now)
    return {snooze.integration_id: snooze for snooze in snoozes if snooze.channel == channel}
