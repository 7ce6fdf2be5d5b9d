"""The form for a subscription: word for word in golden files, and that Slack takes any of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdi_bot.core.commands.hours import SetHours
from cdi_bot.core.commands.parser import parse
from cdi_bot.core.commands.snoozes import SetSnooze
from cdi_bot.core.digest_schedule import Schedule
from cdi_bot.core.hours import Hours
from cdi_bot.core.model.incident import Topic
from cdi_bot.core.model.integration import Integration
from cdi_bot.core.model.integration_settings import IntegrationSettings
from cdi_bot.core.model.subscription import Filters, Selection, Snooze
from cdi_bot.sandbox.slack.block_kit import options_problems
from cdi_bot.slack.render.forms.fields import (
    CHANNEL,
    FORM,
    FRESH,
    GROUP,
    PERCENT,
    ROWS,
    SELECTOR,
    TOPICS,
    FormValues,
    read_form,
    selector_options,
)
from cdi_bot.slack.render.forms.integration import (
    IntegrationFormValues,
    integration_form,
    read_integration_form,
)
from cdi_bot.slack.render.forms.settings import DIGEST_AT, ESCALATE_TO
from cdi_bot.slack.render.forms.snooze import snooze_form
from cdi_bot.slack.render.forms.subscription import FormDraft, subscription_form
from cdi_bot.slack.render.kit.blocks import short_message
from cdi_bot.slack.render.kit.i18n import Translator
from cdi_bot.slack.render.kit.text import plain
from cdi_bot.slack.render.kit.windows import filled_again, waiting_window, window
from cdi_bot.slack.render.workspaces import workspace_form
from cdi_bot.usecases.answers import SettingsShown
from cdi_bot.usecases.subscription_form import Choices, SettingsChange, choices
from tests.slack.golden import assert_golden_options, assert_golden_view, assert_view_taken
from tests.slack.render import strategies
from tests.slack.render.samples import ALERTS, KENJI, MARA, NOW, OWNED, USERS, integration, snooze

WORDS = Translator()
Json = dict[str, Any]

FILTERS = Filters(
    topics=frozenset({Topic.ERROR, Topic.PARTIAL}),
    min_rows=100,
    min_percent=2.5,
    fresh="36h",
    off=frozenset({"spike", "rows_low"}),
    mention=f"<@{MARA}> <@{KENJI}> <!subteam^S0DATA>",
)
LANGUAGES = ("en", "ja")
NOW_SET = SettingsShown(
    language="ja", digest="weekly mon 08:30", zone="Europe/Berlin", next_due=NOW, languages=LANGUAGES
)
FORMS = {
    "anywhere": FormDraft(languages=LANGUAGES),
    "here": FormDraft(
        channel_id=ALERTS.channel_id, what=Selection(selector=USERS, name="Users attributes (Snowflake)")
    ),
    "direct": FormDraft(
        channel_id="D0MARA",
        languages=LANGUAGES,
        now=replace(NOW_SET, digest=None, language=None),
    ),
    "change": FormDraft(
        channel_id=ALERTS.channel_id,
        subscription_id=3,
        what=Selection(selector=USERS, name="Users attributes (Snowflake)"),
        filters=FILTERS,
        languages=LANGUAGES,
        now=NOW_SET,
    ),
    "change_all": FormDraft(channel_id=ALERTS.channel_id, subscription_id=3, what=Selection(selector="all")),
}


@pytest.mark.parametrize("name", sorted(FORMS))
def test_form(name: str) -> None:
    """Each way of opening the form asks for what is not known, and shows what is."""
    assert_golden_view(f"form_{name}", lambda query: subscription_form(FORMS[name], query))


OF_INTEGRATIONS: dict[str, tuple[str | None, IntegrationSettings | None, Selection | None]] = {
    "new": (ALERTS.channel_id, None, None),
    "from_home": (None, None, None),
    "change": (ALERTS.channel_id, OWNED, Selection.of(integration())),
    "change_all": (
        ALERTS.channel_id,
        IntegrationSettings(workspace_id=1, selector="all", owner="<!subteam^S0123ABCDE>"),
        Selection(selector="all"),
    ),
}


@pytest.mark.parametrize("name", list(OF_INTEGRATIONS))
def test_golden_forms_of_integrations(name: str) -> None:
    """Owner, runbook and critical: of one selector as they are, or of any."""
    assert_golden_view(
        f"form_integration_{name}", lambda query: integration_form(*OF_INTEGRATIONS[name], query)
    )


def of_integrations(name: str = "new", **filled: Json) -> IntegrationFormValues | Json:
    """Fill the form in, and read it."""
    view = integration_form(*OF_INTEGRATIONS[name], WORDS)
    return read_integration_form(
        view | {"state": {"values": {at: {at: it} for at, it in filled.items()}}}, WORDS
    )


MINUTE = NOW.replace(second=0, microsecond=0)
BEGUN = replace(snooze(MINUTE + timedelta(hours=4), "warehouse move"), has_begun=True)
WEEKLY = replace(snooze(reason="backup"), every="sun 02:00-06:00 Europe/Berlin")
PLANNED = replace(snooze(), begins=MINUTE + timedelta(days=2), until=MINUTE + timedelta(days=5))
SNOOZED: dict[str, tuple[Snooze, Selection] | None] = {
    "new": None,
    "change": (BEGUN, Selection.of(integration())),
    "change_until_recovery": (replace(BEGUN, until=None), Selection.of(integration())),
    "change_planned": (PLANNED, Selection(selector="all")),
    "change_recurring": (WEEKLY, Selection(selector="Users*", workspace_name="prod")),
}


@pytest.mark.parametrize("name", list(SNOOZED))
def test_golden_forms_of_snoozes(name: str) -> None:
    """When a present one is stands there as it is typed."""
    zone = ZoneInfo("Europe/Berlin")
    assert_golden_view(
        f"snooze_form_{name}", lambda query: snooze_form(ALERTS.channel_id, SNOOZED[name], zone, query)
    )


@pytest.mark.parametrize("name", [each for each, present in SNOOZED.items() if present])
def test_a_form_that_is_saved_unchanged_means_the_same(name: str) -> None:
    """The command reads of it what the snooze is, to the minute."""
    present = SNOOZED[name]
    assert present
    zone = ZoneInfo("Europe/Berlin")
    view = snooze_form(ALERTS.channel_id, present, zone, WORDS)
    when = next(block for block in view["blocks"] if block.get("block_id") == "when")["element"]
    read = parse(f"snooze x {when['initial_value']}", now=NOW.astimezone(zone))
    assert isinstance(read, SetSnooze)
    every = f"{read.every} {read.zone}" if read.every else None
    begins = None if present[0].has_begun or every else present[0].begins
    assert (read.begins, every) == (begins, present[0].every)
    assert every or read.until == present[0].until


PICKED = {"selected_option": {"value": "Users*"}}


def test_a_new_one_changes_what_is_filled_in() -> None:
    """What is left empty stays as it is."""
    read = of_integrations(selector=PICKED, runbook={"value": " https://w/x "})
    assert isinstance(read, IntegrationFormValues)
    assert (read.selector, read.workspace_id, read.changes) == ("Users*", None, {"runbook": "https://w/x"})


def test_of_a_present_one_everything_is_meant() -> None:
    """What is left empty is removed."""
    no = {"selected_option": {"value": "no"}}
    read = of_integrations("change", people={"selected_users": [MARA]}, critical=no)
    assert isinstance(read, IntegrationFormValues)
    assert (read.selector, read.workspace_id) == (USERS, 1)
    assert read.changes == {"owner": f"<@{MARA}>", "runbook": None, "critical": None}


def test_what_is_wrong_with_an_owner_stands_at_its_field() -> None:
    """Each by itself."""
    assert set(of_integrations("from_home")) == {"channel", "selector"}  # type: ignore[arg-type]  # errors
    both: dict[str, Json] = {"people": {"selected_users": [MARA]}, "group": {"value": "S0123ABCDE"}}
    wrong = of_integrations("new", selector=PICKED, runbook={"value": "wiki"}, **both)
    assert set(wrong) == {"group", "runbook"}  # type: ignore[arg-type]  # errors
    assert set(of_integrations(selector=PICKED)) == {"people"}  # type: ignore[arg-type]  # errors


def test_around_the_form() -> None:
    """What stands in the form's place while it waits, and when it has been told."""
    assert_golden_view("form_waiting", lambda query: waiting_window("Subscriptions", query))
    assert_golden_view(
        "form_outcome", lambda query: window("Subscriptions", short_message("Done.", "More.").blocks, query)
    )


