"""The only wiring: builds everything that works together, for the program, the tests' rigs and the benchmarks alike."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any, TypeVar

from cdi_bot.clock import WatchedClock
from cdi_bot.core.model.channel import Channel
from cdi_bot.core.model.integration import Workspace
from cdi_bot.core.replay.replay import ReplaySettings
from cdi_bot.delivery.clusters import ClusterUpdates
from cdi_bot.delivery.contacts import Contacts
from cdi_bot.delivery.digests import Digests
from cdi_bot.delivery.dispatcher import Dispatcher
from cdi_bot.delivery.escalations import Escalations
from cdi_bot.delivery.hours import ChannelHours
from cdi_bot.delivery.slack_port import Directory, Messenger
from cdi_bot.delivery.snoozes import SnoozeTimes
from cdi_bot.delivery.store_health import StoreHealth
from cdi_bot.delivery.view_builder import ViewBuilder
from cdi_bot.holder import Holder
from cdi_bot.item_troubles import ItemTroubles
from cdi_bot.monitoring.braze_port import Braze, KeylessBraze
from cdi_bot.monitoring.poller import PollerSettings
from cdi_bot.monitoring.retention import Cleanup
from cdi_bot.monitoring.workspaces import WatchedWorkspaces, watch_workspace
from cdi_bot.operator.metrics import Metrics
from cdi_bot.settings.environment import BrazeSettings, DatabaseSettings, Settings, variable
from cdi_bot.slack.render.kit.i18n import languages
from cdi_bot.store import Store
from cdi_bot.store.secret_keys import KeyLostError, SecretKeys
from cdi_bot.usecases.access import Access
from cdi_bot.usecases.base import UseCases
from cdi_bot.usecases.channel_settings import ChangeChannelSettings
from cdi_bot.usecases.expected import MarkExpected
from cdi_bot.usecases.home import HomeQueries
from cdi_bot.usecases.incidents import IncidentResponse
from cdi_bot.usecases.integration_settings import ChangeIntegrationSettings
from cdi_bot.usecases.lookup import Lookup
from cdi_bot.usecases.preview import Previews
from cdi_bot.usecases.queries import Queries
from cdi_bot.usecases.sample_alert import SampleAlerts
from cdi_bot.usecases.snoozes import ChangeSnoozes
from cdi_bot.usecases.subscription_form import SubscriptionForms
from cdi_bot.usecases.subscriptions import ChangeSubscriptions
from cdi_bot.usecases.workspaces import ManageBrazeWorkspaces

Clock = Callable[[], datetime]
Work = Callable[[], Coroutine[Any, Any, None]]

Reach = Callable[[Workspace, str], Braze]
"""Makes the client of a workspace with this key."""

Cases = TypeVar("Cases", bound=UseCases)
Timed = TypeVar("Timed")

INTERVALS = {
    "beat": 1.0,
    "watch": 0.3,
    "workspaces": 2.0,
    "observe": 0.5,
    "deliver": 1.0,
    "follow": 2.0,
    "remind": 5.0,
    "conditions": 5.0,
    "digest": 5.0,
    "escalate": 2.0,
    "hours": 2.0,
    "contacts": 15.0,
    "snoozes": 2.0,
    "clusters": 5.0,
    "look": 60.0,
    "database": 5.0,
    "forget": 1.0,
    "fill": 1.0,
    "home": 1.0,
    "heartbeat": 60.0,
}
"""What runs how often, in seconds; the one place that says so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Adapters:
    """How the program reaches what is outside of it: real, or simulated.

    `workspaces` are the Braze workspaces that the settings name, each with its client; `reach` makes the client of one
    that was added in chat. `team_id` is the Slack team of the app, `team_url` its address on the web. `sleep` waits for
    seconds, `random` gives 0 to 1 for jitter. By `seconds`, which nobody sets, a step of the clock is noticed.
    """

    store: Store
    holder: Holder
    workspaces: Sequence[tuple[Workspace, Braze]]
    reach: Reach
    messenger: Messenger
    directory: Directory
    team_id: str
    team_url: str | None = None
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    random: Callable[[], float] = random.random
    seconds: Callable[[], float] | None = None
    metrics: Metrics = field(default_factory=Metrics)
    dashboard_of: Callable[[str], str | None] = lambda _base_url: None


