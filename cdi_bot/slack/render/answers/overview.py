"""The answers that list integrations: those a channel hears of, and those that there are. Pure."""

from __future__ import annotations

from cdi_bot.core.model.incident import Kind
from cdi_bot.core.model.integration import Integration
from cdi_bot.core.model.run import Outcome
from cdi_bot.slack.render.answers.pages import as_of, pager, part
from cdi_bot.slack.render.kit.blocks import Block, Rendered, cell, context, date_cell, section, table
from cdi_bot.slack.render.kit.i18n import Translator
from cdi_bot.slack.render.kit.reasons import braze_advice, reason_text
from cdi_bot.slack.render.kit.statuses import (
    BAD,
    DUBIOUS,
    GOOD,
    UNSEEN,
    count_of_all,
    incident_sign,
    run_sign,
    short_state,
    short_status,
    sign,
)
from cdi_bot.slack.render.kit.text import (
    SHORT_NAME,
    date,
    escape,
    failed,
    name_of,
    outside,
    plain,
    plain_line,
    synced,
)
from cdi_bot.usecases.answers import IntegrationList, Overview, OverviewRow
from cdi_bot.usecases.queries import LIST_PAGE, OVERVIEW_PAGE

SHORT_ID = 40
"""Long enough for a UUID."""


def render_overview(answer: Overview, i18n: Translator) -> Rendered:
    """Answer how everything is that the channel hears of."""
    _ = i18n.gettext
    unreachable = []
    if answer.unreachable:
        text = _("I can't see Braze since {when}, because: {reason}. What follows is from before.").format(
            when=date(answer.unreachable.failing_since),
            reason=escape(reason_text(answer.unreachable.reason, i18n)),
        )
        unreachable.append(section(f"{UNSEEN} {text}\n{braze_advice(answer.unreachable.reason, i18n)}"))
    if not answer.total:
        title = _("This channel hears of no integration yet.")
        todo = _("`/cdi list` shows what there is, `/cdi subscribe NAME` or `/cdi subscribe all` begins.")
        return Rendered(text=plain_line(title), blocks=[*unreachable, section(f"{title}\n{todo}")])
    title = _overview_title(answer, i18n)
    shown = part(answer.offset, len(answer.rows), answer.total, i18n)
    oldest = _oldest(answer, i18n)
    rows = [_overview_row(row, i18n) for row in answer.rows]
    header = [_("Integration"), _("State"), _("Newest run"), _("Rows synced"), _("Rows failed")]
    pages = pager(
        "overview_page",
        {},
        offset=answer.offset,
        size=OVERVIEW_PAGE,
        has_more=answer.offset + len(answer.rows) < answer.total,
        labels=(_("Previous"), _("Next")),
    )
    todo = _("`/cdi status NAME` shows an integration's runs.")
    mark = GOOD if not answer.unhealthy else BAD if answer.failing else DUBIOUS
    return Rendered(
        text=plain_line(title),
        blocks=[
            *unreachable,
            section(f"{mark} *{title}*\n{i18n.listed(filter(None, (shown, oldest)))}"),
            table(header, rows, numbers=(3, 4)),
            *pages,
            context(todo),
        ],
    )


def _overview_title(answer: Overview, i18n: Translator) -> str:
    _ = i18n.gettext
    return count_of_all(failing=answer.failing, unhealthy=answer.unhealthy, total=answer.total, i18n=i18n)


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
    mark = incident_sign(row.incident) if row.incident else run_sign(run)
    return [
        cell(f"{UNSEEN if row.missing else mark} {name_of(row.integration, SHORT_NAME)}"),
        cell(_state(row, i18n)),
        date_cell(run.sync_start_time if run else None, "–"),
        cell(synced(run, i18n) if run else "–"),
        cell(failed(run, i18n) if run else "–"),
    ]


def _state(row: OverviewRow, i18n: Translator) -> str:
    """Say in plain text how an integration is."""
    _ = i18n.gettext
    incident, run = row.incident, row.newest
    if incident and incident.kind is Kind.SYNC_FAILED:
        said = [short_state(incident, i18n)]
    else:
        said = [short_status(run.job_status, i18n) if run else _("No run seen yet")]
        said += [short_state(incident, i18n)] if incident else []
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


def render_listing(answer: IntegrationList, i18n: Translator) -> Rendered:
    """Answer what integrations there are, and which of them the channel hears of."""
    _ = i18n.gettext
    memory = []
    if answer.trouble is not None:
        why = _("From memory: {reason}.").format(reason=escape(reason_text(answer.trouble, i18n)))
        memory.append(context(why, braze_advice(answer.trouble, i18n)))
    title = _listing_title(answer, i18n)
    if not answer.rows:
        todo = (
            _("`/cdi list` shows all.")
            if answer.query
            else _("Set one up in Braze under Cloud Data Ingestion.")
        )
        return Rendered(text=plain_line(title), blocks=[section(f"{title}\n{todo}"), *memory])
    header = [_("Integration"), _("Id"), _("Last run"), _("Heard here")]
    rows = [_listing_row(integration, subscribed, i18n) for integration, subscribed in answer.rows]
    pages = pager(
        "list_page",
        {"words": answer.query},
        offset=answer.offset,
        size=LIST_PAGE,
        has_more=answer.offset + len(rows) < answer.total,
        labels=(_("Previous"), _("Next")),
    )
    shown = part(answer.offset, len(rows), answer.total, i18n)
    todo = _("`/cdi subscribe NAME` lets this channel hear of one, `/cdi status NAME` shows its runs.")
    return Rendered(
        text=plain_line(title),
        blocks=[
            section(f"*{title}*\n{i18n.listed(filter(None, (shown, as_of(answer.observed_at, i18n))))}"),
            table(header, rows),
            *pages,
            *memory,
            context(todo),
        ],
    )


def _listing_title(answer: IntegrationList, i18n: Translator) -> str:
    """Count what was found, in escaped text."""
    _ = i18n.gettext
    if answer.query is None:
        if not answer.total:
            return _("Braze lists no integrations.")
        return i18n.ngettext("{count} integration", "{count} integrations", answer.total).format(
            count=i18n.number(answer.total)
        )
    if not answer.total:
        return _("No integration fits “{words}”.").format(words=outside(answer.query, SHORT_NAME))
    return i18n.ngettext(
        "{count} integration fits “{words}”", "{count} integrations fit “{words}”", answer.total
    ).format(count=i18n.number(answer.total), words=outside(answer.query, SHORT_NAME))


def _listing_row(integration: Integration, subscribed: bool, i18n: Translator) -> list[Block]:  # noqa: FBT001  a fact of the row
    _ = i18n.gettext
    status = integration.last_job_status
    last = f"{sign(status)} {short_status(status, i18n)}" if status else "–"
    return [
        cell(name_of(integration, SHORT_NAME)),
        cell(plain(integration.integration_id, SHORT_ID)),
        cell(last),
        cell(_("yes") if subscribed else _("no")),
    ]
