"""The bot with its stand-ins in one process: `cdi-bot demo`, and the stand-ins alone: `cdi-bot sandbox`.

Bot and stand-ins speak over the real wire protocols, HTTP and WebSocket on loopback; the bot is told their
addresses and nothing else.
"""

import asyncio
import base64
import os
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import typer

from cdi_bot.app import secret_keys_of
from cdi_bot.cli.run import run_bot
from cdi_bot.cli.streams import give_up_output
from cdi_bot.operator.http import ListenError
from cdi_bot.sandbox import Sandbox
from cdi_bot.sandbox.braze.demo import demo_world
from cdi_bot.sandbox.braze.runs import ERROR, SUCCESS
from cdi_bot.sandbox.braze.scenes import play, play_all
from cdi_bot.sandbox.slack.seed_data import DATA_ALERTS, KENJI, MARA
from cdi_bot.sandbox.transcript import Transcript
from cdi_bot.settings.environment import Problem, Settings, SettingsError
from cdi_bot.store import Store, migrate

SEED = 1
FIRST_COMMAND, FIRST_OF_MANY = "subscribe all", "subscribe */all"

# Seconds, in a story that shall take 40.
_TO_READ, _STORM, _LONGEST_WAIT = 2.0, 7.0, 12.0
_NEXT = """
── That was a failure, a storm, and how they end. Try next ──

  Open {url}/ and
    choose “Late” for an integration in the panel Braze: its card comes after about 25 s
    press Acknowledge on a card, then History
    type /cdi owner Users* @kenji, /cdi hours mon-fri 08:00-19:00, /cdi ack Users off
    type /cdi snooze all 1m, /cdi critical Users*, /cdi escalate after:30s to:@priya, /cdi test
    type /cdi help, or /cdi status
  With a Braze and a Slack of your own: cdi-bot check --help
"""

# What takes minutes or hours elsewhere shall show within seconds, and the stand-in's limits allow to ask this often.
# Only real trouble is logged: the conversation is what the terminal shows.
_DEMO_DEFAULTS = {
    "CDI_BOT_POLL_INTERVAL": "3",
    "CDI_BOT_GRACE": "10",
    "CDI_BOT_UNREACHABLE_AFTER": "10",
    "CDI_BOT_REPEAT_INTERVAL": "90",
    "CDI_BOT_ADMINS": "*",
    "CDI_BOT_LOG_LEVEL": "warning",
}


async def serve_sandbox(port: int, stop: asyncio.Event) -> int:
    """Serves the stand-ins alone until `stop`, and says what a bot has to be told to talk to them."""
    async with _serving(port) as sandbox:
        typer.echo(f"Stand-ins for Braze and Slack, with a page to watch: {sandbox.url}/")
        for name, value in sandbox.bot_settings.items():
            typer.echo(f"{name}={value}")
        await stop.wait()
    return 0


async def show_demo(
    stop: asyncio.Event,
    *,
    headless: bool,
    seconds: float | None,
    port: int,
    workspaces: int,
    settings_of: Callable[[dict[str, str]], Settings],
) -> int:
    """Shows bot and stand-ins until `stop` is set or the time is over; gives the bot's exit code.

    `headless` prints the conversation; `seconds` is when it ends, counted from when its address is printed; `port`
    is the page's, 0 for a free one; so many `workspaces` of Braze there are; `settings_of` makes the bot's settings of
    an environment.
    """
    with _folder() as folder:
        async with _serving(port) as sandbox, AsyncExitStack() as stack:
            others = [
                await stack.enter_async_context(
                    Sandbox(seed=SEED + more, braze=demo_world(_now, SEED + more))
                )
                for more in range(1, workspaces)
            ]
            settings = settings_of(_environment(sandbox, Path(folder)))
            if others:
                await _add_workspaces(settings, sandbox, others)
            async with _beside(*([_print_conversation(sandbox, stop)] if headless else [])):
                return await _show(sandbox, settings, stop, seconds, headless=headless)


def _folder() -> TemporaryDirectory[str]:
    try:
        return TemporaryDirectory(prefix="cdi-bot-demo-")
    except OSError as error:
        what = f"there is no folder that temporary files can be written to ({error.strerror})"
        raise SettingsError([Problem(variable="TMPDIR", what=what, fix="Name one that can be")]) from None


