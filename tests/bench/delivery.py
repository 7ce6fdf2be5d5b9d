"""How quickly and cheaply messages reach Slack, beside a bare loop of `chat.postMessage` in the same run.

A thousand cards that wait at once would become a hundred: a channel's waiting alerts are told in one. So the drain
is measured twice: with a thousand alerts at once, as people would see them, and with a thousand notices (of requested
syncs), which are never put together and stand under the same limit of one post a second in a channel.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from tests.bench.processes import CHANNELS, Controls, Env, made, main, median, percentile, stand_ins
from tests.bench.rig import channel_id, rig, slack_client

ALONE = 3
"""Failures of each channel that come one by one."""

AT_ONCE = 10
"""Failures of each channel that come all at once."""

LEAST = AT_ONCE - 1
"""Seconds that a channel's notices need at one a second: the first goes at once."""

GAP = 1.1
"""Seconds after which each channel takes a post at once again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What was measured; times in milliseconds unless named otherwise."""

    latency: list[float]
    storm_seconds: float
    storm_posts: int
    drain_seconds: float
    cpu: float
    bare_cpu: float
    bare: list[float]


async def delivery(folder: Path) -> Figures:
    """Measure everything on two fresh databases."""
    async with stand_ins(0, 0, 100) as env, aiohttp.ClientSession() as http:
        controls = Controls(env, http)
        latency = await _latency(env, made(folder / "latency"))
        async with rig(env, made(folder / "drain"), AT_ONCE) as bot:
            begun = await bot.fail(bot.watched)
            await bot.settled()
            storm_posts, storm = len(bot.slack.at), max(bot.slack.at) - begun
            await asyncio.sleep(GAP)
            cpu = time.process_time()
            begun = await bot.notify()
            await bot.slack.wait_for(storm_posts + AT_ONCE * CHANNELS)
            drain = max(bot.slack.at) - begun
            cpu = time.process_time() - cpu
        refused = [each for each in (await controls.get("slack/calls"))["calls"] if each["error"]]
        if refused:
            raise RuntimeError(f"Slack refused {len(refused)} calls, first {refused[0]}")
        bare, bare_cpu = await _bare(env, controls)
    return Figures(
        latency=latency,
        storm_seconds=storm,
        storm_posts=storm_posts,
        drain_seconds=drain,
        cpu=cpu * 1000 / (AT_ONCE * CHANNELS),
        bare_cpu=bare_cpu,
        bare=bare,
    )


async def _latency(env: Env, folder: Path) -> list[float]:
    """From the commit that stores a run's end until Slack has the alert: one failure at a time."""
    taken = []
    async with rig(env, folder, ALONE) as bot:
        for number, watched in enumerate(bot.watched):
            if number % CHANNELS == 0:
                await asyncio.sleep(GAP)
            stored = await bot.fail([watched])
            await bot.slack.wait_for(number + 1)
            taken.append((bot.slack.at[-1] - stored) * 1000)
            await bot.settled()
    return taken


async def _bare(env: Env, controls: Controls) -> tuple[list[float], float]:
    """Post the bot's notices once more, one after the other, with nothing around; the times, and CPU for each."""
    await controls.post("slack/rules", post_per_second=100_000, post_burst=100_000)
    notices: list[dict[str, Any]] = []
    for place in range(CHANNELS):
        found = (await controls.get(f"slack/messages?channel={channel_id(place)}"))["messages"]
        notices += [each for each in found if "requested" in each["text"]]
    taken = []
    async with slack_client(env) as client:
        await client.auth_test()
        cpu = time.process_time()
        for each in notices:
            begun = time.perf_counter()
            await client.chat_postMessage(
                channel=each["channel"],
                text=each["text"],
                blocks=each["blocks"],
                metadata=each["metadata"],
            )
            taken.append((time.perf_counter() - begun) * 1000)
        cpu = time.process_time() - cpu
    return taken, cpu * 1000 / len(notices)


async def rows(folder: Path) -> list[str]:
    """The table's rows."""
    figures = await delivery(folder)
    latency, bare = figures.latency, figures.bare
    told = f"{AT_ONCE * CHANNELS:,}"
    first = (
        "| from a run's end in the store to Slack's receipt of the alert, p99 (p50, max) "
        f"| {percentile(latency, 0.99):.0f} ms ({median(latency):.0f}, {max(latency):.0f}); "
        f"a bare post {percentile(bare, 0.99):.0f} ms ({median(bare):.0f}, {max(bare):.0f}) | 150 ms |"
    )
    storm = (
        f"| {told} failures at once in {CHANNELS} channels: all told "
        f"| {figures.storm_seconds:.1f} s, in {figures.storm_posts} messages | – |"
    )
    drain = (
        f"| {told} messages, {AT_ONCE} for each of {CHANNELS} channels: all posted, beside one a second in each "
        f"| {figures.drain_seconds:.1f} s, {figures.drain_seconds / LEAST:.2f}× of {LEAST} s | 1.2× |"
    )
    cpu = (
        "| CPU of a delivered message, beside a bare chat.postMessage of the same "
        f"| {figures.cpu:.2f} ms, {figures.cpu / figures.bare_cpu:.2f}× of {figures.bare_cpu:.2f} ms | – |"
    )
    return [first, storm, drain, cpu]


if __name__ == "__main__":
    main(rows)
