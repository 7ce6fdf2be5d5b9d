"""The answer that shows an integration's runs. Pure."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from cdi_bot.core.model.run import Run
from cdi_bot.slack.render.answers.pages import as_of, pager
from cdi_bot.slack.render.kit.blocks import (
    Block,
    Rendered,
    actions,
    cell,
    context,
    date_cell,
    fields,
    paragraphs,
    section,
    table,
)
from cdi_bot.slack.render.kit.buttons import open_in_braze, unsnooze_button
from cdi_bot.slack.render.kit.charts import run_charts, sparklines
from cdi_bot.slack.render.kit.i18n import Translator
from cdi_bot.slack.render.kit.limits import BLOCKS_JSON, weight
from cdi_bot.slack.render.kit.reasons import braze_advice, reason_text
from cdi_bot.slack.render.kit.statuses import headline, incident_sign, long_status, run_sign, short_status
from cdi_bot.slack.render.kit.text import (
    REASON,
    bold_name,
    code,
    date,
    duration,
    escape,
    failed,
    name_of,
    outside,
    plain,
    share,
    synced,
    took,
    user,
)
from cdi_bot.usecases.answers import Answer, RunHistory
from cdi_bot.usecases.queries import HISTORY_PAGE


def render_history(answer: RunHistory, i18n: Translator, now: datetime) -> Rendered:
    """Answer what an integration's runs were; the pictures show times in the zone of `now`."""
    _ = i18n.gettext
    name = name_of(answer.integration)
    newest = answer.recent[0] if answer.recent else None
    mark = incident_sign(answer.incident) if answer.incident else run_sign(newest)
    title = f"{bold_name(answer.integration, answer.dashboard_url)} {code(answer.integration.integration_id)}"
    head = [section("\n".join([f"{mark} {title}", *_history_state(answer, i18n)]))]
    known = figures(answer, i18n, now)
    if known:
        head.append(fields(known))
    # The pictures are of the newest runs, so they stand beside these only.
    pictures = run_charts(answer.recent, i18n, now.tzinfo or UTC) if answer.offset == 0 else []
    drawn = [section("\n".join(sparklines(answer.recent, i18n)))] if pictures else []
    listed = [_runs_table(answer, i18n)] if answer.runs else [section(_("No runs to show."))]
    pages = pager(
        "history_page",
        {"id": answer.integration.integration_id},
        offset=answer.offset,
        size=HISTORY_PAGE,
        has_more=answer.has_older,
        labels=(_("Newer"), _("Older")),
    )
    turns = [element for row in pages for element in row["elements"]]
    links = [
        open_in_braze(answer.integration, answer.dashboard_url, i18n),
        unsnooze_button(answer.integration, i18n) if answer.snooze else None,
    ]
    foot = [*actions([*turns, *links]), context(_freshness(answer, i18n), _next_step(answer, i18n))]
    text = escape(_("{name} – {state}").format(name=name, state=_plain_state(answer, i18n)))
    plainer = [*head, *drawn, *listed, *foot]
    blocks = [*head, *pictures, *listed, *foot]
    # Pictures of great numbers beside long names may be more than a message holds.
    if not pictures or weight(blocks) > BLOCKS_JSON:
        return Rendered(text=text, blocks=plainer)
    return Rendered(text=text, blocks=blocks, plainer=plainer)


def _plain_state(answer: RunHistory, i18n: Translator) -> str:
    """Say in plain text how an integration is."""
    _ = i18n.gettext
    if answer.missing:
        return _("Braze no longer knows this integration")
    if answer.incident:
        return headline(answer.incident, i18n)
    newest = answer.recent[0] if answer.recent else None
    return long_status(newest.job_status, i18n) if newest else _("No run has ended yet")


def _history_state(answer: RunHistory, i18n: Translator) -> list[str]:
    """Say in mrkdwn how it is, who looks after it, and who muted it."""
    _ = i18n.gettext
    said = [escape(_plain_state(answer, i18n))]
    if answer.incident:
        since = _("since {when}").format(when=date(answer.incident.failing_since))
        said[0] = i18n.listed([said[0], since])
        if answer.incident.acknowledged_by:
            said.append(_("Acknowledged by {who}").format(who=user(answer.incident.acknowledged_by)))
    if answer.snooze:
        end = (
            _("Muted here by {who} until {when}").format(
                who=user(answer.snooze.by), when=date(answer.snooze.until)
            )
            if answer.snooze.until
            else _("Muted here by {who} until it recovers").format(who=user(answer.snooze.by))
        )
        said.append(f"{end}: {outside(answer.snooze.reason, REASON)}" if answer.snooze.reason else end)
    return said


