"""Try what the bot needs before it starts, and tell how to mend what is not right."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

import structlog

from cdi_bot.braze.client import BrazeClient
from cdi_bot.services.ports import (
    BrazeReason,
    BrazeTrouble,
    Purpose,
    SlackTrouble,
    SlackVerdict,
    StoreTrouble,
)
from cdi_bot.settings import Problem, Settings, SettingsError
from cdi_bot.slack.bolt import Identity, SlackApp
from cdi_bot.store import SqlStore
from cdi_bot.store.migrate import current, upgrade

Answer = TypeVar("Answer")

log = structlog.get_logger(__name__)

_LONGEST_WAIT = 30.0

_NO_INTEGRATION = "cdi-bot-check-0"
"""No integration's id: Braze refuses it where the key has the permission, and the key where it has not."""

_BOT_TOKEN_MEND = "Copy the Bot User OAuth Token anew from OAuth & Permissions, after installing the app"  # noqa: S105 (words, not a token)
_APP_TOKEN_MEND = (
    "Make an app-level token with connections:write under Basic Information, and turn Socket Mode on"  # noqa: S105 (likewise)
)
_KEY_MEND = "Make a key with cdi.integration_job_status under Settings > APIs and Identifiers in Braze"


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """One thing that was tried: what, whether it works, what was seen, and how to mend it."""

    what: str
    ok: bool
    detail: str
    mend: str | None = None


def make_slack(settings: Settings) -> SlackApp:
    """The Slack app of these settings; connects to nothing yet."""
    app_token, signing_secret = settings.slack_app_token, settings.slack_signing_secret
    return SlackApp(
        bot_token=settings.slack_bot_token.get_secret_value(),
        app_token=app_token.get_secret_value() if app_token else None,
        signing_secret=signing_secret.get_secret_value() if signing_secret else None,
        api_url=settings.slack_api_url,
    )


async def open_store(url: str) -> SqlStore:
    """Open the database: SQLite is brought up to date, PostgreSQL has to be so already.

    Several processes may start at once on PostgreSQL, and a release step has its place before them. Raises
    `StoreTrouble` with the command that mends it.
    """
    if url.startswith("sqlite"):
        await asyncio.to_thread(upgrade, url)
        return await SqlStore.open(url)
    found = await asyncio.to_thread(current, url)
    if found.is_newer:
        raise StoreTrouble(
            f"the database was made by a newer cdi-bot (revision {found.revision}, this one knows {found.head}):"
            " install that version"
        )
    if not found.is_current:
        raise StoreTrouble(
            f"the database is at revision {found.revision or 'none'}, this cdi-bot needs {found.head}:"
            " run `cdi-bot db upgrade`"
        )
    return await SqlStore.open(url)


async def identify(slack: SlackApp, stop: asyncio.Event) -> Identity | None:
    """Try the bot token; waits while Slack is away, `None` when `stop` is set meanwhile.

    Raises `SettingsError` when Slack refuses the token.
    """
    return await _until_answered(slack.identify, stop, "SLACK_BOT_TOKEN", _BOT_TOKEN_MEND)


async def connect(slack: SlackApp, stop: asyncio.Event) -> None:
    """Connect for commands; waits while Slack is away, or until `stop` is set.

    Raises `SettingsError` when Slack refuses the app token.
    """
    await _until_answered(slack.connect, stop, "SLACK_APP_TOKEN", _APP_TOKEN_MEND)


async def _until_answered(
    call: Callable[[], Awaitable[Answer]], stop: asyncio.Event, variable: str, mend: str
) -> Answer | None:
    wait = 1.0
    while not stop.is_set():
        try:
            return await call()
        except SlackTrouble as trouble:
            if trouble.verdict in {SlackVerdict.TEAM_GONE, SlackVerdict.REFUSED}:
                what = f"Slack refuses this token ({trouble.reason})"
                raise SettingsError([Problem(variable=variable, what=what, mend=mend)]) from None
            log.warning("Slack can't be reached; trying again", reason=trouble.reason, seconds=wait)
        await _pause(stop, wait)
        wait = min(wait * 2, _LONGEST_WAIT)
    return None


async def refuse_bad_key(braze: BrazeClient) -> None:
    """Try the Braze key; raises `SettingsError` when Braze refuses it. Any other trouble may pass by itself."""
    try:
        await braze.status_page(_NO_INTEGRATION, purpose=Purpose.COMMAND)
    except BrazeTrouble as trouble:
        if trouble.reason is BrazeReason.BAD_KEY:
            raise SettingsError(
                [Problem(variable="BRAZE_API_KEY", what="Braze refuses this key (401)", mend=_KEY_MEND)]
            ) from None
        if trouble.reason is BrazeReason.INVALID_URL:
            raise SettingsError(
                [
                    Problem(
                        variable="BRAZE_BASE_URL",
                        what=str(trouble),
                        mend="Give your instance's REST endpoint",
                    )
                ]
            ) from None
        if trouble.reason is not BrazeReason.INVALID_INTEGRATION:
            log.warning("Braze can't be asked yet", reason=trouble.reason.value, why=str(trouble))


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    """Wait, but not longer than until the stop."""
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        return


async def run_checks(settings: Settings, braze: BrazeClient) -> list[CheckResult]:
    """Try every credential and permission that the bot would use."""
    slack = make_slack(settings)
    try:
        checks = [
            await _check_database(settings.database_url),
            await _check_bot_token(slack),
            *([await _check_app_token(slack)] if settings.slack_app_token else []),
        ]
    finally:
        await slack.close()
    try:
        checks += [
            await _check_key("cdi.integration_job_status", lambda: braze.status_page(_NO_INTEGRATION)),
            await _check_key("cdi.integration_list", braze.list_page),
            await _check_key("cdi.integration_sync", lambda: braze.trigger_sync(_NO_INTEGRATION)),
        ]
    finally:
        await braze.aclose()
    return checks


async def _check_database(url: str) -> CheckResult:
    try:
        store = await open_store(url)
        await store.close()
    except StoreTrouble as trouble:
        return CheckResult(what="database", ok=False, detail=str(trouble), mend="See DATABASE_URL")
    return CheckResult(what="database", ok=True, detail="up to date")


async def _check_bot_token(slack: SlackApp) -> CheckResult:
    what = "SLACK_BOT_TOKEN"
    try:
        identity = await slack.identify()
    except SlackTrouble as trouble:
        return CheckResult(what=what, ok=False, detail=f"Slack says {trouble.reason}", mend=_BOT_TOKEN_MEND)
    return CheckResult(what=what, ok=True, detail=f"team {identity.team_id}")


async def _check_app_token(slack: SlackApp) -> CheckResult:
    what = "SLACK_APP_TOKEN"
    try:
        await slack.connect()
    except SlackTrouble as trouble:
        return CheckResult(what=what, ok=False, detail=f"Slack says {trouble.reason}", mend=_APP_TOKEN_MEND)
    return CheckResult(what=what, ok=True, detail="Socket Mode connects")


async def _check_key(permission: str, call: Callable[[], Awaitable[object]]) -> CheckResult:
    """Make a call that changes nothing: a refusal of the made-up id shows that the key itself was accepted."""
    what = f"BRAZE_API_KEY, {permission}"
    try:
        await call()
    except BrazeTrouble as trouble:
        if trouble.reason is not BrazeReason.INVALID_INTEGRATION:
            return CheckResult(
                what=what, ok=False, detail=str(trouble), mend=f"Give the key {permission} in Braze"
            )
    return CheckResult(what=what, ok=True, detail="granted")
