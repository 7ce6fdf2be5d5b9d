"""Who may do what: members change their channels, guests and people from outside only look."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from cdi_bot.core.commands.snoozes import SetSnooze
from cdi_bot.core.model.subscription import Filters
from cdi_bot.delivery.slack_port import SlackTrouble
from cdi_bot.sandbox.faults import Fault, FaultKind
from cdi_bot.sandbox.slack.seed_data import BOT, GUEST, KENJI, MARA, OUTSIDER
from cdi_bot.usecases.access import EVERYONE
from cdi_bot.usecases.answers import NotAllowed, NothingOpen, SubscriptionEnded, SubscriptionSet
from cdi_bot.usecases.base import MOST_CHANGES, TooManyChangesError
from cdi_bot.usecases.change_answers import Acknowledged
from cdi_bot.usecases.query_answers import AuditTrail
from tests.rigs.people import ALERTS, MARKETING, PRIVATE, Desk, responder


@pytest.fixture
async def at(tmp_path: Path) -> AsyncIterator[Desk]:
    """A desk with one integration that fails."""
    async with responder(tmp_path) as made:
        made.add("Users", "error")
        yield made


CHANGES: dict[str, Callable[[Desk, str], Awaitable[object]]] = {
    "subscribe": lambda at, who: at.subscriptions.subscribe(ALERTS, who, "Users", Filters()),
    "unsubscribe": lambda at, who: at.subscriptions.unsubscribe(ALERTS, who, "Users"),
    "ack": lambda at, who: at.incidents.acknowledge(ALERTS, who, "Users"),
    "ack_card": lambda at, who: at.incidents.acknowledge_incidents(ALERTS, who, [1]),
    "snooze": lambda at, who: at.snoozes.snooze(
        ALERTS, who, SetSnooze(selector="Users", until=at.clock.now + timedelta(hours=1), reason=None)
    ),
    "unsnooze": lambda at, who: at.snoozes.unsnooze(ALERTS, who, "Users"),
    "ask_sync": lambda at, who: at.incidents.ask_sync(ALERTS, who, "Users"),
    "start_sync": lambda at, who: at.incidents.start_sync(ALERTS, who, "Users"),
}


@pytest.mark.parametrize("change", CHANGES)
async def test_guests_and_people_from_outside_only_read(at: Desk, change: str) -> None:
    """Every change is refused with why, and nothing is written."""
    assert await CHANGES[change](at, GUEST) == NotAllowed(action="change_as_guest")
    assert await CHANGES[change](at, OUTSIDER) == NotAllowed(action="change_from_outside")
    assert await at.owed() == []
    assert await at.queries.audit(ALERTS) == AuditTrail(rows=())
    assert at.calls("/sync") == 0


async def test_who_is_not_known_gains_no_right(at: Desk) -> None:
    """While Slack does not say who somebody is, nothing is changed, and the answer is to try again."""
    at.sandbox.slack.faults.add(Fault(kind=FaultKind.STATUS, status=500, path="users.info"))
    with pytest.raises(SlackTrouble):
        await at.subscriptions.subscribe(ALERTS, MARA, "Users", Filters())
    assert await at.owed() == []


async def test_admins(at: Desk) -> None:
    """Admins start syncs; a guest is none, whoever is listed."""
    access = replace(at.access, admins=frozenset({MARA, GUEST}))
    assert await access.to_sync(MARA) is None
    assert await access.to_sync(KENJI) == NotAllowed(action="sync")
    assert await access.to_sync(GUEST) == NotAllowed(action="change_as_guest")


async def test_other_channels(at: Desk) -> None:
    """A channel is reached from elsewhere by those who are in it, and by admins unless it is private."""
    nobody = at.sandbox.slack.users["UBEN"].id
    assert await at.access.to_reach(KENJI, MARKETING) is None
    assert await at.access.to_reach(nobody, MARKETING) == NotAllowed(action="elsewhere")
    assert await at.access.to_reach("UADMIN", MARKETING) is None
    assert await at.access.to_reach("UADMIN", PRIVATE) == NotAllowed(action="private")
    assert await at.access.to_reach(GUEST, ALERTS) == NotAllowed(action="change_as_guest")
    channels = at.sandbox.slack.channels
    with_bot = channels[PRIVATE.channel_id].members | {BOT}
    channels[PRIVATE.channel_id] = replace(channels[PRIVATE.channel_id], members=with_bot)
    assert await at.access.to_reach("UADMIN", PRIVATE) == NotAllowed(action="private")
    assert await at.access.to_reach(MARA, PRIVATE) is None


async def test_nothing_of_a_private_channel_is_told_elsewhere(at: Desk) -> None:
    """Subscriptions, snoozes and changes of a private channel are in no answer to another channel."""
    channels = at.sandbox.slack.channels
    with_bot = channels[PRIVATE.channel_id].members | {BOT}
    channels[PRIVATE.channel_id] = replace(channels[PRIVATE.channel_id], members=with_bot)
    await at.subscriptions.subscribe(PRIVATE, MARA, "Users", Filters(min_rows=77, mention="<@U0PRIYA001>"))
    until = at.clock.now + timedelta(hours=1)
    await at.snoozes.snooze(PRIVATE, MARA, SetSnooze(selector="Users", until=until, reason="the takeover"))
    await at.polled()
    there = repr([await at.queries.subscriptions(PRIVATE), await at.queries.overview(PRIVATE)])
    secrets = (PRIVATE.channel_id, "takeover", "77", "U0PRIYA001")
    assert all(secret in there for secret in secrets)
    told = [
        await at.queries.overview(ALERTS),
        await at.queries.history(ALERTS, "Users"),
        await at.queries.listing(ALERTS, None),
        await at.queries.subscriptions(ALERTS),
        await at.queries.audit(ALERTS),
        await at.subscriptions.unsubscribe(ALERTS, KENJI, "Users"),
        await at.snoozes.snooze(ALERTS, KENJI, SetSnooze(selector="Users", until=until, reason=None)),
        await at.snoozes.unsnooze(ALERTS, KENJI, "Users"),
        await at.incidents.acknowledge(ALERTS, KENJI, "Users"),
        await at.subscriptions.subscribe(ALERTS, KENJI, "Users", Filters()),
    ]
    assert [secret for secret in secrets if secret in repr(told)] == []


async def test_nobody_reaches_a_channel_while_slack_is_silent(at: Desk) -> None:
    """Where Slack does not tell whether a channel is private, nothing is shown."""
    at.sandbox.slack.faults.add(Fault(kind=FaultKind.STATUS, status=500, path="conversations.info"))
    with pytest.raises(SlackTrouble):
        await at.access.to_reach("UADMIN", MARKETING)


async def test_everybody_may_be_an_admin(at: Desk) -> None:
    """With `*` every member may start syncs; guests still may not."""
    access = replace(at.access, admins=frozenset({EVERYONE}))
    assert await access.to_sync(KENJI) is None
    assert await access.to_sync(OUTSIDER) == NotAllowed(action="change_from_outside")


async def test_who_may_be_a_guest_starts_no_as_anybody(at: Desk) -> None:
    """Where the app may not ask who is a guest, `*` makes nobody an admin; who is listed stays one."""
    world = at.sandbox.slack
    token = world.tokens[at.sandbox.slack_bot_token]
    world.tokens[at.sandbox.slack_bot_token] = replace(token, scopes=token.scopes - {"users:read"})
    everybody = replace(at.access, admins=frozenset({EVERYONE, MARA}))
    assert await everybody.to_sync(KENJI) == NotAllowed(action="as_anybody")
    assert await everybody.to_sync(MARA) is None
    assert await everybody.to_change(KENJI) is None


async def test_ten_changes_a_minute(at: Desk) -> None:
    """Then it is said when to go on; others, other channels and acknowledging are not held up."""
    begun = at.clock.now
    for number in range(MOST_CHANGES):
        await at.subscriptions.subscribe(
            ALERTS, "UADMIN", f"U{'*' * (number + 1)}", Filters(min_rows=number + 1)
        )
        at.clock.advance(1)
    with pytest.raises(TooManyChangesError) as refused:
        await at.subscriptions.subscribe(ALERTS, "UADMIN", "Users", Filters())
    assert refused.value.until == begun + timedelta(minutes=1)
    before = at.calls("/sync")
    with pytest.raises(TooManyChangesError):
        await at.incidents.start_sync(ALERTS, "UADMIN", "Users")
    assert at.calls("/sync") == before
    assert isinstance(await at.incidents.acknowledge(ALERTS, "UADMIN", "Users"), NothingOpen | Acknowledged)
    assert isinstance(await at.subscriptions.subscribe(ALERTS, KENJI, "Users", Filters()), SubscriptionSet)
    assert isinstance(
        await at.subscriptions.subscribe(MARKETING, "UADMIN", "Users", Filters()), SubscriptionSet
    )
    at.clock.advance((refused.value.until - at.clock.now).total_seconds() + 1)
    assert isinstance(await at.subscriptions.unsubscribe(ALERTS, "UADMIN", "Users"), SubscriptionEnded)


async def test_the_audit_tells_every_change(at: Desk) -> None:
    """Each change of a channel stands in its audit, newest first, with the integration's name."""
    await at.subscriptions.subscribe(ALERTS, MARA, "Users", Filters())
    await at.incidents.acknowledge(ALERTS, KENJI, "Users")
    await at.snoozes.snooze(
        ALERTS, KENJI, SetSnooze(selector="Users", until=at.clock.now + timedelta(hours=1), reason="move")
    )
    await at.snoozes.unsnooze(ALERTS, MARA, "Users")
    await at.incidents.start_sync(ALERTS, "UADMIN", "Users")
    await at.subscriptions.unsubscribe(ALERTS, MARA, "all")
    told = await at.queries.audit(ALERTS)
    assert [(entry.action, entry.who, one and one.integration_name) for entry, one in told.rows] == [
        ("unsubscribe", MARA, None),
        ("sync", "UADMIN", "Users"),
        ("unsnooze", MARA, "Users"),
        ("snooze", KENJI, "Users"),
        ("acknowledge", KENJI, "Users"),
        ("subscribe", MARA, "Users"),
    ]
    assert await at.queries.audit(MARKETING) == AuditTrail(rows=())
