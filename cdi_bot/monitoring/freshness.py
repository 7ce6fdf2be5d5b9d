"""Judge for each subscription with `fresh:` whether what was synced last is too old.

Whatever comes moves a deadline further away, never nearer. So an integration's runs are read when its deadline has
passed, and then when something new was seen of one that is stale: at most a few reads between two deadlines.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from cdi_bot.core.freshness_limit import FreshnessLimit, read_limit
from cdi_bot.core.model import still_waits
from cdi_bot.core.model.incident import Incident, Kind, resolved
from cdi_bot.core.model.subscription import Subscription
from cdi_bot.core.rules.kind_rules import IntegrationFacts
from cdi_bot.core.rules.reopening import settled
from cdi_bot.core.rules.stale import SEEN_LATER, Arrivals, can_be_stale, deadline_of, judge_stale
from cdi_bot.item_troubles import ItemTroubles, Work
from cdi_bot.monitoring.evaluator import facts_of, write_followed
from cdi_bot.monitoring.incident_writer import ConflictError, write_if_watched
from cdi_bot.monitoring.integration_state import IntegrationState
from cdi_bot.monitoring.poller import Poller
from cdi_bot.store import Store, StoreTrouble

log = structlog.get_logger(__name__)

_EVERY = timedelta(seconds=15)

_IN_A_ROW = 100
"""After so many integrations the event loop gets its turn."""

_READ_AT_ONCE, _MOST = 200, 1000
"""The runs of so many integrations are read with one query, and of so many altogether in one go."""

_PAST = timedelta(days=35)
"""A watermark is looked for among the runs of so long, and of the longest limit: files have none, ever."""

_Key = tuple[str, str]
"""An integration's id and the text of a limit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Due:
    """What has to be judged by an integration's runs; an `incident` that is recovering is none."""

    key: _Key
    facts: IntegrationFacts
    limit: FreshnessLimit
    incident: Incident | None