@dataclass(frozen=True, slots=True, kw_only=True)
class App:
    """Everything that works together. `on_wake` is called whenever messages may be owed or something has changed."""

    holder: Holder
    workspaces: WatchedWorkspaces
    dispatcher: Dispatcher
    digests: Digests
    escalations: Escalations
    hours: ChannelHours
    contacts: Contacts
    snooze_times: SnoozeTimes
    clusters: ClusterUpdates
    store_health: StoreHealth
    retention: Cleanup
    access: Access
    lookup: Lookup
    subscriptions: ChangeSubscriptions
    incidents: IncidentResponse
    snoozes: ChangeSnoozes
    expected: MarkExpected
    channels: ChangeChannelSettings
    settings: ChangeIntegrationSettings
    queries: Queries
    previews: Previews
    samples: SampleAlerts
    forms: SubscriptionForms
    homes: HomeQueries
    manage_workspaces: ManageBrazeWorkspaces
    on_wake: list[Callable[[], None]]

    def recurring(self) -> dict[str, Work]:
        """What runs again and again, by the names in `INTERVALS`; `cli/run.py` adds Home and the heartbeat."""
        return {
            "beat": self.holder.beat,
            "watch": self.holder.watch,
            "workspaces": self.workspaces.refresh,
            "observe": self.workspaces.poll,
            "deliver": self._deliver,
            "follow": self.workspaces.follow_syncs,
            "remind": self.workspaces.remind,
            "conditions": self.workspaces.evaluate,
            "digest": self.digests.tick,
            "escalate": self.escalations.tick,
            "hours": self.hours.tick,
            "contacts": self.contacts.tick,
            "snoozes": self.snooze_times.tick,
            "clusters": self.clusters.tick,
            "look": self.dispatcher.channel_health.check_broken,
            "database": self.store_health.tick,
            "forget": self.retention.tick,
            "fill": self.workspaces.fill_pasts,
        }

    def hanging(self) -> list[str]:
        """The names of what has not come to its end for long, though it is short work."""
        return [*self.workspaces.hanging(), *(["deliver"] if self.dispatcher.is_hanging else [])]

    async def _deliver(self) -> None:
        """Look at the outbox, for what another process owes."""
        self.dispatcher.wake()


def secret_keys_of(settings: DatabaseSettings) -> SecretKeys:
    """What encrypts keys that are stored."""
    return SecretKeys([key.get_secret_value() for key in settings.secret_keys], variable)


def unlocking(settings: BrazeSettings, reach: Reach) -> Reach:
    """The same for encrypted keys; where one can't be decrypted, the client says so with each call."""
    secret_keys = secret_keys_of(settings)

    def unlock(workspace: Workspace, sealed: str) -> Braze:
        try:
            return reach(workspace, secret_keys.open(sealed))
        except KeyLostError as trouble:
            return KeylessBraze(str(trouble))

    return unlock


def watch_workspaces(
    settings: BrazeSettings,
    workspaces: Sequence[tuple[Workspace, Braze]],
    *,
    reach: Reach,
    store: Store,
    clock: Clock,
    holder: Holder,
    metrics: Metrics,
    troubles: ItemTroubles,
    wake: Callable[[], None] = lambda: None,
    admin_channel: Channel | None = None,
) -> WatchedWorkspaces:
    """What asks these workspaces, and those whose keys are stored, and keeps what they say."""
    watch = partial(
        watch_workspace,
        store=store,
        settings=PollerSettings(
            interval=settings.poll_interval,
            unreachable_after=settings.unreachable_after,
            admin_channel=admin_channel,
        ),
        repeat_after=settings.repeat_interval,
        grace=settings.grace,
        keep=settings.retention,
        clock=clock,
        holder=holder,
        wake=wake,
        measure=metrics.of,
        troubles=troubles,
    )
    return WatchedWorkspaces(
        workspaces,
        store=store,
        watch=watch,
        reach=unlocking(settings, reach),
        current=secret_keys_of(settings).mark,
        troubles=troubles,
        dashboard_link=settings.dashboard_link,
    )


