"""What people ask, on a real store and before the stand-ins."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from cdi_bot.core.commands.snoozes import SetSnooze
from cdi_bot.core.model.subscription import Filters
from cdi_bot.core.statistics import Usual
from cdi_bot.monitoring.braze_port import BrazeReason
from cdi_bot.sandbox.braze.runs import RunPlan
from cdi_bot.sandbox.faults import Fault, FaultKind
from cdi_bot.usecases.answers import BrazeRefused, NoMatch
from cdi_bot.usecases.query_answers import IntegrationList, RunHistory
from tests.rigs.people import ALERTS, MARKETING, Desk, responder

ANN = "U0MARA0001"


async def history(at: Desk, query: str, offset: int = 0) -> RunHistory:
    """Ask for an integration's runs."""
    answer = await at.queries.history(ALERTS, query, offset)
    assert isinstance(answer, RunHistory)
    return answer


class TestOverview:
    """`/cdi status`."""

    async def test_worst_first(self, at: Desk) -> None:
        """Failing integrations stand before those that are well, unattended ones before attended ones."""
        outcomes = {
            "Alpha": None,
            "Beta": "partial",
            "Gamma": "error",
            "Delta": "config_error",
            "Eta": "error",
        }
        ids = {name: at.add(name, "success") for name in outcomes}
        await at.subscriptions.subscribe(ALERTS, ANN, "all", Filters())
        await at.polled()
        at.clock.advance(60)
        for name, outcome in outcomes.items():
            if outcome:
                at.sandbox.braze.run(ids[name], RunPlan(outcome=outcome, seconds=1))
        at.clock.advance(5)
        await at.polled()
        await at.incidents.acknowledge(ALERTS, ANN, "Gamma")
        await at.snoozes.snooze(
            ALERTS, ANN, SetSnooze(selector="Delta", until=at.clock.now + timedelta(hours=1), reason=None)
        )
        overview = await at.queries.overview(ALERTS)
        names = [row.integration.integration_name for row in overview.rows]
        assert names == ["Eta", "Beta", "Delta", "Gamma", "Alpha"]
        assert (overview.total, overview.failing, overview.unreachable) == (5, 4, ())
        delta = overview.rows[2]
        assert delta.snooze is not None
        assert delta.newest is not None
        assert delta.newest.job_status == "config_error"
        assert delta.incident is not None
        assert delta.observed_at is not None
        assert not delta.missing

    async def test_only_what_is_failing(self, at: Desk) -> None:
        """`/cdi status failing` shows the unhealthy ones alone, and counts them against all."""
        for number in range(20):
            at.add(f"Sync {number:02}", "success", *(["error"] if number % 2 else []))
        await at.subscriptions.subscribe(ALERTS, ANN, "all", Filters())
        await at.polled()
        first = await at.queries.overview(ALERTS, failing=True)
        assert [row.integration.integration_name for row in first.rows] == [
            f"Sync {number:02}" for number in range(1, 20, 2)
        ]
        assert (first.listed, first.total, first.failing, first.only_failing) == (10, 20, 10, True)

    async def test_ones_own_comes_first(self, at: Desk) -> None:
        """What the reader owns or acknowledged stands apart, on the first page, from whatever channel it is."""
        for name in ("Users", "Orders", "Catalog"):
            at.add(name, "success", "error")
        await at.subscriptions.subscribe(ALERTS, ANN, "Users", Filters())
        await at.subscriptions.subscribe(ALERTS, ANN, "Orders", Filters())
        await at.subscriptions.subscribe(MARKETING, ANN, "Catalog", Filters())
        await at.polled()
        await at.app.settings.change(ALERTS, ANN, "Orders", "owner", f"<@{ANN}>")
        await at.incidents.acknowledge(MARKETING, ANN, "Catalog")
        shown = await at.queries.overview(ALERTS, failing=True, who=ANN)
        assert [row.integration.integration_name for row in shown.mine] == ["Orders", "Catalog"]
        assert [row.integration.integration_name for row in shown.rows] == ["Users"]
        assert (shown.total, shown.unhealthy, shown.listed) == (2, 2, 1)
        assert (await at.queries.overview(ALERTS, failing=True)).mine == ()
        assert (await at.queries.overview(ALERTS, who=ANN)).mine == ()

    async def test_unsubscribed_channel(self, at: Desk) -> None:
        """A channel without subscriptions has an empty overview."""
        at.add("Users", "error")
        await at.subscriptions.subscribe(MARKETING, ANN, "Users", Filters())
        overview = await at.queries.overview(ALERTS)
        assert (overview.rows, overview.total, overview.failing) == ((), 0, 0)

    async def test_pages(self, at: Desk) -> None:
        """Fifteen stand on a page; an offset behind the end shows the last page."""
        for number in range(20):
            at.add(f"Sync {number:02}", "success")
        await at.subscriptions.subscribe(ALERTS, ANN, "all", Filters())
        first, second = [await at.queries.overview(ALERTS, offset) for offset in (0, 15)]
        beyond, before = [await at.queries.overview(ALERTS, offset) for offset in (900, -3)]
        assert [len(page.rows) for page in (first, second)] == [15, 5]
        assert (second.offset, second.total) == (15, 20)
        assert (beyond, before) == (second, first)

    async def test_an_unreachable_braze_is_shown(self, at: Desk) -> None:
        """While Braze can't be asked the overview says so."""
        at.add("Users", "success")
        await at.subscriptions.subscribe(ALERTS, ANN, "all", Filters())
        at.sandbox.braze.faults.add(Fault(kind=FaultKind.REVOKED))
        for _ in range(20):
            at.clock.advance(60)
            await at.polled()
        overview = await at.queries.overview(ALERTS)
        assert [each.reason for each in overview.unreachable] == [BrazeReason.BAD_KEY]


