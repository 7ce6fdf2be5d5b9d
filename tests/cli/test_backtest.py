"""`cdi-bot backtest`: over a file in any order, with clear words for one that can't be read."""

from __future__ import annotations

import gzip
import json
import random
from pathlib import Path
from typing import Any

import pytest

from tests.program import Invoke

Line = dict[str, Any]


def ran(hour: int, status: str = "success", integration: str = "users-1", **more: Any) -> Line:
    """A run of two minutes, that many hours into a day."""
    day, hour = divmod(hour, 24)
    return {
        "integration_id": integration,
        "job_status": status,
        "sync_start_time": f"2026-03-{day + 1:02}T{hour:02}:00:00.250000Z",
        "sync_finish_time": f"2026-03-{day + 1:02}T{hour:02}:02:00Z",
        "last_timestamp_synced": f"2026-03-{day + 1:02}T{hour:02}:00:00Z",
        "rows_synced": 10,
        "rows_failed_with_errors": 0,
        **more,
    }


def list_line(hour: int, integration: str = "users-1", name: str = "Users EU", **more: Any) -> Line:
    """What the list told at an hour of the first day."""
    return {
        "integration_id": integration,
        "integration_name": name,
        "observed_at": f"2026-03-01T{hour:02}:00:00Z",
        **more,
    }


HISTORY = [
    list_line(0),
    list_line(0, "orders-1", "Orders"),
    *(ran(hour, "error" if hour in {5, 6, 30} else "success") for hour in range(48)),
    *(ran(hour, "partial" if hour == 7 else "success", "orders-1") for hour in range(48)),
    {"unreachable_from": "2026-03-01T12:00:00Z", "unreachable_until": "2026-03-01T12:30:00Z"},
]


def written(lines: list[Line]) -> str:
    """The file's text."""
    return "".join(json.dumps(line) + "\n" for line in lines)


def printed(stdout: str) -> tuple[list[Line], Line]:
    """The incidents, and the summary."""
    *incidents, summary = map(json.loads, stdout.splitlines())
    return incidents, summary["summary"]


@pytest.fixture
def history(tmp_path: Path) -> Path:
    """The history as a file."""
    path = tmp_path / "history.jsonl"
    path.write_text(written(HISTORY))
    return path


def test_as_json(invoke: Invoke, history: Path) -> None:
    """One line an incident in the order of time, then a summary."""
    finished = invoke("backtest", "--runs", str(history), "--json")
    assert finished.exit_code == 0
    incidents, summary = printed(finished.stdout)
    assert [(each["kind"], each["integration_id"], each["reason"]) for each in incidents] == [
        ("sync_failed", "users-1", "error"),
        ("sync_failed", "orders-1", "partial"),
        ("unreachable", None, "unreachable"),
        ("sync_failed", "users-1", "error"),
    ]
    assert incidents[0] == {
        "integration_id": "users-1",
        "kind": "sync_failed",
        "reason": "error",
        "opened_at": "2026-03-01T05:02:20.000000Z",
        "resolved_at": "2026-03-01T07:02:20.000000Z",
        "run_start": "2026-03-01T05:00:00.250000Z",
        "text": "Users EU – Error: no rows synced",
    }
    assert summary == {
        "integrations": 2,
        "runs": 96,
        "from": "2026-03-01T00:00:00.000000Z",
        "until": "2026-03-02T23:02:20.000000Z",
        "incidents": 4,
        "by_kind": {"sync_failed": 3, "unreachable": 1},
    }


def test_in_any_order_packed_or_piped(invoke: Invoke, history: Path, tmp_path: Path) -> None:
    """The same lines, the same answer."""
    plain = invoke("backtest", "--runs", str(history), "--json").stdout
    lines = list(HISTORY)
    random.Random(5).shuffle(lines)
    packed = tmp_path / "runs.gz"
    packed.write_bytes(gzip.compress(("\ufeff" + written(lines)).encode()))
    assert invoke("backtest", "--runs", str(packed), "--json").stdout == plain
    assert invoke("backtest", "--runs", "-", "--json", stdin="\n\n" + written(lines)).stdout == plain


