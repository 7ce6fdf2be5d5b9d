"""The command line: arguments in, exit codes out.

0: done, also after SIGTERM or SIGINT. 1: a failure while running. 2: bad usage or settings; then every problem
is listed on standard error, each naming its variable.
"""

import asyncio
import json
import logging
import os
import signal
import sys
import threading
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from typing import Annotated, Any, NoReturn, TypeVar

import structlog
import typer
from rich.console import Console

from cdi_bot import network
from cdi_bot.cli.backtest import chosen, json_lines, print_backtest, run_backtest
from cdi_bot.cli.backtest_sources import recorded_pasts
from cdi_bot.cli.check import run_checks
from cdi_bot.cli.forget import forget_traces, in_words
from cdi_bot.cli.run import run_bot, trial_client
from cdi_bot.cli.runs_file import RunsFileError, read_runs_file
from cdi_bot.cli.status import print_answer, status_report
from cdi_bot.cli.streams import give_up_output
from cdi_bot.delivery.slack_port import SlackTrouble
from cdi_bot.monitoring.braze_port import BrazeTrouble
from cdi_bot.monitoring.replay import ReplaySettings
from cdi_bot.operator.http import ListenError
from cdi_bot.operator.logs import flush_log, redact, register_secrets, set_up_logging, tell
from cdi_bot.settings.environment import (
    BrazeSettings,
    Problem,
    RuleSettings,
    Settings,
    SettingsError,
    load_braze_settings,
    load_database_url,
    load_rule_settings,
    load_settings,
)
from cdi_bot.slack.render.kit.i18n import Translator
from cdi_bot.store import StoreTrouble, is_erasable, migrate

FAILED, MISUSED = 1, 2

_BACKTEST_DAYS = 30

_STOP_SECONDS = 7.0
"""How long a stop may take before the process just ends, so that it is over well within 10 s whatever hangs."""

Result = TypeVar("Result")
Loaded = TypeVar("Loaded", bound=BrazeSettings)

# Failures whose own words say what is wrong and how to fix it: a traceback would only bury them.
_PLAIN = (BrazeTrouble, ListenError, SlackTrouble, StoreTrouble)

