"""Finds the integration that somebody means by an id, the start of an id, a name, or a part of a name.

Stored integrations are searched first. Only if none matches is Braze asked: for the list where the key may read it,
else, for a text that looks like an id, for the status of that integration.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

from cdi_bot.core.commands.specification import all_near
from cdi_bot.core.model.integration import Integration, WatchedIntegration, normalize_name
from cdi_bot.item_troubles import Work
from cdi_bot.monitoring.braze_port import NO_SUCH_INTEGRATION, STATUS_PATIENCE, BrazeReason, Endpoint, within
from cdi_bot.monitoring.workspaces import WatchedWorkspace, WatchedWorkspaces
from cdi_bot.store import RowRefused, Store
from cdi_bot.usecases.answers import BrazeRefused, NoMatch, SeveralMatches

PERMISSIONS = {
    Endpoint.LIST: "cdi.integration_list",
    Endpoint.STATUS: "cdi.integration_job_status",
    Endpoint.SYNC: "cdi.integration_sync",
}
"""The permission that an API key needs for each call, by its name in Braze."""

LIST_PATIENCE = timedelta(seconds=10)
"""How long a person waits for Braze where nothing stored can answer."""

SHOWN_CANDIDATES = 5
SHOWN_NEAREST = 3

# Ids are UUIDs in practice, but Braze does not promise that. Without a digit, a word would often cost a request.
_ID_LIKE = re.compile(r"(?=.*\d)[A-Za-z0-9][A-Za-z0-9._-]{3,99}", re.ASCII)

_CLOSE, _MAYBE = 0.4, 0.25
"""Shares of a text's trigrams: so many make a name close, so many where a word of it is spelt almost the same too.

Less would offer “Events: web sessions” for “everything”.
"""

_COMPARED = 100
"""Characters of a text and of each name that are compared: thousands of long names would take seconds."""

Match = WatchedIntegration | SeveralMatches | NoMatch


def match_integration(query: str, known: Sequence[WatchedIntegration]) -> Match:
    """Find the integration that `query` means among the known ones.

    A whole id is preferred to a whole name, and that to the start of an id or a part of a name. An integration that
    Braze no longer knows is found only where no other matches. Letter case, width and spacing do not matter.
    """
    wanted = normalize_name(query)
    ids = [watched for watched in known if normalize_name(watched.integration.integration_id) == wanted]
    names = [watched for watched in known if normalize_name(watched.integration.integration_name) == wanted]
    parts = [watched for watched in known if matches_part(wanted, watched.integration)]
    for matching in (ids, names, parts):
        found = [watched for watched in matching if watched.missing_since is None] or matching
        if len(found) == 1:
            return found[0]
        if found:
            candidates = tuple(watched.integration for watched in found[:SHOWN_CANDIDATES])
            return SeveralMatches(query=query, candidates=candidates, total=len(found))
    return NoMatch(query=query, nearest=nearest_to(wanted, known), list_known=was_listed(known))


def was_listed(known: Sequence[WatchedIntegration]) -> bool:
    """Whether Braze's list was ever read, so that more than single ids are known."""
    return any(watched.listed_at for watched in known)


def looks_like_an_id(query: str) -> bool:
    """Whether a text may be an id, so that Braze can be asked for the status of that integration."""
    return _ID_LIKE.fullmatch(query) is not None


def matches_part(wanted: str, integration: Integration) -> bool:
    """Whether a normalized text is the start of an integration's id, or a part of its name."""
    return normalize_name(integration.integration_id).startswith(wanted) or wanted in normalize_name(
        integration.integration_name
    )


def nearest_to(wanted: str, known: Sequence[WatchedIntegration]) -> tuple[Integration, ...]:
    """The integrations whose names share most trigrams with a normalized text: fast for thousands, unlike difflib."""
    pieces = _trigrams(wanted[:_COMPARED])
    similarity = [
        (
            len(pieces & _trigrams(normalize_name(watched.integration.integration_name)[:_COMPARED]))
            / len(pieces),
            watched,
        )
        for watched in known
        if watched.missing_since is None
    ]
    similarity = [
        (share, watched)
        for share, watched in similarity
        if share >= _CLOSE
        or (
            share >= _MAYBE
            and all_near(wanted, re.findall(r"\w+", normalize_name(watched.integration.integration_name)))
        )
    ]
    similarity.sort(key=lambda pair: (-pair[0], len(pair[1].integration.integration_name)))
    return tuple(watched.integration for _, watched in similarity[:SHOWN_NEAREST])


