"""Escalations: what a card says of them, what a channel is told, and what somebody is answered who sets one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from cdi_bot.core.model.escalation import Escalated, EscalationBroken, EscalationChanged
from cdi_bot.delivery.views import EscalationView, EventView, IncidentView
from cdi_bot.slack.render.kinds.table import renderer_of
from cdi_bot.slack.render.kit.blocks import Rendered, Renderers, actions, short_message
from cdi_bot.slack.render.kit.buttons import ack_button, look_buttons
from cdi_bot.slack.render.kit.i18n import Translator
from cdi_bot.slack.render.kit.people import called
from cdi_bot.slack.render.kit.reasons import channel_problem
from cdi_bot.slack.render.kit.text import bold_subject, channel, date, duration, escape, link, user
from cdi_bot.usecases.change_answers import A_BOT, SAME_CHANNEL, BadTarget, EscalationSet

SIGN = "⏫"


def target_name(target: str) -> str:
    """Name in mrkdwn a channel or a person by the id."""
    return user(target) if target.startswith(("U", "W")) else channel(target)


def escalation_text(after: timedelta | None, to: str | None, i18n: Translator) -> str:
    """Say in mrkdwn where a channel's incidents go that nobody acknowledges."""
    if after is None or to is None:
        return i18n("Incidents of this channel are not escalated.")
    text = i18n("Incidents here that nobody acknowledges within {length} go to {target}.")
    return text.format(length=duration(after, i18n), target=target_name(to))


def escalation_hint(to: str | None, i18n: Translator) -> str:
    """Say in mrkdwn how to end the escalation, or how to set one."""
    if to:
        return i18n("`/cdi escalate off` ends it.")
    return i18n("`/cdi escalate after:30m to:#channel` sets it.")


def target_trouble(target: str, reason: str, i18n: Translator) -> str:
    """Say in mrkdwn that nothing can be escalated there, and why."""
    text = i18n("⚠️ I can't escalate to {target}: {reason}.")
    return text.format(target=target_name(target), reason=escape(_problem(reason, i18n)))


def _problem(reason: str, i18n: Translator) -> str:
    known = {
        SAME_CHANNEL: i18n("that is this channel"),
        A_BOT: i18n("that is an app, not a person"),
        "cannot_dm_bot": i18n("that is an app, not a person"),
        "user_not_found": i18n("this person doesn't exist"),
        "user_disabled": i18n("that person has left"),
    }
    return known.get(reason) or channel_problem(reason, i18n)


def _advice(reason: str, i18n: Translator) -> str:
    other = i18n("Choose another one: `/cdi escalate to:#channel` or `to:@who`.")
    if reason not in {"not_in_channel", "channel_not_found"}:
        return other
    return i18n.sentences([i18n("Type `/invite @cdi-bot` there."), other])


# --------------------------------------------------------------------------------- on cards


def escalation_notes(views: Sequence[IncidentView], i18n: Translator) -> list[str]:
    """Say in mrkdwn from where the incidents of a card came, or where they went; the same once."""
    said = [_note(each, i18n) for view in views for each in view.escalations]
    return list(dict.fromkeys(said))


def _note(view: EscalationView, i18n: Translator) -> str:
    if not view.to_here:
        text = i18n("⏫ Escalated to {target}, {when}")
        return text.format(target=target_name(view.target), when=date(view.at))
    text = i18n("⏫ Escalated from {origin}, {when}: nobody had acknowledged it there")
    note = text.format(origin=channel(view.origin), when=date(view.at))
    shown = link(view.url, i18n("Open the alert"))
    return f"{note} · {shown}" if view.url else note


def escalated_line(view: IncidentView, line: str, i18n: Translator) -> str:
    """Say before the line for notifications that it was escalated, where that is why it is shown."""
    origin = next((each.origin for each in view.escalations if each.to_here), None)
    if origin is None or not view.only_escalated or not view.incident.is_open:
        return line
    return i18n("Escalated from {origin}: {line}").format(origin=channel(origin), line=line)


def escalated(content: Escalated, view: EventView, i18n: Translator) -> Rendered:
    """Tell a channel that has a card already that nobody acknowledged the incident elsewhere."""
    about = view.incident
    if about is None:
        raise ValueError("an escalation needs its incident")
    kind = renderer_of(about.incident)
    line = i18n("{name} – {state}").format(
        name=bold_subject(about, i18n), state=escape(kind.headline(about.incident, i18n))
    )
    line = " ".join(filter(None, [line, called(about, content.what)]))
    why = i18n("Escalated from {origin}: nobody has acknowledged it there.")
    row = actions([ack_button([about], i18n), *look_buttons(about.integration, about.dashboard_url, i18n)])
    return short_message(line, why.format(origin=channel(content.origin)), sign=SIGN, row=row)


# --------------------------------------------------------------------------------- notices and answers


def escalation_changed(content: EscalationChanged, _view: EventView, i18n: Translator) -> Rendered:
    """Tell the channel who set it."""
    if content.to is None:
        line = i18n("{who} turned off this channel's escalation").format(who=user(content.who))
    else:
        line = i18n(
            "{who} turned on escalation: incidents here that nobody acknowledges within {length} go to {target}"
        ).format(
            who=user(content.who),
            length=duration(timedelta(seconds=content.after), i18n),
            target=target_name(content.to),
        )
    return short_message(line, sign=SIGN)


def escalation_broken(content: EscalationBroken, _view: EventView, i18n: Translator) -> Rendered:
    """Tell the channel that its incidents can't be escalated any more."""
    return short_message(
        target_trouble(content.target, content.reason, i18n), second=_advice(content.reason, i18n)
    )


def _escalation_set(answer: EscalationSet, i18n: Translator) -> Rendered:
    return short_message(escalation_text(answer.after, answer.to, i18n), escalation_hint(answer.to, i18n))


def _bad_target(answer: BadTarget, i18n: Translator) -> Rendered:
    return short_message(
        target_trouble(answer.target.channel_id, answer.reason, i18n), second=_advice(answer.reason, i18n)
    )


RENDERERS: Renderers = {EscalationSet: _escalation_set, BadTarget: _bad_target}
