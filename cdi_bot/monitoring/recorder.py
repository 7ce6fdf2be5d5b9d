"""Record what is observed of a workspace: judge it, and store runs, incidents and owed messages in one transaction.

The first observation is stored at once, and together what comes while that is under way. A commit takes several trips
to the database, however much it holds: when many syncs end at the same minute, each on its own would have to wait for
all of those before it.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from cdi_bot.core.model.incident import Incident, Kind
from cdi_bot.core.model.integration import WatchedIntegration
from cdi_bot.core.model.message import MessageKind, OwedMessage, RunStarted
from cdi_bot.core.model.run import Outcome, Run
from cdi_bot.core.model.subscription import Subscription
from cdi_bot.core.routing import channels_for_runs
from cdi_bot.core.rules.failed_runs import past_needed
from cdi_bot.core.rules.sync_failed import Finding, IncidentChange, judge_runs
from cdi_bot.item_troubles import ItemTroubles, Work, is_of_the_database
from cdi_bot.monitoring.incident_writer import ConflictError, IncidentUpdate, owe_incident, store_incidents
from cdi_bot.monitoring.integration_facts import is_stored, owe_changes, with_stored
from cdi_bot.store import IntegrationKey, Store, UnitOfWork

MOST = 500
"""Observations in one transaction, so that none is long."""

_TRIES = 5
"""A conflict means that somebody acknowledged at the same moment; five in a row mean something else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """What Braze told of one integration: its facts, some of its runs, and the starts of runs that it no longer has.

    `listed` is when the list told these facts, by Braze's clock; `None` where the facts are only those that are known.
    `holder` is the process that polled for it, which must still be the one that polls; `None` where a person asked.
    """

    watched: WatchedIntegration
    runs: Sequence[Run]
    listed: datetime | None = None
    vanished: frozenset[datetime] = frozenset()
    holder: int | None = None


async def record_observations(
    uow: UnitOfWork, observations: Sequence[Observation], *, now: datetime
) -> list[Finding]:
    """Judge observations of one workspace, no two of the same integration, and store everything that follows.

    Raises `ConflictError` when an incident was changed by somebody else at the same moment.
    """
    if not observations:
        return []
    workspace_id = observations[0].watched.integration.workspace_id
    ids = [observation.watched.integration.integration_id for observation in observations]
    newest = await uow.incidents.newest_of_each(workspace_id, Kind.SYNC_FAILED, ids)
    stored = await uow.integrations.get_many(workspace_id, ids)
    for integration_id, observation in zip(ids, observations, strict=True):
        await uow.runs.remove(workspace_id, integration_id, observation.vanished)
    oldest = {
        integration_id: min(run.sync_start_time for run in observation.runs)
        for integration_id, observation in zip(ids, observations, strict=True)
        if observation.runs
    }
    stored_runs = await uow.runs.since_each(workspace_id, oldest)
    ended_by_list = await _ended_by_listed_runs(
        uow, workspace_id, [run for each in newest for run in stored_runs.get(each, [])]
    )
    past = await _past(uow, workspace_id, observations, newest)
    findings = [
        judge_runs(
            watched=with_stored(
                observation.watched, stored.get(integration_id), is_listed=observation.listed is not None
            ),
            stored=stored_runs.get(integration_id, []),
            observed=observation.runs,
            incidents=newest.get(integration_id, []),
            past=past.get(integration_id, []),
            ended_by_list=ended_by_list[integration_id],
            now=now,
        )
        for integration_id, observation in zip(ids, observations, strict=True)
    ]
    await uow.integrations.save(
        [
            finding.watched
            for integration_id, finding in zip(ids, findings, strict=True)
            if not is_stored(finding.watched, stored.get(integration_id))
        ]
    )
    await owe_changes(
        uow,
        [
            (stored.get(integration_id), finding.watched, observation.listed)
            for integration_id, finding, observation in zip(ids, findings, observations, strict=True)
            if observation.listed
        ],
        now,
    )
    await uow.runs.save(workspace_id, [run for finding in findings for run in finding.runs])
    await _write_findings(uow, workspace_id, [each for one in findings for each in (*one.others, one)], now)
    return findings


