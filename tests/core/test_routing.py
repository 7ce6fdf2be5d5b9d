"""Who hears of what."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdi_bot.core.model.channel import Channel
from cdi_bot.core.model.incident import Incident, Kind, Topic
from cdi_bot.core.model.run import DOCUMENTED_STATUSES
from cdi_bot.core.model.subscription import FilterDecision, Filters, Subscription, passes_filters
from cdi_bot.core.routing import (
    channels_for_lifecycle,
    channels_for_recovery,
    channels_for_runs,
    mention_for,
)
from tests.core.runs_kit import NOON, integration, run

ONE, TWO = Channel(team_id="T1", channel_id="C1"), Channel(team_id="T1", channel_id="C2")


def subscription(selector: str = "all", channel: Channel = ONE, **filters: Any) -> Subscription:
    """A subscription made at noon."""
    return Subscription(
        subscription_id=1,
        channel=channel,
        workspace_id=1,
        selector=selector,
        filters=Filters(**filters),
        created_by="U1",
        created_at=NOON,
    )


def incident(integration_id: str | None = "users", **more: Any) -> Incident:
    """An open incident."""
    return Incident(
        incident_id=1,
        workspace_id=1,
        integration_id=integration_id,
        kind=Kind.SYNC_FAILED if integration_id else Kind.UNREACHABLE,
        revision=1,
        opened_at=NOON,
        failing_since=NOON,
        **more,
    )


@pytest.mark.parametrize(
    ("filters", "status", "lost", "hearing"),
    [
        (Filters(), "error", None, FilterDecision.PASSED),
        (Filters(), "running", None, FilterDecision.TOPIC_OFF),
        (Filters(topics=frozenset({Topic.ERROR})), "partial", 5, FilterDecision.TOPIC_OFF),
        (Filters(topics=frozenset()), "limit exceeded", None, FilterDecision.UNKNOWN_STATUS),
        (Filters(min_rows=10), "partial", 9, FilterDecision.BELOW_ROWS),
        (Filters(min_rows=10), "partial", 10, FilterDecision.PASSED),
        (Filters(min_rows=10), "partial", None, FilterDecision.PASSED),
        (Filters(min_rows=10), "error", 9, FilterDecision.PASSED),
        (Filters(min_percent=5.0), "partial", 4, FilterDecision.BELOW_PERCENT),
        (Filters(min_percent=5.0), "partial", 5, FilterDecision.PASSED),
    ],
)
def test_filters_decide_with_a_reason(
    filters: Filters, status: str, lost: int | None, hearing: FilterDecision
) -> None:
    """Thresholds hold back partial runs alone, and unknown counts hold nothing back."""
    synced = None if lost is None else 100 - lost
    assert (
        passes_filters(filters, run(1, status, rows_synced=synced, rows_failed_with_errors=lost)) is hearing
    )


def test_thresholds_wait_for_the_rows() -> None:
    """The list tells that a run was partial, not what it lost: whoever asked for a number is told when it is known."""
    told_by_list = replace(run(1, "partial"), provisional=True)
    assert passes_filters(Filters(), told_by_list) is FilterDecision.PASSED
    for filters in (Filters(min_rows=10), Filters(min_percent=5.0)):
        assert passes_filters(filters, told_by_list) is FilterDecision.NOT_COUNTED


@given(st.text(), st.frozensets(st.sampled_from(Topic)), st.integers(0, 10**9))
def test_a_filter_never_hides_an_unknown_status(word: str, topics: frozenset[Topic], rows: int) -> None:
    """Whatever it asks for."""
    if word not in DOCUMENTED_STATUSES:
        assert passes_filters(Filters(topics=topics, min_rows=rows), run(1, word)).passes


def test_overlapping_subscriptions_are_one_audience() -> None:
    """A channel counts once, and one that filters it out does not count."""
    everyone = [
        subscription(),
        subscription("users"),
        subscription("User*", TWO, topics=frozenset({Topic.PARTIAL})),
        subscription("orders", TWO),
    ]
    assert channels_for_runs(everyone, integration(), [run(1, "error")]) == {ONE}
    assert channels_for_runs(everyone, integration(), [run(1, "error"), run(2, "partial")]) == {ONE, TWO}


def test_recovery_is_heard_by_who_asked_for_it() -> None:
    """Of an integration that is covered, or of the whole workspace."""
    everyone = [
        subscription("orders", topics=frozenset({Topic.RECOVERY})),
        subscription("users", TWO, topics=frozenset()),
    ]
    assert channels_for_recovery(everyone, integration(), incident()) == set()
    assert channels_for_recovery(everyone, integration("Orders", "orders"), incident()) == {ONE}
    assert channels_for_recovery(everyone, None, incident(None)) == {ONE}


def test_changes_in_braze_are_heard_by_who_asked_for_them() -> None:
    """By the name before or after, where the topic is among those of the subscription."""
    before = integration()
    after = replace(before, integration_name="Customers")
    everyone = [subscription("Us*"), subscription("cust*", TWO)]
    assert channels_for_lifecycle(everyone, before, after) == {ONE, TWO}
    everyone = [subscription(topics=frozenset({Topic.ERROR})), subscription("orders", TWO)]
    assert channels_for_lifecycle(everyone, before, after) == set()


def test_everybody_named_is_called_once() -> None:
    """Only by subscriptions that hear of the failure; nobody is called for the bot's own blindness."""
    everyone = [
        subscription(mention="<@U1>"),
        subscription("users", mention="<@U1>"),
        subscription("Us*", mention="<!subteam^S1>"),
        subscription("users", mention="<@U2>", topics=frozenset({Topic.PARTIAL})),
    ]
    failed = incident(last_failed=run(1, "error"))
    assert mention_for(everyone, failed, integration()) == "<@U1> <!subteam^S1>"
    assert mention_for([], failed, integration()) is None
    assert mention_for(everyone, incident(None), None) is None


@pytest.mark.parametrize("kind", [Kind.LATE, Kind.SLOW, Kind.QUALITY])
def test_who_is_called_where_no_run_failed(kind: Kind) -> None:
    """Whoever a subscription names that asked for this kind of news; the run that it shows decides nothing."""
    told = replace(incident(), kind=kind, last_failed=run(0))
    asked = subscription(topics=frozenset({Topic(kind)}), mention="<@U1>")
    others = subscription(topics=frozenset(Topic) - {Topic(kind)}, mention="<@U2>")
    assert mention_for([asked, others], told, integration()) == "<@U1>"
