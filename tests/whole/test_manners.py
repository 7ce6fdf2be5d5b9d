"""One event, one message: what each thing that people do makes the bot say, to whom, and at what length."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from cdi_bot.sandbox.braze.runs import RunPlan
from cdi_bot.sandbox.slack.model import Message
from cdi_bot.sandbox.slack.payloads import Press
from cdi_bot.sandbox.slack.seed_data import DATA_ALERTS, FINANCE_PRIVATE, MARA, MARKETING_OPS
from tests.rigs import people
from tests.rigs.people import Desk, PatientApp

Json = dict[str, Any]

Wanted = list[tuple[str, int]]
"""Where something is said, and in how many lines at most."""

ADMIN = "UADMIN"

CARD, REPLY = 30, 5
"""How many lines these have is not asked here: they are the answers to events, not to people."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A message that was posted or changed, as a person sees it."""

    where: str  # `channel`, `thread` or `person`, with a `changed` before it where it was there already
    lines: int
    letters: int
    text: str

    @classmethod
    def of(cls, message: Message, *, is_new: bool) -> Said:
        """Measure a message."""
        lines = _lines([*message.content.blocks, *_attached(message)])
        where = "person" if message.user_to else "thread" if message.thread_ts else "channel"
        return cls(
            where=where if is_new else f"changed {where}",
            lines=len(lines),
            letters=sum(map(len, lines)),
            text=message.content.text,
        )


def _attached(message: Message) -> list[Json]:
    return [block for each in message.content.attachments for block in each.get("blocks", [])]


def _lines(blocks: list[Json]) -> list[str]:
    """What a person sees, line by line; a row of buttons is one."""
    lines: list[str] = []
    for block in blocks:
        texts: list[Json] = [*([block["text"]] if "text" in block else []), *block.get("fields", [])]
        lines += [line for text in texts for line in text["text"].split("\n")]
        if elements := block.get("elements"):
            lines.append(" ".join(_label(each) for each in elements))
    return [re.sub(r"<!date\^[^|]*\|[^>]*>", "12:00", line) for line in lines]


def _label(element: Json) -> str:
    text: Any = element.get("text", element.get("placeholder", ""))
    return text if isinstance(text, str) else text["text"]


class Life:
    """The bot with people and a clock; each thing that is done returns what was said then."""

    def __init__(self, desk: Desk, app: PatientApp, users: str) -> None:
        """Begin with nothing said; `users` is the integration whose runs are told to end."""
        self.desk, self.app, self.users = desk, app, users
        self._seen: dict[str, Message] = {}

    def said(self) -> list[Said]:
        """Return what was posted or changed since this was asked last."""
        found = [
            Said.of(each, is_new=each.id not in self._seen)
            for each in self.desk.sandbox.slack.messages()
            if self._seen.get(each.id) != each
        ]
        self._seen = {each.id: each for each in self.desk.sandbox.slack.messages()}
        return found

    async def live(self, seconds: float = 4) -> list[Said]:
        """Let time pass; returns what was said."""
        watched = self.desk.app.workspaces.meant()
        for _ in range(int(seconds / 2)):
            self.desk.sandbox.braze.catch_up()
            await watched.poller.tick()
            await watched.poller.idle()
            await watched.requested_syncs.tick()
            await self.desk.app.digests.tick()
            await self.desk.app.dispatcher.start_due()
            await self.desk.app.dispatcher.wait_idle()
            self.desk.clock.advance(2)
        return self.said()

    async def type(self, text: str, *, user: str = ADMIN, channel: str = DATA_ALERTS) -> list[Said]:
        """Type a command; returns what was said then."""
        told = await self.desk.sandbox.people.command(channel, user, text)
        assert told["acked"], told
        await self.app.settle()
        return await self.live()

    async def press(self, action_id: str, **chosen: Any) -> list[Said]:
        """Press a button of the newest message that has it; returns what was said then."""
        message = next(
            each
            for each in reversed(list(self.desk.sandbox.slack.messages()))
            if f"'{action_id}'" in str(each.content)
        )
        found = await self.desk.sandbox.people.press(
            message, Press(user=ADMIN, action_id=action_id, chosen=chosen)
        )
        assert found["acked"], found
        await self.app.settle()
        return await self.live()

    async def run(self, outcome: str = "error", *, for_seconds: float = 70) -> list[Said]:
        """Have a run begin that ends so after a second."""
        assert self.desk.sandbox.braze.run(self.users, RunPlan(outcome=outcome, seconds=1))
        return await self.live(for_seconds)

    async def snooze(self) -> list[Said]:
        """Choose four hours from the menu of the card."""
        return await self.press("more", selected_option=self.option("more", "Snooze for 4 hours"))

    async def pass_hours(self, hours: float) -> list[Said]:
        """Let hours pass at once."""
        self.desk.clock.advance(3600 * hours)
        return await self.live(70)

    def option(self, action_id: str, label: str) -> Json:
        """Return an option of the newest such menu."""
        return next(
            option
            for message in reversed(list(self.desk.sandbox.slack.messages()))
            for block in [*message.content.blocks, *_attached(message)]
            for each in block.get("elements", [])
            if each.get("action_id") == action_id
            for option in each["options"]
            if option["text"]["text"] == label
        )


@asynccontextmanager
async def life(folder: Path) -> AsyncIterator[Life]:
    """The bot, with one integration that is well and one that fails."""
    async with people.responder(folder) as desk, desk.connected() as app:
        world = desk.sandbox.slack
        for each in (DATA_ALERTS, MARKETING_OPS):
            place = world.channels[each]
            world.put_channel(replace(place, members=place.members | {ADMIN}))
        users = desk.add("Users", *["success"] * 5)
        desk.add("Orders", *["success"] * 5, "error")
        yield Life(desk, app, users)


