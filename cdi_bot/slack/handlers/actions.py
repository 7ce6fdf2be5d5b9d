"""A button pressed or an option chosen, wherever it stood: in a message, a form, or Home."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import structlog

from cdi_bot.core.commands.snooze_time import tomorrow_morning
from cdi_bot.core.commands.snoozes import SetSnooze, too_late
from cdi_bot.core.model.channel import Channel
from cdi_bot.core.model.spike import Spike
from cdi_bot.slack.api.app import SlackApp
from cdi_bot.slack.api.call import Json
from cdi_bot.slack.handlers.commands import Responder
from cdi_bot.slack.render.kit.blocks import Rendered
from cdi_bot.slack.render.kit.buttons import read_command
from cdi_bot.slack.render.kit.reasons import render_trouble
from cdi_bot.usecases.answers import Answer
from cdi_bot.usecases.change_answers import Acknowledged, SnoozeEnded, SnoozeSet

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class ButtonPress:
    """Who pressed what, and what it carries.

    `channel` is the one that it stands in or, in a form or Home, the one that it is about, if any. Then it comes
    `from_value`: whether the person may reach that channel has to be asked.
    """

    who: str
    action_id: str
    channel: Channel | None
    value: dict[str, Any]
    from_value: bool

    @property
    def workspace_id(self) -> int | None:
        """The Braze workspace of what the button is about; `None` where it is about none."""
        return self.value.get("workspace")

    def about(self, here: Channel) -> Channel:
        """The channel that is changed: the one that the button names, else the one that it stands in."""
        return replace(here, channel_id=self.value.get("in") or here.channel_id)

    @classmethod
    def read(cls, body: Json, slack: SlackApp) -> ButtonPress:
        """Read Slack's payload; the channel is one of the team that `slack` is installed to."""
        action = body["actions"][0]
        option = action.get("selected_option") or {}
        value = json.loads(option.get("value") or action.get("value") or "{}")
        here = (body.get("channel") or {}).get("id")
        channel_id = here or value.get("channel")
        return cls(
            who=body["user"]["id"],
            action_id=action["action_id"].partition(":")[0],
            channel=slack.channel(channel_id) if channel_id else None,
            value=value,
            from_value=here is None,
        )


_LENGTHS = {"1h": timedelta(hours=1), "4h": timedelta(hours=4)}

ActionHandler = Callable[[Responder, ButtonPress, Channel], Awaitable[Answer | Rendered | None]]
"""Answers a button or menu in a message: who is to answer, what was pressed, and the channel it stands in."""


async def _ack(to: Responder, press: ButtonPress, here: Channel) -> Answer | None:
    ids, handed_to = press.value["incidents"], press.value.get("to")
    return await to.incidents.acknowledge_incidents(here, press.who, ids, to=handed_to)


async def _snooze(to: Responder, press: ButtonPress, here: Channel) -> Answer:
    wanted = SetSnooze(
        selector=press.value["id"],
        until=await _until(to, press),
        reason=None,
        workspace_id=press.workspace_id,
    )
    return await to.snoozes.snooze(here, press.who, wanted)


async def _until(to: Responder, press: ButtonPress) -> datetime | None:
    """When a snooze chosen from the menu ends; `None` for "until it recovers"."""
    length, now = press.value["for"], to.clock()
    if length == "tomorrow":
        person = await to.directory.person(press.who)
        return tomorrow_morning(now.astimezone(person.zone))
    return now + _LENGTHS[length] if length in _LENGTHS else None


async def _unsnooze(to: Responder, press: ButtonPress, here: Channel) -> Answer:
    there = press.about(here)
    refusal = await to.access.to_reach(press.who, there) if there != here else None
    return refusal or await to.snoozes.end(there, press.who, press.value["snooze"])


async def _then_snoozes(to: Responder, press: ButtonPress, here: Channel) -> Answer:
    """End a snooze of the list, and show the list as it is then."""
    answer = await _unsnooze(to, press, here)
    return await to.snoozes.show(press.about(here)) if isinstance(answer, SnoozeEnded) else answer


async def _snoozes(to: Responder, _press: ButtonPress, here: Channel) -> Answer:
    return await to.snoozes.show(here)


async def _history(to: Responder, press: ButtonPress, here: Channel) -> Answer:
    return await to.queries.history(
        here, press.value["id"], press.value.get("offset", 0), workspace_id=press.workspace_id
    )


async def _overview(to: Responder, press: ButtonPress, here: Channel) -> Answer:
    return await to.queries.overview(
        here,
        press.value["offset"],
        failing=press.value.get("failing", False),
        workspace_ids=press.value.get("workspaces"),
        who=press.who,
    )


async def _listing(to: Responder, press: ButtonPress, here: Channel) -> Answer:
    return await to.queries.listing(
        here,
        press.value["words"],
        press.value["offset"],
        failing=press.value.get("failing", False),
    )


async def _pick(to: Responder, press: ButtonPress, here: Channel) -> Rendered | None:
    command = read_command(press.value)
    if command is None:
        log.warning("not answered", why="a button carries no known command", user=press.who)
        return render_trouble("failure", to.i18n)
    return await to.answer(too_late(command, to.clock()) or command, here, press.who)


