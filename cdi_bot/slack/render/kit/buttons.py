"""The buttons under messages, and what they carry: `handlers/actions.py` reads it by the same action ids. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from itertools import accumulate
from typing import Any

from pydantic import TypeAdapter, ValidationError

from cdi_bot.core.commands.specification import Command
from cdi_bot.core.commands.table import BY_COMMAND, BY_WORD, about_integration
from cdi_bot.core.model.channel import Channel
from cdi_bot.core.model.integration import Integration
from cdi_bot.core.model.subscription import Subscription
from cdi_bot.delivery.views import IncidentView
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
from cdi_bot.slack.render.kit.text import name_of, subject


def ack_button(views: Sequence[IncidentView], i18n: Translator) -> Block | None:
    """Acknowledge all of these that are open and not yet acknowledged; `None` when there is none.

    Of very many, as many as a button can carry: the card then offers the rest.
    """
    _ = i18n.gettext
    open_ids = [
        view.incident.incident_id
        for view in views
        if view.incident.is_open and view.incident.acknowledged_by is None
    ]
    if not open_ids:
        return None
    ids = _as_many_as_fit(open_ids)
    if len(views) == 1:
        label = _("Acknowledge")
        says = _("Acknowledge {name}").format(name=subject(views[0], i18n))
    elif len(ids) == len(open_ids):
        label = says = _("Acknowledge all")
    else:
        label = says = _("Acknowledge {count}").format(count=i18n.number(len(ids)))
    return button(label, "ack", {"incidents": ids}, says=says, style="primary")


def _as_many_as_fit(ids: Sequence[int]) -> list[int]:
    """Return the first ids, as many as the value of a button holds."""
    room = BUTTON_VALUE - len(as_value({"incidents": []}))
    lengths = accumulate(len(str(one)) + 1 for one in ids)
    return [one for one, length in zip(ids, lengths, strict=True) if length <= room]


def snooze_element(view: IncidentView, i18n: Translator) -> Block | None:
    """Return the menu that snoozes an integration, or the button that ends its snooze."""
    _ = i18n.gettext
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
    _ = i18n.gettext
    says = _("End the mute of {name}").format(name=name_of(integration))
    elsewhere = {"in": place.channel_id} if place else {}
    return button(_("End mute"), action_id, carried_integration(integration) | elsewhere, says=says)


def snooze_select(integration: Integration, i18n: Translator) -> Block | None:
    """Return the menu of how long to snooze an integration."""
    _ = i18n.gettext
    choices = {
        "1h": _("for 1 hour"),
        "4h": _("for 4 hours"),
        "tomorrow": _("until tomorrow 9:00"),
        "recovery": _("until it recovers"),
    }
    return select(
        _("Snooze…"),
        "snooze",
        [(label, carried_integration(integration) | {"for": key}) for key, label in choices.items()],
    )


def history_button(integration: Integration, i18n: Translator, *, action_id: str = "history") -> Block | None:
    """Return the button that shows an integration's runs."""
    _ = i18n.gettext
    says = _("Show the runs of {name}").format(name=name_of(integration))
    return button(_("History"), action_id, carried_integration(integration) | {"offset": 0}, says=says)


def sync_button(view: IncidentView, i18n: Translator) -> Block | None:
    """Return the button that starts a sync, where that is allowed; it asks first."""
    if view.integration is None or not view.can_sync:
        return None
    return confirmed_sync(view.integration, i18n)


def confirmed_sync(integration: Integration, i18n: Translator) -> Block | None:
    """Return the button that starts a sync of this integration; it asks first."""
    _ = i18n.gettext
    name = name_of(integration)
    return button(
        _("Sync now"),
        "sync",
        carried_integration(integration),
        says=_("Start a sync of {name} now").format(name=name),
        confirm=confirmation(
            title=_("Start a sync now?"),
            text=_("Braze will sync {name} at once. The channel is told who asked.").format(name=name),
            confirm=_("Sync now"),
            deny=_("Not now"),
        ),
    )


def open_button(
    integration: Integration, url: str | None, i18n: Translator, *, action_id: str = "open_in_braze"
) -> Block | None:
    """Return the button that opens an integration in Braze's dashboard."""
    _ = i18n.gettext
    says = _("Open {name} in Braze").format(name=name_of(integration))
    return url_button(_("Open in Braze"), action_id, url, says=says)


def choose_button(
    integration: Integration, place: int, command: Command | None, i18n: Translator
) -> Block | None:
    """Return the button that carries out a command about this one of the integrations that were meant."""
    _ = i18n.gettext
    says = _("Choose {name}").format(name=name_of(integration))
    carried = write_command(about_integration(command, integration))
    return button(_("Choose"), f"pick:{place}", carried, says=says)


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
    _ = i18n.gettext
    return button(
        _("Subscribe…"), "form_new", {}, says=_("Open the form for a new subscription"), style=style
    )


def change_button(
    subscription: Subscription, name: str | None, i18n: Translator, *, place: int
) -> Block | None:
    """Return the button that opens the form for a subscription; it carries the channel too, for Home."""
    _ = i18n.gettext
    carried = {"channel": subscription.channel.channel_id, "subscription": subscription.subscription_id}
    says = _("Change or end the subscription to {selector}").format(selector=name or subscription.selector)
    return button(_("Change…"), f"form_change:{place}", carried, says=says)


def more_menu(integration: Integration, i18n: Translator) -> Block | None:
    """Return the menu of what is rarely done; `None` where the id is longer than Slack takes."""
    _ = i18n.gettext
    return overflow(
        "form_about",
        [(_("Change what is told here…"), carried_integration(integration))],
    )