@pytest.mark.parametrize(
    ("selector", "found"),
    [
        ("all", 4),
        ("users-1", 3),
        ("user", 3),
        ("Users*", 3),
        ("orders", 2),
        ("nothing", 1),
    ],
)
def test_of_some(invoke: Invoke, history: Path, selector: str, found: int) -> None:
    """A selector means the same as in chat; whether Braze answers concerns all."""
    incidents, _ = printed(invoke("backtest", selector, "--runs", str(history), "--json").stdout)
    assert len(incidents) == found


def test_of_the_last_days(invoke: Invoke, history: Path) -> None:
    """What was told earlier is left out, though it was lived through."""
    incidents, summary = printed(invoke("backtest", "--days", "1", "--runs", str(history), "--json").stdout)
    assert [each["opened_at"] for each in incidents] == ["2026-03-02T06:02:20.000000Z"]
    assert summary["from"] == "2026-03-01T23:02:20.000000Z"


def test_for_people(invoke: Invoke, history: Path) -> None:
    """A table, and a sentence that sums it up."""
    finished = invoke("backtest", "--runs", str(history))
    assert finished.exit_code == 0
    assert "Users EU – Error: no rows synced" in finished.stdout
    assert "Would have sent 4 alerts in the last 2 days: 3 failed, 1 outage of Braze." in finished.stdout


def test_an_empty_file(invoke: Invoke) -> None:
    """Nothing was told."""
    finished = invoke("backtest", "--runs", "-", stdin="\n")
    assert (finished.exit_code, finished.stdout) == (0, "No runs are known.\n")
    _, summary = printed(invoke("backtest", "--runs", "-", "--json", stdin="").stdout)
    assert (summary["incidents"], summary["from"]) == (0, None)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("{", "no JSON"),
        ("[" * 5000, "no JSON"),
        ("[1]", "no JSON object"),
        ("17", "no JSON object"),
        ('{"a": 1}], "results": [{"b": 2}', "no JSON"),
        ({"integration_id": "a"}, "no run"),
        (ran(1, integration="../.."), "integration_id"),
        (ran(1, integration=7), "integration_id"),  # type: ignore[arg-type]
        (ran(1, status=""), "job_status"),
        (ran(1, status=3), "job_status"),  # type: ignore[arg-type]
        (ran(1, rows_synced="many"), "rows_synced"),
        (ran(1, rows_synced=-1), "rows_synced"),
        (ran(1, sync_start_time=None), "sync_start_time"),
        (ran(1, sync_start_time="0001-01-01T00:00:00Z"), "sync_start_time can't be believed"),
        (ran(1, sync_start_time="9999-01-01T00:00:00Z"), "sync_start_time can't be believed"),
        (ran(1, sync_start_time="0001-01-01T00:00:00+14:00"), "sync_start_time"),
        (ran(1, sync_start_time="2026-03-01T00:00:00"), "without a zone"),
        (ran(1, sync_finish_time="2026-13-01T00:00:00Z"), "sync_finish_time"),
        (list_line(1, observed_at="yesterday"), "observed_at"),
        (list_line(1, observed_at="2026-03-01T00:00:00"), "observed_at is no time with a zone"),
        (list_line(1, next_scheduled_run=5), "next_scheduled_run"),
        ({"unreachable_from": "2026-03-02T00:00:00Z", "unreachable_until": "2026-03-01T00:00:00Z"}, "before"),
        ({"unreachable_from": "2026-03-02T00:00:00Z", "unreachable_until": None}, "unreachable_until"),
        ("x" * 1_100_000, "too long"),
    ],
    ids=str,
)
def test_a_bad_line(invoke: Invoke, line: Line | str, why: str) -> None:
    """It is named by its number, with what is wrong; nothing else is printed."""
    bad = line if isinstance(line, str) else json.dumps(line)
    finished = invoke("backtest", "--json", "--runs", "-", stdin=written([ran(0), ran(1)]) + f"\n{bad}\n")
    assert (finished.exit_code, finished.stdout) == (2, "")
    words = " ".join(finished.stderr.replace("│", " ").split())
    assert "line 4: " in words
    assert why in words


