"""One item of each loop that can't be done: the next one is done, and what is wrong with it is told where people look.

Rows that another program has spoilt make them fail, or a trigger by which the database refuses one item's rows.
"""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from structlog.testing import capture_logs

from cdi_bot.core.digest_schedule import Schedule
from cdi_bot.core.hours import Hours
from cdi_bot.core.model.channel import Channel, ChannelSettings
from cdi_bot.core.model.incident import Kind
from cdi_bot.core.model.run import Run
from cdi_bot.core.model.subscription import Snooze
from cdi_bot.item_troubles import ItemTrouble, Work
from cdi_bot.monitoring.retention import Cleanup
from cdi_bot.operator.metrics import Metrics
from cdi_bot.sandbox.slack.seed_data import MARKETING_OPS
from cdi_bot.slack.render.answers import render_answer
from cdi_bot.slack.render.home import home_view
from cdi_bot.slack.render.kit.i18n import Translator
from cdi_bot.usecases.home import IntegrationSummary, NotShown
from cdi_bot.usecases.query_answers import RunHistory
from tests.rigs.adapters import bot_settings
from tests.rigs.whole import ALERTS, WHO, Whole, whole

MARKETING = Channel(team_id=ALERTS.team_id, channel_id=MARKETING_OPS)
I18N = Translator()


@dataclass
class Two:
    """A bot with two integrations, `bad` (first in any order) and `good`."""

    whole: Whole
    file: Path

    def sql(self, statement: str, *values: Any) -> None:
        """Write to the database past the bot."""
        with closing(sqlite3.connect(self.file)) as database, database:
            database.execute(statement, values)

    def refuse(self, what: str, table: str, when: str) -> None:
        """Have the database refuse a change of some rows; `when` tells which."""
        self.sql(
            f"CREATE TRIGGER refusal BEFORE {what} ON {table} WHEN {when} "
            "BEGIN SELECT RAISE(ABORT, 'spoilt'); END"
        )

    def allow(self) -> None:
        """Have it refuse nothing any more."""
        self.sql("DROP TRIGGER refusal")

    def troubles(self) -> list[ItemTrouble]:
        """What stands in the register."""
        return self.whole.bot.app.workspaces.troubles.present()

    @property
    def bad(self) -> tuple[int, str]:
        """What the register calls the bad one."""
        return self.whole.workspace_id, "bad"

    async def status(self, integration_id: str = "bad") -> str:
        """What `/cdi status` says of an integration."""
        answer = await self.whole.bot.app.queries.history(ALERTS, integration_id)
        assert isinstance(answer, RunHistory)
        return str(render_answer(answer, I18N, now=self.whole.clock.now).blocks)

    async def home(self) -> str:
        """What Home shows of everything."""
        app = self.whole.bot.app
        page = await app.homes.home(frozenset({ALERTS, MARKETING}), 0)
        return str(home_view(page, I18N, self.whole.clock.now, app.workspaces.troubles))

    async def assert_told(self, work: Work, words: str) -> None:
        """It is the one trouble, of the bad one, and status, the overview, Home and the metrics tell it."""
        assert {(each.work, each.item) for each in self.troubles()} == {(work, self.bad)}
        assert f"{words}, since" in await self.status()
        assert "What I fail to do" not in await self.status("good")
        overview = await self.whole.bot.app.queries.overview(ALERTS)
        for shown in (str(render_answer(overview, I18N, now=self.whole.clock.now).blocks), await self.home()):
            assert "can't do everything for *A bad*" in shown
        workspaces = self.whole.bot.app.workspaces
        page = (await Metrics().page(None, self.whole.clock.now, workspaces)).decode()
        assert f'cdi_bot_item_troubles{{work="{work.value}"}} 1.0' in page

    async def assert_told_of_channel(self, words: str) -> None:
        """The overview and Home say what the bot fails to do for the channel."""
        overview = await self.whole.bot.app.queries.overview(ALERTS)
        for shown in (str(render_answer(overview, I18N, now=self.whole.clock.now).blocks), await self.home()):
            assert f"fail to do for <#{ALERTS.channel_id}>: {words}, since" in shown


