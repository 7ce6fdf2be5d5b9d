"""Mentions and direct messages: answered like the command, to whom and where it was asked, and once; nothing else is.

What people say goes from the stand-in to the bot over a real Socket Mode connection.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from cdi_bot.core.model.channel import Channel
from cdi_bot.core.model.subscription import Filters
from cdi_bot.sandbox.faults import Fault, FaultKind
from cdi_bot.sandbox.slack.model import Message
from cdi_bot.sandbox.slack.payloads import Press, event_payload
from cdi_bot.sandbox.slack.seed_data import BOT, DATA_ALERTS, GENERAL, GUEST, KENJI, MARA, TEAM
from tests.rigs import people
from tests.rigs.people import ALERTS, Desk, PatientApp
from tests.slack.api.bolt_kit import Json


@dataclass(frozen=True)
class Talk:
    """A bot that people talk to; ALERTS is subscribed to the integration "Users"."""

    desk: Desk
    app: PatientApp

    async def say(self, text: str, *, channel: str = DATA_ALERTS, user: str = MARA, **more: str) -> Message:
        """Say something, and wait until it was worked on; returns what was said."""
        told = await self.desk.sandbox.people.say(channel, user, text, more.get("thread_ts"))
        await self.app.settle()
        return self.desk.sandbox.slack.find(channel, told["message"]["ts"])

    async def event(self, **facts: Any) -> None:
        """Send an event as it is, and wait until it was worked on."""
        await self.desk.sandbox.people.event(facts)
        await self.app.settle()

    def direct(self, user: str = MARA) -> str:
        """The direct message between somebody and the bot."""
        return self.desk.sandbox.slack.direct_message(user).id

    @property
    def answers(self) -> list[Message]:
        """What the bot said, oldest first."""
        return [each for each in self.desk.sandbox.slack.messages() if each.bot]

    async def subscribed(self) -> set[Channel]:
        """The channels that are subscribed to something."""
        async with self.desk.store.read() as uow:
            return set(await uow.subscriptions.channels())


@pytest.fixture
async def talk(tmp_path: Path) -> AsyncIterator[Talk]:
    """The whole Slack side, connected."""
    async with people.responder(tmp_path) as desk, desk.connected() as app:
        desk.add("Users", "success")
        await desk.subscriptions.subscribe(ALERTS, MARA, "Users", Filters())
        yield Talk(desk, app)


async def test_a_mention_is_answered_to_the_person_where_it_was_asked(talk: Talk) -> None:
    """In the channel, and in a thread there; in the language of the person."""
    await talk.say("@cdi-bot status of Users please")
    (answer,) = talk.answers
    assert (answer.channel, answer.user_to, answer.thread_ts) == (DATA_ALERTS, MARA, None)
    assert "Users" in str(answer.content)
    root = await talk.say("why is that?")
    await talk.say("@cdi-bot: help", user=KENJI, thread_ts=root.ts)
    answer = talk.answers[-1]
    assert (answer.user_to, answer.thread_ts) == (KENJI, root.ts)
    assert "/cdi snooze" in str(answer.content)
    assert "スヌーズ" in str(answer.content)


async def test_a_mention_changes_what_the_command_would(talk: Talk) -> None:
    """By the same rights: a guest changes nothing, `stop` asks, and its button does it."""
    await talk.say("@cdi-bot stop everything", user=GUEST)
    await talk.say("hey @cdi-bot, mute Users for 2 hours", user=GUEST)
    assert "guest" in talk.answers[-1].content.text
    await talk.say("hey @cdi-bot, please stop everything")
    asked = talk.answers[-1]
    assert await talk.subscribed() == {ALERTS}
    await talk.desk.sandbox.people.press(asked, Press(user=MARA, action_id="pick:0"))
    await talk.app.settle()
    assert await talk.subscribed() == set()


async def test_a_mention_alone_gets_help(talk: Talk) -> None:
    """Where nothing else is said."""
    await talk.say("@cdi-bot")
    assert "/cdi status" in str(talk.answers[-1].content)


async def test_a_mention_in_the_midst_is_no_order(talk: Talk) -> None:
    """What people say about the bot is not understood, and changes nothing."""
    for text in (
        "did @cdi-bot stop everything?",
        "I asked @cdi-bot to stop everything",
        "@cdi-bot don't stop all",
    ):
        await talk.say(text)
        assert "I don't understand" in talk.answers[-1].content.text
    assert await talk.subscribed() == {ALERTS}


async def test_a_direct_message_is_answered_there(talk: Talk) -> None:
    """As a message that stays, with or without the bot's name; the direct message can be subscribed like a channel."""
    direct = talk.direct()
    await talk.say("hello", channel=direct)
    (answer,) = talk.answers
    assert (answer.channel, answer.user_to) == (direct, None)
    assert "/cdi status" in str(answer.content)
    await talk.say("@cdi-bot subscribe me to everything", channel=direct)
    assert await talk.subscribed() == {ALERTS, Channel(team_id=TEAM, channel_id=direct)}
    root = await talk.say("status of Users", channel=direct)
    await talk.say("is Users failing?", channel=direct, thread_ts=root.ts)
    assert talk.answers[-1].thread_ts == root.ts


