"""A small grammar of sentences: what `why is Users failing?` asks, in the words of a command.

A rule is a pattern of words and the command that it stands for. In a pattern, `a|b` is one of several words, `a?` one
that may be missing, `a*` one that may come any number of times, `…` the name of an integration, `…!` a known one, `@` a
person, and a word in capitals stands for a list below. What no rule matches from its first word to its last is not
understood: nothing is guessed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from cdi_bot.core.commands.tokenizer import Token
from cdi_bot.core.commands.vocabulary import bare, is_known, words_of

LONGEST = 40
"""Pieces of a sentence that is looked at: what is longer is no command."""

_LISTS = {
    "BE": "is|are|was|were|has|have|did|does|do|am|isn't|aren't|be",
    "WHAT": "what|what's|whats|which",
    "HOW": "how|how's|hows",
    "WHY": "why|why's|whys",
    "ALL": "all|everything|things|integrations|syncs|it|any|anything|something|ones",
    "BAD": "failing|failed|fail|fails|broken|broke|breaking|down|red|late|slow|stuck|unhealthy|wrong|delayed|behind",
    "GOOD": "ok|okay|fine|healthy|well|good|green|up|working|running|alive|happy|back|done|recovered|fixed",
    "DO": "doing|going|looking|run|ran|sync|synced|finish|finished|succeed|work|recover|recovered|acting|so",
    "NOW": "now|right|currently|today|here|again|still|there|at|the|moment|in|this|channel|already|yet|keep|"
    "last|night|yesterday|morning|week|lately",
    "US": "me|us|here|this|the|our|channel|to|in|of|my",
    "ALERT": "alerts|alert|alerting|notifications|notification|notifying|messages|posting|telling|pinging|spamming",
    "OF": "about|for|of|from|on|to|with|when|if",
    "ON": "on|taking|handling|investigating|fixing|checking|debugging|looking|working|into|at|after",
    "THE": "the|a|an|this|my|our|that|any",
    "SNOOZE": "snooze|snoozing|mute|muting|silence|silencing|pause",
    "STOP": "stop|end|cancel|remove|lift|clear|drop",
    "ASK": "alert|notify|tell|ping|warn|message|inform",
    "I": "i|we|you|one|people|somebody",
    "IAM": "i'm|im|we're|i'll|we'll",
}

_RULES = (
    # help
    ("what can|do|does I|it|this|bot* do|say|type|ask|understand", "help"),
    ("what|who are|is you|this|it", "help"),
    ("how do|can|to|does|should I? …", "help …"),
    ("what does … do|mean", "help …"),
    # what is failing
    ("WHAT ALL* BE* NOW* BAD NOW*", "status failing"),
    ("show|list|see US* WHAT ALL* BE* NOW* BAD NOW*", "status failing"),
    ("BE there? ALL NOW* BAD NOW*", "status failing"),
    ("ALL? NOW* BAD NOW*", "status failing"),
    ("WHAT BE? the|your|our? problem|problems|issue|issues|matter|trouble", "status failing"),
    ("BE? there? any|some? problems|issues|errors|failures|incidents|trouble NOW*", "status failing"),
    ("WHAT needs|need|wants my|our|any? attention NOW*", "status failing"),
    # how everything is
    ("HOW BE? ALL|you|we DO? NOW*", "status"),
    ("BE? ALL BE? GOOD NOW*", "status"),
    ("WHAT BE? happening|up|new|going on? NOW*", "status"),
    ("WHAT BE? the|our? status|state|situation NOW*", "status"),
    ("any news|updates NOW*", "status"),
    ("show|see|give|tell|get US* THE* status|state|situation NOW*", "status"),
    # how one integration is
    ("WHY BE … not? NOW* BAD|GOOD|DO NOW*", "status …"),
    ("WHY BE? …", "status …"),
    ("BE … NOW* BAD|GOOD|DO NOW*", "status …"),
    ("HOW BE? … DO? NOW*", "status …"),
    ("WHAT BE? wrong|happening|up|going on? with|to …", "status …"),
    ("WHAT BE? the? status|state|history of|for …", "status …"),
    ("WHAT happened to|with|in|on …", "status …"),
    ("what|how about …", "status …"),
    ("when BE|will|does … last|next? run|ran|sync|synced|fail|failed|due|recover", "status …"),
    ("when BE|will … run|sync|due next|last|again", "status …"),
    ("when BE|will THE* next|last run|sync|one of|for …", "status …"),
    ("next|last|latest|newest|recent run|runs|status|state of|for|from? …", "status …"),
    ("show|see|get US* … history|runs|status|state", "status …"),
    ("…! BE? NOW* BAD|GOOD|status|state|history|runs|状況|状態 NOW*", "status …"),
    ("tell US* about …", "status …"),
    ("show|see|give|tell|get|check US* THE* status|state|history|runs of|for|on …", "status …"),
    # what there is, and what this channel gets
    ("what|which integrations|syncs BE* I? NOW* have|know|available|exist?", "list"),
    ("what can I subscribe|watch|follow|see to?", "list"),
    ("show|see US* all|every? integrations|syncs NOW*", "list"),
    ("WHAT BE* I|this|the|our* channel? subscribed|watching|following|getting to? NOW*", "subscriptions"),
    ("show|see|list US* all? THE* subscriptions|subs|alerts NOW*", "subscriptions"),
    ("US subscriptions|subs|alerts", "subscriptions"),
    # alerts
    ("ASK US* when|if|whenever|once|that … BE? fails|breaks|stops|BAD NOW*", "subscribe …"),
    ("start|send|get|give|want|enable US* ALERT US* OF …", "subscribe …"),
    ("start|keep watching|following|monitoring …", "subscribe …"),
    ("alerts|notifications about|for|of|from|on …", "subscribe …"),
    ("STOP|no more? ALERT US* OF …", "stop …"),
    ("STOP watching|following|monitoring …", "stop …"),
    ("STOP THE* subscription|subscriptions OF …", "stop …"),
    ("STOP|no all? THE* more? ALERT|subscriptions US* NOW*", "stop all"),
    ("be quiet", "stop all"),
    # incidents
    ("STOP THE* SNOOZE OF? THE* …", "unsnooze …"),
    ("wake up …", "unsnooze …"),
    ("WHAT BE* snoozed|muted|silenced|paused NOW*", "snoozes"),
    ("show|see|list US* all? THE* snoozes|snoozed NOW*", "snoozes"),
    ("unack|unacknowledge|unclaim|release|対応解除 …", "ack … off"),
    ("take back THE* ack|acknowledgement? OF* …", "ack … off"),
    ("IAM no|not longer? ON* … anymore? any? more?", "ack … off"),
    ("nobody|noone BE? ON* … anymore? any? more?", "ack … off"),
    ("hand|give|pass|assign|reassign THE* over? … over|on? to @", "ack … @"),
    ("@ BE? takes|has|handles|ON ON* THE* …", "ack … @"),
    ("IAM on|taking|handling|investigating|fixing|checking|debugging …", "ack …"),
    ("IAM looking|working|look into|at|on|after …", "ack …"),
    ("IAM take|handle|fix|investigate care|over|of* …", "ack …"),
    ("looking|working into|at|on|after …", "ack …"),
    ("start|trigger|run|request|do|make THE* another|new? sync|run|resync OF …", "sync …"),
    ("sync|run now|again …", "sync …"),
    ("try|run|sync … again NOW*", "sync …"),
    ("kick off …", "sync …"),
    # owners
    ("who owns|maintains …", "status …"),
    ("who|who's BE? THE* owner|owners|contact of|for …", "status …"),
    ("…! BE critical", "critical …"),
    ("make|set|mark … as? critical", "critical …"),
    # the channel
    (
        "who changed|did|muted|snoozed|paused|stopped|subscribed|unsubscribed what|this|that|it|us|here? NOW*",
        "audit",
    ),
    ("who acknowledged|snoozed|muted|took …", "status …"),
    ("what changed|was NOW* changed? NOW*", "audit"),
    ("send|post|give US* THE* daily|weekly digest|summary|report", "digest"),
    ("send|post|give? US* THE* daily digest|summary|report …", "digest daily …"),
    ("send|post|give? US* THE* weekly digest|summary|report …", "digest weekly …"),
    ("STOP|no THE* more? digest|digests|summary|report", "digest off"),
    ("post|alert|send|tell US* alerts? only|just …", "hours …"),
    ("working|office|business|opening hours …", "hours …"),
    ("STOP|no THE* more? hours NOW*", "hours off"),
    ("STOP|no THE* more? escalating|escalation|escalations NOW*", "escalate off"),
    ("send|post|show|give|try US* THE* test|sample alert|message|card? US* NOW*", "test"),
    ("test THE* channel|alerts|alerting NOW*", "test"),
    ("switch|change THE* language? to …", "language …"),
    ("speak|talk|write US* in? …", "language …"),
)

NOBODY = words_of(
    "anyone anybody someone somebody everyone it that this there here you i we he she they who what not no never "
    "don't doesn't dont and or but many much long often come"
)
"""Words that no name begins with and that turn the meaning of a sentence, unless an integration is called so."""


@dataclass(frozen=True, slots=True)
class _Element:
    """One place of a pattern: its words, `None` for a name; whether it may be missing, and come again.

    `@` among the words is any person.
    """

    words: frozenset[str] | None
    optional: bool = False
    repeats: bool = False
    is_known: bool = False


def _element(text: str) -> _Element:
    sign = text[-1] if text[-1] in "?*" else ""
    names = text.removesuffix(sign) if sign else text
    if text in ("…", "…!"):
        return _Element(None, is_known=text == "…!")
    words = frozenset(word for name in names.split("|") for word in _LISTS.get(name, name).split("|"))
    return _Element(words, optional=sign != "", repeats=sign == "*")


RULES = tuple((tuple(map(_element, pattern.split())), meaning) for pattern, meaning in _RULES)

_Name = tuple[int, int] | None


def as_command(tokens: Sequence[Token], names: Collection[str]) -> list[Token] | None:
    """Put a sentence into the words of a command; `None` where it is none that the grammar knows."""
    if not tokens or len(tokens) > LONGEST:
        return None
    words = [bare(token) for token in tokens]
    for pattern, meaning in RULES:
        found = list(_matches(pattern, words, 0))
        is_known = any(element.is_known for element in pattern)
        if found and (name := _best(found, tokens, names, only_known=is_known)) is not None:
            start, end = name
            people = [each for each in tokens if each.raw.startswith("<@")]
            return _put(meaning, {"…": tokens[start:end], "@": people})
    return None


def _matches(pattern: Sequence[_Element], words: Sequence[str], at: int) -> Iterator[_Name]:
    """Where the name stands, in each way in which the words from `at` on can be read by a pattern; shortest first."""
    if not pattern:
        if at == len(words):
            yield None
        return
    first, rest = pattern[0], pattern[1:]
    if first.words is None:
        for end in range(at + 1, len(words) + 1):
            for _ in _matches(rest, words, end):
                yield at, end
                break
        return
    if at < len(words) and ("@" if words[at].startswith("<@") else words[at]) in first.words:
        yield from _matches(pattern if first.repeats else rest, words, at + 1)
    if first.optional:
        yield from _matches(rest, words, at)


def _best(
    found: Sequence[_Name], tokens: Sequence[Token], names: Collection[str], *, only_known: bool
) -> tuple[int, int] | None:
    """The longest name that is known, else the first that can be one; an empty one where the rule has none."""
    named = [name for name in found if name is not None]
    if not named:
        return 0, 0
    known = [name for name in named if is_known(tokens[name[0] : name[1]], names)]
    if known:
        return max(known, key=lambda name: name[1] - name[0])
    first, last = named[0]
    return None if only_known or any(bare(token) in NOBODY for token in tokens[first:last]) else (first, last)


def _put(meaning: str, said: Mapping[str, Sequence[Token]]) -> list[Token]:
    return [each for word in meaning.split() for each in said.get(word, [Token(raw=word, quoted=False)])]
