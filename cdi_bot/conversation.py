"""How people reach the bot: commands, buttons, the form, Home and what Slack tells, each before its use cases."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from cdi_bot.delivery.dispatcher import Dispatcher
from cdi_bot.monitoring.poller import Poller
from cdi_bot.polling import WorkspaceClient
from cdi_bot.settings.environment import Settings
from cdi_bot.slack.api.app import Identity, SlackApp
from cdi_bot.slack.api.memberships import SlackMemberships
from cdi_bot.slack.api.messenger import SlackMessenger
from cdi_bot.slack.api.people import SlackPeople
from cdi_bot.slack.api.views import SlackViews
from cdi_bot.slack.handlers.actions import register_actions
from cdi_bot.slack.handlers.commands import Responder, register_commands
from cdi_bot.slack.handlers.events import register_events
from cdi_bot.slack.handlers.forms import FormHandlers
from cdi_bot.slack.handlers.home import HomeTab
from cdi_bot.slack.render.kit.i18n import Translator, languages
from cdi_bot.store import Store
from cdi_bot.usecases.access import Access
from cdi_bot.usecases.channel_settings import ChangeChannelSettings
from cdi_bot.usecases.home import HomeQueries
from cdi_bot.usecases.incidents import IncidentResponse
from cdi_bot.usecases.lookup import Lookup
from cdi_bot.usecases.queries import Queries
from cdi_bot.usecases.subscription_form import SubscriptionForms
from cdi_bot.usecases.subscriptions import ChangeSubscriptions
from cdi_bot.usecases.sync import SyncRequests


def register_handlers(
    settings: Settings,
    *,
    store: Store,
    slack: SlackApp,
    reached: WorkspaceClient,
    observer: Poller,
    dispatcher: Dispatcher,
    messenger: SlackMessenger,
    identity: Identity,
    clock: Callable[[], datetime],
    wake: Callable[[], None],
) -> HomeTab:
    """Have everything answered that people of a Slack team do; returns Home, which wants to be told of changes."""
    braze, workspace = reached.braze, reached.workspace
    i18n = Translator.load(settings.language)
    lookup = Lookup(store=store, poller=observer, workspace=workspace)
    memberships = SlackMemberships(slack.client, identity.team_id)
    people = SlackPeople(slack.client, identity.team_id)
    slack.on_person(people.met)
    access = Access(people=people, memberships=memberships, messenger=messenger, admins=settings.admins)
    subscriptions = ChangeSubscriptions(
        store=store,
        messenger=messenger,
        poller=observer,
        workspace=workspace,
        access=access,
        lookup=lookup,
        clock=clock,
        wake=wake,
    )
    incidents = IncidentResponse(
        store=store,
        workspace=workspace,
        access=access,
        lookup=lookup,
        clock=clock,
        wake=wake,
    )
    channels = ChangeChannelSettings(
        store=store,
        messenger=messenger,
        workspace=workspace,
        access=access,
        languages=languages(),
        clock=clock,
        wake=wake,
    )
    queries = Queries(store=store, poller=observer, braze=braze, workspace=workspace, clock=clock)
    syncs = SyncRequests(
        store=store,
        braze=braze,
        workspace=workspace,
        access=access,
        lookup=lookup,
        clock=clock,
        wake=wake,
    )
    responder = Responder(
        slack=slack,
        subscriptions=subscriptions,
        incidents=incidents,
        syncs=syncs,
        queries=queries,
        channels=channels,
        access=access,
        people=people,
        i18n=i18n,
        clock=clock,
    )
    register_commands(responder)
    register_actions(responder)
    forms = SubscriptionForms(
        store=store,
        workspace=workspace,
        subscriptions=subscriptions,
        channels=channels,
        messenger=messenger,
        lookup=lookup,
        access=access,
    )
    screens = SlackViews(slack.client)
    home = HomeTab(
        responder=responder,
        homes=HomeQueries(store=store, workspace=workspace, clock=clock),
        memberships=memberships,
        screens=screens,
        clock=clock,
    )
    home.listen()
    FormHandlers(responder=responder, forms=forms, screens=screens, changed=home.show_again).listen()
    register_events(slack, dispatcher.places, bot_user=identity.bot_user_id)
    slack.ignore_the_rest()
    return home
