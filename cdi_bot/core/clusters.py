"""Which incidents belong together: those that began within a few minutes, in the same way, at one source.

Where that is no single source, it is the Braze workspace. What they share is where to look first.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from cdi_bot.core.model.incident import Incident, Kind
from cdi_bot.core.model.source import Source

WITHIN = timedelta(minutes=10)
LEAST = 3
"""So many that begin within that time are together; whoever begins within that time of such ones is too."""

_LOOKED_BACK = (Kind.SLOW, Kind.QUALITY)
"""Kinds that are found later than what they look back to began: of these it counts when they were found."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """An incident, open or over, of an integration that reads from `source` (`None`: unknown)."""

    incident: Incident
    source: Source | None

    @property
    def way(self) -> tuple[Kind, str]:
        """In which way it is unhealthy: the kind, with the status of the newest failed run, or what looks wrong."""
        incident, run = self.incident, self.incident.last_failed
        if incident.kind is Kind.SYNC_FAILED:
            return incident.kind, run.job_status if run else ""
        return incident.kind, (incident.reason or "") if incident.kind is Kind.QUALITY else ""

    @property
    def began(self) -> datetime:
        """When the integration began to be unhealthy."""
        incident = self.incident
        return incident.opened_at if incident.kind in _LOOKED_BACK else incident.failing_since


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """Incidents that belong together, of one integration each, in the order in which they began.

    `source` is where all of them read, `None` where it is the Braze workspace that they share.
    """

    source: Source | None
    troubles: tuple[Trouble, ...]

    @property
    def since(self) -> datetime:
        """When the first one began."""
        return self.troubles[0].began

    @property
    def unhealthy(self) -> tuple[Incident, ...]:
        """Those that still last."""
        return tuple(each.incident for each in self.troubles if _lasts(each.incident))

    @property
    def recovered(self) -> int:
        """How many are over, or recovering."""
        return len(self.troubles) - len(self.unhealthy)


def clusters(troubles: Iterable[Trouble]) -> list[Cluster]:
    """Find what belongs together among incidents of one workspace, each in one cluster at most."""
    ways: defaultdict[tuple[Kind, str], list[Trouble]] = defaultdict(list)
    for each in _newest_of_each(troubles):
        ways[each.way].append(each)
    return [found for alike in ways.values() for whole in _together(alike) for found in _by_source(whole)]


def cluster_of(incidents: Sequence[Incident], known: Iterable[Cluster]) -> Cluster | None:
    """The cluster to which most of these incidents that still last belong, of several the first; `None` for none."""
    lasting = {incident.incident_id for incident in incidents if _lasts(incident)}

    def shared(cluster: Cluster) -> int:
        return len(lasting & {each.incident_id for each in cluster.unhealthy})

    best = max(known, key=shared, default=None)
    return best if best and shared(best) else None


def _lasts(incident: Incident) -> bool:
    return incident.is_open and not incident.is_recovering


def _newest_of_each(troubles: Iterable[Trouble]) -> Iterable[Trouble]:
    """One for each integration and way: the newest that still lasts, else the newest."""
    newest: dict[tuple[str, tuple[Kind, str]], Trouble] = {}
    for each in troubles:
        key = each.incident.integration_id or "", each.way
        known = newest.get(key)
        if known is None or _rank(each.incident) > _rank(known.incident):
            newest[key] = each
    return newest.values()


def _rank(incident: Incident) -> tuple[bool, int]:
    return _lasts(incident), incident.incident_id


def _together(alike: Sequence[Trouble]) -> list[tuple[Trouble, ...]]:
    """Divide what is unhealthy in one way: the runs of beginnings in which each is one of enough within the time."""
    ordered = sorted(alike, key=lambda each: (each.began, each.incident.incident_id))
    found: list[list[Trouble]] = []
    taken = 0  # up to where they stand in a cluster already
    for first in range(len(ordered) - LEAST + 1):
        if ordered[first + LEAST - 1].began - ordered[first].began > WITHIN:
            continue
        after = max(first + LEAST, taken)  # what began with an earlier one need not be looked at again
        while after < len(ordered) and ordered[after].began - ordered[first].began <= WITHIN:
            after += 1
        if first >= taken:
            found.append([])
        found[-1] += ordered[max(first, taken) : after]
        taken = max(taken, after)
    return [tuple(each) for each in found]


def _by_source(whole: tuple[Trouble, ...]) -> list[Cluster]:
    """A source speaks for what began together where it alone has enough of it, and most; else the workspace does."""
    sources: defaultdict[Source, list[Trouble]] = defaultdict(list)
    for each in whole:
        if each.source is not None:
            sources[each.source].append(each)
    found = [
        Cluster(source=source, troubles=together)
        for source, alike in sources.items()
        for together in _together(alike)
    ]
    if len(found) == 1 and 2 * len(found[0].troubles) > len(whole):
        return found
    return [Cluster(source=None, troubles=whole)]
