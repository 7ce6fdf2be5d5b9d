"""What is typed after `/cdi`: read it, have a use case answer, give the answer to the one person."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, tzinfo
from typing import Any

import structlog

from cdi_bot.core.commands.channels import (
    SendSample,
    SetContacts,
    SetDigest,
    SetLanguage,
    ShowAudit,
    ShowSettings,
    UseWorkspace,
)
from cdi_bot.core.commands.escalation import SetEscalation
from cdi_bot.core.commands.hours import SetHours
from cdi_bot.core.commands.incidents import Acknowledge, RequestSync
from cdi_bot.core.commands.integration_settings import (
    SetCritical,
    SetOwner,
    SetRunbook,
    ShowIntegrationSettings,
)
from cdi_bot.core.commands.parser import depends_on_names, parse
from cdi_bot.core.commands.queries import ListIntegrations, ShowHelp, ShowStatus
from cdi_bot.core.commands.snoozes import EndSnooze, SetSnooze, ShowSnoozes
from cdi_bot.core.commands.specification import ChannelCommand, Command, Mistake
from cdi_bot.core.commands.subscriptions import PreviewSubscription, ShowSubscriptions, Subscribe, Unsubscribe
from cdi_bot.core.commands.workspaces import ManageWorkspaces
from cdi_bot.core.freshness_limit import has_zone, limit_in_zone
from cdi_bot.core.model.channel import Channel
from cdi_bot.core.model.subscription import Filters
from cdi_bot.delivery.slack_port import SlackTrouble
from cdi_bot.slack.api.app import SlackApp
from cdi_bot.slack.api.call import Json
from cdi_bot.slack.api.directory import SlackDirectory
from cdi_bot.slack.render.answers import name_channel, render_answer
from cdi_bot.slack.render.kit.blocks import Rendered
from cdi_bot.slack.render.kit.i18n import Translator, find_language
from cdi_bot.slack.render.kit.reasons import render_too_many, render_trouble
from cdi_bot.slack.render.preview import render_preview
from cdi_bot.slack.render.refusals import render_help, render_mistake
from cdi_bot.slack.render.workspaces import workspace_form
from cdi_bot.store import StoreTrouble
from cdi_bot.usecases.access import Access, posting_problem
from cdi_bot.usecases.answers import (
    Answer,
    ContactsSet,
    DigestSet,
    HoursSet,
    InEachWorkspace,
    LanguageSet,
    SubscriptionEnded,
    SubscriptionSet,
    SyncStarted,
)
from cdi_bot.usecases.base import TooManyChangesError
from cdi_bot.usecases.change_answers import (
    Acknowledged,
    EscalationSet,
    IntegrationSettingSet,
    SnoozeEnded,
    SnoozeSet,
    SwitchedOff,
)
from cdi_bot.usecases.channel_settings import ChangeChannelSettings
from cdi_bot.usecases.expected import MarkExpected
from cdi_bot.usecases.incidents import IncidentResponse
from cdi_bot.usecases.integration_settings import ChangeIntegrationSettings
from cdi_bot.usecases.preview import Preview, Previews
from cdi_bot.usecases.queries import Queries
from cdi_bot.usecases.sample_alert import SampleAlerts
from cdi_bot.usecases.snoozes import ChangeSnoozes
from cdi_bot.usecases.subscriptions import ChangeSubscriptions
from cdi_bot.usecases.workspace_answers import WorkspaceForm, WorkspaceSet
from cdi_bot.usecases.workspaces import ManageBrazeWorkspaces

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Responder:
    """Everything that answers people: shared by commands and buttons.

    It answers in the language of `i18n`; pictures, in which Slack shows no reader's own time, are in `zone`.
    With a `trigger_id` a window can be opened, for a moment.
    """

    slack: SlackApp
    subscriptions: ChangeSubscriptions
    incidents: IncidentResponse
    snoozes: ChangeSnoozes
    expected: MarkExpected
    queries: Queries
    channels: ChangeChannelSettings
    settings: ChangeIntegrationSettings
    previews: Previews
    workspaces: ManageBrazeWorkspaces
    samples: SampleAlerts
    access: Access
    directory: SlackDirectory
    i18n: Translator
    clock: Callable[[], datetime]
    zone: tzinfo = UTC
    trigger_id: str | None = None

    async def speaking_to(self, who: str) -> Responder:
        """Return the same responder, in the language and time zone of a person as far as Slack tells them."""
        person = await self.directory.person(who)
        i18n = Translator.load(person.language) if person.language else self.i18n
        return replace(self, i18n=i18n, zone=person.zone)

    async def answer_text(self, text: str, channel: Channel, who: str) -> Rendered | None:
        """Answer what was typed, whatever goes wrong; `None` where the channel shows everybody that it was done."""
        try:
            now, person = self.clock(), await self.directory.person(who)
            names = await self.queries.lookup.names(channel) if depends_on_names(text) else ()
            return await self.answer(parse(text, now=now.astimezone(person.zone), names=names), channel, who)
        except Exception as error:  # noqa: BLE001  # a person waits: every failure is answered
            return self.failed(error, command=text.split(" ", 1)[0], channel=channel.channel_id, user=who)

    async def answer(self, command: Command | Mistake, channel: Channel, who: str) -> Rendered | None:
        """Answer a command that was typed in a channel or chosen there. Raises `StoreTrouble` and `SlackTrouble`.

        Returns `None` where the channel shows everybody that it was done, or a window says more.
        """
        log.info("command", channel=channel.channel_id, user=who, command=type(command).__name__)
        if isinstance(command, Mistake):
            return render_mistake(command, self.i18n)
        there = channel_of(command, channel)
        refusal = await self.access.to_reach(who, there) if there != channel else None
        answer = refusal or await USE_CASES[type(command)](self, command, there, who)
        if answer is None:
            return None
        return await self.say_once(answer, there, read_in=channel, command=command)

    async def say_once(
        self, answer: Answer | Rendered, about: Channel, *, read_in: Channel, command: Command | None = None
    ) -> Rendered | None:
        """Put an answer about a channel into words, for who reads it in another or the same one.

        `None` where they see there what everybody is told; where the bot can't post there, nobody is told.
        """
        if about != read_in:
            return name_channel(about, self.say(answer, command=command), self.i18n)
        if isinstance(answer, Rendered) or not is_shown_in_channel(answer):
            return self.say(answer, command=command)
        is_hidden = await posting_problem(self.access.messenger, about) is not None
        return self.say(answer, command=command) if is_hidden else None

    async def in_zone_of(self, channel: Channel | None, who: str, filters: Filters) -> Filters:
        """The filters as a subscription of a channel would have them: a time of day in its zone, else the person's."""
        if not has_zone(filters.fresh):
            return filters
        zone = (await self.channels.show(channel)).zone if channel else None
        zone = zone or (await self.directory.person(who)).zone_name
        return replace(filters, fresh=limit_in_zone(filters.fresh, zone))

    def failed(self, error: Exception, **context: str) -> Rendered:
        """Log what went wrong, and say it in words fit for the person."""
        if isinstance(error, StoreTrouble | SlackTrouble):
            log.warning("not answered", why=str(error), **context)
            return render_trouble("store" if isinstance(error, StoreTrouble) else "slack", self.i18n)
        if isinstance(error, TooManyChangesError):
            log.info("not answered", why=str(error), **context)
            return render_too_many(error.until, self.i18n)
        log.error("answering failed", exc_info=error, **context)
        return render_trouble("failure", self.i18n)

    def say(self, answer: Answer | Rendered, *, command: Command | None = None) -> Rendered:
        """Put an answer into words; where several integrations match, each can be chosen for the `command`."""
        if isinstance(answer, Rendered):
            return answer
        return render_answer(answer, self.i18n, now=self.clock().astimezone(self.zone), command=command)


