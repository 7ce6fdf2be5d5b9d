"""The fields of the form: what they offer, and what somebody filled in, as values or what is wrong with it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from cdi_bot.core.commands import tokenizer
from cdi_bot.core.commands.subscriptions import freshness
from cdi_bot.core.model.incident import EXPECTABLE, Topic
from cdi_bot.core.model.integration import Integration
from cdi_bot.core.model.subscription import Filters, Selection, is_pattern
from cdi_bot.slack.render.forms.settings import read_settings_change, settings_errors
from cdi_bot.slack.render.kit import limits
from cdi_bot.slack.render.kit.blocks import Block, plain_text
from cdi_bot.slack.render.kit.i18n import Translator
from cdi_bot.slack.render.kit.limits import clip
from cdi_bot.slack.render.kit.runs import status_sign
from cdi_bot.slack.render.kit.text import SHORT_NAME, in_workspace, mentioned, plain, titled
from cdi_bot.slack.render.kit.windows import Errors
from cdi_bot.slack.render.subscriptions import matching_now
from cdi_bot.usecases.subscription_form import Choices, SettingsChange

FORM = "subscription"
"""The form's `callback_id`; the global shortcut that opens it carries it too."""

CHANNEL, SELECTOR, TOPICS, OFF, ROWS, PERCENT, FRESH, PEOPLE, GROUP = (
    "channel",
    "selector",
    "topics",
    "off",
    "rows",
    "percent",
    "fresh",
    "people",
    "group",
)
"""The fields besides the channel's settings: each is the id of its block and of its element."""

TELLING = (SELECTOR, TOPICS, OFF, ROWS, PERCENT, FRESH)
"""The fields on which it depends what is told."""

MOST_PEOPLE = 10

Values = Mapping[str, Mapping[str, Any]]
"""What each field holds, by its name, as Slack sends it."""

_GROUP_ID = re.compile(r"S[A-Z0-9]{2,30}", re.ASCII)
_MOST_GROUPS = 5


def selector_option(what: Selection, i18n: Translator, *, about: str = "") -> Block | None:
    """Return what is chosen in the picker, as it could be typed; `None` where that is longer than Slack takes."""
    if what.selector == "all":
        label = i18n("All integrations, those to come too")
        if what.workspace_name:
            label = titled(what.workspace_name, label)
    elif is_pattern(what.selector):
        label = i18n("All named like {pattern}").format(pattern=plain(what.typed))
    else:
        label = plain(in_workspace(what.workspace_name, what.name or what.selector))
    return _option(label, what.exact, about)


def _option(label: str, value: str, about: str = "") -> Block | None:
    if not value or len(value) > limits.OPTION_VALUE:
        return None
    option: Block = {"text": plain_text(clip(label, limits.OPTION_TEXT)), "value": value}
    return option | {"description": plain_text(clip(about, limits.OPTION_TEXT))} if about else option


def selector_options(offer: Choices, i18n: Translator) -> Block:
    """Answer a search in the picker: several at once first, then single integrations."""
    several = [selector_option(what, i18n, about=matching_now(count, i18n)) for what, count in offer.several]
    single = [_integration_option(one, i18n) for one in offer.integrations]
    if offer.unlisted:
        about = i18n("An ID that can't be checked yet")
        single.append(selector_option(Selection(selector=offer.unlisted), i18n, about=about))
    groups = (
        (i18n("Several at once"), _present(several)),
        (_integrations_label(offer, i18n), _present(single)),
    )
    return {
        "option_groups": [
            {"label": plain_text(clip(label, limits.OPTION_TEXT)), "options": options[: limits.OPTIONS]}
            for label, options in groups
            if options
        ]
    }


def _present(options: Iterable[Block | None]) -> list[Block]:
    return [option for option in options if option]


def _integration_option(one: Integration, i18n: Translator) -> Block | None:
    status = one.last_job_status
    about = f"{status_sign(status)} {plain(one.integration_id)}" if status else plain(one.integration_id)
    return selector_option(Selection.of(one), i18n, about=about)


def _integrations_label(offer: Choices, i18n: Translator) -> str:
    if offer.total > len(offer.integrations):
        return i18n("{shown} of {total} integrations: type more").format(
            shown=i18n.number(len(offer.integrations)), total=i18n.number(offer.total)
        )
    return i18n("One integration")


@dataclass(frozen=True, slots=True, kw_only=True)
class FormValues:
    """What somebody wants a channel to be subscribed to: `selector`, or the changed subscription."""

    channel_id: str
    picked: bool  # chosen in the form, rather than where it was opened
    subscription_id: int | None
    selector: str | None
    filters: Filters
    settings: SettingsChange


