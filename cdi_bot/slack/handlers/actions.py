"""A button pressed or an option chosen, wherever it stood: in a message, a form, or Home."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from cdi_bot.core.commands.snooze_time import tomorrow_morning
from cdi_bot.core.model.channel import Channel
from cdi_bot.slack.api.app import Json
from cdi_bot.slack.api.respond import respond
from cdi_bot.slack.handlers.commands import Responder
from cdi_bot.slack.render.kit.blocks import Rendered
from cdi_bot.usecases.answers import Answer


@dataclass(frozen=True, slots=True, kw_only=True)
class ButtonPress:
    """Who pressed what, and what it carries.

    `channel` is the one that it stands in or, in a form or Home, the one that it is about, if any.
    """

    who: str
    action_id: str
    channel: Channel | None
    value: dict[str, Any]

    @classmethod
    def read(cls, body: Json) -> ButtonPress:
        """Read Slack's payload."""
        action = body["actions"][0]
        option = action.get("selected_option") or {}
        value = json.loads(option.get("value") or action.get("value") or "{}")
        channel_id = (body.get("channel") or {}).get("id") or value.get("channel")
        return cls(
            who=body["user"]["id"],
            action_id=action["action_id"].partition(":")[0],
            channel=Channel(team_id=body["team"]["id"], channel_id=channel_id) if channel_id else None,
            value=value,
        )


_LENGTHS = {"1h": timedelta(hours=1), "4h": timedelta(hours=4)}


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageAction:
    """A button pressed, or an option chosen, in a message: by whom, in which channel, and what it carries."""

    who: str
    channel: Channel
    value: dict[str, Any]

    @property
    def place(self) -> Channel:
        """The channel that it is about: the one that the button names, else the one it stands in."""
        place = self.value.get("in")
        return replace(self.channel, channel_id=place) if place else self.channel


ActionHandler = Callable[[Responder, MessageAction], Awaitable[Answer | Rendered | None]]


async def _ack(responder: Responder, press: MessageAction) -> Answer | None:
    return await responder.manage.acknowledge_incidents(press.channel, press.who, press.value["incidents"])


async def _snooze(responder: Responder, press: MessageAction) -> Answer:
    until = await _until(responder, press)
    return await responder.manage.snooze(press.channel, press.who, press.value["id"], until, None)


async def _until(responder: Responder, press: MessageAction) -> datetime | None:
    """When a mute chosen from the menu ends; `None` for "until it recovers"."""
    length, now = press.value["for"], responder.clock()
    if length == "tomorrow":
        person = await responder.people.person(press.who)
        return tomorrow_morning(now.astimezone(person.zone))
    return now + _LENGTHS[length] if length in _LENGTHS else None


async def _unsnooze(responder: Responder, press: MessageAction) -> Answer:
    there = press.place
    refusal = await responder.access.to_reach(press.who, there) if there != press.channel else None
    return refusal or await responder.manage.unsnooze(there, press.who, press.value["id"])


async def _history(responder: Responder, press: MessageAction) -> Answer:
    return await responder.queries.history(press.channel, press.value["id"], press.value["offset"])


async def _overview(responder: Responder, press: MessageAction) -> Answer:
    return await responder.queries.overview(press.channel, press.value["offset"])


async def _listing(responder: Responder, press: MessageAction) -> Answer:
    return await responder.queries.listing(press.channel, press.value["words"], press.value["offset"])


async def _pick(responder: Responder, press: MessageAction) -> Rendered:
    return await responder.answer_text(press.value["command"], press.channel, press.who)


async def _sync(responder: Responder, press: MessageAction) -> Answer:
    return await responder.syncs.start(press.channel, press.who, press.value["id"])


_BESIDE: dict[str, ActionHandler] = {
    "ack": _ack,
    "snooze": _snooze,
    "unsnooze": _unsnooze,
    "history": _history,
    "sync": _sync,
}
"""Answered beside what they stand on."""

_IN_PLACE: dict[str, ActionHandler] = {
    "history_page": _history,
    "overview_page": _overview,
    "list_page": _listing,
    "pick": _pick,
}
"""Answered in place of what they stand on, which only the one person sees."""


def register_actions(responder: Responder) -> None:
    """Answer every button and menu of the bot's messages; `open_in_braze` is a link and needs no answer."""
    for in_place, pressers in ((False, _BESIDE), (True, _IN_PLACE)):
        for action_id, presser in pressers.items():
            responder.slack.on_action(f"^{action_id}(:|$)", _listener(responder, presser, in_place=in_place))


def _listener(
    responder: Responder, presser: ActionHandler, *, in_place: bool
) -> Callable[[Json], Awaitable[None]]:
    async def pressed(body: Json) -> None:
        reader = await responder.speaking_to(body["user"]["id"])
        try:
            answer = await presser(reader, _press(body))
            said = reader.say(answer) if answer is not None else None
        except Exception as error:  # noqa: BLE001  # a person waits: every failure is answered
            said = reader.failed(error, action=body["actions"][0]["action_id"], user=body["user"]["id"])
        if said is not None:
            await respond(responder.slack.session, body["response_url"], said, replace=in_place)

    return pressed


def _press(body: Json) -> MessageAction:
    pressed = ButtonPress.read(body)
    channel = Channel(team_id=body["team"]["id"], channel_id=body["channel"]["id"])
    return MessageAction(who=pressed.who, channel=channel, value=pressed.value)
