"""Many fail at once: the pages are read as fast as the limits allow, each once, as long as it pays."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from cdi_bot.core.model.integration import WatchedIntegration
from cdi_bot.core.planner.planner import Planner
from cdi_bot.core.planner.storm import AT_ONCE, FRUITLESS, LEAST, LONGEST_WAIT
from tests.bench.detection import Planned
from tests.bench.storm import OtherTool, live, storm
from tests.bench.timetable import EPOCH, PAGE, World
from tests.core.planner.test_planner import INTERVAL, one, ran
from tests.core.runs_kit import NOON, at

PAGES = 12
LATER = at(5)


def name(page: int, place: int) -> str:
    """The integration at a place of a page."""
    return f"i{page:02}{place}"


class Read:
    """A planner that knows twelve pages of ten integrations, all of them healthy and quiet."""

    def __init__(self) -> None:
        """Read every page once."""
        self.planner = Planner(interval=INTERVAL)
        self.planner.set_limits(calls_per_minute=70, pages_per_minute=40)
        for page in range(PAGES):
            for place in range(10):
                known = WatchedIntegration(integration=one(name(page, place)), status_asked_at=NOON)
                newest = ran(name(page, place), -60)
                self.planner.add_or_update(known, newest=newest, subscribed=True, now=NOON)
        for number in range(PAGES):
            assert self.planner.next_page(at(0.1 * number)) == number
            self.answer(number, at(0.1 * number))

    def answer(self, page: int, now: datetime, failing: Collection[int] = (), *, start: float = 4.5) -> None:
        """Answer a page on which the integrations at these places have failed, with runs that began then."""
        listed = [
            one(name(page, place), last=start, status="error")
            if place in failing
            else one(name(page, place), last=-60)
            for place in range(10)
        ]
        self.planner.page_answered(page, listed, now, is_last=page == PAGES - 1)

    def next_in_turn(self, now: datetime, failing: Collection[int] = (), *, start: float = 4.5) -> int:
        """Read the page whose turn it is."""
        page = self.planner.next_page(now)
        assert page is not None
        self.answer(page, now, failing, start=start)
        return page

    def at_once(self, now: datetime, failing: Collection[int] = ()) -> list[int]:
        """Read ahead of the even pace whatever is urgent, one page after the other."""
        read: list[int] = []
        while (page := self.planner.next_page(now, urgent_only=True)) is not None:
            read.append(page)
            self.answer(page, now, failing)
        return read


def test_three_that_begin_to_fail_make_the_other_pages_urgent() -> None:
    """Each of them is read once, and no other before the next storm."""
    list_ = Read()
    first = list_.next_in_turn(LATER, range(LEAST))
    assert sorted([first, *list_.at_once(LATER, range(10))]) == list(range(PAGES))
    assert list_.at_once(at(5.05), range(10)) == []


def test_two_that_fail_are_no_storm() -> None:
    """Nor is a wave of successes."""
    list_ = Read()
    page = list_.next_in_turn(LATER, range(LEAST - 1))
    assert list_.at_once(LATER) == []
    wave = [one(name(page, place), last=4.9) for place in range(10)]
    list_.planner.page_answered(page, wave, at(5.1), is_last=page == PAGES - 1)
    assert list_.at_once(at(5.1)) == []


def test_what_stays_failing_is_no_storm() -> None:
    """A later run that fails too, or a page that shows the same again, is nothing new."""
    list_ = Read()
    page = list_.next_in_turn(LATER, range(10))
    list_.at_once(LATER)
    for minutes in (6.0, 10.0, 20.0):
        list_.answer(page, at(minutes), range(10), start=minutes - 0.5)
        assert list_.at_once(at(minutes)) == []


def test_what_failed_before_the_start_is_no_storm() -> None:
    """Of what nothing was known before, a failure is not known to be new."""
    made = Planner(interval=INTERVAL)
    made.set_limits(calls_per_minute=70, pages_per_minute=40)
    listed = [one(f"a{number}", last=-60, status="error") for number in range(10)]
    for each in listed:
        made.add_or_update(WatchedIntegration(integration=each), newest=None, subscribed=True, now=NOON)
    for number in range(2):
        assert made.next_page(NOON) == number
        made.page_answered(number, listed[number * 5 :][:5], NOON, is_last=number == 1)
    assert made.next_page(at(1), urgent_only=True) is None


def test_a_storm_that_does_not_pay_is_over_soon() -> None:
    """Only a few pages are read in vain, however many are left."""
    list_ = Read()
    list_.next_in_turn(LATER, range(LEAST))
    assert len(list_.at_once(LATER)) == FRUITLESS


def test_few_pages_are_under_way_at_once() -> None:
    """So that few are read in vain, and others find a connection."""
    list_ = Read()
    list_.next_in_turn(LATER, range(10))
    taken = [list_.planner.next_page(LATER, urgent_only=True) for _ in range(PAGES)]
    assert [page is not None for page in taken] == [True] * AT_ONCE + [False] * (PAGES - AT_ONCE)


def test_the_page_where_most_has_probably_ended_is_read_first() -> None:
    """A run that is under way may have failed as well."""
    list_ = Read()
    running = [one(name(7, place), last=4.4, status="running") for place in range(10)]
    list_.planner.page_answered(7, running, at(4.5), is_last=False)
    page = list_.next_in_turn(LATER, range(10))
    assert page != 7
    assert list_.planner.next_page(LATER, urgent_only=True) == 7


def test_where_no_page_can_be_read_their_integrations_are_asked() -> None:
    """One after the other, those of the most suspect page first, each once; what the list has told can wait."""
    list_ = Read()
    told = list_.next_in_turn(LATER, range(10))
    for place in range(10):
        list_.planner.prioritize(name(told, place), LATER)
    asked: list[str] = []
    while (chosen := list_.planner.next_unread(LATER)) is not None:
        asked.append(chosen)
        list_.planner.call_answered(chosen, [ran(chosen, 4.5, status="error")], LATER)
    assert sorted(asked) == sorted(
        name(page, place) for page in range(PAGES) if page != told for place in range(10)
    )
    assert asked[:10] == [name(int(asked[0][1:3]), place) for place in range(10)]
    assert list_.planner.next_call(LATER, urgent_only=True) == name(told, 0)


def test_a_list_that_is_late_is_read_when_it_shows_what_happened() -> None:
    """A page read at once would not show the failures yet."""
    list_ = Read()
    for number in range(10):  # the status call knew of each run 20 s before the list showed it
        list_.planner.call_answered(name(0, number), [ran(name(0, number), 2)], at(3))
    for later in range(1, 21):
        now = at(3) + timedelta(seconds=later)
        shown = [one(name(0, place), last=2 if later == 20 else -60) for place in range(10)]
        list_.planner.page_answered(0, shown, now, is_last=False)
    list_.next_in_turn(LATER, range(10))
    assert list_.at_once(LATER) == []
    assert list_.at_once(LATER + timedelta(seconds=LONGEST_WAIT - 1)) == []
    assert len(list_.at_once(LATER + timedelta(seconds=LONGEST_WAIT), range(10))) >= PAGES - 2


@settings(max_examples=10)
@given(
    moment=st.integers(0, 119).map(lambda half: half / 2),
    others=st.floats(0, 1 / 3),
    share=st.floats(0.3, 1),
    seed=st.integers(0, 2**32),
)
def test_a_storm_at_any_moment_meets_no_limit(
    *, moment: float, others: float, share: float, seed: int
) -> None:
    """Nobody is turned away, the other tool neither; all is known with the next minute's first requests."""
    seen = storm(moment=moment, others=others, share=share, seed=seed, warm_up=300)
    assert seen.exceeded == 0
    assert seen.all <= 60 - moment + 15, seen


