"""`cdi-bot status`: the answers of `/cdi status` as tables in the terminal, or as JSON.

Words are those of the Slack answers; times are in the terminal's zone, with their distance from UTC, so that a
pasted line can't mislead.
"""

from collections.abc import Iterable
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from cdi_bot.app import watch_workspaces
from cdi_bot.cli import startup
from cdi_bot.cli.workspaces import open_workspace, reach_workspace
from cdi_bot.core.model.channel import Channel
from cdi_bot.core.model.incident import Incident
from cdi_bot.core.model.integration import Integration
from cdi_bot.core.model.run import Run
from cdi_bot.holder import Holder
from cdi_bot.item_troubles import ItemTroubles
from cdi_bot.operator.metrics import Metrics
from cdi_bot.settings.environment import BrazeSettings
from cdi_bot.slack.render.history import figures
from cdi_bot.slack.render.kinds.table import overall_state, state_sign
from cdi_bot.slack.render.kit.i18n import Translator
from cdi_bot.slack.render.kit.reasons import reason_text
from cdi_bot.slack.render.kit.runs import (
    failed,
    short_status,
    sparkline,
    sparkline_legend,
    status_sign,
    synced,
    took,
)
from cdi_bot.slack.render.kit.text import UNKNOWN, braze_name, duration, name_of, plain
from cdi_bot.slack.render.overview import row_state
from cdi_bot.usecases.answers import Answer, BrazeRefused, NoMatch, SeveralMatches
from cdi_bot.usecases.lookup import Lookup
from cdi_bot.usecases.queries import Queries
from cdi_bot.usecases.query_answers import Overview, RunHistory

_TERMINAL = Channel(team_id="", channel_id="")
"""Stands for the terminal among channels: it is subscribed to nothing."""


async def status_report(settings: BrazeSettings, query: str | None, now: datetime) -> Answer | Overview:
    """The answer of `/cdi status`, from a database that no bot needs to be running on; it is asked in no team's name.

    Without `query` it shows what any channel is subscribed to, all of it.

    Raises `StoreTrouble` when the database can't be used.
    """
    async with AsyncExitStack() as stack:
        store = await startup.open_store(settings.database_url)
        stack.push_async_callback(store.close)
        metrics = Metrics()
        given = await open_workspace(settings, store=store, metrics=metrics)
        stack.push_async_callback(given[1].aclose)
        workspaces = watch_workspaces(
            settings,
            [given],
            reach=partial(reach_workspace, metrics=metrics),
            store=store,
            clock=lambda: now,
            holder=Holder(store),
            metrics=metrics,
            troubles=ItemTroubles(lambda: now),
        )
        await workspaces.refresh()
        stack.push_async_callback(workspaces.stop, 0)
        lookup = Lookup(store=store, workspaces=workspaces)
        queries = Queries(store=store, workspaces=workspaces, lookup=lookup, clock=lambda: now)
        return await (queries.history(_TERMINAL, query) if query else _whole_overview(queries))


async def _whole_overview(queries: Queries) -> Overview:
    shown = await queries.overview(None)
    while len(shown.rows) < shown.total:
        page = await queries.overview(None, len(shown.rows))
        if page.offset < len(shown.rows):
            break  # it has become shorter meanwhile
        shown = replace(page, rows=(*shown.rows, *page.rows), offset=0)
    return shown


def print_answer(answer: Answer | Overview, console: Console, *, i18n: Translator, now: datetime) -> bool:
    """Prints the answer, and tells whether it is what was asked for.

    Args:
        answer: what asking for the status gave.
        console: where to print; rich styles only what a terminal can show.
        i18n: the language.
        now: to tell how old what is shown is.
    """
    lines, table = _said(answer, i18n, now)
    for line in lines:
        console.print(Text(line), soft_wrap=True)
    if table is not None:
        console.print(table)
    return table is not None


def _said(answer: Answer | Overview, i18n: Translator, now: datetime) -> tuple[list[str], Table | None]:
    match answer:
        case RunHistory():
            return _history(answer, i18n, now)
        case Overview():
            return _overview(answer, i18n)
        case _:
            return _excuse(answer, i18n), None