app = typer.Typer(
    name="cdi-bot",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
db = typer.Typer(help="Bring the database up to date, or see how far it is.", no_args_is_help=True)
app.add_typer(db, name="db")

PagePort = Annotated[
    int, typer.Option("--port", min=0, max=65535, help="Port of the page; 0 takes a free one.")
]


@app.callback()
def prepare() -> None:
    """Tells Slack when a Braze Cloud Data Ingestion sync goes wrong, and answers /cdi."""
    # Before any setting is read, so that whatever goes wrong from here on is redacted.
    set_up_logging(log_format=None, level="info")


@app.command()
def run() -> None:
    """Run the bot.

    Polls Braze, delivers to Slack, answers /cdi, and serves /healthz and /readyz, all in one process.
    """
    settings = _prepared(load_settings)
    raise typer.Exit(_outcome(_until_signal(lambda stop: run_bot(settings, stop=stop))))


@app.command()
def demo(
    *,
    headless: Annotated[bool, typer.Option("--headless", help="Print each Slack message as text.")] = False,
    seconds: Annotated[
        float | None, typer.Option("--for", metavar="SECONDS", min=0.1, help="Stop by itself after so long.")
    ] = None,
    port: PagePort = 0,
) -> None:
    """See it work, with no account anywhere.

    Runs the bot against stand-ins for Braze and Slack, and a page on which to watch and play with it.
    """
    from cdi_bot.cli.demo import show_demo  # noqa: PLC0415  # the bot itself starts without loading the stand-ins

    show = partial(show_demo, headless=headless, seconds=seconds, port=port, settings_of=_demo_settings)
    raise typer.Exit(_outcome(_until_signal(show)))


@app.command()
def sandbox(*, port: PagePort = 0) -> None:
    """Run the stand-ins for Braze and Slack alone."""
    from cdi_bot.cli.demo import serve_sandbox  # noqa: PLC0415  # likewise

    raise typer.Exit(_outcome(_until_signal(lambda stop: serve_sandbox(port, stop))))


@app.command()
def check() -> None:
    """Try every credential and permission."""
    settings = _prepared(load_settings)
    results = _outcome(run_checks(settings, trial_client(settings)))
    for result in results:
        typer.echo(redact(f"{'ok    ' if result.ok else 'NOT OK'}  {result.what}: {result.detail}"))
        if result.fix and not result.ok:
            typer.echo(redact(f"        {result.fix}"))
    if not all(result.ok for result in results):
        raise typer.Exit(FAILED)


@app.command()
def status(
    integration: Annotated[str, typer.Argument(help="An id, the start of one, or a name or part of one.")],
) -> None:
    """Show an integration's newest runs."""
    settings = _prepared(load_braze_settings)
    now = datetime.now(UTC)
    answer = _outcome(status_report(settings, integration, now))
    # A pipe has no width to fit into.
    console = Console() if sys.stdout.isatty() else Console(width=200)
    if not print_answer(answer, console, i18n=Translator.load(settings.language), now=now):
        raise typer.Exit(FAILED)


@app.command()
def backtest(
    selector: Annotated[
        str, typer.Argument(help="An id, a name, a pattern such as 'Users*', or all.")
    ] = "all",
    *,
    days: Annotated[
        int | None,
        typer.Option("--days", min=1, max=3660, help="Only what was told in the last so many days."),
    ] = None,
    runs: Annotated[
        str | None, typer.Option("--runs", metavar="FILE", help="JSON lines of runs; - is standard input.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON line an incident.")] = False,
) -> None:
    """Show what the bot would have told in the last 30 days.

    Lives through past runs with the code that decides live: those of a file, else the stored ones, and what Braze still
    holds where the store has less. Example: cdi-bot backtest 'Users*' --days 60
    """
    rules = _rule_settings()
    now = datetime.now(UTC)
    if runs is None:
        days = days or _BACKTEST_DAYS
        pasts = _outcome(recorded_pasts(rules.database_url, selector, days=days, now=now))
    else:
        try:
            pasts = [chosen(read_runs_file(runs, now), selector)]
        except RunsFileError as error:
            raise typer.BadParameter(str(error), param_hint="--runs") from None
    settings = ReplaySettings(grace=rules.grace, unreachable_after=rules.unreachable_after)
    found = run_backtest(pasts, days=days, settings=settings)
    if not found.integrations and selector != "all":
        typer.echo(f"No integration fits {selector!r}.", err=True)
    i18n = Translator.load(rules.language)
    if as_json:
        for line in json_lines(found, i18n):
            typer.echo(line)
    else:
        print_backtest(found, Console() if sys.stdout.isatty() else Console(width=200), i18n=i18n)


@app.command()
def forget(
    who: Annotated[
        str, typer.Argument(metavar="WHO", help="Slack's id of a person (U…), a channel (C…) or a team (T…).")
    ],
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Erase without asking.")] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print what was erased as JSON; with --yes.")
    ] = False,
) -> None:
    """Erase what is kept of a person, a channel or a team.

    Says first what that is, and asks. The bot may go on running meanwhile. Example: cdi-bot forget U024BE7LH
    """
    if not is_erasable(who):
        raise typer.BadParameter(
            "not an id of Slack such as U024BE7LH, C024BE91L or T024BE7LD", param_hint="WHO"
        )
    if as_json and not yes:
        raise typer.BadParameter("it goes with --yes: there is nobody to ask", param_hint="--json")
    url = _database_url()
    found = {} if yes else _outcome(forget_traces(url, who, erase=False))
    if not yes and found:
        typer.echo("\n".join([f"{who} stands in:", *in_words(found)]))
        typer.confirm("Erase it for good?", abort=True)
    erased = _outcome(forget_traces(url, who, erase=True)) if yes or found else found
    if as_json:
        typer.echo(json.dumps({"who": who, "erased": erased}))
    else:
        typer.echo(f"Erased {who}." if erased else f"Nothing is kept of {who}.")


