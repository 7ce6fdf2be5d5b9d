"""The card of one incident: the message in a channel that shows how an integration is, or whether Braze can be reached.

A card shows the present and is rendered anew with every change; `grouped.py` has the card of several incidents.
"""

from __future__ import annotations

from cdi_bot.core.model.integration import Integration
from cdi_bot.core.model.view import CardView, IncidentView
from cdi_bot.slack.render.kinds.table import renderer_of
from cdi_bot.slack.render.kit.blocks import Block, Rendered, actions, small_print
from cdi_bot.slack.render.kit.buttons import (
    ack_button,
    history_button,
    more_menu,
    open_button,
    snooze_element,
    sync_button,
)
from cdi_bot.slack.render.kit.i18n import Translator
from cdi_bot.slack.render.kit.text import date, escape, repeat_note, snooze_text, subject, user


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
