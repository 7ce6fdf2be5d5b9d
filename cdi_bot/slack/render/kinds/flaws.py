"""What looks unusual, in words: each reason with its numbers, whether it fixes itself, and what to do for this source.

Sources: braze.com/docs/user_guide/data/unification/cloud_ingestion, its pages on sync logs and on `UPDATED_AT`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from cdi_bot.core.model.incident import SPIKE, LateReason, Measured, QualityReason
from cdi_bot.core.model.integration import Integration
from cdi_bot.core.model.source import source_of
from cdi_bot.slack.render.kit.advice import failed_rows_advice
from cdi_bot.slack.render.kit.i18n import Translator
from cdi_bot.slack.render.kit.text import duration, share

_MOST = 10.0**12

_PASSED_BY_ITSELF = timedelta(days=2)
"""A watermark that is ahead by no more than that is soon passed by rows with the right time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FlawTexts:
    """What is said of one reason, in plain text.

    `name` is a few words. `plain` is a sentence without numbers, `measured` one with `{observed}` and `{usual}`. `over`
    says that it ended, after `{length}`. `itself` says whether it fixes itself.
    """

    name: str
    plain: str
    measured: str
    over: str
    itself: str


def flaw_name(reason: str, i18n: Translator) -> str:
    """Name a reason in a few words."""
    if reason == SPIKE:
        return i18n("far more rows in one run")
    if reason == LateReason.RHYTHM:
        return i18n("late without a schedule")
    return flaw_texts(reason, i18n).name


def flaw_headline(reason: str | None, measured: Measured | None, i18n: Translator) -> str:
    """Say in plain text what looks wrong, with the numbers that are known."""
    texts = flaw_texts(reason, i18n)
    if measured is None:
        return texts.plain
    write = _WRITTEN.get(reason or "", _count)
    return texts.measured.format(observed=write(measured.observed, i18n), usual=write(measured.usual, i18n))


def _count(value: float, i18n: Translator) -> str:
    return i18n.number(round(_within(value)))


def length(value: float, i18n: Translator) -> str:
    """Write so many seconds as a length of time, as plain text."""
    return duration(timedelta(seconds=_within(value)), i18n)


def _within(value: float) -> float:
    """A number that can be shown: one that is not finite is as large as any."""
    return min(max(0.0, value), _MOST)


_WRITTEN: dict[str, Callable[[float, Translator], str]] = {
    QualityReason.WATERMARK_AHEAD: length,
    QualityReason.WATERMARK_LAG: length,
    QualityReason.NO_ROWS: length,
    QualityReason.FAILED_SHARE: lambda value, i18n: share(min(_within(value), 1.0), i18n),
}
"""How the numbers of a reason are written; those of the others are counts."""


def flaw_texts(reason: str | None, i18n: Translator) -> FlawTexts:
    """Return what is said of a reason; of one that another version stored, what holds for all."""
    known = {**_of_watermarks(i18n), **_of_rows(i18n)}
    return known.get(reason or "") or FlawTexts(
        name=i18n("doubtful data"),
        plain=i18n("Runs succeed, but what they sync looks wrong"),
        measured=i18n("Runs succeed, but what they sync looks wrong"),
        over=i18n("What is synced looks right again, after {length}"),
        itself=i18n("History shows what the runs synced."),
    )