@db.command()
def upgrade() -> None:
    """Make the tables, or bring them up to date."""
    url = _database_url()
    _outcome(asyncio.to_thread(migrate.upgrade, url))
    typer.echo(f"The database is at revision {migrate.current(url).head}.")


@db.command()
def current() -> None:
    """Show the database's revision, and whether it is the newest."""
    found = _outcome(asyncio.to_thread(migrate.current, _database_url()))
    if found.is_current:
        typer.echo(f"{found.revision}: up to date.")
    elif found.is_newer:
        typer.echo(
            f"{found.revision}: made by a newer cdi-bot; this one knows {found.head}. Install that version."
        )
    elif found.revision is None:
        typer.echo("The database has no tables yet. Run: cdi-bot db upgrade")
    else:
        typer.echo(f"{found.revision}: behind {found.head}. Run: cdi-bot db upgrade")


def _prepared(load: Callable[[], Loaded]) -> Loaded:
    """The settings, with logging set up by them; ends the program if they can't be used."""
    try:
        settings = load()
    except SettingsError as error:
        _misused(error)
    if found := network.problems(settings.addresses):
        _misused(SettingsError([Problem(**each._asdict()) for each in found]))
    register_secrets(settings.secrets)
    set_up_logging(log_format=settings.log_format, level=settings.log_level)
    return settings


def _demo_settings(environ: dict[str, str]) -> Settings:
    return _prepared(lambda: load_settings(environ, env_file=None))


def _rule_settings() -> RuleSettings:
    try:
        return load_rule_settings()
    except SettingsError as error:
        _misused(error)


def _database_url() -> str:
    try:
        return load_database_url()
    except SettingsError as error:
        _misused(error)


def _misused(error: SettingsError) -> NoReturn:
    tell("\n".join(["The settings can't be used:", *(f"  {problem}" for problem in error.problems)]))
    raise typer.Exit(MISUSED)


def _outcome(work: Coroutine[Any, Any, Result]) -> Result:
    """What the work gives; ends the program in plain words if it fails."""
    try:
        return asyncio.run(work)
    except typer.Exit:
        raise
    except SettingsError as error:
        _misused(error)
    except _PLAIN as error:
        tell(str(error))
    except Exception:  # noqa: BLE001 (nothing else catches it: the traceback goes to the log, redacted)
        structlog.get_logger().exception("cdi-bot failed")
    finally:
        flush_log()
    raise typer.Exit(FAILED)


async def _until_signal(work: Callable[[asyncio.Event], Awaitable[int]]) -> int:
    """Does the work, whose event is set by SIGTERM and SIGINT; after one of them the process ends in time."""
    stop = asyncio.Event()
    last_resort = threading.Timer(_STOP_SECONDS, _exit_now, [0])
    last_resort.daemon = True

    def end() -> None:
        if not stop.is_set():
            stop.set()
            last_resort.start()

    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, end)
    code = await work(stop)
    if last_resort.is_alive():
        _exit_now(code)
    return code


def _exit_now(code: int) -> None:
    """End the process without waiting for threads: a look-up of a name, or a lock of a database, can't be broken off.

    Nothing is lost by it: whatever is not committed is done again by the next process.
    """
    logging.shutdown()
    os._exit(code)


def main() -> None:
    """The program."""
    sys.unraisablehook = _log_unraisable
    try:
        app(prog_name="cdi-bot")
    except OSError as error:  # every other one is told where it is raised
        give_up_output()
        with suppress(OSError):
            typer.echo(f"Standard output can't be written to: {error.strerror}.", err=True)
        sys.exit(FAILED)


def _log_unraisable(found: "sys.UnraisableHookArgs") -> None:
    """Log an error that nobody can catch, such as one of a destructor: Python would print it with its secrets."""
    structlog.get_logger().error(
        "an error was ignored", exc_info=(found.exc_type, found.exc_value, found.exc_traceback)
    )
