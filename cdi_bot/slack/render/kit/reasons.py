"""Why a run failed, Braze can't be reached, or Slack takes no message for a channel: in words, and how to fix it."""

from __future__ import annotations

from cdi_bot.monitoring.braze_port import BrazeReason
from cdi_bot.slack.render.kit.i18n import Translator
from cdi_bot.slack.render.kit.text import REASON, STATUS, escape, outside, plain


def status_advice(status: str, i18n: Translator) -> str:
    """Say what to do next about a run that failed with this status, in mrkdwn."""
    _ = i18n.gettext
    known = {
        "error": _(
            "Open the integration's Sync Log in Braze: it names the reason, and is kept for 30 days. "
            "Check that the warehouse can be reached and that the credentials and table permissions still hold. "
            "Then sync again."
        ),
        "config_error": _(
            "Open the integration in Braze and test its connection: check the credentials, the table or "
            "bucket name, and the columns it expects. It keeps failing until the set-up is mended."
        ),
        "partial": _(
            "Open the integration's Sync Log in Braze: it names each refused row with its reason, and is kept "
            "for 30 days. Mend these rows at the source with a new update time, so that the next sync takes them."
        ),
    }
    return known.get(status) or _(
        "Braze does not document the status “{status}”. Open the integration in Braze: its Sync Log shows what "
        "happened and whether rows arrived."
    ).format(status=outside(status, STATUS))


def reason_text(reason: str | None, i18n: Translator) -> str:
    """Say in plain text why Braze could not be reached; an unknown code is shown as it is."""
    _ = i18n.gettext
    known: dict[str, str] = {
        BrazeReason.UNREACHABLE: _("no connection to Braze"),
        BrazeReason.TIMEOUT: _("Braze does not answer in time"),
        BrazeReason.SERVER_ERROR: _("Braze has an internal error"),
        BrazeReason.RATE_LIMITED: _("Braze's rate limit is used up"),
        BrazeReason.OUT_OF_BUDGET: _("the bot's share of Braze's rate limit is used up"),
        BrazeReason.NOT_JSON: _("the answer is not what Braze's API promises"),
        BrazeReason.BAD_KEY: _("Braze refuses the API key"),
        BrazeReason.NO_PERMISSION: _("the API key lacks a permission, or the account is inactive"),
        BrazeReason.INVALID_INTEGRATION: _("Braze does not take this for the id of an integration"),
        BrazeReason.UNKNOWN_INTEGRATION: _("Braze does not know this integration; it may have been deleted"),
        BrazeReason.INVALID_CURSOR: _("Braze refuses to show the next page"),
        BrazeReason.INVALID_URL: _("the address is not a Braze REST endpoint"),
        BrazeReason.SYNC_IN_PROGRESS: _("another sync of this integration is running"),
        BrazeReason.REFUSED: _("Braze refuses the request"),
    }
    if reason is None:
        return _("the reason is not known")
    return known.get(reason) or plain(reason, REASON)


def braze_advice(reason: str | None, i18n: Translator) -> str:
    """Say in mrkdwn what to do when Braze can't be reached."""
    _ = i18n.gettext
    wait = _("Nothing to do at first: the bot keeps asking. If it lasts, look at Braze's status page.")
    known: dict[str, str] = {
        BrazeReason.UNREACHABLE: _(
            "The bot keeps asking. If it lasts, check `BRAZE_BASE_URL` and the network of the machine that runs "
            "the bot, and look at Braze's status page."
        ),
        BrazeReason.RATE_LIMITED: _(
            "It ends with the minute. If it comes back, another tool is using the same workspace's limit."
        ),
        BrazeReason.OUT_OF_BUDGET: _("Try again in a minute."),
        BrazeReason.NOT_JSON: _(
            "Check that `BRAZE_BASE_URL` is the workspace's REST endpoint, and that no proxy answers in its place."
        ),
        BrazeReason.BAD_KEY: _(
            "Whoever runs the bot: make a new key in Braze with the permission `cdi.integration_job_status`, set "
            "it as `BRAZE_API_KEY`, and start the bot again."
        ),
        BrazeReason.NO_PERMISSION: _(
            "Whoever runs the bot: give the key the missing permission in Braze (API keys, Cloud Data Ingestion)."
        ),
        BrazeReason.INVALID_INTEGRATION: _(
            "`/cdi list` shows the integrations that Braze knows, with their ids."
        ),
        BrazeReason.UNKNOWN_INTEGRATION: _("`/cdi list` shows the integrations that Braze knows."),
        BrazeReason.INVALID_URL: _(
            "Whoever runs the bot: set `BRAZE_BASE_URL` to the workspace's REST endpoint, such as "
            "`https://rest.iad-03.braze.com`."
        ),
        BrazeReason.SYNC_IN_PROGRESS: _(
            "Wait until it has ended, then try again. `/cdi status NAME` shows its runs."
        ),
        BrazeReason.REFUSED: _("The bot's log names what Braze answered."),
    }
    return known.get(reason or "", wait)


def last_known(reason: str, i18n: Translator) -> str:
    """Say in mrkdwn that what is shown is the last known state, and why."""
    return i18n.gettext("From memory: {reason}.").format(reason=escape(reason_text(reason, i18n)))


def channel_problem(reason: str, i18n: Translator) -> str:
    """Say in plain text why Slack takes no message for a channel; `reason` is Slack's error word."""
    _ = i18n.gettext
    known = {
        "channel_not_found": _("it was deleted, or it is private and the bot is no member"),
        "not_in_channel": _("the bot is no member"),
        "is_archived": _("it is archived"),
        "is_inactive": _("it is archived"),
        "restricted_action": _("a workspace setting does not let the bot post there"),
        "no_permission": _("the bot lacks a permission"),
        "missing_scope": _("the bot lacks a permission"),
    }
    return known.get(reason) or _("Slack says “{reason}”").format(reason=plain(reason, REASON))


def channel_advice(reason: str, i18n: Translator) -> str:
    """Say how a channel can be posted to again, in mrkdwn."""
    _ = i18n.gettext
    invite = _("Type `/invite @cdi-bot` in the channel; then it goes on by itself.")
    known = {
        "channel_not_found": invite,
        "not_in_channel": invite,
        "is_archived": _("Unarchive the channel, or subscribe another one with `/cdi subscribe`."),
        "is_inactive": _("Unarchive the channel, or subscribe another one with `/cdi subscribe`."),
        "restricted_action": _("Ask a Slack admin to let apps post in the channel."),
        "no_permission": _("Ask a Slack admin to install the app again with all its permissions."),
        "missing_scope": _("Ask a Slack admin to install the app again with all its permissions."),
    }
    return known.get(reason) or _("Ask a Slack admin what the word means for this channel.")


def broken_channel(reason: str, i18n: Translator) -> str:
    """Say in one line of mrkdwn why a channel can't be posted to, and how it can be again."""
    text = i18n.gettext("⚠️ I can't post here: {reason}.")
    return f"{text.format(reason=escape(channel_problem(reason, i18n)))} {channel_advice(reason, i18n)}"
