"""What commands are answered with: word for word in golden files, and that Slack takes any of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given

from cdi_bot.core.commands.parser import BY_WORD, parse
from cdi_bot.core.commands.parser import WORDS as COMMANDS
from cdi_bot.core.commands.snoozes import SetSnooze
from cdi_bot.core.commands.specification import Command, Mistake, MistakeKind
from cdi_bot.core.hours import Hours, HoursNow
from cdi_bot.core.model.channel import AuditEntry, Channel
from cdi_bot.core.model.incident import NOBODY, QualityReason, Topic
from cdi_bot.core.model.integration_settings import IntegrationSettings
from cdi_bot.core.model.subscription import DEFAULT_TOPICS, Filters, Selection, Subscription
from cdi_bot.core.statistics import Usual
from cdi_bot.item_troubles import ItemTrouble, Work
from cdi_bot.monitoring.braze_port import BrazeReason, Endpoint
from cdi_bot.slack.render.answers import name_channel, render_answer
from cdi_bot.slack.render.history import figures
from cdi_bot.slack.render.kit.blocks import Rendered
from cdi_bot.slack.render.kit.buttons import read_command
from cdi_bot.slack.render.kit.i18n import Translator
from cdi_bot.slack.render.kit.reasons import render_trouble
from cdi_bot.slack.render.refusals import render_help, render_mistake
from cdi_bot.usecases import answers, change_answers, query_answers, workspace_answers
from cdi_bot.usecases.answers import Answer, SampleSent
from cdi_bot.usecases.change_answers import (
    BadTarget,
    EscalationSet,
    ExpectedAnswer,
    IntegrationSettingSet,
    IntegrationSettingsShown,
)
from cdi_bot.usecases.query_answers import Overview
from tests.slack.golden import actions_of, assert_golden, assert_taken, elements, pressed, said
from tests.slack.render import strategies
from tests.slack.render.samples import (
    ALERTS,
    DASHBOARD,
    KENJI,
    MARA,
    NOW,
    OWNED,
    USERS,
    dubious,
    failing,
    integration,
    recovering,
    run,
    slow,
    snooze,
    unreachable,
)

WORDS = Translator()
MARKETING = Channel(team_id="T0DEMO", channel_id="C0MKTOPS01")
WORKSPACE_ROW = workspace_answers.WorkspaceRow(
    workspace_id=1,
    name="iad-03",
    base_url="https://rest.iad-03.braze.com",
    is_given=True,
    is_watched=True,
    integrations=42,
    trouble=None,
)
OTHER = integration("5f9c1e2d-0000-4000-8000-000000000001", "Purchases (BigQuery)")


def render(answer: Answer, command: Command | None = None) -> Rendered:
    """Render in English."""
    return render_answer(answer, WORDS, now=NOW, command=command)


def row(**more: Any) -> query_answers.OverviewRow:
    """Return a row of the overview."""
    known: dict[str, Any] = {
        "integration": integration(),
        "newest": run("success", rows_synced=12_345),
        "incident": None,
        "snooze": None,
        "observed_at": NOW - timedelta(seconds=20),
        "missing": False,
    }
    return query_answers.OverviewRow(**known | more)


BUSY = run(
    "running", ago=timedelta(minutes=1), sync_finish_time=None, rows_synced=None, rows_failed_with_errors=None
)
OVERVIEW = Overview(
    rows=(
        row(
            newest=run("partial", rows_synced=100, rows_failed_with_errors=50),
            incident=failing(run("partial"), failed_in_a_row=3, acknowledged_by=KENJI, acknowledged_at=NOW),
            snooze=snooze(),
        ),
        row(integration=OTHER, newest=BUSY, incident=failing()),
        row(integration=OTHER, newest=BUSY, incident=slow()),
        row(integration=OTHER, newest=run("success"), incident=dubious(QualityReason.NO_ROWS)),
        row(integration=OTHER, newest=run("success"), incident=recovering()),
        row(integration=OTHER, newest=None, observed_at=None),
        row(missing=True),
        row(),
    ),
    offset=0,
    listed=8,
    total=8,
    failing=2,
    unhealthy=4,
)
LATER_PAGE = replace(
    OVERVIEW, rows=(row(),) * 15, offset=15, listed=1_234, total=1_234, failing=0, unhealthy=0
)
RUNS = tuple(
    run(
        "error" if number % 7 == 3 else "success",
        ago=timedelta(minutes=15 * number + 3),
        rows_synced=0 if number % 7 == 3 else 1_000 * (number % 5),
    )
    for number in range(20)
)
HISTORY = query_answers.RunHistory(
    integration=integration(),
    runs=(BUSY, *RUNS[:9]),
    offset=0,
    has_older=True,
    good=103,
    ended=120,
    good_week=29,
    ended_week=30,
    recent=RUNS,
    usual=Usual(duration=timedelta(seconds=75), rows=12_000),
    next_run=NOW + timedelta(minutes=12),
    incident=None,
    snooze=None,
    observed_at=NOW - timedelta(seconds=2),
    dashboard_url=DASHBOARD + USERS,
    subscribed=True,
    missing=False,
    trouble=None,
)
NO_PAST = replace(
    HISTORY,
    recent=(),
    ended=0,
    good=0,
    ended_week=0,
    good_week=0,
    usual=Usual(duration=None, rows=None),
    next_run=None,
)
LISTED = integration(last_job_status="success"), integration("abc123xyz", "Catalog"), OTHER
LISTING = query_answers.IntegrationList(
    query=None,
    rows=(
        query_answers.ListRow(
            integration=replace(LISTED[2], last_job_status="error"), subscribed=True, failing=True
        ),
        query_answers.ListRow(integration=LISTED[0], subscribed=True, failing=False),
        query_answers.ListRow(integration=LISTED[1], subscribed=False, failing=False),
    ),
    offset=0,
    listed=3,
    total=3,
    failing=1,
    observed_at=NOW - timedelta(seconds=20),
)


def subscription(selector: str, **more: Any) -> Subscription:
    """Return a channel's subscription."""
    known: dict[str, Any] = {
        "subscription_id": 3,
        "channel": ALERTS,
        "workspace_id": 1,
        "selector": selector,
        "filters": Filters(),
        "created_by": MARA,
        "created_at": NOW,
    }
    return Subscription(**known | more)


