"""How long Braze is left alone after trouble that holds for the whole workspace."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cdi_bot.monitoring.braze_port import BrazeReason, BrazeTrouble
from cdi_bot.monitoring.connectivity import Connectivity
from cdi_bot.store import Store
from tests.databases import Databases

NOW = datetime(2026, 3, 25, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)


@pytest.fixture
async def connectivity(databases: Databases, tmp_path: Path) -> Connectivity:
    """The sight of a workspace that has not been asked yet."""
    store = await Store.open(databases.migrated("sqlite", tmp_path))
    await store.close()
    return Connectivity(
        store=store, workspace_id=1, unreachable_after=300 * SECOND, admin_channel=None, last_answer=NOW
    )


def trouble(reason: BrazeReason) -> BrazeTrouble:
    """A failed call."""
    return BrazeTrouble("no", reason=reason, retryable=True)


async def test_calls_that_fail_together_cost_one_pause(connectivity: Connectivity) -> None:
    """A moment without network while many calls are under way does not blind the bot for half a minute."""
    for _ in range(8):
        connectivity.failed(trouble(BrazeReason.UNREACHABLE), NOW)
    assert connectivity.is_paused(NOW + 0.9 * SECOND)
    assert not connectivity.is_paused(NOW + SECOND)


async def test_a_pause_grows_with_each_try_and_ends_with_an_answer(connectivity: Connectivity) -> None:
    """One second, two, four, and never more than thirty."""
    now = NOW
    lengths = []
    for _ in range(7):
        connectivity.failed(trouble(BrazeReason.BAD_KEY), now)
        assert connectivity.paused_until is not None
        lengths.append((connectivity.paused_until - now) / SECOND)
        now = connectivity.paused_until
    assert lengths == [1, 2, 4, 8, 16, 30, 30]
    connectivity.answered(now)
    assert (connectivity.is_paused(now), connectivity.reason) == (False, None)


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
