"""Who may do what. Anyone in a channel may change what it hears; guests and people from outside may only read."""

from __future__ import annotations

from dataclasses import dataclass

from cdi_bot.core.model.channel import Channel
from cdi_bot.core.model.person import Person
from cdi_bot.delivery.slack_port import Directory, Messenger, SlackTrouble, SlackVerdict
from cdi_bot.usecases.answers import CannotPost, NeedsInvite, NotAllowed

EVERYONE = "*"
"""Among the admins: every member of the workspace is one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """Says what somebody may not do, `None` where they may. `admins` are Slack user ids, or `EVERYONE`.

    Every method raises `SlackTrouble` while Slack does not tell who somebody is: nobody gains a right by that.
    """

    directory: Directory
    messenger: Messenger
    admins: frozenset[str]

    async def to_change(self, who: str) -> NotAllowed | None:
        """Change what the channel hears in which they are."""
        return _as_reader(await self._person(who))

    async def to_sync(self, who: str) -> NotAllowed | None:
        """Have Braze start a sync."""
        refusal = await self.to_change(who)
        return refusal or (None if self._is_admin(who) else NotAllowed(action="sync"))

    async def to_reach(self, who: str, there: Channel) -> NotAllowed | None:
        """Look at or change what a channel hears from outside of it: for those who are in it, and for admins.

        A private channel is shown to nobody who is not in it, be they admins.
        """
        refusal = await self.to_change(who)
        if refusal or there in await self.directory.channels_of(who):
            return refusal
        if not self._is_admin(who):
            return NotAllowed(action="elsewhere")
        return NotAllowed(action="private") if await self._is_hidden(there) else None

    async def _is_hidden(self, channel: Channel) -> bool:
        try:
            return (await self.messenger.channel_info(channel)).is_private
        except SlackTrouble as trouble:
            if trouble.verdict is SlackVerdict.CHANNEL_GONE:
                return True
            raise

    def _is_admin(self, who: str) -> bool:
        return not self.admins.isdisjoint({who, EVERYONE})

    async def _person(self, who: str) -> Person:
        person = await self.directory.person(who)
        if not person.is_known:
            raise SlackTrouble("person_not_told", verdict=SlackVerdict.RETRY)
        return person


def _as_reader(person: Person) -> NotAllowed | None:
    """Refuse those who may only read."""
    if person.may_change:
        return None
    return NotAllowed(action="change_as_guest" if person.is_guest else "change_from_outside")


async def posting_problem(messenger: Messenger, channel: Channel) -> NeedsInvite | CannotPost | None:
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
