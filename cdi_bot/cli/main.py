"""The command line: what each command takes, and what it prints."""

import asyncio
import json
import sys
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from typing import Annotated

import structlog
import typer

from cdi_bot import __version__
from cdi_bot.cli.check import print_checks
from cdi_bot.cli.config import AsJson, config
from cdi_bot.cli.config_file import config_path
from cdi_bot.cli.execution import FAILED, loaded, outcome, prepared, until_signal
from cdi_bot.cli.forget import forget_traces, in_words
from cdi_bot.cli.run import run_bot
from cdi_bot.cli.streams import give_up_output
from cdi_bot.cli.workspaces import rotate_keys, trial_client
from cdi_bot.core.replay.replay import ReplaySettings
from cdi_bot.operator.logs import set_up_logging
from cdi_bot.settings.environment import (
    Settings,
    load_braze_settings,
    load_database_settings,
    load_rule_settings,
    load_settings,
)
from cdi_bot.slack.render.kit.i18n import Translator
from cdi_bot.store import is_erasable, migrate
from cdi_bot.store.secret_keys import KeyLostError

_BACKTEST_DAYS = 30


def _examples(*commands: str) -> str:
    """What stands below the help of a command; the first line keeps the others as they are."""
    return "\n".join(
        ["\b", "Examples:" if len(commands) > 1 else "Example:", *(f"  {each}" for each in commands)]
    )


app = typer.Typer(
    name="cdi-bot",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    epilog=_examples(
        "cdi-bot demo                 see it work, without any account",
        "cdi-bot check                try every token and permission",
        "cdi-bot run                  start the bot",
        "cdi-bot status 'Users: attributes'",
        "cdi-bot COMMAND --help       what a command does, with an example",
    ),
)
db = typer.Typer(
    help="Bring the database up to date, show its revision, or encrypt stored keys anew.",
    no_args_is_help=True,
    epilog=_examples("cdi-bot db upgrade", "cdi-bot db current --json"),
)
app.add_typer(db, name="db")
app.add_typer(config, name="config", epilog=_examples("cdi-bot config plan cdi-bot.toml"))

PagePort = Annotated[
    int, typer.Option("--port", metavar="N", min=0, max=65535, help="Port of the page; 0 takes a free one.")
]


def _print_version(asked: bool) -> None:  # noqa: FBT001  # how typer calls it
    if asked:
        typer.echo(f"cdi-bot {__version__}")
        raise typer.Exit


@app.callback()
def prepare(
    *,
    _version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit."),
    ] = False,
) -> None:
    """Slack alerts when a Braze Cloud Data Ingestion sync goes wrong, and answers to /cdi."""
    # Before any setting is read, so that whatever goes wrong from here on is redacted.
    set_up_logging(log_format=None, level="info")


@app.command(epilog=_examples("cdi-bot run"))
def run() -> None:
    """Run the bot.

    Polls Braze, delivers to Slack, answers /cdi, and serves /healthz and /readyz, all in one process.
    """
    settings = prepared(load_settings)
    raise typer.Exit(
        outcome(until_signal(lambda stop: run_bot(settings, stop=stop, config=config_path(settings))))
    )


@app.command(
    epilog=_examples(
        "cdi-bot demo", "cdi-bot demo --headless --for 60    print the conversation for a minute"
    )
)
def demo(
    *,
    headless: Annotated[bool, typer.Option("--headless", help="Print each Slack message as text.")] = False,
    seconds: Annotated[
        float | None, typer.Option("--for", metavar="SECONDS", min=0.1, help="Stop by itself after so long.")
    ] = None,
    port: PagePort = 0,
    workspaces: Annotated[
        int,
        typer.Option("--workspaces", metavar="N", min=1, max=9, help="So many Braze workspaces."),
    ] = 1,
) -> None:
    """See it work, with no account anywhere.

    Runs the bot against stand-ins for Braze and Slack, and a page on which to watch and play with it.
    """
    from cdi_bot.cli.demo import show_demo  # noqa: PLC0415  # the bot itself starts without loading the stand-ins

    show = partial(
        show_demo,
        headless=headless,
        seconds=seconds,
        port=port,
        workspaces=workspaces,
        settings_of=_demo_settings,
    )
    raise typer.Exit(outcome(until_signal(show)))


@app.command(epilog=_examples("cdi-bot sandbox --port 8080"))
def sandbox(*, port: PagePort = 0) -> None:
    """Run the stand-ins for Braze and Slack alone."""
    from cdi_bot.cli.demo import serve_sandbox  # noqa: PLC0415  # likewise

    raise typer.Exit(outcome(until_signal(lambda stop: serve_sandbox(port, stop))))


@app.command(epilog=_examples("cdi-bot check", "cdi-bot check --json"))
def check(*, as_json: AsJson = False) -> None:
    """Try every token and permission that the bot uses, and say how to fix what doesn't work."""
    settings = prepared(load_settings)
    if not outcome(print_checks(settings, trial_client(settings), as_json=as_json)):
        raise typer.Exit(FAILED)


