"""Why Braze can't be reached, Slack takes no message for a channel, or the bot itself fails: in words, with the fix."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from cdi_bot.core.model.channel import Channel
from cdi_bot.core.model.incident import Incident
from cdi_bot.item_troubles import ItemTrouble, Work
from cdi_bot.monitoring.braze_port import BrazeReason
from cdi_bot.slack.render.kit.blocks import Rendered, context, section, short_message
from cdi_bot.slack.render.kit.i18n import Translator
from cdi_bot.slack.render.kit.text import (
    REASON,
    SHORT_NAME,
    as_of,
    braze_name,
    channel,
    date,
    escape,
    name_of,
    plain,
    plain_line,
)
from cdi_bot.usecases.query_answers import BotTroubles

UNREACHABLE = "🔌"
"""The sign that Braze can't be reached."""

_FEW = 3
"""So many names are named; the rest are counted."""


def reason_text(reason: str | None, i18n: Translator) -> str:
    """Say in plain text why Braze could not be reached; an unknown code is shown as it is."""
    known: dict[str, str] = {
        BrazeReason.UNREACHABLE: i18n("no connection to Braze"),
        BrazeReason.TIMEOUT: i18n("Braze does not answer in time"),
        BrazeReason.SERVER_ERROR: i18n("Braze has an internal error"),
        BrazeReason.RATE_LIMITED: i18n("Braze's rate limit is used up"),
        BrazeReason.OUT_OF_BUDGET: i18n("the bot's share of Braze's rate limit is used up"),
        BrazeReason.NOT_JSON: i18n("the answer is not what Braze's API promises"),
        BrazeReason.TOO_LARGE: i18n("Braze's answer is too large"),
        BrazeReason.BAD_KEY: i18n("Braze refuses the API key"),
        BrazeReason.KEY_LOST: i18n("the bot can't read its API key"),
        BrazeReason.NO_PERMISSION: i18n("the API key lacks a permission, or the account is inactive"),
        BrazeReason.MEDIA_TYPE: i18n("Braze doesn't accept the media type of the bot's requests"),
        BrazeReason.INVALID_INTEGRATION: i18n("Braze doesn't accept this as an integration ID"),
        BrazeReason.UNKNOWN_INTEGRATION: i18n(
            "Braze does not know this integration; it may have been deleted"
        ),
        BrazeReason.INVALID_CURSOR: i18n("Braze refuses to show the next page"),
        BrazeReason.INVALID_URL: i18n("the address is not a Braze REST endpoint"),
        BrazeReason.SYNC_IN_PROGRESS: i18n("another sync of this integration is running"),
        BrazeReason.REFUSED: i18n("Braze refuses the request"),
    }
    if reason is None:
        return i18n("the reason is not known")
    return known.get(reason) or plain(reason, REASON)


def braze_advice(reason: str | None, i18n: Translator) -> str:
    """Say in mrkdwn what to do when Braze can't be reached."""
    wait = i18n("If it lasts, look at Braze's status page.")
    proxy = i18n(
        "Check that the address is the workspace's REST endpoint, and that no proxy answers instead."
    )
    known: dict[str, str] = {
        BrazeReason.UNREACHABLE: i18n(
            "If it lasts, check the workspace's REST endpoint, the network of the machine that runs the bot, and "
            "Braze's status page."
        ),
        BrazeReason.RATE_LIMITED: i18n(
            "It ends with the minute. If it comes back, another tool is using the same workspace's limit."
        ),
        BrazeReason.OUT_OF_BUDGET: i18n("Try again in a minute."),
        BrazeReason.NOT_JSON: proxy,
        BrazeReason.TOO_LARGE: proxy,
        BrazeReason.BAD_KEY: i18n(
            "Whoever runs the bot: check that the key belongs to the workspace's REST endpoint. If it does, replace "
            "it with a new one with the permissions `cdi.integration_list`, `cdi.integration_job_status` and "
            "`cdi.integration_sync`."
        ),
        BrazeReason.KEY_LOST: i18n(
            "Whoever runs the bot: put the secret key that it was stored under back into `CDI_BOT_SECRET_KEY`, or the "
            "API key where the configuration file says. Where it is lost, `/cdi workspace add` with the same name and "
            "endpoint stores a new one."
        ),
        BrazeReason.NO_PERMISSION: i18n(
            "Whoever runs the bot: a key can't be changed, so replace it with a new one with the permissions "
            "`cdi.integration_list`, `cdi.integration_job_status` and `cdi.integration_sync`."
        ),
        BrazeReason.MEDIA_TYPE: i18n(
            "Whoever runs the bot: a proxy on the way to Braze changes the header `Content-Type`. It has to pass as it "
            "is."
        ),
        BrazeReason.INVALID_INTEGRATION: i18n(
            "`/cdi list` shows the integrations that Braze knows, with their ids."
        ),
        BrazeReason.UNKNOWN_INTEGRATION: i18n("`/cdi list` shows the integrations that Braze knows."),
        BrazeReason.INVALID_URL: i18n(
            "Whoever runs the bot: give the workspace's REST endpoint, such as `https://rest.iad-03.braze.com`."
        ),
        BrazeReason.SYNC_IN_PROGRESS: i18n(
            "Wait until it has ended, then try again. `/cdi status NAME` shows its runs."
        ),
        BrazeReason.REFUSED: i18n("The bot's log names what Braze answered."),
    }
    return known.get(reason or "", wait)


