"""The command line as its users meet it: what is printed, and exit codes.

What only reads, answers and ends is run in this process, which is quicker; what runs is a real process.
"""

import asyncio
import json
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from contextlib import closing, suppress
from pathlib import Path

import pytest
import typer

from cdi_bot import __version__
from cdi_bot.cli.main import app
from cdi_bot.sandbox import Sandbox
from tests.program import PATIENCE, Invoke, Program

NEEDED = ("SLACK_BOT_TOKEN", "SLACK_SIGNING_SECRET", "BRAZE_BASE_URL", "BRAZE_API_KEY")


@pytest.mark.parametrize("arguments", [["run"], ["check"]])
def test_settings_problems_are_listed_at_once(invoke: Invoke, arguments: list[str]) -> None:
    """What can't run for want of settings says all that is wrong, and ends with 2."""
    finished = invoke(*arguments, env={"PORT": "many", "SLACK_APP_TOKEN": ""})
    assert finished.exit_code == 2
    for variable in (*NEEDED, "PORT"):
        assert f"  {variable}: " in finished.stderr
    assert "many" not in finished.stderr


def test_a_status_needs_no_slack(invoke: Invoke) -> None:
    """`status` asks for what it uses, and for nothing of Slack's."""
    finished = invoke("status", "users", env={"SLACK_APP_TOKEN": "", "SLACK_BOT_TOKEN": "nonsense"})
    assert finished.exit_code == 2
    assert finished.stderr.count("\n  ") == 2
    assert "  BRAZE_BASE_URL: is missing" in finished.stderr
    assert "  BRAZE_API_KEY: is missing" in finished.stderr


@pytest.mark.parametrize(
    "arguments", [["dance"], ["run", "--fast"], ["demo", "--for", "soon"], ["forget"], []]
)
def test_bad_usage(invoke: Invoke, arguments: list[str]) -> None:
    """Unknown commands and options, wrong values and missing arguments end with 2 and a word."""
    finished = invoke(*arguments)
    assert finished.exit_code == 2
    assert "Usage: cdi-bot" in finished.output


def test_the_bot_does_without_what_only_others_need() -> None:
    """What draws tables, migrates and speaks to PostgreSQL is loaded when it is used: together 25 MB."""
    told = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "cdi_bot", "--version"], capture_output=True, check=True
    )
    loaded = {line.rpartition(b"|")[2].strip() for line in told.stderr.splitlines()}
    assert b"sqlalchemy.engine" in loaded
    assert not loaded & {b"rich.console", b"pygments.token", b"alembic.command", b"psycopg.pq"}


def test_help(invoke: Invoke) -> None:
    """Help names every command."""
    finished = invoke("--help")
    assert finished.exit_code == 0
    for command in ("run", "demo", "sandbox", "check", "status", "forget", "db"):
        assert f"  {command} " in finished.stdout


COMMANDS = [
    ["run"],
    ["demo"],
    ["sandbox"],
    ["check"],
    ["status"],
    ["backtest"],
    ["forget"],
    ["db"],
    ["config"],
    ["config", "check"],
    ["config", "plan"],
    ["config", "apply"],
    ["config", "export"],
    ["db", "rotate-keys"],
    ["db", "upgrade"],
    ["db", "current"],
]


@pytest.mark.parametrize("command", [[], *COMMANDS])
def test_every_help_has_an_example(invoke: Invoke, command: list[str]) -> None:
    """Below what a command takes stands what to type, on a line of its own."""
    finished = invoke(*command, "--help")
    assert finished.exit_code == 0
    examples = finished.stdout.partition("Example")[2].splitlines()[1:]
    assert examples
    assert all(each.startswith(f"    {' '.join(['cdi-bot', *command])}") for each in examples)


def test_every_command_is_helped_with(invoke: Invoke) -> None:
    """The list above names all commands that there are."""
    groups = typer.main.get_group(app).commands
    found = [
        [name, *more]
        for name, each in groups.items()
        for more in ([], *([inner] for inner in getattr(each, "commands", {})))
    ]
    assert sorted(found) == sorted(COMMANDS)


def test_version(invoke: Invoke) -> None:
    """The version is printed by itself, without any setting."""
    finished = invoke("--version")
    assert (finished.exit_code, finished.stdout) == (0, f"cdi-bot {__version__}\n")


def test_a_misspelt_command(invoke: Invoke) -> None:
    """The command that was probably meant is named."""
    assert "Did you mean 'status'?" in invoke("statsu").output


