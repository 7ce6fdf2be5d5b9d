"""What an interaction hands to the app for a short time: `trigger_id` and `response_url`.

A trigger_id lives three seconds and opens one view; a response_url works five times within 30 minutes.
Sources: docs.slack.dev/interactivity/handling-user-interaction.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from cdi_bot.sandbox.slack.model import Refusal, Rules


@dataclass(frozen=True, slots=True, kw_only=True)
class Trigger:
    """A trigger_id: who it was made for, and whether it has opened a view."""

    user: str
    made: datetime
    view_id: str | None = None
    used: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Hook:
    """A response_url: where an answer goes. `message_id` names the message it was made from, if any."""

    channel: str
    user: str
    made: datetime
    message_id: str | None = None
    uses: int = 0


class Hooks:
    """The triggers and response URLs given out so far."""

    def __init__(self, new_id: Callable[[str], str]) -> None:
        """Start with none. `new_id` makes ids."""
        self._new_id = new_id
        self._triggers: dict[str, Trigger] = {}
        self._hooks: dict[str, Hook] = {}

    def new_trigger(self, user: str, now: datetime, view_id: str | None = None) -> str:
        """Make a trigger_id; `view_id` is the view that the person acted in."""
        trigger = self._new_id("") + "." + self._new_id("")
        self._triggers[trigger] = Trigger(user=user, made=now, view_id=view_id)
        return trigger

    def use_trigger(self, trigger_id: str, rules: Rules, now: datetime) -> Trigger:
        """Spend a trigger_id. Raises Refusal with Slack's word for unknown, used and expired ones."""
        trigger = self._triggers.get(trigger_id)
        if trigger is None:
            code = "invalid_trigger_id"
        elif trigger.used:
            code = "exchanged_trigger_id"
        elif now - trigger.made > timedelta(seconds=rules.trigger_seconds):
            code = "expired_trigger_id"
        else:
            self._triggers[trigger_id] = replace(trigger, used=True)
            return trigger
        raise Refusal(code)

    def new_hook(self, channel: str, user: str, now: datetime, message_id: str | None = None) -> str:
        """Make the secret part of a response_url."""
        token = self._new_id("") + self._new_id("")
        self._hooks[token] = Hook(channel=channel, user=user, made=now, message_id=message_id)
        return token

    def use_hook(self, token: str, rules: Rules, now: datetime) -> Hook:
        """Count one use of a response_url. Raises Refusal `expired_url` or `used_url`."""
        hook = self._hooks.get(token)
        if hook is None or now - hook.made > timedelta(seconds=rules.response_seconds):
            raise Refusal("expired_url")
        if hook.uses >= rules.response_uses:
            raise Refusal("used_url")
        self._hooks[token] = replace(hook, uses=hook.uses + 1)
        return hook

    def adopt(self, token: str, message_id: str) -> None:
        """Tie a response_url to the message it just made, so that `replace_original` finds it."""
        self._hooks[token] = replace(self._hooks[token], message_id=message_id)
