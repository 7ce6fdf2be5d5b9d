"""Store what was observed and what it owes: runs, incidents, cards and outbox messages in one transaction."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from cdi_bot.core.model.channel import Channel
from cdi_bot.core.model.content import Content, FailedAgain, RunStarted
from cdi_bot.core.model.incident import Incident
from cdi_bot.core.model.integration import WatchedIntegration
from cdi_bot.core.model.message import Card, MessageKind, OwedMessage, recovered, reply, show_card
from cdi_bot.core.model.run import Outcome, Run
from cdi_bot.core.model.subscription import Subscription, Topic
from cdi_bot.core.routing import channels_for_recovery, channels_for_runs, channels_for_topic
from cdi_bot.core.rules.failed_sync import Finding, IncidentChange, judge_runs
from cdi_bot.store import UnitOfWork


class ConflictError(Exception):
    """Somebody else changed the incident meanwhile: read anew and try again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """What was seen of one integration: as it is listed now, some of its runs, and runs that are no longer there."""

    watched: WatchedIntegration
    runs: Sequence[Run]
    vanished: frozenset[datetime] = frozenset()


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
    newest = await uow.incidents.newest_sync_failed(workspace_id, ids)
    stored = await uow.integrations.get_many(workspace_id, ids)
    for integration_id, observation in zip(ids, observations, strict=True):
        await uow.runs.remove(workspace_id, integration_id, observation.vanished)
    oldest = {
        integration_id: min(run.sync_start_time for run in observation.runs)
        for integration_id, observation in zip(ids, observations, strict=True)
        if observation.runs
    }
    known = await uow.runs.since_each(workspace_id, oldest)
    earlier = await _ended_by_listed_runs(
        uow, workspace_id, [run for each in newest for run in known.get(each, [])]
    )
    findings = [
        judge_runs(
            watched=_as_stored(stored.get(integration_id), observation.watched),
            known=known.get(integration_id, []),
            seen=observation.runs,
            incident=incident if (incident := newest.get(integration_id)) and incident.is_open else None,
            earlier=earlier[integration_id],
            now=now,
        )
        for integration_id, observation in zip(ids, observations, strict=True)
    ]
    await uow.integrations.save(
        [
            finding.watched
            for integration_id, finding in zip(ids, findings, strict=True)
            if not _is_stored(finding.watched, stored.get(integration_id))
        ]
    )
    await uow.runs.save(workspace_id, [run for finding in findings for run in finding.runs])
    changed = [
        each for finding in findings for each in (*finding.retold, finding) if each.incident or each.started
    ]
    if changed:
        await _announce(uow, workspace_id, await _store_incidents(uow, changed), now)
    return findings


async def _ended_by_listed_runs(
    uow: UnitOfWork, workspace_id: int, runs: Sequence[Run]
) -> Mapping[str, Sequence[Incident]]:
    """By integration, the incidents that one of these runs ended of which the status call has told nothing yet."""
    found: defaultdict[str, list[Incident]] = defaultdict(list)
    listed = [run for run in runs if run.provisional and run.outcome is Outcome.GOOD]
    for incident in await uow.incidents.resolved_by(workspace_id, listed):
        found[incident.integration_id or ""].append(incident)
    return found


def _as_stored(stored: WatchedIntegration | None, watched: WatchedIntegration) -> WatchedIntegration:
    """What was just seen of an integration, with the watch that people may have changed meanwhile."""
    if stored is None:
        return watched
    return replace(
        watched,
        watched_since=stored.watched_since,
        baseline_taken=stored.baseline_taken,
        baseline_start=stored.baseline_start,
    )


def _is_stored(watched: WatchedIntegration, stored: WatchedIntegration | None) -> bool:
    """Whether nothing but the times of the last answers is new; those are kept from time to time, many at once."""
    return stored is not None and stored == replace(
        watched,
        listed_at=stored.listed_at,
        status_asked_at=stored.status_asked_at,
        trouble=stored.trouble,
    )


