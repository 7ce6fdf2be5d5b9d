"""The real program as a process of its own, for tests that meet it as its users do."""

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from typer.testing import Result

from cdi_bot.settings.environment import VARIABLES

ROOT = Path(__file__).parent.parent

Invoke = Callable[..., Result]
"""Runs a command in this process; what the fixture `invoke` gives."""

PATIENCE = 30  # seconds; far more than anything here takes, far less than anybody wants to wait


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """A program that has ended: its exit code and what it printed."""

    code: int
    out: str
    err: str


class Started:
    """A running program, whose output can be waited for. What was read so far stands in `out` and `err`."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
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


class Program:
    """Starts `cdi-bot` as a process of its own, in an empty folder and with no setting but those given.

    `before` is what is put before the command, such as another program that runs it; `command` is the program, and
    `python_path` where Python finds it.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.before: tuple[str, ...] = ()
        self.command: tuple[str, ...] = (sys.executable, "-m", "cdi_bot")
        self.python_path = str(ROOT)
        self._started: list[Started] = []

    async def start(
        self, *arguments: str, env: Mapping[str, str] | None = None, redirect: str = ""
    ) -> Started:
        """Starts it; `redirect` is what a shell does with its streams."""
        shell = ["bash", "-c", f'{"" if "|" in redirect else "exec"} "$@" {redirect}', "bash"]
        inherited = {name: value for name, value in os.environ.items() if name not in VARIABLES}
        process = await asyncio.create_subprocess_exec(
            *(shell if redirect else []),
            *self.before,
            *self.command,
            *arguments,
            cwd=self.folder,
            env={**inherited, "PYTHONPATH": self.python_path, "CDI_BOT_HOST": "127.0.0.1", **(env or {})},
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
