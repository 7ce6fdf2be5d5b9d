"""When an incident of a channel that nobody acknowledged goes to another channel or to a person."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from cdi_bot.core.model.channel import ChannelSettings
from cdi_bot.core.model.incident import Incident
from cdi_bot.core.model.subscription import Snooze
from cdi_bot.core.rules.small_losses import is_usual_loss

SHORTEST = timedelta(seconds=10)
LONGEST = timedelta(days=7)
USUAL = timedelta(minutes=30)
"""How long people have to acknowledge something, at the least, at the most, and where nobody says."""


def is_unanswered(incident: Incident) -> bool:
    """Whether an incident needs somebody and has nobody. A loss that is usual needs nobody: it is told once."""
    return (
        incident.is_open
        and not incident.is_recovering
        and incident.acknowledged_by is None
        and not is_usual_loss(incident)
    )


def is_due(
    incident: Incident,
    settings: ChannelSettings,
    *,
    posted_at: datetime,
    counts_from: datetime | None,
    snoozes: Iterable[Snooze],
    now: datetime,
    is_critical: bool = False,
) -> bool:
    """Whether an incident is to be escalated from a channel now.

    The time counts from when the channel was told (`posted_at`), but not from before somebody set the escalation or
    took an acknowledgement back, nor from before `counts_from`: then it was told to be back, or a snooze ended.
    `snoozes` are those of the incident's integration in the channel, also one whose end nobody has noticed yet. That
    of a critical integration is due in half the time.
    """
    if settings.escalate_after is None or settings.escalate_since is None or not is_unanswered(incident):
        return False
    ends = [snooze.until for snooze in snoozes]
    if None in ends:  # until it recovers
        return False
    begins = max(
        filter(None, (posted_at, settings.escalate_since, counts_from, incident.taken_back_at, *ends))
    )
    after = timedelta(seconds=settings.escalate_after)
    return now - begins >= (after / 2 if is_critical else after)
