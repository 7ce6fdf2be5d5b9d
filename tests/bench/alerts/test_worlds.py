"""The made-up histories: the same for the same seed, in the format of `backtest --runs`, healthy until their fault."""

import json
from collections import Counter
from functools import cache
from itertools import pairwise
from random import Random

import pytest

from tests.bench.alerts.faults import FAULTS, Kind
from tests.bench.alerts.history import DAY, WEEK, History, Run
from tests.bench.alerts.kinds import HEALTHY
from tests.bench.alerts.score import seconds
from tests.bench.alerts.worlds import REPORT, TUNING, faulty, histories

RUN_FIELDS = {
    "integration_id", "job_status", "sync_start_time", "sync_finish_time", "last_timestamp_synced", "rows_synced",
    "rows_failed_with_errors",
}  # fmt: skip
STATUSES = {"success", "partial", "error", "config_error", "running"}


@cache
def world() -> tuple[History, ...]:
    return tuple(histories(7))


def test_there_is_one_of_each_kind_and_each_strength() -> None:
    healthy = [one for one in world() if one.fault is None]
    faults = [(one.fault.kind, one.fault.strength) for one in world() if one.fault]

    assert [one.source for one in healthy] == list(HEALTHY)
    assert faults == [(kind.kind, kind.strength) for kind in FAULTS]
    assert len(set(faults)) == len(faults)
    assert len({kind for kind, _ in faults}) == 15
    assert max(Counter(one.integration_id for one in world()).values()) == 1


def test_the_same_seed_makes_the_same_history() -> None:
    kind = FAULTS[0]

    assert list(faulty(3, kind).lines()) == list(faulty(3, kind).lines())
    assert list(faulty(3, kind).lines()) != list(faulty(4, kind).lines())
    assert not set(TUNING) & set(REPORT)


def test_lines_are_as_backtest_reads_them() -> None:
    for history in world()[::9]:
        times = []
        for line in history.lines():
            json.dumps(line)
            if "job_status" in line:
                assert line.keys() == RUN_FIELDS
                assert line["job_status"] in STATUSES
                times.append(line["sync_start_time"])
            elif "integration_name" in line:
                times.append(line["observed_at"])
                assert line["integration_status"] in {"active", "paused"}
            else:
                times.append(line["unreachable_from"])
                assert line["unreachable_from"] < line["unreachable_until"]
        assert times == sorted(times)


def test_runs_are_possible() -> None:
    for history in world():
        runs = history.runs
        assert all(history.begin <= run.start < history.end + DAY for run in runs)
        for run, following in pairwise(runs):
            assert run.end is not None
            assert run.start < run.end <= following.start, history.integration_id
        for run in runs:
            _possible(run)


def test_a_healthy_schedule_goes_on_to_the_end() -> None:
    for history in world():
        planned = [one.next for one in history.listed if one.next is not None]
        if planned and history.fault is None:
            assert planned[-1] >= history.end, history.source


def _possible(run: Run) -> None:
    assert run.rows >= 0
    assert run.failed >= 0
    assert (run.status == "running") == (run.end is None)
    assert run.failed == 0 or run.status == "partial"
    assert run.rows == 0 or run.status in {"success", "partial"}


@pytest.mark.parametrize("kind", FAULTS, ids=lambda kind: f"{kind.kind} {kind.strength}")
def test_a_fault_changes_nothing_before_it_begins(kind: Kind) -> None:
    history = faulty(7, kind)
    rng = Random(f"7/{kind.kind}/{kind.strength}")
    source = HEALTHY[rng.choice(kind.over)](rng)
    if kind.prepare is not None:
        kind.prepare(source, rng)
    plain = source.history(history.integration_id, history.source)
    fault = history.fault

    assert fault is not None
    before = [run for run in plain.runs if run.start < fault.begins]
    assert history.runs[: len(before)] == before
    assert history.runs != plain.runs
    assert 5 * WEEK <= fault.begins - history.begin <= 9.2 * WEEK
    assert fault.begins < fault.counts_until == fault.begins + kind.days * DAY


def test_labels_say_what_is_wrong() -> None:
    labels = [one.label() for one in world()]

    assert labels[0]["fault"] is None
    assert labels[-1]["fault"].keys() == {"kind", "strength", "begins", "alert_counts_until"}
    assert seconds(labels[-1]["fault"]["begins"]) < seconds(labels[-1]["fault"]["alert_counts_until"])
