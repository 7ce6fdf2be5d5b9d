"""What the operator sets, and what they are told when it can't be used."""

from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError

from cdi_bot.settings.environment import (
    VARIABLES,
    LogFormat,
    LogLevel,
    Settings,
    SettingsError,
    load_database_settings,
    load_settings,
)

GOOD = {
    "SLACK_BOT_TOKEN": "xoxb-1-good",
    "SLACK_APP_TOKEN": "xapp-1-good",
    "BRAZE_BASE_URL": "https://rest.iad-03.braze.com/",
    "BRAZE_API_KEY": "11111111-2222-3333-4444-555555555555",
}


def load(**changes: str | None) -> Settings:
    """The settings of GOOD with some variables changed, or left out where None."""
    environ = {name: value for name, value in {**GOOD, **changes}.items() if value is not None}
    return load_settings(environ, env_file=None)


def problems(**changes: str | None) -> dict[str, str]:
    """The problems that those changes make: their words by variable."""
    with pytest.raises(SettingsError) as caught:
        load(**changes)
    return {problem.variable: str(problem) for problem in caught.value.problems}


def test_defaults() -> None:
    """With only the four needed variables, everything else has the documented default."""
    settings = load()
    assert settings.slack_api_url == "https://slack.com/api/"
    assert settings.braze_base_url == "https://rest.iad-03.braze.com"
    assert settings.database_url == "sqlite+aiosqlite:///cdi_bot.db"
    assert (settings.host, settings.port) == ("127.0.0.1", 3000)
    assert settings.poll_interval == timedelta(seconds=30)
    assert settings.unreachable_after == timedelta(seconds=300)
    assert settings.grace == timedelta(seconds=600)
    assert settings.repeat_interval == timedelta(seconds=14400)
    assert settings.retention == timedelta(days=400)
    assert (settings.admins, settings.admin_channel, settings.heartbeat_url) == (frozenset(), None, None)
    assert settings.dashboard_link is None
    assert (settings.language, settings.log_format, settings.log_level) == ("en", None, LogLevel.INFO)
    assert settings.slack_signing_secret is None


def test_the_port_is_open_to_others_only_when_slack_needs_it() -> None:
    """Over HTTP Slack comes from outside; in Socket Mode nobody has to, unless the operator says so."""
    assert load(SLACK_APP_TOKEN="", SLACK_SIGNING_SECRET="abcdef").host == "0.0.0.0"
    assert load(SLACK_SIGNING_SECRET="abcdef").host == "127.0.0.1"
    assert load(CDI_BOT_HOST="0.0.0.0").host == "0.0.0.0"
    assert load(SLACK_APP_TOKEN="", SLACK_SIGNING_SECRET="abcdef", CDI_BOT_HOST="::1").host == "::1"


def test_everything_set() -> None:
    """Each variable reaches its field, whatever blanks and letter cases people type."""
    settings = load(
        SLACK_API_URL="http://127.0.0.1:9/api/",
        SLACK_SIGNING_SECRET="abcdef",
        DATABASE_URL="postgres://bot:pw@db/cdi",
        PORT="0",
        CDI_BOT_HOST="127.0.0.1",
        CDI_BOT_POLL_INTERVAL="0.5",
        CDI_BOT_UNREACHABLE_AFTER="60",
        CDI_BOT_REPEAT_INTERVAL="3600",
        CDI_BOT_RETENTION=" 90 ",
        CDI_BOT_DASHBOARD_LINK=" {dashboard}/a/{app_group_id}?b={integration_id} ",
        CDI_BOT_ADMINS=" U0AAA , W0BBB , * ,",
        CDI_BOT_ADMIN_CHANNEL=" C0AAA ",
        CDI_BOT_HEARTBEAT_URL=" https://hc.example/ping/made-up?from=bot ",
        CDI_BOT_LANGUAGE="en-GB",
        CDI_BOT_LOG_FORMAT="JSON",
        CDI_BOT_LOG_LEVEL="Debug",
    )
    assert settings.slack_api_url == "http://127.0.0.1:9/api/"
    assert settings.poll_interval == timedelta(seconds=0.5)
    assert settings.retention == timedelta(days=90)
    assert settings.dashboard_link == "{dashboard}/a/{app_group_id}?b={integration_id}"
    assert settings.heartbeat_url is not None
    assert settings.heartbeat_url.get_secret_value() == "https://hc.example/ping/made-up?from=bot"
    assert settings.heartbeat_url.get_secret_value() in settings.addresses
    assert settings.heartbeat_url.get_secret_value() in settings.secrets
    assert "made-up" not in repr(settings)
    assert settings.admins == {"U0AAA", "W0BBB", "*"}
    assert settings.admin_channel == "C0AAA"
    assert (settings.log_format, settings.log_level) == (LogFormat.JSON, LogLevel.DEBUG)
    assert (settings.host, settings.port, settings.language) == ("127.0.0.1", 0, "en-GB")


