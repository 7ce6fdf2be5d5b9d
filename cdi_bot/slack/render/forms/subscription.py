"""The form that subscribes a channel or changes a subscription: how it looks, and how it went."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from cdi_bot.core.model.incident import EXPECTABLE, Topic
from cdi_bot.core.model.subscription import Filters, Selection
from cdi_bot.slack.render.forms.fields import (
    CHANNEL,
    FORM,
    FRESH,
    GROUP,
    MOST_PEOPLE,
    OFF,
    PEOPLE,
    PERCENT,
    ROWS,
    SELECTOR,
    TOPICS,
    selector_option,
)
from cdi_bot.slack.render.forms.settings import settings_fields
from cdi_bot.slack.render.kinds.flaws import flaw_name
from cdi_bot.slack.render.kinds.table import topic_texts
from cdi_bot.slack.render.kit.blocks import (
    Block,
    Rendered,
    actions,
    button,
    confirmation,
    plain_text,
    section,
    short_message,
)
from cdi_bot.slack.render.kit.i18n import Translator
from cdi_bot.slack.render.kit.limits import OPTION_TEXT, clip
from cdi_bot.slack.render.kit.text import channel as named_channel
from cdi_bot.slack.render.kit.text import mentioned
from cdi_bot.slack.render.kit.windows import View, input_block, window_title
from cdi_bot.slack.render.preview import preview_block
from cdi_bot.slack.render.sample_alert import sample_button
from cdi_bot.slack.render.subscriptions import selector_text
from cdi_bot.usecases.answers import SettingsShown

SAMPLE = "sample"
"""The block that sends a sample alert."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FormDraft:
    """A form as it opens.

    Without a `channel_id` it asks for the channel. A `subscription_id` means a change: then `what` says of what, else
    it is what is chosen already. `workspaces` are the names to choose from, where there are several.
    """

    channel_id: str | None = None
    subscription_id: int | None = None
    what: Selection | None = None
    filters: Filters = field(default_factory=Filters)
    languages: tuple[str, ...] = ()
    workspaces: tuple[str, ...] = ()
    now: SettingsShown | None = None


def subscription_form(draft: FormDraft, i18n: Translator) -> View:
    """Return the form."""
    changing = draft.subscription_id is not None
    about = {
        "channel": draft.channel_id,
        "subscription": draft.subscription_id,
    }
    return {
        "type": "modal",
        "callback_id": FORM,
        "private_metadata": json.dumps({key: value for key, value in about.items() if value is not None}),
        "title": window_title(i18n("Change alerts") if changing else i18n("Subscribe a channel")),
        "submit": window_title(i18n("Save") if changing else i18n("Subscribe")),
        "close": window_title(i18n("Cancel")),
        "blocks": [
            *channel_field(draft.channel_id, i18n),
            *_what(draft, i18n),
            _topics(draft.filters, i18n),
            _left_out(draft.filters, i18n),
            *_thresholds(draft.filters, i18n),
            _freshness(draft.filters, i18n),
            preview_block(i18n("Choose integrations to see which alerts they would have sent.")),
            *_mentions(draft.filters, i18n),
            *settings_fields(draft.languages, draft.workspaces, draft.now, i18n),
            *([sample_block(draft.channel_id, i18n)] if draft.channel_id else []),
            *_ending(draft, i18n),
        ],
    }


# ------------------------------------------------------------------------------------------ channel and selector


def channel_field(channel_id: str | None, i18n: Translator) -> list[Block]:
    """Return the field for the channel; where it is known, its name."""
    if channel_id is not None:
        return channel_line(channel_id, i18n)
    element: Block = {
        "type": "conversations_select",
        "placeholder": plain_text(i18n("Choose a channel")),
        "filter": {"include": ["public", "private"], "exclude_bot_users": True},
        "default_to_current_conversation": True,
    }
    hint = i18n("One that you are in. Invite me to a private one first: /invite @cdi-bot")
    return [input_block(CHANNEL, i18n("Channel"), element, hint=hint, optional=False)]


def channel_line(channel_id: str, i18n: Translator) -> list[Block]:
    """Name a channel; a direct message has no name."""
    if channel_id.startswith("D"):
        return []
    text = i18n("Channel: {channel}")
    return [section(text.format(channel=f"*{named_channel(channel_id)}*"))]


def _what(draft: FormDraft, i18n: Translator) -> list[Block]:
    if draft.subscription_id is not None and draft.what:
        what = selector_text(draft.what, i18n)
        return [section(i18n("Subscribed to: {what}").format(what=what))]
    return [selector_field(draft.what, i18n, tells=True)]


def selector_field(what: Selection | None, i18n: Translator, *, tells: bool) -> Block:
    """Return the field in which integrations are searched for, with what is chosen already."""
    element: Block = {
        "type": "external_select",
        "placeholder": plain_text(i18n("Search by name or id")),
        "min_query_length": 0,
    }
    chosen = selector_option(what, i18n) if what else None
    if chosen:
        element["initial_option"] = chosen
    hint = i18n("One integration, or several at once: all, or those with a text in their names.")
    return input_block(SELECTOR, i18n("Integrations"), element, hint=hint, optional=False, tells=tells)


