"""What commands are answered with: word for word in golden files, and that Slack takes any of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given

from cdi_bot.core.commands.incidents import SetSnooze
from cdi_bot.core.commands.parser import BY_WORD, parse
from cdi_bot.core.commands.parser import WORDS as COMMANDS
from cdi_bot.core.commands.specification import Command, Mistake, MistakeKind
from cdi_bot.core.model.channel import AuditEntry, Channel
from cdi_bot.core.model.incident import QualityReason, Topic
from cdi_bot.core.model.subscription import DEFAULT_TOPICS, Filters, Subscription
from cdi_bot.core.statistics import Usual
from cdi_bot.item_troubles import ItemTrouble, Work
from cdi_bot.monitoring.braze_port import BrazeReason
from cdi_bot.slack.render.answers import name_channel, render_answer
from cdi_bot.slack.render.kit.blocks import Rendered
from cdi_bot.slack.render.kit.buttons import read_command
from cdi_bot.slack.render.kit.i18n import Translator
from cdi_bot.slack.render.refusals import render_help, render_mistake, render_trouble
from cdi_bot.usecases import answers
from cdi_bot.usecases.answers import Answer, Overview
from cdi_bot.usecases.escalation_answers import BadTarget, EscalationSet
from cdi_bot.usecases.expected_answers import ExpectedAnswer
from tests.slack.golden import actions_of, assert_golden, assert_taken, elements, pressed, said
from tests.slack.render import strategies
from tests.slack.render.samples import (
    ALERTS,
    DASHBOARD,
    KENJI,
    MARA,
    NOW,
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
OTHER = integration("5f9c1e2d-0000-4000-8000-000000000001", "Purchases (BigQuery)")


def render(answer: Answer, command: Command | None = None) -> Rendered:
    """Render in English."""
    return render_answer(answer, WORDS, now=NOW, command=command)


def row(**more: Any) -> answers.OverviewRow:
    """Return a row of the overview."""
    known: dict[str, Any] = {
        "integration": integration(),
        "newest": run("success", rows_synced=12_345),
        "incident": None,
        "snooze": None,
        "observed_at": NOW - timedelta(seconds=20),
        "missing": False,
    }
    return answers.OverviewRow(**known | more)


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
    total=8,
    failing=2,
    unhealthy=4,
    unreachable=None,
)
LATER_PAGE = replace(OVERVIEW, rows=(row(),) * 15, offset=15, total=1_234, failing=0, unhealthy=0)
RUNS = tuple(
    run(
        "error" if number % 7 == 3 else "success",
        ago=timedelta(minutes=15 * number + 3),
        rows_synced=0 if number % 7 == 3 else 1_000 * (number % 5),
    )
    for number in range(30)
)
HISTORY = answers.RunHistory(
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
LISTING = answers.IntegrationList(
    query=None,
    rows=((LISTED[0], True), (LISTED[1], False)),
    offset=0,
    total=2,
    observed_at=NOW - timedelta(seconds=20),
    trouble=None,
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
CHOSEN = Filters(topics=frozenset({Topic.ERROR, Topic.PARTIAL}), min_rows=100, fresh="09:00 Europe/Berlin")

ANSWERS: dict[str, Answer] = {
    "overview": OVERVIEW,
    "overview_later_page": LATER_PAGE,
    "overview_blind": replace(OVERVIEW, unreachable=unreachable(reason="bad_key")),
    "overview_lost": replace(OVERVIEW, lost=answers.LostChannels(here="channel_not_found", elsewhere=1)),
    "overview_lost_elsewhere": replace(OVERVIEW, lost=answers.LostChannels(elsewhere=1_234)),
    "overview_with_troubles": replace(
        OVERVIEW,
        troubles=answers.BotTroubles(
            names=("Users attributes",),
            channels=(ItemTrouble(work=Work.DIGEST, item=ALERTS, since=NOW, tried_at=NOW),),
        ),
    ),
    "overview_empty": Overview(rows=(), offset=0, total=0, failing=0, unhealthy=0, unreachable=None),
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
    "history_from_memory": replace(
        HISTORY, trouble=BrazeReason.TIMEOUT, has_older=False, snooze=snooze(None)
    ),
    "history_unheard": replace(HISTORY, subscribed=False, dashboard_url=None, has_older=False),
    "history_none": replace(NO_PAST, runs=(), has_older=False, missing=True, observed_at=None),
    "history_first_run": replace(NO_PAST, runs=(BUSY,), has_older=False, subscribed=False),
    "history_second_run": replace(
        NO_PAST, runs=RUNS[:2], recent=RUNS[:2], ended=2, good=2, ended_week=2, good_week=2, has_older=False
    ),
    "list": LISTING,
    "list_words": replace(LISTING, query="cat & <b>", rows=LISTING.rows * 10, offset=20, total=50),
    "list_from_memory": replace(LISTING, trouble=BrazeReason.NO_PERMISSION),
    "list_none_fits": replace(LISTING, query="nothing", rows=(), total=0),
    "list_empty": replace(LISTING, rows=(), total=0),
    "subscriptions": answers.SubscriptionList(
        rows=(
            (subscription("all"), 12, None),
            (subscription("Users*", filters=CHOSEN), 3, None),
            (subscription(USERS, broken_reason="is_archived"), 1, "Users attributes (Snowflake)"),
        )
    ),
    "subscriptions_none": answers.SubscriptionList(rows=()),
    "subscribed_to": answers.SubscriptionSet(
        selector=USERS, name="Users attributes", filters=Filters(), total=1, unchanged=False
    ),
    "subscribed_to_unseen": answers.SubscriptionSet(
        selector="all",
        name=None,
        filters=Filters(),
        total=0,
        unchanged=False,
        trouble=BrazeReason.SERVER_ERROR,
    ),
    "subscribed_to_nothing": answers.SubscriptionSet(
        selector="Usrs*", name=None, filters=Filters(), total=0, unchanged=False, nearest=(integration(),)
    ),
    "subscribed_to_nothing_similar": answers.SubscriptionSet(
        selector="Usrs*", name=None, filters=Filters(), total=0, unchanged=False
    ),
    "subscribed_to_unchanged": answers.SubscriptionSet(
        selector="Users*", name=None, filters=CHOSEN, total=4, unchanged=True
    ),
    "unsubscribed_from": answers.SubscriptionEnded(
        selector=USERS, name="Users attributes", still_covered_by=None
    ),
    "unsubscribed_from_covered": answers.SubscriptionEnded(
        selector=USERS, name="Users attributes", still_covered_by="all"
    ),
    "not_subscribed": answers.NotSubscribed(selector=USERS, name="Users attributes", covered_by=None),
    "not_subscribed_covered": answers.NotSubscribed(selector=USERS, name=None, covered_by="Users*"),
    "acknowledged": answers.Acknowledged(**HERE, already_by=None, on_card=False),
    "acknowledged_already": answers.Acknowledged(**HERE, already_by=KENJI, on_card=False),
    "nothing_open": answers.NothingOpen(**HERE),
    "snooze_set": answers.SnoozeSet(**HERE, channel=ALERTS, until=NOW, reason="warehouse move"),
    "snooze_set_until_recovery": answers.SnoozeSet(**HERE, channel=ALERTS, until=None, reason=None),
    "snooze_set_already": answers.SnoozeSet(
        **HERE, channel=ALERTS, until=NOW, reason="warehouse move", unchanged=True
    ),
    "snooze_set_already_until_recovery": answers.SnoozeSet(
        **HERE, channel=ALERTS, until=None, reason=None, unchanged=True
    ),
    "snooze_ended": answers.SnoozeEnded(**HERE, was_snoozed=True),
    "snooze_ended_none": answers.SnoozeEnded(**HERE, was_snoozed=False),
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
    "none_fits": answers.NoMatch(query="Usrs", nearest=LISTED[:2], list_known=True),
    "none_fits_from_memory": answers.NoMatch(
        query="Usrs", nearest=LISTED[:2], list_known=True, trouble=BrazeReason.OUT_OF_BUDGET
    ),
    "none_fits_nothing_near": answers.NoMatch(query="Usrs", nearest=(), list_known=True),
    "none_fits_unlisted": answers.NoMatch(query="Usrs", nearest=(), list_known=False),
    "needs_invite": answers.NeedsInvite(channel=ALERTS),
    "cannot_post": answers.CannotPost(channel=ALERTS, reason="restricted_action"),
    "not_allowed": answers.NotAllowed(action="sync"),
    "not_allowed_elsewhere": answers.NotAllowed(action="elsewhere"),
    "not_allowed_private": answers.NotAllowed(action="private"),
    "not_allowed_guest": answers.NotAllowed(action="change_as_guest"),
    "not_allowed_outside": answers.NotAllowed(action="change_from_outside"),
    "audit": answers.AuditTrail(
        rows=(
            (entry("sync", USERS), "Users attributes (Snowflake)"),
            (entry("acknowledge", "unreachable"), None),
            (entry("acknowledge", USERS), "Users attributes (Snowflake)"),
            (entry("snooze", "abc123xyz"), None),
            (entry("unsnooze", USERS), "*Users* & <b>"),
            (entry("digest", "weekly mon 09:00"), None),
            (entry("language", "ja"), None),
            (entry("unsubscribe", "Users*"), None),
            (entry("subscribe", "all"), None),
            (entry("renamed", "x"), None),
        )
    ),
    "audit_none": answers.AuditTrail(rows=()),
    "braze_refused_invalid": answers.BrazeRefused(reason=BrazeReason.INVALID_INTEGRATION, query="Users"),
    "braze_refused_unknown": answers.BrazeRefused(reason=BrazeReason.UNKNOWN_INTEGRATION, query="Users"),
    "braze_refused": answers.BrazeRefused(reason=BrazeReason.SYNC_IN_PROGRESS, query="Users"),
    "braze_refused_permission": answers.BrazeRefused(
        reason=BrazeReason.NO_PERMISSION, query=None, permission="cdi.integration_list"
    ),
    "settings": answers.SettingsShown(
        language="ja", digest="daily 09:00", zone="Asia/Tokyo", next_due=NOW, languages=("en", "ja")
    ),
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
    "language_set": answers.LanguageSet(language="ja", unchanged=False),
    "language_set_own": answers.LanguageSet(language=None, unchanged=False),
    "language_set_unchanged": answers.LanguageSet(language="ja", unchanged=True),
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
    "none_fits_unlisted",  # in Braze's dashboard
    "cannot_post",  # with a Slack admin
    "not_allowed",  # with whoever runs the bot
    "not_allowed_elsewhere",  # in the other channel
    "not_allowed_private",
    "braze_refused_permission",  # with whoever runs the bot
}
"""Answers whose next step is said, but is no command and no button."""

DONE = (
    answers.SubscriptionSet,
    answers.SubscriptionEnded,
    answers.Acknowledged,
    answers.NothingOpen,
    answers.SnoozeEnded,
    answers.SyncStarted,
    answers.LanguageSet,
    answers.DigestSet,
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
    assert pressed(shown, "overview_page") == {"workspace": 1, "offset": 0}
    assert "16 to 30 of 1,234" in said(shown)


def test_list_pages_keep_words() -> None:
    """A list that was searched stays searched on its other pages."""
    assert pressed(render(ANSWERS["list_words"]), "list_page") == {
        "workspace": 1,
        "words": "cat & <b>",
        "offset": 0,
    }


def test_choices_carry_the_command() -> None:
    """Choosing among several does what was typed, with the chosen one's id."""
    snooze_users = SetSnooze(query="u", until=NOW, reason="move", channel_id="C1")
    shown = render(ANSWERS["several"], snooze_users)
    assert pressed(shown, "pick") == {
        "command": "snooze",
        "workspace_id": 1,
        "channel_id": "C1",
        "query": USERS,
        "until": NOW.isoformat().replace("+00:00", "Z"),
        "reason": "move",
    }
    assert read_command(pressed(shown, "pick")) == replace(snooze_users, query=USERS, workspace_id=1)
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


