"""Replies in a card's thread: what happened to its incident, each event once."""

from __future__ import annotations

from cdi_bot.core.model.content import FailedAgain, Recovered, StillOpen
from cdi_bot.core.model.run import Outcome
from cdi_bot.core.model.view import EventView, IncidentView
from cdi_bot.slack.render.kinds.sync_failed import in_a_row
from cdi_bot.slack.render.kinds.table import renderer_of
from cdi_bot.slack.render.kit.blocks import Rendered, actions, short_message
from cdi_bot.slack.render.kit.buttons import ack_button
from cdi_bot.slack.render.kit.i18n import Translator
from cdi_bot.slack.render.kit.runs import long_status, run_line, run_sign
from cdi_bot.slack.render.kit.text import bold_subject, date, duration, escape
from cdi_bot.slack.render.messages.cards import look_buttons


def failed_again(content: FailedAgain, view: EventView, i18n: Translator) -> Rendered:
    """Say that a further run failed, or several since the last message."""
    about = _about(view)
    incident = about.incident
    run = view.run or incident.last_failed
    if content.after_good:
        line = i18n.ngettext(
            "{name} failed again after a good run. {state}",
            "{name} failed {count} more times, with a good run in between. {state}",
            content.runs,
        )
    else:
        line = i18n.ngettext(
            "{name} failed again. {state}", "{name} failed {count} more times. {state}", content.runs
        )
    state = escape(long_status(run.job_status, i18n)) if run else ""
    more = [run_line(run, i18n)] if run else []
    if incident.failed_in_a_row > 1:
        more.append(in_a_row(incident, i18n))
    line = line.format(name=bold_subject(about, i18n), state=state, count=i18n.number(content.runs))
    return short_message(line.rstrip(), *more, sign=run_sign(run))


def recovered(_content: Recovered, view: EventView, i18n: Translator) -> Rendered:
    """Say that it is over: how long it lasted, how many runs failed, what the good run synced."""
    _ = i18n.gettext
    about = _about(view)
    incident, kind = about.incident, renderer_of(about.incident)
    state = escape(kind.recovery(incident, i18n))
    if incident.integration_id is None:
        return short_message(_("{sentence}.").format(sentence=state), sign=kind.recovery_sign(incident))
    line = _("{name} – {state}").format(name=bold_subject(about, i18n), state=state)
    good = incident.resolved_by or view.run
    has_ended = good is not None and good.outcome is not Outcome.RUNNING
    more = [run_line(good, i18n)] if good and has_ended else []
    row = actions(look_buttons(about.integration, about.dashboard_url, i18n))
    return short_message(line, *more, sign=kind.recovery_sign(incident), row=row)


def still_open(_content: StillOpen, view: EventView, i18n: Translator) -> Rendered:
    """Remind of an incident that nobody has acknowledged."""
    _ = i18n.gettext
    about = _about(view)
    incident, kind = about.incident, renderer_of(about.incident)
    line = kind.reminder(i18n).format(
        name=bold_subject(about, i18n), state=escape(kind.headline(incident, i18n))
    )
    since = _("Since {when}. Acknowledging it ends these reminders.").format(
        when=date(incident.failing_since)
    )
    usual = about.usual_length and _("Usually takes {length}").format(
        length=duration(about.usual_length, i18n)
    )
    looks = look_buttons(about.integration, about.dashboard_url, i18n)
    row = actions([ack_button([about], i18n), *looks])
    return short_message(line, *([usual] if usual else []), since, sign=kind.sign(incident), row=row)


def _about(view: EventView) -> IncidentView:
    """Return the incident that a reply is about. Raises ValueError where there is none: that is no reply."""
    if view.incident is None:
        raise ValueError(f"{view.content.what} needs its incident")
    return view.incident
