"""`cdi-bot status`: the answer of `/cdi status INTEGRATION` as a table in the terminal.

Words are those of the Slack answers; times are in the terminal's zone, with their distance from UTC, so that a
pasted line can't mislead.
"""

from collections.abc import Iterable
from contextlib import AsyncExitStack
from datetime import datetime

from rich.console import Console
from rich.table import Table
from rich.text import Text

from cdi_bot.app import process_name, watch_workspaces
from cdi_bot.cli import startup
from cdi_bot.cli.run import open_workspace, utc_now
from cdi_bot.core.model.channel import Channel
from cdi_bot.core.model.integration import Integration
from cdi_bot.item_troubles import ItemTroubles
from cdi_bot.operator.metrics import Metrics
from cdi_bot.settings.environment import BrazeSettings
from cdi_bot.slack.render.history import figures
from cdi_bot.slack.render.kit.i18n import Translator
from cdi_bot.slack.render.kit.reasons import reason_text
from cdi_bot.slack.render.kit.runs import failed, short_status, sparklines, status_sign, synced, took
from cdi_bot.slack.render.kit.text import duration, name_of, plain
from cdi_bot.usecases.answers import Answer, BrazeRefused, NoMatch, RunHistory, SeveralMatches
from cdi_bot.usecases.lookup import Lookup
from cdi_bot.usecases.queries import Queries

_TERMINAL = Channel(team_id="", channel_id="")
"""Stands for the terminal among channels: it is subscribed to nothing."""


async def status_report(settings: BrazeSettings, query: str, now: datetime) -> Answer:
    """The answer of `/cdi status`, from a database that no bot needs to be running on; it is asked in no team's name.

    Raises `StoreTrouble` when the database can't be used.
    """
    async with AsyncExitStack() as stack:
        store = await startup.open_store(settings.database_url)
        stack.push_async_callback(store.close)
        metrics = Metrics()
        reached = await open_workspace(
            settings.braze_base_url,
            settings.braze_api_key.get_secret_value(),
            store=store,
            clock=utc_now,
            metrics=metrics,
            dashboard_link=settings.dashboard_link,
        )
        stack.push_async_callback(reached[1].aclose)
        workspaces = watch_workspaces(
            settings,
            [reached],
            store=store,
            clock=lambda: now,
            owner=process_name(),
            metrics=metrics,
            troubles=ItemTroubles(lambda: now),
        )
        lookup = Lookup(store=store, workspaces=workspaces)
        queries = Queries(store=store, workspaces=workspaces, lookup=lookup, clock=lambda: now)
        return await queries.history(_TERMINAL, query)


def print_answer(answer: Answer, console: Console, *, i18n: Translator, now: datetime) -> bool:
    """Prints the answer, and tells whether it is the history that was asked for.

    Args:
        answer: what asking for an integration's status gave.
        console: where to print; rich styles only what a terminal can show.
        i18n: the language.
        now: to tell how old what is shown is.
    """
    lines, table = (
        _history(answer, i18n, now) if isinstance(answer, RunHistory) else (_excuse(answer, i18n), None)
    )
    for line in lines:
        console.print(Text(line), soft_wrap=True)
    if table is not None:
        console.print(table)
    return table is not None


def _history(history: RunHistory, i18n: Translator, now: datetime) -> tuple[list[str], Table]:
    lines = [f"{name_of(history.integration)}  {plain(history.integration.integration_id)}"]
    if history.missing:
        lines.append(i18n("Braze no longer lists this integration."))
    if history.incident is not None:
        since = history.incident.recovered_since
        text = i18n("Recovering since {time}.") if since else i18n("Not well since {time}.")
        lines.append(text.format(time=_local(since or history.incident.failing_since)))
    lines += [f"{label}: {value}" for label, value in figures(history, i18n, now, when=_local, written=plain)]
    lines += [line.replace("`", "") for line in sparklines(history.recent, i18n)]
    if history.trouble is not None:
        lines.append(i18n("From memory: {reason}.").format(reason=reason_text(history.trouble, i18n)))
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


def _excuse(answer: Answer, i18n: Translator) -> list[str]:
    """Why there is no history to show, and what to type instead."""
    match answer:
        case SeveralMatches():
            told = i18n("{count} integrations fit “{words}”. Give an id:")
            return [
                told.format(count=i18n.number(answer.total), words=plain(answer.query)),
                *_listed(answer.candidates),
            ]
        case NoMatch():
            lines = [
                i18n("No integration fits “{words}”.").format(words=plain(answer.query)),
                *_listed(answer.nearest),
            ]
            if answer.trouble:
                lines.append(i18n("From memory: {reason}.").format(reason=reason_text(answer.trouble, i18n)))
            if not answer.list_known:
                lines.append(
                    i18n("The key may not list integrations (cdi.integration_list): give the whole id.")
                )
            return lines
        case BrazeRefused():
            return [i18n("Braze can't be asked: {reason}.").format(reason=reason_text(answer.reason, i18n))]
        case _:
            return [i18n("There is no status to show for that.")]


def _listed(integrations: Iterable[Integration]) -> list[str]:
    return [f"  {plain(one.integration_id)}  {name_of(one)}" for one in integrations]


def _local(time: datetime) -> str:
    return time.astimezone().strftime("%Y-%m-%d %H:%M:%S %z")
