"""The card of one incident: the message that shows in a channel how an integration, or the sight of Braze, stands.

Pure. A card tells the present and is rendered anew with every change; `storms.py` has the card of several incidents.
"""

from __future__ import annotations

from datetime import timedelta

from cdi_bot.core.model.incident import Incident, Kind
from cdi_bot.core.model.run import Run
from cdi_bot.core.model.view import CardView, IncidentView
from cdi_bot.core.rules.quality import QualityReason
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


def render_card(view: CardView, words: Translator) -> Rendered:
    """Say how the incidents of a card stand now."""
    if len(view.incidents) != 1:
        return render_grouped_card(view, words)
    one = view.incidents[0]
    blocks = _CARDS[one.incident.kind](one, words)
    marks = [*notes(one, words), *([possible_repeat(words)] if view.possible_repeat else [])]
    return Rendered(
        text=card_line(one, words),
        blocks=[*blocks, *([context(*marks)] if marks else []), *card_actions(one, words)],
    )


def card_line(view: IncidentView, words: Translator) -> str:
    """Say in one line, for notifications, what is with whom."""
    _ = words.gettext
    incident = view.incident
    state = headline(incident, words) if incident.is_open else recovery_line(incident, words)
    if incident.kind is Kind.BLIND:
        return escape(state)
    return escape(_("{name} – {state}").format(name=subject(view, words), state=state))


def recovery_line(incident: Incident, words: Translator) -> str:
    """Say in plain text that it is over, how long it lasted and how many runs failed."""
    _ = words.gettext
    lasted = duration(incident_length(incident), words)
    if incident.kind is Kind.BLIND:
        return _("Braze answers again after {length}").format(length=lasted)
    if incident.kind is not Kind.SYNC_FAILED:
        return _condition_over(incident, lasted, words)
    return words.ngettext(
        "Recovered after {length}: {count} run failed",
        "Recovered after {length}: {count} runs failed",
        incident.failed_runs,
    ).format(length=lasted, count=words.number(incident.failed_runs))


def _condition_over(incident: Incident, lasted: str, words: Translator) -> str:
    """Say what ended a late, slow or quality incident; what the failure of a slow run means is told by another."""
    _ = words.gettext
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
        length=lasted, status=short_status(run.job_status, words)
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


def card_actions(view: IncidentView, words: Translator) -> list[Block]:
    """Return the row of buttons: what can be done while it is open, and what can always be looked at."""
    looks = [history_button(view, words), open_button(view, words)]
    if not view.incident.is_open:
        return actions(looks)
    acts = [ack_button([view], words), snooze_element(view, words)]
    more = more_menu(view.integration, words) if view.integration else None
    return actions([*acts, *looks[:1], sync_button(view, words), *looks[1:], more])


def notes(view: IncidentView, words: Translator) -> list[str]:
    """Return who looks after it and who muted it until when, in mrkdwn."""
    _ = words.gettext
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


def run_fields(run: Run, words: Translator) -> list[tuple[str, str]]:
    """Return what is known of a run, as labels and mrkdwn values."""
    _ = words.gettext
    watermark = run.last_timestamp_synced
    return [
        (_("Rows synced"), synced(run, words)),
        (_("Rows failed"), failed(run, words)),
        (_("Started"), date(run.sync_start_time)),
        (_("Took"), took(run, words)),
        (_("Last timestamp synced"), date(watermark) if watermark else not_told(run, words)),
    ]


def _head(view: IncidentView, words: Translator) -> Block:
    """Say of which integration this is, how it stands, and whom that calls."""
    incident = view.incident
    name = (
        bold_name(view.integration, view.dashboard_url) if view.integration else escape(subject(view, words))
    )
    if not incident.is_open:
        state = escape(recovery_line(incident, words))
        return section(f"{recovery_sign(incident)} {name}\n{state}")
    lines = [f"{incident_sign(incident)} {name}", escape(headline(incident, words))]
    called = mentions(view.mention)
    return section("\n".join([*lines, *([called] if called else [])]))


