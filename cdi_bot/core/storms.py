"""When new incidents of a channel become one card: from the third one within two minutes on.

The first two have cards of their own, which come at once. The third one's card is the card of the storm: it counts
those two as well, and takes in what comes later, by an update. No alert waits for others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from cdi_bot.core.model import still_waits
from cdi_bot.core.model.message import Card

WITHIN = timedelta(minutes=2)
"""Incidents that a channel is told of within this time count together; a storm ends so long after its last one."""

LEAST = 3
"""So many within that time are a storm."""

LONGEST = timedelta(minutes=10)
"""How long one card takes in what comes. Nobody is notified of an update: a longer storm goes on in a new card."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fold:
    """What becomes one card.

    The cards `joining` go into the card `into`. Where a storm `begins`, or goes on in a new card, `counted` are the
    posted cards of one incident each that the card of the storm counts as well.
    """

    into: int
    joining: tuple[int, ...]
    begins: bool = False
    counted: tuple[int, ...] = ()


def fold(recent: Sequence[Card], waiting: Sequence[int], now: datetime) -> Fold | None:
    """What becomes one card before the first of the `waiting` cards is posted; `None` when it stays by itself.

    `recent` are the channel's cards that told of a new incident within the last `WITHIN`, oldest first, with those
    that may be in Slack by now; `waiting` those that certainly are not, in order.
    """
    storms = [card for card in recent if card.storm_since]
    taking = [card.card_id for card in storms if still_waits(card.storm_since, LONGEST, now)]
    if taking:
        into = taking[-1]
        joining = tuple(card_id for card_id in waiting if card_id != into)
        return Fold(into=into, joining=joining) if joining else None
    single = {card.card_id for card in recent if not card.storm_since and card.counted_by is None}
    if not waiting or not (storms or len(single.union(waiting)) >= LEAST):
        return None
    first, *joined = waiting
    return Fold(into=first, joining=tuple(joined), begins=True, counted=tuple(sorted(single - {*waiting})))
