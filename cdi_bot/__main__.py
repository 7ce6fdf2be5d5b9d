"""The program: `cdi-bot`, and `python -m cdi_bot`.

A stop that comes while the program is still being loaded, or while a command other than those that run until stopped
is at work, ends it at once, whatever hangs: well, where a stop is the only end there is; with the signal's own exit
code where something was broken off. Never with a traceback; what is not committed is rolled back.
"""

import gc
import os
import signal
import sys
from types import FrameType

from cdi_bot.cli.streams import hold_streams

_UNTIL_STOPPED = {"run", "demo", "sandbox"}


def _end(number: int, _frame: FrameType | None) -> None:
    # Not sys.exit(): Python would wait for its threads, and one may be waiting for a lock or for an answer.
    os._exit(0 if _UNTIL_STOPPED.intersection(sys.argv[1:2]) else 128 + number)


def main() -> None:
    """Load the program and run it."""
    hold_streams()
    if os.path.expanduser("~") == "~":  # noqa: PTH111  # what slack_sdk's import stumbles over: a user id without a name
        os.environ["HOME"] = os.sep
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _end)
    gc.disable()  # what is loaded stays: to look for garbage in it would only take longer, now and later
    # structlog and httpx load these where they find them, for tracebacks and a command that nobody sees here: 8 MB.
    unwanted = dict.fromkeys(("rich", "pygments"))
    sys.modules.update(unwanted)  # type: ignore[arg-type]  # None: not to be imported
    from cdi_bot.cli.main import main as run_command_line  # noqa: PLC0415  # loading it is what takes the time

    for name in unwanted:
        del sys.modules[name]
    gc.freeze()
    gc.enable()
    run_command_line()


if __name__ == "__main__":
    main()
