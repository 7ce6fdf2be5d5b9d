"""Whether the bot may post where it is asked to."""

from __future__ import annotations

from cdi_bot.core.model import Channel
from cdi_bot.services.answers import CannotPost, NeedsInvite
from cdi_bot.services.ports.slack import Messenger, SlackTrouble, SlackVerdict


async def barred(messenger: Messenger, channel: Channel) -> NeedsInvite | CannotPost | None:
    """Say why the bot can't post in a channel, as far as Slack tells."""
    try:
        info = await messenger.channel_info(channel)
    except SlackTrouble as trouble:
        if trouble.verdict is SlackVerdict.CHANNEL_GONE and not channel.channel_id.startswith("D"):
            return NeedsInvite(channel=channel)  # it is there: the command came from it
        if trouble.verdict in {SlackVerdict.CHANNEL_GONE, SlackVerdict.TEAM_GONE}:
            return CannotPost(channel=channel, reason=trouble.reason)
        # Slack does not say; should posting fail, the deliverer marks the subscription and tells who made it.
        return None
    if info.is_archived:
        return CannotPost(channel=channel, reason="is_archived")
    return NeedsInvite(channel=channel) if info.is_private and not info.is_member else None
