"""A run in words: its sign, its status, its figures, and what to do about it.

Braze documents five statuses. Another one is shown as Braze spells it, and never taken for a success.
"""

from __future__ import annotations

from cdi_bot.core.model.run import Run
from cdi_bot.slack.render.kit.i18n import Translator
from cdi_bot.slack.render.kit.text import STATUS, date, duration, escape, outside, plain, share

GOOD, BAD, SOME, ODD, BUSY, DUBIOUS, UNSEEN = "🟢", "🔴", "🟠", "🟣", "🔵", "🟡", "⚪"
"""A sign never stands alone: words beside it say the same."""

_SIGNS = {
    "success": GOOD,
    "error": BAD,
    "config_error": BAD,
    "partial": SOME,
    "running": BUSY,
}


def status_sign(status: str) -> str:
    """Return the coloured sign of a status."""
    return _SIGNS.get(status, ODD)


def run_sign(run: Run | None) -> str:
    """Return the sign of a run, or of there being none."""
    return status_sign(run.job_status) if run else UNSEEN


def short_status(status: str, i18n: Translator) -> str:
    """Name a status in a word or two, as plain text."""
    _ = i18n.gettext
    known = {
        "success": _("Success"),
        "error": _("Error"),
        "config_error": _("Configuration error"),
        "partial": _("Partial"),
        "running": _("Running"),
    }
    return known.get(status) or f"“{plain(status, STATUS)}”"


def long_status(status: str, i18n: Translator) -> str:
    """Say in plain text what a status means for the rows."""
    _ = i18n.gettext
    known = {
        "success": _("Success: all rows arrived"),
        "error": _("Error: no rows arrived"),
        "config_error": _("Configuration error: the set-up in Braze is at fault"),
        "partial": _("Partial: some rows did not arrive"),
        "running": _("Running"),
    }
    return known.get(status) or _("Unknown status “{status}”: not taken for success").format(
        status=plain(status, STATUS)
    )


def status_advice(status: str, i18n: Translator) -> str:
    """Say what to do next about a run that failed with this status, in mrkdwn."""
    _ = i18n.gettext
    known = {
        "error": _(
            "Open the integration's Sync Log in Braze: it names the reason, and is kept for 30 days. "
            "Check that the warehouse can be reached and that the credentials and table permissions still hold. "
            "Then sync again."
        ),
        "config_error": _(
            "Open the integration in Braze and test its connection: check the credentials, the table or "
            "bucket name, and the columns it expects. It keeps failing until the set-up is mended."
        ),
        "partial": _(
            "Open the integration's Sync Log in Braze: it names each refused row with its reason, and is kept "
            "for 30 days. Mend these rows at the source with a new update time, so that the next sync takes them."
        ),
    }
    return known.get(status) or _(
        "Braze does not document the status “{status}”. Open the integration in Braze: its Sync Log shows what "
        "happened and whether rows arrived."
    ).format(status=outside(status, STATUS))


# --------------------------------------------------------------------------------- figures


def took(run: Run, i18n: Translator) -> str:
    """Say how long a run took, as plain text."""
    _ = i18n.gettext
    if run.duration is not None:
        return duration(run.duration, i18n)
    return _("still running") if run.job_status == "running" else _("not known yet")


def synced(run: Run, i18n: Translator) -> str:
    """Say how many rows a run synced, as plain text."""
    if run.rows_synced is not None:
        return i18n.number(run.rows_synced)
    return _missing(run, i18n)


def failed(run: Run, i18n: Translator) -> str:
    """Say how many rows of a run failed, and which share that is, as plain text."""
    if run.rows_failed_with_errors is None:
        return _missing(run, i18n)
    count = i18n.number(run.rows_failed_with_errors)
    if run.failed_share is None or not run.rows_failed_with_errors:
        return count
    _ = i18n.gettext
    return _("{count} ({share} of all)").format(count=count, share=share(run.failed_share, i18n))


def _missing(run: Run, i18n: Translator) -> str:
    """Say in plain text that a figure is unknown: Braze has not sent it yet, or does not send it."""
    _ = i18n.gettext
    if run.provisional or run.job_status == "running":
        return _("not known yet")
    return _("not told by Braze")


def row_counts(run: Run, i18n: Translator) -> list[str]:
    """Return the rows synced and failed in mrkdwn, each where there is something to say."""
    _ = i18n.gettext
    said = []
    if run.rows_synced is not None:
        said.append(_("{rows} rows").format(rows=i18n.number(run.rows_synced)))
    if run.rows_failed_with_errors:
        said.append(_("{rows} failed").format(rows=escape(failed(run, i18n))))
    return said


def run_line(run: Run, i18n: Translator) -> str:
    """Say in one line of mrkdwn when a run started, how long it took, and its rows."""
    _ = i18n.gettext
    return _("Started {start}, took {took}. Rows synced: {synced}, failed: {failed}.").format(
        start=date(run.sync_start_time),
        took=took(run, i18n),
        synced=synced(run, i18n),
        failed=failed(run, i18n),
    )


def run_fields(run: Run, i18n: Translator) -> list[tuple[str, str]]:
    """Return what is known of a run, as labels and mrkdwn values."""
    _ = i18n.gettext
    watermark = run.last_timestamp_synced
    return [
        (_("Rows synced"), synced(run, i18n)),
        (_("Rows failed"), failed(run, i18n)),
        (_("Started"), date(run.sync_start_time)),
        (_("Took"), took(run, i18n)),
        (_("Last timestamp synced"), date(watermark) if watermark else _missing(run, i18n)),
    ]
