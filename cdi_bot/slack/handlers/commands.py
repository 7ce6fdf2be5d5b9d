"""What is typed after `/cdi`: read it, have a service answer, say the answer to the one person."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, tzinfo

import structlog

from cdi_bot.core.commands.command import (
    Acknowledge,
    Command,
    EndSnooze,
    ListIntegrations,
    Mistake,
    RequestSync,
    SetDigest,
    SetLanguage,
    SetSnooze,
    ShowAudit,
    ShowHelp,
    ShowSettings,
    ShowStatus,
    ShowSubscriptions,
    Subscribe,
    Unsubscribe,
)
from cdi_bot.core.commands.parser import parse
from cdi_bot.core.commands.printing import with_id
from cdi_bot.core.model.channel import Channel
from cdi_bot.delivery.slack_port import SlackTrouble
from cdi_bot.slack.api.app import Json, SlackApp
from cdi_bot.slack.api.people import SlackPeople
from cdi_bot.slack.api.respond import respond
from cdi_bot.slack.render.answers.answer import name_channel, render_answer
from cdi_bot.slack.render.answers.help import render_help, render_mistake, render_trouble
from cdi_bot.slack.render.kit.blocks import Rendered
from cdi_bot.slack.render.kit.i18n import Translator, find_language
from cdi_bot.store import StoreTrouble
from cdi_bot.usecases.access import Access
from cdi_bot.usecases.answers import Answer
from cdi_bot.usecases.channel_settings import ChangeChannelSettings
from cdi_bot.usecases.manage import Manage
from cdi_bot.usecases.queries import Queries
from cdi_bot.usecases.sync import SyncRequests

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Responder:
    """Everything that answers people: shared by commands and buttons.

    It answers in the language of `words`; pictures, in which Slack shows no reader's own time, are in `zone`.
    """

    slack: SlackApp
    manage: Manage
    syncs: SyncRequests
    queries: Queries
    channels: ChangeChannelSettings
    access: Access
    people: SlackPeople
    i18n: Translator
    clock: Callable[[], datetime]
    zone: tzinfo = UTC

    async def speaking_to(self, who: str) -> Responder:
        """Return the same desk, answering in the language and time zone of a person as far as Slack tells them."""
        person = await self.people.person(who)
        i18n = Translator.load(person.language) if person.language else self.i18n
        return replace(self, i18n=i18n, zone=person.zone)

    async def carry_out(self, command: Command, here: Channel, who: str) -> Answer | Rendered:
        """Have the service for a command answer. Raises `StoreTrouble` and `SlackTrouble`."""
        if isinstance(command, ShowHelp):
            return render_help(command.unknown, command.nearest, self.i18n)
        if isinstance(command, Mistake):
            return render_mistake(command, self.i18n)
        channel = channel_of(command, here)
        refusal = await self.access.to_reach(who, channel) if channel != here else None
        if refusal:
            return refusal
        if isinstance(command, SetDigest | SetLanguage):
            return await self._set(command, channel, who)
        if isinstance(command, ShowStatus | ListIntegrations | ShowSubscriptions | ShowSettings | ShowAudit):
            return await self._question(command, channel)
        return await self._change(command, channel, who)

    async def _question(
        self,
        command: ShowStatus | ListIntegrations | ShowSubscriptions | ShowSettings | ShowAudit,
        channel: Channel,
    ) -> Answer:
        match command:
            case ShowSubscriptions():
                return await self.queries.subscriptions(channel)
            case ShowSettings():
                return await self.channels.show(channel)
            case ShowAudit():
                return await self.queries.audit(channel)
            case ListIntegrations(query=query):
                return await self.queries.listing(channel, query)
            case ShowStatus(query=query):
                if query is None:
                    return await self.queries.overview(channel)
                return await self.queries.history(channel, query)

    async def _set(self, command: SetDigest | SetLanguage, channel: Channel, who: str) -> Answer:
        if isinstance(command, SetLanguage):
            named = command.language
            return await self.channels.set_language(
                channel, who, (find_language(named) or named) if named else None
            )
        zone = command.zone or (await self.people.person(who)).zone_name
        return await self.channels.set_digest(channel, who, command.schedule, zone)

    async def _change(
        self,
        command: Subscribe | Unsubscribe | Acknowledge | SetSnooze | EndSnooze | RequestSync,
        channel: Channel,
        who: str,
    ) -> Answer:
        match command:
            case Subscribe(selector=selector, filters=filters):
                return await self.manage.subscribe(channel, who, selector, filters)
            case Unsubscribe(selector=selector):
                return await self.manage.unsubscribe(channel, who, selector)
            case Acknowledge(query=query):
                return await self.manage.acknowledge(channel, who, query)
            case SetSnooze(query=query, until=until, reason=reason):
                return await self.manage.snooze(channel, who, query, until, reason)
            case EndSnooze(query=query):
                return await self.manage.unsnooze(channel, who, query)
            case RequestSync(query=query):
                return await self.syncs.ask(who, query)

    async def answer_text(self, text: str, channel: Channel, who: str) -> Rendered:
        """Answer what was typed, whatever goes wrong."""
        bound = log.bind(channel=channel.channel_id, user=who)
        try:
            now = self.clock()
            person = await self.people.person(who)
            command = parse(text, now=now.astimezone(person.zone))
            bound.info("command", command=type(command).__name__)
            said = self.say(await self.carry_out(command, channel, who), command=with_id(command))
            there = channel_of(command, channel)
            return said if there == channel else name_channel(there, said, self.i18n)
        except Exception as error:  # noqa: BLE001  # a person waits: every failure is answered
            return self.failed(error, command=text.split(" ", 1)[0], channel=channel.channel_id, user=who)

    def failed(self, error: Exception, **name_channel: str) -> Rendered:
        """Log what went wrong, and say it in words fit for the person."""
        if isinstance(error, StoreTrouble | SlackTrouble):
            log.warning("not answered", why=str(error), **name_channel)
            return render_trouble("store" if isinstance(error, StoreTrouble) else "slack", self.i18n)
        log.error("answering failed", exc_info=error, **name_channel)
        return render_trouble("failure", self.i18n)

    def say(self, answer: Answer | Rendered, *, command: str = "status {id}") -> Rendered:
        """Put an answer into words."""
        if isinstance(answer, Rendered):
            return answer
        return render_answer(answer, self.i18n, now=self.clock().astimezone(self.zone), command=command)


def channel_of(command: Command, here: Channel) -> Channel:
    """The channel that a command is about: the one that `in:` names, else the one it was typed in."""
    place = getattr(command, "place", None)
    return replace(here, channel_id=place) if place else here


def register_commands(responder: Responder) -> None:
    """Answer `/cdi`."""

    async def cdi(body: Json) -> None:
        channel = Channel(team_id=body["team_id"], channel_id=body["channel_id"])
        reader = await responder.speaking_to(body["user_id"])
        answer = await reader.answer_text(body.get("text") or "", channel, body["user_id"])
        await respond(responder.slack.session, body["response_url"], answer)

    responder.slack.on_command("/cdi", cdi)