def last_known_state(
    unreachable: Incident | None,
    trouble: str | None,
    seen: datetime | None,
    i18n: Translator,
    *,
    workspace_name: str | None = None,
) -> list[str]:
    """Say in mrkdwn that Braze can't be reached, and that what follows is as it was `seen`; nothing where it answers.

    `unreachable` is the open incident of the workspace, `trouble` why Braze did not answer just now.
    `workspace_name` is that of the workspace that did not, where there are several.
    """
    if unreachable:
        since = date(unreachable.failing_since)
        text = i18n("*Can't reach {braze} since {when}* ({reason}).").format(
            braze=escape(braze_name(unreachable.workspace_name, i18n)),
            when=since,
            reason=escape(reason_text(unreachable.reason, i18n)),
        )
    elif trouble:
        text = i18n("*Can't reach {braze} at the moment* ({reason}).").format(
            braze=escape(braze_name(workspace_name, i18n)), reason=escape(reason_text(trouble, i18n))
        )
    else:
        return []
    known = (
        i18n("This is the last known state, {as_of}.").format(as_of=as_of(seen, i18n))
        if seen
        else i18n("This is the last known state.")
    )
    return [f"{UNREACHABLE} {i18n.sentences([text, known])}"]


def channel_problem(reason: str, i18n: Translator) -> str:
    """Say in plain text why Slack takes no message for a channel; `reason` is Slack's error word."""
    known = {
        "channel_not_found": i18n("it was deleted, or it is private and the bot isn't in it"),
        "not_in_channel": i18n("the bot isn't in it"),
        "is_archived": i18n("it is archived"),
        "is_inactive": i18n("it is archived"),
        "restricted_action": i18n("a workspace setting does not let the bot post there"),
        "no_permission": i18n("the bot lacks a permission"),
        "missing_scope": i18n("the bot lacks a permission"),
    }
    return known.get(reason) or i18n("Slack says “{reason}”").format(reason=plain(reason, REASON))


def channel_advice(reason: str, i18n: Translator) -> str:
    """Say how a channel can be posted to again, in mrkdwn."""
    invite = i18n("Type `/invite @cdi-bot` in the channel; then it goes on by itself.")
    known = {
        "channel_not_found": invite,
        "not_in_channel": invite,
        "is_archived": i18n("Unarchive the channel, or subscribe another one with `/cdi subscribe`."),
        "is_inactive": i18n("Unarchive the channel, or subscribe another one with `/cdi subscribe`."),
        "restricted_action": i18n("Ask a Slack admin to let apps post in the channel."),
        "no_permission": i18n("Ask a Slack admin to install the app again with all its permissions."),
        "missing_scope": i18n("Ask a Slack admin to install the app again with all its permissions."),
    }
    return known.get(reason) or i18n("Ask a Slack admin what the word means for this channel.")


def lost_channels(count: int, i18n: Translator) -> list[str]:
    """Say in mrkdwn that the bot can't post to so many subscribed channels; nothing for none."""
    if not count:
        return []
    return [
        i18n.counted(
            "⚠️ I can't post to {count} subscribed channel: no alert arrives there. `cdi-bot check` names it.",
            "⚠️ I can't post to {count} subscribed channels: no alert arrives there. `cdi-bot check` names them.",
            count,
        )
    ]


def broken_channel(reason: str, i18n: Translator) -> str:
    """Say in one line of mrkdwn why a channel can't be posted to, and how it can be again."""
    text = i18n("⚠️ I can't post here: {reason}.")
    return f"{text.format(reason=escape(channel_problem(reason, i18n)))} {channel_advice(reason, i18n)}"


