"""Which replies are sent together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdi_bot.core.model.channel import Channel
from cdi_bot.core.model.message import (
    Card,
    Content,
    FailedAgain,
    GroupedNotices,
    GroupedReply,
    MessageKind,
    OutboxMessage,
    OwedMessage,
    Recovered,
    ShowCard,
    StillOpen,
    SyncRequested,
    Unsnoozed,
)
from cdi_bot.core.routing import (
    MOST_NOTICES,
    combined,
    fact_of,
    incidents_of,
    joinable_notices,
    joinable_replies,
    message_to_extend,
)

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def failed(incident: int, *, minute: int = 0, runs: int = 1, after_good: bool = False) -> FailedAgain:
    """A further failure."""
    start = NOW + timedelta(minutes=minute)
    return FailedAgain(incident_id=incident, run_start=start, runs=runs, after_good=after_good)


def replies(*contents: Content, **more: Any) -> list[OutboxMessage]:
    """Replies to one card, in order."""
    return [reply(number, content, **more) for number, content in enumerate(contents)]


def reply(number: int, content: Content, *, card: int = 1, revision: int = 2, **more: Any) -> OutboxMessage:
    """A reply to a card."""
    owed = OwedMessage(
        key=str(number),
        channel=Channel(team_id="T1", channel_id="C1"),
        kind=more.pop("kind", MessageKind.REPLY),
        content=content,
        not_before=NOW,
        card_id=card,
        card_revision=revision,
        broadcast=more.pop("broadcast", False),
    )
    return OutboxMessage(message_id=number, owed=owed, created_at=NOW, **more)


def cards_of(messages: Iterable[OutboxMessage]) -> dict[int, Card | None]:
    """The card of each reply, which was posted with its first revision."""
    return {
        each.message_id: Card(
            card_id=each.owed.card_id or 0,
            channel=each.owed.channel,
            wanted_revision=2,
            first_shown_revision=1,
            ts="1.1",
            created_at=NOW,
        )
        for each in messages
    }


def joined(first: OutboxMessage, due: Sequence[OutboxMessage]) -> list[OutboxMessage]:
    """What is told together with the first of these."""
    return joinable_replies(first, due, cards_of(due))


def recovered(incident: int) -> Recovered:
    """The end of an incident."""
    return Recovered(incident_id=incident)


def test_replies_of_one_kind_are_told_together() -> None:
    """Also with one that tells of several already."""
    first, *others = replies(recovered(1), recovered(2), GroupedReply(fact="recovered", incident_ids=(3, 4)))
    assert joined(first, [first, *others]) == others
    contents = [each.owed.content for each in (first, *others)]
    assert combined(contents) == GroupedReply(fact="recovered", incident_ids=(1, 2, 3, 4))


def test_what_differs_stays_by_itself() -> None:
    """Another card's, another kind's, one in doubt, one told by the card already, one that is broadcast."""
    first = reply(0, failed(1))
    others = [
        reply(1, failed(2), card=2),
        reply(2, StillOpen(incident_id=3)),
        reply(3, failed(4), sending_since=NOW),
        reply(4, failed(5), revision=1),
        reply(5, failed(6), broadcast=True),
        reply(6, ShowCard(), kind=MessageKind.CARD),
    ]
    assert joined(first, [first, *others]) == []
    assert joined(others[2], [first, others[2]]) == []
    assert joined(others[5], [others[5], first]) == []


def test_recoveries_of_a_channel_are_told_together() -> None:
    """Whatever their cards are; not one whose card is not in the channel yet."""
    first, second, third = (reply(number, recovered(number), card=number) for number in (1, 2, 3))
    cards = cards_of([first, second, third])
    assert joinable_replies(first, [first, second, third], cards) == [second, third]
    assert joinable_replies(first, [first, second, third], cards | {2: None}) == [third]


def test_a_young_message_takes_in_what_comes_after_it() -> None:
    """The newest that states the same fact at the same place."""
    lines = [
        reply(1, recovered(1)),
        reply(2, recovered(2), card=2),
        reply(3, failed(3)),
        reply(4, failed(4), card=2),
    ]
    one, other = reply(5, recovered(5), card=7), reply(6, failed(6))
    cards = cards_of([one, other])
    assert message_to_extend(one, lines, cards) is lines[1]
    assert message_to_extend(other, lines, cards) is lines[2]
    assert message_to_extend(reply(7, StillOpen(incident_id=7)), lines, cards) is None
    assert message_to_extend(replace(one, sending_since=NOW), lines, cards) is None


def test_a_line_above_a_failure_does_not_tell_its_end() -> None:
    """It would be read as being before it, and nobody is notified of an edit."""
    line, end = reply(1, recovered(1)), reply(2, recovered(2), card=7)
    card = cards_of([end])[2]
    assert card is not None
    assert message_to_extend(end, [line], {2: card}) is line
    later = replace(card, created_at=NOW + timedelta(seconds=1))
    assert message_to_extend(end, [line], {2: later}) is None


def test_what_the_card_told_already_carries_nothing_else() -> None:
    """It will not be sent, and neither would be what was put into it."""
    first, second = reply(0, recovered(1), revision=1), reply(1, recovered(2))
    assert joined(first, [first, second]) == []
    assert joined(second, [first, second]) == []


def test_no_word_overtakes_another_about_the_same_incident() -> None:
    """A recovery is not told before the failure that it ended."""
    messages = replies(recovered(1), failed(2), recovered(2), recovered(3))
    assert joined(messages[0], messages) == [messages[3]]
    assert joined(messages[1], messages) == []


def test_further_failures_of_one_incident_add_up() -> None:
    """The newest run is named, and all are counted."""
    told = combined([failed(1, minute=1), failed(1, minute=3, runs=2, after_good=True)])
    assert told == failed(1, minute=3, runs=3, after_good=True)
    assert combined([StillOpen(incident_id=1)] * 2) == StillOpen(incident_id=1)
    with pytest.raises(ValueError, match="show_card"):
        combined([ShowCard()])


@given(
    st.lists(
        st.builds(
            lambda kind, incident: kind(incident),
            st.sampled_from([recovered, failed, lambda number: StillOpen(incident_id=number)]),
            st.integers(1, 4),
        ),
        min_size=1,
        max_size=12,
    )
)
def test_putting_together_loses_and_reorders_nothing(contents: list[Content]) -> None:
    """However often it is done, each incident's facts stay there in their order."""
    messages = replies(*contents)
    told: list[tuple[str | None, tuple[int, ...]]] = []
    while messages:
        first, *rest = messages
        others = joined(first, messages)
        said = combined([each.owed.content for each in (first, *others)])
        told.append((fact_of(said), incidents_of(said)))
        messages = [each for each in rest if each not in others]
    for incident in range(1, 5):
        before = [fact_of(each) for each in contents if incident in incidents_of(each)]
        after = [kind for kind, ids in told if incident in ids]
        assert [kind for kind, _ in groupby(after)] == [kind for kind, _ in groupby(before)]


