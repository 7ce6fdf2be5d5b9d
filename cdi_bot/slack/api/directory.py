"""Who the people of a Slack team are, and which channels they are in.

A person is asked about once an hour; that needs `users:read`, which is optional: without it everybody is an ordinary
member. Where Slack gives no answer, what it said before holds; where it never said anything, the defaults do, marked
as not known, so that nobody is given a right by a failure. A person's channels are asked for once a minute.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from datetime import UTC, timedelta, timezone, tzinfo
from typing import Any, Generic, NamedTuple, TypeVar
from zoneinfo import ZoneInfo

import structlog

from cdi_bot.core.model.channel import Channel, Person
from cdi_bot.delivery.slack_port import Directory, SlackTrouble, SlackVerdict
from cdi_bot.slack.api.call import Json, SlackApi, next_cursor

PERSON_HOLDS = 3600.0
"""Seconds for which an answer about a person holds: people rarely move, and become guests even more rarely."""

CHANNELS_HOLD = 60.0
"""Seconds for which an answer about a person's channels holds."""

TRIED_AGAIN = 30.0
"""Seconds after which somebody is asked about again where Slack gave no answer."""

TIMEOUT = 2.0
"""Seconds that an answer about a person may take: they wait for theirs meanwhile."""

PEOPLE_REMEMBERED = 5_000
"""So many people are kept in memory, those seen last."""

CHANNELS_REMEMBERED = 1000
"""Of so many people the channels are kept in memory."""

PAGE = 200
"""As many channels as Slack recommends to ask for at once."""

MOST_PAGES = 25

log = structlog.get_logger(__name__)


class _KnownPerson(NamedTuple):
    person: Person
    until: float


class _KnownChannels(NamedTuple):
    channels: frozenset[Channel]
    until: float


