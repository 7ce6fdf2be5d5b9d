"""What people do about integrations and their incidents, on a real store and before the stand-ins."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from cdi_bot.core.model.incident import Incident, Kind, Topic
from cdi_bot.core.model.message import Snoozed, SyncRequested, Unsnoozed
from cdi_bot.core.model.subscription import Filters, Selection
from cdi_bot.monitoring.braze_port import BrazeReason
from cdi_bot.sandbox.faults import Fault, FaultKind
from cdi_bot.usecases.answers import (
    BrazeRefused,
    ConfirmSync,
    NoMatch,
    NotAllowed,
    NothingOpen,
    NotSubscribed,
    SnoozeEnded,
    SnoozeSet,
    SyncStarted,
)
from cdi_bot.usecases.query_answers import RunHistory
from tests.rigs.people import ALERTS, MARKETING, Desk, responder

ANN, ADMIN = "U0MARA0001", "UADMIN"
ERRORS = Filters(topics=frozenset({Topic.ERROR}))


class TestSnooze:
    """`/cdi snooze` and `/cdi unsnooze`."""

    async def test_silences_in_this_channel(self, at: Desk) -> None:
        """A snooze is stored for the channel, told in it, and shown on its card alone."""
        users = at.add("Users", "success")
        for channel in (ALERTS, MARKETING):
            await at.subscriptions.subscribe(channel, ANN, "Users", Filters())
        await at.fails(users)
        until = at.clock.now + timedelta(hours=2)
        answer = await at.incidents.snooze(ALERTS, ANN, "Users", until, "back fill")
        assert isinstance(answer, SnoozeSet)
        assert (answer.until, answer.reason) == (until, "back fill")
        expected = Snoozed(
            who=ANN,
            workspace_id=at.workspace.workspace_id,
            integration_id=users,
            until=until,
            reason="back fill",
        )
        assert expected in await at.owed()
        assert expected not in await at.owed(MARKETING)
        (incident,) = await at.open_incidents(users)
        async with at.store.read() as uow:
            (snooze,) = await uow.snoozes.active(at.workspace.workspace_id, [users], at.clock.now)
            cards = (await uow.cards.of_incidents([incident.incident_id]))[incident.incident_id]
        assert (snooze.channel, snooze.by, snooze.until) == (ALERTS, ANN, until)
        assert {(card.channel, card.wanted_revision) for card in cards} == {(ALERTS, 2), (MARKETING, 1)}

    async def test_a_double_click_is_told_once(self, at: Desk) -> None:
        """Two clicks a moment apart are one change; a later end, or another reason, is a further one."""
        users = at.add("Users", "success")
        await at.subscriptions.subscribe(ALERTS, ANN, "Users", Filters())
        await at.fails(users)

        async def told(hours: float | None, reason: str | None = None) -> int:
            until = at.clock.now + timedelta(hours=hours) if hours else None
            assert isinstance(await at.incidents.snooze(ALERTS, ANN, "Users", until, reason), SnoozeSet)
            at.clock.advance(1)
            return sum(isinstance(each, Snoozed) for each in await at.owed())

        assert [await told(1), await told(1), await told(4), await told(4, "house move")] == [1, 1, 2, 3]
        assert [await told(None), await told(None), await told(1)] == [4, 4, 5]

    async def test_ends(self, at: Desk) -> None:
        """Ending a snooze is told in the channel; ending none is not."""
        users = at.add("Users", "success")
        await at.subscriptions.subscribe(ALERTS, ANN, "Users", Filters())
        await at.incidents.snooze(ALERTS, ANN, "Users", at.clock.now + timedelta(hours=2), None)
        ended = await at.incidents.unsnooze(ALERTS, ANN, "Users")
        assert isinstance(ended, SnoozeEnded)
        assert ended.was_snoozed
        expected = Unsnoozed(who=ANN, workspace_id=at.workspace.workspace_id, integration_id=users)
        assert (await at.owed())[-1] == expected
        again = await at.incidents.unsnooze(ALERTS, ANN, "Users")
        assert isinstance(again, SnoozeEnded)
        assert not again.was_snoozed
        assert len(await at.owed()) == 3

    async def test_one_that_ran_out_is_over(self, at: Desk) -> None:
        """A snooze whose time is over is not ended again."""
        at.add("Users", "success")
        await at.subscriptions.subscribe(ALERTS, ANN, "Users", Filters())
        await at.incidents.snooze(ALERTS, ANN, "Users", at.clock.now + timedelta(minutes=1), None)
        at.clock.advance(120)
        answer = await at.incidents.unsnooze(ALERTS, ANN, "Users")
        assert isinstance(answer, SnoozeEnded)
        assert not answer.was_snoozed

    async def test_until_recovery_needs_a_failure(self, at: Desk) -> None:
        """What is healthy can't be snoozed until it recovers; what fails can."""
        users = at.add("Users", "success")
        await at.subscriptions.subscribe(ALERTS, ANN, "Users", Filters())
        assert isinstance(await at.incidents.snooze(ALERTS, ANN, "Users", None, None), NothingOpen)
        await at.fails(users)
        answer = await at.incidents.snooze(ALERTS, ANN, "Users", None, None)
        assert isinstance(answer, SnoozeSet)
        assert answer.until is None

    async def test_needs_a_subscription(self, at: Desk) -> None:
        """What a channel is not subscribed to can't be snoozed in it."""
        users = at.add("Users", "success")
        answer = await at.incidents.snooze(ALERTS, ANN, "Users", at.clock.now + timedelta(hours=1), None)
        assert answer == NotSubscribed(what=Selection(selector=users, name="Users"), covered_by=None)
        assert await at.owed() == []

    async def test_unknown_words(self, at: Desk) -> None:
        """Words that fit nothing are said to."""
        assert isinstance(await at.incidents.snooze(ALERTS, ANN, "Nothing", None, None), NoMatch)
        assert isinstance(await at.incidents.unsnooze(ALERTS, ANN, "Nothing"), NoMatch)


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