def failing_work(
    troubles: Sequence[ItemTrouble], i18n: Translator, when: Callable[[datetime], str] = date
) -> str:
    """Say what the bot fails to do, and since when; each sort of work once."""
    first = {each.work: each for each in reversed(troubles)}
    said = i18n("{what}, since {when}")
    return "; ".join(
        said.format(what=_work(each, i18n), when=when(each.since))
        for each in sorted(first.values(), key=lambda each: each.since)
    )


def _work(trouble: ItemTrouble, i18n: Translator) -> str:
    known = {
        Work.LIST: i18n("store what Braze lists"),
        Work.PLAN: i18n("learn how it usually runs"),
        Work.ASK: i18n("read its runs"),
        Work.RECORD: i18n("store its runs"),
        Work.JUDGE: i18n("check for incidents"),
        Work.REMIND: i18n("remind of its incident"),
        Work.SNOOZE: i18n("end snoozes"),
        Work.HOURS: i18n("sum up what its hours held back"),
        Work.ESCALATE: i18n("escalate incidents"),
        Work.SYNC: i18n("follow the requested sync"),
        Work.SHOW: i18n("show it on Home"),
        Work.DIGEST: i18n("post the digest"),
        Work.DELIVER: i18n("post messages"),
        Work.CHANNEL: i18n("check whether I can post"),
    }
    return known.get(trouble.work, trouble.work.value)


def last_known_states(unreachable: Sequence[Incident], seen: datetime | None, i18n: Translator) -> list[str]:
    """Say the same of several workspaces: in one line where it is for the same reason."""
    by_reason: dict[str | None, list[Incident]] = {}
    for each in unreachable:
        by_reason.setdefault(each.reason, []).append(each)
    said = []
    for alike in by_reason.values():
        names = [plain(each.workspace_name) for each in alike if each.workspace_name]
        if more := len(names) - _FEW:
            names[_FEW:] = [i18n("{count} more").format(count=i18n.number(more))] if more > 0 else []
        first = min(alike, key=lambda each: each.failing_since)
        said += last_known_state(replace(first, workspace_name=i18n.listed(names) or None), None, seen, i18n)
    return said


def bot_troubles(troubles: BotTroubles, i18n: Translator) -> list[str]:
    """Say in mrkdwn with what the bot itself fails; nothing where it fails with nothing."""
    said = []
    if troubles.integrations:
        names = [f"*{escape(name_of(one, SHORT_NAME))}*" for one in troubles.integrations[:_FEW]]
        if more := len(troubles.integrations) - len(names):
            names.append(i18n("{count} more").format(count=i18n.number(more)))
        text = i18n("⚠️ I can't do everything for {names}: `/cdi status NAME` says what, the log says why.")
        said.append(text.format(names=i18n.listed(names)))
    by_channel: dict[Channel, list[ItemTrouble]] = {}
    for each in troubles.channels:
        if isinstance(each.item, Channel):
            by_channel.setdefault(each.item, []).append(each)
    for place, fails in list(by_channel.items())[:_FEW]:
        text = i18n("⚠️ What I fail to do for {channel}: {what}. The log says why.")
        said.append(text.format(channel=channel(place.channel_id), what=failing_work(fails, i18n)))
    return said


def render_too_many(until: datetime, i18n: Translator) -> Rendered:
    """Say that somebody changes a channel too often, and when they may go on."""
    line = i18n("Too many changes at once: each one is announced in the channel. Nothing was changed.")
    return short_message(line, i18n("Try again at {when}.").format(when=date(until)))


def render_trouble(code_word: str, i18n: Translator) -> Rendered:
    """Say that a command could not be carried out, and what to do: `store`, `slack`, anything else is a failure."""
    known = {
        "store": (
            i18n("My database doesn't answer right now. Nothing was changed."),
            i18n("Try again in a minute. If it lasts, tell whoever runs the bot."),
        ),
        "slack": (
            i18n("Slack does not let me do this just now. Nothing was changed."),
            i18n("Try again in a minute."),
        ),
    }
    failure = (
        i18n("That went wrong on my side."),
        i18n("Try again. If it happens again, tell whoever runs the bot: the log has the details."),
    )
    line, todo = known.get(code_word, failure)
    return Rendered(text=plain_line(line), blocks=[section(line), context(todo)])