async def _past(
    uow: UnitOfWork,
    workspace_id: int,
    observations: Sequence[Observation],
    newest: Mapping[str, Sequence[Incident]],
) -> Mapping[str, Sequence[Run]]:
    """By integration, as many of the newest runs before the observed ones as it takes to judge these."""
    starts: defaultdict[int, dict[str, datetime]] = defaultdict(dict)
    for each in observations:
        key = each.watched.integration.integration_id
        if needed := past_needed(each.runs, newest.get(key, ())):
            starts[needed][key] = min(run.sync_start_time for run in each.runs)
    found: dict[str, Sequence[Run]] = {}
    for limit, before in starts.items():
        found |= await uow.runs.before_each(workspace_id, before, limit=limit)
    return found


async def _ended_by_listed_runs(
    uow: UnitOfWork, workspace_id: int, runs: Sequence[Run]
) -> Mapping[str, Sequence[Incident]]:
    """By integration, the incidents ended by one of these runs, where only the list told of it so far."""
    found: defaultdict[str, list[Incident]] = defaultdict(list)
    listed = [run for run in runs if run.provisional and run.outcome is Outcome.GOOD]
    for incident in await uow.incidents.resolved_by(workspace_id, listed):
        found[incident.integration_id or ""].append(incident)
    return found


async def _write_findings(
    uow: UnitOfWork, workspace_id: int, findings: Sequence[Finding], now: datetime
) -> None:
    """Store the incidents of findings, and owe what their channels are to be told."""
    news = [finding for finding in findings if finding.incident or finding.started]
    if not news:
        return
    stored = await store_incidents(uow, [finding.incident for finding in news if finding.incident])
    subscriptions = await uow.subscriptions.for_workspace(workspace_id)
    cards = await uow.cards.of_incidents([incident.incident_id for incident in stored])
    following = iter(stored)
    for finding in news:
        await _owe_starts(uow, finding, subscriptions, now)
        incident = next(following) if finding.incident else None
        if incident and finding.change is not IncidentChange.BASELINE:
            await owe_incident(
                uow,
                _update(finding, incident),
                cards=cards.get(incident.incident_id, []),
                subscriptions=subscriptions,
                now=now,
            )


def _update(finding: Finding, incident: Incident) -> IncidentUpdate:
    failed_again: Sequence[Run] = ()
    if finding.untold:
        # Of a partial run that the list told first, only the status call's counts say which channels are told: it
        # comes again then, and its key keeps it from being told twice.
        failed_again = finding.failures or finding.counted
    return IncidentUpdate(
        incident=incident,
        integration=finding.watched.integration,
        has_recovered=finding.change is IncidentChange.RECOVERED,
        has_reopened=finding.change is IncidentChange.REOPENED,
        failures=[*finding.failures, *finding.counted],
        failed_again=failed_again,
        untold=finding.untold,
        after_good=finding.after_good,
    )


async def _owe_starts(
    uow: UnitOfWork, finding: Finding, subscriptions: Sequence[Subscription], now: datetime
) -> None:
    integration = finding.watched.integration
    await uow.outbox.add(
        [
            OwedMessage(
                key=f"running:{channel.team_id}:{channel.channel_id}:{integration.integration_id}:{int(run.sync_start_time.timestamp())}",
                channel=channel,
                kind=MessageKind.NOTICE,
                content=RunStarted(
                    workspace_id=integration.workspace_id,
                    integration_id=integration.integration_id,
                    run_start=run.sync_start_time,
                ),
                not_before=now,
            )
            for run in finding.started
            for channel in sorted(channels_for_runs(subscriptions, integration, [run]))
        ],
        now=now,
    )


@dataclass(slots=True, kw_only=True, eq=False)
class _Waiting:
    """Observations to store, and the future that waits for their findings."""

    observations: Sequence[Observation]
    now: datetime
    done: asyncio.Future[list[Finding]]

    @property
    def ids(self) -> set[str]:
        """The integrations that were observed."""
        return {each.watched.integration.integration_id for each in self.observations}


