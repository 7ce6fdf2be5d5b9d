"""A person's screen: forms, Home, and what is filled in and pressed there."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

from cdi_bot.sandbox.slack.payloads import Press
from cdi_bot.sandbox.slack.seed_data import MARA
from tests.e2e.kit import PATIENCE, Json, System

_INITIAL = {
    "initial_conversation": "selected_conversation",
    "initial_option": "selected_option",
    "initial_options": "selected_options",
    "initial_users": "selected_users",
    "initial_value": "value",
    "initial_time": "selected_time",
}


def _filled(view: Json, fields: Json) -> Json:
    """What Slack sends of a form: what it began with, and these fields."""
    values: dict[str, Json] = {}
    for block in view["blocks"]:
        if block["type"] == "input":
            element = block["element"]
            held = {_INITIAL[key]: value for key, value in element.items() if key in _INITIAL}
            values[block["block_id"]] = {element["action_id"]: {"type": element["type"], **held}}
    for field, value in fields.items():
        assert field in values, f"{field} is no field of the form"
        values[field] = {field: value}
    return values


class Screen:
    """What one person sees of the bot's views."""

    def __init__(self, system: System, user: str = MARA) -> None:
        """Look at a workspace as somebody."""
        self._system, self._user = system, user

    # ------------------------------------------------------------------------------------- forms

    @property
    def top(self) -> Json | None:
        """The open form; `None` where none is open."""
        return self._system.sandbox.slack.views.modal(self._user)

    async def shortcut(self) -> Json:
        """Use the shortcut; returns the form that opens."""
        told = await self._system.sandbox.people.shortcut(self._user, "subscription")
        assert told["acked"], told
        return await self.opened()

    async def press_in_message(self, message: Json, action_id: str, **chosen: Any) -> Json:
        """Press a button that opens a form; returns the form."""
        found = self._system.sandbox.slack.by_id(message["id"])
        press = Press(user=self._user, action_id=action_id, chosen=chosen)
        told = await self._system.sandbox.people.press(found, press)
        assert told["acked"], told
        return await self.opened()

    async def press(self, view: Json, action_id: str, **chosen: Any) -> None:
        """Press a button in a form or in Home."""
        press = Press(user=self._user, action_id=action_id, chosen=chosen)
        told = await self._system.sandbox.people.press_in_view(view["id"], press)
        assert told["acked"], told

    async def opened(self, *, other_than: Json | None = None) -> Json:
        """Wait for a form that is another one than before."""
        before = other_than["id"] if other_than else None
        return await self._wait(lambda: self.top if self.top and self.top["id"] != before else None)

    async def shows(self, words: str) -> Json:
        """Wait until the form on top says these words."""
        return await self._wait(lambda: self.top if self.top and says(self.top, words) else None)

    async def search(self, view: Json, field: str, typed: str) -> list[Json]:
        """Type into a picker; returns the options it offers."""
        told = await self._system.sandbox.people.search(self._user, view["id"], field, typed, block_id=field)
        assert told["error"] is None, told
        answer = told["response"] or {}
        return [
            option
            for group in answer.get("option_groups", [{"options": answer.get("options", [])}])
            for option in group["options"]
        ]

    async def fill(self, view: Json, last: str, **fields: Json) -> None:
        """Fill in these fields of a form, the `last` one of which tells the bot at once."""
        assert next(block for block in view["blocks"] if block["block_id"] == last)["dispatch_action"]
        press = Press(
            user=self._user, action_id=last, block_id=last, chosen=fields[last], values=_filled(view, fields)
        )
        told = await self._system.sandbox.people.press_in_view(view["id"], press)
        assert told["acked"], told

    async def submit(self, view: Json, **fields: Json) -> Json:
        """Submit a form with what it began with and these fields; returns how that went."""
        values = _filled(view, fields)
        told = await self._system.sandbox.people.submit(self._user, view["id"], values)
        assert told["acked"], told
        assert told["ack_ms"] < 3000
        return told

    async def errors(self, view: Json, **fields: Json) -> Json:
        """Submit a form that is refused; returns the errors by field."""
        told = await self.submit(view, **fields)
        assert told["response"]["response_action"] == "errors", told
        errors: Json = told["response"]["errors"]
        return errors

    async def close(self) -> None:
        """Close the form."""
        if self.top:
            self._system.sandbox.people.close(self._user, self.top["id"])

    # ------------------------------------------------------------------------------------- Home

    @property
    def home(self) -> Json | None:
        """The Home tab; `None` before it was put up."""
        return self._system.sandbox.slack.views.homes().get(self._user)

    async def open_home(self, *words: str) -> Json:
        """Open the Home tab, and wait until it says these words."""
        before = self.home
        told = await self._system.sandbox.people.open_home(self._user)
        assert told["acked"], told
        return await self.home_shows(*words, after=before)

    async def home_shows(self, *words: str, without: str = "", after: Json | None = None) -> Json:
        """Wait until Home says these words and not that one."""

        def found() -> Json | None:
            home = self.home
            if home is None or (after and home["hash"] == after["hash"]):
                return None
            good = all(says(home, each) for each in words) and not (without and says(home, without))
            return home if good else None

        return await self._wait(found)

    async def _wait(self, look: Callable[[], Json | None]) -> Json:
        events = self._system.sandbox.events()
        try:
            async with asyncio.timeout(PATIENCE):
                while (found := look()) is None:
                    await anext(events)
                return found
        except TimeoutError:
            shown = [self.top, self.home]
            raise AssertionError(json.dumps(shown, ensure_ascii=False)[:3000]) from None
        finally:
            events.close()


def says(view: Json, words: str) -> bool:
    """Whether a view says these words anywhere."""
    return words in json.dumps(view["blocks"], ensure_ascii=False)


def chosen(option: Json) -> Json:
    """Return a picker's state with this option chosen."""
    return {"type": "external_select", "selected_option": option}


def element(shown: Json, action: str) -> Json:
    """Return the first element of a message or view whose action id begins so."""
    return next(
        each
        for block in shown["blocks"]
        for each in [block.get("element", {}), block.get("accessory", {}), *block.get("elements", [])]
        if str(each.get("action_id", "")).startswith(action)
    )