async def _store_incidents(uow: UnitOfWork, findings: Sequence[Finding]) -> list[Finding]:
    """Store new and changed incidents; returns the findings with their ids."""
    new = [finding.incident for finding in findings if finding.incident and not finding.incident.incident_id]
    added = iter(await uow.incidents.add(new))
    stored = []
    for finding in findings:
        incident = finding.incident
        if incident is None:
            stored.append(finding)
        elif not incident.incident_id:
            stored.append(replace(finding, incident=next(added)))
        elif await uow.incidents.update(incident, expected_revision=incident.revision - 1):
            stored.append(finding)
        else:
            raise ConflictError(f"incident {incident.incident_id} was changed by somebody else")
    return stored


async def _announce(uow: UnitOfWork, workspace_id: int, findings: Sequence[Finding], now: datetime) -> None:
    """Owe every channel concerned the present state of its card, and what happened along the way."""
    subscriptions = await uow.subscriptions.for_workspace(workspace_id)
    incidents = [finding.incident.incident_id for finding in findings if finding.incident]
    cards = await uow.cards.of_incidents(incidents)
    for finding in findings:
        await _announce_starts(uow, finding, subscriptions, now)
        if finding.incident and finding.change is not IncidentChange.BASELINE:
            mine = cards.get(finding.incident.incident_id, [])
            await _announce_incident(uow, finding, cards=mine, subscriptions=subscriptions, now=now)


async def _announce_starts(
    uow: UnitOfWork, finding: Finding, subscriptions: Sequence[Subscription], now: datetime
) -> None:
    integration = finding.watched.integration
    await uow.outbox.add(
        [
            _notice(
                f"running:{channel.team_id}:{channel.channel_id}:{integration.integration_id}:{int(run.sync_start_time.timestamp())}",
                channel,
                RunStarted(
                    workspace_id=integration.workspace_id,
                    integration_id=integration.integration_id,
                    run_start=run.sync_start_time,
                ),
                now,
            )
            for run in finding.started
            for channel in sorted(channels_for_runs(subscriptions, integration, [run]))
        ],
        now=now,
    )


async def _announce_incident(
    uow: UnitOfWork,
    finding: Finding,
    *,
    cards: Sequence[Card],
    subscriptions: Sequence[Subscription],
    now: datetime,
) -> None:
    """Raise the cards that are there, make those that are missing, and owe the replies."""
    incident, integration = finding.incident, finding.watched.integration
    if incident is None:
        return
    told = {card.channel for card in cards}
    hearing = channels_for_runs(subscriptions, integration, [*finding.failures, *finding.counted])
    if finding.change is IncidentChange.RECOVERED and not told and incident.last_failed:
        # Found failing by the baseline and told to nobody: its end is the first news of it.
        hearing = channels_for_runs(subscriptions, integration, [incident.last_failed])
        hearing &= channels_for_recovery(subscriptions, integration)
    raised = (await uow.cards.raise_revision([card.card_id for card in cards])).values()
    made = [
        await uow.cards.add(channel, [incident.incident_id], now=now) for channel in sorted(hearing - told)
    ]
    owed = [show_card(card, now) for card in (*raised, *made)]
    if again := _further_failures(finding, incident):
        over = channels_for_runs(subscriptions, integration, again)
        owed += [
            _failed_again(card, finding, incident, again, now) for card in raised if card.channel in over
        ]
    if finding.change is IncidentChange.RECOVERED:
        await uow.snoozes.end(None, integration.workspace_id, integration.integration_id)
        wanting = channels_for_recovery(subscriptions, integration)
        owed += [recovered(card, incident, now) for card in raised if card.channel in wanting]
    await uow.outbox.add(owed, now=now)


