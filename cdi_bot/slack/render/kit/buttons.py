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
from cdi_bot.core.model.incident import EXPECTABLE, Expected, Incident
from cdi_bot.core.model.integration import Integration
from cdi_bot.core.model.spike import Spike
from cdi_bot.core.model.subscription import Subscription
from cdi_bot.delivery.views import IncidentView
from cdi_bot.slack.render.kit.advice import Effect, effect_of, sync_warning
from cdi_bot.slack.render.kit.blocks import (
    Block,
    actions,
    as_value,
    button,
    confirmation,
    overflow,
    select,
    url_button,
)
from cdi_bot.slack.render.kit.i18n import Translator
from cdi_bot.slack.render.kit.limits import BUTTON_VALUE
from cdi_bot.slack.render.kit.text import name_of, plain, subject


def ack_button(views: Sequence[IncidentView], i18n: Translator) -> Block | None:
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
        says = i18n("Acknowledge {name}").format(name=subject(views[0], i18n))
    elif len(ids) == len(open_ids):
        label = says = i18n("Acknowledge all")
    else:
        label = says = i18n("Acknowledge {count}").format(count=i18n.number(len(ids)))
    return button(label, "ack", {"incidents": ids}, says=says, style="primary")


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
    return button(i18n("Expected"), "expected", carried, says=_expected(integration, i18n))


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
    return button(i18n("Take back"), "take_back", carried, says=_taken_back(view.integration, i18n))


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
        return button(i18n("Expected"), "expected", carried, says=_expected(integration, i18n))
    return button(i18n("Take back"), "take_back", carried, says=_taken_back(integration, i18n))


def _expected(integration: Integration, i18n: Translator) -> str:
    return i18n("Expected: {name}").format(name=name_of(integration))


def _taken_back(integration: Integration, i18n: Translator) -> str:
    return i18n("Take back: {name}").format(name=name_of(integration))


def switch_off_button(integration: Integration, reason: str, i18n: Translator) -> Block | None:
    """Return the button by which the channel it stands in is told of a reason no more."""
    says = i18n("Stop these alerts here: {name}").format(name=name_of(integration))
    return button(
        i18n("Stop these alerts here"),
        "switch_off",
        carried_integration(integration) | {"reason": reason},
        says=says,
    )


def _as_many_as_fit(ids: Sequence[int]) -> list[int]:
    """Return the first ids, as many as the value of a button holds."""
    room = BUTTON_VALUE - len(as_value({"incidents": []}))
    lengths = accumulate(len(str(one)) + 1 for one in ids)
    return [one for one, length in zip(ids, lengths, strict=True) if length <= room]


def snooze_element(view: IncidentView, i18n: Translator) -> Block | None:
    """Return the menu that snoozes an integration, or the button that ends its snooze."""
    if view.integration is None:
        return None
    if view.snooze:
        return unsnooze_button(view.integration, i18n)
    return snooze_select(view.integration, i18n)


def carried_integration(integration: Integration) -> dict[str, Any]:
    """Return what a button about an integration carries: ids are unique only within a Braze workspace."""
    return {"workspace": integration.workspace_id, "id": integration.integration_id}


def unsnooze_button(
    integration: Integration, i18n: Translator, *, action_id: str = "unsnooze", place: Channel | None = None
) -> Block | None:
    """Return the button that ends a snooze: in the channel it stands in, or in another `place`."""
    says = i18n("End the mute of {name}").format(name=name_of(integration))
    carried = carried_integration(integration) | ({"in": place.channel_id} if place else {})
    return button(i18n("End mute"), action_id, carried, says=says)


def snooze_select(integration: Integration, i18n: Translator) -> Block | None:
    """Return the menu of how long to snooze an integration."""
    choices = {
        "1h": i18n("for 1 hour"),
        "4h": i18n("for 4 hours"),
        "tomorrow": i18n("until tomorrow 9:00"),
        "recovery": i18n("until it recovers"),
    }
    return select(
        i18n("Snooze…"),
        "snooze",
        [(label, carried_integration(integration) | {"for": key}) for key, label in choices.items()],
    )


