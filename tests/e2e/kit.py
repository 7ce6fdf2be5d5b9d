"""The real program before the stand-ins, and people who use it: every wait is for an event, with a limit."""

from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp

from cdi_bot.sandbox import Sandbox
from cdi_bot.sandbox.braze.integration import IntegrationConfig
from cdi_bot.sandbox.braze.runs import Run, RunPlan
from cdi_bot.sandbox.slack.payloads import Press
from cdi_bot.sandbox.slack.seed_data import DATA_ALERTS, MARA
from tests.program import Finished, Program, Started
from tests.reading import as_read

PATIENCE = 60  # seconds; on a busy machine everything takes many times as long

Json = dict[str, Any]


class System:
    """The whole system under test: a workspace in each stand-in, and the bot as a process."""

    def __init__(self, sandbox: Sandbox, program: Program, env: dict[str, str]) -> None:
        """Start nothing yet; `env` are the bot's settings."""
        self.sandbox, self.program = sandbox, program
        self.env = {"CDI_BOT_POLL_INTERVAL": "1", **env}
        self.bot: Started
        self.port = 0

    async def start(self, **more: str) -> Started:
        """Start the bot and wait until it says that it is ready."""
        await begin(self, **more)
        await self.bot.logged('"ready"')
        if "SLACK_APP_TOKEN" not in self.env:
            self.sandbox.slack.request_url = f"http://127.0.0.1:{self.port}/slack/events"
        return self.bot

    async def stop(self, name: signal.Signals = signal.SIGTERM) -> Finished:
        """Have the bot end, which it must do well and in time, without a secret in what it printed."""
        async with asyncio.timeout(10):
            finished = await self.bot.end(name)
        assert finished.code == 0, finished.err
        self.assert_discreet(finished.out + finished.err)
        return finished

    def assert_discreet(self, printed: str) -> None:
        """Fail if a secret was printed."""
        secrets = ("slack_bot_token", "slack_app_token", "slack_signing_secret", "braze_api_key")
        assert not [name for name in secrets if getattr(self.sandbox, name) in printed]

    # ------------------------------------------------------------------------------------- what happens in Braze

    def create(self, name: str, **more: Any) -> str:
        """Add an integration without a schedule; returns its id."""
        return self.sandbox.braze.create(
            IntegrationConfig(integration_name=name, **more)
        ).config.integration_id

    def id_of(self, name: str) -> str:
        """The id of the integration of that name."""
        return next(
            each.config.integration_id
            for each in self.sandbox.braze.integrations()
            if each.config.integration_name == name
        )

    def run(self, integration_id: str, outcome: str = "error", **more: Any) -> None:
        """Have a run begin that ends so at once."""
        assert self.sandbox.braze.run(integration_id, RunPlan(outcome=outcome, seconds=0.05, **more))

    def put_history(self, integration_id: str, *statuses: str, ago: float = 0) -> None:
        """Add runs that ended in the past, oldest first, ten seconds apart, the newest so many seconds ago."""
        now = datetime.now(UTC) - timedelta(seconds=ago)
        runs = []
        for place, status in enumerate(statuses):
            start = now - timedelta(seconds=10 * (len(statuses) - place))
            runs.append(Run(status=status, start=start, finish=start + timedelta(seconds=5), rows_synced=7))
        self.sandbox.braze.put_history(integration_id, runs)

    # ------------------------------------------------------------------------------------- what people do and see

    async def type(self, text: str, channel: str = DATA_ALERTS, user: str = MARA) -> Json:
        """Type `/cdi text`; returns the answer that only this person sees, or what the channel is told of them."""
        before = {each["id"]: each for each in self.messages(channel)}
        told = await self.sandbox.people.command(channel, user, text)
        assert told["acked"], told
        return await self.seen(lambda each: _answers(each, user, before), channel)

    async def say(self, text: str, channel: str = DATA_ALERTS, user: str = MARA) -> Json:
        """Say something to the bot; returns its answer."""
        before = {each["id"] for each in self.messages(channel)}
        told = await self.sandbox.people.say(channel, user, text)
        assert told["event"]["acked"], told
        said = told["message"]["id"]
        return await self.seen(lambda each: each["id"] not in {*before, said}, channel)

    async def press(self, message: Json, action_id: str, **chosen: Any) -> Json:
        """Press a button of a message; returns the answer that only Mara sees, or what the channel is told of her."""
        before = {each["id"]: each for each in self.messages(message["channel"])}
        found = self.sandbox.slack.by_id(message["id"])
        told = await self.sandbox.people.press(found, Press(user=MARA, action_id=action_id, chosen=chosen))
        assert told["acked"], told
        return await self.seen(lambda each: _answers(each, MARA, before), message["channel"])

    def messages(self, channel: str = DATA_ALERTS) -> list[Json]:
        """Everything in a channel, threads and ephemerals included."""
        return [
            as_read(each) for each in self.sandbox.slack.snapshot()["messages"] if each["channel"] == channel
        ]

    def public(self, channel: str = DATA_ALERTS) -> list[Json]:
        """What everybody in a channel sees."""
        return [each for each in self.messages(channel) if not each["ephemeral"]]

    async def seen(self, fits: Callable[[Json], bool], channel: str = DATA_ALERTS) -> Json:
        """Wait for a message that fits, as it then is."""
        events = self.sandbox.events()
        try:
            async with asyncio.timeout(PATIENCE):
                while True:
                    for each in self.messages(channel):
                        if fits(each):
                            return each
                    await anext(events)
        except TimeoutError:
            raise AssertionError([each["text"] for each in self.messages(channel)]) from None
        finally:
            events.close()

    async def alert(self, name: str, channel: str = DATA_ALERTS) -> Json:
        """Wait for the card of an integration that fails."""
        return await self.seen(lambda each: is_alert(each, name), channel)

    async def polled(self, times: int = 3) -> None:
        """Wait until Braze was asked so many times more."""
        wanted = len(self.sandbox.braze.requests) + times
        await self.until(lambda: len(self.sandbox.braze.requests) >= wanted)

    async def until(self, true: Callable[[], bool]) -> None:
        """Wait for something that no event tells of."""
        async with asyncio.timeout(PATIENCE):
            while not true():  # noqa: ASYNC110  # what the other process asks of Braze is no event of the stream
                await asyncio.sleep(0.02)


async def readiness(system: System) -> tuple[int, list[str]]:
    """What `/readyz` says."""
    address = f"http://127.0.0.1:{system.port}/readyz"
    async with aiohttp.ClientSession() as session, session.get(address) as answer:
        told: dict[str, Any] = await answer.json()
        return answer.status, told["reasons"]


async def begin(system: System, **more: str) -> None:
    """Start the bot, and wait only until it listens."""
    system.bot = await system.program.start("run", env={**system.env, **more})
    system.port = json.loads(await system.bot.logged('"listening"'))["port"]


def is_alert(message: Json, name: str) -> bool:
    """Whether it is a card about this integration that can be acknowledged."""
    return not message["ephemeral"] and name in message["text"] and '"ack"' in json.dumps(message["blocks"])


def _answers(message: Json, user: str, before: dict[str, Json]) -> bool:
    """Whether a message is new or changed, and for this person alone or about them."""
    is_new = before.get(message["id"]) != message
    return is_new and (bool(message["ephemeral"]) or says(message, f"<@{user}>"))


def says(message: Json, query: str) -> bool:
    """Whether a message says these words anywhere."""
    return query in message["text"] or query in json.dumps(message["blocks"], ensure_ascii=False)
