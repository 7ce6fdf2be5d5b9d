"""Why a request to Braze failed: one table of all reasons, and how a reason is read from HTTP.

Sources: which status and message stands for what is in Braze's API reference, on the page of each call. Error bodies
are `{"message": text, "errors": […]}`; `errors` may be missing, and its items are strings or objects, as other
clients recorded. Proxies in front of Braze send HTML.

No text holds anything that came from the network: Braze's own message for a 401 repeats the key. Error bodies are only
searched for known words, and nothing of them is kept.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import httpx

from cdi_bot import network
from cdi_bot.monitoring.braze_port import BrazeReason, BrazeTrouble, Endpoint

PERMISSIONS = {
    Endpoint.LIST: "cdi.integration_list",
    Endpoint.STATUS: "cdi.integration_job_status",
    Endpoint.SYNC: "cdi.integration_sync",
}
"""The permission that a key needs for each call, from Braze's API reference."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """One row of the table.

    `retryable`: the same request may succeed later by itself; else somebody has to fix something first.
    `may_have_happened`: no clear answer came, so Braze may have done what was requested.
    `text` is for people, with the facts it needs in braces.
    """

    text: str
    retryable: bool = False
    may_have_happened: bool = False


FAILURES: Mapping[BrazeReason, Failure] = {
    BrazeReason.UNREACHABLE: Failure(
        text="Braze can't be reached at {host}. Check BRAZE_BASE_URL, DNS and the network.", retryable=True
    ),
    BrazeReason.TIMEOUT: Failure(
        text="Braze at {host} did not answer in time.", retryable=True, may_have_happened=True
    ),
    BrazeReason.SERVER_ERROR: Failure(
        text="Braze has a problem of its own ({status}).", retryable=True, may_have_happened=True
    ),
    BrazeReason.RATE_LIMITED: Failure(
        text="Braze's rate limit for this workspace is used up (429); other tools share it.", retryable=True
    ),
    BrazeReason.OUT_OF_BUDGET: Failure(
        text="Braze was not asked, to stay within its rate limit: {what}.", retryable=True
    ),
    BrazeReason.NOT_JSON: Failure(
        text="Braze's answer can't be read: {what}. A proxy in between may have sent it.",
        retryable=True,
        may_have_happened=True,
    ),
    BrazeReason.TOO_LARGE: Failure(
        text="Braze's answer is larger than 8 MB and was not read to its end. A proxy in between may have sent it.",
        retryable=True,
        may_have_happened=True,
    ),
    BrazeReason.SYNC_IN_PROGRESS: Failure(
        text="A sync of this integration is already running; wait until it ends.", retryable=True
    ),
    BrazeReason.BAD_KEY: Failure(
        text="{what}. Check BRAZE_API_KEY, and that it belongs to the instance in BRAZE_BASE_URL."
    ),
    BrazeReason.NO_PERMISSION: Failure(
        text="{what}. A key can't be changed in Braze: make a new one with cdi.integration_list, "
        "cdi.integration_job_status and cdi.integration_sync, replace BRAZE_API_KEY and start the bot again."
    ),
    BrazeReason.MEDIA_TYPE: Failure(
        text="Braze did not take the request's media type (415). The bot sends Content-Type: application/json; "
        "a proxy in between may have changed it."
    ),
    BrazeReason.INVALID_INTEGRATION: Failure(
        text="Braze doesn't accept this as an integration ID ({status})."
    ),
    BrazeReason.UNKNOWN_INTEGRATION: Failure(
        text="Braze does not know an integration with this id ({status}); it may have been deleted."
    ),
    BrazeReason.INVALID_CURSOR: Failure(
        text="Braze did not take the cursor of a further page (400); start over from the first."
    ),
    BrazeReason.INVALID_URL: Failure(
        text="{what}. Set BRAZE_BASE_URL to a REST endpoint such as https://rest.iad-03.braze.com."
    ),
    BrazeReason.REFUSED: Failure(text="Braze, or a proxy in front of it, refused the request ({status})."),
}

NOT_AT_ONCE = {
    BrazeReason.RATE_LIMITED,
    BrazeReason.OUT_OF_BUDGET,
    BrazeReason.SYNC_IN_PROGRESS,
    BrazeReason.TOO_LARGE,
}
"""Failures that pass by themselves, but not within a second."""

CONNECTION_BROKE = "The connection to Braze at {host} broke before the answer was whole."
"""Instead of the table's text where a connection was made and then lost."""

NOT_ARRIVED = "Braze can't be reached at {host}: {why}."
"""Instead of the table's text where something on the way is at fault."""

UNUSABLE_ID = "This can't be the id of an integration."
"""Instead of the table's text where the id was rejected before anything was sent."""

HTTPX_ERRORS = (
    httpx.HTTPError,
    httpx.InvalidURL,
    httpx.StreamError,
    httpx.CookieConflict,
    OSError,  # what its network layer lets through
    RuntimeError,  # a client that is closed
    ValueError,  # texts that no header or URL can hold
)
"""What httpx may raise."""

NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)
"""Errors of httpx after which Braze can't have received the request."""

SEARCHED = 4096
"""Bytes of an error body: Braze's are short, a proxy's page may not be."""

_BY_STATUS: Mapping[int, BrazeReason] = {
    httpx.codes.UNSUPPORTED_MEDIA_TYPE: BrazeReason.MEDIA_TYPE,
}

