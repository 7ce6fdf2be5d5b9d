"""What the operator decides, read once from the environment and a `.env` file (the environment wins).

Only the command line and what puts the program together import this module; everything below is given plain values.
All that is wrong is told at once, each problem naming its variable and how to fix it, and no problem repeats a value
that was meant to be secret: people paste the wrong secret into a variable, and log collectors keep what is printed.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, TypeVar
from urllib.parse import unquote, urlsplit

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
)
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict

from cdi_bot.settings import checks


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing wrong with one variable: `what` is wrong, and how to `fix` it. Never holds a value."""

    variable: str
    what: str
    fix: str

    def __str__(self) -> str:
        return f"{self.variable}: {self.what}. {self.fix}."


class SettingsError(Exception):
    """The settings can't be used; `problems` lists everything that is wrong with them."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems

    @property
    def is_first_run(self) -> bool:
        """Whether nothing that is needed is set."""
        return {each.variable for each in self.problems if each.what == _MISSING}.issuperset(
            _FIXES_WHEN_MISSING
        )


class LogFormat(StrEnum):
    """How a log line is written."""

    CONSOLE = "console"  # for people at a terminal
    JSON = "json"  # for log collectors: one object a line


class LogLevel(StrEnum):
    """The least important line that is still written."""

    DEBUG = "debug"  # every step
    INFO = "info"  # what changed
    WARNING = "warning"  # what needs a look
    ERROR = "error"  # what failed


_BOT_TOKEN_FIX = "Copy the Bot User OAuth Token from OAuth & Permissions in your Slack app's settings"  # noqa: S105 (words, not a token)
_APP_TOKEN_FIX = "Make an app-level token with connections:write under Basic Information"  # noqa: S105 (likewise)
_SIGNING_FIX = "Copy the Signing Secret from Basic Information in your Slack app's settings"
_HEARTBEAT_FIX = "Copy the address to ping from your dead-man's switch, such as https://hc-ping.com/UUID"
_BRAZE_URL_FIX = "Give your instance's REST endpoint, such as https://rest.iad-03.braze.com"
BRAZE_KEY_FIX = (
    "Make a new key under Settings › APIs and Identifiers in Braze, with the permissions "
    "cdi.integration_job_status, cdi.integration_list and cdi.integration_sync"
)


def _lower(sentence: str) -> str:
    return sentence[0].lower() + sentence[1:]


Seconds = Annotated[timedelta, BeforeValidator(checks.seconds)]


class DatabaseSettings(BaseSettings):
    """What migrations need: a release may run before any token is set."""

    model_config = SettingsConfigDict(
        frozen=True,
        extra="ignore",
        validate_default=False,
        env_ignore_empty=True,
        env_file_encoding="utf-8",
        hide_input_in_errors=True,
    )

    database_url: Annotated[str, BeforeValidator(checks.database_url)] = Field(
        alias="DATABASE_URL", default="sqlite:///cdi_bot.db", validate_default=True, repr=False
    )
    """With the async driver named; may hold a password."""
    secret_keys: Annotated[tuple[SecretStr, ...], NoDecode, BeforeValidator(checks.secret_keys)] = Field(
        alias="CDI_BOT_SECRET_KEY", default=()
    )
    """Encrypt the Braze keys that admins add in chat, the newest first."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 (the library's signature)
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003 (the library's signature)
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 (the library's signature)
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Reads what it is given, then `.env`: the environment is an argument here, so that it can be another."""
        return init_settings, dotenv_settings


class RuleSettings(DatabaseSettings):
    """What decides together with the rules, and how it is told; a backtest needs no more."""

    grace: Seconds = Field(alias="CDI_BOT_GRACE", default=timedelta(seconds=600))
    unreachable_after: Seconds = Field(alias="CDI_BOT_UNREACHABLE_AFTER", default=timedelta(seconds=300))
    language: Annotated[str, BeforeValidator(checks.language)] = Field(alias="CDI_BOT_LANGUAGE", default="en")


class BrazeSettings(RuleSettings):
    """What is needed to ask Braze and to keep what it says, without Slack."""

    braze_base_url: Annotated[str, checks.web_address(_BRAZE_URL_FIX)] = Field(alias="BRAZE_BASE_URL")
    """Without a slash at the end."""
    braze_api_key: Annotated[SecretStr, checks.one_word(BRAZE_KEY_FIX)] = Field(alias="BRAZE_API_KEY")
    poll_interval: Seconds = Field(alias="CDI_BOT_POLL_INTERVAL", default=timedelta(seconds=30))
    repeat_interval: Seconds = Field(alias="CDI_BOT_REPEAT_INTERVAL", default=timedelta(hours=4))
    dashboard_link: Annotated[str, BeforeValidator(checks.dashboard_link)] | None = Field(
        alias="CDI_BOT_DASHBOARD_LINK", default=None
    )
    retention: Annotated[timedelta, BeforeValidator(checks.days)] = Field(
        alias="CDI_BOT_RETENTION", default=timedelta(days=400)
    )
    log_format: LogFormat | None = Field(alias="CDI_BOT_LOG_FORMAT", default=None)
    """None: console on a terminal, else JSON."""
    log_level: LogLevel = Field(alias="CDI_BOT_LOG_LEVEL", default=LogLevel.INFO)

    @field_validator("log_format", "log_level", mode="before")
    @classmethod
    def _any_case(cls, value: Any) -> Any:
        return value.strip().lower() if isinstance(value, str) else value

    @property
    def addresses(self) -> list[str]:
        """What has to be reached."""
        return [self.braze_base_url]

    @property
    def secrets(self) -> list[str]:
        """Every secret in plain text, for the redaction of logs; a database password among them."""
        url = urlsplit(self.database_url)
        parameters = [each.partition("=") for each in url.query.split("&")]
        passwords = [url.password or "", *(value for name, _, value in parameters if "password" in name)]
        written = {form for each in passwords for form in (each, unquote(each))}
        keys = [self.braze_api_key, *self.secret_keys]
        return [*(key.get_secret_value() for key in keys), *filter(None, written)]


class Settings(BrazeSettings):
    """Everything the operator can decide. Frozen; secrets show as stars; build it with `load_settings`."""

    slack_bot_token: Annotated[SecretStr, checks.slack_token("xoxb-", _BOT_TOKEN_FIX)] = Field(
        alias="SLACK_BOT_TOKEN"
    )
    slack_app_token: Annotated[SecretStr, checks.slack_token("xapp-", _APP_TOKEN_FIX)] | None = Field(
        alias="SLACK_APP_TOKEN", default=None
    )
    slack_signing_secret: Annotated[SecretStr, checks.one_word(_SIGNING_FIX)] | None = Field(
        alias="SLACK_SIGNING_SECRET", default=None, validate_default=True
    )
    slack_api_url: Annotated[str, checks.web_address("Leave it out to use Slack itself")] = Field(
        alias="SLACK_API_URL", default="https://slack.com/api", validate_default=True
    )
    """Ends with a slash, as Slack's SDK wants it."""
    heartbeat_url: Annotated[SecretStr, checks.secret_address(_HEARTBEAT_FIX)] | None = Field(
        alias="CDI_BOT_HEARTBEAT_URL", default=None
    )
    port: int = Field(alias="PORT", default=3000, ge=0, le=65535)
    host: str = Field(alias="CDI_BOT_HOST", default="", validate_default=True)
    """With Slack's requests over HTTP every address of this machine unless told otherwise, else its own alone."""
    config_file: Annotated[Path, AfterValidator(checks.readable_file)] | None = Field(
        alias="CDI_BOT_CONFIG", default=None
    )
    admins: Annotated[frozenset[str], NoDecode, BeforeValidator(checks.user_ids)] = Field(
        alias="CDI_BOT_ADMINS", default=frozenset()
    )
    admin_channel: Annotated[str, BeforeValidator(checks.channel_id)] | None = Field(
        alias="CDI_BOT_ADMIN_CHANNEL", default=None
    )

    @field_validator("slack_api_url")
    @classmethod
    def _with_slash(cls, value: str) -> str:
        return f"{value}/"

    @field_validator("host")
    @classmethod
    def _reachable_when_needed(cls, value: str, info: ValidationInfo) -> str:
        # An app token that was given but is wrong is absent from `data`.
        takes_requests = info.data.get("slack_app_token", "wrong") is None
        everywhere = "0.0.0.0"  # noqa: S104 (Slack reaches it from outside)
        return value.strip().strip("[]") or (everywhere if takes_requests else "127.0.0.1")

    @field_validator("slack_signing_secret")
    @classmethod
    def _needed_without_socket(cls, value: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        # An app token that was given but is wrong is absent from `data`: one problem is enough then.
        if value is None and info.data.get("slack_app_token", "wrong") is None:
            raise checks.WrongValue(
                "is missing, and so is SLACK_APP_TOKEN: one of them is needed",
                f"For Socket Mode, the simpler way, set SLACK_APP_TOKEN: {_lower(_APP_TOKEN_FIX)}. For HTTP: "
                f"{_lower(_SIGNING_FIX)}",
            )
        return value

    @property
    def addresses(self) -> list[str]:
        """What has to be reached; Slack itself answers at more than one address."""
        of_slack = (
            ["wss://wss-primary.slack.com", "https://hooks.slack.com"]
            if self.slack_api_url.startswith("https://slack.com/")
            else []
        )
        heartbeat = [self.heartbeat_url.get_secret_value()] if self.heartbeat_url else []
        return [*super().addresses, self.slack_api_url, *of_slack, *heartbeat]

    @property
    def secrets(self) -> list[str]:
        """The same, with Slack's, and the heartbeat's address: whoever knows it can keep the switch quiet."""
        known = [self.slack_bot_token, self.slack_app_token, self.slack_signing_secret, self.heartbeat_url]
        return [*(each.get_secret_value() for each in known if each), *super().secrets]


VARIABLES: tuple[str, ...] = tuple(str(field.alias) for field in Settings.model_fields.values())

_MISSING = "is missing"

_FIXES_WHEN_MISSING = {
    "SLACK_BOT_TOKEN": _BOT_TOKEN_FIX,
    "BRAZE_BASE_URL": _BRAZE_URL_FIX,
    "BRAZE_API_KEY": BRAZE_KEY_FIX,
}


class _DotEnv(BaseSettings):
    """Everything that a `.env` file holds."""

    model_config = SettingsConfigDict(extra="allow", case_sensitive=True)


def variable(name: str) -> str | None:
    """What a variable holds now that no setting names; the environment wins over `.env`, which is read anew."""
    if name in os.environ:
        return os.environ[name]
    try:
        return (_DotEnv(_env_file=Path(".env")).model_extra or {}).get(name)
    except (OSError, UnicodeDecodeError):
        return None


def load_settings(environ: Mapping[str, str] | None = None, env_file: Path | None = Path(".env")) -> Settings:
    """Reads the settings from `environ` (this process's unless given) and from `env_file`, if it is there.

    An empty variable counts as one that isn't set.

    Raises:
        SettingsError: with every problem there is.
    """
    return _load(Settings, environ, env_file)


def load_braze_settings() -> BrazeSettings:
    """What is needed without Slack; otherwise like `load_settings`."""
    return _load(BrazeSettings)


def load_rule_settings() -> RuleSettings:
    """What a backtest needs, whatever else is not set; otherwise like `load_settings`."""
    return _load(RuleSettings)


def load_database_settings(
    environ: Mapping[str, str] | None = None, env_file: Path | None = Path(".env")
) -> DatabaseSettings:
    """What concerns the database alone, whatever else is not set; otherwise like `load_settings`."""
    return _load(DatabaseSettings, environ, env_file)


Kind = TypeVar("Kind", bound=DatabaseSettings)


def _load(
    kind: type[Kind], environ: Mapping[str, str] | None = None, env_file: Path | None = Path(".env")
) -> Kind:
    environ = os.environ if environ is None else environ
    given: dict[str, Any] = {name: environ[name] for name in VARIABLES if environ.get(name)}
    try:
        return kind(_env_file=env_file, **given)
    except ValidationError as error:
        details = error.errors(include_url=False, include_input=False)
        raise SettingsError([_problem(detail) for detail in details]) from None
    except (OSError, UnicodeDecodeError) as error:
        what = f"the file can't be read ({type(error).__name__})"
        raise SettingsError(
            [Problem(variable=str(env_file), what=what, fix="Make it readable UTF-8 text, or remove it")]
        ) from None


def _problem(detail: ErrorDetails) -> Problem:
    """Words for what pydantic found, without the value it found."""
    name = str(detail["loc"][0])
    # Where a default was judged, pydantic names the field in place of the variable.
    variable = str(Settings.model_fields[name].alias) if name in Settings.model_fields else name
    wrong = detail.get("ctx", {}).get("error")
    match detail["type"]:
        case _ if isinstance(wrong, checks.WrongValue):
            what, fix = wrong.what, wrong.fix
        case "missing":
            what, fix = _MISSING, _FIXES_WHEN_MISSING[variable]
        case "enum":
            what, fix = "isn't a valid value", f"Use {detail['ctx']['expected']}"
        case _:
            what, fix = "isn't a valid port", "Give a whole number from 0 (any free port) to 65535"
    return Problem(variable=variable, what=what, fix=fix)
