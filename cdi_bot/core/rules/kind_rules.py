"""What may differ between kinds of incidents: the record that each kind's module fills in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import IntEnum
from typing import Protocol

from cdi_bot.core.expectations.flaws import Accepted
from cdi_bot.core.expectations.past import LearnedPast
from cdi_bot.core.model.incident import Incident, Kind, Topic
from cdi_bot.core.model.integration import WatchedIntegration
from cdi_bot.core.model.run import Outcome, Run
from cdi_bot.core.model.subscription import Filters
from cdi_bot.core.rules import reopening


class Severity(IntEnum):
    """How bad an open incident is, the worst first."""

    EVERY_RUN_FAILS = 0  # a configuration error: every run fails until somebody fixes it
    NO_ROWS = 1  # a run synced nothing, or stopped at a limit
    SOME_ROWS = 2  # a run lost some rows
    UNDOCUMENTED = 3  # a status that Braze does not document: nobody knows what was synced
    NOTHING_FAILED = 4  # no run failed


@dataclass(frozen=True, slots=True, kw_only=True)
class IntegrationFacts:
    """What memory holds of one integration. `is_running`: the store holds its newest run as one that still runs.

    `past` is what is usual for it, `None` until that has been read. `accepted` is what somebody said was expected of
    it. `answering_since` is when Braze began to answer again after the newest outage, `None` without one.
    All its times go by Braze's clock, which is `skew` ahead of ours: deadlines are Braze's.
    """

    watched: WatchedIntegration
    newest: Run | None
    is_running: bool
    past: LearnedPast | None = None
    accepted: Accepted = field(default_factory=dict)
    answering_since: datetime | None = None
    skew: timedelta = timedelta(0)

    @property
    def newest_good(self) -> Run | None:
        """The newest ended run, if it ended well and all of it is known."""
        newest = self.newest_synced
        return newest if newest is not None and newest.outcome is Outcome.GOOD else None

    @property
    def newest_synced(self) -> Run | None:
        """The newest ended run, if it synced rows, or all but some, and all of it is known."""
        ended = self.past.history.newest if self.past else None
        for run in (self.newest, ended):
            if run is not None and run.outcome is not Outcome.RUNNING:
                return run if run.has_synced and not run.provisional else None
        return None

    def has_answered_for(self, time: timedelta) -> bool:
        """Whether Braze has answered for so long since its newest outage that silence means something again."""
        seen_at = self.watched.observed_at
        return self.answering_since is None or (
            seen_at is not None and seen_at - self.answering_since >= time
        )


class Rule(Protocol):
    """Judges one integration after the other, every few seconds; remembers what makes work unnecessary."""

    def judge(self, facts: IntegrationFacts, incident: Incident | None, now: datetime) -> Incident | None:
        """A new, changed or resolved incident, `None` when nothing changed. `incident` is the open one of this kind."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class KindRules:
    """Everything that differs between kinds, but for how an incident looks in Slack.

    `passes` says whether a subscription with these filters is told of an incident. `severity` orders lists. `rule`
    is made with the grace that a planned start is given.
    """

    kind: Kind
    passes: Callable[[Filters, Incident], bool]
    severity: Callable[[Incident], Severity]
    counts_as_failing: bool = False  # summaries count it as failing, the others as unhealthy
    joins_groups: bool = True  # its card may become one card with others that came at the same time
    told_when_over: bool = False  # its end is news also where its beginning was told to nobody
    told_in_every_card_when_over: bool = (
        False  # also without a subscription, or with one that leaves recoveries out
    )
    only_where_asked_for: bool = (
        False  # it is nobody else's: not shown, nor told of any more, where it does not pass
    )
    ends_snooze_while_others_open: bool = False  # the others end it only as the last open incident
    sync_can_start: bool = True  # Braze accepts a sync request while it is open
    rule: Callable[[timedelta], Rule] | None = None  # judged every few seconds, not when runs are recorded


def asked_for(topic: Topic) -> Callable[[Filters, Incident], bool]:
    """Whether a subscription asked for this type of alert: `passes` of kinds that have one of their own."""

    def passes(filters: Filters, incident: Incident) -> bool:
        return filters.tells(topic, incident.reason)

    return passes


def nothing_failed(_incident: Incident) -> Severity:
    """The severity of kinds without a failed run."""
    return Severity.NOTHING_FAILED


def judge(
    rule: Rule | None, facts: IntegrationFacts, incident: Incident | None, now: datetime
) -> Incident | None:
    """A new, changed or resolved incident, `None` when nothing changed.

    A kind without a `rule` comes with runs: of it only an incident that is recovering is judged.
    """
    if incident is None or not incident.is_recovering:
        return rule.judge(facts, incident, now) if rule else None
    begun = rule.judge(facts, None, now) if rule else None
    watched = facts.watched
    # Of an integration that is gone from Braze nothing more is to be seen.
    seen = now + facts.skew if watched.missing_since else watched.observed_at
    return begun or reopening.settled(incident, seen, now)