def figures(
    answer: RunHistory, i18n: Translator, now: datetime, *, when: Callable[[datetime], str] = date
) -> list[tuple[str, str]]:
    """Return what the runs amount to, as labels and values; `when` writes a time."""
    _ = i18n.gettext
    rates = [
        (_("Succeeded in 7 days"), _rate(answer.good_week, answer.ended_week, i18n)),
        (_("Succeeded in 30 days"), _rate(answer.good, answer.ended, i18n)),
    ]
    said = [(label, rate) for label, rate in rates if rate]
    newest = answer.recent[0] if answer.recent else None
    if newest and answer.usual.duration is not None:
        usual = duration(answer.usual.duration, i18n)
        said.append((_("Took"), _against(took(newest, i18n), usual, i18n)))
    if newest and answer.usual.rows is not None:
        usual = i18n.number(answer.usual.rows)
        said.append((_("Rows synced"), _against(synced(newest, i18n), usual, i18n)))
    if answer.next_run:
        label = _("Next run") if answer.next_run > now else _("Next run was expected")
        said.append((label, when(answer.next_run)))
    return said


def _rate(good: int, ended: int, i18n: Translator) -> str | None:
    """Say which share of the runs succeeded; `None` where none ended."""
    if not ended:
        return None
    return i18n.ngettext("{share} of {count} run", "{share} of {count} runs", ended).format(
        share=share(good / ended, i18n), count=i18n.number(ended)
    )


def _against(newest: str, usual: str, i18n: Translator) -> str:
    return i18n.gettext("{newest} (usually {usual})").format(newest=newest, usual=usual)


def _runs_table(answer: RunHistory, i18n: Translator) -> Block:
    _ = i18n.gettext
    header = [
        _("Started"),
        _("Status"),
        _("Rows synced"),
        _("Rows failed"),
        _("Took"),
        _("Last timestamp synced"),
    ]
    rows = [
        [
            date_cell(run.sync_start_time, "–"),
            cell(f"{run_sign(run)} {short_status(run.job_status, i18n)}"),
            cell(synced(run, i18n)),
            cell(failed(run, i18n)),
            cell(took(run, i18n)),
            date_cell(run.last_timestamp_synced, "–"),
        ]
        for run in answer.runs
    ]
    return table(header, rows, numbers=(2, 3))


def _freshness(answer: RunHistory, i18n: Translator) -> str:
    _ = i18n.gettext
    fresh = as_of(answer.observed_at, i18n)
    if answer.trouble is None:
        return fresh
    return _("From memory, {fresh}: {reason}").format(
        fresh=fresh, reason=escape(reason_text(answer.trouble, i18n))
    )


def _next_step(answer: RunHistory, i18n: Translator) -> str:
    _ = i18n.gettext
    key = plain(answer.integration.integration_id)
    if answer.trouble is not None:
        return braze_advice(answer.trouble, i18n)
    if not answer.subscribed:
        return _("This channel does not hear of it: {command}").format(command=code(f"/cdi subscribe {key}"))
    if answer.incident and not answer.incident.acknowledged_by:
        return _("To acknowledge it: {command}").format(command=code(f"/cdi ack {key}"))
    return _("`/cdi status` shows everything this channel hears of.")


_WINDOW_ROOM = 9000


def history_window(answer: Answer, i18n: Translator, now: datetime) -> list[Block] | None:
    """Tell an integration's runs; `None` for an answer that tells of none."""
    if not isinstance(answer, RunHistory):
        return None
    _ = i18n.gettext
    newest = answer.recent[0] if answer.recent else None
    mark = incident_sign(answer.incident) if answer.incident else run_sign(newest)
    title = f"{bold_name(answer.integration, answer.dashboard_url)} {code(answer.integration.integration_id)}"
    lines = [f"{mark} {title}", escape(_window_state(answer, newest, i18n))]
    lines += sparklines(answer.recent, i18n)
    known = figures(answer, i18n, now)
    listed, _held = paragraphs([_run_line(run, i18n) for run in answer.runs], blocks=5, room=_WINDOW_ROOM)
    fresh = as_of(answer.observed_at, i18n)
    if answer.trouble is not None:
        reason = escape(reason_text(answer.trouble, i18n))
        fresh = _("From memory, {fresh}: {reason}").format(fresh=fresh, reason=reason)
        fresh += f". {braze_advice(answer.trouble, i18n)}"
    return [
        section("\n".join(lines)),
        *([fields(known)] if known else []),
        {"type": "divider"},
        *(listed or [section(_("No runs to show."))]),
        *actions([open_in_braze(answer.integration, answer.dashboard_url, i18n)]),
        context(fresh),
    ]


def _window_state(answer: RunHistory, newest: Run | None, i18n: Translator) -> str:
    """Say in plain text how it is."""
    _ = i18n.gettext
    if answer.missing:
        return _("Braze no longer knows this integration")
    if answer.incident:
        return headline(answer.incident, i18n)
    return long_status(newest.job_status, i18n) if newest else _("No run has ended yet")


def _run_line(run: Run, i18n: Translator) -> str:
    _ = i18n.gettext
    said = [
        f"{run_sign(run)} {date(run.sync_start_time)}",
        f"*{escape(short_status(run.job_status, i18n))}*",
    ]
    if run.rows_synced is not None:
        said.append(_("{rows} rows").format(rows=i18n.number(run.rows_synced)))
    if run.rows_failed_with_errors:
        said.append(_("{rows} failed").format(rows=escape(failed(run, i18n))))
    said.append(escape(took(run, i18n)))
    return " · ".join(said)
