"""What a message's words are made from, as values.

A view is built when its message is sent, so that one that waited tells the present.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from cdi_bot.core.model.content import Content, Digest, ReplyFact, Subscribed
from cdi_bot.core.model.incident import Incident
from cdi_bot.core.model.integration import Integration
from cdi_bot.core.model.run import Run
from cdi_bot.core.model.subscription import Snooze
from cdi_bot.core.model.totals import IntegrationTotals, PeriodTotals


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentView:
    """One incident with everything that its card or replies say of it."""

    incident: Incident
    integration: Integration | None  # None for an incident of the whole workspace
    dashboard_url: str | None  # the integration's page in Braze
    snooze: Snooze | None = None
    mention: str | None = None
    usual_length: timedelta | None = None  # of a slow one: how long the runs before it took
    can_sync: bool = False  # the key may trigger syncs and the operator allows it


@dataclass(frozen=True, slots=True, kw_only=True)
class CardView:
    """A card as it should look now: its incidents, worst first. `possible_repeat` is said when it is posted anew."""

    incidents: tuple[IncidentView, ...]
    possible_repeat: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscribedView:
    """What a channel now hears of, and how that is doing."""

    content: Subscribed
    total: int  # integrations taken in
    failing: tuple[Integration, ...]
    unknown: int  # integrations that have not been seen yet
    last_runs: tuple[tuple[Integration, Run | None], ...] = ()  # of a few, when few are taken in
    possible_repeat: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestView:
    """A digest with what its period brought, and the period of the same length before it.

    `before` is `None` where nothing is known of that one. `blind` is for how long Braze could not be asked.
    `worst` are the integrations that were not well, or had failed runs, worst first, each with its page in Braze.
    """

    content: Digest
    integrations: int
    failing: int  # not well when the period ended
    totals: PeriodTotals
    before: PeriodTotals | None
    unreachable: timedelta
    worst: tuple[tuple[IntegrationTotals, str | None], ...]
    possible_repeat: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class EventView:
    """A reply or notice with the incident, integration and run it is about, where it has them."""

    content: Content
    incident: IncidentView | None = None
    integration: Integration | None = None
    run: Run | None = None
    dashboard_url: str | None = None
    possible_repeat: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupedReplyView:
    """A reply about several incidents of a card, worst first."""

    told: ReplyFact
    incidents: tuple[IncidentView, ...]
    possible_repeat: bool = False


View = CardView | SubscribedView | DigestView | EventView | GroupedReplyView
