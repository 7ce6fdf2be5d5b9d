"""The card of one incident: the message that shows in a channel how an integration, or the sight of Braze, stands.

Pure. A card tells the present and is rendered anew with every change; `storms.py` has the card of several incidents.
"""

from __future__ import annotations

from datetime import timedelta

from cdi_bot.core.model.incident import Incident, Kind
from cdi_bot.core.model.run import Run
from cdi_bot.core.rules.quality import QualityReason
from cdi_bot.delivery.views import CardView, IncidentView
from cdi_bot.slack.render.kit.blocks import Block, Rendered, actions, context, fields, section
from cdi_bot.slack.render.kit.buttons import (
    ack_button,
    history_button,
    more_menu,
    open_button,
    snooze_element,
    sync_button,
)
from cdi_bot.slack.render.kit.i18n import Translator
from cdi_bot.slack.render.kit.reasons import braze_advice, reason_text
from cdi_bot.slack.render.kit.statuses import (
    GOOD,
    UNSEEN,
    advice,
    condition_advice,
    headline,
    incident_sign,
    possible_repeat,
    recovery_sign,
    short_status,
    subject,
)
from cdi_bot.slack.render.kit.text import (
    REASON,
    bold_name,
    code,
    date,
    duration,
    escape,
    failed,
    mentions,
    not_told,
    outside,
    synced,
    took,
    user,
)
from cdi_bot.slack.render.messages.grouped_cards import render_grouped_card


def render_card(view: CardView, i18n: Translator) -> Rendered:
    """Say how the incidents of a card stand now."""
    if len(view.incidents) != 1:
        return render_grouped_card(view, i18n)
    one = view.incidents[0]
    blocks = _CARDS[one.incident.kind](one, i18n)
    marks = [*notes(one, i18n), *([possible_repeat(i18n)] if view.possible_repeat else [])]
    return Rendered(
        text=card_line(one, i18n),
        blocks=[*blocks, *([context(*marks)] if marks else []), *card_actions(one, i18n)],
    )


def card_line(view: IncidentView, i18n: Translator) -> str:
    """Say in one line, for notifications, what is with whom."""
    _ = i18n.gettext
    incident = view.incident
    state = headline(incident, i18n) if incident.is_open else recovery_line(incident, i18n)
    if incident.kind is Kind.UNREACHABLE:
        return escape(state)
    return escape(_("{name} – {state}").format(name=subject(view, i18n), state=state))


def recovery_line(incident: Incident, i18n: Translator) -> str:
    """Say in plain text that it is over, how long it lasted and how many runs failed."""
    _ = i18n.gettext
    lasted = duration(incident_length(incident), i18n)
    if incident.kind is Kind.UNREACHABLE:
        return _("Braze answers again after {length}").format(length=lasted)
    if incident.kind is not Kind.SYNC_FAILED:
        return _condition_over(incident, lasted, i18n)
    return i18n.ngettext(
        "Recovered after {length}: {count} run failed",
        "Recovered after {length}: {count} runs failed",
        incident.failed_runs,
    ).format(length=lasted, count=i18n.number(incident.failed_runs))


def _condition_over(incident: Incident, lasted: str, i18n: Translator) -> str:
    """Say what ended a late, slow or quality incident; what the failure of a slow run means is told by another."""
    _ = i18n.gettext
    run = incident.resolved_by
    if incident.kind is Kind.LATE:
        text = _("A run has begun, {length} after its planned time")
        return text.format(length=lasted) if run else _("No longer late: no run is planned any more")
    if incident.kind is Kind.QUALITY:
        if incident.reason == QualityReason.NO_ROWS:
            return _("Rows come again, after {length} without").format(length=lasted)
        return _("The last timestamp synced lies in the past again, after {length}").format(length=lasted)
    if run is None:
        return _("No longer slow: Braze does not tell of this run any more")
    return _("The slow run has ended after {length}: {status}").format(
        length=lasted, status=short_status(run.job_status, i18n)
    )


