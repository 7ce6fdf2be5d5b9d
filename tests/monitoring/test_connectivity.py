"""How long Braze is left alone after trouble that holds for the whole workspace."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cdi_bot.core.model.channel import Channel
from cdi_bot.core.model.incident import Topic
from cdi_bot.core.model.message import Recovered, Reopened
from cdi_bot.core.model.subscription import Filters
from cdi_bot.monitoring.braze_port import BrazeReason, BrazeTrouble
from cdi_bot.monitoring.connectivity import Connectivity
from cdi_bot.store import Store
from tests.databases import Databases

NOW = datetime(2026, 3, 25, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)

ADMINS = Channel(team_id="T1", channel_id="C0ADMINS001")
ALERTS = Channel(team_id="T1", channel_id="C0ALERTS001")


@pytest.fixture
async def connectivity(databases: Databases, tmp_path: Path) -> Connectivity:
    """A workspace that has not been asked yet."""
    store = await Store.open(databases.migrated("sqlite", tmp_path))
    await store.close()
    return Connectivity(
        store=store, workspace_id=1, unreachable_after=300 * SECOND, admin_channel=None, last_answer=NOW
    )


def trouble(reason: BrazeReason) -> BrazeTrouble:
    """A failed call."""
    return BrazeTrouble("no", reason=reason, retryable=True)


async def test_calls_that_fail_together_cost_one_pause(connectivity: Connectivity) -> None:
    """A moment without network while many calls are under way does not stop polling for half a minute."""
    for _ in range(8):
        connectivity.failed(trouble(BrazeReason.UNREACHABLE), NOW)
    assert connectivity.is_paused(NOW + 0.9 * SECOND)
    assert not connectivity.is_paused(NOW + SECOND)


@pytest.mark.parametrize(
    ("reason", "pauses"),
    [
        (BrazeReason.UNREACHABLE, [1, 2, 4, 4, 4, 4, 4]),
        (BrazeReason.BAD_KEY, [1, 2, 4, 8, 16, 30, 30]),
        (BrazeReason.NO_PERMISSION, [1, 2, 4, 8, 16, 30, 30]),
    ],
)
async def test_a_pause_grows_with_each_try_and_ends_with_an_answer(
    connectivity: Connectivity, reason: BrazeReason, pauses: list[float]
) -> None:
    """One second, two, four, and no more, unless somebody has to replace the key."""
    now = NOW
    lengths = []
    for _ in pauses:
        connectivity.failed(trouble(reason), now)
        assert connectivity.paused_until is not None
        lengths.append((connectivity.paused_until - now) / SECOND)
        now = connectivity.paused_until
    assert lengths == pauses
    connectivity.answered(now)
    assert (connectivity.paused_until, connectivity.reason) == (None, None)


async def test_a_second_failure_in_a_row_is_no_longer_about_one_integration(
    connectivity: Connectivity,
) -> None:
    """A 5xx after an answer is that request's; the next one without an answer between them is Braze's."""
    connectivity.answered(NOW)
    paused = []
    for answers in (False, True, False, False):
        if answers:
            connectivity.answered(NOW)
        else:
            connectivity.failed(trouble(BrazeReason.SERVER_ERROR), NOW)
        paused.append(connectivity.is_paused(NOW))
    assert paused == [False, False, False, True]


async def test_a_limit_that_is_used_up_is_an_answer(connectivity: Connectivity) -> None:
    """Braze says itself how long it wants to be left alone."""
    for _ in range(5):
        connectivity.failed(trouble(BrazeReason.RATE_LIMITED), NOW)
    assert connectivity.paused_until is None


async def test_one_failure_among_answers_tells_of_itself(connectivity: Connectivity) -> None:
    """Before the first answer any failure means that Braze can't be asked; after one, only those that go on do."""
    reasons: list[BrazeReason | None] = []
    for seconds, answers in ((0, False), (0, True), (1, False), (31, False)):
        if answers:
            connectivity.answered(NOW)
        else:
            connectivity.failed(trouble(BrazeReason.NOT_JSON), NOW + seconds * SECOND)
        reasons.append(connectivity.reason)
    assert reasons == [BrazeReason.NOT_JSON, None, None, BrazeReason.NOT_JSON]


@pytest.mark.parametrize("reason", [BrazeReason.BAD_KEY, BrazeReason.NO_PERMISSION])
async def test_two_refusals_of_the_key_in_a_row_are_told_at_once(
    connectivity: Connectivity, databases: Databases, tmp_path: Path, reason: BrazeReason
) -> None:
    """One alone is not, nor one that a good answer follows, nor several that were on their way together."""
    connectivity.store = await Store.open(databases.migrated("sqlite", tmp_path))
    async with connectivity.store.write() as uow:
        await uow.workspaces.find_or_add(base_url="http://braze.test", dashboard_url=None)
    told = []
    for seconds, answers in ((0, True), (1, False), (1, False), (2, True), (3, False), (4.1, False)):
        now = NOW + seconds * SECOND
        if answers:
            connectivity.answered(now)
        else:
            connectivity.failed(trouble(reason), now)
        told.append(await connectivity.judge(now))
    assert told == [False, False, False, False, False, True]
    assert connectivity.incident is not None
    assert (connectivity.incident.failing_since, connectivity.incident.reason) == (NOW + 2 * SECOND, reason)
    await connectivity.store.close()


