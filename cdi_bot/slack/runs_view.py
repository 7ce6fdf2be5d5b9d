"""An integration's newest runs as lines, for windows: Slack shows tables and pictures in messages alone. Pure."""

from __future__ import annotations

from datetime import datetime

from cdi_bot.core.model import Run
from cdi_bot.services.answers import Answer, History
from cdi_bot.slack.blocks import Block, actions, context, fields, paragraphs, section
from cdi_bot.slack.buttons import open_in_braze
from cdi_bot.slack.charts import sparklines
from cdi_bot.slack.format import bold_name, code, date, escape, failed, took
from cdi_bot.slack.history import figures
from cdi_bot.slack.pages import as_of
from cdi_bot.slack.reasons import braze_advice, reason_words
from cdi_bot.slack.statuses import headline, incident_sign, long_status, run_sign, short_status
from cdi_bot.slack.words import Words

_ROOM = 9000


def runs_blocks(answer: Answer, words: Words, now: datetime) -> list[Block] | None:
    """Tell an integration's runs; `None` for an answer that tells of none."""
    if not isinstance(answer, History):
        return None
    _ = words.gettext
    newest = answer.recent[0] if answer.recent else None
    mark = incident_sign(answer.incident) if answer.incident else run_sign(newest)
    title = f"{bold_name(answer.integration, answer.dashboard_url)} {code(answer.integration.integration_id)}"
    lines = [f"{mark} {title}", escape(_state(answer, newest, words))]
    lines += sparklines(answer.recent, words)
    known = figures(answer, words, now)
    listed, _held = paragraphs([_line(run, words) for run in answer.runs], blocks=5, room=_ROOM)
    fresh = as_of(answer.observed_at, words)
    if answer.trouble is not None:
        reason = escape(reason_words(answer.trouble, words))
        fresh = _("From memory, {fresh}: {reason}").format(fresh=fresh, reason=reason)
        fresh += f". {braze_advice(answer.trouble, words)}"
    return [
        section("\n".join(lines)),
        *([fields(known)] if known else []),
        {"type": "divider"},
        *(listed or [section(_("No runs to show."))]),
        *actions([open_in_braze(answer.integration, answer.dashboard_url, words)]),
        context(fresh),
    ]


def _state(answer: History, newest: Run | None, words: Words) -> str:
    """Say in plain text how it is."""
    _ = words.gettext
    if answer.missing:
        return _("Braze no longer knows this integration")
    if answer.incident:
        return headline(answer.incident, words)
    return long_status(newest.job_status, words) if newest else _("No run has ended yet")


def _line(run: Run, words: Words) -> str:
    _ = words.gettext
    said = [
        f"{run_sign(run)} {date(run.sync_start_time)}",
        f"*{escape(short_status(run.job_status, words))}*",
    ]
    if run.rows_synced is not None:
        said.append(_("{rows} rows").format(rows=words.number(run.rows_synced)))
    if run.rows_failed_with_errors:
        said.append(_("{rows} failed").format(rows=escape(failed(run, words))))
    said.append(escape(took(run, words)))
    return " · ".join(said)
