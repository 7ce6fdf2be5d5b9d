"""How people reach the bot: commands, buttons, the form, Home and what Slack tells, each before its use cases."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from cdi_bot.polling import Reach
from cdi_bot.services.channel_settings import ManageChannel
from cdi_bot.services.deliver import Deliverer
from cdi_bot.services.forms import Forms
from cdi_bot.services.home import Homes
from cdi_bot.services.lookup import Lookup
from cdi_bot.services.manage import Manage
from cdi_bot.services.observe import Observer
from cdi_bot.services.ports.store import Store
from cdi_bot.services.queries import Queries
from cdi_bot.services.rights import Rights
from cdi_bot.services.syncing import Syncing
from cdi_bot.settings import Settings
from cdi_bot.slack.actions import listen_to_actions
from cdi_bot.slack.bolt import Identity, SlackApp
from cdi_bot.slack.commands import Desk, listen_to_commands
from cdi_bot.slack.events import listen_to_events
from cdi_bot.slack.forms import FormDesk
from cdi_bot.slack.home import HomeTab
from cdi_bot.slack.memberships import SlackMemberships
from cdi_bot.slack.people import SlackPeople
from cdi_bot.slack.screens import Screens
from cdi_bot.slack.sender import SlackMessenger
from cdi_bot.slack.words import Words, languages


def open_to_people(
    settings: Settings,
    *,
    store: Store,
    slack: SlackApp,
    reached: Reach,
    observer: Observer,
    deliverer: Deliverer,
    messenger: SlackMessenger,
    identity: Identity,
    clock: Callable[[], datetime],
    wake: Callable[[], None],
) -> HomeTab:
    """Have everything answered that people of a Slack team do; returns Home, which wants to be told of changes."""
    braze, workspace = reached.braze, reached.workspace
    words = Words.load(settings.language)
    lookup = Lookup(store=store, observer=observer, workspace=workspace)
    memberships = SlackMemberships(slack.client, identity.team_id)
    people = SlackPeople(slack.client, identity.team_id)
    slack.on_person(people.met)
    rights = Rights(people=people, memberships=memberships, messenger=messenger, admins=settings.admins)
    manage = Manage(
        store=store,
        messenger=messenger,
        observer=observer,
        workspace=workspace,
        rights=rights,
        clock=clock,
        wake=wake,
    )
    channels = ManageChannel(
        store=store,
        messenger=messenger,
        workspace=workspace,
        rights=rights,
        languages=languages(),
        clock=clock,
        wake=wake,
    )
    queries = Queries(store=store, observer=observer, braze=braze, workspace=workspace, clock=clock)
    syncing = Syncing(
        store=store,
        braze=braze,
        workspace=workspace,
        rights=rights,
        lookup=lookup,
        clock=clock,
        wake=wake,
    )
    desk = Desk(
        slack=slack,
        manage=manage,
        syncing=syncing,
        queries=queries,
        channels=channels,
        rights=rights,
        people=people,
        words=words,
        clock=clock,
    )
    listen_to_commands(desk)
    listen_to_actions(desk)
    forms = Forms(
        store=store,
        workspace=workspace,
        manage=manage,
        channels=channels,
        messenger=messenger,
        lookup=lookup,
        rights=rights,
    )
    screens = Screens(slack.client)
    home = HomeTab(
        desk=desk,
        homes=Homes(store=store, workspace=workspace, clock=clock),
        memberships=memberships,
        screens=screens,
        clock=clock,
    )
    home.listen()
    FormDesk(desk=desk, forms=forms, screens=screens, changed=home.show_again).listen()
    listen_to_events(slack, deliverer.places, bot_user=identity.bot_user_id)
    slack.ignore_the_rest()
    return home
