"""What a file would change: the difference between what is and what the file wants. Pure."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime

from cdi_bot.configuration.fields import OFF, read_window
from cdi_bot.configuration.reading import ConfigFile, in_any_spelling
from cdi_bot.core.model.configuration import (
    Configuration,
    Fields,
    Item,
    Table,
    may_see,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What becomes of one item: it is added (`before` is `None`), removed (`after` is `None`), or set anew."""

    item: Item
    before: Fields | None
    after: Fields | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Present:
    """What is set up now: `owned` are the items of a file, `given` is the workspace of the environment."""

    items: Configuration
    owned: frozenset[Item]
    given: Item


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The changes in the order in which they are made, and the items that the file owns from then on.

    `adopted` are those among these that are already as the file wants them, and were set up in chat. `over` are planned
    snoozes whose time has passed: they change nothing.
    """

    changes: tuple[Change, ...]
    owned: frozenset[Item]
    adopted: tuple[Item, ...]
    over: tuple[Item, ...]


def plan_changes(file: ConfigFile, present: Present, now: datetime, *, prune: bool) -> Plan:
    """Compare a file with what is.

    What the file owned and does not name any more is removed; with `prune`, so is everything else that it does not
    name, but for the workspace of the environment. Raises `FileProblemsError` for what fits to nothing that there is.
    """
    wanted = _resolved(file, present, prune=prune)
    owned = frozenset(wanted)
    bare = {key: value for key, value in present.items[present.given].items() if key != "visible_to"}
    if present.given in present.owned or prune:
        wanted.setdefault(present.given, bare)
    leaving = {item for item in present.items if item not in wanted and (item in present.owned or prune)}
    gone = {item.workspace for item in leaving if item.table is Table.WORKSPACE}
    after = {**present.items, **wanted}
    # A channel keeps nothing that names what it may not see, whoever set it up.
    leaving |= {item for item in present.items if item not in wanted and not _is_visible(item, after)}
    over = {item for item in wanted if item not in present.items and _is_over(item, now)}
    changes = [
        Change(item=item, before=present.items.get(item), after=fields)
        for item, fields in wanted.items()
        if _before(item, present) != fields and item not in over
    ]
    removed = [
        Change(item=item, before=present.items[item], after=None)
        for item in leaving
        # A workspace takes its subscriptions and snoozes along.
        if item.table is Table.WORKSPACE or item.workspace not in gone
    ]
    return Plan(
        changes=(
            *sorted(changes, key=lambda each: each.item.place),
            *sorted(removed, key=lambda each: each.item.place, reverse=True),
        ),
        owned=owned,
        adopted=tuple(
            sorted(
                (item for item in owned - present.owned if _before(item, present) == wanted[item]),
                key=lambda item: item.place,
            )
        ),
        over=tuple(sorted(over, key=lambda item: item.place)),
    )


def _before(item: Item, present: Present) -> Fields | None:
    """What an item is; a setting that nobody set is off, as a file may want it."""
    return present.items.get(item, {} if item.field in OFF else None)


def _is_over(item: Item, now: datetime) -> bool:
    window = read_window(item.field) if item.table is Table.SNOOZE else None
    return isinstance(window, tuple) and window[1] <= now


def _resolved(file: ConfigFile, present: Present, *, prune: bool) -> dict[Item, Fields]:
    """What the file wants, with the workspace of each entry that may leave it out."""
    names = {
        item.workspace
        for item in (*file.items, *present.items)
        if item.table is Table.WORKSPACE
        and (item in file.items or item == present.given or not (prune or item in present.owned))
    }
    problems: list[tuple[Item, str]] = []
    stored = {in_any_spelling(each): each.selector for each in present.items}
    wanted: dict[Item, Fields] = {}
    meant: dict[Item, str] = {}
    for item, fields in file.items.items():
        workspace = item.workspace or str(fields.get("workspace", ""))
        resolved = item
        if item.table is Table.WORKSPACE:
            problems += ((item, text) for text in _given_problem(item, fields, present))
        elif workspace and workspace not in names:
            problems.append((item, f"{item.table}.workspace: isn't known. There are {_listed(names)}"))
        elif item.table in {Table.SUBSCRIPTION, Table.INTEGRATION, Table.SNOOZE}:
            if not workspace and len(names) > 1:
                problems.append((item, f"{item.table}.workspace: is missing. There are {_listed(names)}"))
            workspace = workspace or min(names)
            resolved = replace(item, workspace=workspace)
            selector = stored.setdefault(in_any_spelling(resolved), item.selector)
            resolved = replace(resolved, selector=selector)
            if resolved in wanted:
                problems.append((item, f"{item.table}: stands in the file already"))
        wanted[resolved], meant[item] = fields, workspace
    after = {**present.items, **wanted}
    problems += (
        (item, f"{item.table}: this channel may not see {workspace} (visible_to)")
        for item, workspace in meant.items()
        if workspace and not _is_visible(replace(item, workspace=workspace), after)
    )
    file.refuse(problems)
    return wanted


def _given_problem(item: Item, fields: Fields, present: Present) -> list[str]:
    """What is wrong with an entry about the environment's own workspace, which has its name, endpoint and key."""
    given = present.items[present.given]
    is_given = all(fields[key] == given[key] for key in ("base_url", "api_key"))
    if is_given == (item == present.given):
        return []
    name = present.given.workspace
    return [
        f"workspace: {name} is the one of BRAZE_BASE_URL and BRAZE_API_KEY: it has just these and this name"
    ]


def _is_visible(item: Item, items: Configuration) -> bool:
    """Whether the channel of an item may see the workspace that it names."""
    name = item.workspace or str(items[item].get("workspace", ""))
    workspace = items.get(Item(table=Table.WORKSPACE, workspace=name))
    return not item.channel or workspace is None or may_see(workspace.get("visible_to"), item.channel)


def _listed(names: Collection[str]) -> str:
    return ", ".join(sorted(names))
