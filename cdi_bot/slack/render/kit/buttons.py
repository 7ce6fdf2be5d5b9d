"""The buttons under messages, and what they carry: `handlers/actions.py` reads it by the same action ids. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from itertools import accumulate
from typing import Any

from pydantic import TypeAdapter, ValidationError

from cdi_bot.core.commands.parser import BY_COMMAND, BY_WORD, about_integration
from cdi_bot.core.commands.specification import Command, Suggestion
from cdi_bot.core.model.channel import Channel
from cdi_bot.core.model.incident import EXPECTABLE, NOBODY, Expected, Incident
from cdi_bot.core.model.integration import Integration
from cdi_bot.core.model.spike import Spike
from cdi_bot.core.model.subscription import Selection, Snooze, Subscription
from cdi_bot.delivery.views import IncidentView
from cdi_bot.slack.render.kit.advice import Effect, effect_of, sync_warning
from cdi_bot.slack.render.kit.blocks import (
    Block,
    as_value,
    button,
    confirmation,
    overflow,
    select,
    url_button,
)
from cdi_bot.slack.render.kit.i18n import Translator
from cdi_bot.slack.render.kit.limits import BUTTON_VALUE
from cdi_bot.slack.render.kit.text import SHORT_ID, SHORT_NAME, name_of, plain, subject


def ack_button(
    views: Sequence[IncidentView], i18n: Translator, *, action_id: str = "ack", **carried: object
) -> Block | None:
    """Acknowledge all of these that are open and not yet acknowledged; `None` when there is none.

    Of very many, as many as a button can carry: the card then offers the rest.
    """
    open_ids = [
        view.incident.incident_id
        for view in views
        if view.incident.is_open and view.incident.acknowledged_by is None
    ]
    if not open_ids:
        return None
    ids = _as_many_as_fit(open_ids)
    if len(views) == 1:
        label = i18n("Acknowledge")
        says = _spoken(label, subject(views[0], i18n), i18n)
    elif len(ids) == len(open_ids):
        label = says = i18n("Acknowledge all")
    else:
        label = says = i18n("Acknowledge {count}").format(count=i18n.number(len(ids)))
    return button(label, action_id, {"incidents": ids, **carried}, says=says, style="primary")


def unack_button(
    views: Sequence[IncidentView], i18n: Translator, *, action_id: str = "unack", **carried: object
) -> Block | None:
    """Take back that somebody is on those of these that are open; `None` where nobody is on any."""
    ids = _as_many_as_fit(
        [
            view.incident.incident_id
            for view in views
            if view.incident.is_open and view.incident.acknowledged_by is not None
        ]
    )
    if not ids:
        return None
    label = says = i18n("Unacknowledge") if len(views) == 1 else i18n("Unacknowledge all")
    if len(views) == 1:
        says = _spoken(label, subject(views[0], i18n), i18n)
    return button(label, action_id, {"incidents": ids, "to": NOBODY, **carried}, says=says)


def expected_button(
    incident: Incident | None, integration: Integration | None, i18n: Translator
) -> Block | None:
    """Return the button that says that an incident was expected; `None` where it does not rest on what is usual."""
    if (
        incident is None
        or integration is None
        or incident.measured is None
        or incident.reason not in EXPECTABLE
    ):
        return None
    carried = {"workspace": incident.workspace_id, "incident": incident.incident_id}
    return _about(i18n("Expected"), "expected", carried, integration, i18n)


def take_back_button(view: IncidentView, i18n: Translator) -> Block | None:
    """Return the button that takes back that an incident was expected; `None` where nobody says so."""
    if (
        view.integration is None
        or not view.is_expected
        or view.expected is None
        or view.expected.taken_back_by
    ):
        return None
    carried = {"workspace": view.incident.workspace_id, "incident": view.incident.incident_id}
    return _about(i18n("Take back"), "take_back", carried, view.integration, i18n)


def spike_button(
    spike: Spike, integration: Integration, expected: Expected | None, i18n: Translator
) -> Block | None:
    """Return the button that says of a spike that it was expected, or takes that back."""
    carried = {
        "workspace": spike.workspace_id,
        "id": spike.integration_id,
        "start": spike.run_start.isoformat(),
        "rows": spike.rows,
        "usual": spike.usual,
        "magnitude": spike.magnitude,
    }
    if expected is None or expected.taken_back_by:
        return _about(i18n("Expected"), "expected", carried, integration, i18n)
    return _about(i18n("Take back"), "take_back", carried, integration, i18n)


def switch_off_button(integration: Integration, reason: str, i18n: Translator) -> Block | None:
    """Return the button that ends the alerts of a reason in the channel it stands in."""
    carried = carried_integration(integration) | {"reason": reason}
    return _about(i18n("Stop these alerts here"), "switch_off", carried, integration, i18n)


def _as_many_as_fit(ids: Sequence[int]) -> list[int]:
    """Return the first ids, as many as the value of a button holds."""
    room = BUTTON_VALUE - len(as_value({"incidents": [], "to": NOBODY}))
    lengths = accumulate(len(str(one)) + 1 for one in ids)
    return [one for one, length in zip(ids, lengths, strict=True) if length <= room]


def carried_integration(integration: Integration) -> dict[str, Any]:
    """Return what a button about an integration carries: ids are unique only within a Braze workspace."""
    return {"workspace": integration.workspace_id, "id": integration.integration_id}


def unsnooze_button(
    snooze: Snooze,
    name: str,
    i18n: Translator,
    *,
    action_id: str = "unsnooze",
    place: Channel | None = None,
) -> Block | None:
    """Return the button that ends a snooze: in the channel it stands in, or in another `place`."""
    carried = {"snooze": snooze.snooze_id} | ({"in": place.channel_id} if place else {})
    label = i18n("End snooze")
    return button(label, action_id, carried, says=_spoken(label, plain(name), i18n))


def end_snooze_button(
    snooze: Snooze, integration: Integration, i18n: Translator, *, action_id: str
) -> Block | None:
    """Return the button that ends the snooze of one integration; one of several is ended in the list."""
    if not snooze.is_of_one:
        return snoozes_button(i18n)
    carried = carried_integration(integration) | {"snooze": snooze.snooze_id}
    return _about(i18n("End snooze"), action_id, carried, integration, i18n)


def snoozes_button(i18n: Translator) -> Block | None:
    """Return the button that lists what is snoozed in the channel it stands in."""
    label = i18n("Snoozes…")
    return button(label, "snoozes", {}, says=label)


def snooze_select(integration: Integration, i18n: Translator, *, action_id: str = "snooze") -> Block | None:
    """Return the menu of how long to snooze an integration."""
    choices = {
        "1h": i18n("for 1 hour"),
        "4h": i18n("for 4 hours"),
        "tomorrow": i18n("until tomorrow 9:00"),
        "recovery": i18n("until recovery"),
    }
    return select(
        i18n("Snooze…"),
        action_id,
        [(label, carried_integration(integration) | {"for": key}) for key, label in choices.items()],
    )


def history_button(integration: Integration, i18n: Translator, *, action_id: str = "history") -> Block | None:
    """Return the button that shows an integration's runs."""
    carried = carried_integration(integration) | {"offset": 0}
    return _about(i18n("History"), action_id, carried, integration, i18n)


