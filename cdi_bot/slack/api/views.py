"""Views on a person's screen: forms that open, change and close, and the Home tab. Raises only `SlackTrouble`."""

from __future__ import annotations

from typing import Any

from cdi_bot.slack.api.call import SlackApi, bad_answer
from cdi_bot.slack.api.errors import Effect

View = dict[str, Any]


class SlackViews:
    """Calls of Slack's `views.*`."""

    def __init__(self, api: SlackApi) -> None:
        """Call through `api`."""
        self._api = api

    async def open(self, trigger_id: str, view: View) -> str:
        """Put a form on the screen of whoever pressed or typed something within the last 3 s; returns its id."""
        return str((await self._call("views.open", trigger_id=trigger_id, view=view))["id"])

    async def update(self, view_id: str, view: View) -> None:
        """Replace a form; `not_found` where it has been closed."""
        await self._call("views.update", view_id=view_id, view=view)

    async def publish(self, user_id: str, view: View, *, hash: str | None = None) -> str:  # noqa: A002  # Slack's word
        """Put up a person's Home tab; returns its hash.

        With the `hash` of what is thought to be there, `hash_conflict` where something else is.
        """
        answer = await self._call("views.publish", user_id=user_id, view=view, hash=hash)
        return str(answer.get("hash") or "")

    async def _call(self, method: str, **arguments: Any) -> View:
        view = (await self._api.call(method, Effect.CHANGES_ONCE, **arguments)).data.get("view")
        if isinstance(view, dict) and view.get("id"):
            return view
        raise bad_answer()
