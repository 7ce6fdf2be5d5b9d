"""Views on a person's screen: forms that open, change and close, and the Home tab. Raises only `SlackTrouble`."""

from __future__ import annotations

from cdi_bot.slack.api.call import Json, SlackApi


class SlackViews:
    """Calls of Slack's `views.*`."""

    def __init__(self, api: SlackApi) -> None:
        """Call through `api`."""
        self._api = api

    async def open(self, trigger_id: str, view: Json) -> str:
        """Put a form on the screen of whoever pressed or typed something within the last 3 s; returns its id."""
        answer = await self._api.call("views.open", trigger_id=trigger_id, view=view)
        return str(answer["view"]["id"])

    async def update(self, view_id: str, view: Json) -> None:
        """Replace a form; `not_found` where it has been closed."""
        await self._api.call("views.update", view_id=view_id, view=view)

    async def publish(self, user_id: str, view: Json, *, hash: str | None = None) -> str:  # noqa: A002  # Slack's word
        """Put up a person's Home tab; returns its hash.

        With the `hash` of what is thought to be there, `hash_conflict` where something else is.
        """
        answer = await self._api.call("views.publish", user_id=user_id, view=view, hash=hash)
        return str(answer["view"].get("hash") or "")