def sync_button(integration: Integration, i18n: Translator, *, asks: bool = True) -> Block | None:
    """Return the button that starts a sync of this integration; it warns of what can't be undone.

    It asks first (`asks`), unless it is the answer to that question itself.
    """
    warning = sync_warning(integration, i18n)
    labels = {
        Effect.DELETES_USERS: i18n("Delete users"),
        Effect.MESSAGES_CUSTOMERS: i18n("Message customers"),
    }
    label = labels.get(effect_of(integration))
    shown = i18n("Sync now") if asks else label or i18n("Sync now")
    question = confirmation(
        title=i18n("Sync now?"),
        text="\n".join(filter(None, (name_of(integration), warning))),
        confirm=label or i18n("Sync now"),
        deny=i18n("Cancel"),
        is_dangerous=label is not None,
    )
    return _about(
        shown,
        "sync" if asks else "confirm_sync",
        carried_integration(integration),
        integration,
        i18n,
        style="danger" if label and not asks else None,
        confirm=question if asks else None,
    )


def open_button(
    integration: Integration, url: str | None, i18n: Translator, *, action_id: str = "open_in_braze"
) -> Block | None:
    """Return the button that opens an integration in Braze's dashboard."""
    label = i18n("Open in Braze")
    return url_button(label, action_id, url, says=_spoken(label, name_of(integration), i18n))


def look_buttons(integration: Integration | None, url: str | None, i18n: Translator) -> list[Block | None]:
    """Return the buttons that show an integration's runs, here and in Braze; none where nobody knows it."""
    if integration is None:
        return []
    return [history_button(integration, i18n), open_button(integration, url, i18n)]


