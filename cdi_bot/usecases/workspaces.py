"""The Braze workspaces that admins add and remove in chat, and what a key of Braze's may do."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime
from urllib.parse import urlsplit

import structlog
from pydantic import SecretStr

from cdi_bot.core.model.channel import Channel
from cdi_bot.core.model.configuration import Item, Table
from cdi_bot.core.model.incident import UNWATCHED, resolved
from cdi_bot.core.model.integration import Workspace, workspace_name
from cdi_bot.core.model.lifecycle import WorkspaceRemoved
from cdi_bot.monitoring.braze_port import (
    NO_INTEGRATION,
    NO_SUCH_INTEGRATION,
    Braze,
    BrazeReason,
    BrazeTrouble,
    Endpoint,
)
from cdi_bot.monitoring.incident_writer import refresh_cards
from cdi_bot.store import UnitOfWork
from cdi_bot.store.secret_keys import KeyLostError, SecretKeys
from cdi_bot.usecases.answers import NotAllowed, OwnedByFile
from cdi_bot.usecases.base import Actor, UseCases, announce, owned_by_file, record
from cdi_bot.usecases.workspace_answers import (
    ConfirmRemoval,
    NoSuchWorkspace,
    WorkspaceAdded,
    WorkspaceForm,
    WorkspaceGone,
    WorkspaceList,
    WorkspaceOfSettings,
    WorkspaceRefused,
    WorkspaceRow,
)

log = structlog.get_logger(__name__)

ACTION = "workspace"
"""What the audit calls a change of the workspaces."""

OF_EVERY_CALL = frozenset(
    {
        BrazeReason.BAD_KEY,
        BrazeReason.KEY_LOST,
        BrazeReason.INVALID_URL,
        BrazeReason.UNREACHABLE,
        BrazeReason.TIMEOUT,
    }
)
"""What keeps every call from being answered."""

_OF_THE_KEY = frozenset({BrazeReason.BAD_KEY, BrazeReason.NO_PERMISSION})
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


async def why_refused(call: Callable[[], Awaitable[object]]) -> BrazeTrouble | None:
    """Why a call about `NO_INTEGRATION` fails; `None` when only the made-up id is refused: the key was accepted."""
    try:
        await call()
    except BrazeTrouble as trouble:
        return None if trouble.reason in NO_SUCH_INTEGRATION else trouble
    return None


async def permissions_of(braze: Braze) -> dict[Endpoint, BrazeTrouble | None]:
    """Make the calls that change nothing and need one permission each; why each fails, `None` where it is allowed.

    Ends with the first that shows what is true of every call.
    """
    calls: dict[Endpoint, Callable[[], Awaitable[object]]] = {
        Endpoint.STATUS: lambda: braze.status_page(NO_INTEGRATION),
        Endpoint.LIST: braze.list_page,
        Endpoint.SYNC: lambda: braze.trigger_sync(NO_INTEGRATION),
    }
    found: dict[Endpoint, BrazeTrouble | None] = {}
    for endpoint, call in calls.items():
        found[endpoint] = trouble = await why_refused(call)
        if trouble is not None and trouble.reason in OF_EVERY_CALL:
            break
    return found


@dataclass(frozen=True, kw_only=True)
class ManageBrazeWorkspaces(UseCases):
    """What the bot's admins do with workspaces.

    `given` is the endpoint and key of the settings' own. `reach` makes the client of a workspace with a key,
    `dashboard_of` gives the dashboard of an endpoint.
    """

    secret_keys: SecretKeys
    given: tuple[str, SecretStr]
    reach: Callable[[Workspace, str], Braze]
    dashboard_of: Callable[[str], str | None]

    async def overview(self, who: str) -> WorkspaceList | NotAllowed:
        """All workspaces, and how each is."""
        refusal = await self.access.to_manage(who)
        if refusal:
            return refusal
        async with self.store.read() as uow:
            rows = [await self._row(uow, each) for each in await uow.workspaces.all()]
        return WorkspaceList(rows=tuple(rows))

    async def _row(self, uow: UnitOfWork, workspace: Workspace) -> WorkspaceRow:
        workspace_id = workspace.workspace_id
        known = await uow.integrations.all(workspace_id)
        is_watched = self.workspaces.watches(workspace_id)
        owned = await owned_by_file(uow, item_of(workspace))
        return WorkspaceRow(
            workspace_id=workspace_id,
            name=workspace.name,
            base_url=workspace.base_url,
            is_given=self.workspaces.is_given(workspace_id),
            is_watched=is_watched,
            integrations=sum(each.missing_since is None for each in known),
            trouble=self.workspaces.of(workspace_id).poller.connectivity.reason if is_watched else None,
            file=owned.file if owned else None,
        )

    async def form(self, who: str) -> WorkspaceForm | NotAllowed:
        """What is to be filled in to add one."""
        return await self.access.to_manage(who) or WorkspaceForm(can_store=bool(self.secret_keys))

    async def add(
        self, channel: Channel, who: str, *, name: str, endpoint: str, api_key: str
    ) -> WorkspaceAdded | WorkspaceRefused | WorkspaceForm | NotAllowed | OwnedByFile:
        """Try a key, and watch its workspace; one of the same name and endpoint gets the new key.

        The key is kept encrypted, and shown by nothing that this returns or raises.
        """
        opened = await self.form(who)
        if not isinstance(opened, WorkspaceForm) or not opened.can_store:
            return opened
        found = await self._checked(name, endpoint, api_key)
        if isinstance(found, WorkspaceRefused):
            return found
        wanted, present = found
        async with self.store.read() as uow:
            owned = await owned_by_file(uow, item_of(wanted))
        if owned:
            return owned
        missing = await self._tried(wanted, api_key)
        if isinstance(missing, WorkspaceRefused):
            return missing
        sealed = self.secret_keys.seal(api_key)
        async with self.store.write() as uow:
            if present:
                await uow.workspaces.reseal(present.workspace_id, sealed)
            else:
                present = await uow.workspaces.add(
                    name=wanted.name,
                    base_url=wanted.base_url,
                    dashboard_url=wanted.dashboard_url,
                    sealed_key=sealed,
                )
                if present is None:  # somebody was faster
                    return WorkspaceRefused(field="name", problem="taken", by=wanted.name)
            actor = Actor(channel=channel, who=who, at=self.clock(), workspace_id=present.workspace_id)
            await record(uow, actor, ACTION, f"add {wanted.name}")
        await self.workspaces.refresh()
        log.info("workspace added", workspace=wanted.name, user=who)
        return WorkspaceAdded(name=wanted.name, missing=missing, is_replaced=found[1] is not None)

    async def _checked(
        self, name: str, endpoint: str, api_key: str
    ) -> tuple[Workspace, Workspace | None] | WorkspaceRefused:
        """The workspace as it would be, and the present one whose key would be replaced; or what is wrong."""
        kept, base_url = workspace_name(name), endpoint.strip().rstrip("/")
        if kept is None:
            return WorkspaceRefused(field="name", problem="invalid")
        if not self._is_endpoint(base_url):
            return WorkspaceRefused(field="endpoint", problem="invalid")
        async with self.store.read() as uow:
            present = next((each for each in await uow.workspaces.all() if each.name == kept), None)
            sealed = await uow.workspaces.sealed()
        is_stored = present is not None and any(each == present for each, _ in sealed)
        if present and not (is_stored and present.base_url == base_url):
            return WorkspaceRefused(field="name", problem="taken", by=kept)
        twin = self._twin(base_url, api_key, [(each, key) for each, key in sealed if each != present])
        if twin is not None:
            return WorkspaceRefused(field="key", problem="taken", by=twin)
        return (
            Workspace(
                workspace_id=present.workspace_id if present else 0,
                name=kept,
                base_url=base_url,
                dashboard_url=self.dashboard_of(base_url),
            ),
            present,
        )

    def _is_endpoint(self, base_url: str) -> bool:
        """Whether it is a REST endpoint of Braze's, or on the host of the settings' own, such as a stand-in's.

        Whoever may add a workspace must not make the bot ask any address that it can reach.
        """
        try:
            parts, own = urlsplit(base_url), urlsplit(self.given[0])
            host, _ = parts.hostname or "", parts.port
        except ValueError:
            return False
        if parts.username or parts.password or parts.query or parts.fragment or parts.path:
            return False
        is_brazes = host.startswith("rest.") and host.endswith((".braze.com", ".braze.eu"))
        return (is_brazes and parts.scheme == "https") or (
            host == own.hostname
            and (parts.scheme == "https" or (parts.scheme == "http" and host in _LOOPBACK))
        )

    def _twin(self, base_url: str, api_key: str, sealed: list[tuple[Workspace, str]]) -> str | None:
        """The name of another workspace with this key: two that are one would share one limit."""
        if (base_url, api_key) == (self.given[0], self.given[1].get_secret_value()):
            return next((each.workspace.name for each in self.workspaces), None)
        for each, key in sealed:
            try:
                if each.base_url == base_url and self.secret_keys.open(key) == api_key:
                    return each.name
            except KeyLostError:
                continue
        return None

    async def _tried(self, workspace: Workspace, api_key: str) -> tuple[Endpoint, ...] | WorkspaceRefused:
        """What the key may not do, or why it can't be used."""
        try:
            braze = self.reach(workspace, api_key)
        except BrazeTrouble as trouble:
            return _refused(trouble)
        try:
            found = await permissions_of(braze)
        finally:
            await braze.aclose()
        troubles = [each for each in found.values() if each]
        for each in troubles:
            if each.reason is not BrazeReason.NO_PERMISSION:
                return _refused(each)
        if len(troubles) == len(Endpoint):
            return _refused(troubles[0])
        return tuple(endpoint for endpoint, trouble in found.items() if trouble)

    async def ask_removal(
        self, who: str, name: str
    ) -> ConfirmRemoval | NoSuchWorkspace | WorkspaceOfSettings | NotAllowed | OwnedByFile:
        """Ask an admin to confirm that a workspace is watched no longer."""
        refusal = await self.access.to_manage(who)
        if refusal:
            return refusal
        async with self.store.read() as uow:
            present = await uow.workspaces.all()
            found = next((each for each in present if each.name == workspace_name(name)), None)
            if found is None:
                return NoSuchWorkspace(name=name, names=tuple(each.name for each in present))
            subscriptions = await uow.subscriptions.for_workspace(found.workspace_id)
            owned = await owned_by_file(uow, item_of(found))
        if self.workspaces.is_given(found.workspace_id):
            return WorkspaceOfSettings(name=found.name)
        return owned or ConfirmRemoval(
            workspace_id=found.workspace_id,
            name=found.name,
            subscriptions=len(subscriptions),
            channels=len({each.channel for each in subscriptions}),
        )

    async def remove(
        self, channel: Channel, who: str, workspace_id: int
    ) -> WorkspaceGone | NoSuchWorkspace | WorkspaceOfSettings | NotAllowed | OwnedByFile:
        """Watch a workspace no longer: its subscriptions end, its open cards are closed, and each channel is told.

        Its key is deleted at once; what happened stays for the time that everything is kept.
        """
        refusal = await self.access.to_manage(who)
        if refusal:
            return refusal
        async with self.store.write() as uow:
            present = {each.workspace_id: each for each in await uow.workspaces.all()}
            found = present.get(workspace_id)
            if found is None:
                return NoSuchWorkspace(name="", names=tuple(each.name for each in present.values()))
            if self.workspaces.is_given(workspace_id):
                return WorkspaceOfSettings(name=found.name)
            owned = await owned_by_file(uow, item_of(found))
            if owned:
                return owned
            told = await remove_workspace(uow, found, channel, who, self.clock())
        await self.workspaces.refresh()
        self.wake()
        log.info("workspace removed", workspace=found.name, user=who)
        return WorkspaceGone(name=found.name, channels=len(told))