KNOWN = [
    integration("1", "Users: attributes", last_job_status="success"),
    integration("2", "Users: consent", last_job_status="error"),
    integration("3", "Active users"),
    integration("4", "Orders"),
]


@pytest.mark.parametrize("typed", ["", "us", "users", "act", "*S", "al", "nothing"])
def test_options(typed: str) -> None:
    """What fits is offered, names that begin with the words first, and what takes in several at once."""
    name = {"": "untyped", "*S": "pattern"}.get(typed, typed)
    offered = choices(typed, [(None, KNOWN)], listed=True)
    assert_golden_options(f"options_{name}", lambda query: selector_options(offered, query))


def test_an_id_without_a_list() -> None:
    """Where Braze may not be asked for the list, what looks like an id can be chosen unseen."""
    assert choices("abc123", [(None, [])], listed=False).unlisted == "abc123"
    assert choices("abc123", [(None, KNOWN)], listed=True).unlisted is None
    unseen = choices("abc123", [(None, [])], listed=False)
    assert_golden_options("options_unlisted", lambda query: selector_options(unseen, query))


def filled(draft: FormDraft, opened: Json | None = None, **values: Json) -> Json:
    """Return the form, or another one, as Slack submits it: what is not given stands as it opened."""
    view = opened or subscription_form(draft, WORDS)
    state: dict[str, Json] = {}
    for block in view["blocks"]:
        if block["type"] == "input":
            held = _initial(block["element"])
            state[block["block_id"]] = {block["element"]["action_id"]: held}
    for block_id, value in values.items():
        state[block_id] = {block_id: value}
    return {**view, "state": {"values": state}}


