"""`/cdi status` and `/cdi list`: what needs attention first, as lines that a phone shows whole; the rest as a table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from cdi_bot.core.model.run import Outcome
from cdi_bot.delivery.views import IncidentView
from cdi_bot.slack.render.hours import hours_text
from cdi_bot.slack.render.kinds.table import attention_line, overall_state, renderer_of, state_sign
from cdi_bot.slack.render.kit.blocks import (
    Block,
    Rendered,
    Renderers,
    actions,
    cell,
    context,
    date_cell,
    paragraphs,
    section,
    short_message,
    small_print,
    table,
)
from cdi_bot.slack.render.kit.buttons import subscribe_button
from cdi_bot.slack.render.kit.i18n import Translator
from cdi_bot.slack.render.kit.pages import pager
from cdi_bot.slack.render.kit.reasons import (
    bot_troubles,
    braze_advice,
    broken_channel,
    last_known_state,
    last_known_states,
    lost_channels,
)
from cdi_bot.slack.render.kit.runs import BAD, GOOD, UNSEEN, row_numbers, short_status, status_sign
from cdi_bot.slack.render.kit.text import (
    SHORT_NAME,
    UNKNOWN,
    as_of,
    escape,
    name_of,
    outside,
    part,
    read_out,
    shared_workspace,
    snoozed_now,
    titled,
    user,
)
from cdi_bot.usecases.queries import LIST_PAGE, OVERVIEW_PAGE
from cdi_bot.usecases.query_answers import IntegrationList, ListRow, Overview, OverviewRow

_LINES_ROOM = 6000
"""How much of a message the lines may take: the table has to find room as well."""

_READ_OUT = 5
"""So many of what needs attention are named in the text that a screen reader reads."""

_SHORT_ID = 8


# --------------------------------------------------------------------------------- /cdi status


def _overview(answer: Overview, i18n: Translator) -> Rendered:
    seen = [row.observed_at for row in (*answer.mine, *answer.rows) if row.observed_at]
    workspace_name = shared_workspace(row.integration for row in (*answer.mine, *answer.rows))
    if workspace_name:
        mine, rows = (
            tuple(replace(row, integration=row.integration.alone) for row in some)
            for some in (answer.mine, answer.rows)
        )
        answer = replace(answer, mine=mine, rows=rows)
    warnings = last_known_states(answer.unreachable, min(seen, default=None), i18n)
    warnings += [broken_channel(answer.lost.here, i18n)] if answer.lost.here else []
    warnings += [*lost_channels(answer.lost.elsewhere, i18n), *bot_troubles(answer.troubles, i18n)]
    mark, title = _overview_title(answer, i18n)
    title = titled(workspace_name, title)
    if not (answer.rows or answer.mine):
        return _nothing(answer, warnings, f"{mark} *{title}*", i18n)
    attention = [row for row in answer.rows if _needs_attention(row)]
    own = [_attention_line(row, i18n) for row in answer.mine]
    others = [_attention_line(row, i18n) for row in attention]
    lines = [*own, *others]
    yours, kept = paragraphs(own, blocks=5, room=_LINES_ROOM)
    if yours:
        yours.insert(0, section("*{}*".format(i18n("Yours"))))
    listed, held = paragraphs(others, blocks=5, room=_LINES_ROOM - sum(map(len, own[:kept])))
    if listed:
        listed.insert(0, section("*{}*".format(i18n("Needs attention"))))
    rest = [*answer.mine[kept:], *attention[held:], *(row for row in answer.rows if row not in attention)]
    fresh = "" if answer.unreachable else _oldest(answer, i18n)
    shown = [each for each in (part(answer.offset, len(answer.rows), answer.listed, i18n), fresh) if each]
    pages = pager(
        "overview_page",
        ({"failing": True} if answer.only_failing else {})
        | ({"workspaces": list(answer.workspace_ids)} if answer.workspace_ids is not None else {}),
        i18n,
        offset=answer.offset,
        size=OVERVIEW_PAGE,
        has_more=answer.offset + len(answer.rows) < answer.listed,
    )
    todo = [i18n("`/cdi status NAME` shows an integration's runs.")]
    todo += [hours_text(answer.hours, i18n)] if answer.hours else []
    if answer.unreachable:
        todo.insert(0, braze_advice(answer.unreachable[0].reason, i18n))
    return Rendered(
        text=read_out([*warnings, title, *lines[:_READ_OUT]]),
        blocks=[
            *map(section, warnings),
            section("\n".join([f"{mark} *{title}*", *([i18n.listed(shown)] if shown else [])])),
            *yours,
            *listed,
            *_state_table(rest, i18n),
            *pages,
            context(*todo),
        ],
    )


def _overview_title(answer: Overview, i18n: Translator) -> tuple[str, str]:
    if not answer.total:
        return UNSEEN, i18n("This channel isn't subscribed to any integration.")
    return overall_state(
        failing=answer.failing,
        unhealthy=answer.unhealthy,
        total=answer.total,
        reachable=not answer.unreachable,
        i18n=i18n,
    )


def _nothing(answer: Overview, warnings: Sequence[str], title: str, i18n: Translator) -> Rendered:
    """Say in two lines that there is nothing to show, and what to do next."""
    if answer.total:
        todo, row = i18n("`/cdi status` shows them all."), []
    else:
        todo = i18n("`/cdi subscribe all` sends alerts about every integration here; `/cdi list` shows them.")
        row = actions([subscribe_button(i18n, style="primary")])
    return Rendered(
        text=read_out([*warnings, title]),
        blocks=[*map(section, warnings), section(f"{title}\n{todo}"), *row],
    )


def _needs_attention(row: OverviewRow) -> bool:
    return row.incident is not None and not row.incident.is_recovering


def _attention_line(row: OverviewRow, i18n: Translator) -> str:
    """Say in mrkdwn what is wrong with an integration, since when, and who is on it."""
    incident = row.incident
    if incident is None:
        return ""
    notes = [i18n("escalated to you")] if row.escalated else []
    if incident.failed_in_a_row and row.newest and row.newest.outcome is Outcome.RUNNING:
        notes.append(i18n("running again"))
    if incident.acknowledged_by:
        notes.append(i18n("acknowledged by {who}").format(who=user(incident.acknowledged_by)))
    if row.snooze:
        notes.append(snoozed_now(row.snooze, i18n("snoozed {until}"), i18n))
    view = IncidentView(incident=incident, integration=row.integration, dashboard_url=None)
    return attention_line(view, i18n, notes)


def _oldest(answer: Overview, i18n: Translator) -> str:
    """Say how fresh the facts are: as old as the oldest of them."""
    seen = [row.observed_at for row in answer.rows if row.observed_at]
    fresh = as_of(min(seen, default=None), i18n)
    waiting = len(answer.rows) - len(seen)
    if not seen or not waiting:
        return fresh
    return i18n("{fresh}; {count} not checked yet").format(fresh=fresh, count=i18n.number(waiting))


def _state_table(rows: Sequence[OverviewRow], i18n: Translator) -> list[Block]:
    if not rows:
        return []
    header = [i18n("Integration"), i18n("State"), i18n("Last run"), i18n("Rows")]
    return [table(header, [_state_row(row, i18n) for row in rows], numbers=(3,))]


def _state_row(row: OverviewRow, i18n: Translator) -> list[Block]:
    run = row.newest
    mark = state_sign(row.incident, run, missing=row.missing)
    return [
        cell(f"{mark} {name_of(row.integration, SHORT_NAME)}"),
        cell(row_state(row, i18n)),
        date_cell(run.sync_start_time if run else None, UNKNOWN),
        cell(row_numbers(run, i18n) if run else UNKNOWN),
    ]


def row_state(row: OverviewRow, i18n: Translator) -> str:
    """Say in a few words of plain text how an integration is."""
    incident, run = row.incident, row.newest
    kind = renderer_of(incident) if incident else None
    said = []
    if row.missing:
        said.append(i18n("Not found in Braze"))
    elif kind is None or not kind.states_run_status:
        said.append(short_status(run.job_status, i18n) if run else i18n("No run yet"))
    if kind and incident:
        said.append(kind.short_state(incident, i18n))
    if incident and incident.failed_in_a_row > 1:
        said.append(i18n("{count} in a row").format(count=i18n.number(incident.failed_in_a_row)))
    if incident and incident.failed_in_a_row and run and run.outcome is Outcome.RUNNING:
        said.append(i18n("running again"))
    if incident and incident.acknowledged_by:
        said.append(i18n("acknowledged"))
    if row.snooze:
        said.append(i18n("snoozed"))
    return i18n.listed(said)


# --------------------------------------------------------------------------------- /cdi list


def _listing(answer: IntegrationList, i18n: Translator) -> Rendered:
    warnings = last_known_states(answer.unreachable, answer.observed_at, i18n)
    known = {each.workspace_name for each in answer.unreachable}
    for name, trouble in answer.troubles:
        if name not in known:
            warnings += last_known_state(None, trouble, answer.observed_at, i18n, workspace_name=name)
    reasons = [*(each.reason for each in answer.unreachable), *(trouble for _, trouble in answer.troubles)]
    todo = [braze_advice(reasons[0], i18n)] if reasons else []
    workspace_name = shared_workspace(row.integration for row in answer.rows)
    if workspace_name:
        answer = replace(
            answer, rows=tuple(replace(row, integration=row.integration.alone) for row in answer.rows)
        )
    mark, title = _listing_title(answer, i18n)
    title = titled(workspace_name, title)
    if not answer.rows:
        said = short_message(f"*{title}*", *todo, sign=mark, second=_listing_empty(answer, i18n))
        return Rendered(text=read_out([*warnings, title]), blocks=[*map(section, warnings), *said.blocks])
    names = Counter(name_of(row.integration, SHORT_NAME) for row in answer.rows)
    rows = [_listing_row(row, names, i18n) for row in answer.rows]
    pages = pager(
        "list_page",
        {"words": answer.query} | ({"failing": True} if answer.only_failing else {}),
        i18n,
        offset=answer.offset,
        size=LIST_PAGE,
        has_more=answer.offset + len(rows) < answer.listed,
    )
    todo.append(
        i18n("`/cdi subscribe NAME` starts alerts about one here, `/cdi status NAME` shows its runs.")
    )
    fresh = "" if warnings else as_of(answer.observed_at, i18n)
    shown = [each for each in (part(answer.offset, len(rows), answer.listed, i18n), fresh) if each]
    failing = [_failing_text(row, i18n) for row in answer.rows if row.failing]
    return Rendered(
        text=read_out([*warnings, title, *failing[:_READ_OUT]]),
        blocks=[
            *map(section, warnings),
            section("\n".join([f"{mark} *{title}*", *([i18n.listed(shown)] if shown else [])])),
            table([i18n("Integration"), i18n("Last run"), i18n("Subscribed")], rows),
            *pages,
            *small_print(todo),
        ],
    )


def _listing_title(answer: IntegrationList, i18n: Translator) -> tuple[str, str]:
    """Return the sign and, in escaped text, how many were found and how many of these are failing."""
    if answer.only_failing and not answer.failing:
        return GOOD, i18n("No integration is failing.")
    if answer.query is not None:
        words = outside(answer.query, SHORT_NAME)
        if not answer.total:
            return UNSEEN, i18n("No integration matches “{words}”.").format(words=words)
        found = i18n.counted(
            "{count} integration matches “{words}”",
            "{count} integrations match “{words}”",
            answer.total,
            words=words,
        )
    elif not answer.total:
        return UNSEEN, i18n("Braze lists no integrations.")
    else:
        found = i18n.counted("{count} integration", "{count} integrations", answer.total)
    if not answer.failing:
        return GOOD, found
    failing = i18n("{count} failing").format(count=i18n.number(answer.failing))
    return BAD, i18n.listed([found, failing])


def _listing_empty(answer: IntegrationList, i18n: Translator) -> str:
    if answer.query or answer.total:
        return i18n("`/cdi list` shows all.")
    return i18n("Set one up in Braze under *Data Settings › Cloud Data Ingestion*.")


def _failing_text(row: ListRow, i18n: Translator) -> str:
    status = row.integration.last_job_status
    name = escape(name_of(row.integration, SHORT_NAME))
    return f"{name} – {escape(short_status(status, i18n))}" if status else name


def _listing_row(row: ListRow, names: Counter[str], i18n: Translator) -> list[Block]:
    """Name an integration, by the start of its id too where another has the same name."""
    integration, status = row.integration, row.integration.last_job_status
    name = name_of(integration, SHORT_NAME)
    if names[name] > 1:
        name = f"{name} ({integration.integration_id[:_SHORT_ID]})"
    sign = BAD if row.failing and status == "running" else status_sign(status) if status else UNSEEN
    return [
        cell(f"{sign} {name}"),
        cell(short_status(status, i18n) if status else UNKNOWN),
        cell(i18n("yes") if row.subscribed else i18n("no")),
    ]


RENDERERS: Renderers = {Overview: _overview, IntegrationList: _listing}
