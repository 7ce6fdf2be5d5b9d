"""What a person typed after `/cdi`, as a value. Every text is one: nothing that people type raises.

It is forgiving: letter case, extra spaces, typographic quotes, Slack's own escapes and names with spaces, quoted
or not, all come through. What can't be understood is named, with the nearest thing that could be.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from difflib import get_close_matches
from enum import StrEnum

from cdi_bot.core import typed
from cdi_bot.core.model import Filters, Topic
from cdi_bot.core.times import is_unit, parse_length, tomorrow_morning
from cdi_bot.core.typed import Token


class MistakeKind(StrEnum):
    """What is wrong with a command that was recognised."""

    MISSING_INTEGRATION = "missing_integration"  # it does not say which integration
    MISSING_TIME = "missing_time"  # a mute without an end
    BAD_TIME = "bad_time"  # not a length of time, or one too short or too long
    UNKNOWN_STATUS = "unknown_status"  # a word in `on:` that is no status
    BAD_NUMBER = "bad_number"  # `rows:` or `percent:` without a fitting number
    UNKNOWN_OPTION = "unknown_option"  # `word:value` that this command does not take
    BAD_MENTION = "bad_mention"  # `mention:` with something that is no person and no group


@dataclass(frozen=True, slots=True, kw_only=True)
class Help:
    """How to use the bot; `unknown` is the word that was no command, `nearest` the command that looks like it."""

    unknown: str | None = None
    nearest: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """How things are: of the channel (`words` is `None`) or of one integration."""

    words: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ListIntegrations:
    """What integrations there are, or those whose name holds `words`."""

    words: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscribe:
    """Let the channel hear of what `selector` takes in: words for one integration, a pattern, or `all`."""

    selector: str
    filters: Filters


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsubscribe:
    """Let the channel hear no more of it."""

    selector: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowSubscriptions:
    """What the channel hears of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ack:
    """Somebody looks after the failing integration."""

    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Snooze:
    """Mute an integration until a time in UTC, or (`until` is `None`) until it recovers."""

    words: str
    until: datetime | None
    reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsnooze:
    """End the mute."""

    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sync:
    """Have Braze start a sync."""

    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistake:
    """A known command that says too little or something odd: `given` is the odd part, `nearest` a better one."""

    command: str
    problem: MistakeKind
    given: str = ""
    nearest: str | None = None


Command = (
    Help
    | Status
    | ListIntegrations
    | Subscribe
    | Unsubscribe
    | ShowSubscriptions
    | Ack
    | Snooze
    | Unsnooze
    | Sync
    | Mistake
)

COMMANDS = (
    "help",
    "status",
    "list",
    "subscribe",
    "unsubscribe",
    "subscriptions",
    "ack",
    "snooze",
    "unsnooze",
    "sync",
)
"""The words of `/cdi`, as surface and help spell them."""

_ALIASES = {"sub": "subscribe", "unsub": "unsubscribe", "subs": "subscriptions", "acknowledge": "ack"}

OPTIONS = ("on", "rows", "percent", "mention")
"""What `subscribe` takes as `word:value`."""


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
    verb = word.lower()
    verb = _ALIASES.get(verb, verb)
    reader = _READERS.get(verb)
    if reader is None:
        return Help(unknown=word, nearest=_nearest(verb, COMMANDS))
    return reader(verb, tokens[1:], now)


def _nearest(word: str, known: Sequence[str]) -> str | None:
    # Compared by their beginnings: looking for likeness in a text of thousands of characters takes seconds.
    return next(iter(get_close_matches(word.lower()[:40], known, n=1)), None)


def _words(tokens: Sequence[Token]) -> str | None:
    return typed.join(tokens) or None


def _no_words(make: Callable[[], Command]) -> _Reader:
    return lambda _verb, _tokens, _now: make()


def _maybe_words(make: Callable[[str | None], Command]) -> _Reader:
    return lambda _verb, tokens, _now: make(_words(tokens))


def _needs_words(make: Callable[[str], Command]) -> _Reader:
    def read(verb: str, tokens: Sequence[Token], _now: datetime) -> Command:
        words = _words(tokens)
        return make(words) if words else Mistake(command=verb, problem=MistakeKind.MISSING_INTEGRATION)

    return read


# ------------------------------------------------------------------------------------------ subscribe


@dataclass(slots=True)
class _Reading:
    """How far a `subscribe` has been read."""

    filters: Filters = field(default_factory=Filters)
    selector: list[Token] = field(default_factory=list)


def _subscribe(verb: str, tokens: Sequence[Token], _now: datetime) -> Command:
    reading = _Reading()
    rest = list(tokens)
    while rest:
        token = rest.pop(0)
        option = token.option
        if option is None or (option not in OPTIONS and not reading.selector):
            reading.selector.append(token)  # a name may begin like an option: `prod:users`
            continue
        if option not in OPTIONS:
            return Mistake(
                command=verb,
                problem=MistakeKind.UNKNOWN_OPTION,
                given=token.text,
                nearest=_nearest(option, OPTIONS),
            )
        value = token.value
        # `on: error, partial` is one option too.
        while rest and rest[0].option is None and (not value or value.endswith(",") or rest[0].raw[0] == ","):
            value += rest.pop(0).raw
        changed = _with_option(verb, reading.filters, option, value)
        if isinstance(changed, Mistake):
            return changed
        reading.filters = changed
    selector = _words(reading.selector)
    if selector is None:
        return Mistake(command=verb, problem=MistakeKind.MISSING_INTEGRATION)
    return Subscribe(selector=_selector(selector), filters=reading.filters)