class TestHistory:
    """`/cdi status INTEGRATION`."""

    async def test_pages_back_to_the_first_run(self, at: Desk) -> None:
        """Runs are shown ten a page, newest first, as far back as Braze knows them, without a subscription."""
        users = at.add("Users", *["success"] * 34, "error")
        pages = [await history(at, "Users", offset) for offset in (0, 10, 20, 30)]
        assert [len(page.runs) for page in pages] == [10, 10, 10, 5]
        assert [page.has_older for page in pages] == [True, True, True, False]
        starts = [run.sync_start_time for page in pages for run in page.runs]
        assert starts == sorted(set(starts), reverse=True)
        first = pages[0]
        assert first.integration.integration_id == users
        assert first.runs[0].job_status == "error"
        assert (first.good, first.ended) == (34, 35)
        assert len(first.recent) == 20
        folder = "https://dashboard-03.braze.com/integrations/cloud_data_ingestion"
        group = first.integration.app_group_id
        assert first.dashboard_url == f"{folder}/{group}?locale=en&main-tab=edit-sync--{users}"
        assert (first.subscribed, first.missing, first.trouble) == (False, False, None)
        assert first.observed_at == at.clock.now

    async def test_what_is_usual_and_what_comes_next(self, at: Desk) -> None:
        """The newest run stands against the usual of those before; the rhythm tells when the next is expected."""
        at.add("Users", *["success"] * 12, minutes=10, last=60)
        told = await history(at, "Users")
        assert told.usual == Usual(duration=timedelta(seconds=30), rows=10)
        assert told.next_run == at.clock.now + timedelta(minutes=9)
        assert (told.good_week, told.ended_week) == (12, 12)
        at.clock.advance(timedelta(days=8).total_seconds())
        assert ((await history(at, "Users")).good_week, (await history(at, "Users")).good) == (0, 12)

    async def test_older_pages_are_read_once(self, at: Desk) -> None:
        """What was read back to is remembered: turning a page costs one request for what is new."""
        at.add("Users", *["success"] * 60)
        await history(at, "Users")
        before = at.calls("job_sync_status")
        await history(at, "Users", 10)
        await history(at, "Users", 20)
        assert at.calls("job_sync_status") == before + 2

    async def test_fresh_run_is_seen(self, at: Desk) -> None:
        """The newest run is shown as Braze has it now, not as it was stored."""
        users = at.add("Users", "success", "success")
        await at.subscriptions.subscribe(ALERTS, ANN, "Users", Filters())
        at.clock.advance(60)
        at.sandbox.braze.run(users, RunPlan(outcome="error", seconds=100))
        running = await history(at, "Users")
        assert running.runs[0].job_status == "running"
        assert running.ended == 2
        assert len(running.recent) == 2
        at.clock.advance(200)
        ended = await history(at, "Users")
        assert ended.runs[0].job_status == "error"
        assert ended.incident is not None
        assert ended.subscribed

    async def test_reading_back_hides_no_failure(self, at: Desk) -> None:
        """Paging back through a watched integration's runs does not hide a failure that was not sent yet."""
        users = at.add("Users", *["success"] * 30)
        await at.subscriptions.subscribe(ALERTS, ANN, "Users", Filters())
        at.clock.advance(600)
        at.sandbox.braze.run(users, RunPlan(outcome="error", seconds=1))
        at.clock.advance(10)
        at.sandbox.braze.faults.add(
            Fault(kind=FaultKind.STATUS, status=500, path=".*job_sync_status", times=3)
        )
        await history(at, "Users", 10)
        at.clock.advance(60)
        answer = await history(at, "Users", 20)
        assert answer.incident is not None
        assert not answer.incident.quiet

    async def test_last_known_state_when_braze_is_slow(self, tmp_path: Path) -> None:
        """A person waits for Braze a moment only, then sees what is stored, with the reason."""
        async with responder(tmp_path, patience=timedelta(seconds=0.5)) as at:
            at.add("Users", "success")
            await at.subscriptions.subscribe(ALERTS, ANN, "all", Filters())
            await at.polled()
            at.sandbox.braze.faults.add(Fault(kind=FaultKind.LATENCY, seconds=30))
            answer = await history(at, "Users")
        assert answer.trouble is BrazeReason.TIMEOUT
        assert len(answer.runs) == 1

    async def test_last_known_state_when_braze_is_down(self, at: Desk) -> None:
        """An error of Braze is named, and what is stored is shown."""
        at.add("Users", "success")
        await history(at, "Users")
        at.sandbox.braze.faults.add(Fault(kind=FaultKind.STATUS, status=500))
        answer = await history(at, "Users")
        assert answer.trouble is BrazeReason.SERVER_ERROR
        assert len(answer.runs) == 1

    async def test_trouble_half_way_back(self, at: Desk) -> None:
        """Pages that were read before an error are shown all the same."""
        at.add("Users", *["success"] * 40)
        at.sandbox.braze.faults.add(
            Fault(kind=FaultKind.STATUS, status=500, path=".*job_sync_status.*cursor")
        )
        answer = await history(at, "Users")
        assert len(answer.runs) == 10

    async def test_deleted_in_braze(self, at: Desk) -> None:
        """A watched integration that Braze has deleted is shown as stored, marked as missing, and not as failing."""
        users = at.add("Users", "error")
        await at.subscriptions.subscribe(ALERTS, ANN, "Users", Filters())
        await at.polled()
        at.sandbox.braze.delete(users)
        for _ in range(10):
            at.clock.advance(60)
            await at.polled()
        answer = await history(at, "Users")
        assert answer.missing
        assert answer.trouble is BrazeReason.INVALID_INTEGRATION
        overview = await at.queries.overview(ALERTS)
        (row,) = overview.rows
        assert row.missing
        assert (overview.total, overview.failing, overview.unhealthy) == (1, 0, 0)

    async def test_a_snooze_is_shown(self, at: Desk) -> None:
        """A snooze of this channel stands in the answer, one of another channel does not."""
        at.add("Users", "success")
        for channel in (ALERTS, MARKETING):
            await at.subscriptions.subscribe(channel, ANN, "Users", Filters())
        await at.snoozes.snooze(
            ALERTS, ANN, SetSnooze(selector="Users", until=at.clock.now + timedelta(hours=1), reason=None)
        )
        here = await at.queries.history(ALERTS, "Users")
        there = await at.queries.history(MARKETING, "Users")
        assert isinstance(here, RunHistory)
        assert isinstance(there, RunHistory)
        assert here.snooze is not None
        assert there.snooze is None

    async def test_only_close_names_are_offered(self, at: Desk) -> None:
        """A slip of the keyboard is close; a word that only begins like a name isn't."""
        for name in ("Users: attributes", "Events: web sessions"):
            at.add(name, "success")
        await at.poller.discover()
        for typed, offered in (
            ("Usres", ["Users: attributes"]),
            ("evnets", ["Events: web sessions"]),
            ("everything", []),
        ):
            found = await at.queries.history(ALERTS, typed)
            assert isinstance(found, NoMatch)
            assert [each.integration_name for each in found.nearest] == offered

    async def test_unknown_words(self, at: Desk) -> None:
        """Words that match nothing are said to."""
        assert isinstance(await at.queries.history(ALERTS, "Nothing"), NoMatch)

    async def test_words_in_a_workspace_without_integrations(self, at: Desk) -> None:
        """A list that was read and is empty is no missing permission."""
        for query in ("Users", "abc123xyz"):
            answer = await at.queries.history(ALERTS, query)
            assert answer == NoMatch(query=query, nearest=(), list_known=True)

    async def test_start_of_an_id(self, at: Desk) -> None:
        """The start of an id is enough where only one begins so."""
        at.add("Users", "success", integration_id="abc123xyz")
        at.add("Catalog", "success", integration_id="abd")
        assert (await history(at, "ABC")).integration.integration_name == "Users"

    async def test_whole_name_goes_before_a_part(self, at: Desk) -> None:
        """A whole name is meant before a longer one that holds it."""
        at.add("Users", "success", integration_id="one")
        at.add("Users EU", "success", integration_id="two")
        assert (await history(at, "users")).integration.integration_id == "one"

    async def test_unknown_dashboard(self, tmp_path: Path) -> None:
        """Where the dashboard is not known, Braze's general address leads to the right one."""
        async with responder(tmp_path, dashboard=None) as at:
            at.add("Users", "success")
            assert (await history(at, "Users")).dashboard_url == "https://dashboard.braze.com"


