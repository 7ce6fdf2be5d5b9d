"""`/cdi hours`: when alerts may be posted in a channel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from cdi_bot.core.commands import tokenizer
from cdi_bot.core.commands.channels import ShowSettings
from cdi_bot.core.commands.specification import (
    N_,
    Arguments,
    ChannelCommand,
    Command,
    Mistake,
    MistakeKind,
    Right,
    Specification,
)
from cdi_bot.core.commands.subscriptions import read_topics
from cdi_bot.core.commands.zones import nearest_zone, odd_zone
from cdi_bot.core.digest_schedule import read_zone
from cdi_bot.core.hours import Hours, read_hours
from cdi_bot.core.model.incident import Topic


@dataclass(frozen=True, slots=True, kw_only=True)
class SetHours(ChannelCommand):
    """Post alerts in a channel within these hours only, or (`hours` is `None`) at any time.

    `zone` names the time zone; `None` is the channel's own, or else the person's.
    """

    hours: Hours | None
    zone: str | None = None


_OFF = frozenset({"off", "none", "never", "stop", "always", "24/7"})
_EXCEPT = frozenset({"except", "but"})


def _read_hours(arguments: Arguments) -> Command | Mistake:
    """Read `mon-fri 08:00-19:00 Europe/Berlin except:error,late`, `off`."""
    words, zones = list[str](), list[str]()
    named: str | None = None
    tokens = list(arguments.tokens)
    while tokens:
        token = tokens.pop(0)
        if token.option in _EXCEPT or token.bare_word in _EXCEPT:
            named = token.value or (tokens.pop(0).text if tokens else "")
            while tokens and tokens[0].bare_word.replace("-", "_").strip(",、") in tuple(Topic):
                named += f",{tokens.pop(0).text}"
            continue
        word = tokenizer.half_width(token.text)
        zone = read_zone(word)
        (zones if zone else words).append(zone or word)
    passing = read_topics(arguments, named) if named is not None else frozenset[Topic]()
    if isinstance(passing, Mistake):
        return passing
    if len(words) == 1 and words[0].lower() in _OFF:
        return SetHours(hours=None)
    hours = read_hours(words)
    if hours is None and (odd := odd_zone(words, read_hours)):
        return arguments.mistake(MistakeKind.BAD_ZONE, odd, nearest_zone(odd))
    if hours is None or len(zones) > 1:
        return arguments.mistake(MistakeKind.BAD_HOURS, tokenizer.join(arguments.tokens))
    return SetHours(hours=replace(hours, passing=passing), zone=zones[0] if zones else None)


def typed_hours(text: str | None) -> Command | Mistake | None:
    """Read what was typed into a form; `None` for nothing."""
    tokens = tokenizer.split(text or "")
    return _read_hours(Arguments(word="hours", tokens=tokens, now=_NO_MATTER)) if tokens else None


_NO_MATTER = datetime.max.replace(tzinfo=UTC)


def _written_hours(command: SetHours) -> Sequence[str]:
    if command.hours is None:
        return ("off",)
    text, named, topics = str(command.hours).partition(" except:")
    return text, command.zone or "", f"except:{topics}" if named else ""


_HOURS = Specification(
    word="hours",
    command=SetHours,
    bare=ShowSettings,
    right=Right.CHANGE,
    read=_read_hours,
    options=(("except:error,config_error", N_("alerts that are posted at any time all the same")),),
    write=_written_hours,
    usage="/cdi hours mon-fri 08:00-19:00 [Europe/Berlin] [except:error,…] | off",
    help=(
        ("/cdi hours mon-fri 08:00-19:00", N_("post alerts within these hours only")),
        ("/cdi hours off", N_("at any time")),
        ("/cdi hours daily 9am-6pm Asia/Tokyo except:error", N_("errors at any time")),
    ),
    audit=N_("{when} {who} set its hours: {what}"),
)

HOURS = (_HOURS,)
