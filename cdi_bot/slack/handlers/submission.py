"""Answers a submitted form within Slack's three seconds, and loses nothing that was filled in.

What is refused in time stands at its field. What no field caused, and what is refused later, is said above the fields
of the same form; until then a window waits.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any

import structlog

from cdi_bot.core.commands.specification import Mistake
from cdi_bot.delivery.slack_port import SlackTrouble
from cdi_bot.slack.api.app import SlackApp
from cdi_bot.slack.api.call import Json
from cdi_bot.slack.handlers.commands import Responder
from cdi_bot.slack.render.kit.blocks import Block, Rendered
from cdi_bot.slack.render.kit.text import plain_line
from cdi_bot.slack.render.kit.windows import View, filled_again, refused, waiting_window, window
from cdi_bot.slack.render.refusals import render_mistake
from cdi_bot.usecases.answers import (
    Answer,
    BrazeRefused,
    CannotPost,
    NeedsInvite,
    NoMatch,
    NotAllowed,
    NotSubscribed,
    OwnedByFile,
    SeveralMatches,
    UnknownLanguage,
    WhichWorkspace,
)
from cdi_bot.usecases.change_answers import BadTarget, NothingToSnooze
from cdi_bot.usecases.workspace_answers import UnknownWorkspace, WorkspaceRefused

log = structlog.get_logger(__name__)

ANSWER_SECONDS = 2.2
"""How long a submitted form waits for the outcome before it is acknowledged without."""

Outcome = Sequence[Answer | Rendered | Mistake]
"""The answer to each change that a form asks for; `Rendered` where it failed before that."""

AT_THE_SELECTOR = (NoMatch, SeveralMatches, WhichWorkspace, NotSubscribed, BrazeRefused)
"""What is refused because of the integrations that were chosen."""

_REFUSALS = (
    *AT_THE_SELECTOR,
    NeedsInvite,
    CannotPost,
    NotAllowed,
    OwnedByFile,
    UnknownLanguage,
    UnknownWorkspace,
    BadTarget,
    NothingToSnooze,
    WorkspaceRefused,
    Mistake,
    Rendered,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """A form that somebody submitted: its `title`, and which field causes which refusal.

    What `secrets` hold goes back into no window. `closes` says after which outcome the form just closes: what the
    channel is told says it all. `above` are blocks that stand above what is said.
    """

    reader: Responder
    body: Json
    title: str
    field_of: Callable[[Answer | Rendered | Mistake], str | None]
    secrets: Collection[str] = ()
    closes: Callable[[Outcome], bool] = lambda _outcome: False
    above: Collection[Block] = ()

    async def answer(self, work: Coroutine[Any, Any, Outcome], until: float) -> Json:
        """Acknowledge it by then, on the event loop's clock, with how the work went or with a window that waits."""
        task, i18n = asyncio.ensure_future(work), self.reader.i18n
        left = max(0.0, until - asyncio.get_running_loop().time())
        done, _pending = await asyncio.wait({task}, timeout=left)
        if not done:
            self.reader.slack.start(self._tell_late(task))
            return {"response_action": "update", "view": waiting_window(self.title, i18n)}
        outcome = task.result()
        wrong = [(self.field_of(each), each) for each in outcome if isinstance(each, _REFUSALS)]
        if wrong and all(at for at, _ in wrong):
            return refused({at: self._plain([each]) for at, each in wrong if at})
        if self.closes(outcome):
            return {}
        return {"response_action": "update", "view": self._view(outcome)}

    def _view(self, outcome: Outcome) -> View:
        """What a form becomes: how it went, or, where something was refused, the form as it was filled in."""
        if any(isinstance(each, _REFUSALS) for each in outcome):
            return filled_again(self.body["view"], self._plain(outcome), but=self.secrets)
        blocks = [block for each in outcome for block in self._said(each).blocks]
        return window(self.title, [*self.above, *blocks], self.reader.i18n)

    def _plain(self, outcome: Outcome) -> str:
        """Say it without markup: a field's error shows none."""
        texts: list[str] = []
        for block in (block for each in outcome for block in self._said(each).blocks):
            held: list[Any] = [block.get("text"), *block.get("elements", [])]
            texts += [
                part["text"] for part in held if isinstance(part, dict) and part.get("type") == "mrkdwn"
            ]
        return plain_line(" ".join(texts))

    def _said(self, answer: Answer | Rendered | Mistake) -> Rendered:
        i18n = self.reader.i18n
        return render_mistake(answer, i18n) if isinstance(answer, Mistake) else self.reader.say(answer)

    async def _tell_late(self, task: asyncio.Future[Outcome]) -> None:
        await show(self.reader.slack, self.body["view"]["id"], self._view(await task))


async def show(slack: SlackApp, view_id: str, view: View) -> None:
    """Change a window that is open."""
    try:
        await slack.api.update_view(view_id, view)
    except SlackTrouble as trouble:
        log.info("the outcome of a form was not shown", reason=trouble.reason)  # closed meanwhile, mostly


def answer_by() -> float:
    """Until when a form is to be acknowledged that has just come, on the event loop's clock."""
    return asyncio.get_running_loop().time() + ANSWER_SECONDS
