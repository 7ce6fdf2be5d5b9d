"""The present state of the integrations that channels are subscribed to: what is stored, never older than a poll."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from cdi_bot.core.model.channel import Channel
from cdi_bot.core.model.incident import Incident
from cdi_bot.core.model.integration import WatchedIntegration
from cdi_bot.core.model.subscription import Snooze, Subscription, selector_matches
from cdi_bot.core.rules.kinds import rules_of, worst_by_integration
from cdi_bot.core.rules.unreachable import UNREACHABLE
from cdi_bot.store import UnitOfWork


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """The integrations that some subscriptions match, with the worst open incident of each, by id.

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
        return sum(rules_of(incident).counts_as_failing for incident in self.incidents.values())

    @property
    def unhealthy(self) -> int:
        """How many integrations have an open incident of any kind."""
        return len(self.incidents)


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
    listed = [each.integration.integration_id for each in subscribed if each.missing_since is None]
    unreachable = await uow.incidents.open_for(workspace_id, UNREACHABLE.kind, None)
    return Health(
        subscribed=subscribed,
        by_selector=by_selector,
        incidents=await worst_incidents(uow, workspace_id, listed),
        unreachable=next(iter(unreachable), None),
    )


async def worst_incidents(uow: UnitOfWork, workspace_id: int, ids: Sequence[str]) -> dict[str, Incident]:
    """The worst open incident of each integration that has one, by id."""
    return worst_by_integration(await uow.incidents.open_for(workspace_id, None, ids))


async def snoozes_in(
    uow: UnitOfWork, channel: Channel, workspace_id: int, ids: Sequence[str], now: datetime
) -> dict[str, Snooze]:
    """The snooze of each integration that is snoozed in a channel, by id."""
    snoozes = await uow.snoozes.active(workspace_id, ids, now)
    return {snooze.integration_id: snooze for snooze in snoozes if snooze.channel == channel}
