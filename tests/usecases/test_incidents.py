"""What people do about integrations and their incidents, on a real store and before the stand-ins."""

from __future__ import annotations

from pathlib import Path

import pytest

from cdi_bot.core.model.incident import Incident, Kind, Topic
from cdi_bot.core.model.message import SyncRequested
from cdi_bot.core.model.subscription import Filters
from cdi_bot.monitoring.braze_port import BrazeReason
from cdi_bot.sandbox.faults import Fault, FaultKind
from cdi_bot.usecases.answers import (
    BrazeRefused,
    ConfirmSync,
    NoMatch,
    NotAllowed,
    SyncStarted,
)
from cdi_bot.usecases.query_answers import RunHistory
from tests.rigs.people import ALERTS, Desk, responder

ANN, ADMIN = "U0MARA0001", "UADMIN"
ERRORS = Filters(topics=frozenset({Topic.ERROR}))


# --------------------------------------------------------------------------------- syncs


async def followed(at: Desk) -> int:
    """How many syncs are followed."""
    async with at.store.read() as uow:
        return len(await uow.requested_syncs.for_workspace(at.workspace.workspace_id))


async def test_asks_then_starts(at: Desk) -> None:
    """An admin is asked, then Braze starts the sync and the channel is told who requested it."""
    users = at.add("Users", "success")
    asked = await at.incidents.ask_sync(ALERTS, ADMIN, "Users")
    assert isinstance(asked, ConfirmSync)
    assert at.calls("/sync") == 0
    started = await at.incidents.start_sync(ALERTS, ADMIN, users)
    assert started == SyncStarted(integration=asked.integration, is_certain=True)
    assert at.calls("/sync") == 1
    expected = SyncRequested(who=ADMIN, workspace_id=at.workspace.workspace_id, integration_id=users)
    assert await at.owed() == [expected]
    assert await followed(at) == 1


async def test_no_sync_is_offered_while_braze_cant_be_reached(at: Desk) -> None:
    """Who asks for one learns since when and why instead, and Braze is not asked."""
    at.add("Users", "success")
    await at.queries.history(ALERTS, "Users")
    since = at.clock.now
    async with at.store.write() as uow:
        await uow.incidents.add(
            [
                Incident(
                    incident_id=0,
                    workspace_id=at.workspace.workspace_id,
                    integration_id=None,
                    kind=Kind.UNREACHABLE,
                    revision=1,
                    opened_at=since,
                    failing_since=since,
                    reason="bad_key",
                )
            ]
        )
    refused = await at.incidents.ask_sync(ALERTS, ADMIN, "Users")
    assert refused == BrazeRefused(reason="bad_key", query="Users", since=since)
    shown = await at.queries.history(ALERTS, "Users")
    assert isinstance(shown, RunHistory)
    assert (shown.can_sync, shown.unreachable is None) == (False, False)


async def test_is_for_admins(at: Desk) -> None:
    """Nobody else may start one, whatever button they found."""
    users = at.add("Users", "success")
    assert await at.incidents.ask_sync(ALERTS, ANN, "Users") == NotAllowed(action="sync")
    assert await at.incidents.start_sync(ALERTS, ANN, users) == NotAllowed(action="sync")
    assert at.calls("/sync") == 0


async def test_one_at_a_time(at: Desk) -> None:
    """While one runs, Braze refuses another, and the channel is told nothing."""
    users = at.add("Users", "success")
    at.sandbox.braze.run(users)
    answer = await at.incidents.start_sync(ALERTS, ADMIN, users)
    assert answer == BrazeRefused(reason=BrazeReason.SYNC_IN_PROGRESS, query="Users")
    assert await at.owed() == []
    assert await followed(at) == 0


@pytest.mark.parametrize(
    ("status", "message", "reason"),
    [
        (400, "Invalid integration ID", BrazeReason.INVALID_INTEGRATION),
        (404, "Integration not found", BrazeReason.UNKNOWN_INTEGRATION),
        (429, "Another job is in progress", BrazeReason.SYNC_IN_PROGRESS),
        (429, "Too many requests", BrazeReason.RATE_LIMITED),
    ],
)
async def test_each_refusal_is_told_apart(at: Desk, status: int, message: str, reason: BrazeReason) -> None:
    """The reason of Braze is what the person is told; nothing is announced."""
    users = at.add("Users", "success")
    await at.incidents.ask_sync(ALERTS, ADMIN, "Users")
    body = f'{{"message": "{message}"}}'
    at.sandbox.braze.faults.add(
        Fault(kind=FaultKind.STATUS, status=status, body=body, path="/cdi/integrations/.*/sync")
    )
    answer = await at.incidents.start_sync(ALERTS, ADMIN, users)
    assert answer == BrazeRefused(reason=reason, query="Users")
    assert await at.owed() == []
    assert await followed(at) == 0


@pytest.mark.parametrize("kind", [FaultKind.CUT_AFTER, FaultKind.STATUS])
async def test_without_a_clear_answer_it_may_have_started(at: Desk, kind: FaultKind) -> None:
    """It is asked for once, announced as what it is, and followed: nobody is invited to start it twice."""
    users = at.add("Users", "success")
    await at.incidents.ask_sync(ALERTS, ADMIN, "Users")
    at.sandbox.braze.faults.add(Fault(kind=kind, status=502, path="/cdi/integrations/.*/sync"))
    answer = await at.incidents.start_sync(ALERTS, ADMIN, users)
    assert isinstance(answer, SyncStarted)
    assert not answer.is_certain
    (told,) = await at.owed()
    assert isinstance(told, SyncRequested)
    assert not told.is_certain
    assert await followed(at) == 1
    assert at.calls("/sync") == 1


async def test_missing_permission_is_named(tmp_path: Path) -> None:
    """A key that may not start syncs is told with the permission it lacks."""
    allowed = ["cdi.integration_list", "cdi.integration_job_status"]
    async with responder(tmp_path, permissions=allowed) as at:
        users = at.add("Users", "success")
        assert await at.incidents.start_sync(ALERTS, ADMIN, users) == BrazeRefused(
            reason=BrazeReason.NO_PERMISSION, query="Users", permission="cdi.integration_sync"
        )


async def test_unknown_words(at: Desk) -> None:
    """Words that fit nothing are said to."""
    assert isinstance(await at.incidents.ask_sync(ALERTS, ADMIN, "Nothing"), NoMatch)
    assert isinstance(await at.incidents.start_sync(ALERTS, ADMIN, "Nothing"), NoMatch)
