"""`cdi-bot config`: configuration as code, checked, planned, applied and written by the command line."""

from __future__ import annotations

import json
from collections import Counter
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Annotated

import typer

from cdi_bot.cli.config_file import file_changes, load_config
from cdi_bot.cli.execution import MISUSED, outcome, prepared
from cdi_bot.cli.startup import make_slack, open_store
from cdi_bot.configuration.plan import Plan
from cdi_bot.configuration.present import read_present
from cdi_bot.configuration.text import config_text, plan_json, plan_text
from cdi_bot.core.model.configuration import FileProblemsError
from cdi_bot.settings.environment import BrazeSettings, Settings, load_braze_settings, load_settings

config = typer.Typer(
    help="Configuration as code: check, plan and apply a file, or write what is set up as one.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

ConfigPath = Annotated[
    Path, typer.Argument(metavar="FILE", help="A configuration file, cdi-bot.toml mostly.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")]
Prune = Annotated[
    bool,
    typer.Option("--prune", help="Remove also what people set up in chat, where the file does not name it."),
]


@config.command(epilog="\b\nExample:\n  cdi-bot config check cdi-bot.toml")
def check(path: ConfigPath, *, as_json: AsJson = False) -> None:
    """Say everything that is wrong with a file, each with its line; asks neither Slack nor Braze nor the database."""
    try:
        found = load_config(path)
    except FileProblemsError as error:
        if as_json:
            problems = [{"line": each.line, "text": each.text} for each in error.problems]
            typer.echo(json.dumps({"file": error.file, "problems": problems}, ensure_ascii=False))
        else:
            typer.echo(str(error), err=True)
        raise typer.Exit(MISUSED) from None
    counts = Counter(item.table.value for item in dict.fromkeys(each.entry for each in found.items))
    if as_json:
        typer.echo(json.dumps({"file": found.name, "problems": [], **counts}))
    else:
        named = ", ".join(f"{count} [[{table}]]" for table, count in counts.items())
        typer.echo(f"{found.name}: no problem ({named or 'empty'}).")


@config.command(epilog="\b\nExample:\n  cdi-bot config plan cdi-bot.toml")
def plan(path: ConfigPath, *, prune: Prune = False, as_json: AsJson = False) -> None:
    """Show what a file would change, as a diff; changes nothing."""
    _show(_planned(path, prune=prune, apply=False), path, as_json=as_json)


@config.command(
    epilog="\b\nExamples:\n  cdi-bot config apply cdi-bot.toml\n  cdi-bot config apply cdi-bot.toml --prune"
)
def apply(path: ConfigPath, *, prune: Prune = False, as_json: AsJson = False) -> None:
    """Change what a file says, all or nothing, and show it. The bot may go on running meanwhile."""
    _show(_planned(path, prune=prune, apply=True), path, as_json=as_json)


@config.command(epilog="\b\nExample:\n  cdi-bot config export > cdi-bot.toml")
def export() -> None:
    """Print what is set up now as a file that, applied, changes nothing."""
    typer.echo(outcome(_exported(prepared(load_braze_settings))), nl=False)


def _planned(path: Path, *, prune: bool, apply: bool) -> Plan:
    return outcome(_plan(prepared(load_settings), path, prune=prune, apply=apply))


async def _plan(settings: Settings, path: Path, *, prune: bool, apply: bool) -> Plan:
    file = load_config(path)
    async with AsyncExitStack() as stack:
        slack = make_slack(settings)
        stack.push_async_callback(slack.close)
        identity = await slack.identify()
        store = await open_store(settings.database_url)
        stack.push_async_callback(store.close)
        changes = file_changes(settings, store, identity.team_id)
        return await (changes.apply if apply else changes.plan)(file, prune=prune)


def _show(found: Plan, path: Path, *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(plan_json(found, path.name), ensure_ascii=False))
    else:
        typer.echo(plan_text(found, path.name))


async def _exported(settings: BrazeSettings) -> str:
    store = await open_store(settings.database_url)
    try:
        async with store.read() as uow:
            return config_text(await read_present(uow, settings.braze_base_url))
    finally:
        await store.close()
