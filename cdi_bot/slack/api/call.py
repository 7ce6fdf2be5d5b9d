"""The one way to Slack's Web API, and to the `response_url` of a command or a button.

Nothing is repeated here: whether to try again is the caller's decision, made from the verdict of the error. The one
exception is a message whose blocks Slack refuses: it was not posted, and is sent once more with plainer ones.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from email.utils import parsedate_to_datetime
from typing import Any, NamedTuple

import aiohttp
import structlog
from slack_sdk.web.async_client import AsyncWebClient

from cdi_bot import network
from cdi_bot.delivery.slack_port import NotSent, SlackTrouble, SlackVerdict, ask_before_call
from cdi_bot.slack.api.errors import Effect, refused_why, to_trouble
from cdi_bot.slack.render.kit.blocks import Rendered

Json = dict[str, Any]

CALL_SECONDS = 10.0
"""How long a call of Slack's Web API may take."""


class Method(NamedTuple):
    """What a method of the Web API does when it is called twice, and which fields its answer must have.

    A field is a text that is not empty; dots lead into objects.
    """

    effect: Effect
    fields: tuple[str, ...] = ()


METHODS = {
    "apps.connections.open": Method(Effect.LOOKS, ("url",)),
    "auth.test": Method(Effect.LOOKS, ("user_id",)),
    "chat.postEphemeral": Method(Effect.SHOWS_TWICE, ("message_ts",)),
    "chat.postMessage": Method(Effect.SHOWS_TWICE, ("ts",)),
    "chat.update": Method(Effect.CHANGES_ONCE),
    "conversations.history": Method(Effect.LOOKS),
    "conversations.info": Method(Effect.LOOKS, ("channel.id",)),
    "conversations.open": Method(Effect.CHANGES_ONCE, ("channel.id",)),
    "conversations.replies": Method(Effect.LOOKS),
    "users.conversations": Method(Effect.LOOKS),
    "users.info": Method(Effect.LOOKS, ("user.id",)),
    "users.lookupByEmail": Method(Effect.LOOKS, ("user.id",)),
    "views.open": Method(Effect.CHANGES_ONCE, ("view.id",)),
    "views.publish": Method(Effect.CHANGES_ONCE, ("view.id",)),
    "views.update": Method(Effect.CHANGES_ONCE, ("view.id",)),
}
"""Every method that the bot calls."""

_BLOCKS_REFUSED = frozenset(
    {"invalid_blocks", "invalid_blocks_format", "msg_blocks_too_long", "msg_too_long", "invalid_attachments"}
)

_REDIRECTS = frozenset({301, 302, 303, 307, 308})

log = structlog.get_logger(__name__)


class Answer(NamedTuple):
    """Slack's answer to a call, and the scopes of the token it was made with, where Slack tells them."""

    body: Json
    scopes: str | None