def test_pictures_tell_every_run() -> None:
    """Thirty runs are drawn, oldest first, two in each place: their rows together, and the longer duration."""
    rows, lasted = charts(render(HISTORY))
    synced_rows, failed_rows = rows["chart"]["series"]
    (seconds,) = lasted["chart"]["series"]
    values = [point["value"] for point in synced_rows["data"]]
    assert len(values) == 15
    assert values[-1] == sum(run.rows_synced or 0 for run in RUNS[:2])
    assert sum(values) == sum(run.rows_synced or 0 for run in RUNS)
    assert sum(point["value"] for point in failed_rows["data"]) == 0
    assert {point["value"] for point in seconds["data"]} == {90}
    assert "2 runs in a row" in said(render(HISTORY))


def test_pictures_show_the_readers_time() -> None:
    """Labels are in the zone of the person, with the day where hours alone would mislead."""
    tokyo = NOW.astimezone(ZoneInfo("Asia/Tokyo"))
    rows, _lasted = charts(render_answer(HISTORY, WORDS, now=tokyo))
    axis = rows["chart"]["axis_config"]
    assert axis["x_label"] == "Start (Asia/Tokyo)"
    assert axis["categories"][-1] == "21:35"
    daily = tuple(run("success", ago=timedelta(days=number)) for number in range(12))
    rows, _lasted = charts(render(replace(HISTORY, recent=daily)))
    assert rows["chart"]["axis_config"]["categories"][-1] == "3/25"
    at_once = tuple(run("success", ago=timedelta(days=number // 2, seconds=number)) for number in range(8))
    rows, _lasted = charts(render(replace(HISTORY, recent=at_once)))
    assert rows["chart"]["axis_config"]["categories"][-2:] == ["3/25 12:53", "3/25 12:53 (2)"]


def test_long_durations_are_in_minutes() -> None:
    """An hour is sixty, not three thousand six hundred."""
    long = tuple(replace(one, sync_finish_time=one.sync_start_time + timedelta(hours=1)) for one in RUNS[:3])
    _rows, lasted = charts(render(replace(HISTORY, recent=long)))
    assert lasted["chart"]["axis_config"]["y_label"] == "Minutes"
    assert {point["value"] for point in lasted["chart"]["series"][0]["data"]} == {60}


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
    rows, lasted = said(plainer).split("`")[1::2][1:3]
    assert (len(rows), len(lasted)) == (30, 30)
    assert (rows[-4], lasted[-4], rows.count("×")) == ("×", "×", 4)
    flat = replace(HISTORY, recent=tuple(replace(one, rows_synced=None) for one in RUNS[:3]))
    assert "▁▁▁" in json.dumps(render(flat).plainer, ensure_ascii=False)
    early = replace(RUNS[1], sync_finish_time=RUNS[1].sync_start_time - timedelta(hours=9))
    odd = render(replace(HISTORY, recent=(RUNS[0], early)))
    assert odd.plainer is not None
    assert "▁█" in json.dumps(odd.plainer, ensure_ascii=False)


def test_default_topics_are_told_in_words() -> None:
    """The default is told as what it is, anything else by name."""
    chosen = answers.SubscriptionSet(
        selector="all", name=None, filters=Filters(topics=DEFAULT_TOPICS), total=1, unchanged=False
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
    chosen = render(several, SetSnooze(query=half, until=NOW, reason=half))
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