class SlackDirectory(Directory):
    """The people that the app of one Slack team meets. `clock` counts seconds and never goes back."""

    def __init__(
        self,
        api: SlackApi,
        team_id: str,
        enterprise_id: str | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Ask through `api`; who belongs neither to `team_id` nor to the organisation is from outside."""
        self._api = api
        self._team_id = team_id
        self._enterprise_id = enterprise_id
        self._clock = clock
        self._people = Recent[_KnownPerson](PEOPLE_REMEMBERED)
        self._channels = Recent[_KnownChannels](CHANNELS_REMEMBERED)
        self._teams = Recent[str](PEOPLE_REMEMBERED)

    def met(self, user_id: str, team_id: str | None) -> None:
        """Take note of the team that Slack named beside somebody who pressed a button: it needs no scope."""
        if team_id:
            self._teams.put(user_id, team_id)

    async def person(self, user_id: str) -> Person:
        """Who somebody is, as far as Slack tells."""
        before = self._people.get(user_id)
        if before and self._clock() < before.until:
            return before.person
        person, holds = await self._ask(user_id, before.person if before else None)
        self._people.put(user_id, _KnownPerson(person, self._clock() + holds))
        return person

    async def _ask(self, user_id: str, before: Person | None) -> tuple[Person, float]:
        """Ask Slack; returns what holds now, and for how many seconds."""
        try:
            answer = await self._api.call("users.info", within=TIMEOUT, user=user_id, include_locale=True)
        except SlackTrouble as trouble:
            if trouble.verdict is SlackVerdict.REFUSED and trouble.reason == "missing_scope":
                log.info("people not told: the app lacks users:read")
                return Person(
                    user_id=user_id, is_guest=None, is_outside=self._is_elsewhere(user_id)
                ), PERSON_HOLDS
            log.warning("person not told", user=user_id, why=trouble.reason)
            return before or Person(user_id=user_id, is_known=False), TRIED_AGAIN
        told = answer["user"]
        if isinstance(told.get("team_id"), str):
            self._teams.put(user_id, told["team_id"])
        return read_person(user_id, told, self._team_id, self._enterprise_id), PERSON_HOLDS

    async def by_email(self, address: str) -> str | None:
        """Ask Slack; needs `users:read.email`. Neither apps nor those who have left are meant."""
        try:
            answer = await self._api.call("users.lookupByEmail", email=address)
        except SlackTrouble as trouble:
            if trouble.reason == "users_not_found":
                return None
            raise
        found = answer["user"]
        return None if found.get("deleted") or found.get("is_bot") else str(found["id"])

    def _is_elsewhere(self, user_id: str) -> bool:
        """Judge by the last button alone; most people never press one that tells of another team.

        Where the app is installed to a whole organisation, a workspace says nothing about whose it is.
        """
        if self._is_org_wide:
            return False
        return (self._teams.get(user_id) or self._team_id) != self._team_id

    @property
    def _is_org_wide(self) -> bool:
        return self._team_id == self._enterprise_id

    async def channels_of(self, user_id: str, *, anew: bool = False) -> frozenset[Channel]:
        """The channels somebody is in. The bot's token sees a private one only if the bot is in it too."""
        known = None if anew else self._channels.get(user_id)
        if known is None or self._clock() >= known.until:
            known = _KnownChannels(await self._ask_channels(user_id), self._clock() + CHANNELS_HOLD)
            self._channels.put(user_id, known)
        return known.channels

    def forget_channels_of(self, user_id: str) -> None:
        """Ask anew next time."""
        self._channels.forget(user_id)

    async def _ask_channels(self, user_id: str) -> frozenset[Channel]:
        ids: set[str] = set()
        cursor: str | None = None
        team_id = None
        if self._is_org_wide:  # Slack needs a workspace then, and knows the person's
            await self.person(user_id)
            team_id = self._teams.get(user_id)
        for _page in range(MOST_PAGES):
            answer = await self._api.call(
                "users.conversations",
                user=user_id,
                types="public_channel,private_channel",
                limit=PAGE,
                cursor=cursor,
                team_id=team_id,
            )
            ids |= {str(each["id"]) for each in answer.get("channels") or () if each.get("id")}
            cursor = next_cursor(answer)
            if cursor is None:
                break
        return frozenset(Channel(team_id=self._team_id, channel_id=each) for each in ids)


def read_person(
    user_id: str, told: Mapping[str, Any], team_id: str, enterprise_id: str | None = None
) -> Person:
    """Read a user object of Slack's as a member of `team_id`, of this organisation, sees it."""
    locale = told.get("locale")
    return Person(
        user_id=user_id,
        zone=_zone(told),
        language=locale if isinstance(locale, str) and locale else None,
        is_guest=bool(told.get("is_restricted") or told.get("is_ultra_restricted")),
        is_outside=_is_outside(told, team_id, enterprise_id),
        is_bot=bool(told.get("is_bot")),
    )


def _is_outside(told: Mapping[str, Any], team_id: str, enterprise_id: str | None) -> bool:
    """Whether somebody belongs to another company.

    Slack calls those alone strangers who share no channel with the app; whoever shares one is known by the team.
    In an organisation of several workspaces one person belongs to more than one of them, and to the organisation.
    """
    team = told.get("team_id")
    if told.get("is_stranger"):
        return True
    if not isinstance(team, str) or team == team_id:
        return False
    enterprise = told.get("enterprise_user")
    if not isinstance(enterprise, Mapping):
        return True
    if enterprise_id is not None and enterprise.get("enterprise_id") == enterprise_id:
        return False
    teams = enterprise.get("teams")
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


Scopes = frozenset[str]

NEEDED = {
    "commands": "/cdi is not understood",
    "chat:write": "no message can be sent",
    "chat:write.public": "the bot has to be invited to every channel, public ones too",
    "channels:read": "it can't tell that a channel was archived, renamed or left",
    "groups:read": "it can't look up private channels, so nobody can subscribe them",
    "im:write": "nobody is told that their subscription can't be delivered",
}

OPTIONAL = {
    "app_mentions:read": "who mentions the bot gets no answer; /cdi works",
    "im:history": "who writes to the bot directly gets no answer; /cdi works",
    "channels:history": "a message whose answer was lost is sent again, as a possible repeat",
    "groups:history": "the same in private channels",
    "users:read.email": "the contacts that Braze names for an integration are not looked up in Slack",
    "users:read": "people's time zones are not known, nor who is a guest: CDI_BOT_ADMINS=* lets nobody start a sync",
}


class Identity(NamedTuple):
    """Who the bot is in Slack, and where it is installed.

    An app that is installed to a whole organisation has no workspace of its own: its team is the organisation, whose
    id is in `enterprise_id` then too. Channel ids are unique in all of Slack, so a channel needs no more.
    """

    team_id: str
    bot_user_id: str
    enterprise_id: str | None = None  # the organisation that the workspace belongs to, if any
    scopes: Scopes | None = None  # what the token may do, where Slack tells
    team_url: str | None = None  # where the team is on the web, such as `https://northwind.slack.com/`

    def owns(self, event: Json) -> bool:
        """Whether an event was sent for this installation, not for another one of the same app.

        Outside, an event names where it happened; `authorizations` names for whom it was sent (docs.slack.dev/apis/
        events-api). One without, such as `app_uninstalled` in older records, names the installation outside.
        """
        told = next(iter(event.get("authorizations") or ()), event)
        named = told.get("enterprise_id") if told.get("is_enterprise_install") else told.get("team_id")
        return named in (None, self.team_id)


async def identify(api: SlackApi) -> Identity:
    """Try the bot token; raises `SlackTrouble` with Slack's word, such as `invalid_auth`."""
    body, scopes = await api.ask("auth.test")
    granted = None if scopes is None else frozenset(scope.strip() for scope in scopes.split(","))
    enterprise_id = body.get("enterprise_id") or None
    team_id = (enterprise_id if body.get("is_enterprise_install") else body.get("team_id")) or enterprise_id
    if not team_id:
        raise SlackTrouble("bad_answer", verdict=SlackVerdict.RETRY)
    url = body.get("url")
    team_url = url if isinstance(url, str) and url.endswith("/") else None
    return Identity(team_id, body["user_id"], enterprise_id, granted, team_url)


Value = TypeVar("Value")


class Recent(Generic[Value]):
    """What was put under the newest names, at most `limit` of them."""

    def __init__(self, limit: int) -> None:
        """Know none."""
        self._limit = limit
        self._known: OrderedDict[str, Value] = OrderedDict()

    def get(self, name: str) -> Value | None:
        """Return what was put under a name, `None` when it is not known."""
        return self._known.get(name)

    def put(self, name: str, value: Value) -> None:
        """Remember a name as the newest."""
        self._known[name] = value
        self._known.move_to_end(name)
        if len(self._known) > self._limit:
            self._known.popitem(last=False)

    def forget(self, name: str) -> None:
        """Know nothing of a name any more."""
        self._known.pop(name, None)