def choose_button(
    integration: Integration, place: int, command: Command | None, *, with_id: bool = False
) -> Block | None:
    """Return the button that carries out a command about this one of the integrations that were meant."""
    label = name_of(integration, SHORT_NAME)
    if with_id:
        label = f"{label} ({plain(integration.integration_id)[:SHORT_ID]})"
    return button(label, f"pick:{place}", write_command(about_integration(command, integration)), says=label)


def _about(
    label: str,
    action_id: str,
    carried: dict[str, Any],
    integration: Integration,
    i18n: Translator,
    *,
    style: str | None = None,
    confirm: Block | None = None,
) -> Block | None:
    """Return a button about an integration, which is named to people who can't see what is beside it."""
    says = _spoken(label, name_of(integration), i18n)
    return button(label, action_id, carried, says=says, style=style, confirm=confirm)


def _spoken(label: str, name: str, i18n: Translator) -> str:
    """Return the label for screen readers: it begins with what is seen."""
    return i18n("{label}: {name}").format(label=label, name=name)


def suggestion_button(
    suggestion: Suggestion, place: int, i18n: Translator, *, is_dangerous: bool
) -> Block | None:
    """Return the button that carries out a command that may have been meant, or that was asked about."""
    label = i18n("Unsubscribe") if is_dangerous else suggestion.text
    says = f"{label}: {suggestion.text.partition(' ')[2]}" if is_dangerous else label
    style = "danger" if is_dangerous else None
    return button(plain(label), f"pick:{place}", write_command(suggestion.command), says=says, style=style)


def write_command(command: Command) -> dict[str, Any]:
    """Return a command as a button carries it: its word, and those of its fields that say something."""
    word = BY_COMMAND[type(command)].word
    return {"command": word, **_adapter(word).dump_python(command, mode="json", exclude_defaults=True)}


def read_command(carried: dict[str, Any]) -> Command | None:
    """Return the command that a button carries; `None` where it can't be read, as when another version wrote it."""
    specification = BY_WORD.get(str(carried.get("command")))
    if specification is None:
        return None
    try:
        return _adapter(specification.word).validate_python(carried)
    except ValidationError:
        return None


@cache
def _adapter(word: str) -> TypeAdapter[Command]:
    return TypeAdapter(BY_WORD[word].command)


def subscribe_button(i18n: Translator, *, style: str | None = None) -> Block | None:
    """Return the button that opens the form for a new subscription of the channel that it stands in."""
    label = i18n("Subscribe…")
    return button(label, "form_new", {}, says=label, style=style)


def change_button(
    subscription: Subscription, name: str | None, i18n: Translator, *, place: int
) -> Block | None:
    """Return the button that opens the form for a subscription; it carries the channel too, for Home."""
    carried = {"channel": subscription.channel.channel_id, "subscription": subscription.subscription_id}
    label = i18n("Change…")
    says = _spoken(label, name or subscription.selector, i18n)
    return button(label, f"form_change:{place}", carried, says=says)


def settings_button(
    i18n: Translator, workspace_id: int | None = None, what: Selection | None = None, *, place: int = 0
) -> Block | None:
    """Return the button that opens the form for owner, runbook and critical: of one selector, or (`None`) of any."""
    if what is None:
        label = i18n("Owners and runbooks…")
        return button(label, "integration_form", {}, says=label)
    label, carried = i18n("Change…"), {"workspace": workspace_id, "selector": what.selector}
    return button(label, f"integration_form:{place}", carried, says=_spoken(label, what.typed, i18n))


def more_menu(view: IncidentView, i18n: Translator, *, with_history: bool) -> Block | None:
    """Return the menu of a card; `None` where the id is longer than Slack takes, or nobody knows the integration.

    Slack asks one question for all of a menu, so a sync is confirmed in an answer, as that of the command is.
    """
    if view.integration is None:
        return None
    choices: list[tuple[str, dict[str, str | int]]] = []
    if with_history:
        choices.append((i18n("History"), {"do": "history"}))
    if view.snooze and view.snooze.is_of_one:
        choices.append((i18n("End snooze"), {"do": "unsnooze", "snooze": view.snooze.snooze_id}))
    elif view.snooze:
        choices.append((i18n("Snoozes…"), {"do": "snoozes"}))
    else:
        choices.append((i18n("Snooze for 4 hours"), {"do": "snooze", "for": "4h"}))
        choices.append((i18n("Snooze until recovery"), {"do": "snooze", "for": "recovery"}))
    if view.can_sync:
        choices.append((i18n("Sync now…"), {"do": "sync"}))
    choices.append((i18n("Change alerts here…"), {"do": "form"}))
    carried = carried_integration(view.integration)
    return overflow("more", [(label, carried | chosen) for label, chosen in choices])
