"""The answers that list integrations: those that a channel is subscribed to, and all of the workspace."""

from __future__ import annotations

from cdi_bot.core.model.integration import Integration
from cdi_bot.core.model.run import Outcome
from cdi_bot.slack.render.kinds.table import overall_state, renderer_of, state_sign
from cdi_bot.slack.render.kinds.unreachable import unreachable_banner
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
from cdi_bot.slack.render.kit.i18n import Translator
from cdi_bot.slack.render.kit.pages import as_of, pager, part
from cdi_bot.slack.render.kit.reasons import braze_advice, last_known
from cdi_bot.slack.render.kit.runs import failed, short_status, status_sign, synced
from cdi_bot.slack.render.kit.text import SHORT_NAME, name_of, outside, plain, plain_line
from cdi_bot.usecases.answers import IntegrationList, Overview, OverviewRow
from cdi_bot.usecases.queries import LIST_PAGE, OVERVIEW_PAGE

SHORT_ID = 40
"""Long enough for a UUID."""


def _overview(answer: Overview, i18n: Translator) -> Rendered:
    """Answer how everything is that the channel is subscribed to."""
    _ = i18n.gettext
    banner = unreachable_banner(answer.unreachable, i18n)
    if not answer.total:
        title = _("This channel hears of no integration yet.")
        todo = _("`/cdi list` shows what there is, `/cdi subscribe NAME` or `/cdi subscribe all` begins.")
        return Rendered(text=plain_line(title), blocks=[*banner, section(f"{title}\n{todo}")])
    mark, title = overall_state(
        failing=answer.failing, unhealthy=answer.unhealthy, total=answer.total, i18n=i18n
    )
    shown = part(answer.offset, len(answer.rows), answer.total, i18n)
    oldest = _oldest(answer, i18n)
    rows = [_overview_row(row, i18n) for row in answer.rows]
    header = [_("Integration"), _("State"), _("Newest run"), _("Rows synced"), _("Rows failed")]
    pages = pager(
        "overview_page",
        {"workspace": answer.rows[0].integration.workspace_id},
        i18n,
        offset=answer.offset,
        size=OVERVIEW_PAGE,
        has_more=answer.offset + len(answer.rows) < answer.total,
    )
    todo = _("`/cdi status NAME` shows an integration's runs.")
    return Rendered(
        text=plain_line(title),
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
    _ = i18n.gettext
    seen = [row.observed_at for row in answer.rows if row.observed_at]
    fresh = as_of(min(seen, default=None), i18n)
    waiting = len(answer.rows) - len(seen)
    if not seen or not waiting:
        return fresh
    return _("{fresh}; {count} not looked at yet").format(fresh=fresh, count=i18n.number(waiting))


def _overview_row(row: OverviewRow, i18n: Translator) -> list[Block]:
    _ = i18n.gettext
    run = row.newest
    mark = state_sign(row.incident, run, missing=row.missing)
    return [
        cell(f"{mark} {name_of(row.integration, SHORT_NAME)}"),
        cell(_state(row, i18n)),
        date_cell(run.sync_start_time if run else None, "–"),
        cell(synced(run, i18n) if run else "–"),
        cell(failed(run, i18n) if run else "–"),
    ]


def _state(row: OverviewRow, i18n: Translator) -> str:
    """Say in plain text how an integration is."""
    _ = i18n.gettext
    incident, run = row.incident, row.newest
    kind = renderer_of(incident) if incident else None
    said = []
    if kind is None or not kind.states_run_status:
        said.append(short_status(run.job_status, i18n) if run else _("No run seen yet"))
    if kind and incident:
        said.append(kind.short_state(incident, i18n))
    if incident and incident.failed_in_a_row > 1:
        said.append(_("{count} in a row").format(count=i18n.number(incident.failed_in_a_row)))
    if incident and incident.failed_in_a_row and run and run.outcome is Outcome.RUNNING:
        said.append(_("running again"))
    if incident and incident.acknowledged_by:
        said.append(_("acknowledged"))
    if row.snooze:
        said.append(_("muted here"))
    if row.missing:
        said.append(_("gone from Braze"))
    return i18n.listed(said)


def _listing(answer: IntegrationList, i18n: Translator) -> Rendered:
    """Answer what integrations there are, and which of them the channel is subscribed to."""
    _ = i18n.gettext
    stale = []
    if answer.trouble is not None:
        stale.append(context(last_known(answer.trouble, i18n), braze_advice(answer.trouble, i18n)))
    title = _listing_title(answer, i18n)
    if not answer.rows:
        todo = (
            _("`/cdi list` shows all.")
            if answer.query
            else _("Set one up in Braze under Cloud Data Ingestion.")
        )
        return short_message(title, second=todo, row=stale)
    header = [_("Integration"), _("Id"), _("Last run"), _("Heard here")]
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
    todo = _("`/cdi subscribe NAME` lets this channel hear of one, `/cdi status NAME` shows its runs.")
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
    _ = i18n.gettext
    if answer.query is None:
        if not answer.total:
            return _("Braze lists no integrations.")
        return i18n.counted("{count} integration", "{count} integrations", answer.total)
    if not answer.total:
        return _("No integration fits “{words}”.").format(words=outside(answer.query, SHORT_NAME))
    return i18n.counted(
        "{count} integration fits “{words}”",
        "{count} integrations fit “{words}”",
        answer.total,
        words=outside(answer.query, SHORT_NAME),
    )


def _listing_row(integration: Integration, subscribed: bool, i18n: Translator) -> list[Block]:  # noqa: FBT001  a fact of the row
    _ = i18n.gettext
    status = integration.last_job_status
    last = f"{status_sign(status)} {short_status(status, i18n)}" if status else "–"
    return [
        cell(name_of(integration, SHORT_NAME)),
        cell(plain(integration.integration_id, SHORT_ID)),
        cell(last),
        cell(_("yes") if subscribed else _("no")),
    ]


RENDERERS: Renderers = {
    Overview: _overview,
    IntegrationList: _listing,
}
