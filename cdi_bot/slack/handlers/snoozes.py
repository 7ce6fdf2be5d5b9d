"""The form for a snooze: opened from the list of what is snoozed, read as the command is."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, replace

import structlog

from cdi_bot.core.commands import tokenizer
from cdi_bot.core.commands.parser import parse
from cdi_bot.core.commands.snoozes import SetSnooze
from cdi_bot.core.commands.specification import Mistake, MistakeKind
from cdi_bot.core.model.channel import Channel
from cdi_bot.core.model.subscription import Selection, Snooze
from cdi_bot.delivery.slack_port import SlackTrouble
from cdi_bot.slack.api.call import Json
from cdi_bot.slack.handlers.actions import ButtonPress
from cdi_bot.slack.handlers.commands import Responder
from cdi_bot.slack.handlers.forms import ANSWER_SECONDS
from cdi_bot.slack.render.forms.snooze import FORM, REASON, WHAT, WHEN, form_title, snooze_form, typed
from cdi_bot.slack.render.forms.subscription import plain_outcome
from cdi_bot.slack.render.kit.blocks import Rendered
from cdi_bot.slack.render.kit.windows import refused, waiting_window, window
from cdi_bot.slack.render.refusals import render_mistake
from cdi_bot.usecases.answers import (
    Answer,
    BrazeRefused,
    NoMatch,
    NotSubscribed,
    SeveralMatches,
    WhichWorkspace,
)
from cdi_bot.usecases.change_answers import (
    NothingToSnooze,
    SnoozeEnded,
    SnoozeSet,
)

log = structlog.get_logger(__name__)

_AT_THE_SELECTOR = (NoMatch, SeveralMatches, WhichWorkspace, NotSubscribed, BrazeRefused)

_Present = tuple[Snooze, Selection]


@dataclass(frozen=True, slots=True, kw_only=True)
class SnoozeForms:
    """Opens and takes the form."""

    responder: Responder

    def listen(self) -> None:
        """Answer everything about the form."""
        self.responder.slack.on_action("^snooze_(new|change)(:|$)", self.pressed)
        self.responder.slack.on_submit(FORM, self.submit)

    async def pressed(self, body: Json) -> None:
        """Open the form from a message: about the snooze that the button names, else for a new one."""
        press = ButtonPress.read(body, self.responder.slack)
        reader = await self.responder.speaking_to(press.who)
        try:
            there = self.responder.slack.channel(press.value["channel"])
            refusal = await reader.access.to_reach(press.who, there) if there != press.channel else None
            present = None if refusal else await self._present(there, press.value.get("snooze", 0))
            if refusal is None and (present or "snooze" not in press.value):
                view = snooze_form(there.channel_id, present, reader.zone, reader.i18n)
                await reader.slack.api.open_view(body["trigger_id"], view)
                return
            said = reader.say(refusal or _gone())
        except Exception as error:  # noqa: BLE001  # a person waits: every failure is answered
            said = reader.failed(error, action=press.action_id, user=press.who)
        await reader.slack.api.respond(body["response_url"], said)

    async def _present(self, channel: Channel, snooze_id: int) -> _Present | None:
        rows = (await self.responder.snoozes.show(channel)).rows
        return next((row for row in rows if row[0].snooze_id == snooze_id), None)

    async def submit(self, body: Json) -> Json:
        """Take the form: what is wrong with the time stands at its field; where Braze takes long, a window waits."""
        end = asyncio.get_running_loop().time() + ANSWER_SECONDS
        reader = await self.responder.speaking_to(body["user"]["id"])
        work = asyncio.ensure_future(self._carry_out(reader, body))
        done, _ = await asyncio.wait({work}, timeout=max(0.0, end - asyncio.get_running_loop().time()))
        title = form_title(reader.i18n)["text"]
        if not done:
            self.responder.slack.start(self._tell_late(reader, body, work))
            return {"response_action": "update", "view": waiting_window(title, reader.i18n)}
        answer = work.result()
        at = _field_of(answer, is_new=not json.loads(body["view"]["private_metadata"])["snooze"])
        if at:
            return refused({at: plain_outcome([_said(answer, reader)], reader.i18n, reader.clock())})
        if isinstance(answer, SnoozeSet) and not answer.unchanged:
            return {}  # the channel is told
        return {
            "response_action": "update",
            "view": window(title, _said(answer, reader).blocks, reader.i18n),
        }

    async def _carry_out(self, reader: Responder, body: Json) -> Answer | Rendered | Mistake:
        who, values = body["user"]["id"], typed(body["view"])
        meant = json.loads(body["view"]["private_metadata"])
        channel = self.responder.slack.channel(meant["channel"])
        try:
            refusal = await reader.access.to_reach(who, channel)
            if refusal:
                return refusal
            present = await self._present(channel, meant["snooze"])
            if meant["snooze"] and present is None:
                return _gone()
            selector = present[0].selector if present else values[WHAT]
            now = reader.clock().astimezone(reader.zone)
            about = f"snooze {tokenizer.quote(selector)}"
            wanted, alone = (parse(f"{about} {when}", now=now) for when in (values[WHEN], "until recovery"))
            if isinstance(wanted, Mistake):
                return wanted
            if (
                not isinstance(wanted, SetSnooze)
                or not isinstance(alone, SetSnooze)
                or (wanted.selector, wanted.channel_id) != (alone.selector, None)
            ):  # the time's field names something else as well
                return _no_time(values[WHEN])
            wanted = replace(
                wanted,
                reason=values[REASON] or wanted.reason,
                workspace_id=present[0].workspace_id if present else None,
            )
            zone = (await reader.directory.person(who)).zone_name
            return await reader.snoozes.snooze(channel, who, wanted, zone=zone, instead_of=meant["snooze"])
        except Exception as error:  # noqa: BLE001  # likewise
            return reader.failed(error, form=FORM, user=who)

    async def _tell_late(
        self, reader: Responder, body: Json, work: asyncio.Future[Answer | Rendered | Mistake]
    ) -> None:
        """Show how it went in the window that waits."""
        answer = await work
        view = window(form_title(reader.i18n)["text"], _said(answer, reader).blocks, reader.i18n)
        try:
            await reader.slack.api.update_view(body["view"]["id"], view)
        except SlackTrouble as trouble:
            log.info("the outcome of a form was not shown", reason=trouble.reason)  # closed meanwhile, mostly


def _said(answer: Answer | Rendered | Mistake, reader: Responder) -> Rendered:
    return render_mistake(answer, reader.i18n) if isinstance(answer, Mistake) else reader.say(answer)


def _field_of(answer: Answer | Rendered | Mistake, *, is_new: bool) -> str | None:
    """Say at which field a refusal is shown, so that nothing is lost of what was filled in; `None` for an outcome."""
    is_of_the_selector = isinstance(answer, _AT_THE_SELECTOR) or (
        isinstance(answer, Mistake) and answer.problem is MistakeKind.MISSING_INTEGRATION
    )
    if is_of_the_selector and is_new:
        return WHAT
    return WHEN if is_of_the_selector or isinstance(answer, Mistake | NothingToSnooze | Rendered) else None


def _gone() -> SnoozeEnded:
    """What there is to say of a snooze that has ended meanwhile."""
    return SnoozeEnded(what=None, was_snoozed=False)


def _no_time(text: str) -> Mistake:
    return Mistake(command="snooze", problem=MistakeKind.BAD_TIME, given=text)
