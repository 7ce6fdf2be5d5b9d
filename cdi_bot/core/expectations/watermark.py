"""The watermark: it moves when rows come, and only then, is never ahead, and lags no more than it ever did."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from cdi_bot.core.expectations.expectations import Expectations
from cdi_bot.core.expectations.flaws import Flaw, flaw
from cdi_bot.core.expectations.history import IN_A_ROW, IntegrationHistory
from cdi_bot.core.model.incident import QualityReason
from cdi_bot.core.model.run import Run

_ANY_ZONE = 15 * 3600.0
"""A watermark that is further ahead is no local time taken for UTC: no zone is so far east, summer time included."""

_CLOCKS, _HARDLY, _CLEARLY = 600.0, 60.0, 900.0
_SUMMER_TIME = 3900.0
_KNOWN = 3
_NEVER, _HARDLY_EVER = 0.001, 0.02


def seconds_ahead(run: Run) -> float | None:
    """By how much a run's watermark lies after its end."""
    if run.last_timestamp_synced is None:
        return None
    return (run.last_timestamp_synced - (run.sync_finish_time or run.sync_start_time)).total_seconds()


def is_right(run: Run) -> bool:
    """Whether a run's watermark is known and does not lie in the future."""
    ahead = seconds_ahead(run)
    return ahead is not None and ahead <= _CLOCKS


def judge_ahead(run: Run, expected: Expectations | None) -> Flaw | None:
    """The watermark lies in the future, and used not to; where no zone explains that, nothing of the past is needed."""
    ahead = seconds_ahead(run)
    if ahead is None or ahead <= (_CLOCKS if expected is None else _HARDLY):
        return None
    usual = expected.ahead if expected and expected.runs_with_rows >= _KNOWN else None
    if ahead <= _ANY_ZONE and (usual is None or ahead <= usual + (_SUMMER_TIME if usual > 0 else _CLEARLY)):
        return None
    return flaw(
        QualityReason.WATERMARK_AHEAD,
        run.sync_start_time,
        magnitude=ahead,
        observed=ahead,
        usual=max(usual or 0.0, 0.0),
    )


def judge_watermark(history: IntegrationHistory, expected: Expectations) -> Flaw | None:
    """Three runs in a row whose watermark lags, moves without rows, or stands though rows come."""
    if not expected.knows_watermark:
        return None
    runs = [run for run in history.recent if run.has_synced]
    return (
        _hollow(runs, expected) or _still(runs, expected) or _again(runs, expected) or _behind(runs, expected)
    )


def _behind(runs: Sequence[Run], expected: Expectations) -> Flaw | None:
    if expected.behind is None or not expected.knows_watermark:
        return None
    moved = [
        run
        for before, run in pairwise(run for run in runs if run.last_timestamp_synced)
        if run.rows_synced and run.last_timestamp_synced != before.last_timestamp_synced
    ][-IN_A_ROW:]
    newest = [-ahead for run in moved if (ahead := seconds_ahead(run)) is not None]
    usual = max(expected.behind, 0.0)
    if len(newest) < IN_A_ROW or min(newest) <= 1.5 * usual + 3600:
        return None
    return flaw(
        QualityReason.WATERMARK_LAG,
        moved[0].sync_start_time,
        magnitude=min(newest),
        observed=newest[-1],
        usual=usual,
    )


def _hollow(runs: Sequence[Run], expected: Expectations) -> Flaw | None:
    newest = runs[-IN_A_ROW - 1 :]
    if len(newest) <= IN_A_ROW or expected.hollow > _NEVER or not expected.knows_watermark:
        return None
    if any(run.rows_synced or run.last_timestamp_synced is None for run in newest[1:]):
        return None
    marks = [run.last_timestamp_synced for run in newest]
    if len(set(marks)) <= IN_A_ROW:
        return None
    return flaw(QualityReason.HOLLOW, newest[1].sync_start_time, magnitude=1, observed=IN_A_ROW, usual=0)


def _still(runs: Sequence[Run], expected: Expectations) -> Flaw | None:
    newest = runs[-IN_A_ROW:]
    if len(newest) < IN_A_ROW or expected.still > _HARDLY_EVER or not expected.knows_watermark:
        return None
    if any(not run.rows_synced or run.last_timestamp_synced is None for run in newest):
        return None
    if len({run.last_timestamp_synced for run in newest}) > 1:
        return None
    rows = min(run.rows_synced or 0 for run in newest)
    stood_since = newest[0].last_timestamp_synced or newest[0].sync_start_time
    return flaw(
        QualityReason.RESYNC,
        min(stood_since, newest[0].sync_start_time),
        magnitude=rows,
        observed=rows,
        usual=expected.usual_largest_run,
    )


_SAME = 1.06
_FEW_SAME, _MANY_SAME, _SELDOM = 4, 6, 6 * 3600.0


def _again(runs: Sequence[Run], expected: Expectations) -> Flaw | None:
    """Runs that each bring far more than any before, and nearly the same number: the whole table, again and again."""
    wanted = _FEW_SAME if expected.interval is None or expected.interval > _SELDOM else _MANY_SAME
    newest = [run.rows_synced or 0 for run in runs[-wanted:]]
    if len(newest) < wanted or not expected.knows_watermark:
        return None
    if min(newest) < max(2.5 * expected.largest_run, 1000) or max(newest) > _SAME * min(newest):
        return None
    return flaw(
        QualityReason.RESYNC,
        runs[-wanted].sync_start_time,
        magnitude=min(newest),
        observed=min(newest),
        usual=expected.largest_run,
    )
