"""The budget never goes over a limit, in whatever order requests and answers come."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from cdi_bot.braze.budget import IN_FLIGHT_AT_FIRST, Budget, Denial, Permit
from cdi_bot.braze.rate_headers import NO_RATE_HEADERS, RateHeaders
from cdi_bot.monitoring.braze_port import Endpoint, Purpose

MINUTE = datetime(2026, 3, 25, 12, 0, tzinfo=UTC)
POLL, COMMAND = Purpose.POLL, Purpose.COMMAND
STATUS = Endpoint.STATUS


def at(seconds: float) -> datetime:
    """A time of the tests' first minute and after."""
    return MINUTE + timedelta(seconds=seconds)


@dataclass
class Workspace:
    """Braze's side, with the same clock: counts what arrives, and what it had to turn away."""

    limit: int
    others: int
    minute: int = -1
    ours: int = 0
    turned_away: int = 0

    def arrive(self, now: datetime, *, with_reset: bool) -> RateHeaders:
        """Count one request; other tools have used theirs before the minute's first."""
        minute = int(now.timestamp()) // 60
        if minute != self.minute:
            self.minute, self.ours = minute, 0
        left = self.limit - self.others - self.ours
        if left < 1:
            self.turned_away += 1
            left = 1
        else:
            self.ours += 1
        reset = datetime.fromtimestamp((minute + 1) * 60, UTC) if with_reset else None
        return RateHeaders(limit=self.limit, remaining=left - 1, reset=reset)


class Story:
    """A bot and its workspace: requests overtake each other, get lost, and are answered late."""

    def __init__(self, *, limit: int, others: int, with_reset: bool) -> None:
        self.budget = Budget()
        self.braze = Workspace(limit=limit, others=min(limit, others))
        self.with_reset = with_reset
        self.now = at(0)
        self.sent: list[Permit] = []
        self.answers: list[tuple[Permit, RateHeaders]] = []
        self.polls: dict[int, int] = {}
        self.told_in: set[int] = set()
        self.blind = 0

    def poll(self, _number: int) -> None:
        """Send one poll, if there is a permit; polls keep to 80 % of the limit as it is known then."""
        permit = self._send(POLL)
        if permit:
            self.polls[permit.minute] = self.polls.get(permit.minute, 0) + 1
            assert self.polls[permit.minute] <= self.budget.limit(STATUS) * 4 // 5

    def burst(self, number: int) -> None:
        """Send many polls at once."""
        for _ in range(number):
            self.poll(number)

    def command(self, _number: int) -> None:
        """Send one request for a person, if there is a permit."""
        self._send(COMMAND)

    def _send(self, purpose: Purpose) -> Permit | None:
        permit = self.budget.acquire(STATUS, self.now, purpose)
        if isinstance(permit, Denial):
            return None
        self.sent.append(permit)
        self.blind += permit.minute not in self.told_in
        return permit

    def arrive(self, number: int) -> None:
        """Let any of the sent requests reach Braze."""
        if self.sent:
            permit = self.sent.pop(number % len(self.sent))
            self.answers.append((permit, self.braze.arrive(self.now, with_reset=self.with_reset)))

    def answer(self, number: int) -> None:
        """Let any of the answers reach the bot."""
        if self.answers:
            permit, headers = self.answers.pop(number % len(self.answers))
            self.budget.release(permit, self.now, headers, asked_to_wait=False)
            self.told_in.add(permit.minute)

    def lose(self, number: int) -> None:
        """Lose any of the answers."""
        if self.answers:
            permit, _ = self.answers.pop(number % len(self.answers))
            self.budget.release(permit, self.now, NO_RATE_HEADERS, asked_to_wait=False)

    def wait(self, number: int) -> None:
        """Let time pass."""
        self.now += timedelta(seconds=number)


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["poll", "burst", "command", "arrive", "arrive", "answer", "answer", "lose", "wait"]),
        st.integers(0, 30),
    ),
    max_size=300,
)


@given(STEPS, st.integers(1, 120), st.integers(0, 60), st.booleans())
def test_no_order_of_requests_and_answers_overshoots(
    steps: list[tuple[str, int]], limit: int, others: int, with_reset: bool
) -> None:
    """Only requests sent before a minute's first answer can find nothing left."""
    story = Story(limit=limit, others=others, with_reset=with_reset)
    for step, number in steps:
        getattr(story, step)(number)
    assert story.braze.turned_away <= story.blind


@given(st.lists(st.integers(0, 40), min_size=1, max_size=12), st.integers(10, 200))
def test_restarts_bring_no_burst(restarts: list[int], limit: int) -> None:
    """However often the process starts over within a minute, each time only the first few can find nothing left."""
    braze = Workspace(limit=limit, others=0)
    for wanted in restarts:
        budget = Budget()
        for _ in range(wanted):
            together: list[Permit] = []
            while len(together) < 8 and isinstance(permit := budget.acquire(STATUS, at(0), POLL), Permit):
                together.append(permit)
            for permit in together:
                budget.release(permit, at(0), braze.arrive(at(0), with_reset=True), asked_to_wait=False)
    assert braze.turned_away <= IN_FLIGHT_AT_FIRST[POLL] * len(restarts)


@given(
    st.lists(st.tuples(st.integers(-50, 300), st.integers(-50, 20_000), st.booleans()), max_size=60),
    st.floats(0, 600),
)
def test_no_headers_break_the_books(answers: list[tuple[int, int, bool]], start: float) -> None:
    """Whatever is told, an allowance is a number that `acquire` keeps to."""
    budget, now = Budget(), at(start)
    for seconds, number, turned_away in answers:
        now += timedelta(seconds=seconds)
        allowance = budget.allowance(STATUS, now, POLL)
        assert 0 <= allowance <= budget.limit(STATUS) * 4 // 5
        permit = budget.acquire(STATUS, now, POLL)
        assert isinstance(permit, Permit) is (allowance > 0)
        if isinstance(permit, Permit):
            headers = RateHeaders(limit=max(1, number), remaining=abs(number) // 2)
            budget.release(permit, now, headers, asked_to_wait=turned_away)
