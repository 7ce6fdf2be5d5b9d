"""The one way to call Slack's Web API: it paces, limits the time, and turns errors into verdicts."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import structlog
from slack_sdk.web.async_client import AsyncWebClient

from cdi_bot.delivery.slack_port import SlackTrouble, SlackVerdict
from cdi_bot.slack.api.errors import Effect, refused_why, to_trouble

CALL_SECONDS = 10.0
"""How long a call may take."""

log = structlog.get_logger()


class Reply(NamedTuple):
    """What Slack answered: the JSON object, and the headers."""

    data: dict[str, Any]
    headers: Mapping[str, str]


class SlackApi:
    """Slack's Web API, for everything in this process that calls it.

    A method that Slack asked to leave alone (`Retry-After`) is left alone by everybody until then. `client` must not
    retry by itself: its default handlers post twice when an answer is lost. `timeout` is the longest that one call
    takes, in seconds; `clock` counts seconds and never goes back.
    """

    def __init__(
        self,
        client: AsyncWebClient,
        *,
        timeout: float = CALL_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Raise ValueError when `client` would repeat calls by itself."""
        if client.retry_handlers:
            raise ValueError("the Slack client must have retry_handlers=[]: it would post twice")
        self._client = client
        self._timeout = timeout
        self._clock = clock
        self._closed_until: dict[str, float] = {}

    @property
    def base_url(self) -> str:
        """The address that methods are called at."""
        return self._client.base_url

    async def call(
        self, method: str, effect: Effect, *, timeout: float | None = None, **arguments: Any
    ) -> Reply:
        """Call a method such as `chat.postMessage`. Raises `SlackTrouble` and nothing else.

        `effect` says what it does when it is carried out twice, on which the verdict of a lost answer depends.
        """
        wait = self._closed_until.get(method, 0.0) - self._clock()
        if wait > 0:
            raise SlackTrouble("ratelimited", verdict=SlackVerdict.RETRY, retry_after=wait)
        try:
            async with asyncio.timeout(timeout or self._timeout):
                response = await getattr(self._client, method.replace(".", "_"))(**arguments)
        except Exception as error:  # noqa: BLE001  # slack_sdk raises all sorts of things for odd answers
            trouble = to_trouble(error, effect)
            why = refused_why(error)
        else:
            return Reply(response.data if isinstance(response.data, dict) else {}, response.headers)
        if why:
            log.warning("Slack refused a call", method=method, reason=trouble.reason, why=why)
        if trouble.retry_after is not None:
            self._closed_until[method] = self._clock() + trouble.retry_after
        # Raised outside of the handler: the libraries' errors show the request, which holds the token.
        raise trouble


def bad_answer(effect: Effect = Effect.LOOKS) -> SlackTrouble:
    """Say that an answer lacks what Slack's reference promises."""
    verdict = SlackVerdict.UNKNOWN if effect is Effect.SHOWS_TWICE else SlackVerdict.RETRY
    return SlackTrouble("bad_answer", verdict=verdict)
