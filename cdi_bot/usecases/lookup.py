"""Finds the integration that somebody means by an id, the start of an id, a name, or a part of a name.

Each may be written `WORKSPACE/…`, with `*` for all workspaces. Else the channel's default workspace is searched, and
all of them where it has no match. A name that holds a slash itself wins.

Stored integrations are searched first. Only if none matches is Braze asked: for the list where the key may read it,
else, for a text that looks like an id, for the status of that integration.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta

from cdi_bot.core.model.channel import Channel
from cdi_bot.core.model.integration import (
    Integration,
    WatchedIntegration,
    Workspace,
    normalize_name,
    same_name,
)
from cdi_bot.core.model.subscription import in_one_spelling, is_pattern, selector_matches
from cdi_bot.item_troubles import Work
from cdi_bot.monitoring.braze_port import NO_SUCH_INTEGRATION, STATUS_PATIENCE, BrazeReason, Endpoint, within
from cdi_bot.monitoring.workspaces import WatchedWorkspace, WatchedWorkspaces
from cdi_bot.store import RowRefused, Store
from cdi_bot.usecases.answers import BrazeRefused, NoMatch, SeveralMatches, WhichWorkspace
from cdi_bot.usecases.matching import SHOWN_NEAREST, Match, looks_like_an_id, match_integration

PERMISSIONS = {
    Endpoint.LIST: "cdi.integration_list",
    Endpoint.STATUS: "cdi.integration_job_status",
    Endpoint.SYNC: "cdi.integration_sync",
}
"""The permission that an API key needs for each call, by its name in Braze."""

LIST_PATIENCE = timedelta(seconds=10)
"""How long a person waits for Braze where nothing stored can answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What is looked for in which workspaces: `query` is without the name of a workspace.

    `otherwise` are the workspaces to search where these have no match. `is_chosen`: nobody has to be asked which
    workspace they mean.
    """

    query: str
    workspaces: tuple[WatchedWorkspace, ...]
    otherwise: tuple[WatchedWorkspace, ...] = ()
    is_chosen: bool = True


_SLASH = re.compile("[/／]")

EVERY_WORKSPACE = "*"
"""What stands before the slash for all workspaces, whatever the channel's default is."""


