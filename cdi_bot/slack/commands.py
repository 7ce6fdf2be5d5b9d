"""What is typed after `/cdi`: read it, have a service answer, say the answer to the one person."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, tzinfo

import structlog

from cdi_bot.core.commands import (
    Ack,
    Command,
    Help,
    ListIntegrations,
    Mistake,
    SetDigest,
    SetLanguage,
    ShowAudit,
    ShowSettings,
    ShowSubscriptions,
    Snooze,
    Status,
    Subscribe,
    Sync,
    Unsnooze,
    Unsubscribe,
    parse,
)
from cdi_bot.core.model import Channel
from cdi_bot.core.retyping import with_id
from cdi_bot.services.answers import Answer
from cdi_bot.services.channel_settings import ManageChannel
from cdi_bot.services.manage import Manage
from cdi_bot.services.ports.slack import SlackTrouble
from cdi_bot.services.ports.store import StoreTrouble
from cdi_bot.services.queries import Queries
from cdi_bot.services.rights import Rights
from cdi_bot.services.syncing import Syncing
from cdi_bot.slack.answers import about, render_answer
from cdi_bot.slack.blocks import Rendered
from cdi_bot.slack.bolt import Json, SlackApp
from cdi_bot.slack.help import render_help, render_mistake, render_trouble
from cdi_bot.slack.people import SlackPeople
from cdi_bot.slack.respond import respond
from cdi_bot.slack.words import Words, spoken

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Everything that answers people: shared by commands and buttons.

    It answers in the language of `words`; pictures, in which Slack shows no reader's own time, are in `zone`.
    """

    slack: SlackApp
    manage: Manage
    syncing: Syncing
    queries: Queries
    channels: ManageChannel
    rights: Rights
    people: SlackPeople
    words: Words
    clock: Callable[[], datetime]
    zone: tzinfo = UTC

    async def speaking_to(self, who: str) -> Desk:
        """Return the same desk, answering in the language and time zone of a person as far as Slack tells them."""
        person = await self.people.person(who)
        words = Words.load(person.language) if person.language else self.words
        return replace(self, words=words, zone=person.zone)

    async def carry_out(self, command: Command, here: Channel, who: str) -> Answer | Rendered:
        """Have the service for a command answer. Raises `StoreTrouble` and `SlackTrouble`."""
        if isinstance(command, Help):
            return render_help(command.unknown, command.nearest, self.words)
        if isinstance(command, Mistake):
            return render_mistake(command, self.words)
        channel = place_of(command, here)
        refusal = await self.rights.to_reach(who, channel) if channel != here else None
        if refusal:
            return refusal
        if isinstance(command, SetDigest | SetLanguage):
            return await self._set(command, channel, who)
        if isinstance(command, Status | ListIntegrations | ShowSubscriptions | ShowSettings | ShowAudit):
            return await self._question(command, channel)
        return await self._change(command, channel, who)

    async def _question(
        self,
        command: Status | ListIntegrations | ShowSubscriptions | ShowSettings | ShowAudit,
        channel: Channel,
    ) -> Answer:
        match command:
            case ShowSubscriptions():
                return await self.queries.subscriptions(channel)
            case ShowSettings():
                return await self.channels.show(channel)
            case ShowAudit():
                return await self.queries.audit(channel)
            case ListIntegrations(words=words):
                return await self.queries.listing(channel, words)
            case Status(words=words):
                if words is None:
                    return await self.queries.overview(channel)
                return await self.queries.history(channel, words)

    async def _set(self, command: SetDigest | SetLanguage, channel: Channel, who: str) -> Answer:
        if isinstance(command, SetLanguage):
            named = command.language
            return await self.channels.set_language(channel, who, (spoken(named) or named) if named else None)
        zone = command.zone or (await self.people.person(who)).zone_name
        return await self.channels.set_digest(channel, who, command.schedule, zone)

    async def _change(
        self,
        command: Subscribe | Unsubscribe | Ack | Snooze | Unsnooze | Sync,
        channel: Channel,
        who: str,
    ) -> Answer:
        match command:
            case Subscribe(selector=selector, filters=filters):
                return await self.manage.subscribe(channel, who, selector, filters)
            case Unsubscribe(selector=selector):
                return await self.manage.unsubscribe(channel, who, selector)
            case Ack(words=words):
                return await self.manage.acknowledge(channel, who, words)
            case Snooze(words=words, until=until, reason=reason):
                return await self.manage.snooze(channel, who, words, until, reason)
            case Unsnooze(words=words):
                return await self.manage.unsnooze(channel, who, words)
            case Sync(words=words):
                return await self.syncing.ask(who, words)

    async def answer_text(self, text: str, channel: Channel, who: str) -> Rendered:
        """Answer what was typed, whatever goes wrong."""
        bound = log.bind(channel=channel.channel_id, user=who)
        try:
            now = self.clock()
            person = await self.people.person(who)
            command = parse(text, now=now.astimezone(person.zone))
            bound.info("command", command=type(command).__name__)
            said = self.say(await self.carry_out(command, channel, who), command=with_id(command))
            there = place_of(command, channel)
            return said if there == channel else about(there, said, self.words)
        except Exception as error:  # noqa: BLE001  # a person waits: every failure is answered
            return self.failed(error, command=text.split(" ", 1)[0], channel=channel.channel_id, user=who)

    def failed(self, error: Exception, **about: str) -> Rendered:
        """Log what went wrong, and say it in words fit for the person."""
        if isinstance(error, StoreTrouble | SlackTrouble):
            log.warning("not answered", why=str(error), **about)
            return render_trouble("store" if isinstance(error, StoreTrouble) else "slack", self.words)
        log.error("answering failed", exc_info=error, **about)
        return render_trouble("failure", self.words)

    def say(self, answer: Answer | Rendered, *, command: str = "status {id}") -> Rendered:
        """Put an answer into words."""
        if isinstance(answer, Rendered):
            return answer
        return render_answer(answer, self.words, now=self.clock().astimezone(self.zone), command=command)


def place_of(command: Command, here: Channel) -> Channel:
    """The channel that a command is about: the one that `in:` names, else the one it was typed in."""
    place = getattr(command, "place", None)
    return replace(here, channel_id=place) if place else here


def listen_to_commands(desk: Desk) -> None:
    """Answer `/cdi`."""

    async def cdi(body: Json) -> None:
        channel = Channel(team_id=body["team_id"], channel_id=body["channel_id"])
        reader = await desk.speaking_to(body["user_id"])
        answer = await reader.answer_text(body.get("text") or "", channel, body["user_id"])
        await respond(desk.slack.session, body["response_url"], answer)

    desk.slack.on_command("/cdi", cdi)
