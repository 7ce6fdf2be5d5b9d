"""What a person typed after `/cdi`, as a value. Every text is one: nothing that people type raises.

It is forgiving: letter case, extra spaces, typographic quotes, full-width characters, Slack's own escapes, pasted
addresses and names with spaces, quoted or not, all come through. What can't be understood is named, with the nearest
thing that could be.
"""

from __future__ import annotations

from datetime import datetime

from cdi_bot.core.commands import tokenizer
from cdi_bot.core.commands.arguments import (
    Reader,
    maybe_name,
    nearest,
    needs_name,
    needs_name_and_channel,
    no_words,
    only_channel,
    read_digest,
    read_language,
    read_subscribe,
    read_unsubscribe,
)
from cdi_bot.core.commands.command import (
    COMMANDS,
    Acknowledge,
    Command,
    EndSnooze,
    ListIntegrations,
    RequestSync,
    ShowAudit,
    ShowHelp,
    ShowStatus,
    ShowSubscriptions,
)
from cdi_bot.core.commands.snooze_time import read_snooze

_ALIASES = {"sub": "subscribe", "unsub": "unsubscribe", "subs": "subscriptions", "acknowledge": "ack"}

_READERS: dict[str, Reader] = {
    "help": no_words(ShowHelp),
    "status": maybe_name(lambda query: ShowStatus(query=query)),
    "list": maybe_name(lambda query: ListIntegrations(query=query)),
    "subscribe": read_subscribe,
    "unsubscribe": read_unsubscribe,
    "subscriptions": only_channel(lambda place: ShowSubscriptions(place=place)),
    "ack": needs_name(lambda query: Acknowledge(query=query)),
    "snooze": read_snooze,
    "unsnooze": needs_name_and_channel(lambda query, place: EndSnooze(query=query, place=place)),
    "sync": needs_name(lambda query: RequestSync(query=query)),
    "digest": read_digest,
    "language": read_language,
    "audit": only_channel(lambda place: ShowAudit(place=place)),
}


def parse(text: str, *, now: datetime) -> Command:
    """Read what was typed after `/cdi`.

    Args:
        text: The text as Slack delivers it.
        now: The present, in the zone of the person: `tomorrow` is meant in it.
    """
    tokens = tokenizer.split(text)
    if not tokens:
        return ShowHelp()
    word = tokens[0].text
    verb = tokenizer.half_width(word).lower()
    verb = _ALIASES.get(verb, verb)
    reader = _READERS.get(verb)
    if reader is None:
        return ShowHelp(unknown=word, nearest=nearest(verb, COMMANDS))
    return reader(verb, tokens[1:], now)