class Lookup:
    """Finds the one integration that somebody means, in the store or in Braze."""

    def __init__(self, *, store: Store, workspaces: WatchedWorkspaces) -> None:
        """Look in `store`, and have the workspaces asked."""
        self._store = store
        self._workspaces = workspaces
        self.status_patience, self.list_patience = STATUS_PATIENCE, LIST_PATIENCE

    async def scope(
        self,
        query: str,
        channel: Channel | None = None,
        workspace_id: int | None = None,
        *,
        prefers_default: bool = True,
    ) -> Scope:
        """Where to look for what somebody means in a channel, of which a button may have named the workspace.

        What the channel may not see is not there. Its default workspace comes first if it `prefers_default`.
        """
        everywhere = self._workspaces.visible_in(channel)
        if workspace_id is not None:
            named = tuple(each for each in everywhere if each.workspace_id == workspace_id)
            return Scope(query=query, workspaces=named)
        called = len(everywhere) > 1 and in_named_workspace(query, [each.workspace for each in everywhere])
        if called and not await self._is_a_name(query, everywhere):
            ids = {each.workspace_id for each in called[0]}
            named = tuple(each for each in everywhere if each.workspace_id in ids)
            return Scope(query=called[1], workspaces=named)
        async with self._store.read() as uow:
            settings = await uow.channels.settings(channel) if channel and prefers_default else None
        default = tuple(
            each for each in everywhere if settings and each.workspace_id == settings.workspace_id
        )
        if default:
            return Scope(query=query, workspaces=default, otherwise=everywhere)
        return Scope(query=query, workspaces=everywhere, is_chosen=len(everywhere) == 1)

    async def narrowed(self, scope: Scope) -> tuple[WatchedWorkspace, ...]:
        """The workspaces that a pattern may mean: where nobody said which, those that have what it matches, if any."""
        if scope.is_chosen or scope.query == "all":
            return scope.workspaces
        async with self._store.read() as uow:
            having = [
                each
                for each in scope.workspaces
                if any(
                    selector_matches(scope.query, one.integration) and not one.missing_since
                    for one in await uow.integrations.all(each.workspace_id)
                )
            ]
        return tuple(having) or scope.workspaces

    async def find(
        self, query: str, channel: Channel | None = None, workspace_id: int | None = None
    ) -> Match | BrazeRefused:
        """Find the integration that `query` means in a channel; one that only Braze knows is stored."""
        scope = await self.scope(query, channel, workspace_id)
        found = await self._find(scope.query, scope.workspaces)
        if scope.otherwise and isinstance(found, NoMatch):
            return await self._find(scope.query, scope.otherwise)
        if isinstance(found, NoMatch):
            found = replace(found, query=query)
            everywhere = self._workspaces.visible_in(channel)
            if workspace_id is None and len(everywhere) > 1 and not found.nearest:
                return replace(found, nearest=await self._elsewhere(query, everywhere))
        return found

    async def _find(self, query: str, workspaces: Sequence[WatchedWorkspace]) -> Match | BrazeRefused:
        match = await self._stored(query, workspaces)
        if not isinstance(match, NoMatch) or not workspaces:
            return match
        troubles = await self.discover_all(workspaces)
        if len(troubles) < len(workspaces):
            match = await self._stored(query, workspaces)
            if not isinstance(match, NoMatch):
                return match
        if not troubles:
            return replace(match, list_known=True)  # a workspace without integrations has an empty list
        if looks_like_an_id(query):
            unlisted = [each for each in workspaces if each.workspace_id in troubles]
            return await self._checked(query, unlisted, match)
        trouble = next((each for each in troubles.values() if each is not BrazeReason.NO_PERMISSION), None)
        if trouble is None:
            return match
        return replace(match, trouble=trouble) if match.nearest else BrazeRefused(reason=trouble, query=query)

    async def discover_all(
        self, workspaces: Sequence[WatchedWorkspace], patience: timedelta | None = None
    ) -> dict[int, BrazeReason]:
        """Read the lists, all at once; returns why that failed, by the ids of the workspaces of which it did."""
        troubles = await asyncio.gather(*(self.discover(each.workspace_id, patience) for each in workspaces))
        return {
            each.workspace_id: trouble for each, trouble in zip(workspaces, troubles, strict=True) if trouble
        }

    async def discover(self, workspace_id: int, patience: timedelta | None = None) -> BrazeReason | None:
        """Read the list, unless that was done just now; returns why that failed in time, `None` if it did not."""
        return await within(
            patience or self.list_patience, self._workspaces.of(workspace_id).poller.discover()
        )

    async def names(self, channel: Channel) -> frozenset[str]:
        """The normalized names of the integrations that may be meant by what is typed, in every form that it takes."""
        async with self._store.read() as uow:
            known = [
                watched.integration
                for each in self._workspaces.visible_in(channel)
                for watched in await uow.integrations.all(each.workspace_id)
            ]
        return frozenset(
            normalize_name(form)
            for each in known
            for form in (
                each.integration_name,
                *(
                    f"{each.workspace_name}{slash}{each.integration_name}"
                    for slash in ("/", " / ")
                    if each.workspace_name
                ),
            )
        )

    async def refresh(self, integration: Integration) -> BrazeReason | None:
        """Read the newest runs of an integration; returns why that failed in time, `None` if it did not.

        Where the bot itself fails with them, what is stored is shown, and the register says that it fails.
        """
        poller, key = self._workspaces.of(integration.workspace_id).poller, integration.integration_id
        with self._workspaces.troubles.guard(Work.ASK, (integration.workspace_id, key)), suppress(RowRefused):
            return await within(self.status_patience, poller.refresh(key))
        return None

    async def _stored(self, query: str, workspaces: Sequence[WatchedWorkspace]) -> Match:
        async with self._store.read() as uow:
            ids = [each.workspace_id for each in workspaces]
            by_id = [await uow.integrations.get(each, query) for each in ids]
            found = [each for each in by_id if each]
            if len(found) == 1:
                return found[0]  # what buttons hold: no need to read all integrations
            known = [one for each in ids for one in await uow.integrations.all(each)]
        match = match_integration(query, known)
        return match if workspaces or not isinstance(match, NoMatch) else replace(match, list_known=True)

    async def _is_a_name(self, query: str, workspaces: Sequence[WatchedWorkspace]) -> bool:
        """Whether an integration has this name, or names match this pattern: a slash is then a part of it."""
        wanted = normalize_name(query)
        async with self._store.read() as uow:
            known = [
                each.integration
                for one in workspaces
                for each in await uow.integrations.all(one.workspace_id)
            ]
        if is_pattern(query):
            return any(selector_matches(query, each) for each in known)
        return any(
            wanted in map(normalize_name, (each.integration_name, each.integration_id)) for each in known
        )

    async def _elsewhere(self, query: str, workspaces: Sequence[WatchedWorkspace]) -> tuple[Integration, ...]:
        """What is called so in other workspaces than in the one that was named, or that there is not."""
        for meant in (query, _SLASH.split(query, 1)[-1].strip()):
            match = await self._stored(meant, workspaces)
            if isinstance(match, WatchedIntegration):
                return (match.integration,)
            found = match.candidates if isinstance(match, SeveralMatches) else match.nearest
            if found:
                return found[:SHOWN_NEAREST]
        return ()

    async def _checked(
        self, integration_id: str, workspaces: Sequence[WatchedWorkspace], unknown: NoMatch
    ) -> Match | BrazeRefused:
        """Ask Braze for the status of an id that is not known, in each workspace whose list it doesn't tell."""
        asked = (within(self.list_patience, each.poller.refresh(integration_id)) for each in workspaces)
        troubles = await asyncio.gather(*asked)
        if None in troubles:
            return await self._stored(integration_id, workspaces)
        trouble = next((each for each in troubles if each and each not in NO_SUCH_INTEGRATION), None)
        return braze_refusal(trouble, Endpoint.STATUS, integration_id) if trouble else unknown


def which_workspace(selector: str, workspaces: Iterable[WatchedWorkspace]) -> WhichWorkspace:
    """Ask which of these workspaces is meant."""
    named = tuple((each.workspace_id, each.workspace.name) for each in workspaces)
    return WhichWorkspace(selector=selector, workspaces=named)


def is_called(workspace: Workspace, name: str) -> bool:
    """Whether a text means this workspace: its name in any spelling, or what means all of them."""
    return name == EVERY_WORKSPACE or same_name(name, workspace.name)


def in_named_workspace(query: str, workspaces: Sequence[Workspace]) -> tuple[list[Workspace], str] | None:
    """The workspaces that `WORKSPACE/…` names, and the rest; `None` where it names none of these."""
    prefix, *rest = (part.strip() for part in _SLASH.split(query, 1))
    named = [each for each in workspaces if is_called(each, prefix)]
    return (named, in_one_spelling(rest[0])) if named and rest and rest[0] else None


def braze_refusal(reason: BrazeReason, endpoint: Endpoint, query: str | None = None) -> BrazeRefused:
    """The answer that Braze could not be asked, with the missing permission if that is why."""
    permission = PERMISSIONS[endpoint] if reason is BrazeReason.NO_PERMISSION else None
    return BrazeRefused(reason=reason, query=query, permission=permission)
