"""What a file changes, and what it leaves alone."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cdi_bot.configuration.apply import FileChanges
from cdi_bot.configuration.fields import OFF
from cdi_bot.configuration.plan import Plan
from cdi_bot.configuration.present import read_present
from cdi_bot.configuration.reading import read_config
from cdi_bot.configuration.text import config_text, plan_json, plan_text
from cdi_bot.core.commands.snoozes import SetSnooze
from cdi_bot.core.model.channel import Channel, ChannelSettings, WorkspaceChanged
from cdi_bot.core.model.configuration import FileProblemsError
from cdi_bot.core.model.incident import EXPECTABLE, Topic
from cdi_bot.core.model.integration_settings import IntegrationSettingChanged, IntegrationSettings
from cdi_bot.core.model.message import Unsnoozed, Unsubscribed
from cdi_bot.core.model.subscription import Filters, Snooze
from cdi_bot.sandbox.slack.seed_data import MARA
from cdi_bot.store import Store
from cdi_bot.usecases.change_answers import SnoozeSet
from tests.databases import new_sqlite
from tests.rigs.people import ALERTS, MARKETING, responder

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
TEAM, HERE, THERE, ADMINS = "T1", "C024BE91L", "C024BE91M", "C0ADMINS1"
GIVEN = "https://rest.iad-03.braze.com"

EMEA = """
[[workspace]]
name = "emea"
base_url = "https://rest.fra-01.braze.eu"
api_key = "env:EMEA_KEY"
"""
FILE = f"""{EMEA}
[[channel]]
id = "{HERE}"
zone = "Europe/Berlin"
digest = "daily 09:00"

[[subscription]]
channel = "{HERE}"
workspace = "emea"
selector = "Users*"
on = ["error", "late"]
fresh = "08:00"
"""


class Changes:
    """Applies texts as files to a store, and reads what is there then."""

    def __init__(self, store: Store) -> None:
        self.store, self.now = store, NOW
        self._changes = FileChanges(
            store=store,
            team_id=TEAM,
            base_url=GIVEN,
            dashboard_of=lambda _: None,
            admin_channel=ADMINS,
            clock=self._clock,
        )

    def _clock(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now

    async def apply(self, text: str, *, prune: bool = False) -> Plan:
        """Apply it."""
        return await self._changes.apply(read_config(text, "bot.toml"), prune=prune)

    async def plan(self, text: str, *, prune: bool = False) -> Plan:
        """Look what it would change."""
        return await self._changes.plan(read_config(text, "bot.toml"), prune=prune)

    async def export(self) -> str:
        """What is there."""
        async with self.store.read() as uow:
            return config_text(await read_present(uow, GIVEN, TEAM))

    async def subscribe(self, channel: str, workspace: str, selector: str, filters: Filters) -> None:
        """Subscribe as somebody in chat does."""
        async with self.store.write() as uow:
            known = {each.name: each.workspace_id for each in await uow.workspaces.all()}
            await uow.subscriptions.add(
                channel=Channel(team_id=TEAM, channel_id=channel),
                workspace_id=known[workspace],
                selector=selector,
                filters=filters,
                by="U1",
                now=NOW,
            )

    async def audit(self, channel: str) -> list[tuple[str, str, str]]:
        """Who changed what in a channel, oldest first."""
        async with self.store.read() as uow:
            entries = await uow.audit.newest(Channel(team_id=TEAM, channel_id=channel), limit=100)
        return [(each.who, each.action, each.subject) for each in entries[::-1]]


@pytest.fixture
def changes(store: Store) -> Changes:
    """On each engine."""
    return Changes(store)


async def test_a_file_is_applied_whole_told_and_audited_once(changes: Changes) -> None:
    """A second time changes nothing; what it no longer names is taken back."""
    planned = await changes.plan(FILE)
    applied = await changes.apply(FILE)
    assert planned == applied
    assert [(each.item.table.value, each.item.field) for each in applied.changes] == [
        ("workspace", ""),
        ("channel", "zone"),
        ("channel", "digest"),
        ("subscription", ""),
    ]
    assert await changes.audit(ADMINS) == [("bot.toml", "workspace", "add emea")]
    told = await changes.audit(HERE)
    assert ("bot.toml", "subscribe", "Users*") in told
    assert ("bot.toml", "digest", "daily 09:00") in told
    assert not (await changes.apply(FILE)).changes
    assert await changes.audit(HERE) == told
    async with changes.store.read() as uow:
        (one,) = await uow.subscriptions.for_channel(Channel(team_id=TEAM, channel_id=HERE))
        assert one.filters.fresh == "08:00 Europe/Berlin"
        assert one.created_by == "bot.toml"

    assert [each.after for each in (await changes.apply(EMEA)).changes] == [None] * 3
    assert ("bot.toml", "unsubscribe", "Users*") in await changes.audit(HERE)
    assert (await changes.apply("")).changes
    async with changes.store.read() as uow:
        assert [each.base_url for each in await uow.workspaces.all()] == [GIVEN]


async def test_another_zone_is_that_of_every_time_of_day(changes: Changes) -> None:
    """Also of subscriptions that the file names as before."""
    await changes.apply(FILE)
    moved = FILE.replace("Europe/Berlin", "Asia/Tokyo")
    assert len((await changes.apply(moved)).changes) == 1
    assert not (await changes.apply(moved)).changes
    async with changes.store.read() as uow:
        (one,) = await uow.subscriptions.for_channel(Channel(team_id=TEAM, channel_id=HERE))
    assert (one.filters.fresh, one.filters.topics) == (
        "08:00 Asia/Tokyo",
        frozenset({Topic.ERROR, Topic.LATE}),
    )


async def test_what_people_set_up_is_left_alone_unless_pruned(changes: Changes) -> None:
    """What is as the file wants it is the file's from then on, and nobody is told."""
    await changes.apply(EMEA)
    same = Filters(topics=frozenset({Topic.ERROR, Topic.LATE}), fresh="08:00 UTC")
    await changes.subscribe(HERE, "emea", "USERS*", same)
    await changes.subscribe(THERE, "iad-03", "all", Filters())
    plan = await changes.apply(FILE)
    assert [each.item.table.value for each in plan.changes] == ["channel", "channel"]
    assert [each.selector for each in plan.adopted] == ["USERS*"]
    assert not await changes.audit(THERE)
    pruned = await changes.apply(FILE, prune=True)
    assert [(each.item.channel, each.after) for each in pruned.changes] == [(THERE, None)]
    assert await changes.audit(THERE) == [("bot.toml", "unsubscribe", "all")]


