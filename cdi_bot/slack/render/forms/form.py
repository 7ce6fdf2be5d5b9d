"""The form that subscribes a channel or changes a subscription, and the small windows around it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field

from cdi_bot.core.model.incident import Topic
from cdi_bot.core.model.subscription import Filters
from cdi_bot.slack.render.forms.fields import (
    CHANNEL,
    FORM,
    GROUP,
    MOST_PEOPLE,
    PEOPLE,
    PERCENT,
    ROWS,
    SELECTOR,
    TOPICS,
    input_block,
    selector_option,
    settings_fields,
)
from cdi_bot.slack.render.kinds.table import topic_texts
from cdi_bot.slack.render.kit import limits
from cdi_bot.slack.render.kit.blocks import (
    Block,
    Rendered,
    actions,
    button,
    confirmation,
    plain_text,
    section,
)
from cdi_bot.slack.render.kit.i18n import Translator
from cdi_bot.slack.render.kit.limits import clip
from cdi_bot.slack.render.kit.text import channel as named_channel
from cdi_bot.slack.render.kit.text import mentioned
from cdi_bot.slack.render.subscriptions import selector_text
from cdi_bot.usecases.answers import SettingsShown
from cdi_bot.usecases.subscription_form import SettingsChange

View = Block


@dataclass(frozen=True, slots=True, kw_only=True)
class FormDraft:
    """A form as it opens.

    `workspace_id` is the Braze workspace of what can be chosen. Without a `channel_id` it asks for the channel;
    `picked` is what was chosen there before. A `subscription_id` means a change: then `selector` and `name` say of
    what, else they are what is chosen already. `problem` is plain text.
    """

    workspace_id: int
    channel_id: str | None = None
    picked: str | None = None
    subscription_id: int | None = None
    selector: str | None = None
    name: str | None = None
    filters: Filters = field(default_factory=Filters)
    languages: tuple[str, ...] = ()
    now: SettingsShown | None = None
    settings: SettingsChange = field(default_factory=SettingsChange)
    problem: str | None = None


def subscription_form(draft: FormDraft, i18n: Translator) -> View:
    """Return the form."""
    _ = i18n.gettext
    changing = draft.subscription_id is not None
    about = {
        "workspace": draft.workspace_id,
        "channel": draft.channel_id,
        "subscription": draft.subscription_id,
    }
    return {
        "type": "modal",
        "callback_id": FORM,
        "private_metadata": json.dumps({key: value for key, value in about.items() if value is not None}),
        "title": _title(_("Change what is told") if changing else _("Subscribe a channel")),
        "submit": _title(_("Save") if changing else _("Subscribe")),
        "close": _title(_("Cancel")),
        "blocks": [
            *([_alert(draft.problem)] if draft.problem else []),
            *_where(draft, i18n),
            *_what(draft, i18n),
            _topics(draft.filters, i18n),
            *_thresholds(draft.filters, i18n),
            *_mentions(draft.filters, i18n),
            *settings_fields(draft.languages, draft.now, draft.settings, i18n),
            *_ending(draft, i18n),
        ],
    }


def _title(text: str) -> Block:
    return plain_text(clip(text, limits.VIEW_TITLE))


def _alert(text: str) -> Block:
    return {"type": "alert", "level": "error", "text": plain_text(clip(text, limits.ALERT_TEXT))}


# ------------------------------------------------------------------------------------------ channel and selector


def _where(draft: FormDraft, i18n: Translator) -> list[Block]:
    _ = i18n.gettext
    if draft.channel_id is not None:
        return channel_line(draft.channel_id, i18n)
    element: Block = {
        "type": "conversations_select",
        "placeholder": plain_text(_("Choose a channel")),
        "filter": {"include": ["public", "private"], "exclude_bot_users": True},
        **(
            {"initial_conversation": draft.picked}
            if draft.picked
            else {"default_to_current_conversation": True}
        ),
    }
    hint = _("One that you are in. Invite me to a private one first: /invite @cdi-bot")
    return [input_block(CHANNEL, _("Channel"), element, hint=hint, optional=False)]


def channel_line(channel_id: str, i18n: Translator) -> list[Block]:
    """Name a channel; a direct message has no name."""
    if channel_id.startswith("D"):
        return []
    text = i18n.gettext("Channel: {channel}")
    return [section(text.format(channel=f"*{named_channel(channel_id)}*"))]


def _what(draft: FormDraft, i18n: Translator) -> list[Block]:
    _ = i18n.gettext
    if draft.subscription_id is not None:
        selector = draft.selector or ""
        what = selector_text(selector, draft.name, i18n)
        return [section(_("Hears of: {what}").format(what=what))]
    element: Block = {
        "type": "external_select",
        "placeholder": plain_text(_("Search by name or id")),
        "min_query_length": 0,
    }
    chosen = selector_option(draft.selector, draft.name, i18n) if draft.selector else None
    if chosen:
        element["initial_option"] = chosen
    hint = _("One integration, or several at once: all, or those with a text in their names.")
    return [input_block(SELECTOR, _("What to hear of"), element, hint=hint, optional=False)]


# ------------------------------------------------------------------------------------------ filters


def _topics(filters: Filters, i18n: Translator) -> Block:
    _ = i18n.gettext
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
    hint = _("A status that Braze does not document is always told.")
    return input_block(TOPICS, _("Tell of"), element, hint=hint, optional=False)


def _thresholds(filters: Filters, i18n: Translator) -> list[Block]:
    _ = i18n.gettext
    rows: Block = {"type": "number_input", "is_decimal_allowed": False, "min_value": "1"}
    percent: Block = {"type": "number_input", "is_decimal_allowed": True, "max_value": "100"}
    if filters.min_rows is not None:
        rows["initial_value"] = str(filters.min_rows)
    if filters.min_percent is not None:
        percent["initial_value"] = f"{filters.min_percent:g}"
    return [
        input_block(ROWS, _("Partial runs: lost rows, at least"), rows, optional=True),
        input_block(PERCENT, _("Partial runs: lost share in %, at least"), percent, optional=True),
    ]


def _mentions(filters: Filters, i18n: Translator) -> list[Block]:
    _ = i18n.gettext
    users, groups = mentioned(filters.mention)
    people: Block = {
        "type": "multi_users_select",
        "placeholder": plain_text(_("Nobody")),
        "max_selected_items": MOST_PEOPLE,
    }
    group: Block = {"type": "plain_text_input", "max_length": 200, "placeholder": plain_text("S0123ABCDE")}
    if users:
        people["initial_users"] = users[:MOST_PEOPLE]
    if groups:
        group["initial_value"] = " ".join(groups)
    hint = _("Its id: in Slack, open the group, then ⋮ and Copy group ID.")
    return [
        input_block(PEOPLE, _("Mention these people in new alerts"), people, optional=True),
        input_block(GROUP, _("Mention this user group"), group, hint=hint, optional=True),
    ]


def _ending(draft: FormDraft, i18n: Translator) -> list[Block]:
    """Return the way out of a subscription."""
    _ = i18n.gettext
    if draft.subscription_id is None:
        return []
    end = button(
        _("Unsubscribe"),
        "form_unsubscribe",
        {"channel": draft.channel_id, "subscription": draft.subscription_id},
        says=_("End this subscription"),
        style="danger",
        confirm=confirmation(
            title=_("End this subscription?"),
            text=_("The channel is told that you ended it."),
            confirm=_("Unsubscribe"),
            deny=_("Keep it"),
        ),
    )
    return [{"type": "divider"}, *actions([end])]


# ------------------------------------------------------------------------------------------ around the form


def waiting_window(title: str, i18n: Translator) -> View:
    """Return what is shown while Braze or Slack takes longer than Slack waits."""
    _ = i18n.gettext
    return window(title, [section("⏳ " + _("One moment: I am asking Braze…"))], i18n)


def outcome_window(title: str, message: Rendered, i18n: Translator) -> View:
    """Return a window that says how it went."""
    return window(title, message.blocks, i18n)


def window(title: str, blocks: Sequence[Block], i18n: Translator) -> View:
    """Return a window with nothing to fill in."""
    _ = i18n.gettext
    return {"type": "modal", "title": _title(title), "close": _title(_("Close")), "blocks": [*blocks]}
