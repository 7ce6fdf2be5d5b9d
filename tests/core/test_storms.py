"""When new incidents become one card: each is on one card, few messages are posted, and nothing is left untold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdi_bot.core.model.channel import Channel
from cdi_bot.core.model.message import Card, MessageKind, OutboxMessage, OwedMessage, Recovered
from cdi_bot.core.routing import combined, incidents_of, message_to_extend
from cdi_bot.core.storms import LEAST, LONGEST, WITHIN, Fold, fold

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
CHANNEL = Channel(team_id="T1", channel_id="C1")
SECOND = timedelta(seconds=1)


def card(card_id: int, *, ago: float = 0, storm: float | None = None, counted_by: int | None = None) -> Card:
    """A card that told of something so many seconds ago; `storm`: it took in new ones since that many."""
    return Card(
        card_id=card_id,
        channel=CHANNEL,
        wanted_revision=1,
        created_at=NOW,
        ts="1.1",
        told_at=NOW - ago * SECOND,
        storm_since=None if storm is None else NOW - storm * SECOND,
        counted_by=counted_by,
    )


@pytest.mark.parametrize(
    ("recent", "waiting", "expected"),
    [
        ([], [1], None),
        ([card(1)], [2], None),
        ([], [1, 2], None),
        ([card(1), card(2)], [3], Fold(into=3, joining=(), begins=True, counted=(1, 2))),
        ([card(1)], [2, 3], Fold(into=2, joining=(3,), begins=True, counted=(1,))),
        ([], [1, 2, 3], Fold(into=1, joining=(2, 3), begins=True)),
        ([card(3, storm=5)], [4], Fold(into=3, joining=(4,))),
        ([card(1), card(3, storm=5)], [4, 5], Fold(into=3, joining=(4, 5))),
        ([card(3, storm=5)], [3], None),
        ([card(3, storm=900)], [4], Fold(into=4, joining=(), begins=True)),
        ([card(3, storm=900), card(4, storm=20)], [5], Fold(into=4, joining=(5,))),
        ([card(1, counted_by=9), card(2, counted_by=9)], [3], None),
        ([card(1), card(2)], [], None),
    ],
)
def test_the_third_begins_a_storm_and_later_ones_join_it(
    recent: Sequence[Card], waiting: Sequence[int], expected: Fold | None
) -> None:
    """The first two keep their cards, and are counted; a storm that lasts goes on in a new card."""
    assert fold(recent, waiting, NOW) == expected


@dataclass
class Room:
    """A channel that is told of incidents as delivery does it; `posts` are when a card was posted."""

    now: datetime = NOW
    cards: dict[int, Card] = field(default_factory=dict)
    members: dict[int, list[int]] = field(default_factory=dict)
    waiting: list[int] = field(default_factory=list)
    posts: list[datetime] = field(default_factory=list)
    lines: list[OutboxMessage] = field(default_factory=list)

    def open(self, number: int) -> None:
        """A new incident, with a card that waits for its first post."""
        self.cards[number] = replace(card(number), ts=None, told_at=None)
        self.members[number] = [number]
        self.waiting.append(number)

    def look(self) -> None:
        """Tell all that waits."""
        while self.waiting:
            recent = [
                each for each in self.cards.values() if each.told_at and self.now - each.told_at <= WITHIN
            ]
            recent.sort(key=lambda each: (each.told_at or NOW, each.card_id))
            folded = fold(recent, self.waiting, self.now)
            if folded is None:
                self._post(self.waiting.pop(0))
                continue
            if folded.begins:
                self.cards[folded.into] = replace(
                    self.cards[folded.into], storm_since=self.now, told_at=self.now
                )
                for each in folded.counted:
                    self.cards[each] = replace(self.cards[each], counted_by=folded.into)
            for each in folded.joining:
                self.members[folded.into] += self.members.pop(each)
                del self.cards[each]
                self.waiting.remove(each)
                self.cards[folded.into] = replace(self.cards[folded.into], told_at=self.now)

    def _post(self, card_id: int) -> None:
        self.cards[card_id] = replace(self.cards[card_id], ts="1.1", told_at=self.now)
        self.posts.append(self.now)

    def recover(self, number: int) -> None:
        """An incident is over: a line tells it, a young one by an update."""
        mine = next(each for each, ids in self.members.items() if number in ids)
        message = OutboxMessage(
            message_id=number,
            owed=OwedMessage(
                key=str(number),
                channel=CHANNEL,
                kind=MessageKind.REPLY,
                content=Recovered(incident_id=number),
                not_before=self.now,
                card_id=mine,
                card_revision=2,
            ),
            created_at=self.now,
        )
        shown = {number: replace(self.cards[mine], first_shown_revision=1)}
        young = [each for each in self.lines if self.now - each.created_at <= WITHIN]
        line = message_to_extend(message, young, shown)
        if line is None:
            self.lines.append(message)
            return
        content = combined([line.owed.content, message.owed.content])
        self.lines[self.lines.index(line)] = replace(line, owed=replace(line.owed, content=content))


@given(
    st.lists(
        st.tuples(st.sampled_from([0.0, 1.0, 20.0, 70.0, 119.0, 121.0, 400.0]), st.booleans(), st.booleans()),
        max_size=60,
    )
)
def test_each_incident_is_on_one_card_and_few_messages_are_posted(
    life: list[tuple[float, bool, bool]],
) -> None:
    """Whenever incidents come and go, and however many wait before Slack takes them."""
    room, still_open, over = Room(), list[int](), list[int]()
    for number, (passed, opens, is_taken) in enumerate(life):
        room.now += passed * SECOND
        if opens:
            room.open(number)
            still_open.append(number)
        if is_taken:
            room.look()
        if not opens and still_open and not room.waiting:
            over.append(still_open.pop(0))
            room.recover(over[-1])
    room.look()
    shown = [each for ids in room.members.values() for each in ids]
    assert sorted(shown) == sorted([*still_open, *over])
    for at in room.posts:
        assert sum(at <= each < at + WITHIN for each in room.posts) <= LEAST
    counts = [each for each in room.cards.values() if each.counted_by]
    assert all(len(room.members[each.card_id]) == 1 for each in counts)
    assert sorted(each for line in room.lines for each in incidents_of(line.owed.content)) == sorted(over)
    for line in room.lines:
        assert sum(line.created_at <= each.created_at < line.created_at + WITHIN for each in room.lines) == 1
    assert all(
        each.storm_since is None or each.told_at is None or each.told_at - each.storm_since <= LONGEST
        for each in room.cards.values()
    )
