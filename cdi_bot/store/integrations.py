"""Braze workspaces and their integrations."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, bindparam, case, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from cdi_bot.core.model.integration import (
    Integration,
    Named,
    WatchedIntegration,
    Workspace,
    default_workspace_name,
)
from cdi_bot.store.errors import LeaseLost
from cdi_bot.store.portable import (
    AnyRow,
    Repository,
    UtcTime,
    matched,
    matching,
    names_parameter,
    once,
    replace_in,
    row_of,
    sent_names,
    upsert_into,
    value_of,
)
from cdi_bot.store.tables import INTEGRATIONS, WORKSPACES, told_name

_INTEGRATIONS = select(INTEGRATIONS, told_name(INTEGRATIONS).label("workspace_name"))
_POLL_STATE = (INTEGRATIONS.c.listed_at, INTEGRATIONS.c.status_asked_at, INTEGRATIONS.c.trouble)
_SAVE_POLL_STATE = (
    update(INTEGRATIONS)
    .where(matching(INTEGRATIONS, "workspace_id", "integration_id"))
    .values({column: bindparam(f"new_{column.name}") for column in _POLL_STATE})
)

_HELD = select(WORKSPACES.c.workspace_id, WORKSPACES.c.holder_id, WORKSPACES.c.wanted_by).where(
    WORKSPACES.c.removed_at.is_(None)
)
_CLAIM = (
    update(WORKSPACES)
    .where(
        matching(WORKSPACES, "workspace_id"),
        WORKSPACES.c.removed_at.is_(None),
        or_(WORKSPACES.c.holder_id.is_(None), WORKSPACES.c.holder_id == bindparam("holder")),
    )
    .values(holder_id=bindparam("holder"), wanted_by=None)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldWorkspace:
    """By which number a workspace is held, and which other one asks for it."""

    holder_id: int | None
    wanted_by: int | None


class Workspaces(Repository):
    """The Braze workspaces, and who polls them."""

    async def find_or_add(self, *, base_url: str, dashboard_url: str | None) -> Workspace:
        """Find the workspace whose key is not stored by its base URL, or add it under a name of its own.

        Where its dashboard is is replaced by this.
        """
        columns = WORKSPACES.c
        which = (columns.base_url == base_url, columns.sealed_key.is_(None), columns.removed_at.is_(None))
        known = update(WORKSPACES).where(*which).values(dashboard_url=dashboard_url).returning(WORKSPACES)
        base, number = default_workspace_name(base_url), 1
        while not (found := await self._values(Workspace, known)):
            name = base if number == 1 else f"{base}-{number}"
            await self.add(name=name, base_url=base_url, dashboard_url=dashboard_url)
            number += 1
        return found[0]

    async def add(
        self, *, name: str, base_url: str, dashboard_url: str | None, sealed_key: str | None = None
    ) -> Workspace | None:
        """Add one; `None` where another has its name."""
        row = {"name": name, "base_url": base_url, "dashboard_url": dashboard_url, "sealed_key": sealed_key}
        added = upsert_into(self._connection, WORKSPACES).values(**row).on_conflict_do_nothing()
        return next(iter(await self._values(Workspace, added.returning(WORKSPACES))), None)

    async def remove(self, workspace_id: int, now: datetime) -> bool:
        """Forget its key, and let nobody poll it any more; False where it was removed before."""
        columns = WORKSPACES.c
        present = update(WORKSPACES).where(columns.workspace_id == workspace_id, columns.removed_at.is_(None))
        gone = present.values(removed_at=now, sealed_key=None, holder_id=None, wanted_by=None)
        return await self._changed(gone) == 1

    async def all(self) -> list[Workspace]:
        """Every workspace that was not removed, the oldest first."""
        present = select(WORKSPACES).where(WORKSPACES.c.removed_at.is_(None))
        return await self._values(Workspace, present.order_by(WORKSPACES.c.workspace_id))

    async def sealed(self) -> list[tuple[Workspace, str]]:
        """Those whose keys are stored or named, the oldest first, each with its encrypted key, or where it is found."""
        columns = WORKSPACES.c
        rows = await self._connection.execute(
            select(WORKSPACES).where(columns.sealed_key.is_not(None)).order_by(columns.workspace_id)
        )
        return [(value_of(Workspace, row), row.sealed_key) for row in rows]

    async def reseal(self, workspace_id: int, sealed_key: str) -> None:
        """Replace the encrypted key."""
        of_one = update(WORKSPACES).where(WORKSPACES.c.workspace_id == workspace_id)
        await self._connection.execute(of_one.values(sealed_key=sealed_key))

    async def change(self, workspace_id: int, **columns: str | None) -> None:
        """Replace what these columns say of it."""
        which = WORKSPACES.c.workspace_id == workspace_id
        await self._connection.execute(update(WORKSPACES).where(which).values(**columns))

    async def get(self, workspace_id: int) -> Workspace:
        """The workspace of this id, which has to be there."""
        which = select(WORKSPACES).where(WORKSPACES.c.workspace_id == workspace_id)
        (workspace,) = await self._values(Workspace, which)
        return workspace

    async def told_names(self) -> dict[int, str]:
        """What the workspaces are called in texts: nothing while there is but one."""
        rows = await self._connection.execute(select(WORKSPACES.c.workspace_id, told_name(WORKSPACES)))
        return {workspace_id: name for workspace_id, name in rows if name is not None}

    async def held(self) -> dict[int, HeldWorkspace]:
        """Who holds each workspace that was not removed."""
        rows = await self._connection.execute(_HELD)
        return {row.workspace_id: value_of(HeldWorkspace, row) for row in rows}

    async def claim(self, workspace_id: int, *, holder: int) -> bool:
        """Have a process be the one that polls it; False while another is, and where it was removed.

        One conditional update: of two claims at once, one finds it taken.
        """
        return await self._changed(_CLAIM, matched(workspace_id=workspace_id) | {"holder": holder}) == 1

    async def want(self, workspace_id: int, *, holder: int) -> bool:
        """Have a process ask another one that polls it to hand it over; False where none does."""
        columns = WORKSPACES.c
        held = update(WORKSPACES).where(columns.workspace_id == workspace_id, columns.holder_id != holder)
        return await self._changed(held.values(wanted_by=holder)) == 1

    async def hand_over(self, workspace_id: int, *, holder: int) -> bool:
        """Let whoever asked for it poll it, or anybody; False where it is not this holder's."""
        columns = WORKSPACES.c
        mine = update(WORKSPACES).where(columns.workspace_id == workspace_id, columns.holder_id == holder)
        return await self._changed(mine.values(holder_id=columns.wanted_by, wanted_by=None)) == 1

    async def keep(self, workspace_id: int, *, holder: int) -> None:
        """Let nobody else begin to poll it until this transaction ends; raises `LeaseLost` when somebody has."""
        mine = select(WORKSPACES.c.workspace_id).where(
            WORKSPACES.c.workspace_id == workspace_id, WORKSPACES.c.holder_id == holder
        )
        if await self._connection.scalar(mine.with_for_update(read=True)) is None:
            raise LeaseLost("another process polls by now")

    async def new_told_at(self, workspace_id: int) -> datetime | None:
        """When its new integrations were told last; `None` while its list was never read as a whole."""
        which = select(WORKSPACES.c.new_told_at).where(WORKSPACES.c.workspace_id == workspace_id)
        told_at: datetime | None = await self._connection.scalar(which)
        return told_at

    async def begin_new_told(self, workspace_id: int, now: datetime) -> None:
        """Note that its list was read as a whole, unless that was noted before."""
        columns = WORKSPACES.c
        unknown = update(WORKSPACES).where(
            columns.workspace_id == workspace_id, columns.new_told_at.is_(None)
        )
        await self._connection.execute(unknown.values(new_told_at=now))

    async def advance_new_told(self, workspace_id: int, *, since: datetime, until: datetime) -> bool:
        """Note when they were told; False when it is not `since` any more: another process was faster."""
        columns = WORKSPACES.c
        moved = update(WORKSPACES).where(columns.workspace_id == workspace_id, columns.new_told_at == since)
        return await self._changed(moved.values(new_told_at=until)) == 1


