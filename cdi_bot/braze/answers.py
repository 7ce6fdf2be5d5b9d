"""What an answer or a broken connection means: one place that turns HTTP into the error tree.

Facts: the errors of each call are those of Braze's reference. Bodies are `{"message": text, "errors": […]}`, where
`errors` may be missing and hold strings or objects; proxies in front send HTML. They are looked at for known words
only, and nothing of them is kept: a 401 repeats the key.
"""

from collections.abc import Callable, Mapping

import httpx

from cdi_bot.braze.errors import (
    BadKeyError,
    BrazeError,
    InvalidCursorError,
    InvalidIntegrationError,
    InvalidUrlError,
    NoPermissionError,
    NotJsonError,
    RateLimitedError,
    RefusedError,
    ServerError,
    SyncInProgressError,
    TimedOutError,
    UnknownIntegrationError,
    UnreachableError,
)
from cdi_bot.monitoring.braze_port import Endpoint

NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)
"""Failures after which Braze can't have received the request."""

_EXAMINED = 4096  # bytes of an error body that are searched: Braze's are short, a proxy's page may not be


def trouble_of_connection(error: Exception, host: str) -> BrazeError:
    """Name the trouble behind one of httpx's exceptions; `host` is the one that was asked."""
    if isinstance(error, httpx.TimeoutException):
        return TimedOutError(host)
    if isinstance(error, httpx.DecodingError):
        return NotJsonError("a body packed in a way that can't be unpacked")
    return UnreachableError(host, broke=not isinstance(error, NEVER_SENT))


def trouble_of_answer(endpoint: Endpoint, response: httpx.Response) -> BrazeError | None:
    """Name the trouble that an answer tells of; `None` for a good one."""
    status = response.status_code
    if response.is_success:
        return None
    if status in _BY_STATUS:
        return _BY_STATUS[status](endpoint, response)
    if response.is_server_error:
        return ServerError(status)
    if response.is_client_error:
        return RefusedError(status)
    return NotJsonError(f"status {status} instead of 200")


def _too_many(endpoint: Endpoint, response: httpx.Response) -> BrazeError:
    """Two things are a 429: a used-up limit, and an integration that is busy."""
    busy = endpoint is Endpoint.SYNC and "in progress" in _words(response)
    return SyncInProgressError() if busy else RateLimitedError()


def _bad_request(_endpoint: Endpoint, response: httpx.Response) -> BrazeError:
    words = _words(response)
    if "integration id" in words:
        return InvalidIntegrationError(response.status_code)
    return InvalidCursorError() if "cursor" in words else RefusedError(response.status_code)


def _not_found(endpoint: Endpoint, response: httpx.Response) -> BrazeError:
    """Tell an unknown integration from a wrong address.

    How the status call answers an unknown but well-formed id is not documented: a 404 in the API's own JSON that
    does not speak of a URL is taken for that. A page in HTML does not come from the API at all.
    """
    words = _words(response)
    if endpoint is Endpoint.LIST or "url" in words or not words.startswith("{"):
        return InvalidUrlError("There is no Braze REST API at this address (404)")
    return UnknownIntegrationError(response.status_code)


_BY_STATUS: Mapping[int, Callable[[Endpoint, httpx.Response], BrazeError]] = {
    httpx.codes.BAD_REQUEST: _bad_request,
    httpx.codes.UNAUTHORIZED: lambda _endpoint, _response: (
        BadKeyError()
    ),  # never reads the body: it holds the key
    httpx.codes.FORBIDDEN: lambda endpoint, _response: NoPermissionError(endpoint),
    httpx.codes.NOT_FOUND: _not_found,
    httpx.codes.TOO_MANY_REQUESTS: _too_many,
}


def _words(response: httpx.Response) -> str:
    return response.content[:_EXAMINED].decode("utf-8", "replace").strip().lower()
