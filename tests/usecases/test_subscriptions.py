"""Subscribing and unsubscribing, on a real store and before the stand-ins."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from cdi_bot.core.model.channel import Channel
from cdi_bot.core.model.incident import Kind, Topic
from cdi_bot.core.model.message import ShowCard, Subscribed, Unsubscribed
from cdi_bot.core.model.subscription import Filters, Selection
from cdi_bot.monitoring.braze_port import BrazeReason
from cdi_bot.sandbox.faults import Fault, FaultKind
from cdi_bot.sandbox.slack.seed_data import TEAM
from cdi_bot.usecases.answers import (
    BrazeRefused,
    CannotPost,
    NeedsInvite,
    NoMatch,
    NotSubscribed,
    SeveralMatches,
    SubscriptionEnded,
    SubscriptionSet,
)
from tests.rigs.people import ALERTS, MARKETING, PRIVATE, START, Desk, responder

ANN, ADMIN = "U0MARA0001", "UADMIN"
ERRORS = Filters(topics=frozenset({Topic.ERROR}))


@pytest.fixture
async def unlisted(tmp_path: Path) -> AsyncIterator[Desk]:
    """A desk whose key may only ask for the status of integrations."""
    async with responder(tmp_path, permissions=["cdi.integration_job_status"]) as made:
        yield made


class TestSubscribe:
    """`/cdi subscribe`."""

    async def test_tells_the_channel_who_and_what(self, at: Desk) -> None:
        """A subscription is owed to the channel as a notice, and wakes the dispatcher after it is stored."""
        users = at.add("Users", "success")
        answer = await at.subscriptions.subscribe(ALERTS, ANN, "users", ERRORS)
        assert answer == SubscriptionSet(
            what=Selection(selector=users, name="Users"), filters=ERRORS, total=1, unchanged=False
        )
        assert await at.owed() == [
            Subscribed(
                who=ANN,
                workspace_id=at.workspace.workspace_id,
                selector=users,
                filters=ERRORS,
                changed=False,
            )
        ]
        assert at.woken == [at.clock.now]
        async with at.store.read() as uow:
            (subscription,) = await uow.subscriptions.for_channel(ALERTS)
            watched = await uow.integrations.get(at.workspace.workspace_id, users)
        assert (subscription.selector, subscription.created_by, subscription.created_at) == (
            users,
            ANN,
            START,
        )
        assert watched is not None
        assert watched.baseline_taken

    async def test_a_pattern_that_matches_nothing_names_what_is_similar(self, at: Desk) -> None:
        """It may be meant for integrations to come, and yet be a slip; an emoji matches as it is typed."""
        at.add("🚀 Users", "success")
        at.add("Orders", "success")
        slip = await at.subscriptions.subscribe(ALERTS, ANN, "🚀 Usres*", ERRORS)
        assert isinstance(slip, SubscriptionSet)
        assert (slip.total, [one.integration_name for one in slip.nearest]) == (0, ["🚀 Users"])
        right = await at.subscriptions.subscribe(ALERTS, ANN, ":rocket:*", ERRORS)
        assert isinstance(right, SubscriptionSet)
        assert (right.total, right.nearest) == (1, ())

    async def test_twice_the_same_is_told_to_nobody(self, at: Desk) -> None:
        """Subscribing again with the same filters changes nothing and owes nothing; other filters do."""
        at.add("Users", "success")
        await at.subscriptions.subscribe(ALERTS, ANN, "Users", Filters())
        at.clock.advance(1)
        again = await at.subscriptions.subscribe(ALERTS, ANN, "Users", Filters())
        assert isinstance(again, SubscriptionSet)
        assert again.unchanged
        assert len(await at.owed()) == 1
        at.clock.advance(1)
        changed = await at.subscriptions.subscribe(ALERTS, ANN, "Users", ERRORS)
        assert isinstance(changed, SubscriptionSet)
        assert not changed.unchanged
        told = (await at.owed())[-1]
        assert isinstance(told, Subscribed)
        assert told.changed
        assert told.filters == ERRORS

    async def test_patterns_are_one_in_any_letter_case(self, at: Desk) -> None:
        """The same pattern in other letters is the same subscription."""
        at.add("Users EU", "success")
        await at.subscriptions.subscribe(ALERTS, ANN, "users*", Filters())
        answer = await at.subscriptions.subscribe(ALERTS, ANN, "Users*", Filters())
        assert isinstance(answer, SubscriptionSet)
        assert answer.unchanged
        assert answer.total == 1

    async def test_three_hundred_cost_no_status_call(self, at: Desk) -> None:
        """The baseline of `all` comes from the list: the failing ones open quiet incidents, unasked."""
        for number in range(300):
            at.add(f"Sync {number:03}", "error" if number % 100 == 0 else "success")
        answer = await at.subscriptions.subscribe(ALERTS, ANN, "all", Filters())
        assert isinstance(answer, SubscriptionSet)
        assert answer.total == 300
        assert at.calls("job_sync_status") == 0
        assert at.calls("/cdi/integrations") == 30
        async with at.store.read() as uow:
            quiet = await uow.incidents.open_for(at.workspace.workspace_id, Kind.SYNC_FAILED, None)
        assert len(quiet) == 3
        assert all(incident.quiet for incident in quiet)

    async def test_private_channel_without_the_bot_needs_an_invitation(self, at: Desk) -> None:
        """Where the bot can't post, nobody is subscribed; the answer says how to fix it."""
        at.add("Users", "success")
        answer = await at.subscriptions.subscribe(PRIVATE, ANN, "Users", Filters())
        assert answer == NeedsInvite()
        async with at.store.read() as uow:
            assert await uow.subscriptions.for_channel(PRIVATE) == []

    async def test_public_channel_needs_none(self, at: Desk) -> None:
        """The bot posts in public channels without being a member."""
        general = Channel(team_id=TEAM, channel_id="C0GENERAL1")
        at.add("Users", "success")
        assert isinstance(await at.subscriptions.subscribe(general, ANN, "Users", Filters()), SubscriptionSet)

    async def test_private_channel_that_hides_itself(self, at: Desk) -> None:
        """A private channel that the bot sees but has left needs an invitation, too."""
        channels = at.sandbox.slack.channels
        channels[PRIVATE.channel_id] = replace(
            channels[PRIVATE.channel_id], members=channels[PRIVATE.channel_id].members | {"U0CDIBOT01"}
        )
        at.add("Users", "success")
        assert isinstance(await at.subscriptions.subscribe(PRIVATE, ANN, "Users", Filters()), SubscriptionSet)

    async def test_archived_channel(self, at: Desk) -> None:
        """An archived channel can't be posted to."""
        channels = at.sandbox.slack.channels
        channels[ALERTS.channel_id] = replace(channels[ALERTS.channel_id], is_archived=True)
        answer = await at.subscriptions.subscribe(ALERTS, ANN, "all", Filters())
        assert answer == CannotPost(reason="is_archived")

    async def test_direct_message_between_others(self, at: Desk) -> None:
        """A direct message that the bot is not in can't be posted to, nor can it be invited."""
        direct = Channel(team_id=TEAM, channel_id="D0OTHERS01")
        answer = await at.subscriptions.subscribe(direct, ANN, "all", Filters())
        assert answer == CannotPost(reason="channel_not_found")

    async def test_revoked_token(self, at: Desk) -> None:
        """A token that Slack has revoked can't post anywhere."""
        at.sandbox.slack.faults.add(Fault(kind=FaultKind.REVOKED))
        answer = await at.subscriptions.subscribe(ALERTS, ANN, "all", Filters())
        assert answer == CannotPost(reason="token_revoked")

    async def test_slack_that_does_not_say(self, at: Desk) -> None:
        """Where Slack can't tell of the channel the subscription stands: the dispatcher will find out."""
        at.add("Users", "success")
        at.sandbox.slack.faults.add(Fault(kind=FaultKind.STATUS, status=503, path="conversations.info"))
        assert isinstance(await at.subscriptions.subscribe(ALERTS, ANN, "Users", Filters()), SubscriptionSet)

    async def test_name_that_fits_several(self, at: Desk) -> None:
        """Where a part of a name fits several, the person chooses."""
        for name in ("Users EU", "Users US", "Users APAC"):
            at.add(name, "success")
        answer = await at.subscriptions.subscribe(ALERTS, ANN, "users", Filters())
        assert isinstance(answer, SeveralMatches)
        assert [one.integration_name for one in answer.candidates] == ["Users APAC", "Users EU", "Users US"]
        assert answer.total == 3

    async def test_name_in_another_spelling(self, at: Desk) -> None:
        """A name is found in full width and with other spacing, whichever way Braze has it."""
        wide = at.add("ユーザー（本番）", "success")
        plain = at.add("Orders  EU", "success")
        for typed, meant in (("ﾕｰｻﾞｰ(本番)", wide), ("Ｏｒｄｅｒｓ eu", plain)):
            answer = await at.subscriptions.subscribe(ALERTS, ANN, typed, Filters())
            assert isinstance(answer, SubscriptionSet)
            assert answer.what.selector == meant

    async def test_name_that_fits_none(self, at: Desk) -> None:
        """Where no name fits, the nearest are named."""
        at.add("Purchases", "success")
        at.add("Catalog", "success")
        answer = await at.subscriptions.subscribe(ALERTS, ANN, "Puchases", Filters())
        assert isinstance(answer, NoMatch)
        assert [one.integration_name for one in answer.nearest] == ["Purchases"]
        assert answer.list_known

    async def test_none_fits_while_braze_is_away(self, at: Desk) -> None:
        """Names that are near are no proof that there is no other: the answer says that it is from memory."""
        at.add("Purchases", "success")
        await at.poller.discover()
        at.clock.advance(120)
        at.sandbox.braze.faults.add(Fault(kind=FaultKind.STATUS, status=500))
        answer = await at.subscriptions.subscribe(ALERTS, ANN, "Puchases", Filters())
        assert isinstance(answer, NoMatch)
        assert answer.trouble is BrazeReason.SERVER_ERROR

    async def test_all_needs_the_list(self, unlisted: Desk) -> None:
        """Without the permission to list, `all` and patterns are refused, naming the permission."""
        for query in ("all", "Users*"):
            answer = await unlisted.subscriptions.subscribe(ALERTS, ANN, query, Filters())
            assert answer == BrazeRefused(
                reason=BrazeReason.NO_PERMISSION, query=query, permission="cdi.integration_list"
            )

    async def test_id_is_verified_without_the_list(self, unlisted: Desk) -> None:
        """Without the list an id is tried by one status call, and known by its id from then on."""
        users = unlisted.add("Users", "error")
        answer = await unlisted.subscriptions.subscribe(ALERTS, ANN, users, Filters())
        assert isinstance(answer, SubscriptionSet)
        assert (answer.what.selector, answer.what.name, answer.total) == (users, users, 1)
        (quiet,) = await unlisted.open_incidents(users)
        assert quiet.quiet

    async def test_unknown_id_without_the_list(self, unlisted: Desk) -> None:
        """An id that Braze does not know fits nothing."""
        answer = await unlisted.subscriptions.subscribe(ALERTS, ANN, "7d3e1c52-no-such-id", Filters())
        assert answer == NoMatch(query="7d3e1c52-no-such-id", nearest=(), list_known=False)

    async def test_words_cost_no_request_without_the_list(self, unlisted: Desk) -> None:
        """Words that are no id are not tried at Braze."""
        answer = await unlisted.subscriptions.subscribe(ALERTS, ANN, "Users", Filters())
        assert answer == NoMatch(query="Users", nearest=(), list_known=False)
        assert unlisted.calls("job_sync_status") == 0

    async def test_id_that_cannot_be_verified(self, unlisted: Desk) -> None:
        """Where Braze can't be asked about an id, the answer says why."""
        users = unlisted.add("Users", "error")
        unlisted.sandbox.braze.faults.add(Fault(kind=FaultKind.STATUS, status=500))
        answer = await unlisted.subscriptions.subscribe(ALERTS, ANN, users, Filters())
        assert answer == BrazeRefused(reason=BrazeReason.SERVER_ERROR, query=users)

    async def test_braze_down_from_the_start(self, at: Desk) -> None:
        """Before the list was ever read, nothing can be subscribed to by name while Braze is down; `all` can."""
        at.add("Users", "success")
        at.sandbox.braze.faults.add(Fault(kind=FaultKind.STATUS, status=500))
        for query in ("Users*", "Users"):
            answer = await at.subscriptions.subscribe(ALERTS, ANN, query, Filters())
            assert answer == BrazeRefused(reason=BrazeReason.SERVER_ERROR, query=query)
        everything = await at.subscriptions.subscribe(ALERTS, ANN, "all", Filters())
        assert isinstance(everything, SubscriptionSet)
        assert (everything.total, everything.trouble) == (0, BrazeReason.SERVER_ERROR)

    async def test_braze_down_later(self, at: Desk) -> None:
        """What the list told before is enough to subscribe to while Braze is down."""
        at.add("Users", "success")
        await at.poller.discover()
        at.clock.advance(120)
        at.sandbox.braze.faults.add(Fault(kind=FaultKind.STATUS, status=500))
        everything = await at.subscriptions.subscribe(ALERTS, ANN, "all", Filters())
        assert isinstance(everything, SubscriptionSet)
        assert everything.total == 1
        assert isinstance(await at.subscriptions.subscribe(ALERTS, ANN, "Users", Filters()), SubscriptionSet)
        near = await at.subscriptions.subscribe(ALERTS, ANN, "Usres", Filters())
        assert isinstance(near, NoMatch)

    async def test_clears_a_broken_subscription(self, at: Desk) -> None:
        """Whoever subscribes again after fixing the channel need not wait for the bot to notice."""
        at.add("Users", "success")
        await at.subscriptions.subscribe(ALERTS, ANN, "Users", Filters())
        async with at.store.write() as uow:
            await uow.subscriptions.mark_broken(ALERTS, "not_in_channel")
        await at.subscriptions.subscribe(ALERTS, ANN, "Users", Filters())
        async with at.store.read() as uow:
            (subscription,) = await uow.subscriptions.for_channel(ALERTS)
        assert subscription.broken_reason is None

    async def test_new_failures_are_told(self, at: Desk) -> None:
        """After a subscription a failing run makes a card in the channel."""
        users = at.add("Users", "success")
        await at.subscriptions.subscribe(ALERTS, ANN, "Users", Filters())
        await at.fails(users)
        assert ShowCard() in await at.owed()