@pytest.fixture
async def two(tmp_path: Path) -> AsyncIterator[Two]:
    """Both are watched by one channel; nothing is wrong yet."""
    async with whole(tmp_path) as everything:
        for key, name in (("bad", "A bad"), ("good", "B good")):
            everything.create(name, integration_id=key)
            everything.put_history(key, "success", "success", "success")
        await everything.run(5)
        await everything.subscribe()
        await everything.run(40, step=5)
        yield Two(everything, tmp_path / "cdi_bot.db")


async def restarted(two: Two) -> None:
    """The next process of the bot, which reads everything anew."""
    await two.whole.bot.close()
    await two.whole.start_bot()


async def repeated(two: Two, more: float) -> None:
    """Live until what is open is told again, and some seconds more."""
    await two.whole.run(bot_settings().repeat_interval.total_seconds() - 1200, step=600)
    await two.whole.run(1200 + more, step=60)


async def test_an_observation_that_is_refused(two: Two) -> None:
    """Runs of one integration can't be stored: another's failure is told, and the first one's once it works again."""
    two.refuse("INSERT", "runs", "NEW.integration_id = 'bad'")
    for key in ("bad", "good"):
        two.whole.end_run(key)
    with capture_logs() as logs:
        await two.whole.run(120, step=5)
    assert len(two.whole.cards()) == 1
    await two.assert_told(Work.RECORD, "store its runs")
    assert [line["integration"] for line in logs if line["event"] == "item failed"] == ["bad"]
    two.allow()
    await two.whole.run(400, step=15)
    assert two.troubles() == []
    assert len(two.whole.messages()) == 2


async def test_an_integration_of_the_list_that_is_refused(two: Two) -> None:
    """It is renamed, and that can't be stored: another's new name is."""
    two.refuse("INSERT", "integrations", "NEW.integration_id = 'bad'")
    (bad, good) = two.whole.sandbox.braze.integrations()
    for each in (bad, good):
        two.whole.sandbox.braze.change(
            each.config.integration_id,
            replace(each.config, integration_name=f"{each.config.integration_name} renamed"),
        )
    await two.whole.run(400, step=15)
    async with two.whole.store.read() as uow:
        names = [each.integration.integration_name for each in await uow.integrations.all(two.bad[0])]
    assert names == ["A bad", "B good renamed"]
    await two.assert_told(Work.RECORD, "store its runs")


async def test_an_integration_that_can_not_be_judged(two: Two) -> None:
    """What is remembered of one makes no sense: the next one's lateness is told."""
    braze = two.whole.sandbox.braze
    braze.set_key(two.whole.sandbox.braze_api_key, ["cdi.integration_job_status"])
    soon = f"{two.whole.clock.now + timedelta(minutes=1):%Y-%m-%d %H:%M:%S.000000}"
    two.sql("UPDATE integrations SET next_scheduled_run = ?, expected_start = ?", soon, soon)
    await restarted(two)
    await two.whole.run(5)
    (bad,) = (each for each in two.whole.bot.poller.subscribed() if each.integration_id == "bad")
    bad.running_starts = cast("frozenset[datetime]", None)
    await two.whole.run(1500, step=60)
    async with two.whole.store.read() as uow:
        found = await uow.incidents.open_for(two.bad[0], Kind.LATE, None)
    assert [each.integration_id for each in found] == ["good"]
    assert {(each.work, each.item) for each in two.troubles()} == {(Work.JUDGE, two.bad), (Work.ASK, two.bad)}
    shown = await two.status()
    assert "check for incidents, since" in shown
    assert "read its runs, since" in shown


async def test_usual_runs_that_can_not_be_learned(two: Two) -> None:
    """After a start, one integration's stored runs can't be read: it and the others are polled all the same."""
    two.sql(
        "UPDATE runs SET sync_finish_time = 'soon' WHERE integration_id = 'bad' AND sync_start_time = "
        "(SELECT min(sync_start_time) FROM runs WHERE integration_id = 'bad')"
    )
    await restarted(two)
    two.whole.end_run("good")
    await two.whole.run(60, step=5)
    assert len(two.whole.cards()) == 1
    assert (Work.PLAN, two.bad) in {(each.work, each.item) for each in two.troubles()}