def entry(action: str, subject: str) -> AuditEntry:
    """Return somebody's change."""
    return AuditEntry(channel=ALERTS, at=NOW, who=MARA, action=action, subject=subject)


HERE: dict[str, Any] = {"integration": integration()}
THIS = Selection.of(integration())
PLANNED = replace(snooze(reason="move"), begins=NOW + timedelta(days=2), until=NOW + timedelta(days=5))
RECURRING = replace(PLANNED, every="sun 02:00-06:00 Europe/Berlin", reason=None)
CHOSEN = Filters(topics=frozenset({Topic.ERROR, Topic.PARTIAL}), min_rows=100, fresh="09:00 Europe/Berlin")

HOURS = HoursNow(
    hours=Hours(
        days=frozenset({0, 1, 2, 4}),
        begin=time(8),
        end=time(19),
        passing=frozenset({Topic.ERROR, Topic.LATE}),
        holidays=frozenset({date(2026, 12, 25), date(2026, 12, 26)}),
    ),
    zone="Europe/Berlin",
    next_begin=NOW,
)

ANSWERS: dict[str, Answer] = {
    "overview": OVERVIEW,
    "overview_hours": replace(OVERVIEW, hours=HOURS),
    "overview_later_page": LATER_PAGE,
    "overview_unreachable": replace(OVERVIEW, unreachable=(unreachable(reason="bad_key"),)),
    "overview_failing": replace(OVERVIEW, rows=OVERVIEW.rows[:4], listed=4, only_failing=True),
    "overview_mine": replace(
        OVERVIEW,
        mine=(replace(OVERVIEW.rows[0], escalated=True), OVERVIEW.rows[1]),
        rows=OVERVIEW.rows[2:4],
        listed=2,
        only_failing=True,
    ),
    "overview_mine_alone": replace(
        OVERVIEW, mine=OVERVIEW.rows[:1], rows=(), listed=0, total=0, only_failing=True
    ),
    "overview_failing_none": replace(OVERVIEW, rows=(), listed=0, failing=0, unhealthy=0, only_failing=True),
    "overview_lost": replace(
        OVERVIEW, lost=query_answers.LostChannels(here="channel_not_found", elsewhere=1)
    ),
    "overview_lost_elsewhere": replace(OVERVIEW, lost=query_answers.LostChannels(elsewhere=1_234)),
    "overview_with_troubles": replace(
        OVERVIEW,
        troubles=query_answers.BotTroubles(
            integrations=(integration(name="Users attributes"),),
            channels=(ItemTrouble(work=Work.DIGEST, item=ALERTS, since=NOW, tried_at=NOW),),
        ),
    ),
    "overview_empty": Overview(rows=(), offset=0, listed=0, total=0, failing=0, unhealthy=0),
    "history": HISTORY,
    "history_with_troubles": replace(
        HISTORY,
        troubles=tuple(
            ItemTrouble(
                work=work, item=(1, USERS), since=NOW - timedelta(minutes=ago), tried_at=NOW, detail=kind
            )
            for work, ago, kind in (
                (Work.JUDGE, 50, "late"),
                (Work.JUDGE, 40, "slow"),
                (Work.LIST, 14, ""),
                (Work.PLAN, 13, ""),
                (Work.ASK, 12, ""),
                (Work.RECORD, 11, ""),
                (Work.REMIND, 10, ""),
                (Work.SNOOZE, 9, ""),
                (Work.SYNC, 8, ""),
                (Work.SHOW, 7, ""),
            )
        ),
    ),
    "history_owned": replace(HISTORY, settings=OWNED),
    "history_paused": replace(
        HISTORY,
        integration=replace(
            HISTORY.integration,
            integration_name="Users: consent",
            warehouse_type="SNOWFLAKE",
            integration_status="Paused",
            contact_emails="data@northwind.example, <ops@northwind.example>",
        ),
        next_run=None,
    ),
    "history_dubious": replace(HISTORY, incident=dubious()),
    "history_failing": replace(
        HISTORY,
        incident=failing(failed_in_a_row=2),
        offset=10,
        has_older=False,
        runs=(run(rows_failed_with_errors=12),),
        recent=(run(), run()),
        next_run=NOW - timedelta(hours=1),
    ),
    "history_acknowledged": replace(
        HISTORY,
        incident=failing(acknowledged_by=KENJI, acknowledged_at=NOW),
        snooze=snooze(reason="warehouse move"),
    ),
    "history_last_known_state": replace(
        HISTORY, trouble=BrazeReason.TIMEOUT, has_older=False, snooze=snooze(None)
    ),
    "history_not_subscribed": replace(HISTORY, subscribed=False, dashboard_url=None, has_older=False),
    "history_unreachable": replace(
        HISTORY, unreachable=unreachable(reason="bad_key"), trouble=BrazeReason.BAD_KEY
    ),
    "history_can_sync": replace(HISTORY, runs=RUNS[:10], can_sync=True, incident=failing()),
    "history_none": replace(NO_PAST, runs=(), has_older=False, missing=True, observed_at=None),
    "history_first_run": replace(NO_PAST, runs=(BUSY,), has_older=False, subscribed=False),
    "history_second_run": replace(
        NO_PAST, runs=RUNS[:2], recent=RUNS[:2], ended=2, good=2, ended_week=2, good_week=2, has_older=False
    ),
    "list": LISTING,
    "list_words": replace(
        LISTING, query="cat & <b>", rows=LISTING.rows[1:] * 10, offset=20, listed=50, total=50, failing=0
    ),
    "list_last_known_state": replace(LISTING, troubles=((None, BrazeReason.NO_PERMISSION),)),
    "list_unreachable": replace(
        LISTING, unreachable=(unreachable(reason="bad_key"),), troubles=((None, BrazeReason.BAD_KEY),)
    ),
    "list_failing": replace(LISTING, rows=LISTING.rows[:1], listed=1, only_failing=True),
    "list_failing_none": replace(LISTING, rows=(), listed=0, failing=0, only_failing=True),
    "list_same_names": replace(
        LISTING,
        rows=tuple(
            query_answers.ListRow(integration=integration(one), subscribed=False, failing=False)
            for one in ("0b1c2d3e-4f50-6172-8394-a5b6c7d8e9f0", "abc123xyz-9")
        ),
        listed=2,
        total=2,
        failing=0,
    ),
    "list_none_matches": replace(LISTING, query="nothing", rows=(), listed=0, total=0, failing=0),
    "list_empty": replace(LISTING, rows=(), listed=0, total=0, failing=0),
    "subscriptions": answers.SubscriptionList(
        rows=(
            (subscription("all"), 12, None),
            (subscription("Users*", filters=CHOSEN), 3, None),
            (subscription(USERS, broken_reason="is_archived"), 1, "Users attributes (Snowflake)"),
        )
    ),
    "subscriptions_hours": answers.SubscriptionList(rows=((subscription("all"), 12, None),), hours=HOURS),
    "subscriptions_none": answers.SubscriptionList(rows=()),
    "subscribed_to": answers.SubscriptionSet(
        what=Selection(selector=USERS, name="Users attributes"), filters=Filters(), total=1, unchanged=False
    ),
    "subscribed_to_unseen": answers.SubscriptionSet(
        what=Selection(selector="all"),
        filters=Filters(),
        total=0,
        unchanged=False,
        trouble=BrazeReason.SERVER_ERROR,
    ),
    "subscribed_to_nothing": answers.SubscriptionSet(
        what=Selection(selector="Usrs*"),
        filters=Filters(),
        total=0,
        unchanged=False,
        nearest=(integration(),),
    ),
    "subscribed_to_nothing_similar": answers.SubscriptionSet(
        what=Selection(selector="Usrs*"), filters=Filters(), total=0, unchanged=False
    ),
    "subscribed_to_unchanged": answers.SubscriptionSet(
        what=Selection(selector="Users*"), filters=CHOSEN, total=4, unchanged=True
    ),
    "unsubscribed_from": answers.SubscriptionEnded(
        what=Selection(selector=USERS, name="Users attributes"), still_covered_by=None
    ),
    "unsubscribed_from_covered": answers.SubscriptionEnded(
        what=Selection(selector=USERS, name="Users attributes"), still_covered_by=Selection(selector="all")
    ),
    "not_subscribed": answers.NotSubscribed(
        what=Selection(selector=USERS, name="Users attributes"), covered_by=None
    ),
    "not_subscribed_covered": answers.NotSubscribed(
        what=Selection(selector=USERS), covered_by=Selection(selector="Users*")
    ),
    "acknowledged": change_answers.Acknowledged(**HERE, already_by=None, is_shown=False),
    "acknowledged_already": change_answers.Acknowledged(**HERE, already_by=KENJI, is_shown=False),
    "acknowledged_all": change_answers.Acknowledged(integration=None, already_by=None, is_shown=False),
    "acknowledged_all_already": change_answers.Acknowledged(
        integration=None, already_by=KENJI, is_shown=True
    ),
    "unacknowledged": change_answers.Acknowledged(**HERE, already_by=None, is_shown=True, to=NOBODY),
    "unacknowledged_all": change_answers.Acknowledged(
        integration=None, already_by=None, is_shown=True, to=NOBODY
    ),
    "unacknowledged_already": change_answers.Acknowledged(
        **HERE, already_by=NOBODY, is_shown=False, to=NOBODY
    ),
    "unacknowledged_all_already": change_answers.Acknowledged(
        integration=None, already_by=NOBODY, is_shown=False, to=NOBODY
    ),
    "handed_on": change_answers.Acknowledged(**HERE, already_by=None, is_shown=True, to=KENJI),
    "cannot_take_over": change_answers.CannotTakeOver(who=KENJI),
    "nothing_open": answers.NothingOpen(**HERE),
    "nothing_open_at_all": answers.NothingOpen(integration=None),
    "snooze_set": change_answers.SnoozeSet(what=THIS, snooze=snooze(reason="warehouse move")),
    "snooze_set_until_recovery": change_answers.SnoozeSet(what=THIS, snooze=snooze(None)),
    "snooze_set_already": change_answers.SnoozeSet(
        what=THIS, snooze=snooze(reason="warehouse move"), unchanged=True
    ),
    "snooze_set_planned": change_answers.SnoozeSet(what=Selection(selector="all"), snooze=PLANNED),
    "snooze_set_recurring": change_answers.SnoozeSet(what=Selection(selector="Users*"), snooze=RECURRING),
    "snooze_nothing": change_answers.NothingToSnooze(what=Selection(selector="Users*")),
    "snooze_ended": change_answers.SnoozeEnded(what=THIS, was_snoozed=True),
    "snooze_ended_none": change_answers.SnoozeEnded(what=THIS, was_snoozed=False),
    "snooze_ended_already": change_answers.SnoozeEnded(what=None, was_snoozed=False),
    "snooze_ended_still": change_answers.SnoozeEnded(
        what=THIS, was_snoozed=True, still=(RECURRING, Selection(selector="Users*"))
    ),
    "snoozes": change_answers.SnoozeList(
        channel=ALERTS,
        rows=(
            (snooze(reason="warehouse move"), THIS),
            (PLANNED, Selection(selector="all", workspace_name="prod")),
            (RECURRING, Selection(selector="Users*")),
            (replace(RECURRING, begins=NOW - timedelta(hours=1), has_begun=True), Selection(selector="O*")),
        ),
    ),
    "snoozes_none": change_answers.SnoozeList(channel=ALERTS, rows=()),
    "snoozes_many": change_answers.SnoozeList(
        channel=ALERTS, rows=tuple((snooze(), Selection(selector=f"Integration {at}*")) for at in range(30))
    ),
    "confirm_sync": answers.ConfirmSync(**HERE),
    "confirm_sync_attributes": answers.ConfirmSync(
        integration=integration(integration_type="users_attributes")
    ),
    "confirm_sync_deletes": answers.ConfirmSync(integration=integration(integration_type="users_delete")),
    "confirm_sync_canvas": answers.ConfirmSync(integration=integration(integration_type="canvas_triggers")),
    "sync_started": answers.SyncStarted(**HERE, is_certain=True),
    "sync_started_unclear": answers.SyncStarted(**HERE, is_certain=False),
    "several": answers.SeveralMatches(query="u", candidates=LISTED, total=14),
    "several_all_shown": answers.SeveralMatches(query="u", candidates=LISTED, total=3),
    "which_workspace": answers.WhichWorkspace(selector="all", workspaces=((1, "prod"), (2, "staging"))),
    "in_each_workspace": answers.InEachWorkspace(
        answers=(
            answers.SubscriptionSet(
                what=Selection(selector="all", workspace_name="prod"),
                filters=Filters(),
                total=3,
                unchanged=True,
            ),
            answers.BrazeRefused(
                reason=BrazeReason.NO_PERMISSION, query="all", permission="cdi.integration_list"
            ),
        )
    ),
    "none_matches": answers.NoMatch(query="Usrs", nearest=LISTED[:2], list_known=True),
    "none_matches_last_known_state": answers.NoMatch(
        query="Usrs", nearest=LISTED[:2], list_known=True, trouble=BrazeReason.OUT_OF_BUDGET
    ),
    "none_matches_nothing_near": answers.NoMatch(query="Usrs", nearest=(), list_known=True),
    "none_matches_unlisted": answers.NoMatch(query="Usrs", nearest=(), list_known=False),
    "needs_invite": answers.NeedsInvite(),
    "cannot_post": answers.CannotPost(reason="restricted_action"),
    "owned_by_file": answers.OwnedByFile(file="cdi-bot.toml"),
    "not_allowed": answers.NotAllowed(action="sync"),
    "not_allowed_elsewhere": answers.NotAllowed(action="elsewhere"),
    "not_allowed_private": answers.NotAllowed(action="private"),
    "not_allowed_guest": answers.NotAllowed(action="change_as_guest"),
    "not_allowed_outside": answers.NotAllowed(action="change_from_outside"),
    "audit": query_answers.AuditTrail(
        rows=(
            (entry("sync", USERS), integration()),
            (entry("acknowledge", "unreachable"), None),
            (entry("acknowledge", USERS), integration()),
            (entry("snooze", "abc123xyz"), None),
            (entry("unsnooze", USERS), integration(name="*Users* & <b>")),
            (entry("digest", "weekly mon 09:00"), None),
            (entry("language", "ja"), None),
            (entry("owner", "U0KENJI001 Users attributes*"), None),
            (entry("owner", "subteam^S0DATA0001 all"), None),
            (entry("runbook", f"https://wiki.example.com/users {USERS}"), integration()),
            (entry("critical", f"none {USERS}"), integration()),
            (entry("hand_on", f"U0KENJI001 {USERS}"), integration()),
            (entry("hand_on", "U0KENJI001 unreachable"), None),
            (entry("hand_on", USERS), integration()),
            (entry("unsubscribe", "Users*"), None),
            (entry("subscribe", "all"), None),
            (entry("renamed", "x"), None),
        )
    ),
    "audit_none": query_answers.AuditTrail(rows=()),
    "braze_refused_unreachable": answers.BrazeRefused(
        reason=BrazeReason.BAD_KEY, query="Users attributes", since=NOW
    ),
    "braze_refused_invalid": answers.BrazeRefused(reason=BrazeReason.INVALID_INTEGRATION, query="Users"),
    "braze_refused_unknown": answers.BrazeRefused(reason=BrazeReason.UNKNOWN_INTEGRATION, query="Users"),
    "braze_refused": answers.BrazeRefused(reason=BrazeReason.SYNC_IN_PROGRESS, query="Users"),
    "braze_refused_permission": answers.BrazeRefused(
        reason=BrazeReason.NO_PERMISSION, query=None, permission="cdi.integration_list"
    ),
    "settings": answers.SettingsShown(
        language="ja", digest="daily 09:00", zone="Asia/Tokyo", next_due=NOW, languages=("en", "ja")
    ),
    "settings_hours": answers.SettingsShown(
        language=None,
        digest=None,
        zone="Europe/Berlin",
        next_due=None,
        languages=("en", "ja"),
        hours=HOURS,
    ),
    "hours_set": answers.HoursSet(
        hours=HoursNow(hours=Hours(days=frozenset({5})), zone="UTC"), unchanged=False
    ),
    "hours_off": answers.HoursSet(hours=None, unchanged=True),
    "settings_escalated": answers.SettingsShown(
        language=None,
        digest=None,
        zone=None,
        next_due=None,
        languages=("en", "ja"),
        escalate_after=timedelta(hours=1.5),
        escalate_to="C0ONCALL001",
        escalate_trouble="not_in_channel",
    ),
    "sample_sent": SampleSent(
        took=timedelta(seconds=0.62),
        trouble=None,
        integrations=12,
        mentions="<@U0KENJI001>",
        unreachable=None,
    ),
    "sample_not_posted": SampleSent(
        took=None, trouble="restricted_action", integrations=0, mentions=None, unreachable=unreachable()
    ),
    "sample_waits": SampleSent(took=None, trouble=None, integrations=1, mentions=None, unreachable=None),
    "contacts_set": answers.ContactsSet(mention=True, unchanged=True),
    "contacts_shown": answers.ContactsSet(mention=False, unchanged=False),
    "owner_set": IntegrationSettingSet(
        what=Selection(selector="Users*"), setting="owner", value="<@U0KENJI001>", total=3, unchanged=True
    ),
    "runbook_set": IntegrationSettingSet(
        what=Selection(selector="Usres*", workspace_name="emea"),
        setting="runbook",
        value="https://wiki.example.com/a?b=1&c=2",
        total=0,
        unchanged=False,
        nearest=(integration(),),
    ),
    "critical_off": IntegrationSettingSet(
        what=Selection.of(integration()), setting="critical", value=None, total=1, unchanged=False
    ),
    "integration_settings": IntegrationSettingsShown(
        rows=(
            (
                IntegrationSettings(
                    workspace_id=1,
                    selector=USERS,
                    owner="<@U0KENJI001>",
                    runbook="https://wiki.example.com/users",
                    critical=True,
                ),
                Selection.of(integration()),
            ),
            (
                IntegrationSettings(workspace_id=1, selector="Orders*", owner=""),
                Selection(selector="Orders*"),
            ),
            (
                IntegrationSettings(workspace_id=1, selector="all", owner="<!subteam^S0DATA0001>"),
                Selection(selector="all"),
            ),
        )
    ),
    "integration_settings_none": IntegrationSettingsShown(rows=()),
    "not_allowed_set_elsewhere": answers.NotAllowed(action="set_elsewhere"),
    "escalation_set": EscalationSet(after=timedelta(minutes=30), to="U0KENJI001", unchanged=False),
    "escalation_off": EscalationSet(after=timedelta(minutes=30), to=None, unchanged=False),
    "escalation_refused": BadTarget(
        target=Channel(team_id="T1", channel_id="C0ONCALL001"), reason="is_archived"
    ),
    "escalation_refused_app": BadTarget(
        target=Channel(team_id="T1", channel_id="U0KENJI001"), reason="a_bot"
    ),
    "settings_none": answers.SettingsShown(
        language=None, digest=None, zone=None, next_due=None, languages=("en", "ja")
    ),
    "workspaces": workspace_answers.WorkspaceList(
        rows=(
            WORKSPACE_ROW,
            replace(WORKSPACE_ROW, workspace_id=2, name="emea", is_given=False, trouble=BrazeReason.KEY_LOST),
            replace(WORKSPACE_ROW, workspace_id=4, name="prod", is_given=False, file="cdi-bot.toml"),
            replace(WORKSPACE_ROW, workspace_id=3, name="old", is_given=False, is_watched=False),
        )
    ),
    "workspace_form": workspace_answers.WorkspaceForm(can_store=True),
    "workspace_no_secret": workspace_answers.WorkspaceForm(can_store=False),
    "workspace_added": workspace_answers.WorkspaceAdded(name="emea", missing=(), is_replaced=False),
    "workspace_added_limited": workspace_answers.WorkspaceAdded(
        name="emea", missing=(Endpoint.LIST, Endpoint.SYNC), is_replaced=True
    ),
    "workspace_refused": workspace_answers.WorkspaceRefused(field="key", problem="bad_key"),
    "workspace_confirm": workspace_answers.ConfirmRemoval(
        workspace_id=2, name="emea", subscriptions=7, channels=3
    ),
    "workspace_gone": workspace_answers.WorkspaceGone(name="emea", channels=3),
    "workspace_unknown": workspace_answers.NoSuchWorkspace(name="emae", names=("iad-03", "emea")),
    "workspace_of_settings": workspace_answers.WorkspaceOfSettings(name="iad-03"),
    "not_allowed_manage": answers.NotAllowed(action="manage"),
    "language_set": answers.LanguageSet(language="ja", unchanged=False),
    "language_set_own": answers.LanguageSet(language=None, unchanged=False),
    "language_set_unchanged": answers.LanguageSet(language="ja", unchanged=True),
    "workspace_set": workspace_answers.WorkspaceSet(name="prod", unchanged=False),
    "workspace_set_all": workspace_answers.WorkspaceSet(name=None, unchanged=True),
    "unknown_workspace": workspace_answers.UnknownWorkspace(given="stagin", names=("prod", "staging")),
    "unknown_language": answers.UnknownLanguage(given="klingon", languages=("en", "ja")),
    "digest_set": answers.DigestSet(
        digest="weekly mon 09:00 quiet", zone="Europe/Stockholm", next_due=NOW, unchanged=False
    ),
    "digest_set_unchanged": answers.DigestSet(
        digest="weekly fri 17:30", zone="UTC", next_due=NOW, unchanged=True
    ),
    "digest_off": answers.DigestSet(digest=None, zone="UTC", next_due=None, unchanged=False),
    "digest_off_unchanged": answers.DigestSet(digest=None, zone="UTC", next_due=None, unchanged=True),
}