_WHAT = {
    BrazeReason.BAD_KEY: "Braze refused the API key (401)",
    BrazeReason.NO_PERMISSION: "The API key lacks the permission {permission}, or is limited to other IP addresses, "
    "or the Braze account is inactive (403)",
    BrazeReason.INVALID_URL: "There is no Braze REST API at this address (404)",
}


def trouble_for(
    reason: BrazeReason, *, text: str | None = None, retry_after: float | None = None, **facts: object
) -> BrazeTrouble:
    """Make the error for a reason; `facts` fill in the table's text, or `text` in its place."""
    failure = FAILURES[reason]
    trouble = BrazeTrouble(
        (text or failure.text).format(**facts),
        reason=reason,
        retryable=failure.retryable,
        retry_after=retry_after,
    )
    trouble.may_have_happened = failure.may_have_happened
    return trouble


def sync_may_have_started(hidden_by: BrazeTrouble) -> BrazeTrouble:
    """Make the error for a sync request without a clear answer.

    It keeps the reason of what hid the answer, but is not retryable: asking again could run the sync twice.
    """
    trouble = BrazeTrouble(
        "No clear answer came from Braze: the sync may have started. Look at its status first.",
        reason=hidden_by.reason,
        retryable=False,
    )
    trouble.may_have_happened = True
    return trouble


def trouble_of_error(error: Exception, host: str, *, through_proxy: bool) -> BrazeTrouble:
    """Make the error for one of httpx's exceptions; `host` is where the request was sent."""
    was_sent = not isinstance(error, NEVER_SENT)
    if isinstance(error, httpx.TimeoutException):
        trouble = trouble_for(BrazeReason.TIMEOUT, host=host)
    elif isinstance(error, httpx.DecodingError):
        trouble = trouble_for(BrazeReason.NOT_JSON, what="a body packed in a way that can't be unpacked")
    elif why := network.fault_of(error, through_proxy=through_proxy):
        trouble = trouble_for(BrazeReason.UNREACHABLE, text=NOT_ARRIVED, host=host, why=why)
    else:
        trouble = trouble_for(BrazeReason.UNREACHABLE, text=CONNECTION_BROKE if was_sent else None, host=host)
    trouble.may_have_happened = was_sent
    return trouble


def trouble_of_response(
    endpoint: Endpoint, response: httpx.Response, *, is_whole: bool
) -> BrazeTrouble | None:
    """Make the error for a response; `None` for a successful one whose body was read to its end."""
    if response.is_success:
        return None if is_whole else trouble_for(BrazeReason.TOO_LARGE)
    reason = _reason_of(endpoint, response)
    status = response.status_code
    what = _WHAT.get(reason, f"status {status} instead of 200").format(permission=PERMISSIONS[endpoint])
    return trouble_for(reason, status=status, what=what)


def missing_permission(endpoint: Endpoint) -> BrazeTrouble:
    """Make the error for a 401 of one call while Braze accepts the key for another one."""
    what = f"The API key lacks the permission {PERMISSIONS[endpoint]} (401, while Braze accepts it for another call)"
    return trouble_for(BrazeReason.NO_PERMISSION, what=what)


def _reason_of(endpoint: Endpoint, response: httpx.Response) -> BrazeReason:
    status = response.status_code
    if status in _BY_STATUS:
        return _BY_STATUS[status]
    if status in _BY_BODY:
        body = response.content[:SEARCHED].decode("utf-8", "replace").strip().lower()
        return _BY_BODY[status](endpoint, body)
    if response.is_server_error:
        return BrazeReason.SERVER_ERROR
    return BrazeReason.REFUSED if response.is_client_error else BrazeReason.NOT_JSON


def _bad_request(_endpoint: Endpoint, body: str) -> BrazeReason:
    if "integration id" in body:
        return BrazeReason.INVALID_INTEGRATION
    return BrazeReason.INVALID_CURSOR if "cursor" in body else BrazeReason.REFUSED


def _unauthorized(_endpoint: Endpoint, body: str) -> BrazeReason:
    """Tell a refused key from the page of a proxy that wants to know who asks."""
    return BrazeReason.REFUSED if body.startswith("<") else BrazeReason.BAD_KEY


def _forbidden(_endpoint: Endpoint, body: str) -> BrazeReason:
    """Tell a missing permission, which stays missing, from the page of a proxy, which says nothing of the key."""
    return BrazeReason.NO_PERMISSION if body.startswith("{") else BrazeReason.REFUSED


def _not_found(endpoint: Endpoint, body: str) -> BrazeReason:
    """Tell an unknown integration from a wrong address.

    How the status call answers an unknown but well-formed id is not documented: a 404 in the API's own JSON that
    does not mention a URL is taken for that. A page in HTML does not come from the API at all.
    """
    if endpoint is Endpoint.LIST or "url" in body or not body.startswith("{"):
        return BrazeReason.INVALID_URL
    return BrazeReason.UNKNOWN_INTEGRATION


def _too_many_requests(endpoint: Endpoint, body: str) -> BrazeReason:
    """Tell a busy integration from a used-up limit: Braze documents 429 for both."""
    is_busy = endpoint is Endpoint.SYNC and "in progress" in body
    return BrazeReason.SYNC_IN_PROGRESS if is_busy else BrazeReason.RATE_LIMITED


_BY_BODY: Mapping[int, Callable[[Endpoint, str], BrazeReason]] = {
    httpx.codes.BAD_REQUEST: _bad_request,
    httpx.codes.UNAUTHORIZED: _unauthorized,
    httpx.codes.FORBIDDEN: _forbidden,
    httpx.codes.NOT_FOUND: _not_found,
    httpx.codes.TOO_MANY_REQUESTS: _too_many_requests,
}
