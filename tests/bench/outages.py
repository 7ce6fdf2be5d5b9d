"""How soon everything is told once Slack, one channel, the database or Braze is back: the whole bot in virtual time.

`python -m tests.bench.outages` prints the table of docs/performance.md.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from cdi_bot.core.model.channel import Channel
from cdi_bot.core.model.message import MessageKind, OwedMessage, SyncRequested
from cdi_bot.core.model.subscription import Filters
from cdi_bot.delivery.rate_limiter import POST_GAP
from cdi_bot.delivery.views import CardView
from cdi_bot.monitoring.braze_port import BrazeReason
from cdi_bot.store import Store
from tests.databases import new_file
from tests.rigs.oracle import settle_in
from tests.rigs.simulated_slack import Room
from tests.rigs.virtual_time import VirtualLoop
from tests.rigs.world import CHANNELS, TEAM, World, world_on

LENGTHS = (5.0, 60.0, 600.0)
"""Seconds that something is away."""

PHASES = (0.0, 0.9, 1.8, 2.7, 3.6)
"""Seconds more, so that the return falls between two tries differently; the worst is shown."""

PLACES, EACH = 10, 6
"""So many channels are owed so many messages each while something is away, in even steps."""

INTEGRATIONS = 20
"""So many fail while Braze or the database is away."""

WATCHED = 900.0
"""Seconds after the return until whatever is not told then counts as never told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """Seconds from the return to the first message and to the last, and how many were told."""

    first: float
    last: float
    count: int


def told(times: Sequence[datetime], back: datetime) -> Told:
    """What came when."""
    after = sorted((each - back).total_seconds() for each in times)
    return Told(first=after[0], last=after[-1], count=len(after))


async def slack_is_away(world: World, seconds: float) -> Told:
    """Every call is answered with 503; nobody knows of a post whether it went through."""
    world.slack.down = True
    await owe(world, rooms(world), seconds)
    world.slack.down = False
    return await notices_told(world, PLACES * EACH)


async def channel_is_away(world: World, seconds: float, *, with_event: bool) -> Told:
    """One channel is archived; Slack's event, where it comes, tells that it is back."""
    (channel,) = rooms(world, 1)
    (process,) = world.processes
    health = process.app.dispatcher.channel_health
    await process.subscriptions.subscribe(channel, "U1", "users-1", Filters())
    await asyncio.sleep(2)
    world.slack.rooms[channel].archived = True
    await health.check(channel)
    await owe(world, [channel], seconds)
    world.slack.rooms[channel].archived = False
    if with_event:
        await health.check(channel)
    return await notices_told(world, EACH)


async def database_is_away(world: World, seconds: float) -> Told:
    """Every transaction fails, from the middle of delivering on; what failed in Braze meanwhile is told afterwards."""
    channels = rooms(world)
    await owe(world, channels, 0)
    await asyncio.sleep(1.5)
    world.store.broken = 10**9
    await fail_all(world, seconds)
    world.store.broken = 0
    back = world.loop()
    await all_told(
        world,
        lambda: len(notices(world)) == PLACES * EACH and len(shown_first(world)) == len(world.braze.names),
    )
    later = [each for each in notices(world) if each >= back]
    return told([*later, *shown_first(world).values()], back)


async def braze_is_away(world: World, seconds: float, *, why: BrazeReason) -> Told:
    """Every request fails; every integration has a run that fails meanwhile."""
    world.braze.outage = why
    await fail_all(world, seconds)
    world.braze.outage = None
    back = world.loop()
    await all_told(world, lambda: len(shown_first(world)) == len(world.braze.names))
    return told([*shown_first(world).values()], back)


def rooms(world: World, count: int = PLACES) -> list[Channel]:
    """Further channels."""
    channels = [Channel(team_id=TEAM, channel_id=f"CBENCH{place:03}") for place in range(count)]
    world.slack.rooms.update({channel: Room() for channel in channels})
    return channels


