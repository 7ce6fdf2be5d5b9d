"""The table of incident kinds: where the rest of the program looks up what differs between them, and what comes first.

Overview, Home and cards put different parts of an order together, because people read them for different things.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import IntEnum

from cdi_bot.core.model.incident import Incident, Kind
from cdi_bot.core.rules.kind_rules import KindRules, Severity
from cdi_bot.core.rules.late import LATE
from cdi_bot.core.rules.quality import QUALITY
from cdi_bot.core.rules.slow import SLOW
from cdi_bot.core.rules.stale import STALE
from cdi_bot.core.rules.sync_failed import SYNC_FAILED
from cdi_bot.core.rules.unreachable import UNREACHABLE

KINDS: Mapping[Kind, KindRules] = {
    rules.kind: rules for rules in (SYNC_FAILED, LATE, SLOW, QUALITY, STALE, UNREACHABLE)
}
"""Where several incidents of an integration are open, the one whose kind stands first here stands for it."""

_PRECEDENCE = list(KINDS)


def rules_of(incident: Incident) -> KindRules:
    """What holds for incidents of this one's kind."""
    return KINDS[incident.kind]


def worst_by_integration(incidents: Iterable[Incident]) -> dict[tuple[int, str], Incident]:
    """For each integration, by its `key`, the incident that stands for it."""
    worst: dict[tuple[int, str], Incident] = {}
    for incident in incidents:
        if incident.integration_id is None:
            continue
        key = incident.workspace_id, incident.integration_id
        if key not in worst or _precedence(incident) < _precedence(worst[key]):
            worst[key] = incident
    return worst


def _precedence(incident: Incident) -> tuple[bool, int]:
    return incident.is_recovering, _PRECEDENCE.index(incident.kind)


class Attention(IntEnum):
    """How much an integration needs somebody, the most first."""

    UNATTENDED = 0  # unhealthy, and nobody has acknowledged it
    ATTENDED = 1  # unhealthy, and somebody knows
    MISSING = 2  # gone from Braze
    RECOVERING = 3  # healthy again, and watched until that has held
    HEALTHY = 4


def attention(incident: Incident | None, *, missing: bool, snoozed: bool = False) -> Attention:
    """How much an integration with this open incident needs somebody; where `snoozed` counts, somebody knows."""
    if incident is None:
        return Attention.MISSING if missing else Attention.HEALTHY
    if incident.is_recovering:
        return Attention.RECOVERING
    return Attention.ATTENDED if snoozed or incident.acknowledged_by is not None else Attention.UNATTENDED


def severity(incident: Incident) -> Severity:
    """How bad an incident is."""
    return rules_of(incident).severity(incident)


def severity_on_card(incident: Incident) -> Severity:
    """The same without a difference between failures that synced nothing, so that the longer row comes first."""
    exact = severity(incident)
    return exact if exact in {Severity.SOME_ROWS, Severity.NOTHING_FAILED} else Severity.NO_ROWS


def longest_row_first(incident: Incident | None) -> int:
    """Sort longer rows of failures before shorter ones."""
    return -incident.failed_in_a_row if incident else 0
