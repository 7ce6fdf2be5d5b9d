"""How the values of the store stand in a file, and back."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import cast

from cdi_bot.core.commands.escalation import length_text
from cdi_bot.core.commands.snooze_time import LONGEST as LONGEST_SNOOZE
from cdi_bot.core.commands.snooze_time import SHORTEST as SHORTEST_SNOOZE
from cdi_bot.core.commands.snooze_time import parse_length
from cdi_bot.core.commands.tokenizer import mention
from cdi_bot.core.digest_schedule import read_zone
from cdi_bot.core.escalation import LONGEST, SHORTEST, USUAL
from cdi_bot.core.freshness_limit import limit_in_zone
from cdi_bot.core.hours import parse_hours
from cdi_bot.core.model.configuration import Fields, Value
from cdi_bot.core.model.incident import EXPECTABLE, Topic
from cdi_bot.core.model.subscription import DEFAULT_TOPICS, Filters
from cdi_bot.core.snoozes import planned

NOBODY = "none"
"""As an owner or a runbook: there is none, whatever a wider selector says."""

OFF = {"digest": "off", "hours": "off", "escalate": "off", "contacts": "show"}
"""Settings of channels with the word by which a file keeps them off, as the commands say it."""

_ESCALATION = re.compile(r"(?:after:(\S+) )?to:([CGUW][A-Z0-9]{2,30})")


def subscription_fields(filters: Filters) -> Fields:
    """What a subscription's entry says; the zone of a time of day is its channel's."""
    fields: dict[str, Value] = {}
    if filters.topics != DEFAULT_TOPICS:
        fields["on"] = tuple(topic.value for topic in Topic if topic in filters.topics)
    if filters.off:
        fields["off"] = tuple(reason for reason in EXPECTABLE if reason in filters.off)
    if filters.min_rows is not None:
        fields["rows"] = filters.min_rows
    if filters.min_percent is not None:
        fields["percent"] = filters.min_percent
    if filters.fresh:
        fields["fresh"] = filters.fresh.partition(" ")[0]
    if filters.mention:
        fields["mention"] = bare_mention(filters.mention)
    return fields


def filters_of(fields: Fields, zone: str) -> Filters:
    """The filters of an entry that was read, in a channel of this time zone."""
    on, off = cast("tuple[str, ...]", fields.get("on", ())), cast("tuple[str, ...]", fields.get("off", ()))
    return Filters(
        topics=frozenset(map(Topic, on)) or DEFAULT_TOPICS,
        off=frozenset(off),
        min_rows=cast("int | None", fields.get("rows")),
        min_percent=float(cast("float", fields["percent"])) if "percent" in fields else None,
        fresh=limit_in_zone(cast("str | None", fields.get("fresh")), zone),
        mention=mention_of(str(fields.get("mention", ""))),
    )


def mention_of(who: str) -> str | None:
    """The mention of a person or a group, by the id; `None` for anything else."""
    return mention(f"<!subteam^{who}>" if who.startswith("S") else f"<@{who}>")


def bare_mention(text: str) -> str:
    """The id that a mention holds."""
    return text.strip("<>@!").removeprefix("subteam^")


def escalation_text(after: int, to: str) -> str:
    """An escalation after so many seconds to a channel or person."""
    return f"after:{length_text(timedelta(seconds=after))} to:{to}"


def read_escalation(text: str) -> tuple[int, str] | None:
    """The seconds and the id of an escalation; `None` for what is none."""
    match = _ESCALATION.fullmatch(text)
    if match is None:
        return None
    after = parse_length(match[1], shortest=SHORTEST) if match[1] else USUAL
    return (int(after.total_seconds()), match[2]) if after and after <= LONGEST else None


def read_window(text: str) -> str | tuple[datetime, datetime] | None:
    """The text form of a recurring window, or begin and end of a planned one, in UTC; `None` for what is none.

    None is without a zone, and a planned one no longer than a snooze may be.
    """
    sort, _, rest = text.partition(" ")
    if sort == "every":
        hours, _, zone = rest.rpartition(" ")
        read = parse_hours(hours)
        return f"{read} {zone}" if read and read_zone(zone) == zone else None
    try:
        begins, until = (datetime.fromisoformat(each).astimezone(UTC) for each in rest.split(" until "))
    except (ValueError, OverflowError):
        return None
    return (begins, until) if SHORTEST_SNOOZE <= until - begins <= LONGEST_SNOOZE else None


def in_one_form(window: str) -> str:
    """A window in the one text form that it has."""
    read = read_window(window)
    return f"every {read}" if isinstance(read, str) else planned(*read) if read else window
