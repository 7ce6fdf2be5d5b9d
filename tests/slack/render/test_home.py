"""Home: word for word in golden files, and that Slack takes any of it, however much there is."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdi_bot.core.hours import Hours, HoursNow
from cdi_bot.core.model.channel import Channel
from cdi_bot.core.model.incident import Kind
from cdi_bot.core.model.integration_settings import IntegrationSettings
from cdi_bot.core.model.run import Run
from cdi_bot.core.model.subscription import Filters, Subscription
from cdi_bot.core.statistics import Usual
from cdi_bot.item_troubles import ItemTrouble, ItemTroubles, Work
from cdi_bot.slack.render.history import history_window
from cdi_bot.slack.render.home import fingerprint, home_view, troubled_home, unknown_home
from cdi_bot.slack.render.kit.blocks import short_message
from cdi_bot.slack.render.kit.i18n import Translator
from cdi_bot.slack.render.kit.limits import VIEW_BLOCKS
from cdi_bot.slack.render.kit.windows import window
from cdi_bot.usecases.answers import NoMatch
from cdi_bot.usecases.home import (
    ChannelSubscription,
    Home,
    HomeEntry,
    IntegrationSummary,
    NeedsAttention,
    NotShown,
    split,
)
from cdi_bot.usecases.query_answers import BotTroubles, RunHistory
from tests.slack.golden import assert_golden_view, assert_view_taken
from tests.slack.render import strategies
from tests.slack.render.samples import (
    ALERTS,
    DASHBOARD,
    KENJI,
    MARA,
    NOW,
    OWNED,
    USERS,
    failing,
    integration,
    run,
    unreachable,
)

WORDS = Translator()
TROUBLES = ItemTroubles(lambda: NOW)
Json = dict[str, Any]
OTHER = integration("5f9c1e2d", "Purchases (BigQuery)")
MARKETING = Channel(team_id="T0DEMO", channel_id="C0MKTOPS01")
DIRECT = Channel(team_id="T0DEMO", channel_id="D0MARA")


def subscribed(selector: str, channel: Channel = ALERTS, **more: Any) -> ChannelSubscription:
    """Return a subscription of a channel."""
    one = Subscription(
        subscription_id=3,
        channel=channel,
        workspace_id=1,
        selector=selector,
        filters=more.pop("filters", Filters()),
        created_by=MARA,
        created_at=NOW,
        broken_reason=more.pop("broken_reason", None),
    )
    return ChannelSubscription(subscription=one, **{"total": 12, "unhealthy": 0, "name": None} | more)


NOTHING_SET = IntegrationSettings(workspace_id=1, selector=USERS)


def how(**more: Any) -> IntegrationSummary:
    """Return an integration that is well."""
    good = tuple(run("success", ago=timedelta(hours=n), rows_synced=1000 + 100 * n) for n in range(1, 9))
    known: dict[str, Any] = {
        "integration": OTHER,
        "newest": good[0],
        "recent": good,
        "next_run": NOW + timedelta(minutes=5),
        "incident": None,
        "missing": False,
        "settings": NOTHING_SET,
    }
    return IntegrationSummary(**known | more)


def unhealthy(**more: Any) -> NeedsAttention:
    """Return an integration that fails."""
    known: dict[str, Any] = {
        "integration": integration(),
        "incident": failing(failed_in_a_row=3),
        "dashboard_url": DASHBOARD + USERS,
        "channels": (ALERTS, MARKETING),
        "settings": NOTHING_SET,
    }
    return NeedsAttention(**known | more)


def home(*entries: HomeEntry | NotShown, **more: Any) -> Home:
    """Return a page of Home."""
    known: dict[str, Any] = {
        "page": 0,
        "pages": 1,
        "channels": 2,
        "total": 12,
        "failing": 0,
        "unhealthy": 0,
        "not_shown": 0,
        "unreachable": None,
        "checked_at": NOW - timedelta(seconds=20),
        "unseen": 0,
    }
    return Home(entries=entries, **known | more)


ENTRIES: tuple[HomeEntry, ...] = (
    unhealthy(settings=OWNED),
    unhealthy(incident=failing(run("partial"), acknowledged_by=KENJI, acknowledged_at=NOW)),
    unhealthy(incident=replace(failing(), kind=Kind.LATE, last_failed=None)),
    subscribed("all", unhealthy=2),
    subscribed(USERS, name="Users attributes (Snowflake)", total=1),
    subscribed("Users*", MARKETING, broken_reason="is_archived"),
    subscribed("all", DIRECT),
    how(newest=run("partial", rows_synced=100, rows_failed_with_errors=50), incident=failing()),
    how(settings=replace(OWNED, critical=None, runbook=None)),
    how(newest=None, recent=()),
    how(missing=True),
    how(next_run=NOW - timedelta(minutes=5)),
    how(incident=replace(failing(), kind=Kind.LATE, last_failed=None)),
)
HOURS = HoursNow(hours=Hours(days=frozenset({5, 6})), zone="UTC")
HOMES = {
    "hours": home(subscribed("all"), subscribed("all", DIRECT), hours={ALERTS: HOURS, DIRECT: HOURS}),
    "busy": home(*ENTRIES, failing=10, unhealthy=12, not_shown=2, unseen=1),
    "healthy": home(subscribed("all"), how(), total=1, channels=1),
    "guest": home(*ENTRIES[:3], may_change=False),
    "unreachable": home(subscribed("all"), how(), unreachable=(unreachable(),)),
    "lost": home(subscribed("all"), how(), lost=2),
    "with_troubles": home(
        NotShown(kind=NeedsAttention, name="Users attributes <Snowflake>"),
        NotShown(kind=ChannelSubscription, name="Users attributes*"),
        subscribed("all"),
        how(),
        NotShown(kind=IntegrationSummary, name="Purchases (BigQuery)"),
        troubles=BotTroubles(
            integrations=(integration(name="Users attributes"),) * 5,
            channels=(
                ItemTrouble(work=Work.DIGEST, item=ALERTS, since=NOW, tried_at=NOW),
                ItemTrouble(work=Work.DELIVER, item=MARKETING, since=NOW, tried_at=NOW, detail="card:1"),
                ItemTrouble(work=Work.CHANNEL, item=MARKETING, since=NOW, tried_at=NOW),
            ),
        ),
    ),
    "mine": home(
        unhealthy(is_own=True, escalated=True, channels=()),
        unhealthy(is_own=True, incident=failing(run("partial"), acknowledged_by=MARA, acknowledged_at=NOW)),
        *ENTRIES[:4],
    ),
    "mine_without_channels": home(
        unhealthy(is_own=True, escalated=True, channels=()), channels=0, total=0, checked_at=None
    ),
    "second_page": home(how(), how(), page=1, pages=3, total=200),
    "empty": home(channels=0, total=0, checked_at=None),
    "empty_guest": home(channels=0, total=0, checked_at=None, may_change=False),
}


@pytest.mark.parametrize("name", sorted(HOMES))
def test_home(name: str) -> None:
    """What needs attention stands first, then the subscriptions of each channel, then every integration."""
    assert_golden_view(f"home_{name}", lambda query: home_view(HOMES[name], query, NOW, TROUBLES))


def test_home_in_trouble() -> None:
    """Where Slack or the database does not answer, that is what is said, with a way to try again."""
    assert_golden_view("home_unknown", unknown_home)
    assert_golden_view(
        "home_troubled", lambda query: troubled_home(short_message("No.", "Wait.").blocks, query)
    )


def test_a_guest_is_offered_nothing_to_change() -> None:
    """Who may only look finds no button that would refuse them."""
    shown = str(home_view(HOMES["guest"], WORDS, NOW, TROUBLES))
    assert "home_runs" in shown
    assert not any(action in shown for action in ("form_new", "form_change", "home_ack"))


def test_freshness_alone_is_no_change() -> None:
    """A Home that differs only in when it was looked at is not put up again for that."""
    later = replace(HOMES["busy"], checked_at=NOW)
    first, second = (home_view(one, WORDS, NOW, TROUBLES) for one in (HOMES["busy"], later))
    assert first != second
    assert fingerprint(first) == fingerprint(second)
    assert fingerprint(first) != fingerprint(home_view(replace(later, unhealthy=11), WORDS, NOW, TROUBLES))
    assert fingerprint(first) != fingerprint(home_view(replace(later, page=1, pages=2), WORDS, NOW, TROUBLES))


HISTORY = RunHistory(
    integration=integration(),
    runs=(
        run("running", sync_finish_time=None, rows_synced=None, rows_failed_with_errors=None),
        run("partial", rows_synced=100, rows_failed_with_errors=50),
        run("success", rows_synced=10**9),
    ),
    offset=0,
    has_older=True,
    good=1,
    ended=2,
    good_week=1,
    ended_week=2,
    usual=Usual(duration=timedelta(seconds=80), rows=150),
    next_run=NOW + timedelta(minutes=5),
    recent=(run("partial", rows_synced=100), run("success", rows_synced=200)),
    incident=None,
    snooze=None,
    observed_at=NOW - timedelta(seconds=2),
    dashboard_url=DASHBOARD + USERS,
    subscribed=True,
    missing=False,
    trouble=None,
)


def test_runs_in_a_window() -> None:
    """The newest runs are lines; an answer without runs is left to others."""
    assert_golden_view(
        "home_runs", lambda query: window("History", history_window(HISTORY, query, NOW) or [], query)
    )
    assert history_window(NoMatch(query="x", nearest=(), list_known=True), WORDS, NOW) is None


# ------------------------------------------------------------------------------------------ limits


@pytest.mark.parametrize("length", [1, 3000])
@pytest.mark.parametrize("count", [1, 200])
@pytest.mark.parametrize("rows", [0, 10**9])
def test_extremes(length: int, count: int, rows: int) -> None:
    """One integration or two hundred, names of one character or three thousand, no rows or a billion."""
    name = "&" * length
    bad = run("x" * length, rows_synced=rows, rows_failed_with_errors=rows)
    good = run("success", rows_synced=rows)
    places = tuple(Channel(team_id="T", channel_id=f"C{number:08}") for number in range(count))
    wrongs: list[HomeEntry] = [
        unhealthy(integration=integration(str(n), name), incident=failing(bad), channels=places)
        for n in range(min(count, 8))
    ]
    heards: list[HomeEntry] = [
        subscribed(name + "*", place, total=count, unhealthy=count) for place in places
    ]
    hows: list[HomeEntry] = [
        how(integration=integration(str(n), name), newest=bad, recent=(good, bad) * 10) for n in range(count)
    ]
    entries = wrongs + heards + hows
    weights = [{NeedsAttention: 2, ChannelSubscription: 3}.get(type(one), 1) for one in entries]
    pages = split(weights)
    for number, page in enumerate(pages):
        shown = home(
            *(entries[place] for place in page),
            page=number,
            pages=len(pages),
            failing=count,
            unhealthy=count,
            not_shown=max(0, count - 8),
            unreachable=(unreachable(),),
            unseen=3,
        )
        assert_view_taken(home_view(shown, WORDS, NOW, TROUBLES))
    assert sum(map(len, pages)) == len(entries)


@given(st.lists(st.integers(1, 3), max_size=300), st.integers(3, 90))
def test_pages_hold_everything_once(weights: list[int], room: int) -> None:
    """Pages follow without gap, none holds more than there is room for, none but an only one is empty."""
    pages = split(weights, room)
    assert [place for page in pages for place in page] == list(range(len(weights)))
    assert all(sum(weights[place] for place in page) <= room for page in pages)
    assert len(pages) == 1 or all(pages)


entries = st.one_of(
    st.builds(
        NeedsAttention,
        integration=strategies.integrations,
        incident=strategies.incidents,
        dashboard_url=strategies.links,
        channels=st.lists(strategies.channels, min_size=1, max_size=4).map(tuple),
        settings=strategies.integration_settings,
    ),
    st.builds(
        IntegrationSummary,
        integration=strategies.integrations,
        newest=st.none() | strategies.runs,
        recent=st.lists(strategies.runs, max_size=5).map(tuple),
        next_run=st.none() | strategies.times,
        incident=st.none() | strategies.incidents,
        missing=st.booleans(),
        settings=strategies.integration_settings,
    ),
    st.builds(
        subscribed,
        strategies.ids,
        strategies.channels,
        name=st.none() | strategies.text,
        broken_reason=st.none() | strategies.text,
        filters=st.builds(Filters, mention=strategies.mentions),
    ),
)


@given(st.lists(entries, min_size=1, max_size=6))
def test_slack_takes_any_home(listed: list[HomeEntry]) -> None:
    """Whatever Braze and people named things, Home keeps to Slack's limits."""
    view = home_view(home(*listed), WORDS, NOW, TROUBLES)
    assert_view_taken(view)
    assert len(view["blocks"]) <= VIEW_BLOCKS


@given(st.lists(strategies.runs, max_size=10))
def test_slack_takes_any_runs(runs: list[Run]) -> None:
    """So does the window with an integration's runs."""
    blocks = history_window(replace(HISTORY, runs=tuple(runs), recent=tuple(runs)), WORDS, NOW)
    assert blocks is not None
    assert_view_taken(window("History", blocks, WORDS))