def _of_watermarks(i18n: Translator) -> dict[str, FlawTexts]:
    return {
        QualityReason.WATERMARK_AHEAD: FlawTexts(
            name=i18n("watermark in the future"),
            plain=i18n("The newest UPDATED_AT synced is in the future: Braze skips rows with an earlier one"),
            measured=i18n(
                "The newest UPDATED_AT synced is {observed} in the future: Braze skips rows with an earlier one"
            ),
            over=i18n("The newest UPDATED_AT synced is no longer in the future, after {length}"),
            itself=i18n("It does not fix itself: the watermark never goes back, and runs report success."),
        ),
        QualityReason.WATERMARK_LAG: FlawTexts(
            name=i18n("rows arrive late"),
            plain=i18n("Rows arrive late: the newest UPDATED_AT synced lies further back than usual"),
            measured=i18n(
                "Rows arrive late: the newest UPDATED_AT synced is {observed} old, so far at most {usual}"
            ),
            over=i18n("The newest UPDATED_AT synced is as recent as usual, after {length}"),
            itself=i18n("It ends by itself when newer rows arrive."),
        ),
        QualityReason.RESYNC: FlawTexts(
            name=i18n("same rows synced again"),
            plain=i18n("Runs sync the same rows again and again: the watermark stands still"),
            measured=i18n("Runs sync the same {observed} rows again and again: the watermark stands still"),
            over=i18n("The same rows are no longer synced again, after {length}"),
            itself=i18n("It does not fix itself: each run may use data points again."),
        ),
        QualityReason.HOLLOW: FlawTexts(
            name=i18n("watermark moves without rows"),
            plain=i18n("Runs bring no rows, although the watermark moves on"),
            measured=i18n("{observed} runs brought no rows, although the watermark moved on"),
            over=i18n("Runs bring rows again where the watermark moves, after {length}"),
            itself=i18n("Rows that were passed over are not synced later by themselves."),
        ),
    }


def _of_rows(i18n: Translator) -> dict[str, FlawTexts]:
    return {
        QualityReason.NO_ROWS: FlawTexts(
            name=i18n("no rows any more"),
            plain=i18n("No rows any more: runs succeed, but bring none"),
            measured=i18n(
                "No rows for {observed}: runs succeed, but bring none; so far at most {usual} without"
            ),
            over=i18n("Rows come again, after {length} without"),
            itself=i18n("It ends by itself with the next run that brings rows."),
        ),
        QualityReason.ROWS_LOW: FlawTexts(
            name=i18n("fewer rows than usual"),
            plain=i18n("Fewer rows than usual"),
            measured=i18n(
                "Fewer rows than usual: {observed} in 24 h, at this time of past weeks at least {usual}"
            ),
            over=i18n("As many rows as usual again, after {length}"),
            itself=i18n("Runs succeed. It ends by itself when as many rows come as usual."),
        ),
        QualityReason.ROWS_HIGH: FlawTexts(
            name=i18n("more rows than usual"),
            plain=i18n("More rows than usual"),
            measured=i18n(
                "More rows than usual: {observed} in 24 h, at this time of past weeks at most {usual}"
            ),
            over=i18n("No more rows than usual, after {length}"),
            itself=i18n("Each row may use data points. It ends by itself when fewer rows come."),
        ),
        QualityReason.FAILED_SHARE: FlawTexts(
            name=i18n("more failed rows than usual"),
            plain=i18n("A larger share of rows fails than usual"),
            measured=i18n("{observed} of a day's rows failed, so far at most {usual}"),
            over=i18n("No larger share of rows fails than usual, after {length}"),
            itself=i18n("Failed rows are still missing; the share itself may fall again."),
        ),
        QualityReason.BACKLOG: FlawTexts(
            name=i18n("rows of the failed runs missing"),
            plain=i18n("The first good run after failures brought far fewer rows than such a time brings"),
            measured=i18n(
                "{observed} rows in the first good run after failures, where such a time brings at least {usual}"
            ),
            over=i18n("As many rows came as such a time brings, after {length}"),
            itself=i18n("Rows that were lost do not come by themselves."),
        ),
    }


def fixes_itself(reason: str | None, measured: Measured | None, i18n: Translator) -> str:
    """Say in plain text whether it fixes itself."""
    if (
        reason == QualityReason.WATERMARK_AHEAD
        and measured
        and measured.observed <= _PASSED_BY_ITSELF.total_seconds()
    ):
        return i18n(
            "Later rows pass it by themselves in {length} at the earliest; rows until then stay out."
        ).format(length=length(measured.observed, i18n))
    return flaw_texts(reason, i18n).itself