def _initial(element: Json) -> Json:
    names = {
        "initial_conversation": "selected_conversation",
        "initial_option": "selected_option",
        "initial_options": "selected_options",
        "initial_users": "selected_users",
        "initial_value": "value",
        "initial_time": "selected_time",
    }
    return {names[key]: value for key, value in element.items() if key in names}


def test_what_was_shown_is_read_back() -> None:
    """A form that is submitted as it opened changes nothing."""
    values = read_form(filled(FORMS["change"]), WORDS)
    assert isinstance(values, FormValues)
    assert (values.channel_id, values.picked, values.subscription_id) == (ALERTS.channel_id, False, 3)
    assert values.filters == FILTERS
    assert values.settings == SettingsChange()


def refilled(i18n: Translator) -> Json:
    """The form that asks for everything, refused after it was filled in."""
    draft = replace(FORMS["change"], channel_id=None, subscription_id=None, workspaces=("prod", "staging"))
    view = subscription_form(draft, i18n)
    elements = {each["block_id"]: each["element"] for each in view["blocks"] if each["type"] == "input"}

    def offered(field: str, value: str) -> Json:
        return {"selected_option": next(one for one in elements[field]["options"] if one["value"] == value)}

    view = filled(
        draft,
        view,
        channel={"selected_conversation": ALERTS.channel_id},
        rows={"value": None},
        language=offered("language", "ja"),
        workspace=offered("workspace", "staging/"),
        digest=offered("digest", "weekly mon"),
        digest_at={"selected_time": "08:30"},
        escalate=offered("escalate", "600"),
        escalate_to={"selected_conversation": "C2"},
        hours={"value": "mon-fri 8-19"},
        contacts=offered("contacts", "mention"),
    )
    return filled_again(view, "I can't do this: Braze does not answer in time.")


def test_what_is_refused_later_is_shown_as_it_was_filled_in() -> None:
    """Each field, with what is wrong above them; a second time the first problem is gone."""
    assert_golden_view("form_again", refilled)
    view = refilled(WORDS)
    values = read_form(filled(FORMS["here"], view), WORDS)
    assert isinstance(values, FormValues)
    assert (values.channel_id, values.picked, values.selector) == (ALERTS.channel_id, True, USERS)
    assert values.filters == replace(FILTERS, min_rows=None)
    assert values.settings == SettingsChange(
        language="ja",
        changes_language=True,
        workspace="staging",
        changes_workspace=True,
        digest=Schedule(at=time(8, 30), weekday=0),
        changes_digest=True,
        escalate_after=timedelta(minutes=10),
        escalate_to="C2",
        changes_escalation=True,
        hours=values.settings.hours,
        mention_contacts=True,
    )
    again = filled_again(filled(FORMS["here"], view), "Another problem.")
    assert again["blocks"][1:] == view["blocks"][1:]
    assert again["blocks"][0] != view["blocks"][0]


