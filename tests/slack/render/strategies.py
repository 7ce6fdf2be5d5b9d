"""Whatever Braze and people may give: names of any length, any characters, any counts, any times."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, get_args

from hypothesis import strategies as st

from cdi_bot.core.clusters import Cluster, Trouble
from cdi_bot.core.commands.parser import WORDS
from cdi_bot.core.commands.queries import ShowStatus
from cdi_bot.core.commands.specification import Mistake, MistakeKind, Suggestion
from cdi_bot.core.hours import HoursNow, parse_hours
from cdi_bot.core.model.channel import (
    AuditEntry,
    Channel,
    ContactsChanged,
    DigestChanged,
    HoursChanged,
    LanguageChanged,
    WorkspaceChanged,
)
from cdi_bot.core.model.configuration import ConfigRefused
from cdi_bot.core.model.escalation import Escalated, EscalationBroken, EscalationChanged
from cdi_bot.core.model.incident import (
    EXPECTABLE,
    NOBODY,
    Expected,
    HandedOn,
    Incident,
    Kind,
    Measured,
    Topic,
)
from cdi_bot.core.model.integration import Integration
from cdi_bot.core.model.integration_settings import IntegrationSettingChanged, IntegrationSettings
from cdi_bot.core.model.lifecycle import IntegrationChanged, LifecycleEvent, NewIntegrations, WorkspaceRemoved
from cdi_bot.core.model.message import (
    ChannelBroken,
    Content,
    Digest,
    FailedAgain,
    Recovered,
    ReplyFact,
    RunStarted,
    Snoozed,
    StillOpen,
    Subscribed,
    SyncEnded,
    SyncRequested,
    Unsnoozed,
    Unsubscribed,
)
from cdi_bot.core.model.requested_sync import SyncEnding
from cdi_bot.core.model.run import DOCUMENTED_STATUSES, Run
from cdi_bot.core.model.sample_alert import SampleAlert
from cdi_bot.core.model.source import Source, source_of
from cdi_bot.core.model.spike import Spike
from cdi_bot.core.model.subscription import Filters, Selection, Snooze, Subscription
from cdi_bot.core.statistics import IntegrationTotals, PeriodTotals, RunTotals, Usual
from cdi_bot.delivery.views import (
    CardView,
    ClusterView,
    DigestView,
    EscalationView,
    EventView,
    GroupedReplyView,
    IncidentView,
    SubscribedView,
    Summary,
)
from cdi_bot.monitoring.braze_port import BrazeReason
from cdi_bot.usecases import answers, change_answers, query_answers, workspace_answers
from cdi_bot.usecases.change_answers import (
    BadTarget,
    EscalationSet,
    IntegrationSettingSet,
    IntegrationSettingsShown,
)

NASTY = st.sampled_from(
    [
        "",
        " ",
        "\n",
        "<!channel>",
        "&amp;",
        "*",
        "`",
        "|",
        ">",
        '"\\' * 1500,
        "&" * 3000,
        "x" * 3000,
        "😀" * 900,
        "\u202e",
    ]
)
text = st.one_of(st.text(max_size=60), NASTY, st.characters(codec=None).map(str))
ids = st.one_of(st.uuids().map(str), st.text("abc-_.~0", min_size=1, max_size=30), st.just("i" * 300), text)
people = st.one_of(st.sampled_from(["U0MARA0001", "W1"]), text)
counts = st.one_of(st.none(), st.integers(0, 10), st.just(10**9), st.integers(0, 10**15))
times = st.datetimes(datetime(1, 1, 3), datetime(9999, 12, 29), timezones=st.just(UTC))  # noqa: DTZ001  hypothesis wants naive bounds
statuses = st.one_of(st.sampled_from(DOCUMENTED_STATUSES), text)
links = st.one_of(st.none(), st.just("https://dashboard.example/x"), text, text.map("https://".__add__))
channels = st.builds(Channel, team_id=st.just("T1"), channel_id=st.one_of(st.just("C1"), text))

languages = st.sampled_from([None, "en", "ja"])
digests = st.sampled_from(["daily 09:00", "weekly mon 17:30 quiet"]) | text

workspace_names = st.none() | st.just("prod") | text
integrations = st.builds(
    Integration,
    workspace_name=workspace_names,
    workspace_id=st.just(1),
    integration_id=ids,
    integration_name=text,
    integration_type=st.sampled_from((None, "users_delete", "canvas_triggers", "catalogs")) | text,
    warehouse_type=st.sampled_from((None, *Source)) | text,
    last_job_status=st.none() | statuses,
)
runs = st.builds(
    Run,
    integration_id=ids,
    sync_start_time=times,
    job_status=statuses,
    sync_finish_time=st.none() | times,
    last_timestamp_synced=st.none() | times,
    rows_synced=counts,
    rows_failed_with_errors=counts,
    provisional=st.booleans(),
)
_amounts = st.floats(0, 1e12) | st.sampled_from([0.0, 0.5, 1.0])
measured = st.builds(Measured, magnitude=_amounts, observed=_amounts, usual=_amounts)
words = st.builds(
    Expected,
    channel=channels,
    workspace_id=st.just(1),
    integration_id=ids,
    reason=st.sampled_from(EXPECTABLE),
    seen_at=times,
    magnitude=_amounts,
    by=people,
    at=times,
    taken_back_by=st.none() | people,
    taken_back_at=st.none() | times,
)
incidents = st.builds(
    Incident,
    workspace_name=workspace_names,
    incident_id=st.integers(1, 10**12),
    workspace_id=st.just(1),
    integration_id=ids,
    kind=st.sampled_from([kind for kind in Kind if kind is not Kind.UNREACHABLE]),
    revision=st.integers(1, 9),
    opened_at=times,
    failing_since=times,
    failed_runs=st.integers(0, 10**6),
    failed_in_a_row=st.integers(0, 10**6),
    last_failed=st.none() | runs,
    resolved_by=st.none() | runs,
    resolved_at=st.none() | times,
    acknowledged_by=st.none() | people,
    acknowledged_at=st.none() | times,
    reason=st.sampled_from([None, "made_up", "always_loses", *EXPECTABLE]),
    measured=st.none() | measured,
    reopened=st.integers(0, 10**6),
    recovered_since=st.none() | times,
    hold_seconds=st.integers(0, 10**6),
)
unreachable = st.builds(
    Incident,
    workspace_name=workspace_names,
    incident_id=st.integers(1, 10**12),
    workspace_id=st.just(1),
    integration_id=st.none(),
    kind=st.just(Kind.UNREACHABLE),
    revision=st.just(1),
    opened_at=times,
    failing_since=times,
    resolved_at=st.none() | times,
    acknowledged_by=st.none() | people,
    acknowledged_at=st.none() | times,
    reason=st.none() | st.sampled_from([*BrazeReason]) | text,
    reopened=st.integers(0, 10**6),
    recovered_since=st.none() | times,
    hold_seconds=st.integers(0, 10**6),
)
snoozes = st.builds(
    Snooze,
    channel=channels,
    workspace_id=st.integers(1, 99),
    selector=text,
    begins=times,
    until=st.none() | times,
    every=st.none() | st.just("sun 02:00-06:00 Europe/Berlin"),
    has_begun=st.booleans(),
    by=people,
    at=times,
    reason=st.none() | text,
)
mentions = st.one_of(
    st.none(), text, st.integers(1, 3000).map(lambda n: " ".join(f"<@U{x}>" for x in range(n)))
)
_counts = st.integers(0, 10**15)
_lengths = st.just(timedelta(0)) | st.timedeltas(timedelta(0), timedelta(days=4000))
integration_settings = st.builds(
    IntegrationSettings,
    workspace_id=st.just(1),
    selector=text,
    owner=mentions,
    runbook=st.none() | links,
    critical=st.none() | st.booleans(),
)
_escalations = st.lists(
    st.builds(EscalationView, at=times, origin=people, target=people, to_here=st.booleans(), url=links),
    max_size=3,
).map(tuple)
incident_views = st.one_of(
    st.builds(
        IncidentView,
        incident=incidents,
        integration=integrations,
        dashboard_url=links,
        snooze=st.none() | snoozes,
        mention=mentions,
        expected=st.none() | words,
        can_sync=st.booleans(),
        escalations=_escalations,
        only_escalated=st.booleans(),
        settings=st.none() | integration_settings,
        contacts=mentions,
    ),
    st.builds(
        IncidentView,
        incident=incidents | unreachable,
        integration=st.none(),
        dashboard_url=links,
        mention=mentions,
    ),
)


@st.composite
def cards(draw: st.DrawFn) -> CardView:
    """Return cards of one incident, a few, or very many."""
    drawn = draw(st.lists(incident_views, min_size=1, max_size=12))
    repeated = draw(st.sampled_from([1, 1, 1, 17]))
    lasting = [one.incident for one in drawn if one.incident.is_open and not one.incident.is_recovering]
    cluster = draw(st.none() | st.builds(_cluster, st.just(lasting), integrations)) if lasting else None
    return CardView(incidents=tuple(drawn * repeated), cluster=cluster, possible_repeat=draw(st.booleans()))


def summaries() -> st.SearchStrategy[CardView]:
    """Return cards of summaries."""
    paused = st.builds(
        NewIntegrations, workspace_id=st.just(1), integration_ids=st.just(()), total=st.just(2)
    )
    notices = st.lists(st.builds(EventView, content=paused), max_size=30).map(tuple)
    summary = st.builds(Summary, since=times, notices=notices)
    return st.builds(lambda card, told: replace(card, summary=told), cards(), summary)


def _cluster(lasting: list[Incident], other: Integration) -> ClusterView:
    source = source_of(other)
    troubles = tuple(Trouble(incident=one, source=source) for one in lasting)
    return ClusterView(
        cluster=Cluster(source=source, troubles=troubles),
        total=10_000,
        is_all=len(lasting) > 1,
        others=(other, other, other),
        more=len(lasting),
    )


_hours = st.sampled_from(
    [None, "mon-fri 08:00-19:00", "daily 22:00-06:00 except:error,late", "sat 00:00-24:00"]
)
_hours_now = st.none() | st.builds(
    HoursNow, hours=_hours.map(parse_hours).filter(bool), zone=text, next_begin=st.none() | times
)
_WHO: dict[str, Any] = {"who": people, "workspace_id": st.just(1)}
_WHOM: dict[str, Any] = {"integration_id": ids}
_replies: st.SearchStrategy[Content] = st.one_of(
    st.builds(
        FailedAgain,
        incident_id=st.just(1),
        run_start=times,
        runs=st.integers(1, 10**6),
        after_good=st.booleans(),
    ),
    st.builds(Recovered, incident_id=st.just(1)),
    st.builds(StillOpen, incident_id=st.just(1)),
    st.builds(Escalated, incident_id=st.just(1), origin=people),
    st.builds(HandedOn, who=people, to=st.none() | people, incident_ids=st.just((1,))),
)
_notices: st.SearchStrategy[Content] = st.one_of(
    st.builds(RunStarted, workspace_id=st.just(1), integration_id=ids, run_start=times),
    st.builds(Unsubscribed, selector=text, **_WHO),
    st.builds(
        Snoozed,
        selector=text,
        begins=st.none() | times,
        until=st.none() | times,
        every=st.none() | st.just("sun 02:00-06:00 Europe/Berlin"),
        reason=st.none() | text,
        **_WHO,
    ),
    st.builds(Unsnoozed, selector=text, **_WHO),
    st.builds(ConfigRefused, file=text, problems=st.lists(text, max_size=20).map(tuple)),
    st.builds(ChannelBroken, channel=channels, reason=st.sampled_from(["is_archived"]) | text),
    st.builds(SyncRequested, is_certain=st.booleans(), **_WHO, **_WHOM),
    st.builds(
        SyncEnded,
        ending=st.sampled_from([*SyncEnding]),
        run_start=st.none() | times,
        changes=st.none(),
        **_WHO,
        **_WHOM,
    ),
    st.builds(
        IntegrationChanged,
        workspace_id=st.just(1),
        integration_id=ids,
        event=st.builds(
            LifecycleEvent,
            before=st.none() | text,
            after=st.none() | text,
            planned_before=st.none() | times,
            planned_after=st.none() | times,
        ),
    ),
    st.builds(
        NewIntegrations,
        workspace_id=st.just(1),
        integration_ids=st.just(()),
        total=st.integers(1, 10**6),
    ),
    st.builds(
        Spike,
        workspace_id=st.just(1),
        integration_id=ids,
        run_start=times,
        rows=st.integers(0, 10**15),
        usual=st.integers(0, 10**15),
        magnitude=_amounts,
    ),
    st.builds(SampleAlert, who=people, at=times, mentions=st.none() | st.text(max_size=200)),
    st.builds(HoursChanged, who=people, hours=_hours, zone=text),
    st.builds(EscalationChanged, who=people, after=st.integers(10, 604_800), to=st.none() | people),
    st.builds(EscalationBroken, target=people, reason=text),
    st.builds(WorkspaceRemoved, who=people, name=text, subscriptions=st.integers(0, 10**6)),
    st.builds(LanguageChanged, who=people, language=languages),
    st.builds(WorkspaceChanged, who=people, name=workspace_names),
    st.builds(ContactsChanged, who=people, mention=st.booleans()),
    st.builds(
        IntegrationSettingChanged,
        who=people,
        workspace_id=st.just(1),
        selector=text,
        setting=st.sampled_from(["owner", "runbook", "critical"]),
        value=mentions | links,
    ),
    st.builds(DigestChanged, who=people, digest=st.none() | digests, zone=text, next_due=st.none() | times),
)


def events() -> st.SearchStrategy[EventView]:
    """Return replies with their incident, and notices with or without what they are about."""
    about: dict[str, Any] = {
        "integration": st.none() | integrations,
        "run": st.none() | runs,
        "dashboard_url": links,
        "expected": st.none() | words,
        "possible_repeat": st.booleans(),
    }
    return st.one_of(
        st.builds(EventView, content=_replies, incident=incident_views, **about),
        st.builds(EventView, content=_notices, incident=st.none(), **about),
    )


@st.composite
def several(draw: st.DrawFn) -> GroupedReplyView:
    """Return replies about one incident, a few, or very many."""
    drawn = draw(st.lists(incident_views, min_size=1, max_size=12)) * draw(st.sampled_from([1, 1, 1, 17]))
    facts: list[ReplyFact] = list(get_args(ReplyFact))
    return GroupedReplyView(
        fact=draw(st.sampled_from(facts)), incidents=tuple(drawn), possible_repeat=draw(st.booleans())
    )


filters = st.builds(
    Filters,
    topics=st.frozensets(st.sampled_from([*Topic])),
    min_rows=st.none() | st.integers(0, 10**12),
    min_percent=st.none() | st.floats(0, 100),
    fresh=st.sampled_from([None, "36h", "8760h", "09:00 Europe/Berlin"]),
    mention=mentions,
    off=st.frozensets(st.sampled_from(EXPECTABLE)),
)


def subscribed_views() -> st.SearchStrategy[SubscribedView]:
    """Return new and changed subscriptions of one, many or no integrations."""
    content = st.builds(Subscribed, selector=text, filters=filters, changed=st.booleans(), **_WHO)
    return st.builds(
        SubscribedView,
        content=content,
        total=st.integers(0, 10**6),
        failing=st.lists(integrations, max_size=20).map(tuple),
        unknown=st.integers(0, 10**6),
        newest=st.none() | st.tuples(integrations, st.none() | runs),
    )


_sums = {"runs": _counts, "failed": _counts, "rows_synced": _counts, "rows_failed": _counts}
_totals_of_period = st.builds(PeriodTotals, unhealthy_for=_lengths, **_sums)
digest_views = st.builds(
    DigestView,
    content=st.builds(Digest, workspace_id=st.just(1), since=times, until=times, schedule=digests, zone=text),
    integrations=st.integers(0, 200),
    failing=st.integers(0, 200),
    totals=_totals_of_period,
    before=st.none() | _totals_of_period,
    unreachable=_lengths,
    worst=st.lists(
        st.tuples(
            st.builds(
                IntegrationTotals,
                integration=integrations,
                sums=st.builds(RunTotals, **_sums),
                unhealthy_for=_lengths,
                still_open=st.lists(incidents, max_size=3).map(tuple),
            ),
            links,
        ),
        max_size=7,
    ).map(tuple),
    possible_repeat=st.booleans(),
)


_rows = st.builds(
    query_answers.OverviewRow,
    integration=integrations,
    newest=st.none() | runs,
    incident=st.none() | incidents,
    snooze=st.none() | snoozes,
    observed_at=st.none() | times,
    missing=st.booleans(),
)
_subscriptions = st.builds(
    Subscription,
    workspace_name=workspace_names,
    subscription_id=st.integers(1, 10**9),
    channel=channels,
    workspace_id=st.just(1),
    selector=text,
    filters=filters,
    created_by=people,
    created_at=times,
    broken_reason=st.none() | text,
)
_offsets = st.sampled_from([0, 10, 10**6])
_totals = st.integers(0, 10**6)
_maybe_text = st.none() | text
_reasons = st.none() | st.sampled_from([*BrazeReason])
_one: dict[str, Any] = {"integration": integrations}
_selections = st.builds(Selection, selector=text, name=_maybe_text, workspace_name=workspace_names)

every_answer: st.SearchStrategy[answers.Answer] = st.one_of(
    st.builds(
        query_answers.Overview,
        rows=st.lists(_rows, max_size=15).map(tuple),
        lost=st.builds(query_answers.LostChannels, here=_maybe_text, elsewhere=_totals),
        offset=_offsets,
        listed=_totals,
        only_failing=st.booleans(),
        total=_totals,
        failing=_totals,
        unhealthy=_totals,
        unreachable=st.lists(unreachable, max_size=5).map(tuple),
    ),
    st.builds(
        query_answers.RunHistory,
        runs=st.lists(runs, max_size=10).map(tuple),
        offset=_offsets,
        has_older=st.booleans(),
        good=st.just(3),
        ended=st.sampled_from([0, 3, 300]),
        good_week=st.just(0),
        ended_week=st.sampled_from([0, 300]),
        recent=st.lists(runs, max_size=20).map(tuple),
        usual=st.builds(
            Usual,
            duration=st.none() | st.timedeltas(timedelta(0), timedelta(days=400)),
            rows=counts,
        ),
        next_run=st.none() | times,
        incident=st.none() | incidents,
        snooze=st.none() | snoozes,
        observed_at=st.none() | times,
        dashboard_url=links,
        subscribed=st.booleans(),
        missing=st.booleans(),
        trouble=_reasons,
        unreachable=st.none() | unreachable,
        can_sync=st.booleans(),
        **_one,
    ),
    st.builds(
        query_answers.IntegrationList,
        query=_maybe_text,
        rows=st.lists(
            st.builds(
                query_answers.ListRow,
                integration=integrations,
                subscribed=st.booleans(),
                failing=st.booleans(),
            ),
            max_size=20,
        ).map(tuple),
        offset=_offsets,
        listed=_totals,
        only_failing=st.booleans(),
        total=_totals,
        failing=_totals,
        unreachable=st.lists(unreachable, max_size=5).map(tuple),
        troubles=st.lists(st.tuples(workspace_names, st.sampled_from(BrazeReason)), max_size=5).map(tuple),
        observed_at=st.none() | times,
    ),
    st.builds(
        answers.SubscriptionList,
        rows=st.lists(st.tuples(_subscriptions, _totals, _maybe_text), max_size=10).map(
            lambda rows: tuple(rows * 20)
        ),
    ),
    st.builds(
        answers.SubscriptionSet,
        filters=filters,
        total=_totals,
        nearest=st.lists(integrations, max_size=3).map(tuple),
        unchanged=st.booleans(),
        trouble=st.none() | st.sampled_from(BrazeReason),
        what=_selections,
    ),
    st.builds(answers.SubscriptionEnded, still_covered_by=st.none() | _selections, what=_selections),
    st.builds(answers.NotSubscribed, covered_by=st.none() | _selections, what=_selections),
    st.builds(
        change_answers.Acknowledged,
        already_by=st.none() | people | st.just(NOBODY),
        to=st.none() | people | st.just(NOBODY),
        **_one,
    ),
    st.builds(change_answers.CannotTakeOver, who=people),
    st.builds(answers.NothingOpen, **_one),
    st.builds(change_answers.SnoozeSet, what=_selections, snooze=snoozes, unchanged=st.booleans()),
    st.builds(change_answers.NothingToSnooze, what=_selections),
    st.builds(
        change_answers.SnoozeEnded,
        what=st.none() | _selections,
        was_snoozed=st.booleans(),
        still=st.none() | st.tuples(snoozes, _selections),
    ),
    st.builds(
        change_answers.SnoozeList,
        channel=channels,
        rows=st.lists(st.tuples(snoozes, _selections), max_size=5).map(lambda rows: tuple(rows * 6)),
    ),
    st.builds(answers.ConfirmSync, **_one),
    st.builds(
        change_answers.MarkedExpected,
        reason=st.sampled_from(EXPECTABLE),
        times=_totals,
        already_by=st.none() | people,
        **_one,
    ),
    st.builds(change_answers.TakenBack, by=people, **_one),
    st.builds(change_answers.NothingToMark, integration=st.none() | integrations),
    st.builds(
        change_answers.SwitchedOff, reason=st.sampled_from(EXPECTABLE), unchanged=st.booleans(), **_one
    ),
    st.builds(answers.SyncStarted, is_certain=st.booleans(), **_one),
    st.builds(
        answers.SeveralMatches,
        query=text,
        candidates=st.lists(integrations, max_size=12).map(tuple),
        total=_totals,
    ),
    st.builds(
        answers.WhichWorkspace,
        selector=text,
        workspaces=st.lists(st.tuples(st.integers(1, 99), text), min_size=2, max_size=40).map(tuple),
    ),
    st.builds(
        answers.NoMatch,
        query=text,
        nearest=st.lists(integrations, max_size=5).map(tuple),
        list_known=st.booleans(),
        trouble=st.none() | st.sampled_from(BrazeReason),
    ),
    st.builds(answers.NeedsInvite),
    st.builds(answers.CannotPost, reason=text),
    st.builds(answers.NotAllowed, action=text),
    st.builds(
        query_answers.AuditTrail,
        rows=st.lists(
            st.tuples(
                st.builds(
                    AuditEntry,
                    channel=channels,
                    at=times,
                    who=people,
                    action=st.sampled_from(["subscribe", "acknowledge", "snooze", "digest"]) | text,
                    subject=text,
                    workspace_id=st.none() | st.just(1),
                ),
                st.none() | integrations,
            ),
            max_size=20,
        ).map(tuple),
        workspaces=st.just({}) | st.builds(lambda name: {1: name}, text),
    ),
    st.builds(
        answers.BrazeRefused,
        reason=st.sampled_from([*BrazeReason]),
        query=_maybe_text,
        permission=_maybe_text,
    ),
    st.builds(
        answers.SettingsShown,
        language=languages,
        digest=st.none() | digests,
        zone=_maybe_text,
        next_due=st.none() | times,
        languages=st.just(("en", "ja")),
        escalate_after=st.none() | _lengths,
        escalate_to=st.none() | people,
        escalate_trouble=_maybe_text,
        hours=_hours_now,
        workspace_name=workspace_names,
        workspaces=st.lists(text, max_size=3).map(tuple),
    ),
    st.builds(
        answers.SampleSent,
        took=st.none() | _lengths,
        trouble=st.none() | st.text(max_size=60),
        integrations=st.integers(0, 10_000),
        mentions=st.none() | st.text(max_size=200),
        unreachable=st.none() | incidents,
    ),
    st.builds(answers.HoursSet, hours=_hours_now, unchanged=st.booleans()),
    st.builds(EscalationSet, after=_lengths, to=st.none() | people, unchanged=st.booleans()),
    st.builds(BadTarget, target=channels, reason=text),
    st.builds(
        IntegrationSettingSet,
        what=_selections,
        setting=st.sampled_from(["owner", "runbook", "critical"]),
        value=mentions | links,
        total=st.integers(0, 10_000),
        unchanged=st.booleans(),
        nearest=st.lists(integrations, max_size=3).map(tuple),
    ),
    st.builds(
        IntegrationSettingsShown,
        rows=st.lists(st.tuples(integration_settings, _selections), max_size=80).map(tuple),
    ),
    st.builds(answers.LanguageSet, language=languages, unchanged=st.booleans()),
    st.builds(answers.ContactsSet, mention=st.booleans(), unchanged=st.booleans()),
    st.builds(workspace_answers.WorkspaceSet, name=workspace_names, unchanged=st.booleans()),
    st.builds(workspace_answers.UnknownWorkspace, given=text, names=st.lists(text, max_size=40).map(tuple)),
    st.builds(answers.UnknownLanguage, given=text, languages=st.just(("en", "ja"))),
    st.builds(
        answers.DigestSet,
        digest=st.none() | digests,
        zone=text,
        next_due=st.none() | times,
        unchanged=st.booleans(),
    ),
)

mistakes = st.builds(
    Mistake,
    command=st.sampled_from(["", *WORDS]),
    problem=st.sampled_from([*MistakeKind]),
    given=text,
    nearest=st.none() | text,
    name=st.just("") | text,
    likely=st.lists(
        st.builds(Suggestion, text=text, command=st.builds(ShowStatus, query=text)), max_size=3
    ).map(tuple),
)
