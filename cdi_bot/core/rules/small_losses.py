"""Sources that always lose a little: which partial runs are as usual there, and are no news.

Such a source is one incident of failed syncs with its own reason, told once. What loses far more than usual, or fails
in another way, is told as an incident of its own, which replaces it until runs lose a little again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta

from cdi_bot.core.model.incident import Incident
from cdi_bot.core.model.run import Outcome, Run
from cdi_bot.core.rules.reopening import hold_for, usual_interval

ALWAYS_LOSES = "always_loses"
"""The reason code of an incident of failed syncs at a source that always loses a little."""

PAST = 24
"""So many ended runs before a run say whether it lost as little as usual."""

LONGEST = timedelta(days=7)
"""How long such an incident may have to wait for its end because it keeps coming back."""

_LITTLE, _LITTLE_OF_FEW, _A_FEW = 0.01, 0.1, 3
_ENOUGH = 4
"""So many of these runs, the newest among them, make it usual."""

_TIMES_USUAL, _BY_CHANCE = 4, 5
"""More than so many times the usual share, and so many rows, is far more than usual."""

_CLEAN_DAY, _CLEAN_RUNS = timedelta(days=1), 14


def is_little(run: Run | None) -> bool:
    """Whether a partial run lost no more than one row in a hundred, or of a small run a few of many."""
    if run is None or run.job_status != "partial" or not run.failed_share:
        return False
    return run.failed_share <= (_LITTLE_OF_FEW if _failed(run) <= _A_FEW else _LITTLE)


def loses_as_usual(run: Run, past: Sequence[Run], *, is_known: bool) -> bool:
    """Whether a partial run lost as little as the source always does; `past` are ended runs, newest first.

    Where it is not known yet that the source does so, several of them have to show it. Of a run that only the list told
    of, it is assumed until its rows are known.
    """
    if run.job_status != "partial":
        return False
    usual = [each for each in past[:PAST] if is_little(each)]
    if run.provisional:
        return is_known or len(usual) >= _ENOUGH
    if is_known and is_little(run):
        return True
    if is_little(run):
        usual.append(run)
    share = usual_share(usual)
    if run.failed_share is None or len(usual) < _ENOUGH or share > _LITTLE:
        return False
    return _failed(run) <= _TIMES_USUAL * share * _rows(run) + _BY_CHANCE


def usual_share(runs: Iterable[Run]) -> float:
    """The share of rows that runs lost altogether, 0.0 to 1.0; 0.0 where they had no rows."""
    each = list(runs)
    rows = sum(map(_rows, each))
    return sum(map(_failed, each)) / rows if rows else 0.0


def shows_no_loss(run: Run) -> bool:
    """Whether a good run says that nothing is lost any more: one without rows does not."""
    return run.outcome is Outcome.GOOD and bool(run.rows_synced)


def hold_after(failed: Run | None, past: Sequence[Run]) -> timedelta:
    """How long a source has to stay without failures; `past` are the runs up to the good one, newest first.

    After one that lost a little it has to be a clean day, with enough runs that chance can't explain it.
    """
    if not is_little(failed):
        return hold_for(usual_interval(run.sync_start_time for run in past[:PAST]))
    interval = usual_interval(run.sync_start_time for run in past[:PAST] if _rows(run))
    return hold_for(interval, least=_CLEAN_DAY, runs=_CLEAN_RUNS)


def is_usual_loss(incident: Incident) -> bool:
    """Whether an incident is about a source that always loses a little."""
    return incident.reason == ALWAYS_LOSES


def _failed(run: Run) -> int:
    return run.rows_failed_with_errors or 0


def _rows(run: Run) -> int:
    return _failed(run) + (run.rows_synced or 0)
