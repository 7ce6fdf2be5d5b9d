"""The configuration file: what may stand in it, as a model, and reading it.

`docs/cdi-bot.schema.json` is made of the same model, so that an editor says what `cdi-bot config check` says. What has
to do with other entries, or with what the database holds, is checked by code alone.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from cdi_bot.configuration.fields import escalation_text, filters_of, read_escalation, subscription_fields
from cdi_bot.configuration.lines import Place, line_of, lines_of
from cdi_bot.core.commands.specification import nearest
from cdi_bot.core.digest_schedule import read_zone
from cdi_bot.core.freshness_limit import read_limit
from cdi_bot.core.model.configuration import (
    EVERYONE,
    Configuration,
    Fields,
    FileProblem,
    FileProblemsError,
    Item,
    Table,
)
from cdi_bot.core.model.incident import EXPECTABLE, Topic
from cdi_bot.core.model.integration import workspace_name
from cdi_bot.core.model.subscription import in_one_spelling
from cdi_bot.settings import checks
from cdi_bot.slack.render.kit.i18n import languages

SCHEMA = "https://github.com/cdi-bot/cdi-bot/raw/main/docs/cdi-bot.schema.json"
"""Where editors find the schema."""

_TIME = r"([01][0-9]|2[0-3]):[0-5][0-9]"
_CHANNEL = r"[CGD][A-Z0-9]{2,30}"


def _checked(is_valid: Callable[[str], object]) -> AfterValidator:
    """Refuse a text that this refuses, where a pattern can't say enough."""

    def check(value: str) -> str:
        if not is_valid(value):
            raise ValueError
        return value

    return AfterValidator(check)


def _text(description: str, pattern: str | None = None, *, longest: int | None = None) -> Any:
    return Field(description=description, pattern=pattern and f"^({pattern})$", max_length=longest)


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


ChannelId = Annotated[str, _text("A channel's id, such as C024BE91L", _CHANNEL)]
_IS_NAME = _checked(lambda value: workspace_name(value) == value)
_IS_ADDRESS = AfterValidator(checks.web_address("").func)


class WorkspaceEntry(_Entry):
    """A Braze workspace that the bot watches."""

    name: Annotated[
        str,
        _text("Its name: up to 30 small letters, digits, dots, hyphens and underscores", r"[^\s/*A-Z]{1,30}"),
        _IS_NAME,
    ]
    base_url: Annotated[
        str,
        _text("Its REST endpoint, such as https://rest.iad-03.braze.com", r"https?://[^\s/?#@]+(/[^\s?#]*)?"),
        _IS_ADDRESS,
    ]
    api_key: Annotated[
        str,
        _text(
            "Where its REST API key is found, `env:NAME` or `file:PATH`; never the key itself",
            r"env:[A-Za-z_][A-Za-z0-9_]*|file:\S.*",
        ),
    ]
    visible_to: Annotated[
        Literal["everyone"] | Annotated[list[ChannelId], Field(min_length=1)],
        _text("The ids of the channels that may see it, or `everyone`"),
    ] = EVERYONE  # type: ignore[assignment]


class ChannelEntry(_Entry):
    """Settings of a channel; those that are left out are set in chat."""

    id: Annotated[str, _text("The channel's id, such as C024BE91L", _CHANNEL)]
    language: Annotated[
        str | None,
        _text("The language of its messages, such as `ja`"),
        _checked(lambda it: it in languages()),
    ] = None
    zone: Annotated[
        str | None,
        _text("Its time zone, such as `Europe/Berlin`, in which its times of day are meant"),
        _checked(lambda it: read_zone(it) == it),
    ] = None
    digest: Annotated[
        str | None,
        _text(
            "When it gets a digest: `daily 09:00` or `weekly mon 09:00`, with `quiet` for none when all went well",
            rf"(daily|weekly (mon|tue|wed|thu|fri|sat|sun)) {_TIME}( quiet)?",
        ),
    ] = None
    escalate: Annotated[
        str | None,
        _text(
            "Where an incident goes that nobody acknowledged: `after:30m to:C024BE91L`, 10 seconds to 7 days",
            r"(after:([0-9]{1,6}[dhms])+ )?to:[CGUW][A-Z0-9]{2,30}",
        ),
        _checked(read_escalation),
    ] = None
    workspace: Annotated[
        str | None, _text("The workspace that is meant in it where a command names none"), _IS_NAME
    ] = None