async def test_hours_and_owners_are_set_by_the_file(changes: Changes) -> None:
    """With the holidays of the hours; what the file no longer says is nobody's word again."""
    hours = f'[[channel]]\nid = "{HERE}"\nhours = "mon-fri 08:00-19:00"\nholidays = ["2026-12-25"]\n'
    owner = '[[integration]]\nselector = "Users*"\nowner = "U024BE7LH"\ncritical = true\n'
    await changes.apply(f"{hours}{owner}")
    assert not (await changes.apply(f"{hours}{owner}")).changes
    async with changes.store.read() as uow:
        here = await uow.channels.settings(Channel(team_id=TEAM, channel_id=HERE))
        (users,) = await uow.integration_settings.all()
    assert here is not None
    assert (here.hours, here.holidays) == ("mon-fri 08:00-19:00", "2026-12-25")
    assert (users.owner, users.runbook, users.critical) == ("<@U024BE7LH>", None, True)
    assert await changes.audit(ADMINS) == [
        ("bot.toml", "owner", "U024BE7LH Users*"),
        ("bot.toml", "critical", "on Users*"),
    ]
    await changes.apply("")
    async with changes.store.read() as uow:
        here = await uow.channels.settings(Channel(team_id=TEAM, channel_id=HERE))
        assert not await uow.integration_settings.all()
    assert here is not None
    assert (here.hours, here.holidays) == (None, None)


