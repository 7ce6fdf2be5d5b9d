"""The score: what counts as named in time, and what as told for nothing."""

from typing import Any

from tests.bench.alerts.history import DAY, HOUR, MONTH, Fault, History, Run, iso
from tests.bench.alerts.score import Tally, judge

FAULT = Fault("stopped", "frequent", 20 * DAY, 30 * DAY, (("quality", "no_rows"), ("late", "")))
RUNS = [
    Run(hour * HOUR, hour * HOUR + 60, "error" if hour == 7 else "success", None, 0) for hour in range(960)
]


def history(fault: Fault | None = None, **options: Any) -> History:
    return History("one", "hourly users", 0.0, 40 * DAY, list(RUNS), [], fault=fault, **options)


def incident(kind: str, reason: str | None, opened: float, run_start: float | None = None) -> dict[str, Any]:
    return {
        "integration_id": "one",
        "kind": kind,
        "reason": reason,
        "opened_at": iso(opened),
        "run_start": None if run_start is None else iso(run_start),
    }


def test_a_fault_is_named_between_its_begin_and_its_deadline() -> None:
    told = [incident("quality", "no_rows", 22 * DAY), incident("quality", "no_rows", 21 * DAY)]

    assert judge(history(FAULT), told).delay == DAY
    assert judge(history(FAULT), [incident("late", "rhythm", 20 * DAY)]).delay == 0
    assert judge(history(FAULT), [incident("quality", "rows_high", 21 * DAY)]).delay is None
    assert judge(history(FAULT), [incident("quality", "no_rows", 31 * DAY)]).delay is None


def test_what_is_told_before_the_fault_is_false() -> None:
    found = judge(history(FAULT), [incident("quality", "no_rows", 19 * DAY)])

    assert (len(found.false), found.delay, found.months) == (1, None, 20 * DAY / MONTH)


def test_failing_runs_justify_what_is_told_of_them_alone() -> None:
    told = [incident("sync_failed", "error", DAY, 7 * HOUR), incident("sync_failed", "error", DAY, 8 * HOUR)]

    assert judge(history(), told).false == told[1:]


def test_what_people_and_braze_did_may_be_told() -> None:
    unreachable = history(unreachable=[(DAY, 2 * DAY)], lifecycle=True)
    told = [incident("lifecycle", "paused", DAY), incident("unreachable", None, DAY + 300)]

    assert judge(unreachable, told).false == []
    assert judge(history(), told).false == told


def test_a_tally_counts_each_strength_alike() -> None:
    tally, other = Tally(), Tally()
    tally.add(history(FAULT), [incident("quality", "no_rows", 21 * DAY)])
    other.add(history(FAULT), [])
    other.add(history(Fault("drop", "to 10 %", 20 * DAY, 30 * DAY, (("quality", "rows_low"),))), [])
    tally.merge(other)

    assert tally.recall == 0.25
    assert tally.faults["stopped", "frequent"] == [DAY, None]


def test_single_spikes_and_partial_runs_are_counted_by_themselves() -> None:
    losing = history()
    losing.source = "always loses a little, most runs"
    losing.runs[3].status = "partial"
    tally = Tally()
    tally.add(losing, [incident("notice", "spike", DAY), incident("sync_failed", "partial", DAY, 3 * HOUR)])

    assert tally.false_a_month == 0
    assert tally.spikes_a_month * tally.months == 1
    assert tally.partials_a_month * tally.months == 1
