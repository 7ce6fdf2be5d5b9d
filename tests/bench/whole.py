"""The real process: how soon it is connected, how quickly it acknowledges, how much memory it takes."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import aiohttp

from tests.bench.processes import Controls, bot, made, main, median, percentile, resident, stand_ins

STARTS = 5
COMMANDS = 400
DOCUMENTED = 100


async def seconds_to_connect(folder: Path) -> float:
    """The median time from starting the process until it is connected to Slack and polls."""
    taken = []
    async with stand_ins(10, 10, DOCUMENTED) as env:
        for number in range(STARTS):
            place = made(folder / f"start-{number}")
            begun = time.perf_counter()
            async with bot(env, place):
                taken.append(time.perf_counter() - begun)
    return median(taken)


async def acknowledgement(folder: Path) -> dict[str, float]:
    """Milliseconds until `/cdi` was acknowledged, while 300 integrations are polled as fast as Braze allows."""
    async with stand_ins(300, 10, DOCUMENTED) as env, aiohttp.ClientSession() as http:
        controls = Controls(env, http)
        async with bot(env, folder):
            await controls.type("subscribe all")
            taken = []
            for number in range(COMMANDS):
                taken.append(await controls.type(("status", "help", "list", "subscriptions")[number % 4]))
                await asyncio.sleep(0.05)
    return {"p50": median(taken), "p99": percentile(taken, 0.99), "max": max(taken)}


async def memory(folder: Path) -> float:
    """Megabytes resident with 1,000 integrations subscribed, after two minutes of polling them."""
    async with stand_ins(1000, 30, 10_000) as env, aiohttp.ClientSession() as http:
        controls = Controls(env, http)
        async with bot(env, folder) as pid:
            await controls.type("subscribe all")
            await asyncio.sleep(120)
            requests = (await controls.get("braze/requests"))["requests"]
            asked = {each["path"] for each in requests if each["path"].endswith("/job_sync_status")}
            if len(asked) < 100:
                raise RuntimeError(f"only {len(asked)} integrations were asked in two minutes")
            return resident(pid)


async def rows(folder: Path) -> list[str]:
    """The table's rows."""
    start = await seconds_to_connect(folder)
    ack = await acknowledgement(made(folder / "ack"))
    megabytes = await memory(made(folder / "memory"))
    return [
        f"| start to connected, median of {STARTS} | {start:.2f} s | 2 s |",
        (
            "| `/cdi` acknowledged while 300 integrations are polled, p99 (p50, max) "
            f"| {ack['p99']:.1f} ms ({ack['p50']:.1f}, {ack['max']:.1f}) | 50 ms |"
        ),
        (
            "| resident memory with 1,000 integrations, after two minutes of polling "
            f"| {megabytes:.0f} MB | 100 MB |"
        ),
    ]


if __name__ == "__main__":
    main(rows)
