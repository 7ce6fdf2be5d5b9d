"""When the bot says that it can't reach Braze."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from cdi_bot.core.model.incident import Incident, Kind
from cdi_bot.core.rules.unreachable import judge_unreachable
from tests.core.runs_kit import NOON, at


def judged(reason: str | None, minutes: float, incident: Incident | None = None) -> Incident | None:
    """Judge so many minutes after the last answer, which came at noon."""
    return judge_unreachable(
        workspace_id=1,
        last_answer=NOON,
        reason=reason,
        incident=incident,
        now=at(minutes),
        unreachable_after=timedelta(minutes=5),
    )


def test_unreachable_is_called_so_after_a_while() -> None:
    """Not before, and not while Braze answers."""
    assert judged("timeout", 4.9) is None
    assert judged(None, 60) is None
    unreachable = judged("timeout", 5)
    assert unreachable is not None
    assert (unreachable.kind, unreachable.integration_id, unreachable.failing_since, unreachable.reason) == (
        Kind.UNREACHABLE,
        None,
        NOON,
        "timeout",
    )


def test_it_changes_with_its_reason_and_ends_with_an_answer() -> None:
    """Each time with a new revision."""
    unreachable = judged("timeout", 5)
    assert unreachable is not None
    stored = replace(unreachable, incident_id=3)
    assert judged("timeout", 9, stored) is None
    changed = judged("bad_key", 9, stored)
    assert changed == replace(stored, revision=2, reason="bad_key")
    ended = judged(None, 9, stored)
    assert ended == replace(stored, revision=2, resolved_at=at(9))