def assemble(settings: Settings, adapters: Adapters, machine_clock: Clock) -> App:
    """Build everything. `machine_clock` gives the present in UTC; nothing begins to work by this."""
    store, messenger = adapters.store, adapters.messenger
    clock = WatchedClock(machine_clock, adapters.seconds or (lambda: machine_clock().timestamp()))
    troubles, can_sync = ItemTroubles(clock), bool(settings.admins)
    of_admins = settings.admin_channel
    admin_channel = Channel(team_id=adapters.team_id, channel_id=of_admins) if of_admins else None
    on_wake: list[Callable[[], None]] = []

    def look() -> None:
        for each in on_wake:
            each()

    def wake() -> None:
        look()
        adapters.holder.tell()

    contacts = Contacts(store=store, directory=adapters.directory, clock=clock)
    dispatcher = Dispatcher(
        store=store,
        messenger=messenger,
        views=ViewBuilder(
            can_sync=can_sync,
            team_url=adapters.team_url,
            contacts=contacts.of,
            dashboard_link=settings.dashboard_link,
        ),
        clock=clock,
        sleep=adapters.sleep,
        random=adapters.random,
        holder=adapters.holder,
        admin_channel=admin_channel,
        troubles=troubles,
        count=adapters.metrics.delivered,
    )
    on_wake.append(dispatcher.wake)
    workspaces = watch_workspaces(
        settings,
        adapters.workspaces,
        reach=adapters.reach,
        store=store,
        clock=clock,
        holder=adapters.holder,
        admin_channel=admin_channel,
        wake=wake,
        metrics=adapters.metrics,
        troubles=troubles,
    )
    adapters.holder.on_change += [look, workspaces.look]
    clock.on_set += [dispatcher.clock_set, workspaces.clock_set]
    access = Access(directory=adapters.directory, messenger=messenger, admins=settings.admins)
    lookup = Lookup(store=store, workspaces=workspaces)

    def made(kind: Callable[..., Cases], **more: Any) -> Cases:
        return kind(
            store=store,
            messenger=messenger,
            workspaces=workspaces,
            access=access,
            lookup=lookup,
            languages=languages(),
            clock=clock,
            wake=wake,
            **more,
        )

    def timed(kind: Callable[..., Timed], **more: Any) -> Timed:
        return kind(store=store, clock=clock, wake=wake, troubles=troubles, **more)

    subscriptions, channels = made(ChangeSubscriptions), made(ChangeChannelSettings)
    return App(
        holder=adapters.holder,
        workspaces=workspaces,
        dispatcher=dispatcher,
        digests=timed(Digests, workspace_ids=workspaces.ids),
        escalations=timed(Escalations, workspace_ids=workspaces.ids),
        hours=timed(ChannelHours),
        snooze_times=timed(SnoozeTimes),
        contacts=contacts,
        clusters=timed(ClusterUpdates, workspace_ids=workspaces.ids),
        store_health=StoreHealth(
            trouble=lambda: store.trouble, messenger=messenger, clock=clock, admin_channel=admin_channel
        ),
        retention=Cleanup(
            store=store, clock=workspaces.braze_time, keep=settings.retention, troubles=troubles
        ),
        access=access,
        lookup=lookup,
        subscriptions=subscriptions,
        incidents=made(IncidentResponse),
        snoozes=made(ChangeSnoozes),
        expected=made(MarkExpected),
        channels=channels,
        settings=made(ChangeIntegrationSettings),
        queries=Queries(store=store, workspaces=workspaces, lookup=lookup, clock=clock, can_sync=can_sync),
        previews=Previews(
            store=store,
            lookup=lookup,
            clock=clock,
            settings=ReplaySettings(grace=settings.grace, unreachable_after=settings.unreachable_after),
        ),
        samples=made(SampleAlerts, sleep=adapters.sleep),
        forms=SubscriptionForms(subscriptions=subscriptions, channels=channels),
        homes=made(HomeQueries),
        manage_workspaces=made(
            ManageBrazeWorkspaces,
            secret_keys=secret_keys_of(settings),
            given=(settings.braze_base_url, settings.braze_api_key),
            reach=adapters.reach,
            dashboard_of=adapters.dashboard_of,
        ),
        on_wake=on_wake,
    )
