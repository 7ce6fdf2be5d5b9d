"""How soon 300 integrations that fail at once are known to fail: the real planner and budget in virtual time.

It depends on when in the minute they fail, since Braze counts by the clock minute and what was used is gone. Beside the
bot, another tool may use a third of each limit, spread over the minute. `python -m tests.bench.storm` prints the table.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from cdi_bot.monitoring.braze_port import Endpoint
from tests.bench.detection import TICK, Planned, Poller
from tests.bench.timetable import EPOCH, LIMITS, Job, World

INTEGRATIONS = 300
MOMENTS = (2, 10, 20, 30, 40, 50, 58)
"""Seconds of a minute at which they fail."""

WARM_UP, AFTER = 1980.0, 180.0


class OtherTool:
    """Sends a share of each limit, evenly over the minute."""

    def __init__(self, world: World, share: float) -> None:
        """Begin with the first minute."""
        self._world = world
        self._gaps = {call: 60 / (limit * share) for call, limit in LIMITS.items() if share}
        self._next = dict.fromkeys(self._gaps, EPOCH)

    def tick(self, now: float) -> None:
        """Send what is due."""
        for call, gap in self._gaps.items():
            while self._next[call] <= now:
                self._world.admit(call, now)
                self._next[call] += gap


@dataclass(frozen=True, slots=True, kw_only=True)
class Storm:
    """Seconds after the failures until the first, half, and all were known; the share of them known after 15 s.

    `pages` and `calls` were sent in the minute of the failures and the next; `exceeded` counts refusals, anybody's.
    """

    first: float
    half: float
    all: float
    soon: float
    pages: int
    calls: int
    exceeded: int


def storm(
    *,
    moment: float,
    others: float = 0.0,
    lag: float = 0.0,
    share: float = 1.0,
    seed: int = 7,
    warm_up: float = WARM_UP,
) -> Storm:
    """Have a share of the integrations fail together at that second of a minute; the list is up to `lag` late."""
    world = World.make(INTEGRATIONS, bunched=0.5, seed=seed, lag=lag)
    poller, other, random = Planned(world), OtherTool(world, others), Random(seed)
    now = live(poller, other, EPOCH, EPOCH + warm_up + moment)
    failing = [source for source in world.sources if random.random() < share]
    jobs: Sequence[Job] = [source.fail(now) for source in failing]
    for source in failing:
        source.stop()
    live(poller, other, now, now + AFTER)
    late = sorted((job.known_at or now + AFTER) - now for job in jobs)
    minute = int(now // 60)  # of the failures
    sent = {call: sum(poller.line.sent[call, each] for each in (minute, minute + 1)) for call in LIMITS}
    return Storm(
        first=late[0],
        half=late[len(late) // 2],
        all=late[-1],
        soon=sum(seconds <= 15 for seconds in late) / len(late),
        pages=sent[Endpoint.LIST],
        calls=sent[Endpoint.STATUS],
        exceeded=world.exceeded,
    )


def live(poller: Poller, other: OtherTool, now: float, until: float) -> float:
    """Let time pass."""
    while now < until:
        poller.line.world.live(now + TICK)
        other.tick(now)
        poller.line.receive(now)
        poller.tick(now)
        now += TICK
    return now


def table() -> None:
    """Print it."""
    print(
        "| at second | another tool | list late by | first / half / all known | within 15 s | requests | refused |"
    )
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for others, lag in ((0.0, 0.0), (1 / 3, 0.0), (0.0, 20.0)):
        for moment in MOMENTS:
            seen = storm(moment=moment, others=others, lag=lag)
            print(
                f"| {moment} | {'a third' if others else 'none'} | {lag:.0f} s "
                f"| {seen.first:.1f} / {seen.half:.1f} / {seen.all:.1f} s | {seen.soon:.0%} "
                f"| {seen.calls} + {seen.pages} | {seen.exceeded} |",
                flush=True,
            )


if __name__ == "__main__":
    table()