# --------------------------------------------------------------------------------- what to do


def flaw_advice(reason: str | None, integration: Integration | None, i18n: Translator) -> str:
    """Say in mrkdwn what to do next about a reason."""
    source = source_of(integration)
    if reason == QualityReason.FAILED_SHARE:
        logs = i18n("*Data Settings › Cloud Data Ingestion › Sync Logs*")
        rows = i18n("{logs} › the run › *Export rows* gives the reason for each failed row, for 30 days.")
        return i18n.sentences([rows.format(logs=logs), failed_rows_advice(integration, i18n)])
    return (_of_files if source and source.is_files else _of_tables)(reason, i18n)


def _of_tables(reason: str | None, i18n: Translator) -> str:
    known = {
        QualityReason.WATERMARK_AHEAD: i18n(
            "Correct `UPDATED_AT` in the source (it has to be in UTC), remove the rows that were synced already, and "
            "create a new integration for the table."
        ),
        QualityReason.WATERMARK_LAG: i18n(
            "Look at what fills the table: its last run, and whether it waits for something. Rows whose `UPDATED_AT` "
            "is before the watermark need a new one."
        ),
        QualityReason.RESYNC: i18n(
            "Many rows have the same `UPDATED_AT`, as after a full reload of the table: give each row the time of its "
            "own last change."
        ),
        QualityReason.HOLLOW: i18n(
            "Compare the table with Braze: rows since then may be missing. Check the columns and the payload, and give "
            "rows that are missing a new `UPDATED_AT`."
        ),
        QualityReason.NO_ROWS: i18n(
            "Check that whatever fills the source still runs, and that changed rows get a new `UPDATED_AT`."
        ),
        QualityReason.ROWS_LOW: i18n(
            "Look at what fills the table: whether a part of it is missing, a filter or a join has changed, or changed "
            "rows get no new `UPDATED_AT`."
        ),
        QualityReason.ROWS_HIGH: i18n(
            "Look at what fills the table: rows that are written twice, or get a new `UPDATED_AT` without a change."
        ),
        QualityReason.BACKLOG: i18n(
            "Count the source's rows of that time, and give those that are missing in Braze a new `UPDATED_AT`."
        ),
    }
    return known.get(QualityReason(reason), "") if reason in set(QualityReason) else _compare(i18n)


def _of_files(reason: str | None, i18n: Translator) -> str:
    known = {
        QualityReason.WATERMARK_AHEAD: i18n(
            "Files have no `UPDATED_AT`: look in Braze at what the last runs synced, and upload each file again whose "
            "rows are missing."
        ),
        QualityReason.WATERMARK_LAG: i18n(
            "Check that whatever writes the files is on time, and that new files are announced to Braze."
        ),
        QualityReason.RESYNC: i18n("Check whether the same files are uploaded again and again."),
        QualityReason.HOLLOW: i18n(
            "Look into the files that were read: an empty one, or one invalid line of JSON, brings no rows. Upload "
            "them again when they are right."
        ),
        QualityReason.NO_ROWS: i18n(
            "Check that whatever writes the files still runs, and that they hold rows."
        ),
        QualityReason.ROWS_LOW: i18n(
            "Check that all files were uploaded, and that each holds as many rows as usual."
        ),
        QualityReason.ROWS_HIGH: i18n(
            "Check whether files were uploaded twice, or hold rows of earlier files."
        ),
        QualityReason.BACKLOG: i18n(
            "A failed file is not tried again: upload again the files of that time whose rows are missing."
        ),
    }
    return known.get(QualityReason(reason), "") if reason in set(QualityReason) else _compare(i18n)


def _compare(i18n: Translator) -> str:
    return i18n("Compare the source, table or file, with what the last runs synced.")
