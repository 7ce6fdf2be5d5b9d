"""`cdi-bot forget`: what is kept of a person, a channel or a team, and its erasure."""

from __future__ import annotations

from cdi_bot.cli.startup import open_store

_WORDS = {
    "subscriptions": "subscriptions",
    "snoozes": "snoozes",
    "channel_settings": "settings of channels",
    "followed_syncs": "requested syncs that are being followed",
    "audit": "entries of the audit",
    "incidents": "acknowledged incidents",
    "cards": "alerts",
    "outbox": "messages, sent or to be sent",
}


async def forget_traces(url: str, who: str, *, erase: bool) -> dict[str, int]:
    """Count what the database keeps of an id, by table, and erase it, all in one transaction.

    Raises `StoreTrouble`.
    """
    store = await open_store(url)
    try:
        if not erase:
            async with store.read() as uow:
                return await uow.traces.count(who)
        async with store.write() as uow:
            return await uow.traces.erase(who)
    finally:
        await store.close()


def in_words(traces: dict[str, int]) -> list[str]:
    """A line for each kind of thing that is kept."""
    return [f"{count:>7,}  {_WORDS.get(table, table.replace('_', ' '))}" for table, count in traces.items()]
