"""The facts that the text of a message is made from.

A view is built when its message is sent, so that a message that had to wait states the present.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from cdi_bot.core.clusters import Cluster
from cdi_bot.core.model.incident import Expected, Incident
from cdi_bot.core.model.integration import Integration
from cdi_bot.core.model.integration_settings import IntegrationSettings
from cdi_bot.core.model.message import Content, Digest, ReplyFact, Subscribed
from cdi_bot.core.model.run import Run
from cdi_bot.core.model.subscription import Snooze, Subscription
from cdi_bot.core.statistics import IntegrationTotals, PeriodTotals


@dataclass(frozen=True, slots=True, kw_only=True)
class EscalationView:
    """That an incident was escalated from the channel `origin` to `target`, a channel or a person, by their ids.

    `to_here`: to the channel whose message this is for. `url` leads to the card in the origin.
    """

    at: datetime
    origin: str
    target: str
    to_here: bool
    url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentView:
    """One incident with everything that its card or its replies say about it."""

    incident: Incident
    integration: Integration | None  # None for an incident of the whole workspace
    dashboard_url: str | None  # the integration's page in Braze
    snooze: Snooze | None = None
    settings: IntegrationSettings | None = None  # what holds for the integration
    contacts: str | None = None  # the contacts in Braze, as mentions, where it has no owner
    mention: str | None = None  # whom a new alert and a reminder mention
    expected: Expected | None = None  # who said that what looks wrong was expected, also if it was taken back
    can_sync: bool = False  # the operator allows it, and Braze can take the request now
    escalations: tuple[EscalationView, ...] = ()
    only_escalated: bool = False  # the channel is not subscribed to it: it got it by an escalation
    unreachable: Incident | None = (
        None  # of its workspace, while Braze can't be reached: this is the last known state
    )

    past: tuple[Run, ...] = ()  # of a single incident: the newest ended runs before it began, newest first
    rows_lost: int = 0  # of a single incident: rows that failed in its partial runs
    unwatched: int = (
        0  # of a workspace that can't be reached: how many integrations the channel is subscribed to
    )

    @property
    def is_expected(self) -> bool:
        """Whether the incident is over because somebody said that it was expected, also if that was taken back."""
        return self.expected is not None and self.expected.at == self.incident.resolved_at


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterView:
    """What the incidents of a card belong to, counted over what the card's channel is subscribed to.

    `total` is how many integrations read from the cluster's source, or belong to the workspace; `is_all`: the
    workspace has no more of them than these. `others` are the first of those that are unhealthy and not on this card;
    there are `more`.
    """

    cluster: Cluster
    total: int
    is_all: bool
    others: tuple[Integration, ...] = ()
    more: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """That a card tells what is open after a silence that began at `since`, what passed in it, and these notices."""

    since: datetime
    notices: tuple[EventView | SubscribedView, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CardView:
    """A card as it should look now: its incidents, worst first, and the cluster of a single one.

    The card of a storm or a `summary` also lists incidents that have cards of their own: their ids are `elsewhere`.

    `possible_repeat`, in every view, is True where an earlier attempt may have posted the message already.
    """

    incidents: tuple[IncidentView, ...]
    elsewhere: frozenset[int] = frozenset()
    cluster: ClusterView | None = None
    summary: Summary | None = None
    possible_repeat: bool = False

    @property
    def own(self) -> tuple[IncidentView, ...]:
        """Those that have no other card in the channel."""
        return tuple(each for each in self.incidents if each.incident.incident_id not in self.elsewhere)


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscribedView:
    """What a channel has subscribed to, and the present state of those integrations."""

    content: Subscribed
    total: int  # how many integrations match
    failing: tuple[Integration, ...]
    unknown: int  # how many of them have not been seen yet
    newest: tuple[Integration, Run | None] | None = None  # of the only one, where it is for one only
    subscription: Subscription | None = None  # `None` where it has ended meanwhile
    workspace_name: str | None = None  # where there are several
    possible_repeat: bool = False


MOST_WORST = 3
"""So many integrations are named in a digest, each with what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestView:
    """A digest with the totals of its period, and of the period of the same length before it.

    `before` is `None` where that one is not wholly known. `unreachable` is for how long Braze could not be reached.
    `worst` are the first `MOST_WORST` integrations that were unhealthy or had failed runs, each with the URL of its
    page in Braze: those that are unhealthy as the period ends, then the longest unhealthy.
    """

    content: Digest
    integrations: int
    failing: int  # how many were unhealthy when the period ended
    totals: PeriodTotals
    before: PeriodTotals | None
    unreachable: timedelta
    worst: tuple[tuple[IntegrationTotals, str | None], ...]
    workspace_name: str | None = None  # where there are several
    possible_repeat: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class EventView:
    """A reply or notice, with the incident, the integration (or several `others`) and the run that it is about."""

    content: Content
    incident: IncidentView | None = None
    integration: Integration | None = None
    others: tuple[Integration, ...] = ()
    run: Run | None = None
    dashboard_url: str | None = None
    expected: Expected | None = None  # who said that a spike was expected, also if it was taken back
    workspace_name: str | None = None  # of what is about a selector, where there are several
    possible_repeat: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupedReplyView:
    """A message about incidents to which the same happened, worst first."""

    fact: ReplyFact
    incidents: tuple[IncidentView, ...]
    possible_repeat: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreView:
    """That the bot's database can't be used, and why; or (`None`) that it can again."""

    trouble: str | None
    possible_repeat: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupedNoticesView:
    """Several notices in one message, in order."""

    notices: tuple[EventView | SubscribedView, ...]
    possible_repeat: bool = False


View = CardView | SubscribedView | DigestView | EventView | GroupedReplyView | GroupedNoticesView | StoreView


def is_worth_telling(told: ReplyFact, view: IncidentView) -> bool:
    """Whether a fact is still true and to be told: not what is snoozed, nor a reminder of what was acknowledged."""
    if view.snooze:
        return False
    incident = view.incident
    is_lasting = incident.is_open and not incident.is_recovering
    if told in {"still_open", "escalated"}:
        return is_lasting and incident.acknowledged_by is None
    if told in {"joined", "reopened"}:
        return is_lasting
    return told != "recovered" or not incident.is_open