def json_of(answer: Answer | Overview, i18n: Translator) -> tuple[bool, dict[str, Any]]:
    """The answer as JSON, with Braze's own names for what Braze tells, and whether it is what was asked for."""
    match answer:
        case RunHistory():
            return True, {
                **_integration_json(answer.integration),
                "incident": _incident_json(answer.incident),
                "owner": answer.settings.owner if answer.settings else None,
                "runbook": answer.settings.runbook if answer.settings else None,
                "critical": bool(answer.settings and answer.settings.critical),
                "missing": answer.missing,
                "unreachable": answer.trouble,
                "observed_at": _iso(answer.observed_at),
                "next_run": _iso(answer.next_run),
                "usual": {
                    "seconds": answer.usual.duration.total_seconds() if answer.usual.duration else None,
                    "rows_synced": answer.usual.rows,
                },
                "days_30": {"ended": answer.ended, "success": answer.good},
                "days_7": {"ended": answer.ended_week, "success": answer.good_week},
                "runs": [_run_json(run) for run in answer.runs],
            }
        case Overview():
            return True, {
                "unreachable_since": _iso(
                    min((each.failing_since for each in answer.unreachable), default=None)
                ),
                "failing": answer.failing,
                "unhealthy": answer.unhealthy,
                "integrations": [
                    {
                        **_integration_json(row.integration),
                        "incident": _incident_json(row.incident),
                        "missing": row.missing,
                        "observed_at": _iso(row.observed_at),
                        "newest_run": _run_json(row.newest) if row.newest else None,
                    }
                    for row in answer.rows
                ],
            }
        case _:
            nearest = answer.candidates if isinstance(answer, SeveralMatches) else ()
            nearest = answer.nearest if isinstance(answer, NoMatch) else nearest
            return False, {
                "error": _excuse(answer, i18n)[0],
                "nearest": [_integration_json(each) for each in nearest],
            }


def _integration_json(integration: Integration) -> dict[str, Any]:
    return {
        "integration_id": integration.integration_id,
        "integration_name": integration.integration_name,
    } | ({"workspace": integration.workspace_name} if integration.workspace_name else {})


def _incident_json(incident: Incident | None) -> dict[str, Any] | None:
    if incident is None:
        return None
    return {
        "kind": incident.kind.value,
        "reason": incident.reason,
        "since": _iso(incident.failing_since),
        "failed_in_a_row": incident.failed_in_a_row,
        "acknowledged": incident.acknowledged_at is not None,
        "recovering_since": _iso(incident.recovered_since),
    }


def _run_json(run: Run) -> dict[str, Any]:
    return {
        "job_status": run.job_status,
        "sync_start_time": _iso(run.sync_start_time),
        "sync_finish_time": _iso(run.sync_finish_time),
        "last_timestamp_synced": _iso(run.last_timestamp_synced),
        "rows_synced": run.rows_synced,
        "rows_failed_with_errors": run.rows_failed_with_errors,
    }


def _iso(time: datetime | None) -> str | None:
    return time.isoformat().replace("+00:00", "Z") if time else None


def _overview(overview: Overview, i18n: Translator) -> tuple[list[str], Table | None]:
    lines = []
    lines += [_last_known_state(each, i18n) for each in overview.unreachable]
    if not overview.rows:
        return [
            *lines,
            i18n("No channel is subscribed to an integration. In Slack: /cdi subscribe all"),
        ], None
    sign, title = overall_state(
        failing=overview.failing,
        unhealthy=overview.unhealthy,
        total=overview.total,
        reachable=not overview.unreachable,
        i18n=i18n,
    )
    table = Table(box=None, pad_edge=False)
    for heading in (
        i18n("Integration"),
        i18n("State"),
        i18n("Newest run"),
        i18n("Rows synced"),
        i18n("Rows failed"),
    ):
        table.add_column(heading, overflow="fold")
    for row in overview.rows:
        run = row.newest
        cells = [
            f"{state_sign(row.incident, run, missing=row.missing)} {name_of(row.integration)}",
            row_state(row, i18n),
            _local(run.sync_start_time) if run else UNKNOWN,
            synced(run, i18n) if run else UNKNOWN,
            failed(run, i18n) if run else UNKNOWN,
        ]
        table.add_row(*map(Text, cells))
    return [*lines, f"{sign} {title}"], table