# ------------------------------------------------------------------------------------------ filters


def _topics(filters: Filters, i18n: Translator) -> Block:
    options: list[Block] = [
        {
            "text": plain_text(texts.title),
            "value": topic.value,
            "description": plain_text(texts.meaning),
        }
        for topic, texts in topic_texts(i18n).items()
    ]
    chosen = [option for option in options if Topic(option["value"]) in filters.topics]
    element: Block = {"type": "checkboxes", "options": options}
    if chosen:
        element["initial_options"] = chosen
    hint = i18n("Exceeded limits and undocumented statuses always alert.")
    return input_block(TOPICS, i18n("Alerts"), element, hint=hint, optional=False, tells=True)


def _left_out(filters: Filters, i18n: Translator) -> Block:
    options: list[Block] = [
        {"text": plain_text(clip(flaw_name(reason, i18n), OPTION_TEXT)), "value": reason}
        for reason in EXPECTABLE
    ]
    element: Block = {
        "type": "multi_static_select",
        "placeholder": plain_text(i18n("Nothing")),
        "options": options,
    }
    chosen = [option for option in options if option["value"] in filters.off]
    if chosen:
        element["initial_options"] = chosen
    return input_block(OFF, i18n("No alerts for"), element, optional=True, tells=True)


def _thresholds(filters: Filters, i18n: Translator) -> list[Block]:
    rows: Block = {"type": "number_input", "is_decimal_allowed": False, "min_value": "1"}
    percent: Block = {"type": "number_input", "is_decimal_allowed": True, "max_value": "100"}
    if filters.min_rows is not None:
        rows["initial_value"] = str(filters.min_rows)
    if filters.min_percent is not None:
        percent["initial_value"] = f"{filters.min_percent:g}"
    return [
        input_block(ROWS, i18n("Partial runs: failed rows, at least"), rows, optional=True, tells=True),
        input_block(
            PERCENT, i18n("Partial runs: failed rows in %, at least"), percent, optional=True, tells=True
        ),
    ]


def _freshness(filters: Filters, i18n: Translator) -> Block:
    limit: Block = {"type": "plain_text_input", "max_length": 20, "placeholder": plain_text("36h")}
    if filters.fresh:
        limit["initial_value"] = filters.fresh.partition(" ")[0]
    hint = i18n(
        "How old the newest UPDATED_AT may be, such as 36h; or a time of day by which a good run has to come each day, "
        "such as 09:00 in the channel's time zone."
    )
    return input_block(
        FRESH, i18n("Alert when data is older than"), limit, hint=hint, optional=True, tells=True
    )


def _mentions(filters: Filters, i18n: Translator) -> list[Block]:
    users, groups = mentioned(filters.mention)
    people: Block = {
        "type": "multi_users_select",
        "placeholder": plain_text(i18n("Nobody")),
        "max_selected_items": MOST_PEOPLE,
    }
    group: Block = {"type": "plain_text_input", "max_length": 200, "placeholder": plain_text("S0123ABCDE")}
    if users:
        people["initial_users"] = users[:MOST_PEOPLE]
    if groups:
        group["initial_value"] = " ".join(groups)
    hint = i18n("Its id: in Slack, open the group, then ⋮ and Copy group ID.")
    return [
        input_block(PEOPLE, i18n("Mention these people in new alerts"), people, optional=True),
        input_block(GROUP, i18n("Mention this user group"), group, hint=hint, optional=True),
    ]


def sample_block(channel_id: str, i18n: Translator, said: str = "") -> Block:
    """Return the place in the form where a sample alert is sent from, and where what became of it is `said`."""
    text = said or i18n("Do alerts reach this channel?")
    sample = sample_button("form_sample", {"channel": channel_id}, i18n)
    return section(text, accessory=sample) | {"block_id": SAMPLE}


def _ending(draft: FormDraft, i18n: Translator) -> list[Block]:
    """Return the way out of a subscription."""
    if draft.subscription_id is None:
        return []
    end = button(
        i18n("Unsubscribe"),
        "form_unsubscribe",
        {"channel": draft.channel_id, "subscription": draft.subscription_id},
        says=i18n("End this subscription"),
        style="danger",
        confirm=confirmation(
            title=i18n("End this subscription?"),
            text=i18n("The channel sees who ended it."),
            confirm=i18n("Unsubscribe"),
            deny=i18n("Keep it"),
        ),
    )
    return [{"type": "divider"}, *actions([end])]


# ------------------------------------------------------------------------------------------ around the form


def outcome_title(i18n: Translator) -> str:
    """Name the window in which it is said."""
    return i18n("Subscriptions")


def ended(i18n: Translator) -> Rendered:
    """Say that what was to be changed is not there any more."""
    line = i18n("This subscription has already ended.")
    return short_message(line, i18n("`/cdi subscriptions` lists those of the channel."))