def test_the_form_of_a_workspace() -> None:
    """Empty, and refused later: the key is not shown again."""
    assert_golden_view("form_workspace", lambda query: workspace_form(ALERTS.channel_id, query))
    typed: dict[str, Json] = {
        "name": {"value": "emea"},
        "endpoint": {"value": "https://rest.fra-01.braze.eu"},
        "key": {"value": "secret-key"},
    }
    view = filled(FORMS["here"], workspace_form(ALERTS.channel_id, WORDS), **typed)
    again = filled_again(view, "Braze refused the key.", but={"key"})
    assert [each["element"].get("initial_value") for each in again["blocks"][1:]] == [
        "emea",
        "https://rest.fra-01.braze.eu",
        None,
    ]
    assert "secret-key" not in str(again)


def test_what_is_wrong_stands_at_its_field() -> None:
    """Every field is judged, not only the first; nothing that people type raises."""
    wrong = filled(
        FormDraft(),
        channel={"selected_conversation": None},
        selector={"selected_option": None},
        topics={"selected_options": []},
        rows={"value": "0"},
        percent={"value": "101"},
        fresh={"value": "36"},
        group={"value": "S0DATA @data-team"},
        digest=option("daily"),
        digest_at={"selected_time": None},
    )
    errors = read_form(wrong, WORDS)
    assert isinstance(errors, dict)
    assert set(errors) == {CHANNEL, SELECTOR, TOPICS, ROWS, PERCENT, FRESH, GROUP, DIGEST_AT}
    assert "@data-team" in errors[GROUP]


@pytest.mark.parametrize(
    ("typed", "fresh"), [("", None), (" 1d ", "24h"), ("9am", "09:00"), ("9:30", "09:30"), ("15min", "15m")]
)
def test_freshness(typed: str, fresh: str | None) -> None:
    """As the command takes it; the zone of a time of day is the channel's, so a form that changes it shows none."""
    draft = FormDraft(channel_id="C1", what=Selection(selector="all"))
    values = read_form(filled(draft, fresh={"value": typed}), WORDS)
    assert isinstance(values, FormValues)
    assert values.filters.fresh == fresh
    shown = subscription_form(replace(draft, filters=Filters(fresh="09:00 Asia/Tokyo")), WORDS)
    (limit,) = [block["element"] for block in shown["blocks"] if block.get("block_id") == FRESH]
    assert limit["initial_value"] == "09:00"


@pytest.mark.parametrize(
    ("typed", "mention"),
    [
        ("", None),
        ("S0DATA", "<!subteam^S0DATA>"),
        (" S0DATA, S0OPS ", "<!subteam^S0DATA> <!subteam^S0OPS>"),
        ("<!subteam^S0DATA|@data>", "<!subteam^S0DATA>"),
    ],
)
def test_groups(typed: str, mention: str | None) -> None:
    """Groups are named by their ids, one or several."""
    draft = FormDraft(channel_id="C1", what=Selection(selector="all"))
    values = read_form(filled(draft, group={"value": typed}, people={"selected_users": []}), WORDS)
    assert isinstance(values, FormValues)
    assert values.filters.mention == mention


def option(value: str) -> Json:
    """Return a chosen option."""
    return {"selected_option": {"text": {"type": "plain_text", "text": value}, "value": value}}


@pytest.mark.parametrize(
    ("language", "digest", "talk"),
    [
        ("keep", "none", SettingsChange(changes_digest=True)),
        ("own", "keep", SettingsChange(changes_language=True)),
        (
            "ja",
            "daily",
            SettingsChange(
                language="ja", changes_language=True, digest=Schedule(at=time(9)), changes_digest=True
            ),
        ),
        ("keep", "weekly sun", SettingsChange(digest=Schedule(at=time(9), weekday=6), changes_digest=True)),
    ],
)
def test_language_and_digest(language: str, digest: str, talk: SettingsChange) -> None:
    """What is chosen is wished, what is left as it is is not."""
    draft = FormDraft(channel_id="C1", what=Selection(selector="all"), languages=LANGUAGES)
    values = read_form(filled(draft, language=option(language), digest=option(digest)), WORDS)
    assert isinstance(values, FormValues)
    assert values.settings == talk


