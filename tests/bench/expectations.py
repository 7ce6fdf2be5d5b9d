"""What it costs to learn what is usual and to judge by it: `python -m tests.bench.expectations`.

Printed for 10,000 integrations with 60 runs a day each: seconds of CPU a day, and memory, from a measured sample.
"""

from __future__ import annotations

import gc
import json
import time
import tracemalloc
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from random import Random

from cdi_bot.core.expectations.history import RECENT_RUNS
from cdi_bot.core.expectations.judge import quality_flaws
from cdi_bot.core.expectations.past import LearnedPast
from cdi_bot.core.model.run import Run

INTEGRATIONS, RUNS_A_DAY, SAMPLE = 10_000, 60, 40
BEGIN, DAYS = datetime(2026, 1, 5, tzinfo=UTC), 53


def runs_of(rng: Random) -> list[Run]:
    """Seven weeks of an integration whose rows follow the day and the week."""
    runs = []
    for number in range(DAYS * RUNS_A_DAY):
        start = BEGIN + timedelta(days=1) / RUNS_A_DAY * number
        rows = round(
            900 * (1.2 - abs(start.hour - 14) / 14) * (1 if start.weekday() < 5 else 0.4) * rng.gauss(1, 0.1)
        )
        finish = start + timedelta(seconds=rng.gauss(90, 10))
        runs.append(
            Run(
                integration_id="users",
                sync_start_time=start,
                job_status="success",
                sync_finish_time=finish,
                last_timestamp_synced=start - timedelta(minutes=5),
                rows_synced=max(rows, 0),
                rows_failed_with_errors=0,
            )
        )
    return runs


def main() -> None:
    """Measure and print."""
    histories = [runs_of(Random(seed)) for seed in range(SAMPLE)]
    pasts = [LearnedPast() for _ in histories]
    count = SAMPLE * DAYS * RUNS_A_DAY
    add = _cpu(lambda: _add_all(pasts, histories)) / count
    now = BEGIN + timedelta(days=DAYS)
    longest: list[float] = []
    learn = _cpu(lambda: longest.extend(_learn(past, now) for past in pasts))
    judge = _cpu(lambda: _judge_all(pasts, histories, now))
    stored = [json.dumps(past.to_json()) for past in pasts]
    save = _cpu(lambda: [json.dumps(past.to_json()) for past in pasts])
    tracemalloc.start()
    kept = [_kept(text, runs) for text, runs in zip(stored, histories, strict=True)]
    gc.collect()
    memory = tracemalloc.get_traced_memory()[0] / len(kept)
    tracemalloc.stop()
    a_day = INTEGRATIONS / SAMPLE
    rows: Sequence[tuple[str, float, str]] = (
        ("take in the runs", add * INTEGRATIONS * RUNS_A_DAY, f"{add * 1e6:.1f} µs a run"),
        (
            "learn once a day",
            learn * a_day,
            f"{learn / SAMPLE * 1e3:.2f} ms each, {max(longest) * 1e3:.1f} ms at most",
        ),
        (
            "judge each run, and each hour",
            judge * a_day,
            f"{judge / SAMPLE / (RUNS_A_DAY + 24) * 1e6:.0f} µs a time",
        ),
        ("store what is kept", save * a_day, f"{len(stored[0]) / 1000:.1f} kB each"),
    )
    print(f"{INTEGRATIONS:,} integrations with {RUNS_A_DAY} runs a day: seconds of CPU a day\n")
    for what, seconds, each in rows:
        print(f"| {what} | {seconds:.1f} s | {each} |")
    print(
        f"| all of it | {sum(seconds for _, seconds, _ in rows):.0f} s | {memory / 1000:.1f} kB of memory each |"
    )


def _add_all(pasts: Sequence[LearnedPast], histories: Sequence[list[Run]]) -> None:
    for past, runs in zip(pasts, histories, strict=True):
        for run in runs:
            past.history.add(run)


def _learn(past: LearnedPast, now: datetime) -> float:
    return _cpu(lambda: past.learn(now, is_off=False, is_slow=False))


def _judge_all(pasts: Sequence[LearnedPast], histories: Sequence[list[Run]], now: datetime) -> None:
    for past, runs in zip(pasts, histories, strict=True):
        _judge_a_day(past, runs[-1], now)


def _kept(text: str, runs: list[Run]) -> LearnedPast:
    """What stays in memory."""
    past = LearnedPast.from_json(json.loads(text), runs[-RECENT_RUNS:])
    past.history.let_go_of_older()
    return past


def _judge_a_day(past: LearnedPast, newest: Run, now: datetime) -> None:
    """As often as it is judged live: at each run, and each hour."""
    for number in range(RUNS_A_DAY + 24):
        quality_flaws(past, newest, now + timedelta(days=1) / (RUNS_A_DAY + 24) * number, {})


def _cpu(work: Callable[[], object]) -> float:
    """The seconds of CPU that it takes."""
    begin = time.process_time()
    work()
    return time.process_time() - begin


if __name__ == "__main__":
    main()
