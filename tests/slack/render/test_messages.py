"""Cards, replies and notices: what alerts say, word for word in golden files, and that Slack takes any of them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdi_bot.core.clusters import Cluster, Trouble
from cdi_bot.core.model.channel import (
    ContactsChanged,
    DigestChanged,
    HoursChanged,
    LanguageChanged,
    WorkspaceChanged,
)
from cdi_bot.core.model.configuration import ConfigRefused
from cdi_bot.core.model.escalation import Escalated, EscalationBroken, EscalationChanged
from cdi_bot.core.model.incident import NOBODY, HandedOn, Incident, Measured, QualityReason, Topic
from cdi_bot.core.model.integration import Integration
from cdi_bot.core.model.integration_settings import IntegrationSettingChanged, SettingName
from cdi_bot.core.model.lifecycle import (
    IntegrationChanged,
    LifecycleChange,
    LifecycleEvent,
    NewIntegrations,
    WorkspaceRemoved,
)
from cdi_bot.core.model.message import (
    ChannelBroken,
    Content,
    Digest,
    FailedAgain,
    GroupedNotices,
    GroupedReply,
    Recovered,
    Reopened,
    ReplyFact,
    RunStarted,
    ShowCard,
    Snoozed,
    StillOpen,
    Subscribed,
    SyncEnded,
    SyncRequested,
    Unsnoozed,
    Unsubscribed,
)
from cdi_bot.core.model.requested_sync import SyncEnding
from cdi_bot.core.model.run import Run
from cdi_bot.core.model.sample_alert import SampleAlert
from cdi_bot.core.model.source import Source
from cdi_bot.core.model.spike import Spike
from cdi_bot.core.model.subscription import Filters, Subscription
from cdi_bot.core.routing import MOST_NOTICES
from cdi_bot.core.statistics import IntegrationTotals, PeriodTotals, RunTotals
from cdi_bot.delivery.views import (
    CardView,
    ClusterView,
    DigestView,
    EscalationView,
    EventView,
    GroupedNoticesView,
    GroupedReplyView,
    IncidentView,
    StoreView,
    SubscribedView,
    Summary,
    View,
)
from cdi_bot.monitoring.braze_port import BrazeReason
from cdi_bot.slack.render.kinds.table import renderer_of
from cdi_bot.slack.render.kit.blocks import Rendered
from cdi_bot.slack.render.kit.i18n import Translator
from cdi_bot.slack.render.messages import render_view
from tests.slack.golden import actions_of, assert_golden, assert_taken, elements, marked_up, pressed, said
from tests.slack.render import strategies
from tests.slack.render.samples import (
    ALERTS,
    DASHBOARD,
    KENJI,
    MARA,
    NOW,
    OWNED,
    USERS,
    always_losing,
    back,
    begun,
    dubious,
    ended,
    failing,
    fresh_again,
    incident_view,
    integration,
    late,
    recovered,
    recovering,
    run,
    slow,
    snooze,
    stale,
    unreachable,
)

WORDS = Translator()
SEVEN_MINUTES = Measured(magnitude=7200, observed=7200, usual=420)
"""Of a run that goes on for two hours, what is usual."""


def render(view: View) -> Rendered:
    """Render in English."""
    return render_view(view, WORDS)


def card(*incidents: Incident, **more: Any) -> CardView:
    """Return the card of these incidents."""
    return CardView(incidents=tuple(incident_view(one, **more) for one in incidents))


def length_of(incident: Incident) -> timedelta:
    """Return how long an incident that is over lasted."""
    return renderer_of(incident).length(incident)


def kept(warehouse: str, kind: str = "users_attributes") -> Integration:
    """Return an integration of which the list tells where it reads and what it writes."""
    return integration(name="Users attributes", warehouse_type=warehouse, integration_type=kind)


def partial(**more: Any) -> Run:
    """Return a run that lost some rows."""
    return run("partial", rows_synced=1_234_567, rows_failed_with_errors=1_234, **more)


def attended() -> Incident:
    """Return an incident that somebody acknowledged."""
    return failing(acknowledged_by=KENJI, acknowledged_at=NOW)


HERE: dict[str, Any] = {"workspace_id": 1, "integration_id": USERS}


def happened(
    change: LifecycleChange, *, by_id: bool = False, is_covered: bool = True, **more: Any
) -> Content:
    """Return the word of what happened to the integration in Braze."""
    event = LifecycleEvent(change=change, **more)
    return IntegrationChanged(**HERE, event=event, by_id=by_id, is_covered=is_covered)


def storm(size: int, *, well: int = 0, link: str | None = DASHBOARD, sources: Sequence[str] = ()) -> CardView:
    """Return a card of many incidents, the last `well` of which are over, of integrations of these sources in turn."""
    views = []
    for number in range(size):
        of = integration(f"{number:08d}-4f50-6172-8394-a5b6c7d8e9f0", f"Integration {number}")
        if sources:
            of = replace(of, warehouse_type=sources[number % len(sources)])
        last = run(("config_error", "error", "partial")[number % 3])
        incident = failing(last, incident_id=number + 1, failed_in_a_row=number % 4 + 1)
        if number >= size - well:
            incident = recovered(incident)
        url = f"{link}{of.integration_id}" if link else None
        views.append(incident_view(incident, of, dashboard_url=url))
    return CardView(incidents=tuple(views))


def together(
    card: CardView, *, more: int = 0, well: int = 0, source: Source | None = Source.SNOWFLAKE, **counts: Any
) -> CardView:
    """Return the same card where its incidents belong to a cluster with so many more, the last `well` over."""
    kinds = [one.incident for one in card.incidents]
    others = [
        replace(kinds[0], incident_id=90 + number, integration_id=str(number)) for number in range(more)
    ]
    incidents = [*kinds, *others[: more - well], *map(recovered, others[more - well :])]
    named = [integration(str(number), f"Orders {number}") for number in range(more - well)]
    known: dict[str, Any] = {
        "cluster": Cluster(
            source=source, troubles=tuple(Trouble(incident=one, source=source) for one in incidents)
        ),
        "total": 8,
        "is_all": True,
        "others": tuple(named[:3]),
        "more": max(0, more - well - 3),
    }
    return replace(card, cluster=ClusterView(**known | counts))


ESCALATED = EscalationView(
    at=NOW,
    origin=ALERTS.channel_id,
    target="C0ONCALL001",
    to_here=True,
    url="https://northwind.slack.com/archives/C0ALERTS001/p1772452800000100",
)
"""The escalation of what is on a card, as the channel sees it that it went to."""


def due(**more: Any) -> Integration:
    """Return an integration whose next run is planned."""
    return replace(kept("snowflake"), next_scheduled_run=NOW + timedelta(minutes=48), **more)


PAST = tuple(
    run("success", ago=timedelta(hours=hours), rows_synced=51_000 + 7 * hours) for hours in range(1, 10)
)
"""Runs before an incident, newest first."""

CARDS = {
    "card_error": card(failing(), can_sync=True, mention=f"<@{MARA}>"),
    "card_error_known": card(failing(failed_runs=3, failed_in_a_row=3), of=due(), past=PAST, can_sync=True),
    "card_partial": card(failing(partial())),
    "card_partial_known": card(failing(partial()), of=due(), past=PAST, rows_lost=1_234),
    "card_partial_known_recovered": card(
        recovered(failing(partial(), failed_runs=2)), of=due(), past=PAST, rows_lost=2_468
    ),
    "card_config_error_paused": card(
        failing(run("config_error")), of=due(integration_status="Paused"), past=PAST
    ),
    "card_late_known": card(late(), of=due(), past=PAST),
    "card_slow_known": card(slow(measured=SEVEN_MINUTES), of=due(), past=PAST),
    "card_unreachable_meanwhile": card(failing(), of=due(), past=PAST, unreachable=unreachable()),
    "card_unreachable_many": card(unreachable(reason="bad_key"), unwatched=8),
    "card_config_error": card(failing(run("config_error", rows_synced=None, rows_failed_with_errors=None))),
    "card_limit_exceeded": card(failing(run("limit_exceeded"))),
    "card_unknown_status": card(failing(run("half_done"))),
    "card_error_source": card(failing(), of=replace(kept("snowflake"), integration_name="Users: consent")),
    "card_error_snowflake": card(failing(), of=kept("snowflake"), can_sync=True),
    "card_error_s3": card(failing(), of=kept("s3")),
    "card_partial_snowflake": card(failing(partial()), of=kept("snowflake")),
    "card_partial_s3": card(failing(partial()), of=kept("s3")),
    "card_partial_recovered": card(recovered(failing(partial()))),
    "card_config_error_catalog": card(failing(run("config_error")), of=kept("bigquery", "catalogs")),
    "card_error_deletes": card(failing(), of=kept("databricks", "users_delete"), can_sync=True),
    "card_late_canvas": card(late(), of=kept("redshift", "canvas_triggers"), can_sync=True),
    "card_slow_canvas": card(slow(), of=kept("databricks", "canvas_triggers")),
    "card_provisional": card(
        failing(
            run(
                provisional=True,
                sync_finish_time=None,
                last_timestamp_synced=None,
                rows_synced=None,
                rows_failed_with_errors=None,
            )
        )
    ),
    "card_third_in_a_row": card(
        failing(failed_runs=3, failed_in_a_row=3, failing_since=NOW - timedelta(hours=2)), can_sync=True
    ),
    "card_acknowledged": card(attended()),
    "card_snoozed": card(attended(), snooze=snooze(reason="warehouse move")),
    "card_snoozed_until_recovery": card(failing(), snooze=snooze(None)),
    "card_recovered": card(recovered(failing(failed_runs=3, failing_since=NOW - timedelta(hours=2)))),
    "card_recovered_acknowledged": card(recovered(attended())),
    "card_possible_repeat": replace(card(failing()), possible_repeat=True),
    "card_recovering": card(recovering(), mention=f"<@{MARA}>"),
    "card_recovering_late": card(recovering(late())),
    "card_back": card(back(), can_sync=True),
    "card_always_loses": card(always_losing()),
    "card_always_loses_recovering": card(recovering(always_losing())),
    "card_always_loses_replaced": card(always_losing(resolved_at=NOW)),
    "card_unreachable_recovering": card(recovering(unreachable())),
    "card_late": card(late(), can_sync=True, mention=f"<@{MARA}>"),
    "card_late_begun": card(begun()),
    "card_late_unplanned": card(late(resolved_at=NOW)),
    "card_slow": card(slow(measured=SEVEN_MINUTES)),
    "card_slow_ended": card(ended()),
    "card_slow_failed": card(ended(status="error")),
    "card_slow_unknown": card(slow(last_failed=None, resolved_at=NOW)),
    "card_stale": card(stale(), mention=f"<@{MARA}>"),
    "card_stale_files": card(stale("90m", 2, mark=False), of=kept("s3", "users_attributes")),
    "card_stale_nothing": card(stale(hours=None)),
    "card_stale_by_nine": card(stale("09:00 Europe/Berlin", 31)),
    "card_stale_by_nine_nothing": card(stale("09:00 Europe/Berlin", None)),
    "card_fresh_again": card(fresh_again(stale())),
    "card_fresh_by_nine_again": card(fresh_again(stale("09:00 Europe/Berlin", 31))),
    "card_stale_unchecked": card(stale(resolved_at=NOW)),
    "card_unreachable": card(unreachable()),
    "card_unreachable_bad_key": card(unreachable(reason="bad_key")),
    "card_reachable_again": card(unreachable(resolved_at=NOW + timedelta(minutes=7))),
    "card_together": together(card(failing(), of=kept("snowflake")), more=5),
    "card_together_few": together(card(failing()), more=2, is_all=False, total=3),
    "card_together_last": together(card(failing()), more=4, well=4),
    "card_together_late": together(card(late()), more=3, source=None),
    "storm_of_one_source": storm(4, well=1, sources=("SNOWFLAKE",)),
    "storm_mostly_of_one_source": storm(8, sources=("SNOWFLAKE", "SNOWFLAKE", "S3", "SNOWFLAKE")),
    "storm_acknowledged": CardView(
        incidents=tuple(
            replace(one, incident=replace(one.incident, acknowledged_by=KENJI, acknowledged_at=NOW))
            for one in storm(4).incidents
        )
    ),
    "storm_mentions": CardView(
        incidents=tuple(replace(one, mention=f"<@{MARA}>") for one in storm(3).incidents)
    ),
    "storm_recovering": CardView(
        incidents=(
            *storm(2).incidents,
            incident_view(replace(failing(incident_id=9), recovered_since=NOW, hold_seconds=3600)),
        )
    ),
    "storm_few": storm(4, well=1),
    "storm_many": storm(30, well=3),
    "storm_over": storm(3, well=3),
    "card_owned": card(
        failing(), settings=OWNED, mention=f"<@{KENJI}>", escalations=(replace(ESCALATED, to_here=False),)
    ),
    "card_contact": card(failing(), contacts="<@U0KENJI001> <@U0MARA0001>"),
    "card_owned_recovered": card(recovered(), settings=replace(OWNED, critical=None, owner=None)),
    "storm_owned": card(failing(), late(), settings=OWNED, mention="<@U0KENJI001>"),
    "card_escalated_here": card(failing(), escalations=(ESCALATED,), only_escalated=True),
    "card_escalated_here_acknowledged": card(attended(), escalations=(ESCALATED,), only_escalated=True),
    "card_escalated_away": card(failing(), escalations=(replace(ESCALATED, to_here=False),)),
    "card_escalated_unreachable": card(unreachable(), escalations=(ESCALATED,), only_escalated=True),
    "storm_escalated": card(
        failing(), late(), escalations=(replace(ESCALATED, target=MARA),), only_escalated=True
    ),
    "summary_of_a_night": replace(
        storm(4, well=2),
        summary=Summary(
            since=NOW - timedelta(hours=13),
            notices=(
                EventView(
                    content=happened(LifecycleChange.PAUSED, before="active", after="paused"),
                    integration=integration(),
                ),
            ),
        ),
    ),
    "summary_of_many": replace(storm(40, well=20), summary=Summary(since=NOW - timedelta(hours=61))),
    "summary_all_passed": replace(card(recovered()), summary=Summary(since=NOW - timedelta(hours=13))),
    "storm_with_late": CardView(incidents=(*storm(2).incidents, incident_view(late()))),
    "storm_all_late": CardView(incidents=(incident_view(late()), incident_view(late(incident_id=10)))),
    "storm_all_slow": CardView(incidents=(incident_view(slow()), incident_view(slow(incident_id=10)))),
    "storm_all_stale": CardView(
        incidents=(incident_view(stale()), incident_view(stale("09:00 UTC", incident_id=10)))
    ),
    "storm_of_all_kinds": CardView(
        incidents=(
            incident_view(failing()),
            incident_view(late()),
            incident_view(slow(incident_id=10)),
            incident_view(dubious(incident_id=11)),
            incident_view(dubious(QualityReason.NO_ROWS, incident_id=12)),
            incident_view(begun(late(incident_id=13))),
            incident_view(ended(slow(incident_id=14), "error")),
            incident_view(recovered(dubious(incident_id=15))),
            incident_view(stale(incident_id=16)),
            incident_view(fresh_again(stale(incident_id=17))),
        )
    ),
    "storm_possible_repeat": replace(storm(2), possible_repeat=True),
}


@pytest.mark.parametrize("name", list(CARDS))
def test_golden_cards(name: str) -> None:
    """Each kind of card says what it always said."""
    assert_golden(name, lambda query: render_view(CARDS[name], query))


def event(content: Content, incident: Incident | None = None, **more: Any) -> EventView:
    """Return a reply or notice about the integration."""
    about = incident_view(incident) if incident else None
    return EventView(content=content, incident=about, **more)


THERE: dict[str, Any] = {"integration": integration(), "dashboard_url": DASHBOARD + USERS}
THIS: dict[str, Any] = {"who": MARA, "workspace_id": 1, "selector": USERS}
SEVERAL_HERE = {**THIS, "selector": "Users*"}
AGAIN = FailedAgain(incident_id=7, run_start=NOW, runs=1, after_good=False)
SEVERAL = FailedAgain(incident_id=7, run_start=NOW, runs=3, after_good=True)


def sync_ended(ending: SyncEnding) -> SyncEnded:
    """Return the word of how a sync ended."""
    start = None if ending is SyncEnding.NOT_SEEN else NOW
    return SyncEnded(**HERE, who=MARA, ending=ending, run_start=start, changes="sync:1")


def owned(content: Content, incident: Incident) -> EventView:
    """Return a reply about a critical integration that has an owner."""
    about = incident_view(incident, settings=OWNED, mention=OWNED.owner)
    return replace(event(content, incident), incident=about)


def changed(setting: SettingName, value: str | None, selector: str = "Users*") -> Content:
    """Return the word of what somebody set for integrations."""
    return IntegrationSettingChanged(
        who=MARA, workspace_id=1, selector=selector, setting=setting, value=value
    )


EVENTS = {
    "reply_failed_again": event(AGAIN, failing(failed_in_a_row=2), run=partial()),
    "reply_failed_after_good": event(replace(AGAIN, after_good=True), failing(), run=run()),
    "reply_failed_several": event(SEVERAL, failing(), run=run()),
    "reply_failed_more": event(replace(SEVERAL, after_good=False), failing(failed_in_a_row=4), run=run()),
    "reply_always_loses": event(AGAIN, always_losing(failed_runs=4), run=partial()),
    "reply_back": replace(
        event(Reopened(incident_id=7), back()),
        incident=incident_view(back(), mention=f"<@{MARA}>"),
    ),
    "reply_back_late": event(Reopened(incident_id=8), back(late())),
    "reply_back_slow": event(Reopened(incident_id=8), back(slow())),
    "reply_back_dubious": event(Reopened(incident_id=8), back(dubious())),
    "reply_unreachable_again": event(Reopened(incident_id=9), back(unreachable())),
    "reply_recovered": event(Recovered(incident_id=7), recovered(failing(failed_runs=2))),
    "reply_reachable_again": event(Recovered(incident_id=9), unreachable(resolved_at=NOW)),
    "reply_started": event(Recovered(incident_id=8), begun()),
    "reply_still_late": event(StillOpen(incident_id=8), late()),
    "reply_slow_ended": event(Recovered(incident_id=8), ended()),
    "reply_slow_failed": event(Recovered(incident_id=8), ended(status="error")),
    "reply_still_slow": EventView(
        content=StillOpen(incident_id=8), incident=incident_view(slow(measured=SEVEN_MINUTES))
    ),
    "reply_still_dubious": event(StillOpen(incident_id=8), dubious()),
    "reply_still_stale": event(StillOpen(incident_id=8), stale()),
    "reply_fresh_again": event(Recovered(incident_id=8), fresh_again(stale())),
    "reply_rows_again": event(Recovered(incident_id=8), recovered(dubious(QualityReason.NO_ROWS))),
    "reply_critical_failed_again": owned(AGAIN, failing(failed_in_a_row=2)),
    "reply_critical_failed_again_acknowledged": owned(AGAIN, attended()),
    "reply_critical_recovered": owned(Recovered(incident_id=7), recovered()),
    "reply_critical_reminded": owned(StillOpen(incident_id=7), failing()),
    "reply_critical_escalated": owned(Escalated(incident_id=7, origin=ALERTS.channel_id), failing()),
    "reply_escalated": event(Escalated(incident_id=7, origin=ALERTS.channel_id), failing()),
    "reply_handed_on": event(HandedOn(who=MARA, to=KENJI, incident_ids=(7,)), attended()),
    "reply_taken_over": event(HandedOn(who=MARA, to=MARA, incident_ids=(7,)), attended()),
    "reply_unacknowledged": event(HandedOn(who=MARA, to=None, incident_ids=(7,)), failing()),
    "notice_handed_on": event(HandedOn(who=MARA, to=KENJI, incident_ids=(7, 8, 9))),
    "notice_unacknowledged": event(HandedOn(who=MARA, to=None, incident_ids=(7, 8, 9))),
    "reply_still_open": event(StillOpen(incident_id=7), failing(failed_in_a_row=9)),
    "reply_still_unreachable": event(StillOpen(incident_id=9), unreachable()),
    "reply_possible_repeat": replace(event(Recovered(incident_id=7), recovered()), possible_repeat=True),
    "notice_run_started": event(RunStarted(**HERE, run_start=NOW), **THERE),
    "notice_unsubscribed": event(Unsubscribed(who=MARA, workspace_id=1, selector=USERS), **THERE),
    "notice_unsubscribed_all": event(Unsubscribed(who=MARA, workspace_id=1, selector="all")),
    "notice_snoozed": event(Snoozed(**THIS, until=NOW, reason="move"), **THERE),
    "notice_snoozed_until_recovery": event(Snoozed(**THIS, until=None, reason=None), **THERE),
    "notice_snoozed_planned": event(
        Snoozed(**SEVERAL_HERE, begins=NOW, until=NOW + timedelta(days=3), reason="move")
    ),
    "notice_snoozed_recurring": event(
        Snoozed(**SEVERAL_HERE, until=None, every="sun 02:00-06:00 Europe/Berlin", reason=None),
        workspace_name="prod",
    ),
    "notice_unsnoozed": event(Unsnoozed(**THIS), **THERE),
    "notice_unsnoozed_pattern": event(Unsnoozed(**SEVERAL_HERE), workspace_name="prod"),
    "notice_config_refused": event(
        ConfigRefused(
            file="cdi-bot.toml",
            problems=(
                "3: workspace.api_key: isn't valid.",
                *(f"{line}: channel: digst" for line in range(9, 21)),
            ),
        )
    ),
    "notice_channel_broken": event(ChannelBroken(channel=ALERTS, reason="is_archived")),
    "notice_channel_left": event(ChannelBroken(channel=ALERTS, reason="not_in_channel")),
    "notice_channel_odd": event(ChannelBroken(channel=ALERTS, reason="some_new_word")),
    "notice_sync_requested": event(SyncRequested(**HERE, who=MARA), **THERE),
    "notice_sync_requested_unclear": event(SyncRequested(**HERE, who=MARA, is_certain=False), **THERE),
    "notice_sync_ended": event(sync_ended(SyncEnding.ENDED), **THERE, run=run("success")),
    "notice_sync_ended_badly": event(sync_ended(SyncEnding.ENDED), **THERE, run=run("partial")),
    "notice_sync_not_seen": event(sync_ended(SyncEnding.NOT_SEEN), **THERE),
    "notice_sync_too_long": event(sync_ended(SyncEnding.TOO_LONG), run=run("running")),
    "notice_gone": event(happened(LifecycleChange.DELETED, by_id=True), integration=integration()),
    "notice_gone_unnamed": event(happened(LifecycleChange.DELETED, by_id=True)),
    "notice_gone_by_pattern": event(happened(LifecycleChange.DELETED), **THERE),
    "notice_back": event(happened(LifecycleChange.BACK), **THERE),
    "notice_paused": event(happened(LifecycleChange.PAUSED, before="active", after="paused"), **THERE),
    "notice_archived": event(happened(LifecycleChange.PAUSED, before="active", after="Archived"), **THERE),
    "notice_resumed": event(
        happened(LifecycleChange.RESUMED, before="paused", after="active"),
        integration=integration(next_scheduled_run=NOW + timedelta(hours=1)),
        dashboard_url=DASHBOARD + USERS,
    ),
    "notice_renamed": event(
        happened(LifecycleChange.RENAMED, before="Users", after="Users attributes"), **THERE
    ),
    "notice_renamed_away": event(
        happened(LifecycleChange.RENAMED, before="Users", after="Users attributes", is_covered=False), **THERE
    ),
    "notice_rescheduled": event(
        happened(LifecycleChange.RESCHEDULED, planned_before=NOW, planned_after=NOW + timedelta(hours=6)),
        **THERE,
    ),
    "notice_new": event(
        NewIntegrations(workspace_id=1, integration_ids=("a", "b"), total=12), others=(integration(),) * 2
    ),
    "notice_new_one": event(
        NewIntegrations(workspace_id=1, integration_ids=("a",), total=1), others=(integration(),)
    ),
    "notice_workspace_removed": event(WorkspaceRemoved(who=MARA, name="emea", subscriptions=2)),
    "notice_language_changed": event(LanguageChanged(who=MARA, language="ja")),
    "notice_workspace_changed": event(WorkspaceChanged(who=MARA, name="prod")),
    "notice_workspace_ended": event(WorkspaceChanged(who=MARA, name=None)),
    "notice_language_own": event(LanguageChanged(who=MARA, language=None)),
    "notice_digest_set": event(
        DigestChanged(who=MARA, digest="weekly mon 09:00", zone="Europe/Stockholm", next_due=NOW)
    ),
    "notice_digest_quiet": event(
        DigestChanged(who=MARA, digest="daily 17:30 quiet", zone="Asia/Tokyo", next_due=NOW)
    ),
    "notice_sample_alert": event(SampleAlert(who=MARA, at=NOW, mentions=f"<@{KENJI}>")),
    "notice_hours_set": event(
        HoursChanged(who=MARA, hours="mon-fri 08:00-19:00 except:error", zone="Europe/Berlin")
    ),
    "notice_hours_off": event(HoursChanged(who=MARA, hours=None, zone="UTC")),
    "notice_contacts": event(ContactsChanged(who=MARA, mention=True)),
    "notice_owner_set": event(changed("owner", "<@U0KENJI001>")),
    "notice_owner_none": event(changed("owner", None, "all")),
    "notice_runbook_set": event(changed("runbook", "https://wiki.example.com/users")),
    "notice_critical_set": event(changed("critical", "on")),
    "notice_critical_off": event(changed("critical", None)),
    "notice_escalation_set": event(EscalationChanged(who=MARA, after=1800, to="C0ONCALL001")),
    "notice_escalation_off": event(EscalationChanged(who=MARA, after=0, to=None)),
    "notice_escalation_broken": event(EscalationBroken(target=ALERTS.channel_id, reason="is_archived")),
    "notice_escalation_to_nobody": event(EscalationBroken(target=KENJI, reason="user_disabled")),
    "notice_digest_off": event(DigestChanged(who=MARA, digest=None, zone="UTC", next_due=None)),
}


def several(fact: ReplyFact, *incidents: IncidentView, **more: Any) -> GroupedReplyView:
    """Return one reply about several incidents."""
    return GroupedReplyView(fact=fact, incidents=incidents, **more)


def _three(*, well: int = 0) -> tuple[IncidentView, ...]:
    return storm(3, well=well).incidents


SEVERAL_OF = {
    "several_failed_again": several("failed_again", *_three()),
    "several_back": several("reopened", *(incident_view(back(each.incident)) for each in _three())),
    "several_back_of_kinds": several("reopened", incident_view(back(late())), incident_view(back())),
    "several_recovered": several("recovered", *_three(well=3)),
    "several_begun": several("recovered", incident_view(begun()), *_three(well=1)[2:]),
    "several_still_late": several("still_open", incident_view(late()), *_three()[:1]),
    "several_still_slow": several(
        "still_open", incident_view(slow()), incident_view(dubious(QualityReason.NO_ROWS, incident_id=9))
    ),
    "several_escalated": several("escalated", *_three()),
    "several_still_open": several("still_open", *_three()),
    "several_joined": several("joined", *(replace(one, mention=f"<@{MARA}>") for one in _three())),
    "several_recovered_one": several("recovered", *_three(well=1)[2:]),
    "several_possible_repeat": several("recovered", *_three(well=3), possible_repeat=True),
}


@pytest.mark.parametrize("name", list(SEVERAL_OF))
def test_golden_several(name: str) -> None:
    """A reply about several incidents says what it always said."""
    assert_golden(name, lambda query: render_view(SEVERAL_OF[name], query))


def test_only_rows_that_may_be_missing_are_said_to_be() -> None:
    """Rows of a run that synced nothing are retried, as the card of one says; failed files and failed rows are not."""
    tables = several("recovered", *storm(3, well=3).incidents)
    assert render(tables).text.endswith(" – Failed rows may still be missing: Integration 2")
    files = several("recovered", *storm(3, well=3, sources=["S3"]).incidents)
    assert render(files).text.endswith("missing: Integration 0, Integration 1, Integration 2")
    retried = several("recovered", *storm(2, well=2).incidents)
    assert "missing" not in render(retried).text


def test_a_reply_about_very_many() -> None:
    """It counts those that it does not name; the button acknowledges what it can."""
    shown = render(several("still_open", *storm(2_000).incidents))
    assert_taken(shown)
    assert "and 1,990 more" in said(shown)
    assert actions_of(shown) == ["ack"]


STORE = {
    "notice_database_trouble": StoreView(
        trouble="the database /data/cdi_bot.db can't grow: the disk is full; make room, nothing else is needed"
    ),
    "notice_database_again": StoreView(trouble=None),
}


@pytest.mark.parametrize("name", list(STORE))
def test_golden_of_the_database(name: str) -> None:
    """The admin channel is told what is wrong with the database, and that it is over."""
    assert_golden(name, lambda query: render_view(STORE[name], query))


@pytest.mark.parametrize("name", list(EVENTS))
def test_golden_events(name: str) -> None:
    """Each reply and notice says what it always said."""
    assert_golden(name, lambda query: render_view(EVENTS[name], query))


def subscribed(selector: str = USERS, *, changed: bool = False, **filters: Any) -> Subscribed:
    """Return what somebody subscribed the channel to."""
    chosen = Filters(**filters)
    return Subscribed(who=MARA, workspace_id=1, selector=selector, filters=chosen, changed=changed)


def others(count: int) -> tuple[Integration, ...]:
    """Return so many integrations."""
    return tuple(integration(f"id-{number}", f"Integration {number}") for number in range(count))


def a_subscription(selector: str) -> Subscription:
    """Return what was subscribed to, as it is stored."""
    return Subscription(
        subscription_id=3,
        channel=ALERTS,
        workspace_id=1,
        selector=selector,
        filters=Filters(),
        created_by=MARA,
        created_at=NOW,
    )


SUBSCRIBED = {
    "subscribed_one_unseen": SubscribedView(
        content=subscribed(), total=1, failing=(), unknown=1, newest=(integration(), None)
    ),
    "subscribed_one": SubscribedView(
        content=subscribed(), total=1, failing=(), unknown=0, newest=(integration(), run("success"))
    ),
    "subscribed_one_failing": SubscribedView(
        content=subscribed(min_rows=100, min_percent=2.5, fresh="36h", mention=f"<@{KENJI}>"),
        total=1,
        failing=(integration(),),
        unknown=0,
        newest=(integration(), partial()),
        subscription=a_subscription(USERS),
    ),
    "subscribed_pattern": SubscribedView(
        content=subscribed("Users*", topics=frozenset({Topic.ERROR, Topic.RECOVERY})),
        total=2,
        failing=(),
        unknown=1,
        subscription=a_subscription("Users*"),
    ),
    "subscribed_all": SubscribedView(content=subscribed("all"), total=300, failing=others(13), unknown=2),
    "subscribed_possible_repeat": SubscribedView(
        content=subscribed("all"), total=5, failing=(), unknown=0, possible_repeat=True
    ),
    "subscribed_nothing_yet": SubscribedView(content=subscribed("New*"), total=0, failing=(), unknown=0),
    "subscribed_changed": SubscribedView(
        content=subscribed("all", changed=True, topics=frozenset()), total=5, failing=(), unknown=0
    ),
}


def digest(*worst: IntegrationTotals, **more: Any) -> DigestView:
    """Return the digest of a day."""
    known: dict[str, Any] = {
        "content": Digest(
            workspace_id=1,
            since=NOW - timedelta(days=1),
            until=NOW,
            schedule="daily 09:00",
            zone="Europe/Stockholm",
        ),
        "integrations": 12,
        "failing": 0,
        "totals": PeriodTotals(
            runs=1_152, failed=0, rows_synced=1_234_567, rows_failed=0, unhealthy_for=timedelta(0)
        ),
        "before": PeriodTotals(
            runs=1_150, failed=9, rows_synced=1_300_000, rows_failed=0, unhealthy_for=timedelta(hours=1)
        ),
        "unreachable": timedelta(0),
        "worst": tuple((part, DASHBOARD + part.integration.integration_id) for part in worst),
    }
    return DigestView(**known | more)


def part(number: int = 0, *still_open: Incident, **more: Any) -> IntegrationTotals:
    """Return what a day brought to an integration."""
    known: dict[str, Any] = {
        "integration": others(number + 1)[number],
        "sums": RunTotals(runs=96, failed=3, rows_synced=9_000, rows_failed=12),
        "unhealthy_for": timedelta(hours=2, minutes=5),
        "still_open": still_open,
    }
    return IntegrationTotals(**known | more)


BAD_DAY = PeriodTotals(
    runs=1_152, failed=21, rows_synced=1_234_567, rows_failed=890, unhealthy_for=timedelta(hours=9)
)
NO_DAY = PeriodTotals(runs=0, failed=0, rows_synced=0, rows_failed=0, unhealthy_for=timedelta(0))
DIGESTS = {
    "digest_good": digest(),
    "digest_failing": digest(
        part(0, dubious(QualityReason.ROWS_LOW), late()),
        part(1, unhealthy_for=timedelta(0)),
        part(2, sums=RunTotals(runs=1)),
        failing=1,
        totals=BAD_DAY,
        unreachable=timedelta(minutes=7),
    ),
    "digest_failed_once": digest(part(), totals=replace(BAD_DAY, failed=1), before=BAD_DAY),
    "digest_first": digest(before=None),
    "digest_no_runs": digest(totals=NO_DAY, before=None),
    "digest_no_subscriptions": digest(integrations=0, totals=NO_DAY, before=None),
    "digest_possible_repeat": digest(possible_repeat=True),
    "digest_many": digest(
        *(part(number, failing()) for number in range(3)),
        integrations=200,
        failing=9,
        totals=PeriodTotals(
            runs=10**9, failed=10**9, rows_synced=10**9, rows_failed=10**9, unhealthy_for=timedelta(days=1400)
        ),
    ),
}


@pytest.mark.parametrize("name", list(DIGESTS))
def test_golden_digests(name: str) -> None:
    """A digest says how a period went, against the one before, and which integrations were worst."""
    assert_golden(name, lambda query: render_view(DIGESTS[name], query))


@pytest.mark.parametrize("name", list(SUBSCRIBED))
def test_golden_subscribed(name: str) -> None:
    """A subscription is told with who made it, what it takes in and how that is."""
    assert_golden(name, lambda query: render_view(SUBSCRIBED[name], query))


def test_golden_grouped_notices() -> None:
    """Several notices say what each says first, in order."""
    notices = (
        EVENTS["notice_unsubscribed"],
        SUBSCRIBED["subscribed_pattern"],
        EVENTS["notice_snoozed"],
        EVENTS["notice_digest_set"],
    )
    assert_golden("grouped_notices", lambda query: render_view(GroupedNoticesView(notices=notices), query))


def test_every_kind_has_a_golden_file() -> None:
    """No kind of content goes unlooked at; cards and replies about several have views of their own."""
    shown: list[EventView | DigestView | SubscribedView] = [
        *EVENTS.values(),
        *DIGESTS.values(),
        *SUBSCRIBED.values(),
    ]
    assert {type(view.content) for view in shown} == set(get_args(Content)) - {
        ShowCard,
        GroupedReply,
        GroupedNotices,
        Spike,  # in test_expected.py
    }


def test_open_card_offers() -> None:
    """An open card offers to acknowledge and to look, and in its menu the rest; each carries what is agreed on."""
    shown = render(card(failing(), can_sync=True))
    assert actions_of(shown) == ["ack", "history", "more"]
    assert pressed(shown, "ack") == {"incidents": [7]}
    assert pressed(shown, "history") == {"workspace": 1, "id": USERS, "offset": 0}
    assert chosen(shown) == {
        "Snooze for 4 hours": {"workspace": 1, "id": USERS, "do": "snooze", "for": "4h"},
        "Snooze until recovery": {"workspace": 1, "id": USERS, "do": "snooze", "for": "recovery"},
        "Sync now…": {"workspace": 1, "id": USERS, "do": "sync"},
        "Change alerts here…": {"workspace": 1, "id": USERS, "do": "form"},
    }


def chosen(shown: Rendered) -> dict[str, Any]:
    """Return what a card's menu offers, with what each carries."""
    (menu,) = (each for each in elements(shown) if each["type"] == "overflow")
    options: Any = menu["options"]
    return {one["text"]["text"]: json.loads(one["value"]) for one in options}


