"""The card of a summary: what is still open when a silence ends, worst first, and what came and went in it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from cdi_bot.delivery.views import CardView, IncidentView
from cdi_bot.slack.render.escalation import escalation_notes
from cdi_bot.slack.render.grouped import LISTED, bar_of, line_of, listed_lines, named_once, names_of
from cdi_bot.slack.render.kinds.table import renderer_of
from cdi_bot.slack.render.kit.blocks import Rendered, actions, section, small_print
from cdi_bot.slack.render.kit.buttons import ack_button
from cdi_bot.slack.render.kit.i18n import Translator
from cdi_bot.slack.render.kit.text import (
    SHORT_NAME,
    bold_subject,
    date,
    escape,
    mentions,
    plain_line,
    repeat_note,
    titled,
)

SIGN = "🗒️"


def render_summary(view: CardView, since: datetime, notices: Sequence[str], i18n: Translator) -> Rendered:
    """Say how much is open and how much passed since when; then which, with times, and what `notices` say."""
    workspace_name, shown = named_once(view.incidents)
    lasting = [one for one in shown if _lasts(one)]
    passed = sorted((one for one in shown if one not in lasting), key=lambda one: one.incident.began)
    counts = [
        text.format(count=i18n.number(count))
        for text, count in (
            (i18n("{count} still open"), len(lasting)),
            (i18n("{count} came and went"), len(passed)),
        )
        if count
    ]
    if notices:
        counts.append(i18n.counted("{count} notice", "{count} notices", len(notices)))
    first = i18n("*Since {when}: {counts}*").format(
        when=date(since), counts=i18n.listed(counts or [i18n("nothing open")])
    )
    first = titled(workspace_name, first)
    called = mentions(" ".join(one.mention or "" for one in view.own if _lasts(one)))
    head = section(" ".join(filter(None, [SIGN, first, called])))
    notes = [*escalation_notes(shown, i18n), *repeat_note(i18n, possible=view.possible_repeat)]
    foot = [*small_print(notes), *actions([ack_button(view.incidents, i18n)])]
    missing = [one for one in passed if renderer_of(one.incident).may_miss_rows(one)]
    told = [*(_passed(one, i18n) for one in passed), *notices]
    if missing:
        told.append(i18n("Failed rows may still be missing: {names}").format(names=names_of(missing, i18n)))
    open_ones = [_open(one, i18n) for one in lasting]
    lines = [*open_ones[:LISTED], *told[:LISTED], *open_ones[LISTED:], *told[LISTED:]]
    said = [first, *([names_of(lasting, i18n)] if lasting else []), *told[:LISTED]]
    return Rendered(
        text=plain_line(" · ".join(said)),
        blocks=[head, *listed_lines(lines, [head, *foot], i18n, most=2 * LISTED), *foot],
        bar=bar_of(lasting),
    )


def _lasts(view: IncidentView) -> bool:
    return view.incident.is_open and not view.incident.is_recovering


def _open(view: IncidentView, i18n: Translator) -> str:
    """Say in one line of mrkdwn what is wrong, and since when."""
    line = line_of(view, i18n, with_source_of=True, with_ack=True)
    return i18n("{line}, since {when}").format(line=line, when=date(view.incident.failing_since))


def _passed(view: IncidentView, i18n: Translator) -> str:
    """Say in one line of mrkdwn what was wrong, and from when until when."""
    incident, kind = view.incident, renderer_of(view.incident)
    if incident.is_open:
        return _open(view, i18n)
    text = i18n("{name} {what}: {begin} – {end}")
    line = text.format(
        name=bold_subject(view, i18n, limit=SHORT_NAME),
        what=escape(kind.over(view, i18n)),
        begin=date(incident.began),
        end=date(kind.end(incident)),
    )
    return f"{kind.recovery_sign(incident)} {line}"
