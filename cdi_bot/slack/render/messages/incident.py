"""One incident: its card, which is the message in a channel that shows how things are, and the replies in its thread.

A card shows the present and is rendered anew with every change; a reply says what happened, once. `grouped.py` has
both for several incidents.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from cdi_bot.core.model.integration import Integration
from cdi_bot.core.model.message import Content, FailedAgain, Recovered, StillOpen
from cdi_bot.core.model.run import Outcome
from cdi_bot.delivery.views import CardView, EventView, IncidentView
from cdi_bot.slack.render.kinds.sync_failed import in_a_row
from cdi_bot.slack.render.kinds.table import renderer_of
from cdi_bot.slack.render.kit.blocks import Block, Rendered, actions, short_message, small_print
from cdi_bot.slack.render.kit.buttons import (
    ack_button,
    history_button,
    more_menu,
    open_button,
    snooze_element,
    sync_button,
)
from cdi_bot.slack.render.kit.i18n import Translator
from cdi_bot.slack.render.kit.runs import long_status, run_line, run_sign
from cdi_bot.slack.render.kit.text import (
    bold_subject,
    date,
    duration,
    escape,
    repeat_note,
    snooze_text,
    subject,
    user,
)

EventRenderers = Mapping[type[Content], Callable[[Any, EventView, Translator], Rendered]]
"""What renders a reply or notice, by the type of its content."""


def render_card(view: CardView, i18n: Translator) -> Rendered:
    """Say how the one incident of a card stands now."""
    (one,) = view.incidents
    blocks = renderer_of(one.incident).card(one, i18n)
    notes = [*_notes(one, i18n), *repeat_note(i18n, possible=view.possible_repeat)]
    return Rendered(
        text=_text(one, i18n),
        blocks=[*blocks, *small_print(notes), *_buttons(one, i18n)],
    )


def _text(view: IncidentView, i18n: Translator) -> str:
    """Say in one line, for notifications, what happened to which integration."""
    _ = i18n.gettext
    incident, kind = view.incident, renderer_of(view.incident)
    state = kind.headline(incident, i18n) if incident.is_open else kind.recovery(incident, i18n)
    if incident.integration_id is None:
        return escape(state)
    return escape(_("{name} – {state}").format(name=subject(view, i18n), state=state))


def _notes(view: IncidentView, i18n: Translator) -> list[str]:
    """Say in mrkdwn who acknowledged it, and who snoozed it until when."""
    _ = i18n.gettext
    incident, snooze = view.incident, view.snooze
    said = []
    if incident.acknowledged_by and incident.acknowledged_at:
        said.append(
            _("👀 Acknowledged by {who}, {when}").format(
                who=user(incident.acknowledged_by), when=date(incident.acknowledged_at)
            )
        )
    if snooze and incident.is_open:
        until = _("💤 Muted here by {who} until {when}")
        until_recovery = _("💤 Muted here by {who} until it recovers")
        said.append(snooze_text(snooze, until if snooze.until else until_recovery))
    return said


def _buttons(view: IncidentView, i18n: Translator) -> list[Block]:
    """Return the row of buttons: what can be done while it is open, and what can always be looked at."""
    looks = look_buttons(view.integration, view.dashboard_url, i18n)
    if not view.incident.is_open:
        return actions(looks)
    acts = [ack_button([view], i18n), snooze_element(view, i18n)]
    more = more_menu(view.integration, i18n) if view.integration else None
    return actions([*acts, *looks[:1], sync_button(view, i18n), *looks[1:], more])


def look_buttons(integration: Integration | None, url: str | None, i18n: Translator) -> list[Block | None]:
    """Return the buttons that show an integration's runs, here and in Braze; none where nobody knows it."""
    if integration is None:
        return []
    return [history_button(integration, i18n), open_button(integration, url, i18n)]


# --------------------------------------------------------------------------------- replies


def _failed_again(content: FailedAgain, view: EventView, i18n: Translator) -> Rendered:
    """Say that a further run failed, or several since the last message."""
    about = _about(view)
    incident = about.incident
    run = view.run or incident.last_failed
    names = {
        "name": bold_subject(about, i18n),
        "state": escape(long_status(run.job_status, i18n)) if run else "",
    }
    if content.after_good:
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


def _still_open(_content: StillOpen, view: EventView, i18n: Translator) -> Rendered:
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


REPLIES: EventRenderers = {FailedAgain: _failed_again, Recovered: _recovered, StillOpen: _still_open}