def test_sync_only_where_allowed() -> None:
    """No sync is offered where it may not be triggered."""
    assert "Sync now…" not in chosen(render(card(failing(), can_sync=False)))


def test_recovered_card_offers() -> None:
    """A recovered card keeps what can be looked at and loses what acts."""
    assert actions_of(render(card(recovered(), can_sync=True))) == ["history"]


def test_acknowledged_card_offers() -> None:
    """It can be taken back where it was acknowledged, and a snooze can be ended from the card."""
    shown = render(card(attended()))
    assert actions_of(shown) == ["unack", "history", "more"]
    assert pressed(shown, "unack") == {"incidents": [7], "to": NOBODY}
    assert "End snooze" in chosen(render(card(failing(), snooze=snooze())))


def test_mention_only_while_open() -> None:
    """An open alert calls whom the subscription names; a recovered card calls nobody, and none a whole channel."""
    called = f"<@{MARA}> <!channel> <!subteam^S1|x>"
    open_text, over_text = (said(render(card(one, mention=called))) for one in (failing(), recovered()))
    assert f"<@{MARA}>" in open_text
    assert f"<@{MARA}>" not in over_text
    assert "<!channel>" not in open_text


def test_text_is_one_plain_line() -> None:
    """The text for notifications says what the first lines say: with since when, and what follows."""
    assert render(card(failing())).text == (
        "Users attributes (Snowflake) – Error: no rows synced · Since 2026-03-25 12:48 UTC · 1 run failed · "
        "The next run tries the same rows again."
    )
    assert render(card(recovered())).text == (
        "Users attributes (Snowflake) recovered – 1 run failed over 4 min 30 s, 12,345 rows synced · "
        "The rows of the failed runs were retried."
    )