class SubscriptionEntry(_Entry):
    """A subscription of a channel."""

    channel: Annotated[str, _text("The channel's id, such as C024BE91L", _CHANNEL)]
    workspace: Annotated[
        str | None, _text("The workspace; may be left out while there is but one"), _IS_NAME
    ] = None
    selector: Annotated[
        str,
        _text(
            "An integration's id, a pattern of names such as `Users*`, or `all`",
            r"all|[A-Za-z0-9._-]*[0-9][A-Za-z0-9._-]*|.*[*?].*",
            longest=300,
        ),
    ]
    on: Annotated[
        list[
            Annotated[str, Field(json_schema_extra={"enum": list(Topic)}), _checked(set(Topic).__contains__)]
        ]
        | None,
        Field(min_length=1, description=f"Only these alerts: {', '.join(Topic)}"),
    ] = None
    off: Annotated[
        list[
            Annotated[
                str, Field(json_schema_extra={"enum": list(EXPECTABLE)}), _checked(EXPECTABLE.__contains__)
            ]
        ]
        | None,
        Field(min_length=1, description=f"Not for these reasons: {', '.join(EXPECTABLE)}"),
    ] = None
    rows: Annotated[
        int | None, Field(ge=1, le=10**12, description="Only when at least so many rows failed")
    ] = None
    percent: Annotated[
        float | None, Field(gt=0, le=100, description="Only when at least so many percent of the rows failed")
    ] = None
    fresh: Annotated[
        str | None,
        _text(
            "Also when nothing newer came for so long, or by a time of day: `36h`, `90m`, `09:00`",
            rf"[0-9]{{1,6}}[hm]|{_TIME}",
        ),
        _checked(read_limit),
    ] = None
    mention: Annotated[
        str | None, _text("The id of a person (U…) or group (S…) to mention", r"[UWS][A-Z0-9]{2,30}")
    ] = None


class Document(_Entry):
    """What cdi-bot sets up by itself: Braze workspaces, channels and their subscriptions."""

    workspace: list[WorkspaceEntry] = []
    channel: list[ChannelEntry] = []
    subscription: list[SubscriptionEntry] = []


class _Schema(GenerateJsonSchema):
    """TOML has no null: what may be left out is left out."""

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])


def json_schema() -> dict[str, Any]:
    """The JSON Schema of the file."""
    schema = Document.model_json_schema(schema_generator=_Schema)
    return {"$schema": GenerateJsonSchema.schema_dialect, "$id": SCHEMA, **schema}


# --------------------------------------------------------------------------------- reading


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
    lines = lines_of(text.removeprefix("\ufeff"))
    problems: list[FileProblem] = []
    items: dict[Item, Fields] = {}
    at: dict[Item, int] = {}
    seen: dict[Item, int] = {}
    for place, entry in _entries(values, lines, problems):
        line = line_of(place, lines)
        named = _named(entry)
        if named in seen:
            problems.append(FileProblem(line=line, text=f"{place[0]}: stands in line {seen[named]} already"))
            continue
        seen[named] = line
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
) -> Iterator[tuple[Place, _Entry]]:
    """The valid entries in the order of the tables; what is wrong with the others is added to the problems."""
    for table in sorted(values, key=[*Document.model_fields, *values].index):
        entries = values[table]
        if table not in _ENTRIES:
            text = f"[[{table}]] isn't a table of this file{_meant(table, list(_ENTRIES))}"
            problems.append(FileProblem(line=line_of((table,), lines), text=text))
        elif not isinstance(entries, list):
            text = f"{table}: has to be written as [[{table}]]"
            problems.append(FileProblem(line=line_of((table,), lines), text=text))
        else:
            for number, values_of_one in enumerate(entries):
                try:
                    yield (table, number), _ENTRIES[table].model_validate(values_of_one)
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
    fields = _ENTRIES[table].model_fields
    if key not in fields:
        return f"{table}: {key or 'this'} isn't a key of it{_meant(key, list(fields))}"
    problem = "is missing" if kind == "missing" else "isn't valid"
    return f"{table}.{key}: {problem}. {fields[key].description}"


def _meant(word: str, known: list[str]) -> str:
    found = nearest(word, known)
    return f": {found}?" if found else f". It takes {', '.join(known)}"


_ENTRIES: dict[str, type[_Entry]] = {
    Table.WORKSPACE: WorkspaceEntry,
    Table.CHANNEL: ChannelEntry,
    Table.SUBSCRIPTION: SubscriptionEntry,
}

OF_CHANNELS = ("zone", "language", "workspace", "digest", "escalate")
"""The settings of a channel, in the order in which they build on each other."""


def _named(entry: _Entry) -> Item:
    """Which thing an entry is about."""
    match entry:
        case WorkspaceEntry():
            return Item(table=Table.WORKSPACE, workspace=entry.name)
        case ChannelEntry():
            return Item(table=Table.CHANNEL, channel=entry.id)
        case SubscriptionEntry():
            return Item(
                table=Table.SUBSCRIPTION,
                channel=entry.channel,
                workspace=entry.workspace or "",
                selector=in_one_spelling(entry.selector),
            )
    raise TypeError(type(entry))


def _items(entry: _Entry, named: Item) -> Iterator[tuple[Item, Fields]]:
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
        case _:
            for field in filter(said.__contains__, OF_CHANNELS):
                value = said[field]
                if field == "escalate" and (escalation := read_escalation(str(value))):
                    value = escalation_text(*escalation)
                yield replace(named, field=field), {field: value}
