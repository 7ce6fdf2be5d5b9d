"""`cdi-bot check`: try every credential and permission that the bot would use, and tell how to fix them."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass
from datetime import timedelta

import typer

from cdi_bot.braze.client import BrazeClient
from cdi_bot.cli.startup import (
    APP_TOKEN,
    BOT_TOKEN,
    SlackToken,
    is_refused,
    make_slack,
    open_store,
)
from cdi_bot.cli.workspaces import added_workspaces
from cdi_bot.core.model.channel import Channel
from cdi_bot.delivery.slack_port import SlackTrouble, SlackVerdict
from cdi_bot.monitoring.braze_port import Braze, BrazeReason, Endpoint, notable_skew
from cdi_bot.network import FAULTS
from cdi_bot.operator.heartbeat import beat
from cdi_bot.operator.logs import redact
from cdi_bot.settings.environment import Settings
from cdi_bot.slack.api.app import SlackApp
from cdi_bot.slack.api.directory import NEEDED, OPTIONAL, Scopes
from cdi_bot.slack.api.messenger import SlackMessenger
from cdi_bot.slack.render.kit.i18n import Translator
from cdi_bot.store import StoreTrouble
from cdi_bot.usecases.lookup import PERMISSIONS
from cdi_bot.usecases.workspaces import OF_EVERY_CALL, permissions_of

_NETWORK_FIX = "Check the network, and SLACK_API_URL where it is set"

_TRIES, _FEW = 3, 5
"""A message that failed so often is told of; so many of them are named."""

_LOSSES = {
    Endpoint.STATUS: "Without it the bot can't see how any run ended",
    Endpoint.LIST: "Without it names, patterns and `all` don't work, and alerts come later",
    Endpoint.SYNC: "Without it nobody can start a sync from Slack",
}
"""What the key should be allowed, and what it costs where it is not."""

_OF_THE_KEY = frozenset({BrazeReason.BAD_KEY, BrazeReason.KEY_LOST})


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """One thing that was tried: what, whether it works, what was seen, and how to fix it."""

    what: str
    ok: bool
    detail: str
    fix: str | None = None


async def print_checks(settings: Settings, braze: BrazeClient, *, as_json: bool) -> bool:
    """Try everything and print each result as soon as it is there, or all as JSON; whether all is well."""
    results: list[CheckResult] = []
    async for result in run_checks(settings, braze):
        results.append(result)
        if not as_json:
            for line in _lines(result):
                typer.echo(redact(line))
    failed = sum(not each.ok for each in results)
    if as_json:
        found = {"ok": not failed, "checks": [asdict(each) for each in results]}
        typer.echo(redact(json.dumps(found, ensure_ascii=False)))
    elif failed:
        typer.echo(f"\n{failed} of {len(results)} checks failed.")
    else:
        typer.echo(f"\nAll {len(results)} checks passed. Start the bot: cdi-bot run")
    return not failed


def _lines(result: CheckResult) -> list[str]:
    sign = typer.style("ok    ", fg="green") if result.ok else typer.style("NOT OK", fg="red", bold=True)
    lines = [f"{sign}  {result.what}: {result.detail}"]
    return lines if result.ok or not result.fix else [*lines, f"        {result.fix}"]


async def run_checks(settings: Settings, braze: BrazeClient) -> AsyncIterator[CheckResult]:
    """Try everything, one after the other; the client is closed afterwards."""
    slack = make_slack(settings)
    try:
        for result in await _check_database(settings.database_url):
            yield result
        for result in await _check_bot_token(slack, settings.admin_channel):
            yield result
        yield await _check_delivery_of_commands(slack, with_app_token=settings.slack_app_token is not None)
    finally:
        await slack.close()
    if settings.heartbeat_url is not None:
        yield _heartbeat(await beat(settings.heartbeat_url.get_secret_value()))
    for results in (await _check_given(braze), await _check_added(settings)):
        for result in results:
            yield result


def _heartbeat(trouble: str | None) -> CheckResult:
    return CheckResult(
        what="CDI_BOT_HEARTBEAT_URL",
        ok=trouble is None,
        detail=trouble or "the switch took a beat",
        fix="Compare it with the address that your dead-man's switch shows; redirects are not followed",
    )


def _check_clock(skew: timedelta) -> CheckResult:
    told = notable_skew(skew)
    return CheckResult(
        what="clock",
        ok=told is None,
        detail=told or "agrees with Braze's",
        fix="Have the machine's clock set by NTP; until then deadlines go by Braze's",
    )


async def _check_database(url: str) -> list[CheckResult]:
    """Whether it can be used, which channels it holds that the bot can't post to, and messages that fail."""
    try:
        store = await open_store(url)
        try:
            await store.try_change()
            async with store.read() as uow:
                broken = await uow.subscriptions.broken()
                waiting = await uow.outbox.failing(tries=_TRIES)
        finally:
            await store.close()
    except StoreTrouble as trouble:
        return [CheckResult(what="DATABASE_URL", ok=False, detail=str(trouble))]
    lost = [f"{each.channel_id} ({mark})" for each, mark in broken.items()]
    failing = [f"{key} ({why})" for channel, key, why in waiting if channel not in broken]
    return [
        CheckResult(what="DATABASE_URL", ok=True, detail="the database is up to date"),
        CheckResult(
            what="channels",
            ok=not lost,
            detail=f"can't post to {', '.join(lost)}" if lost else "all subscribed channels can be posted to",
            fix="Invite the bot there, or end the channel's subscriptions",
        ),
        CheckResult(
            what="messages",
            ok=not failing,
            detail=_failing(failing),
            fix="The running bot's log says more: look for the keys, and for `item failed`",
        ),
    ]