def test_recovery_brings_rows() -> None:
    """The recovery tells what the good run brought."""
    assert "12,345" in said(render(EVENTS["reply_recovered"]))


def test_length_of_incident() -> None:
    """An incident lasts from the first failed start to the good run's end, and never less than nothing."""
    first = NOW - timedelta(hours=3)
    good = run("success", ago=timedelta(minutes=2))
    # A good run stood between two failures: `failing_since` has moved on.
    moved = recovered(failing(opened_at=first, failing_since=NOW - timedelta(hours=1)), good)
    assert length_of(moved) == timedelta(hours=3) - timedelta(seconds=30)
    without_end = replace(good, sync_finish_time=None)
    assert length_of(recovered(failing(), without_end)) == timedelta(minutes=5)
    odd = replace(good, sync_finish_time=NOW - timedelta(days=9))
    assert length_of(recovered(failing(), odd)) == timedelta(0)


def test_unreachable_tells_what_to_do() -> None:
    """Whatever keeps the bot from reaching Braze, it says why and what to do, also for a reason nobody foresaw."""
    for reason in (*BrazeReason, "solar_flare", None):
        shown = said(render(card(unreachable(reason=reason))))
        assert "Can't be reached since" in shown
        assert renderer_of(unreachable(reason=reason)).advice(
            incident_view(unreachable(reason=reason)), WORDS
        )
    assert "solar_flare" in said(render(card(unreachable(reason="solar_flare"))))


