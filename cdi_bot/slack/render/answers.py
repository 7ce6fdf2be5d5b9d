"""What a command is answered with, to the one person who typed it.

Each answer says what is so or what was done, and ends with the likely next step. A change of a channel is
announced there by a notice, so the answers to such commands are short.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from cdi_bot.core.commands.specification import Command
from cdi_bot.core.model.channel import Channel
from cdi_bot.core.model.integration import Integration
from cdi_bot.core.model.run import Outcome
from cdi_bot.slack.render import audit, escalation, expected, incident_response, refusals, subscriptions
from cdi_bot.slack.render.history import render_history
from cdi_bot.slack.render.kinds.table import overall_state, renderer_of, state_sign
from cdi_bot.slack.render.kinds.unreachable import unreachable_banner
from cdi_bot.slack.render.kit import limits
from cdi_bot.slack.render.kit.blocks import (
    Block,
    Rendered,
    Renderers,
    cell,
    context,
    date_cell,
    section,
    short_message,
    table,
)
from cdi_bot.slack.render.kit.buttons import pager
from cdi_bot.slack.render.kit.i18n import Translator
from cdi_bot.slack.render.kit.reasons import (
    bot_troubles,
    braze_advice,
    broken_channel,
    last_known,
    lost_channels,
)
from cdi_bot.slack.render.kit.runs import failed, short_status, status_sign, synced
from cdi_bot.slack.render.kit.text import (
    SHORT_NAME,
    UNKNOWN,
    as_of,
    channel,
    name_of,
    outside,
    part,
    plain,
    plain_line,
)
from cdi_bot.usecases.answers import (
    Answer,
    IntegrationList,
    Overview,
    OverviewRow,
    RunHistory,
    SeveralMatches,
)
from cdi_bot.usecases.queries import LIST_PAGE, OVERVIEW_PAGE

SHORT_ID = 40
"""Long enough for a UUID."""


def render_answer(
    answer: Answer, i18n: Translator, *, now: datetime, command: Command | None = None
) -> Rendered:
    """Say an answer.

    `command` is what the person asked for: where several integrations match, each choice carries it about its own
    one. `None` asks for the status.
    """
    if isinstance(answer, RunHistory):
        return render_history(answer, i18n, now)
    if isinstance(answer, SeveralMatches):
        return refusals.several_matches(answer, i18n, command)
    return _RENDERERS[type(answer)](answer, i18n)


def name_channel(place: Channel, answer: Rendered, i18n: Translator) -> Rendered:
    """Name the channel above an answer about another one than that it is read in."""
    named = i18n("About {channel}:").format(channel=channel(place.channel_id))
    return replace(answer, blocks=[context(named), *answer.blocks][: limits.BLOCKS])


# --------------------------------------------------------------------------------- lists of integrations


def _overview(answer: Overview, i18n: Translator) -> Rendered:
    lost = [broken_channel(answer.lost.here, i18n)] if answer.lost.here else []
    lost += [*lost_channels(answer.lost.elsewhere, i18n), *bot_troubles(answer.troubles, i18n)]
    banner = [*unreachable_banner(answer.unreachable, i18n), *map(section, lost)]
    if not answer.rows:
        title = i18n("This channel hears of no integration yet.")
        todo = i18n("`/cdi list` shows what there is, `/cdi subscribe NAME` or `/cdi subscribe all` begins.")
        return Rendered(
            text=plain_line(" ".join([*lost, title])), blocks=[*banner, section(f"{title}\n{todo}")]
        )
    mark, title = overall_state(
        failing=answer.failing, unhealthy=answer.unhealthy, total=answer.total, i18n=i18n
    )
    shown = part(answer.offset, len(answer.rows), answer.total, i18n)
    oldest = _oldest(answer, i18n)
    rows = [_overview_row(row, i18n) for row in answer.rows]
    header = [
        i18n("Integration"),
        i18n("State"),
        i18n("Newest run"),
        i18n("Rows synced"),
        i18n("Rows failed"),
    ]
    pages = pager(
        "overview_page",
        {"workspace": answer.rows[0].integration.workspace_id},
        i18n,
        offset=answer.offset,
        size=OVERVIEW_PAGE,
        has_more=answer.offset + len(answer.rows) < answer.total,
    )
    todo = i18n("`/cdi status NAME` shows an integration's runs.")
    return Rendered(
        text=plain_line(" ".join([*lost, title])),
        blocks=[
            *banner,
            section(f"{mark} *{title}*\n{i18n.listed(filter(None, (shown, oldest)))}"),
            table(header, rows, numbers=(3, 4)),
            *pages,
            context(todo),
        ],
    )


def _oldest(answer: Overview, i18n: Translator) -> str:
    """Say how fresh the facts are: as old as the oldest of them."""
    seen = [row.observed_at for row in answer.rows if row.observed_at]
    fresh = as_of(min(seen, default=None), i18n)
    waiting = len(answer.rows) - len(seen)
    if not seen or not waiting:
        return fresh
    return i18n("{fresh}; {count} not looked at yet").format(fresh=fresh, count=i18n.number(waiting))


def _overview_row(row: OverviewRow, i18n: Translator) -> list[Block]:
    run = row.newest
    mark = state_sign(row.incident, run, missing=row.missing)
    return [
        cell(f"{mark} {name_of(row.integration, SHORT_NAME)}"),
        cell(row_state(row, i18n)),
        date_cell(run.sync_start_time if run else None, UNKNOWN),
        cell(synced(run, i18n) if run else UNKNOWN),
        cell(failed(run, i18n) if run else UNKNOWN),
    ]


def row_state(row: OverviewRow, i18n: Translator) -> str:
    """Say in plain text how an integration is."""
    incident, run = row.incident, row.newest
    kind = renderer_of(incident) if incident else None
    said = []
    if kind is None or not kind.states_run_status:
        said.append(short_status(run.job_status, i18n) if run else i18n("No run seen yet"))
    if kind and incident:
        said.append(kind.short_state(incident, i18n))
    if incident and incident.failed_in_a_row > 1:
        said.append(i18n("{count} in a row").format(count=i18n.number(incident.failed_in_a_row)))
    if incident and incident.failed_in_a_row and run and run.outcome is Outcome.RUNNING:
        said.append(i18n("running again"))
    if incident and incident.acknowledged_by:
        said.append(i18n("acknowledged"))
    if row.snooze:
        said.append(i18n("muted here"))
    if row.missing:
        said.append(i18n("gone from Braze"))
    return i18n.listed(said)


def _listing(answer: IntegrationList, i18n: Translator) -> Rendered:
    stale = []
    if answer.trouble is not None:
        stale.append(context(last_known(answer.trouble, i18n), braze_advice(answer.trouble, i18n)))
    title = _listing_title(answer, i18n)
    if not answer.rows:
        todo = (
            i18n("`/cdi list` shows all.")
            if answer.query
            else i18n("Set one up in Braze under Cloud Data Ingestion.")
        )
        return short_message(title, second=todo, row=stale)
    header = [i18n("Integration"), i18n("Id"), i18n("Last run"), i18n("Heard here")]
    rows = [_listing_row(integration, subscribed, i18n) for integration, subscribed in answer.rows]
    pages = pager(
        "list_page",
        {"workspace": answer.rows[0][0].workspace_id, "words": answer.query},
        i18n,
        offset=answer.offset,
        size=LIST_PAGE,
        has_more=answer.offset + len(rows) < answer.total,
    )
    shown = part(answer.offset, len(rows), answer.total, i18n)
    todo = i18n("`/cdi subscribe NAME` lets this channel hear of one, `/cdi status NAME` shows its runs.")
    return Rendered(
        text=plain_line(title),
        blocks=[
            section(f"*{title}*\n{i18n.listed(filter(None, (shown, as_of(answer.observed_at, i18n))))}"),
            table(header, rows),
            *pages,
            *stale,
            context(todo),
        ],
    )


def _listing_title(answer: IntegrationList, i18n: Translator) -> str:
    """Count what was found, in escaped text."""
    if answer.query is None:
        if not answer.total:
            return i18n("Braze lists no integrations.")
        return i18n.counted("{count} integration", "{count} integrations", answer.total)
    if not answer.total:
        return i18n("No integration fits “{words}”.").format(words=outside(answer.query, SHORT_NAME))
    return i18n.counted(
        "{count} integration fits “{words}”",
        "{count} integrations fit “{words}”",
        answer.total,
        words=outside(answer.query, SHORT_NAME),
    )


def _listing_row(integration: Integration, subscribed: bool, i18n: Translator) -> list[Block]:  # noqa: FBT001  a fact of the row
    status = integration.last_job_status
    last = f"{status_sign(status)} {short_status(status, i18n)}" if status else UNKNOWN
    return [
        cell(name_of(integration, SHORT_NAME)),
        cell(plain(integration.integration_id, SHORT_ID)),
        cell(last),
        cell(i18n("yes") if subscribed else i18n("no")),
    ]


_RENDERERS: Renderers = {
    Overview: _overview,
    IntegrationList: _listing,
    **audit.RENDERERS,
    **escalation.RENDERERS,
    **expected.RENDERERS,
    **incident_response.RENDERERS,
    **refusals.RENDERERS,
    **subscriptions.RENDERERS,
}
