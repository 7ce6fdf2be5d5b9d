"""What is listed first: the parts of which every "worst first" order is made.

Overview, Home and cards use different ones of them, because people read them for different things.
"""

from __future__ import annotations

from enum import IntEnum

from cdi_bot.core.model.incident import Incident
from cdi_bot.core.rules.kind_rules import Severity
from cdi_bot.core.rules.kinds import rules_of


class Attention(IntEnum):
    """How much an integration needs somebody, the most first."""

    UNATTENDED = 0  # unhealthy, and nobody has acknowledged it
    ATTENDED = 1  # unhealthy, and somebody knows
    MISSING = 2  # gone from Braze
    HEALTHY = 3


def attention(incident: Incident | None, *, missing: bool, snoozed: bool = False) -> Attention:
    """How much an integration with this open incident needs somebody; where `snoozed` counts, somebody knows."""
    if incident is None:
        return Attention.MISSING if missing else Attention.HEALTHY
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