def test_a_storm_counts_all_and_names_the_worst() -> None:
    """Ten at most, in their order, then how many more there are; what is over is counted alone."""
    shown = render(storm(60, well=5))
    text = said(shown)
    places = [text.index(f"|Integration {number}>*:") for number in range(10)]
    assert places == sorted(places)
    assert "Integration 10>" not in text
    assert "… and 45 more: `/cdi status failing`" in text
    assert shown.text.startswith("55 failing since ")
    assert "19 configuration errors, 18 errors, 18 partial · 5 recovered" in shown.text
    assert actions_of(shown) == ["ack"]


def test_a_storm_says_what_most_of_it_shares() -> None:
    """The source of at least half of what still lasts: where to look first."""
    assert "All on Snowflake: start there" in said(render(storm(4, well=1, sources=("SNOWFLAKE",))))
    mostly = render(storm(8, sources=("SNOWFLAKE", "SNOWFLAKE", "S3", "SNOWFLAKE")))
    assert "6 of 8 on Snowflake: start there" in said(mostly)
    assert "6 of 8 on Snowflake: start there" in mostly.text
    assert "start there" not in said(render(storm(6, sources=("SNOWFLAKE", "S3", "BIGQUERY"))))


def test_storm_acknowledges_all() -> None:
    """One button acknowledges every open incident that nobody acknowledged."""
    view = storm(12, well=2)
    assert pressed(render(view), "ack") == {"incidents": list(range(1, 11))}
    assert actions_of(render(storm(3, well=3))) == []
    assert pressed(render(CARDS["storm_acknowledged"]), "unack")["to"] == NOBODY


