"""Which replies that wait together become one: a card of many incidents has one thread, and Slack a slow pace.

Only replies of one kind to one card are put together, and none overtakes another word about the same incident.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from cdi_bot.core.model.content import Content, FailedAgain, GroupedReply, Recovered, ReplyFact, StillOpen
from cdi_bot.core.model.message import MessageKind, OutboxMessage


def fact_of(content: Content) -> ReplyFact | None:
    """What a reply tells of its incidents; `None` for what is no such reply."""
    if isinstance(content, GroupedReply):
        return content.told
    return content.what if isinstance(content, FailedAgain | Recovered | StillOpen) else None


def incidents_of(content: Content) -> tuple[int, ...]:
    """The incidents that a reply is about."""
    if isinstance(content, GroupedReply):
        return content.incident_ids
    return (content.incident_id,) if isinstance(content, FailedAgain | Recovered | StillOpen) else ()


def joinable_replies(
    first: OutboxMessage, due: Iterable[OutboxMessage], told_before: int
) -> list[OutboxMessage]:
    """Those of the messages `due` after `first` that it can tell too.

    What the card's first post told (revision `told_before`) is told already: such a message tells nothing more, not
    even with others in it. A message in doubt stays as it is.
    """
    told = fact_of(first.owed.content)
    if first.owed.kind is not MessageKind.REPLY or told is None or first.sending_since:
        return []
    if first.owed.card_revision <= told_before:
        return []
    found: list[OutboxMessage] = []
    passed: set[int] = set()
    for message in due:
        owed = message.owed
        if owed.card_id != first.owed.card_id or owed.kind is not MessageKind.REPLY or message is first:
            continue
        ids = set(incidents_of(owed.content))
        fits = fact_of(owed.content) is told and owed.broadcast == first.owed.broadcast
        if fits and not message.sending_since and not ids & passed and owed.card_revision > told_before:
            found.append(message)
        else:
            passed |= ids
    return found


def combined(contents: Sequence[Content]) -> Content:
    """One content that tells all of these, which are of one kind."""
    ids = tuple(dict.fromkeys(each for content in contents for each in incidents_of(content)))
    told = fact_of(contents[0])
    if told is None:
        raise ValueError(f"{contents[0].what} is not told with others")
    if len(ids) > 1:
        return GroupedReply(told=told, incident_ids=ids)
    again = [content for content in contents if isinstance(content, FailedAgain)]
    if not again:
        return contents[-1]
    newest = max(again, key=lambda content: content.run_start)
    return replace(
        newest,
        runs=sum(content.runs for content in again),
        after_good=any(content.after_good for content in again),
    )