@pytest.mark.parametrize("name", list(ANSWERS))
def test_golden_answers(name: str) -> None:
    """Each answer says what it always said."""
    assert_golden(f"answer_{name}", lambda query: render_answer(ANSWERS[name], query, now=NOW))


def test_every_kind_has_a_golden_file() -> None:
    """No kind of answer goes unlooked at."""
    elsewhere = set(ExpectedAnswer.__args__)  # in test_expected.py
    assert {type(answer) for answer in ANSWERS.values()} == set(Answer.__args__) - elsewhere


STEP_ELSEWHERE = {
    "list_empty",  # in Braze
    "none_matches_unlisted",  # in Braze's dashboard
    "cannot_post",  # with a Slack admin
    "not_allowed",  # with whoever runs the bot
    "not_allowed_elsewhere",  # in the other channel
    "not_allowed_private",
    "not_allowed_set_elsewhere",
    "not_allowed_manage",  # likewise
    "workspace_no_secret",
    "workspace_of_settings",
    "workspace_unknown",  # the names that there are
    "braze_refused_permission",  # with whoever runs the bot
    "in_each_workspace",  # as each of its answers
}
"""Answers whose next step is said, but is no command and no button."""

DONE = (
    IntegrationSettingSet,
    answers.SubscriptionSet,
    answers.SubscriptionEnded,
    change_answers.Acknowledged,
    change_answers.CannotTakeOver,
    answers.NothingOpen,
    change_answers.SnoozeEnded,
    answers.SyncStarted,
    answers.LanguageSet,
    workspace_answers.WorkspaceSet,
    answers.DigestSet,
    answers.ContactsSet,
    workspace_answers.WorkspaceGone,
    workspace_answers.WorkspaceRefused,
)
"""Answers that only say what was done, in a line."""


