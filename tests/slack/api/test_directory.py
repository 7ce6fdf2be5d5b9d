"""What Slack tells of people and of the channels they are in, asked over the wire."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, timedelta, timezone
from zoneinfo import ZoneInfo

import aiohttp
import pytest

from cdi_bot.core.model.channel import Channel, Person
from cdi_bot.delivery.slack_port import SlackTrouble
from cdi_bot.sandbox import Sandbox
from cdi_bot.sandbox.faults import Fault, FaultKind
from cdi_bot.sandbox.slack.model import Channel as Place
from cdi_bot.sandbox.slack.model import PayloadTeams, User
from cdi_bot.sandbox.slack.seed_data import (
    BOT,
    DATA_ALERTS,
    FINANCE_PRIVATE,
    GENERAL,
    GUEST,
    KENJI,
    MARA,
    MARKETING_OPS,
    OUTSIDER,
    TEAM,
)
from cdi_bot.slack.api import directory
from cdi_bot.slack.api.call import SlackApi
from cdi_bot.slack.api.directory import (
    CHANNELS_HOLD,
    PAGE,
    PERSON_HOLDS,
    TRIED_AGAIN,
    SlackDirectory,
    read_person,
)

ORG = "E0NORTHWIND"


class Ticks:
    """A clock that counts seconds and moves when told to."""

    def __init__(self) -> None:
        """Begin at nothing."""
        self.seconds = 0.0

    def __call__(self) -> float:
        """Return the seconds so far."""
        return self.seconds


@pytest.fixture
def clock() -> Ticks:
    """Return a clock that stands still."""
    return Ticks()


@pytest.fixture
async def api(sandbox: Sandbox) -> AsyncIterator[SlackApi]:
    """Return a client of the stand-in."""
    async with aiohttp.ClientSession() as session:
        yield SlackApi(session, token=sandbox.slack_bot_token, url=f"{sandbox.url}/api/")


@pytest.fixture
def people(api: SlackApi, clock: Ticks) -> SlackDirectory:
    """Return the people of the stand-in's workspace."""
    return SlackDirectory(api, TEAM, clock=clock)


def asked(sandbox: Sandbox) -> int:
    """How often Slack was asked about somebody."""
    return sum(call["method"] == "users.info" for call in sandbox.slack.calls)


async def test_members_guests_and_people_from_outside(people: SlackDirectory) -> None:
    """Slack tells a person's zone and language, and whether they are one of us."""
    kenji = await people.person(KENJI)
    assert kenji == Person(user_id=KENJI, zone=ZoneInfo("Asia/Tokyo"), language="ja-JP")
    assert kenji.may_change
    guest = await people.person(GUEST)
    assert (guest.is_guest, guest.is_outside, guest.may_change) == (True, False, False)
    outsider = await people.person(OUTSIDER)
    assert (outsider.is_guest, outsider.is_outside, outsider.may_change) == (False, True, False)
    bot = await people.person(BOT)
    assert (bot.is_bot, bot.may_change) == (True, False)


async def test_a_guest_of_one_channel_is_a_guest(people: SlackDirectory, sandbox: Sandbox) -> None:
    """Slack knows two kinds of guests."""
    sandbox.slack.users["U0SOLO0001"] = User(
        id="U0SOLO0001", name="solo", real_name="Solo", is_ultra_restricted=True
    )
    assert (await people.person("U0SOLO0001")).is_guest


@pytest.mark.parametrize(
    ("told", "outside"),
    [
        ({"team_id": TEAM}, False),
        ({}, False),
        ({"team_id": "T1"}, True),
        ({"team_id": TEAM, "is_stranger": True}, True),
        ({"team_id": "T1", "enterprise_user": {"teams": ["T1", TEAM]}}, False),
        ({"team_id": "T1", "enterprise_user": {"teams": ["T1"]}}, True),
        ({"team_id": "T1", "enterprise_user": {"enterprise_id": ORG, "teams": ["T1"]}}, False),
        ({"team_id": "T1", "enterprise_user": {"enterprise_id": "E2", "teams": ["T1"]}}, True),
        ({"team_id": "T1", "enterprise_user": "E2"}, True),
    ],
)
def test_an_organisation_of_several_workspaces_is_inside(told: dict[str, object], *, outside: bool) -> None:
    """Who belongs to this workspace or its organisation is one of us, whichever of theirs Slack names first."""
    assert read_person("U1", told, TEAM, ORG).is_outside is outside


