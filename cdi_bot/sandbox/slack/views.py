"""The modal and the App Home tab that each person of a stand-in workspace sees.

Pure bookkeeping; what a view may contain is checked in `block_kit`. Views are Slack's JSON, completed with
what Slack adds (ids, hash, state). Source: docs.slack.dev/surfaces/modals, /surfaces/app-home.
"""

from collections.abc import Callable
from copy import deepcopy

from cdi_bot.sandbox.control import Json
from cdi_bot.sandbox.slack.block_kit import with_ids
from cdi_bot.sandbox.slack.model import Refusal
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

    def update(self, view_id: str, view: Json) -> tuple[str, Json]:
        """Replace a modal, and return the person who sees it and the view. Raises Refusal `not_found`.

        What was filled in stays for the blocks that stay.
        """
        user, old = self.find(view_id)
        if old["type"] != "modal":
            raise Refusal("not_found")
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
