"""Slack's refusals, and everything that slack_sdk and aiohttp raise, as the one error that the use cases know.

    SlackTrouble                 (delivery.slack_port; `reason` is Slack's word or one of ours)
    ├─ RETRY                     ratelimited, service_unavailable …, and any word that is not in the table;
    │                            ours: not_connected (nothing was sent), bad_address, http_4xx,
    │                            and unreadable_error for what is no word at all
    ├─ UNKNOWN                   a post without an answer: timed_out, connection_lost, redirected, bad_answer,
    │                            http_5xx, and Slack's internal_error and fatal_error
    ├─ CHANNEL_GONE              channel_not_found, not_in_channel, is_archived …
    ├─ TEAM_GONE                 token_revoked, account_inactive, invalid_auth …
    ├─ MESSAGE_GONE              message_not_found, edit_window_closed …
    └─ REFUSED                   invalid_blocks, msg_too_long …; whatever is wrong with the request itself

What would be UNKNOWN for a post is RETRY for a call that may be repeated: an update, a look. Sources: the error
tables of docs.slack.dev/reference/methods; the exceptions of slack_sdk's async client and of aiohttp's.
"""

from __future__ import annotations

import re
from enum import StrEnum

import aiohttp
from slack_sdk.errors import SlackApiError, SlackClientError

from cdi_bot.delivery.slack_port import SlackTrouble, SlackVerdict
from cdi_bot.network import Fault


class Effect(StrEnum):
    """What a call does when it is carried out twice."""

    SHOWS_TWICE = "shows_twice"  # a post
    CHANGES_ONCE = "changes_once"  # an update, opening a direct message
    LOOKS = "looks"  # it only reads: where it may not, that is no word about the channel


_TABLE: dict[SlackVerdict, dict[str, str]] = {
    SlackVerdict.RETRY: {
        "ratelimited": "too many calls of this method",
        "rate_limited": "too many messages in this channel",
        "message_limit_exceeded": "too many messages in this workspace",
        "service_unavailable": "Slack is down for a while",
        "request_timeout": "Slack got a part of the request only, so it did nothing",
        "team_added_to_org": "the workspace is being moved",
        "external_channel_migrating": "the channel is being moved",
        "accesslimited": "the network this runs in is not allowed in at present",
        "update_failed": "Slack could not store the change",
    },
    SlackVerdict.UNKNOWN: {
        "internal_error": "Slack says that a part may have been done",
        "fatal_error": "Slack says that a part may have been done",
    },
    SlackVerdict.CHANNEL_GONE: {
        "channel_not_found": "deleted, or private and the bot isn't in it",
        "not_in_channel": "the bot isn't in it",
        "is_archived": "archived",
        "is_inactive": "archived, said by updates",
        "restricted_action": "a workspace setting keeps apps from posting",
        "restricted_action_read_only_channel": "a read-only channel",
        "restricted_action_thread_only_channel": "only replies are allowed there",
        "restricted_action_non_threadable_channel": "no replies are allowed there",
        "posting_to_general_channel_denied": "only admins may post there",
        "no_permission": "the app may not do this there",
        "missing_scope": "the app was installed without the permission",
        "ekm_access_denied": "the customer's keys have been withdrawn",
        "messages_tab_disabled": "the app takes no direct messages",
        "method_not_supported_for_channel_type": "a kind of channel that takes no messages",
        "user_not_found": "nobody to write to",
        "user_disabled": "the person has left",
        "cannot_dm_bot": "a bot can't be written to",
    },
    SlackVerdict.TEAM_GONE: {
        "invalid_auth": "the token is wrong, or not for this workspace",
        "not_authed": "there is no token",
        "account_inactive": "the app was removed, or the workspace deleted",
        "token_revoked": "the token was withdrawn",
        "token_expired": "the token is too old",
        "not_allowed_token_type": "a token of the wrong kind",
        "team_access_not_granted": "the app may not see this workspace",
        "org_login_required": "the workspace is being moved into an organisation that must log in anew",
        "enterprise_is_restricted": "the organisation does not allow the call",
    },
    SlackVerdict.MESSAGE_GONE: {
        "message_not_found": "deleted",
        "thread_not_found": "the message the thread hangs on was deleted",
        "invalid_thread_ts": "no message has that name",
        "cannot_reply_to_message": "a kind of message that takes no replies",
        "edit_window_closed": "a workspace setting ends changes after a while",
        "cant_update_message": "not the bot's own message any more",
    },
    SlackVerdict.REFUSED: {
        "invalid_blocks": "Block Kit that Slack does not take",
        "invalid_blocks_format": "blocks that are no list",
        "msg_blocks_too_long": "blocks that are too long together",
        "msg_too_long": "a text that is too long",
        "no_text": "nothing to say",
        "invalid_attachments": "attachments that Slack does not take",
        "too_many_attachments": "too many attachments",
        "attachment_payload_limit_exceeded": "attachments that are too long",
        "invalid_metadata_format": "metadata that Slack does not take",
        "invalid_metadata_schema": "metadata that Slack does not take",
        "metadata_too_large": "metadata that is too long",
        "metadata_must_be_sent_from_app": "metadata with a token that is not an app's",
        "invalid_arguments": "an argument that Slack does not take",
        "invalid_arg_name": "an argument that Slack does not know",
        "invalid_cursor": "a page that Slack does not know",
        "unknown_method": "a call that this Slack does not have",
        "method_deprecated": "a call that Slack has ended",
        "deprecated_endpoint": "a call that Slack has ended",
        "invalid_json": "a request that arrived broken",
        "json_not_object": "a request that arrived broken",
        "invalid_form_data": "a request that arrived broken",
        "invalid_post_type": "a request that arrived broken",
        "invalid_charset": "a request that arrived broken",
    },
}
"""Slack's words by what they mean for the message at hand, each with why."""

