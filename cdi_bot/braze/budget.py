"""How many requests may be sent to Braze: the limits are the workspace's, and other tools share them.

Pure bookkeeping: `now` is an argument, nothing is waited for. Braze's windows are clock minutes, one for each
endpoint. The rules, and the failure that each prevents:

* Polling takes at most 80 % of a limit, and of what other tools leave of it: these are not starved.
* Ten status calls a minute are kept back for people's commands, out of the 80 % and out of what is left:
  `/cdi status` is answered while polling runs at full rate.
* Nobody takes more than the headers say is left. Requests whose counting the newest header can't have seen are
  taken off it, so that concurrent ones can't overshoot.
* Before a minute's first header only a few requests are under way at a time: a process that was just started
  can't know what its predecessor used.
* A request counts from the moment it is sent, and again in the next minute if it is still under way then:
  Braze counts it when it arrives.
* A 429 closes the endpoint until the time that Braze names.
* What headers say is believed only while it is plausible, and clocks may differ.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from cdi_bot.braze.rate_headers import RateHeaders
from cdi_bot.monitoring.braze_port import Endpoint, Purpose

DOCUMENTED_LIMITS: Mapping[Endpoint, int] = {Endpoint.LIST: 50, Endpoint.STATUS: 100, Endpoint.SYNC: 20}
"""Requests a minute by Braze's reference; customers can have them raised, which the headers tell."""

RESERVED_FOR_COMMANDS: Mapping[Endpoint, int] = {Endpoint.STATUS: 10}
"""Requests a minute that polling leaves to people; where a limit is low, half of the 80 % at most."""

UNDER_WAY_AT_FIRST: Mapping[Purpose, int] = {Purpose.POLL: 4, Purpose.COMMAND: 6}
"""Requests that may be under way together while a minute's first header has not been seen."""

LONGEST_CLOSURE = timedelta(minutes=5)
"""A wrong `Retry-After` must not blind the bot for long, and one request in five minutes hurts nobody."""

SHORTEST_CLOSURE = timedelta(seconds=1)
"""`Retry-After: 0` is no leave to hammer."""


class Why(StrEnum):
    """Why a request may not be sent now."""

    CLOSED = "Braze asked to wait"  # a 429, or a Retry-After
    SHARE_USED = "the share of this minute is used up"  # 80 % less what is kept back
    NOTHING_LEFT = "the rest of the limit is for other tools"  # by Braze's headers
    FEELING_THE_WAY = "the minute's first answers are awaited"  # what is left is not known yet


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A request may not be sent before `until`, and why."""

    why: Why
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """The right to send one request, to be handed back with what came of it.

    `number` counts the endpoint's requests; `minute` is the window it was taken in; `unsure` is how many others
    were under way, which Braze may have counted before or after this one.
    """

    endpoint: Endpoint
    number: int
    minute: int
    unsure: int


@dataclass(slots=True, kw_only=True)
class _Told:
    """What headers told of the present window, by the newest request that was answered with them."""

    number: int
    remaining: int
    unsure: int
    reset: datetime | None
    until: datetime  # not believed any longer from here


@dataclass(slots=True, kw_only=True)
class _Window:
    """One endpoint's present minute."""

    limit: int
    minute: int = 0
    number: int = 0
    sent: int = 0
    for_commands: int = 0
    under_way: int = 0
    others: int = 0  # what other tools have used at least
    told: _Told | None = None
    closed_until: datetime | None = None


