"""Reading the configuration file: what it says, each at its line, or everything that is wrong with it."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from pydantic import ValidationError

from cdi_bot.configuration.document import (
    ENTRIES,
    ChannelEntry,
    Document,
    Entry,
    IntegrationEntry,
    SnoozeEntry,
    SubscriptionEntry,
    WorkspaceEntry,
)
from cdi_bot.configuration.fields import (
    OFF,
    escalation_text,
    filters_of,
    in_one_form,
    read_escalation,
    subscription_fields,
)
from cdi_bot.configuration.lines import Place, line_of, lines_of
from cdi_bot.core.commands.specification import nearest
from cdi_bot.core.hours import parse_hours
from cdi_bot.core.model.configuration import (
    EVERYONE,
    OF_CHANNELS,
    OF_INTEGRATIONS,
    Configuration,
    Fields,
    FileProblem,
    FileProblemsError,
    Item,
    Table,
)
from cdi_bot.core.model.integration import normalize_name
from cdi_bot.core.model.subscription import in_one_spelling, is_pattern


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigFile:
    """What a file says, and at which line it says each thing: a subscription may still name no workspace."""

    name: str
    items: Configuration
    lines: dict[Item, int]

    def refuse(self, problems: list[tuple[Item, str]]) -> None:
        """Raise `FileProblemsError` if there are any."""
        if problems:
            raise FileProblemsError(
                self.name, [FileProblem(line=self.lines[item], text=text) for item, text in problems]
            )


def read_config(text: str, name: str) -> ConfigFile:
    """Read a file. Raises `FileProblemsError` with all that is wrong with it; no text of it is repeated."""
    try:
        values = tomllib.loads(text.removeprefix("\ufeff"))
    except tomllib.TOMLDecodeError as error:
        raise FileProblemsError(name, [_syntax_problem(error, text)]) from None
    except (RecursionError, ValueError):  # braces in braces in braces; a number of thousands of digits
        problem = FileProblem(line=1, text="isn't valid TOML: it holds a value that is too long or too deep")
        raise FileProblemsError(name, [problem]) from None
    lines = lines_of(text.removeprefix("\ufeff"))
    problems: list[FileProblem] = []
    items: dict[Item, Fields] = {}
    at: dict[Item, int] = {}
    seen: dict[Item, int] = {}
    reached: dict[tuple[str, str], int] = {}
    for place, entry in _entries(values, lines, problems):
        line = line_of(place, lines)
        named = _named(entry)
        known = in_any_spelling(named)
        if known in seen:
            problems.append(FileProblem(line=line, text=f"{place[0]}: stands in line {seen[known]} already"))
            continue
        seen[known] = line
        if isinstance(entry, WorkspaceEntry):
            # Two that are one would share one limit of Braze's, unknown to each other.
            first = reached.setdefault((entry.base_url, entry.api_key), line)
            if first != line:
                twin = FileProblem(line=line, text=f"workspace: has the endpoint and key of line {first}")
                problems.append(twin)
        for item, fields in _items(entry, named):
            items[item], at[item] = fields, line_of((*place, item.field), lines)
            if str(fields.get("escalate", "")).endswith(f" to:{item.channel}"):
                problems.append(
                    FileProblem(
                        line=at[item], text="channel.escalate: goes to the channel that it comes from"
                    )
                )
    if problems:
        raise FileProblemsError(name, problems)
    return ConfigFile(name=name, items=items, lines=at)


def _entries(
    values: dict[str, Any], lines: dict[Place, int], problems: list[FileProblem]
) -> Iterator[tuple[Place, Entry]]:
    """The valid entries in the order of the tables; what is wrong with the others is added to the problems."""
    for table in sorted(values, key=[*Document.model_fields, *values].index):
        entries = values[table]
        if table not in ENTRIES:
            text = f"[[{table}]] isn't a table of this file{_meant(table, list(ENTRIES))}"
            problems.append(FileProblem(line=line_of((table,), lines), text=text))
        elif not isinstance(entries, list) or not all(isinstance(each, dict) for each in entries):
            text = f"{table}: has to be written as [[{table}]]"
            problems.append(FileProblem(line=line_of((table,), lines), text=text))
        else:
            for number, values_of_one in enumerate(entries):
                try:
                    yield (table, number), ENTRIES[table].model_validate(values_of_one)
                except ValidationError as error:
                    details = error.errors(include_url=False, include_input=False, include_context=False)
                    keys = {str(next(iter(each["loc"]), "")): each["type"] for each in details[::-1]}
                    problems += (
                        FileProblem(line=line_of((table, number, key), lines), text=_words(table, key, kind))
                        for key, kind in keys.items()
                    )


def _syntax_problem(error: tomllib.TOMLDecodeError, text: str) -> FileProblem:
    what, _, place = str(error).partition(" (at ")
    found = re.search(r"line (\d+)", place)
    line = int(found[1]) if found else text.count("\n") + 1
    return FileProblem(line=line, text=f"isn't valid TOML: {what[:1].lower()}{what[1:]}")


def _words(table: str, key: str, kind: str) -> str:
    """What is wrong with a key, by what pydantic found; without the value."""
    fields = ENTRIES[table].model_fields
    if key not in fields:
        return f"{table}: {key} isn't a key of it{_meant(key, list(fields))}"
    problem = "is missing" if kind == "missing" else "isn't valid"
    return f"{table}.{key}: {problem}. {fields[key].description}"


def _meant(word: str, known: list[str]) -> str:
    found = nearest(word, known)
    return f": {found}?" if found else f". It takes {', '.join(known)}"


def _named(entry: Entry) -> Item:
    """Which thing an entry is about."""
    match entry:
        case WorkspaceEntry():
            return Item(table=Table.WORKSPACE, workspace=entry.name)
        case ChannelEntry():
            return Item(table=Table.CHANNEL, channel=entry.id)
        case SubscriptionEntry() | SnoozeEntry():
            return Item(
                table=Table.SNOOZE if isinstance(entry, SnoozeEntry) else Table.SUBSCRIPTION,
                channel=entry.channel,
                workspace=entry.workspace or "",
                selector=in_one_spelling(entry.selector),
                field=in_one_form(entry.window) if isinstance(entry, SnoozeEntry) else "",
            )
        case IntegrationEntry():
            return Item(
                table=Table.INTEGRATION,
                workspace=entry.workspace or "",
                selector=in_one_spelling(entry.selector),
            )
    raise TypeError(type(entry))


def in_any_spelling(item: Item) -> Item:
    """An item by which those are one that match the same: a pattern stays as it is stored, in whatever spelling."""
    return replace(item, selector=normalize_name(item.selector)) if is_pattern(item.selector) else item


def _items(entry: Entry, named: Item) -> Iterator[tuple[Item, Fields]]:
    """What an entry sets."""
    said = {
        key: tuple(value) if isinstance(value, list) else value
        for key, value in entry.model_dump(exclude_none=True, exclude=set(named.names)).items()
    }
    match named.table:
        case Table.WORKSPACE:
            visible_to = said.pop("visible_to")
            yield (
                named,
                said | ({} if visible_to == EVERYONE else {"visible_to": tuple(sorted({*visible_to}))}),
            )
        case Table.SUBSCRIPTION:
            said.pop("workspace", None)
            yield named, subscription_fields(filters_of(said, "UTC"))
        case Table.SNOOZE:
            yield named, said
        case _:
            fields = OF_CHANNELS if named.table is Table.CHANNEL else OF_INTEGRATIONS
            for field in filter(said.__contains__, fields):
                value = tuple(sorted({*said[field]})) if field == "holidays" else said[field]
                if field == "hours":
                    value = str(parse_hours(str(value)) or value)
                if field == "escalate" and (escalation := read_escalation(str(value))):
                    value = escalation_text(*escalation)
                yield replace(named, field=field), {} if value == OFF.get(field) else {field: value}