def _further_failures(finding: Finding, incident: Incident) -> Sequence[Run]:
    """The runs that failed while the incident was open, oldest first.

    Of a partial run that the list told first, only the status call's counts say who hears of it: it comes again
    then, and its key keeps it from being told twice.
    """
    if finding.change is IncidentChange.FAILED_AGAIN:
        return finding.failures
    return finding.counted if incident.is_open and incident.failed_runs > 1 else ()


def _failed_again(
    card: Card, finding: Finding, incident: Incident, runs: Sequence[Run], now: datetime
) -> OwedMessage:
    newest = runs[-1]
    content = FailedAgain(
        incident_id=incident.incident_id,
        run_start=newest.sync_start_time,
        runs=len(runs),
        after_good=finding.after_good or incident.failed_in_a_row == 1,
    )
    return reply(
        card,
        f"failed:{incident.incident_id}:{int(newest.sync_start_time.timestamp())}",
        content,
        now,
        broadcast=False,
    )


def _notice(key: str, channel: Channel, content: Content, now: datetime) -> OwedMessage:
    return OwedMessage(key=key, channel=channel, kind=MessageKind.NOTICE, content=content, not_before=now)


async def record_unreachable(
    uow: UnitOfWork, incident: Incident, *, admin_channel: Channel | None, now: datetime
) -> Incident:
    """Store a new or changed blind incident, and owe every subscribed channel (and the admins') its card."""
    subscriptions = await uow.subscriptions.for_workspace(incident.workspace_id)
    hearing = {subscription.channel for subscription in subscriptions}
    hearing |= {admin_channel} if admin_channel else set()
    return await _store_and_show(uow, incident, hearing=hearing, wanting=None, now=now)


async def record_incident(uow: UnitOfWork, incident: Incident, *, now: datetime) -> Incident | None:
    """Store a new or resolved late, slow or quality incident, and owe its card to who hears of such things.

    `None` when nobody watches the integration any more. Raises `ConflictError` like `record`.
    """
    workspace_id, integration_id = incident.workspace_id, incident.integration_id
    watched = await uow.integrations.get(workspace_id, integration_id) if integration_id else None
    if watched is None or integration_id is None or watched.watched_since is None:
        return None
    if not incident.is_open and not await _has_other_incident(uow, incident, integration_id):
        await uow.snoozes.end(None, workspace_id, integration_id)
    subscriptions = await uow.subscriptions.for_workspace(workspace_id)
    return await _store_and_show(
        uow,
        incident,
        hearing=channels_for_topic(Topic(incident.kind), subscriptions, watched.integration),
        wanting=channels_for_recovery(subscriptions, watched.integration),
        now=now,
    )


async def _has_other_incident(uow: UnitOfWork, incident: Incident, integration_id: str) -> bool:
    found = await uow.incidents.open_for(incident.workspace_id, None, [integration_id])
    return any(one.kind is not incident.kind for one in found)


async def _store_and_show(
    uow: UnitOfWork,
    incident: Incident,
    *,
    hearing: set[Channel],
    wanting: set[Channel] | None,
    now: datetime,
) -> Incident:
    """Store an incident of no failed run, and owe its cards; its end to the `wanting` (`None`: all) of them."""
    if not incident.incident_id:
        (incident,) = await uow.incidents.add([incident])
    elif not await uow.incidents.update(incident, expected_revision=incident.revision - 1):
        raise ConflictError(f"incident {incident.incident_id} was changed by somebody else")
    shown = (await uow.cards.of_incidents([incident.incident_id])).get(incident.incident_id, [])
    cards = list((await uow.cards.raise_revision([card.card_id for card in shown])).values())
    owed = []
    if incident.is_open:
        told = {card.channel for card in shown}
        cards += [
            await uow.cards.add(channel, [incident.incident_id], now=now)
            for channel in sorted(hearing - told)
        ]
    else:
        owed = [
            recovered(card, incident, now) for card in cards if wanting is None or card.channel in wanting
        ]
    await uow.outbox.add([*(show_card(card, now) for card in cards), *owed], now=now)
    return incident
