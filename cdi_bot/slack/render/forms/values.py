"""What somebody filled into the form of `form.py`, as values, or what is wrong at which field."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from cdi_bot.core.commands import tokenizer
from cdi_bot.core.model.incident import Topic
from cdi_bot.core.model.subscription import Filters
from cdi_bot.slack.render.forms.fields import (
    CHANNEL,
    DIGEST,
    DIGEST_AT,
    GROUP,
    LANGUAGE,
    MOST_PEOPLE,
    PEOPLE,
    PERCENT,
    ROWS,
    SELECTOR,
    TOPICS,
    read_settings_change,
)
from cdi_bot.slack.render.kit.i18n import Translator
from cdi_bot.slack.render.kit.text import SHORT_NAME, mentioned, plain
from cdi_bot.usecases.subscription_form import SettingsChange

Errors = dict[str, str]
"""Plain text by field."""

Values = Mapping[str, Mapping[str, Any]]
"""What each field holds, by its name, as Slack sends it."""

_GROUP_ID = re.compile(r"S[A-Z0-9]{2,30}", re.ASCII)
_MOST_GROUPS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class FormValues:
    """What somebody wants a channel to be subscribed to: `selector`, or the changed subscription."""

    workspace_id: int
    channel_id: str
    picked: bool  # chosen in the form, rather than where it was opened
    subscription_id: int | None
    selector: str | None
    name: str | None  # as the picker showed it
    filters: Filters
    settings: SettingsChange


def read_form(view: Mapping[str, Any], i18n: Translator) -> FormValues | Errors:
    """Read a submitted form."""
    _ = i18n.gettext
    about = json.loads(view.get("private_metadata") or "{}")
    values: Values = {
        block_id: next(iter(elements.values()), {})
        for block_id, elements in view.get("state", {}).get("values", {}).items()
    }
    errors: Errors = {}
    picked = _get(values, CHANNEL, "selected_conversation")
    option = _get(values, SELECTOR, "selected_option") or {}
    filters = _filters(values, errors, i18n)
    channel_id = about.get("channel") or picked
    if channel_id is None:
        errors[CHANNEL] = _("Choose a channel.")
    if about.get("subscription") is None and not option.get("value"):
        errors[SELECTOR] = _("Choose what the channel is to hear of.")
    settings = read_settings_change(
        _chosen(values, LANGUAGE), _chosen(values, DIGEST), _get(values, DIGEST_AT, "selected_time")
    )
    if settings is None:
        errors[DIGEST_AT] = _("Choose a time for the digest.")
    if errors or settings is None:
        return errors
    return FormValues(
        workspace_id=workspace_of(view),
        channel_id=channel_id,
        picked=about.get("channel") is None,
        subscription_id=about.get("subscription"),
        selector=option.get("value"),
        name=(option.get("text") or {}).get("text"),
        filters=filters,
        settings=settings,
    )


def workspace_of(view: Mapping[str, Any]) -> int:
    """Read which Braze workspace a form is about."""
    return int(json.loads(view["private_metadata"])["workspace"])


def _chosen(values: Values, field: str) -> str | None:
    return (_get(values, field, "selected_option") or {}).get("value")


def _get(values: Values, field: str, key: str) -> Any:
    return values.get(field, {}).get(key)


def _filters(values: Values, errors: Errors, i18n: Translator) -> Filters:
    _ = i18n.gettext
    chosen = {str(option.get("value")) for option in _get(values, TOPICS, "selected_options") or []}
    topics = frozenset(topic for topic in Topic if topic.value in chosen)
    if not topics:
        errors[TOPICS] = _("Choose at least one: otherwise only unknown statuses would be told.")
    rows = _number(values, ROWS, tokenizer.rows)
    if rows is None and _text(values, ROWS):
        errors[ROWS] = _("Type a whole number of at least 1, or leave it empty.")
    percent = _number(values, PERCENT, tokenizer.percent)
    if percent is None and _text(values, PERCENT):
        errors[PERCENT] = _("Type a number above 0 and up to 100, or leave it empty.")
    return Filters(
        topics=topics,
        min_rows=int(rows) if rows is not None else None,
        min_percent=percent,
        mention=_mention(values, errors, i18n),
    )


def _text(values: Values, field: str) -> str:
    return str(_get(values, field, "value") or "").strip()


def _number(values: Values, field: str, read: Callable[[str], float | None]) -> float | None:
    return read(_text(values, field))


def _mention(values: Values, errors: Errors, i18n: Translator) -> str | None:
    _ = i18n.gettext
    people = [f"<@{one}>" for one in _get(values, PEOPLE, "selected_users") or []][:MOST_PEOPLE]
    groups = []
    for word in _text(values, GROUP).replace(",", " ").split():
        group = tokenizer.mention(word) or (f"<!subteam^{word}>" if _GROUP_ID.fullmatch(word) else None)
        if group is None or not mentioned(group)[1]:
            known = _("“{given}” is not the id of a user group, such as S0123ABCDE.")
            errors[GROUP] = known.format(given=plain(word, SHORT_NAME))
            return None
        groups.append(group)
    if len(groups) > _MOST_GROUPS:
        errors[GROUP] = _("At most {count} groups.").format(count=i18n.number(_MOST_GROUPS))
    return " ".join([*people, *groups]) or None
