"""What to ask next: the planner's rules, one by one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from cdi_bot.core.model.integration import Integration, WatchedIntegration
from cdi_bot.core.model.run import Run
from cdi_bot.core.planner.planner import Planner
from cdi_bot.core.planner.run_estimate import ListChange
from cdi_bot.core.planner.timing import ClockSkew, RequestPace
from tests.core.runs_kit import NOON, at

INTERVAL = timedelta(seconds=30)


def one(name: str, *, last: float | None = None, status: str = "success") -> Integration:
    """An integration as the list tells it, with a run that began so many minutes after noon."""
    return Integration(
        workspace_id=1,
        integration_id=name,
        integration_name=name,
        last_job_start_time=None if last is None else at(last),
        last_job_status=None if last is None else status,
    )


def ran(name: str, start: float, seconds: float | None = 30, status: str = "success") -> Run:
    """A run as the status call tells it."""
    return Run(
        integration_id=name,
        sync_start_time=at(start),
        job_status="running" if seconds is None else status,
        sync_finish_time=None if seconds is None else at(start) + timedelta(seconds=seconds),
    )


def planner(*names: str, now: datetime = NOON) -> Planner:
    """A planner that knows these integrations, with Braze's usual limits."""
    made = Planner(interval=INTERVAL)
    made.set_limits(calls_per_minute=70, pages_per_minute=40)
    for name in names:
        made.add_or_update(WatchedIntegration(integration=one(name)), newest=None, subscribed=True, now=now)
    return made


def calls(made: Planner, now: datetime) -> list[str]:
    """Everything that it would ask now, in order."""
    asked = []
    while (name := made.next_call(now)) is not None:
        asked.append(name)
    return asked


def test_what_was_never_asked_is_asked_once() -> None:
    """Its past is unknown: that is worth a call; what is under way is not asked again."""
    made = planner("a", "b")
    assert sorted(calls(made, at(1))) == ["a", "b"]
    assert calls(made, at(9)) == []


def test_a_call_goes_where_a_run_has_probably_ended() -> None:
    """Of two running syncs the one that has reached its usual length is asked first."""
    made = planner("long", "short")
    calls(made, NOON)
    made.call_answered(
        "long", [ran("long", 0, None), *(ran("long", -10 * each, 300) for each in range(1, 10))], NOON
    )
    made.call_answered(
        "short", [ran("short", 0, None), *(ran("short", -10 * each, 20) for each in range(1, 10))], NOON
    )
    assert calls(made, at(0.45))[0] == "short"


def test_without_a_list_nothing_goes_unasked_for_longer_than_the_interval() -> None:
    """Where the limits allow it, each is asked every 30 s however little is to be expected."""
    made = planner("quiet")
    calls(made, NOON)
    made.call_answered("quiet", [ran("quiet", -600)], NOON)
    assert calls(made, NOON + timedelta(seconds=29)) == []
    assert calls(made, NOON + timedelta(seconds=30)) == ["quiet"]


def asked_while(tells: Callable[[int], bool]) -> list[int]:
    """The seconds of five minutes in which one quiet integration is asked, while the list tells of it or fails."""
    made = planner("quiet")
    calls(made, NOON)
    made.call_answered("quiet", [ran("quiet", -600)], NOON)
    asked = []
    for second in range(5, 301, 5):
        now = NOON + timedelta(seconds=second)
        if (page := made.next_page(now)) is not None:
            if tells(second):
                made.page_answered(page, [one("quiet", last=-600)], now, is_last=True)
            else:
                made.page_failed(page, now)
        for name in calls(made, now):
            asked.append(second)
            made.call_answered(name, [ran("quiet", -600)], now)
    return asked


def test_a_list_is_not_trusted_for_ever() -> None:
    """What the list shows as quiet is asked every ten intervals all the same."""
    assert asked_while(lambda _second: True) == [300]


def test_a_list_that_no_longer_answers_is_not_trusted() -> None:
    """When it is forbidden or fails, the status call alone keeps the interval."""
    assert asked_while(lambda second: second <= 60) == list(range(90, 301, 30))


