"""Which integration somebody means by an id, the start of one, a name, or a part of one.

The bot's memory answers first. Braze is asked only about what is not in it: the list where the key may see it,
else, for words that look like an id, the integration's status.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from cdi_bot.core.model.integration import Integration, WatchedIntegration, normalize_name
from cdi_bot.monitoring.braze_port import NO_SUCH_INTEGRATION, STATUS_PATIENCE, BrazeReason, Endpoint, within
from cdi_bot.monitoring.workspaces import Workspaces
from cdi_bot.store import Store
from cdi_bot.usecases.answers import BrazeRefused, NoMatch, SeveralMatches

PERMISSIONS = {
    Endpoint.LIST: "cdi.integration_list",
    Endpoint.STATUS: "cdi.integration_job_status",
    Endpoint.SYNC: "cdi.integration_sync",
}
"""What Braze calls the permission that a key needs for each call."""

LIST_PATIENCE = timedelta(seconds=10)
"""How long a person waits where there is no answer without Braze."""

SHOWN_CANDIDATES = 5
SHOWN_NEAREST = 3

# Ids are UUIDs in practice, but not by contract. Demanding a digit keeps plain words from costing a request each.
_ID_LIKE = re.compile(r"(?=.*\d)[A-Za-z0-9][A-Za-z0-9._-]{3,99}", re.ASCII)

_LEAST_LIKENESS = 0.3

Match = WatchedIntegration | SeveralMatches | NoMatch


def match_integration(query: str, known: Sequence[WatchedIntegration]) -> Match:
    """Find what `words` name among the known integrations.

    A whole id goes before a whole name, and that before the start of an id or a part of a name. Integrations that
    Braze no longer knows count only where no other fits. Letter case, width and spacing never matter.
    """
    wanted = normalize_name(query)
    ids = [watched for watched in known if normalize_name(watched.integration.integration_id) == wanted]
    names = [watched for watched in known if normalize_name(watched.integration.integration_name) == wanted]
    for fitting in (ids, names, [watched for watched in known if matches_part(wanted, watched.integration)]):
        here = [watched for watched in fitting if watched.missing_since is None] or fitting
        if len(here) == 1:
            return here[0]
        if here:
            candidates = tuple(watched.integration for watched in here[:SHOWN_CANDIDATES])
            return SeveralMatches(query=query, candidates=candidates, total=len(here))
    return NoMatch(query=query, nearest=_nearest(wanted, known), list_known=was_listed(known))


def was_listed(known: Sequence[WatchedIntegration]) -> bool:
    """Whether Braze's list has ever told of the integrations, so that the bot knows more than single ids."""
    return any(watched.listed_at for watched in known)


def looks_like_an_id(query: str) -> bool:
    """Whether it is worth asking Braze for the status of an integration with this id."""
    return _ID_LIKE.fullmatch(query) is not None


def matches_part(wanted: str, integration: Integration) -> bool:
    """Whether folded words are the start of an integration's id, or stand in its name."""
    return normalize_name(integration.integration_id).startswith(wanted) or wanted in normalize_name(
        integration.integration_name
    )


def _nearest(wanted: str, known: Sequence[WatchedIntegration]) -> tuple[Integration, ...]:
    """Names that share the most runs of three letters with the words: quick for ten thousand names, unlike difflib."""
    pieces = _trigrams(wanted[:100])
    likeness = [
        (len(pieces & _trigrams(normalize_name(watched.integration.integration_name))) / len(pieces), watched)
        for watched in known
        if watched.missing_since is None
    ]
    likeness = [(share, watched) for share, watched in likeness if share >= _LEAST_LIKENESS]
    likeness.sort(key=lambda pair: (-pair[0], len(pair[1].integration.integration_name)))
    return tuple(watched.integration for _, watched in likeness[:SHOWN_NEAREST])


def _trigrams(text: str) -> set[str]:
    padded = f"  {text} "
    return {padded[at : at + 3] for at in range(len(padded) - 2)}


class Lookup:
    """Finds the one integration that somebody names, in memory and at Braze."""

    def __init__(
        self,
        *,
        store: Store,
        workspaces: Workspaces,
        status_patience: timedelta = STATUS_PATIENCE,
        list_patience: timedelta = LIST_PATIENCE,
    ) -> None:
        """Look in `store`, and have the workspaces asked."""
        self._store = store
        self._workspaces = workspaces
        self.status_patience = status_patience
        self.list_patience = list_patience

    async def find(self, query: str) -> Match | BrazeRefused:
        """Find the integration that `words` name; one that Braze alone knows is remembered from then on."""
        match = await self._remembered(query)
        if not isinstance(match, NoMatch):
            return match
        trouble = await self.discover()
        if trouble is None:
            return await self._remembered(query)
        if looks_like_an_id(query):
            return await self._verified(query, match)
        if trouble is BrazeReason.NO_PERMISSION:
            return match
        if match.nearest:
            return replace(match, trouble=trouble)
        return BrazeRefused(reason=trouble, query=query)

    async def discover(self, patience: timedelta | None = None) -> BrazeReason | None:
        """Have the list read if it was not just now; returns why it can't be. Some wait less than others."""
        return await within(patience or self.list_patience, self._workspaces.meant().poller.discover())

    async def refresh(self, integration_id: str) -> BrazeReason | None:
        """Have the newest runs read; returns why they can't be."""
        return await within(self.status_patience, self._workspaces.meant().poller.refresh(integration_id))

    async def _remembered(self, query: str) -> Match:
        async with self._store.read() as uow:
            by_id = await uow.integrations.get(self._workspaces.meant().workspace_id, query)
            if by_id is not None:
                return by_id  # what buttons carry: no need to look at every integration
            known = await uow.integrations.all(self._workspaces.meant().workspace_id)
        return match_integration(query, known)

    async def _verified(self, integration_id: str, unknown: NoMatch) -> Match | BrazeRefused:
        """Ask for the status of an id that no list has told of."""
        trouble = await within(self.list_patience, self._workspaces.meant().poller.refresh(integration_id))
        if trouble is None:
            return await self._remembered(integration_id)
        if trouble in NO_SUCH_INTEGRATION:
            return unknown
        return braze_refusal(trouble, Endpoint.STATUS, integration_id)


def braze_refusal(reason: BrazeReason, endpoint: Endpoint, query: str | None = None) -> BrazeRefused:
    """Say why Braze could not be asked, with the missing permission where that is why."""
    permission = PERMISSIONS[endpoint] if reason is BrazeReason.NO_PERMISSION else None
    return BrazeRefused(reason=reason, query=query, permission=permission)
