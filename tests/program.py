"""The real program as a process of its own, for tests that meet it as its users do.

Loading the program takes longer than most of what is done with it here. So where nothing depends on how Python itself
starts, the process is forked from one that has loaded it already; in nothing else does it differ from a fresh one.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from asyncio.subprocess import Process
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.context import ForkServerProcess
from multiprocessing.reduction import DupFd
from pathlib import Path
from typing import Any

from typer.testing import Result

from cdi_bot import __main__ as program
from cdi_bot.settings.environment import VARIABLES

ROOT = Path(__file__).parent.parent

Invoke = Callable[..., Result]
"""Runs a command in this process; what the fixture `invoke` gives."""

PATIENCE = 30  # seconds; far more than anything here takes, far less than anybody wants to wait

FORKS = get_context("forkserver")
"""Starts processes that have loaded the program."""

FORKS.set_forkserver_preload(["tests.program", "tests.e2e.crashing"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """A program that has ended: its exit code and what it printed."""

    code: int
    out: str
    err: str


@dataclass(frozen=True, slots=True)
class _Stream:
    """An open file that a fork is given: there, it is a descriptor."""

    descriptor: int

    def __reduce__(self) -> tuple[Callable[[Any], int], tuple[Any]]:
        return _descriptor, (DupFd(self.descriptor),)


def _descriptor(given: Any) -> int:
    descriptor: int = given.detach()
    return descriptor


def _be_program(arguments: tuple[str, ...], env: dict[str, str], folder: Path, *streams: int) -> None:
    """Be the program; the target of a fork."""
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115  # as Python does at its start
    sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", 1, encoding="utf-8", errors="backslashreplace", closefd=False)  # noqa: SIM115
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(env)
    sys.argv = ["cdi-bot", *arguments]
    program.main()


class _Fork:
    """A fork that is the program; like `asyncio.subprocess.Process`."""

    def __init__(
        self, process: ForkServerProcess, stdout: asyncio.StreamReader, stderr: asyncio.StreamReader
    ) -> None:
        """Watch what was started."""
        assert process.pid is not None
        self._process, self.pid = process, process.pid
        self.stdout, self.stderr = stdout, stderr

    @classmethod
    async def start(cls, arguments: tuple[str, ...], env: dict[str, str], folder: Path) -> _Fork:
        """Fork, and read what it prints."""
        (stdout, out), (stderr, err) = await _pipe(), await _pipe()
        given = [os.open(os.devnull, os.O_RDONLY), out, err]
        process = FORKS.Process(target=_be_program, args=(arguments, env, folder, *map(_Stream, given)))
        process.start()
        for each in given:
            os.close(each)
        return cls(process, stdout, stderr)

    @property
    def returncode(self) -> int | None:
        """The exit code, negative for a signal; `None` while it runs."""
        return self._process.exitcode

    def send_signal(self, number: signal.Signals) -> None:
        """Send a signal."""
        os.kill(self.pid, number)

    def kill(self) -> None:
        """End it whatever it does."""
        self._process.kill()

    async def communicate(self) -> tuple[bytes, bytes]:
        """Wait for its end; what it printed that was not read yet."""
        printed = await asyncio.gather(self.stdout.read(), self.stderr.read())
        await asyncio.to_thread(self._process.join)
        return printed


async def _pipe() -> tuple[asyncio.StreamReader, int]:
    """A pipe: what comes out of it, and the end to write to."""
    read, write = os.pipe()
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(read, "rb")
    )
    return reader, write


class Started:
    """A running program, whose output can be waited for. What was read so far stands in `out` and `err`."""

    def __init__(self, process: Process | _Fork) -> None:
        self._process = process
        self.pid = process.pid
        self.out = self.err = ""

    async def line(self, query: str) -> str:
        """Waits for the next line of standard output that holds `words`, and gives it."""
        assert self._process.stdout is not None
        async with asyncio.timeout(PATIENCE):
            while read := await self._process.stdout.readline():
                self.out += read.decode()
                if query in read.decode():
                    return read.decode()
        raise AssertionError(f"the program ended without printing {query!r}; it printed:\n{self.out}")

    async def logged(self, query: str) -> str:
        """Waits for the next line of the log that holds `words`, and gives it."""
        assert self._process.stderr is not None
        async with asyncio.timeout(PATIENCE):
            while read := await self._process.stderr.readline():
                self.err += read.decode()
                if query in read.decode():
                    return read.decode()
        raise AssertionError(f"the program ended without logging {query!r}; it logged:\n{self.err}")

    async def end(self, name: signal.Signals) -> Finished:
        """Sends a signal and waits for the end."""
        self._process.send_signal(name)
        return await self.finished()

    async def finished(self) -> Finished:
        """Waits for the end."""
        async with asyncio.timeout(PATIENCE):
            out, err = await self._process.communicate()
        assert self._process.returncode is not None
        return Finished(
            code=self._process.returncode, out=self.out + out.decode(), err=self.err + err.decode()
        )

    async def kill(self) -> None:
        """Ends it whatever it does."""
        if self._process.returncode is None:
            self._process.kill()
            await self._process.communicate()


_COMMAND: tuple[str, ...] = (sys.executable, "-m", "cdi_bot")


class Program:
    """Starts `cdi-bot` as a process of its own, in an empty folder and with no setting but those given.

    `before` is what is put before the command, such as another program that runs it; `command` is the program, and
    `python_path` where Python finds it. It is forked, unless one of these is given, or variables of Python's own.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.before: tuple[str, ...] = ()
        self.command = _COMMAND
        self.python_path = str(ROOT)
        self._started: list[Started] = []

    async def start(
        self, *arguments: str, env: Mapping[str, str] | None = None, redirect: str = ""
    ) -> Started:
        """Starts it; `redirect` is what a shell does with its streams."""
        inherited = {name: value for name, value in os.environ.items() if name not in VARIABLES}
        whole = {
            **inherited,
            "PYTHONPATH": self.python_path,
            "CDI_BOT_HOST": "127.0.0.1",
            **(env or {}),
        }
        is_plain = not self.before and self.command == _COMMAND and not redirect
        process: Process | _Fork
        if is_plain and not any(name.startswith("PYTHON") for name in env or {}):
            process = await _Fork.start(arguments, whole, self.folder)
        else:
            shell = ["bash", "-c", f'{"" if "|" in redirect else "exec"} "$@" {redirect}', "bash"]
            process = await asyncio.create_subprocess_exec(
                *(shell if redirect else []),
                *self.before,
                *self.command,
                *arguments,
                cwd=self.folder,
                env=whole,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
            )
        started = Started(process)
        self._started.append(started)
        return started

    async def run(self, *arguments: str, env: Mapping[str, str] | None = None) -> Finished:
        """Starts it and waits for the end."""
        return await (await self.start(*arguments, env=env)).finished()

    async def close(self) -> None:
        """Leaves no process behind."""
        for started in self._started:
            await started.kill()
