"""Who may do what: people of the team may change the channels they are in, guests and people from outside may not."""

from __future__ import annotations

from dataclasses import dataclass, replace

from cdi_bot.core.model.channel import Channel, Person
from cdi_bot.delivery.slack_port import Directory, Messenger, SlackTrouble, SlackVerdict
from cdi_bot.usecases.answers import CannotPost, NeedsInvite, NotAllowed

EVERYONE = "*"
"""As an admin: everybody in the Slack team is one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """Checks permissions. Every method returns why the person `who` may not, or `None` if they may.

    `admins` are Slack user ids, or `EVERYONE`. `SlackTrouble` is raised where Slack does not say who somebody is:
    they are not allowed anything then.
    """

    directory: Directory
    messenger: Messenger
    admins: frozenset[str]

    async def to_change(self, who: str) -> NotAllowed | None:
        """Whether somebody may change the channel that they are in."""
        return _as_reader(await self._person(who))

    async def to_sync(self, who: str) -> NotAllowed | None:
        """Whether somebody may start a sync."""
        return await self._as_admin(who, "sync")

    async def to_manage(self, who: str) -> NotAllowed | None:
        """Whether somebody may see how Braze workspaces are set up, add and remove them."""
        return await self._as_admin(who, "manage")

    async def _as_admin(self, who: str, action: str) -> NotAllowed | None:
        """Whether somebody is an admin. Where everybody is one, whoever may be a guest is none."""
        person = await self._person(who)
        refusal = _as_reader(person)
        if refusal:
            return refusal
        if not self._is_admin(who):
            return NotAllowed(action=action)
        return NotAllowed(action="as_anybody") if person.is_guest is None and who not in self.admins else None

    async def to_reach(self, who: str, there: Channel) -> NotAllowed | None:
        """Whether somebody may see or change the channel `there` from another place: its members and admins may.

        A private channel is not shown to anybody who is not in it, not even to admins. Slack is asked each time: a
        button or an open window outlasts being a member. A direct message with the bot is reached by its person alone.
        """
        refusal = await self.to_change(who)
        if refusal:
            return refusal
        if there.channel_id.startswith("D"):
            is_own = there == await self.messenger.opened(replace(there, channel_id=who))
            return None if is_own else NotAllowed(action="private")
        if there in await self.directory.channels_of(who, anew=True):
            return None
        if not self._is_admin(who):
            return NotAllowed(action="elsewhere")
        return NotAllowed(action="private") if await self._is_hidden(there) else None

    async def to_replace(self, who: str, there: Channel) -> NotAllowed | None:
        """Whether somebody may change what was set in the channel `there`, but holds in all of them.

        Its members may, and admins, also where it is private: nothing of the channel is shown.
        """
        refusal = None if self._is_admin(who) else await self.to_reach(who, there)
        return NotAllowed(action="set_elsewhere") if refusal else None

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
    """Return why a person may only read, if so."""
    if person.may_change:
        return None
    return NotAllowed(action="change_as_guest" if person.is_guest else "change_from_outside")


async def posting_problem(messenger: Messenger, channel: Channel) -> NeedsInvite | CannotPost | None:
    """Return why the bot can't post in a channel; `None` if it can, or if Slack does not say."""
    try:
        info = await messenger.channel_info(channel)
    except SlackTrouble as trouble:
        if trouble.verdict is SlackVerdict.CHANNEL_GONE and not channel.channel_id.startswith("D"):
            return NeedsInvite()  # it exists: the command came from it
        if trouble.verdict in {SlackVerdict.CHANNEL_GONE, SlackVerdict.TEAM_GONE}:
            return CannotPost(reason=trouble.reason)
        # Slack does not say. If posting fails, the dispatcher marks the subscription and tells its creator.
        return None
    if info.is_archived:
        return CannotPost(reason="is_archived")
    return NeedsInvite() if info.is_private and not info.is_member else None