SAME_CHANNEL: list[tuple[str, Callable[[Life], Awaitable[list[Said]]], Wanted]] = [
    ("subscribe", lambda one: one.type("subscribe all"), [("channel", 2)]),
    ("the same again", lambda one: one.type("subscribe all"), [("person", 1)]),
    ("other filters", lambda one: one.type("subscribe all rows:5"), [("channel", 2)]),
    ("nothing matches", lambda one: one.type("subscribe nosuch*"), [("channel", 2)]),
    ("unsubscribe", lambda one: one.type("unsubscribe nosuch*"), [("channel", 1)]),
    ("not subscribed", lambda one: one.type("unsubscribe nosuch*"), [("person", 2)]),
    ("a failure", lambda one: one.run(), [("channel", CARD)]),
    ("acknowledge by button", lambda one: one.press("ack"), [("changed channel", CARD)]),
    ("acknowledge again", lambda one: one.type("ack Users"), [("person", 1)]),
    ("a recovery", lambda one: one.run("success"), [("changed channel", CARD), ("channel", REPLY)]),
    ("nothing open", lambda one: one.type("ack Users"), [("person", 1)]),
    ("fails again", lambda one: one.run(), [("changed channel", CARD), ("thread", REPLY)]),
    ("acknowledge by command", lambda one: one.type("ack Users"), [("person", 1)]),
    (
        "snooze",
        lambda one: one.type("snooze Users 2h maintenance"),
        [("changed channel", CARD), ("channel", 1)],
    ),
    ("snooze again", lambda one: one.type("snooze Users 2h maintenance"), [("person", 1)]),
    ("end snooze", lambda one: one.type("unsnooze Users"), [("changed channel", CARD), ("channel", 1)]),
    ("end snooze again", lambda one: one.type("unsnooze Users"), [("person", 1)]),
    ("snooze by button", lambda one: one.snooze(), [("changed channel", CARD), ("channel", 1)]),
    ("fails while snoozed", lambda one: one.run(), [("changed channel", CARD)]),
    ("the snooze ends by itself", lambda one: one.pass_hours(4), []),
    ("sync, which asks", lambda one: one.type("sync Users"), [("person", 2)]),
    ("sync", lambda one: one.press("confirm_sync"), [("channel", 1)]),
    ("its end", lambda one: one.live(120), [("changed channel", 2), ("changed channel", CARD)]),
    ("digest", lambda one: one.type("digest daily 13:00"), [("channel", 1)]),
    ("digest again", lambda one: one.type("digest daily 13:00"), [("person", 1)]),
    ("the digest is sent", lambda one: one.pass_hours(24), [("channel", 12)]),
    ("digest off", lambda one: one.type("digest off"), [("channel", 1)]),
    ("digest off again", lambda one: one.type("digest off"), [("person", 1)]),
    ("language", lambda one: one.type("language ja"), [("channel", 1)]),
    ("language again", lambda one: one.type("language ja"), [("person", 2)]),
    ("default language", lambda one: one.type("language default"), [("channel", 1)]),
    ("unsubscribe all", lambda one: one.type("unsubscribe all"), [("channel", 1)]),
]
"""What is done, in this order; and where how many lines are said at most: nothing is said twice."""


async def test_one_event_one_message(tmp_path: Path) -> None:
    """What the channel shows is not said to the one person again; what only concerns them is."""
    async with life(tmp_path) as one:
        for what, act, wanted in SAME_CHANNEL:
            assert_polite(what, await act(one), wanted)


async def test_in_another_channel_it_is_answered_too(tmp_path: Path) -> None:
    """Who changes a channel from elsewhere does not see what is posted there."""
    async with life(tmp_path) as one:
        there = f"in:<#{DATA_ALERTS}|there>"
        done = await one.type(f"subscribe all {there}", channel=MARKETING_OPS)
        assert_polite("subscribe", done, [("person", 2), ("channel", 2)])
        done = await one.type(f"unsubscribe all {there}", channel=MARKETING_OPS)
        assert_polite("unsubscribe", done, [("person", 2), ("channel", 1)])


async def test_a_sync_in_a_channel_without_subscriptions(tmp_path: Path) -> None:
    """It has no cards; the one message says how the sync ended."""
    async with life(tmp_path) as one:
        await one.type("sync Users")
        assert_polite("sync", await one.press("confirm_sync"), [("channel", 1)])
        ended = await one.live(120)
        assert_polite("its end", ended, [("changed channel", 2)])
        assert f"Sync of Users requested by <@{ADMIN}> – Success" in ended[0].text


async def test_a_failure_is_said_to_the_person_alone(tmp_path: Path) -> None:
    """Who may not, or asks for what there is not, is told so; the channel is not."""
    async with life(tmp_path) as one:
        for text in ("subscribe nosuch", "snooze Users 2h", "sync Users"):
            done = await one.type(text, user=MARA)
            assert [each.where for each in done] == ["person"], text


async def test_where_the_bot_can_not_post_it_is_answered(tmp_path: Path) -> None:
    """In a private channel that it is not in, nobody would see a message."""
    async with life(tmp_path) as one:
        done = await one.type("language ja", user=MARA, channel=FINANCE_PRIVATE)
        assert_polite("language", done, [("person", 1)])


def assert_polite(what: str, said: list[Said], wanted: Wanted) -> None:
    """Assert that just this was said, in no more lines."""
    found = sorted((each.where, each.lines) for each in said)
    assert [where for where, _ in found] == [where for where, _ in sorted(wanted)], (what, said)
    long = [lines > most for (_, lines), (_, most) in zip(found, sorted(wanted), strict=True)]
    assert not any(long), (what, said)