def test_a_storm_calls_whom_its_own_incidents_mention() -> None:
    """Those who were mentioned on cards of their own are not called again."""
    views = tuple(
        replace(one, mention=f"<@{who}>")
        for one, who in zip(storm(3).incidents, (KENJI, MARA, MARA), strict=True)
    )
    shown = render(CardView(incidents=views, elsewhere=frozenset({1})))
    assert said(shown).count(f"<@{MARA}>") == 1
    assert f"<@{KENJI}>" not in said(shown)
    assert all(f"Integration {number}" in said(shown) for number in range(3))


def test_a_storm_with_very_many() -> None:
    """What no button can carry is offered by the card once the first are acknowledged."""
    shown = render(storm(2_000, link=None))
    assert_taken(shown)
    acked = pressed(shown, "ack")["incidents"]
    assert isinstance(acked, list)
    assert f"Acknowledge {len(acked)}" in said(shown)


def test_storm_with_unreachable() -> None:
    """A card may list that Braze can't be asked beside what fails."""
    view = CardView(incidents=(incident_view(unreachable()), incident_view(attended(), snooze=snooze())))
    text = said(render(view))
    assert "can't be reached" in text
    assert f"acknowledged by <@{KENJI}>, snoozed here until" in text
    until_well = incident_view(failing(), snooze=snooze(None))
    assert "snoozed here until recovery" in said(render(CardView(incidents=(until_well, until_well))))


