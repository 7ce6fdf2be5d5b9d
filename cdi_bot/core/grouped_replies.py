"""Which replies that wait in the outbox are sent as one: a card of many incidents has one thread, and Slack is slow.

Only replies to the same card that state the same fact are combined, and no reply is sent before an older one about the
same incident.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from cdi_bot.core.model.content import Content, FailedAgain, GroupedReply, Recovered, ReplyFact, StillOpen
from cdi_bot.core.model.message import MessageKind, OutboxMessage


def fact_of(content: Content) -> ReplyFact | None:
    """The fact that a reply states about its incidents; `None` for other contents."""
    if isinstance(content, GroupedReply):
        return content.fact
    return content.what if isinstance(content, FailedAgain | Recovered | StillOpen) else None


def incidents_of(content: Content) -> tuple[int, ...]:
    """The ids of the incidents that a reply is about; none for other contents."""
    if isinstance(content, GroupedReply):
        return content.incident_ids
    return (content.incident_id,) if isinstance(content, FailedAgain | Recovered | StillOpen) else ()


def joinable_replies(
    first: OutboxMessage, due: Iterable[OutboxMessage], first_shown: int
) -> list[OutboxMessage]:
    """The messages among those `due` after `first` that can be sent together with it.

    A message about a revision that the first post of the card has already shown (up to `first_shown`) is left out, and
    so is one whose outcome is unknown from an earlier attempt.
    """
    fact = fact_of(first.owed.content)
    if first.owed.kind is not MessageKind.REPLY or fact is None or first.sending_since:
        return []
    if first.owed.card_revision <= first_shown:
        return []
    found: list[OutboxMessage] = []
    passed: set[int] = set()
    for message in due:
        owed = message.owed
        if owed.card_id != first.owed.card_id or owed.kind is not MessageKind.REPLY or message is first:
            continue
        ids = set(incidents_of(owed.content))
        is_alike = fact_of(owed.content) is fact and owed.broadcast == first.owed.broadcast
        if is_alike and not message.sending_since and not ids & passed and owed.card_revision > first_shown:
            found.append(message)
        else:
            passed |= ids
    return found


def combined(contents: Sequence[Content]) -> Content:
    """One content for all of these, which state the same fact. Raises `ValueError` if they can't be combined."""
    ids = tuple(dict.fromkeys(each for content in contents for each in incidents_of(content)))
    fact = fact_of(contents[0])
    if fact is None:
        raise ValueError(f"{contents[0].what} can't be combined")
    if len(ids) > 1:
        return GroupedReply(fact=fact, incident_ids=ids)
    again = [content for content in contents if isinstance(content, FailedAgain)]
    if not again:
        return contents[-1]
    newest = max(again, key=lambda content: content.run_start)
    return replace(
        newest,
        runs=sum(content.runs for content in again),
        after_good=any(content.after_good for content in again),
    )