async def test_a_workspace_that_leaves_the_file_takes_its_subscriptions_along(changes: Changes) -> None:
    """As `/cdi workspace remove` does: told once, its subscriptions of chat too."""
    await changes.apply(FILE)
    await changes.subscribe(THERE, "emea", "all", Filters())
    plan = await changes.apply(f'[[channel]]\nid = "{HERE}"\nzone = "Europe/Berlin"\n')
    assert [(each.item.table.value, each.item.field) for each in plan.changes] == [
        ("channel", "digest"),
        ("workspace", ""),
    ]
    assert (await changes.audit(THERE))[-1] == ("bot.toml", "workspace", "remove emea")
    async with changes.store.read() as uow:
        assert not await uow.subscriptions.for_channel(Channel(team_id=TEAM, channel_id=THERE))


async def test_who_may_not_see_a_workspace_is_no_longer_subscribed(changes: Changes) -> None:
    """Nor may the file subscribe them, or make it their own."""
    await changes.apply(EMEA)
    await changes.subscribe(THERE, "emea", "all", Filters())
    hidden = f'{EMEA}visible_to = ["{HERE}"]\n'
    plan = await changes.apply(hidden)
    assert [(each.item.table.value, each.item.channel) for each in plan.changes] == [
        ("workspace", ""),
        ("subscription", THERE),
    ]
    there = f'[[subscription]]\nchannel = "{THERE}"\nworkspace = "emea"\nselector = "all"\n'
    uses = f'[[channel]]\nid = "{THERE}"\nworkspace = "emea"\n'
    with pytest.raises(FileProblemsError) as caught:
        await changes.apply(f"{hidden}{there}{uses}")
    assert [each.line for each in caught.value.problems] == [7, 13]
    assert "may not see" in str(caught.value)


def snooze(window: str, more: str = "", selector: str = "Users*", channel: str = HERE) -> str:
    """An entry of the file."""
    return (
        f'[[snooze]]\nchannel = "{channel}"\nselector = "{selector}"\nworkspace = "iad-03"\n'
        f'window = "{window}"\n{more}'
    )


async def snoozed(
    changes: Changes, channel: str = HERE
) -> list[tuple[str | None, datetime, bool, str | None]]:
    """What is snoozed in a channel."""
    async with changes.store.read() as uow:
        found = await uow.snoozes.for_channel(Channel(team_id=TEAM, channel_id=channel))
    return [(each.every, each.begins, each.has_begun, each.reason) for each in found]


async def test_snoozes_are_set_by_the_file(changes: Changes) -> None:
    """Those that recur, are planned, or have begun; another reason is a change, another spelling of a time is none."""
    weekly = snooze("every mon 09:30-12:00 Europe/Berlin")
    begun = snooze("from 2026-03-02T09:00+01:00 until 2026-03-02T13:00+01:00", 'reason = "move"\n')
    plan = await changes.apply(f"{weekly}{begun}")
    assert [each.item.field for each in plan.changes] == [
        "every mon 09:30-12:00 Europe/Berlin",
        "from 2026-03-02T08:00:00Z until 2026-03-02T12:00:00Z",
    ]
    assert await snoozed(changes) == [
        (None, NOW - timedelta(hours=1), True, "move"),
        ("mon 09:30-12:00 Europe/Berlin", NOW - timedelta(minutes=30), True, None),
    ]
    same = begun.replace("09:00+01:00", "08:00:00Z").replace("Users*", "USERS*")
    assert not (await changes.apply(f"{weekly}{same}")).changes
    assert await changes.audit(HERE) == [("bot.toml", "snooze", "Users*")] * 2

    changed = await changes.apply(f'{weekly}reason = "weekly"\n{begun}')
    assert [(each.before, each.after) for each in changed.changes] == [({}, {"reason": "weekly"})]
    assert len((await changes.apply(weekly)).changes) == 2
    assert len(await snoozed(changes)) == 1
    assert [each[1] for each in await changes.audit(HERE)] == [*["snooze"] * 4, "unsnooze"]
    await changes.apply("")
    assert not await snoozed(changes)


