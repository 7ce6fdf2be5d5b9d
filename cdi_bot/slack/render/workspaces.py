"""Braze workspaces as admins see them: the list, the form that adds one, and what came of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from cdi_bot.monitoring.braze_port import BrazeReason, Endpoint
from cdi_bot.slack.render.kit.blocks import (
    Block,
    Rendered,
    Renderers,
    actions,
    button,
    context,
    paragraphs,
    plain_text,
    section,
    short_message,
)
from cdi_bot.slack.render.kit.i18n import Translator
from cdi_bot.slack.render.kit.reasons import reason_text
from cdi_bot.slack.render.kit.runs import GOOD
from cdi_bot.slack.render.kit.text import code, escape, outside, plain_line
from cdi_bot.slack.render.kit.windows import View, input_block, window_title
from cdi_bot.store.secret_keys import MAKE_SECRET_KEY
from cdi_bot.usecases.lookup import PERMISSIONS
from cdi_bot.usecases.workspace_answers import (
    ConfirmRemoval,
    NoSuchWorkspace,
    WorkspaceAdded,
    WorkspaceForm,
    WorkspaceGone,
    WorkspaceList,
    WorkspaceOfSettings,
    WorkspaceRefused,
    WorkspaceRow,
)

FORM = "workspace"
"""The form's `callback_id`."""

NAME, ENDPOINT, KEY = "name", "endpoint", "key"
"""The fields: each is the id of its block and of its element."""


# ------------------------------------------------------------------------------------------ the list


def _list(answer: WorkspaceList, i18n: Translator) -> Rendered:
    heading = i18n("Braze workspaces")
    lines = [_row(each, i18n) for each in answer.rows]
    shown, held = paragraphs(lines, blocks=40, room=10_000)
    more = len(lines) - held
    notes = [i18n("… and {count} more").format(count=i18n.number(more))] if more else []
    notes.append(i18n("`/cdi workspace remove NAME` removes one that was added here."))
    return Rendered(
        text=plain_line(" · ".join([heading, *lines])),
        blocks=[section(f"*{heading}*"), *shown, *actions([add_button(i18n)]), context(*notes)],
    )


def _row(row: WorkspaceRow, i18n: Translator) -> str:
    said = [
        code(row.base_url.partition("://")[2]),
        i18n.counted("{count} integration", "{count} integrations", row.integrations),
        _origin(row, i18n),
    ]
    if not row.is_watched:
        sign, state = "⚪", i18n("not watched: the settings no longer name it")
    elif row.trouble:
        sign, state = "🔌", escape(reason_text(row.trouble, i18n))
    else:
        sign, state = GOOD, ""
    return " · ".join([f"{sign} *{outside(row.name)}*", *said, *filter(None, [state])])


def _origin(row: WorkspaceRow, i18n: Translator) -> str:
    if row.is_given:
        return i18n("from the settings")
    return i18n("from {file}").format(file=code(row.file)) if row.file else i18n("added in chat")


def add_button(i18n: Translator) -> Block | None:
    """Return the button that opens the form."""
    label = i18n("Add a workspace")
    return button(label, "workspace_add", {}, says=label)


# ------------------------------------------------------------------------------------------ the form


def workspace_form(channel_id: str, i18n: Translator) -> View:
    """Return the form."""
    named: Block = {"type": "plain_text_input", "max_length": 30, "placeholder": plain_text("emea")}
    reached: Block = {
        "type": "plain_text_input",
        "max_length": 200,
        "placeholder": plain_text("https://rest.fra-01.braze.eu"),
    }
    return {
        "type": "modal",
        "callback_id": FORM,
        "private_metadata": json.dumps({"channel": channel_id}),
        "title": window_title(i18n("Add a workspace")),
        "submit": window_title(i18n("Add")),
        "close": window_title(i18n("Cancel")),
        "blocks": [
            input_block(
                NAME,
                i18n("Name"),
                named,
                hint=i18n("What people type before a slash: emea/Users. Letters, digits, - _ and dots."),
                optional=False,
            ),
            input_block(
                ENDPOINT,
                i18n("REST endpoint"),
                reached,
                hint=i18n("In Braze: Settings › APIs and Identifiers."),
                optional=False,
            ),
            input_block(
                KEY,
                i18n("API key"),
                {"type": "plain_text_input", "max_length": 200},
                hint=i18n(
                    "A new REST API key with cdi.integration_job_status, cdi.integration_list and "
                    "cdi.integration_sync. It is tried now, stored encrypted, and never shown. With the name of a "
                    "workspace that was added here, it replaces that one's key."
                ),
                optional=False,
            ),
        ],
    }


def missing_secret(i18n: Translator) -> Rendered:
    """Say that no key can be stored, and how that can be changed."""
    line = i18n("I can't store an API key: a secret key to encrypt it under is missing.")
    todo = i18n("Whoever runs the bot: set {variable} to what {command} prints, and start the bot again.")
    return short_message(
        line, second=todo.format(variable=code("CDI_BOT_SECRET_KEY"), command=code(MAKE_SECRET_KEY))
    )


