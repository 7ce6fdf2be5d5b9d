"""The table of incident kinds, and the orders that are made of what it says."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from cdi_bot.core.model.incident import Incident, Kind
from cdi_bot.core.rules.kind_rules import Severity
from cdi_bot.core.rules.kinds import (
    KINDS,
    Attention,
    attention,
    longest_row_first,
    severity,
    severity_on_card,
    worst_by_integration,
)
from tests.core.runs_kit import NOON, run


def incident(kind: Kind = Kind.SYNC_FAILED, status: str = "error", **more: Any) -> Incident:
    """An open incident whose last run ended so."""
    return Incident(
        incident_id=1,
        workspace_id=1,
        integration_id=None if kind is Kind.UNREACHABLE else "users",
        kind=kind,
        revision=1,
        opened_at=NOON,
        failing_since=NOON,
        last_failed=run(1, status),
        **more,
    )


@pytest.mark.parametrize("kind", Kind)
def test_each_kind_has_its_record(kind: Kind) -> None:
    """Under its own name."""
    assert KINDS[kind].kind is kind


def test_one_incident_stands_for_an_integration() -> None:
    """A failure before lateness, lateness before slowness, and all of them before odd rows, in whatever order."""
    known = [incident(kind) for kind in (Kind.QUALITY, Kind.SLOW, Kind.LATE, Kind.SYNC_FAILED)]
    for count, worst in enumerate(known, start=1):
        assert worst_by_integration(known[:count]) == {(worst.workspace_id, "users"): worst}
        assert worst_by_integration(reversed(known[:count])) == {(worst.workspace_id, "users"): worst}
    assert worst_by_integration([incident(Kind.UNREACHABLE)]) == {}


def test_what_is_recovering_stands_for_an_integration_only_alone() -> None:
    """Whatever else is open comes first, and it needs nobody."""
    recovering = incident(recovered_since=NOON)
    odd = incident(Kind.QUALITY, "success")
    assert (
        worst_by_integration([recovering, odd])
        == worst_by_integration([odd, recovering])
        == {(odd.workspace_id, "users"): odd}
    )
    assert worst_by_integration([recovering]) == {(recovering.workspace_id, "users"): recovering}
    assert attention(recovering, missing=False) is Attention.RECOVERING


def test_what_every_run_fails_of_is_worst() -> None:
    """Then what brought no rows, some rows, nobody knows, and last what did not fail; a card is less exact."""
    statuses = ("config_error", "error", "partial", "limit exceeded")
    failed = [incident(status=status) for status in statuses]
    others = [incident(kind, "success") for kind in Kind if kind is not Kind.SYNC_FAILED]
    assert [severity(each) for each in failed] == list(Severity)[:4]
    assert {severity(each) for each in others} == {Severity.NOTHING_FAILED}
    some, none, nothing = Severity.SOME_ROWS, Severity.NO_ROWS, Severity.NOTHING_FAILED
    assert [severity_on_card(each) for each in failed] == [none, none, some, none]
    assert {severity_on_card(each) for each in others} == {nothing}
    assert longest_row_first(incident(failed_in_a_row=2)) < longest_row_first(incident(failed_in_a_row=1))
    assert longest_row_first(None) == 0


def test_what_nobody_attends_to_needs_somebody_most() -> None:
    """Then what somebody acknowledged or, where that counts, snoozed; then what is gone from Braze; then the rest."""
    acknowledged = replace(incident(), acknowledged_by="U1")
    assert attention(incident(), missing=False) is Attention.UNATTENDED
    assert attention(incident(), missing=False, snoozed=True) is Attention.ATTENDED
    assert attention(acknowledged, missing=False) is Attention.ATTENDED
    assert attention(None, missing=True) is Attention.MISSING
    assert attention(None, missing=False) is Attention.HEALTHY