def test_integration_that_is_not_known() -> None:
    """An incident of an integration that nobody knows by name goes by its id, in cards, storms and replies."""
    nameless = IncidentView(incident=failing(), integration=None, dashboard_url=None)
    views: list[View] = [
        CardView(incidents=(nameless,)),
        CardView(incidents=(nameless, nameless)),
        EventView(content=AGAIN, incident=nameless),
    ]
    for view in views:
        shown = render(view)
        assert_taken(shown)
        assert USERS in shown.text
        assert USERS in said(shown)


def test_contents_with_views_of_their_own() -> None:
    """A card or subscription is never taken for a reply, nor a reply told without its incident."""
    for content in (ShowCard(), subscribed()):
        with pytest.raises(ValueError, match="view of its own"):
            render(event(content))
    with pytest.raises(ValueError, match="needs its incident"):
        render(event(AGAIN))


@given(strategies.cards())
def test_any_card_is_taken(view: CardView) -> None:
    """Slack takes every card, whatever the names, counts and numbers are."""
    assert_taken(render(view))


@given(strategies.summaries())
def test_any_summary_is_taken(view: CardView) -> None:
    """Slack takes every one of them."""
    assert_taken(render(view))


@given(strategies.events())
def test_any_event_is_taken(view: EventView) -> None:
    """Slack takes every reply and notice."""
    assert_taken(render(view))


