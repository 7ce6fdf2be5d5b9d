"""Absurd values in any field of any answer of Braze: whatever they are, a real failure beside them is told in time.

Everything is driven as it works together: the poller, what judges, the outbox, Slack's renderers, status and Home.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from structlog.testing import capture_logs

from cdi_bot.core.model.incident import Kind, Topic
from cdi_bot.sandbox.faults import Fault, FaultKind
from cdi_bot.slack.render.answers import render_answer
from cdi_bot.slack.render.history import history_window
from cdi_bot.slack.render.home import home_view
from cdi_bot.slack.render.kit.i18n import Translator
from cdi_bot.usecases.answers import RunHistory
from tests.rigs.whole import ALERTS, Whole, whole

ABSURD = [
    "9999-12-31T23:59:59Z",
    "9999-12-31T23:59:59-12:00",
    "9999-06-01 00:00:00 UTC",
    "12026-03-25T12:50:00Z",
    "3026-01-01T00:00:00Z",
    "0001-01-01T00:00:00+14:00",
    "0001-01-01T00:00:00Z",
    "1969-12-31T23:59:59Z",
    "1999-12-31T23:59:59",
    "253402300799",
    "soon",
    "\x00",
    "\ud800",
    "\u202e<!channel>`*",
    "x" * 20_000,
    "error",
    "running",
    -1,
    2**63,
    2**63 - 1,
    10**400,
    1e308,
    True,
    [],
    ["a", None, 3],
    {"a": {"b": [1]}},
    None,
]
RUN_FIELDS = [
    "job_status",
    "sync_start_time",
    "sync_finish_time",
    "last_timestamp_synced",
    "rows_synced",
    "rows_failed_with_errors",
]
LISTED_FIELDS = [
    "app_group_id",
    "integration_name",
    "integration_type",
    "integration_status",
    "contact_emails",
    "last_updated_at",
    "warehouse_type",
    "last_job_start_time",
    "last_job_status",
    "next_scheduled_run",
]


@pytest.fixture
async def bot(tmp_path: Path) -> AsyncIterator[Whole]:
    """The whole bot on SQLite."""
    async with whole(tmp_path) as everything:
        yield everything


def listed(now: datetime, integration_id: str, name: str) -> dict[str, Any]:
    """An integration of the list as it should be."""
    return {
        "integration_id": integration_id,
        "app_group_id": "group",
        "integration_name": name,
        "integration_type": "users_attributes",
        "integration_status": "active",
        "contact_emails": "a@b.example",
        "last_updated_at": now.isoformat(),
        "warehouse_type": "snowflake",
        "last_job_start_time": (now - timedelta(minutes=1)).isoformat(),
        "last_job_status": "error",
        "next_scheduled_run": (now + timedelta(hours=1)).isoformat(),
    }


def run_of(now: datetime, status: str, minutes: float) -> dict[str, Any]:
    """A run as it should be that began so many minutes ago."""
    start = now - timedelta(minutes=minutes)
    return {
        "job_status": status,
        "sync_start_time": start.isoformat(),
        "sync_finish_time": (start + timedelta(seconds=20)).isoformat(),
        "last_timestamp_synced": start.isoformat(),
        "rows_synced": 10,
        "rows_failed_with_errors": 3,
    }


async def told_beside(bot: Whole, odd: Sequence[tuple[dict[str, Any], dict[str, Any]]]) -> None:
    """Have Braze answer so of an integration each; their failures and that of the one behind them are told."""
    ids = [bot.create(f"A {place}") for place in range(len(odd))]
    sound = bot.create("B sound")
    await bot.run(5)
    await bot.subscribe(topics=frozenset(Topic))
    await bot.run(60)
    await bot.sleep(120)
    now, failed = bot.clock.now, run_of(bot.clock.now, "error", 1)

    def answer(path: str, rows: Sequence[dict[str, Any]]) -> None:
        body = json.dumps({"message": "success", "results": rows})
        bot.sandbox.braze.faults.add(Fault(kind=FaultKind.STATUS, status=200, body=body, path=path))

    items = [listed(now, key, "A") | item for key, (item, _) in zip(ids, odd, strict=True)]
    answer("/cdi/integrations$", [*items, listed(now, sound, "B sound")])
    for key, (_, run) in zip(ids, odd, strict=True):
        answer(f"/cdi/integrations/{key}/job", [run_of(now, "success", 0.5) | run, failed])
    answer(f"/cdi/integrations/{sound}/job", [failed])
    with capture_logs() as logs:
        await bot.run(120, step=10)
        for key, (item, run) in zip(ids, odd, strict=True):
            await shown(bot, key, item | run)
    assert not [line for line in logs if line.get("exc_info") or line["log_level"] == "error"], logs
    assert bot.messages()
    start = datetime.fromisoformat(failed["sync_start_time"])
    async with bot.store.read() as uow:
        for key in (*ids, sound):
            stored = await uow.runs.page(bot.workspace_id, key, offset=0, limit=20)
            assert start in {run.sync_start_time for run in stored}
        assert await uow.incidents.open_for(bot.workspace_id, Kind.SYNC_FAILED, [sound])
    unreadable = [line for line in logs if "not readable" in line["event"]]
    keys = [
        (line["integration"], line["event"], line["where"].rpartition(".")[2], line["why"])
        for line in unreadable
    ]
    assert len(keys) == len(set(keys)), "logged more than once"


async def shown(bot: Whole, integration_id: str, odd: dict[str, Any]) -> None:
    """Status, its window, the overview, the list and Home can be drawn."""
    queries, i18n, now = bot.bot.app.queries, Translator(), bot.clock.now
    history = await queries.history(ALERTS, integration_id)
    assert isinstance(history, RunHistory)
    assert set(history.left_out) <= odd.keys()
    for answer in (history, await queries.overview(ALERTS), await queries.listing(ALERTS, None)):
        json.dumps(render_answer(answer, i18n, now=now).blocks)
    assert history_window(history, i18n, now)
    json.dumps(home_view(await bot.bot.app.homes.home(frozenset({ALERTS}), 0), i18n, now))


@pytest.mark.parametrize("field", LISTED_FIELDS)
async def test_absurd_values_of_the_list_stop_nothing_else(bot: Whole, field: str) -> None:
    """One field after the other, with every value."""
    await told_beside(bot, [({field: value}, {}) for value in ABSURD])


@pytest.mark.parametrize("field", RUN_FIELDS)
async def test_absurd_values_of_a_run_stop_nothing_else(bot: Whole, field: str) -> None:
    """Likewise for what the status call tells of runs."""
    await told_beside(bot, [({}, {field: value}) for value in ABSURD])


@pytest.mark.parametrize("seed", range(2))
async def test_absurd_values_in_all_fields_at_once_stop_nothing_else(bot: Whole, seed: int) -> None:
    """Any mixture of them."""
    chosen = Random(seed)
    odd = [
        tuple({field: chosen.choice(ABSURD) for field in fields} for fields in (LISTED_FIELDS, RUN_FIELDS))
        for _ in range(12)
    ]
    await told_beside(bot, [(item, run) for item, run in odd])
