"""Cards, the messages in a channel that show how things are, and the replies in their threads about several incidents.

A card shows the present of one incident or of several, and is rendered anew with every change; a reply says what
happened, once. Those about one incident stand in `replies`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import accumulate

from cdi_bot.core.model.incident import Incident
from cdi_bot.core.model.message import ReplyFact
from cdi_bot.core.model.run import Outcome
from cdi_bot.delivery.views import CardView, ClusterView, GroupedReplyView, IncidentView
from cdi_bot.slack.render.escalation import escalated_line, escalation_notes
from cdi_bot.slack.render.kinds.base import came_back
from cdi_bot.slack.render.kinds.table import facts_of, group_sign, group_texts, renderer_of
from cdi_bot.slack.render.kit.advice import source_name
from cdi_bot.slack.render.kit.blocks import (
    Bar,
    Block,
    Rendered,
    actions,
    context,
    paragraphs,
    section,
    small_print,
)
from cdi_bot.slack.render.kit.buttons import (
    ack_button,
    expected_button,
    history_button,
    more_menu,
    take_back_button,
)
from cdi_bot.slack.render.kit.i18n import Translator
from cdi_bot.slack.render.kit.limits import BLOCKS_JSON, MESSAGE_TEXT, clip, text_weight, weight
from cdi_bot.slack.render.kit.reasons import last_known_state
from cdi_bot.slack.render.kit.runs import GOOD, synced
from cdi_bot.slack.render.kit.text import (
    SHORT_NAME,
    bold_subject,
    date,
    escape,
    expected_notes,
    mentions,
    name_of,
    outside,
    plain,
    plain_line,
    repeat_note,
    snooze_text,
    subject,
    user,
)

FEW = 10
"""Up to so many incidents each have a button of their own beside them."""

NAMED = 5
"""So many names stand in the line for notifications."""

_LIST_BLOCKS = 40
_SECTIONS = 1000
"""What the sections around the lines weigh, generously estimated."""

_List = Callable[[int], tuple[list[Block], int]]
"""Lists incidents within a weight; returns the blocks, and how many incidents they hold."""


def render_card(view: CardView, i18n: Translator) -> Rendered:
    """Show a card: of one incident with what is known, of several as a list."""
    return _render_single(view, i18n) if len(view.incidents) == 1 else _render_list(view, i18n)


def _render_single(view: CardView, i18n: Translator) -> Rendered:
    """Say how the one incident of a card stands now, in four lines and small print."""
    (one,) = view.incidents
    incident, kind = one.incident, renderer_of(one.incident)
    facts = facts_of(one, i18n)
    advice = kind.advice(one, i18n) if incident.is_open else None
    first, *rest = filter(None, [*facts, advice])
    top = f"{kind.sign(incident) if incident.is_open else kind.recovery_sign(incident)} {first}"
    if incident.is_open and one.unreachable:
        top = "\n".join([*last_known_state(one.unreachable, None, None, i18n), top])
    called = mentions(one.mention) if incident.is_open and not incident.is_recovering else None
    notes = [*_notes(one, view.cluster, i18n), *repeat_note(i18n, possible=view.possible_repeat)]
    return Rendered(
        text=escalated_line(one, plain_line(" · ".join(facts)), i18n),
        blocks=[
            section(" ".join(filter(None, [top, called]))),
            *([section("\n".join(rest))] if rest else []),
            *small_print(notes),
            *_buttons(one, i18n),
        ],
        bar=_bar(one),
    )


def _bar(view: IncidentView) -> Bar:
    """Return the colour beside a card: how bad it is now, and grey where nobody has to do anything."""
    if view.is_expected or (view.snooze and view.incident.is_open):
        return Bar.GREY
    kind = renderer_of(view.incident)
    if not view.incident.is_open:
        return Bar.GREEN if kind.recovery_sign(view.incident) == GOOD else Bar.GREY
    return Bar.RED if kind.severe else Bar.AMBER


def _notes(view: IncidentView, cluster: ClusterView | None, i18n: Translator) -> list[str]:
    """Say in mrkdwn what else fails, how often it came back, who acknowledged it, and who snoozed it until when."""
    incident, snooze = view.incident, view.snooze
    said = [_cluster_note(cluster, i18n)] if cluster and incident.is_open else []
    if incident.reopened and incident.is_open and not incident.is_recovering:
        said.append(came_back(incident, i18n))
    if incident.acknowledged_by and incident.acknowledged_at and incident.is_open:
        said.append(
            i18n("👀 Acknowledged by {who}, {when}").format(
                who=user(incident.acknowledged_by), when=date(incident.acknowledged_at)
            )
        )
    if view.expected and view.is_expected:
        said += expected_notes(view.expected, i18n)
    said += escalation_notes([view], i18n)
    if snooze and incident.is_open:
        until = i18n("💤 Snoozed here by {who} until {when}")
        until_recovery = i18n("💤 Snoozed here by {who} until it recovers")
        said.append(snooze_text(snooze, until if snooze.until else until_recovery))
    return said


def _buttons(view: IncidentView, i18n: Translator) -> list[Block]:
    """Return one row that no phone wraps: what can be done while it is open, and what can always be looked at."""
    history = history_button(view.integration, i18n) if view.integration else None
    if not view.incident.is_open:
        return actions([history, take_back_button(view, i18n)])
    if view.only_escalated:
        return actions([ack_button([view], i18n), history])
    ack, expected = ack_button([view], i18n), expected_button(view.incident, view.integration, i18n)
    is_full = ack is not None and expected is not None
    more = more_menu(view, i18n, with_history=is_full)
    return actions([ack, expected, None if is_full else history, more])


def _render_list(view: CardView, i18n: Translator) -> Rendered:
    """List the incidents of a card, as many as a message holds, and say how many more there are."""
    open_views = [one for one in view.incidents if one.incident.is_open]
    still_open = [one.incident for one in open_views]
    title = _card_title(still_open, len(view.incidents) - len(still_open), i18n)
    called = mentions(" ".join(one.mention or "" for one in open_views))
    lines = [title]
    if view.cluster:
        title = _cluster_title(view.cluster, i18n)
        here = i18n("In this message: {title}").format(title=lines[0])
        lines = [title] if _is_all_of(view.cluster, view.incidents) else [title, here]
    head = section("\n".join(filter(None, [f"{group_sign(still_open)} *{lines[0]}*", *lines[1:], called])))
    foot = [
        *small_print(escalation_notes(view.incidents, i18n)),
        *small_print(repeat_note(i18n, possible=view.possible_repeat)),
        *actions([ack_button(view.incidents, i18n)]),
    ]

    def listed(room: int) -> tuple[list[Block], int]:
        return _with_buttons(view, i18n, room) or _as_lines(view, i18n, room)

    blocks = _filled(head, listed, foot, total=len(view.incidents), i18n=i18n)
    return Rendered(text=_card_text(plain_line(title), view, i18n), blocks=blocks)


def render_grouped_reply(view: GroupedReplyView, i18n: Translator) -> Rendered:
    """Say what happened to how many, and list them, worst first, as many as a message holds."""
    incidents = [one.incident for one in view.incidents]
    title = _reply_title(view.fact, incidents, i18n)
    head = section(f"{GOOD if view.fact == 'recovered' else group_sign(incidents)} *{title}*")
    notes = {
        "still_open": i18n("Acknowledging them ends these reminders."),
        "escalated": i18n("Nobody has acknowledged them where they come from."),
    }
    todo = (
        [context(notes[view.fact]), *actions([ack_button(view.incidents, i18n)])]
        if view.fact in notes
        else []
    )
    foot = todo + small_print(repeat_note(i18n, possible=view.possible_repeat))
    lines = [_reply_line(one, i18n) for one in view.incidents]

    def listed(room: int) -> tuple[list[Block], int]:
        return paragraphs(lines, blocks=_LIST_BLOCKS, room=room)

    return Rendered(text=plain_line(title), blocks=_filled(head, listed, foot, total=len(lines), i18n=i18n))


def _filled(head: Block, listed: _List, foot: list[Block], *, total: int, i18n: Translator) -> list[Block]:
    """Put a list between head and foot, as much of it as there is room for, and how many of `total` are left out."""
    more = i18n("… and {count} more: `/cdi status`")
    shown, held = listed(BLOCKS_JSON - weight([head, *foot, section(more)]) - 100)
    rest = [section(more.format(count=i18n.number(total - held)))] if held < total else []
    return [head, *shown, *rest, *foot]


# --------------------------------------------------------------------------------- titles


def _card_title(still_open: Sequence[Incident], recovered: int, i18n: Translator) -> str:
    """Count in plain text what is unhealthy and what has recovered."""
    texts = group_texts(still_open)
    if not still_open:
        return texts.count_recovered(recovered, i18n)
    title = texts.count_open(len(still_open), i18n)
    if not recovered:
        return title
    return i18n("{title}, {count} recovered").format(title=title, count=i18n.number(recovered))


def _card_text(title: str, view: CardView, i18n: Translator) -> str:
    """Say in one line, for notifications, how many there are and who comes first."""
    names = i18n.listed(plain(subject(one, i18n), SHORT_NAME) for one in view.incidents[:NAMED])
    rest = len(view.incidents) - NAMED
    listed = (
        i18n("{names} and {count} more").format(names=names, count=i18n.number(rest)) if rest > 0 else names
    )
    return clip(escape(i18n("{title}: {names}").format(title=title, names=listed)), MESSAGE_TEXT)


def _cluster_title(view: ClusterView, i18n: Translator) -> str:
    """Say in mrkdwn how many of how many are unhealthy in the same way, since when, and where they read."""
    cluster = view.cluster
    unhealthy = cluster.unhealthy
    if cluster.source:
        what = i18n("{source} integrations") if view.is_all else i18n("{source} integrations of this channel")
        what = what.format(source=source_name(cluster.source))
    else:
        what = (
            i18n("integrations of this Braze workspace")
            if view.is_all
            else i18n("integrations of this channel")
        )
    title = (
        group_texts(unhealthy)
        .share_open(i18n)
        .format(
            count=i18n.number(len(unhealthy)),
            total=i18n.number(view.total),
            what=what,
            since=date(cluster.since),
        )
    )
    worst = renderer_of(unhealthy[0])
    if worst.states_run_status:
        state = escape(worst.short_state(unhealthy[0], i18n))
        title = i18n("{title} ({state})").format(title=title, state=state)
    if not cluster.recovered:
        return title
    return i18n("{title}, {count} recovered").format(title=title, count=i18n.number(cluster.recovered))


def _cluster_note(view: ClusterView, i18n: Translator) -> str:
    """Say the same below a single card, and which others these are."""
    title = _cluster_title(view, i18n)
    if not view.others:
        return f"🔗 {title}"
    names = i18n.listed(f"*{outside(name_of(one), SHORT_NAME)}*" for one in view.others)
    if view.more:
        names = i18n("{names} and {count} more").format(names=names, count=i18n.number(view.more))
    return "🔗 " + i18n("{title}: also {names}").format(title=title, names=names)


def _is_all_of(view: ClusterView, shown: Sequence[IncidentView]) -> bool:
    """Whether a card shows just what the cluster counts."""
    return {one.incident.incident_id for one in shown} == {
        each.incident.incident_id for each in view.cluster.troubles
    }


def _reply_title(told: ReplyFact, incidents: Sequence[Incident], i18n: Translator) -> str:
    count, texts = len(incidents), group_texts(incidents)
    if told == "recovered":
        return texts.count_recovered(count, i18n)
    if told in {"still_open", "escalated"}:
        return texts.count_still_open(count, i18n)
    if told == "reopened":
        return texts.count_back(count, i18n)
    return i18n.counted("{count} integration failed again", "{count} integrations failed again", count)


# --------------------------------------------------------------------------------- lines


def _with_buttons(view: CardView, i18n: Translator, room: int) -> tuple[list[Block], int] | None:
    """List a few incidents, each with its History button; `None` when they are many, or too long."""
    if len(view.incidents) > FEW:
        return None
    listed = [
        section(
            _card_line(one, i18n),
            accessory=history_button(one.integration, i18n, action_id=f"history:{place}")
            if one.integration
            else None,
        )
        for place, one in enumerate(view.incidents)
    ]
    return (listed, len(listed)) if weight(listed) <= room else None


def _as_lines(view: CardView, i18n: Translator, room: int) -> tuple[list[Block], int]:
    """List many incidents line by line; names come before links where there is not room for both."""
    linked = [_card_line(one, i18n) for one in view.incidents]
    short = [_card_line(one, i18n, with_link=False) for one in view.incidents]
    spare = room - _SECTIONS - sum(text_weight(text) for text in short)
    extra = accumulate(
        text_weight(long) - text_weight(brief) for long, brief in zip(linked, short, strict=True)
    )
    lines = [long if cost <= spare else brief for long, brief, cost in zip(linked, short, extra, strict=True)]
    return paragraphs(lines, blocks=_LIST_BLOCKS, room=room)


def _card_line(view: IncidentView, i18n: Translator, *, with_link: bool = True) -> str:
    """Say in one line of mrkdwn how an incident stands."""
    incident, kind = view.incident, renderer_of(view.incident)
    name = bold_subject(view, i18n, limit=SHORT_NAME, with_link=with_link)
    if not incident.is_open:
        ended = i18n("expected") if view.is_expected else kind.short_recovery(i18n)
        return f"{kind.recovery_sign(incident)} {name}: {ended}"
    said = [escape(kind.short_state(incident, i18n))]
    if incident.failed_in_a_row > 1:
        said.append(i18n("{count} in a row").format(count=i18n.number(incident.failed_in_a_row)))
    if incident.acknowledged_by:
        said.append(i18n("acknowledged by {who}").format(who=user(incident.acknowledged_by)))
    if view.snooze and view.snooze.until:
        said.append(i18n("muted here until {when}").format(when=date(view.snooze.until)))
    elif view.snooze:
        said.append(i18n("muted here until it recovers"))
    return f"{kind.sign(incident)} {name}: {i18n.listed(said)}"


def _reply_line(view: IncidentView, i18n: Translator) -> str:
    """Say in one line of mrkdwn how an incident stands, or how it ended and what the good run synced."""
    incident, kind = view.incident, renderer_of(view.incident)
    name = bold_subject(view, i18n, limit=SHORT_NAME)
    if incident.is_open:
        since = i18n("since {when}").format(when=date(incident.failing_since))
        return f"{kind.sign(incident)} {name}: " + i18n.listed([escape(kind.headline(incident, i18n)), since])
    said = [escape(kind.over(view, i18n))]
    good = incident.resolved_by
    if good and good.rows_synced is not None and good.outcome is not Outcome.RUNNING:
        said.append(i18n("rows synced: {synced}").format(synced=synced(good, i18n)))
    return f"{kind.recovery_sign(incident)} {name}: {i18n.listed(said)}"
