"""`/cdi subscribe`, `/cdi unsubscribe` and `/cdi subscriptions`: which alerts a channel gets."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from cdi_bot.core.commands import tokenizer
from cdi_bot.core.commands.snooze_time import parse_length
from cdi_bot.core.commands.specification import (
    N_,
    Arguments,
    ChannelCommand,
    Command,
    Mistake,
    MistakeKind,
    Right,
    Specification,
    nearest,
    no_arguments,
)
from cdi_bot.core.commands.tokenizer import Token
from cdi_bot.core.digest_schedule import read_time_of_day
from cdi_bot.core.freshness_limit import LONGEST, SHORTEST, FreshnessLimit
from cdi_bot.core.model.incident import EXPECTABLE, Topic
from cdi_bot.core.model.subscription import DEFAULT_TOPICS, Filters


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscribe(ChannelCommand):
    """Subscribe a channel to what `selector` takes in: words for one integration, a pattern, or `all`."""

    selector: str
    filters: Filters


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewSubscription(ChannelCommand):
    """What a subscription to it would have told in the last 30 days."""

    selector: str
    filters: Filters


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsubscribe(ChannelCommand):
    """End a channel's subscription to it."""

    selector: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowSubscriptions(ChannelCommand):
    """What a channel is subscribed to."""


# --------------------------------------------------------------------------------- options

_SEPARATORS = re.compile("[,、]")


def _words(value: str) -> list[str]:
    """The words of a list that somebody typed; an empty one where there is none."""
    pieces = _SEPARATORS.split(tokenizer.half_width(value))
    names = [piece.strip("\"' ").lower().replace("-", "_") for piece in pieces]
    return [name for name in names if name] or [""]


def _on(arguments: Arguments, filters: Filters, value: str) -> Filters | Mistake:
    names = _words(value)
    for name in names:
        if name not in tuple(Topic):
            return arguments.mistake(
                MistakeKind.UNKNOWN_STATUS, tokenizer.plain(name), nearest(name, tuple(Topic))
            )
    return replace(filters, topics=frozenset(Topic(name) for name in names))


def _rows(arguments: Arguments, filters: Filters, value: str) -> Filters | Mistake:
    rows = tokenizer.rows(tokenizer.half_width(value))
    if rows is None:
        return arguments.mistake(MistakeKind.BAD_NUMBER, f"rows:{tokenizer.plain(value)}")
    return replace(filters, min_rows=rows)


def _percent(arguments: Arguments, filters: Filters, value: str) -> Filters | Mistake:
    percent = tokenizer.percent(tokenizer.half_width(value))
    if percent is None:
        return arguments.mistake(MistakeKind.BAD_NUMBER, f"percent:{tokenizer.plain(value)}")
    return replace(filters, min_percent=percent)


def _off(arguments: Arguments, filters: Filters, value: str) -> Filters | Mistake:
    names = _words(value)
    for name in names:
        if name not in EXPECTABLE:
            return arguments.mistake(
                MistakeKind.UNKNOWN_REASON, tokenizer.plain(name), nearest(name, EXPECTABLE)
            )
    return replace(filters, off=frozenset(names))


def freshness(word: str) -> str | None:
    """Read `36h`, `1d12h`, `09:00` or `9am` as the text form of a limit; `None` for anything else."""
    word = tokenizer.half_width(word).strip().lower()
    at = read_time_of_day(word)
    if at is not None:
        return str(FreshnessLimit(at=at))
    length = parse_length(word)
    if length is None or not SHORTEST <= length <= LONGEST:
        return None
    return str(FreshnessLimit(longest=length))


def _fresh(arguments: Arguments, filters: Filters, value: str) -> Filters | Mistake:
    limit = freshness(value)
    if limit is None:
        return arguments.mistake(MistakeKind.BAD_FRESHNESS, f"fresh:{tokenizer.plain(value)}")
    return replace(filters, fresh=limit)


def _mention(arguments: Arguments, filters: Filters, value: str) -> Filters | Mistake:
    mention = tokenizer.mention(value)
    if mention is None:
        return arguments.mistake(MistakeKind.BAD_MENTION, tokenizer.plain(value))
    return replace(filters, mention=mention)


_OPTIONS: dict[str, Callable[[Arguments, Filters, str], Filters | Mistake]] = {
    "on": _on,
    "off": _off,
    "rows": _rows,
    "percent": _percent,
    "fresh": _fresh,
    "mention": _mention,
}


def _value(token: Token, rest: list[Token]) -> str:
    """Read an option's value, and take what belongs to it from the rest: `on: error, partial` is one option too."""
    value = token.value
    while rest and rest[0].option is None:
        following = rest[0].bare_word
        if value and not value.endswith((",", "、")) and not following.startswith((",", "、")):
            break
        value += rest.pop(0).raw
    return value