async def test_an_installation_to_a_whole_organisation(api: SlackApi, sandbox: Sandbox) -> None:
    """Slack is told a workspace of the person's when it is asked for channels; nobody is outside by a workspace."""
    sandbox.slack.rules = replace(sandbox.slack.rules, teams=PayloadTeams.ORGANIZATION)
    people = SlackDirectory(api, ORG, ORG)
    channels = await people.channels_of(MARA)
    assert {channel.team_id for channel in channels} == {ORG}
    assert DATA_ALERTS in {channel.channel_id for channel in channels}
    token = sandbox.slack.tokens[sandbox.slack_bot_token]
    sandbox.slack.tokens[sandbox.slack_bot_token] = replace(token, scopes=token.scopes - {"users:read"})
    people = SlackDirectory(api, ORG, ORG)
    people.met(KENJI, "T0SIBLING1")
    assert (await people.person(KENJI)).may_change


async def test_a_person_is_asked_about_once_an_hour(
    people: SlackDirectory, sandbox: Sandbox, clock: Ticks
) -> None:
    """What Slack said holds for a while, and is asked anew after it."""
    await people.person(MARA)
    await people.person(MARA)
    assert asked(sandbox) == 1
    sandbox.slack.users[MARA] = User(id=MARA, name="mara", real_name="Mara", is_restricted=True)
    assert (await people.person(MARA)).may_change
    clock.seconds += PERSON_HOLDS
    assert not (await people.person(MARA)).may_change
    assert asked(sandbox) == 2


async def test_without_the_scope_everybody_is_a_member(people: SlackDirectory, sandbox: Sandbox) -> None:
    """`users:read` is optional; who pressed a button in another team's name is from outside all the same."""
    sandbox.slack.set_token(sandbox.slack_bot_token, scopes=frozenset({"commands"}))
    people.met(OUTSIDER, "T0STRANGER")
    people.met(KENJI, TEAM)
    assert await people.person(KENJI) == Person(user_id=KENJI, is_guest=None)
    assert await people.person(GUEST) == Person(user_id=GUEST, is_guest=None)
    assert (await people.person(OUTSIDER)).is_outside


async def test_no_answer_gives_no_right(people: SlackDirectory, sandbox: Sandbox, clock: Ticks) -> None:
    """While Slack does not answer, what it said before holds; of others nothing is known, for a short while."""
    await people.person(KENJI)
    clock.seconds += PERSON_HOLDS
    sandbox.slack.faults.add(Fault(kind=FaultKind.STATUS, status=500))
    assert (await people.person(KENJI)).language == "ja-JP"
    assert await people.person(GUEST) == Person(user_id=GUEST, is_known=False)
    sandbox.slack.faults.clear()
    assert not (await people.person(GUEST)).is_known
    clock.seconds += TRIED_AGAIN
    assert (await people.person(GUEST)).is_guest


async def test_a_member_is_found_by_their_address(people: SlackDirectory, sandbox: Sandbox) -> None:
    """In any letter case; who isn't there is nobody, and without the optional scope that is what Slack says."""
    assert await people.by_email("Mara@northwind.example") == MARA
    assert await people.by_email("nobody@northwind.example") is None
    app = replace(sandbox.slack.users[BOT], email="app@northwind.example")
    sandbox.slack.users[BOT] = app
    assert await people.by_email("app@northwind.example") is None
    sandbox.slack.set_token(sandbox.slack_bot_token, scopes=frozenset({"users:read"}))
    with pytest.raises(SlackTrouble, match="missing_scope"):
        await people.by_email("mara@northwind.example")


