"""The form for what is set for integrations: owner, runbook, and whether they are critical."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cdi_bot.core.commands.tokenizer import web_address
from cdi_bot.core.model.integration_settings import IntegrationSettings, SettingName
from cdi_bot.core.model.subscription import Selection
from cdi_bot.slack.render.forms.fields import (
    CHANNEL,
    GROUP,
    PEOPLE,
    SELECTOR,
    field_values,
    mention_of,
    text_of,
)
from cdi_bot.slack.render.forms.settings import KEEP, select
from cdi_bot.slack.render.forms.subscription import channel_field, selector_field
from cdi_bot.slack.render.kit.blocks import Block, plain_text, section
from cdi_bot.slack.render.kit.i18n import Translator
from cdi_bot.slack.render.kit.text import mentioned
from cdi_bot.slack.render.kit.windows import Errors, View, input_block, window_title
from cdi_bot.slack.render.subscriptions import selector_text

FORM = "integration_settings"
"""The form's `callback_id`."""

RUNBOOK, CRITICAL = "runbook", "critical"
"""The fields besides those that it shares with the form for a subscription."""

YES, NO = "yes", "no"


def integration_form(
    channel_id: str | None, now: IntegrationSettings | None, what: Selection | None, i18n: Translator
) -> View:
    """Return the form: to change what is set `now` for just this selector, or to set something for any."""
    users, groups = mentioned(now.owner if now else None)
    people: Block = {
        "type": "multi_users_select",
        "placeholder": plain_text(i18n("Nobody")),
        "max_selected_items": 1,
    } | ({"initial_users": users[:1]} if users else {})
    group: Block = {
        "type": "plain_text_input",
        "max_length": 40,
        "placeholder": plain_text("S0123ABCDE"),
    } | ({"initial_value": groups[0]} if groups else {})
    runbook: Block = {
        "type": "plain_text_input",
        "max_length": 1000,
        "placeholder": plain_text("https://wiki.example.com/users"),
    } | ({"initial_value": now.runbook} if now and now.runbook else {})
    choices = [(NO, i18n("No")), (YES, i18n("Yes"))]
    about = {"channel": channel_id} | (
        {"workspace": now.workspace_id, "selector": now.selector} if now else {}
    )
    means = i18n(
        "Critical integrations alert at any hour, mention their owner each time, and escalate in half the time."
    )
    return {
        "type": "modal",
        "callback_id": FORM,
        "private_metadata": json.dumps({key: value for key, value in about.items() if value is not None}),
        "title": window_title(form_title(i18n)),
        "submit": window_title(i18n("Save")),
        "close": window_title(i18n("Cancel")),
        "blocks": [
            *channel_field(channel_id, i18n),
            section(selector_text(what, i18n)) if what else selector_field(None, i18n, tells=False),
            input_block(PEOPLE, i18n("Owner"), people, optional=True),
            input_block(
                GROUP,
                i18n("Or a user group"),
                group,
                hint=i18n("Its id: in Slack, open the group, then ⋮ and Copy group ID."),
                optional=True,
            ),
            input_block(RUNBOOK, i18n("Runbook"), runbook, optional=True),
            input_block(
                CRITICAL,
                i18n("Critical"),
                select([(KEEP, i18n("Leave it as it is")), *choices], KEEP)
                if now is None
                else select(choices, YES if now.critical else NO),
                hint=means,
                optional=False,
            ),
        ],
    }


def form_title(i18n: Translator) -> str:
    """Name the window."""
    return i18n("Owner and runbook")


@dataclass(frozen=True, slots=True, kw_only=True)
class IntegrationFormValues:
    """What somebody wants to be set for what a selector matches, told in which channel.

    `changes` are the values by what they are for: of a present selector all, of any other one those filled in.
    """

    channel_id: str
    selector: str
    workspace_id: int | None
    changes: Mapping[SettingName, str | None]


def read_integration_form(view: Mapping[str, Any], i18n: Translator) -> IntegrationFormValues | Errors:
    """Read a submitted form."""
    about = json.loads(view.get("private_metadata") or "{}")
    values, errors = field_values(view), Errors()
    channel_id = about.get("channel") or values.get(CHANNEL, {}).get("selected_conversation")
    option = values.get(SELECTOR, {}).get("selected_option") or {}
    selector = about.get("selector") or option.get("value")
    owner = mention_of(values, errors, i18n)
    if owner and " " in owner:
        errors[GROUP] = i18n("Choose a person or a group, not both.")
    runbook = text_of(values, RUNBOOK)
    if runbook and not web_address(runbook):
        errors[RUNBOOK] = i18n("Type a web address that begins with https://, or leave it empty.")
    critical = (values.get(CRITICAL, {}).get("selected_option") or {}).get("value") or KEEP
    filled: dict[SettingName, str | None] = {"owner": owner, "runbook": runbook or None}
    if "selector" not in about:
        filled = {setting: value for setting, value in filled.items() if value}
    if critical != KEEP:
        filled["critical"] = "on" if critical == YES else None
    if channel_id is None:
        errors[CHANNEL] = i18n("Choose a channel.")
    if not selector:
        errors[SELECTOR] = i18n("Choose integrations.")
    elif not filled:
        errors[PEOPLE] = i18n("Choose an owner, a runbook, or whether they are critical.")
    if errors or channel_id is None or selector is None:
        return errors
    return IntegrationFormValues(
        channel_id=channel_id, selector=selector, workspace_id=about.get("workspace"), changes=filled
    )