def _written_options(command: Subscribe | PreviewSubscription) -> list[str]:
    filters = command.filters
    options = []
    if filters.topics != DEFAULT_TOPICS:
        options.append("on:" + ",".join(topic.value for topic in Topic if topic in filters.topics))
    if filters.off:
        options.append("off:" + ",".join(reason for reason in EXPECTABLE if reason in filters.off))
    if filters.min_rows is not None:
        options.append(f"rows:{filters.min_rows}")
    if filters.min_percent is not None:
        options.append("percent:" + f"{filters.min_percent:.6f}".rstrip("0").rstrip("."))
    if filters.fresh:
        options.append(f"fresh:{filters.fresh.partition(' ')[0]}")  # the zone is the channel's
    if filters.mention:
        options.append(f"mention:{filters.mention}")
    return options


# --------------------------------------------------------------------------------- commands


def _read_subscribe(arguments: Arguments) -> Command | Mistake:
    found = _selector_and_filters(arguments)
    return found if isinstance(found, Mistake) else Subscribe(selector=found[0], filters=found[1])


def _read_preview(arguments: Arguments) -> Command | Mistake:
    found = _selector_and_filters(arguments)
    return found if isinstance(found, Mistake) else PreviewSubscription(selector=found[0], filters=found[1])


def _selector_and_filters(arguments: Arguments) -> tuple[str, Filters] | Mistake:
    """Read options wherever they stand; whatever is no option is the selector."""
    filters = Filters()
    selector: list[Token] = []
    rest = list(arguments.tokens)
    while rest:
        token = rest.pop(0)
        option = token.option
        if option not in _OPTIONS:
            meant = nearest(option, (*_OPTIONS, "in")) if option and token.value and selector else None
            if meant:
                return arguments.mistake(MistakeKind.UNKNOWN_OPTION, token.text, meant)
            selector.append(token)  # names hold colons too: `EU prod:users`, `Users: attributes`
            continue
        changed = _OPTIONS[option](arguments, filters, _value(token, rest))
        if isinstance(changed, Mistake):
            return changed
        filters = changed
    query = tokenizer.name(selector)
    if not query:
        return arguments.mistake(MistakeKind.MISSING_INTEGRATION)
    return _selector(query), filters


def _read_unsubscribe(arguments: Arguments) -> Command | Mistake:
    # Ending everything where somebody asked to end `on:late` only would hide failures from the channel.
    for token in arguments.tokens:
        if token.option in _OPTIONS:
            return arguments.mistake(MistakeKind.UNKNOWN_OPTION, token.text)
    query = tokenizer.name(arguments.tokens)
    if not query:
        return arguments.mistake(MistakeKind.MISSING_INTEGRATION)
    return Unsubscribe(selector=_selector(query))


def _selector(query: str) -> str:
    """Spell `all` in one way, in any letter case or as a pattern that matches everything; and `*` as patterns do."""
    query = query.replace("＊", "*")
    return "all" if tokenizer.half_width(query).lower() == "all" or not query.strip("*") else query


_SUBSCRIBE = Specification(
    word="subscribe",
    aliases=("sub",),
    command=Subscribe,
    right=Right.CHANGE,
    read=_read_subscribe,
    names="selector",
    options=tuple(_OPTIONS),
    write=_written_options,
    help=(
        ("/cdi subscribe all", N_("tell this channel when any sync fails and when it is well again")),
        (
            "/cdi subscribe Users* on:error,partial rows:100 mention:@data-team",
            N_("only some integrations, statuses and sizes, and whom to call"),
        ),
        (
            "/cdi subscribe Users* fresh:36h",
            N_(
                "also when what was synced last is older than that; `fresh:09:00`: when no good run came by then"
            ),
        ),
    ),
    usage="/cdi subscribe Users* on:error,partial rows:100 percent:5 fresh:36h mention:@data-team",
    audit=N_("{when} {who} subscribed it to {what}"),
)

_PREVIEW = Specification(
    word="preview",
    command=PreviewSubscription,
    right=Right.READ,
    read=_read_preview,
    names="selector",
    options=tuple(_OPTIONS),
    write=_written_options,
    help=(
        (
            "/cdi preview Users* on:error,late",
            N_("what such a subscription would have told in the last 30 days"),
        ),
    ),
    usage="/cdi preview Users* on:error,partial rows:100",
)

_UNSUBSCRIBE = Specification(
    word="unsubscribe",
    aliases=("unsub",),
    command=Unsubscribe,
    right=Right.CHANGE,
    read=_read_unsubscribe,
    names="selector",
    help=(("/cdi unsubscribe all", N_("end a subscription")),),
    usage="/cdi unsubscribe Users*",
    audit=N_("{when} {who} ended its subscription to {what}"),
)

_SUBSCRIPTIONS = Specification(
    word="subscriptions",
    aliases=("subs",),
    command=ShowSubscriptions,
    right=Right.READ,
    read=no_arguments(ShowSubscriptions),
    help=(("/cdi subscriptions", N_("what this channel hears of, with a way to change it")),),
    usage="/cdi subscriptions in:#data-alerts",
)

SUBSCRIPTIONS = (_SUBSCRIBE, _PREVIEW, _UNSUBSCRIBE, _SUBSCRIPTIONS)