async def test_a_planned_snooze_that_is_over_changes_nothing(changes: Changes) -> None:
    """It may stay in the file; the plan says so, and it is no longer ended when it goes."""
    over = snooze("from 2026-03-01T00:00Z until 2026-03-02T08:59Z")
    plan = await changes.apply(over)
    assert not plan.changes
    assert plan_text(plan, "bot.toml") == "bot.toml: nothing to change; 1 [[snooze]] is over already."
    assert plan_json(plan, "bot.toml")["over"] == [
        {
            "table": "snooze",
            "channel": HERE,
            "workspace": "iad-03",
            "selector": "Users*",
            "window": "from 2026-03-01T00:00:00Z until 2026-03-02T08:59:00Z",
        }
    ]
    assert not await snoozed(changes)
    assert not (await changes.apply("")).changes


async def test_what_holds_for_integrations_is_told_where_it_concerns_somebody(changes: Changes) -> None:
    """In each channel that is subscribed to one of them, as a change made in chat is; audited once elsewhere."""
    await changes.apply("")
    await changes.subscribe(HERE, "iad-03", "USERS*", Filters())
    await changes.subscribe(THERE, "iad-03", "Orders*", Filters())
    users = '[[integration]]\nselector = "Users*"\nowner = "U024BE7LH"\ncritical = true\nrunbook = "none"\n'
    await changes.apply(f'{users}[[integration]]\nselector = "Carts*"\ncritical = true\n')
    told = [("owner", "<@U024BE7LH>"), ("runbook", None), ("critical", "on")]
    assert [(each.setting, each.value) for each in await setting_notices(changes, HERE)] == told
    assert not await setting_notices(changes, THERE)
    subjects = ("owner", "U024BE7LH Users*"), ("runbook", "none Users*"), ("critical", "on Users*")
    assert await changes.audit(HERE) == [("bot.toml", *each) for each in subjects]
    assert await changes.audit(ADMINS) == [("bot.toml", "critical", "on Carts*")]
    await changes.apply("")
    told += [("critical", None), ("runbook", None), ("owner", None)]
    assert [(each.setting, each.value) for each in await setting_notices(changes, HERE)] == told


async def setting_notices(changes: Changes, channel: str) -> list[IntegrationSettingChanged]:
    """What a channel is told of what holds for integrations."""
    async with changes.store.read() as uow:
        pending = await uow.outbox.pending(Channel(team_id=TEAM, channel_id=channel))
    return [each.owed.content for each in pending if isinstance(each.owed.content, IntegrationSettingChanged)]


async def test_a_channel_keeps_nothing_of_what_is_hidden_from_it(tmp_path: Path) -> None:
    """Its subscriptions, snoozes and default workspace end; what it was to be told of an incident is not."""
    async with responder(tmp_path) as at:
        users = at.add("Users", "success")
        for channel in (ALERTS, MARKETING):
            await at.subscriptions.subscribe(channel, MARA, "all", Filters())
            hour = SetSnooze(selector="all", until=at.clock.now + timedelta(hours=1), reason=None)
            for snooze in (hour, replace(hour, until=None, every="sun 02:00-06:00")):
                assert isinstance(await at.snoozes.snooze(channel, MARA, snooze), SnoozeSet)
            async with at.store.write() as uow:
                known = await uow.channels.settings_to_change(channel)
                await uow.channels.save_settings(replace(known, workspace_id=at.workspace.workspace_id))
        await at.fails(users)
        own = f'name = "{at.workspace.name}"\nbase_url = "{at.workspace.base_url}"\n'
        file = f'[[workspace]]\n{own}api_key = "env:BRAZE_API_KEY"\nvisible_to = ["{ALERTS.channel_id}"]\n'
        file += '[[integration]]\nselector = "all"\ncritical = true\n'
        changes = FileChanges(
            store=at.store,
            team_id=ALERTS.team_id,
            base_url=at.workspace.base_url,
            dashboard_of=lambda _: None,
            admin_channel=ADMINS,
            clock=at.clock,
        )
        plan = await changes.apply(read_config(file, "bot.toml"))
        assert [(each.item.table.value, each.item.channel) for each in plan.changes] == [
            ("workspace", ""),
            ("integration", ""),
            *((table, MARKETING.channel_id) for table in ("subscription", "snooze", "channel")),
        ]
        assert [type(each) for each in await at.owed(MARKETING)] == [
            Unsubscribed,
            Unsnoozed,
            WorkspaceChanged,
        ]
        assert (await at.snoozes.show(MARKETING)).rows == ()
        assert len((await at.snoozes.show(ALERTS)).rows) == 2
        (incident,) = await at.open_incidents(users)
        async with at.store.read() as uow:
            cards = (await uow.cards.of_incidents([incident.incident_id]))[incident.incident_id]
        assert [card.channel for card in cards] == [ALERTS]


