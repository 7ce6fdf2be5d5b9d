"""What is set up now, as items of a file."""

from __future__ import annotations

from collections.abc import Iterator

from cdi_bot.configuration.fields import NOBODY, bare_mention, escalation_text, subscription_fields
from cdi_bot.configuration.plan import Present
from cdi_bot.core.model.channel import ChannelSettings
from cdi_bot.core.model.configuration import Fields, Item, Table, Value
from cdi_bot.core.model.integration import Workspace, default_workspace_name
from cdi_bot.core.model.integration_settings import IntegrationSettings
from cdi_bot.core.snoozes import window_in_a_file
from cdi_bot.store import UnitOfWork
from cdi_bot.store.secret_keys import is_reference

GIVEN_KEY = "env:BRAZE_API_KEY"
"""Where the key of the environment's own workspace is found."""


async def read_present(uow: UnitOfWork, base_url: str, team_id: str | None = None) -> Present:
    """Read it for one Slack team, or all; the workspace of the environment is that of this endpoint."""
    items: dict[Item, Fields] = {}
    references = {each.workspace_id: sealed for each, sealed in await uow.workspaces.sealed()}
    names = {}
    given = Item(table=Table.WORKSPACE, workspace=default_workspace_name(base_url))
    items[given] = {"base_url": base_url, "api_key": GIVEN_KEY}
    for each in await uow.workspaces.all():
        names[each.workspace_id] = each.name
        item = Item(table=Table.WORKSPACE, workspace=each.name)
        sealed = references.get(each.workspace_id)
        if sealed is None and each.base_url != base_url:
            continue  # of an earlier environment: nobody watches it
        if sealed is None:
            del items[given]
            given = item
        items[item] = _workspace_fields(each, GIVEN_KEY if sealed is None else sealed)
    for settings in await uow.channels.all_settings():
        if team_id in (None, settings.channel.team_id):
            items.update(_channel_items(settings, names))
    items |= await _of_selectors(uow, names, team_id)
    return Present(items=items, owned=frozenset(await uow.file_items.all()), given=given)


async def _of_selectors(uow: UnitOfWork, names: dict[int, str], team_id: str | None) -> dict[Item, Fields]:
    """What is set up by selector: subscriptions, what holds for integrations, and snoozes but those of the moment."""
    items: dict[Item, Fields] = {}
    for workspace_id, name in names.items():
        for one in await uow.subscriptions.for_workspace(workspace_id):
            if team_id in (None, one.channel.team_id):
                item = Item(
                    table=Table.SUBSCRIPTION,
                    channel=one.channel.channel_id,
                    workspace=name,
                    selector=one.selector,
                )
                items[item] = subscription_fields(one.filters)
    for snooze in await uow.snoozes.all():
        window = window_in_a_file(snooze)
        if window and snooze.workspace_id in names and team_id in (None, snooze.channel.team_id):
            item = Item(
                table=Table.SNOOZE,
                channel=snooze.channel.channel_id,
                workspace=names[snooze.workspace_id],
                selector=snooze.selector,
                field=window,
            )
            items[item] = {"reason": snooze.reason} if snooze.reason else {}
    for each in await uow.integration_settings.all():
        if each.workspace_id in names:
            items.update(_integration_items(each, names[each.workspace_id]))
    return items


def _workspace_fields(workspace: Workspace, key: str) -> Fields:
    """What the file says of one; the key of one that was added in chat stands in no file."""
    fields: dict[str, Value] = {"base_url": workspace.base_url}
    if is_reference(key):
        fields["api_key"] = key
    if workspace.visible_to is not None:
        fields["visible_to"] = tuple(sorted(workspace.visible_to.split()))
    return fields


def _integration_items(settings: IntegrationSettings, workspace: str) -> Iterator[tuple[Item, Fields]]:
    values = {
        "owner": settings.owner if settings.owner is None else bare_mention(settings.owner),
        "runbook": settings.runbook,
        "critical": settings.critical,
    }
    for field, value in values.items():
        if value is not None:
            item = Item(table=Table.INTEGRATION, workspace=workspace, selector=settings.selector, field=field)
            yield item, {field: NOBODY if value == "" else value}


def _channel_items(settings: ChannelSettings, names: dict[int, str]) -> Iterator[tuple[Item, Fields]]:
    values: dict[str, Value | None] = {
        "language": settings.language,
        "zone": settings.zone,
        "digest": settings.digest,
        "holidays": tuple((settings.holidays or "").split()) or None,
        "hours": settings.hours,
        "contacts": "mention" if settings.mention_contacts else None,
        "workspace": names.get(settings.workspace_id or 0),
        "escalate": (
            escalation_text(settings.escalate_after, settings.escalate_to)
            if settings.escalate_after and settings.escalate_to
            else None
        ),
    }
    for field, value in values.items():
        if value is not None:
            item = Item(table=Table.CHANNEL, channel=settings.channel.channel_id, field=field)
            yield item, {field: value}
