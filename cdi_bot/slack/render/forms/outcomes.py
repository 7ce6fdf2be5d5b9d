"""How a submitted form went, in words: at a field, or in the form's place."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from cdi_bot.slack.render.answers.answer import render_answer
from cdi_bot.slack.render.forms.fields import CHANNEL, SELECTOR, TOPICS
from cdi_bot.slack.render.forms.form import View, channel_line, window
from cdi_bot.slack.render.forms.values import Errors, FormValues
from cdi_bot.slack.render.kit.blocks import Block, Rendered, short_message
from cdi_bot.slack.render.kit.i18n import Translator
from cdi_bot.slack.render.kit.limits import FIELD_ERROR, clip
from cdi_bot.slack.render.kit.text import plain_line
from cdi_bot.usecases.answers import (
    Answer,
    BrazeRefused,
    CannotPost,
    NeedsInvite,
    NoMatch,
    NotAllowed,
    SeveralMatches,
    SubscriptionSet,
)

Outcome = Sequence[Answer | Rendered]
"""The answer to each change that the form asks for, the subscription first; `Rendered` where it failed before that."""

_AT_THE_CHANNEL = (NeedsInvite, CannotPost, NotAllowed)
_AT_THE_SELECTOR = (NoMatch, SeveralMatches, BrazeRefused)


def refused(errors: Errors) -> dict[str, Any]:
    """Acknowledge a form with what is wrong at its fields."""
    return {
        "response_action": "errors",
        "errors": {at: clip(text, FIELD_ERROR) for at, text in errors.items()},
    }


def field_of(outcome: Outcome, values: FormValues) -> str | None:
    """Say at which field a refusal is shown; `None` for a success, and for a refusal that no field caused."""
    first = outcome[0]
    if isinstance(first, SubscriptionSet):
        return None
    if isinstance(first, _AT_THE_CHANNEL) and values.picked:
        return CHANNEL
    if isinstance(first, _AT_THE_SELECTOR) and values.subscription_id is None:
        return SELECTOR
    if isinstance(first, Rendered):  # the form keeps what was filled in
        return SELECTOR if values.subscription_id is None else TOPICS
    return None


def plain_outcome(outcome: Outcome, i18n: Translator, now: datetime) -> str:
    """Say how it went without markup: a field's error shows none."""
    texts: list[str] = []
    for block in _blocks(outcome, i18n, now):
        held: list[Any] = [block.get("text"), *block.get("elements", [])]
        texts += [part["text"] for part in held if isinstance(part, dict) and part.get("type") == "mrkdwn"]
    return plain_line(" ".join(texts))


def outcome_view(outcome: Outcome, channel_id: str, i18n: Translator, now: datetime) -> View:
    """Say how it went in a window, under the name of the channel that it means by "this channel"."""
    blocks = [*channel_line(channel_id, i18n), *_blocks(outcome, i18n, now)]
    return window(outcome_title(i18n), blocks, i18n)


def outcome_title(i18n: Translator) -> str:
    """Name the window in which it is said."""
    return i18n.gettext("Subscriptions")


def ended(i18n: Translator) -> Rendered:
    """Say that what was to be changed is not there any more."""
    _ = i18n.gettext
    line = _("This subscription has been ended meanwhile.")
    return short_message(line, _("`/cdi subscriptions` shows what the channel hears of."))


def _blocks(outcome: Outcome, i18n: Translator, now: datetime) -> list[Block]:
    return [
        block
        for one in outcome
        for block in (one if isinstance(one, Rendered) else render_answer(one, i18n, now=now)).blocks
    ]
