"""The real program on a machine whose clock is wrong, or set while it works: what is told, and that alerts go on."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from datetime import UTC, datetime, timedelta
from multiprocessing.sharedctypes import Synchronized
from pathlib import Path

import aiohttp
import pytest

from cdi_bot.cli import main, run
from cdi_bot.sandbox import Sandbox
from cdi_bot.sandbox.slack.seed_data import DATA_ALERTS, MARA
from cdi_bot.settings.environment import VARIABLES
from tests.e2e.kit import System
from tests.e2e.processes import BotProcess
from tests.program import FORKS, Invoke

HOUR = 3600.0


def run_program(env: dict[str, str], log: Path, ahead: Synchronized[float]) -> None:
    """Be the program, whose clock is so many seconds ahead of the real one; the target of a new process."""
    file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(file, 1)
    os.dup2(file, 2)
    for name in VARIABLES:
        os.environ.pop(name, None)
    os.environ.update(env)
    sys.argv = ["cdi-bot", "run"]

    def clock() -> datetime:
        return datetime.now(UTC) + timedelta(seconds=ahead.value)

    run.surroundings = run.Surroundings(clock=clock)
    main.main()


async def readiness(bot: BotProcess) -> list[str]:
    """What `/readyz` gives as reasons."""
    port = json.loads(next(line for line in bot.printed.splitlines() if '"listening"' in line))["port"]
    async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{port}/readyz") as answer:
        reasons: list[str] = (await answer.json())["reasons"]
        return reasons


@pytest.mark.parametrize("steps", [[-HOUR, 0.0], [-20.0, 3 * 24 * HOUR]])
async def test_news_comes_in_time_and_each_step_is_logged_once(system: System, steps: list[float]) -> None:
    """Set back or ahead: the next failure is told as ever, and the log says what happened to the clock."""
    names = [f"Users {number}" for number in range(len(steps))]
    users = [system.create(name) for name in names]
    log = system.program.folder / "bot.log"
    ahead = FORKS.Value("d", 0.0)
    database = f"sqlite:///{system.program.folder / 'bot.db'}"
    env = {**system.env, "DATABASE_URL": database, "CDI_BOT_HOST": "127.0.0.1"}
    process = FORKS.Process(target=run_program, args=[env, log, ahead])
    process.start()
    bot = BotProcess(process, log, "")
    try:
        await system.until(lambda: '"ready"' in bot.printed)
        await system.sandbox.people.command(DATA_ALERTS, MARA, "subscribe all")
        await system.seen(lambda each: not each["ephemeral"])
        for name, integration_id, step in zip(names, users, steps, strict=True):
            ahead.value = step
            await system.polled()
            system.run(integration_id)
            await system.alert(name)
            told = [each for each in await readiness(bot) if "clock of this machine" in each]
            assert bool(told) == (abs(step) > 30)
        await bot.stop()
    finally:
        if bot.code is None:
            bot.kill()
    assert bot.printed.count("the clock of this machine was set") == len(steps), bot.printed
    wrong = bot.printed.count("the clock of this machine is ")
    assert wrong == sum(abs(step) > 30 for step in steps), bot.printed


@pytest.mark.parametrize(("ahead", "told"), [(0.0, None), (64.0, "behind"), (-64.0, "ahead of")])
async def test_check_names_a_clock_that_is_wrong_by_brazes(
    invoke: Invoke, settings_for_sandbox: dict[str, str], ahead: float, told: str | None
) -> None:
    """It fails, and says what to do."""
    async with Sandbox(lambda: datetime.now(UTC) + timedelta(seconds=ahead)) as sandbox:
        env = {**settings_for_sandbox, "BRAZE_BASE_URL": sandbox.url, "BRAZE_API_KEY": sandbox.braze_api_key}
        done = await asyncio.to_thread(invoke, "check", env=env)
    lines = done.stdout.replace("\n        ", " ").splitlines()
    (line,) = [line for line in lines if line[8:].startswith("clock: ")]
    assert line.startswith("NOT OK" if told else "ok"), line
    if told:
        assert any(f"{seconds} s {told} Braze's" in line for seconds in (63, 64, 65)), line
        assert "NTP" in line
