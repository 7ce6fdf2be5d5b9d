"""Registers a handler for everything that Slack sends: commands, buttons, the form, Home and events."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from cdi_bot.delivery.channel_health import ChannelHealth
from cdi_bot.slack.api.app import SlackApp
from cdi_bot.slack.api.views import SlackViews
from cdi_bot.slack.handlers.actions import register_actions
from cdi_bot.slack.handlers.commands import Responder, register_commands
from cdi_bot.slack.handlers.events import register_events
from cdi_bot.slack.handlers.forms import FormHandlers
from cdi_bot.slack.handlers.home import HomeTab
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
    register_actions(responder)
    views = SlackViews(slack.api)
    home = HomeTab(responder=responder, homes=homes, views=views, clock=clock)
    home.listen()
    FormHandlers(responder=responder, forms=forms, views=views, changed=home.show_again).listen()
    register_events(slack, channel_health)
    slack.ignore_the_rest()
    return home
