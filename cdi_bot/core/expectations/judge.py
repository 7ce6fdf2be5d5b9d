"""Hold what an integration brought against what is expected of it: the flaws, the most telling first."""

from __future__ import annotations

from datetime import datetime

from cdi_bot.core.expectations.flaws import Accepted, Flaw
from cdi_bot.core.expectations.history import HOUR
from cdi_bot.core.expectations.past import LearnedPast
from cdi_bot.core.expectations.rows import (
    judge_backlog,
    judge_failed_share,
    judge_silence,
    rows_are_back,
)
from cdi_bot.core.expectations.watermark import judge_ahead, judge_watermark
from cdi_bot.core.model.incident import QualityReason
from cdi_bot.core.model.run import Run


def quality_flaws(past: LearnedPast | None, newest: Run, seen_at: datetime, accepted: Accepted) -> list[Flaw]:
    """What is odd about what arrived, the most telling first, but for what somebody said was expected.

    `newest` is the newest run that ended well, `seen_at` when Braze last told of the integration.
    """
    expected = past.expected if past else None
    found = [judge_ahead(newest, expected)]
    if past and expected:
        history, hour = past.history, int(seen_at.timestamp() // HOUR) - 1
        found += [
            judge_watermark(history, expected),
            judge_backlog(history, expected, seen_at),
            judge_silence(history, expected),
            past.rows_by_then(hour),
            judge_failed_share(history, expected, hour),
        ]
    return [flaw for flaw in found if flaw and not flaw.is_expected(accepted)]


def may_be_over(reason: str | None, past: LearnedPast, seen_at: datetime) -> bool:
    """Whether a flaw that is not found any more is over, not only hidden: by hours in which a run failed, by a weekend.

    Rows that were off are back when 24 hours are as usual, and rows that were missing when one came.
    """
    if past.expected is None:
        return False
    if reason == QualityReason.NO_ROWS:
        return past.history.empty_in_a_row == 0
    if reason in {QualityReason.ROWS_LOW, QualityReason.ROWS_HIGH}:
        hour = int(seen_at.timestamp() // HOUR) - 1
        return rows_are_back(past.history, past.expected, hour, were_low=reason == QualityReason.ROWS_LOW)
    return True