def _trigrams(text: str) -> set[str]:
    padded = f"  {text} "
    return {padded[at : at + 3] for at in range(len(padded) - 2)}


class Lookup:
    """Finds the one integration that somebody means, in the store or in Braze."""

    def __init__(
        self,
        *,
        store: Store,
        workspaces: WatchedWorkspaces,
        status_patience: timedelta = STATUS_PATIENCE,
        list_patience: timedelta = LIST_PATIENCE,
    ) -> None:
        """Look in `store`, and have the workspaces asked."""
        self._store = store
        self._workspaces = workspaces
        self.status_patience = status_patience
        self.list_patience = list_patience

    async def find(self, query: str, workspace_id: int | None = None) -> Match | BrazeRefused:
        """Find the integration that `query` means; one that only Braze knows is stored."""
        if not self._workspaces.watches(workspace_id):
            return NoMatch(query=query, nearest=(), list_known=True)
        workspace = self._workspaces.meant(workspace_id)
        match = await self._stored(query, workspace.workspace_id)
        if not isinstance(match, NoMatch):
            return match
        trouble = await self.discover(workspace.workspace_id)
        if trouble is None:
            match = await self._stored(query, workspace.workspace_id)
            # A workspace without integrations has an empty list.
            return replace(match, list_known=True) if isinstance(match, NoMatch) else match
        if looks_like_an_id(query):
            return await self._checked(query, workspace, match)
        if trouble is BrazeReason.NO_PERMISSION:
            return match
        return replace(match, trouble=trouble) if match.nearest else BrazeRefused(reason=trouble, query=query)

    async def discover(self, workspace_id: int, patience: timedelta | None = None) -> BrazeReason | None:
        """Read the list, unless that was done just now; returns why that failed in time, `None` if it did not."""
        return await within(
            patience or self.list_patience, self._workspaces.of(workspace_id).poller.discover()
        )

    async def refresh(self, integration: Integration) -> BrazeReason | None:
        """Read the newest runs of an integration; returns why that failed in time, `None` if it did not.

        Where the bot itself fails with them, what is stored is shown, and the register says that it fails.
        """
        poller, key = self._workspaces.of(integration.workspace_id).poller, integration.integration_id
        with self._workspaces.troubles.guard(Work.ASK, (integration.workspace_id, key)), suppress(RowRefused):
            return await within(self.status_patience, poller.refresh(key))
        return None

    async def _stored(self, query: str, workspace_id: int) -> Match:
        async with self._store.read() as uow:
            by_id = await uow.integrations.get(workspace_id, query)
            if by_id is not None:
                return by_id  # what buttons hold: no need to read all integrations
            known = await uow.integrations.all(workspace_id)
        return match_integration(query, known)

    async def _checked(
        self, integration_id: str, workspace: WatchedWorkspace, unknown: NoMatch
    ) -> Match | BrazeRefused:
        """Ask Braze for the status of an id that is not known."""
        trouble = await within(self.list_patience, workspace.poller.refresh(integration_id))
        if trouble is None:
            return await self._stored(integration_id, workspace.workspace_id)
        if trouble in NO_SUCH_INTEGRATION:
            return unknown
        return braze_refusal(trouble, Endpoint.STATUS, integration_id)


def braze_refusal(reason: BrazeReason, endpoint: Endpoint, query: str | None = None) -> BrazeRefused:
    """The answer that Braze could not be asked, with the missing permission if that is why."""
    permission = PERMISSIONS[endpoint] if reason is BrazeReason.NO_PERMISSION else None
    return BrazeRefused(reason=reason, query=query, permission=permission)
