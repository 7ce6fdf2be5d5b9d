"""What Slack tells of people, and which channels they are in.

People need `users:read`, which is optional: without it everybody is an ordinary member. A person is asked about once
an hour. Where Slack gives no answer, what it said before holds; where it never said anything, the defaults do, marked
as not known, so that nobody is given a right by a failure.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, timedelta, timezone, tzinfo
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import structlog

from cdi_bot.core.model.channel import Channel
from cdi_bot.core.model.person import Person
from cdi_bot.delivery.slack_port import Memberships, People, SlackTrouble, SlackVerdict
from cdi_bot.slack.api.call import SlackApi, bad_answer
from cdi_bot.slack.api.errors import Effect
from cdi_bot.slack.api.recent import Recent

KEPT = 3600.0
"""Seconds for which an answer holds: people rarely move, and become guests even more rarely."""

TRIED_AGAIN = 30.0
"""Seconds after which somebody is asked about again where Slack gave no answer."""

TIMEOUT = 2.0
"""Seconds that an answer may take: a person waits for theirs meanwhile."""

REMEMBERED = 5_000
"""So many people are kept in memory, those seen last."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Told:
    person: Person
    until: float


class SlackPeople(People):
    """The people that the app of one Slack team meets. `clock` counts seconds and never goes back."""

    def __init__(self, api: SlackApi, team_id: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        """Ask through `api`; who does not belong to `team_id` is from outside."""
        self._api = api
        self._team_id = team_id
        self._clock = clock
        self._told = Recent[_Told](REMEMBERED)
        self._teams = Recent[str](REMEMBERED)

    def met(self, user_id: str, team_id: str | None) -> None:
        """Take note of the team that Slack named beside somebody who pressed a button: it needs no scope."""
        if team_id:
            self._teams.put(user_id, team_id)

    async def person(self, user_id: str) -> Person:
        """Tell of somebody."""
        before = self._told.get(user_id)
        if before and self._clock() < before.until:
            return before.person
        person, holds = await self._ask(user_id, before.person if before else None)
        self._told.put(user_id, _Told(person, self._clock() + holds))
        return person

    async def _ask(self, user_id: str, before: Person | None) -> tuple[Person, float]:
        """Ask Slack; returns what holds now, and for how many seconds."""
        try:
            answer = await self._api.call(
                "users.info", Effect.LOOKS, timeout=TIMEOUT, user=user_id, include_locale=True
            )
            return read_person(user_id, answer.data.get("user"), self._team_id), KEPT
        except SlackTrouble as refused:
            trouble = refused
        if trouble.verdict is SlackVerdict.REFUSED and trouble.reason == "missing_scope":
            log.info("people not told: the app lacks users:read")
            return Person(user_id=user_id, is_outside=self._is_elsewhere(user_id)), KEPT
        log.warning("person not told", user=user_id, why=trouble.reason)
        return before or Person(user_id=user_id, is_known=False), TRIED_AGAIN

    def _is_elsewhere(self, user_id: str) -> bool:
        """Judge by the last button alone; most people never press one that tells of another team."""
        return (self._teams.get(user_id) or self._team_id) != self._team_id


def read_person(user_id: str, told: object, team_id: str) -> Person:
    """Read a user object of Slack's as a member of `team_id` sees it. Raises `SlackTrouble` where there is none."""
    if not isinstance(told, Mapping):
        raise bad_answer()
    locale = told.get("locale")
    return Person(
        user_id=user_id,
        zone=_zone(told),
        language=locale if isinstance(locale, str) and locale else None,
        is_guest=bool(told.get("is_restricted") or told.get("is_ultra_restricted")),
        is_outside=_is_outside(told, team_id),
        is_bot=bool(told.get("is_bot")),
    )


def _is_outside(told: Mapping[str, Any], team_id: str) -> bool:
    """Whether somebody belongs to another company.

    Slack calls those alone strangers who share no channel with the app; whoever shares one is known by the team.
    In an organisation of several workspaces one person belongs to more than one of them.
    """
    team = told.get("team_id")
    if told.get("is_stranger"):
        return True
    if not isinstance(team, str) or team == team_id:
        return False
    enterprise = told.get("enterprise_user")
    teams = enterprise.get("teams") if isinstance(enterprise, Mapping) else None
    return not (isinstance(teams, list) and team_id in teams)


def _zone(told: Mapping[str, Any]) -> tzinfo:
    """Read the time zone: by its name, else by its distance from UTC."""
    name, offset = told.get("tz"), told.get("tz_offset")
    try:
        return ZoneInfo(str(name)) if name else _fixed(offset)
    except (OSError, ValueError, LookupError):
        return _fixed(offset)


def _fixed(offset: object) -> tzinfo:
    if isinstance(offset, int) and abs(offset) < timedelta(hours=24).total_seconds():
        return timezone(timedelta(seconds=offset))
    return UTC


# ------------------------------------------------------------------------------------------ channels of people

MEMBERSHIPS_KEPT = 60.0
"""Seconds for which an answer holds."""

PAGE = 200
"""As many as Slack recommends to ask for at once."""

MOST_PAGES = 25
PEOPLE_WITH_CHANNELS = 1000


class _TheirChannels(NamedTuple):
    channels: frozenset[Channel]
    until: float


class SlackMemberships(Memberships):
    """Asks `users.conversations`. The bot's token sees a private channel of somebody only if the bot is in it too."""

    def __init__(self, api: SlackApi, team_id: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        """Ask through `api`; `clock` counts seconds and never goes back."""
        self._api = api
        self._team_id = team_id
        self._clock = clock
        self._told = Recent[_TheirChannels](PEOPLE_WITH_CHANNELS)

    async def channels_of(self, user_id: str) -> frozenset[Channel]:
        """Tell the channels of somebody."""
        told = self._told.get(user_id)
        if told is None or self._clock() >= told.until:
            told = _TheirChannels(await self._ask(user_id), self._clock() + MEMBERSHIPS_KEPT)
            self._told.put(user_id, told)
        return told.channels

    def forget(self, user_id: str) -> None:
        """Ask anew next time."""
        self._told.forget(user_id)

    async def _ask(self, user_id: str) -> frozenset[Channel]:
        ids: set[str] = set()
        cursor: str | None = None
        for _page in range(MOST_PAGES):
            answer = await self._page(user_id, cursor)
            ids |= {str(each["id"]) for each in answer.get("channels") or () if each.get("id")}
            cursor = (answer.get("response_metadata") or {}).get("next_cursor") or None
            if cursor is None:
                break
        return frozenset(Channel(team_id=self._team_id, channel_id=each) for each in ids)

    async def _page(self, user_id: str, cursor: str | None) -> dict[str, Any]:
        answer = await self._api.call(
            "users.conversations",
            Effect.LOOKS,
            user=user_id,
            types="public_channel,private_channel",
            limit=PAGE,
            cursor=cursor,
        )
        if not answer.data:
            raise bad_answer()
        return answer.data
