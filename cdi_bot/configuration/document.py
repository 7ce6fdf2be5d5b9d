"""The configuration file: what may stand in it, as a model.

`docs/cdi-bot.schema.json` is made of the same model, so that an editor says what `cdi-bot config check` says. What has
to do with other entries, or with what the database holds, is checked by code alone.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from cdi_bot.configuration.fields import read_escalation, read_window
from cdi_bot.core.commands.tokenizer import web_address
from cdi_bot.core.digest_schedule import read_zone
from cdi_bot.core.freshness_limit import read_limit
from cdi_bot.core.hours import parse_hours
from cdi_bot.core.model.configuration import (
    EVERYONE,
    Table,
)
from cdi_bot.core.model.incident import EXPECTABLE, Topic
from cdi_bot.core.model.integration import workspace_name
from cdi_bot.settings import checks
from cdi_bot.slack.render.kit.i18n import languages

SCHEMA = "https://github.com/cdi-bot/cdi-bot/raw/main/docs/cdi-bot.schema.json"
"""Where editors find the schema."""

_TIME = r"([01][0-9]|2[0-3]):[0-5][0-9]"
_DAYS = r"(mon|tue|wed|thu|fri|sat|sun)(-(mon|tue|wed|thu|fri|sat|sun))?"
_HOURS = rf"(daily|{_DAYS}(,{_DAYS})*) {_TIME}-({_TIME}|24:00)"
_MOMENT = rf"[0-9]{{4}}-[01][0-9]-[0-3][0-9][T ]{_TIME}(:[0-5][0-9](\.[0-9]{{1,6}})?)?(Z|[+-]{_TIME})"
_CHANNEL = r"[CGD][A-Z0-9]{2,30}"


def _checked(is_valid: Callable[[str], object]) -> AfterValidator:
    """Refuse a text that this refuses, where a pattern can't say enough."""

    def check(value: str) -> str:
        if not is_valid(value):
            raise ValueError
        return value

    return AfterValidator(check)


def _is_date(text: str) -> bool:
    """Whether there is such a day."""
    try:
        return bool(date.fromisoformat(text))
    except ValueError:
        return False


def _is_hours(text: str) -> bool:
    """Whether they can be read, with the alerts that pass."""
    passing = text.partition(" except:")[2]
    return parse_hours(text) is not None and set(filter(None, passing.split(","))) <= set(Topic)


def _text(description: str, pattern: str | None = None, *, longest: int | None = None) -> Any:
    return Field(description=description, pattern=pattern and f"^({pattern})$", max_length=longest)


class Entry(BaseModel):
    """An entry of the file."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    @field_validator("*", mode="before")
    @classmethod
    def _can_be_stored(cls, value: object) -> object:
        """Refuse what PostgreSQL can't hold in a text."""
        if isinstance(value, str) and "\0" in value:
            raise ValueError
        return value


ChannelId = Annotated[str, _text("A channel's id, such as C024BE91L", _CHANNEL)]
_IS_NAME = _checked(lambda value: workspace_name(value) == value)
_IS_ADDRESS = AfterValidator(checks.web_address("").func)


_SELECTOR = Annotated[
    str,
    _text(
        "An integration's id, a pattern of names such as `Users*`, or `all`",
        r"all|[A-Za-z0-9._-]*[0-9][A-Za-z0-9._-]*|.*[*?].*",
        longest=300,
    ),
]


class WorkspaceEntry(Entry):
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


