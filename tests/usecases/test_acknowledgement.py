"""Who is on incidents: acknowledged, handed on and taken back, on a real store and before the stand-ins."""

from __future__ import annotations

from dataclasses import replace

from cdi_bot.core.model.incident import NOBODY, HandedOn, Incident, Kind
from cdi_bot.core.model.message import MessageKind
from cdi_bot.core.model.subscription import Filters
from cdi_bot.sandbox.slack.seed_data import GUEST, KENJI
from cdi_bot.usecases.answers import NoMatch, NothingOpen
from cdi_bot.usecases.change_answers import Acknowledged, CannotTakeOver
from tests.rigs.people import ALERTS, MARKETING, START, Desk

ANN = "U0MARA0001"


async def test_shows_on_every_card(at: Desk) -> None:
    """An acknowledgement is stored with who and when, and every card of the incident is owed anew."""
    users = at.add("Users", "success")
    for channel in (ALERTS, MARKETING):
        await at.subscriptions.subscribe(channel, ANN, "Users", Filters())
    await at.fails(users)
    answer = await at.incidents.acknowledge(ALERTS, ANN, "Users")
    assert isinstance(answer, Acknowledged)
    assert answer.already_by is None
    (incident,) = await at.open_incidents(users)
    assert (incident.acknowledged_by, incident.acknowledged_at) == (ANN, at.clock.now)
    async with at.store.read() as uow:
        cards = (await uow.cards.of_incidents([incident.incident_id]))[incident.incident_id]
    assert {(card.channel, card.wanted_revision) for card in cards} == {(ALERTS, 2), (MARKETING, 2)}
    assert at.woken[-1] == at.clock.now


async def test_first_stays_named(at: Desk) -> None:
    """Who acknowledges what is acknowledged already is told so, and nothing changes."""
    users = at.add("Users", "success")
    await at.subscriptions.subscribe(ALERTS, ANN, "Users", Filters())
    await at.fails(users)
    (incident,) = await at.open_incidents(users)
    assert isinstance(
        await at.incidents.acknowledge_incidents(ALERTS, ANN, [incident.incident_id]), Acknowledged
    )
    second = await at.incidents.acknowledge_incidents(ALERTS, "UBEN", [incident.incident_id])
    assert isinstance(second, Acknowledged)
    assert (second.already_by, second.is_shown) == (ANN, False)
    assert (await at.open_incidents(users))[0].acknowledged_by == ANN


async def test_nothing_open(at: Desk) -> None:
    """What is healthy can't be acknowledged, and a recovered incident stays as it is."""
    users = at.add("Users", "success")
    await at.subscriptions.subscribe(ALERTS, ANN, "Users", Filters())
    assert isinstance(await at.incidents.acknowledge(ALERTS, ANN, "Users"), NothingOpen)
    await at.fails(users)
    (incident,) = await at.open_incidents(users)
    async with at.store.write() as uow:
        over = replace(incident, revision=incident.revision + 1, resolved_at=at.clock.now)
        assert await uow.incidents.update(over, expected_revision=incident.revision)
    answer = await at.incidents.acknowledge_incidents(ALERTS, ANN, [incident.incident_id])
    assert isinstance(answer, NothingOpen)
    async with at.store.read() as uow:
        stored = (await uow.incidents.get_many([incident.incident_id]))[incident.incident_id]
    assert stored.acknowledged_by is None


async def test_all_of_the_channel(at: Desk) -> None:
    """Everything that is open where the channel is subscribed, and nothing of other integrations."""
    integrations = [at.add(name, "success") for name in ("Users", "Orders", "Catalog")]
    for name in ("Users", "Orders"):
        await at.subscriptions.subscribe(ALERTS, ANN, name, Filters())
    await at.subscriptions.subscribe(MARKETING, ANN, "Catalog", Filters())
    nothing = await at.incidents.acknowledge(ALERTS, ANN, None)
    assert isinstance(nothing, NothingOpen)
    assert nothing.integration is None
    for each in integrations:
        await at.fails(each)
    done = await at.incidents.acknowledge(ALERTS, ANN, None)
    assert isinstance(done, Acknowledged)
    assert (done.integration, done.already_by) == (None, None)
    by = [(await at.open_incidents(each))[0].acknowledged_by for each in integrations]
    assert by == [ANN, ANN, None]
    again = await at.incidents.acknowledge(ALERTS, "UBEN", None)
    assert isinstance(again, Acknowledged)
    assert again.already_by == ANN


async def test_unknown_words(at: Desk) -> None:
    """Words that fit nothing are said to."""
    assert isinstance(await at.incidents.acknowledge(ALERTS, ANN, "Nothing"), NoMatch)


async def test_whole_workspace(at: Desk) -> None:
    """An unreachable workspace is acknowledged on its card; there is nothing to say about an integration."""
    async with at.store.write() as uow:
        (unreachable,) = await uow.incidents.add(
            [
                Incident(
                    incident_id=0,
                    workspace_id=at.workspace.workspace_id,
                    integration_id=None,
                    kind=Kind.UNREACHABLE,
                    revision=1,
                    opened_at=START,
                    failing_since=START,
                    reason="bad_key",
                )
            ]
        )
    assert await at.incidents.acknowledge_incidents(ALERTS, ANN, [unreachable.incident_id]) is None
    async with at.store.read() as uow:
        stored = (await uow.incidents.get_many([unreachable.incident_id]))[unreachable.incident_id]
    assert stored.acknowledged_by == ANN