async def test_a_button_in_a_direct_answer_works(talk: Talk) -> None:
    """What was meant takes the place of the question."""
    direct = talk.direct()
    await talk.say("statsu Users", channel=direct)
    (answer,) = talk.answers
    await talk.desk.sandbox.people.press(answer, Press(user=MARA, action_id="pick:0"))
    await talk.app.settle()
    (answer,) = talk.answers
    assert "Users" in str(answer.content)
    assert "don't understand" not in str(answer.content)


async def test_what_is_said_to_others_is_not_answered(talk: Talk) -> None:
    """In channels without a mention, and where the bot is not."""
    await talk.say("status")
    await talk.say("@cdi-bot status", channel=GENERAL)
    assert talk.answers == []


SAID: Json = {"type": "message", "channel_type": "im", "user": MARA, "text": "status", "ts": "1.0"}


@pytest.mark.parametrize(
    "facts",
    [
        {"user": BOT},
        {"user": "USLACKBOT"},
        {"bot_id": "B0OTHER"},
        {"subtype": "bot_message", "user": None},
        {"subtype": "message_changed", "message": SAID},
        {"subtype": "message_deleted", "hidden": True},
        {"edited": {"user": MARA, "ts": "2.0"}},
        {"text": None},
        {"channel": None},
    ],
    ids="-".join,
)
async def test_bots_and_changed_messages_are_not_answered(talk: Talk, facts: Json) -> None:
    """Nor is the bot itself: otherwise two bots would talk for ever."""
    direct = {"channel": talk.direct()}
    await talk.event(**{**SAID, **direct, **facts})
    mention = {"type": "app_mention", "channel_type": None, "text": f"<@{BOT}> status"}
    await talk.event(**{**SAID, **mention, "channel": DATA_ALERTS, **facts})
    assert talk.answers == []
    await talk.event(**{**SAID, **direct})
    assert len(talk.answers) == 1


async def test_an_event_that_comes_twice_is_answered_once(talk: Talk) -> None:
    """Slack sends again what it saw no acknowledgement of; the event's id is the same."""
    payload = event_payload(talk.desk.sandbox.slack, {**SAID, "channel": talk.direct()})
    for _ in range(2):
        await talk.desk.sandbox.people.payload("events_api", payload)
    await talk.app.settle()
    assert len(talk.answers) == 1


async def test_another_installation_s_event_is_left_alone(talk: Talk) -> None:
    """For whom an event was sent stands in its authorizations."""
    payload = event_payload(talk.desk.sandbox.slack, {**SAID, "channel": talk.direct()})
    payload["authorizations"][0]["team_id"] = "T0OTHER"
    await talk.desk.sandbox.people.payload("events_api", payload)
    await talk.app.settle()
    assert talk.answers == []


async def test_an_answer_that_slack_refuses_stops_nothing(talk: Talk) -> None:
    """The next one is given."""
    slack = talk.desk.sandbox.slack
    slack.faults.add(Fault(kind=FaultKind.STATUS, status=500, path="chat.postEphemeral", times=1))
    await talk.say("@cdi-bot help")
    assert talk.answers == []
    await talk.say("@cdi-bot help")
    assert len(talk.answers) == 1