@pytest.mark.parametrize("past", ["nonsense", "{}"])
async def test_a_stored_past_that_is_spoilt(two: Two, past: str) -> None:
    """What was learned of one is no JSON, or not what it should be: both are judged, the other by its own past."""
    await two.whole.run(120, step=15)
    two.sql("UPDATE pasts SET past = ? WHERE integration_id = 'bad'", past)
    await restarted(two)
    await two.whole.run(60, step=15)
    pasts = {each.integration_id: each.past for each in two.whole.bot.poller.subscribed()}
    assert pasts["good"] is not None
    if past == "nonsense":
        assert pasts["bad"] is not None
        assert two.troubles() == []
    else:
        assert {(each.work, each.item) for each in two.troubles()} == {(Work.PLAN, two.bad)}
        assert "learn how it usually runs, since" in await two.status()


async def test_a_freshness_that_can_not_be_judged(two: Two) -> None:
    """What is remembered of one makes no sense: the other is told to be out of date."""
    await two.whole.subscribe(channel=MARKETING, fresh="2h")
    await two.whole.run(5)
    (bad,) = (each for each in two.whole.bot.poller.subscribed() if each.integration_id == "bad")
    bad.running_starts = cast("frozenset[datetime]", None)
    await two.whole.run(3 * 3600, step=600)
    assert [each for each in two.whole.texts(MARKETING) if "B good" in each]
    assert {(each.work, each.detail) for each in two.troubles()} >= {(Work.JUDGE, "fresh")}


async def test_a_reminder_that_fails(two: Two) -> None:
    """Of two open incidents, one's card has a time that is none: the other is reminded of."""
    for key in ("bad", "good"):
        two.whole.end_run(key)
        await two.whole.run(70, step=5)  # a card each
    two.sql(
        "UPDATE cards SET ts = 'soon' WHERE card_id = (SELECT card_id FROM card_incidents JOIN incidents "
        "USING (incident_id) WHERE integration_id = 'bad')"
    )
    await repeated(two, 60)
    assert [each for each in two.whole.texts() if "B good" in each and "still" in each.lower()]
    assert (Work.REMIND, two.bad) in {(each.work, each.item) for each in two.troubles()}
    assert "remind of its incident, since" in await two.status()


async def test_a_reminder_that_is_refused(two: Two) -> None:
    """The database takes one reminder and not the other, which come due together."""
    for key in ("bad", "good"):
        two.whole.end_run(key)
        await two.whole.run(70, step=5)
    async with two.whole.store.read() as uow:
        (bad,) = await uow.incidents.open_for(two.bad[0], None, ["bad"])
    two.refuse("INSERT", "outbox", f"NEW.key LIKE 'still_open:{bad.incident_id}:%'")
    await repeated(two, 120)
    assert [each for each in two.whole.texts() if "B good" in each and "still" in each.lower()]
    assert {each.work for each in two.troubles()} == {Work.REMIND}


async def test_a_snooze_that_can_not_be_ended(two: Two) -> None:
    """Of two that end at the same moment, one can't be deleted: the other's card is posted at once."""
    now = two.whole.clock.now
    async with two.whole.store.write() as uow:
        for key in ("bad", "good"):
            await uow.snoozes.add(
                Snooze(
                    channel=ALERTS,
                    workspace_id=two.bad[0],
                    selector=key,
                    begins=now,
                    until=now + timedelta(minutes=2),
                    by=WHO,
                    at=now,
                    reason=None,
                )
            )
    two.refuse("DELETE", "snoozes", "OLD.selector = 'bad'")
    two.whole.end_run("good")
    await two.whole.run(110, step=5)
    assert not two.whole.cards()
    await two.whole.run(30, step=5)
    assert len(two.whole.cards()) == 1
    assert {(each.work, each.item) for each in two.troubles()} == {(Work.SNOOZE, ALERTS)}
    await two.assert_told_of_channel("end snoozes")
    two.allow()
    await two.whole.run(10, step=5)
    assert two.troubles() == []