@pytest.mark.parametrize(
    "name",
    [name for name, each in ANSWERS.items() if name not in STEP_ELSEWHERE and not isinstance(each, DONE)],
)
def test_each_answer_leads_on(name: str) -> None:
    """Each other answer offers what is likely wanted next: a command to type, or something to press."""
    shown = render(ANSWERS[name])
    assert elements(shown) or "/cdi " in said(shown) or "/invite" in said(shown)


def typed(text: str) -> Mistake:
    """What is read of a text that is no command to carry out."""
    read = parse(text, now=NOW)
    assert isinstance(read, Mistake)
    return read


HELPS: dict[str, Callable[[Translator], Rendered]] = {
    "help": lambda query: render_help(None, query),
    "help_subscribe": lambda query: render_help("subscribe", query),
    "help_snooze": lambda query: render_help("snooze", query),
    "unknown_like_several": lambda query: render_mistake(typed("unsubscribed Users: attributes"), query),
    "unknown_like_one": lambda query: render_mistake(typed("statsu Users: attributes"), query),
    "unknown_unlike": lambda query: render_mistake(typed("klingon"), query),
    "stop_everything": lambda query: render_mistake(typed("stop everything"), query),
    "stop_one": lambda query: render_mistake(typed("stop Users: attributes"), query),
    "trouble_store": lambda query: render_trouble("store", query),
    "trouble_slack": lambda query: render_trouble("slack", query),
    "trouble_other": lambda query: render_trouble("internal", query),
}


