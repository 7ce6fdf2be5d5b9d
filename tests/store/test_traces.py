"""What is kept of a person, a channel or a team: found, and erased from everywhere."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from cdi_bot.core.model.channel import AuditEntry, Channel, ChannelSettings
from cdi_bot.core.model.incident import SPIKE, Expected
from cdi_bot.core.model.integration_settings import IntegrationSettings
from cdi_bot.core.model.message import ChannelBroken, Snoozed, Subscribed
from cdi_bot.core.model.requested_sync import RequestedSync
from cdi_bot.core.model.subscription import Filters, Snooze
from cdi_bot.store import Store
from cdi_bot.store.portable import Base
from cdi_bot.store.traces import is_erasable
from tests.store.samples import NOW, ReadSql, a_workspace, incident, notice, of_card, owe

GONE, STAYS = "U0GONE0001", "U0STAYS001"
HERE, THERE = (
    Channel(team_id="T0ONE", channel_id="C0HERE001"),
    Channel(team_id="T0TWO", channel_id="C0THERE01"),
)

Dump = Callable[[], Awaitable[str]]


@pytest.fixture
def dump(read_sql: ReadSql) -> Dump:
    """Reads all rows of all tables."""

    async def read() -> str:
        tables = [table.name for table in Base.metadata.sorted_tables]
        rows = [await read_sql(f"SELECT * FROM {name}") for name in tables]  # noqa: S608 (our own names)
        return "\n".join(map(str, rows))

    return read


async def filled(store: Store) -> None:
    """Two channels of two teams, each with everything that can be kept, by one person in the one, two in the other."""
    workspace_id = await a_workspace(store)
    for who, channel in ((GONE, HERE), (STAYS, THERE), (GONE, THERE)):
        key = f"{who}:{channel.channel_id}"
        filters = Filters(mention=f"<@{who}> <@{STAYS}>" if channel is HERE else f"<@{who}>")
        async with store.write() as uow:
            await uow.subscriptions.add(
                channel=channel, workspace_id=workspace_id, selector=who[2], filters=filters, by=who, now=NOW
            )
            snooze = Snooze(
                channel=channel,
                workspace_id=workspace_id,
                selector=f"of-{who[2:].lower()}",
                begins=NOW,
                until=None,
                by=who,
                at=NOW,
                reason="I am in hospital" if who == GONE else f"ask <@{GONE}>",
            )
            await uow.snoozes.add(snooze)
            expected = Expected(
                channel=channel,
                workspace_id=workspace_id,
                integration_id=f"of-{key.lower()}",
                reason=SPIKE,
                seen_at=NOW,
                magnitude=1.0,
                by=who,
                at=NOW,
            )
            await uow.expected.mark(expected)
            await uow.channels.save_settings(ChannelSettings(channel=channel, language="ja"))
            await uow.audit.add(
                AuditEntry(
                    channel=channel, at=NOW, who=who, action="subscribe", subject=f"U* mention:<@{who}>"
                )
            )
            sync = RequestedSync(
                sync_id=0,
                channel=channel,
                workspace_id=workspace_id,
                integration_id="one",
                who=who,
                asked_at=NOW,
                newest_start=None,
                announced=f"sync:{key}",
            )
            await uow.requested_syncs.add(sync)
            (opened,) = await uow.incidents.add([incident(workspace_id, resolved_at=NOW)])
            acknowledged = replace(opened, acknowledged_by=who, acknowledged_at=NOW, revision=2)
            assert await uow.incidents.update(acknowledged, expected_revision=1)
            card = await uow.cards.add(channel, [opened.incident_id], now=NOW)
            await uow.outbox.add([of_card(card)], now=NOW)
        subscribed = Subscribed(
            who=who, workspace_id=workspace_id, selector="U*", filters=filters, changed=False
        )
        snoozed = Snoozed(
            who=who, workspace_id=workspace_id, selector="one", until=None, reason=snooze.reason
        )
        await owe(
            store,
            notice(f"subscribe:{key}", channel, content=subscribed),
            notice(f"snooze:{key}", channel, content=snoozed),
        )
    broken = ChannelBroken(channel=HERE, reason="is_archived")
    await owe(store, notice("broken", Channel(team_id="T0TWO", channel_id="D0DIRECT1"), content=broken))


async def erased(store: Store, who: str) -> dict[str, int]:
    """Erase in a commit, what was counted before."""
    async with store.read() as look:
        counted = await look.traces.count(who)
    async with store.write() as work:
        assert await work.traces.erase(who) == counted
    async with store.read() as look:
        assert await look.traces.count(who) == {}
        for channel in (HERE, THERE):  # whatever is left can be read
            await look.subscriptions.for_channel(channel)
            await look.outbox.pending(channel, limit=100)
            await look.audit.newest(channel, limit=100)
    return counted


async def test_a_person(store: Store, dump: Dump) -> None:
    """The id and what the person wrote are nowhere; what was set up and done stays, and others are not touched."""
    await filled(store)
    before = await dump()
    assert await erased(store, GONE) == {
        "subscriptions": 2,
        "snoozes": 3,
        "expected": 2,
        "audit": 2,
        "followed_syncs": 2,
        "incidents": 2,
        "outbox": 5,
    }
    after = await dump()
    assert GONE not in after
    assert "hospital" not in after
    assert after.count(STAYS) == before.count(STAYS)
    async with store.read() as look:
        (here,) = await look.subscriptions.for_channel(HERE)
        there = await look.subscriptions.for_channel(THERE)
        assert (here.created_by, here.filters.mention) == ("–", f"<@{STAYS}>")
        assert [(each.created_by, each.filters.mention) for each in there] == [
            (STAYS, f"<@{STAYS}>"),
            ("–", None),
        ]


async def test_a_channel(store: Store, dump: Dump) -> None:
    """Nothing of it is left, nor its id elsewhere; the other channel has all that it had."""
    await filled(store)
    before = await dump()
    counted = await erased(store, HERE.channel_id)
    assert counted["subscriptions"] == counted["cards"] == counted["channel_settings"] == 1
    after = await dump()
    assert HERE.channel_id not in after
    assert "D0DIRECT1" in after
    assert after.count(THERE.channel_id) == before.count(THERE.channel_id)


async def test_a_team(store: Store, dump: Dump) -> None:
    """All of its channels go, and nothing of another team."""
    await filled(store)
    before = await dump()
    await erased(store, HERE.team_id)
    after = await dump()
    assert HERE.team_id not in after
    assert after.count(THERE.team_id) == before.count(THERE.team_id)


async def test_part_of_an_id(store: Store, dump: Dump) -> None:
    """An id that is the start of another one is not that one."""
    await filled(store)
    before = await dump()
    assert await erased(store, GONE[:-1]) == {}
    assert await dump() == before


@pytest.mark.parametrize(
    ("who", "known"),
    [
        (GONE, True),
        ("W0AB", True),
        ("C0AB", True),
        ("T0AB", True),
        ("u0ab", False),
        ("U%", False),
        ("", False),
    ],
)
def test_ids(who: str, known: bool) -> None:
    """Only whole ids of Slack are taken: anything else would match by chance."""
    assert is_erasable(who) is known


async def test_who_gets_escalations(store: Store, dump: Dump) -> None:
    """Nothing goes there any more, and the direct messages are gone; the channel's other settings stay."""
    workspace_id = await a_workspace(store)
    settings = ChannelSettings(
        channel=HERE,
        language="ja",
        escalate_after=1800,
        escalate_to=GONE,
        escalate_since=NOW,
    )
    async with store.write() as work:
        (stored,) = await work.incidents.add([incident(workspace_id)])
        await work.channels.save_settings(settings)
        await work.escalations.claim(HERE, stored.incident_id, target=GONE, now=NOW)
        await work.cards.add(replace(HERE, channel_id=GONE), [stored.incident_id], now=NOW)
    await erased(store, GONE)
    assert GONE not in await dump()
    async with store.read() as look:
        assert await look.channels.settings(HERE) == ChannelSettings(channel=HERE, language="ja")
        assert await look.cards.of_incidents([stored.incident_id]) == {}


async def test_who_owns_integrations(store: Store, dump: Dump) -> None:
    """What they owned has no owner any more; what was set besides stays, and the audit tells that something was set."""
    workspace_id = await a_workspace(store)
    settings = IntegrationSettings(
        workspace_id=workspace_id, selector="Users*", owner=f"<@{GONE}>", runbook="https://w/x"
    )
    entry = AuditEntry(
        channel=HERE, at=NOW, who=STAYS, action="owner", subject=f"{GONE} Users*", workspace_id=workspace_id
    )
    async with store.write() as work:
        await work.integration_settings.save(settings)
        await work.audit.add(entry)
    await erased(store, GONE)
    assert GONE not in await dump()
    async with store.read() as look:
        assert await look.integration_settings.all() == [replace(settings, owner=None)]
        (kept,) = await look.audit.newest(HERE, limit=9)
        assert await look.audit.place_of("owner", workspace_id, "Users*") == HERE
    assert (kept.value, kept.about) == ("–", "Users*")