async def test_nobody_waits_long(
    people: SlackDirectory, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A person's answer is not held up by a slow Slack."""
    monkeypatch.setattr(directory, "TIMEOUT", 0.05)
    sandbox.slack.faults.add(Fault(kind=FaultKind.LATENCY, seconds=30))
    assert not (await people.person(KENJI)).is_known


async def test_only_the_last_seen_are_kept(
    api: SlackApi, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Memory stays bounded in a workspace of very many."""
    monkeypatch.setattr(directory, "PEOPLE_REMEMBERED", 2)
    people = SlackDirectory(api, TEAM)
    for user in (MARA, KENJI, GUEST, MARA):
        await people.person(user)
    assert asked(sandbox) == 4


@pytest.mark.parametrize(
    ("told", "zone"),
    [
        ({"tz": "Asia/Tokyo"}, ZoneInfo("Asia/Tokyo")),
        ({"tz": "Mars/Olympus", "tz_offset": 3600}, timezone(timedelta(hours=1))),
        ({"tz": "../etc/passwd"}, UTC),
        ({"tz_offset": -12600}, timezone(timedelta(hours=-3.5))),
        ({"tz_offset": 10**9}, UTC),
        ({"tz": None}, UTC),
    ],
)
def test_zones(told: dict[str, object], zone: object) -> None:
    """A zone this machine does not know is taken by its distance from UTC."""
    assert read_person("U1", told, TEAM).zone == zone


def ids(channels: frozenset[Channel]) -> set[str]:
    """Return the ids of channels of the team."""
    assert {channel.team_id for channel in channels} <= {TEAM}
    return {channel.channel_id for channel in channels}


async def test_a_persons_channels(sandbox: Sandbox, api: SlackApi) -> None:
    """All public ones; private ones only where the bot is, too."""
    people = SlackDirectory(api, TEAM)
    public = {DATA_ALERTS, MARKETING_OPS, GENERAL}
    assert ids(await people.channels_of(MARA)) == public
    private = sandbox.slack.channels[FINANCE_PRIVATE]
    sandbox.slack.put_channel(replace(private, members=private.members | {sandbox.slack.bot_user}))
    people.forget_channels_of(MARA)
    assert ids(await people.channels_of(MARA)) == public | {FINANCE_PRIVATE}
    assert ids(await people.channels_of(KENJI)) == public


async def test_every_page_is_read(sandbox: Sandbox, api: SlackApi) -> None:
    """Somebody may be in more channels than one answer holds."""
    for number in range(PAGE + 1):
        name = f"C{number:08}"
        sandbox.slack.put_channel(Place(id=name, name=name, created=0, members=frozenset({MARA})))
    assert len(await SlackDirectory(api, TEAM).channels_of(MARA)) == PAGE + 4


async def test_an_answer_holds_for_a_minute(sandbox: Sandbox, api: SlackApi) -> None:
    """Slack is asked once a minute for a person, and a failure is no answer: it is said, and asked again."""
    clock = Ticks()
    people = SlackDirectory(api, TEAM, clock=clock)
    fault = Fault(kind=FaultKind.STATUS, status=503, path="users.conversations", times=1)
    sandbox.slack.faults.add(fault)
    with pytest.raises(SlackTrouble):
        await people.channels_of(MARA)
    first = await people.channels_of(MARA)
    sandbox.slack.faults.add(fault)
    assert await people.channels_of(MARA) is first
    clock.seconds += CHANNELS_HOLD
    with pytest.raises(SlackTrouble):
        await people.channels_of(MARA)


async def test_a_limit_is_kept_by_everybody(sandbox: Sandbox, api: SlackApi) -> None:
    """Told to wait, no caller asks again before that, and other methods go on."""
    sandbox.slack.faults.add(Fault(kind=FaultKind.RATE_LIMITED, retry_after=60, path="users.info"))
    first, second = SlackDirectory(api, TEAM), SlackDirectory(api, TEAM)
    assert not (await first.person(KENJI)).is_known
    assert not (await second.person(KENJI)).is_known
    assert asked(sandbox) == 1
    assert await second.channels_of(KENJI)
