"""The form for owners, runbooks and critical integrations: opens it, and takes what was filled in."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from cdi_bot.delivery.slack_port import SlackTrouble
from cdi_bot.slack.api.call import Json
from cdi_bot.slack.handlers.actions import ButtonPress
from cdi_bot.slack.handlers.commands import Responder
from cdi_bot.slack.handlers.submission import AT_THE_SELECTOR, Outcome, Submission, answer_by
from cdi_bot.slack.render.forms.fields import SELECTOR
from cdi_bot.slack.render.forms.integration import (
    FORM,
    IntegrationFormValues,
    form_title,
    integration_form,
    read_integration_form,
)
from cdi_bot.slack.render.kit.windows import refused, window


@dataclass(frozen=True, slots=True, kw_only=True)
class IntegrationSettingsForms:
    """Opens and takes the form; `changed` is told of each person who changed something by it."""

    responder: Responder
    changed: Callable[[str], Awaitable[None]]

    def listen(self) -> None:
        """Answer everything about the form."""
        self.responder.slack.on_action("^integration_form(:|$)", self.pressed)
        self.responder.slack.on_submit(FORM, self.submit)

    async def pressed(self, body: Json) -> None:
        """Open the form from a list of what is set, or from Home, where it asks which channel is told."""
        press = ButtonPress.read(body, self.responder.slack)
        reader = await self.responder.speaking_to(press.who)
        try:
            channel_id = press.channel.channel_id if press.channel else None
            now = what = None
            if "selector" in press.value:
                now, what = await reader.settings.present(press.value["workspace"], press.value["selector"])
            view = integration_form(channel_id, now, what, reader.i18n)
        except Exception as error:  # noqa: BLE001  # a person waits: every failure is answered
            said = reader.failed(error, action=press.action_id, user=press.who)
            view = window(form_title(reader.i18n), said.blocks, reader.i18n)
        try:
            await self.responder.slack.api.open_view(body["trigger_id"], view)
        except SlackTrouble as trouble:
            told = reader.failed(trouble, action=press.action_id, user=press.who)
            if body.get("response_url"):
                await self.responder.slack.api.respond(body["response_url"], told)

    async def submit(self, body: Json) -> Json:
        """Take the form: errors stand at their field, everything else is told in its place."""
        until, who = answer_by(), body["user"]["id"]
        reader = await self.responder.speaking_to(who)
        values = read_integration_form(body["view"], reader.i18n)
        if not isinstance(values, IntegrationFormValues):
            return refused(values)
        submission = Submission(
            reader=reader,
            body=body,
            title=form_title(reader.i18n),
            field_of=lambda answer: (
                SELECTOR if isinstance(answer, AT_THE_SELECTOR) and values.workspace_id is None else None
            ),
        )
        return await submission.answer(self._carry_out(reader, values, who), until)

    async def _carry_out(self, reader: Responder, values: IntegrationFormValues, who: str) -> Outcome:
        """Set each value that is not set yet."""
        channel = self.responder.slack.channel(values.channel_id)
        try:
            refusal = await reader.access.to_reach(who, channel)
            outcome: Outcome = (
                [refusal]
                if refusal
                else await reader.settings.change_all(
                    channel, who, values.selector, values.changes, workspace_id=values.workspace_id
                )
            )
        except Exception as error:  # noqa: BLE001  # a person waits: every failure is answered
            outcome = [reader.failed(error, form=FORM, user=who)]
        self.responder.slack.start(self.changed(who))
        return outcome