def test_what_is_urgent_goes_first_and_does_not_wait_for_its_turn() -> None:
    """A run that did not end well is asked before all others."""
    made = planner("a", "b")
    calls(made, NOON)
    for name in ("a", "b"):
        made.call_answered(name, [ran(name, -60)], NOON)
    page = made.next_page(at(1))
    assert page == 0
    changes = made.page_answered(
        page, [one("a", last=-60), one("b", last=0.5, status="error")], at(1), is_last=True
    )
    assert changes == {"a": ListChange.NONE, "b": ListChange.URGENT}
    made.prioritize("b", at(1))
    assert made.next_call(at(1), urgent_only=True) == "b"
    assert made.next_call(at(1), urgent_only=True) is None


def test_what_is_urgent_and_can_not_be_asked_is_still_urgent_when_it_can() -> None:
    """A failed call is held back until its time, and goes first then too."""
    made = planner("a")
    made.prioritize("a", NOON)
    assert made.next_call(NOON) == "a"
    made.call_failed("a", NOON, not_before=at(1))
    assert made.next_call(at(0.9)) is None
    assert made.next_call(at(1), urgent_only=True) == "a"


def test_a_good_end_seen_in_the_list_needs_no_call_at_once() -> None:
    """The end is known; its rows are asked when there is nothing better to do."""
    made = planner("a")
    calls(made, NOON)
    made.call_answered("a", [ran("a", -1, None), *(ran("a", -15 * each) for each in range(1, 10))], NOON)
    made.next_page(at(1))
    assert made.page_answered(0, [one("a", last=-1)], at(1), is_last=True) == {"a": ListChange.ROUTINE}
    assert made.next_call(at(1), urgent_only=True) is None
    assert calls(made, at(1)) == ["a"]


def test_a_run_that_began_and_ended_between_two_answers_is_urgent() -> None:
    """The list shows the newest run only: when another may have ended before it, only the status call tells."""
    made = planner("a")
    calls(made, NOON)
    made.call_answered("a", [ran("a", 0, None), *(ran("a", -15 * each) for each in range(1, 10))], NOON)
    made.next_page(at(16))
    assert made.page_answered(0, [one("a", last=15.1)], at(16), is_last=True) == {"a": ListChange.URGENT}


def test_a_list_that_is_behind_changes_nothing() -> None:
    """An older run, or a known end still shown as running, changes nothing."""
    made = planner("a")
    calls(made, NOON)
    made.call_answered("a", [ran("a", -1), ran("a", -16)], NOON)
    older, still_running, never_ran = one("a", last=-16), one("a", last=-1, status="running"), one("a")
    for minute, behind in enumerate((older, still_running, never_ran)):
        assert made.next_page(at(minute)) == 0
        assert made.page_answered(0, [behind], at(minute), is_last=True) == {"a": ListChange.NONE}


def test_subscribed_integrations_come_first() -> None:
    """Pages on which nobody waits for anything are read less often, and their integrations are not asked."""
    made = planner(*(f"own{number}" for number in range(10)))
    others = [one(f"other{number}") for number in range(10)]
    for each in others:
        made.add_or_update(WatchedIntegration(integration=each), newest=None, subscribed=False, now=NOON)
    pages = [[one(f"own{number}") for number in range(10)], others]
    read = [0, 0]
    for second in range(0, 300, 2):
        now = NOON + timedelta(seconds=second)
        page = made.next_page(now)
        assert page is not None
        read[page] += 1
        made.page_answered(page, pages[page], now, is_last=page == 1)
    assert read[1] < read[0] / 4
    assert not [name for name in calls(made, at(5)) if name.startswith("other")]


def test_what_nobody_is_subscribed_to_is_not_asked() -> None:
    """After the last unsubscription its calls go to others."""
    made = planner("a")
    made.add_or_update(WatchedIntegration(integration=one("a")), newest=None, subscribed=False, now=NOON)
    assert calls(made, at(60)) == []


def test_a_restart_takes_up_what_was_known() -> None:
    """What was asked a moment ago is not asked again; what was running then is followed to its end."""
    made = Planner(interval=INTERVAL)
    made.set_limits(calls_per_minute=70, pages_per_minute=40)
    asked = WatchedIntegration(integration=one("a"), status_asked_at=NOON - timedelta(seconds=20))
    made.add_or_update(asked, newest=ran("a", -30), subscribed=True, now=NOON)
    busy = replace(asked, integration=one("b"))
    made.add_or_update(busy, newest=ran("b", -1.2, None), subscribed=True, now=NOON)
    assert calls(made, NOON)[0] == "b"


