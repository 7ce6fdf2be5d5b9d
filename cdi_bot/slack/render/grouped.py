"""Messages about several incidents: the card of a storm, and what happened to several of them at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

from cdi_bot.core.model.incident import UNWATCHED, Incident, Kind
from cdi_bot.core.model.source import source_of
from cdi_bot.delivery.views import CardView, GroupedReplyView, IncidentView
from cdi_bot.slack.render.escalation import escalation_notes
from cdi_bot.slack.render.kinds.table import RENDERERS, group_sign, group_texts, renderer_of
from cdi_bot.slack.render.kit.advice import source_name, with_source
from cdi_bot.slack.render.kit.blocks import (
    Bar,
    Block,
    Rendered,
    actions,
    paragraphs,
    section,
    short_message,
    small_print,
)
from cdi_bot.slack.render.kit.buttons import ack_button, unack_button
from cdi_bot.slack.render.kit.i18n import Translator
from cdi_bot.slack.render.kit.limits import BLOCKS_JSON, weight
from cdi_bot.slack.render.kit.people import called
from cdi_bot.slack.render.kit.runs import GOOD, counted_status
from cdi_bot.slack.render.kit.text import (
    SHORT_NAME,
    bold_subject,
    date,
    duration,
    escape,
    link,
    mentions,
    plain,
    plain_line,
    repeat_note,
    shared_workspace,
    snoozed_now,
    subject,
    titled,
    user,
)
from cdi_bot.slack.render.replies import render_recovery

LISTED = 10
"""So many incidents are named; the rest is counted."""

_NAMES_TEXT = 1000
"""So many characters of names stand in a line."""

_SPARE = 200
"""What the JSON around the listed lines weighs, generously estimated."""


def render_storm(view: CardView, i18n: Translator) -> Rendered:
    """Say how many are unhealthy, since when and in which way, what they share, and which ones, worst first."""
    workspace_name, shown = named_once(view.incidents)
    view = replace(view, incidents=shown)
    lasting = [one for one in view.incidents if one.incident.is_open and not one.incident.is_recovering]
    incidents = [one.incident for one in lasting]
    first = titled(workspace_name, " · ".join([*_title(incidents, i18n), *_over(view.incidents, i18n)]))
    everybody = mentions(" ".join(one.mention or "" for one in view.own if one in lasting))
    shared, by_whom = _shared(lasting, i18n), _acknowledged(lasting, i18n)
    head = section(" ".join(filter(None, [group_sign(incidents), first, everybody])))
    foot = [
        *small_print(
            [
                *by_whom,
                *escalation_notes(view.incidents, i18n),
                *repeat_note(i18n, possible=view.possible_repeat),
            ]
        ),
        *actions([ack_button(view.incidents, i18n) or unack_button(view.incidents, i18n)]),
    ]
    if lasting:
        lines = [line_of(one, i18n, with_source_of=not shared, with_ack=not by_whom) for one in lasting]
        body = [*([section(shared)] if shared else []), *listed_lines(lines, [head, *foot], i18n)]
    else:
        body = [section(names_of(view.incidents, i18n))]
    said = [first, *([shared] if shared else []), names_of(lasting or view.incidents, i18n)]
    return Rendered(
        text=plain_line(" · ".join(said)),
        blocks=[head, *body, *foot],
        bar=bar_of(lasting),
    )


def render_grouped_reply(view: GroupedReplyView, i18n: Translator) -> Rendered:
    """Say in a line what happened to how many, and to which ones, worst first."""
    if view.fact == "recovered" and len(view.incidents) == 1:
        message = render_recovery(view.incidents[0], i18n)
    else:
        message = _several(view, i18n)
    notes = small_print(repeat_note(i18n, possible=view.possible_repeat))
    return Rendered(text=message.text, blocks=[*message.blocks, *notes])


def named_once(views: Sequence[IncidentView]) -> tuple[str | None, tuple[IncidentView, ...]]:
    """Return the workspace that all of these are of, and them without its name; of several, `None` and them as is."""
    name = shared_workspace(one.incident for one in views)
    if name is None:
        return None, tuple(views)
    return name, tuple(
        replace(
            one,
            incident=replace(one.incident, workspace_name=None if one.integration else name),
            integration=one.integration and one.integration.alone,
        )
        for one in views
    )


def _several(view: GroupedReplyView, i18n: Translator) -> Rendered:
    workspace_name, shown = named_once(view.incidents)
    view = replace(view, incidents=shown)
    incidents = [one.incident for one in view.incidents]
    count, texts = len(incidents), group_texts(incidents)
    sign, second, row = group_sign(incidents), "", list[Block]()
    if view.fact == "recovered":
        sign = GOOD
        longest = max(renderer_of(each).length(each) for each in incidents)
        title = i18n("{count} recovered").format(count=i18n.number(count))
        title = i18n("*{title}* after up to {length}").format(title=title, length=duration(longest, i18n))
        missing = [one for one in view.incidents if renderer_of(one.incident).may_miss_rows(one)]
        if missing:
            second = i18n("Failed rows may still be missing: {names}").format(names=names_of(missing, i18n))
    elif view.fact == "failed_again":
        title = i18n("*{count} failed again*").format(count=i18n.number(count))
    elif view.fact == "joined":
        title = i18n("*Also {title}*").format(title=texts.count_open(count, i18n))
    else:
        is_back = view.fact == "reopened"
        title = texts.count_back(count, i18n) if is_back else texts.count_still_open(count, i18n)
        title = f"*{title}*"
        row = actions([ack_button(view.incidents, i18n)])
    line = i18n("{title}: {names}").format(
        title=titled(workspace_name, title), names=names_of(view.incidents, i18n)
    )
    everybody = mentions(" ".join(called(one, view.fact) or "" for one in view.incidents))
    line = " ".join(filter(None, [line, everybody]))
    return short_message(line, sign=sign, second=second, row=row)


# --------------------------------------------------------------------------------- the card of a storm


def _title(lasting: Sequence[Incident], i18n: Translator) -> list[str]:
    """Count what is unhealthy, in which ways; nothing where all is over."""
    if not lasting:
        return []
    title = i18n("*{title} since {when}*").format(
        title=group_texts(lasting).count_open(len(lasting), i18n),
        when=date(min(each.began for each in lasting)),
    )
    ways = Counter((each.kind, _status(each)) for each in lasting)
    if len(ways) == 1:
        if lasting[0].kind is not Kind.SYNC_FAILED:
            return [title]
        way = renderer_of(lasting[0]).short_state(lasting[0], i18n)
        return [i18n("{title}: {ways}").format(title=title, ways=escape(way))]
    counted = [
        counted_status(status, count, i18n) if status else RENDERERS[kind].count_open(count, i18n)
        for (kind, status), count in ways.most_common()
    ]
    return [i18n("{title}: {ways}").format(title=title, ways=escape(i18n.listed(counted)))]


def _status(incident: Incident) -> str:
    """Return the status by which a sync fails; nothing for what is no failed sync."""
    return (
        incident.last_failed.job_status if incident.kind is Kind.SYNC_FAILED and incident.last_failed else ""
    )


def _over(views: Iterable[IncidentView], i18n: Translator) -> list[str]:
    """Count what is over, and what is good at the moment."""
    recovering = sum(one.incident.is_recovering for one in views)
    expected = sum(one.is_expected for one in views)
    unwatched = sum(one.incident.reason == UNWATCHED for one in views)
    recovered = sum(not one.incident.is_open and not one.is_expected for one in views) - unwatched
    return [
        text.format(count=i18n.number(count))
        for text, count in (
            (i18n("{count} recovering"), recovering),
            (i18n("{count} recovered"), recovered),
            (i18n("{count} expected"), expected),
            (i18n("{count} no longer watched"), unwatched),
        )
        if count
    ]


def _shared(lasting: Sequence[IncidentView], i18n: Translator) -> str | None:
    """Name the source that most of them read from: where to look first; `None` where there is no such source."""
    sources = Counter(source for one in lasting if (source := source_of(one.integration)))
    source, count = sources.most_common(1)[0] if sources else (None, 0)
    if source is None or 2 * count <= len(lasting):
        return None
    if count == len(lasting):
        return i18n("All on {source}: start there").format(source=source_name(source))
    return i18n("{count} of {total} on {source}: start there").format(
        count=i18n.number(count), total=i18n.number(len(lasting)), source=source_name(source)
    )


def _acknowledged(lasting: Sequence[IncidentView], i18n: Translator) -> list[str]:
    """Say once who acknowledged all of them, where that was one person."""
    who = {one.incident.acknowledged_by for one in lasting}
    (one,) = who if len(who) == 1 else (None,)
    return [i18n("👀 Acknowledged by {who}").format(who=user(one))] if one else []


def line_of(view: IncidentView, i18n: Translator, *, with_source_of: bool, with_ack: bool) -> str:
    """Say in one line of mrkdwn how an incident stands."""
    incident, kind = view.incident, renderer_of(view.incident)
    name = bold_subject(view, i18n, limit=SHORT_NAME)
    if with_source_of:
        name = with_source(name, view.integration, i18n)
    said = [escape(kind.short_state(incident, i18n))]
    if incident.failed_in_a_row > 1:
        said.append(i18n("{count} in a row").format(count=i18n.number(incident.failed_in_a_row)))
    if incident.acknowledged_by and with_ack:
        said.append(i18n("acknowledged by {who}").format(who=user(incident.acknowledged_by)))
    if view.snooze:
        said.append(snoozed_now(view.snooze, i18n("snoozed here {until}"), i18n))
    if view.settings and view.settings.critical:
        said.append(i18n("critical"))
    if view.settings and (owner := mentions(view.settings.owner)):
        said.append(i18n("owner {who}").format(who=owner))
    if view.settings and view.settings.runbook:
        said.append(link(view.settings.runbook, i18n("Runbook")))
    return f"{kind.sign(incident)} {name}: {i18n.listed(said)}"


def listed_lines(
    lines: Sequence[str], around: Sequence[Block], i18n: Translator, *, most: int = LISTED
) -> list[Block]:
    """List the first lines, as many as fit, and count the rest."""
    more = i18n("… and {count} more: `/cdi status failing`")
    room = BLOCKS_JSON - weight([*around, section(more)]) - _SPARE
    shown, held = paragraphs(lines[:most], blocks=LISTED, room=room)
    rest = len(lines) - held
    return [*shown, *([section(more.format(count=i18n.number(rest)))] if rest else [])]


def names_of(views: Sequence[IncidentView], i18n: Translator) -> str:
    """Name the first ones in mrkdwn, and count the rest."""
    shown = views[:LISTED]
    while sum(len(escape(_name(one, i18n))) for one in shown) > _NAMES_TEXT:
        shown = shown[:-1]
    listed = i18n.listed(escape(_name(one, i18n)) for one in shown)
    rest = len(views) - len(shown)
    return i18n("{names} and {count} more").format(names=listed, count=i18n.number(rest)) if rest else listed


def _name(view: IncidentView, i18n: Translator) -> str:
    return plain(subject(view, i18n), SHORT_NAME)


def bar_of(lasting: Sequence[IncidentView]) -> Bar:
    """Return the colour of the worst that nobody has acknowledged or snoozed; grey where there is no such one."""
    if not lasting:
        return Bar.GREEN
    waiting = [one.incident for one in lasting if not one.incident.acknowledged_by and not one.snooze]
    if not waiting:
        return Bar.GREY
    return Bar.RED if any(renderer_of(each).severe for each in waiting) else Bar.AMBER
