"""The bot as a Slack app: what Slack sends comes in here, over Socket Mode or as signed HTTP requests.

Everything is acknowledged before it is worked on, so that a slow database or Braze never costs the three seconds
that Slack gives. The work runs in tasks of its own, which a stop waits for.
"""

from __future__ import annotations

import asyncio
import json
import logging
import re
import time
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import structlog
from slack_bolt.adapter.socket_mode.async_internals import run_async_bolt_app
from slack_bolt.adapter.starlette.async_handler import to_starlette_response
from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_bolt.error import BoltUnhandledRequestError
from slack_bolt.response import BoltResponse
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse
from slack_sdk.web.async_client import AsyncWebClient
from starlette.requests import Request
from starlette.responses import Response

from cdi_bot.core.model.channel import Channel
from cdi_bot.slack.api.call import CALL_SECONDS, Json, SlackApi, open_session
from cdi_bot.slack.api.directory import Identity, Recent, identify
from cdi_bot.slack.api.signed_requests import Refused, SignedRequests
from cdi_bot.slack.api.socket_mode import WATCH_SECONDS, SocketMode

Listener = Callable[[Json], Awaitable[None]]
Answerer = Callable[[Json], Awaitable[Json]]

log = structlog.get_logger(__name__)

REMEMBERED = 10_000
"""So many names of the newest deliveries are known again when Slack repeats them: far more than wait at any time."""

REMEMBERED_ANSWERS = 100
"""So many answers to forms and searches are given again when Slack asks again."""

ENVELOPE = "envelope_id"
"""Where a delivery over Socket Mode tells its envelope, by which one without an id of its own is known again."""

OK = 200


