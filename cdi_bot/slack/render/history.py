"""An integration's runs: as an answer with charts and a table, and in a window of Home as lines."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from cdi_bot.core.commands.incidents import Acknowledge
from cdi_bot.core.commands.subscriptions import Subscribe
from cdi_bot.core.model.run import Run
from cdi_bot.core.model.source import source_of
from cdi_bot.core.model.subscription import Filters
from cdi_bot.slack.render.kinds.table import state_sign, state_text
from cdi_bot.slack.render.kit.advice import source_name
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
    carried_integration,
    expected_button,
    open_button,
    pager,
    unsnooze_button,
)
from cdi_bot.slack.render.kit.i18n import Translator
from cdi_bot.slack.render.kit.limits import BLOCKS_JSON, weight
from cdi_bot.slack.render.kit.reasons import braze_advice, failing_work, reason_text
from cdi_bot.slack.render.kit.runs import (
    failed,
    row_counts,
    run_charts,
    run_sign,
    short_status,
    sparklines,
    synced,
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
    name_of,
    outside,
    share,
    snooze_text,
    typed,
    user,
)
from cdi_bot.usecases.answers import Answer, RunHistory
from cdi_bot.usecases.queries import HISTORY_PAGE

_WINDOW_ROOM = 9000


def render_history(answer: RunHistory, i18n: Translator, now: datetime) -> Rendered:
    """Answer what an integration's runs were; the charts show times in the zone of `now`."""
    head = [section("\n".join([_title(answer), *_state_lines(answer, i18n)])), *_figures(answer, i18n, now)]
    # The charts are of the newest runs, so they stand beside these only.
    charts = run_charts(answer.recent, i18n, now.tzinfo or UTC) if answer.offset == 0 else []
    drawn = [section("\n".join(sparklines(answer.recent, i18n)))] if charts else []
    listed = _runs_table(answer, i18n) if answer.runs else section(i18n("No runs to show."))
    pages = pager(
        "history_page",
        carried_integration(answer.integration),
        i18n,
        offset=answer.offset,
        size=HISTORY_PAGE,
        has_more=answer.has_older,
        labels=(i18n("Newer"), i18n("Older")),
    )
    turns = [element for row in pages for element in row["elements"]]
    links = [
        open_button(answer.integration, answer.dashboard_url, i18n),
        unsnooze_button(answer.integration, i18n) if answer.snooze else None,
        expected_button(answer.incident, answer.integration, i18n),
    ]
    foot = [
        listed,
        *actions([*turns, *links]),
        context(_freshness(answer, i18n), _next_step(answer, i18n)),
    ]
    name = name_of(answer.integration)
    text = escape(i18n("{name} – {state}").format(name=name, state=_state(answer, i18n)))
    plainer = [*head, *drawn, *foot]
    blocks = [*head, *charts, *foot]
    # Charts of great numbers beside long names may be more than a message holds.
    if not charts or weight(blocks) > BLOCKS_JSON:
        return Rendered(text=text, blocks=plainer)
    return Rendered(text=text, blocks=blocks, plainer=plainer)


def history_window(answer: Answer, i18n: Translator, now: datetime) -> list[Block] | None:
    """Show an integration's runs in a window; `None` for an answer without runs."""
    if not isinstance(answer, RunHistory):
        return None
    lines = [_title(answer), escape(_state(answer, i18n)), *sparklines(answer.recent, i18n)]
    listed, _held = paragraphs([_run_line(run, i18n) for run in answer.runs], blocks=5, room=_WINDOW_ROOM)
    fresh = _freshness(answer, i18n)
    if answer.trouble is not None:
        fresh += f". {braze_advice(answer.trouble, i18n)}"
    return [
        section("\n".join(lines)),
        *_figures(answer, i18n, now),
        {"type": "divider"},
        *(listed or [section(i18n("No runs to show."))]),
        *actions([open_button(answer.integration, answer.dashboard_url, i18n)]),
        context(fresh),
    ]


# --------------------------------------------------------------------------------- state


def _title(answer: RunHistory) -> str:
    mark = state_sign(answer.incident, _newest(answer))
    name = bold_name(answer.integration, answer.dashboard_url)
    return f"{mark} {name} {code(answer.integration.integration_id)}"


def _newest(answer: RunHistory) -> Run | None:
    return answer.recent[0] if answer.recent else None