def read_form(view: Mapping[str, Any], i18n: Translator) -> FormValues | Errors:
    """Read a submitted form."""
    about = json.loads(view.get("private_metadata") or "{}")
    values, errors = field_values(view), Errors()
    picked = _get(values, CHANNEL, "selected_conversation")
    option = _get(values, SELECTOR, "selected_option") or {}
    filters = _filters(values, errors, i18n)
    channel_id = about.get("channel") or picked
    if channel_id is None:
        errors[CHANNEL] = i18n("Choose a channel.")
    if about.get("subscription") is None and not option.get("value"):
        errors[SELECTOR] = i18n("Choose integrations.")
    settings = read_settings_change(values)
    errors |= settings_errors(values, i18n)
    if errors:
        return errors
    return FormValues(
        channel_id=channel_id,
        picked=about.get("channel") is None,
        subscription_id=about.get("subscription"),
        selector=option.get("value"),
        filters=filters,
        settings=settings,
    )


def read_wish(view: Mapping[str, Any], i18n: Translator) -> tuple[str | None, Filters] | None:
    """Read what is chosen to be heard of so far, and the filters; `None` where these are wrong."""
    values, errors = field_values(view), Errors()
    option = _get(values, SELECTOR, "selected_option") or {}
    filters = _filters(values, errors, i18n)
    return None if errors else (option.get("value"), filters)


def field_values(view: Mapping[str, Any]) -> Values:
    """What each field of a submitted form holds."""
    return {
        block_id: next(iter(elements.values()), {})
        for block_id, elements in view.get("state", {}).get("values", {}).items()
    }


def _chosen(values: Values, field: str) -> str | None:
    return (_get(values, field, "selected_option") or {}).get("value")


def _get(values: Values, field: str, key: str) -> Any:
    return values.get(field, {}).get(key)


def _filters(values: Values, errors: Errors, i18n: Translator) -> Filters:
    chosen = {str(option.get("value")) for option in _get(values, TOPICS, "selected_options") or []}
    topics = frozenset(topic for topic in Topic if topic.value in chosen)
    if not topics:
        errors[TOPICS] = i18n(
            "Choose at least one: otherwise only exceeded limits and undocumented statuses would alert."
        )
    rows = _number(values, ROWS, tokenizer.rows)
    if rows is None and text_of(values, ROWS):
        errors[ROWS] = i18n("Type a whole number of at least 1, or leave it empty.")
    percent = _number(values, PERCENT, tokenizer.percent)
    if percent is None and text_of(values, PERCENT):
        errors[PERCENT] = i18n("Type a number above 0 and up to 100, or leave it empty.")
    left_out = {str(option.get("value")) for option in _get(values, OFF, "selected_options") or []}
    fresh = freshness(text_of(values, FRESH))
    if fresh is None and text_of(values, FRESH):
        errors[FRESH] = i18n(
            "Type a length of time from 10 minutes on, such as 36h, or a time of day, such as 09:00, or leave it empty."
        )
    return Filters(
        topics=topics,
        off=frozenset(EXPECTABLE) & left_out,
        min_rows=int(rows) if rows is not None else None,
        min_percent=percent,
        fresh=fresh,
        mention=mention_of(values, errors, i18n),
    )


def text_of(values: Values, field: str) -> str:
    """What is typed into a field; empty where it is nothing."""
    return str(_get(values, field, "value") or "").strip()


def _number(values: Values, field: str, read: Callable[[str], float | None]) -> float | None:
    return read(text_of(values, field))


def mention_of(values: Values, errors: Errors, i18n: Translator) -> str | None:
    """Whom the fields for people and groups name; what is wrong with them is put into `errors`."""
    people = [f"<@{one}>" for one in _get(values, PEOPLE, "selected_users") or []][:MOST_PEOPLE]
    groups = []
    for word in text_of(values, GROUP).replace(",", " ").split():
        group = tokenizer.mention(word) or (f"<!subteam^{word}>" if _GROUP_ID.fullmatch(word) else None)
        if group is None or not mentioned(group)[1]:
            known = i18n("“{given}” is not the id of a user group, such as S0123ABCDE.")
            errors[GROUP] = known.format(given=plain(word, SHORT_NAME))
            return None
        groups.append(group)
    if len(groups) > _MOST_GROUPS:
        errors[GROUP] = i18n("At most {count} groups.").format(count=i18n.number(_MOST_GROUPS))
    return " ".join([*people, *groups]) or None