class ChannelEntry(Entry):
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
            "When it gets a digest: `daily 09:00` or `weekly mon 09:00`, with `quiet` for none when all went well; or "
            "`off`",
            rf"(daily|weekly (mon|tue|wed|thu|fri|sat|sun)) {_TIME}( quiet)?|off",
        ),
    ] = None
    hours: Annotated[
        str | None,
        _text(
            "Outside these hours nothing is posted: `mon-fri 08:00-19:00`, with `except:error,late` for some; or `off`",
            rf"{_HOURS}( except:[a-z_]+(,[a-z_]+)*)?|off",
        ),
        _checked(lambda it: it == "off" or _is_hours(it)),
    ] = None
    holidays: Annotated[
        list[Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"), _checked(_is_date)]] | None,
        Field(min_length=1, description='Dates without these hours: `["2026-12-25", "2026-12-26"]`'),
    ] = None
    contacts: Annotated[
        Literal["mention", "show"] | None,
        _text(
            "`mention` lets alerts mention the contacts in Braze of an integration without an owner, or only `show`"
        ),
    ] = None
    escalate: Annotated[
        str | None,
        _text(
            "Where an incident goes that nobody acknowledged: `after:30m to:C024BE91L`, 10 seconds to 7 days; or `off`",
            r"(after:([0-9]{1,6}[dhms])+ )?to:[CGUW][A-Z0-9]{2,30}|off",
        ),
        _checked(lambda it: it == "off" or read_escalation(it)),
    ] = None
    workspace: Annotated[
        str | None, _text("The workspace that is meant in it where a command names none"), _IS_NAME
    ] = None


class IntegrationEntry(Entry):
    """What holds for the integrations that a selector takes in, wherever their alerts go."""

    workspace: Annotated[
        str | None, _text("The workspace; may be left out while there is but one"), _IS_NAME
    ] = None
    selector: _SELECTOR
    owner: Annotated[
        str | None,
        _text(
            "The id of the person (U…) or group (S…) whom alerts mention, or `none`",
            r"[UWS][A-Z0-9]{2,30}|none",
        ),
    ] = None
    runbook: Annotated[
        str | None,
        _text("The web address of what to do, or `none`", r"https?://[^\s<>|]+|none"),
        _checked(lambda it: it == "none" or web_address(it)),
    ] = None
    critical: Annotated[
        bool | None,
        Field(description="Whether they pass hours, mention their owner each time, and escalate sooner"),
    ] = None


class SubscriptionEntry(Entry):
    """A subscription of a channel."""

    channel: Annotated[str, _text("The channel's id, such as C024BE91L", _CHANNEL)]
    workspace: Annotated[
        str | None, _text("The workspace; may be left out while there is but one"), _IS_NAME
    ] = None
    selector: _SELECTOR
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


class SnoozeEntry(Entry):
    """A window in which a channel is not told of what a selector takes in."""

    channel: Annotated[str, _text("The channel's id, such as C024BE91L", _CHANNEL)]
    workspace: Annotated[
        str | None, _text("The workspace; may be left out while there is but one"), _IS_NAME
    ] = None
    selector: _SELECTOR
    window: Annotated[
        str,
        _text(
            "When, with its time zone: `every sun 02:00-06:00 Europe/Berlin`, or "
            "`from 2026-12-24T18:00+01:00 until 2026-12-25T06:00+01:00`, a minute to 365 days",
            rf"every {_HOURS} [A-Za-z0-9_+/-]+|from {_MOMENT} until {_MOMENT}",
        ),
        _checked(read_window),
    ]
    reason: Annotated[str | None, _text("Why, in your words", r"[\s\S]*\S[\s\S]*")] = None


class Document(Entry):
    """What cdi-bot sets up by itself: Braze workspaces, channels, what they are told, and whose integrations are."""

    workspace: list[WorkspaceEntry] = []
    channel: list[ChannelEntry] = []
    integration: list[IntegrationEntry] = []
    subscription: list[SubscriptionEntry] = []
    snooze: list[SnoozeEntry] = []


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


ENTRIES: dict[str, type[Entry]] = {
    Table.WORKSPACE: WorkspaceEntry,
    Table.CHANNEL: ChannelEntry,
    Table.INTEGRATION: IntegrationEntry,
    Table.SUBSCRIPTION: SubscriptionEntry,
    Table.SNOOZE: SnoozeEntry,
}
"""The model of an entry of each table."""