@pytest.mark.parametrize("name", list(HELPS))
def test_golden_help(name: str) -> None:
    """Help and troubles say what they always said."""
    assert_golden(name, HELPS[name])


@pytest.mark.parametrize("problem", list(MistakeKind))
def test_golden_mistakes(problem: MistakeKind) -> None:
    """Each mistake is named, with an example of how it is typed."""
    mistake = Mistake(command="subscribe", problem=problem, given="on:eror", nearest="error", name="Orders")
    assert_golden(f"mistake_{problem}", lambda query: render_mistake(mistake, query))


def test_mistake_of_each_command() -> None:
    """Each command has an example of its own."""
    for command in COMMANDS:
        mistake = Mistake(command=command, problem=MistakeKind.MISSING_INTEGRATION)
        assert f"`/cdi {command}" in said(render_mistake(mistake, WORDS))


def test_a_mistake_names_the_option_that_was_typed() -> None:
    """Types of alerts are given to `on:` of a subscription, and to `except:` of hours."""
    for text, option in (
        ("subscribe all on:nonsense", "on:"),
        ("hours mon-fri 9-17 except:nonsense", "except:"),
    ):
        slip = typed(text)
        assert isinstance(slip, Mistake)
        line = f"`{option}` doesn't accept “nonsense”. `{option}` accepts"
        assert line in said(render_mistake(slip, WORDS))
    assert isinstance(typed("hours mon-fri 9-17 except:"), Mistake)