async def owe(world: World, channels: Sequence[Channel], seconds: float, *, first: int = 0) -> None:
    """Have the channels be owed messages that are never put together, numbered from `first` on, in even steps."""
    store: Store = world.store
    for number in range(first, first + EACH):
        now = world.loop()
        async with store.write() as uow:
            await uow.outbox.add(
                [
                    OwedMessage(
                        key=f"bench:{channel.channel_id}:{number}",
                        channel=channel,
                        kind=MessageKind.NOTICE,
                        content=SyncRequested(
                            who="U1",
                            workspace_id=world.workspace.workspace_id,
                            integration_id="users-1",
                        ),
                        not_before=now,
                    )
                    for channel in channels
                ],
                now=now,
            )
        for process in world.processes:
            process.dispatcher.wake()
        await asyncio.sleep(seconds / EACH)


async def fail_all(world: World, seconds: float) -> None:
    """Have every integration fail, in even steps."""
    for each in world.braze.names:
        world.braze.begin(each)
        await asyncio.sleep(seconds / len(world.braze.names))
        world.braze.end(each, "error")


async def notices_told(world: World, count: int) -> Told:
    """What became of the owed messages from now on."""
    back = world.loop()
    await all_told(world, lambda: len(notices(world)) == count)
    return told(notices(world), back)


def notices(world: World) -> list[datetime]:
    """When each of the owed messages was told."""
    return [each.at for each in world.slack.said if each.key.startswith("bench:")]


async def all_told(world: World, seen: Callable[[], bool]) -> None:
    """Wait until everything is told, and a while longer for what would be told twice; fails where that takes long."""
    end = world.loop() + timedelta(seconds=WATCHED)
    while not seen():
        assert world.loop() < end, "not everything is told"
        await asyncio.sleep(1)
    await asyncio.sleep(10)
    assert seen(), "told twice"


def shown_first(world: World) -> dict[str, datetime]:
    """When each integration was first shown as failing in the channel of all."""
    shows = [
        (at, each.incident.integration_id)
        for card in world.slack.said
        if card.channel == CHANNELS[0]
        for at, view in card.shows
        if isinstance(view, CardView)
        for each in view.incidents
        if each.incident.integration_id
    ]
    return {name: at for at, name in sorted(shows, reverse=True)}


Life = Callable[[World, float], Awaitable[Told]]
SLACKS_PACE = (EACH - 1) * POST_GAP.total_seconds()

ROWS: Sequence[tuple[str, Life, float]] = (
    ("Slack", slack_is_away, SLACKS_PACE),
    ("one channel, and Slack tells of its return", partial(channel_is_away, with_event=True), SLACKS_PACE),
    ("one channel, and nothing tells", partial(channel_is_away, with_event=False), SLACKS_PACE),
    ("the database", database_is_away, SLACKS_PACE),
    ("Braze (no connection)", partial(braze_is_away, why=BrazeReason.UNREACHABLE), 0),
    ("Braze (5xx)", partial(braze_is_away, why=BrazeReason.SERVER_ERROR), 0),
)
"""What is away, and how many seconds Slack's pace alone needs from the first message to the last."""


def lived(life: Life, seconds: float, *, integrations: int = INTEGRATIONS) -> Told:
    """Live it in a world of its own with so many integrations."""
    loop = VirtualLoop()
    with TemporaryDirectory(prefix="cdi-bot-bench-") as folder:

        async def whole() -> Told:
            async with world_on(loop, new_file(Path(folder))) as world:
                world.braze.items_a_page = 10
                for number in range(len(world.braze.names), integrations):
                    world.braze.add(f"sync-{number:02}", f"Sync {number:02}")
                await settle_in(world, seconds=20)
                await asyncio.sleep(100)  # what was announced is no longer recent
                return await life(world, seconds)

        try:
            return loop.run_until_complete(whole())
        finally:
            loop.close()


def main() -> None:
    """Print the table."""
    print("| away | " + " | ".join(f"for {seconds:.0f} s" for seconds in LENGTHS) + " | Slack's pace alone |")
    print("| --- |" + " --- |" * (len(LENGTHS) + 1))
    for name, life, pace in ROWS:
        cells = []
        for seconds in LENGTHS:
            found = [lived(life, seconds + phase) for phase in PHASES]
            first, last = max(each.first for each in found), max(each.last for each in found)
            cells.append(f"{first:.1f} / {last:.1f} s")
        print(f"| {name} | " + " | ".join(cells) + f" | {pace:.0f} s |", flush=True)


if __name__ == "__main__":
    import logging

    import structlog

    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    main()