def is_shown_in_channel(answer: Answer) -> bool:
    """Whether the channel that an answer is about shows all of it to everybody: in a notice, or on a card."""
    match answer:
        case SubscriptionSet(trouble=None) | IntegrationSettingSet():
            return not (answer.unchanged or answer.nearest)
        case InEachWorkspace():
            return all(map(is_shown_in_channel, answer.answers))
        case SubscriptionEnded(still_covered_by=other) | SnoozeEnded(was_snoozed=True, still=other):
            return other is None
        case (
            ContactsSet()
            | SnoozeSet()
            | LanguageSet()
            | WorkspaceSet()
            | DigestSet()
            | HoursSet()
            | EscalationSet()
            | SwitchedOff()
        ):
            return not answer.unchanged
        case Acknowledged(is_shown=is_shown):
            return is_shown
        case _:
            return isinstance(answer, SyncStarted)


def channel_of(command: Command, here: Channel) -> Channel:
    """The channel that a command is about: the one that `in:` names, else the one it was typed in."""
    if isinstance(command, ChannelCommand) and command.channel_id:
        return replace(here, channel_id=command.channel_id)
    return here


async def _help(to: Responder, command: ShowHelp, _channel: Channel, _who: str) -> Rendered:
    return render_help(command.topic, to.i18n)


async def _status(to: Responder, command: ShowStatus, channel: Channel, who: str) -> Answer:
    if command.query is None:
        return await to.queries.overview(channel, failing=command.failing, who=who)
    scope = await to.queries.lookup.scope(command.query, channel, command.workspace_id)
    if scope.query == "all":
        ids = [each.workspace_id for each in scope.workspaces]
        return await to.queries.overview(channel, workspace_ids=ids)
    return await to.queries.history(channel, command.query, workspace_id=command.workspace_id)


async def _subscribe(to: Responder, command: Subscribe, channel: Channel, who: str) -> Answer:
    zone = (await to.directory.person(who)).zone_name
    return await to.subscriptions.subscribe(
        channel, who, command.selector, command.filters, workspace_id=command.workspace_id, zone=zone
    )