class TestListing:
    """`/cdi list`."""

    async def test_shows_what_is_subscribed(self, at: Desk) -> None:
        """Every integration is listed by name, with whether this channel is subscribed to it."""
        for name in ("Users", "Catalog", "Purchases"):
            at.add(name, "success")
        await at.subscriptions.subscribe(ALERTS, ANN, "Users", Filters())
        answer = await at.queries.listing(ALERTS, None)
        assert isinstance(answer, IntegrationList)
        assert [(row.integration.integration_name, row.subscribed) for row in answer.rows] == [
            ("Catalog", False),
            ("Purchases", False),
            ("Users", True),
        ]
        assert (answer.total, answer.troubles) == (3, ())

    async def test_failing_ones_stand_first_or_alone(self, at: Desk) -> None:
        """By the last run that the list tells of, or by the open incident while another run is under way."""
        ids = {name: at.add(name, "success") for name in ("Alpha", "Beta", "Gamma")}
        await at.subscriptions.subscribe(ALERTS, ANN, "Gamma", Filters())
        await at.polled()
        at.clock.advance(60)
        for name in ("Beta", "Gamma"):
            at.sandbox.braze.run(ids[name], RunPlan(outcome="error", seconds=1))
        at.clock.advance(60)
        await at.polled()
        at.sandbox.braze.run(ids["Gamma"], RunPlan(outcome="error", seconds=600))
        at.clock.advance(30)
        await at.polled()
        everything, failing = [
            await at.queries.listing(ALERTS, None, failing=alone) for alone in (False, True)
        ]
        assert isinstance(everything, IntegrationList)
        assert isinstance(failing, IntegrationList)
        assert [row.integration.integration_name for row in everything.rows] == ["Beta", "Gamma", "Alpha"]
        assert [row.integration.integration_name for row in failing.rows] == ["Beta", "Gamma"]
        assert (failing.listed, failing.total, failing.failing) == (2, 3, 2)

    @pytest.mark.parametrize(
        ("query", "names"),
        [("user", ["Users EU", "Users US"]), ("*eu", ["Users EU"]), ("abc", ["Catalog"]), ("zzz", [])],
    )
    async def test_filter(self, at: Desk, query: str, names: list[str]) -> None:
        """Words match a part of a name, a pattern, or the start of an id."""
        at.add("Users EU", "success")
        at.add("Users US", "success")
        at.add("Catalog", "success", integration_id="abc123xyz")
        answer = await at.queries.listing(ALERTS, query)
        assert isinstance(answer, IntegrationList)
        assert [row.integration.integration_name for row in answer.rows] == names

    async def test_pages(self, at: Desk) -> None:
        """Twenty stand on a page."""
        for number in range(25):
            at.add(f"Sync {number:02}", "success")
        answer = await at.queries.listing(ALERTS, "sync", 20)
        assert isinstance(answer, IntegrationList)
        assert (len(answer.rows), answer.offset, answer.total) == (5, 20, 25)

    async def test_last_known_state(self, at: Desk) -> None:
        """Where the list can't be read now, what is stored is shown with the reason."""
        at.add("Users", "success")
        await at.queries.listing(ALERTS, None)
        at.clock.advance(120)
        at.sandbox.braze.faults.add(Fault(kind=FaultKind.STATUS, status=500))
        answer = await at.queries.listing(ALERTS, None)
        assert isinstance(answer, IntegrationList)
        assert (answer.total, answer.troubles) == (1, ((None, BrazeReason.SERVER_ERROR),))

    async def test_without_the_permission(self, tmp_path: Path) -> None:
        """Where nothing is known and the list is not permitted, the permission is named."""
        async with responder(tmp_path, permissions=["cdi.integration_job_status"]) as at:
            assert await at.queries.listing(ALERTS, None) == BrazeRefused(
                reason=BrazeReason.NO_PERMISSION, query=None, permission="cdi.integration_list"
            )


async def test_subscriptions(at: Desk) -> None:
    """Each subscription is shown with how many integrations it matches, and a single one with its name."""
    users = at.add("Users", "success")
    at.add("Catalog", "success")
    for query in ("Users", "*", "all", "Cat*"):
        await at.subscriptions.subscribe(ALERTS, ANN, query, Filters())
    answer = await at.queries.subscriptions(ALERTS)
    assert [(one.selector, total, name) for one, total, name in answer.rows] == [
        (users, 1, "Users"),
        ("*", 2, None),
        ("all", 2, None),
        ("Cat*", 1, None),
    ]
    assert (await at.queries.subscriptions(MARKETING)).rows == ()
