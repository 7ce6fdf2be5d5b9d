"""The form that adds a Braze workspace: opens it, and has the key tried that was filled in.

The key goes from what Slack sent to the use case, and nowhere else: into no log line, and back into no window.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, replace

import structlog

from cdi_bot.core.commands.workspaces import ManageWorkspaces
from cdi_bot.delivery.slack_port import SlackTrouble
from cdi_bot.slack.api.call import Json
from cdi_bot.slack.handlers.commands import Responder
from cdi_bot.slack.handlers.forms import ANSWER_SECONDS
from cdi_bot.slack.render.kit.blocks import Rendered
from cdi_bot.slack.render.kit.windows import View, refused, waiting_window, window
from cdi_bot.slack.render.workspaces import (
    ENDPOINT,
    FORM,
    KEY,
    NAME,
    form_title,
    refusal_text,
    typed,
    workspace_form,
)
from cdi_bot.usecases.answers import Answer
from cdi_bot.usecases.workspace_answers import WorkspaceRefused

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkspaceForms:
    """Opens and takes the form."""

    responder: Responder

    def listen(self) -> None:
        """Answer everything about the form."""
        self.responder.slack.on_action("^workspace_add$", self.pressed)
        self.responder.slack.on_submit(FORM, self.submit)

    async def pressed(self, body: Json) -> None:
        """Open the form from a message."""
        who, here = body["user"]["id"], self.responder.slack.channel(body["channel"]["id"])
        reader = replace(await self.responder.speaking_to(who), trigger_id=body["trigger_id"])
        try:
            said = await reader.answer(ManageWorkspaces(do="add"), here, who)
        except Exception as error:  # noqa: BLE001  # a person waits: every failure is answered
            said = reader.failed(error, action="workspace_add", user=who)
        if said is not None:
            await self.responder.slack.api.respond(body["response_url"], said)

    async def submit(self, body: Json) -> Json:
        """Take the form: errors stand at their field; where Braze takes long, a window waits for it."""
        end = asyncio.get_running_loop().time() + ANSWER_SECONDS
        reader, values = await self.responder.speaking_to(body["user"]["id"]), typed(body["view"])
        work = asyncio.ensure_future(self._add(reader, body, values))
        done, _ = await asyncio.wait({work}, timeout=max(0.0, end - asyncio.get_running_loop().time()))
        title = form_title(reader.i18n)
        if not done:
            self.responder.slack.start(self._tell_late(reader, body, values, work))
            return {"response_action": "update", "view": waiting_window(title, reader.i18n)}
        answer = work.result()
        if isinstance(answer, WorkspaceRefused):
            return refused({answer.field: refusal_text(answer, reader.i18n)})
        return {"response_action": "update", "view": window(title, reader.say(answer).blocks, reader.i18n)}

    async def _add(self, reader: Responder, body: Json, values: dict[str, str]) -> Answer | Rendered:
        who = body["user"]["id"]
        channel = self.responder.slack.channel(_channel_of(body))
        try:
            return await reader.workspaces.add(
                channel, who, name=values[NAME], endpoint=values[ENDPOINT], api_key=values[KEY]
            )
        except Exception as error:  # noqa: BLE001  # likewise
            return reader.failed(error, form=FORM, user=who)

    async def _tell_late(
        self, reader: Responder, body: Json, values: dict[str, str], work: asyncio.Future[Answer | Rendered]
    ) -> None:
        """Show how it went in the window that waits; where it is a refusal, the form again, but for the key."""
        answer = await work
        view: View = window(form_title(reader.i18n), reader.say(answer).blocks, reader.i18n)
        if isinstance(answer, WorkspaceRefused):
            problem = refusal_text(answer, reader.i18n)
            view = workspace_form(
                _channel_of(body), reader.i18n, name=values[NAME], endpoint=values[ENDPOINT], problem=problem
            )
        try:
            await self.responder.slack.api.update_view(body["view"]["id"], view)
        except SlackTrouble as trouble:
            log.info("the outcome of a form was not shown", reason=trouble.reason)  # closed meanwhile, mostly


def _channel_of(body: Json) -> str:
    return str(json.loads(body["view"]["private_metadata"])["channel"])