def test_the_first_run_leads_to_the_set_up(invoke: Invoke) -> None:
    """Where nothing is set, the steps come first: the demo, the manifest and Socket Mode, the key, the check."""
    finished = invoke("run", env=dict.fromkeys([*NEEDED, "SLACK_APP_TOKEN"], ""))
    assert finished.exit_code == 2
    guide = finished.stderr.partition("The settings can't be used:")[0]
    for part in (
        "cdi-bot demo",
        "manifest.yml",
        "Socket Mode",
        "SLACK_APP_TOKEN",
        "BRAZE_API_KEY",
        "cdi-bot check",
    ):
        assert part in guide
    some = invoke("run", env={"SLACK_BOT_TOKEN": "xoxb-1"})
    assert some.stderr.startswith("The settings can't be used:")


def test_settings_are_read_from_the_folder(invoke: Invoke) -> None:
    """A `.env` file in the folder it is started in counts."""
    Path(".env").write_text("DATABASE_URL=nonsense\n", encoding="utf-8")
    finished = invoke("db", "current")
    assert finished.exit_code == 2
    assert "DATABASE_URL: " in finished.stderr


def test_migrations(invoke: Invoke) -> None:
    """`db current` tells how far the database is, `db upgrade` brings it there; twice does no harm."""
    env = {"DATABASE_URL": "sqlite:///bot.db"}
    told = invoke("db", "current", env=env).stdout
    assert told == "The database has no tables yet. Run: cdi-bot db upgrade\n"
    assert not Path("bot.db").exists()
    for _ in range(2):
        upgraded = invoke("db", "upgrade", env=env)
        assert (upgraded.exit_code, upgraded.stderr) == (0, "")
    after = invoke("db", "current", env=env)
    assert (after.exit_code, after.stdout.endswith("up to date.\n")) == (0, True)
    found = json.loads(invoke("db", "current", "--json", env=env).stdout)
    assert found["is_current"]
    assert found["revision"] == found["newest"] is not None


def test_a_database_that_cannot_be_used(invoke: Invoke) -> None:
    """A database in a folder that isn't there is one plain sentence and exit code 1."""
    finished = invoke("db", "upgrade", env={"DATABASE_URL": "sqlite:///nowhere/bot.db"})
    assert finished.exit_code == 1
    assert "nowhere" in finished.stderr
    assert "Traceback" not in finished.stderr


def test_a_database_of_a_newer_program(invoke: Invoke) -> None:
    """A revision nobody knows is told as what it is, not as one that is behind."""
    with closing(sqlite3.connect("bot.db")) as database, database:
        database.execute("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)")
        database.execute("INSERT INTO alembic_version VALUES ('9999')")
    finished = invoke("db", "current", env={"DATABASE_URL": "sqlite:///bot.db"})
    assert "9999: made by a newer cdi-bot" in finished.stdout


async def test_run_stops_on_a_signal(
    program: Program, sandbox: Sandbox, settings_for_sandbox: dict[str, str]
) -> None:
    """A running bot that is told to stop does so within 10 seconds and ends with 0, without printing its secrets."""
    connected = sandbox.events()
    bot = await program.start("run", env=settings_for_sandbox)
    async for event in connected:
        if event["type"] == "bot_connected" and event["connected"]:
            break
    begun = time.monotonic()
    finished = await bot.end(signal.SIGTERM)
    assert finished.code == 0
    assert time.monotonic() - begun < 10
    for secret in (sandbox.slack_bot_token, sandbox.slack_app_token, sandbox.braze_api_key):
        assert secret not in finished.err + finished.out


async def test_a_taken_port(program: Program, settings_for_sandbox: dict[str, str]) -> None:
    """A port that another program has is told in plain words that name the variable."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        finished = await program.run("run", env={**settings_for_sandbox, "PORT": port})
    assert finished.code == 1
    assert f"PORT: another program listens on port {port}" in finished.err


def test_a_taken_port_of_the_page(invoke: Invoke) -> None:
    """The same for the port of the demo's page, which is an option."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        finished = invoke("sandbox", "--port", str(taken.getsockname()[1]))
    assert finished.exit_code == 1
    assert "--port: " in finished.stderr


@pytest.mark.parametrize(("command", "code"), [("run", 0), ("demo", 0), ("check", 128 + signal.SIGTERM)])
async def test_a_stop_while_it_is_being_loaded(program: Program, command: str, code: int) -> None:
    """It ends at once: well, unless the command was to find something out."""
    bot = await program.start(command, env={"PYTHONVERBOSE": "1"})
    await bot.logged("typer")
    finished = await bot.end(signal.SIGTERM)
    assert (finished.code, finished.out) == (code, "")
    assert "Traceback" not in finished.err


def holds(process_id: int, file: str) -> bool:
    """Whether a process has a file of that name open."""
    for each in Path(f"/proc/{process_id}/fd").iterdir():
        with suppress(FileNotFoundError):  # closed meanwhile
            if each.readlink().name == file:
                return True
    return False


