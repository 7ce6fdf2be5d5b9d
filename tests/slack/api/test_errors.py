"""What Slack's refusals and its libraries' exceptions mean for the message at hand."""

import re

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError, SlackClientError, SlackObjectFormationError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse
from yarl import URL

from cdi_bot.delivery.slack_port import SlackTrouble, SlackVerdict
from cdi_bot.slack.api import errors
from cdi_bot.slack.api.errors import VERDICTS, Effect, refused_why, to_trouble

TOKEN = "xoxb-1-secret"


def refusal(status: int = 200, data: object = None, headers: dict[str, str] | None = None) -> SlackApiError:
    """Return what slack_sdk raises for an answer."""
    response = AsyncSlackResponse(
        client=AsyncWebClient(token=TOKEN),
        http_verb="POST",
        api_url="https://slack.com/api/chat.postMessage",
        req_args={"headers": {"Authorization": f"Bearer {TOKEN}"}},
        data=data,  # type: ignore[arg-type]  # bodies come in every shape
        headers=headers or {},
        status_code=status,
    )
    return SlackApiError("refused", response)  # type: ignore[no-untyped-call]  # slack_sdk has no type there


@pytest.mark.parametrize("effect", list(Effect))
@pytest.mark.parametrize(
    ("word", "verdict"),
    [
        ("is_archived", SlackVerdict.CHANNEL_GONE),
        ("channel_not_found", SlackVerdict.CHANNEL_GONE),
        ("restricted_action", SlackVerdict.CHANNEL_GONE),
        ("account_inactive", SlackVerdict.TEAM_GONE),
        ("token_revoked", SlackVerdict.TEAM_GONE),
        ("invalid_auth", SlackVerdict.TEAM_GONE),
        ("message_not_found", SlackVerdict.MESSAGE_GONE),
        ("edit_window_closed", SlackVerdict.MESSAGE_GONE),
        ("cant_update_message", SlackVerdict.MESSAGE_GONE),
        ("thread_not_found", SlackVerdict.MESSAGE_GONE),
        ("invalid_blocks", SlackVerdict.REFUSED),
        ("msg_too_long", SlackVerdict.REFUSED),
        ("service_unavailable", SlackVerdict.RETRY),
        ("a_word_of_next_year", SlackVerdict.RETRY),
    ],
)
def test_words(word: str, verdict: SlackVerdict, effect: Effect) -> None:
    """Slack's word decides, whatever was called, and an unknown word is worth another try."""
    trouble = to_trouble(refusal(data={"ok": False, "error": word}), effect)
    assert (trouble.reason, trouble.verdict, trouble.retry_after) == (word, verdict, None)


@pytest.mark.parametrize(
    "word", [TOKEN, f"bad token {TOKEN}", "8f742231b10e8888abcd99yyyzzz85a5", "", "x" * 81]
)
def test_what_is_no_word(word: str) -> None:
    """An error that could hold something that was sent is neither stored nor shown."""
    assert (
        to_trouble(refusal(data={"ok": False, "error": word}), Effect.SHOWS_TWICE).reason
        == "unreadable_error"
    )


@pytest.mark.parametrize("word", ["not_in_channel", "missing_scope", "no_permission"])
def test_may_not_look(word: str) -> None:
    """Not being let to read a channel says nothing about posting in it."""
    error = refusal(data={"ok": False, "error": word})
    assert to_trouble(error, Effect.LOOKS).verdict is SlackVerdict.REFUSED
    assert to_trouble(error, Effect.SHOWS_TWICE).verdict is SlackVerdict.CHANNEL_GONE