class SlackApp:
    """One Slack team's app. Make it inside a running event loop; `drain`, then `close` gives everything back.

    Without an app token it waits for signed requests, which `handle` takes. `api` calls the Web API.
    """

    def __init__(
        self,
        *,
        bot_token: str,
        app_token: str | None,
        signing_secret: str | None,
        api_url: str = "https://slack.com/api/",
        watch_seconds: float = WATCH_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Connect to nothing yet; `clock` counts seconds and never goes back."""
        self._bot_token = bot_token
        self._signed = SignedRequests(signing_secret)
        self._session = open_session(CALL_SECONDS)
        self.api = SlackApi(self._session, token=bot_token, url=api_url, clock=clock)
        self._sockets = (
            SocketMode(self.api, app_token, self._take_envelope, watch_seconds=watch_seconds)
            if app_token
            else None
        )
        self._bolt = self._make_bolt(api_url, signing_secret)
        self._tasks: set[asyncio.Future[Any]] = set()
        self._taken = Recent[bool](REMEMBERED)
        self._answered = Recent[asyncio.Future[Json]](REMEMBERED_ANSWERS)
        self._identity: Identity | None = None
        self._met: Callable[[str, str | None], None] = _ignore
        self._stopping = False

    def _make_bolt(self, api_url: str, signing_secret: str | None) -> AsyncApp:
        # Bolt warns of a token in the environment that it does not use, and at the level "info" logs whole requests
        # that it refuses: it says nothing while it is made, and only warnings later.
        logger = logging.getLogger("slack_bolt.app")
        logger.setLevel(logging.ERROR)

        # A plain function: Bolt takes the names of a callable's arguments for what it wants, a method's self too.
        async def authorize(enterprise_id: str | None, team_id: str | None) -> AuthorizeResult:
            return self._authorize(enterprise_id, team_id)

        bolt = AsyncApp(
            name="cdi-bot",
            logger=logger,
            signing_secret=signing_secret or "",
            # Answered from memory: Bolt's own way asks Slack before it acknowledges the first command.
            authorize=authorize,
            client=AsyncWebClient(base_url=api_url, session=self._session, retry_handlers=[]),
            # Listeners here do nothing but acknowledge; otherwise Bolt looks for that every 10 ms only.
            process_before_response=True,
            # Otherwise it logs many lines of advice for each thing that nothing here is for.
            raise_error_for_unhandled_request=True,
        )
        bolt.error(_refuse)
        logger.setLevel(logging.WARNING)
        return bolt

    # -------------------------------------------------------------------------------- listeners

    def on_command(self, name: str, listener: Listener) -> None:
        """Have a slash command acknowledged and then answered by `listener`."""
        self._bolt.command(name)(self._taker(listener))

    def on_action(self, pattern: str, listener: Listener) -> None:
        """Have the use of buttons and menus whose action id fits acknowledged and then answered by `listener`."""
        self._bolt.action(re.compile(pattern))(self._taker(listener))

    def on_shortcut(self, callback_id: str, listener: Listener) -> None:
        """Have the use of a global shortcut acknowledged and then answered by `listener`."""
        self._bolt.shortcut(callback_id)(self._taker(listener))

    def on_event(self, kind: str, listener: Listener) -> None:
        """Have events of one type acknowledged and then taken by `listener`."""
        self._bolt.event(kind)(self._taker(listener))

    def on_submit(self, callback_id: str, answerer: Answerer) -> None:
        """Acknowledge a submitted form with what `answerer` returns, which it must do within two seconds or so."""
        self._bolt.view(callback_id)(self._asker(answerer))

    def on_options(self, action_id: str, answerer: Answerer) -> None:
        """Acknowledge a search in a menu with the options that `answerer` returns, in time as well."""
        self._bolt.options(action_id)(self._asker(answerer))

    def on_person(self, met: Callable[[str, str | None], None]) -> None:
        """Tell `met` who uses a button, menu, form or shortcut or says something, and which team is theirs, before."""
        self._met = met

    # Slack sends again what it saw no acknowledgement of. A delivery is remembered in the very step in which its work
    # begins, so that one that failed before that is taken when it comes again.

    def _taker(self, listener: Listener) -> Callable[..., Awaitable[None]]:
        async def take(ack: AsyncAck, body: Json) -> None:
            await ack()
            self._meet(body)
            name = _name_of(body)
            if not self._taken.get(name):
                self._taken.put(name, True)
                self.start(listener(body))

        return take

    def _asker(self, answerer: Answerer) -> Callable[..., Awaitable[None]]:
        async def ask(ack: AsyncAck, body: Json) -> None:
            self._meet(body)
            name = _name_of(body)
            answering = self._answered.get(name)
            if answering is None or _failed(answering):
                answering = asyncio.ensure_future(answerer(body))
                self._keep(answering)
                self._answered.put(name, answering)
            await ack(**await asyncio.shield(answering))

        return ask

    def _meet(self, body: Json) -> None:
        person = body.get("user")
        if isinstance(person, dict) and isinstance(person.get("id"), str):
            self._met(person["id"], person.get("team_id"))
        event = body.get("event")
        if isinstance(event, dict) and isinstance(event.get("user"), str):
            self._met(event["user"], event.get("user_team"))  # told in channels that are shared

    def start(self, work: Awaitable[None]) -> None:
        """Have work done beside what was acknowledged; a stop waits for it."""
        self._keep(asyncio.create_task(_logged(work)))

    def _keep(self, task: asyncio.Future[Any] | None) -> None:
        if task is not None:
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def _authorize(self, enterprise_id: str | None, team_id: str | None) -> AuthorizeResult:
        identity = self._identity
        return AuthorizeResult(
            enterprise_id=enterprise_id,
            team_id=team_id,
            bot_token=self._bot_token,
            bot_user_id=identity.bot_user_id if identity else None,
        )

    # -------------------------------------------------------------------------------- connection

    async def identify(self) -> Identity:
        """Try the bot token; raises `SlackTrouble` with Slack's word, such as `invalid_auth`."""
        self._identity = await identify(self.api)
        return self._identity

    @property
    def identity(self) -> Identity:
        """Who the bot is, as `identify` learned it."""
        if self._identity is None:
            raise RuntimeError("call identify() first")
        return self._identity

    def channel(self, channel_id: str) -> Channel:
        """The channel of this id, in the team that the app was installed to.

        A payload names the team of whoever acts, which in a channel shared with another company or workspace is
        another one, or none at all. One channel id is one channel, whoever writes in it.
        """
        return Channel(team_id=self.identity.team_id, channel_id=channel_id)

    async def try_app_token(self) -> None:
        """Try the app token, if there is one, without connecting; raises `SlackTrouble`."""
        if self._sockets is not None:
            await self._sockets.try_token()

    async def connect(self) -> None:
        """Open the Socket Mode connections, if there is an app token; raises `SlackTrouble`."""
        if self._sockets is not None:
            await self._sockets.connect()

    @property
    def is_connected(self) -> bool:
        """Whether Slack can deliver commands; in HTTP mode Slack connects by itself."""
        return self._sockets is None or self._sockets.is_connected

    async def drain(self, timeout: float) -> None:
        """Take nothing new, and let what was taken finish for at most `timeout` seconds."""
        self._stopping = True
        loop = asyncio.get_running_loop()
        end = loop.time() + timeout
        while self._tasks and (left := end - loop.time()) > 0:
            await asyncio.wait(self._tasks, timeout=left)  # what was being acknowledged may add a task
        unfinished = set(self._tasks)
        if unfinished:
            log.warning("some requests from Slack were not finished", count=len(unfinished))
        for task in unfinished:
            task.cancel()
        await asyncio.gather(*unfinished, return_exceptions=True)

    async def close(self) -> None:
        """Close every connection."""
        if self._sockets is not None:
            await self._sockets.close()
        await self._session.close()

    async def _take_envelope(self, request: SocketModeRequest) -> SocketModeResponse | None:
        """Say how to acknowledge an envelope; its work goes on afterwards."""
        if self._stopping:
            return None  # left to another process, or to a later try
        self._keep(asyncio.current_task())
        request.payload[ENVELOPE] = request.envelope_id
        response = await run_async_bolt_app(self._bolt, request)
        if response.status != OK:
            return None
        return SocketModeResponse(request.envelope_id, json.loads(response.body) if response.body else None)

    async def handle(self, request: Request) -> Response:
        """Answer a signed HTTP request; one that is forged or older than five minutes is refused."""
        try:
            bolt_request = await self._signed.read(request)
        except Refused as refused:
            # Its body may not have been read: nothing more is taken on this connection.
            return Response(status_code=refused.status, headers={"connection": "close"})
        if bolt_request is None:
            return Response()
        if self._stopping:
            return Response(status_code=503)  # left to another process, or to a later try
        try:
            answer = await self._bolt.async_dispatch(bolt_request)
        except Exception as error:  # noqa: BLE001  # Bolt trips in many ways over fields that are not as Slack's are
            log.warning("a request from Slack can't be read", error=type(error).__name__)
            return Response(status_code=400)
        return to_starlette_response(answer)


def _name_of(body: Json) -> str:
    """What a delivery is known by when it comes again; one without any name is like no other."""
    return body.get("trigger_id") or body.get("event_id") or body.get(ENVELOPE) or uuid4().hex


def _failed(answering: asyncio.Future[Json]) -> bool:
    return answering.done() and (answering.cancelled() or answering.exception() is not None)


def _ignore(_user_id: str, _team_id: str | None) -> None:
    return


async def _refuse(error: Exception, body: Json) -> BoltResponse:
    """What Slack is told where no listener took something: fine, where there is none for it.

    Otherwise Slack shows people a warning, and sends events again. A command that the manifest should not have sent
    here is left alone, so that Slack tells the person.
    """
    if isinstance(error, BoltUnhandledRequestError):
        if command := body.get("command"):
            log.warning("a command that the bot does not have", command=str(command)[:100])
            return BoltResponse(status=404)
        log.debug("ignored what Slack sent", kind=str(body.get("type"))[:100])
        return BoltResponse(status=OK)
    log.error("a request from Slack failed", exc_info=error)
    return BoltResponse(status=500)


async def _logged(work: Awaitable[None]) -> None:
    """Log what a listener did not answer for by itself; nobody else would hear of it."""
    try:
        await work
    except Exception:
        log.exception("a request from Slack failed")
