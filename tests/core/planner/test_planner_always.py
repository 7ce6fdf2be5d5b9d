"""What holds of the planner whatever Braze answers and however often the process starts anew."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from cdi_bot.braze.budget import Permit
from cdi_bot.monitoring.braze_port import Endpoint
from tests.bench.detection import INTERVAL, TICK, Ask, Line, Planned, live, simulate
from tests.bench.timetable import EPOCH, LIMITS, Source, World, at

SHARE = {Endpoint.STATUS: 70, Endpoint.LIST: 40}
"""Requests a minute that one process may send for itself: 80 %, less what is kept for commands."""

SPACING = 60 / SHARE[Endpoint.STATUS]


class RoughLine(Line):
    """A way to Braze on which answers fail, and which notes what went when."""

    def __init__(self, world: World, random: Random, failing: float) -> None:
        """So large a share of all answers fails, one in three of those with a 429."""
        super().__init__(world)
        self._random, self._failing = random, failing
        self.went: Counter[tuple[Endpoint, int]] = Counter()

    def _arrive(self, permit: Permit, endpoint: Endpoint, answered: float, here: float, ask: Ask) -> None:
        self.went[endpoint, int(answered // 60)] += 1
        headers = self.world.admit(endpoint, answered)
        failed = self._random.random() < self._failing
        refused = failed and self._random.random() < 1 / 3
        self.budget.release(permit, at(here), headers, asked_to_wait=refused)
        if failed:
            ask(-1.0, here)
        else:
            ask(answered, here)


class Rough(Planned):
    """A poller that bears failures, and notes when each integration was asked and each page read."""

    def __init__(
        self, world: World, random: Random, *, failing: float, can_list: bool, begin: float = EPOCH
    ) -> None:
        """Begin knowing nothing."""
        self.rough = RoughLine(world, random, failing)
        super().__init__(world, can_list=can_list, line=self.rough, begin=begin)
        self.asked: dict[str, list[float]] = {source.name: [begin] for source in world.sources}

    def longest_gap(self) -> float:
        """The longest that any integration went unasked, in seconds."""
        return max(later - earlier for times in self.asked.values() for earlier, later in pairwise(times))

    def _told(self, source: Source, answered: float, here: float) -> None:
        self.asked[source.name].append(here)
        if answered < 0:
            self.planner.call_failed(source.name, at(here), not_before=at(here + 5))
        else:
            super()._told(source, answered, here)

    def _listed(self, page: int, answered: float, here: float) -> None:
        if answered < 0:
            self.planner.page_failed(page, at(here))
        else:
            super()._listed(page, answered, here)


@settings(max_examples=12)
@given(
    count=st.integers(1, 60),
    failing=st.floats(0, 0.9),
    can_list=st.booleans(),
    restarts=st.lists(st.integers(1, 239), max_size=3),
    others=st.integers(0, 20),
    seed=st.integers(0, 2**32),
)
def test_no_limit_is_exceeded_whatever_is_answered_and_however_often_it_restarts(
    *, count: int, failing: float, can_list: bool, restarts: list[int], others: int, seed: int
) -> None:
    """Other tools use a fifth of each limit; nobody is ever turned away, and one process keeps to its share."""
    random = Random(seed)
    world = World.make(count, bunched=0.5, seed=seed)
    poller = Rough(world, random, failing=failing, can_list=can_list)
    lines = [poller.rough]
    now = EPOCH
    while now < EPOCH + 240:
        world.live(now + TICK)
        if now % 60 == 0:  # the other tools come with the first second of the minute
            for endpoint, limit in LIMITS.items():
                for _ in range(min(others, limit // 5)):
                    world.admit(endpoint, now)
        if now - EPOCH in restarts:
            poller = Rough(world, random, failing=failing, can_list=can_list, begin=now)
            lines.append(poller.rough)
        for line in lines:
            line.receive(now)
        poller.tick(now)
        now += TICK
    assert world.exceeded == 0
    for line in lines:
        for (endpoint, _), sent in line.went.items():
            assert (
                sent <= SHARE[endpoint] + 1
            )  # one that was sent in the minute before may arrive in this one


@settings(max_examples=8)
@given(st.integers(1, 20), st.floats(0, 1), st.integers(0, 2**32))
def test_without_a_list_each_is_asked_within_the_interval(count: int, bunched: float, seed: int) -> None:
    """As far as the limits allow: several whose time comes together wait for each other's turn."""
    poller = Rough(World.make(count, bunched=bunched, seed=seed), Random(seed), failing=0, can_list=False)
    live(poller, 300)
    # 5: a minute's first answers are awaited before the rest of it is used
    assert poller.longest_gap() <= INTERVAL.total_seconds() + count * SPACING + 5


@settings(max_examples=4)
@given(st.integers(40, 90), st.integers(0, 2**32))
def test_where_the_interval_can_not_be_kept_nothing_is_left_out(count: int, seed: int) -> None:
    """Half of all calls go round in turn, so that each is asked within two rounds and a little."""
    poller = Rough(World.make(count, bunched=0.5, seed=seed), Random(seed), failing=0, can_list=False)
    live(poller, 900)
    assert poller.longest_gap() <= 2.5 * count * SPACING + 30


def test_what_can_not_be_asked_is_tried_again_and_holds_up_no_other() -> None:
    """A fifth of all answers fails; each integration is asked again and again all the same."""
    poller = Rough(World.make(30, bunched=0.5, seed=1), Random(1), failing=0.2, can_list=False)
    live(poller, 600)
    assert min(len(times) for times in poller.asked.values()) >= 3


def test_ends_are_known_as_soon_as_the_readme_says() -> None:
    """At 200 integrations half of all ends are known within 4 s, and 95 % within 20 s."""
    result = simulate(Planned(World.make(200, bunched=0.5, seed=7)), warm_up=900, measured=900)
    assert (result.p50 <= 4, result.p95 <= 20, result.exceeded) == (True, True, 0), result
