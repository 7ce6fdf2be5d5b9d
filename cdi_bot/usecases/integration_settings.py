"""Owners, runbooks and critical integrations: they are set by a selector, for wherever its alerts go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from cdi_bot.core.model.channel import Channel
from cdi_bot.core.model.configuration import Item, Table
from cdi_bot.core.model.integration import WatchedIntegration, normalize_name
from cdi_bot.core.model.integration_settings import (
    IntegrationSettingChanged,
    IntegrationSettings,
    SettingName,
    specificity,
)
from cdi_bot.core.model.subscription import Selection, is_pattern, same_selector, selector_matches
from cdi_bot.monitoring.incident_writer import refresh_cards
from cdi_bot.store import UnitOfWork
from cdi_bot.usecases.answers import (
    Answer,
    BrazeRefused,
    InEachWorkspace,
    NoMatch,
    OwnedByFile,
    SeveralMatches,
    WhichWorkspace,
)
from cdi_bot.usecases.base import Actor, UseCases, announce, owned_by_file
from cdi_bot.usecases.change_answers import IntegrationSettingSet, IntegrationSettingsShown
from cdi_bot.usecases.lookup import which_workspace
from cdi_bot.usecases.matching import nearest_to

_Target = tuple[int, Selection]
"""The id of a workspace, and what is meant in it."""


class ChangeIntegrationSettings(UseCases):
    """Shows and changes what is set for integrations."""

    async def show(self, channel: Channel) -> IntegrationSettingsShown:
        """Everything that is set in the workspaces that a channel may see."""
        visible = {each.workspace_id for each in self.workspaces.visible_in(channel)}
        async with self.store.read() as uow:
            names = await uow.workspaces.told_names()
            rows = [
                (each, await _selection(uow, each.workspace_id, each.selector, names.get(each.workspace_id)))
                for each in await uow.integration_settings.all()
                if each.workspace_id in visible
            ]
        rows.sort(key=lambda row: specificity(row[0].selector), reverse=True)
        return IntegrationSettingsShown(rows=tuple(sorted(rows, key=lambda row: row[0].workspace_id)))

    async def present(self, workspace_id: int, selector: str) -> tuple[IntegrationSettings, Selection]:
        """What is set for just this selector, with nothing set where that is over, and what it takes in."""
        async with self.store.read() as uow:
            names = await uow.workspaces.told_names()
            known = await uow.integration_settings.all()
            what = await _selection(uow, workspace_id, selector, names.get(workspace_id))
        return _present(known, workspace_id, selector), what

    async def change_all(
        self,
        channel: Channel,
        who: str,
        query: str,
        changes: Mapping[SettingName, str | None],
        *,
        workspace_id: int | None = None,
    ) -> list[Answer]:
        """Set several values; stops at the first that is refused. What was so before is answered only where all was."""
        answers: list[Answer] = []
        for setting, value in changes.items():
            answer = await self.change(channel, who, query, setting, value, workspace_id=workspace_id)
            if not isinstance(answer, IntegrationSettingSet | InEachWorkspace):
                return [*answers, answer]
            answers.append(answer)
        new = [each for each in answers if not (isinstance(each, IntegrationSettingSet) and each.unchanged)]
        return new or answers

    async def change(
        self,
        channel: Channel,
        who: str,
        query: str,
        setting: SettingName,
        value: str | None,
        *,
        workspace_id: int | None = None,
    ) -> Answer:
        """Set something for the integrations that `query` takes in; `value` is as in `IntegrationSettingSet`."""
        refusal = await self.access.to_change(who)
        if refusal:
            return refusal
        targets = await self._targets(channel, query, workspace_id)
        if not isinstance(targets, list):
            return targets
        for about, what in targets:
            place = await self._set_in(about, what.selector, setting)
            refusal = await self.access.to_replace(who, place) if place and place != channel else None
            if refusal:
                return refusal
        actor = await self.actor(channel, who)
        answers = []
        for about, what in targets:
            async with self.store.write() as uow:
                answers.append(await _set(uow, replace(actor, workspace_id=about), what, setting, value))
        self.wake()
        return answers[0] if len(answers) == 1 else InEachWorkspace(answers=tuple(answers))

    async def _targets(
        self, channel: Channel, query: str, workspace_id: int | None
    ) -> list[_Target] | SeveralMatches | WhichWorkspace | NoMatch | BrazeRefused:
        scope = await self.lookup.scope(query, channel, workspace_id)
        if not is_pattern(scope.query):
            found = await self.lookup.find(query, channel, workspace_id)
            if not isinstance(found, WatchedIntegration):
                return found
            return [(found.integration.workspace_id, Selection.of(found.integration))]
        meant = await self.lookup.narrowed(scope)
        if not meant:
            return NoMatch(query=query, nearest=(), list_known=True)
        if len(meant) > 1 and not scope.is_chosen:
            return which_workspace(scope.query, meant)
        async with self.store.read() as uow:
            names = await uow.workspaces.told_names()
        return [
            (key, Selection(selector=scope.query, workspace_name=names.get(key)))
            for key in (each.workspace_id for each in meant)
        ]

    async def _set_in(self, workspace_id: int, selector: str, setting: SettingName) -> Channel | None:
        """Where somebody set what is set now, as far as the audit still tells."""
        async with self.store.read() as uow:
            before = _present(await uow.integration_settings.all(), workspace_id, selector)
            if getattr(before, setting) is None:
                return None
            return await uow.audit.place_of(setting, workspace_id, before.selector)


async def _set(
    uow: UnitOfWork, actor: Actor, what: Selection, setting: SettingName, value: str | None
) -> IntegrationSettingSet | OwnedByFile:
    present = [
        each for each in await uow.integration_settings.all() if each.workspace_id == actor.workspace_id
    ]
    before = _present(present, actor.workspace_id, what.selector)
    selector = before.selector
    wider = any(
        getattr(each, setting) for each in present if specificity(each.selector) < specificity(selector)
    )
    names = {each.workspace_id: each.name for each in await uow.workspaces.all()}
    item = Item(
        table=Table.INTEGRATION,
        workspace=names[actor.workspace_id],
        selector=selector,
        field=setting,
    )
    owned = await owned_by_file(uow, item)
    if owned:
        return owned
    stored: str | bool | None = (value is not None) if setting == "critical" else (value or "")
    if not stored and not wider:
        stored = None  # nothing has to be kept from it
    known = await uow.integrations.all(actor.workspace_id)
    taken = [
        each for each in known if selector_matches(selector, each.integration) and not each.missing_since
    ]
    unchanged = getattr(before, setting) == stored
    if not unchanged:
        change: dict[str, Any] = {setting: stored}
        await uow.integration_settings.save(replace(before, **change))
        content = IntegrationSettingChanged(
            who=actor.who, workspace_id=actor.workspace_id, selector=selector, setting=setting, value=value
        )
        await announce(uow, actor, setting, f"{_audited(value)} {selector}", content)
        ids = [each.integration.integration_id for each in taken]
        await refresh_cards(uow, await uow.incidents.open_for(actor.workspace_id, None, ids), actor.at)
    return IntegrationSettingSet(
        what=replace(what, selector=selector),
        setting=setting,
        value=value,
        total=len(taken),
        unchanged=unchanged,
        nearest=() if taken else nearest_to(normalize_name(selector.strip("*?")), known),
    )


def _present(known: Sequence[IntegrationSettings], workspace_id: int, selector: str) -> IntegrationSettings:
    """What is set for just this selector, in whatever spelling; with nothing set if there is none."""
    own = (each for each in known if each.workspace_id == workspace_id)
    found = next((each for each in own if same_selector(each.selector, selector)), None)
    return found or IntegrationSettings(workspace_id=workspace_id, selector=selector)


def _audited(value: str | None) -> str:
    """A value as the audit keeps it: a mention as a bare id, which can be erased with its sign left."""
    return value.strip("<@!>") if value else "none"


async def _selection(
    uow: UnitOfWork, workspace_id: int, selector: str, workspace_name: str | None
) -> Selection:
    watched = None if is_pattern(selector) else await uow.integrations.get(workspace_id, selector)
    if watched:
        return Selection.of(watched.integration)
    return Selection(selector=selector, workspace_name=workspace_name)