@app.command(
    epilog=_examples("cdi-bot status", "cdi-bot status 'Users: attributes'", "cdi-bot status users --json")
)
def status(
    integration: Annotated[
        str | None, typer.Argument(help="An id, the start of one, or a name or part of one.")
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Show the integrations that channels are subscribed to, worst first, or the newest runs of one."""
    from rich.console import Console  # noqa: PLC0415  # likewise: tables in a terminal are nothing to the bot

    from cdi_bot.cli.status import json_of, print_answer, status_report  # noqa: PLC0415

    settings = prepared(load_braze_settings)
    now = datetime.now(UTC)
    with Console(stderr=True).status("Asking Braze …"):  # on a terminal alone
        answer = outcome(status_report(settings, integration, now))
    i18n = Translator.load(settings.language)
    if as_json:
        is_found, found = json_of(answer, i18n)
        typer.echo(json.dumps(found, ensure_ascii=False))
    else:
        # A pipe has no width to fit into.
        console = Console() if sys.stdout.isatty() else Console(width=200)
        is_found = print_answer(answer, console, i18n=i18n, now=now)
    if not is_found:
        raise typer.Exit(FAILED)


@app.command(
    epilog=_examples(
        "cdi-bot backtest",
        "cdi-bot backtest 'Users*' --days 60",
        "cdi-bot backtest --runs runs.jsonl.gz --json",
    )
)
def backtest(
    selector: Annotated[
        str, typer.Argument(help="An id, a name, a pattern such as 'Users*', or all.")
    ] = "all",
    *,
    days: Annotated[
        int | None,
        typer.Option("--days", metavar="N", min=1, max=3660, help="Only alerts of the last so many days."),
    ] = None,
    runs: Annotated[
        str | None, typer.Option("--runs", metavar="FILE", help="JSON lines of runs; - is standard input.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON line for each incident.")] = False,
) -> None:
    """Show the alerts that the bot would have sent in the last 30 days.

    Lives through past runs with the code that decides live: those of a file, else the stored ones, and what Braze still
    holds where the store has less.
    """
    from rich.console import Console  # noqa: PLC0415  # likewise

    from cdi_bot.cli.backtest import chosen, json_lines, print_backtest, run_backtest  # noqa: PLC0415
    from cdi_bot.cli.backtest_sources import recorded_pasts  # noqa: PLC0415
    from cdi_bot.cli.runs_file import RunsFileError, read_runs_file  # noqa: PLC0415

    rules = loaded(load_rule_settings)
    now = datetime.now(UTC)
    if runs is None:
        days = days or _BACKTEST_DAYS
        pasts = outcome(recorded_pasts(rules.database_url, selector, days=days, now=now))
    else:
        try:
            pasts = [chosen(read_runs_file(runs, now), selector)]
        except RunsFileError as error:
            raise typer.BadParameter(str(error), param_hint="--runs") from None
    settings = ReplaySettings(grace=rules.grace, unreachable_after=rules.unreachable_after)
    found = run_backtest(pasts, days=days, settings=settings)
    if not found.integrations and selector != "all":
        typer.echo(f"No integration matches {selector!r}.", err=True)
    i18n = Translator.load(rules.language)
    if as_json:
        for line in json_lines(found, i18n):
            typer.echo(line)
    else:
        print_backtest(found, Console() if sys.stdout.isatty() else Console(width=200), i18n=i18n)


@app.command(epilog=_examples("cdi-bot forget U024BE7LH"))
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

    Says first what that is, and asks. The bot may go on running meanwhile.
    """
    if not is_erasable(who):
        raise typer.BadParameter(
            "not an id of Slack such as U024BE7LH, C024BE91L or T024BE7LD", param_hint="WHO"
        )
    if as_json and not yes:
        raise typer.BadParameter("it goes with --yes: there is nobody to ask", param_hint="--json")
    url = loaded(load_database_settings).database_url
    found = {} if yes else outcome(forget_traces(url, who, erase=False))
    if not yes and found:
        typer.echo("\n".join([f"{who} stands in:", *in_words(found)]))
        typer.confirm("Erase it for good?", abort=True)
    erased = outcome(forget_traces(url, who, erase=True)) if yes or found else found
    if as_json:
        typer.echo(json.dumps({"who": who, "erased": erased}))
    else:
        typer.echo(f"Erased {who}." if erased else f"Nothing is kept of {who}.")


@db.command(epilog=_examples("cdi-bot db upgrade"))
def upgrade() -> None:
    """Make the tables, or bring them up to date."""
    from rich.console import Console  # noqa: PLC0415  # likewise

    url = loaded(load_database_settings).database_url
    with Console(stderr=True).status("Upgrading the database …"):  # on a terminal alone
        outcome(asyncio.to_thread(migrate.upgrade, url))
    typer.echo(f"The database is at revision {migrate.current(url).head}.")


@db.command(epilog=_examples("cdi-bot db current --json"))
def current(*, as_json: AsJson = False) -> None:
    """Show the database's revision, and whether it is the newest."""
    found = outcome(asyncio.to_thread(migrate.current, loaded(load_database_settings).database_url))
    if as_json:
        typer.echo(
            json.dumps({"revision": found.revision, "newest": found.head, "is_current": found.is_current})
        )
    elif found.is_current:
        typer.echo(f"{found.revision}: up to date.")
    elif found.is_newer:
        typer.echo(
            f"{found.revision}: made by a newer cdi-bot; this one knows {found.head}. Install that version."
        )
    elif found.revision is None:
        typer.echo("The database has no tables yet. Run: cdi-bot db upgrade")
    else:
        typer.echo(f"{found.revision}: behind {found.head}. Run: cdi-bot db upgrade")


@db.command("rotate-keys", epilog=_examples("cdi-bot db rotate-keys"))
def rotate(*, as_json: AsJson = False) -> None:
    """Encrypt the stored Braze keys anew, under the first key of CDI_BOT_SECRET_KEY."""
    rotated, lost = outcome(rotate_keys(loaded(load_database_settings)))
    if as_json:
        typer.echo(json.dumps({"rotated": rotated, "lost": lost}))
    else:
        typer.echo(f"Encrypted anew: {', '.join(rotated) or 'no stored key'}.")
        for name in lost:
            typer.echo(f"{name}: {KeyLostError()}.", err=True)
    if lost:
        raise typer.Exit(FAILED)


def _demo_settings(environ: dict[str, str]) -> Settings:
    return prepared(lambda: load_settings(environ, env_file=None))


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
