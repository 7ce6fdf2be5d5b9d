"""What a subscription would have told in the last 30 days, by living through the stored runs in virtual time."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from cdi_bot.core.freshness_limit import read_limit
from cdi_bot.core.model.channel import Channel
from cdi_bot.core.model.integration import Integration, WatchedIntegration
from cdi_bot.core.model.subscription import Filters, Selection, is_pattern, selector_matches
from cdi_bot.core.replay.recorded_past import Outage, Past
from cdi_bot.core.replay.replay import ReplaySettings, lives, unreachable
from cdi_bot.core.replay.told import Told, ToldNotice
from cdi_bot.core.rules.stale import past_stretches
from cdi_bot.monitoring.past_sources import LEARNED_FROM, past_of, stored_outages, stored_runs
from cdi_bot.store import Store
from cdi_bot.usecases.answers import BrazeRefused, NoMatch, SeveralMatches
from cdi_bot.usecases.lookup import Lookup

PREVIEWED = timedelta(days=30)

COMMAND_SECONDS, FORM_SECONDS = 20.0, 8.0
"""How long the stored runs may be lived through for an answer: of the rest nothing is said but how many they are."""

SHOWN = 5
"""So many of the newest incidents, and of the integrations of which little is known, are named."""

_FRESH = timedelta(minutes=30)
_REMEMBERED = 500
"""Integrations whose past is remembered as lived through: the form asks again with each filter that changes."""

_ENOUGH = 20
"""From fewer runs nothing is known to be usual."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What a subscription with these filters would have told in the last `days`.

    `counts` are its alerts by kind, the most frequent first; `newest` are the last few. Of the `integrations`
    that match `looked_at` were lived through in time, with so many `runs`. `few_runs` name some of those with too few
    runs to know what is usual, `young_total` counts those of which less than these days are known.
    """

    what: Selection
    filters: Filters
    days: int
    counts: tuple[tuple[str, int], ...]
    newest: tuple[Told | ToldNotice, ...]
    integrations: int
    looked_at: int
    runs: int
    few_runs: tuple[Integration, ...]
    few_runs_total: int
    young_total: int

    @property
    def alerts(self) -> int:
        """How many alerts there would have been."""
        return sum(count for _, count in self.counts)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Lived:
    """What was told of one integration."""

    at: datetime
    newest: datetime | None
    runs: int
    oldest: datetime | None
    told: tuple[Told | ToldNotice, ...]


@dataclass(frozen=True, kw_only=True)
class Previews:
    """Previews subscriptions; only `StoreTrouble` is raised. `clock` gives the present in UTC."""

    store: Store
    lookup: Lookup
    clock: Callable[[], datetime]
    settings: ReplaySettings
    _lived: dict[tuple[int, str], _Lived] = field(default_factory=dict)
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def preview(
        self,
        query: str,
        filters: Filters,
        channel: Channel | None = None,
        *,
        workspace_id: int | None = None,
        seconds: float = COMMAND_SECONDS,
    ) -> Preview | SeveralMatches | NoMatch | BrazeRefused:
        """What a subscription of a channel to what `query` takes in would have told."""
        scope = await self.lookup.scope(query, channel, workspace_id)
        if is_pattern(scope.query):
            ids = [each.workspace_id for each in await self.lookup.narrowed(scope)]
            if not ids:
                return NoMatch(query=query, nearest=(), list_known=True)
            return await self.of_selector(ids, scope.query, filters, seconds=seconds)
        found = await self.lookup.find(query, channel, workspace_id)
        if not isinstance(found, WatchedIntegration):
            return found
        one = found.integration
        return await self.of_selector([one.workspace_id], one.integration_id, filters, seconds=seconds)

    async def of_selector(
        self, workspaces: Sequence[int], selector: str, filters: Filters, *, seconds: float
    ) -> Preview:
        """The same for an id, a pattern or `all` in these workspaces, within so many seconds."""
        end, now = time.monotonic() + seconds, self.clock()
        since = now - PREVIEWED
        async with self.store.read() as uow:
            known = [
                each.integration
                for workspace_id in workspaces
                for each in await uow.integrations.all(workspace_id)
                if selector_matches(selector, each.integration) and each.missing_since is None
            ]
            names = await uow.workspaces.told_names()
        outages = {
            each: await stored_outages(self.store, each, since=since - LEARNED_FROM, until=now)
            for each in workspaces
        }
        lived: list[tuple[Integration, _Lived]] = []
        for integration in known:
            one = await self._live(integration, outages[integration.workspace_id], now, end)
            if one is None:
                break
            lived.append((integration, one))
        stale = await self._stale([integration for integration, _ in lived], filters, now, end)
        of_all = [
            told
            for each in outages.values()
            for told in unreachable(past_of((), (), each, until=now), self.settings, now)
        ]
        told = [
            each
            for each in (*(each for _, one in lived for each in one.told), *stale, *of_all)
            if each.at >= since and each.passes(filters)
        ]
        told.sort(key=lambda each: each.at, reverse=True)
        young = [one for one, life in lived if life.oldest is None or life.oldest > since]
        few = [one for one, life in lived if life.runs < _ENOUGH]
        return Preview(
            what=Selection(
                selector=selector,
                name=known[0].integration_name if len(known) == 1 and not is_pattern(selector) else None,
                workspace_name=names.get(workspaces[0]) if len(workspaces) == 1 else None,
            ),
            filters=filters,
            days=PREVIEWED.days,
            counts=tuple(Counter(each.kind for each in told).most_common()),
            newest=tuple(told[:SHOWN]),
            integrations=len(known),
            looked_at=len(lived),
            runs=sum(life.runs for _, life in lived),
            few_runs=tuple(few[:SHOWN]),
            few_runs_total=len(few),
            young_total=len(young),
        )

    async def _stale(
        self, integrations: Sequence[Integration], filters: Filters, now: datetime, end: float
    ) -> list[Told]:
        """What would have been told by a limit of freshness; of as many integrations as there is time for."""
        limit = read_limit(filters.fresh) if filters.fresh else None
        told: list[Told] = []
        for each in integrations if limit else ():
            if time.monotonic() > end:
                break
            key = each.workspace_id, each.integration_id
            runs = await stored_runs(self.store, *key, since=now - PREVIEWED - LEARNED_FROM)
            told += (
                [
                    Told(integration=each, first=first, last=last)
                    for first, last in past_stretches(each, runs, limit, until=now)
                ]
                if limit
                else []
            )
        return told

    async def _live(
        self, integration: Integration, outages: Sequence[Outage], now: datetime, end: float
    ) -> _Lived | None:
        """What one integration's past tells; `None` where there is no time left for it."""
        key = integration.workspace_id, integration.integration_id
        async with self.store.read() as uow:
            newest = next(iter(await uow.runs.page(*key, offset=0, limit=1)), None)
        known = self._lived.get(key)
        start = newest.sync_start_time if newest else None
        if known and known.newest == start and timedelta(0) <= now - known.at < _FRESH:
            return known
        if time.monotonic() > end:
            return None
        runs = await stored_runs(self.store, *key, since=now - PREVIEWED - LEARNED_FROM)
        past = past_of([integration], runs, outages, until=now)
        async with self._turn:
            told = await asyncio.to_thread(_told, past, self.settings, now, end)
        if told is None:
            return None
        found = _Lived(
            at=now,
            newest=start,
            runs=sum(run.sync_start_time >= now - PREVIEWED for run in runs),
            oldest=min((run.sync_start_time for run in runs), default=None),
            told=told,
        )
        self._lived.pop(key, None)
        while len(self._lived) >= _REMEMBERED:
            self._lived.pop(next(iter(self._lived)))
        self._lived[key] = found
        return found


def _told(
    past: Past, settings: ReplaySettings, now: datetime, end: float
) -> tuple[Told | ToldNotice, ...] | None:
    """Live through a past, in a thread of its own; `None` where the time is over before."""
    told: list[Told | ToldNotice] = []
    for life in lives(past, settings):
        for _ in life.steps(now):
            if time.monotonic() > end:
                return None
        told += [*life.told, *life.notices]
    return tuple(told)