@pytest.mark.parametrize("name", [signal.SIGTERM, signal.SIGINT])
async def test_a_command_that_waits_can_be_broken_off(program: Program, name: signal.Signals) -> None:
    """At once, with the signal's own exit code and without a traceback, also while another program holds a lock."""
    with closing(sqlite3.connect(program.folder / "cdi_bot.db")) as database:
        database.execute("BEGIN IMMEDIATE")
        upgrading = await program.start("db", "upgrade")
        async with asyncio.timeout(PATIENCE):
            while not holds(upgrading.pid, "cdi_bot.db"):  # noqa: ASYNC110  # no event tells of it
                await asyncio.sleep(0.02)
        begun = time.monotonic()
        finished = await upgrading.end(name)
        assert time.monotonic() - begun < 5
    assert finished.code == 128 + name
    assert "Traceback" not in finished.err


async def test_refused_credentials(program: Program, settings_for_sandbox: dict[str, str]) -> None:
    """What Slack and Braze refuse is a settings problem: all of it told at once, before a database is made."""
    wrong = {"SLACK_BOT_TOKEN": "xoxb-wrong", "SLACK_APP_TOKEN": "xapp-wrong", "BRAZE_API_KEY": "wrong"}
    finished = await program.run("run", env={**settings_for_sandbox, **wrong})
    assert finished.code == 2
    assert [name for name in wrong if f"  {name}: " not in finished.err] == []
    assert "-wrong" not in finished.err
    assert not list(program.folder.iterdir())


async def test_a_refused_app_token(program: Program, settings_for_sandbox: dict[str, str]) -> None:
    """The app token alone is told too."""
    finished = await program.run("run", env={**settings_for_sandbox, "SLACK_APP_TOKEN": "xapp-wrong"})
    assert finished.code == 2
    assert "  SLACK_APP_TOKEN: " in finished.err


async def test_the_sandbox_says_how_to_talk_to_it(program: Program, invoke: Invoke) -> None:
    """What `sandbox` prints is what a bot needs to be told: with it, a status is a table."""
    sandbox = await program.start("sandbox")
    await sandbox.line("BRAZE_API_KEY=")
    env = dict(line.split("=", 1) for line in sandbox.out.splitlines() if line.startswith("BRAZE_"))
    shown = await asyncio.to_thread(invoke, "status", "purchases", env=env)
    assert shown.exit_code == 0, shown.output
    assert "Started" in shown.stdout
    as_json = await asyncio.to_thread(invoke, "status", "purchases", "--json", env=env)
    assert json.loads(as_json.stdout)["runs"]
    nothing = await asyncio.to_thread(invoke, "status", env=env)
    assert (nothing.exit_code, "/cdi subscribe all" in nothing.stdout) == (1, True)
    missed = await asyncio.to_thread(invoke, "status", "no such thing", env=env)
    assert missed.exit_code == 1
    assert "No integration matches" in missed.stdout
    assert (await sandbox.end(signal.SIGTERM)).code == 0


async def test_the_demo_tells_its_story(program: Program) -> None:
    """A failure within 15 s, a storm and their ends within 40 s, then what to try; Ctrl-C ends it with 0."""
    demo = await program.start("demo", "--headless")
    assert "http://127.0.0.1:" in await demo.line("http://")
    begun = time.monotonic()
    await demo.line("subscribed this channel")
    await demo.line("[Acknowledge]")
    assert time.monotonic() - begun < 15
    await demo.line("All the others fail at once")
    await demo.line("Try next")
    assert time.monotonic() - begun < 40
    told = demo.out
    assert told.count("cdi-bot is connected") == 1
    assert told.count("ecovered") > 1
    finished = await demo.end(signal.SIGINT)
    assert (finished.code, finished.err) == (0, "")


async def test_the_demo_of_several_workspaces(program: Program) -> None:
    """`--workspaces 2`: the channel gets the alerts of both, by their names."""
    demo = await program.start("demo", "--headless", "--workspaces", "2")
    for workspace in ("braze", "demo-2"):
        await demo.line(f"{workspace} / Users: attributes")
    await demo.end(signal.SIGINT)


def test_the_demo_ends_by_itself(invoke: Invoke, tmp_path: Path) -> None:
    """`--for` ends the demo after so many seconds, and `--port` says where its page is."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    finished = invoke("demo", "--for", "1", "--port", port, env={"DATABASE_URL": "sqlite:///mine.db"})
    assert (finished.exit_code, finished.stderr) == (0, "")
    assert f"http://127.0.0.1:{port}/" in finished.stdout
    assert not (tmp_path / "mine.db").exists()
