"""Start the bot and the stand-ins as processes, talk to the stand-ins' controls, and end everything."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import aiohttp
import structlog

from cdi_bot.settings.environment import VARIABLES

ROOT = Path(__file__).parent.parent.parent
ALERTS, MARA = "C0ALERTS01", "U0MARA0001"

CHANNELS = 100
"""Channels that the bot is a member of, beside those that the stand-in has anyway."""

Env = dict[str, str]


@asynccontextmanager
async def program(module: str, *arguments: object) -> AsyncIterator[Any]:
    """A module of this folder as a process; gives the JSON of its first line, and ends its input at the end."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        f"tests.bench.{module}",
        *map(str, arguments),
        cwd=ROOT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdin
    assert process.stdout
    try:
        yield json.loads(await process.stdout.readline())
    finally:
        process.stdin.close()
        await process.wait()


def stand_ins(
    integrations: int, history: int, limit: int, *, channels: int = CHANNELS
) -> AbstractAsyncContextManager[Env]:
    """The stand-ins; gives the settings of a bot that talks to them."""
    return program("stand", integrations, history, limit, channels)


@asynccontextmanager
async def bot(env: Env, folder: Path) -> AsyncIterator[int]:
    """A bot with a database in `folder`; gives its process id as soon as it says that it is ready."""
    inherited = {name: value for name, value in os.environ.items() if name not in VARIABLES}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "cdi_bot",
        "run",
        cwd=folder,
        env={
            **inherited,
            "PYTHONPATH": str(ROOT),
            "PORT": "0",
            "CDI_BOT_HOST": "127.0.0.1",
            "CDI_BOT_LOG_FORMAT": "json",
            **env,
        },
        stdin=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stderr
    async for line in process.stderr:
        if b'"ready"' in line:
            break
    reading = asyncio.create_task(process.stderr.read())  # a full pipe would stop the bot
    try:
        yield process.pid
    finally:
        process.terminate()
        await process.wait()
        await reading


class Controls:
    """The stand-ins' control endpoints."""

    def __init__(self, env: Env, http: aiohttp.ClientSession) -> None:
        """Talk to the stand-ins that `env` names."""
        self._url, self._http = env["BRAZE_BASE_URL"] + "/sandbox/", http

    async def post(self, path: str, **body: Any) -> Any:
        """Have something done."""
        async with self._http.post(self._url + path, json=body) as answer:
            answer.raise_for_status()
            return await answer.json()

    async def get(self, path: str) -> Any:
        """Look at something."""
        async with self._http.get(self._url + path) as answer:
            answer.raise_for_status()
            return await answer.json()

    async def type(self, text: str) -> float:
        """Type `/cdi text`; gives the milliseconds until it was acknowledged."""
        told = await self.post("slack/command", channel=ALERTS, user=MARA, text=text)
        if not told["acked"]:
            raise RuntimeError(f"not acknowledged: {told}")
        return float(told["ack_ms"])


def median(values: list[float]) -> float:
    """The middle one."""
    return sorted(values)[len(values) // 2]


def percentile(values: list[float], share: float) -> float:
    """The value that a share of all does not exceed."""
    return sorted(values)[min(int(len(values) * share), len(values) - 1)]


def resident(pid: int | str = "self") -> float:
    """Megabytes that a process has in memory (Linux)."""
    status = Path(f"/proc/{pid}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


def main(
    rows: Callable[[Path], Coroutine[Any, Any, Sequence[str]]],
    head: Sequence[str] = ("what", "measured", "aim"),
) -> None:
    """Measure in an empty folder, and print the rows as a table.

    What is logged meanwhile costs what it costs, and is not shown.
    """
    with Path(os.devnull).open("w") as nowhere, TemporaryDirectory(prefix="cdi-bot-bench-") as name:
        structlog.configure(logger_factory=structlog.PrintLoggerFactory(nowhere))
        measured = asyncio.run(rows(Path(name)))
    print(f"| {' | '.join(head)} |\n|{' --- |' * len(head)}")
    print("\n".join(measured))


def made(folder: Path) -> Path:
    """A folder that is there from now on."""
    folder.mkdir()
    return folder