def test_a_watermark_far_ahead_is_what_a_mistyped_year_looks_like(invoke: Invoke) -> None:
    """It is told, not refused."""
    line = ran(1, last_timestamp_synced="+12026-03-01T00:00:00Z")
    finished = invoke("backtest", "--json", "--runs", "-", stdin=written([ran(0), line, ran(2)]))
    incidents, _ = printed(finished.stdout)
    assert [(each["kind"], each["reason"]) for each in incidents] == [("quality", "watermark_ahead")]


def test_a_run_that_is_far_larger_is_a_notice(invoke: Invoke) -> None:
    """It is told once, as no incident."""
    runs = [ran(hour, rows_synced=1000 + hour % 7) for hour in range(24 * 30)]
    runs[24 * 28 + 5] |= {"rows_synced": 900_000}
    finished = invoke("backtest", "--json", "--runs", "-", stdin=written(runs))
    incidents, summary = printed(finished.stdout)
    notices = [each for each in incidents if each["kind"] == "notice"]
    assert [(each["reason"], each["run_start"]) for each in notices] == [
        ("spike", "2026-03-29T05:00:00.250000Z")
    ]
    assert summary["by_kind"]["notice"] == 1


def test_files_that_are_none(invoke: Invoke, tmp_path: Path) -> None:
    """Binary, cut off, missing, a folder: each is said in words."""
    binary = tmp_path / "binary"
    binary.write_bytes(bytes(range(256)) * 20)
    cut = tmp_path / "cut.gz"
    whole = gzip.compress(written(HISTORY).encode())
    cut.write_bytes(whole[: len(whole) // 2])
    broken = tmp_path / "broken.gz"
    broken.write_bytes(whole[:40] + b"\x00\x00" + whole[42:])
    for path in (binary, cut, broken, tmp_path / "missing", tmp_path):
        finished = invoke("backtest", "--json", "--runs", str(path))
        assert (finished.exit_code, finished.stdout) == (2, ""), path
        assert "Traceback" not in finished.stderr
        assert "--runs" in finished.stderr


def test_changes_in_braze_are_lines_of_their_own(invoke: Invoke, tmp_path: Path) -> None:
    """By kind `lifecycle`, with what changed as reason; the summary counts them."""
    lines = [
        *(list_line(hour, name="Users EU" if hour < 5 else "Users US") for hour in range(10)),
        *(ran(hour) for hour in range(10)),
    ]
    file = tmp_path / "runs.jsonl"
    file.write_text(written(lines), encoding="utf-8")
    found, summary = printed(invoke("backtest", "--runs", str(file), "--json").stdout)
    assert [(each["kind"], each["reason"], each["opened_at"]) for each in found] == [
        ("lifecycle", "renamed", "2026-03-01T05:00:00.000000Z")
    ]
    assert "Users EU renamed to Users US in Braze" in found[0]["text"]
    assert summary["by_kind"] == {"lifecycle": 1}


def test_a_source_that_always_loses_a_little_is_named_as_such(invoke: Invoke, tmp_path: Path) -> None:
    """One incident, under its own reason, for all of its partial runs; one that loses much stays partial."""
    little: Line = {"rows_synced": 9_990, "rows_failed_with_errors": 10}
    much: Line = {"rows_synced": 5_000, "rows_failed_with_errors": 5_000}
    clean: Line = {"rows_synced": 10_000}
    lines = [
        ran(hour, "partial" if hour % 3 else "success", **(little if hour % 3 else clean))
        for hour in range(20 * 24)
    ]
    lines += [ran(hour, "partial", "orders-1", **much) for hour in range(48)]
    path = tmp_path / "losing.jsonl"
    path.write_text(written(lines))
    incidents, _ = printed(invoke("backtest", "--runs", str(path), "--json").stdout)
    assert [(each["integration_id"], each["kind"], each["reason"]) for each in incidents] == [
        ("orders-1", "sync_failed", "partial"),
        ("users-1", "sync_failed", "always_loses"),
    ]
