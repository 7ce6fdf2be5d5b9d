"""Two Braze workspaces: each text says which one as soon as there are two, once where it is about one."""

from __future__ import annotations

import json
from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar

import pytest

from cdi_bot.core.model.subscription import Selection
from cdi_bot.delivery.views import CardView, DigestView, EventView, GroupedReplyView, SubscribedView, View
from cdi_bot.slack.render.answers import render_answer
from cdi_bot.slack.render.forms.fields import selector_options
from cdi_bot.slack.render.forms.subscription import FormDraft, subscription_form
from cdi_bot.slack.render.home import home_view
from cdi_bot.slack.render.kit.i18n import Translator
from cdi_bot.slack.render.messages import render_view
from cdi_bot.usecases.answers import Answer, SettingsShown, SeveralMatches
from cdi_bot.usecases.home import Home
from cdi_bot.usecases.query_answers import AuditTrail
from cdi_bot.usecases.subscription_form import choices
from tests.slack.golden import assert_golden, assert_golden_options, assert_golden_view, said
from tests.slack.render import test_answers, test_form, test_home, test_messages
from tests.slack.render.samples import (
    ALERTS,
    KENJI,
    NOW,
    USERS,
    failing,
    integration,
    late,
    recovered,
    unreachable,
)
from tests.slack.render.test_messages import card

NAMES = ("Users attributes", "Catalog", "Purchases", "Users*", "all integrations")
"""What the samples name."""

Value = TypeVar("Value")


def within(name: str, value: Value) -> Value:
    """The same, with everything in it of a workspace of this name, as the store fills it in where there are several."""
    changed: Any = value
    if isinstance(value, tuple):
        changed = tuple(within(name, each) for each in value)
    elif is_dataclass(value) and not isinstance(value, type):
        known: dict[str, Any] = {
            each.name: within(name, getattr(value, each.name)) for each in fields(value) if each.init
        }
        if "workspace_name" in known:
            known["workspace_name"] = name
        if isinstance(value, AuditTrail):
            known["workspaces"] = {1: name}
            known["rows"] = tuple((replace(entry, workspace_id=1), one) for entry, one in known["rows"])
        changed = type(value)(**known)
    return changed  # type: ignore[no-any-return]


def both(view: CardView) -> CardView:
    """The first incident of a card in `staging`, the others in `prod`."""
    first, *rest = view.incidents
    return replace(view, incidents=(within("staging", first), *(within("prod", each) for each in rest)))


STORM = card(failing(), late(), failing(acknowledged_by=KENJI, acknowledged_at=NOW))
VIEWS: dict[str, View] = {
    "two_card": within("prod", card(failing(), past=test_messages.PAST, can_sync=True)),
    "two_card_meanwhile": within("prod", card(failing(), unreachable=unreachable())),
    "two_card_unreachable": within("prod", card(unreachable(reason="bad_key"), unwatched=8)),
    "two_storm_of_one": within("prod", STORM),
    "two_storm": both(STORM),
    "two_recovered": GroupedReplyView(
        fact="recovered", incidents=both(card(*map(recovered, [failing()] * 3))).incidents
    ),
    "two_digest": within("prod", test_messages.DIGESTS["digest_failing"]),
    "two_subscribed": within("staging", test_messages.SUBSCRIBED["subscribed_pattern"]),
}


def mixed(answer: Any) -> Any:
    """The first row of a table in `staging`, the others in `prod`."""
    first, *rest = answer.rows
    return replace(answer, rows=(within("staging", first), *(within("prod", each) for each in rest)))