def _failing(messages: Sequence[str]) -> str:
    if not messages:
        return "none keeps failing"
    more = len(messages) - _FEW
    return (
        f"waiting after {_TRIES} tries: {', '.join(messages[:_FEW])}{f' and {more} more' if more > 0 else ''}"
    )


async def _check_bot_token(slack: SlackApp, admin_channel: str | None) -> list[CheckResult]:
    try:
        identity = await slack.identify()
    except SlackTrouble as trouble:
        return [_not_ok(BOT_TOKEN.variable, trouble, BOT_TOKEN)]
    results = [CheckResult(what=BOT_TOKEN.variable, ok=True, detail=f"team {identity.team_id}")]
    if identity.scopes is not None:
        results += _check_scopes(identity.scopes)
    if admin_channel:
        results.append(
            await _check_admin_channel(slack, Channel(team_id=identity.team_id, channel_id=admin_channel))
        )
    return results


def _check_scopes(granted: Scopes) -> list[CheckResult]:
    """Whether the app was installed with what it uses; what is optional never makes the check fail."""
    results = []
    for scope, loss in {**NEEDED, **OPTIONAL}.items():
        is_granted = scope in granted
        detail = "granted" if is_granted else f"not granted (optional). Without it {loss}"
        if not is_granted and scope in NEEDED:
            detail = f"not granted. Without it {loss}"
        results.append(
            CheckResult(
                what=f"SLACK_BOT_TOKEN, {scope}",
                ok=is_granted or scope in OPTIONAL,
                detail=detail,
                fix="Add it under OAuth & Permissions in your Slack app's settings, and install the app anew",
            )
        )
    return results


async def _check_admin_channel(slack: SlackApp, channel: Channel) -> CheckResult:
    what, invite = "CDI_BOT_ADMIN_CHANNEL", "Type /invite @cdi-bot there"
    try:
        info = await SlackMessenger(slack.api, Translator.load("en")).channel_info(channel)
    except SlackTrouble as trouble:
        if trouble.verdict is SlackVerdict.CHANNEL_GONE:
            detail = "no such channel, or a private one that the bot is not in"
            return CheckResult(what=what, ok=False, detail=detail, fix=invite)
        return _not_ok(what, trouble, BOT_TOKEN)
    if info.is_archived:
        return CheckResult(
            what=what, ok=False, detail="the channel is archived", fix="Choose another channel"
        )
    if info.is_private and not info.is_member:
        return CheckResult(what=what, ok=False, detail="the bot is not in this channel", fix=invite)
    return CheckResult(what=what, ok=True, detail="the bot may post there")


async def _check_delivery_of_commands(slack: SlackApp, *, with_app_token: bool) -> CheckResult:
    if not with_app_token:
        # Only a request from Slack can show whether the secret is right.
        detail = "set; the first command typed in Slack shows whether it is right"
        return CheckResult(what="SLACK_SIGNING_SECRET", ok=True, detail=detail)
    try:
        # Not connected with: Slack would hand this connection commands that a running bot should have.
        await slack.try_app_token()
    except SlackTrouble as trouble:
        return _not_ok(APP_TOKEN.variable, trouble, APP_TOKEN)
    return CheckResult(what=APP_TOKEN.variable, ok=True, detail="Slack lets it connect")


def _not_ok(what: str, trouble: SlackTrouble, token: SlackToken) -> CheckResult:
    """A token that was refused needs another fix than a Slack that can't be reached."""
    if is_refused(trouble):
        return CheckResult(what=what, ok=False, detail=f"Slack refuses it ({trouble.reason})", fix=token.fix)
    detail = f"Can't reach Slack: {FAULTS.get(trouble.reason, trouble.reason)}"
    return CheckResult(what=what, ok=False, detail=detail, fix=_NETWORK_FIX)


async def _check_given(braze: BrazeClient) -> list[CheckResult]:
    """The key of the environment, and the clock by the answers."""
    try:
        results = await _check_key(braze, "BRAZE_API_KEY", "BRAZE_BASE_URL")
        if any(each.ok for each in results):
            results.append(_check_clock(braze.clock_skew))
    finally:
        await braze.aclose()
    return results


async def _check_added(settings: Settings) -> list[CheckResult]:
    """The keys that the store holds, each for itself."""
    results: list[CheckResult] = []
    async with AsyncExitStack() as stack:
        try:
            store = await open_store(settings.database_url)
            stack.push_async_callback(store.close)
            added = await added_workspaces(settings, store, stack)
        except StoreTrouble:
            return []  # told already
        for workspace, braze in added:
            results += await _check_key(braze, f"workspace {workspace.name}", f"workspace {workspace.name}")
    return results


async def _check_key(braze: Braze, key: str, endpoint: str) -> list[CheckResult]:
    """Make the calls that change nothing and need one permission each; what is true of all of them is told once."""
    results: list[CheckResult] = []
    for call, trouble in (await permissions_of(braze)).items():
        if trouble is not None and trouble.reason in OF_EVERY_CALL:
            what = key if trouble.reason in _OF_THE_KEY else endpoint
            return [*results, CheckResult(what=what, ok=False, detail=str(trouble))]
        results.append(
            CheckResult(
                what=f"{key}, {PERMISSIONS[call]}",
                ok=trouble is None,
                detail=str(trouble or "ok"),
                # The trouble's own text says how to fix it.
                fix=_LOSSES[call] if trouble and trouble.reason is BrazeReason.NO_PERMISSION else None,
            )
        )
    return results
