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
from cdi_bot.core.statistics import ChartPoint, chart_points
from cdi_bot.slack.render.kit import limits
from cdi_bot.slack.render.kit.blocks import Block, context
from cdi_bot.slack.render.kit.i18n import Translator
from cdi_bot.slack.render.kit.limits import clip
from cdi_bot.slack.render.kit.text import STATUS, UNKNOWN, date, duration, escape, plain, share

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

_MINUTES_FROM = 300.0
"""Seconds from which on durations are drawn in minutes."""

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


def long_status(status: str, i18n: Translator) -> str:
    """Say in plain text what a status means for the rows."""
    known = {
        "success": i18n("Success: all rows arrived"),
        "error": i18n("Error: no rows arrived"),
        "config_error": i18n("Configuration error: every run fails until it is fixed"),
        "limit_exceeded": i18n("Limit exceeded: Braze stopped the run at a data limit"),
        "partial": i18n("Partial: some rows did not arrive"),
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
    """Say how many rows a run synced, as plain text."""
    return UNKNOWN if run.rows_synced is None else i18n.number(run.rows_synced)


def failed(run: Run, i18n: Translator) -> str:
    """Say how many rows of a run failed, and which share that is, as plain text."""
    if run.rows_failed_with_errors is None:
        return UNKNOWN
    count = i18n.number(run.rows_failed_with_errors)
    if run.failed_share is None or not run.rows_failed_with_errors:
        return count
    return i18n("{count} ({share} of all)").format(count=count, share=share(run.failed_share, i18n))


def row_counts(run: Run, i18n: Translator) -> list[str]:
    """Return the rows synced and failed in mrkdwn, each where there is something to say."""
    said = []
    if run.rows_synced is not None:
        said.append(i18n("{rows} rows").format(rows=i18n.number(run.rows_synced)))
    if run.rows_failed_with_errors:
        said.append(i18n("{rows} failed").format(rows=escape(failed(run, i18n))))
    return said


def run_line(run: Run, i18n: Translator) -> str:
    """Say in one line of mrkdwn when a run started, how long it took, and its rows."""
    return i18n("Started {start}, took {took}. Rows synced: {synced}, failed: {failed}.").format(
        start=date(run.sync_start_time),
        took=took(run, i18n),
        synced=synced(run, i18n),
        failed=failed(run, i18n),
    )


def run_fields(run: Run, i18n: Translator) -> list[tuple[str, str]]:
    """Return what is known of a run, as labels and mrkdwn values."""
    watermark = run.last_timestamp_synced
    return [
        (i18n("Rows synced"), synced(run, i18n)),
        (i18n("Rows failed"), failed(run, i18n)),
        (i18n("Started"), date(run.sync_start_time)),
        (i18n("Took"), took(run, i18n)),
        (i18n("Last timestamp synced"), date(watermark) if watermark else UNKNOWN),
    ]


def run_charts(runs: Sequence[Run], i18n: Translator, zone: tzinfo) -> list[Block]:
    """Draw ended runs, given newest first: a chart of their rows and one of their durations, oldest first.

    Times are those of `zone`: a chart can't show the reader's own by itself.
    """
    if len(runs) < _FEWEST:
        return []
    drawn = chart_points(runs, limits.CHART_POINTS)
    axis = {"categories": _labels(drawn, i18n, zone), "x_label": _when(drawn[-1].start, i18n, zone)}
    count = i18n.number(len(runs))
    long = max(point.seconds for point in drawn) >= _MINUTES_FROM
    rows = _chart(
        "bar",
        i18n("Rows of the last {count} runs").format(count=count),
        axis,
        {
            i18n("Rows synced"): [point.rows_synced for point in drawn],
            i18n("Rows failed"): [point.rows_failed for point in drawn],
        },
    )
    lasted = _chart(
        "line",
        i18n("Duration of the last {count} runs").format(count=count),
        axis | {"y_label": i18n("Minutes") if long else i18n("Seconds")},
        {i18n("Took"): [round(point.seconds / 60, 2) if long else round(point.seconds) for point in drawn]},
    )
    return [rows, lasted, *_together(len(runs), i18n)]


def _together(count: int, i18n: Translator) -> list[Block]:
    """Say how many runs a bar stands for, where these are more than one."""
    size = -(-count // limits.CHART_POINTS)
    if size == 1:
        return []
    note = i18n("Each place stands for {count} runs in a row: their rows together, and the longest duration.")
    return [context(note.format(count=i18n.number(size)))]


def _chart(kind: str, title: str, axis: Block, series: dict[str, list[float]]) -> Block:
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


def _when(newest: datetime, i18n: Translator, zone: tzinfo) -> str:
    name = getattr(zone, "key", None) or newest.astimezone(zone).tzname()
    return clip(i18n("Start ({zone})").format(zone=name), limits.CHART_TITLE)


def _labels(drawn: Sequence[ChartPoint], i18n: Translator, zone: tzinfo) -> list[str]:
    """Name each place by when it began, as short as tells them apart."""
    starts = [point.start.astimezone(zone) for point in drawn]
    day = [str(format_skeleton("Md", start, locale=i18n.language)) for start in starts]
    time = [str(format_skeleton("Hm", start, locale=i18n.language)) for start in starts]
    both = [f"{date} {clock}" for date, clock in zip(day, time, strict=True)]
    if starts[-1] - starts[0] <= _WITHIN_A_DAY and len(set(time)) == len(time):
        return time
    if len(set(day)) == len(day):
        return day
    # Labels name the places, so no two may be alike: neither runs of one minute, nor those of an hour that comes twice.
    seen: dict[str, int] = {}
    labels = []
    for label in both:
        seen[label] = seen.get(label, 0) + 1
        labels.append(label if seen[label] == 1 else f"{label} ({seen[label]})")
    return [clip(label, limits.CHART_LABEL) for label in labels]


def sparklines(runs: Sequence[Run], i18n: Translator) -> list[str]:
    """Draw the same in text, one line each for rows and durations; a run that did not succeed is a cross."""
    if len(runs) < _FEWEST:
        return []
    rows = sparkline(runs)
    meaning = i18n("rows of the last {count} runs, oldest first, {cross} failed").format(
        count=i18n.number(len(runs)), cross=BROKEN_BAR
    )
    seconds = [run.duration.total_seconds() if run.duration else 0.0 for run in runs]
    lasted = _bars(runs, seconds)
    longest = duration(timedelta(seconds=max(seconds)), i18n)
    return [
        f"`{rows}` {meaning}",
        f"`{lasted}` " + i18n("how long they took, at most {longest}").format(longest=longest),
    ]


def sparkline(runs: Sequence[Run]) -> str:
    """Draw the rows of ended runs, given newest first, in one line without words; nothing where there is none."""
    return _bars(runs, [float(run.rows_synced or 0) for run in runs]) if runs else ""


def _bars(runs: Sequence[Run], values: Sequence[float]) -> str:
    most = max(values)
    # Braze may report an end before the start: such a run took no time.
    heights = [int(max(0.0, value) * (len(BARS) - 1) / most) if most > 0 else 0 for value in values]
    return "".join(
        BARS[height] if run.outcome is Outcome.GOOD else BROKEN_BAR
        for run, height in zip(reversed(runs), reversed(heights), strict=True)
    )