async def test_files_that_are_applied_at_once_follow_each_other(url: str, changes: Changes) -> None:
    """By processes of their own: nothing is told twice or lost, and what is there then is what one of them wants."""
    async with AsyncExitStack() as stack:
        others = [changes]
        for _ in range(3):
            store = await Store.open(url)
            stack.push_async_callback(store.close)
            others.append(Changes(store))
        same = await asyncio.gather(*(each.apply(FILE) for each in others))
        assert sorted(len(plan.changes) for plan in same) == [0, 0, 0, 4]
        audited = await changes.audit(HERE)
        assert len(audited) == len(set(audited)) == 3
        wanted = [
            FILE,
            FILE.replace("09:00", "10:00").replace("Users*", "Orders*"),
            f'{snooze("every sun 02:00-06:00 UTC")}[[channel]]\nid = "{THERE}"\nlanguage = "ja"\n',
            EMEA,
        ]
        possible = []
        for text in wanted:
            await changes.apply(text)
            possible.append(await changes.export())
        for turn in range(4):
            texts = wanted[turn:] + wanted[:turn]
            await asyncio.gather(*(each.apply(text) for each, text in zip(others, texts, strict=True)))
            assert await changes.export() in possible
            async with changes.store.read() as uow:
                owned = {each.place for each in await uow.file_items.all()}
            there = possible.index(await changes.export())
            assert owned == {each.place for each in (await changes.plan(wanted[there])).owned}
            assert not (await changes.plan(wanted[there])).changes


async def test_a_file_may_keep_settings_off(changes: Changes) -> None:
    """They are its own then, though nothing changes; what people set up before goes, and is told."""
    off = f'[[channel]]\nid = "{HERE}"\ndigest = "off"\nhours = "off"\nescalate = "off"\ncontacts = "show"\n'
    plan = await changes.apply(off)
    assert not plan.changes
    assert [item.field for item in plan.adopted] == ["digest", "hours", "contacts", "escalate"]
    exported = await changes.export()
    assert all(line in exported for line in off.splitlines())
    await changes.apply(exported)
    async with changes.store.read() as uow:
        assert {item.field for item in await uow.file_items.all()} == {*OFF, ""}
    await changes.apply(f'[[channel]]\nid = "{HERE}"\ndigest = "daily 09:00"\n')
    plan = await changes.apply(off)
    assert [(each.before, each.after) for each in plan.changes] == [({"digest": "daily 09:00"}, {})]
    assert plan_text(plan, "bot.toml").startswith(
        f'  [[channel]] id = "{HERE}"\n-   digest = "daily 09:00"\nbot.toml: 1 change;'
    )
    assert ("bot.toml", "digest", "off") in await changes.audit(HERE)


async def test_what_fits_to_nothing_changes_nothing(changes: Changes) -> None:
    """Names that nobody has, and what is not said where there are several workspaces, stand at their lines."""
    wrong = f"""{EMEA}
[[workspace]]
name = "prod"
base_url = "{GIVEN}"
api_key = "env:BRAZE_API_KEY"

[[subscription]]
channel = "{HERE}"
selector = "all"

[[subscription]]
channel = "{HERE}"
workspace = "apac"
selector = "all"

[[channel]]
id = "{HERE}"
workspace = "apac"
"""
    with pytest.raises(FileProblemsError) as caught:
        await changes.apply(wrong)
    assert [each.line for each in caught.value.problems] == [7, 12, 16, 23]
    async with changes.store.read() as uow:
        assert not await uow.workspaces.all()
        assert not await uow.file_items.all()


