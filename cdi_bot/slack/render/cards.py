"""Cards, the messages in a channel that show how one incident stands now; that of a storm stands in `grouped`.

A card is rendered anew with every change. What happened stands in `replies`, each said once.
"""

from __future__ import annotations

from dataclasses import replace

from cdi_bot.delivery.views import CardView, ClusterView, IncidentView
from cdi_bot.slack.render.escalation import escalated_line, escalation_notes
from cdi_bot.slack.render.grouped import render_storm
from cdi_bot.slack.render.kinds.base import came_back
from cdi_bot.slack.render.kinds.table import facts_of, group_texts, renderer_of
from cdi_bot.slack.render.kit.advice import source_name
from cdi_bot.slack.render.kit.blocks import (
    Bar,
    Block,
    Rendered,
    actions,
    section,
    small_print,
)
from cdi_bot.slack.render.kit.buttons import (
    ack_button,
    expected_button,
    history_button,
    more_menu,
    take_back_button,
    unack_button,
)
from cdi_bot.slack.render.kit.i18n import Translator
from cdi_bot.slack.render.kit.people import ownership
from cdi_bot.slack.render.kit.reasons import last_known_state
from cdi_bot.slack.render.kit.runs import GOOD
from cdi_bot.slack.render.kit.text import (
    SHORT_NAME,
    date,
    escape,
    expected_notes,
    mentions,
    name_of,
    outside,
    plain_line,
    repeat_note,
    snoozed_now,
    user,
)


def render_card(view: CardView, i18n: Translator) -> Rendered:
    """Say how the one incident of a card stands now, in four lines and small print; of several, list them."""
    if len(view.incidents) > 1:
        return render_storm(view, i18n)
    (one,) = view.incidents
    incident, kind = one.incident, renderer_of(one.incident)
    facts = facts_of(one, i18n)
    advice = kind.advice(one, i18n) if incident.is_open else None
    first, *rest = filter(None, [*facts, advice])
    top = f"{kind.sign(incident) if incident.is_open else kind.recovery_sign(incident)} {first}"
    if incident.is_open and one.unreachable:
        unreachable = replace(one.unreachable, workspace_name=None)  # the name below says which
        top = "\n".join([*last_known_state(unreachable, None, None, i18n), top])
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
    """Say in mrkdwn what else fails, how often it came back, who acknowledged, owns and snoozed it."""
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
    said += ownership(view.settings, i18n, contacts=view.contacts)
    if snooze and incident.is_open:
        said.append(snoozed_now(snooze, i18n("💤 Snoozed here by {who} {until}"), i18n))
    return said


def _buttons(view: IncidentView, i18n: Translator) -> list[Block]:
    """Return one row that no phone wraps: what can be done while it is open, and what can always be looked at."""
    history = history_button(view.integration, i18n) if view.integration else None
    if not view.incident.is_open:
        return actions([history, take_back_button(view, i18n)])
    if view.only_escalated:
        return actions([ack_button([view], i18n) or unack_button([view], i18n), history])
    ack = ack_button([view], i18n) or unack_button([view], i18n)
    expected = expected_button(view.incident, view.integration, i18n)
    is_full = ack is not None and expected is not None
    more = more_menu(view, i18n, with_history=is_full)
    return actions([ack, expected, None if is_full else history, more])


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
    others = (one.alone for one in view.others)  # all of the card's own workspace
    names = i18n.listed(f"*{outside(name_of(one), SHORT_NAME)}*" for one in others)
    if view.more:
        names = i18n("{names} and {count} more").format(names=names, count=i18n.number(view.more))
    return "🔗 " + i18n("{title}: also {names}").format(title=title, names=names)
