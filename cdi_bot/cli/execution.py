"""How a command runs and ends: its settings, its failures in plain words, and stops by a signal.

0: done, also after SIGTERM or SIGINT. 1: a failure while running. 2: bad usage or settings; then every problem
is listed on standard error, each naming its variable.
"""

import asyncio
import logging
import os
import signal
import threading
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, NoReturn, TypeVar

import structlog
import typer

from cdi_bot import network
from cdi_bot.core.model.configuration import FileProblemsError
from cdi_bot.delivery.slack_port import SlackTrouble
from cdi_bot.monitoring.braze_port import BrazeTrouble
from cdi_bot.operator.http import ListenError
from cdi_bot.operator.logs import flush_log, register_secrets, set_up_logging, tell
from cdi_bot.settings.environment import BrazeSettings, Problem, SettingsError
from cdi_bot.store import StoreTrouble

FAILED, MISUSED = 1, 2

_STOP_SECONDS = 7.0
"""How long a stop may take before the process just ends, so that it is over well within 10 s whatever hangs."""

Result = TypeVar("Result")
Loaded = TypeVar("Loaded")
LoadedBraze = TypeVar("LoadedBraze", bound=BrazeSettings)

# Failures whose own words say what is wrong and how to fix it: a traceback would only bury them.
_PLAIN = (BrazeTrouble, ListenError, SlackTrouble, StoreTrouble)

_FIRST_RUN = """\
cdi-bot isn't set up yet. To see it work first, without any account: cdi-bot demo

To set it up, put these into the environment, or into a file .env in this folder:
  1. Slack: create an app at https://api.slack.com/apps, "From a manifest", with manifest.yml of this project. It uses
     Socket Mode, so nothing has to be reachable from the internet. Install it, then set SLACK_BOT_TOKEN and
     SLACK_APP_TOKEN.
  2. Braze: create a REST API key with the three cdi.* permissions, then set BRAZE_API_KEY and BRAZE_BASE_URL.
  3. cdi-bot check tries all of it, cdi-bot run starts the bot.
"""


def prepared(load: Callable[[], LoadedBraze]) -> LoadedBraze:
    """Load the settings, and set up logging by them; ends the program if they can't be used."""
    settings = loaded(load)
    if found := network.problems(settings.addresses):
        misused(SettingsError([Problem(**each._asdict()) for each in found]))
    register_secrets(settings.secrets)
    set_up_logging(log_format=settings.log_format, level=settings.log_level)
    return settings


def loaded(load: Callable[[], Loaded]) -> Loaded:
    """Load some settings; ends the program if they can't be used."""
    try:
        return load()
    except SettingsError as error:
        misused(error)


def misused(error: SettingsError) -> NoReturn:
    """Tell what is wrong with the settings, and how to begin where nothing is set; ends the program."""
    lines = ["The settings can't be used:", *(f"  {problem}" for problem in error.problems)]
    if error.is_first_run:
        lines.insert(0, _FIRST_RUN)
    tell("\n".join(lines))
    raise typer.Exit(MISUSED)


def outcome(work: Coroutine[Any, Any, Result]) -> Result:
    """Return what the work gives; ends the program in plain words if it fails."""
    try:
        return asyncio.run(work)
    except typer.Exit:
        raise
    except SettingsError as error:
        misused(error)
    except FileProblemsError as error:
        tell(str(error))
        raise typer.Exit(MISUSED) from None
    except _PLAIN as error:
        tell(str(error))
    except Exception:  # noqa: BLE001 (nothing else catches it: the traceback goes to the log, redacted)
        structlog.get_logger().exception("cdi-bot failed")
    finally:
        flush_log()
    raise typer.Exit(FAILED)


async def until_signal(work: Callable[[asyncio.Event], Awaitable[int]]) -> int:
    """Do the work, whose event is set by SIGTERM and SIGINT; after one of them the process ends in time."""
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