def incident_length(incident: Incident) -> timedelta:
    """Return how long a resolved incident lasted: from the first failed run's start to the good one's end.

    `failing_since` moves on when a good run stood in between, so the earlier of it and `opened_at` counts.
    """
    good = incident.resolved_by
    if incident.kind is Kind.LATE:
        end = good.sync_start_time if good else incident.resolved_at or incident.opened_at
        return max(end - incident.failing_since, timedelta(0))
    end = (good.sync_finish_time if good else None) or incident.resolved_at or incident.opened_at
    return max(end - min(incident.opened_at, incident.failing_since), timedelta(0))


def card_actions(view: IncidentView, i18n: Translator) -> list[Block]:
    """Return the row of buttons: what can be done while it is open, and what can always be looked at."""
    looks = [history_button(view, i18n), open_button(view, i18n)]
    if not view.incident.is_open:
        return actions(looks)
    acts = [ack_button([view], i18n), snooze_element(view, i18n)]
    more = more_menu(view.integration, i18n) if view.integration else None
    return actions([*acts, *looks[:1], sync_button(view, i18n), *looks[1:], more])


def notes(view: IncidentView, i18n: Translator) -> list[str]:
    """Return who looks after it and who muted it until when, in mrkdwn."""
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
        end = (
            _("💤 Muted here by {who} until {when}").format(who=user(snooze.by), when=date(snooze.until))
            if snooze.until
            else _("💤 Muted here by {who} until it recovers").format(who=user(snooze.by))
        )
        said.append(f"{end}: {outside(snooze.reason, REASON)}" if snooze.reason else end)
    return said


def run_fields(run: Run, i18n: Translator) -> list[tuple[str, str]]:
    """Return what is known of a run, as labels and mrkdwn values."""
    _ = i18n.gettext
    watermark = run.last_timestamp_synced
    return [
        (_("Rows synced"), synced(run, i18n)),
        (_("Rows failed"), failed(run, i18n)),
        (_("Started"), date(run.sync_start_time)),
        (_("Took"), took(run, i18n)),
        (_("Last timestamp synced"), date(watermark) if watermark else not_told(run, i18n)),
    ]


def _head(view: IncidentView, i18n: Translator) -> Block:
    """Say of which integration this is, how it stands, and whom that calls."""
    incident = view.incident
    name = (
        bold_name(view.integration, view.dashboard_url) if view.integration else escape(subject(view, i18n))
    )
    if not incident.is_open:
        state = escape(recovery_line(incident, i18n))
        return section(f"{recovery_sign(incident)} {name}\n{state}")
    lines = [f"{incident_sign(incident)} {name}", escape(headline(incident, i18n))]
    called = mentions(view.mention)
    return section("\n".join([*lines, *([called] if called else [])]))


def _failed_card(view: IncidentView, i18n: Translator) -> list[Block]:
    """Tell of an integration whose runs fail, or failed until now."""
    _ = i18n.gettext
    incident = view.incident
    run = incident.last_failed if incident.is_open else incident.resolved_by
    known = [(_("Integration id"), code(incident.integration_id or "–"))]
    known += run_fields(run, i18n) if run else []
    known += [(_("Failing"), in_a_row(incident, i18n))] if incident.is_open else _before(incident, i18n)
    blocks = [_head(view, i18n), fields(known)]
    if incident.is_open and incident.last_failed:
        todo = advice(incident.last_failed.job_status, i18n)
        blocks.append(_todo(todo, i18n))
    return blocks


def in_a_row(incident: Incident, i18n: Translator) -> str:
    """Say in mrkdwn how many runs failed in a row and since when."""
    return i18n.ngettext(
        "{count} run, since {when}", "{count} runs in a row, since {when}", incident.failed_in_a_row
    ).format(count=i18n.number(incident.failed_in_a_row), when=date(incident.failing_since))


