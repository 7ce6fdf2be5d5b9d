"""What the form for a subscription needs: integrations to choose from, the present subscription, and the change itself.

A change is made by the same use cases as the commands. A form names its channel itself and stays open for long, so
each time it is asked here whether the person is in that channel.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from cdi_bot.core.commands.hours import SetHours
from cdi_bot.core.commands.tokenizer import page_id
from cdi_bot.core.digest_schedule import Schedule
from cdi_bot.core.escalation import USUAL
from cdi_bot.core.model.channel import Channel
from cdi_bot.core.model.integration import Integration, WatchedIntegration, normalize_name
from cdi_bot.core.model.subscription import Filters, Selection, Subscription, is_pattern, selector_matches
from cdi_bot.usecases.access import posting_problem
from cdi_bot.usecases.answers import Answer
from cdi_bot.usecases.channel_settings import ChangeChannelSettings
from cdi_bot.usecases.matching import looks_like_an_id, matches_part, was_listed
from cdi_bot.usecases.subscriptions import ChangeSubscriptions

LIST_PATIENCE = timedelta(seconds=1.5)
"""How long a search waits for Braze where nothing is stored yet: Slack waits three seconds for the answer."""

OFFERED = 50
"""How many integrations are offered at once; to find others, people type more of a name."""

_LEAST = 2
"""How many letters a text has at least for which a pattern is offered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """What to offer for the text in the picker: `integrations` are the first of `total` that match.

    `several` are what takes in several at once, all or a pattern of each workspace, with how many these are now.
    `unlisted` is an id that can't be checked, because the list is not known.
    """

    integrations: tuple[Integration, ...]
    total: int
    several: tuple[tuple[Selection, int], ...] = ()
    unlisted: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExistingSubscription:
    """A present subscription, with the name of its integration if it is for one only."""

    subscription: Subscription
    name: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsChange:
    """The settings of the channel that the form asks for.

    `language` is `None` for the bot's own, `workspace` a name, `None` for all of them. Each is changed only if its
    `changes_...` is set, `mention_contacts` and `hours` only if they are not `None`.
    """

    language: str | None = None
    changes_language: bool = False
    workspace: str | None = None
    changes_workspace: bool = False
    digest: Schedule | None = None
    changes_digest: bool = False
    escalate_after: timedelta = USUAL
    escalate_to: str | None = None
    mention_contacts: bool | None = None
    hours: SetHours | None = None
    changes_escalation: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionForms:
    """The use cases of the form. Only `StoreTrouble` and `SlackTrouble` are raised."""

    subscriptions: ChangeSubscriptions
    channels: ChangeChannelSettings

    def workspace_names(self, channel: Channel | None) -> tuple[str, ...]:
        """The names of the workspaces that the channel, if it is known yet, may see, where there are several."""
        return self.subscriptions.workspaces.names_in(channel)

    async def search(self, query: str, channel: Channel | None = None) -> Choices:
        """Find what to offer for a text that a person has typed so far; the channel's default workspace comes first."""
        query, lookup = query.strip(), self.subscriptions.lookup
        scope = await lookup.scope(f"{query}all" if query.endswith("/") else query, channel)
        words = "" if query.endswith("/") else scope.query
        workspaces = {each.workspace_id: each for each in (*scope.workspaces, *scope.otherwise)}
        known = {each.workspace_id: await self._known(each.workspace_id) for each in workspaces.values()}
        if unread := [each for key, each in workspaces.items() if not was_listed(known[key])]:
            await lookup.discover_all(unread, LIST_PATIENCE)
            known |= {each.workspace_id: await self._known(each.workspace_id) for each in unread}
        async with self.subscriptions.store.read() as uow:
            names = await uow.workspaces.told_names()
        groups = [(names.get(key), [one.integration for one in some]) for key, some in known.items()]
        return choices(words, groups, listed=all(map(was_listed, known.values())))

    async def _known(self, workspace_id: int) -> list[WatchedIntegration]:
        async with self.subscriptions.store.read() as uow:
            known = await uow.integrations.all(workspace_id)
        return [each for each in known if each.missing_since is None]

    async def current(self, channel: Channel, subscription_id: int) -> ExistingSubscription | None:
        """A subscription as it is now; `None` if it has ended meanwhile."""
        async with self.subscriptions.store.read() as uow:
            found = await uow.subscriptions.for_channel(channel)
            one = next((each for each in found if each.subscription_id == subscription_id), None)
            watched = await uow.integrations.get(one.workspace_id, one.selector) if one else None
        if one is None:
            return None
        return ExistingSubscription(
            subscription=one, name=watched.integration.integration_name if watched else None
        )

    async def for_integration(
        self, channel: Channel, workspace_id: int, integration_id: str
    ) -> ExistingSubscription | Integration | None:
        """The subscription by which a channel gets an integration's alerts: for it alone, else a pattern, else `all`.

        If there is none, the integration; `None` if that is unknown.
        """
        async with self.subscriptions.store.read() as uow:
            found = await uow.subscriptions.for_channel(channel)
            watched = await uow.integrations.get(workspace_id, integration_id)
        seen = {each.workspace_id for each in self.subscriptions.workspaces.visible_in(channel)}
        if watched is None or workspace_id not in seen:
            return None
        matching = [each for each in found if each.covers(watched.integration)]
        if not matching:
            return watched.integration
        closest = min(matching, key=lambda each: (is_pattern(each.selector), each.selector == "all"))
        name = None if is_pattern(closest.selector) else watched.integration.integration_name
        return ExistingSubscription(subscription=closest, name=name)

    async def subscribe(
        self,
        channel: Channel,
        who: str,
        selector: str,
        filters: Filters,
        *,
        workspace_id: int | None = None,
        zone: str = "UTC",
    ) -> Answer:
        """Subscribe as the command does, if the person may change the channel."""
        refusal = await self.subscriptions.access.to_reach(who, channel)
        if refusal:
            return await posting_problem(self.subscriptions.messenger, channel) or refusal
        return await self.subscriptions.subscribe(
            channel, who, selector, filters, workspace_id=workspace_id, zone=zone
        )

    async def change_settings(
        self, channel: Channel, who: str, change: SettingsChange, zone: str
    ) -> list[Answer]:
        """Change the settings that the form asks for; the time of a digest is in the time zone `zone`."""
        answers: list[Answer] = []
        if change.changes_language:
            answers.append(await self.channels.set_language(channel, who, change.language))
        if change.changes_workspace:
            answers.append(await self.channels.set_workspace(channel, who, change.workspace))
        if change.changes_digest:
            answers.append(await self.channels.set_digest(channel, who, change.digest, zone))
        if change.changes_escalation:
            answers.append(
                await self.channels.set_escalation(channel, who, change.escalate_after, change.escalate_to)
            )
        if change.hours:
            answers.append(await self.channels.set_hours(channel, who, change.hours.hours, change.hours.zone))
        if change.mention_contacts is not None:
            answers.append(await self.channels.set_contacts(channel, who, mention=change.mention_contacts))
        return answers

    async def unsubscribe(self, channel: Channel, who: str, subscription: Subscription) -> Answer:
        """End this one subscription, and no others, if the person may change the channel."""
        return await self.subscriptions.access.to_reach(who, channel) or await self.subscriptions.unsubscribe(
            channel, who, subscription.selector, workspace_id=subscription.workspace_id, only=True
        )


