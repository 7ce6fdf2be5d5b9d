"""Words of plain English that fill a sentence, and those that mean all integrations or the failing ones.

None of them counts where an integration is called so: a known name always wins.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from cdi_bot.core.commands import tokenizer
from cdi_bot.core.commands.tokenizer import Token
from cdi_bot.core.model.integration import normalize_name


def words_of(text: str) -> frozenset[str]:
    """The words of a list that is written as a text."""
    return frozenset(text.split())


COURTESY = words_of("please pls plz kindly thanks thank thx cheers")
"""Said at the beginning or the end of anything."""

OPENERS = COURTESY | words_of(
    "hi hello hey ok okay just can could would will you u i we i'd we'd want wanna need like to let let's lets "
    "go and now then bot cdi /cdi cdi-bot @cdi-bot"
)
"""What may stand before the word of a command: `could you please mute Users for 2h`."""

_BEFORE = COURTESY | words_of(
    "of for to from on at about with into the this our my me us is are integration now again "
    "alerts notifications incident runs"
)
_PLACES = words_of("this the our")  # `this channel`: only behind one of these a channel is meant
_AFTER = COURTESY | words_of("now again here today currently already too then")

FAILING = words_of("failing failed failures broken unhealthy")
"""What `status` and `list` take for the integrations with an open incident."""

EVERYTHING = words_of("all everything every")
THINGS = words_of("integrations syncs things")
_AMONG = THINGS | words_of("integration sync ones them of the our my that which are is")

HELP = words_of("help --help -h")
"""Behind a command: what it is, as other programs have it."""

RESERVED = OPENERS | _BEFORE | _AFTER | FAILING | EVERYTHING | THINGS | HELP
RESERVED |= words_of("channel list subscriptions subs")
"""What a name is quoted for where it is nothing but one of them."""

MARKS = "?!.,…？！。、"
_MOST = 8
"""So many filling words are looked for at each end: thousands may be typed."""


def bare(token: Token) -> str:
    """The word of a piece in lower case, without the marks that end a sentence; empty for what was quoted."""
    return token.bare_word.rstrip(MARKS).replace("’", "'")


def is_known(tokens: Sequence[Token], names: Collection[str]) -> bool:
    """Whether pieces are a part of the normalized name of a known integration."""
    wanted = normalize_name(tokenizer.join(tokens))
    return any(wanted in name for name in names)


def is_name(tokens: Sequence[Token], names: Collection[str]) -> bool:
    """Whether pieces are the whole name of a known integration."""
    return normalize_name(tokenizer.join(tokens)) in names


def trimmed(tokens: Sequence[Token], names: Collection[str], *, patterns: bool = False) -> list[Token]:
    """Pieces without the words that fill around a name; with `patterns`, `?` stands for any character."""
    kept = list(tokens)
    removed = ""
    for _ in range(_MOST):
        if not kept or is_known(kept, names):
            return kept
        first, last = bare(kept[0]), bare(kept[-1])
        if first in _BEFORE or (first == "channel" and removed in _PLACES):
            removed = first
            del kept[0]
        elif last in _AFTER or not (last or kept[-1].quoted or patterns):
            del kept[-1]
        else:
            break
    if kept and not kept[-1].quoted and not patterns and not is_known(kept, names):
        kept[-1] = replace(kept[-1], raw=kept[-1].raw.rstrip(MARKS) or kept[-1].raw)
    return kept


def without_courtesy(tokens: Sequence[Token], names: Collection[str]) -> list[Token]:
    """Pieces without a `please` or a `thanks` at their end."""
    kept = list(tokens)
    for _ in range(_MOST):
        if len(kept) > 1 and bare(kept[-1]) in COURTESY and not is_known(kept[1:], names):
            del kept[-1]
            kept[-1] = replace(kept[-1], raw=kept[-1].raw.rstrip(",") or kept[-1].raw)
    return kept


def means_everything(
    tokens: Sequence[Token], names: Collection[str], *, or_words: Collection[str] = ()
) -> bool:
    """Whether `everything`, `all integrations` and the like are meant, or one of other words for it."""
    words = {bare(token) for token in tokens}
    if not words <= EVERYTHING | _AMONG | set(or_words) or is_name(tokens, names):
        return False
    return bool(words & EVERYTHING) or (bool(words & set(or_words)) and not is_known(tokens, names))


def means_failing(tokens: Sequence[Token], names: Collection[str]) -> bool:
    """Whether `failing`, `all failing integrations` and the like are meant."""
    words = {bare(token) for token in tokens}
    if not words <= FAILING | EVERYTHING | _AMONG or is_name(tokens, names):
        return False
    return "failing" in words or (bool(words & FAILING) and not is_known(tokens, names))