def history_button(integration: Integration, i18n: Translator, *, action_id: str = "history") -> Block | None:
    """Return the button that shows an integration's runs."""
    says = i18n("Show the runs of {name}").format(name=name_of(integration))
    return button(i18n("History"), action_id, carried_integration(integration) | {"offset": 0}, says=says)


def sync_button(integration: Integration, i18n: Translator, *, asks: bool = True) -> Block | None:
    """Return the button that starts a sync of this integration; it warns of what can't be undone.

    It asks first (`asks`), unless it is the answer to that question itself.
    """
    name = name_of(integration)
    warning = sync_warning(integration, i18n)
    labels = {
        Effect.DELETES_USERS: i18n("Delete users"),
        Effect.MESSAGES_CUSTOMERS: i18n("Message customers"),
    }
    label = labels.get(effect_of(integration))
    question = confirmation(
        title=i18n("Sync now?"),
        text=i18n.sentences(filter(None, (name, warning))),
        confirm=label or i18n("Sync now"),
        deny=i18n("Cancel"),
        is_dangerous=label is not None,
    )
    shown = i18n("Sync now") if asks else label or i18n("Sync now")
    return button(
        shown,
        "sync" if asks else "confirm_sync",
        carried_integration(integration),
        says=i18n("{label}: {name}").format(label=shown, name=name),
        style="danger" if label and not asks else None,
        confirm=question if asks else None,
    )


def open_button(
    integration: Integration, url: str | None, i18n: Translator, *, action_id: str = "open_in_braze"
) -> Block | None:
    """Return the button that opens an integration in Braze's dashboard."""
    says = i18n("Open {name} in Braze").format(name=name_of(integration))
    return url_button(i18n("Open in Braze"), action_id, url, says=says)


def look_buttons(integration: Integration | None, url: str | None, i18n: Translator) -> list[Block | None]:
    """Return the buttons that show an integration's runs, here and in Braze; none where nobody knows it."""
    if integration is None:
        return []
    return [history_button(integration, i18n), open_button(integration, url, i18n)]


def choose_button(
    integration: Integration, place: int, command: Command | None, i18n: Translator
) -> Block | None:
    """Return the button that carries out a command about this one of the integrations that were meant."""
    says = i18n("Choose {name}").format(name=name_of(integration))
    carried = write_command(about_integration(command, integration))
    return button(i18n("Choose"), f"pick:{place}", carried, says=says)


def suggestion_button(
    suggestion: Suggestion, place: int, i18n: Translator, *, is_dangerous: bool = False
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
    return button(
        i18n("Subscribe…"), "form_new", {}, says=i18n("Open the form for a new subscription"), style=style
    )


def change_button(
    subscription: Subscription, name: str | None, i18n: Translator, *, place: int
) -> Block | None:
    """Return the button that opens the form for a subscription; it carries the channel too, for Home."""
    carried = {"channel": subscription.channel.channel_id, "subscription": subscription.subscription_id}
    says = i18n("Change or end the subscription to {selector}").format(selector=name or subscription.selector)
    return button(i18n("Change…"), f"form_change:{place}", carried, says=says)


def more_menu(integration: Integration, i18n: Translator) -> Block | None:
    """Return the menu of what is rarely done; `None` where the id is longer than Slack takes."""
    return overflow(
        "form_about",
        [(i18n("Change what is told here…"), carried_integration(integration))],
    )


def pager(
    action_id: str,
    carried: dict[str, object],
    i18n: Translator,
    *,
    offset: int,
    size: int,
    has_more: bool,
    labels: tuple[str, str] | None = None,
) -> list[Block]:
    """Return the row of buttons that turn pages: back and on, where there is such a page.

    `carried` goes with the buttons, beside the offset that each leads to.
    """
    back, on = labels or (i18n("Previous"), i18n("Next"))
    turns = []
    if offset > 0:
        turns.append(
            button(back, f"{action_id}:back", carried | {"offset": max(0, offset - size)}, says=back)
        )
    if has_more:
        turns.append(button(on, f"{action_id}:on", carried | {"offset": offset + size}, says=on))
    return actions(turns)
