"""Processes forked from one that has loaded the program: a second of loading is saved for each.

This module is loaded in the test's process, in the one that is forked from, and in each fork.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
import sys
from collections.abc import Mapping
from functools import cache
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext, ForkServerProcess
from multiprocessing.forkserver import ensure_running
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


class Forked:
    """A forked process, to be met as one of `asyncio.subprocess`."""

    def __init__(
        self, process: ForkServerProcess, stdout: asyncio.StreamReader, stderr: asyncio.StreamReader
    ) -> None:
        """Meet a process that was started."""
        self._process = process
        self.stdout, self.stderr = stdout, stderr

    @property
    def returncode(self) -> int | None:
        """The exit code, negative for a signal; `None` while it lives."""
        return self._process.exitcode

    def send_signal(self, number: int) -> None:
        """Send it a signal, unless it has ended."""
        if self.returncode is None and self._process.pid is not None:
            os.kill(self._process.pid, number)

    def kill(self) -> None:
        """End it whatever it does."""
        self._process.kill()

    async def communicate(self) -> tuple[bytes, bytes]:
        """Wait for its end; returns what it printed and was not read yet."""
        out, err = await asyncio.gather(self.stdout.read(), self.stderr.read())
        await asyncio.to_thread(self._process.join)
        return out, err


async def fork(arguments: tuple[str, ...], *, env: Mapping[str, str], folder: Path) -> Forked:
    """Start the program with these arguments and exactly this environment, in a folder."""
    out, out_end = multiprocessing.Pipe(duplex=False)
    err, err_end = multiprocessing.Pipe(duplex=False)
    process = forks().Process(target=_be, args=[arguments, dict(env), folder, out_end, err_end])
    await asyncio.to_thread(process.start)
    out_end.close()
    err_end.close()
    return Forked(process, await _reader(out), await _reader(err))


@cache
def forks() -> ForkServerContext:
    """What forks."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.preloaded"])
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("PYTHONPATH", str(ROOT))
        ensure_running()
    return context


async def _reader(connection: Connection) -> asyncio.StreamReader:
    reader = asyncio.StreamReader()
    pipe = os.fdopen(os.dup(connection.fileno()), "rb")
    connection.close()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), pipe)
    return reader


def _be(
    arguments: tuple[str, ...], env: dict[str, str], folder: Path, out: Connection, err: Connection
) -> None:
    """Be the program."""
    for connection, number in ((out, 1), (err, 2)):
        os.dup2(connection.fileno(), number)
        connection.close()
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(env)
    sys.argv = ["cdi-bot", *arguments]
    from cdi_bot.__main__ import main  # noqa: PLC0415  # loaded only where it is forked, and is counted
    from tests.preloaded import write_counts  # noqa: PLC0415

    try:
        main()
    finally:
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, signal.SIG_IGN)  # what was counted is written in whole
        write_counts()
