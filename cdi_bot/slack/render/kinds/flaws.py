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

UNUSUAL = "🔎"
"""The sign of unusual data."""

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
        name=i18n("unusual data"),
        plain=i18n("Runs succeed, but what they sync looks wrong"),
        measured=i18n("Runs succeed, but what they sync looks wrong"),
        over=i18n("recovered – what is synced looks right again, after {length}"),
        itself=i18n("History shows what the runs synced."),
    )


def _of_watermarks(i18n: Translator) -> dict[str, FlawTexts]:
    return {
        QualityReason.WATERMARK_AHEAD: FlawTexts(
            name=i18n("watermark in the future"),
            plain=i18n("Newest UPDATED_AT synced is in the future"),
            measured=i18n("Newest UPDATED_AT synced is {observed} in the future"),
            over=i18n("recovered – newest UPDATED_AT synced is no longer in the future, after {length}"),
            itself=i18n("Does not fix itself: Braze ignores every row with an earlier UPDATED_AT."),
        ),
        QualityReason.WATERMARK_LAG: FlawTexts(
            name=i18n("rows arrive late"),
            plain=i18n("Rows arrive late: newest UPDATED_AT synced is older than ever"),
            measured=i18n(
                "Rows arrive late: newest UPDATED_AT synced is {observed} old, usually at most {usual}"
            ),
            over=i18n("recovered – newest UPDATED_AT synced is as recent as usual, after {length}"),
            itself=i18n("Ends by itself when newer rows arrive."),
        ),
        QualityReason.RESYNC: FlawTexts(
            name=i18n("same rows synced again"),
            plain=i18n("Runs sync the same rows again, newest UPDATED_AT synced unchanged"),
            measured=i18n("Runs sync the same {observed} rows again, newest UPDATED_AT synced unchanged"),
            over=i18n("recovered – the same rows are no longer synced again, after {length}"),
            itself=i18n("Does not fix itself: each run may use data points again."),
        ),
        QualityReason.HOLLOW: FlawTexts(
            name=i18n("watermark moves without rows"),
            plain=i18n("Runs sync no rows, although newest UPDATED_AT synced moves on"),
            measured=i18n("{observed} runs synced no rows, although newest UPDATED_AT synced moved on"),
            over=i18n("recovered – runs sync rows again, after {length}"),
            itself=i18n("Rows that were passed over are not synced later by themselves."),
        ),
    }


def _of_rows(i18n: Translator) -> dict[str, FlawTexts]:
    return {
        QualityReason.NO_ROWS: FlawTexts(
            name=i18n("no rows any more"),
            plain=i18n("No new rows"),
            measured=i18n("No new rows for {observed}, usually at most {usual}"),
            over=i18n("recovered – rows are synced again, after {length}"),
            itself=i18n("Runs succeed. Ends by itself with the next run that syncs rows."),
        ),
        QualityReason.ROWS_LOW: FlawTexts(
            name=i18n("fewer rows than usual"),
            plain=i18n("Fewer rows than usual"),
            measured=i18n("Fewer rows: {observed} in 24 h, at this time of past weeks at least {usual}"),
            over=i18n("recovered – as many rows as usual again, after {length}"),
            itself=i18n("Runs succeed. Ends by itself when as many rows come as usual."),
        ),
        QualityReason.ROWS_HIGH: FlawTexts(
            name=i18n("more rows than usual"),
            plain=i18n("More rows than usual"),
            measured=i18n("More rows: {observed} in 24 h, at this time of past weeks at most {usual}"),
            over=i18n("recovered – no more rows than usual, after {length}"),
            itself=i18n("Each row may use data points. Ends by itself when fewer rows come."),
        ),
        QualityReason.FAILED_SHARE: FlawTexts(
            name=i18n("more failed rows than usual"),
            plain=i18n("More rows fail than usual"),
            measured=i18n("{observed} of the rows of 24 h failed, usually at most {usual}"),
            over=i18n("recovered – no more rows fail than usual, after {length}"),
            itself=i18n("Failed rows are not retried."),
        ),
        QualityReason.BACKLOG: FlawTexts(
            name=i18n("rows of failed runs missing"),
            plain=i18n("Too few rows in the first good run after failures"),
            measured=i18n(
                "Only {observed} rows in the first good run after failures, usually at least {usual}"
            ),
            over=i18n("recovered – the missing rows came, after {length}"),
            itself=i18n("Rows that were lost are not synced by themselves."),
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
            "Later rows pass it in {length} at the earliest; until then Braze ignores rows with an earlier UPDATED_AT."
        ).format(length=length(measured.observed, i18n))
    return flaw_texts(reason, i18n).itself


# --------------------------------------------------------------------------------- what to do


def flaw_advice(reason: str | None, integration: Integration | None, i18n: Translator) -> str:
    """Say in mrkdwn what to do next about a reason."""
    if reason == QualityReason.FAILED_SHARE:
        return failed_rows_advice(integration, i18n)
    source = source_of(integration)
    known = (_of_files if source and source.is_files else _of_tables)(i18n)
    return known.get(reason or "") or i18n("Compare the source with what the last runs synced.")


def _of_tables(i18n: Translator) -> dict[str, str]:
    return {
        QualityReason.WATERMARK_AHEAD: i18n(
            "Correct `UPDATED_AT` in the source (in UTC), remove the rows already synced, and create a new integration "
            "for the table."
        ),
        QualityReason.WATERMARK_LAG: i18n(
            "Check the last run of what fills the table. Rows whose `UPDATED_AT` is before the watermark need a new "
            "one."
        ),
        QualityReason.RESYNC: i18n(
            "Many rows share one `UPDATED_AT`, as after a full reload: give each row the time of its own last change."
        ),
        QualityReason.HOLLOW: i18n(
            "Check the columns and the payload, and give rows that are missing in Braze a new `UPDATED_AT`."
        ),
        QualityReason.NO_ROWS: i18n(
            "Check that whatever fills the source still runs, and that changed rows get a new `UPDATED_AT`."
        ),
        QualityReason.ROWS_LOW: i18n(
            "Check what fills the table: is a part missing, has a filter or join changed, do changed rows get a new "
            "`UPDATED_AT`?"
        ),
        QualityReason.ROWS_HIGH: i18n(
            "Check what fills the table: are rows written twice, or do they get a new `UPDATED_AT` without a change?"
        ),
        QualityReason.BACKLOG: i18n(
            "Count the source's rows of that time, and give those that are missing in Braze a new `UPDATED_AT`."
        ),
    }


def _of_files(i18n: Translator) -> dict[str, str]:
    return {
        QualityReason.WATERMARK_AHEAD: i18n(
            "Files have no `UPDATED_AT`: check in Braze what the last runs synced, and upload files again whose rows "
            "are missing."
        ),
        QualityReason.WATERMARK_LAG: i18n(
            "Check that whatever writes the files is on time, and that Braze is notified of new files."
        ),
        QualityReason.RESYNC: i18n("Check whether the same files are uploaded again."),
        QualityReason.HOLLOW: i18n(
            "Check the files: an empty one, or one with an invalid line of JSON, brings no rows. Fix and upload them "
            "again."
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
            "Failed files are not retried: upload the files of that time again whose rows are missing."
        ),
    }
