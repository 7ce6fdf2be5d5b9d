"""Read what a period brought to the integrations that a channel hears of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from cdi_bot.core.model import Channel, Integration, WatchedIntegration
from cdi_bot.core.sums import Share, Totals, shares, time_not_well, totals
from cdi_bot.services.ports.store import UnitOfWork


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """What a period brought: to each integration, worst first, and to all; `blind` is how long Braze was not seen."""

    parts: tuple[Share, ...]
    totals: Totals
    blind: timedelta

    @property
    def went_well(self) -> bool:
        """Whether there is nothing that anybody would have to look at."""
        return not (self.totals.failed or self.totals.not_well or self.blind)


async def heard(uow: UnitOfWork, workspace_id: int, channel: Channel) -> list[WatchedIntegration]:
    """The integrations of a workspace that a channel hears of, but for those that are gone from Braze."""
    subscriptions = await uow.subscriptions.for_channel(channel)
    return [
        each
        for each in await uow.integrations.all(workspace_id)
        if each.missing_since is None and any(one.takes_in(each.integration) for one in subscriptions)
    ]


async def look_back(
    uow: UnitOfWork,
    workspace_id: int,
    integrations: Sequence[Integration],
    since: datetime,
    until: datetime,
) -> Period:
    """Add up what a period brought to these integrations."""
    ids = [one.integration_id for one in integrations]
    sums = await uow.runs.sums(workspace_id, ids, since=since, until=until)
    incidents = await uow.incidents.during(workspace_id, ids, since=since, until=until)
    blind = await uow.incidents.during(workspace_id, None, since=since, until=until)
    parts = shares(integrations, sums, incidents, since, until)
    return Period(parts=tuple(parts), totals=totals(parts), blind=time_not_well(blind, since, until))
