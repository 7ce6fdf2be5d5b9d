"""What Slack tells of people, asked over the wire."""

from collections.abc import AsyncIterator
from datetime import UTC, timedelta, timezone
from zoneinfo import ZoneInfo

import aiohttp
import pytest
from slack_sdk.web.async_client import AsyncWebClient

from cdi_bot.core.model.person import Person
from cdi_bot.sandbox import Sandbox
from cdi_bot.sandbox.faults import Fault, FaultKind
from cdi_bot.sandbox.slack.model import User
from cdi_bot.sandbox.slack.seed_data import BOT, GUEST, KENJI, MARA, OUTSIDER, TEAM
from cdi_bot.slack.api import directory as module
from cdi_bot.slack.api.call import SlackApi
from cdi_bot.slack.api.directory import KEPT, TRIED_AGAIN, SlackPeople, read_person


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
async def client(sandbox: Sandbox) -> AsyncIterator[AsyncWebClient]:
    """Return a client of the stand-in."""
    async with aiohttp.ClientSession() as session:
        yield AsyncWebClient(
            token=sandbox.slack_bot_token,
            base_url=f"{sandbox.url}/api/",
            session=session,
            retry_handlers=[],
        )


@pytest.fixture
def people(client: AsyncWebClient, clock: Ticks) -> SlackPeople:
    """Return the people of the stand-in's workspace."""
    return SlackPeople(SlackApi(client), TEAM, clock=clock)


def asked(sandbox: Sandbox) -> int:
    """How often Slack was asked about somebody."""
    return sum(call["method"] == "users.info" for call in sandbox.slack.calls)


async def test_members_guests_and_people_from_outside(people: SlackPeople) -> None:
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


async def test_a_guest_of_one_channel_is_a_guest(people: SlackPeople, sandbox: Sandbox) -> None:
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
    ],
)
def test_an_organisation_of_several_workspaces_is_inside(told: dict[str, object], *, outside: bool) -> None:
    """Who belongs to this workspace too is one of us, whichever of theirs Slack names first."""
    assert read_person("U1", told, TEAM).is_outside is outside


async def test_a_person_is_asked_about_once_an_hour(
    people: SlackPeople, sandbox: Sandbox, clock: Ticks
) -> None:
    """What Slack said holds for a while, and is asked anew after it."""
    await people.person(MARA)
    await people.person(MARA)
    assert asked(sandbox) == 1
    sandbox.slack.users[MARA] = User(id=MARA, name="mara", real_name="Mara", is_restricted=True)
    assert (await people.person(MARA)).may_change
    clock.seconds += KEPT
    assert not (await people.person(MARA)).may_change
    assert asked(sandbox) == 2


async def test_without_the_scope_everybody_is_a_member(people: SlackPeople, sandbox: Sandbox) -> None:
    """`users:read` is optional; who pressed a button in another team's name is from outside all the same."""
    sandbox.slack.set_token(sandbox.slack_bot_token, scopes=frozenset({"commands"}))
    people.met(OUTSIDER, "T0STRANGER")
    people.met(KENJI, TEAM)
    assert await people.person(KENJI) == Person(user_id=KENJI)
    assert await people.person(GUEST) == Person(user_id=GUEST)
    assert (await people.person(OUTSIDER)).is_outside


async def test_no_answer_gives_no_right(people: SlackPeople, sandbox: Sandbox, clock: Ticks) -> None:
    """While Slack does not answer, what it said before holds; of others nothing is known, for a short while."""
    await people.person(KENJI)
    clock.seconds += KEPT
    sandbox.slack.faults.add(Fault(kind=FaultKind.STATUS, status=500))
    assert (await people.person(KENJI)).language == "ja-JP"
    assert await people.person(GUEST) == Person(user_id=GUEST, is_known=False)
    sandbox.slack.faults.clear()
    assert not (await people.person(GUEST)).is_known
    clock.seconds += TRIED_AGAIN
    assert (await people.person(GUEST)).is_guest


async def test_nobody_waits_long(
    people: SlackPeople, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A person's answer is not held up by a slow Slack."""
    monkeypatch.setattr(module, "TIMEOUT", 0.05)
    sandbox.slack.faults.add(Fault(kind=FaultKind.LATENCY, seconds=30))
    assert not (await people.person(KENJI)).is_known


async def test_only_the_last_seen_are_kept(
    client: AsyncWebClient, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Memory stays bounded in a workspace of very many."""
    monkeypatch.setattr(module, "REMEMBERED", 2)
    people = SlackPeople(SlackApi(client), TEAM)
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
