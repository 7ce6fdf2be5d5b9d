"""An integration's runs: as an answer with a table and a chart, and in a window of Home as lines."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

from cdi_bot.core.commands.subscriptions import Subscribe
from cdi_bot.core.model.run import Run
from cdi_bot.core.model.subscription import Filters, Selection
from cdi_bot.core.rules.kinds import rules_of
from cdi_bot.delivery.views import IncidentView
from cdi_bot.slack.render.kinds.table import facts_of, state_sign, state_text
from cdi_bot.slack.render.kit.advice import with_source
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
from cdi_bot.slack.render.kit.buttons import (
    ack_button,
    carried_integration,
    end_snooze_button,
    expected_button,
    open_button,
    snooze_select,
    sync_button,
    unack_button,
)
from cdi_bot.slack.render.kit.i18n import Translator
from cdi_bot.slack.render.kit.limits import BLOCKS_JSON, weight
from cdi_bot.slack.render.kit.pages import pager
from cdi_bot.slack.render.kit.people import ownership
from cdi_bot.slack.render.kit.reasons import braze_advice, failing_work, last_known_state
from cdi_bot.slack.render.kit.runs import (
    row_counts,
    row_numbers,
    run_charts,
    run_sign,
    short_status,
    sparkline,
    sparkline_legend,
    took,
)
from cdi_bot.slack.render.kit.text import (
    UNKNOWN,
    as_of,
    bold_name,
    code,
    date,
    duration,
    escape,
    outside,
    read_out,
    share,
    snoozed_now,
    typed,
    user,
)
from cdi_bot.usecases.answers import Answer
from cdi_bot.usecases.queries import HISTORY_PAGE
from cdi_bot.usecases.query_answers import RunHistory

_WINDOW_ROOM = 9000


def render_history(answer: RunHistory, i18n: Translator, now: datetime) -> Rendered:
    """Answer what an integration's runs were; the chart shows times in the zone of `now`."""
    lines = [*_known_then(answer, i18n), *_state_lines(answer, i18n)]
    listed = _runs_table(answer, i18n) if answer.runs else section(i18n("No runs to show."))
    # The chart is of the newest runs, so it stands beside these only.
    charts = run_charts(answer.recent, i18n, now.tzinfo or UTC) if answer.offset == 0 else []
    drawn = [section("\n".join(_trend(answer, i18n)))] if charts else []
    foot = [
        *_figures(answer, i18n, now),
        *actions(_elements(answer, i18n)),
        context(as_of(answer.observed_at, i18n), *_next_step(answer, i18n)),
    ]
    text = read_out(lines)
    head = [section("\n".join(lines)), listed]
    plainer = [*head, *drawn, *foot]
    blocks = [*head, *charts, *foot]
    # A chart of great numbers beside long names may be more than a message holds.
    if not charts or weight(blocks) > BLOCKS_JSON:
        return Rendered(text=text, blocks=plainer)
    return Rendered(text=text, blocks=blocks, plainer=plainer)


def history_window(answer: Answer, i18n: Translator, now: datetime) -> list[Block] | None:
    """Show an integration's runs in a window; `None` for an answer without runs."""
    if not isinstance(answer, RunHistory):
        return None
    lines = [
        *_known_then(answer, i18n),
        *_state_lines(answer, i18n),
        *_trend(answer, i18n),
    ]
    listed, _held = paragraphs([_run_line(run, i18n) for run in answer.runs], blocks=5, room=_WINDOW_ROOM)
    advice = [braze_advice(answer.trouble, i18n)] if answer.trouble else []
    return [
        section("\n".join(lines)),
        *(listed or [section(i18n("No runs to show."))]),
        {"type": "divider"},
        *_figures(answer, i18n, now),
        *actions([open_button(answer.integration, answer.dashboard_url, i18n)]),
        context(as_of(answer.observed_at, i18n), *advice),
    ]


def _elements(answer: RunHistory, i18n: Translator) -> list[Block | None]:
    """Return what can be done about the integration, all in one row."""
    integration, incident = answer.integration, answer.incident
    carried = carried_integration(integration)
    ack = snooze = None
    if view := _view(answer):
        ack = ack_button([view], i18n, action_id="history_ack", **carried) or unack_button(
            [view], i18n, action_id="history_unack", **carried
        )
    if answer.snooze:
        snooze = end_snooze_button(answer.snooze, integration, i18n, action_id="history_unsnooze")
    elif incident and answer.subscribed:
        snooze = snooze_select(integration, i18n, action_id="history_snooze")
    can_sync = answer.can_sync and (incident is None or rules_of(incident).sync_can_start)
    pages = pager(
        "history_page",
        carried,
        i18n,
        offset=answer.offset,
        size=HISTORY_PAGE,
        has_more=answer.has_older,
        labels=(i18n("Newer"), i18n("Older")),
    )
    return [
        ack,
        snooze,
        *(element for row in pages for element in row["elements"]),
        sync_button(integration, i18n) if can_sync else None,
        expected_button(incident, integration, i18n),
        open_button(integration, answer.dashboard_url, i18n),
    ]


# --------------------------------------------------------------------------------- state


def _known_then(answer: RunHistory, i18n: Translator) -> list[str]:
    unreachable = answer.unreachable and replace(answer.unreachable, workspace_name=None)  # named below
    return last_known_state(unreachable, answer.trouble, answer.observed_at, i18n)


