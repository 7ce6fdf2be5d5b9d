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


def render_overview(answer: Overview, words: Translator) -> Rendered:
    """Answer how everything is that the channel hears of."""
    _ = words.gettext
    blind = []
    if answer.blind:
        text = _("I can't see Braze since {when}, because: {reason}. What follows is from before.").format(
            when=date(answer.blind.failing_since), reason=escape(reason_text(answer.blind.reason, words))
        )
        blind.append(section(f"{UNSEEN} {text}\n{braze_advice(answer.blind.reason, words)}"))
    if not answer.total:
        title = _("This channel hears of no integration yet.")
        todo = _("`/cdi list` shows what there is, `/cdi subscribe NAME` or `/cdi subscribe all` begins.")
        return Rendered(text=plain_line(title), blocks=[*blind, section(f"{title}\n{todo}")])
    title = _overview_title(answer, words)
    shown = part(answer.offset, len(answer.rows), answer.total, words)
    oldest = _oldest(answer, words)
    rows = [_overview_row(row, words) for row in answer.rows]
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
    mark = GOOD if not answer.unwell else BAD if answer.failing else DUBIOUS
    return Rendered(
        text=plain_line(title),
        blocks=[
            *blind,
            section(f"{mark} *{title}*\n{words.listed(filter(None, (shown, oldest)))}"),
            table(header, rows, numbers=(3, 4)),
            *pages,
            context(todo),
        ],
    )


def _overview_title(answer: Overview, words: Translator) -> str:
    _ = words.gettext
    return count_of_all(failing=answer.failing, unwell=answer.unwell, total=answer.total, words=words)


def _oldest(answer: Overview, words: Translator) -> str:
    """Say how fresh the facts are: as old as the oldest of them."""
    _ = words.gettext
    seen = [row.observed_at for row in answer.rows if row.observed_at]
    fresh = as_of(min(seen, default=None), words)
    waiting = len(answer.rows) - len(seen)
    if not seen or not waiting:
        return fresh
    return _("{fresh}; {count} not looked at yet").format(fresh=fresh, count=words.number(waiting))


def _overview_row(row: OverviewRow, words: Translator) -> list[Block]:
    _ = words.gettext
    run = row.newest
    mark = incident_sign(row.incident) if row.incident else run_sign(run)
    return [
        cell(f"{UNSEEN if row.missing else mark} {name_of(row.integration, SHORT_NAME)}"),
        cell(_state(row, words)),
        date_cell(run.sync_start_time if run else None, "–"),
        cell(synced(run, words) if run else "–"),
        cell(failed(run, words) if run else "–"),
    ]


def _state(row: OverviewRow, words: Translator) -> str:
    """Say in plain text how an integration is."""
    _ = words.gettext
    incident, run = row.incident, row.newest
    if incident and incident.kind is Kind.SYNC_FAILED:
        said = [short_state(incident, words)]
    else:
        said = [short_status(run.job_status, words) if run else _("No run seen yet")]
        said += [short_state(incident, words)] if incident else []
    if incident and incident.failed_in_a_row > 1:
        said.append(_("{count} in a row").format(count=words.number(incident.failed_in_a_row)))
    if incident and incident.failed_in_a_row and run and run.outcome is Outcome.RUNNING:
        said.append(_("running again"))
    if incident and incident.acknowledged_by:
        said.append(_("acknowledged"))
    if row.snooze:
        said.append(_("muted here"))
    if row.missing:
        said.append(_("gone from Braze"))
    return words.listed(said)


def render_listing(answer: IntegrationList, words: Translator) -> Rendered:
    """Answer what integrations there are, and which of them the channel hears of."""
    _ = words.gettext
    memory = []
    if answer.trouble is not None:
        why = _("From memory: {reason}.").format(reason=escape(reason_text(answer.trouble, words)))
        memory.append(context(why, braze_advice(answer.trouble, words)))
    title = _listing_title(answer, words)
    if not answer.rows:
        todo = (
            _("`/cdi list` shows all.")
            if answer.words
            else _("Set one up in Braze under Cloud Data Ingestion.")
        )
        return Rendered(text=plain_line(title), blocks=[section(f"{title}\n{todo}"), *memory])
    header = [_("Integration"), _("Id"), _("Last run"), _("Heard here")]
    rows = [_listing_row(integration, heard, words) for integration, heard in answer.rows]
    pages = pager(
        "list_page",
        {"words": answer.words},
        offset=answer.offset,
        size=LIST_PAGE,
        has_more=answer.offset + len(rows) < answer.total,
        labels=(_("Previous"), _("Next")),
    )
    shown = part(answer.offset, len(rows), answer.total, words)
    todo = _("`/cdi subscribe NAME` lets this channel hear of one, `/cdi status NAME` shows its runs.")
    return Rendered(
        text=plain_line(title),
        blocks=[
            section(f"*{title}*\n{words.listed(filter(None, (shown, as_of(answer.observed_at, words))))}"),
            table(header, rows),
            *pages,
            *memory,
            context(todo),
        ],
    )


def _listing_title(answer: IntegrationList, words: Translator) -> str:
    """Count what was found, in escaped text."""
    _ = words.gettext
    if answer.words is None:
        if not answer.total:
            return _("Braze lists no integrations.")
        return words.ngettext("{count} integration", "{count} integrations", answer.total).format(
            count=words.number(answer.total)
        )
    if not answer.total:
        return _("No integration fits “{words}”.").format(words=outside(answer.words, SHORT_NAME))
    return words.ngettext(
        "{count} integration fits “{words}”", "{count} integrations fit “{words}”", answer.total
    ).format(count=words.number(answer.total), words=outside(answer.words, SHORT_NAME))


def _listing_row(integration: Integration, heard: bool, words: Translator) -> list[Block]:  # noqa: FBT001  a fact of the row
    _ = words.gettext
    status = integration.last_job_status
    last = f"{sign(status)} {short_status(status, words)}" if status else "–"
    return [
        cell(name_of(integration, SHORT_NAME)),
        cell(plain(integration.integration_id, SHORT_ID)),
        cell(last),
        cell(_("yes") if heard else _("no")),
    ]
