"""Absurd values in any field of any answer of Braze: whatever they are, a real failure beside them is told in time.

Everything is driven as it works together: the poller, what judges, the outbox, Slack's renderers, status and Home.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from cdi_bot.core.model.incident import Kind, Topic
from cdi_bot.sandbox.faults import Fault, FaultKind
from cdi_bot.slack.render.answers import render_answer
from cdi_bot.slack.render.history import history_window
from cdi_bot.slack.render.home import home_view
from cdi_bot.slack.render.kit.i18n import Translator
from cdi_bot.usecases.query_answers import RunHistory
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


HEADERS = [
    "X-RateLimit-Limit",
    "X-RateLimit-Remaining",
    "X-RateLimit-Reset",
    "Retry-After",
    "Link",
    "Date",
]

_times = st.builds(
    lambda time, zone: f"{time.isoformat()}{zone}",
    st.datetimes(),
    st.sampled_from(["", "Z", "+14:00", "-23:59"]),
)
absurd = st.recursive(
    st.sampled_from(ABSURD)
    | _times
    | st.text(max_size=20)
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=4,
)
"""Any value that JSON can hold; nothing says that Braze sends such, and nothing that it does not."""

_headers = st.dictionaries(
    st.sampled_from(HEADERS),
    absurd.map(lambda value: re.sub(r"[^ -~]", "?", str(value))[:200])
    | st.sampled_from(["Fri, 31 Dec 9999 23:59:59 GMT", "Mon, 01 Jan 0001 00:00:00 GMT"]),
    max_size=3,
)


@dataclass(frozen=True, kw_only=True)
class Odd:
    """What is absurd of one integration: fields of the list, of a run, junk beside the runs, and headers.

    `error` is a status and a body that its first two status calls are answered with.
    """

    item: dict[str, Any] = field(default_factory=dict)
    run: dict[str, Any] = field(default_factory=dict)
    junk: list[Any] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    error: tuple[int, str] | None = None


odd_ones = st.builds(
    Odd,
    item=st.dictionaries(st.sampled_from(LISTED_FIELDS), absurd, max_size=6),
    run=st.dictionaries(st.sampled_from(RUN_FIELDS), absurd, max_size=4),
    junk=st.lists(absurd, max_size=2),
    headers=_headers,
    error=st.none()
    | st.tuples(
        st.sampled_from([200, 204, 302, 400, 404, 409, 418, 500, 503, 599]),
        absurd.map(json.dumps) | st.builds(lambda value: json.dumps({"message": value}), absurd),
    ),
)


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


async def told_beside(
    bot: Whole, odd: Sequence[Odd], *, junk: Sequence[Any] = (), headers: dict[str, str] | None = None
) -> None:
    """Have Braze answer so of an integration each; their failures and that of the one behind them are told.

    `junk` stands in the list beside them, and its answer has these `headers`.
    """
    ids = [bot.create(f"A {place}") for place in range(len(odd))]
    sound = bot.create("B sound")
    await bot.run(5)
    await bot.subscribe(topics=frozenset(Topic))
    await bot.run(60, step=5)
    await bot.sleep(120)
    now, failed = bot.clock.now, run_of(bot.clock.now, "error", 1)

    def answer(
        path: str, rows: Sequence[Any], headers: dict[str, str] | None = None, says: Any = "success"
    ) -> None:
        body = json.dumps({"message": says, "results": rows})
        fault = Fault(kind=FaultKind.STATUS, status=200, body=body, path=path, headers=headers or {})
        bot.sandbox.braze.faults.add(fault)

    items = [listed(now, key, "A") | one.item for key, one in zip(ids, odd, strict=True)]
    extra = [listed(now, "x", "X") | {"integration_id": value} for value in junk]
    answer("/cdi/integrations$", [*items, *junk, *extra, listed(now, sound, "B sound")], headers)
    for key, one in zip(ids, odd, strict=True):
        path = f"/cdi/integrations/{key}/job"
        if one.error:
            status, body = one.error
            bot.sandbox.braze.faults.add(
                Fault(
                    kind=FaultKind.STATUS, status=status, body=body, path=path, headers=one.headers, times=2
                )
            )
        answer(path, [run_of(now, "success", 0.5) | one.run, *one.junk, failed], one.headers)
    answer(f"/cdi/integrations/{sound}/job", [failed])
    with capture_logs() as logs:
        await bot.run(400 if any(one.error for one in odd) else 120, step=10)
        for key, one in zip(ids, odd, strict=True):
            await shown(bot, key, one)
    assert not [line for line in logs if line.get("exc_info") or line["log_level"] == "error"], logs
    assert bot.bot.app.workspaces.troubles.present() == []
    assert bot.messages()
    start = datetime.fromisoformat(failed["sync_start_time"])
    async with bot.store.read() as uow:
        for key in (*ids, sound):
            stored = await uow.runs.page(bot.workspace_id, key, offset=0, limit=20)
            assert start in {run.sync_start_time for run in stored}
        assert await uow.incidents.open_for(bot.workspace_id, Kind.SYNC_FAILED, [sound])
    unreadable = [line for line in logs if "not readable" in line["event"]]
    keys = [(line["integration"], line["event"], line["where"], line["why"]) for line in unreadable]
    assert len(keys) == len(set(keys)), "logged more than once"


async def shown(bot: Whole, integration_id: str, odd: Odd) -> None:
    """Status, its window, the overview, the list and Home can be drawn."""
    queries, i18n, now = bot.bot.app.queries, Translator(), bot.clock.now
    history = await queries.history(ALERTS, integration_id)
    assert isinstance(history, RunHistory)
    assert odd.junk or set(history.left_out) <= (odd.item | odd.run).keys()
    for answer in (history, await queries.overview(ALERTS), await queries.listing(ALERTS, None)):
        json.dumps(render_answer(answer, i18n, now=now).blocks)
    assert history_window(history, i18n, now)
    json.dumps(
        home_view(
            await bot.bot.app.homes.home(frozenset({ALERTS}), 0), i18n, now, bot.bot.app.workspaces.troubles
        )
    )


@pytest.mark.parametrize("_part", range(4))  # in parts, each of which takes no longer than a test may
@settings(max_examples=5, phases=[Phase.explicit, Phase.reuse, Phase.generate])  # a life a try: no shrinking
@given(odd=st.lists(odd_ones, min_size=1, max_size=10), junk=st.lists(absurd, max_size=2), headers=_headers)
def test_no_value_in_any_answer_stops_anything_else(
    odd: list[Odd], junk: list[Any], headers: dict[str, str], _part: int
) -> None:
    """Any values, in any fields, headers and errors, of all answers at once."""

    async def live() -> None:
        with TemporaryDirectory() as folder:
            async with whole(Path(folder)) as bot:
                await told_beside(bot, odd, junk=junk, headers=headers)

    asyncio.run(live())
