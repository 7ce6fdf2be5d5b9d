"""The program as a forked process, to be met as one of `asyncio.subprocess`.

This module is loaded in the test's process, in the one that is forked, and in each fork.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.forks import Fork


class Forked:
    """The process, and what it prints."""

    def __init__(self, process: Fork, stdout: asyncio.StreamReader, stderr: asyncio.StreamReader) -> None:
        """Meet a process that was started."""
        self._process = process
        self.stdout, self.stderr = stdout, stderr

    @property
    def returncode(self) -> int | None:
        """The exit code, negative for a signal; `None` while it lives."""
        return self._process.code

    def send_signal(self, number: int) -> None:
        """Send it a signal, unless it has ended."""
        self._process.signal(number)

    def kill(self) -> None:
        """End it whatever it does."""
        self._process.signal(signal.SIGKILL)

    async def communicate(self) -> tuple[bytes, bytes]:
        """Wait for its end; returns what it printed and was not read yet."""
        out, err = await asyncio.gather(self.stdout.read(), self.stderr.read())
        await asyncio.to_thread(self._process.join)
        return out, err


async def fork(arguments: tuple[str, ...], *, env: Mapping[str, str], folder: Path) -> Forked:
    """Start the program with these arguments and exactly this environment, in a folder."""
    (out, out_end), (err, err_end) = os.pipe(), os.pipe()
    process = await asyncio.to_thread(Fork, _be, arguments, dict(env), folder, handles=(out_end, err_end))
    os.close(out_end)
    os.close(err_end)
    return Forked(process, await _reader(out), await _reader(err))


async def _reader(end: int) -> asyncio.StreamReader:
    reader = asyncio.StreamReader()
    pipe = os.fdopen(end, "rb")
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), pipe)
    return reader


def _be(arguments: tuple[str, ...], env: dict[str, str], folder: Path, out: int, err: int) -> None:
    """Be the program."""
    for end, number in ((out, 1), (err, 2)):
        os.dup2(end, number)
        os.close(end)
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
