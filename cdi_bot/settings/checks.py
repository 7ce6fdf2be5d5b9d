"""Checks of single settings: each takes what an operator wrote and gives the value, or says what is wrong.

The words never repeat the value: it may be a secret that was pasted into the wrong variable.
"""

import os
import re
from datetime import timedelta
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from pydantic import BeforeValidator, SecretStr

from cdi_bot.slack.render.kit.i18n import languages
from cdi_bot.store.secret_keys import MAKE_SECRET_KEY

LONGEST_INTERVAL = 366 * 24 * 3600  # seconds; longer is a slip of the keyboard, and overflows date arithmetic

SHORTEST_PAST, LONGEST_PAST = 60, 36_500
"""Days. The success rate and digests look back over 30, and reminders are kept apart by their keys."""


class WrongValue(ValueError):
    """A value that can't be used, in words made for the person who set it."""

    def __init__(self, what: str, fix: str) -> None:
        super().__init__(what)
        self.what = what
        self.fix = fix


_TOKEN_KINDS = {
    "xoxb-": "a bot token",
    "xoxp-": "a user token",
    "xapp-": "an app-level token",
    "xoxe": "a token that expires (token rotation), which one workspace's own app does not need",
}


def slack_token(prefix: str, fix: str) -> BeforeValidator:
    """Accepts a Slack token that starts with `prefix`, and names what was pasted in its place."""

    def check(value: object) -> str:
        token = str(value).strip()
        if not token.startswith(prefix):
            for other, name in _TOKEN_KINDS.items():
                if token.startswith(other):
                    raise WrongValue(f"is {name}, but this variable takes one that starts with {prefix}", fix)
            raise WrongValue(f"isn't a valid Slack token of this kind, which starts with {prefix}", fix)
        if len(token) == len(prefix) or not re.fullmatch(r"[\x21-\x7e]+", token):
            raise WrongValue("is incomplete or contains spaces", fix)
        return token

    return BeforeValidator(check)


def one_word(fix: str) -> BeforeValidator:
    """Accepts a secret that can stand in an HTTP header: printable, without blanks."""

    def check(value: object) -> str:
        secret = str(value).strip()
        if not re.fullmatch(r"[\x21-\x7e]+", secret):
            raise WrongValue("is empty, or contains spaces or unprintable characters", fix)
        if secret.startswith(tuple(_TOKEN_KINDS)):
            raise WrongValue("is a Slack token, which belongs in another variable", fix)
        return secret

    return BeforeValidator(check)


def _parts_of(address: str, characters: str, fix: str) -> SplitResult:
    """The parts of an http(s) address made of such characters."""
    try:
        parts = urlsplit(address)
        _ = parts.port  # reading it is what checks it
    except ValueError:
        raise WrongValue("isn't a valid web address", fix) from None
    if parts.scheme not in {"http", "https"} or not parts.hostname or not re.fullmatch(characters, address):
        raise WrongValue("isn't a valid web address that starts with https://", fix)
    return parts


def web_address(fix: str) -> BeforeValidator:
    """Accepts an http(s) address without credentials, query or fragment; gives it without a last slash."""

    def check(value: object) -> str:
        text = str(value).strip()
        parts = _parts_of(text, r"\S+", fix)
        if parts.username or parts.password or parts.query or parts.fragment:
            raise WrongValue("contains more than a host and a path", fix)
        if str(parts.hostname).startswith("dashboard"):
            raise WrongValue("is the dashboard's address, not the REST endpoint's", fix)
        return text.rstrip("/")

    return BeforeValidator(check)


def secret_address(fix: str) -> BeforeValidator:
    """Accepts an http(s) address of which any part may be secret."""

    def check(value: object) -> str:
        text = str(value).strip()
        _parts_of(text, r"[\x21-\x7e]+", fix)
        return text

    return BeforeValidator(check)


DASHBOARD_LINK_FIX = (
    "Give an address such as https://{dashboard}/integrations/cloud_data_ingestion/{integration_id}; "
    "{app_group_id} can be used too"
)


def dashboard_link(value: object) -> str:
    """The pattern of an integration's page in Braze's dashboard: `{dashboard}` is a host, the others are ids."""
    pattern = str(value).strip()
    if not pattern.startswith(("https://", "http://", "{dashboard}")) or re.search(r"\s", pattern):
        raise WrongValue("isn't a valid web address", DASHBOARD_LINK_FIX)
    if re.search(r"[{}]", re.sub(r"\{(dashboard|app_group_id|integration_id)\}", "", pattern)):
        raise WrongValue("contains something else in braces", DASHBOARD_LINK_FIX)
    return pattern