def _failed_card(view: IncidentView, words: Translator) -> list[Block]:
    """Tell of an integration whose runs fail, or failed until now."""
    _ = words.gettext
    incident = view.incident
    run = incident.last_failed if incident.is_open else incident.resolved_by
    known = [(_("Integration id"), code(incident.integration_id or "–"))]
    known += run_fields(run, words) if run else []
    known += [(_("Failing"), in_a_row(incident, words))] if incident.is_open else _before(incident, words)
    blocks = [_head(view, words), fields(known)]
    if incident.is_open and incident.last_failed:
        todo = advice(incident.last_failed.job_status, words)
        blocks.append(_todo(todo, words))
    return blocks


def in_a_row(incident: Incident, words: Translator) -> str:
    """Say in mrkdwn how many runs failed in a row and since when."""
    return words.ngettext(
        "{count} run, since {when}", "{count} runs in a row, since {when}", incident.failed_in_a_row
    ).format(count=words.number(incident.failed_in_a_row), when=date(incident.failing_since))


def _before(incident: Incident, words: Translator) -> list[tuple[str, str]]:
    """Say what it recovered from, so that a card which comes late tells both."""
    _ = words.gettext
    said = [(_("Was failing since"), date(min(incident.opened_at, incident.failing_since)))]
    run = incident.last_failed
    if run:
        story = _("{status}, started {when}, rows failed: {failed}").format(
            status=escape(short_status(run.job_status, words)),
            when=date(run.sync_start_time),
            failed=failed(run, words),
        )
        said.append((_("Last failed run"), story))
    return said


def _condition_card(view: IncidentView, words: Translator) -> list[Block]:
    """Tell of an integration whose planned run has not begun, whose run goes on too long, or whose runs look wrong."""
    incident = view.incident
    known = [
        (words.gettext("Integration id"), code(incident.integration_id or "–")),
        *_FACTS[incident.kind](view, words),
    ]
    blocks = [_head(view, words), fields(known)]
    if incident.is_open:
        blocks.append(_todo(condition_advice(incident, words), words))
    return blocks


def _late_facts(view: IncidentView, words: Translator) -> list[tuple[str, str]]:
    _ = words.gettext
    began = view.incident.resolved_by
    known = [(_("Planned for"), date(view.incident.failing_since))]
    return [*known, (_("Started"), date(began.sync_start_time))] if began else known


def _slow_facts(view: IncidentView, words: Translator) -> list[tuple[str, str]]:
    _ = words.gettext
    ended = view.incident.resolved_by
    known = run_fields(ended, words) if ended else [(_("Started"), date(view.incident.failing_since))]
    usual = [(_("Usually takes"), duration(view.usual_length, words))] if view.usual_length else []
    status = [(_("Ended in"), escape(short_status(ended.job_status, words)))] if ended else []
    return [*status, *known, *usual]


def _quality_facts(view: IncidentView, words: Translator) -> list[tuple[str, str]]:
    _ = words.gettext
    incident = view.incident
    run = incident.last_failed if incident.is_open else incident.resolved_by
    since = _("No rows since") if incident.reason == QualityReason.NO_ROWS else _("First seen in the run of")
    return [*(run_fields(run, words) if run else []), (since, date(incident.failing_since))]


_FACTS = {Kind.LATE: _late_facts, Kind.SLOW: _slow_facts, Kind.QUALITY: _quality_facts}


def _blind_card(view: IncidentView, words: Translator) -> list[Block]:
    """Tell that Braze can't be asked, or can again."""
    _ = words.gettext
    incident = view.incident
    why = escape(reason_text(incident.reason, words))
    since = date(incident.failing_since)
    if not incident.is_open:
        again = _("Braze answers again. I could not see it for {length}, since {when}, because: {reason}.")
        text = again.format(length=duration(incident_length(incident), words), when=since, reason=why)
        caught = _("Runs that ended in the meantime are being looked at now.")
        return [section(f"{GOOD} {text}\n{caught}")]
    text = _("I can't see Braze since {when}, because: {reason}.").format(when=since, reason=why)
    rest = _("While this lasts, no news of an integration means nothing: it may be well or failing.")
    called = mentions(view.mention)
    lines = [f"{UNSEEN} *{text}*", rest, *([called] if called else [])]
    todo = braze_advice(incident.reason, words)
    return [section("\n".join(lines)), _todo(todo, words)]


def _todo(todo: str, words: Translator) -> Block:
    title = words.gettext("What to do next")
    return section(f"*{title}*\n{todo}")


_CARDS = {Kind.SYNC_FAILED: _failed_card, Kind.BLIND: _blind_card} | dict.fromkeys(_FACTS, _condition_card)
