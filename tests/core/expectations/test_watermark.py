"""The watermark: ahead, behind, moving without rows, and standing still though rows come."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from cdi_bot.core.expectations.history import IntegrationHistory
from cdi_bot.core.expectations.watermark import is_right, judge_ahead, judge_watermark, seconds_ahead
from cdi_bot.core.model.incident import QualityReason
from cdi_bot.core.model.run import Run
from tests.core.expectations.pasts_kit import HOUR, WEEKS, at, line, past_of, ran

HOURS = 3600


def newest(ahead: float, start: float = WEEKS) -> Run:
    """A run whose watermark lies so many seconds after its end."""
    run = ran(at(start))
    return replace(run, last_timestamp_synced=at(start) + timedelta(seconds=60 + ahead))


def is_ahead(ahead: float, usually: float | None) -> bool:
    """Whether that is told where watermarks usually lie so far ahead; `None` where nothing is known."""
    expected = None if usually is None else past_of(line(0, WEEKS, behind=-usually), at(WEEKS)).expected
    found = judge_ahead(newest(ahead), expected)
    if found is None:
        return False
    assert (found.reason, found.since) == (QualityReason.WATERMARK_AHEAD, at(WEEKS))
    assert (found.measured.observed, found.measured.magnitude) == (ahead, ahead)
    assert found.measured.usual == max(usually or 0, 0)
    return True


@pytest.mark.parametrize(
    ("ahead", "usually", "is_told"),
    [
        (365 * 24 * HOURS, None, True),  # a typing error in the year: nothing of the past is needed
        (365 * 24 * HOURS, 9 * HOURS, True),
        (24 * HOURS, None, True),
        (9 * HOURS, None, False),  # it may be local time
        (9 * HOURS, -60, True),
        (9 * HOURS, 9 * HOURS, False),
        (10 * HOURS, 9 * HOURS, False),  # summer time begins
        (12 * HOURS, 9 * HOURS, True),
        (1 * HOURS, -60, True),
        (10, -60, False),
        (-60, None, False),
    ],
)
def test_a_watermark_in_the_future(ahead: float, usually: float | None, is_told: bool) -> None:
    """It is told where no zone explains it, or where it used to be right."""
    assert is_ahead(ahead, usually) is is_told


def test_a_run_without_a_watermark_says_nothing() -> None:
    """It is neither ahead nor right."""
    without = ran(at(0), watermark=None)
    assert seconds_ahead(without) is None
    assert not is_right(without)
    assert judge_ahead(without, None) is None
    assert is_right(newest(0))
    assert not is_right(newest(24 * HOURS))


def judged(usual: list[Run], odd: list[Run]) -> tuple[str, ...]:
    """What is told of the watermark after these runs."""
    past = past_of(usual, at(WEEKS))
    for run in odd:
        past.history.add(run)
    assert past.expected is not None
    found = judge_watermark(past.history, past.expected)
    if found is None:
        return ()
    assert odd[0].sync_start_time - HOUR <= found.since <= odd[-1].sync_start_time
    return (found.reason,)


USUAL = line(0, WEEKS)


def odd(count: int, rows: int = 100, *, moves: bool = True, status: str = "success") -> list[Run]:
    """The next runs, whose watermark moves or not."""
    still = USUAL[-1].last_timestamp_synced or at(0)
    return [
        ran(
            at(WEEKS + n / 24),
            rows,
            status,
            watermark=at(WEEKS + n / 24) if moves else still,
        )
        for n in range(count)
    ]


def test_rows_that_arrive_late_are_told() -> None:
    """After a few runs in a row, where they never were so late."""
    lag = line(WEEKS, WEEKS + 0.5, behind=2 * 24 * HOURS)
    assert judged(USUAL, lag) == (QualityReason.WATERMARK_LAG,)
    assert judged(USUAL, lag[:1]) == ()
    always = line(0, WEEKS, behind=2 * 24 * HOURS)
    assert judged(always, line(WEEKS, WEEKS + 0.5, behind=2 * 24 * HOURS)) == ()
    assert judged(always, line(WEEKS, WEEKS + 0.5, behind=6 * 24 * HOURS)) == (QualityReason.WATERMARK_LAG,)
    # One run that has it right shows that rows arrive again.
    assert judged(USUAL, [*lag, *line(WEEKS + 0.5, WEEKS + 0.55)]) == ()


def test_runs_without_rows_that_move_it_are_told() -> None:
    """Not where they always do, nor where one brings rows."""
    assert judged(USUAL, odd(5, 0)) == (QualityReason.HOLLOW,)
    assert judged(USUAL, odd(1, 0)) == ()
    assert judged(USUAL, odd(5, 0, moves=False)) == ()
    assert judged(USUAL, [*odd(5, 0), *line(WEEKS + 0.3, WEEKS + 0.35)]) == ()
    always = [ran(at(n / 24), n % 2 * 50, watermark=at(n / 24)) for n in range(round(WEEKS) * 24)]
    assert judged(always, odd(5, 0)) == ()


def test_the_same_rows_again_are_told() -> None:
    """Runs bring rows, and the watermark stands; not where that is how it always was."""
    assert judged(USUAL, odd(5, moves=False)) == (QualityReason.RESYNC,)
    assert judged(USUAL, odd(1, moves=False)) == ()
    assert judged(USUAL, odd(5, moves=False, status="partial")) == (
        QualityReason.RESYNC,
    )  # all but some rows
    assert judged(USUAL, odd(5, moves=False, status="error")) == ()
    static = [ran(at(n / 24), watermark=at(0)) for n in range(round(WEEKS) * 24)]
    still = [ran(at(WEEKS + n / 24), watermark=at(0)) for n in range(5)]
    assert judged(static, still) == ()


def test_the_whole_table_again_and_again_is_told() -> None:
    """Though the watermark moves: far more rows than ever, and nearly as many each time."""
    assert judged(USUAL, odd(10, 20_000)) == (QualityReason.RESYNC,)
    assert judged(USUAL, odd(1, 20_000)) == ()
    growing = [replace(run, rows_synced=20_000 * (n + 1)) for n, run in enumerate(odd(10))]
    assert judged(USUAL, growing) == ()


def test_nothing_is_told_of_an_integration_that_is_not_known_yet() -> None:
    """After a few days only what no past explains."""
    short = line(WEEKS - 4, WEEKS)
    for runs in (
        odd(5, 0),
        odd(5, moves=False),
        odd(10, 20_000),
        line(WEEKS, WEEKS + 0.5, behind=2 * 24 * HOURS),
    ):
        assert judged(short, runs) == ()
    past = past_of(USUAL, at(WEEKS))
    assert past.expected is not None
    assert judge_watermark(IntegrationHistory(), past.expected) is None
