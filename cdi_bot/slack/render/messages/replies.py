"""Replies in a card's thread: what happened along the way, each told once. Pure."""

from __future__ import annotations

from cdi_bot.core.model.content import FailedAgain, Recovered, StillOpen
from cdi_bot.core.model.incident import Kind
from cdi_bot.core.model.run import Outcome, Run
from cdi_bot.delivery.views import EventView, IncidentView
from cdi_bot.slack.render.kit.blocks import Block, Rendered, actions, context, section
from cdi_bot.slack.render.kit.buttons import ack_button, history_button, open_button
from cdi_bot.slack.render.kit.i18n import Translator
from cdi_bot.slack.render.kit.statuses import (
    GOOD,
    headline,
    incident_sign,
    long_status,
    recovery_sign,
    run_sign,
    subject,
)
from cdi_bot.slack.render.kit.text import (
    bold_name,
    date,
    duration,
    escape,
    failed,
    outside,
    plain_line,
    synced,
    took,
)
from cdi_bot.slack.render.messages.cards import in_a_row, recovery_line


def one_line(mark: str, line: str, *more: str, row: list[Block] | None = None) -> Rendered:
    """Return a message of one main line of mrkdwn, small print, and buttons."""
    blocks = [section(f"{mark} {line}" if mark else line)]
    if more:
        blocks.append(context(*more))
    return Rendered(text=plain_line(line), blocks=[*blocks, *(row or [])])


def bold_subject(view: EventView, integration_id: str, i18n: Translator) -> str:
    """Name in mrkdwn the integration that a message is about."""
    of = view.integration or (view.incident.integration if view.incident else None)
    url = view.dashboard_url or (view.incident.dashboard_url if view.incident else None)
    if of is None:
        shown = subject(view.incident, i18n) if view.incident else integration_id
        return f"*{outside(shown)}*"
    return bold_name(of, url)


def run_line(run: Run, i18n: Translator) -> str:
    """Say in one line of mrkdwn what a run did, and when."""
    _ = i18n.gettext
    return _("Started {start}, took {took}. Rows synced: {synced}, failed: {failed}.").format(
        start=date(run.sync_start_time),
        took=took(run, i18n),
        synced=synced(run, i18n),
        failed=failed(run, i18n),
    )


def failed_again(content: FailedAgain, view: EventView, i18n: Translator) -> Rendered:
    """Tell that a further run failed, or several since the last word."""
    incident = _incident(view).incident
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
    line = line.format(name=bold_subject(view, "", i18n), state=state, count=i18n.number(content.runs))
    return one_line(run_sign(run), line.rstrip(), *more)


def recovered(_content: Recovered, view: EventView, i18n: Translator) -> Rendered:
    """Tell that it is over: how long it lasted, how many runs failed, what the good run brought."""
    _ = i18n.gettext
    about = _incident(view)
    state = recovery_line(about.incident, i18n)
    if about.incident.kind is Kind.UNREACHABLE:
        return one_line(GOOD, _("{sentence}.").format(sentence=state))
    line = _("{name} – {state}").format(name=bold_subject(view, "", i18n), state=state)
    good = about.incident.resolved_by or view.run
    is_told = good is not None and good.outcome is not Outcome.RUNNING  # which has only begun
    more = [run_line(good, i18n)] if good and is_told else []
    return one_line(recovery_sign(about.incident), line, *more, row=actions(_looks(about, i18n)))


def still_open(_content: StillOpen, view: EventView, i18n: Translator) -> Rendered:
    """Remind of an incident that nobody looks after."""
    _ = i18n.gettext
    about = _incident(view)
    incident = about.incident
    if incident.kind is Kind.UNREACHABLE:
        line = _("I still can't see. {state}")
    elif incident.kind is Kind.LATE:
        line = _("{name} is still late, and nobody has acknowledged it. {state}")
    elif incident.kind is Kind.SLOW:
        line = _("{name} is still slow, and nobody has acknowledged it. {state}")
    elif incident.kind is Kind.QUALITY:
        line = _("{name} still looks wrong, and nobody has acknowledged it. {state}")
    else:
        line = _("{name} is still failing, and nobody has acknowledged it. {state}")
    line = line.format(name=bold_subject(view, "", i18n), state=escape(headline(incident, i18n)))
    since = _("Since {when}. Acknowledging it ends these reminders.").format(
        when=date(incident.failing_since)
    )
    usual = about.usual_length and _("Usually takes {length}").format(
        length=duration(about.usual_length, i18n)
    )
    row = actions([ack_button([about], i18n), *_looks(about, i18n)])
    return one_line(incident_sign(incident), line, *([usual] if usual else []), since, row=row)


def _incident(view: EventView) -> IncidentView:
    """Return the incident that a reply is about. Raises ValueError where there is none: that is no reply."""
    if view.incident is None:
        raise ValueError(f"{view.content.what} needs its incident")
    return view.incident


def _looks(view: IncidentView, i18n: Translator) -> list[Block | None]:
    return [history_button(view, i18n), open_button(view, i18n)]
