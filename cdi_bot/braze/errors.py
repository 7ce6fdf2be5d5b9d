"""Why Braze could not be asked, or did not do what it was asked: one class for each answer to that question.

    BrazeTrouble                     (services.ports.braze: all that the use cases know of)
    └── BrazeError
        ├── PassingError             the same call may succeed later by itself
        │   ├── UnreachableError         no connection, or it broke
        │   ├── TimedOutError            no answer in time
        │   ├── ServerError              5xx
        │   ├── RateLimitedError         429, the workspace's limit is used up
        │   ├── OutOfBudgetError         not asked: the bot's own share of the limit is used up
        │   ├── NotJsonError             an answer that the API does not promise
        │   └── SyncInProgressError      429 to a sync: the integration is busy, no rate limit
        └── LastingError             somebody has to mend something first
            ├── BadKeyError              401
            ├── NoPermissionError        403
            ├── InvalidIntegrationError  400: no valid id; also one that no URL can hold
            ├── UnknownIntegrationError  404: an id that Braze does not know
            ├── InvalidCursorError       400
            ├── InvalidUrlError          404, or no usable base URL at all
            ├── RefusedError             any other 4xx
            └── MayHaveStartedError      a sync was asked for and no clear answer came: never ask twice

The texts are written here and nowhere else, and hold nothing that came from the network: Braze's own text for a
401 repeats the key.
"""

from typing import ClassVar

from cdi_bot.monitoring.braze_port import BrazeReason, BrazeTrouble, Endpoint

PERMISSIONS = {
    Endpoint.LIST: "cdi.integration_list",
    Endpoint.STATUS: "cdi.integration_job_status",
    Endpoint.SYNC: "cdi.integration_sync",
}
"""What a key must be allowed to do for each call."""


class BrazeError(BrazeTrouble):
    """Any trouble with Braze; each class below names its reason once."""

    code: ClassVar[BrazeReason]
    passing: ClassVar[bool]

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        """Keep words for people; `retry_after` in seconds."""
        super().__init__(message, reason=self.code, retryable=self.passing, retry_after=retry_after)


class PassingError(BrazeError):
    """The same call may succeed later by itself."""

    passing = True


class LastingError(BrazeError):
    """The same call fails again until somebody mends something."""

    passing = False


class UnreachableError(PassingError):
    """No connection, or it broke before the answer was whole."""

    code = BrazeReason.UNREACHABLE

    def __init__(self, host: str, *, broke: bool) -> None:
        """`broke` tells a connection that was lost from one that never came about."""
        what = (
            f"The connection to Braze at {host} broke before the answer was whole."
            if broke
            else f"Braze can't be reached at {host}. Check BRAZE_BASE_URL, DNS and the network."
        )
        super().__init__(what)


class TimedOutError(PassingError):
    """No answer in time."""

    code = BrazeReason.TIMEOUT

    def __init__(self, host: str) -> None:
        """Name the host that was asked."""
        super().__init__(f"Braze at {host} did not answer in time.")


class ServerError(PassingError):
    """Braze, or a proxy in front of it, answered with 5xx."""

    code = BrazeReason.SERVER_ERROR

    def __init__(self, status: int) -> None:
        """Name the HTTP status."""
        super().__init__(f"Braze has a problem of its own ({status}).")


class RateLimitedError(PassingError):
    """The workspace's limit for this call is used up, by whichever tool."""

    code = BrazeReason.RATE_LIMITED

    def __init__(self) -> None:
        """Say who may have used it."""
        super().__init__("Braze's rate limit for this workspace is used up (429); other tools share it.")


class OutOfBudgetError(PassingError):
    """Not asked, because the bot's share of the limit is used up for now."""

    code = BrazeReason.OUT_OF_BUDGET

    def __init__(self, why: str, *, retry_after: float) -> None:
        """`why` names the rule that said no; `retry_after` in seconds."""
        super().__init__(
            f"Braze was not asked, to stay within its rate limit: {why}.", retry_after=retry_after
        )


class NotJsonError(PassingError):
    """An answer that is not what the API promises: a proxy's page, a redirect, a broken body."""

    code = BrazeReason.NOT_JSON

    def __init__(self, what: str) -> None:
        """`what` came instead, in words."""
        super().__init__(f"Braze's answer can't be read: {what}. A proxy in between may have sent it.")


class SyncInProgressError(PassingError):
    """The integration runs one job at a time, and one is running."""

    code = BrazeReason.SYNC_IN_PROGRESS

    def __init__(self) -> None:
        """Say that it is busy."""
        super().__init__("A sync of this integration is already running; wait until it ends.")


class BadKeyError(LastingError):
    """Braze does not take the key."""

    code = BrazeReason.BAD_KEY

    def __init__(self, why: str = "Braze refused the API key (401)") -> None:
        """`why` says who found the key bad."""
        super().__init__(
            f"{why}. Check BRAZE_API_KEY, and that it belongs to the instance in BRAZE_BASE_URL."
        )


class NoPermissionError(LastingError):
    """The key lacks a permission, or the account is inactive."""

    code = BrazeReason.NO_PERMISSION

    def __init__(self, endpoint: Endpoint) -> None:
        """Name the permission that the call needs."""
        super().__init__(
            f"Braze did not allow this (403). Give the API key the permission {PERMISSIONS[endpoint]}; "
            "if it has it, the Braze account may be inactive or the key limited to other IP addresses."
        )


class InvalidIntegrationError(LastingError):
    """What is no id to Braze, or can't stand in a URL."""

    code = BrazeReason.INVALID_INTEGRATION

    def __init__(self, status: int | None = None) -> None:
        """`status` is the HTTP status, `None` when the id was refused before anything was asked."""
        super().__init__(
            "This can't be the id of an integration."
            if status is None
            else f"Braze does not take this for the id of an integration ({status})."
        )


class UnknownIntegrationError(LastingError):
    """An id that Braze does not know."""

    code = BrazeReason.UNKNOWN_INTEGRATION

    def __init__(self, status: int) -> None:
        """Name the HTTP status."""
        super().__init__(
            f"Braze does not know an integration with this id ({status}); it may have been deleted."
        )


class InvalidCursorError(LastingError):
    """Braze does not know the place in the pages; reading has to start over from the first."""

    code = BrazeReason.INVALID_CURSOR

    def __init__(self) -> None:
        """Say how to go on."""
        super().__init__("Braze did not take the cursor of a further page (400); start over from the first.")


class InvalidUrlError(LastingError):
    """The base URL is no Braze REST endpoint."""

    code = BrazeReason.INVALID_URL

    def __init__(self, what: str) -> None:
        """`what` is wrong with it, in words."""
        super().__init__(
            f"{what}. Set BRAZE_BASE_URL to a REST endpoint such as https://rest.iad-03.braze.com."
        )


class RefusedError(LastingError):
    """A refusal that the API does not document."""

    code = BrazeReason.REFUSED

    def __init__(self, status: int) -> None:
        """Name the HTTP status."""
        super().__init__(f"Braze refused the request ({status}).")


class MayHaveStartedError(LastingError):
    """A sync was asked for and no clear answer came, so it may be running.

    Its reason is that of the trouble that hid the answer. It counts as lasting, whatever that was:
    asking again could run the sync twice.
    """

    code = BrazeReason.UNREACHABLE

    def __init__(self, hidden_by: BrazeTrouble) -> None:
        """Take over the reason of what went wrong."""
        super().__init__(
            "No clear answer came from Braze: the sync may have started. Look at its status first."
        )
        self.reason = hidden_by.reason
        self.may_have_happened = True
