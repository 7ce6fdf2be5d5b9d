"""The Home tab: put up when somebody opens it, and anew while they may be looking when something has changed.

Slack tells when Home is opened, never when it is left. So whoever opened it lately is shown what changes for a while,
within what Slack allows; after that the next opening shows how things are.
"""

from __future__ import annotations

import json
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from cdi_bot.core.model import still_waits
from cdi_bot.core.model.channel import Channel
from cdi_bot.delivery.slack_port import SlackTrouble, SlackVerdict
from cdi_bot.item_troubles import Work
from cdi_bot.slack.api.call import Json
from cdi_bot.slack.handlers.actions import ButtonPress
from cdi_bot.slack.handlers.commands import Responder
from cdi_bot.slack.render.history import history_window
from cdi_bot.slack.render.home import View, fingerprint, home_view, troubled_home, unknown_home
from cdi_bot.slack.render.kit.blocks import Block
from cdi_bot.slack.render.kit.windows import waiting_window, window
from cdi_bot.slack.render.refusals import render_help
from cdi_bot.store import StoreTrouble
from cdi_bot.usecases.home import HomeQueries

log = structlog.get_logger(__name__)

LOOKED_AT = timedelta(minutes=10)
"""So long after it was opened or used, Home is taken for being looked at."""

LOOKS_AGAIN = timedelta(seconds=15)
"""So often is looked whether something changed that this process did not hear of."""

FRESH = timedelta(minutes=2)
"""So often is said anew how fresh it is, where nothing else changes."""

APART = timedelta(seconds=3)
"""Least time between two showings to one person that nobody asked for."""

MOST_A_MINUTE = 40
"""Showings that nobody asked for: Slack allows a hundred, and openings come first."""

MOST_VIEWERS = 200

REST = 20
"""So many times as long as a look took, none is taken: thousands of integrations cost the rest of the bot little."""


@dataclass(slots=True, kw_only=True)
class _Viewer:
    """Somebody who may be looking: at which page, at what, since when. `direct` is their place with the bot."""

    since: datetime
    page: int = 0
    direct: Channel | None = None
    hash: str | None = None
    shown: str = ""
    shown_at: datetime | None = None