def database_url(value: object) -> str:
    """Gives the URL with the async driver this bot ships: `postgres://` is Heroku's spelling."""
    fix = "Use sqlite:///FILE or postgresql://USER:PASSWORD@HOST/DATABASE"
    scheme, separator, rest = str(value).strip().partition("://")
    engine = scheme.partition("+")[0]
    if not separator or engine not in {"sqlite", "postgres", "postgresql"}:
        raise WrongValue("isn't a valid URL of an SQLite or PostgreSQL database", fix)
    if engine == "sqlite":
        if rest and not rest.startswith("/"):
            raise WrongValue(
                "isn't a valid SQLite URL, which has three slashes (four before an absolute path)", fix
            )
        if rest.partition("?")[0] in {"", "/", "/:memory:"}:
            raise WrongValue("names no file, and a database in memory would forget everything", fix)
        return f"sqlite+aiosqlite://{rest}"
    authority, _, path = re.sub(r"[/?#]", "/", rest).partition("/")
    if "@" in path or authority.count("@") > 1:
        # What reads the address takes a part of the password for the host or the database, and shows it in errors.
        raise WrongValue(
            "contains a special character that isn't encoded",
            "Write @ as %40, / as %2F, ? as %3F and # as %23",
        )
    try:
        _ = urlsplit(f"postgresql://{rest}").port
    except ValueError:
        raise WrongValue("contains an invalid host or port", fix) from None
    return f"postgresql+psycopg://{rest}"


def seconds(value: object) -> timedelta:
    """A length of time, written as a number of seconds."""
    fix = "Give a number of seconds, such as 30"
    try:
        seconds = float(str(value))
    except ValueError:
        raise WrongValue("isn't a valid number", fix) from None
    if not 0 < seconds <= LONGEST_INTERVAL:
        raise WrongValue("has to be more than 0 and at most a year", fix)
    return timedelta(seconds=seconds)


def secret_keys(value: object) -> tuple[SecretStr, ...]:
    """Fernet keys, separated by commas: 32 bytes each, in URL-safe base64."""
    keys = [word.strip() for word in str(value).split(",") if word.strip()]
    if not all(re.fullmatch(r"[A-Za-z0-9_-]{43}=", key) for key in keys):
        raise WrongValue("contains something that isn't a Fernet key", f"Make one: {MAKE_SECRET_KEY}")
    return tuple(map(SecretStr, keys))


def days(value: object) -> timedelta:
    """A length of time, written as a whole number of days."""
    text = str(value).strip()
    if not re.fullmatch(r"[0-9]{1,5}", text, re.ASCII) or not SHORTEST_PAST <= int(text) <= LONGEST_PAST:
        raise WrongValue(
            f"isn't a number of days from {SHORTEST_PAST} to {LONGEST_PAST}",
            "Give a whole number, such as 400",
        )
    return timedelta(days=int(text))


def user_ids(value: object) -> frozenset[str]:
    """Slack user ids, separated by commas; `*` for every member of the workspace."""
    ids = frozenset(word.strip() for word in str(value).split(",") if word.strip())
    if not all(word == "*" or re.fullmatch(r"[UW][A-Z0-9]{2,}", word) for word in ids):
        raise WrongValue(
            "contains something that isn't a valid Slack user id",
            "List ids such as U024BE7LH, separated by commas, or * for everybody; Slack shows it in "
            "a profile, under More",
        )
    return ids


def channel_id(value: object) -> str:
    """A Slack channel's id."""
    channel = str(value).strip()
    if not re.fullmatch(r"[CG][A-Z0-9]{2,}", channel):
        raise WrongValue(
            "isn't a valid Slack channel id",
            "Give an id such as C024BE91L; Slack shows it at the end of the channel's details",
        )
    return channel


def language(value: object) -> str:
    """One of the languages there are messages in, or a regional form of one (`ja-JP`)."""
    language = str(value).strip()
    if not {language, re.split("[-_]", language)[0]} & set(languages()):
        raise WrongValue("isn't a language that the bot speaks", f"Use one of: {', '.join(languages())}")
    return language


def readable_file(value: Path) -> Path:
    """A file that is there and may be read."""
    if not (value.is_file() and os.access(value, os.R_OK)):
        raise WrongValue("isn't a file that can be read", "Give the path of a configuration file")
    return value