def _history(history: RunHistory, i18n: Translator, now: datetime) -> tuple[list[str], Table]:
    lines = []
    if history.unreachable is not None:
        lines.append(_last_known_state(history.unreachable, i18n))
    elif history.trouble is not None:
        lines.append(i18n("Last known state: {reason}.").format(reason=reason_text(history.trouble, i18n)))
    lines.append(name_of(history.integration))
    if history.missing:
        lines.append(i18n("Braze no longer lists this integration."))
    if history.incident is not None:
        since = history.incident.recovered_since
        text = i18n("Recovering since {time}.") if since else i18n("Unhealthy since {time}.")
        lines.append(text.format(time=_local(since or history.incident.failing_since)))
    if history.settings and history.settings.owner:
        lines.append(i18n("Owner: {who}").format(who=history.settings.owner.strip("<@!>")))
    if history.settings and history.settings.runbook:
        lines.append(f"{i18n('Runbook')}: {history.settings.runbook}")
    known = figures(history, i18n, now, when=_local, written=plain, exact=plain)
    lines += [f"{label}: {value}" for label, value in known]
    if drawn := sparkline(history.recent):
        lines.append(f"{drawn}  {sparkline_legend(i18n)}")
    if history.observed_at is not None:
        lines.append(i18n("Observed {age} ago.").format(age=duration(now - history.observed_at, i18n)))
    if history.dashboard_url is not None:
        lines.append(history.dashboard_url)
    return lines, _table(history, i18n)


def _table(history: RunHistory, i18n: Translator) -> Table:
    caption = i18n("Older runs: /cdi status in Slack pages through them.") if history.has_older else None
    table = Table(box=None, pad_edge=False, caption=caption, caption_justify="left")
    for heading in (i18n("Started"), i18n("Took"), i18n("Status"), i18n("Rows synced"), i18n("Rows failed")):
        table.add_column(heading, no_wrap=True)
    for run in history.runs:
        status = f"{status_sign(run.job_status)} {short_status(run.job_status, i18n)}"
        cells = [
            _local(run.sync_start_time),
            took(run, i18n),
            status,
            synced(run, i18n),
            failed(run, i18n),
        ]
        table.add_row(*map(Text, cells))
    return table


def _last_known_state(unreachable: Incident, i18n: Translator) -> str:
    text = i18n("Can't reach {braze} since {when} ({reason}). This is the last known state.")
    return text.format(
        braze=braze_name(unreachable.workspace_name, i18n),
        when=_local(unreachable.failing_since),
        reason=reason_text(unreachable.reason, i18n),
    )


def _excuse(answer: Answer, i18n: Translator) -> list[str]:
    """Why there is no history to show, and what to type instead."""
    match answer:
        case SeveralMatches():
            told = i18n("{count} integrations match “{words}”. Give an id:")
            return [
                told.format(count=i18n.number(answer.total), words=plain(answer.query)),
                *_listed(answer.candidates),
            ]
        case NoMatch():
            lines = [
                i18n("No integration matches “{words}”.").format(words=plain(answer.query)),
                *_listed(answer.nearest),
            ]
            if answer.trouble:
                lines.append(
                    i18n("Last known state: {reason}.").format(reason=reason_text(answer.trouble, i18n))
                )
            if not answer.list_known:
                lines.append(
                    i18n(
                        "The key isn't allowed to list integrations (cdi.integration_list): give the whole ID."
                    )
                )
            return lines
        case BrazeRefused():
            return [i18n("Can't reach Braze: {reason}.").format(reason=reason_text(answer.reason, i18n))]
        case _:
            return [i18n("Nothing to show for that.")]


def _listed(integrations: Iterable[Integration]) -> list[str]:
    return [f"  {plain(one.integration_id)}  {name_of(one)}" for one in integrations]


def _local(time: datetime) -> str:
    return time.astimezone().strftime("%Y-%m-%d %H:%M:%S %z")
