"""The form that adds a Braze workspace: opens it, and has the key tried that was filled in.

The key goes from what Slack sent to the use case, and nowhere else: into no log line, and back into no window.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace

from cdi_bot.core.commands.workspaces import ManageWorkspaces
from cdi_bot.slack.api.call import Json
from cdi_bot.slack.handlers.commands import Responder
from cdi_bot.slack.handlers.submission import Outcome, Submission, answer_by
from cdi_bot.slack.render.workspaces import ENDPOINT, FORM, KEY, NAME, form_title, typed
from cdi_bot.usecases.workspace_answers import WorkspaceRefused


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
        """Take the form: errors stand at their field; the key is not shown again."""
        until = answer_by()
        reader = await self.responder.speaking_to(body["user"]["id"])
        submission = Submission(
            reader=reader,
            body=body,
            title=form_title(reader.i18n),
            field_of=lambda answer: answer.field if isinstance(answer, WorkspaceRefused) else None,
            secrets={KEY},
        )
        return await submission.answer(self._add(reader, body, typed(body["view"])), until)

    async def _add(self, reader: Responder, body: Json, values: dict[str, str]) -> Outcome:
        who = body["user"]["id"]
        channel = self.responder.slack.channel(_channel_of(body))
        try:
            return [
                await reader.workspaces.add(
                    channel, who, name=values[NAME], endpoint=values[ENDPOINT], api_key=values[KEY]
                )
            ]
        except Exception as error:  # noqa: BLE001  # a person waits: every failure is answered
            return [reader.failed(error, form=FORM, user=who)]


def _channel_of(body: Json) -> str:
    return str(json.loads(body["view"]["private_metadata"])["channel"])