ANSWERS: dict[str, Answer] = {
    "two_status": replace(
        mixed(test_answers.OVERVIEW),
        unreachable=(within("prod", unreachable()), within("staging", unreachable())),
    ),
    "two_status_of_one": within("prod", test_answers.OVERVIEW),
    "two_list": mixed(test_answers.LISTING),
    "two_history": within("prod", test_answers.HISTORY),
    "two_several": SeveralMatches(
        query="Users",
        candidates=(within("prod", integration()), within("staging", integration())),
        total=2,
    ),
    "two_audit": within("prod", test_answers.ANSWERS["audit"]),
    "two_subscriptions": within("prod", test_answers.ANSWERS["subscriptions"]),
    "two_settings": SettingsShown(
        language=None,
        digest=None,
        zone=None,
        next_due=None,
        languages=("en", "ja"),
        workspace_name="prod",
        workspaces=("prod", "staging"),
    ),
}
HOME = test_home.home(
    within("prod", test_home.unhealthy()),
    within("staging", test_home.unhealthy()),
    within("prod", test_home.subscribed("all", unhealthy=2)),
    within("staging", test_home.subscribed(USERS, name="Users attributes (Snowflake)", total=1)),
    within("prod", test_home.how()),
    within("prod", test_home.how(newest=None, recent=())),
    within("staging", test_home.how()),
    unreachable=(within("staging", unreachable()),),
)
FORM = FormDraft(
    channel_id=ALERTS.channel_id,
    what=Selection(selector="all", workspace_name="prod"),
    languages=("en", "ja"),
    workspaces=("prod", "staging"),
)


@pytest.mark.parametrize("name", VIEWS)
def test_golden_messages(name: str) -> None:
    """Cards, replies, digests and notices."""
    assert_golden(name, lambda i18n: render_view(VIEWS[name], i18n))


@pytest.mark.parametrize("name", ANSWERS)
def test_golden_answers(name: str) -> None:
    """Answers to one person."""
    assert_golden(name, lambda i18n: render_answer(ANSWERS[name], i18n, now=NOW))


def test_golden_home() -> None:
    """Home lists the integrations workspace by workspace."""
    assert_golden_view("home_two_workspaces", lambda i18n: home_view(HOME, i18n, NOW, test_home.TROUBLES))


def test_golden_form() -> None:
    """The form asks which workspace is the channel's, and its picker offers what each has."""
    assert_golden_view("form_two_workspaces", lambda i18n: subscription_form(FORM, i18n))
    known = [(name, [within(name, one) for one in test_form.KNOWN]) for name in ("prod", "staging")]
    offered = choices("us", known, listed=True)
    assert_golden_options("options_two_workspaces", lambda i18n: selector_options(offered, i18n))


SAMPLES: dict[str, View | Answer | Home] = {
    **test_messages.CARDS,
    **test_messages.EVENTS,
    **test_messages.SEVERAL_OF,
    **test_messages.SUBSCRIBED,
    **test_messages.DIGESTS,
    **test_answers.ANSWERS,
    **test_home.HOMES,
}


def shown(value: Any) -> str:
    """Everything that a text says, in English."""
    if isinstance(value, Home):
        return json.dumps(home_view(value, Translator(), NOW, test_home.TROUBLES), ensure_ascii=False)
    if isinstance(value, CardView | EventView | GroupedReplyView | SubscribedView | DigestView):
        message = render_view(value, Translator())
    else:
        message = render_answer(value, Translator(), now=NOW)
    return f"{message.text} {said(message)}"


@pytest.mark.parametrize("name", SAMPLES)
def test_whatever_names_an_integration_says_of_which_workspace(name: str) -> None:
    """A text that names what belongs to a workspace names the workspace too; without one it is as it always was."""
    before = shown(SAMPLES[name])
    after = shown(within("Elsewhere", SAMPLES[name]))
    assert "Elsewhere" not in before
    if any(each in before for each in NAMES) and name not in NAMES_NOTHING:
        assert "Elsewhere" in after


NAMES_NOTHING = {
    "subscriptions_none",  # says what to type
    "integration_settings_none",
    *(
        name
        for name, each in SAMPLES.items()
        if not {"workspace_name", "workspaces"} & {one.name for one in fields(each)}
        and not any(
            hasattr(each, held)
            for held in ("integration", "incident", "incidents", "rows", "what", "nearest")
        )
    ),  # repeats what somebody typed, such as a refusal
}
"""What names nothing of a workspace."""