async def test_hours_that_can_not_be_summed_up(two: Two) -> None:
    """They begin all the same: what waited is posted by itself, in this channel as in the next one."""
    begin = two.whole.clock.now + timedelta(minutes=3)
    hours = Hours(begin=begin.time().replace(second=0, microsecond=0), end=time(23))
    await two.whole.subscribe(channel=MARKETING)
    for channel in (ALERTS, MARKETING):
        await two.whole.bot.app.channels.set_hours(channel, WHO, hours, "UTC")
    await two.whole.run(5)
    before = [len(two.whole.messages(place)) for place in (ALERTS, MARKETING)]
    two.refuse("INSERT", "cards", f"NEW.summary_since IS NOT NULL AND NEW.channel_id = '{ALERTS.channel_id}'")
    for key in ("bad", "good"):
        two.whole.end_run(key)
    await two.whole.run(90, step=5)
    assert [len(two.whole.messages(place)) for place in (ALERTS, MARKETING)] == before
    await two.whole.sleep((begin - two.whole.clock.now).total_seconds())
    await two.whole.bot.app.hours.tick()
    assert {(each.work, each.item) for each in two.troubles()} == {(Work.HOURS, ALERTS)}
    await two.assert_told_of_channel("sum up what its hours held back")
    await two.whole.run(60, step=5)
    here, there = (
        str(two.whole.messages(place)[count:])
        for place, count in zip((ALERTS, MARKETING), before, strict=True)
    )
    assert all(name in text for name in ("A bad", "B good") for text in (here, there))
    assert ("came and went" in here or "still open" in here, "still open" in there) == (False, True)


async def test_a_sync_that_can_not_be_followed(two: Two) -> None:
    """Of two that people started, one's end can't be written: the other's is told."""
    two.refuse("DELETE", "followed_syncs", "OLD.integration_id = 'bad'")
    for key in ("bad", "good"):
        await two.whole.bot.app.incidents.start_sync(ALERTS, WHO, key)
    await two.whole.run(300, step=10)
    assert [
        each for each in two.whole.texts() if "requested by" in each and "good" in each and "took" in each
    ]
    await two.assert_told(Work.SYNC, "follow the requested sync")


async def test_a_digest_that_fails(two: Two) -> None:
    """One channel's can't be written: the other channel has its own, and Home tells of the first one."""
    now = two.whole.clock.now
    await two.whole.subscribe(channel=MARKETING)
    async with two.whole.store.write() as uow:
        for channel in (ALERTS, MARKETING):
            await uow.channels.save_settings(
                ChannelSettings(
                    channel=channel,
                    zone="UTC",
                    digest=str(
                        Schedule(at=(now + timedelta(minutes=1)).time().replace(microsecond=0, second=0))
                    ),
                    digest_until=now - timedelta(days=1),
                )
            )
    two.refuse("UPDATE", "channel_settings", f"OLD.channel_id = '{ALERTS.channel_id}'")
    for _ in range(10):
        await two.whole.run(60, step=10)
        await two.whole.bot.app.digests.tick()
    await two.whole.run(5)
    assert [
        len([each for each in two.whole.texts(place) if "Digest" in each]) for place in (ALERTS, MARKETING)
    ] == [
        0,
        1,
    ]
    assert {(each.work, each.item) for each in two.troubles()} == {(Work.DIGEST, ALERTS)}
    await two.assert_told_of_channel("post the digest")


async def test_a_channel_that_can_not_be_marked(two: Two) -> None:
    """One that was archived can't be marked as healthy again: the next one is."""
    await two.whole.subscribe(channel=MARKETING)
    health = two.whole.bot.dispatcher.channel_health
    for channel in (ALERTS, MARKETING):
        async with two.whole.store.write() as uow:
            await uow.subscriptions.mark_broken(channel, "is_archived")
    two.refuse("UPDATE", "subscriptions", f"OLD.channel_id = '{ALERTS.channel_id}'")
    await health.check_broken()
    async with two.whole.store.read() as uow:
        marks = await uow.subscriptions.channels()
    assert marks == {ALERTS: "is_archived", MARKETING: None}
    assert {(each.work, each.item) for each in two.troubles()} == {(Work.CHANNEL, ALERTS)}


