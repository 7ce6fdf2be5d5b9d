"""One event, one message: what each thing that people do makes the bot say, to whom, and at what length."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from cdi_bot.app import INTERVALS
from cdi_bot.sandbox.braze.runs import RunPlan
from cdi_bot.sandbox.slack.model import Message
from cdi_bot.sandbox.slack.payloads import Press
from cdi_bot.sandbox.slack.seed_data import DATA_ALERTS, MARA, MARKETING_OPS
from cdi_bot.slack.api.app import SlackApp
from tests.rigs import people
from tests.rigs.people import Desk

Json = dict[str, Any]

ADMIN = "UADMIN"


class App(SlackApp):
    """An app that can be waited for."""

    async def settle(self) -> None:
        """Wait until everything that was taken is done."""
        async with asyncio.timeout(people.PATIENCE.total_seconds()):
            while self._tasks:
                await asyncio.wait(self._tasks)


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
        fields = block.get("fields", [])
        lines += [line for text in [block.get("text"), *fields] if text for line in text["text"].split("\n")]
        if elements := block.get("elements"):
            lines.append(" ".join(_label(each) for each in elements))
    return [re.sub(r"<!date\^[^|]*\|[^>]*>", "12:00", line) for line in lines]


def _label(element: Json) -> str:
    text = element.get("text", element.get("placeholder", ""))
    return text if isinstance(text, str) else text["text"]


class Life:
    """The bot with people and a clock: `heard` is what was said since it was called last."""

    def __init__(self, desk: Desk, app: App) -> None:
        """Begin with nothing said."""
        self.desk, self.app = desk, app
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

    async def press(self, action_id: str, *, text: str = "", **chosen: Any) -> list[Said]:
        """Press a button of the newest message that has it; returns what was said then."""
        message = next(
            each
            for each in reversed(list(self.desk.sandbox.slack.messages()))
            if f"'{action_id}'" in str(each.content) and text in each.content.text
        )
        found = await self.desk.sandbox.people.press(
            message, Press(user=ADMIN, action_id=action_id, chosen=chosen)
        )
        assert found["acked"], found
        await self.app.settle()
        return await self.live()

    def run(self, integration_id: str, outcome: str = "error") -> None:
        """Have a run begin that ends so after a second."""
        assert self.desk.sandbox.braze.run(integration_id, RunPlan(outcome=outcome, seconds=1))

    def option(self, action_id: str, place: int) -> Json:
        """An option of the newest menu."""
        for message in reversed(list(self.desk.sandbox.slack.messages())):
            for block in [*message.content.blocks, *_attached(message)]:
                for each in block.get("elements", []):
                    if each.get("action_id") == action_id:
                        option: Json = each["options"][place]
                        return option
        raise AssertionError(action_id)


@asynccontextmanager
async def life(folder: Path) -> AsyncIterator[Life]:
    """The bot, with one integration that is well and one that fails."""
    async with people.responder(folder) as desk:
        app = App(
            bot_token=desk.sandbox.slack_bot_token,
            app_token=desk.sandbox.slack_app_token,
            signing_secret=None,
            api_url=f"{desk.sandbox.url}/api/",
        )
        await app.identify()
        desk.listen(desk.responder_for(app))
        await app.connect()
        desk.add("Users", *["success"] * 5)
        desk.add("Orders", *["success"] * 5, "error")
        yield Life(desk, app)
        await app.drain(people.PATIENCE.total_seconds())
        await app.close()


async def test_measure(tmp_path: Path) -> None:
    """Print what is said."""
    async with life(tmp_path) as one:
        world = one.desk.sandbox.slack
        from dataclasses import replace
        here = world.channels[DATA_ALERTS]
        world.put_channel(replace(here, members=here.members | {ADMIN}))
        there = world.channels[MARKETING_OPS]
        world.put_channel(replace(there, members=there.members | {ADMIN}))
        users = next(e.config.integration_id for e in one.desk.sandbox.braze.integrations() if e.config.integration_name == "Users")

        def show(name, said):
            print(f"## {name}")
            for s in said:
                print(f"   {s.where:16} {s.lines:3} {s.letters:5}  {s.text[:150]}")
            if not said: print("   nothing")
        show("list", await one.type("list"))
        show("subscribe all", await one.type("subscribe all"))
        show("later", await one.live(20))
        show("subscribe again", await one.type("subscribe all"))
        show("subscribe with filters", await one.type("subscribe all rows:5"))
        show("subscribe pattern", await one.type("subscribe nosuch*"))
        show("unsubscribe pattern", await one.type("unsubscribe nosuch*"))
        show("subscribe one", await one.type("subscribe Users"))
        show("unsubscribe one", await one.type("unsubscribe Users"))
        show("unsubscribe none", await one.type("unsubscribe Users"))
        one.run(users); 
        show("failure", await one.live(70))
        show("ack button", await one.press("ack", text="Users"))
        show("ack again", await one.type("ack Users"))
        one.run(users, "success"); show("recovery", await one.live(70))
        one.run(users); show("failure", await one.live(70))
        show("ack command", await one.type("ack Users"))
        show("snooze command", await one.type("snooze Users 2h maintenance"))
        show("snooze again", await one.type("snooze Users 2h maintenance"))
        show("end snooze", await one.type("unsnooze Users"))
        show("end snooze again", await one.type("unsnooze Users"))
        show("snooze button", await one.press("snooze", text="Users", selected_option=one.option("snooze", 0)))
        one.run(users); show("failure in snooze", await one.live(70))
        one.desk.clock.advance(3600)
        show("snooze's own end", await one.live(70))
        show("sync ask", await one.type("sync Users"))
        show("sync", await one.press("sync"))
        show("sync end", await one.live(120))
        show("digest set", await one.type("digest daily 13:00"))
        show("digest again", await one.type("digest daily 13:00"))
        one.desk.clock.advance(24*3600)
        show("digest", await one.live(60))
        show("digest off", await one.type("digest off"))
        show("digest off again", await one.type("digest off"))
        show("language", await one.type("language ja"))
        show("language again", await one.type("language ja"))
        show("language default", await one.type("language default"))
        show("unsubscribe all", await one.type("unsubscribe all"))
        show("elsewhere", await one.type(f"subscribe all in:<#{DATA_ALERTS}|x>", channel=MARKETING_OPS))
        show("sync elsewhere", await one.type("sync Users", channel=MARKETING_OPS))
        show("sync", await one.press("sync"))
        show("sync end", await one.live(120))