class TestUnsubscribe:
    """`/cdi unsubscribe`."""

    async def test_ends_the_subscription(self, at: Desk) -> None:
        """The channel is told who ended it, and its failures are not told any more."""
        users = at.add("Users", "success")
        await at.subscriptions.subscribe(ALERTS, ANN, "Users", Filters())
        await at.polled()
        answer = await at.subscriptions.unsubscribe(ALERTS, ANN, "users")
        assert answer == SubscriptionEnded(
            what=Selection(selector=users, name="Users"), still_covered_by=None
        )
        expected = Unsubscribed(who=ANN, workspace_id=at.workspace.workspace_id, selector=users)
        assert (await at.owed())[-1] == expected
        await at.fails(users)
        assert ShowCard() not in await at.owed()

    async def test_of_something_absent(self, at: Desk) -> None:
        """What the channel is not subscribed to can't be ended, and nothing is told."""
        users = at.add("Users", "success")
        answer = await at.subscriptions.unsubscribe(ALERTS, ANN, "Users")
        assert answer == NotSubscribed(what=Selection(selector=users, name="Users"), covered_by=None)
        assert await at.owed() == []

    async def test_what_a_pattern_takes_in(self, at: Desk) -> None:
        """Where a pattern takes the integration in, the answer names it."""
        users = at.add("Users", "success")
        await at.subscriptions.subscribe(ALERTS, ANN, "U*", Filters())
        answer = await at.subscriptions.unsubscribe(ALERTS, ANN, "Users")
        assert answer == NotSubscribed(
            what=Selection(selector=users, name="Users"), covered_by=Selection(selector="U*")
        )
        await at.subscriptions.subscribe(ALERTS, ANN, "Users", Filters())
        ended = await at.subscriptions.unsubscribe(ALERTS, ANN, users)
        assert ended == SubscriptionEnded(
            what=Selection(selector=users, name="Users"), still_covered_by=Selection(selector="U*")
        )

    async def test_the_subscribed_one_is_meant(self, at: Desk) -> None:
        """Where a name fits several, the one that the channel is subscribed to is meant."""
        europe = at.add("Users EU", "success")
        at.add("Users US", "success")
        await at.subscriptions.subscribe(ALERTS, ANN, "Users EU", Filters())
        answer = await at.subscriptions.unsubscribe(ALERTS, ANN, "Users")
        assert isinstance(answer, SubscriptionEnded)
        assert answer.what.selector == europe

    async def test_pattern_ends_single_ones_too(self, at: Desk) -> None:
        """A pattern ends its own subscription and those of the integrations it fits, no others."""
        names = ("Users EU", "Users US", "Catalog")
        for name in names:
            at.add(name, "success")
        for name in names:
            await at.subscriptions.subscribe(ALERTS, ANN, name, Filters())
        await at.subscriptions.subscribe(ALERTS, ANN, "Users*", Filters())
        answer = await at.subscriptions.unsubscribe(ALERTS, ANN, "USERS*")
        assert answer == SubscriptionEnded(what=Selection(selector="USERS*"), still_covered_by=None)
        async with at.store.read() as uow:
            (left,) = await uow.subscriptions.for_channel(ALERTS)
        assert isinstance(await at.subscriptions.unsubscribe(ALERTS, ANN, left.selector), SubscriptionEnded)

    async def test_all_ends_everything(self, at: Desk) -> None:
        """`all` leaves the channel with nothing, and other channels alone."""
        at.add("Users", "success")
        for query in ("Users", "U*"):
            await at.subscriptions.subscribe(ALERTS, ANN, query, Filters())
        await at.subscriptions.subscribe(MARKETING, ANN, "Users", Filters())
        assert isinstance(await at.subscriptions.unsubscribe(ALERTS, ANN, "all"), SubscriptionEnded)
        async with at.store.read() as uow:
            assert await uow.subscriptions.for_channel(ALERTS) == []
            assert len(await uow.subscriptions.for_channel(MARKETING)) == 1
        none = await at.subscriptions.unsubscribe(ALERTS, ANN, "all")
        assert none == NotSubscribed(what=Selection(selector="all"), covered_by=None)

    async def test_ends_what_braze_forgot(self, at: Desk) -> None:
        """An integration that Braze has deleted can still be unsubscribed."""
        users = at.add("Users", "success")
        await at.subscriptions.subscribe(ALERTS, ANN, "Users", Filters())
        at.sandbox.braze.delete(users)
        assert isinstance(await at.subscriptions.unsubscribe(ALERTS, ANN, "Users"), SubscriptionEnded)

    async def test_unknown_words(self, at: Desk) -> None:
        """Words that fit nothing anywhere are said to."""
        assert isinstance(await at.subscriptions.unsubscribe(ALERTS, ANN, "Nothing"), NoMatch)