def _before(incident: Incident, i18n: Translator) -> list[tuple[str, str]]:
    """Say what it recovered from, so that a card which comes late tells both."""
    _ = i18n.gettext
    said = [(_("Was failing since"), date(min(incident.opened_at, incident.failing_since)))]
    run = incident.last_failed
    if run:
        story = _("{status}, started {when}, rows failed: {failed}").format(
            status=escape(short_status(run.job_status, i18n)),
            when=date(run.sync_start_time),
            failed=failed(run, i18n),
        )
        said.append((_("Last failed run"), story))
    return said


def _condition_card(view: IncidentView, i18n: Translator) -> list[Block]:
    """Tell of an integration whose planned run has not begun, whose run goes on too long, or whose runs look wrong."""
    incident = view.incident
    known = [
        (i18n.gettext("Integration id"), code(incident.integration_id or "–")),
        *_FACTS[incident.kind](view, i18n),
    ]
    blocks = [_head(view, i18n), fields(known)]
    if incident.is_open:
        blocks.append(_todo(condition_advice(incident, i18n), i18n))
    return blocks


def _late_facts(view: IncidentView, i18n: Translator) -> list[tuple[str, str]]:
    _ = i18n.gettext
    began = view.incident.resolved_by
    known = [(_("Planned for"), date(view.incident.failing_since))]
    return [*known, (_("Started"), date(began.sync_start_time))] if began else known


def _slow_facts(view: IncidentView, i18n: Translator) -> list[tuple[str, str]]:
    _ = i18n.gettext
    ended = view.incident.resolved_by
    known = run_fields(ended, i18n) if ended else [(_("Started"), date(view.incident.failing_since))]
    usual = [(_("Usually takes"), duration(view.usual_length, i18n))] if view.usual_length else []
    status = [(_("Ended in"), escape(short_status(ended.job_status, i18n)))] if ended else []
    return [*status, *known, *usual]


def _quality_facts(view: IncidentView, i18n: Translator) -> list[tuple[str, str]]:
    _ = i18n.gettext
    incident = view.incident
    run = incident.last_failed if incident.is_open else incident.resolved_by
    since = _("No rows since") if incident.reason == QualityReason.NO_ROWS else _("First seen in the run of")
    return [*(run_fields(run, i18n) if run else []), (since, date(incident.failing_since))]


_FACTS = {Kind.LATE: _late_facts, Kind.SLOW: _slow_facts, Kind.QUALITY: _quality_facts}


def _blind_card(view: IncidentView, i18n: Translator) -> list[Block]:
    """Tell that Braze can't be asked, or can again."""
    _ = i18n.gettext
    incident = view.incident
    why = escape(reason_text(incident.reason, i18n))
    since = date(incident.failing_since)
    if not incident.is_open:
        again = _("Braze answers again. I could not see it for {length}, since {when}, because: {reason}.")
        text = again.format(length=duration(incident_length(incident), i18n), when=since, reason=why)
        caught = _("Runs that ended in the meantime are being looked at now.")
        return [section(f"{GOOD} {text}\n{caught}")]
    text = _("I can't see Braze since {when}, because: {reason}.").format(when=since, reason=why)
    rest = _("While this lasts, no news of an integration means nothing: it may be well or failing.")
    called = mentions(view.mention)
    lines = [f"{UNSEEN} *{text}*", rest, *([called] if called else [])]
    todo = braze_advice(incident.reason, i18n)
    return [section("\n".join(lines)), _todo(todo, i18n)]


def _todo(todo: str, i18n: Translator) -> Block:
    title = i18n.gettext("What to do next")
    return section(f"*{title}*\n{todo}")


_CARDS = {Kind.SYNC_FAILED: _failed_card, Kind.UNREACHABLE: _blind_card} | dict.fromkeys(
    _FACTS, _condition_card
)
