"""What a subscription would have told, in words: the answer to `/cdi preview`, and the line in the form."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from cdi_bot.core.commands.subscriptions import Subscribe
from cdi_bot.core.model.incident import Kind, Topic
from cdi_bot.core.model.lifecycle import IntegrationChanged
from cdi_bot.core.model.spike import Spike
from cdi_bot.core.replay.told import NOTICE, Told, ToldNotice
from cdi_bot.delivery.views import EventView, IncidentView
from cdi_bot.slack.render.incident_response import render_spike
from cdi_bot.slack.render.kinds.table import facts_of, renderer_of
from cdi_bot.slack.render.kit.blocks import Block, Rendered, context, short_message
from cdi_bot.slack.render.kit.i18n import Translator
from cdi_bot.slack.render.kit.text import date, duration, escape, name_of, typed
from cdi_bot.slack.render.lifecycle import integration_changed
from cdi_bot.slack.render.subscriptions import filter_text, selector_text
from cdi_bot.usecases.preview import Preview

PREVIEW = "preview"
"""The id of the form's block."""


def counted_kinds(counts: Iterable[tuple[str, int]], i18n: Translator) -> str:
    """Say in plain text how many alerts of each kind."""
    return i18n.listed(_counted(kind, count, i18n) for kind, count in counts)


def _counted(kind: str, count: int, i18n: Translator) -> str:
    texts: dict[str, str] = {
        Kind.SYNC_FAILED: i18n.counted("{count} failed", "{count} failed", count),
        Kind.LATE: i18n.counted("{count} late", "{count} late", count),
        Kind.SLOW: i18n.counted("{count} slow", "{count} slow", count),
        Kind.QUALITY: i18n.counted("{count} with unusual data", "{count} with unusual data", count),
        Kind.STALE: i18n.counted("{count} stale", "{count} stale", count),
        Kind.UNREACHABLE: i18n.counted("{count} outage of Braze", "{count} outages of Braze", count),
        NOTICE: i18n.counted("{count} far larger run", "{count} far larger runs", count),
        Topic.LIFECYCLE: i18n.counted("{count} change in Braze", "{count} changes in Braze", count),
    }
    return texts[kind]


def would_have_sent(alerts: int, days: int, counts: Iterable[tuple[str, int]], i18n: Translator) -> str:
    """Say in plain text how many alerts there would have been."""
    over = i18n.counted("{count} day", "{count} days", days)
    line = i18n.counted(
        "Would have sent {count} alert in the last {over}",
        "Would have sent {count} alerts in the last {over}",
        alerts,
        over=over,
    )
    kinds = counted_kinds(counts, i18n)
    return f"{line}: {kinds}." if kinds else f"{line}."


def preview_line(found: Preview, i18n: Translator) -> str:
    """Say in plain text, for the form, how many alerts there would have been, and of how much that is known."""
    if not found.runs and not found.alerts:
        return i18n("No runs are known yet, so there is nothing to preview.")
    line = would_have_sent(found.alerts, found.days, found.counts, i18n)
    return i18n.sentences([line, *_cut_short(found, i18n)])


def preview_block(line: str) -> Block:
    """Return the place in the form where it stands."""
    return context(f"🔎 {escape(line)}") | {"block_id": PREVIEW}


def render_preview(found: Preview, i18n: Translator) -> Rendered:
    """Answer `/cdi preview`."""
    what = selector_text(found.what, i18n)
    if not found.integrations:
        line = i18n("No runs of {what} are known, so there is nothing to preview.")
        return short_message(line.format(what=what), sign="🔎")
    head = escape(would_have_sent(found.alerts, found.days, found.counts, i18n))
    lines = [
        f"{what}: {filter_text(found.filters, i18n)}",
        *(_told_line(_unqualified(told), i18n) for told in found.newest),
    ]
    if found.alerts > len(found.newest):
        lines.append(
            i18n.counted("… and {count} before", "… and {count} before", found.alerts - len(found.newest))
        )
    command = typed(Subscribe(selector=found.what.typed, filters=found.filters))
    step = i18n("To subscribe: {command}").format(command=command)
    return short_message(head, *_notes(found, i18n), step, sign="🔎", second="\n".join(lines))


def told_text(told: Told | ToldNotice, i18n: Translator) -> str:
    """What the alert said first, or the notice, in one line of `mrkdwn`."""
    if isinstance(told, Told):
        view = IncidentView(incident=told.first, integration=told.integration, dashboard_url=None)
        return facts_of(view, i18n)[0]
    one, content = told.integration, told.content
    if isinstance(content, Spike):
        return escape(render_spike(content, EventView(content=content, integration=one), i18n).text)
    changed = IntegrationChanged(
        workspace_id=one.workspace_id, integration_id=one.integration_id, event=content, by_id=False
    )
    return escape(integration_changed(changed, EventView(content=changed, integration=one), i18n).text)


def _unqualified(told: Told | ToldNotice) -> Told | ToldNotice:
    """Name no workspace: a preview is about one, which is said above."""
    return replace(told, integration=told.integration.alone) if told.integration else told


def _told_line(told: Told | ToldNotice, i18n: Translator) -> str:
    if isinstance(told, ToldNotice):
        return f"🔎 {date(told.at)} {told_text(told, i18n)}"
    begun, over = told.first.opened_at, told.last.resolved_at
    end = (
        i18n("over after {length}").format(length=duration(over - begun, i18n))
        if over
        else i18n("still open")
    )
    return f"{renderer_of(told.first).sign(told.first)} {date(begun)} {told_text(told, i18n)} ({escape(end)})"


def _notes(found: Preview, i18n: Translator) -> list[str]:
    """Say how much is known, so that nobody takes silence for health."""
    said = [
        i18n.sentences(
            [
                i18n.counted("From {count} stored run.", "From {count} stored runs.", found.runs),
                i18n("Planned times aren't stored, so runs count as late when they miss their usual time."),
            ]
        ),
        *map(escape, _cut_short(found, i18n)),
    ]
    if found.few_runs_total:
        names = i18n.listed(escape(name_of(one.alone)) for one in found.few_runs)
        more = " …" if found.few_runs_total > len(found.few_runs) else ""
        said.append(
            i18n.counted(
                "Too few runs of {count} integration to know what is usual: {names}",
                "Too few runs of {count} integrations to know what is usual: {names}",
                found.few_runs_total,
                names=names + more,
            )
        )
    elif found.young_total:
        said.append(
            i18n.counted(
                "{count} integration has a shorter history than this.",
                "{count} integrations have a shorter history than this.",
                found.young_total,
            )
        )
    return said


def _cut_short(found: Preview, i18n: Translator) -> list[str]:
    if found.looked_at == found.integrations:
        return []
    return [
        i18n("Checked {some} of {all} integrations in the time available.").format(
            some=i18n.number(found.looked_at), all=i18n.number(found.integrations)
        )
    ]