def unsnoozed(number: int) -> Unsnoozed:
    """A notice of what somebody changed."""
    return Unsnoozed(who="U1", workspace_id=1, selector=str(number))


def test_notices_are_told_together() -> None:
    """In order, but for one whose outcome is unknown and one to which the end of a sync refers."""
    requested = SyncRequested(who="U1", workspace_id=1, integration_id="1")
    contents: list[Content] = [
        unsnoozed(1),
        requested,
        unsnoozed(2),
        GroupedNotices(notices=(unsnoozed(3), unsnoozed(4))),
    ]
    due = replies(*contents, kind=MessageKind.NOTICE)
    doubtful = reply(9, unsnoozed(9), kind=MessageKind.NOTICE, sending_since=NOW)
    others = joinable_notices(due[0], [*due, doubtful])
    assert others == [due[2], due[3]]
    told = combined([each.owed.content for each in (due[0], *others)])
    assert told == GroupedNotices(notices=tuple(map(unsnoozed, (1, 2, 3, 4))))
    assert joinable_notices(due[1], due) == []
    assert joinable_notices(doubtful, due) == []


@given(st.lists(st.integers(1, MOST_NOTICES), min_size=1))
def test_no_message_tells_too_many_notices(sizes: list[int]) -> None:
    """However many wait, and however many of them were put together before."""
    contents = [GroupedNotices(notices=tuple(map(unsnoozed, range(size)))) for size in sizes]
    due = replies(*contents, kind=MessageKind.NOTICE)
    told = combined([each.owed.content for each in (due[0], *joinable_notices(due[0], due))])
    assert isinstance(told, GroupedNotices)
    assert len(told.notices) <= MOST_NOTICES