def test_300_that_fail_as_a_minute_begins_or_ends_are_known_within_15_seconds() -> None:
    """Also where another tool uses a third of the limits."""
    for moment in (0, 50, 58):
        for others in (0, 1 / 3):
            seen = storm(moment=moment, others=others, warm_up=600)
            assert (seen.soon, seen.exceeded) == (1, 0), (moment, others, seen)


class Noting(Planned):
    """Notes when each page was read last, and the longest that any was not."""

    def __init__(self, world: World) -> None:
        """Begin with every page as if it had just been read."""
        super().__init__(world)
        self.read = dict.fromkeys(range(len(world.sources) // PAGE), EPOCH)
        self.longest = 0.0

    def _listed(self, page: int, answered: float, here: float) -> None:
        self.longest = max(self.longest, here - self.read[page])
        self.read[page] = here
        super()._listed(page, answered, here)


@settings(max_examples=4)
@given(st.integers(0, 2**32))
def test_pages_are_read_in_turn_however_often_some_begin_to_fail(seed: int) -> None:
    """Three of 200 fail together every 20 s and recover: no limit is met, and each page has its turn."""
    world = World.make(200, bunched=0.5, seed=seed, lag=0)
    poller, other = Noting(world), OtherTool(world, 1 / 3)
    now = EPOCH
    for turn in range(30):
        now = live(poller, other, now, EPOCH + 20 * (turn + 1))
        for source in world.sources[turn * 10 % 200 :][:LEAST]:
            source.fail(now)
    assert world.exceeded == 0
    assert max(poller.longest, *(now - read for read in poller.read.values())) < 120, poller.longest