def item_of(workspace: Workspace) -> Item:
    """A workspace as a configuration file may own it."""
    return Item(table=Table.WORKSPACE, workspace=workspace.name)


def _refused(trouble: BrazeTrouble) -> WorkspaceRefused:
    is_key = trouble.reason in _OF_THE_KEY
    return WorkspaceRefused(field="key" if is_key else "endpoint", problem=trouble.reason.value)


async def remove_workspace(
    uow: UnitOfWork, workspace: Workspace, channel: Channel, who: str, now: datetime
) -> set[Channel]:
    """Remove it in the caller's transaction; returns the channels that are told."""
    workspace_id = workspace.workspace_id
    await uow.workspaces.remove(workspace_id, now)
    ended = await uow.subscriptions.for_workspace(workspace_id)
    await uow.subscriptions.remove([each.subscription_id for each in ended])
    await uow.snoozes.remove_all(workspace_id)
    await uow.requested_syncs.remove_all(workspace_id)
    incidents = await uow.incidents.open_for(workspace_id, None, None)
    for each in incidents:
        over = replace(
            resolved(each, now), recovered_since=None, reason=UNWATCHED
        )  # it is not to be reopened
        await uow.incidents.update(over, expected_revision=each.revision)
    await refresh_cards(uow, incidents, now)
    told = {each.channel for each in ended}
    for place in sorted(told):
        count = sum(each.channel == place for each in ended)
        content = WorkspaceRemoved(who=who, name=workspace.name, subscriptions=count)
        actor = Actor(channel=place, who=who, at=now, workspace_id=workspace_id)
        await announce(uow, actor, ACTION, f"remove {workspace.name}", content)
    if channel not in told:
        actor = Actor(channel=channel, who=who, at=now, workspace_id=workspace_id)
        await record(uow, actor, ACTION, f"remove {workspace.name}")
    return told
