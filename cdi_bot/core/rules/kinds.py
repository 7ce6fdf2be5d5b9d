"""The table of incident kinds: where the rest of the program looks up what differs between them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from cdi_bot.core.model.incident import Incident, Kind
from cdi_bot.core.rules.kind_rules import KindRules
from cdi_bot.core.rules.late import LATE
from cdi_bot.core.rules.quality import QUALITY
from cdi_bot.core.rules.slow import SLOW
from cdi_bot.core.rules.sync_failed import SYNC_FAILED
from cdi_bot.core.rules.unreachable import UNREACHABLE

KINDS: Mapping[Kind, KindRules] = {
    rules.kind: rules for rules in (SYNC_FAILED, LATE, SLOW, QUALITY, UNREACHABLE)
}
"""Where several incidents of an integration are open, the one whose kind stands first here stands for it."""

_PRECEDENCE = list(KINDS)


def rules_of(incident: Incident) -> KindRules:
    """What holds for incidents of this one's kind."""
    return KINDS[incident.kind]


def worst_by_integration(incidents: Iterable[Incident]) -> dict[str, Incident]:
    """For each integration the incident that stands for it."""
    worst: dict[str, Incident] = {}
    for incident in incidents:
        key = incident.integration_id
        if key is not None and (key not in worst or _precedence(incident) < _precedence(worst[key])):
            worst[key] = incident
    return worst


def _precedence(incident: Incident) -> int:
    return _PRECEDENCE.index(incident.kind)