async def _preview(
    to: Responder, command: PreviewSubscription, channel: Channel, who: str
) -> Answer | Rendered:
    filters = await to.in_zone_of(channel, who, command.filters)
    found = await to.previews.preview(command.selector, filters, channel, workspace_id=command.workspace_id)
    return render_preview(found, to.i18n) if isinstance(found, Preview) else found


async def _snooze(to: Responder, command: SetSnooze, channel: Channel, who: str) -> Answer:
    zone = (await to.directory.person(who)).zone_name
    return await to.snoozes.snooze(channel, who, command, zone=zone)


async def _digest(to: Responder, command: SetDigest, channel: Channel, who: str) -> Answer:
    zone = command.zone or (await to.directory.person(who)).zone_name
    return await to.channels.set_digest(channel, who, command.schedule, zone)


async def _language(to: Responder, command: SetLanguage, channel: Channel, who: str) -> Answer:
    language = command.language and (find_language(command.language) or command.language)
    return await to.channels.set_language(channel, who, language)


async def _workspaces(to: Responder, command: ManageWorkspaces, channel: Channel, who: str) -> Answer | None:
    if command.do != "add":
        return await (
            to.workspaces.ask_removal(who, command.name) if command.name else to.workspaces.overview(who)
        )
    answer = await to.workspaces.form(who)
    if to.trigger_id is None or not isinstance(answer, WorkspaceForm) or not answer.can_store:
        return answer
    await to.slack.api.open_view(to.trigger_id, workspace_form(channel.channel_id, to.i18n))
    return None


UseCase = Callable[[Responder, Any, Channel, str], Awaitable[Answer | Rendered | None]]

USE_CASES: dict[type[Command], UseCase] = {
    ShowHelp: _help,
    ShowStatus: _status,
    ListIntegrations: lambda to, command, channel, _: to.queries.listing(
        channel, command.query, failing=command.failing, workspace_id=command.workspace_id
    ),
    Subscribe: _subscribe,
    PreviewSubscription: _preview,
    Unsubscribe: lambda to, command, channel, who: to.subscriptions.unsubscribe(
        channel, who, command.selector, workspace_id=command.workspace_id
    ),
    ShowSubscriptions: lambda to, _command, channel, _: to.queries.subscriptions(channel),
    Acknowledge: lambda to, command, channel, who: to.incidents.acknowledge(
        channel, who, command.query, workspace_id=command.workspace_id, to=command.to
    ),
    SetSnooze: _snooze,
    EndSnooze: lambda to, command, channel, who: to.snoozes.unsnooze(
        channel, who, command.selector, workspace_id=command.workspace_id
    ),
    ShowSnoozes: lambda to, _command, channel, _: to.snoozes.show(channel),
    RequestSync: lambda to, command, channel, who: to.incidents.ask_sync(
        channel, who, command.query, workspace_id=command.workspace_id
    ),
    SetDigest: _digest,
    SetLanguage: _language,
    UseWorkspace: lambda to, command, channel, who: to.channels.set_workspace(channel, who, command.name),
    SetEscalation: lambda to, command, channel, who: to.channels.set_escalation(
        channel, who, command.after, command.to
    ),
    SetHours: lambda to, command, channel, who: to.channels.set_hours(
        channel, who, command.hours, command.zone
    ),
    SetContacts: lambda to, command, channel, who: to.channels.set_contacts(
        channel, who, mention=command.mention
    ),
    SetOwner: lambda to, command, channel, who: to.settings.change(
        channel, who, command.selector, "owner", command.owner, workspace_id=command.workspace_id
    ),
    SetRunbook: lambda to, command, channel, who: to.settings.change(
        channel, who, command.selector, "runbook", command.runbook, workspace_id=command.workspace_id
    ),
    SetCritical: lambda to, command, channel, who: to.settings.change(
        channel,
        who,
        command.selector,
        "critical",
        "on" if command.critical else None,
        workspace_id=command.workspace_id,
    ),
    ShowIntegrationSettings: lambda to, _command, channel, _: to.settings.show(channel),
    SendSample: lambda to, _command, channel, who: to.samples.send(channel, who),
    ShowSettings: lambda to, _command, channel, _: to.channels.show(channel),
    ManageWorkspaces: _workspaces,
    ShowAudit: lambda to, _command, channel, _: to.queries.audit(channel),
}
"""Who answers each command."""


def register_commands(responder: Responder) -> None:
    """Answer `/cdi`."""

    async def cdi(body: Json) -> None:
        channel = responder.slack.channel(body["channel_id"])
        reader = replace(await responder.speaking_to(body["user_id"]), trigger_id=body.get("trigger_id"))
        answer = await reader.answer_text(body.get("text") or "", channel, body["user_id"])
        if answer is not None:
            await responder.slack.api.respond(body["response_url"], answer)

    responder.slack.on_command("/cdi", cdi)
