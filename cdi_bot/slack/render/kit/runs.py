"""A run in words and charts: its sign, its status, its figures.

Braze documents six statuses. Another one is shown as Braze spells it, and never taken for a success. Charts are
Slack's own, and lines of text where a workspace refuses them.
Source: docs.slack.dev/reference/block-kit/blocks/data-visualization-block.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta, tzinfo

from babel.dates import format_skeleton

from cdi_bot.core.model.run import Outcome, Run
from cdi_bot.slack.render.kit import limits
from cdi_bot.slack.render.kit.blocks import Block
from cdi_bot.slack.render.kit.i18n import Translator
from cdi_bot.slack.render.kit.limits import clip
from cdi_bot.slack.render.kit.text import STATUS, UNKNOWN, duration, escape, plain, share

GOOD, BAD, SOME, ODD, BUSY, DUBIOUS, UNSEEN = "✅", "❌", "🔶", "❓", "⏳", "⚠️", "⚪"
"""They differ in shape, for people who can't tell colours apart; and words beside a sign say the same."""

_SIGNS = {
    "success": GOOD,
    "error": BAD,
    "config_error": BAD,
    "limit_exceeded": BAD,
    "partial": SOME,
    "running": BUSY,
}

BARS = "▁▂▃▄▅▆▇█"
BROKEN_BAR = "×"
_FEWEST = 2
"""One run makes no chart."""

_WITHIN_A_DAY = timedelta(hours=20)


def status_sign(status: str) -> str:
    """Return the sign of a status."""
    return _SIGNS.get(status, ODD)


def run_sign(run: Run | None) -> str:
    """Return the sign of a run, or of there being none."""
    return status_sign(run.job_status) if run else UNSEEN


def short_status(status: str, i18n: Translator) -> str:
    """Name a status in a word or two, as plain text."""
    known = {
        "success": i18n("Success"),
        "error": i18n("Error"),
        "config_error": i18n("Configuration error"),
        "limit_exceeded": i18n("Limit exceeded"),
        "partial": i18n("Partial"),
        "running": i18n("Running"),
    }
    return known.get(status) or f"“{plain(status, STATUS)}”"


def counted_status(status: str, count: int, i18n: Translator) -> str:
    """Say in plain text how many fail with a status."""
    if status == "error":
        return i18n.counted("{count} error", "{count} errors", count)
    if status == "config_error":
        return i18n.counted("{count} configuration error", "{count} configuration errors", count)
    if status == "partial":
        return i18n("{count} partial").format(count=i18n.number(count))
    return i18n("{count} × {status}").format(count=i18n.number(count), status=short_status(status, i18n))


def long_status(status: str, i18n: Translator) -> str:
    """Say in plain text what a status means for the rows."""
    known = {
        "success": i18n("Success: all rows synced"),
        "error": i18n("Error: no rows synced"),
        "config_error": i18n("Configuration error: every run fails until it is fixed"),
        "limit_exceeded": i18n("Limit exceeded: Braze stopped the run at a data limit"),
        "partial": i18n("Partial: some rows failed"),
        "running": i18n("Running"),
    }
    return known.get(status) or i18n(
        "Status “{status}” isn't in Braze's API documentation: not taken for success"
    ).format(status=plain(status, STATUS))


# --------------------------------------------------------------------------------- figures


def took(run: Run, i18n: Translator) -> str:
    """Say how long a run took, as plain text."""
    return UNKNOWN if run.duration is None else duration(run.duration, i18n)


def synced(run: Run, i18n: Translator) -> str:
    """Say how many rows a run synced, as plain text. Braze counts them at its end: until then its 0 says nothing."""
    return UNKNOWN if _uncounted(run, run.rows_synced) else i18n.number(run.rows_synced or 0)


def _uncounted(run: Run, rows: int | None) -> bool:
    return rows is None or (rows == 0 and run.outcome is Outcome.RUNNING)


def failed(run: Run, i18n: Translator) -> str:
    """Say how many rows of a run failed, and which share that is, as plain text."""
    if _uncounted(run, run.rows_failed_with_errors):
        return UNKNOWN
    count = i18n.number(run.rows_failed_with_errors or 0)
    if run.failed_share is None or not run.rows_failed_with_errors:
        return count
    return i18n("{count} ({share} of all)").format(count=count, share=share(run.failed_share, i18n))


