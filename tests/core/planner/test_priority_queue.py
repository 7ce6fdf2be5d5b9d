"""Choosing the target of the highest value, with little work for each choice."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdi_bot.core.planner.priority_queue import COMPARED, PriorityQueue, TimeQueue


class Rates:
    """Targets whose values grow by a rate each since they were last taken; counts how often a value is asked for."""

    def __init__(self, rates: list[float]) -> None:
        """Put all of them in at time 0, each to be taken within an hour."""
        self.rates, self.since, self.valued = rates, [0.0] * len(rates), 0
        self.ranking: PriorityQueue[int] = PriorityQueue(self.value, threshold=0.05, minimum=0.0)
        for target in range(len(rates)):
            self.ranking.put(target, 0.0, 3600.0)

    def value(self, target: int, time: float) -> float:
        """The value of one target."""
        self.valued += 1
        return (time - self.since[target]) * self.rates[target]

    def take(self, now: float) -> int:
        """Take one, and put it back as new."""
        target = self.ranking.take(now)
        assert target is not None
        self.since[target] = now
        self.ranking.put(target, now, now + 3600.0)
        return target


@pytest.mark.parametrize("count", [10, 100, 1000])
def test_the_work_of_a_choice_does_not_grow_with_the_number(count: int) -> None:
    """However many there are, a few are valued, each a few times."""
    random = Random(count)
    rates = Rates([random.expovariate(20) for _ in range(count)])
    for step in range(300):
        before = rates.valued
        rates.take(1.0 + step)
        assert rates.valued - before <= (COMPARED + 1) * 14


def test_what_grows_faster_is_taken_more_often() -> None:
    """Nearly in proportion: the value at which targets are taken is much the same for all."""
    rates = Rates([0.01] * 20 + [0.1] * 20)
    taken = [rates.take(1.0 + step) for step in range(2000)]
    fast = sum(target >= 20 for target in taken[500:])
    assert 0.8 < fast / 1500 < 0.95


def test_what_has_waited_too_long_is_taken_whatever_it_is_worth() -> None:
    """A target whose value is always 0 is taken at its deadline."""
    rates = Rates([0.0, 1.0, 1.0])
    rates.ranking.put(0, 0.0, 30.0)
    taken = [(step, rates.take(float(step))) for step in range(1, 40)]
    assert [step for step, target in taken if target == 0][:1] == [30]


@given(st.lists(st.tuples(st.integers(0, 5), st.floats(0, 100), st.booleans())))
def test_an_order_gives_the_earliest_of_what_was_put_last(steps: list[tuple[int, float, bool]]) -> None:
    """Whatever was moved or dropped before."""
    order: TimeQueue[int] = TimeQueue()
    model: dict[int, float] = {}
    for target, time, is_put in steps:
        if is_put:
            order.put(target, time)
            model[target] = time
        else:
            order.drop(target)
            model.pop(target, None)
    assert len(order) == len(model)
    taken = []
    while (found := order.take()) is not None:
        taken.append(found)
    assert sorted(taken) == sorted((time, target) for target, time in model.items())
    assert [time for time, _ in taken] == sorted(time for time, _ in taken)