class Recorder:
    """Records one workspace's observations in the order in which they come."""

    def __init__(self, store: Store, troubles: ItemTroubles) -> None:
        """Begin with nothing to do."""
        self._store, self._troubles = store, troubles
        self._queue: list[_Waiting] = []
        self._working: asyncio.Task[None] | None = None

    async def record(self, observations: Sequence[Observation], now: datetime) -> list[Finding]:
        """Store observations with what they owe; returns the finding of each.

        Where one of several can't be judged or is refused, that one is left out; `troubles` has it. Raises
        `StoreTrouble`, or `ConflictError` when somebody changes the same incident again and again.
        """
        if not observations:
            return []
        waiting = _Waiting(
            observations=observations, now=now, done=asyncio.get_running_loop().create_future()
        )
        self._queue.append(waiting)
        if self._working is None:
            self._working = asyncio.create_task(self._work())
        return await waiting.done

    async def _work(self) -> None:
        try:
            while batch := self._next():
                await self._settle(batch)
        finally:
            self._working = None

    def _next(self) -> list[_Waiting]:
        """Those to store now: in order, as many as fit, but each integration once: observations of it must not mix."""
        batch: list[_Waiting] = []
        later: list[_Waiting] = []
        taken: set[str] = set()
        room = MOST
        for waiting in self._queue:
            if waiting.done.cancelled():
                continue
            fits = not batch or len(waiting.observations) <= room
            if fits and not waiting.ids & taken:
                batch.append(waiting)
                room -= len(waiting.observations)
            else:
                later.append(waiting)
            taken |= waiting.ids
        self._queue = later
        return batch

    async def _settle(self, batch: Sequence[_Waiting]) -> None:
        """Store a batch; where something is wrong with it, each by itself, so that one bad item stops no other."""
        observations = [each for waiting in batch for each in waiting.observations]
        try:
            findings = iter(await self._commit(observations, max(waiting.now for waiting in batch)))
        except Exception as trouble:  # noqa: BLE001  # it goes to whoever waits
            if len(batch) > 1 and not is_of_the_database(trouble):
                for waiting in batch:
                    await self._settle([waiting])
            elif len(observations) > len(batch) == 1 and not is_of_the_database(trouble):
                await self._settle_singly(batch[0])
            else:
                for waiting in batch:
                    self._note(waiting.observations[0], trouble)
                    _fail(waiting, trouble)
            return
        for observation in observations:
            self._troubles.over(Work.RECORD, *_key(observation))
        for waiting in batch:
            _answer(waiting, [next(findings) for _ in waiting.observations])

    async def _settle_singly(self, waiting: _Waiting) -> None:
        """Store the observations of one caller one by one, but for those that can't be judged or are refused."""
        findings: list[Finding] = []
        for observation in waiting.observations:
            try:
                findings += await self._commit([observation], waiting.now)
            except Exception as trouble:  # noqa: BLE001  # it goes to whoever waits, or is noted
                if is_of_the_database(trouble) or isinstance(trouble, ConflictError):
                    _fail(waiting, trouble)
                    return
                self._note(observation, trouble)
            else:
                self._troubles.over(Work.RECORD, *_key(observation))
        _answer(waiting, findings)

    def _note(self, observation: Observation, trouble: Exception) -> None:
        """Note what is wrong with one observation alone."""
        key, detail = _key(observation)
        if not (is_of_the_database(trouble) or isinstance(trouble, ConflictError)):
            self._troubles.note(Work.RECORD, key, trouble, detail)

    async def _commit(self, observations: Sequence[Observation], now: datetime) -> list[Finding]:
        for _ in range(_TRIES - 1):
            try:
                return await self._try_to_commit(observations, now)
            except ConflictError:
                continue
        return await self._try_to_commit(observations, now)

    async def _try_to_commit(self, observations: Sequence[Observation], now: datetime) -> list[Finding]:
        async with self._store.write() as uow:
            for workspace_id, holder in {
                (each.watched.integration.workspace_id, each.holder) for each in observations
            }:
                if holder is not None:
                    await uow.workspaces.keep(workspace_id, holder=holder)
            return await record_observations(uow, observations, now=now)


def _key(observation: Observation) -> tuple[IntegrationKey, str]:
    """The integration, and what is stored of it: that its facts could be does not mean that its runs can."""
    integration = observation.watched.integration
    has_runs = bool(observation.runs or observation.vanished)
    return (integration.workspace_id, integration.integration_id), "runs" if has_runs else "facts"


def _fail(waiting: _Waiting, trouble: Exception) -> None:
    if not waiting.done.done():
        waiting.done.set_exception(trouble)


def _answer(waiting: _Waiting, findings: list[Finding]) -> None:
    if not waiting.done.done():
        waiting.done.set_result(findings)