async def test_unknown_incident(at: Desk) -> None:
    """An incident that is not there is nobody's trouble."""
    assert await at.incidents.acknowledge_incidents(ALERTS, ANN, [999]) is None


async def acknowledged_by(at: Desk, integration_id: str) -> str | None:
    """Who is on the one open incident."""
    (incident,) = await at.open_incidents(integration_id)
    return incident.acknowledged_by


async def told(at: Desk) -> list[tuple[MessageKind, HandedOn, bool]]:
    """What the channel is told of who is on something."""
    async with at.store.read() as uow:
        owed = [each.owed for each in await uow.outbox.pending(ALERTS, limit=99)]
    return [(each.kind, each.content, each.broadcast) for each in owed if isinstance(each.content, HandedOn)]


async def one_failing(at: Desk) -> str:
    """An integration that fails in the channel, acknowledged by Ann."""
    users = at.add("Users", "success")
    await at.subscriptions.subscribe(ALERTS, ANN, "Users", Filters())
    await at.fails(users)
    await at.incidents.acknowledge(ALERTS, ANN, "Users")
    return users


async def test_taken_back(at: Desk) -> None:
    """Nobody is on it any more; the time for an acknowledgement counts from then; the channel is told once."""
    users = await one_failing(at)
    answer = await at.incidents.acknowledge(ALERTS, "UBEN", "Users", to=NOBODY)
    assert isinstance(answer, Acknowledged)
    assert (answer.already_by, answer.is_shown) == (None, True)
    (incident,) = await at.open_incidents(users)
    assert (incident.acknowledged_by, incident.acknowledged_at) == (None, None)
    assert incident.taken_back_at == at.clock.now
    (one,) = await told(at)
    assert one == (
        MessageKind.REPLY,
        HandedOn(who="UBEN", to=None, incident_ids=(incident.incident_id,)),
        True,
    )
    again = await at.incidents.acknowledge(ALERTS, ANN, "Users", to=NOBODY)
    assert isinstance(again, Acknowledged)
    assert (again.already_by, again.is_shown) == (NOBODY, False)
    assert len(await told(at)) == 1


async def test_handed_on(at: Desk) -> None:
    """The new one is named and mentioned in the thread once, whoever had it, also where nobody had."""
    users = await one_failing(at)
    answer = await at.incidents.acknowledge(ALERTS, ANN, "Users", to=KENJI)
    assert isinstance(answer, Acknowledged)
    assert await acknowledged_by(at, users) == KENJI
    ((kind, content, is_broadcast),) = await told(at)
    assert (kind, content.to, is_broadcast) == (MessageKind.REPLY, KENJI, False)
    again = await at.incidents.acknowledge(ALERTS, ANN, "Users", to=KENJI)
    assert isinstance(again, Acknowledged)
    assert (again.already_by, again.is_shown) == (KENJI, False)
    assert len(await told(at)) == 1
    await at.incidents.acknowledge(ALERTS, ANN, "Users", to=NOBODY)
    await at.incidents.acknowledge(ALERTS, ANN, "Users", to=KENJI)
    assert await acknowledged_by(at, users) == KENJI


async def test_only_to_who_may_acknowledge(at: Desk) -> None:
    """A guest could do nothing about it."""
    users = await one_failing(at)
    assert await at.incidents.acknowledge(ALERTS, ANN, "Users", to=GUEST) == CannotTakeOver(who=GUEST)
    assert await acknowledged_by(at, users) == ANN


async def test_several_are_told_in_one_message(at: Desk) -> None:
    """Of more than one card there is no thread; each is in the audit trail."""
    users, orders = at.add("Users", "success"), at.add("Orders", "success")
    await at.subscriptions.subscribe(ALERTS, ANN, "all", Filters())
    for each in (users, orders):
        await at.fails(each)
    await at.incidents.acknowledge(ALERTS, ANN, None, to=KENJI)
    ((kind, content, _),) = await told(at)
    assert (kind, content.to, len(content.incident_ids)) == (MessageKind.NOTICE, KENJI, 2)
    await at.incidents.acknowledge(ALERTS, ANN, None, to=NOBODY)
    trail = await at.app.queries.audit(ALERTS)
    done = [(entry.action, entry.value) for entry, _ in trail.rows]
    assert done[:4] == [("unacknowledge", "")] * 2 + [("hand_on", KENJI)] * 2
    assert {one.integration_name for _, one in trail.rows[:4] if one} == {"Users", "Orders"}


async def test_what_is_over_is_not_taken_back(at: Desk) -> None:
    """The button of a card that has not been updated yet."""
    users = await one_failing(at)
    (incident,) = await at.open_incidents(users)
    async with at.store.write() as uow:
        over = replace(incident, revision=incident.revision + 1, resolved_at=at.clock.now)
        assert await uow.incidents.update(over, expected_revision=incident.revision)
    answer = await at.incidents.acknowledge_incidents(ALERTS, ANN, [incident.incident_id], to=NOBODY)
    assert isinstance(answer, NothingOpen)
    assert await told(at) == []
