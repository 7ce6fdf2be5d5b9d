"""The modals and App Home tabs of a stand-in workspace: one stack of modals and one Home for each person.

Pure bookkeeping; what a view may contain is checked in `slack_checks`. Views are Slack's JSON, completed with
what Slack adds (ids, hash, state). Source: docs.slack.dev/surfaces/modals, /surfaces/app-home.
"""

from collections.abc import Callable
from copy import deepcopy

from cdi_bot.sandbox.slack.blocks import with_ids
from cdi_bot.sandbox.slack.model import Json, Refusal
from cdi_bot.sandbox.slack.seed_data import APP, BOT_ID, TEAM

VIEWS_IN_STACK = 3
_KEPT = (
    "type",
    "title",
    "submit",
    "close",
    "blocks",
    "private_metadata",
    "callback_id",
    "external_id",
    "clear_on_close",
    "notify_on_close",
    "submit_disabled",
)


class Views:
    """Which views are on whose screen."""

    def __init__(self, new_id: Callable[[str], str]) -> None:
        """Start with no view open. `new_id` makes ids."""
        self._new_id = new_id
        self._stacks: dict[str, list[Json]] = {}
        self._homes: dict[str, Json] = {}

    def homes(self) -> dict[str, Json]:
        """Return the published Home tabs by person."""
        return dict(self._homes)

    def stack(self, user: str) -> list[Json]:
        """Return a person's open modals, the one on top last."""
        return list(self._stacks.get(user, []))

    def open(self, user: str, view: Json) -> Json:
        """Put the first modal on a person's screen; whatever was open is closed."""
        return self._place(user, [], view)

    def push(self, user: str, view: Json) -> Json:
        """Put a modal on top of the open ones. Raises Refusal `push_limit_reached` for a fourth."""
        stack = self._stacks.get(user, [])
        if not stack:
            raise Refusal("not_found")
        if len(stack) >= VIEWS_IN_STACK:
            raise Refusal("push_limit_reached")
        return self._place(user, stack, view)

    def find(self, *, view_id: str | None = None, external_id: str | None = None) -> tuple[str, Json]:
        """Return the person who sees a view, and the view. Raises Refusal `not_found`."""
        shown = [(user, view) for user, stack in self._stacks.items() for view in stack]
        shown += list(self._homes.items())
        for user, view in shown:
            if view["id"] == view_id or (external_id and view["external_id"] == external_id):
                return user, view
        raise Refusal("not_found")

    def update(self, old: Json, user: str, view: Json, *, expected_hash: str | None = None) -> Json:
        """Replace a modal in place. Raises Refusal `hash_conflict` when it changed since `expected_hash`."""
        if expected_hash and expected_hash != old["hash"]:
            raise Refusal("hash_conflict")
        fresh = self._complete(
            view, old["id"], root=old["root_view_id"], previous=old["previous_view_id"], values=old["state"]
        )
        stack = self._stacks[user]
        stack[next(place for place, shown in enumerate(stack) if shown["id"] == old["id"])] = fresh
        return fresh

    def publish(self, user: str, view: Json, *, expected_hash: str | None = None) -> Json:
        """Put up a person's Home tab. Raises Refusal `hash_conflict`."""
        old = self._homes.get(user)
        if expected_hash and old is not None and expected_hash != old["hash"]:
            raise Refusal("hash_conflict")
        view_id = old["id"] if old is not None else self._new_id("V")
        self._homes[user] = self._complete(view, view_id, root=view_id, previous=None, values={"values": {}})
        return self._homes[user]

    def remember(self, view: Json, values: Json) -> None:
        """Keep what a person has filled in, so that later payloads about the view carry it."""
        for block_id, actions in values.items():
            view["state"]["values"].setdefault(block_id, {}).update(actions)

    def close(self, user: str, *, everything: bool) -> list[Json]:
        """Close the modal on top, or all of them. Returns what was closed, the one on top first."""
        stack = self._stacks.get(user, [])
        closed = [stack.pop() for _ in range(len(stack) if everything else min(1, len(stack)))]
        if not stack:
            self._stacks.pop(user, None)
        return closed

    def _place(self, user: str, below: list[Json], view: Json) -> Json:
        external = view.get("external_id")
        if external and any(shown["external_id"] == external for s in self._stacks.values() for shown in s):
            raise Refusal("duplicate_external_id")
        view_id = self._new_id("V")
        root = below[0]["id"] if below else view_id
        previous = below[-1]["id"] if below else None
        fresh = self._complete(view, view_id, root=root, previous=previous, values={"values": {}})
        self._stacks[user] = [*below, fresh]
        return fresh

    def _complete(self, view: Json, view_id: str, *, root: str, previous: str | None, values: Json) -> Json:
        blank: Json = {
            "title": None,
            "submit": None,
            "close": None,
            "private_metadata": "",
            "callback_id": "",
            "external_id": "",
            "clear_on_close": False,
            "notify_on_close": False,
        }
        fresh = blank | {key: deepcopy(view[key]) for key in _KEPT if view.get(key) is not None}
        fresh["blocks"] = with_ids(fresh["blocks"], self._new_id)
        inputs = {block["block_id"] for block in fresh["blocks"]}
        kept = {block: filled for block, filled in values["values"].items() if block in inputs}
        return fresh | {
            "id": view_id,
            "team_id": TEAM,
            "app_id": APP,
            "app_installed_team_id": TEAM,
            "bot_id": BOT_ID,
            "hash": f"1700000000.{self._new_id('')}",
            "state": {"values": kept},
            "root_view_id": root,
            "previous_view_id": previous,
        }
