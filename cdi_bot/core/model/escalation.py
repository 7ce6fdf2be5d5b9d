"""Escalations: which incident went from which channel to whom because nobody acknowledged it, and what is told."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from cdi_bot.core.model import refuse_naive
from cdi_bot.core.model.channel import Channel


@dataclass(frozen=True, slots=True, kw_only=True)
class Escalation:
    """What is kept of the escalation of an incident from a channel.

    `counts_from` is when the time for an acknowledgement began anew, `None` where that never happened. It went to
    `target`, the id of a channel or a person, at `at`; `None` where it has not yet.
    """

    channel: Channel
    incident_id: int
    counts_from: datetime | None = None
    at: datetime | None = None
    target: str | None = None

    def __post_init__(self) -> None:
        refuse_naive(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Escalated:
    """Nobody acknowledged an incident in `origin`; for a channel that has a card of it already."""

    incident_id: int
    origin: str  # its id
    what: Literal["escalated"] = "escalated"


@dataclass(frozen=True, slots=True, kw_only=True)
class EscalationChanged:
    """Somebody set where a channel's incidents go, after so many seconds, or (`to` is `None`) that they go nowhere."""

    who: str
    after: int
    to: str | None
    what: Literal["escalation_changed"] = "escalation_changed"


@dataclass(frozen=True, slots=True, kw_only=True)
class EscalationBroken:
    """Nothing can be posted to where the channel's incidents are escalated to."""

    target: str  # an id
    reason: str  # Slack's error code
    what: Literal["escalation_broken"] = "escalation_broken"
