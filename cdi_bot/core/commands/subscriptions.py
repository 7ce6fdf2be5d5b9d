"""`/cdi subscribe`, `/cdi unsubscribe` and `/cdi subscriptions`: which alerts a channel gets."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
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
    Suggestion,
    nearest,
    no_arguments,
    quoted_name,
)
from cdi_bot.core.commands.tokenizer import Token
from cdi_bot.core.commands.vocabulary import means_everything, trimmed
from cdi_bot.core.digest_schedule import read_time_of_day
from cdi_bot.core.freshness_limit import LONGEST, SHORTEST, FreshnessLimit
from cdi_bot.core.model.incident import EXPECTABLE, Topic
from cdi_bot.core.model.subscription import DEFAULT_TOPICS, Filters, in_one_spelling


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


def read_topics(arguments: Arguments, value: str) -> frozenset[Topic] | Mistake:
    """Read types of alerts: `error,late`."""
    names = _words(value)
    for name in names:
        if name not in tuple(Topic):
            return arguments.mistake(
                MistakeKind.UNKNOWN_STATUS, tokenizer.plain(name), nearest(name, tuple(Topic))
            )
    return frozenset(Topic(name) for name in names)


def _on(arguments: Arguments, filters: Filters, value: str) -> Filters | Mistake:
    topics = read_topics(arguments, value)
    return topics if isinstance(topics, Mistake) else replace(filters, topics=topics)


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
    odd: Mistake | None = None
    rest = list(arguments.tokens)
    while rest:
        token = rest.pop(0)
        option = token.option
        if option not in _OPTIONS:
            meant = nearest(option, (*_OPTIONS, "in")) if option and token.value and selector else None
            if meant:
                odd = odd or arguments.mistake(MistakeKind.UNKNOWN_OPTION, token.text, f"{meant}:")
                continue
            selector.append(token)  # names hold colons too: `EU prod:users`, `Users: attributes`
            continue
        changed = _OPTIONS[option](arguments, filters, _value(token, rest))
        if isinstance(changed, Mistake):
            odd = odd or changed
        else:
            filters = changed
    query = selector_of(arguments, selector)
    if odd:
        return replace(odd, name=query)
    return (query, filters) if query else arguments.mistake(MistakeKind.MISSING_INTEGRATION)


def _read_unsubscribe(arguments: Arguments) -> Command | Mistake:
    """Read what to end. `stop` may mean less than it says, and `everything` is much: then somebody is asked first."""
    # Ending everything where somebody asked to end `on:late` only would hide failures from the channel.
    for token in arguments.tokens:
        if token.option in _OPTIONS:
            others = [each for each in arguments.tokens if each is not token]
            name = selector_of(arguments, others)
            return arguments.mistake(MistakeKind.UNKNOWN_OPTION, token.text, name=name)
    query = selector_of(arguments, arguments.tokens)
    if not query:
        return arguments.mistake(MistakeKind.MISSING_INTEGRATION)
    command = Unsubscribe(selector=query)
    if arguments.typed not in _ASKING and (query != "all" or _says_all(arguments.tokens)):
        return command
    sure = Suggestion(
        text=f"{arguments.word} {query if query == 'all' else quoted_name(query)}", command=command
    )
    return replace(arguments.mistake(MistakeKind.CONFIRM, name=query), likely=(sure,))


_ASKING = frozenset({"stop"})


def _says_all(tokens: Sequence[Token]) -> bool:
    """Whether it is the selector that is typed, not a word of a sentence."""
    return len(tokens) == 1 and (
        tokens[0].quoted or tokens[0].bare_word == "all" or not tokens[0].raw.strip("*＊")
    )


def selector_of(arguments: Arguments, tokens: Sequence[Token]) -> str:
    """What pieces say of which integrations are meant, as a selector; empty where they say nothing."""
    kept = trimmed(tokens, arguments.names, patterns=True)
    return "all" if means_everything(kept, arguments.names) else in_one_spelling(tokenizer.name(kept))


_WHAT = (
    ("on:error,late", N_("only these alerts")),
    ("off:rows_low,spike", N_("not these reasons")),
    ("rows:100", N_("only when at least 100 rows failed")),
    ("percent:5", N_("only when at least 5 % of the rows failed")),
    ("fresh:36h", N_("also when no run succeeded for 36 hours; `fresh:09:00`: by that time of day")),
    ("mention:@data-team", N_("mention a person or a group")),
)

_SUBSCRIBE = Specification(
    word="subscribe",
    aliases=("sub", "watch", "follow", "notify", "alert", "monitor"),
    command=Subscribe,
    right=Right.CHANGE,
    read=_read_subscribe,
    names="selector",
    options=_WHAT,
    write=_written_options,
    usage="/cdi subscribe INTEGRATION | PATTERN* | all [OPTIONS]",
    help=(
        ("/cdi subscribe all", N_("alerts in this channel")),
        ("/cdi subscribe Users*", N_("all integrations whose name starts with “Users”")),
        ("/cdi subscribe Users* on:error,partial rows:100 mention:@data-team", N_("only some alerts")),
    ),
    audit=N_("{when} {who} subscribed it to {what}"),
)

_PREVIEW = Specification(
    word="preview",
    aliases=("simulate",),
    command=PreviewSubscription,
    right=Right.READ,
    read=_read_preview,
    names="selector",
    options=_WHAT,
    write=_written_options,
    usage="/cdi preview INTEGRATION | PATTERN* | all [OPTIONS]",
    help=(
        (
            "/cdi preview Users* on:error,late",
            N_("the alerts that a subscription would have sent in the last 30 days"),
        ),
    ),
)

_UNSUBSCRIBE = Specification(
    word="unsubscribe",
    aliases=("unsub", "stop", "unfollow", "unwatch"),
    command=Unsubscribe,
    right=Right.CHANGE,
    read=_read_unsubscribe,
    names="selector",
    usage="/cdi unsubscribe INTEGRATION | PATTERN* | all",
    help=(("/cdi unsubscribe Users*", N_("end these alerts")),),
    audit=N_("{when} {who} ended its subscription to {what}"),
)

_SUBSCRIPTIONS = Specification(
    word="subscriptions",
    aliases=("subs", "alerts"),
    command=ShowSubscriptions,
    right=Right.READ,
    read=no_arguments(ShowSubscriptions),
    usage="/cdi subscriptions",
    help=(("/cdi subscriptions", N_("what this channel is subscribed to")),),
)

SUBSCRIPTIONS = (_SUBSCRIBE, _PREVIEW, _UNSUBSCRIBE, _SUBSCRIPTIONS)
