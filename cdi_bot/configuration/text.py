"""A configuration as the text of a file, and a plan as a diff of one."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import Any

from cdi_bot.configuration.document import SCHEMA
from cdi_bot.configuration.fields import OFF
from cdi_bot.configuration.plan import Change, Plan, Present
from cdi_bot.core.model.configuration import Configuration, Fields, Table, Value


def config_text(present: Present) -> str:
    """The present state as a file that, applied, changes nothing; stored keys are left where they are."""
    off: Configuration = {item: {item.field: OFF[item.field]} for item in present.owned if item.field in OFF}
    items: Configuration = dict(sorted({**off, **present.items}.items(), key=lambda each: each[0].place))
    entries = [f"#:schema {SCHEMA}"]
    for entry, some in groupby(items, key=lambda item: item.entry):
        fields = {key: value for item in some for key, value in items[item].items()}
        lines = [f"[[{entry.table}]]", *_lines({**entry.names, **fields})]
        if entry.table is Table.WORKSPACE and "api_key" not in fields:
            lines = ["# Added in chat, where its key is kept:", *(f"# {line}" for line in lines)]
        entries.append("\n".join(lines))
    return "\n\n".join(entries) + "\n"


def plan_text(plan: Plan, file: str) -> str:
    """What a file would change, as a diff; a line for each value."""
    lines = [line for change in plan.changes for line in _diff(change)]
    count = len(plan.changes)
    told = f"{count} change{'' if count == 1 else 's'}" if count else "nothing to change"
    if plan.adopted:
        told += f"; {len(plan.adopted)} more that the file will own, so that chat can't change them"
    if plan.over:
        told += f"; {len(plan.over)} [[snooze]] {'is' if len(plan.over) == 1 else 'are'} over already"
    return "\n".join([*lines, f"{file}: {told}."])


def plan_json(plan: Plan, file: str) -> dict[str, Any]:
    """The same for scripts."""
    return {
        "file": file,
        "changes": [
            {"table": each.item.table, **each.item.names, "before": each.before, "after": each.after}
            for each in plan.changes
        ],
        "adopted": [{"table": item.table, **item.names} for item in plan.adopted],
        "over": [{"table": item.table, **item.names} for item in plan.over],
    }


def _diff(change: Change) -> Iterator[str]:
    before, after = change.before or {}, change.after or {}
    is_whole = change.item == change.item.entry and (change.before is None or change.after is None)
    sign = " " if not is_whole else "-" if change.after is None else "+"
    yield f"{sign} [[{change.item.table}]] {', '.join(_lines(change.item.names))}"
    for key in dict.fromkeys((*before, *after)):
        if before.get(key) != after.get(key):
            yield from (
                f"{mark}   {line}"
                for mark, side in (("-", before), ("+", after))
                for line in _lines({key: side[key]} if key in side else {})
            )


def _lines(fields: Fields | Mapping[str, str]) -> list[str]:
    return [f"{key} = {_value(value)}" for key, value in fields.items()]


def _value(value: Value) -> str:
    """A value in TOML. JSON writes strings alike, but for the character that TOML has escaped too."""
    if isinstance(value, tuple):
        return f"[{', '.join(map(_value, value))}]"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007F")