@dataclass(slots=True, kw_only=True)
class HomeTab:
    """Puts up Home for the people of one team.

    `clock` gives the present in UTC; `seconds` counts and never goes back.
    """

    responder: Responder
    homes: HomeQueries
    clock: Callable[[], datetime]
    seconds: Callable[[], float] = time.monotonic
    _rest_until: float = 0.0
    _spent: float = 0.0
    _viewers: OrderedDict[str, _Viewer] = field(default_factory=OrderedDict)
    _stirred: bool = False
    _looked_at: datetime | None = None
    _renewed: list[datetime] = field(default_factory=list)
    _paused_at: datetime | None = None
    _pause: timedelta = timedelta(0)

    def listen(self) -> None:
        """Answer whatever happens on Home."""
        slack = self.responder.slack
        slack.on_event("app_home_opened", self.opened)
        slack.on_action("^home_page(:|$)", self.turned)
        slack.on_action("^home_refresh$", self.refreshed)
        slack.on_action("^home_(un)?ack(:|$)", self.acknowledged)
        slack.on_action("^home_runs(:|$)", self.runs)
        slack.on_action("^home_sample(:|$)", self.sample)
        slack.on_action("^home_help$", self.help)

    # -------------------------------------------------------------------------------- what people do

    async def opened(self, body: Json) -> None:
        """Show Home to whoever opened it; the bot's messages tab is none of its business."""
        event = body["event"]
        if event.get("tab") != "home":
            return
        viewer = self._viewer(event["user"])
        viewer.page = 0
        if event.get("channel"):
            viewer.direct = self.responder.slack.channel(event["channel"])
        await self._show(event["user"], viewer)

    async def turned(self, body: Json) -> None:
        """Turn to another page."""
        press = ButtonPress.read(body, self.responder.slack)
        viewer = self._viewer(press.who)
        viewer.page = press.value["offset"]
        await self._show(press.who, viewer)

    async def refreshed(self, body: Json) -> None:
        """Show how things are now, also in which channels the person is."""
        who = body["user"]["id"]
        self.responder.directory.forget_channels_of(who)
        await self._show(who, self._same_page(body))

    async def moved(self, who: str) -> None:
        """Show somebody who has joined or left a channel what they see from now on, if they may be looking."""
        self.responder.directory.forget_channels_of(who)
        await self.show_again(who)

    async def show_again(self, who: str) -> None:
        """Show somebody what they have just changed elsewhere, if they may be looking."""
        if viewer := self._viewers.get(who):
            await self._show(who, viewer)

    async def acknowledged(self, body: Json) -> None:
        """Acknowledge what is wrong; where that is refused, say why in a window."""
        press = ButtonPress.read(body, self.responder.slack)
        responder = await self.responder.speaking_to(press.who)
        try:
            channel = press.channel or await responder.access.messenger.opened(
                self.responder.slack.channel(press.who)  # it is theirs, though none of their channels gets it
            )
            answer = await responder.access.to_reach(
                press.who, channel
            ) or await responder.incidents.acknowledge_incidents(
                channel, press.who, press.value["incidents"], to=press.value.get("to")
            )
            told = responder.say(answer) if answer is not None else None
        except Exception as error:  # noqa: BLE001  # a person waits: every failure is answered
            told = responder.failed(error, action=press.action_id, user=press.who)
        viewer = self._same_page(body)
        before = viewer.shown
        await self._show(press.who, viewer)
        if told is not None and viewer.shown == before:
            await self._open(body, window(responder.i18n("Acknowledge"), told.blocks, responder.i18n))

    async def runs(self, body: Json) -> None:
        """Show an integration's runs in a window."""

        async def blocks(responder: Responder, press: ButtonPress) -> list[Block]:
            nowhere = self.responder.slack.channel("")
            answer = await responder.queries.history(
                nowhere, press.value["id"], workspace_id=press.workspace_id
            )
            shown = history_window(answer, responder.i18n, self.clock())
            return shown or responder.say(answer).blocks

        await self._answer(body, "History", blocks)

    async def sample(self, body: Json) -> None:
        """Send a sample alert to a channel, and show in a window how far it came."""

        async def blocks(responder: Responder, press: ButtonPress) -> list[Block]:
            channel = self.responder.slack.channel(press.value["channel"])
            refusal = await responder.access.to_reach(press.who, channel)
            return responder.say(refusal or await responder.samples.send(channel, press.who)).blocks

        await self._answer(body, "Sample alert", blocks)

    async def _answer(
        self, body: Json, title: str, answer: Callable[[Responder, ButtonPress], Awaitable[list[Block]]]
    ) -> None:
        """Answer a button in a window, which waits while Braze or Slack is asked; `title` is a message id."""
        press = ButtonPress.read(body, self.responder.slack)
        responder = await self.responder.speaking_to(press.who)
        heading = responder.i18n.translated(title)
        view_id = await self._open(body, waiting_window(heading, responder.i18n))
        if view_id is None:
            return
        try:
            blocks = await answer(responder, press)
        except Exception as error:  # noqa: BLE001  # a person waits: every failure is answered
            blocks = responder.failed(error, action=press.action_id, user=press.who).blocks
        try:
            await self.responder.slack.api.update_view(view_id, window(heading, blocks, responder.i18n))
        except SlackTrouble as trouble:
            log.info("answer not shown", action=press.action_id, reason=trouble.reason)  # closed, mostly

    async def help(self, body: Json) -> None:
        """Explain the commands in a window."""
        responder = await self.responder.speaking_to(body["user"]["id"])
        told = render_help(None, responder.i18n)
        await self._open(body, window(responder.i18n("Help"), told.blocks, responder.i18n))

    async def _open(self, body: Json, view: View) -> str | None:
        try:
            return (await self.responder.slack.api.open_view(body["trigger_id"], view))[0]
        except SlackTrouble as trouble:
            log.warning("window not opened", reason=trouble.reason, user=body["user"]["id"])
            return None

    def _viewer(self, who: str) -> _Viewer:
        """Somebody who is surely looking now."""
        now = self.clock()
        viewer = self._viewers.setdefault(who, _Viewer(since=now))
        viewer.since = now
        self._viewers.move_to_end(who)
        if len(self._viewers) > MOST_VIEWERS:
            self._viewers.popitem(last=False)
        return viewer

    def _same_page(self, body: Json) -> _Viewer:
        """The person at the page whose button they pressed, also after a restart."""
        viewer = self._viewer(body["user"]["id"])
        viewer.page = json.loads(body["view"].get("private_metadata") or "{}").get("page", 0)
        return viewer

    # -------------------------------------------------------------------------------- showing

    async def _show(self, who: str, viewer: _Viewer) -> None:
        """Put Home up because somebody asked for it: over whatever is there."""
        try:
            view = await self._view(who, viewer)
            await self._publish(who, viewer, view, expected=None)
        except SlackTrouble as trouble:
            log.warning("Home not shown", user=who, reason=trouble.reason)

    async def _view(self, who: str, viewer: _Viewer) -> View:
        responder = await self.responder.speaking_to(who)
        try:
            channels = await self.responder.directory.channels_of(who)
        except SlackTrouble as trouble:
            log.warning("channels not told", user=who, reason=trouble.reason)
            return unknown_home(responder.i18n)
        if viewer.direct:
            channels |= {viewer.direct}
        person = await self.responder.directory.person(who)
        began = self.seconds()
        try:
            home = await self.homes.home(channels, viewer.page, who=who, may_change=person.may_change)
        except StoreTrouble as trouble:
            return troubled_home(responder.failed(trouble, home=who).blocks, responder.i18n)
        self._spent += self.seconds() - began
        viewer.page = home.page
        return home_view(home, responder.i18n, self.clock(), self.homes.workspaces.troubles)

    async def _publish(self, who: str, viewer: _Viewer, view: View, *, expected: str | None) -> None:
        viewer.hash = await self.responder.slack.api.publish_home(who, view, hash=expected)
        viewer.shown, viewer.shown_at = fingerprint(view), self.clock()

    # -------------------------------------------------------------------------------- keeping up

    def stir(self) -> None:
        """Take note that something may have changed."""
        self._stirred = True

    async def tick(self) -> None:
        """Show what has changed to those who may be looking. Raises nothing; what can't be shown now is later."""
        now = self.clock()
        self._let_go(now)
        due = not still_waits(self._looked_at, LOOKS_AGAIN, now)
        began = self.seconds()
        if (
            not self._viewers
            or not (self._stirred or due)
            or self._is_paused(now)
            or began < self._rest_until
        ):
            return
        self._stirred, self._looked_at = False, now
        for who, viewer in sorted(self._viewers.items(), key=lambda pair: pair[1].shown_at or now):
            soon = viewer.shown_at is None or still_waits(viewer.shown_at, APART, now)
            if soon or self._is_paused(now) or not self._may_renew(now):
                self._stirred = True  # next time
                continue
            with self.homes.workspaces.troubles.guard(Work.HOME, who):
                await self._renew(who, viewer, now)
        self._rest_until = self.seconds() + self._spent * REST

    def _let_go(self, now: datetime) -> None:
        for who in [
            who for who, viewer in self._viewers.items() if not still_waits(viewer.since, LOOKED_AT, now)
        ]:
            del self._viewers[who]

    def _is_paused(self, now: datetime) -> bool:
        """Whether Slack asked to be left alone for now."""
        return still_waits(self._paused_at, self._pause, now)

    def _may_renew(self, now: datetime) -> bool:
        self._renewed = [at for at in self._renewed if still_waits(at, timedelta(minutes=1), now)]
        return len(self._renewed) < MOST_A_MINUTE

    async def _renew(self, who: str, viewer: _Viewer, now: datetime) -> None:
        expected = viewer.hash
        try:
            view = await self._view(who, viewer)
            old = not still_waits(viewer.shown_at, FRESH, now)
            if fingerprint(view) == viewer.shown and not old:
                return
            self._renewed.append(now)
            await self._publish(who, viewer, view, expected=expected)
        except SlackTrouble as trouble:
            log.info("Home not renewed", user=who, reason=trouble.reason)
            if viewer.hash != expected:
                return  # shown meanwhile because they asked for it
            if trouble.verdict is not SlackVerdict.RETRY or trouble.reason == "hash_conflict":
                self._viewers.pop(who, None)  # another process shows it by now, or it can't be shown
            elif trouble.retry_after:
                self._paused_at, self._pause = now, timedelta(seconds=trouble.retry_after)
                self._stirred = True
