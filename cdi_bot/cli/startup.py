"""Try what the bot needs before it starts, and tell how to fix what is not right."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

import structlog

from cdi_bot.braze.client import BrazeClient
from cdi_bot.core.model.channel import Channel
from cdi_bot.delivery.slack_port import SlackTrouble, SlackVerdict
from cdi_bot.delivery.store_health import StoreHealth
from cdi_bot.monitoring.braze_port import NO_INTEGRATION, BrazeReason, Purpose
from cdi_bot.network import FAULTS
from cdi_bot.settings.environment import BRAZE_KEY_FIX, Problem, Settings, SettingsError
from cdi_bot.slack.api.app import SlackApp
from cdi_bot.slack.api.directory import Identity
from cdi_bot.slack.api.messenger import SlackMessenger
from cdi_bot.slack.render.kit.i18n import Translator
from cdi_bot.store import Store, StoreTrouble
from cdi_bot.store.migrate import current, upgrade
from cdi_bot.usecases.workspaces import why_refused

Answer = TypeVar("Answer")

log = structlog.get_logger(__name__)

_LONGEST_WAIT = 30.0
_TRIAL_SECONDS = 5.0

_TELL_SECONDS = 10.0
"""How long Slack may take to be told that the bot can't start."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SlackToken:
    """One of Slack's tokens: the variable that holds it, and how to get one that works."""

    variable: str
    fix: str


BOT_TOKEN = SlackToken(
    variable="SLACK_BOT_TOKEN",
    fix="Copy the Bot User OAuth Token anew from OAuth & Permissions, after installing the app",
)
APP_TOKEN = SlackToken(
    variable="SLACK_APP_TOKEN",
    fix="Make an app-level token with connections:write under Basic Information, and turn Socket Mode on",
)


def make_slack(settings: Settings) -> SlackApp:
    """The Slack app of these settings; connects to nothing yet."""
    app_token, signing_secret = settings.slack_app_token, settings.slack_signing_secret
    return SlackApp(
        bot_token=settings.slack_bot_token.get_secret_value(),
        app_token=app_token.get_secret_value() if app_token else None,
        signing_secret=signing_secret.get_secret_value() if signing_secret else None,
        api_url=settings.slack_api_url,
    )


async def open_store(url: str) -> Store:
    """Open the database: SQLite is brought up to date, PostgreSQL has to be so already.

    Several processes may start at once on PostgreSQL, and a release step has its place before them. Raises
    `StoreTrouble` with the command that fixes it.
    """
    if url.startswith("sqlite"):
        await asyncio.to_thread(upgrade, url)
        return await Store.open(url)
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
    return await Store.open(url)


async def tell_admins(
    settings: Settings, slack: SlackApp, trouble: StoreTrouble, clock: Callable[[], datetime]
) -> None:
    """Say in the admin channel that the bot can't start for its database; whatever restarts it says it once."""
    if settings.admin_channel is None:
        return
    health = StoreHealth(
        trouble=lambda: str(trouble),
        messenger=SlackMessenger(slack.api, Translator.load(settings.language)),
        clock=clock,
        admin_channel=Channel(team_id="", channel_id=settings.admin_channel),
    )
    with suppress(TimeoutError):
        async with asyncio.timeout(_TELL_SECONDS):
            await health.tell(str(trouble))


async def try_credentials(slack: SlackApp, braze: BrazeClient) -> None:
    """Try the key and the tokens once; raises `SettingsError` with all that are refused.

    Any other trouble may pass by itself. The app token is tried only beside another that is refused: Slack grants
    few openings of connections a minute, and `connect` tries it anyway.
    """
    trials = {"Braze": _refused_key(braze), "Slack": _refused(slack.identify, BOT_TOKEN)}
    problems = [*await asyncio.gather(*(_soon(name, each) for name, each in trials.items()))]
    if any(problems):
        problems.append(await _refused(slack.try_app_token, APP_TOKEN))
        raise SettingsError([problem for problem in problems if problem])


async def _soon(name: str, trial: Awaitable[Problem | None]) -> Problem | None:
    """What a trial finds, unless it takes long: what hangs must not keep the start waiting."""
    try:
        async with asyncio.timeout(_TRIAL_SECONDS):
            return await trial
    except TimeoutError:
        log.warning("no answer yet; going on without", of=name, seconds=_TRIAL_SECONDS)
        return None


async def identify(slack: SlackApp) -> Identity:
    """Learn who the bot is; waits while Slack is away. Raises `SettingsError` when Slack refuses the bot token."""
    return await _when_answered(slack.identify, BOT_TOKEN, "Slack can't be reached; trying until it can")


async def connect(slack: SlackApp) -> None:
    """Connect for commands; waits while Slack is away. Raises `SettingsError` when Slack refuses the app token."""
    trouble = (
        "no connection to Slack can be opened: alerts go out, commands don't arrive; trying until it can"
    )
    await _when_answered(slack.connect, APP_TOKEN, trouble)


async def _when_answered(call: Callable[[], Awaitable[Answer]], token: SlackToken, away: str) -> Answer:
    """Call until there is an answer; `away` is logged when there is none."""
    wait, reason = 1.0, None
    while True:
        try:
            return await call()
        except SlackTrouble as trouble:
            problem = _refusal(trouble, token)
            if problem:
                raise SettingsError([problem]) from None
            if trouble.reason != reason:  # said once, not with every try
                why = FAULTS.get(trouble.reason)
                log.warning(away, reason=trouble.reason, why=why)
            reason = trouble.reason
            pause = max(wait, trouble.retry_after or 0.0)
        await asyncio.sleep(pause)
        wait = min(wait * 2, _LONGEST_WAIT)


def is_refused(trouble: SlackTrouble) -> bool:
    """Whether Slack refuses the token, rather than being away."""
    return trouble.verdict in {SlackVerdict.TEAM_GONE, SlackVerdict.REFUSED}


def _refusal(trouble: SlackTrouble, token: SlackToken) -> Problem | None:
    """What is wrong with a token, `None` where the trouble says nothing about it."""
    if not is_refused(trouble):
        return None
    return Problem(
        variable=token.variable, what=f"Slack refuses this token ({trouble.reason})", fix=token.fix
    )


async def _refused(call: Callable[[], Awaitable[object]], token: SlackToken) -> Problem | None:
    try:
        await call()
    except SlackTrouble as trouble:
        return _refusal(trouble, token)
    return None


async def _refused_key(braze: BrazeClient) -> Problem | None:
    trouble = await why_refused(lambda: braze.status_page(NO_INTEGRATION, purpose=Purpose.COMMAND))
    if trouble is None:
        return None
    if trouble.reason is BrazeReason.BAD_KEY:
        return Problem(variable="BRAZE_API_KEY", what="Braze refuses this key (401)", fix=BRAZE_KEY_FIX)
    if trouble.reason is BrazeReason.INVALID_URL:
        what = str(trouble).rstrip(".")
        return Problem(variable="BRAZE_BASE_URL", what=what, fix="Give your instance's REST endpoint")
    log.warning("Braze can't be asked yet", reason=trouble.reason.value, why=str(trouble))
    return None