def choices(
    query: str, groups: Sequence[tuple[str | None, Sequence[Integration]]], *, listed: bool
) -> Choices:
    """Choose what to offer among the known integrations of each workspace, which has a name if there are several.

    Those whose names begin with the text come first. Pure.
    """
    query = page_id(query) or query
    wanted = normalize_name(query)
    several: list[tuple[Selection, int]] = []
    found: list[Integration] = []
    for workspace_name, known in groups:
        if not query or "all".startswith(wanted):
            several.append((Selection(selector="all", workspace_name=workspace_name), len(known)))
        if is_pattern(query) and query != "all":
            matching = [one for one in known if selector_matches(query, one)]
            pattern, count = query, len(matching)
        else:
            matching = [one for one in known if matches_part(wanted, one)]
            pattern, count = _pattern(query, matching)
        found += matching
        if pattern and (count or len(groups) == 1):
            several.append((Selection(selector=pattern, workspace_name=workspace_name), count))
    if not is_pattern(query) or query == "all":
        found.sort(key=lambda one: not normalize_name(one.integration_name).startswith(wanted))
    return Choices(
        integrations=tuple(found[:OFFERED]),
        total=len(found),
        several=tuple(several),
        unlisted=query if not (listed or found) and looks_like_an_id(query) else None,
    )


def _pattern(query: str, matching: Sequence[Integration]) -> tuple[str, int]:
    """A pattern that matches several of these integrations, by the start of names or else by a part, and how many."""
    for pattern in (f"{query}*", f"*{query}*") if len(query) >= _LEAST else ():
        count = sum(selector_matches(pattern, one) for one in matching)
        if count > 1:
            return pattern, count
    return "", 0
