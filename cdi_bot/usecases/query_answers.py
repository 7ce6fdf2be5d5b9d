"""The answers to questions, as values: how integrations are, the runs of one, which there are, who changed what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from cdi_bot.core.hours import HoursNow
from cdi_bot.core.model.channel import AuditEntry
from cdi_bot.core.model.incident import Incident
from cdi_bot.core.model.integration import Integration
from cdi_bot.core.model.integration_settings import IntegrationSettings
from cdi_bot.core.model.run import Run
from cdi_bot.core.model.subscription import Snooze
from cdi_bot.core.statistics import Usual
from cdi_bot.item_troubles import ItemTrouble
from cdi_bot.monitoring.braze_port import BrazeReason


@dataclass(frozen=True, slots=True, kw_only=True)
class OverviewRow:
    """The present state of one integration that a channel is subscribed to, or that is the reader's own."""

    integration: Integration
    newest: Run | None
    incident: Incident | None
    snooze: Snooze | None
    observed_at: datetime | None  # when Braze last told of it
    missing: bool  # Braze no longer lists it
    escalated: bool = False  # to the reader


@dataclass(frozen=True, slots=True, kw_only=True)
class LostChannels:
    """Subscribed channels that the bot can't post to: why not to this one, and how many others there are."""

    here: str | None = None
    elsewhere: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class BotTroubles:
    """What the bot itself fails to do: the integrations that it concerns, and what in which channel."""

    integrations: tuple[Integration, ...] = ()
    channels: tuple[ItemTrouble, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """`/cdi status`: the integrations that the channel is subscribed to, worst first.

    `rows` is one page of those `listed`: all, or `only_failing` the unhealthy ones, but for those that are `mine`: the
    reader's own, of whatever channel.
    """

    rows: tuple[OverviewRow, ...]
    offset: int
    listed: int
    only_failing: bool = False
    mine: tuple[OverviewRow, ...] = ()
    workspace_ids: tuple[int, ...] | None = None  # those that were asked for, `None` for all
    total: int  # to how many the channel is subscribed
    failing: int  # how many have failing runs
    unhealthy: int  # these, and those that are late, slow, or look wrong
    unreachable: tuple[Incident, ...] = ()  # of each workspace in which Braze can't be reached
    lost: LostChannels = LostChannels()
    troubles: BotTroubles = BotTroubles()
    hours: HoursNow | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunHistory:
    """`/cdi status INTEGRATION`: one page of runs, newest first, with statistics.

    `good` and `ended` count the successful and all ended runs that are stored of the last 30 days, `good_week` and
    `ended_week` those of 7 days. `usual` is learned from the runs before the newest ended one. `trouble` says why
    Braze could not be asked just now: then the page shows what is stored.
    """

    integration: Integration
    runs: tuple[Run, ...]
    offset: int
    has_older: bool
    good: int
    ended: int
    good_week: int
    ended_week: int
    recent: tuple[Run, ...]  # the newest ended runs, newest first, for the chart
    usual: Usual
    next_run: datetime | None  # when the next one is, or was, expected; None where unknown
    incident: Incident | None
    snooze: Snooze | None
    settings: IntegrationSettings | None = None  # owner and runbook
    unreachable: Incident | None = None  # set while Braze can't be reached
    can_sync: bool = False  # a sync may be started now
    observed_at: datetime | None
    dashboard_url: str | None
    subscribed: bool  # whether this channel is subscribed to it
    missing: bool
    trouble: BrazeReason | None
    left_out: tuple[str, ...] = ()  # the fields in which Braze's last answers can't be believed
    troubles: tuple[ItemTrouble, ...] = ()  # what the bot itself fails to do with it


@dataclass(frozen=True, slots=True, kw_only=True)
class ListRow:
    """An integration, and whether this channel is subscribed to it."""

    integration: Integration
    subscribed: bool
    failing: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class IntegrationList:
    """`/cdi list [TEXT]`: all integrations, or those that match, failing ones first.

    `rows` is one page of those `listed`: all of them, or `only_failing` these.
    """

    query: str | None
    rows: tuple[ListRow, ...]
    offset: int
    listed: int
    only_failing: bool = False
    total: int  # how many match
    failing: int
    observed_at: datetime | None  # the oldest time at which Braze last told of one on this page
    troubles: tuple[
        tuple[str | None, BrazeReason], ...
    ] = ()  # the workspaces whose list could not be read now
    unreachable: tuple[Incident, ...] = ()  # of each workspace in which Braze can't be reached


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditTrail:
    """`/cdi audit`: the newest changes in the channel, newest first, each with its integration, if any.

    `workspaces` are the names of the workspaces by their ids, where there are several.
    """

    rows: tuple[tuple[AuditEntry, Integration | None], ...]
    workspaces: Mapping[int, str] = field(default_factory=dict)
