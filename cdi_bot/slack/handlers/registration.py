"""Registers a handler for everything that Slack sends: commands, buttons, the form, Home and events."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime

from cdi_bot.delivery.channel_health import REVOKED, UNINSTALLED, ChannelHealth
from cdi_bot.slack.api.app import SlackApp
from cdi_bot.slack.api.call import Json
from cdi_bot.slack.handlers.actions import register_actions
from cdi_bot.slack.handlers.commands import Responder, register_commands
from cdi_bot.slack.handlers.forms import FormHandlers
from cdi_bot.slack.handlers.home import HomeTab
from cdi_bot.slack.handlers.integration_settings import IntegrationSettingsForms
from cdi_bot.slack.handlers.messages import register_messages
from cdi_bot.slack.handlers.snoozes import SnoozeForms
from cdi_bot.slack.handlers.workspaces import WorkspaceForms
from cdi_bot.usecases.home import HomeQueries
from cdi_bot.usecases.subscription_form import SubscriptionForms


def register_handlers(
    responder: Responder,
    *,
    forms: SubscriptionForms,
    homes: HomeQueries,
    channel_health: ChannelHealth,
    clock: Callable[[], datetime],
) -> HomeTab:
    """Have everything answered that people of the Slack team do; returns Home, which is to be told of changes."""
    slack: SlackApp = responder.slack
    slack.on_person(responder.directory.met)
    register_commands(responder)
    register_messages(responder)
    register_actions(responder)
    home = HomeTab(responder=responder, homes=homes, clock=clock)
    home.listen()
    FormHandlers(responder=responder, forms=forms, changed=home.show_again).listen()
    SnoozeForms(responder=responder).listen()
    IntegrationSettingsForms(responder=responder, changed=home.show_again).listen()
    WorkspaceForms(responder=responder).listen()
    register_events(slack, channel_health, moved=home.moved)
    return home


_CHANNELS = tuple(
    f"{kind}_{word}" for kind in ("channel", "group") for word in ("archive", "unarchive", "deleted", "left")
)
_MEMBERS = ("member_joined_channel", "member_left_channel")


def register_events(
    slack: SlackApp, channel_health: ChannelHealth, *, moved: Callable[[str], Awaitable[None]]
) -> None:
    """Look at each channel that Slack tells something of, and take note of the app's removal.

    A channel is looked at for whichever installation the event was sent: of those that share the channel, Slack names
    one only. `moved` is told of each person who has joined or left a channel.
    """

    async def channel(body: Json) -> None:
        await channel_health.check(slack.channel(body["event"]["channel"]))

    async def member(body: Json) -> None:
        if body["event"]["user"] == slack.identity.bot_user_id:
            await channel(body)
        else:
            await moved(body["event"]["user"])

    async def uninstalled(body: Json) -> None:
        if slack.identity.owns(body):
            await channel_health.app_removed(UNINSTALLED)

    async def revoked(body: Json) -> None:
        if slack.identity.bot_user_id in (body["event"].get("tokens") or {}).get("bot", ()):
            await channel_health.app_removed(REVOKED)

    for kind in _CHANNELS:
        slack.on_event(kind, channel)
    for kind in _MEMBERS:
        slack.on_event(kind, member)
    slack.on_event("app_uninstalled", uninstalled)
    slack.on_event("tokens_revoked", revoked)
