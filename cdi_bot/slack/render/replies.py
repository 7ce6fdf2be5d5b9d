"""Replies in a card's thread about one incident: each says what happened, once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from cdi_bot.core.model.escalation import Escalated
from cdi_bot.core.model.message import Content, FailedAgain, Recovered, Reopened, StillOpen
from cdi_bot.core.model.run import Outcome
from cdi_bot.core.rules.small_losses import is_usual_loss
from cdi_bot.delivery.views import EventView, IncidentView
from cdi_bot.slack.render.escalation import escalated
from cdi_bot.slack.render.kinds.base import came_back
from cdi_bot.slack.render.kinds.sync_failed import in_a_row, usual_loss_note
from cdi_bot.slack.render.kinds.table import renderer_of
from cdi_bot.slack.render.kit.blocks import Rendered, actions, short_message
from cdi_bot.slack.render.kit.buttons import ack_button, look_buttons
from cdi_bot.slack.render.kit.i18n import Translator
from cdi_bot.slack.render.kit.runs import long_status, run_line, run_sign
from cdi_bot.slack.render.kit.text import bold_subject, date, duration, escape, mentions

EventRenderers = Mapping[type[Content], Callable[[Any, EventView, Translator], Rendered]]
"""What renders a reply or notice, by the type of its content."""


def _failed_again(content: FailedAgain, view: EventView, i18n: Translator) -> Rendered:
    about = _about(view)
    incident = about.incident
    run = view.run or incident.last_failed
    names = {
        "name": bold_subject(about, i18n),
        "state": escape(long_status(run.job_status, i18n)) if run else "",
    }
    if is_usual_loss(incident):
        line = i18n("{name} always loses a few rows. {note}").format(note=usual_loss_note(i18n), **names)
    elif content.after_good:
        line = i18n.counted(
            "{name} failed again after a good run. {state}",
            "{name} failed {count} more times, with a good run in between. {state}",
            content.runs,
            **names,
        )
    else:
        line = i18n.counted(
            "{name} failed again. {state}",
            "{name} failed {count} more times. {state}",
            content.runs,
            **names,
        )
    more = [run_line(run, i18n)] if run else []
    if incident.failed_in_a_row > 1:
        more.append(in_a_row(incident, i18n))
    return short_message(line.rstrip(), *more, sign=run_sign(run))


def _recovered(_content: Recovered, view: EventView, i18n: Translator) -> Rendered:
    """Say that it is over: how long it lasted, how many runs failed, what the good run synced."""
    about = _about(view)
    incident, kind = about.incident, renderer_of(about.incident)
    state = escape(kind.recovery(incident, i18n))
    if incident.integration_id is None:
        return short_message(i18n("{sentence}.").format(sentence=state), sign=kind.recovery_sign(incident))
    line = i18n("{name} – {state}").format(name=bold_subject(about, i18n), state=state)
    good = incident.resolved_by or view.run
    has_ended = good is not None and good.outcome is not Outcome.RUNNING
    still = kind.still_to_do(about, i18n)
    more = [*([run_line(good, i18n)] if good and has_ended else []), *([still] if still else [])]
    row = actions(look_buttons(about.integration, about.dashboard_url, i18n))
    return short_message(line, *more, sign=kind.recovery_sign(incident), row=row)


def _reopened(_content: Reopened, view: EventView, i18n: Translator) -> Rendered:
    about = _about(view)
    incident, kind = about.incident, renderer_of(about.incident)
    line = kind.back(i18n).format(name=bold_subject(about, i18n), state=escape(kind.headline(incident, i18n)))
    run = incident.last_failed
    more = [run_line(run, i18n)] if run and incident.failed_runs else []
    row = actions([ack_button([about], i18n), *look_buttons(about.integration, about.dashboard_url, i18n)])
    called = "\n".join(filter(None, [line, mentions(about.mention)]))
    return short_message(called, *more, came_back(incident, i18n), sign=kind.sign(incident), row=row)


def _still_open(_content: StillOpen, view: EventView, i18n: Translator) -> Rendered:
    about = _about(view)
    incident, kind = about.incident, renderer_of(about.incident)
    line = kind.reminder(i18n).format(
        name=bold_subject(about, i18n), state=escape(kind.headline(incident, i18n))
    )
    since = i18n("Since {when}. Acknowledging it ends these reminders.").format(
        when=date(incident.failing_since)
    )
    usual = incident.usual_length and i18n("Usually takes {length}").format(
        length=duration(incident.usual_length, i18n)
    )
    looks = look_buttons(about.integration, about.dashboard_url, i18n)
    row = actions([ack_button([about], i18n), *looks])
    return short_message(line, *([usual] if usual else []), since, sign=kind.sign(incident), row=row)


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
}
