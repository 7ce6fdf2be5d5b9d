"""What an interaction gives: the modal and Home tab that each person sees, trigger_ids and response_urls.

Pure: time is an argument; what a view may contain is checked in `block_kit`. Views are Slack's JSON, completed with
what Slack adds (ids, hash, state). Sources: docs.slack.dev/surfaces/modals, /surfaces/app-home,
/interactivity/handling-user-interaction.
"""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from cdi_bot.sandbox.control import Json
from cdi_bot.sandbox.slack.block_kit import with_ids
from cdi_bot.sandbox.slack.model import Rules
from cdi_bot.sandbox.slack.schema import Refusal
from cdi_bot.sandbox.slack.seed_data import APP, BOT_ID, TEAM

_BLANK: Json = {"title": None, "submit": None, "close": None, "private_metadata": "", "callback_id": ""}


class Views:
    """Which views people see: one modal at most, and one Home tab, for each person."""

    def __init__(self, new_id: Callable[[str], str]) -> None:
        """Start with no view open. `new_id` makes ids."""
        self._new_id = new_id
        self._modals: dict[str, Json] = {}
        self._homes: dict[str, Json] = {}

    def homes(self) -> dict[str, Json]:
        """Return the published Home tabs by person."""
        return dict(self._homes)

    def modal(self, user: str) -> Json | None:
        """Return a person's open modal."""
        return self._modals.get(user)

    def open(self, user: str, view: Json) -> Json:
        """Show a modal to a person; whatever was open is closed."""
        self._modals[user] = self._complete(view, self._new_id("V"))
        return self._modals[user]

    def find(self, view_id: str) -> tuple[str, Json]:
        """Return the person who sees a view, and the view. Raises Refusal `not_found`."""
        for user, view in [*self._modals.items(), *self._homes.items()]:
            if view["id"] == view_id:
                return user, view
        raise Refusal("not_found")

    def update(self, view_id: str, view: Json, *, expected_hash: str | None = None) -> tuple[str, Json]:
        """Replace a modal, and return the person who sees it and the view.

        Raises Refusal `not_found`, and `hash_conflict` when it changed since `expected_hash`.
        What was filled in stays for the blocks that stay.
        """
        user, old = self.find(view_id)
        if old["type"] != "modal":
            raise Refusal("not_found")
        if expected_hash and expected_hash != old["hash"]:
            raise Refusal("hash_conflict")
        self._modals[user] = self._complete(view, view_id, filled=old["state"]["values"])
        return user, self._modals[user]

    def publish(self, user: str, view: Json, *, expected_hash: str | None = None) -> Json:
        """Replace a person's Home tab. Raises Refusal `hash_conflict` when it changed since `expected_hash`."""
        old = self._homes.get(user)
        if expected_hash and old is not None and expected_hash != old["hash"]:
            raise Refusal("hash_conflict")
        self._homes[user] = self._complete(view, old["id"] if old is not None else self._new_id("V"))
        return self._homes[user]

    def remember(self, view: Json, values: Json) -> None:
        """Keep what a person has filled in, so that later payloads about the view carry it."""
        for block_id, actions in values.items():
            view["state"]["values"].setdefault(block_id, {}).update(actions)

    def close(self, user: str, view_id: str) -> bool:
        """Close a person's modal; False if it is not open any more."""
        is_open = user in self._modals and self._modals[user]["id"] == view_id
        return is_open and self._modals.pop(user) is not None

    def _complete(self, view: Json, view_id: str, *, filled: Json | None = None) -> Json:
        fresh = _BLANK | deepcopy({key: value for key, value in view.items() if value is not None})
        fresh["blocks"] = with_ids(fresh["blocks"], self._new_id)
        inputs = {block["block_id"] for block in fresh["blocks"]}
        kept = {block: values for block, values in (filled or {}).items() if block in inputs}
        return fresh | {
            "id": view_id,
            "team_id": TEAM,
            "app_id": APP,
            "app_installed_team_id": TEAM,
            "bot_id": BOT_ID,
            "hash": f"1700000000.{self._new_id('')}",
            "state": {"values": kept},
            "root_view_id": view_id,
            "previous_view_id": None,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class _Trigger:
    """A trigger_id: who it was made for, and whether it has opened a view."""

    user: str
    made: datetime
    used: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseUrl:
    """Where an answer goes. `message_id` names the message it was made from, if any."""

    channel: str
    user: str
    made: datetime
    message_id: str | None = None
    uses: int = 0


class Handles:
    """What an interaction gives to the app for a short time: trigger_ids, which open one view, and response_urls."""

    def __init__(self, new_id: Callable[[str], str]) -> None:
        """Start with none. `new_id` makes ids."""
        self._new_id = new_id
        self._triggers: dict[str, _Trigger] = {}
        self._urls: dict[str, ResponseUrl] = {}

    def new_trigger(self, user: str, now: datetime) -> str:
        """Make a trigger_id."""
        trigger = self._new_id("") + "." + self._new_id("")
        self._triggers[trigger] = _Trigger(user=user, made=now)
        return trigger

    def use_trigger(self, trigger_id: str, rules: Rules, now: datetime) -> str:
        """Use a trigger_id up, and return the person it was made for.

        Raises Refusal with Slack's error for unknown, used and expired ones.
        """
        trigger = self._triggers.get(trigger_id)
        if trigger is None:
            raise Refusal("invalid_trigger_id")
        if trigger.used:
            raise Refusal("exchanged_trigger_id")
        if now - trigger.made > timedelta(seconds=rules.trigger_seconds):
            raise Refusal("expired_trigger_id")
        self._triggers[trigger_id] = replace(trigger, used=True)
        return trigger.user

    def new_url(self, channel: str, user: str, now: datetime, message_id: str | None = None) -> str:
        """Make the secret part of a response_url."""
        token = self._new_id("") + self._new_id("")
        self._urls[token] = ResponseUrl(channel=channel, user=user, made=now, message_id=message_id)
        return token

    def use_url(self, token: str, rules: Rules, now: datetime) -> ResponseUrl:
        """Count one use of a response_url. Raises Refusal `expired_url` or `used_url`."""
        url = self._urls.get(token)
        if url is None or now - url.made > timedelta(seconds=rules.response_seconds):
            raise Refusal("expired_url")
        if url.uses >= rules.response_uses:
            raise Refusal("used_url")
        self._urls[token] = replace(url, uses=url.uses + 1)
        return url

    def belongs_to(self, token: str, message_id: str) -> None:
        """Tie a response_url to the message it just made, so that `replace_original` finds it."""
        self._urls[token] = replace(self._urls[token], message_id=message_id)