def row_numbers(run: Run, i18n: Translator) -> str:
    """Write the rows that a run synced, and those that failed where some did, as plain text."""
    if not run.rows_failed_with_errors:
        return synced(run, i18n)
    count = i18n.number(run.rows_failed_with_errors)
    return i18n("{rows} ({failed} failed)").format(rows=synced(run, i18n), failed=count)


def row_counts(run: Run, i18n: Translator) -> list[str]:
    """Return the rows synced and failed in mrkdwn, each where there is something to say."""
    said = []
    if run.rows_synced is not None:
        said.append(i18n("{rows} rows").format(rows=i18n.number(run.rows_synced)))
    if run.rows_failed_with_errors:
        said.append(i18n("{rows} failed").format(rows=escape(failed(run, i18n))))
    return said


def run_charts(runs: Sequence[Run], i18n: Translator, zone: tzinfo) -> list[Block]:
    """Draw the rows of ended runs, given newest first: a bar for each run, the oldest on the left.

    Times are those of `zone`: a chart can't show the reader's own by itself.
    """
    if len(runs) < _FEWEST:
        return []
    drawn = [*reversed(runs[: limits.CHART_POINTS])]
    zone_name = getattr(zone, "key", None) or drawn[-1].sync_start_time.astimezone(zone).tzname()
    axis = {
        "categories": _labels([run.sync_start_time.astimezone(zone) for run in drawn], i18n),
        "x_label": clip(i18n("Start ({zone})").format(zone=zone_name), limits.CHART_TITLE),
        "y_label": i18n("Rows"),
    }
    series = {i18n("Rows synced"): [run.rows_synced or 0 for run in drawn]}
    if any(run.rows_failed_with_errors for run in drawn):
        series[i18n("Rows failed")] = [run.rows_failed_with_errors or 0 for run in drawn]
    title = i18n("Rows of the last {count} runs").format(count=i18n.number(len(drawn)))
    return [_chart("bar", title, axis, series)]


def _chart(kind: str, title: str, axis: Block, series: dict[str, list[int]]) -> Block:
    categories = axis["categories"]
    return {
        "type": "data_visualization",
        "title": clip(title, limits.CHART_TITLE),
        "chart": {
            "type": kind,
            "series": [
                {
                    "name": clip(name, limits.CHART_LABEL),
                    "data": [
                        {"label": label, "value": value}
                        for label, value in zip(categories, values, strict=True)
                    ],
                }
                for name, values in series.items()
            ],
            "axis_config": axis,
        },
    }


def _labels(starts: Sequence[datetime], i18n: Translator) -> list[str]:
    """Name each place by when it began, as short as tells them apart: an hour, a day, or both."""
    day = [str(format_skeleton("MMMd", start, locale=i18n.language)) for start in starts]
    time = [str(format_skeleton("Hm", start, locale=i18n.language)) for start in starts]
    if starts[-1] - starts[0] <= _WITHIN_A_DAY and len(set(time)) == len(time):
        return time
    if len(set(day)) == len(day):
        return day
    # Labels name the places, so no two may be alike: neither runs of one minute, nor those of an hour that comes twice.
    seen: dict[str, int] = {}
    labels = []
    for label in map("{} {}".format, day, time):
        seen[label] = seen.get(label, 0) + 1
        labels.append(label if seen[label] == 1 else f"{label} ({seen[label]})")
    return [clip(label, limits.CHART_LABEL) for label in labels]


def sparkline_legend(i18n: Translator) -> str:
    """Say what a sparkline shows; the same wherever one stands."""
    return i18n("Bars: rows of each run, the newest on the right; {cross} failed").format(cross=BROKEN_BAR)


def sparkline(runs: Sequence[Run]) -> str:
    """Draw the rows of ended runs, given newest first, in one line; nothing where there are too few.

    A run that did not succeed is a cross.
    """
    if len(runs) < _FEWEST:
        return ""
    most = max(run.rows_synced or 0 for run in runs)
    return "".join(
        BARS[(run.rows_synced or 0) * (len(BARS) - 1) // most if most > 0 else 0]
        if run.outcome is Outcome.GOOD
        else BROKEN_BAR
        for run in reversed(runs)
    )