async def test_a_refusal_between_other_troubles_is_not_told_at_once(connectivity: Connectivity) -> None:
    """A network that comes and goes has to last like any other trouble."""
    now = NOW
    for reason in (BrazeReason.BAD_KEY, BrazeReason.TIMEOUT, BrazeReason.BAD_KEY, BrazeReason.TIMEOUT):
        connectivity.failed(trouble(reason), now)
        assert connectivity.paused_until is not None
        assert not await connectivity.judge(now)
        now = connectivity.paused_until


@pytest.fixture
async def outage(databases: Databases, tmp_path: Path) -> AsyncIterator[Connectivity]:
    """A workspace whose outage is told to the admin channel and to ALERTS, which leaves recoveries out."""
    store = await Store.open(databases.migrated("sqlite", tmp_path))
    async with store.write() as uow:
        workspace = await uow.workspaces.find_or_add(base_url="http://braze.test", dashboard_url=None)
        await uow.subscriptions.add(
            channel=ALERTS,
            workspace_id=workspace.workspace_id,
            selector="all",
            filters=Filters(topics=frozenset({Topic.ERROR})),
            by="U1",
            now=NOW,
        )
    found = Connectivity(
        store=store,
        workspace_id=workspace.workspace_id,
        unreachable_after=300 * SECOND,
        admin_channel=ADMINS,
        last_answer=NOW,
    )
    found.failed(trouble(BrazeReason.UNREACHABLE), NOW)
    assert await found.judge(NOW + 301 * SECOND)
    yield found
    await store.close()


async def recoveries(store: Store) -> set[Channel]:
    """The channels that are owed the reply that Braze answers again."""
    async with store.read() as uow:
        owed = [each for channel in (ADMINS, ALERTS) for each in await uow.outbox.pending(channel, limit=9)]
    return {each.owed.channel for each in owed if isinstance(each.owed.content, Recovered)}


async def test_that_braze_answers_again_is_told_wherever_the_outage_was(outage: Connectivity) -> None:
    """Also in the admin channel, which needs no subscription, and where recoveries are left out."""
    outage.answered(NOW + 400 * SECOND)
    assert await outage.judge(NOW + 401 * SECOND)
    assert await recoveries(outage.store) == {ADMINS, ALERTS}


async def test_an_acknowledged_outage_ends_too(outage: Connectivity) -> None:
    """Somebody else changed the incident meanwhile: it is read again, and ends at the next look."""
    found = outage.incident
    assert found is not None
    acknowledged = replace(found, revision=2, acknowledged_by="U1", acknowledged_at=NOW)
    async with outage.store.write() as uow:
        assert await uow.incidents.update(acknowledged, expected_revision=1)
    outage.answered(NOW + 400 * SECOND)
    looks = [await outage.judge(NOW + seconds * SECOND) for seconds in (401, 402, 403)]
    assert looks == [False, True, False]
    assert await recoveries(outage.store) == {ADMINS, ALERTS}


async def facts_told(store: Store, channel: Channel) -> list[str]:
    """What the replies that a channel is owed state, in order."""
    async with store.read() as uow:
        owed = await uow.outbox.pending(channel, limit=99)
    return [each.owed.content.what for each in owed if isinstance(each.owed.content, Recovered | Reopened)]


async def test_an_outage_that_comes_back_is_one_incident(outage: Connectivity) -> None:
    """It is told as being back, once; its end waits for an hour of answers, also in the next process."""
    minute = timedelta(minutes=1)
    now = NOW + 10 * minute
    for _ in range(3):
        outage.answered(now)
        await outage.judge(now)
        outage.failed(trouble(BrazeReason.TIMEOUT), now + minute)
        assert await outage.judge(now + 7 * minute)
        now += 10 * minute
    outage.answered(now)
    assert await outage.judge(now)
    successor = replace(outage, incident=None, last_answer=now)
    await successor.load()
    found = successor.incident
    assert found is not None
    assert (found.incident_id, found.is_recovering, found.reopened) == (1, True, 3)
    assert not await successor.judge(now + 90 * minute)  # nothing has answered since
    successor.answered(now + 59 * minute)
    assert not await successor.judge(now + 90 * minute)
    successor.answered(now + 60 * minute)
    assert await successor.judge(now + 90 * minute)
    assert await facts_told(outage.store, ALERTS) == ["recovered", "reopened", "recovered"]
    async with outage.store.read() as uow:
        assert await uow.incidents.open_for(outage.workspace_id, None, None) == []


async def test_an_outage_goes_on_over_a_restart(connectivity: Connectivity) -> None:
    """Whoever begins to poll knows nothing yet: what another found ends with an answer, not with the start."""
    async with connectivity.store.write() as uow:
        await uow.workspaces.find_or_add(base_url="http://braze", dashboard_url=None)
    now = NOW + 301 * SECOND
    connectivity.failed(trouble(BrazeReason.UNREACHABLE), now)
    await connectivity.judge(now)
    later = replace(connectivity)
    await later.begin(now)
    assert not await later.judge(now)
    later.failed(trouble(BrazeReason.UNREACHABLE), now)
    assert not await later.judge(now)
    seen = [later.incident and later.incident.is_open]
    later.answered(now + SECOND)
    assert await later.judge(now + 60 * SECOND)
    seen.append(later.incident and later.incident.is_open)
    assert seen == [True, False]
    await connectivity.store.close()
