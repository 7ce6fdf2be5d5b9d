"""Standard streams that are closed, full, read by nobody, or can't hold every character: the program goes on."""

from __future__ import annotations

import fcntl
import os
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from cdi_bot.sandbox import Sandbox
from cdi_bot.sandbox.braze.integration import IntegrationConfig
from cdi_bot.sandbox.slack.seed_data import DATA_ALERTS, MARA
from tests.program import Program, Started


@asynccontextmanager
async def connected(
    program: Program, sandbox: Sandbox, settings: dict[str, str], redirect: str
) -> AsyncIterator[Started]:
    """A running bot whose standard streams lead elsewhere."""
    events = sandbox.events()
    bot = await program.start("run", env={**settings, "CDI_BOT_LOG_LEVEL": "debug"}, redirect=redirect)
    async for event in events:
        if event["type"] == "bot_connected" and event["connected"]:
            break
    yield bot


@pytest.mark.parametrize("redirect", ["2>&-", "2>/dev/full", "<&- >&- 2>&-"])
async def test_standard_error_that_takes_nothing(
    program: Program, sandbox: Sandbox, settings_for_sandbox: dict[str, str], redirect: str
) -> None:
    """Closed or full: the bot works, and ends well; the database is not where the log went."""
    async with connected(program, sandbox, settings_for_sandbox, redirect) as bot:
        told = await sandbox.people.command(DATA_ALERTS, MARA, "list")
        assert told["acked"]
        assert (await bot.end(signal.SIGTERM)).code == 0
    assert (program.folder / "cdi_bot.db").read_bytes().startswith(b"SQLite format 3")


async def test_standard_error_that_nobody_reads(
    program: Program, sandbox: Sandbox, settings_for_sandbox: dict[str, str]
) -> None:
    """A blocked log driver: commands are acknowledged, and SIGTERM ends the bot in time."""
    pipe = program.folder / "log"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    fcntl.fcntl(reader, fcntl.F_SETPIPE_SZ, 4096)
    try:
        async with connected(program, sandbox, settings_for_sandbox, f"2>{pipe}") as bot:
            for _ in range(40):
                told = await sandbox.people.command(DATA_ALERTS, MARA, "no such command")
                assert told["acked"]
            begun = time.monotonic()
            assert (await bot.end(signal.SIGTERM)).code == 0
            assert time.monotonic() - begun < 6
    finally:
        os.close(reader)


async def test_a_command_whose_output_is_full(program: Program, settings_for_sandbox: dict[str, str]) -> None:
    """What can't be printed is one line on standard error, and exit code 1."""
    started = await program.start("db", "current", redirect=">/dev/full")
    finished = await started.finished()
    assert finished.code == 1
    assert finished.err == "Standard output can't be written to: No space left on device.\n"


async def test_the_demo_ends_with_its_reader(program: Program) -> None:
    """`demo --headless | head` ends when `head` does, well and without a traceback."""
    demo = await program.start("demo", "--headless", redirect="| head -n 2; exit ${PIPESTATUS[0]}")
    finished = await demo.finished()
    assert (finished.code, finished.err) == (0, "")
    assert len(finished.out.splitlines()) == 2


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
async def test_output_that_holds_few_characters(
    program: Program, sandbox: Sandbox, settings_for_sandbox: dict[str, str], encoding: str
) -> None:
    """A status is shown whole; what the terminal has no character for is a question mark."""
    name = "顧客 attributes"
    sandbox.braze.create(IntegrationConfig(integration_name=name))
    env = {**settings_for_sandbox, "PYTHONIOENCODING": encoding}
    finished = await program.run("status", "attributes", env=env)
    assert (finished.code, finished.err) == (0, "")
    assert "?? attributes" in finished.out