def _state(answer: RunHistory, i18n: Translator) -> str:
    return state_text(answer.incident, _newest(answer), i18n, missing=answer.missing)


def _state_lines(answer: RunHistory, i18n: Translator) -> list[str]:
    """Say in mrkdwn how the integration is, who acknowledged that, and who snoozed it."""
    said = [escape(_state(answer, i18n))]
    if answer.incident:
        since = i18n("since {when}").format(when=date(answer.incident.failing_since))
        said[0] = i18n.listed([said[0], since])
        if answer.incident.acknowledged_by:
            said.append(i18n("Acknowledged by {who}").format(who=user(answer.incident.acknowledged_by)))
    if answer.snooze:
        until = i18n("Muted here by {who} until {when}")
        until_recovery = i18n("Muted here by {who} until it recovers")
        said.append(snooze_text(answer.snooze, until if answer.snooze.until else until_recovery))
    return said


def _freshness(answer: RunHistory, i18n: Translator) -> str:
    fresh = as_of(answer.observed_at, i18n)
    if answer.trouble is None:
        return fresh
    return i18n("From memory, {fresh}: {reason}").format(
        fresh=fresh, reason=escape(reason_text(answer.trouble, i18n))
    )


def _next_step(answer: RunHistory, i18n: Translator) -> str:
    key = answer.integration.integration_id
    if answer.trouble is not None:
        return braze_advice(answer.trouble, i18n)
    if not answer.subscribed:
        return i18n("This channel does not hear of it: {command}").format(
            command=typed(Subscribe(selector=key, filters=Filters()))
        )
    if answer.incident and not answer.incident.acknowledged_by:
        return i18n("To acknowledge it: {command}").format(command=typed(Acknowledge(query=key)))
    return i18n("`/cdi status` shows everything this channel hears of.")


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
) -> list[tuple[str, str]]:
    """Return what is known of an integration beside its runs, as labels and values.

    `when` writes a time, `written` what Braze's list says in its own words.
    """
    rates = [
        (i18n("Succeeded in 7 days"), _rate(answer.good_week, answer.ended_week, i18n)),
        (i18n("Succeeded in 30 days"), _rate(answer.good, answer.ended, i18n)),
    ]
    said = [(label, rate) for label, rate in rates if rate]
    newest = _newest(answer)
    if newest and answer.usual.duration is not None:
        usual = duration(answer.usual.duration, i18n)
        said.append((i18n("Took"), _against(took(newest, i18n), usual, i18n)))
    if newest and answer.usual.rows is not None:
        usual = i18n.number(answer.usual.rows)
        said.append((i18n("Rows synced"), _against(synced(newest, i18n), usual, i18n)))
    integration = answer.integration
    facts = [
        (i18n("Source"), source_name(source) if (source := source_of(integration)) else None),
        (i18n("State in Braze"), integration.integration_status if integration.is_inactive else None),
        (i18n("Contacts in Braze"), integration.contact_emails),
    ]
    said += [(label, written(fact)) for label, fact in facts if fact]
    if answer.left_out:
        said.append((i18n("Left out, as it can't be right"), written(", ".join(answer.left_out))))
    if answer.troubles:
        label = i18n("What I fail to do (the log says why)")
        said.append((label, failing_work(answer.troubles, i18n, when)))
    if answer.next_run:
        label = i18n("Next run") if answer.next_run > now else i18n("Next run was expected")
        said.append((label, when(answer.next_run)))
    return said


def _rate(good: int, ended: int, i18n: Translator) -> str | None:
    """Say which share of the runs succeeded; `None` where none ended."""
    if not ended:
        return None
    rate = share(good / ended, i18n)
    return i18n.counted("{share} of {count} run", "{share} of {count} runs", ended, share=rate)


def _against(newest: str, usual: str, i18n: Translator) -> str:
    return i18n("{newest} (usually {usual})").format(newest=newest, usual=usual)


def _runs_table(answer: RunHistory, i18n: Translator) -> Block:
    header = [
        i18n("Started"),
        i18n("Status"),
        i18n("Rows synced"),
        i18n("Rows failed"),
        i18n("Took"),
        i18n("Last timestamp synced"),
    ]
    rows = [
        [
            date_cell(run.sync_start_time, UNKNOWN),
            cell(f"{run_sign(run)} {short_status(run.job_status, i18n)}"),
            cell(synced(run, i18n)),
            cell(failed(run, i18n)),
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