@pytest.mark.parametrize("host", ["::", "[::]", " ::\n"])
def test_a_host_as_people_write_it(host: str) -> None:
    """Brackets and blanks around an address are none of it."""
    assert load(CDI_BOT_HOST=host).host == "::"


def test_all_problems_at_once() -> None:
    """An empty environment is told everything it lacks in one go."""
    with pytest.raises(SettingsError) as caught:
        load_settings({}, env_file=None)
    variables = [problem.variable for problem in caught.value.problems]
    assert variables == ["BRAZE_BASE_URL", "BRAZE_API_KEY", "SLACK_BOT_TOKEN", "SLACK_SIGNING_SECRET"]
    assert all(problem.fix in str(caught.value) for problem in caught.value.problems)


def test_an_empty_variable_is_unset() -> None:
    """An empty value counts as none: defaults hold, and what is needed is missing."""
    assert load(DATABASE_URL="", PORT="").port == 3000
    assert "is missing" in problems(BRAZE_API_KEY="")["BRAZE_API_KEY"]


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    """A `.env` file fills in what the environment leaves open, and nothing else."""
    file = tmp_path / ".env"
    file.write_text(
        "PORT=4000\nBRAZE_API_KEY='from-the-file'\nCDI_BOT_ADMINS=U0AAA,U0BBB\nOTHER=x\nDATABASE_URL=\n"
    )
    environ = {name: value for name, value in GOOD.items() if name != "BRAZE_API_KEY"}
    settings = load_settings({**environ, "PORT": "5000"}, env_file=file)
    assert settings.port == 5000
    assert settings.braze_api_key.get_secret_value() == "from-the-file"
    assert settings.admins == {"U0AAA", "U0BBB"}
    assert settings.database_url == "sqlite+aiosqlite:///cdi_bot.db"


