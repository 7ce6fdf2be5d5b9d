"""How the integrations are that some channels are subscribed to: what Home, status and list all start from."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from cdi_bot.core.model.channel import Channel
from cdi_bot.core.model.incident import Incident
from cdi_bot.core.model.integration import Integration, WatchedIntegration
from cdi_bot.core.model.integration_settings import IntegrationSettings, settings_of
from cdi_bot.core.model.subscription import Snooze, Subscription, selector_matches
from cdi_bot.core.routing import concerns
from cdi_bot.core.rules.kinds import attention, longest_row_first, rules_of, severity, worst_by_integration
from cdi_bot.core.snoozes import longest
from cdi_bot.item_troubles import ItemTroubles
from cdi_bot.store import UnitOfWork
from cdi_bot.usecases.query_answers import BotTroubles


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """The integrations that some subscriptions match, with the worst open incident of each: maybe recovering.

    `subscribed` and `by_selector`, which says what each selector matches in a workspace, are in the order of
    workspaces and names; `incidents` are by the integrations' keys. `unreachable` are the open incidents of the
    workspaces in which Braze can't be reached. `set_for` is all that is set for integrations.
    """

    subscribed: list[WatchedIntegration]
    by_selector: dict[tuple[int, str], list[WatchedIntegration]]
    incidents: dict[tuple[int, str], Incident]
    unreachable: tuple[Incident, ...]
    set_for: Sequence[IntegrationSettings] = ()

    def settings_of(self, integration: Integration) -> IntegrationSettings:
        """Owner and runbook of an integration."""
        return settings_of(integration, self.set_for)

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
        incident = self.incidents.get(watched.integration.key)
        return incident is not None and not incident.is_recovering


async def health_of(uow: UnitOfWork, subscriptions: Sequence[Subscription]) -> Health:
    """Read the state of the integrations that these subscriptions match, workspace by workspace."""
    subscribed: list[WatchedIntegration] = []
    by_selector: dict[tuple[int, str], list[WatchedIntegration]] = {}
    incidents: dict[tuple[int, str], Incident] = {}
    unreachable: list[Incident | None] = []
    for workspace_id in sorted({one.workspace_id for one in subscriptions}):
        known = await uow.integrations.all(workspace_id)
        matching = {
            selector: [each for each in known if selector_matches(selector, each.integration)]
            for selector in {one.selector for one in subscriptions if one.workspace_id == workspace_id}
        }
        by_selector |= {(workspace_id, selector): found for selector, found in matching.items()}
        ids = {each.integration.integration_id for found in matching.values() for each in found}
        here = [each for each in known if each.integration.integration_id in ids]
        listed = [each.integration for each in here if each.missing_since is None]
        incidents |= worst_by_integration(await _open_incidents(uow, listed, subscriptions))
        unreachable.append(await uow.incidents.unreachable(workspace_id))
        subscribed += here
    return Health(
        subscribed=subscribed,
        by_selector=by_selector,
        incidents=incidents,
        unreachable=tuple(filter(None, unreachable)),
        set_for=await uow.integration_settings.all(),
    )


def bot_troubles(
    troubles: ItemTroubles, watched: Sequence[WatchedIntegration], channels: Collection[Channel]
) -> BotTroubles:
    """What stands in the register of these integrations and channels."""
    items = {each.item for each in troubles.present()}
    named = [one.integration for one in watched] if items else []
    names = [each for each in named if each.key in items]
    return BotTroubles(integrations=tuple(names), channels=tuple(troubles.of(channels)))


async def worst_incident(
    uow: UnitOfWork, integration: Integration, subscriptions: Sequence[Subscription]
) -> Incident | None:
    """The worst open incident of an integration, as these subscriptions see it; `None` where it has none."""
    return worst_by_integration(await _open_incidents(uow, [integration], subscriptions)).get(integration.key)


async def open_in_channel(uow: UnitOfWork, channel: Channel) -> list[Incident]:
    """All open incidents that a channel's subscriptions are about, those of whole workspaces too."""
    subscriptions = await uow.subscriptions.for_channel(channel)
    health = await health_of(uow, subscriptions)
    found = list(health.unreachable)
    for _, here in groupby(health.subscribed, key=lambda each: each.integration.workspace_id):
        found += await _open_incidents(uow, [each.integration for each in here], subscriptions)
    return found


async def _open_incidents(
    uow: UnitOfWork, integrations: Sequence[Integration], subscriptions: Sequence[Subscription]
) -> list[Incident]:
    """The open incidents of some integrations of one workspace, as these subscriptions see them."""
    known = {each.integration_id: each for each in integrations}
    found = await uow.incidents.open_for(integrations[0].workspace_id, None, list(known)) if known else []
    return [each for each in found if concerns(subscriptions, known[each.integration_id or ""], each)]


async def snoozes_in(
    uow: UnitOfWork, channel: Channel | None, integrations: Iterable[Integration], now: datetime
) -> dict[tuple[int, str], Snooze]:
    """The snooze of each integration that is snoozed in a channel, by its key."""
    ids: dict[int, list[str]] = {}
    for each in integrations:
        ids.setdefault(each.workspace_id, []).append(each.integration_id)
    return {
        (workspace_id, key): snooze
        for workspace_id, wanted in ids.items()
        for key, some in (await uow.snoozes.active(workspace_id, wanted, now)).items()
        if channel and (snooze := longest(some, channel))
    }


def most_urgent_first(
    watched: WatchedIntegration,
    incidents: dict[tuple[int, str], Incident],
    snoozes: dict[tuple[int, str], Snooze],
) -> tuple[int, int, int, str]:
    """Sort by what needs attention most, then by severity, by the row of failures, and by name."""
    integration = watched.integration
    incident = incidents.get(integration.key)
    return (
        attention(
            incident,
            missing=watched.missing_since is not None,
            snoozed=integration.key in snoozes,
        ),
        severity(incident) if incident else 0,
        longest_row_first(incident),
        integration.integration_name.casefold(),
    )