def test_an_even_pace_makes_up_for_a_late_tick_but_not_for_a_pause() -> None:
    """After ten idle minutes there is no burst."""
    pace = RequestPace(NOON)
    went = 0
    while pace.is_ready(at(10)):
        pace.sent(at(10), most=70, rest=70)
        went += 1
    assert went == 2
    assert not pace.is_ready(at(10))
    assert pace.is_ready(at(10), ahead=timedelta(seconds=8))


def test_a_pace_whose_next_time_was_noted_before_the_clock_was_set_back_is_ready() -> None:
    """The next request isn't put off by an hour; after it the pace is as even as ever."""
    pace = RequestPace(at(60))
    pace.sent(at(60), most=70, rest=70)
    assert pace.is_ready(NOON)
    pace.sent(NOON, most=70, rest=70)
    assert not pace.is_ready(NOON)


def seconds_sent(begin: float, rest: int) -> list[float]:
    """At which seconds of a minute requests go, from one on, with so many left to send in it."""
    pace = RequestPace(NOON + timedelta(seconds=begin))
    sent = []
    for tenth in range(int(begin * 10), 610):
        now = NOON + timedelta(seconds=tenth / 10)
        if pace.is_ready(now):
            rest = rest - 1 if tenth < 600 else 39
            pace.sent(now, most=40, rest=rest)
            sent.append(tenth / 10)
    return sent


def test_what_is_left_of_a_minute_lasts_until_its_end() -> None:
    """Where others have used the rest, or a storm, requests are fewer but none of the seconds is left without."""
    assert seconds_sent(0, 40) == [1.5 * number for number in range(41)]
    assert seconds_sent(30, 6) == [30, 35, 40, 45, 50, 55, 60]
    assert seconds_sent(50, 1) == [50, 60]


def test_a_clock_that_was_set_back_changes_nothing_of_what_is_asked_when() -> None:
    """Told of it, the planner chooses as it would have chosen by a clock that had always been the later one."""
    steady, shifted = planner("a", "b", "c"), planner("a", "b", "c", now=at(60))
    back = timedelta(hours=-1)

    def live(made: Planner, begin: datetime) -> list[tuple[int, str | int]]:
        chosen: list[tuple[int, str | int]] = []
        for second in range(120):
            now = begin + timedelta(seconds=second)
            if (page := made.next_page(now)) is not None:
                made.page_answered(page, [one("a", last=-9), one("b")], now, is_last=True)
                chosen.append((second, page))
            if (name := made.next_call(now)) is not None:
                made.call_answered(name, [ran(name, -10), ran(name, -20)], now)
                chosen.append((second, name))
        return chosen

    first = live(steady, NOON)
    assert len(first) > 10
    live(shifted, at(60))
    shifted.shift(back)
    after = live(steady, at(2)), live(shifted, at(2))
    assert [second for second, _ in after[1]] == [second for second, _ in after[0]]


def test_times_stored_before_the_clock_was_set_back_keep_nothing_from_being_asked() -> None:
    """A restart on a clock that is right again: what was asked in the future is due as if it had just been asked."""
    made = Planner(interval=INTERVAL)
    made.set_limits(calls_per_minute=70, pages_per_minute=40)
    asked = WatchedIntegration(integration=one("a"), status_asked_at=at(60), listed_at=at(60))
    made.add_or_update(asked, newest=ran("a", -30), subscribed=True, now=NOON)
    assert calls(made, at(1)) == ["a"]


def test_the_skew_of_two_clocks_is_known_as_well_as_dates_in_whole_seconds_tell() -> None:
    """It is zero while that is possible, and a clock that is set is believed at once."""
    skew = ClockSkew()
    skew.observe(1000.0, after=1000.2, before=1000.6)
    assert skew.seconds == 0
    for second in range(20):
        skew.observe(1060.0 + second, after=1000.1 + second, before=1000.3 + second)
    assert 59 <= skew.seconds <= 61
    skew.observe(1000.0, after=4600.1, before=4600.3)
    assert -3601 <= skew.seconds <= -3599
