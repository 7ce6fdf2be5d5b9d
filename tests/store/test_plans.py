"""The queries that are asked often find what they want by an index, on both engines, however much is stored."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import Engine, NullPool, event, make_url
from sqlalchemy.ext.asyncio import create_async_engine

from cdi_bot.core.model.incident import Kind
from cdi_bot.store import Store, UnitOfWork
from cdi_bot.store.engine import async_url
from tests.store.filled import alerts, known
from tests.store.samples import CHANNEL, MINUTE, NOW, a_workspace, holding_all, run

LARGE = ("runs", "incidents", "outbox", "audit", "card_incidents", "cards")
"""Tables that grow with time; the others are as large as what is watched."""

INTEGRATIONS, RUNS = 100, 100
IDS = [f"i{place:06}" for place in range(INTEGRATIONS)]

Ask = Callable[[UnitOfWork], Awaitable[object]]

ASKED: dict[str, Ask] = {
    "newest run per integration": lambda work: work.runs.newest(1, IDS),
    "newest data of each": lambda work: work.runs.arrivals(1, IDS, since=NOW),
    "open runs": lambda work: work.runs.running(1, IDS),
    "runs since": lambda work: work.runs.since(1, "i000007", NOW + (RUNS - 2) * MINUTE),
    "runs of several since": lambda work: work.runs.since_each(
        1, dict.fromkeys(IDS[:9], NOW + (RUNS - 2) * MINUTE)
    ),
    "sums of a day": lambda work: work.runs.totals(
        1, IDS[:9], since=NOW + (RUNS - 9) * MINUTE, until=NOW + RUNS * MINUTE
    ),
    "rows lost": lambda work: work.runs.rows_lost(1, "i000007", since=NOW + (RUNS - 2) * MINUTE),
    "page of history": lambda work: work.runs.page(1, "i000007", offset=20, limit=10),
    "count since": lambda work: work.runs.count_by_status(1, "i000007", since=NOW + (RUNS - 2) * MINUTE),
    "save a run": lambda work: work.runs.save(
        1,
        [run(RUNS, integration_id="i000007"), run(RUNS, integration_id="i000008", provisional=True)],
    ),
    "runs of several before": lambda work: work.runs.before_each(
        1, dict.fromkeys(IDS[:9], NOW + (RUNS - 2) * MINUTE), limit=9
    ),
    "newest incidents": lambda work: work.incidents.newest_of_each(
        1, Kind.SYNC_FAILED, ["i000007", "i000008"]
    ),
    "newest incident of the workspace": lambda work: work.incidents.newest_of_workspace(1, Kind.UNREACHABLE),
    "incidents that runs ended": lambda work: work.incidents.resolved_by(
        1, [run(RUNS, "success", "i000007"), run(RUNS, "success", "i000008")]
    ),
    "open incidents of some": lambda work: work.incidents.open_for(1, Kind.SYNC_FAILED, IDS),
    "open incidents of every kind": lambda work: work.incidents.open_for(1, None, IDS),
    "open incidents of all": lambda work: work.incidents.open_for(1, Kind.SYNC_FAILED, None),
    "incidents over lately": lambda work: work.incidents.over_since(1, NOW + (RUNS - 2) * MINUTE),
    "whether incidents changed": lambda work: work.incidents.fingerprint(1, NOW + (RUNS - 2) * MINUTE),
    "channels with something due": holding_all,
    "cards of incidents": lambda work: work.cards.of_incidents([1, 2, 3]),
    "members of cards": lambda work: work.cards.members([1, 2, 3]),
    "cards that told of something new": lambda work: work.cards.recent(CHANNEL, since=NOW + 30 * MINUTE),
    "cards that a storm counts": lambda work: work.cards.counted_by(7),
    "replies of the last minutes": lambda work: work.outbox.recent_replies(CHANNEL, since=NOW + 30 * MINUTE),
    "raise cards": lambda work: work.cards.raise_revision([1, 2, 3]),
    "settle a message": lambda work: work.outbox.mark_sent(4, ts="1.1", now=NOW),
    "how far a message has come": lambda work: work.outbox.progress("key7"),
    "what a channel is owed": lambda work: work.outbox.pending(CHANNEL, limit=500),
    "outbox depth": lambda work: work.outbox.depth(),
    "outbox age": lambda work: work.outbox.waiting_since(),
    "forget runs": lambda work: work.runs.delete_old(
        NOW + 3 * MINUTE, after=(1, "i000003"), integrations=50, limit=500
    ),
    "forget incidents": lambda work: work.incidents.delete_old(NOW + 3 * MINUTE, limit=100),
    "forget notices": lambda work: work.outbox.delete_notices(NOW + 3 * MINUTE, limit=100),
    "forget audit": lambda work: work.audit.delete_old(NOW + 3 * MINUTE, limit=100),
}

PARTIAL = {
    "ix_runs_running",
    "ix_incidents_open",
    "ix_outbox_owed",
    "ix_outbox_due",
    "ix_outbox_notices_sent",
    "ix_cards_counted_by",
}
"""Indexes of what is open, running or pending, which stay small."""


@pytest.fixture
async def filled(url: str, engine: str, store: Store) -> AsyncIterator[Store]:
    """A store with many old rows; the engine has counted the rows of every table."""
    filler = create_async_engine(async_url(url), poolclass=NullPool)
    await a_workspace(store)
    await a_workspace(store, "fra-01")
    async with filler.begin() as connection:
        for fill in (known, alerts):
            for statement in fill(engine, NOW, integrations=INTEGRATIONS, runs=RUNS):
                await connection.exec_driver_sql(statement)
        await connection.exec_driver_sql("ANALYZE")
    yield store
    await filler.dispose()


@contextmanager
def written_down() -> Iterator[list[tuple[str, Any]]]:
    """Every statement that is sent, with its parameters, but for those that begin and end transactions."""
    seen: list[tuple[str, Any]] = []

    def note(
        _connection: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, many: bool
    ) -> None:
        seen.append((statement, parameters[0] if many else parameters))

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(Engine, "before_cursor_execute", note)


async def plan(url: str, statement: str, parameters: Any) -> list[str]:
    """What the engine would do, a line for each step."""
    sqlite = make_url(url).get_backend_name() == "sqlite"
    explain = "EXPLAIN QUERY PLAN " if sqlite else "EXPLAIN "
    looking = create_async_engine(async_url(url), poolclass=NullPool)
    try:
        async with looking.connect() as connection:
            if not sqlite:  # as is usual without turning disks; a small table would else be read whole
                await connection.exec_driver_sql("SET random_page_cost = 1.1")
            rows = await connection.exec_driver_sql(explain + statement, parameters)
            return [str(row[-1]).strip() for row in rows]
    finally:
        await looking.dispose()


def searched_through(steps: list[str], statement: str) -> list[str]:
    """The steps that go through a whole large table, or a whole index that is not a partial one."""
    names = dict(re.findall(r"\b(\w+) AS (\w+)", statement))
    aliases = {alias for table, alias in names.items() if table in LARGE} | set(LARGE)
    found = []
    for step in steps:
        sqlite = re.match(r"SCAN (\w+)(?: USING (?:COVERING )?INDEX (\w+))?", step)
        postgres = re.search(r"Seq Scan on (\w+)", step)
        if sqlite and sqlite[1] in aliases and sqlite[2] not in PARTIAL:
            found.append(step)
        if postgres and postgres[1] in LARGE:
            found.append(step)
    return found


async def test_what_is_asked_often_is_found_by_an_index(filled: Store, url: str) -> None:
    """No query goes through a table, or an index of everything, that grows with time."""
    slow = {}
    for name, ask in ASKED.items():
        with written_down() as statements:
            async with filled.write() as work:
                await ask(work)
        explained = [
            each for each in statements if re.match(r"\s*(SELECT|UPDATE|DELETE|INSERT|WITH)", each[0])
        ]
        assert explained, name
        for statement, parameters in explained:
            steps = await plan(url, statement, parameters)
            found = searched_through(steps, statement)
            if found:
                slow[name] = (found, statement, steps)
    assert slow == {}


def test_a_search_through_a_table_is_noticed() -> None:
    """The check of the plans would find one on either engine."""
    assert searched_through(["SCAN runs"], "SELECT * FROM runs")
    assert searched_through(["SCAN newest"], "SELECT max(x) FROM runs AS newest")
    assert searched_through(["SCAN outbox USING INDEX uq_outbox_key"], "SELECT * FROM outbox")
    assert searched_through(["->  Seq Scan on incidents  (cost=0.00..1.00)"], "SELECT * FROM incidents")
    assert not searched_through(["SEARCH runs USING PRIMARY KEY (a=?)", "SCAN span"], "SELECT * FROM runs")