def test_what_is_ones_own_has_a_time_as_well() -> None:
    """How fresh the facts are is said where everything that is shown is the reader's own."""
    assert "not looked at yet" not in said(render_answer(ANSWERS["overview_mine_alone"], WORDS, now=NOW))


def test_a_run_in_progress_does_not_hide_the_watermark() -> None:
    """Until it brings a newer one, that of the runs before it holds."""
    running = run("running", ago=timedelta(), sync_finish_time=None, last_timestamp_synced=None)
    before = run("success", last_timestamp_synced=NOW - timedelta(hours=1))
    known = dict(figures(replace(HISTORY, runs=(running, before)), WORDS, NOW, when=datetime.isoformat))
    assert known["Newest UPDATED_AT synced"] == (NOW - timedelta(hours=1)).isoformat()


def test_an_example_about_all_means_all() -> None:
    """In quotes it would be an integration of that name."""
    slip = typed("subscribe all mention:@nobody")
    assert isinstance(slip, Mistake)
    assert "`/cdi subscribe all on:" in said(render_mistake(slip, WORDS))


def test_help_has_every_command() -> None:
    """Help shows an example of every command there is."""
    text = said(render_help(None, WORDS))
    assert [command for command in COMMANDS if f"`/cdi {command}" not in text] == []


