"""What a person typed after `/cdi`, as a value. Every text is one: nothing that people type raises.

It is forgiving: letter case, extra spaces, typographic quotes, full-width characters, Slack's own escapes, pasted
addresses and names with spaces, quoted or not, all come through. What can't be understood is named, with the nearest
thing that could be.
"""

from __future__ import annotations

from datetime import datetime

from cdi_bot.core import typed
from cdi_bot.core.intents import (
    COMMANDS,
    OPTIONS,
    PLACED,
    Ack,
    Command,
    Help,
    ListIntegrations,
    Mistake,
    MistakeKind,
    SetDigest,
    SetLanguage,
    ShowAudit,
    ShowSettings,
    ShowSubscriptions,
    Snooze,
    Status,
    Subscribe,
    Sync,
    Unsnooze,
    Unsubscribe,
)
from cdi_bot.core.reading import (
    Reader,
    maybe_name,
    nearest,
    needs_name,
    needs_name_and_place,
    no_words,
    only_place,
)
from cdi_bot.core.setting import read_digest, read_language
from cdi_bot.core.snoozing import read_snooze
from cdi_bot.core.subscribing import read_subscribe, read_unsubscribe

__all__ = [
    "COMMANDS",
    "OPTIONS",
    "PLACED",
    "Ack",
    "Command",
    "Help",
    "ListIntegrations",
    "Mistake",
    "MistakeKind",
    "SetDigest",
    "SetLanguage",
    "ShowAudit",
    "ShowSettings",
    "ShowSubscriptions",
    "Snooze",
    "Status",
    "Subscribe",
    "Sync",
    "Unsnooze",
    "Unsubscribe",
    "parse",
]

_ALIASES = {"sub": "subscribe", "unsub": "unsubscribe", "subs": "subscriptions", "acknowledge": "ack"}

_READERS: dict[str, Reader] = {
    "help": no_words(Help),
    "status": maybe_name(lambda words: Status(words=words)),
    "list": maybe_name(lambda words: ListIntegrations(words=words)),
    "subscribe": read_subscribe,
    "unsubscribe": read_unsubscribe,
    "subscriptions": only_place(lambda place: ShowSubscriptions(place=place)),
    "ack": needs_name(lambda words: Ack(words=words)),
    "snooze": read_snooze,
    "unsnooze": needs_name_and_place(lambda words, place: Unsnooze(words=words, place=place)),
    "sync": needs_name(lambda words: Sync(words=words)),
    "digest": read_digest,
    "language": read_language,
    "audit": only_place(lambda place: ShowAudit(place=place)),
}


def parse(text: str, *, now: datetime) -> Command:
    """Read what was typed after `/cdi`.

    Args:
        text: The text as Slack delivers it.
        now: The present, in the zone of the person: `tomorrow` is meant in it.
    """
    tokens = typed.split(text)
    if not tokens:
        return Help()
    word = tokens[0].text
    verb = typed.half_width(word).lower()
    verb = _ALIASES.get(verb, verb)
    reader = _READERS.get(verb)
    if reader is None:
        return Help(unknown=word, nearest=nearest(verb, COMMANDS))
    return reader(verb, tokens[1:], now)
