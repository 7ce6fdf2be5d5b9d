"""When trouble that comes back is the same incident, and when its end is told."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from math import log2

from hypothesis import given
from hypothesis import strategies as st

from cdi_bot.core.model.incident import Incident, Kind, QualityReason, opened, resolved
from cdi_bot.core.rules import reopening
from cdi_bot.core.rules.reopening import begun, followed, hold_for, settled, usual_interval
from tests.core.runs_kit import NOON, at, run, watched

HOUR = timedelta(hours=1)


@dataclass
class Life:
    """What a rule finds by the clock, and what becomes of it, as `monitoring.evaluator` stores it."""

    every: timedelta | None = None
    stored: list[Incident] = field(default_factory=list)
    told_ends: list[datetime] = field(default_factory=list)

    def trouble(self, minutes: float, reason: str | None = None) -> Incident:
        """Trouble begins; returns its incident."""
        new = opened(watched(), Kind.QUALITY, since=at(minutes), now=at(minutes), reason=reason)
        self._store(followed(new, self.known, interval=self.every, now=at(minutes)))
        assert self.open is not None
        return self.open

    def good(self, minutes: float) -> Incident:
        """The trouble ends; returns its incident."""
        assert self.open is not None
        over = resolved(self.open, at(minutes), run(minutes))
        self._store(followed(over, self.known, interval=self.every, now=at(minutes)))
        return self.stored[over.incident_id - 1]

    def wait(self, minutes: float) -> None:
        """Time passes."""
        over = settled(self.open, at(minutes), at(minutes)) if self.open else None
        if over:
            self._store(followed(over, self.known, now=at(minutes)))

    @property
    def open(self) -> Incident | None:
        """The open incident; there is never more than one."""
        found = [each for each in self.stored if each.is_open]
        assert len(found) <= 1
        return found[0] if found else None

    @property
    def known(self) -> list[Incident]:
        """The newest incident of each reason, oldest first."""
        newest = {each.reason: each for each in self.stored}
        return sorted(newest.values(), key=lambda each: each.incident_id)

    def _store(self, incidents: list[Incident]) -> None:
        for each in incidents:
            if not each.incident_id:
                self.stored.append(replace(each, incident_id=len(self.stored) + 1))
                continue
            assert each.revision == self.stored[each.incident_id - 1].revision + 1
            self.stored[each.incident_id - 1] = each
            if not each.is_open:
                assert each.resolved_at is not None
                self.told_ends.append(each.resolved_at)


def test_a_first_recovery_is_told_at_once() -> None:
    """It is over."""
    life = Life()
    life.trouble(0)
    over = life.good(10)
    assert (over.is_open, over.resolved_at, over.recovered_since, over.settles_at) == (
        False,
        at(10),
        at(10),
        at(70),
    )


def test_what_comes_back_within_the_hold_is_the_same_incident() -> None:
    """Its next end waits until it has held, and no new run is needed for that."""
    life = Life()
    first = life.trouble(0)
    life.good(10)
    again = life.trouble(69)
    assert (again.incident_id, again.reopened, again.failing_since) == (first.incident_id, 1, at(69))
    assert (again.resolved_at, again.resolved_by, again.recovered_since) == (None, None, None)
    recovering = life.good(80)
    assert (recovering.is_open, recovering.is_recovering) == (True, True)
    life.wait(139)
    assert life.open is not None
    life.wait(140)
    assert life.told_ends == [at(10), at(140)]
    assert life.stored[0].resolved_by == run(80)


def test_what_comes_back_later_is_a_new_incident_that_is_held_for_longer() -> None:
    """Twice as long, so that trouble now and then all day long becomes one incident; after a day all is forgotten."""
    life = Life()
    life.trouble(0)
    life.good(10)
    assert life.trouble(71).incident_id == 2
    assert life.good(80).hold == 2 * HOUR
    assert life.trouble(199).incident_id == 2
    life.good(210)
    life.wait(330)
    assert life.trouble(330 + 24 * 60).hold_seconds == 0


def test_the_hold_follows_from_the_rhythm() -> None:
    """Three runs and a half, or an hour; a hold that is longer than a day grows no more."""
    assert [hold_for(each) for each in (None, timedelta(minutes=5), HOUR, timedelta(days=1))] == [
        HOUR,
        HOUR,
        3.5 * HOUR,
        timedelta(days=3.5),
    ]
    assert usual_interval(at(minute) for minute in (0, 60, 121, 180, 900)) == timedelta(minutes=60.5)
    assert usual_interval([NOON]) is None
    daily = Life(every=timedelta(days=1))
    daily.trouble(0)
    daily.good(10)
    daily.trouble(4 * 24 * 60)
    assert daily.good(4 * 24 * 60 + 10).hold == timedelta(days=3.5)


def test_trouble_for_another_reason_is_another_incident() -> None:
    """One that is recovering ends then, since one of a kind is open at a time."""
    life = Life()
    life.trouble(0, QualityReason.NO_ROWS)
    life.good(10)
    life.trouble(20, QualityReason.NO_ROWS)
    life.good(30)
    other = life.trouble(40, QualityReason.WATERMARK_AHEAD)
    assert (other.incident_id, other.reopened) == (2, 0)
    assert life.told_ends == [at(10), at(40)]
    life.good(45)
    assert life.trouble(50, QualityReason.NO_ROWS).incident_id == 1


def test_nothing_is_concluded_from_silence() -> None:
    """While Braze does not tell of the integration, an incident goes on recovering."""
    life = Life()
    life.trouble(0)
    life.good(10)
    life.trouble(20)
    recovering = life.good(30)
    assert settled(recovering, None, at(500)) is None
    assert settled(recovering, at(89), at(500)) is None
    assert settled(recovering, at(90), at(500)) is not None


def test_who_acknowledged_an_incident_knows_of_it_when_it_comes_back() -> None:
    """It is the same story."""
    new = opened(watched(), Kind.LATE, since=NOON, now=NOON)
    last = replace(
        new, incident_id=1, acknowledged_by="U1", resolved_at=at(1), recovered_since=at(1), hold_seconds=60
    )
    assert begun(new, last, at(1.5)).acknowledged_by == "U1"


SPELLS = st.lists(
    st.tuples(st.floats(1, 300), st.floats(1, 300)).map(lambda pair: (round(pair[0]), round(pair[1]))),
    max_size=40,
)
"""For how many minutes each spell of trouble lasts, and the good time after it."""


@given(SPELLS)
def test_within_a_day_few_ends_are_told(spells: list[tuple[int, int]]) -> None:
    """However often it comes back: twice for each doubling of the hold, from an hour to a day."""
    life, now = Life(), 0
    for bad, good in spells:
        if now + bad + good > 24 * 60:
            break
        life.trouble(now)
        life.good(now + bad)
        for minute in range(now + bad, now + bad + good):
            life.wait(minute)
        now += bad + good
    assert len(life.told_ends) <= 2 * (log2(24) + 1)


@given(SPELLS)
def test_what_stays_good_is_over_and_told_once(spells: list[tuple[int, int]]) -> None:
    """For as long as its hold."""
    life, now = Life(), 0
    for bad, good in spells:
        life.trouble(now)
        life.good(now + bad)
        now += bad + good
    told = len(life.told_ends)
    if spells:
        last = max(life.stored, key=lambda each: each.recovered_since or NOON)
        assert last.settles_at is not None
        was_over = not last.is_open
        life.wait((last.settles_at - NOON) / timedelta(minutes=1))
        assert life.open is None
        assert len(life.told_ends) == told + (not was_over)
        life.wait(now + 10**6)
        assert len(life.told_ends) == told + (not was_over)


def test_the_longest_hold_is_a_day() -> None:
    """Also where it comes back just after each."""
    life, now = Life(), 0.0
    for _ in range(9):
        life.trouble(now)
        over = life.good(now + 1)
        assert over.settles_at is not None
        now = (over.settles_at - NOON) / timedelta(minutes=1)
        life.wait(now)
    assert life.stored[-1].hold == reopening.LONGEST
