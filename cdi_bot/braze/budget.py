"""How many requests may be sent to Braze: the limits are the workspace's, and other tools share them.

Pure bookkeeping: `now` is an argument, and nothing waits. Braze's windows are clock minutes, one for each endpoint, as
other clients recorded. The rules, and the failure that each prevents:

* Polling takes at most 80 % of a limit, and 80 % of what other tools leave of it: these are not starved.
* Ten status requests a minute are reserved for people's commands, out of the 80 % and out of what is left:
  `/cdi status` is answered while polling runs at full rate.
* What other tools used in either of the last two windows is expected of them again, up to half of the limit and
  evenly over the minute: polling that sends much at once leaves them theirs.
* Nobody takes more than the headers say is left. Requests that the newest header may not count yet are subtracted,
  so that concurrent ones can't exceed the limit.
* Before a minute's first header only a few requests are in flight at a time: a process that has just started
  can't know what the one before it used.
* A request counts from the moment it is sent, and again in the next minute if it is still in flight then:
  Braze counts it when it arrives.
* A 429 closes the endpoint until the time that Braze names.
* Headers (`rate_headers.py`) are used only while they are plausible, and clocks may differ.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from math import ceil

from cdi_bot.braze.rate_headers import RateHeaders
from cdi_bot.monitoring.braze_port import Endpoint, Purpose

DOCUMENTED_LIMITS: Mapping[Endpoint, int] = {Endpoint.LIST: 50, Endpoint.STATUS: 100, Endpoint.SYNC: 20}
"""Requests a minute, from Braze's API reference; customers can have them raised, and the headers say so."""

RESERVED_FOR_COMMANDS: Mapping[Endpoint, int] = {Endpoint.STATUS: 10}
"""Requests a minute that polling leaves to commands; where a limit is low, half of the 80 % at most."""

IN_FLIGHT_AT_FIRST: Mapping[Purpose, int] = {Purpose.POLL: 4, Purpose.COMMAND: 6}
"""Requests that may be in flight together before a minute's first header was read."""

LONGEST_CLOSURE = timedelta(minutes=5)
"""A wrong `Retry-After` must not stop the bot for long, and one request in five minutes does no harm."""

SHORTEST_CLOSURE = timedelta(seconds=1)
"""`Retry-After: 0` must not lead to a request at once."""


class DenialReason(StrEnum):
    """Why a request may not be sent now. The values are texts for people."""

    CLOSED = "Braze asked to wait"  # a 429, or a Retry-After
    SHARE_USED = "the share of this minute is used up"  # 80 % less what is reserved
    NOTHING_LEFT = "the rest of the limit is for other tools"  # by Braze's headers
    NO_HEADERS_YET = "the minute's first answers are awaited"  # what is left is not known yet


@dataclass(frozen=True, slots=True, kw_only=True)
class Denial:
    """A request may not be sent before `until`."""

    reason: DenialReason
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Permit:
    """The right to send one request; it has to be released when the request has ended.

    `number` counts the endpoint's requests; `minute` is the window it was acquired in; `unsure` is how many others
    were in flight, which Braze may have counted before or after this one.
    """

    endpoint: Endpoint
    number: int
    minute: int
    unsure: int


@dataclass(slots=True, kw_only=True)
class _Reported:
    """What headers say about the present window; `number` is the newest request that had a response with them."""

    number: int
    remaining: int
    unsure: int
    reset: datetime | None
    until: datetime  # not valid from then on


@dataclass(slots=True, kw_only=True)
class _Window:
    """One endpoint's present minute."""

    limit: int
    minute: int = 0
    number: int = 0
    sent: int = 0
    for_commands: int = 0
    in_flight: int = 0
    others: int = 0  # requests that other tools have sent at least
    others_before: tuple[int, int] = (0, 0)  # the same in the two windows before
    reported: _Reported | None = None
    closed_until: datetime | None = None


class Budget:
    """The requests that this process may send to one workspace."""

    def __init__(self) -> None:
        """Start with the documented limits and no knowledge of what was used."""
        self._windows = {endpoint: _Window(limit=limit) for endpoint, limit in DOCUMENTED_LIMITS.items()}

    def limit(self, endpoint: Endpoint) -> int:
        """Requests a minute that Braze allows, by the latest headers."""
        return self._windows[endpoint].limit

    def used(self, endpoint: Endpoint, now: datetime) -> int:
        """Requests sent in the present minute, with those of the last one that are still in flight."""
        window = self._windows[endpoint]
        _roll(window, now)
        return window.sent

    def allowance(self, endpoint: Endpoint, now: datetime, purpose: Purpose) -> int:
        """How many requests may be sent right now, never below 0."""
        room, _ = self._room(endpoint, now, purpose)
        return max(0, room)

    def rest(self, endpoint: Endpoint, now: datetime) -> int:
        """How many requests polling may still send in this minute, as far as is known; never below 0."""
        window = self._windows[endpoint]
        _roll(window, now)
        return max(0, min(room for room, _ in _rooms(window, now, Purpose.POLL, _reserved(endpoint, window))))

    def acquire(self, endpoint: Endpoint, now: datetime, purpose: Purpose) -> Permit | Denial:
        """Count one request as sent, or say why not. Every permit has to be released, also after a failure."""
        room, reason = self._room(endpoint, now, purpose)
        window = self._windows[endpoint]
        if room < 1:
            return Denial(reason=reason, until=_reopening(window, now, reason))
        permit = Permit(
            endpoint=endpoint, number=window.number + 1, minute=window.minute, unsure=window.in_flight
        )
        window.number += 1
        window.sent += 1
        window.in_flight += 1
        window.for_commands += purpose is Purpose.COMMAND
        return permit

    def release(
        self, permit: Permit, now: datetime, headers: RateHeaders, *, asked_to_wait: bool
    ) -> datetime | None:
        """Count a request as ended and note its headers: `NO_RATE_HEADERS` for one without a response.

        `asked_to_wait` closes the endpoint: a 429, or a 5xx that names a wait. Returns until when, if so.
        """
        window = self._windows[permit.endpoint]
        _roll(window, now)
        window.in_flight -= 1
        if headers.limit is not None:
            window.limit = headers.limit
        if headers.remaining is not None and permit.minute == window.minute:
            _note(window, permit, now, headers.remaining, headers.reset)
        if not asked_to_wait:
            return None
        named = [now + headers.retry_after] if headers.retry_after is not None else []
        named += [headers.reset] if headers.reset is not None else []
        closed = max(named, default=_end_of_minute(now))
        closed = min(max(closed, now + SHORTEST_CLOSURE), now + LONGEST_CLOSURE)
        window.closed_until = max(closed, window.closed_until or closed)
        return window.closed_until

    def _room(self, endpoint: Endpoint, now: datetime, purpose: Purpose) -> tuple[int, DenialReason]:
        """The least that any rule allows, and that rule."""
        window = self._windows[endpoint]
        _roll(window, now)
        rooms = _rooms(window, now, purpose, _reserved(endpoint, window) if purpose is Purpose.POLL else 0)
        if window.reported is None:
            rooms.append((IN_FLIGHT_AT_FIRST[purpose] - window.in_flight, DenialReason.NO_HEADERS_YET))
        return min(rooms, key=lambda rule: rule[0])