async def test_records_that_can_not_be_deleted(two: Two) -> None:
    """Of what is too old, one sort can't be deleted: the next ones are."""
    two.whole.end_run("good")
    await two.whole.run(60, step=5)
    two.whole.end_run("good", "success")
    await two.whole.run(60, step=5)
    two.refuse("DELETE", "incidents", "1")
    troubles = two.whole.bot.app.workspaces.troubles
    cleanup = Cleanup(
        store=two.whole.store,
        clock=lambda: two.whole.clock.now + timedelta(days=500),
        keep=timedelta(days=400),
        troubles=troubles,
    )
    for _ in range(5):
        await cleanup.tick()
    async with two.whole.store.read() as uow:
        left = await uow.runs.page(two.bad[0], "bad", offset=0, limit=10)
    assert len(left) == 1  # the newest is kept
    assert {(each.work, each.item) for each in two.troubles()} == {(Work.FORGET, "incidents")}


async def test_an_entry_of_home_that_can_not_be_read(two: Two) -> None:
    """Its name stands there with a word of trouble, and the rest as ever."""
    two.sql(
        "UPDATE runs SET sync_finish_time = 'soon' WHERE integration_id = 'bad' AND sync_start_time = "
        "(SELECT min(sync_start_time) FROM runs WHERE integration_id = 'bad')"
    )
    page = await two.whole.bot.app.homes.home(frozenset({ALERTS}), 0)
    assert page.entries[1] == NotShown(kind=IntegrationSummary, name="A bad")
    assert isinstance(page.entries[2], IntegrationSummary)
    shown = await two.home()
    assert "*A bad* can't be shown here" in shown
    assert "B good" in shown
    assert {(each.work, each.item) for each in two.troubles()} == {(Work.SHOW, two.bad)}


async def test_an_entry_of_home_that_can_not_be_drawn(two: Two) -> None:
    """Likewise where its values are nothing that can be put into words."""
    app = two.whole.bot.app
    page = await app.homes.home(frozenset({ALERTS}), 0)
    broken = replace(cast("IntegrationSummary", page.entries[1]), newest=cast("Run", "no run"))
    shown = str(
        home_view(
            replace(page, entries=(page.entries[0], broken, page.entries[2])),
            I18N,
            two.whole.clock.now,
            app.workspaces.troubles,
        )
    )
    assert "*A bad* can't be shown here" in shown
    assert "B good" in shown
    assert {(each.work, each.item) for each in two.troubles()} == {(Work.SHOW, two.bad)}


async def test_rows_of_a_newer_version(two: Two) -> None:
    """A kind of incident and a topic that this version does not know keep nothing from being told."""
    two.whole.end_run("bad")
    await two.whole.run(60, step=5)
    two.sql("UPDATE incidents SET kind = 'of the future' WHERE integration_id = 'bad'")
    two.sql("UPDATE subscriptions SET topics = topics || ' of_the_future'")
    await restarted(two)
    two.whole.end_run("good")
    await two.whole.run(60, step=5)
    assert len(two.whole.cards()) == 2
    assert two.troubles() == []


@pytest.mark.parametrize("at", ["9999-12-31 23:59:59.999999", "0001-01-01 00:00:00.000000"])
async def test_stored_times_at_the_ends_of_the_calendar(two: Two, at: str) -> None:
    """Rows of one integration hold times that nobody can reckon with: what happens to the other is told."""
    two.sql(
        "UPDATE integrations SET next_scheduled_run = ?, expected_start = ?, last_job_start_time = ?, "
        "last_updated_at = ?, listed_at = ? WHERE integration_id = 'bad'",
        *[at] * 5,
    )
    two.sql(
        "UPDATE runs SET sync_finish_time = ?, last_timestamp_synced = ? WHERE integration_id = 'bad'", at, at
    )
    two.sql(
        "UPDATE runs SET sync_start_time = ? WHERE integration_id = 'bad' AND sync_start_time = "
        "(SELECT max(sync_start_time) FROM runs WHERE integration_id = 'bad')",
        at,
    )
    await restarted(two)
    two.whole.end_run("good")
    await two.whole.run(120, step=5)
    assert [each for each in two.whole.texts() if "B good" in each]
    await two.status()
    assert "B good" in await two.home()
    for _ in range(3):
        await two.whole.bot.app.retention.tick()
        await two.whole.bot.app.digests.tick()
    assert {each.item for each in two.troubles()} <= {two.bad}