VERDICTS = {code: verdict for verdict, codes in _TABLE.items() for code in codes}

_WORD = re.compile(r"[a-z_]{1,80}")

_MAY_NOT_LOOK = frozenset({"not_in_channel", "missing_scope", "no_permission"})

_RAISED: tuple[tuple[tuple[type[Exception], ...], str, SlackVerdict | None], ...] = (
    ((SlackClientError,), "bad_request", SlackVerdict.REFUSED),
    ((aiohttp.InvalidURL,), "bad_address", SlackVerdict.RETRY),
    ((aiohttp.TooManyRedirects,), "redirected", None),
    ((aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError), "not_connected", SlackVerdict.RETRY),
    ((TimeoutError,), "timed_out", None),
    ((aiohttp.ClientError, OSError), "connection_lost", None),
)
"""What the libraries raise, the first that fits; no verdict: nobody knows whether the call was carried out."""

TOO_MANY, TOO_LARGE, FIRST_SERVER_ERROR, WRONG_REQUEST, PROXY_LOGIN = 429, 413, 500, 400, 407


def to_trouble(error: Exception, effect: Effect) -> SlackTrouble:
    """Translate an error. The result repeats nothing of the request, which holds the token."""
    if isinstance(error, SlackTrouble):
        return error
    if isinstance(error, SlackApiError):
        return _refusal(error, effect)
    if fault := on_the_way(error):
        return SlackTrouble(fault, verdict=SlackVerdict.RETRY)
    for kinds, reason, verdict in _RAISED:
        if isinstance(error, kinds):
            return SlackTrouble(reason, verdict=verdict or _unanswered(effect))
    # slack_sdk trips over bodies that are not what it expects: a text, a list, broken characters.
    return SlackTrouble("bad_answer", verdict=_unanswered(effect))


def on_the_way(error: BaseException) -> str | None:
    """Name what kept a request from reaching Slack, as far as it is a proxy's or a certificate's fault."""
    match error:
        case aiohttp.ClientProxyConnectionError():
            return Fault.PROXY_UNREACHABLE
        case aiohttp.ClientHttpProxyError():
            return Fault.PROXY_REFUSED if error.status == PROXY_LOGIN else f"proxy_http_{error.status}"
        case aiohttp.ClientConnectorCertificateError():
            return Fault.UNTRUSTED
        case aiohttp.WSServerHandshakeError():
            return f"websocket_http_{error.status}"
    return None


def slack_word(told: object) -> str:
    """Give Slack's word for what is wrong, which is stored and shown: what is no word may repeat a secret."""
    return told if isinstance(told, str) and _WORD.fullmatch(told) else "unreadable_error"


def refused_why(error: Exception) -> list[str]:
    """Return what Slack says is wrong with a message, for the log."""
    response = getattr(error, "response", None)
    data = getattr(response, "data", None)
    told = data.get("response_metadata") if isinstance(data, dict) else None
    messages = told.get("messages") if isinstance(told, dict) else None
    return [str(message)[:300] for message in messages[:10]] if isinstance(messages, list) else []


def _unanswered(effect: Effect) -> SlackVerdict:
    return SlackVerdict.UNKNOWN if effect is Effect.SHOWS_TWICE else SlackVerdict.RETRY


def _refusal(error: SlackApiError, effect: Effect) -> SlackTrouble:
    """Read Slack's answer; it is slack_sdk's response or, where the body was no JSON, aiohttp's."""
    response = error.response
    status = getattr(response, "status_code", None) or getattr(response, "status", None) or 0
    if status == TOO_MANY:
        wait = _retry_after(response.headers.get("Retry-After"))
        return SlackTrouble("ratelimited", verdict=SlackVerdict.RETRY, retry_after=wait)
    data = getattr(response, "data", None)
    word = data.get("error") if isinstance(data, dict) else None
    if isinstance(word, str):
        word = slack_word(word)
        verdict = VERDICTS.get(word, SlackVerdict.RETRY)
        if effect is Effect.LOOKS and word in _MAY_NOT_LOOK:
            verdict = SlackVerdict.REFUSED
        if verdict is SlackVerdict.UNKNOWN:
            verdict = _unanswered(effect)
        return SlackTrouble(word, verdict=verdict)
    if status == TOO_LARGE:
        return SlackTrouble("msg_too_long", verdict=SlackVerdict.REFUSED)
    if status >= FIRST_SERVER_ERROR:
        return SlackTrouble(f"http_{status}", verdict=_unanswered(effect))
    if status >= WRONG_REQUEST:
        return SlackTrouble(f"http_{status}", verdict=SlackVerdict.RETRY)
    return SlackTrouble("bad_answer", verdict=_unanswered(effect))


def _retry_after(told: str | None) -> float:
    """Read how many seconds Slack asks to wait; a few where it does not say, or nonsense: a limit is no outage."""
    try:
        seconds = float(told or "")
    except ValueError:
        return UNTOLD_WAIT
    return seconds if 0 <= seconds <= LONGEST_WAIT else UNTOLD_WAIT


LONGEST_WAIT = 3600.0
"""Slack asks for seconds, rarely minutes; a longer wait is taken for a mistake of something in between."""

UNTOLD_WAIT = 5.0
"""Seconds to leave a method alone whose limit is used up, where nothing says for how long."""
