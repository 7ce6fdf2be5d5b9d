"""What people filled in is not lost, whichever form it is, when it is refused later or something fails."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from cdi_bot.core.model.subscription import Filters
from cdi_bot.sandbox.slack.model import Content
from cdi_bot.sandbox.slack.payloads import Press
from cdi_bot.sandbox.slack.seed_data import DATA_ALERTS, KENJI, MARA
from cdi_bot.slack.handlers import submission
from cdi_bot.slack.render.forms.fields import FORM
from cdi_bot.slack.render.kit.blocks import as_value
from tests.rigs import people
from tests.rigs.people import ALERTS, Desk, PatientApp
from tests.slack.api.bolt_kit import Json

HERE: Json = {"channel": DATA_ALERTS}
ALL: Json = {"selected_option": {"text": {"type": "plain_text", "text": "All"}, "value": "all"}}
NOBODY: Json = {"selected_option": {"text": {"type": "plain_text", "text": "Nobody"}, "value": "Nobody"}}
TYPED = {
    "selected_conversation": "initial_conversation",
    "selected_option": "initial_option",
    "selected_options": "initial_options",
    "selected_users": "initial_users",
    "value": "initial_value",
}
ERRORS: Json = {
    "selected_options": [
        {
            "text": {"type": "plain_text", "text": "Errors"},
            "value": "error",
            "description": {"type": "plain_text", "text": "nothing was synced"},
        }
    ]
}


@dataclass(frozen=True)
class Case:
    """A form, the button that opens it, what is filled in, and what of that is refused."""

    button: str
    fields: dict[str, Json]
    refused: dict[str, Json]
    value: Json


CASES = {
    "subscription": Case(
        FORM,
        {"channel": {"selected_conversation": DATA_ALERTS}, "selector": ALL, "topics": ERRORS},
        {"selector": NOBODY},
        HERE,
    ),
    "settings": Case(
        "form_new",
        {"selector": ALL, "topics": ERRORS, "hours": {"value": "mon-fri 8-19"}},
        {
            "escalate": {
                "selected_option": {
                    "text": {"type": "plain_text", "text": "After 10 min"},
                    "value": "600",
                }
            },
            "escalate_to": {"selected_conversation": DATA_ALERTS},
        },
        {},
    ),
    "snooze": Case(
        "snooze_new",
        {"what": {"value": "all"}, "when": {"value": "2h"}, "reason": {"value": "release"}},
        {"what": {"value": "Nobody"}},
        HERE,
    ),
    "integration": Case(
        "integration_form",
        {"selector": ALL, "people": {"selected_users": [KENJI]}, "runbook": {"value": "https://wiki/x"}},
        {"selector": NOBODY},
        {},
    ),
    "workspace": Case(
        "workspace_add",
        {
            "name": {"value": "emea"},
            "endpoint": {},
            "key": {},
        },
        {"name": {"value": "prod"}},
        {},
    ),
}


@asynccontextmanager
async def at_the_desk(folder: Path) -> AsyncIterator[tuple[Desk, PatientApp]]:
    """A channel that is subscribed to all of two integrations, and the bot behind Socket Mode."""
    async with people.responder(folder) as desk:
        desk.add("Users", "success")
        desk.add("Orders", "success")
        await desk.polled()
        await desk.subscriptions.subscribe(ALERTS, "UADMIN", "all", Filters())
        channel = desk.sandbox.slack.channels[DATA_ALERTS]
        desk.sandbox.slack.put_channel(replace(channel, members=channel.members | {"UADMIN"}))
        async with desk.connected() as app:
            yield desk, app


def filled_in(desk: Desk, case: Case) -> dict[str, Json]:
    """What is filled in; a workspace is that of the stand-in."""
    real = {"endpoint": {"value": desk.sandbox.url}, "key": {"value": desk.sandbox.braze_api_key}}
    return case.fields | {key: value for key, value in real.items() if key in case.fields}


def take_the_audit_away(folder: Path) -> None:
    """From now on nothing can be changed: each change is audited."""
    (file,) = folder.glob("*.db")
    with closing(sqlite3.connect(file)) as database:
        database.execute("ALTER TABLE audit RENAME TO away")


async def opened(desk: Desk, app: PatientApp, case: Case, who: str) -> Json:
    """Open a form from a message, or by the shortcut."""
    if case.button == FORM:
        await desk.sandbox.people.shortcut(who, FORM)
    else:
        text = {"type": "plain_text", "text": "Open"}
        button: Json = {
            "type": "button",
            "action_id": case.button,
            "value": as_value(case.value),
            "text": text,
        }
        blocks = ({"type": "actions", "block_id": "a", "elements": [button]},)
        message = desk.sandbox.slack.post(DATA_ALERTS, Content(text="open", blocks=blocks))
        await desk.sandbox.people.press(message, Press(user=who, action_id=case.button))
    await app.settle()
    modal = desk.sandbox.slack.views.modal(who)
    assert modal
    return modal


def states(view: Json, fields: dict[str, Json]) -> Json:
    """What Slack sends of a form with these fields filled in, and the others as they opened."""
    values = {}
    for block in view["blocks"]:
        if block["type"] == "input":
            element = block["element"]
            held = {
                name: element[initial]
                for name, initial in TYPED.items()
                if initial in element and block["block_id"] not in fields
            }
            values[block["block_id"]] = {element["action_id"]: held | fields.get(block["block_id"], {})}
    return values


def shows(view: Json, fields: dict[str, Json]) -> None:
    """Assert that a form is shown with what was filled in, but for the key."""
    assert view["blocks"][0]["type"] == "alert"
    elements = {each["block_id"]: each["element"] for each in view["blocks"] if each["type"] == "input"}
    for field, filled in fields.items():
        ((name, value),) = filled.items()
        assert elements[field].get(TYPED[name]) == (None if field == "key" else value), field


@pytest.mark.parametrize("name", list(CASES))
async def test_refused_later(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is refused when the form has been acknowledged stands above it, as it was filled in; then it is taken."""
    monkeypatch.setattr(submission, "ANSWER_SECONDS", 0)
    async with at_the_desk(tmp_path) as (desk, app):
        case, who = CASES[name], "UADMIN" if name == "workspace" else MARA
        view = await opened(desk, app, case, who)
        fields = filled_in(desk, case) | case.refused
        told = await desk.sandbox.people.submit(who, view["id"], states(view, fields))
        assert "One moment" in str(told["response"])
        await app.settle()
        modal = desk.sandbox.slack.views.modal(who)
        assert modal
        shows(modal, fields)
        if name != "workspace":  # this key is of another workspace already
            better: dict[str, Json] = {key: {} for key in case.refused}
            better |= case.fields
            keeps = {"selected_option": {"text": {"type": "plain_text", "text": "Leave it"}, "value": "keep"}}
            better |= {"escalate": keeps} if "escalate" in case.refused else {}
            await desk.sandbox.people.submit(who, modal["id"], states(modal, better))
            await app.settle()
            done = desk.sandbox.slack.views.modal(who)
            assert done
            assert not any(each["type"] == "input" for each in done["blocks"]), done["blocks"][:2]


@pytest.mark.parametrize("patience", [0, 30])
@pytest.mark.parametrize("name", list(CASES))
async def test_something_fails(
    name: str, patience: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the database can't be used, in time or later: said above the form, as it was filled in."""
    monkeypatch.setattr(submission, "ANSWER_SECONDS", patience)
    async with at_the_desk(tmp_path) as (desk, app):
        case, who = CASES[name], "UADMIN" if name == "workspace" else MARA
        view, fields = await opened(desk, app, case, who), filled_in(desk, case)
        take_the_audit_away(tmp_path)
        told = await desk.sandbox.people.submit(who, view["id"], states(view, fields))
        assert told["acked"], told
        await app.settle()
        modal = desk.sandbox.slack.views.modal(who)
        assert modal
        shows(modal, fields)
