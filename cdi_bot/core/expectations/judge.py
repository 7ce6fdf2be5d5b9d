"""Hold what an integration brought against what is expected of it: the flaws, the most telling first."""

from __future__ import annotations

from datetime import datetime, timedelta

from cdi_bot.core.expectations.expectations import Expectations
from cdi_bot.core.expectations.flaws import Flaw
from cdi_bot.core.expectations.history import HOUR
from cdi_bot.core.expectations.past import Past
from cdi_bot.core.expectations.rows import judge_backlog, judge_failed_share, judge_rows, judge_silence
from cdi_bot.core.expectations.watermark import judge_ahead, judge_watermark
from cdi_bot.core.model.run import Outcome, Run


def judge_quality(past: Past | None, newest: Run, now: datetime) -> list[Flaw]:
    """What is odd about what arrived, the most telling first. `newest` is the newest run that ended well."""
    expected = past.expected if past else None
    found = [judge_ahead(newest, expected)]
    if past and expected:
        history, hour = past.history, int(now.timestamp() // HOUR) - 1
        found += [
            judge_watermark(history, expected),
            judge_backlog(history, expected, now),
            judge_silence(history, expected, now.timestamp()),
            judge_rows(history, expected, hour),
            judge_failed_share(history, expected, hour),
        ]
    return [flaw for flaw in found if flaw and not is_expected(flaw, expected)]


_ROOM = 1.2
"""What somebody marked as expected may come again, a little stronger."""


def is_expected(flaw: Flaw, expected: Expectations | None) -> bool:
    """Whether somebody marked such an observation as expected, or this very one."""
    if expected is None or flaw.reason not in expected.accepted:
        return False
    return flaw.magnitude <= expected.accepted[flaw.reason] * _ROOM
