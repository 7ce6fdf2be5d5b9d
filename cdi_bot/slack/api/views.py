"""Views on a person's screen: forms that open, change and close, and the Home tab. Raises only `SlackTrouble`."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any

from slack_sdk.web.async_client import AsyncWebClient

from cdi_bot.delivery.slack_port import SlackTrouble, SlackVerdict
from cdi_bot.slack.api.errors import Effect, to_trouble

View = dict[str, Any]


class SlackViews:
    """Calls of Slack's `views.*`."""

    def __init__(self, client: AsyncWebClient) -> None:
        """Call through `client`, which repeats nothing by itself."""
        self._client = client

    async def open(self, trigger_id: str, view: View) -> str:
        """Put a form on the screen of whoever pressed or typed something within the last 3 s; returns its id."""
        return str((await _called(self._client.views_open(trigger_id=trigger_id, view=view)))["id"])

    async def update(self, view_id: str, view: View) -> None:
        """Replace a form; `not_found` where it has been closed."""
        await _called(self._client.views_update(view_id=view_id, view=view))

    async def publish(self, user_id: str, view: View, *, hash: str | None = None) -> str:  # noqa: A002  # Slack's word
        """Put up a person's Home tab; returns its hash.

        With the `hash` of what is thought to be there, `hash_conflict` where something else is.
        """
        answer = await _called(self._client.views_publish(user_id=user_id, view=view, hash=hash))
        return str(answer.get("hash") or "")


async def _called(call: Awaitable[Any]) -> View:
    try:
        view = (await call).get("view")
    except Exception as error:  # noqa: BLE001  # slack_sdk raises all sorts of things for odd answers
        trouble = to_trouble(error, Effect.CHANGES_ONCE)
    else:
        if isinstance(view, dict) and view.get("id"):
            return view
        trouble = SlackTrouble("bad_answer", verdict=SlackVerdict.RETRY)
    # Raised outside of the handler: the libraries' errors show the request, which holds the token.
    raise trouble
