"""What happened to a channel's integrations within a period, added up for its digest. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from cdi_bot.core.model import Incident, Integration


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSums:
    """The runs of one integration that began within a period and have ended."""

    runs: int = 0
    failed: int = 0  # ended other than in success
    rows_synced: int = 0
    rows_failed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """What a period brought to one integration; `not_well` is how long it was in some incident."""

    integration: Integration
    sums: RunSums
    not_well: timedelta
    is_open: bool  # it was not well when the period ended


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """What a period brought to all integrations of a channel; `not_well` adds up their times."""

    runs: int
    failed: int
    rows_synced: int
    rows_failed: int
    not_well: timedelta

    @property
    def is_empty(self) -> bool:
        """Whether nothing is known of the period."""
        return not self.runs and not self.not_well


def shares(
    integrations: Iterable[Integration],
    sums: dict[str, RunSums],
    incidents: Sequence[Incident],
    since: datetime,
    until: datetime,
) -> list[Share]:
    """Add up each integration's part of a period, the worst first: longest not well, then most failed runs."""
    told = [
        Share(
            integration=one,
            sums=sums.get(one.integration_id, RunSums()),
            not_well=time_not_well(own, since, until),
            is_open=any(incident.resolved_at is None or incident.resolved_at > until for incident in own),
        )
        for one in integrations
        for own in [[each for each in incidents if each.integration_id == one.integration_id]]
    ]
    return sorted(told, key=_worst_first)


def _worst_first(share: Share) -> tuple[timedelta, int, str, str]:
    one = share.integration
    return -share.not_well, -share.sums.failed, one.integration_name.casefold(), one.integration_id


def totals(parts: Iterable[Share]) -> Totals:
    """Add all parts up."""
    each = list(parts)
    return Totals(
        runs=sum(part.sums.runs for part in each),
        failed=sum(part.sums.failed for part in each),
        rows_synced=sum(part.sums.rows_synced for part in each),
        rows_failed=sum(part.sums.rows_failed for part in each),
        not_well=sum((part.not_well for part in each), timedelta(0)),
    )


def time_not_well(incidents: Iterable[Incident], since: datetime, until: datetime) -> timedelta:
    """Say how long at least one of these incidents lasted within a period. Overlapping ones count once."""
    spans = sorted(
        (max(_start(incident), since), min(incident.resolved_at or until, until)) for incident in incidents
    )
    lasted, reached = timedelta(0), since
    for start, end in spans:
        if end > max(start, reached):
            lasted += end - max(start, reached)
            reached = end
    return lasted


def _start(incident: Incident) -> datetime:
    """An incident begins with the first failed run, of which the bot learns a little later."""
    return min(incident.opened_at, incident.failing_since)
