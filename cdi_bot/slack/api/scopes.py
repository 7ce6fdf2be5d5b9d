"""The scopes that the app asks for in `manifest.yml`, each with what is lost where it is not granted."""

from __future__ import annotations

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


def read_scopes(header: str | None) -> Scopes | None:
    """Read what Slack tells of a token with each answer (`X-OAuth-Scopes`); `None` where it does not."""
    return frozenset(scope.strip() for scope in header.split(",")) if header is not None else None