def _then_history(act: ActionHandler) -> ActionHandler:
    """Do what a button of an integration's history says, and show the history as it is then, or why it was refused."""

    async def acted(to: Responder, press: ButtonPress, here: Channel) -> Answer | Rendered | None:
        answer = await act(to, press, here)
        if answer is None or isinstance(answer, Acknowledged | SnoozeSet | SnoozeEnded):
            return await to.queries.history(here, press.value["id"], workspace_id=press.workspace_id)
        return answer

    return acted


async def _sync(to: Responder, press: ButtonPress, here: Channel) -> Answer:
    return await to.incidents.start_sync(here, press.who, press.value["id"], workspace_id=press.workspace_id)


async def _expected(to: Responder, press: ButtonPress, here: Channel) -> Answer | None:
    spike, workspace_id = _spike(press), press.value["workspace"]
    if spike:
        return await to.expected.mark_spike(here, press.who, spike)
    return await to.expected.mark(here, press.who, workspace_id, press.value["incident"])


async def _take_back(to: Responder, press: ButtonPress, here: Channel) -> Answer | None:
    spike, workspace_id = _spike(press), press.value["workspace"]
    if spike:
        return await to.expected.take_back_spike(here, press.who, spike)
    return await to.expected.take_back(here, press.who, workspace_id, press.value["incident"])


def _spike(press: ButtonPress) -> Spike | None:
    """Read which spike a button of a notice is about; `None` for the button of a card."""
    value = press.value
    if "incident" in value:
        return None
    return Spike(
        workspace_id=value["workspace"],
        integration_id=value["id"],
        run_start=datetime.fromisoformat(value["start"]),
        rows=value["rows"],
        usual=value["usual"],
        magnitude=value["magnitude"],
    )


async def _switch_off(to: Responder, press: ButtonPress, here: Channel) -> Answer:
    value = press.value
    return await to.expected.switch_off(here, press.who, value["workspace"], value["id"], value["reason"])


async def _remove_workspace(to: Responder, press: ButtonPress, here: Channel) -> Answer:
    return await to.workspaces.remove(here, press.who, press.value["workspace"])


_BESIDE: dict[str, ActionHandler] = {
    "ack": _ack,
    "unack": _ack,
    "expected": _expected,
    "take_back": _take_back,
    "snooze": _snooze,
    "unsnooze": _unsnooze,
    "snoozes": _snoozes,
    "history": _history,
    "sync": _sync,
}
"""Answered beside what they stand on."""

_IN_PLACE: dict[str, ActionHandler] = {
    "confirm_sync": _sync,
    "history_page": _history,
    "history_ack": _then_history(_ack),
    "history_unack": _then_history(_ack),
    "history_snooze": _then_history(_snooze),
    "history_unsnooze": _then_history(_unsnooze),
    "snooze_end": _then_snoozes,
    "overview_page": _overview,
    "list_page": _listing,
    "pick": _pick,
    "switch_off": _switch_off,
    "workspace_remove": _remove_workspace,
}
"""Answered in place of what they stand on, which only the one person sees; it goes where there is nothing to answer."""


async def _ask_sync(to: Responder, press: ButtonPress, here: Channel) -> Answer:
    return await to.incidents.ask_sync(here, press.who, press.value["id"], workspace_id=press.workspace_id)


_CHOICES: dict[str, ActionHandler] = {
    "history": _history,
    "snooze": _snooze,
    "unsnooze": _unsnooze,
    "snoozes": _snoozes,
    "sync": _ask_sync,
}
"""What a card's menu offers, but for the form."""


async def _more(to: Responder, press: ButtonPress, here: Channel) -> Answer | Rendered | None:
    return await _CHOICES[press.value["do"]](to, press, here)


async def answer_choice(responder: Responder, body: Json) -> None:
    """Answer what was chosen from a card's menu, but for the form: handlers of forms open it."""
    await _listener(responder, _more, in_place=False)(body)


def register_actions(responder: Responder) -> None:
    """Answer every button and menu of the bot's messages; `open_in_braze` is a link and needs no answer."""
    for in_place, handlers in ((False, _BESIDE), (True, _IN_PLACE)):
        for action_id, handler in handlers.items():
            responder.slack.on_action(f"^{action_id}(:|$)", _listener(responder, handler, in_place=in_place))


def _listener(
    responder: Responder, handler: ActionHandler, *, in_place: bool
) -> Callable[[Json], Awaitable[None]]:
    async def pressed(body: Json) -> None:
        reader = await responder.speaking_to(body["user"]["id"])
        try:
            here = responder.slack.channel(body["channel"]["id"])
            press = ButtonPress.read(body, responder.slack)
            answer = await handler(reader, press, here)
            said = None if answer is None else await reader.say_once(answer, press.about(here), read_in=here)
        except Exception as error:  # noqa: BLE001  # a person waits: every failure is answered
            said = reader.failed(error, action=body["actions"][0]["action_id"], user=body["user"]["id"])
        if said is not None:
            await responder.slack.api.respond(body["response_url"], said, replace=in_place)
        elif in_place:
            await responder.slack.api.withdraw(body["response_url"])

    return pressed