class Budget:
    """The requests that one workspace's limits leave to this process."""

    def __init__(self) -> None:
        """Start with the documented limits and no knowledge of what was used."""
        self._windows = {endpoint: _Window(limit=limit) for endpoint, limit in DOCUMENTED_LIMITS.items()}

    def limit(self, endpoint: Endpoint) -> int:
        """Requests a minute that Braze allows, as last told by its headers."""
        return self._windows[endpoint].limit

    def used(self, endpoint: Endpoint, now: datetime) -> int:
        """Requests sent within the present minute, with those of the last one that are still under way."""
        window = self._windows[endpoint]
        _roll(window, now)
        return window.sent

    def allowance(self, endpoint: Endpoint, now: datetime, purpose: Purpose) -> int:
        """How many requests may be sent right now, never below 0."""
        room, _ = self._room(endpoint, now, purpose)
        return max(0, room)

    def take(self, endpoint: Endpoint, now: datetime, purpose: Purpose) -> Ticket | Refusal:
        """Count one request as sent, or say why not. A ticket has to be settled whatever comes of it."""
        room, why = self._room(endpoint, now, purpose)
        window = self._windows[endpoint]
        if room < 1:
            return Refusal(why=why, until=_reopening(window, now, why))
        ticket = Ticket(
            endpoint=endpoint, number=window.number + 1, minute=window.minute, unsure=window.under_way
        )
        window.number += 1
        window.sent += 1
        window.under_way += 1
        window.for_commands += purpose is Purpose.COMMAND
        return ticket

    def settle(
        self, ticket: Ticket, now: datetime, headers: RateHeaders, *, turned_away: bool
    ) -> datetime | None:
        """Take in what an answer told; for a request without an answer, headers that tell nothing.

        `turned_away` closes the endpoint: a 429, or a failure that names a wait. Returns until when, if so.
        """
        window = self._windows[ticket.endpoint]
        _roll(window, now)
        window.under_way -= 1
        if headers.limit is not None:
            window.limit = headers.limit
        if headers.remaining is not None and ticket.minute == window.minute:
            _learn(window, ticket, now, headers.remaining, headers.reset)
        if not turned_away:
            return None
        named = [now + headers.retry_after] if headers.retry_after is not None else []
        named += [headers.reset] if headers.reset is not None else []
        closed = max(named, default=_end_of_minute(now))
        closed = min(max(closed, now + SHORTEST_CLOSURE), now + LONGEST_CLOSURE)
        window.closed_until = max(closed, window.closed_until or closed)
        return window.closed_until

    def _room(self, endpoint: Endpoint, now: datetime, purpose: Purpose) -> tuple[int, Why]:
        """The least that any rule allows, and that rule."""
        window = self._windows[endpoint]
        _roll(window, now)
        if window.closed_until is not None:
            return 0, Why.CLOSED
        available = max(0, window.limit - window.others)
        kept_back = 0
        rooms = [(available - window.sent, Why.NOTHING_LEFT)]
        if purpose is Purpose.POLL:
            share = _share(window.limit)
            reserve = min(RESERVED_FOR_COMMANDS.get(endpoint, 0), share // 2)
            kept_back = max(0, reserve - window.for_commands)
            rooms = [
                (share - kept_back - window.sent, Why.SHARE_USED),
                (_share(available) - window.sent, Why.NOTHING_LEFT),
            ]
        if window.told is None:
            rooms.append((UNDER_WAY_AT_FIRST[purpose] - window.under_way, Why.FEELING_THE_WAY))
        else:
            rooms.append((_left(window, window.told) - kept_back, Why.NOTHING_LEFT))
        return min(rooms, key=lambda rule: rule[0])


def _roll(window: _Window, now: datetime) -> None:
    """Begin a new minute if one has begun, and forget what is over."""
    minute = _minute(now)
    if minute < window.minute - 1:  # the clock was set back: no time kept here means anything now
        window.told = window.closed_until = None
    # A clock that is set back by a moment only must not begin the same minute twice.
    if minute > window.minute or minute < window.minute - 1:
        window.minute = minute
        window.sent = window.under_way
        window.for_commands = window.others = 0
    if window.told is not None and now >= window.told.until:
        window.told = None
    if window.closed_until is not None and now >= window.closed_until:
        window.closed_until = None


def _learn(window: _Window, ticket: Ticket, now: datetime, remaining: int, reset: datetime | None) -> None:
    """Keep what the newest request was told of Braze's present window, and what others have used of it."""
    told = window.told
    if told is not None and reset is not None and told.reset is not None and reset != told.reset:
        if reset < told.reset:
            return  # an answer from the window before
        told = None  # Braze's clock began a new window in the midst of ours
        window.others = 0
    if told is None:
        window.told = _Told(
            number=ticket.number,
            remaining=remaining,
            unsure=ticket.unsure,
            reset=reset,
            until=reset or _end_of_minute(now),
        )
    elif ticket.number > told.number:
        told.number, told.remaining, told.unsure = ticket.number, remaining, ticket.unsure
    # Whatever the order of answers: the least that any of them named bounds what others have left.
    window.others = max(window.others, window.limit - remaining - window.sent)


def _left(window: _Window, told: _Told) -> int:
    """What Braze still grants for certain, if other tools stay quiet."""
    sent_since = window.number - told.number
    return told.remaining - sent_since - told.unsure


def _reopening(window: _Window, now: datetime, why: Why) -> datetime:
    if why is Why.CLOSED and window.closed_until is not None:
        return window.closed_until
    if why is Why.FEELING_THE_WAY:
        return now + timedelta(seconds=1)
    return _end_of_minute(now)


def _share(requests: int) -> int:
    """80 %, rounded down."""
    return requests * 4 // 5


def _minute(now: datetime) -> int:
    return int(now.timestamp() // 60)


def _end_of_minute(now: datetime) -> datetime:
    return datetime.fromtimestamp((_minute(now) + 1) * 60, UTC)
