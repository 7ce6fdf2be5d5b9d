"""Every message and form that has a golden file, stretched: Slack takes it all the same, in each language."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from typing import Any

import pytest

from cdi_bot.core.model.integration import Integration
from cdi_bot.core.model.run import Run
from cdi_bot.core.statistics import PeriodTotals, RunTotals
from cdi_bot.delivery.views import CardView, DigestView, GroupedReplyView, SubscribedView, View
from cdi_bot.slack.render.answers import render_answer
from cdi_bot.slack.render.forms.fields import selector_options
from cdi_bot.slack.render.forms.subscription import subscription_form
from cdi_bot.slack.render.kit.i18n import Translator, languages
from cdi_bot.slack.render.messages import render_view
from cdi_bot.usecases.answers import Answer, SubscriptionList
from cdi_bot.usecases.subscription_form import choices
from tests.slack.golden import assert_options_taken, assert_taken, assert_view_taken
from tests.slack.render.samples import NOW, integration
from tests.slack.render.test_answers import ANSWERS
from tests.slack.render.test_form import FORMS
from tests.slack.render.test_messages import CARDS, DIGESTS, EVENTS, SEVERAL_OF, SUBSCRIBED

VIEWS: dict[str, View] = {**CARDS, **SEVERAL_OF, **EVENTS, **DIGESTS, **SUBSCRIBED}

NAMES = ["x", "x" * 3000, "&" * 3000, "連" * 3000]
ROWS_AND_COUNTS = [(0, 1), (10**9, 200)]

OF_ANY_NUMBER = {
    CardView: "incidents",
    GroupedReplyView: "incidents",
    SubscribedView: "failing",
    SubscriptionList: "rows",
    DigestView: "worst",
}
"""What comes in any number, and is not cut to a page before it is rendered."""

NAMED = {"integration_name", "name", "selector", "reason", "query", "mention", "given"}
"""The texts that Braze and people choose."""


def stretched(value: Any, name: str, rows: int, count: int) -> Any:
    """Return the same with every name, number of rows and number of integrations replaced."""
    if isinstance(value, tuple):
        return tuple(stretched(each, name, rows, count) for each in value)
    if not is_dataclass(value) or isinstance(value, type):
        return value
    changed: dict[str, Any] = {
        field.name: stretched(getattr(value, field.name), name, rows, count) for field in fields(value)
    }
    for field, held in changed.items():
        if field in NAMED and type(held) is str:  # a reason code of ours is an enum
            changed[field] = name
    if isinstance(value, Run):
        changed |= {"rows_synced": rows, "rows_failed_with_errors": rows}
    if isinstance(value, RunTotals | PeriodTotals):
        changed |= {"rows_synced": rows, "rows_failed": rows, "failed": rows}
    several = OF_ANY_NUMBER.get(type(value))
    if several and changed[several]:
        changed[several] = (changed[several] * count)[:count]
    return replace(value, **changed)


@pytest.mark.parametrize(("rows", "count"), ROWS_AND_COUNTS)
@pytest.mark.parametrize("name", NAMES, ids=["short", "long", "escaped", "wide"])
@pytest.mark.parametrize("language", languages())
def test_every_message_stretched(language: str, name: str, rows: int, count: int) -> None:
    """Names of one character and of three thousand, no rows and a billion, one integration and two hundred."""
    i18n = Translator.load(language)
    for view in VIEWS.values():
        assert_taken(render_view(stretched(view, name, rows, count), i18n))
    for answer in ANSWERS.values():
        told: Answer = stretched(answer, name, rows, count)
        assert_taken(render_answer(told, i18n, now=NOW))


@pytest.mark.parametrize("name", NAMES, ids=["short", "long", "escaped", "wide"])
@pytest.mark.parametrize("language", languages())
def test_every_form_stretched(language: str, name: str) -> None:
    """The form and what it offers to choose from, with two hundred integrations of such names."""
    i18n = Translator.load(language)
    for draft in FORMS.values():
        assert_view_taken(subscription_form(stretched(draft, name, 0, 1), i18n))
    known: list[Integration] = [integration(str(number), name) for number in range(200)]
    for typed in ("", name[:1], name):
        assert_options_taken(selector_options(choices(typed, [(None, known)], listed=True), i18n))