@given(strategies.several())
def test_any_reply_about_several_is_taken(view: GroupedReplyView) -> None:
    """Slack takes every one of them."""
    assert_taken(render(view))


@given(st.lists(strategies.events() | strategies.subscribed_views(), min_size=2, max_size=MOST_NOTICES))
def test_any_grouped_notices_are_taken(notices: list[EventView | SubscribedView]) -> None:
    """Slack takes as many notices as become one message, whatever each says."""
    assert_taken(render(GroupedNoticesView(notices=tuple(notices), possible_repeat=True)))


@pytest.mark.parametrize("letter", ["x", "&"])
def test_a_file_with_long_problems(letter: str) -> None:
    """The first are named and the rest is counted, also within a message about several things."""
    refused = event(ConfigRefused(file="cdi-bot.toml", problems=(letter * 1000,) * 12))
    assert_taken(render(refused))
    assert_taken(render(GroupedNoticesView(notices=(refused, refused))))
    assert "more" in said(render(refused))


@given(strategies.digest_views)
def test_any_digest_is_taken(view: DigestView) -> None:
    """Slack takes every digest."""
    assert_taken(render(view))


@given(strategies.subscribed_views())
def test_any_subscription_is_taken(view: SubscribedView) -> None:
    """Slack takes every word of a new subscription."""
    assert_taken(render(view))


@pytest.mark.parametrize("size", [1, 2, 11, 200])
def test_hostile_names(size: int) -> None:
    """Names of 3,000 characters full of markup neither break a message nor call anybody."""
    name = "<!channel> <https://evil.example|x> & *_~` @here \u202e" * 60
    views = tuple(
        incident_view(failing(incident_id=number + 1), integration(f"id{number}", name))
        for number in range(size)
    )
    shown = render(CardView(incidents=views))
    assert_taken(shown)
    for text in (*marked_up(shown.blocks), shown.text):
        assert "<!channel>" not in text
        assert "<https://evil" not in text
        assert "\u202e" not in text