def typed(view: Mapping[str, Any]) -> dict[str, str]:
    """What was filled in, by field."""
    values = view["state"]["values"]
    return {field: str(values[field][field].get("value") or "").strip() for field in (NAME, ENDPOINT, KEY)}


def form_title(i18n: Translator) -> str:
    """Name the window in which it is said how it went."""
    return i18n("Workspaces")


def refusal_text(answer: WorkspaceRefused, i18n: Translator) -> str:
    """Say in plain text what is wrong with a field."""
    known = {
        (NAME, "invalid"): i18n("A name has up to 30 letters, digits, - _ and dots, and no spaces."),
        (NAME, "taken"): i18n("Another workspace has this name."),
        (ENDPOINT, "invalid"): i18n(
            "Not a REST endpoint of Braze, which looks like https://rest.fra-01.braze.eu."
        ),
        (KEY, "taken"): i18n("The workspace {name} has this key already.").format(name=answer.by),
        (KEY, BrazeReason.NO_PERMISSION.value): i18n(
            "The key has none of the permissions that start with cdi. Make a new one: a key can't be changed."
        ),
    }
    reason = i18n("{reason}. Nothing was stored.").format(reason=_capital(reason_text(answer.problem, i18n)))
    return known.get((answer.field, answer.problem), reason)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _added(answer: WorkspaceAdded, i18n: Translator) -> Rendered:
    line = i18n("{name} has a new key.") if answer.is_replaced else i18n("{name} is watched from now on.")
    lost = {
        Endpoint.STATUS: i18n("it can't be seen how any run ended"),
        Endpoint.LIST: i18n("names, patterns and `all` don't work, and alerts come later"),
        Endpoint.SYNC: i18n("nobody can start a sync from Slack"),
    }
    notes = [
        i18n("⚠️ The key lacks {permission}: {loss}.").format(
            permission=code(PERMISSIONS[endpoint]), loss=lost[endpoint]
        )
        for endpoint in answer.missing
    ] or [i18n("The key may read how runs went, list integrations, and start syncs.")]
    todo = i18n("`/cdi subscribe {name}/all` subscribes a channel to all of it.").format(
        name=outside(answer.name)
    )
    return short_message(
        line.format(name=f"*{outside(answer.name)}*"), todo, sign=GOOD, second="\n".join(notes)
    )


# ------------------------------------------------------------------------------------------ removing


def _confirm(answer: ConfirmRemoval, i18n: Translator) -> Rendered:
    line = i18n("No longer watch *{name}*?").format(name=outside(answer.name))
    ends = i18n(
        "{subscriptions} subscriptions in {channels} channels end, and each channel is told. Its open alerts are "
        "closed, its key is deleted, its history stays."
    ).format(subscriptions=i18n.number(answer.subscriptions), channels=i18n.number(answer.channels))
    label = i18n("Remove")
    remove = button(
        label,
        "workspace_remove",
        {"workspace": answer.workspace_id},
        says=i18n("Remove {name}").format(name=answer.name),
        style="danger",
    )
    return short_message(line, second=ends, row=actions([remove]))


def _gone(answer: WorkspaceGone, i18n: Translator) -> Rendered:
    line = i18n("*{name}* is no longer watched.").format(name=outside(answer.name))
    told = i18n.counted("{count} channel was told.", "{count} channels were told.", answer.channels)
    return short_message(line, *([told] if answer.channels else []))


def _unknown(answer: NoSuchWorkspace, i18n: Translator) -> Rendered:
    line = i18n("No workspace is called “{name}”.").format(name=outside(answer.name))
    named = i18n("There are: {names}").format(names=i18n.listed(code(each) for each in answer.names))
    return short_message(line, named)


def _of_settings(answer: WorkspaceOfSettings, i18n: Translator) -> Rendered:
    line = i18n(
        "*{name}* can't be removed here: `BRAZE_BASE_URL` and `BRAZE_API_KEY` in the bot's settings name it."
    )
    return short_message(line.format(name=outside(answer.name)), i18n("Ask whoever runs the bot."))


def _form(answer: WorkspaceForm, i18n: Translator) -> Rendered:
    """Offer the form, where it can't be opened at once."""
    if not answer.can_store:
        return missing_secret(i18n)
    return short_message(i18n("Add a Braze workspace:"), row=actions([add_button(i18n)]))


def _refused(answer: WorkspaceRefused, i18n: Translator) -> Rendered:
    return short_message(escape(refusal_text(answer, i18n)))


RENDERERS: Renderers = {
    WorkspaceList: _list,
    WorkspaceForm: _form,
    WorkspaceAdded: _added,
    WorkspaceRefused: _refused,
    ConfirmRemoval: _confirm,
    WorkspaceGone: _gone,
    NoSuchWorkspace: _unknown,
    WorkspaceOfSettings: _of_settings,
}