class Integrations(Repository):
    """Integrations, and what the bot remembers of watching them."""

    async def all(self, workspace_id: int) -> list[WatchedIntegration]:
        """Every known integration of a workspace, also the missing ones, ordered by name then id.

        Sorted here, because each engine sorts letters in its own way.
        """
        rows = await self._connection.execute(
            _INTEGRATIONS.where(INTEGRATIONS.c.workspace_id == workspace_id)
        )
        return sorted(map(_watched_of, rows), key=_by_name)

    async def named(self, workspace_ids: Collection[int]) -> list[Named]:
        """As `all`, of several workspaces and in their order, but only the names: for thousands a tenth of the work."""
        columns = INTEGRATIONS.c
        wanted = select(
            columns.workspace_id,
            columns.integration_id,
            columns.integration_name,
            columns.missing_since.is_not(None),
        ).where(columns.workspace_id.in_(self._ids(workspace_ids)))
        found = map(Named._make, await self._connection.execute(wanted))
        return sorted(found, key=lambda each: (each[0], each[2].casefold(), each[2], each[1]))

    async def oldest_look(
        self, workspace_id: int, integration_ids: Collection[str]
    ) -> tuple[datetime | None, int]:
        """When Braze last told of the one of these that it told of least recently, and of how many it never has."""
        listed, asked = INTEGRATIONS.c.listed_at, INTEGRATIONS.c.status_asked_at
        newer = case((and_(listed.is_not(None), or_(asked.is_(None), listed > asked)), listed), else_=asked)
        which = INTEGRATIONS.c.workspace_id == workspace_id
        rows = await self._connection.execute(
            select(func.min(newer, type_=UtcTime()), func.count() - func.count(newer)).where(
                which, INTEGRATIONS.c.integration_id.in_(self._names(integration_ids))
            )
        )
        return tuple(rows.one())

    async def listed_after(self, workspace_id: int, since: datetime) -> list[WatchedIntegration]:
        """Those that the list named after a time for the first time, and still names, ordered like `all`."""
        columns = INTEGRATIONS.c
        rows = await self._connection.execute(
            _INTEGRATIONS.where(
                columns.workspace_id == workspace_id,
                columns.listed_since > since,
                columns.missing_since.is_(None),
            )
        )
        return sorted(map(_watched_of, rows), key=_by_name)

    async def contact_emails(self, *, limit: int) -> list[str]:
        """The addresses that Braze names for what somebody is subscribed to, each text once."""
        columns = INTEGRATIONS.c
        named = select(columns.contact_emails).where(
            columns.watched_since.is_not(None), columns.missing_since.is_(None), columns.contact_emails != ""
        )
        return list(await self._connection.scalars(named.distinct().limit(limit)))

    async def get(self, workspace_id: int, integration_id: str) -> WatchedIntegration | None:
        """One integration."""
        return next(iter((await self.get_many(workspace_id, [integration_id])).values()), None)

    async def get_many(
        self, workspace_id: int, integration_ids: Collection[str]
    ) -> dict[str, WatchedIntegration]:
        """The known integrations among these ids."""
        which = {"workspace": workspace_id, "wanted": sent_names(self._connection, integration_ids)}
        rows = await self._connection.execute(_by_ids(self._connection), which)
        return {row.integration_id: _watched_of(row) for row in rows}

    async def save(self, watched: Sequence[WatchedIntegration]) -> None:
        """Insert or replace, in one batch; sorted, so that no two writers deadlock."""
        if not watched:
            return
        await self._connection.execute(
            replace_in(self._connection, INTEGRATIONS),
            [
                row_of(one.integration, but={"workspace_name"}) | row_of(one, but={"integration"})
                for one in sorted(watched, key=_by_id)
            ],
        )

    async def save_poll_state(self, watched: Sequence[WatchedIntegration]) -> None:
        """Save `listed_at`, `status_asked_at` and `trouble` of stored integrations, and nothing else, in one batch."""
        if not watched:
            return
        await self._connection.execute(
            _SAVE_POLL_STATE,
            [
                matched(
                    workspace_id=one.integration.workspace_id, integration_id=one.integration.integration_id
                )
                | {f"new_{column.name}": getattr(one, column.name) for column in _POLL_STATE}
                for one in sorted(watched, key=_by_id)
            ],
        )


@once
def _by_ids(connection: AsyncConnection) -> Select[Any]:
    return _INTEGRATIONS.where(
        INTEGRATIONS.c.workspace_id == bindparam("workspace"),
        INTEGRATIONS.c.integration_id.in_(names_parameter(connection, "wanted")),
    )


def _watched_of(row: AnyRow) -> WatchedIntegration:
    return value_of(WatchedIntegration, row, integration=value_of(Integration, row))


def _by_id(watched: WatchedIntegration) -> tuple[int, str]:
    return watched.integration.workspace_id, watched.integration.integration_id


def _by_name(watched: WatchedIntegration) -> tuple[str, str, str]:
    integration = watched.integration
    return integration.integration_name.casefold(), integration.integration_name, integration.integration_id