class SlackApi:
    """Calls Slack with one token, in `session`; share it, so that all callers know which methods are closed.

    `url` is where the methods are; `clock` counts seconds and never goes back.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        *,
        token: str | None,
        url: str = "https://slack.com/api/",
        timeout: float = CALL_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Call nothing yet."""
        self._session = session
        # The handlers that slack_sdk has by default would post twice when an answer is lost.
        self._client = AsyncWebClient(token=token, base_url=url, session=session, retry_handlers=[])
        # slack_sdk takes any proxy of the environment for every address, those that NO_PROXY leaves out too.
        self._client.proxy = network.proxy_for(url)
        self._timeout = timeout
        self._clock = clock
        self._closed_until: dict[str, float] = {}
        self._dated: tuple[float, float] | None = (
            None  # the time of Slack's last answer, by its clock and by ours
        )

    async def call(self, method: str, *, within: float | None = None, **arguments: Any) -> Json:
        """Call one of the `METHODS`, within so many seconds; returns Slack's answer. Raises only `SlackTrouble`.

        A method that Slack asked to leave alone for a while is not called until then, whoever wants to.
        """
        return (await self.ask(method, within=within, **arguments)).body

    async def ask(self, method: str, *, within: float | None = None, **arguments: Any) -> Answer:
        """Call a method as `call` does, for all of the answer."""
        wait = self._closed_until.get(method, 0.0) - self._clock()
        if wait > 0:
            raise SlackTrouble("ratelimited", verdict=SlackVerdict.RETRY, retry_after=wait)
        effect, fields = METHODS[method]
        try:
            async with asyncio.timeout(within or self._timeout):
                response = await getattr(self._client, method.replace(".", "_"))(**arguments)
            body = _checked(response.data, fields)
        except Exception as error:  # noqa: BLE001  # slack_sdk raises all sorts of things for odd answers
            if isinstance(error.__cause__, NotSent):
                raise error.__cause__ from error.__cause__.__cause__
            trouble = to_trouble(error, effect)
            why = refused_why(error)
        else:
            self._note_date(response.headers.get("Date"))
            return Answer(body, response.headers.get("X-OAuth-Scopes"))
        if why:
            log.warning("Slack refused a call", method=method, reason=trouble.reason, why=why)
        if trouble.retry_after is not None:
            self._closed_until[method] = self._clock() + trouble.retry_after
        # Raised outside of the handler: the libraries' errors show the request, which holds the token.
        raise trouble

    @property
    def slack_time(self) -> float:
        """The present by Slack's clock in seconds since 1970, by the date of its last answer; 0 before there is one."""
        if self._dated is None:
            return 0.0
        date, at = self._dated
        return date + self._clock() - at

    def _note_date(self, date: str | None) -> None:
        with suppress(
            ValueError, TypeError, IndexError, OverflowError
        ):  # something in between may write anything
            self._dated = parsedate_to_datetime(date or "").timestamp(), self._clock()

    async def send(self, method: str, message: Rendered, *, key: str, **arguments: Any) -> Json:
        """Call a method that shows a message; where Slack refuses its blocks, with plainer ones.

        `key` names the message in the log.
        """
        *fancier, plainest = message.versions()
        for version in fancier:
            try:
                return await self.call(method, **version.body(), **arguments)
            except SlackTrouble as trouble:
                if trouble.reason not in _BLOCKS_REFUSED:
                    raise
                log.warning(
                    "message not taken as it was, so it goes plainer",
                    channel=arguments["channel"],
                    key=key,
                    reason=trouble.reason,
                )
        return await self.call(method, **plainest.body(), **arguments)

    async def open_view(self, trigger_id: str, view: Json) -> tuple[str, str]:
        """Put a form on the screen of whoever pressed or typed something within the last 3 s.

        Returns its id and its hash.
        """
        answer = await self.call("views.open", trigger_id=trigger_id, view=view)
        return str(answer["view"]["id"]), str(answer["view"].get("hash") or "")

    async def update_view(self, view_id: str, view: Json, *, hash: str | None = None) -> None:  # noqa: A002  # Slack's word
        """Replace a form; `not_found` where it has been closed.

        With the `hash` of what is thought to be there, `hash_conflict` where something else is.
        """
        await self.call("views.update", view_id=view_id, view=view, hash=hash)

    async def publish_home(self, user_id: str, view: Json, *, hash: str | None = None) -> str:  # noqa: A002  # Slack's word
        """Put up a person's Home tab; returns its hash.

        With the `hash` of what is thought to be there, `hash_conflict` where something else is.
        """
        answer = await self.call("views.publish", user_id=user_id, view=view, hash=hash)
        return str(answer["view"].get("hash") or "")

    async def respond(self, url: str, answer: Rendered, *, replace: bool = False) -> None:
        """Show `answer` to one person, in place of what held the button where `replace` says so. Raises nothing.

        An answer whose blocks Slack won't take is given with plainer ones, else as plain text. What can't be given at
        all is logged: the person sees that the bot does not answer, and nothing was changed by not answering.
        """
        where = {"response_type": "ephemeral", "replace_original": replace}
        for version in answer.versions():
            if await self._responded(url, {**where, **version.body()}):
                return

    async def withdraw(self, url: str) -> None:
        """Take away from one person what held the button, which only they saw. Raises nothing."""
        await self._responded(url, {"delete_original": True})

    async def _responded(self, url: str, body: Json) -> bool:
        try:
            async with self._session.post(url, json=body, proxy=network.proxy_for(url)) as response:
                if response.ok:
                    return True
                log.warning("answer not taken", status=response.status, why=(await response.text())[:100])
        except (OSError, aiohttp.ClientError) as error:
            log.warning("answer not given", error=type(error).__name__)
        return False


def open_session(timeout: float | None = None) -> aiohttp.ClientSession:
    """An HTTP session that follows no redirect: a call holds the token and the message, and Slack has no such answers.

    `timeout` in seconds is for a whole request; none leaves it to aiohttp.
    """
    limit = aiohttp.ClientTimeout(total=timeout) if timeout else aiohttp.ClientTimeout()
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(ssl=network.certificates()),
        timeout=limit,
        middlewares=(_refuse_redirects,),
        trace_configs=[_asking_before_sending()],
    )


def _asking_before_sending() -> aiohttp.TraceConfig:
    """Asks whether a request is still to be sent in the moment in which its body goes out, its headers with it.

    The connection may take its time, and a request that has one is sent in a later turn of the event loop.
    """

    async def ask(*_about: object) -> None:
        ask_before_call()

    trace = aiohttp.TraceConfig()
    trace.on_request_chunk_sent.append(ask)
    return trace


async def _refuse_redirects(
    request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
) -> aiohttp.ClientResponse:
    response = await handler(request)
    if response.status in _REDIRECTS:
        response.close()
        raise aiohttp.TooManyRedirects(response.request_info, response.history, status=response.status)
    return response


def next_cursor(answer: Json) -> str | None:
    """What to ask for the next page with, `None` behind the last."""
    told = answer.get("response_metadata")
    cursor = told.get("next_cursor") if isinstance(told, dict) else None
    return cursor if isinstance(cursor, str) and cursor else None


def _checked(body: object, fields: Sequence[str]) -> Json:
    """Slack's answer; raises ValueError where it is none of its method."""
    if not isinstance(body, dict) or not all(_has(body, field) for field in fields):
        raise ValueError("not the answer of this method")
    return body


def _has(answer: object, field: str) -> bool:
    for name in field.split("."):
        if not isinstance(answer, dict):
            return False
        answer = answer.get(name)
    return isinstance(answer, str) and answer != ""