def _state_lines(answer: RunHistory, i18n: Translator) -> list[str]:
    """Say in mrkdwn how the integration is, as its card does, who acknowledged and snoozed it, and whose it is."""
    newest = answer.recent[0] if answer.recent else None
    mark = state_sign(answer.incident, newest, missing=answer.missing)
    view = _view(answer)
    if view and not answer.missing:
        said = facts_of(view, i18n)
    else:
        name = with_source(bold_name(answer.integration, answer.dashboard_url), answer.integration, i18n)
        state = state_text(answer.incident, newest, i18n, missing=answer.missing)
        said = [i18n("{name} – {state}").format(name=name, state=escape(state))]
    if answer.incident and answer.incident.acknowledged_by:
        said.append(i18n("Acknowledged by {who}").format(who=user(answer.incident.acknowledged_by)))
    if answer.snooze:
        said.append(snoozed_now(answer.snooze, i18n("Snoozed by {who} {until}"), i18n))
    return [f"{mark} {said[0]}", *said[1:], *ownership(answer.settings, i18n)]


def _view(answer: RunHistory) -> IncidentView | None:
    """The open incident with what its card says of it."""
    if answer.incident is None:
        return None
    return IncidentView(
        incident=answer.incident,
        integration=answer.integration,
        dashboard_url=answer.dashboard_url,
        past=tuple(run for run in answer.recent if run.sync_start_time < answer.incident.began),
    )


def _trend(answer: RunHistory, i18n: Translator) -> list[str]:
    drawn = sparkline(answer.recent)
    return [f"`{drawn}` {sparkline_legend(i18n)}"] if drawn else []


def _next_step(answer: RunHistory, i18n: Translator) -> list[str]:
    if answer.trouble is not None:
        return [braze_advice(answer.trouble, i18n)]
    if answer.subscribed or answer.missing:
        return []
    return [
        i18n("This channel isn't subscribed to it: {command}").format(
            command=typed(Subscribe(selector=Selection.of(answer.integration).typed, filters=Filters()))
        )
    ]


# --------------------------------------------------------------------------------- figures and runs


def _figures(answer: RunHistory, i18n: Translator, now: datetime) -> list[Block]:
    known = figures(answer, i18n, now)
    return [fields(known)] if known else []


def figures(
    answer: RunHistory,
    i18n: Translator,
    now: datetime,
    *,
    when: Callable[[datetime], str] = date,
    written: Callable[[str], str] = outside,
    exact: Callable[[str], str] = code,
) -> list[tuple[str, str]]:
    """Return what is known of an integration beside its runs, as labels and values.

    `when` writes a time, `written` what Braze's list says in its own words, `exact` an id.
    """
    integration = answer.integration
    said = [(_next_run_label(answer, i18n, now), when(answer.next_run) if answer.next_run else UNKNOWN)]
    said.append((i18n("Usual run"), _usual(answer, i18n)))
    rates = [
        i18n("{share} in {count} days").format(share=_rate(*each, i18n), count=i18n.number(days))
        for days, each in (
            (7, (answer.good_week, answer.ended_week)),
            (30, (answer.good, answer.ended)),
        )
    ]
    said.append((i18n("Succeeded"), i18n.listed(rates)))
    # A run in progress has none yet.
    watermark = next((run.last_timestamp_synced for run in answer.runs if run.last_timestamp_synced), None)
    said.append((i18n("Newest UPDATED_AT synced"), when(watermark) if watermark else UNKNOWN))
    facts = [
        (i18n("State in Braze"), integration.integration_status if integration.is_inactive else None),
        (i18n("Contacts in Braze"), integration.contact_emails),
        (i18n("Left out because it can't be right"), ", ".join(answer.left_out)),
    ]
    said += [(label, written(fact)) for label, fact in facts if fact]
    if answer.troubles:
        label = i18n("What the bot fails to do (the log says why)")
        said.append((label, failing_work(answer.troubles, i18n, when)))
    return [*said, (i18n("Integration ID"), exact(integration.integration_id))]


def _next_run_label(answer: RunHistory, i18n: Translator, now: datetime) -> str:
    if answer.next_run and answer.next_run <= now:
        return i18n("Next run was expected")
    return i18n("Next run")


def _usual(answer: RunHistory, i18n: Translator) -> str:
    """Say how many rows a good run usually syncs, and how long it takes."""
    usual = answer.usual
    said = []
    if usual.rows is not None:
        said.append(i18n.counted("{count} row", "{count} rows", usual.rows))
    if usual.duration is not None:
        said.append(duration(usual.duration, i18n))
    return i18n.listed(said) if said else UNKNOWN


def _rate(good: int, ended: int, i18n: Translator) -> str:
    """Say which share of the runs succeeded."""
    if not ended:
        return UNKNOWN
    rate = share(good / ended, i18n)
    return i18n.counted("{share} of {count} run", "{share} of {count} runs", ended, share=rate)


def _runs_table(answer: RunHistory, i18n: Translator) -> Block:
    header = [
        i18n("Started"),
        i18n("Status"),
        i18n("Rows"),
        i18n("Took"),
        i18n("Newest UPDATED_AT"),
    ]
    rows = [
        [
            date_cell(run.sync_start_time, UNKNOWN),
            cell(f"{run_sign(run)} {short_status(run.job_status, i18n)}"),
            cell(row_numbers(run, i18n)),
            cell(took(run, i18n)),
            date_cell(run.last_timestamp_synced, UNKNOWN),
        ]
        for run in answer.runs
    ]
    return table(header, rows, numbers=(2, 3))


def _run_line(run: Run, i18n: Translator) -> str:
    said = [
        f"{run_sign(run)} {date(run.sync_start_time)}",
        f"*{escape(short_status(run.job_status, i18n))}*",
        *row_counts(run, i18n),
        escape(took(run, i18n)),
    ]
    return " · ".join(said)
