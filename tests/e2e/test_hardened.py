"""The real program where hardened containers run it; skipped without bubblewrap (Debian: `apt-get install bubblewrap`).

Root is read-only, the user has no name and no home, the program is PID 1, may open 64 files, finds no time zones on the
system, and is told that the language is C.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from functools import cache
from pathlib import Path

import pytest

from tests.e2e.kit import System
from tests.program import Started

_BOX = (
    "bwrap --ro-bind / / --dev /dev --proc /proc --tmpfs /run --tmpfs /usr/share/zoneinfo "
    "--unshare-user --unshare-pid --as-pid-1 --uid 54321 --gid 54321 --unsetenv HOME --die-with-parent"
)


@cache
def has_bubblewrap() -> bool:
    """Whether a program can be boxed in here: inside some containers it is there and not allowed."""
    try:
        subprocess.run([*_BOX.split(), "true"], check=True, capture_output=True, timeout=10)
    except (OSError, subprocess.CalledProcessError):
        return False
    return True


def in_a_box(folder: Path) -> tuple[str, ...]:
    """What to put before the command."""
    limited = ("sh", "-c", 'ulimit -n 64 && exec "$@"', "sh")
    return (*_BOX.split(), "--bind", str(folder), str(folder), "--chdir", str(folder), *limited)


def boxed(bot: Started) -> int:
    """The program's own process: the one child of bubblewrap."""
    (child,) = Path(f"/proc/{bot.pid}/task/{bot.pid}/children").read_text().split()
    return int(child)


def open_files(process_id: int) -> int:
    """How many files and connections a process holds."""
    return len(list(Path(f"/proc/{process_id}/fd").iterdir()))


@pytest.mark.skipif(not has_bubblewrap(), reason="needs bubblewrap, and leave to use it")
async def test_one_alert_and_a_quick_stop(system: System) -> None:
    """It starts, tells one failure once, holds few files, and has ended well a second after SIGTERM."""
    system.program.before = in_a_box(system.program.folder)
    system.env |= {
        "LANG": "C",
        "LC_ALL": "C",
        "PYTHONUTF8": "0",
        "PYTHONCOERCECLOCALE": "0",
        "PYTHONTZPATH": "",
    }
    users = system.create("Users 顧客")
    await system.start()
    await system.type("subscribe all")
    await system.type("digest daily 09:00 Europe/Berlin")
    await system.polled(2)
    system.run(users)
    await system.alert("Users 顧客")
    await system.polled(3)
    assert sum("Users 顧客" in each["text"] and each["thread_ts"] is None for each in system.public()) == 1
    child = boxed(system.bot)
    assert open_files(child) < 40
    begun = time.monotonic()
    os.kill(child, signal.SIGTERM)
    finished = await system.bot.finished()
    assert (took := time.monotonic() - begun) < 1, took
    assert finished.code == 0, finished.err
    assert "Traceback" not in finished.err


@pytest.mark.skipif(not has_bubblewrap(), reason="needs bubblewrap, and leave to use it")
async def test_a_database_on_a_read_only_root(system: System) -> None:
    """That no file can be made there is told in one line, with what to do."""
    system.program.before = in_a_box(system.program.folder)
    finished = await system.program.run(
        "run", env={**system.env, "DATABASE_URL": "sqlite:////opt/cdi_bot.db"}
    )
    assert finished.code == 1
    assert "/opt/cdi_bot.db can't be opened; give this user the right" in finished.err
    assert "Traceback" not in finished.err


@pytest.mark.skipif(not has_bubblewrap(), reason="needs bubblewrap, and leave to use it")
async def test_a_demo_without_a_folder_for_its_files(system: System) -> None:
    """It is told as wrong settings, which it is, with the variable."""
    system.program.before = (*_BOX.split(), "--chdir", "/")
    finished = await system.program.run("demo", "--for", "1")
    assert finished.code == 2
    assert "  TMPDIR: there is no folder that temporary files can be written to" in finished.err