async def test_the_environments_workspace_may_stand_in_the_file(changes: Changes) -> None:
    """Under its own name: it is not removed with its entry, and seen by all again."""
    entry = f'[[workspace]]\nname = "iad-03"\nbase_url = "{GIVEN}"\napi_key = "env:BRAZE_API_KEY"\n'
    assert not (await changes.apply(entry)).changes
    assert len((await changes.apply(f'{entry}visible_to = ["{HERE}"]\n')).changes) == 1
    assert len((await changes.apply("")).changes) == 1
    async with changes.store.read() as uow:
        (given,) = await uow.workspaces.all()
    assert given.visible_to is None


async def test_a_plan_reads_as_a_diff(changes: Changes) -> None:
    """A line for each value: what goes, what comes, of which entry."""
    await changes.apply(FILE)
    changed = FILE.replace('"daily 09:00"', '"daily 10:00"').replace('on = ["error", "late"]\n', "rows = 5\n")
    plan = await changes.plan(
        f'{changed}\n[[subscription]]\nchannel = "{THERE}"\nworkspace = "emea"\nselector = "x*"\n'
    )
    assert (
        plan_text(plan, "bot.toml")
        == f"""\
  [[channel]] id = "{HERE}"
-   digest = "daily 09:00"
+   digest = "daily 10:00"
  [[subscription]] channel = "{HERE}", workspace = "emea", selector = "Users*"
-   on = ["error", "late"]
+   rows = 5
+ [[subscription]] channel = "{THERE}", workspace = "emea", selector = "x*"
bot.toml: 3 changes."""
    )
    assert plan_json(plan, "bot.toml")["changes"][0] == {
        "table": "channel",
        "id": HERE,
        "before": {"digest": "daily 09:00"},
        "after": {"digest": "daily 10:00"},
    }


async def test_a_key_that_was_added_in_chat_stands_in_no_file(changes: Changes) -> None:
    """Its workspace is left out of what is exported, and stays."""
    async with changes.store.write() as uow:
        await uow.workspaces.add(
            name="apac",
            base_url="https://rest.us-10.braze.com",
            dashboard_url=None,
            sealed_key="gAAAAAB-sealed",
        )
    await changes.apply("")
    await changes.subscribe(HERE, "apac", "all", Filters())
    exported = await changes.export()
    assert "gAAAAAB" not in exported
    assert not (await changes.apply(exported)).changes
    async with changes.store.read() as uow:
        assert {each.name for each in await uow.workspaces.all()} == {"iad-03", "apac"}


# --------------------------------------------------------------------------------- round trips

_CHANNELS = st.sampled_from([HERE, THERE, "D024BE91L"])
_FILTERS = st.builds(
    Filters,
    topics=st.frozensets(st.sampled_from(Topic), min_size=1),
    off=st.frozensets(st.sampled_from(EXPECTABLE), max_size=2),
    min_rows=st.none() | st.integers(1, 10**6),
    min_percent=st.none() | st.floats(0.01, 100),
    fresh=st.sampled_from([None, "36h", "90m", "09:00 UTC"]),
    mention=st.sampled_from([None, "<@U024BE7LH>", "<!subteam^S0614TZR7>"]),
)
_SELECTORS = st.sampled_from(["all", "Users*", '*"quoted" \\ 日本語*', "3e5f6d1c-0000", "#[x]?\u007f"])
_MINUTE = timedelta(minutes=1)
_SNOOZES = st.builds(
    Snooze,
    channel=st.builds(Channel, team_id=st.just(TEAM), channel_id=_CHANNELS),
    workspace_id=st.sampled_from([1, 2]),
    selector=_SELECTORS,
    begins=st.integers(1, 10**13).map(lambda each: NOW + timedelta(microseconds=each)),
    until=st.none(),
    every=st.none() | st.sampled_from(["sun 02:00-06:00 Europe/Berlin", "mon,wed 22:00-06:00 Asia/Tokyo"]),
    by=st.just("U1"),
    at=st.just(NOW),
    reason=st.sampled_from([None, 'the warehouse\'s "move"\n# 日本語']),
)
_INTEGRATIONS = st.builds(
    IntegrationSettings,
    workspace_id=st.sampled_from([1, 2]),
    selector=_SELECTORS,
    owner=st.sampled_from([None, "", "<@U024BE7LH>", "<!subteam^S0614TZR7>"]),
    runbook=st.sampled_from([None, "", "https://wiki.example.com/users?a=b#c"]),
    critical=st.none() | st.booleans(),
)
_SETTINGS = st.fixed_dictionaries(
    {
        "language": st.sampled_from([None, "ja", "en"]),
        "zone": st.sampled_from([None, "Asia/Tokyo", "Europe/Berlin"]),
        "digest": st.sampled_from([None, "daily 09:00", "weekly mon 17:30 quiet"]),
        "hours": st.sampled_from(
            [
                (None, None),
                ("daily 08:00-24:00", "2026-12-25"),
                ("sun-fri 22:00-06:00 except:error", None),
            ]
        ),
        "mention_contacts": st.booleans(),
        "escalation": st.sampled_from([(None, None), (1800, "U024BE7LH"), (5430, "C0ONCALL1")]),
    }
)


