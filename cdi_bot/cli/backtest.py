"""`cdi-bot backtest`: what the bot would have told, found by living through recorded runs in virtual time."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from cdi_bot.core.model.incident import Kind, LateReason, Topic
from cdi_bot.core.model.integration import Integration, normalize_name
from cdi_bot.core.model.spike import Spike
from cdi_bot.core.model.subscription import is_pattern, selector_matches
from cdi_bot.core.replay.recorded_past import Past
from cdi_bot.core.replay.replay import ReplaySettings, replay
from cdi_bot.core.replay.told import NOTICE, Told, ToldNotice
from cdi_bot.core.rules.small_losses import is_little, is_usual_loss
from cdi_bot.slack.render.kit.i18n import Translator
from cdi_bot.slack.render.kit.text import duration, plain_line
from cdi_bot.slack.render.preview import told_text, would_have_sent
from cdi_bot.usecases.matching import matches_part

_KINDS = (*Kind, NOTICE, Topic.LIFECYCLE)
"""The kinds of what is told, in the order of the summary; a single run that is far larger is a notice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Backtest:
    """What was told within a time, oldest first; `begin` and `end` are `None` where nothing is known of the past."""

    told: Sequence[Told | ToldNotice]
    integrations: int
    runs: int
    begin: datetime | None
    end: datetime | None


def run_backtest(pasts: Sequence[Past], *, days: int | None, settings: ReplaySettings) -> Backtest:
    """Live through the pasts of some workspaces; what was told before the last `days` (`None`: all) is left out."""
    end = max((end for past in pasts if (end := past.end)), default=None)
    begin = min((begin for past in pasts if (begin := past.begin)), default=None)
    if begin and end and days is not None:
        begin = max(begin, end - timedelta(days=days))
    told = [
        each
        for past in pasts
        for each in replay(past, settings=settings)
        if begin is None or each.at >= begin
    ]
    runs = [run for past in pasts for run in past.runs if begin is None or run.sync_start_time >= begin]
    return Backtest(
        told=sorted(told, key=_when),
        integrations=sum(len(past.known) for past in pasts),
        runs=len(runs),
        begin=begin,
        end=end,
    )


def _when(told: Told | ToldNotice) -> tuple[datetime, str, str]:
    return told.at, (told.integration.integration_id if told.integration else ""), told.kind


def chosen(past: Past, selector: str) -> Past:
    """What is known of the integrations that a selector means, and whether Braze answered."""
    known = past.known
    ids = {each.integration_id for each in meant(selector, known.values())}
    return Past(
        runs=[run for run in past.runs if run.integration_id in ids],
        listed=[each for each in past.listed if each.integration.integration_id in ids],
        outages=past.outages,
        until=past.until,
    )


def meant(selector: str, known: Iterable[Integration]) -> list[Integration]:
    """The integrations that a selector means: by their id, the start of one, their name, a part of it or a pattern."""
    each = list(known)
    wanted = normalize_name(selector)
    exact = [
        one
        for one in each
        if selector_matches(selector, one) or normalize_name(one.integration_name) == wanted
    ]
    return exact if exact or is_pattern(selector) else [one for one in each if matches_part(wanted, one)]


# --------------------------------------------------------------------------------- as JSON


def json_lines(found: Backtest, i18n: Translator) -> Iterator[str]:
    """One line an incident, notice or change in Braze, then a summary."""
    for told in found.told:
        yield json.dumps(as_json(told, i18n), ensure_ascii=False)
    summary = {
        "integrations": found.integrations,
        "runs": found.runs,
        "from": _written(found.begin),
        "until": _written(found.end),
        "incidents": len(found.told),
        "by_kind": by_kind(found.told),
    }
    yield json.dumps({"summary": summary})


def as_json(told: Told | ToldNotice, i18n: Translator) -> dict[str, Any]:
    """An incident, or a change in Braze, as `backtest --json` prints it."""
    if isinstance(told, ToldNotice):
        return {
            "integration_id": told.integration.integration_id,
            "kind": told.kind,
            "reason": told.reason,
            "opened_at": _written(told.at),
            "resolved_at": None,
            "run_start": _written(told.content.run_start) if isinstance(told.content, Spike) else None,
            "text": text_of(told, i18n),
        }
    first = told.first
    shown = first.last_failed or first.resolved_by
    return {
        "integration_id": first.integration_id,
        "kind": first.kind.value,
        "reason": reason_of(told),
        "opened_at": _written(first.opened_at),
        "resolved_at": _written(told.last.resolved_at),
        "run_start": _written(shown.sync_start_time) if shown else None,
        "text": text_of(told, i18n),
    }


def reason_of(told: Told) -> str | None:
    """Its reason's code; of failed runs the status of the first, unless the source always loses a little."""
    incident = told.first
    if incident.kind is Kind.SYNC_FAILED:
        if is_usual_loss(told.last) and is_little(incident.last_failed):
            return told.last.reason
        return incident.last_failed.job_status if incident.last_failed else None
    if incident.kind is Kind.LATE:
        return incident.reason or LateReason.SCHEDULE
    return incident.reason


def text_of(told: Told | ToldNotice, i18n: Translator) -> str:
    """What the alert said first, or the notice, as plain text."""
    return plain_line(told_text(told, i18n))


def by_kind(told: Iterable[Told | ToldNotice]) -> dict[str, int]:
    """How many incidents of each kind, in the order of their kinds, and then how many changes in Braze."""
    counts = Counter(each.kind for each in told)
    return {str(kind): counts[kind] for kind in _KINDS if counts[kind]}


def _written(time: datetime | None) -> str | None:
    return time.isoformat(timespec="microseconds").replace("+00:00", "Z") if time else None


# --------------------------------------------------------------------------------- for people


def print_backtest(found: Backtest, console: Console, *, i18n: Translator) -> None:
    """A table of what was told, and how many of each kind."""
    if found.begin is None or found.end is None:
        console.print(Text(i18n("No runs are known.")))
        return
    if found.told:
        console.print(_table(found, i18n))
    for line in summary_lines(found, i18n):
        console.print(Text(line), soft_wrap=True)


def _table(found: Backtest, i18n: Translator) -> Table:
    table = Table(box=None, pad_edge=False)
    for heading in (i18n("When"), i18n("Lasted")):
        table.add_column(heading, no_wrap=True)
    table.add_column(i18n("Alert"), overflow="fold")
    for told in found.told:
        opened, resolved = told.at, None if isinstance(told, ToldNotice) else told.last.resolved_at
        lasted = duration(resolved - opened, i18n) if resolved else i18n("still open")
        lasted = "–" if isinstance(told, ToldNotice) else lasted
        table.add_row(Text(_local(opened)), Text(lasted), Text(text_of(told, i18n)))
    return table


def summary_lines(found: Backtest, i18n: Translator) -> list[str]:
    """How many alerts there would have been, of which kinds, in which time."""
    days = max(1, round((found.end - found.begin) / timedelta(days=1))) if found.begin and found.end else 0
    what = i18n.counted("{count} integration", "{count} integrations", found.integrations)
    runs = i18n.counted("{count} run", "{count} runs", found.runs)
    counts = Counter(each.kind for each in found.told)
    kinds = [(kind, counts[kind]) for kind in _KINDS if counts[kind]]
    return [would_have_sent(len(found.told), days, kinds, i18n), f"{what}, {runs}."]


def _local(time: datetime) -> str:
    return time.astimezone().strftime("%Y-%m-%d %H:%M:%S %z")
