"""What may differ between kinds of incidents: the record that each kind's module fills in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum
from typing import Protocol

from cdi_bot.core.model.incident import Incident, Kind, Topic
from cdi_bot.core.model.integration import WatchedIntegration
from cdi_bot.core.model.run import Run
from cdi_bot.core.model.subscription import Filters


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

    All its times go by Braze's clock, which is `skew` ahead of ours: deadlines are Braze's.
    """

    watched: WatchedIntegration
    newest: Run | None
    is_running: bool
    skew: timedelta = timedelta(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class PastNeeded:
    """A rule can't decide before it knows the integration's past, which costs queries.

    `tell` says which runs tell something: enough of them are needed, but no more than `most` runs altogether.
    """

    tell: Callable[[Run], bool]
    most: int = 5000  # two weeks of a run every five minutes are 4,032


class Rule(Protocol):
    """Judges one integration after the other, every few seconds; remembers what makes queries unnecessary."""

    def judge(
        self,
        facts: IntegrationFacts,
        incident: Incident | None,
        now: datetime,
        past: Sequence[Run] | None = None,
    ) -> Incident | PastNeeded | None:
        """A new or resolved incident, `None` when nothing changed. `incident` is the open one of the rule's kind.

        Where `PastNeeded` is the answer, the caller judges again with the `past` (ended runs, newest first), or
        leaves it for another time.
        """
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
    usual_length: Callable[[Sequence[Run], Incident], timedelta | None] | None = None  # shown on its card
    rule: Callable[[timedelta], Rule] | None = None  # judged every few seconds, not when runs are recorded


def asked_for(topic: Topic) -> Callable[[Filters, Incident], bool]:
    """Whether a subscription asked for this type of alert: `passes` of kinds that have one of their own."""

    def passes(filters: Filters, incident: Incident) -> bool:
        return filters.tells(topic, incident.reason)

    return passes


def nothing_failed(_incident: Incident) -> Severity:
    """The severity of kinds without a failed run."""
    return Severity.NOTHING_FAILED