@settings(max_examples=25)
@given(
    channels=st.dictionaries(_CHANNELS, _SETTINGS),
    subscriptions=st.dictionaries(
        st.tuples(_CHANNELS, st.sampled_from(["iad-03", "emea"]), _SELECTORS), _FILTERS
    ),
    integrations=st.lists(
        _INTEGRATIONS, unique_by=lambda each: (each.workspace_id, each.selector), max_size=4
    ),
    snoozes=st.lists(
        _SNOOZES, unique_by=lambda each: (each.channel, each.workspace_id, each.selector), max_size=4
    ),
)
def test_what_is_exported_changes_nothing_when_it_is_applied(
    channels: dict[str, dict[str, Any]],
    subscriptions: dict[tuple[str, str, str], Filters],
    integrations: list[IntegrationSettings],
    snoozes: list[Snooze],
) -> None:
    """Whatever people set up; and what was applied is exported as it stood in the file, on another machine too."""
    with TemporaryDirectory() as first, TemporaryDirectory() as second:
        asyncio.run(_round_trip((Path(first), Path(second)), channels, subscriptions, integrations, snoozes))


async def _round_trip(
    folders: tuple[Path, Path],
    channels: dict[str, dict[str, Any]],
    subscriptions: dict[tuple[str, str, str], Filters],
    integrations: list[IntegrationSettings],
    snoozes: list[Snooze],
) -> None:
    async with AsyncExitStack() as stack:
        stores = [await Store.open(new_sqlite(each)) for each in folders]
        for store in stores:
            stack.push_async_callback(store.close)
        await _there_and_back(
            Changes(stores[0]),
            Changes(stores[1]),
            channels=channels,
            subscriptions=subscriptions,
            integrations=integrations,
            snoozes=snoozes,
        )


async def _there_and_back(
    here: Changes,
    there: Changes,
    *,
    channels: dict[str, dict[str, Any]],
    subscriptions: dict[tuple[str, str, str], Filters],
    integrations: list[IntegrationSettings],
    snoozes: list[Snooze],
) -> None:
    await here.apply(EMEA)
    async with here.store.write() as uow:
        for each in integrations:
            await uow.integration_settings.save(each)
        for one in snoozes:
            await uow.snoozes.add(replace(one, until=one.begins + _MINUTE))
            await uow.snoozes.add(replace(one, begins=NOW, until=NOW + _MINUTE, every=None))
        for channel, values in channels.items():
            after, to = values.pop("escalation")
            hours, holidays = values.pop("hours")
            await uow.channels.save_settings(
                ChannelSettings(
                    channel=Channel(team_id=TEAM, channel_id=channel),
                    digest_until=NOW if values["digest"] else None,
                    hours=hours,
                    holidays=holidays,
                    escalate_after=after,
                    escalate_to=to,
                    escalate_since=NOW if to else None,
                    **values,
                )
            )
    for (channel, workspace, selector), filters in subscriptions.items():
        await here.subscribe(channel, workspace, selector, filters)

    exported = await here.export()
    assert exported.count("[[snooze]]") == len(snoozes)
    assert not (await here.apply(exported, prune=True)).changes
    assert not (await here.apply(exported)).adopted
    assert await here.export() == exported
    await there.apply(exported)
    assert await there.export() == exported
