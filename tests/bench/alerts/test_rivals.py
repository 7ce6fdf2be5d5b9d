"""The rivals: each tells what its one rule says, and resolves it when the rule no longer holds."""

from tests.bench.alerts.history import DAY, HOUR, History, Run
from tests.bench.alerts.rivals import fixed, last_runs, seasonal


def history(rows: list[int], lengths: dict[int, float] | None = None) -> History:
    runs = [
        Run(hour * HOUR, hour * HOUR + (lengths or {}).get(hour, 60.0), "success", hour * HOUR, count)
        for hour, count in enumerate(rows)
    ]
    return History("one", "hourly users", 0.0, len(rows) * HOUR, runs, [])


def test_the_average_of_the_last_runs() -> None:
    told = last_runs(history([100] * 40 + [40, 100, 0, 100, 200], lengths={44: 300.0}))

    assert [one["reason"] for one in told] == ["rows_low", "no_rows", "rows_high", None]
    assert told[0]["opened_at"] == "1970-01-02T16:01:20.000000Z"
    assert told[0]["resolved_at"] == "1970-01-02T17:01:20.000000Z"
    assert told[-1]["kind"] == "slow"


def test_the_seasonal_score() -> None:
    weeks = [100 + week for week in range(4) for _ in range(168)]

    assert seasonal(history(weeks)) == []
    assert [one["reason"] for one in seasonal(history([*weeks, 90, 120]))] == ["rows_low", "rows_high"]


def test_the_fixed_thresholds() -> None:
    hanging = history([100] * 10)
    hanging.runs[-1].end = None

    assert [one["reason"] for one in fixed(history([100] * 10 + [0] * 48))] == ["no_rows"]
    assert [one["kind"] for one in fixed(history([100] * 10, lengths={3: 4000.0}))] == ["slow"]
    assert [one["kind"] for one in fixed(hanging)] == ["slow"]

    stopped = history([100] * 10)
    stopped.end = 5 * DAY
    assert [(one["kind"], one["resolved_at"]) for one in fixed(stopped)] == [("late", None)]
