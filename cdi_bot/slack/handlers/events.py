"""What Slack tells of channels, and of the app itself: whether and where the bot may still post."""

from __future__ import annotations

from cdi_bot.delivery.channel_health import REVOKED, UNINSTALLED, ChannelHealth
from cdi_bot.slack.api.app import SlackApp
from cdi_bot.slack.api.call import Json

_CHANNELS = tuple(
    f"{kind}_{word}" for kind in ("channel", "group") for word in ("archive", "unarchive", "deleted", "left")
)
_MEMBERS = ("member_joined_channel", "member_left_channel")


def register_events(slack: SlackApp, channel_health: ChannelHealth) -> None:
    """Look at each channel that Slack tells something of, and take note of the app's removal."""

    async def channel(body: Json) -> None:
        await channel_health.check(slack.channel(body["event"]["channel"]))

    async def member(body: Json) -> None:
        if body["event"]["user"] == slack.bot_user_id:
            await channel(body)

    async def uninstalled(_body: Json) -> None:
        await channel_health.app_removed(UNINSTALLED)

    async def revoked(body: Json) -> None:
        if slack.bot_user_id in (body["event"].get("tokens") or {}).get("bot", ()):
            await channel_health.app_removed(REVOKED)

    for kind in _CHANNELS:
        slack.on_event(kind, channel)
    for kind in _MEMBERS:
        slack.on_event(kind, member)
    slack.on_event("app_uninstalled", uninstalled)
    slack.on_event("tokens_revoked", revoked)
