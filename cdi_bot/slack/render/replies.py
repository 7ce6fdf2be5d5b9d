"""Replies in a card's thread about one incident: each says what happened, once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from cdi_bot.core.model.escalation import Escalated
from cdi_bot.core.model.incident import HandedOn
from cdi_bot.core.model.message import Content, FailedAgain, Recovered, Reopened, ReplyFact, StillOpen
from cdi_bot.core.rules.small_losses import is_usual_loss
from cdi_bot.delivery.views import EventView, IncidentView
from cdi_bot.slack.render.escalation import escalated
from cdi_bot.slack.render.kinds.base import came_back
from cdi_bot.slack.render.kinds.sync_failed import failure, in_a_row
from cdi_bot.slack.render.kinds.table import facts_of, renderer_of
from cdi_bot.slack.render.kit.blocks import Block, Rendered, actions, short_message
from cdi_bot.slack.render.kit.buttons import ack_button, history_button
from cdi_bot.slack.render.kit.i18n import Translator
from cdi_bot.slack.render.kit.people import called
from cdi_bot.slack.render.kit.runs import run_sign
from cdi_bot.slack.render.kit.text import bold_subject, date, escape, user

EventRenderers = Mapping[type[Content], Callable[[Any, EventView, Translator], Rendered]]
"""What renders a reply or notice, by the type of its content."""


def _failed_again(content: FailedAgain, view: EventView, i18n: Translator) -> Rendered:
    """Say how the newest run failed, and which failure in a row it is."""
    about = _about(view)
    incident = about.incident
    run = view.run or incident.last_failed
    names = {"name": bold_subject(about, i18n), "state": escape(failure(run, i18n)) if run else ""}
    if is_usual_loss(incident):
        line = i18n("{name} always loses some rows: {state}").format(**names)
        line += "\n" + i18n("You are told again when it loses many more, or none for a day.")
        return short_message(line, sign=run_sign(run))
    if content.after_good:
        line = i18n.counted(
            "{name} failed again after a good run – {state}",
            "{name} failed {count} more times, with good runs in between – {state}",
            content.runs,
            **names,
        )
    else:
        line = i18n.counted(
            "{name} failed again – {state}",
            "{name} failed {count} more times – {state}",
            content.runs,
            **names,
        )
    if incident.failed_in_a_row > 1:
        line = i18n.listed([line, in_a_row(incident, i18n)])
    return short_message(_calling(line, about, content.what), sign=run_sign(run))


def _recovered(_content: Recovered, view: EventView, i18n: Translator) -> Rendered:
    return render_recovery(_about(view), i18n)


def render_recovery(view: IncidentView, i18n: Translator) -> Rendered:
    """Say what it cost, and whether the lost rows came back."""
    sign = renderer_of(view.incident).recovery_sign(view.incident)
    first, *rest = facts_of(view, i18n)
    return short_message("\n".join([_calling(first, view, "recovered"), *rest]), sign=sign)


def _reopened(content: Reopened, view: EventView, i18n: Translator) -> Rendered:
    about = _about(view)
    incident, kind = about.incident, renderer_of(about.incident)
    line = i18n("{name} is unhealthy again – {state}").format(
        name=bold_subject(about, i18n), state=escape(kind.headline(incident, i18n))
    )
    line = _calling(line, about, content.what)
    row = actions([ack_button([about], i18n), *_history(about, i18n)])
    return short_message(line, second=came_back(incident, i18n), sign=kind.sign(incident), row=row)


def _still_open(content: StillOpen, view: EventView, i18n: Translator) -> Rendered:
    about = _about(view)
    incident, kind = about.incident, renderer_of(about.incident)
    line = i18n("{name} is still unhealthy – {state}").format(
        name=bold_subject(about, i18n), state=escape(kind.headline(incident, i18n))
    )
    line = _calling(line, about, content.what)
    since = i18n("Since {when}, not acknowledged").format(when=date(incident.failing_since))
    row = actions([ack_button([about], i18n), *_history(about, i18n)])
    return short_message(line, second=since, sign=kind.sign(incident), row=row)


def _handed_on(content: HandedOn, view: EventView, i18n: Translator) -> Rendered:
    """Say who is on it from now on, or that nobody is any more; the new one is mentioned."""
    about = view.incident
    if about:
        what = bold_subject(about, i18n)
    else:
        what = i18n.counted("{count} incident", "{count} incidents", len(content.incident_ids))
    if content.to is None:
        line = i18n("{who} took back the acknowledgement of {what}").format(who=user(content.who), what=what)
        second = i18n("Nobody is on it now: reminders and escalation start again.")
        row = actions([ack_button([about], i18n)]) if about else []
        return short_message(line, second=second, sign="↩️", row=row)
    if content.to == content.who:
        line = i18n("{who} took over {what}").format(who=user(content.who), what=what)
    else:
        line = i18n("{who} handed on {what} to {to}").format(
            who=user(content.who), what=what, to=user(content.to)
        )
    return short_message(line, sign="👀")


def _calling(line: str, view: IncidentView, fact: ReplyFact) -> str:
    return " ".join(filter(None, [line, called(view, fact)]))


def _history(view: IncidentView, i18n: Translator) -> list[Block | None]:
    return [history_button(view.integration, i18n)] if view.integration else []


def _about(view: EventView) -> IncidentView:
    """Return the incident that a reply is about. Raises ValueError where there is none: that is no reply."""
    if view.incident is None:
        raise ValueError(f"{view.content.what} needs its incident")
    return view.incident


REPLIES: EventRenderers = {
    FailedAgain: _failed_again,
    Recovered: _recovered,
    Reopened: _reopened,
    StillOpen: _still_open,
    Escalated: escalated,
    HandedOn: _handed_on,
}
