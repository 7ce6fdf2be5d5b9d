"""What the form for a subscription needs: what there is to choose from, what stands now, and the change itself.

A change is made by the same use cases as the commands. A form may name another channel than the one it came from,
so it is checked here whether the person is in it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from cdi_bot.core.commands.tokenizer import page_id
from cdi_bot.core.digest_schedule import Schedule
from cdi_bot.core.model.channel import Channel
from cdi_bot.core.model.integration import Integration, WatchedIntegration, normalize_name
from cdi_bot.core.model.subscription import Filters, Subscription, is_pattern, selector_matches
from cdi_bot.delivery.slack_port import Messenger
from cdi_bot.monitoring.workspaces import Workspaces
from cdi_bot.store import Store
from cdi_bot.usecases.access import Access, posting_problem
from cdi_bot.usecases.answers import Answer, SettingsShown
from cdi_bot.usecases.channel_settings import ChangeChannelSettings
from cdi_bot.usecases.lookup import Lookup, looks_like_an_id, matches_part, was_listed
from cdi_bot.usecases.subscriptions import ChangeSubscriptions

LIST_PATIENCE = timedelta(seconds=1.5)
"""How long a search waits for Braze where nothing is known yet: Slack gives it three seconds."""

OFFERED = 50
"""So many integrations are offered at once: who looks for another one types more of its name."""

_LEAST = 2
"""Letters from which on a pattern is offered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """What fits the words typed into the picker: integrations by name, and what takes in several at once.

    `everything` counts all integrations; `pattern` is offered where it takes in some, `pattern_count` of them.
    `unlisted` is an id that can't be checked, for want of a list.
    """

    query: str
    integrations: tuple[Integration, ...]
    total: int
    everything: int | None
    pattern: str | None = None
    pattern_count: int = 0
    unlisted: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExistingSubscription:
    """A subscription as it stands, with the name of its integration if it is one."""

    subscription: Subscription
    name: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelWishes:
    """How the channel is to be talked to from now on: its language (`None`: the bot's own) and its digest, if any.

    What is not wanted stays as it is.
    """

    language: str | None = None
    wants_language: bool = False
    digest: Schedule | None = None
    wants_digest: bool = False


class SubscriptionForms:
    """The use cases of the form. Every method answers; only `StoreTrouble` and `SlackTrouble` are raised."""

    def __init__(
        self,
        *,
        store: Store,
        workspaces: Workspaces,
        subscriptions: ChangeSubscriptions,
        channels: ChangeChannelSettings,
        messenger: Messenger,
        lookup: Lookup,
        access: Access,
    ) -> None:
        """Offer what the workspaces have."""
        self._store = store
        self._workspaces = workspaces
        self._subscriptions = subscriptions
        self._channels = channels
        self._messenger = messenger
        self._lookup = lookup
        self._access = access

    async def offer(self, query: str) -> Choices:
        """Find what a person may mean who has typed so much."""
        known = await self._known()
        if not was_listed(known):
            await self._lookup.discover(LIST_PATIENCE)
            known = await self._known()
        return choices(query.strip(), [each.integration for each in known], listed=was_listed(known))

    async def _known(self) -> list[WatchedIntegration]:
        async with self._store.read() as uow:
            known = await uow.integrations.all(self._workspaces.meant().workspace_id)
        return [each for each in known if each.missing_since is None]

    async def present(self, channel: Channel, subscription_id: int) -> ExistingSubscription | None:
        """The subscription as it stands; `None` where it has been ended meanwhile."""
        async with self._store.read() as uow:
            found = await uow.subscriptions.for_channel(channel)
            one = next((each for each in found if each.subscription_id == subscription_id), None)
            watched = await uow.integrations.get(one.workspace_id, one.selector) if one else None
        if one is None:
            return None
        return ExistingSubscription(
            subscription=one, name=watched.integration.integration_name if watched else None
        )

    async def about(self, channel: Channel, integration_id: str) -> ExistingSubscription | Integration | None:
        """How a channel hears of an integration: its own subscription before a pattern's, and that before `all`'s.

        Where it does not, the integration; `None` where that is not known.
        """
        async with self._store.read() as uow:
            found = await uow.subscriptions.for_channel(channel)
            watched = await uow.integrations.get(self._workspaces.meant().workspace_id, integration_id)
        if watched is None:
            return None
        fitting = [each for each in found if each.takes_in(watched.integration)]
        if not fitting:
            return watched.integration
        closest = min(fitting, key=lambda each: (is_pattern(each.selector), each.selector == "all"))
        name = None if is_pattern(closest.selector) else watched.integration.integration_name
        return ExistingSubscription(subscription=closest, name=name)

    async def subscribe(
        self, channel: Channel, who: str, selector: str, filters: Filters, *, picked: bool
    ) -> Answer:
        """Subscribe as the command does; a channel that was `picked` has to be one of the person's own."""
        refusal = await self._access.to_reach(who, channel) if picked else None
        if refusal:
            return await posting_problem(self._messenger, channel) or refusal
        return await self._subscriptions.subscribe(channel, who, selector, filters)

    async def talk(self, channel: Channel, who: str, wish: ChannelWishes, zone: str) -> list[Answer]:
        """Have the channel talked to as wished; a digest's time is one of the zone of that name."""
        answers: list[Answer] = []
        if wish.wants_language:
            answers.append(await self._channels.set_language(channel, who, wish.language))
        if wish.wants_digest:
            answers.append(await self._channels.set_digest(channel, who, wish.digest, zone))
        return answers

    async def settings(self, channel: Channel) -> SettingsShown:
        """How the channel is talked to now."""
        return await self._channels.show(channel)

    @property
    def languages(self) -> tuple[str, ...]:
        """Those to choose from."""
        return self._channels.languages

    async def unsubscribe(self, channel: Channel, who: str, selector: str) -> Answer:
        """End one subscription, and no other that it covers: the form is about the one alone."""
        return await self._subscriptions.unsubscribe(channel, who, selector, only=True)


def choices(query: str, known: list[Integration], *, listed: bool) -> Choices:
    """Choose among the known integrations; those whose names begin with the words stand first. Pure."""
    query = page_id(query) or query
    wanted = normalize_name(query)
    if is_pattern(query) and query != "all":
        fitting = [one for one in known if selector_matches(query, one)]
        count = len(fitting)
        pattern: str | None = query
    else:
        fitting = [one for one in known if matches_part(wanted, one)]
        fitting.sort(key=lambda one: not normalize_name(one.integration_name).startswith(wanted))
        pattern, count = _pattern(query, fitting)
    unlisted = query if not (listed or fitting) and looks_like_an_id(query) else None
    return Choices(
        query=query,
        integrations=tuple(fitting[:OFFERED]),
        total=len(fitting),
        everything=len(known) if not query or "all".startswith(wanted) else None,
        pattern=pattern,
        pattern_count=count,
        unlisted=unlisted,
    )


def _pattern(query: str, fitting: list[Integration]) -> tuple[str | None, int]:
    """The pattern that takes in what fits: by how names begin, else by what they hold."""
    if len(query) < _LEAST:
        return None, 0
    for pattern in (f"{query}*", f"*{query}*"):
        count = sum(selector_matches(pattern, one) for one in fitting)
        if count > 1:
            return pattern, count
    return None, 0
