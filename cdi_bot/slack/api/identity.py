"""Who the bot is in Slack, and the scopes its app asks for in `manifest.yml`, each with what is lost without it."""

from __future__ import annotations

from typing import NamedTuple

from cdi_bot.slack.api.call import SlackApi

Scopes = frozenset[str]

NEEDED = {
    "commands": "/cdi is not understood",
    "chat:write": "no message can be sent",
    "chat:write.public": "the bot has to be invited to every channel, public ones too",
    "channels:read": "it can't tell that a channel was archived, renamed or left",
    "groups:read": "it can't look up private channels, so nobody can subscribe them",
    "im:write": "nobody is told that their subscription can't be delivered",
}

OPTIONAL = {
    "channels:history": "a message whose answer was lost is sent again, as a possible repeat",
    "groups:history": "the same in private channels",
    "users:read": "people's time zones are not known",
}


class Identity(NamedTuple):
    """Who the bot is in Slack."""

    team_id: str
    bot_user_id: str
    scopes: Scopes | None = None  # what the token may do, where Slack tells


async def identify(api: SlackApi) -> Identity:
    """Try the bot token; raises `SlackTrouble` with Slack's word, such as `invalid_auth`."""
    body, scopes = await api.ask("auth.test")
    granted = None if scopes is None else frozenset(scope.strip() for scope in scopes.split(","))
    return Identity(body["team_id"], body["user_id"], granted)