def test_history_pages() -> None:
    """History turns ten runs a page, newer and older, as far as there are any."""
    middle = render(replace(HISTORY, offset=20))
    turns = [element for element in elements(middle) if str(element["action_id"]).startswith("history_page:")]
    assert [turn["value"] for turn in turns] == [
        f'{{"workspace":1,"id":"{USERS}","offset":10}}',
        f'{{"workspace":1,"id":"{USERS}","offset":30}}',
    ]
    assert actions_of(render(replace(HISTORY, has_older=False))) == ["open_in_braze"]


def test_overview_pages() -> None:
    """The overview turns its pages and says which part it shows."""
    shown = render(LATER_PAGE)
    assert actions_of(shown) == ["overview_page", "overview_page"]
    assert pressed(shown, "overview_page") == {"offset": 0}
    assert "16 to 30 of 1,234" in said(shown)


def test_list_pages_keep_words() -> None:
    """A list that was searched stays searched on its other pages."""
    assert pressed(render(ANSWERS["list_words"]), "list_page") == {"words": "cat & <b>", "offset": 0}


def test_choices_carry_the_command() -> None:
    """Choosing among several does what was typed, with the chosen one's id."""
    snooze_users = SetSnooze(selector="u", until=NOW, reason="move", channel_id="C1")
    shown = render(ANSWERS["several"], snooze_users)
    assert pressed(shown, "pick") == {
        "command": "snooze",
        "workspace_id": 1,
        "channel_id": "C1",
        "selector": USERS,
        "until": NOW.isoformat().replace("+00:00", "Z"),
        "reason": "move",
    }
    assert read_command(pressed(shown, "pick")) == replace(snooze_users, selector=USERS, workspace_id=1)
    assert "11 more" in said(shown)
    assert "more:" not in said(render(ANSWERS["several_all_shown"]))


def test_change_button() -> None:
    """Each subscription can be changed or ended from the list, and another one begun."""
    shown = render(ANSWERS["subscriptions"])
    assert pressed(shown, "form_change") == {"channel": ALERTS.channel_id, "subscription": 3}
    assert actions_of(shown)[-1] == "form_new"
    assert actions_of(render(ANSWERS["subscriptions_none"])) == ["form_new"]


def test_answers_about_another_channel_name_it() -> None:
    """What is said of a channel that `in:` named can't be taken for that of the one it is read in."""
    shown = name_channel(MARKETING, render(ANSWERS["subscriptions"]), WORDS)
    assert said(shown).index("<#C0MKTOPS01>") < said(shown).index("3 subscriptions")
    rows = tuple((subscription(f"Name {number}*"), 1, None) for number in range(200))
    assert_taken(name_channel(MARKETING, render(answers.SubscriptionList(rows=rows)), WORDS))


def test_many_subscriptions() -> None:
    """A channel with more subscriptions than a message holds is told how many more there are."""
    rows = tuple((subscription(f"Name {number}*"), 1, None) for number in range(200))
    shown = render(answers.SubscriptionList(rows=rows))
    assert_taken(shown)
    assert "more. `/cdi unsubscribe NAME` ends one" in said(shown)


def test_private_channel_gets_the_invite_line() -> None:
    """The answer in a private channel holds the line to type."""
    assert "`/invite @cdi-bot`" in said(render(ANSWERS["needs_invite"]))


def charts(message: Rendered) -> list[dict[str, Any]]:
    """Return the pictures of a message."""
    return [block for block in message.blocks if block["type"] == "data_visualization"]


def test_a_picture_tells_every_run() -> None:
    """Twenty runs are drawn, a bar each, the oldest first; where any run lost rows, these are drawn beside it."""
    (rows,) = charts(render(HISTORY))
    (synced_rows,) = rows["chart"]["series"]
    values = [point["value"] for point in synced_rows["data"]]
    assert values == [run.rows_synced or 0 for run in reversed(RUNS)]
    assert rows["chart"]["axis_config"]["y_label"] == "Rows"
    partial = replace(RUNS[0], job_status="partial", rows_failed_with_errors=50)
    (rows,) = charts(render(replace(HISTORY, recent=(partial, *RUNS[1:]))))
    _, failed_rows = rows["chart"]["series"]
    assert [point["value"] for point in failed_rows["data"]] == [0] * 19 + [50]