def test_the_process_environment_is_the_default(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without arguments the process's own environment and folder are read."""
    monkeypatch.chdir(tmp_path)
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    for name, value in {**GOOD, "PORT": "4444"}.items():
        monkeypatch.setenv(name, value)
    assert load_settings().port == 4444


def test_an_unreadable_file(tmp_path: Path) -> None:
    """A `.env` file that is no text is named, not traced."""
    file = tmp_path / ".env"
    file.write_bytes(b"PORT=\xff\xfe")
    with pytest.raises(SettingsError, match=r"\.env: the file can't be read"):
        load_settings(GOOD, env_file=file)


@pytest.mark.parametrize(
    ("variable", "value", "query"),
    [
        ("SLACK_BOT_TOKEN", "xoxp-1-HIDDEN", "a user token"),
        ("SLACK_BOT_TOKEN", "xapp-1-HIDDEN", "an app-level token"),
        ("SLACK_BOT_TOKEN", "xoxe.xoxb-1-HIDDEN", "token rotation"),
        ("SLACK_BOT_TOKEN", "HIDDEN", "isn't a valid Slack token"),
        ("SLACK_BOT_TOKEN", "xoxb-", "incomplete"),
        ("SLACK_BOT_TOKEN", "xoxb-HIDDEN word", "spaces"),
        ("SLACK_APP_TOKEN", "xoxb-1-HIDDEN", "a bot token"),
        ("SLACK_SIGNING_SECRET", "xoxb-1-HIDDEN", "another variable"),
        ("SLACK_SIGNING_SECRET", "HIDDEN word", "spaces"),
        ("SLACK_API_URL", "HIDDEN", "isn't a valid web address"),
        ("BRAZE_BASE_URL", "rest.iad-03.HIDDEN.com", "https://"),
        ("BRAZE_BASE_URL", "https://user:HIDDEN@rest.braze.com", "more than a host and a path"),
        ("BRAZE_BASE_URL", "https://rest.braze.com:HIDDEN", "isn't a valid web address"),
        ("BRAZE_BASE_URL", "https://dashboard-03.braze.com", "dashboard"),
        ("BRAZE_API_KEY", "HIDDEN key", "spaces"),
        ("BRAZE_API_KEY", "xoxb-HIDDEN", "another variable"),
        ("DATABASE_URL", "mysql://u:HIDDEN@h/d", "SQLite or PostgreSQL"),
        ("DATABASE_URL", "HIDDEN.db", "SQLite or PostgreSQL"),
        ("DATABASE_URL", "sqlite://HIDDEN.db", "three slashes"),
        ("DATABASE_URL", "sqlite://", "in memory"),
        ("DATABASE_URL", "sqlite:///:memory:", "in memory"),
        ("DATABASE_URL", "postgresql://u:p@host:HIDDEN/d", "host or port"),
        ("DATABASE_URL", "postgresql://u:p@HIDDEN/x@host/d", "isn't encoded"),
        ("DATABASE_URL", "postgresql://u:p@HIDDEN@host/d", "isn't encoded"),
        ("DATABASE_URL", "postgresql://u:12/HIDDEN@host/d", "isn't encoded"),
        ("DATABASE_URL", "postgresql://u:12?HIDDEN@host/d", "isn't encoded"),
        ("DATABASE_URL", "postgresql://u:12#HIDDEN@host/d", "isn't encoded"),
        ("PORT", "HIDDEN", "65535"),
        ("PORT", "65536", "65535"),
        ("PORT", "-1", "65535"),
        ("CDI_BOT_POLL_INTERVAL", "HIDDEN", "isn't a valid number"),
        ("CDI_BOT_POLL_INTERVAL", "0", "more than 0"),
        ("CDI_BOT_UNREACHABLE_AFTER", "-5", "more than 0"),
        ("CDI_BOT_UNREACHABLE_AFTER", "nan", "more than 0"),
        ("CDI_BOT_REPEAT_INTERVAL", "1e300", "a year"),
        ("CDI_BOT_RETENTION", "59", "from 60 to 36500"),
        ("CDI_BOT_RETENTION", "1e3", "from 60 to 36500"),
        ("CDI_BOT_RETENTION", "HIDDEN", "from 60 to 36500"),
        ("CDI_BOT_DASHBOARD_LINK", "HIDDEN/{integration_id}", "web address"),
        ("CDI_BOT_DASHBOARD_LINK", "ftp://HIDDEN/{integration_id}", "web address"),
        ("CDI_BOT_DASHBOARD_LINK", "https://{dashboard}/{HIDDEN}", "{app_group_id}"),
        ("CDI_BOT_DASHBOARD_LINK", "https://{dashboard.HIDDEN}/", "{app_group_id}"),
        ("CDI_BOT_DASHBOARD_LINK", "https://{dashboard!r}/HIDDEN", "{app_group_id}"),
        ("CDI_BOT_DASHBOARD_LINK", "https://{dashboard:9}/HIDDEN", "{app_group_id}"),
        ("CDI_BOT_DASHBOARD_LINK", "https://{}/HIDDEN", "{app_group_id}"),
        ("CDI_BOT_DASHBOARD_LINK", "https://{dashboard/HIDDEN", "{app_group_id}"),
        ("CDI_BOT_ADMINS", "U0AAA,@HIDDEN", "Slack user id"),
        ("CDI_BOT_ADMIN_CHANNEL", "#HIDDEN", "channel id"),
        ("CDI_BOT_HEARTBEAT_URL", "hc-ping.com/HIDDEN", "https://"),
        ("CDI_BOT_HEARTBEAT_URL", "https://hc-ping.com/HIDDEN word", "https://"),
        ("CDI_BOT_HEARTBEAT_URL", "https://hc-ping.com:HIDDEN/", "isn't a valid web address"),
        ("CDI_BOT_LANGUAGE", "HIDDEN", "Use one of: en"),
        ("CDI_BOT_LOG_FORMAT", "HIDDEN", "'console' or 'json'"),
        ("CDI_BOT_LOG_LEVEL", "HIDDEN", "'debug', 'info', 'warning' or 'error'"),
    ],
)
def test_a_wrong_value(variable: str, value: str, query: str) -> None:
    """A value that can't be used is one problem that names its variable and never repeats the value."""
    found = problems(**{variable: value})
    assert list(found) == [variable]
    assert query in found[variable]
    assert "HIDDEN" not in found[variable]


def test_a_wrong_app_token_is_one_problem() -> None:
    """A mistyped app token does not also ask for the signing secret that it makes unnecessary."""
    assert list(problems(SLACK_APP_TOKEN="xoxb-oops")) == ["SLACK_APP_TOKEN"]


def test_http_mode_needs_the_signing_secret() -> None:
    """Without an app token the signing secret is needed, and enough."""
    assert "SLACK_APP_TOKEN" in problems(SLACK_APP_TOKEN=None)["SLACK_SIGNING_SECRET"]
    settings = load(SLACK_APP_TOKEN=None, SLACK_SIGNING_SECRET="abcdef")
    assert settings.slack_app_token is None


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ("postgres://u:p@h:5432/d?sslmode=require", "postgresql+psycopg://u:p@h:5432/d?sslmode=require"),
        ("postgresql://u:p@h/d", "postgresql+psycopg://u:p@h/d"),
        ("postgresql+asyncpg://u@h/d", "postgresql+psycopg://u@h/d"),
        ("postgresql:///d?host=/run/pg", "postgresql+psycopg:///d?host=/run/pg"),
        ("sqlite:////var/lib/bot.db", "sqlite+aiosqlite:////var/lib/bot.db"),
        ("sqlite+aiosqlite:///bot.db", "sqlite+aiosqlite:///bot.db"),
    ],
)
def test_the_database_url_names_the_driver(given: str, read: str) -> None:
    """Whatever spelling a host hands out becomes the URL of the driver that is installed."""
    assert load(DATABASE_URL=given).database_url == read