class FreshnessWatch:
    """Judges one workspace's integrations; called every few seconds. Costs two queries where nothing is due."""

    def __init__(
        self,
        *,
        store: Store,
        workspace_id: int,
        poller: Poller,
        clock: Callable[[], datetime],
        wake: Callable[[], None],
        troubles: ItemTroubles,
    ) -> None:
        """Keep the collaborators; `wake` is called when messages are owed."""
        self._store, self._workspace_id, self._poller = store, workspace_id, poller
        self._clock, self._wake, self._troubles = clock, wake, troubles
        self._judged_at: datetime | None = None
        self._deadlines: dict[_Key, datetime] = {}
        self._seen: dict[_Key, int] = {}  # of stale ones: a hash of the newest run by which that was judged

    async def tick(self) -> None:
        """Judge everything if it is time. Raises nothing: database trouble is left to the next call."""
        now = self._clock()
        if not self._poller.is_leading or still_waits(self._judged_at, _EVERY, now):
            return
        self._judged_at = now
        try:
            await self._judge(now)
        except StoreTrouble as trouble:
            log.debug("freshness waits for the database", why=str(trouble))

    async def _judge(self, now: datetime) -> None:
        async with self._store.read() as uow:
            subscriptions = [
                each
                for each in await uow.subscriptions.for_workspace(self._workspace_id)
                if each.filters.fresh
            ]
            found = await uow.incidents.open_for(self._workspace_id, Kind.STALE, None)
        stale = {(incident.integration_id or "", incident.reason or ""): incident for incident in found}
        if not subscriptions and not stale:
            self._deadlines, self._seen = {}, {}
            return
        due: list[_Due] = []
        wanted: set[_Key] = set()
        for count, item in enumerate(self._poller.subscribed(), start=1):
            if count % _IN_A_ROW == 0:
                await asyncio.sleep(0)
            mine: list[_Due] = []
            with self._troubles.guard(
                Work.JUDGE, (self._workspace_id, item.integration_id), "fresh"
            ) as trial:
                mine = self._due_of(item, subscriptions, stale)
            wanted |= {each.key for each in mine}
            if trial.failed:  # nothing is known of what is asked for: what is open stays so
                wanted |= {key for key in stale if key[0] == item.integration_id}
            for each in mine:
                recovering = stale.get(each.key)
                over = recovering and settled(recovering, each.facts.watched.observed_at, now)
                if over:
                    await self._write(over, now)
            due += [each for each in mine if self._is_due(each, item)]
        subscribed = {item.integration_id for item in self._poller.subscribed()}
        for key, incident in stale.items():
            if key[0] in subscribed and key not in wanted:
                await self._write(resolved(incident, now), now)  # nobody asks for it any more
        self._deadlines = {key: until for key, until in self._deadlines.items() if key in wanted}
        self._seen = {key: newest for key, newest in self._seen.items() if key in stale}
        for start in range(0, min(len(due), _MOST), _READ_AT_ONCE):
            await self._judge_runs(due[start : start + _READ_AT_ONCE], now)

    def _due_of(
        self, item: IntegrationState, subscriptions: Sequence[Subscription], stale: Mapping[_Key, Incident]
    ) -> list[_Due]:
        """What channels asked for of an integration, each limit once."""
        facts = facts_of(item, self._poller.clock_skew)
        texts = {each.filters.fresh or "" for each in subscriptions if each.covers(facts.watched.integration)}
        return [
            _Due(
                key=key,
                facts=facts,
                limit=limit,
                incident=None if (found := stale.get(key)) and found.is_recovering else found,
            )
            for text in sorted(texts)
            if (limit := read_limit(text)) is not None and (key := (item.integration_id, text))
        ]

    def _is_due(self, asked: _Due, item: IntegrationState) -> bool:
        """Whether the runs have to be read: the deadline has passed, or something new was seen of a stale one."""
        watched = asked.facts.watched
        if asked.incident is not None:
            return watched.integration.is_inactive or self._seen.get(asked.key) != hash(asked.facts.newest)
        # What the list told of, the status call may not have explained yet.
        if not can_be_stale(watched) or item.has_news or item.is_behind(watched.integration):
            return False
        known = self._deadlines.get(asked.key)
        observed = watched.observed_at
        return observed is not None and (known is None or observed - known >= SEEN_LATER)

    async def _judge_runs(self, due: Sequence[_Due], now: datetime) -> None:
        longest = max((each.limit.longest or timedelta(0) for each in due), default=timedelta(0))
        async with self._store.read() as uow:
            arrivals = await uow.runs.arrivals(
                self._workspace_id, {each.key[0] for each in due}, since=now - _PAST - longest
            )
        for each in due:
            integration_id, limit = each.key
            with self._troubles.guard(Work.JUDGE, (self._workspace_id, integration_id), f"fresh:{limit}"):
                await self._judge_one(each, arrivals[integration_id], now)

    async def _judge_one(self, asked: _Due, arrivals: Arrivals, now: datetime) -> None:
        changed = judge_stale(asked.facts, arrivals, asked.limit, asked.incident, now=now)
        if changed is None:
            self._deadlines[asked.key] = deadline_of(asked.facts.watched, arrivals, asked.limit)
            self._seen[asked.key] = hash(asked.facts.newest)
        else:
            await self._write(changed, now)

    async def _write(self, changed: Incident, now: datetime) -> None:
        try:
            async with self._store.write() as uow:
                if changed.is_open or changed.resolved_by is not None:
                    stored = await write_followed(uow, changed, now)
                else:  # it does not end with a run: nobody expects any more what it is about
                    ended = await write_if_watched(uow, changed, now=now, quietly=True)
                    stored = [ended] if ended else []
        except ConflictError:
            return  # acknowledged at this very moment: the next call sees it
        for each in stored:
            log.info(
                "freshness",
                limit=each.reason,
                integration=each.integration_id,
                incident=each.incident_id,
                is_open=each.is_open,
                is_recovering=each.is_recovering,
            )
        self._wake()
