"""One process that has loaded the program and is forked for each that tests start, whatever test process asks.

It saves each of them a second, and each test process the time and memory of loading everything again. Run as a
module it is that process; whoever runs the tests holds it with `Forks`, and its end is the end of all that it forked.
"""

from __future__ import annotations

import importlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkProcess
from multiprocessing.reduction import recv_handle, send_handle
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent

_ADDRESS = "CDI_BOT_TEST_FORKS"

_OWNER = 0
"""The standard input of the process that is forked: it ends with whoever holds it."""


class Forks:
    """The process to fork, and the address in the environment at which other test processes find it."""

    def __init__(self) -> None:
        """Start it; it loads nothing before it is first asked."""
        self._folder = tempfile.mkdtemp(prefix="cdi-bot-forks-")
        address = str(Path(self._folder, "socket"))
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(address)
            listener.listen()
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.forks", str(listener.fileno())],
                cwd=ROOT,
                stdin=subprocess.PIPE,
                pass_fds=[listener.fileno()],
                start_new_session=True,
            )
        os.environ[_ADDRESS] = address

    def close(self) -> None:
        """End it and whatever it forked."""
        del os.environ[_ADDRESS]
        self._process.communicate()
        shutil.rmtree(self._folder)


class Fork:
    """A forked process. Raises `EOFError` if the one that forks has ended."""

    def __init__(
        self, target: Callable[..., None], *arguments: object, handles: tuple[int, ...] = ()
    ) -> None:
        """Have it call `target`, with copies of open files as the last arguments."""
        with socket.socket(socket.AF_UNIX) as asking:
            asking.connect(os.environ[_ADDRESS])
            self._connection: Connection[Any, Any] = Connection(asking.detach())
        self._connection.send((target, arguments, len(handles)))
        for handle in handles:
            send_handle(self._connection, handle, 0)
        self.pid: int = self._connection.recv()
        self._code: int | None = None

    @property
    def code(self) -> int | None:
        """The exit code, negative for a signal; `None` while it lives."""
        self.join(0)
        return self._code

    def join(self, seconds: float | None = None) -> None:
        """Wait for its end, at most so long."""
        if self._code is None and self._connection.poll(seconds):
            self._code = self._connection.recv()

    def signal(self, number: int) -> None:
        """Send it a signal, unless it has ended."""
        if self.code is None:
            os.kill(self.pid, number)

    def close(self) -> None:
        """Forget it."""
        self._connection.close()


def _serve(listener: socket.socket) -> None:
    living: dict[int, tuple[ForkProcess, Connection[Any, Any]]] = {}
    while True:
        for ready in wait([listener, _OWNER, *living]):
            if ready == _OWNER:
                os.killpg(0, signal.SIGKILL)  # nobody wants any of it any more
            elif ready is listener:
                with suppress(EOFError, OSError):  # whoever asked has ended meanwhile
                    process, connection = _fork(listener)
                    living[process.sentinel] = process, connection
            elif isinstance(ready, int):
                process, connection = living.pop(ready)
                process.join()
                with suppress(OSError):
                    connection.send(process.exitcode)
                connection.close()


def _fork(listener: socket.socket) -> tuple[ForkProcess, Connection[Any, Any]]:
    importlib.import_module("tests.preloaded")
    connection: Connection[Any, Any] = Connection(listener.accept()[0].detach())
    target, arguments, count = connection.recv()
    handles = [recv_handle(connection) for _ in range(count)]
    process = get_context("fork").Process(target=target, args=[*arguments, *handles])
    process.start()
    for handle in handles:
        os.close(handle)
    connection.send(process.pid)
    return process, connection


if __name__ == "__main__":
    _serve(socket.socket(fileno=int(sys.argv[1])))