def _rooms(window: _Window, now: datetime, purpose: Purpose, reserved: int) -> list[tuple[int, DenialReason]]:
    """What each rule still allows in this minute, if all of it is known; `reserved` is kept for others."""
    if window.closed_until is not None:
        return [(0, DenialReason.CLOSED)]
    if purpose is Purpose.POLL:
        share, left = _share(window.limit), _share(max(0, window.limit - _expected_others(window, now)))
        rooms = [
            (share - reserved - window.sent, DenialReason.SHARE_USED),
            (left - window.sent, DenialReason.NOTHING_LEFT),
        ]
    else:
        rooms = [(max(0, window.limit - window.others) - window.sent, DenialReason.NOTHING_LEFT)]
    if window.reported is not None:
        rooms.append((_left(window, window.reported) - reserved, DenialReason.NOTHING_LEFT))
    return rooms


def _reserved(endpoint: Endpoint, window: _Window) -> int:
    """How many requests of this minute are still kept for commands."""
    for_commands = min(RESERVED_FOR_COMMANDS.get(endpoint, 0), _share(window.limit) // 2)
    return max(0, for_commands - window.for_commands)


def _expected_others(window: _Window, now: datetime) -> int:
    """How many requests other tools have probably sent by the end of this minute."""
    usual = min(max(window.others_before), window.limit // 2)
    to_come = ceil(usual * (60 - now.timestamp() % 60) / 60)
    return max(window.others, min(usual, window.others + to_come))


def _forget_others(window: _Window) -> None:
    """Begin to count what other tools send in a new window of Braze's."""
    window.others_before = (window.others, window.others_before[0])
    window.others = 0


def _roll(window: _Window, now: datetime) -> None:
    """Start a new minute if one has begun, and drop what is no longer valid."""
    minute = _minute(now)
    if minute < window.minute - 1:  # the clock was set back: no time kept here means anything now
        window.reported = window.closed_until = None
    # A clock that is set back by a moment only must not start the same minute twice.
    if minute > window.minute or minute < window.minute - 1:
        _forget_others(window)
        if minute != window.minute + 1:
            window.others_before = (0, 0)
        window.minute = minute
        window.sent = window.in_flight
        window.for_commands = 0
    if window.reported is not None and now >= window.reported.until:
        window.reported = None
    if window.closed_until is not None and now >= window.closed_until:
        window.closed_until = None


def _note(window: _Window, permit: Permit, now: datetime, remaining: int, reset: datetime | None) -> None:
    """Note what the newest request's headers say about Braze's window, and what other tools have used of it."""
    known = window.reported
    if known is not None and reset is not None and known.reset is not None and reset != known.reset:
        if reset < known.reset:
            return  # a response from the window before
        known = None  # Braze's clock started a new window in the middle of ours
        _forget_others(window)
    if known is None:
        window.reported = _Reported(
            number=permit.number,
            remaining=remaining,
            unsure=permit.unsure,
            reset=reset,
            until=reset or _end_of_minute(now),
        )
    elif permit.number > known.number:
        known.number, known.remaining, known.unsure = permit.number, remaining, permit.unsure
    # Responses come in any order: the lowest number in any of them shows what other tools have used at least.
    window.others = max(window.others, window.limit - remaining - window.sent)


def _left(window: _Window, reported: _Reported) -> int:
    """What Braze certainly still allows, if other tools send nothing."""
    sent_since = window.number - reported.number
    return reported.remaining - sent_since - reported.unsure


def _reopening(window: _Window, now: datetime, reason: DenialReason) -> datetime:
    if reason is DenialReason.CLOSED and window.closed_until is not None:
        return window.closed_until
    if reason is DenialReason.NO_HEADERS_YET:
        return now + timedelta(seconds=1)
    return _end_of_minute(now)


def _share(requests: int) -> int:
    """80 %, rounded down."""
    return requests * 4 // 5


def _minute(now: datetime) -> int:
    return int(now.timestamp() // 60)


def _end_of_minute(now: datetime) -> datetime:
    return datetime.fromtimestamp((_minute(now) + 1) * 60, UTC)
