"""The form for a snooze: opened from the list of what is snoozed, read as the command is."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace

from cdi_bot.core.commands import tokenizer
from cdi_bot.core.commands.parser import parse
from cdi_bot.core.commands.snoozes import SetSnooze
from cdi_bot.core.commands.specification import Mistake, MistakeKind
from cdi_bot.core.model.channel import Channel
from cdi_bot.core.model.subscription import Selection, Snooze
from cdi_bot.slack.api.call import Json
from cdi_bot.slack.handlers.actions import ButtonPress
from cdi_bot.slack.handlers.commands import Responder
from cdi_bot.slack.handlers.submission import AT_THE_SELECTOR, Outcome, Submission, answer_by
from cdi_bot.slack.render.forms.snooze import FORM, REASON, WHAT, WHEN, form_title, snooze_form, typed
from cdi_bot.slack.render.kit.blocks import Rendered
from cdi_bot.usecases.answers import Answer
from cdi_bot.usecases.change_answers import (
    NothingToSnooze,
    SnoozeEnded,
    SnoozeSet,
)

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
        """Take the form: what is wrong with the time stands at its field."""
        until = answer_by()
        reader = await self.responder.speaking_to(body["user"]["id"])
        is_new = not json.loads(body["view"]["private_metadata"])["snooze"]
        submission = Submission(
            reader=reader,
            body=body,
            title=form_title(reader.i18n)["text"],
            field_of=lambda answer: _field_of(answer, is_new=is_new),
            closes=_is_told,
        )
        return await submission.answer(self._carry_out(reader, body), until)

    async def _carry_out(self, reader: Responder, body: Json) -> Outcome:
        who, values = body["user"]["id"], typed(body["view"])
        meant = json.loads(body["view"]["private_metadata"])
        channel = self.responder.slack.channel(meant["channel"])
        try:
            refusal = await reader.access.to_reach(who, channel)
            if refusal:
                return [refusal]
            present = await self._present(channel, meant["snooze"])
            if meant["snooze"] and present is None:
                return [_gone()]
            selector = present[0].selector if present else values[WHAT]
            now = reader.clock().astimezone(reader.zone)
            about = f"snooze {tokenizer.quote(selector)}"
            wanted, alone = (parse(f"{about} {when}", now=now) for when in (values[WHEN], "until recovery"))
            if isinstance(wanted, Mistake):
                return [wanted]
            if (
                not isinstance(wanted, SetSnooze)
                or not isinstance(alone, SetSnooze)
                or (wanted.selector, wanted.channel_id) != (alone.selector, None)
            ):  # the time's field names something else as well
                return [_no_time(values[WHEN])]
            wanted = replace(
                wanted,
                reason=values[REASON] or wanted.reason,
                workspace_id=present[0].workspace_id if present else None,
            )
            zone = (await reader.directory.person(who)).zone_name
            return [await reader.snoozes.snooze(channel, who, wanted, zone=zone, instead_of=meant["snooze"])]
        except Exception as error:  # noqa: BLE001  # likewise
            return [reader.failed(error, form=FORM, user=who)]


def _field_of(answer: Answer | Rendered | Mistake, *, is_new: bool) -> str | None:
    """Say at which field a refusal is shown; `None` for one that no field caused."""
    if isinstance(answer, AT_THE_SELECTOR) or (
        isinstance(answer, Mistake) and answer.problem is MistakeKind.MISSING_INTEGRATION
    ):
        return WHAT if is_new else WHEN
    return WHEN if isinstance(answer, Mistake | NothingToSnooze) else None


def _is_told(outcome: Outcome) -> bool:
    """Whether the channel is told all there is to say."""
    return any(isinstance(each, SnoozeSet) and not each.unchanged for each in outcome)


def _gone() -> SnoozeEnded:
    """What there is to say of a snooze that has ended meanwhile."""
    return SnoozeEnded(what=None, was_snoozed=False)


def _no_time(text: str) -> Mistake:
    return Mistake(command="snooze", problem=MistakeKind.BAD_TIME, given=text)
