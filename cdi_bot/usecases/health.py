"""How the integrations are that some channels are subscribed to: what Home, status and list all start from."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from operator import itemgetter

from cdi_bot.core.model.channel import Channel
from cdi_bot.core.model.incident import Incident, Kind
from cdi_bot.core.model.integration import Integration, Named, WatchedIntegration
from cdi_bot.core.model.integration_settings import IntegrationSettings, settings_of
from cdi_bot.core.model.run import Run
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
    workspaces and names; `incidents` are by the integrations' keys, `open` are all of them. `unreachable` are the open
    incidents of the workspaces in which Braze can't be reached. `set_for` is all that is set for integrations.
    """

    subscribed: list[Named]
    by_selector: dict[tuple[int, str], list[Named]]
    open: list[Incident]
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

    def is_unhealthy(self, integration: Named) -> bool:
        """Whether an integration has an open incident that is not recovering."""
        incident = self.incidents.get(integration.key)
        return incident is not None and not incident.is_recovering


async def health_of(uow: UnitOfWork, subscriptions: Sequence[Subscription]) -> Health:
    """Read the state of the integrations that these subscriptions match, of all workspaces at once."""
    workspace_ids = {one.workspace_id for one in subscriptions}
    by_selector: dict[tuple[int, str], list[Named]] = {
        (one.workspace_id, one.selector): [] for one in subscriptions
    }
    subscribed: list[Named] = []
    for workspace_id, known in groupby(await uow.integrations.named(workspace_ids), key=itemgetter(0)):
        selectors = [(key[1], found) for key, found in by_selector.items() if key[0] == workspace_id]
        for each in known:
            matching = [found for selector, found in selectors if selector_matches(selector, each)]
            for found in matching:
                found.append(each)
            if matching:
                subscribed.append(each)
    listed = {each.key: each for each in subscribed if not each.missing}
    ids = {each.integration_id for each in listed.values()}
    told = await uow.incidents.open_of(workspace_ids, ids) if workspace_ids else []
    incidents = [
        each
        for each in told
        if each.integration_id
        and (integration := listed.get((each.workspace_id, each.integration_id)))
        and concerns(subscriptions, integration, each)
    ]
    return Health(
        subscribed=subscribed,
        by_selector=by_selector,
        open=incidents,
        incidents=worst_by_integration(incidents),
        unreachable=tuple(each for each in told if each.kind is Kind.UNREACHABLE and not each.is_recovering),
        set_for=await uow.integration_settings.all(),
    )


async def watched_of(
    uow: UnitOfWork, integrations: Iterable[Named]
) -> dict[tuple[int, str], WatchedIntegration]:
    """All that is stored of some integrations, by their keys and in their order."""
    wanted = list(integrations)
    found = {
        watched.integration.key: watched
        for workspace_id in {each.workspace_id for each in wanted}
        for watched in (
            await uow.integrations.get_many(
                workspace_id, [each.integration_id for each in wanted if each.workspace_id == workspace_id]
            )
        ).values()
    }
    return {each.key: found[each.key] for each in wanted}


async def newest_runs(uow: UnitOfWork, integrations: Iterable[Integration]) -> dict[tuple[int, str], Run]:
    """The newest run of each integration, by its key."""
    ids: dict[int, list[str]] = {}
    for each in integrations:
        ids.setdefault(each.workspace_id, []).append(each.integration_id)
    return {
        (workspace_id, integration_id): run
        for workspace_id, wanted in ids.items()
        for integration_id, run in (await uow.runs.newest(workspace_id, wanted)).items()
    }


async def bot_troubles(
    uow: UnitOfWork, troubles: ItemTroubles, integrations: Sequence[Named], channels: Collection[Channel]
) -> BotTroubles:
    """What stands in the register of these integrations and channels."""
    items = {each.item for each in troubles.present()}
    named = await watched_of(uow, (each for each in integrations if each.key in items)) if items else {}
    return BotTroubles(
        integrations=tuple(each.integration for each in named.values()),
        channels=tuple(troubles.of(channels)),
    )


async def worst_incident(
    uow: UnitOfWork, integration: Integration, subscriptions: Sequence[Subscription]
) -> Incident | None:
    """The worst open incident of an integration, as these subscriptions see it; `None` where it has none."""
    found = await uow.incidents.open_for(integration.workspace_id, None, [integration.integration_id])
    shown = [each for each in found if concerns(subscriptions, integration, each)]
    return worst_by_integration(shown).get(integration.key)


async def open_in_channel(uow: UnitOfWork, channel: Channel) -> list[Incident]:
    """All open incidents that a channel's subscriptions are about, those of whole workspaces too."""
    health = await health_of(uow, await uow.subscriptions.for_channel(channel))
    return [*health.unreachable, *health.open]


async def snoozes_in(
    uow: UnitOfWork, channel: Channel | None, integrations: Iterable[Integration | Named], now: datetime
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
    integration: Named,
    incidents: dict[tuple[int, str], Incident],
    snoozes: dict[tuple[int, str], Snooze],
) -> tuple[int, int, int, str]:
    """Sort by what needs attention most, then by severity, by the row of failures, and by name."""
    incident = incidents.get(integration.key)
    return (
        attention(
            incident,
            missing=integration.missing,
            snoozed=integration.key in snoozes,
        ),
        severity(incident) if incident else 0,
        longest_row_first(incident),
        integration.integration_name.casefold(),
    )