def _selector(words: str) -> str:
    """Spell `all` in one way: in any letter case, or as a pattern that fits everything."""
    return "all" if words.lower() == "all" or not words.strip("*") else words


def _with_option(verb: str, filters: Filters, option: str, value: str) -> Filters | Mistake:
    if option == "on":
        return _with_topics(verb, filters, value)
    if option == "mention":
        mention = typed.mention(value)
        if mention is None:
            return Mistake(command=verb, problem=MistakeKind.BAD_MENTION, given=typed.plain(value))
        return replace(filters, mention=mention)
    if option == "rows" and (rows := typed.rows(value)) is not None:
        return replace(filters, min_rows=rows)
    if option == "percent" and (percent := typed.percent(value)) is not None:
        return replace(filters, min_percent=percent)
    return Mistake(command=verb, problem=MistakeKind.BAD_NUMBER, given=f"{option}:{typed.plain(value)}")


def _with_topics(verb: str, filters: Filters, value: str) -> Filters | Mistake:
    names = [name.strip("\"' ").lower().replace("-", "_") for name in value.split(",")]
    names = [name for name in names if name] or [""]
    for name in names:
        if name not in tuple(Topic):
            return Mistake(
                command=verb,
                problem=MistakeKind.UNKNOWN_STATUS,
                given=typed.plain(name),
                nearest=_nearest(name, tuple(Topic)),
            )
    return replace(filters, topics=frozenset(Topic(name) for name in names))


def _unsubscribe(verb: str, tokens: Sequence[Token], _now: datetime) -> Command:
    # Ending everything where somebody asked to end `on:late` only would hide failures from the channel.
    for token in tokens:
        if token.option in OPTIONS:
            return Mistake(command=verb, problem=MistakeKind.UNKNOWN_OPTION, given=token.text)
    words = _words(tokens)
    if words is None:
        return Mistake(command=verb, problem=MistakeKind.MISSING_INTEGRATION)
    return Unsubscribe(selector=_selector(words))


# ------------------------------------------------------------------------------------------ snooze

_RECOVERY = frozenset({"recovery", "recovers", "recovered"})
_JOINTS = frozenset({"for", "until", "till"})


@dataclass(frozen=True, slots=True, kw_only=True)
class _End:
    """Where in a `snooze` its time stands, and which time that is."""

    first: int
    after: int
    until: datetime | None


def _snooze(verb: str, tokens: Sequence[Token], now: datetime) -> Command:
    end = _find_end(tokens, now)
    if end is None:
        odd = next((token for token in reversed(tokens[1:]) if token.looks_like_a_time), None)
        if odd is not None:
            return Mistake(command=verb, problem=MistakeKind.BAD_TIME, given=odd.text)
        missing = MistakeKind.MISSING_TIME if tokens else MistakeKind.MISSING_INTEGRATION
        return Mistake(command=verb, problem=missing)
    # `snooze 2h Users sync` names the integration last.
    words = _words(tokens[: end.first] or tokens[end.after :])
    if words is None:
        return Mistake(command=verb, problem=MistakeKind.MISSING_INTEGRATION)
    until = end.until.astimezone(UTC) if end.until else None
    return Snooze(words=words, until=until, reason=_words(tokens[end.after :]) if end.first else None)


def _find_end(tokens: Sequence[Token], now: datetime) -> _End | None:
    """Find the time: the first that stands behind the name, else a bare last word, else one before the name.

    A name may hold words such as "recovery" or "tomorrow", so these count with "until" or as the last word only.
    """
    for first in range(1, len(tokens)):
        end = _end_at(tokens, first, now)
        if end:
            return end
    last = len(tokens) - 1
    if last > 0 and (bare := _bare_end(tokens[last], now)):
        return replace(bare, first=last, after=last + 1)
    return _end_at(tokens, 0, now) if tokens else None


def _end_at(tokens: Sequence[Token], first: int, now: datetime) -> _End | None:
    """Read `2h`, `2 hours`, `for 2h`, `until tomorrow`, `until it recovers` where it begins at `first`."""
    at = first
    joint = tokens[at].bare_word in _JOINTS and at + 1 < len(tokens)
    at += joint
    if joint and tokens[at].bare_word == "it" and at + 1 < len(tokens):
        at += 1
    if joint and (bare := _bare_end(tokens[at], now)):
        return replace(bare, first=first, after=at + 1)
    if at + 1 < len(tokens) and is_unit(tokens[at + 1].bare_word):
        length = parse_length(tokens[at].bare_word + tokens[at + 1].bare_word)
        if length:
            return _End(first=first, after=at + 2, until=now + length)
    length = parse_length(tokens[at].bare_word)
    return _End(first=first, after=at + 1, until=now + length) if length else None


def _bare_end(token: Token, now: datetime) -> _End | None:
    if token.bare_word in _RECOVERY:
        return _End(first=0, after=0, until=None)
    if token.bare_word == "tomorrow":
        return _End(first=0, after=0, until=tomorrow_morning(now))
    return None


_Reader = Callable[[str, Sequence[Token], datetime], Command]

_READERS: dict[str, _Reader] = {
    "help": _no_words(Help),
    "status": _maybe_words(lambda words: Status(words=words)),
    "list": _maybe_words(lambda words: ListIntegrations(words=words)),
    "subscribe": _subscribe,
    "unsubscribe": _unsubscribe,
    "subscriptions": _no_words(ShowSubscriptions),
    "ack": _needs_words(lambda words: Ack(words=words)),
    "snooze": _snooze,
    "unsnooze": _needs_words(lambda words: Unsnooze(words=words)),
    "sync": _needs_words(lambda words: Sync(words=words)),
}