@pytest.mark.parametrize(
    "error",
    [
        refusal(data={"ok": False, "error": "fatal_error"}),
        refusal(data={"ok": False, "error": "internal_error"}),
        refusal(status=503, data={}),
        refusal(status=200, data={}),
        refusal(status=200, data={"ok": False}),
        refusal(status=502, data="<html>"),
        TimeoutError(),
        aiohttp.SocketTimeoutError(),
        aiohttp.ServerDisconnectedError(),
        aiohttp.ClientPayloadError(),
        ConnectionResetError(),
        AttributeError("'list' object has no attribute 'get'"),
        UnicodeDecodeError("utf-8", b"\xff", 0, 1, "broken"),
    ],
)
def test_without_answer(error: Exception) -> None:
    """Where a post may have arrived its outcome is unknown; a call that may be repeated is just repeated."""
    assert to_trouble(error, Effect.SHOWS_TWICE).verdict is SlackVerdict.UNKNOWN
    assert to_trouble(error, Effect.CHANGES_ONCE).verdict is SlackVerdict.RETRY
    assert to_trouble(error, Effect.LOOKS).verdict is SlackVerdict.RETRY


@pytest.mark.parametrize(
    "error",
    [
        aiohttp.ClientConnectorError(None, ConnectionRefusedError()),  # type: ignore[arg-type]  # made by aiohttp
        aiohttp.ConnectionTimeoutError(),
        aiohttp.InvalidURL("slack"),
        refusal(status=407, data={}),
    ],
)
def test_nothing_was_sent(error: Exception) -> None:
    """A post that never left, or that something before Slack turned away, can simply be tried again."""
    assert to_trouble(error, Effect.SHOWS_TWICE).verdict is SlackVerdict.RETRY


@pytest.mark.parametrize(
    ("told", "wait"),
    [("3", 3.0), ("0.5", 0.5), ("soon", 5.0), ("-1", 5.0), ("nan", 5.0), ("1e9", 5.0), (None, 5.0)],
)
def test_rate_limited(told: str | None, wait: float) -> None:
    """A 429 is worth another try after the wait that Slack names if that makes sense, else after a few seconds."""
    headers = {} if told is None else {"Retry-After": told}
    trouble = to_trouble(refusal(429, {"ok": False, "error": "ratelimited"}, headers), Effect.SHOWS_TWICE)
    assert (trouble.reason, trouble.verdict, trouble.retry_after) == ("ratelimited", SlackVerdict.RETRY, wait)


def test_bad_requests() -> None:
    """What slack_sdk refuses to send, and what is too large for a proxy, is refused for good."""
    for error in (SlackClientError(), SlackObjectFormationError(), refusal(status=413, data={})):
        assert to_trouble(error, Effect.SHOWS_TWICE).verdict is SlackVerdict.REFUSED


def test_own_trouble_passes() -> None:
    """A trouble that is one already stays as it is."""
    trouble = SlackTrouble("x", verdict=SlackVerdict.REFUSED)
    assert to_trouble(trouble, Effect.LOOKS) is trouble


def test_token_is_not_repeated() -> None:
    """Errors that show their request don't pass the token on."""
    request = aiohttp.RequestInfo(URL("https://slack.com"), "POST", {"Authorization": TOKEN})  # type: ignore[arg-type]  # enough for its repr
    leaky = aiohttp.TooManyRedirects(request, ())
    assert TOKEN in repr(leaky)
    assert TOKEN not in repr(to_trouble(leaky, Effect.LOOKS))


def test_why() -> None:
    """Slack's complaints about blocks are found for the log, and their absence is no problem."""
    complaint = "[ERROR] must be less than 3001 characters [json-pointer:/blocks/0/text/text]"
    told = {"error": "invalid_blocks", "response_metadata": {"messages": [complaint]}}
    assert refused_why(refusal(data=told)) == [complaint]
    for error in (
        refusal(data={}),
        refusal(data="x"),
        refusal(data={"response_metadata": {"messages": 1}}),
        OSError(),
    ):
        assert refused_why(error) == []


def test_table_has_reasons() -> None:
    """Each word stands once, under one verdict, with a reason."""
    reasons = [reason for query in errors._TABLE.values() for reason in query.values()]  # noqa: SLF001
    assert len(VERDICTS) == len(reasons)
    assert all(re.fullmatch(r"[A-Za-z].{4,}", reason) for reason in reasons)
