"""Storing observations that come at the same time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from sqlalchemy import Engine, event
from structlog.testing import capture_logs

from cdi_bot.core.model.incident import Kind
from cdi_bot.core.model.run import Run
from cdi_bot.core.rules.sync_failed import IncidentChange
from cdi_bot.item_troubles import ItemTroubles
from cdi_bot.monitoring import recorder
from cdi_bot.monitoring.recorder import Observation, Recorder
from cdi_bot.store import RowRefused, Store, StoreTrouble
from tests.databases import ENGINES, Databases
from tests.store.samples import NOW, a_workspace, integration, run

BEFORE = NOW - timedelta(days=1)


@pytest.fixture
async def store(databases: Databases, tmp_path: Path) -> AsyncIterator[Store]:
    """A store with all tables."""
    opened = await Store.open(databases.migrated("sqlite", tmp_path))
    yield opened
    await opened.close()


@contextmanager
def counted() -> Iterator[list[str]]:
    """The transactions that write, as they begin."""
    begun: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if statement.startswith("BEGIN IMMEDIATE"):
            begun.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield begun
    finally:
        event.remove(Engine, "before_cursor_execute", note)


def seen(workspace_id: int, integration_id: str, *runs: Run) -> Observation:
    """What the status call told of an integration that has been watched since yesterday."""
    watched = integration(
        workspace_id, integration_id, watched_since=BEFORE, baseline_taken=True, baseline_start=BEFORE
    )
    return Observation(watched=watched, runs=runs)


async def test_what_comes_together_is_stored_together(store: Store) -> None:
    """The first goes at once, the rest in one transaction, and each caller gets the findings of its own."""
    workspace_id, recording = await a_workspace(store), Recorder(store, ItemTroubles(lambda: NOW))
    first = asyncio.ensure_future(
        recording.record([seen(workspace_id, "first", run(0, "error", "first"))], NOW)
    )
    with counted() as begun:
        while not begun and not first.done():  # noqa: ASYNC110  # no event tells of a statement
            await asyncio.sleep(0)
        others = [
            recording.record(
                [seen(workspace_id, name, run(0, status, name)), seen(workspace_id, f"{name}-too")], NOW
            )
            for name, status in (("a", "error"), ("b", "success"), ("c", "partial"))
        ]
        found = await asyncio.gather(first, *others)
    assert len(begun) == 2
    changes = [[finding.change for finding in findings] for findings in found]
    assert changes == [
        [IncidentChange.OPENED],
        [IncidentChange.OPENED, None],
        [None, None],
        [IncidentChange.OPENED, None],
    ]
    async with store.read() as look:
        incidents = await look.incidents.open_for(workspace_id, Kind.SYNC_FAILED, None)
    assert sorted(str(each.integration_id) for each in incidents) == ["a", "c", "first"]


async def test_observations_of_one_integration_follow_each_other(store: Store) -> None:
    """What is seen of an integration twice at once is one incident with two failures, told in order."""
    workspace_id, recording = await a_workspace(store), Recorder(store, ItemTroubles(lambda: NOW))
    looks = [[run(0)], [run(0), run(1)], [run(0), run(1), run(2, "success")]]
    found = await asyncio.gather(
        *(recording.record([seen(workspace_id, "one", *runs)], NOW) for runs in looks)
    )
    assert [finding.change for (finding,) in found] == [
        IncidentChange.OPENED,
        IncidentChange.FAILED_AGAIN,
        IncidentChange.RECOVERED,
    ]


async def test_a_transaction_stays_small(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """No more than so many observations go together, unless somebody brings more at once."""
    monkeypatch.setattr(recorder, "MOST", 3)
    workspace_id, recording = await a_workspace(store), Recorder(store, ItemTroubles(lambda: NOW))
    sizes = (2, 2, 1, 5)
    with counted() as begun:
        found = await asyncio.gather(
            *(
                recording.record([seen(workspace_id, f"{place}-{each}") for each in range(size)], NOW)
                for place, size in enumerate(sizes)
            )
        )
    assert [len(findings) for findings in found] == list(sizes)
    assert len(begun) == 3  # 2 + 1, 2, 5


async def test_one_bad_observation_spoils_no_other(store: Store) -> None:
    """Where a batch can't be stored, each caller's part is tried by itself, and only the bad one fails."""
    workspace_id, recording = await a_workspace(store), Recorder(store, ItemTroubles(lambda: NOW))
    bad = seen(workspace_id, "bad", cast("Run", "no run"))
    good, refused, other = await asyncio.gather(
        recording.record([seen(workspace_id, "good", run(0, "error", "good"))], NOW),
        recording.record([bad], NOW),
        recording.record([seen(workspace_id, "other", run(0, "error", "other"))], NOW),
        return_exceptions=True,
    )
    assert isinstance(refused, AttributeError)
    assert [cast("list[Any]", each)[0].change for each in (good, other)] == [IncidentChange.OPENED] * 2


@pytest.mark.parametrize("engine", ENGINES)
async def test_one_row_that_the_database_refuses_spoils_no_other(
    databases: Databases, tmp_path: Path, engine: str
) -> None:
    """Neither of another caller nor of the same one; it is logged once, and told to who brought nothing else."""
    store = await Store.open(databases.migrated(engine, tmp_path))
    workspace_id, recording = await a_workspace(store), Recorder(store, ItemTroubles(lambda: NOW))
    bad = seen(workspace_id, "bad", run(0, "error", "bad", rows_synced=-1))
    good, other = (seen(workspace_id, name, run(0, "error", name)) for name in ("good", "other"))
    with capture_logs() as logged:
        for _ in range(2):
            refused, *stored = await asyncio.gather(
                recording.record([bad], NOW),
                recording.record([good], NOW),
                recording.record([other, bad], NOW),
                return_exceptions=True,
            )
            assert isinstance(refused, RowRefused)
            assert [len(cast("list[Any]", each)) for each in stored] == [1, 1]
    assert [line["integration"] for line in logged if line["event"] == "item failed"] == ["bad"]
    async with store.read() as look:
        found = await look.incidents.open_for(workspace_id, Kind.SYNC_FAILED, ["good", "other", "bad"])
    assert {each.integration_id for each in found} == {"good", "other"}
    assert store.trouble is None
    await store.close()


async def test_who_gives_up_is_left_out(store: Store) -> None:
    """An observation whose caller has gone before its turn is not stored, and the work goes on."""
    workspace_id, recording = await a_workspace(store), Recorder(store, ItemTroubles(lambda: NOW))
    first = asyncio.ensure_future(recording.record([seen(workspace_id, "first")], NOW))
    with counted() as begun:
        while not begun and not first.done():  # noqa: ASYNC110  # no event tells of a statement
            await asyncio.sleep(0)
        gone, last = (
            asyncio.ensure_future(recording.record([seen(workspace_id, name)], NOW))
            for name in ("gone", "last")
        )
        await asyncio.sleep(0)
        gone.cancel()
        await asyncio.gather(first, last)
    async with store.read() as look:
        known = await look.integrations.all(workspace_id)
    assert {each.integration.integration_id for each in known} == {"first", "last"}


async def test_trouble_of_the_database_reaches_everybody(store: Store) -> None:
    """A workspace that is not stored has no observations, whoever brings them."""
    recording = Recorder(store, ItemTroubles(lambda: NOW))
    found = await asyncio.gather(
        *(recording.record([seen(99, name)], NOW) for name in "ab"), return_exceptions=True
    )
    assert [isinstance(each, StoreTrouble) for each in found] == [True, True]
