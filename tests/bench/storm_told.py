"""300 integrations fail at once before the real program, and another tool uses a third of Braze's documented limits.

`python -m tests.bench.storm_told` takes about four minutes. It prints, for three moments of a minute, after how many
seconds Slack showed the first alert and the card that counts all 300, how many requests the bot had sent until then,
and how many were refused from the failures to the end of a minute, the other tool's included. Each moment has
stand-ins and a bot of its own.
"""

from __future__ import annotations

import asyncio
import re
import sys
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import aiohttp

from cdi_bot.sandbox import Sandbox
from cdi_bot.sandbox.braze.integration import IntegrationConfig
from cdi_bot.sandbox.slack.seed_data import DATA_ALERTS, MARA
from tests.bench.processes import bot

INTEGRATIONS, PAGE = 300, 10
MOMENTS = (2, 20, 50)
"""Seconds of a minute at which they fail."""

LIMITS = {"": 50, "/{id}/job_sync_status": 100}
"""Requests a minute by the call's path; the other tool sends a third of them, evenly."""

WARM_UP, PATIENCE = 90.0, 100.0


async def storm(folder: Path, moment: float) -> str:
    """Live through one; gives its row of the table."""
    async with Sandbox() as sandbox:
        made = sandbox.braze.create_many(
            INTEGRATIONS, "Load", IntegrationConfig(schedule_seconds=None), history=12
        )
        first_id = made[0].config.integration_id
        sent: list[tuple[str, float]] = []  # by the other tool, and when
        async with bot(sandbox.bot_settings, folder), aiohttp.ClientSession() as http:
            others = [
                asyncio.create_task(_other_tool(http, sandbox, path.format(id=first_id), limit / 3, sent))
                for path, limit in LIMITS.items()
            ]
            await sandbox.people.command(DATA_ALERTS, MARA, "subscribe all")
            await _until_second(moment, not_before=time.time() + WARM_UP)
            before, begun = len(sandbox.braze.requests), time.time()
            sandbox.braze.fail_all()
            first = told = 0.0
            while not told and time.time() < begun + PATIENCE:
                counts = _counts(sandbox)
                first = first or (time.time() - begun if counts else 0.0)
                told = time.time() - begun if INTEGRATIONS in counts else 0.0
                await asyncio.sleep(0.05)
            asked = Counter("job_sync_status" in each.path for each in list(sandbox.braze.requests)[before:])
            asked.subtract("job_sync_status" in path for path, at in sent if at > begun)
            await _until_second(0, not_before=time.time())
            for task in others:
                task.cancel()
            for task in others:
                with suppress(asyncio.CancelledError):
                    await task
        refused = sum(each.status == 429 for each in list(sandbox.braze.requests)[before:])
    when = f"{told:.1f} s" if told else f"not within {PATIENCE:.0f} s"
    return f"| {moment} | {first:.1f} s | {when} | {asked[True]} + {asked[False]} | {refused} |"


def _counts(sandbox: Sandbox) -> set[int]:
    """How many failing integrations each card in the channel counts."""
    texts = [each.content.text for each in sandbox.slack.messages(DATA_ALERTS)]
    found = [re.match(r"(\d+) failing since|Load", text) for text in texts]
    return {int(each[1] or 1) for each in found if each}


async def _other_tool(
    http: aiohttp.ClientSession,
    sandbox: Sandbox,
    path: str,
    per_minute: float,
    sent: list[tuple[str, float]],
) -> None:
    headers = {"Authorization": f"Bearer {sandbox.braze_api_key}", "Content-Type": "application/json"}
    while True:
        sent.append((path, time.time()))
        async with http.get(f"{sandbox.url}/cdi/integrations{path}", headers=headers) as answer:
            await answer.read()
        await asyncio.sleep(60 / per_minute)


async def _until_second(second: float, *, not_before: float) -> None:
    """Wait for that second of a clock minute."""
    wait = not_before - time.time()
    await asyncio.sleep(wait + (second - not_before) % 60)


async def main() -> None:
    """Print the table."""
    with TemporaryDirectory(prefix="cdi-bot-bench-") as name:
        folders = [Path(name) / str(moment) for moment in MOMENTS]
        for folder in folders:
            folder.mkdir()
        rows = await asyncio.gather(*map(storm, folders, MOMENTS))
    print("| at second | first told | all told | requests | refused |\n| --- | --- | --- | --- | --- |")
    print("\n".join(rows))


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