def test_secrets_are_not_shown() -> None:
    """Neither repr nor str of the settings shows a secret, the database's password among them."""
    settings = load(SLACK_SIGNING_SECRET="signed", DATABASE_URL="postgres://bot:p%40ss@db/cdi")
    assert settings.secrets[:4] == ["xoxb-1-good", "xapp-1-good", "signed", GOOD["BRAZE_API_KEY"]]
    assert set(settings.secrets[4:]) == {"p%40ss", "p@ss"}
    assert not [secret for secret in settings.secrets if secret in f"{settings!r} {settings}"]
    assert len(load().secrets) == 3
    by_query = load(DATABASE_URL="postgresql:///cdi?host=db&user=bot&password=p%40ss").secrets
    assert set(by_query[3:]) == {"p%40ss", "p@ss"}


def test_settings_are_frozen() -> None:
    """Nobody changes a setting while the bot runs."""
    settings = load()
    with pytest.raises(ValidationError):
        settings.port = 1  # type: ignore[misc]  # refused at run time too


def test_the_database_url_alone(tmp_path: Path) -> None:
    """Migrations need nothing but the database's URL, from the environment or from the file."""
    file = tmp_path / ".env"
    file.write_text("DATABASE_URL=sqlite:///from-the-file.db\n")
    assert load_database_settings({}, env_file=file).database_url == "sqlite+aiosqlite:///from-the-file.db"
    with pytest.raises(SettingsError, match="DATABASE_URL"):
        load_database_settings({"DATABASE_URL": "nonsense"}, env_file=None)


def test_nothing_set_is_a_first_run() -> None:
    """Where nothing that is needed is set, a guide is told; where a part is, only what is missing."""
    with pytest.raises(SettingsError) as nothing:
        load_settings({}, env_file=None)
    assert nothing.value.is_first_run
    with pytest.raises(SettingsError) as part:
        load_settings({"SLACK_BOT_TOKEN": "xoxb-1"}, env_file=None)
    assert not part.value.is_first_run