@pytest.mark.parametrize(
    ("after", "to", "wish"),
    [
        ("keep", "C2", SettingsChange()),
        ("nobody", "C2", SettingsChange(changes_escalation=True)),
        (
            "600",
            "C2",
            SettingsChange(escalate_after=timedelta(minutes=10), escalate_to="C2", changes_escalation=True),
        ),
    ],
)
def test_an_escalation(after: str, to: str, wish: SettingsChange) -> None:
    """It takes a time and a channel."""
    draft = FormDraft(channel_id="C1", what=Selection(selector="all"), languages=LANGUAGES)
    chosen = {"escalate": option(after), "escalate_to": {"selected_conversation": to}}
    values = read_form(filled(draft, **chosen), WORDS)
    assert isinstance(values, FormValues)
    assert values.settings == wish
    errors = read_form(filled(draft, escalate=option("600")), WORDS)
    assert isinstance(errors, dict)
    assert set(errors) == {ESCALATE_TO}


@pytest.mark.parametrize(
    ("typed", "wish"),
    [
        ("", None),
        ("off", SetHours(hours=None)),
        (
            "weekdays 8am-7pm UTC",
            SetHours(hours=Hours(days=frozenset(range(5)), begin=time(8), end=time(19)), zone="UTC"),
        ),
    ],
)
def test_hours(typed: str, wish: SetHours | None) -> None:
    """They are typed as behind the command; what are none is said at the field."""
    draft = FormDraft(channel_id="C1", what=Selection(selector="all"), languages=LANGUAGES)
    values = read_form(filled(draft, hours={"value": typed}), WORDS)
    assert isinstance(values, FormValues)
    assert values.settings.hours == wish
    errors = read_form(filled(draft, hours={"value": "nine to five"}), WORDS)
    assert isinstance(errors, dict)
    assert set(errors) == {"hours"}


def test_nobody_else_is_called() -> None:
    """Neither a channel nor a person goes through as a group."""
    for typed in ("<!channel>", "<@U0MARA0001>", "here", "U0MARA0001", "S1|x> <!here"):
        errors = read_form(
            filled(FormDraft(channel_id="C1", what=Selection(selector="all")), group={"value": typed}), WORDS
        )
        assert isinstance(errors, dict), typed
        assert GROUP in errors


filters = st.builds(
    Filters,
    topics=st.frozensets(st.sampled_from(Topic)),
    min_rows=st.none() | st.integers(1, 10**9),
    min_percent=st.none() | st.floats(0.01, 100),
    fresh=st.sampled_from([None, "36h", "09:00 Europe/Berlin"]),
    mention=strategies.mentions,
)
drafts = st.builds(
    FormDraft,
    channel_id=st.sampled_from([None, "C0ALERTS01", "D0MARA"]),
    subscription_id=st.none() | st.integers(1, 10**12),
    what=st.none()
    | st.builds(
        Selection,
        selector=strategies.ids | st.just("x" * 3000),
        name=st.none() | strategies.text,
        workspace_name=strategies.workspace_names,
    ),
    filters=filters,
)


@given(drafts, strategies.text.map(plain))
def test_slack_takes_any_form(draft: FormDraft, problem: str) -> None:
    """Whatever names and numbers there are, the form keeps to Slack's limits; also when it is refused later."""
    assert_view_taken(subscription_form(draft, WORDS))
    assert_view_taken(filled_again(filled(draft), problem))


@given(strategies.text, st.lists(strategies.integrations, max_size=8), st.booleans())
def test_slack_takes_any_options(typed: str, known: list[Integration], listed: bool) -> None:
    """Whatever is typed and whatever there is, the options keep to Slack's limits."""
    assert options_problems(selector_options(choices(typed, [(None, known)], listed=listed), WORDS)) == []


@pytest.mark.parametrize("length", [1, 3000])
@pytest.mark.parametrize("count", [1, 200])
def test_extremes(length: int, count: int) -> None:
    """One integration or two hundred, with names of one character or three thousand."""
    known = [integration(str(number), "x" * length) for number in range(count)]
    found: Choices = choices("x", [(None, known)], listed=True)
    assert found.total == count
    answer = selector_options(found, WORDS)
    assert options_problems(answer) == []
    assert answer["option_groups"]
    assert_view_taken(subscription_form(FormDraft(what=Selection(selector="x", name="x" * length)), WORDS))


def test_the_callback_is_the_shortcut() -> None:
    """One name opens the form and takes it."""
    assert subscription_form(FormDraft(), WORDS)["callback_id"] == FORM
