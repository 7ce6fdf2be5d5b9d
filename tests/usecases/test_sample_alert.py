"""`/cdi test`, on a real store and before the stand-ins: how far the sample comes, and what its sender is told."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from cdi_bot.core.model.subscription import Filters
from cdi_bot.sandbox.faults import Fault, FaultKind
from cdi_bot.sandbox.slack.seed_data import GUEST, MARA
from cdi_bot.usecases.answers import NeedsInvite, NotAllowed, SampleSent
from cdi_bot.usecases.sample_alert import PATIENCE, SampleAlerts
from tests.rigs.people import ALERTS, PRIVATE, Desk, responder


@pytest.fixture
async def at(tmp_path: Path) -> AsyncIterator[Desk]:
    """A desk with one integration."""
    async with responder(tmp_path) as made:
        made.add("Users", "success")
        yield made


def delivering(at: Desk) -> SampleAlerts:
    """What sends samples, while whoever waits lets the outbox be delivered."""

    async def sleep(seconds: float) -> None:
        await at.app.dispatcher.start_due()
        await at.app.dispatcher.wait_idle()
        at.clock.advance(seconds)

    return replace(at.app.samples, sleep=sleep)


async def test_it_is_posted_and_its_sender_told(at: Desk) -> None:
    """The channel gets one message that says it is a sample; whom alerts mention is not called by it."""
    await at.subscriptions.subscribe(ALERTS, MARA, "Users", Filters(mention="<@U0KENJI001>"))
    await delivering(at).sleep(5)  # the notice of the subscription, and Slack's pace
    answer = await delivering(at).send(ALERTS, MARA)
    assert isinstance(answer, SampleSent)
    assert answer.took is not None
    assert answer.took < timedelta(seconds=3)
    assert (answer.trouble, answer.integrations, answer.mentions) == (None, 1, "<@U0KENJI001>")
    sample = at.sandbox.slack.messages(ALERTS.channel_id)[-1].content
    assert sample.text.startswith("Sample alert: Sample sync")
    assert "U0KENJI001" not in f"{sample.text} {sample.blocks}"
    assert "<@U0KENJI001>" in str(sample.attachments)


async def test_a_channel_without_subscriptions(at: Desk) -> None:
    """It is sent all the same: the answer says that no real alert would come."""
    answer = await delivering(at).send(ALERTS, MARA)
    assert isinstance(answer, SampleSent)
    assert answer.integrations == 0
    assert answer.took is not None


async def test_slack_refuses(at: Desk) -> None:
    """The answer has Slack's word, at once; the sample stays owed."""
    refusal = '{"ok": false, "error": "restricted_action"}'
    at.sandbox.slack.faults.add(
        Fault(kind=FaultKind.STATUS, status=200, body=refusal, path="chat.postMessage")
    )
    answer = await delivering(at).send(ALERTS, MARA)
    assert isinstance(answer, SampleSent)
    assert (answer.took, answer.trouble) == (None, "restricted_action")


async def test_nothing_is_delivered(at: Desk) -> None:
    """Whoever waits is answered after a while all the same."""

    async def sleep(seconds: float) -> None:
        at.clock.advance(seconds)

    begun = at.clock.now
    answer = await replace(at.app.samples, sleep=sleep).send(ALERTS, MARA)
    assert isinstance(answer, SampleSent)
    assert (answer.took, answer.trouble) == (None, None)
    assert PATIENCE <= (at.clock.now - begun).total_seconds() < PATIENCE + 1


async def test_who_may_not_and_where_the_bot_is_not(at: Desk) -> None:
    """Nothing is owed."""
    assert await delivering(at).send(ALERTS, GUEST) == NotAllowed(action="change_as_guest")
    assert await delivering(at).send(PRIVATE, MARA) == NeedsInvite()
    assert await at.owed() == []