async def _show(
    sandbox: Sandbox,
    settings: Settings,
    stop: asyncio.Event,
    seconds: float | None,
    *,
    headless: bool,
) -> int:
    """Runs the bot; as soon as it works, says where to look and lets somebody subscribe to everything."""
    ready = asyncio.Event()
    bot = asyncio.create_task(run_bot(settings, stop=stop, on_ready=ready.set), name="bot")
    waiting = asyncio.create_task(ready.wait())
    await asyncio.wait({bot, waiting}, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    if not ready.is_set():
        return await bot
    _say(f"cdi-bot is running. Watch and play: {sandbox.url}/\nStop it with Ctrl-C.", stop)
    ending = [_stop_after(seconds, stop)] if seconds else []
    async with _beside(*ending, *([_tell_story(sandbox, stop)] if headless else [])):
        first = FIRST_OF_MANY if len(sandbox.brazes) > 1 else FIRST_COMMAND
        await sandbox.people.command(DATA_ALERTS, MARA, first)
        return await bot


async def _add_workspaces(settings: Settings, first: Sandbox, others: Sequence[Sandbox]) -> None:
    """Adds the other workspaces to the first as `/cdi workspace add` does, and shows them on the first one's page."""
    await asyncio.to_thread(migrate.upgrade, settings.database_url)
    store = await Store.open(settings.database_url)
    async with store.write() as uow:
        await uow.workspaces.find_or_add(base_url=first.url, dashboard_url=first.url)
        for number, each in enumerate(others, start=2):
            name, sealed = f"demo-{number}", secret_keys_of(settings).seal(each.braze_api_key)
            await uow.workspaces.add(name=name, base_url=each.url, dashboard_url=each.url, sealed_key=sealed)
            first.show(name, each.braze)
    await store.close()


async def _tell_story(sandbox: Sandbox, stop: asyncio.Event) -> None:
    """Lets one sync fail and recover, then all others at once; says before each what comes, and at last what to try."""
    braze = sandbox.braze
    first, *others = (each.config.integration_id for each in braze.integrations() if each.config.is_active)
    events = sandbox.events()

    async def told(message: str) -> None:
        """Waits for a new message, or a new version of one, with that text, and gives time to read it."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_LONGEST_WAIT):
                async for event in events:
                    if message in str(event.get("message", {}).get("text", "")):
                        break
        await asyncio.sleep(_TO_READ)

    _say("\n── A sync is about to fail for some of its rows ──\n", stop)
    await told("Users: attributes")
    _say("\n── Mara hands it on to Kenji ──\n", stop)
    await sandbox.people.command(DATA_ALERTS, MARA, f'ack "Users: attributes" <@{KENJI}>')
    await told("handed on")
    _say("\n── The next one succeeds ──\n", stop)
    play(braze, first, SUCCESS)
    await told("ecovered")
    _say("\n── All the others fail at once ──\n", stop)
    for each in others:
        play(braze, each, ERROR)
    await asyncio.sleep(_STORM)
    _say("\n── And succeed again ──\n", stop)
    play_all(braze, SUCCESS)
    await told("ecovered")
    await asyncio.sleep(_STORM)
    _say(_NEXT.format(url=sandbox.url), stop)


@asynccontextmanager
async def _serving(port: int) -> AsyncIterator[Sandbox]:
    """The stand-ins, with a Braze workspace that has a past and in which something is about to fail."""
    sandbox = Sandbox(seed=SEED, braze=demo_world(_now, SEED))
    try:
        await sandbox.start(port=port)
    except OSError as error:
        raise ListenError(
            f"--port: port {port} can't be listened on ({error.strerror}). Choose another."
        ) from None
    try:
        yield sandbox
    finally:
        await sandbox.stop()


def _environment(sandbox: Sandbox, folder: Path) -> dict[str, str]:
    """What the demo's bot reads as its environment: the bot's own variables stay as the visitor set them."""
    own = {name: value for name, value in os.environ.items() if name.startswith("CDI_BOT_")}
    return {
        **_DEMO_DEFAULTS,
        "CDI_BOT_SECRET_KEY": base64.urlsafe_b64encode(os.urandom(32)).decode(),
        **own,
        **sandbox.bot_settings,
        "DATABASE_URL": f"sqlite:///{folder / 'demo.db'}",
        "PORT": "0",
    }


@asynccontextmanager
async def _beside(*works: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Lets these run meanwhile and ends them afterwards. An error of theirs shows, but never hides the main one."""
    tasks = [asyncio.create_task(work) for work in works]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    for outcome in outcomes:
        if isinstance(outcome, Exception):
            raise outcome


async def _print_conversation(sandbox: Sandbox, stop: asyncio.Event) -> None:
    """Prints each message as it arrives, in the terminal's time zone; sets `stop` when nobody reads any more."""
    zone = datetime.now().astimezone().tzinfo or UTC
    transcript = Transcript(sandbox.slack.snapshot(), zone)
    async for event in sandbox.events():
        for line in transcript.lines(event, _now()):
            _say(line, stop)


def _say(line: str, stop: asyncio.Event) -> None:
    """Prints a line; where its reader has gone (`| head`), the demo is over."""
    try:
        typer.echo(line)
    except BrokenPipeError:
        give_up_output()
        stop.set()


async def _stop_after(seconds: float, stop: asyncio.Event) -> None:
    with suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)
    stop.set()


def _now() -> datetime:
    return datetime.now(UTC)