def test_a_picture_shows_the_readers_time() -> None:
    """Labels are in the zone of the person: hours within a day, dates beyond, both where neither alone is clear."""
    tokyo = NOW.astimezone(ZoneInfo("Asia/Tokyo"))
    (rows,) = charts(render_answer(HISTORY, WORDS, now=tokyo))
    axis = rows["chart"]["axis_config"]
    assert axis["x_label"] == "Start (Asia/Tokyo)"
    assert axis["categories"][-1] == "21:50"
    daily = tuple(run("success", ago=timedelta(days=number)) for number in range(12))
    (rows,) = charts(render(replace(HISTORY, recent=daily)))
    assert rows["chart"]["axis_config"]["categories"][-1] == "Mar 25"
    at_once = tuple(run("success", ago=timedelta(days=number // 2, seconds=number)) for number in range(8))
    (rows,) = charts(render(replace(HISTORY, recent=at_once)))
    assert rows["chart"]["axis_config"]["categories"][-2:] == ["Mar 25 12:53", "Mar 25 12:53 (2)"]


def test_no_picture_of_one_run_nor_beside_older_pages() -> None:
    """Pictures are of the newest runs, and stand with these alone."""
    assert charts(render(replace(HISTORY, recent=RUNS[:1]))) == []
    assert charts(render(replace(HISTORY, offset=10))) == []


def test_sparkline_where_pictures_are_refused() -> None:
    """The lines of text draw the oldest run first and mark what was no success."""
    shown = render(HISTORY)
    assert shown.plainer is not None
    plainer = Rendered(text=shown.text, blocks=shown.plainer)
    assert charts(plainer) == []
    (rows,) = said(plainer).split("`")[1::2][:1]
    assert (len(rows), rows[-4], rows.count("×")) == (20, "×", 3)
    flat = replace(HISTORY, recent=tuple(replace(one, rows_synced=None) for one in RUNS[:3]))
    assert "▁▁▁" in json.dumps(render(flat).plainer, ensure_ascii=False)


def test_the_history_says_first_what_matters() -> None:
    """The runs stand right below the state; what can be done is one row; the text carries the state and since when."""
    shown = render(ANSWERS["history_can_sync"])
    assert [block["type"] for block in shown.blocks[:3]] == ["section", "table", "data_visualization"]
    rows = [block for block in shown.blocks if block["type"] == "actions"]
    assert [each["action_id"].partition(":")[0] for row in rows for each in row["elements"]] == [
        "history_ack",
        "history_snooze",
        "history_page",
        "sync",
        "open_in_braze",
    ]
    assert len(rows) == 1
    assert "Users attributes" in shown.text
    assert "Since 2026-03-25" in shown.text


@pytest.mark.parametrize("name", ["overview_unreachable", "history_unreachable", "list_unreachable"])
def test_that_braze_is_unreachable_is_said_first(name: str) -> None:
    """In the first line and in the text: since when, why, and that this is the last known state; no sync is offered."""
    shown = render(ANSWERS[name])
    first = shown.blocks[0]["text"]["text"].splitlines()[0]
    for told in (shown.text, first):
        assert "Can't reach Braze since" in told.split(".")[0]
        assert "API key" in told
        assert "last known state" in told
    assert '"sync"' not in said(shown)


def test_the_overviews_text_names_what_fails() -> None:
    """Who only hears the text learns what needs attention, what is wrong with it and since when."""
    text = render(OVERVIEW).text
    assert text.startswith("4 of 8 integrations need attention")
    assert text.lower().count("since 2026-03-2") == 4
    assert "Purchases (BigQuery) – " in text


def test_default_topics_are_told_in_words() -> None:
    """The default is told as what it is, anything else by name."""
    chosen = answers.SubscriptionSet(
        what=Selection(selector="all"), filters=Filters(topics=DEFAULT_TOPICS), total=1, unchanged=False
    )
    assert "all alerts except sync starts" in said(render(chosen))


@given(strategies.every_answer)
def test_any_answer_is_taken(answer: Answer) -> None:
    """Slack takes every answer, whatever names, numbers and reasons are in it."""
    assert_taken(render(answer))


def test_half_a_character_spoils_no_answer() -> None:
    """What no request can carry stands in no text, and is spelled out in what a button carries."""
    half = "\ud83d"
    subscribed = Subscription(
        subscription_id=1,
        channel=ALERTS,
        workspace_id=1,
        selector=f"users{half}*",
        filters=Filters(),
        created_by=MARA,
        created_at=NOW,
    )
    assert_taken(
        render(answers.SubscriptionList(rows=((subscribed, 1, None), (subscribed, 1, f"Users{half}"))))
    )
    several = answers.SeveralMatches(query=half, candidates=(integration(), OTHER), total=2)
    chosen = render(several, SetSnooze(selector=half, until=NOW, reason=half))
    assert_taken(chosen)
    assert half in json.loads(str(elements(chosen)[0]["value"]))["reason"]


@given(strategies.mistakes)
def test_any_mistake_is_taken(mistake: Mistake) -> None:
    """Slack takes what is said about any mistake."""
    assert_taken(render_mistake(mistake, WORDS))


@pytest.mark.parametrize("command", COMMANDS)
def test_help_with_each_command_is_taken(command: str) -> None:
    """Slack takes the help on each command, which tells its usage, examples, options and other words."""
    help_with = render_help(command, WORDS)
    assert_taken(help_with)
    specification = BY_WORD[command]
    examples = (*specification.help, *specification.options)
    shown = said(help_with)
    for told in (specification.usage, *(each for each, _ in examples), *specification.aliases):
        assert f"`{told}`" in shown


@given(strategies.text)
def test_any_text_is_answered(text: str) -> None:
    """Slack takes what is said about any text that is no command."""
    read = parse(text, now=NOW)
    if isinstance(read, Mistake):
        assert_taken(render_mistake(read, WORDS))
