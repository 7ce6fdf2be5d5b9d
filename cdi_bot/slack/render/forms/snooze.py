"""The form for a snooze: what, when as the command takes it, and why."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import tzinfo
from typing import Any

from cdi_bot.core.model.subscription import Selection, Snooze
from cdi_bot.slack.render.kit.blocks import Block, plain_text, section
from cdi_bot.slack.render.kit.i18n import Translator
from cdi_bot.slack.render.kit.windows import View, input_block, window_title
from cdi_bot.slack.render.subscriptions import selector_text

FORM = "snooze_form"
WHAT, WHEN, REASON = "what", "when", "reason"

_TEXT = 200
"""Characters that a field takes."""


def snooze_form(
    channel_id: str, present: tuple[Snooze, Selection] | None, zone: tzinfo, i18n: Translator
) -> View:
    """Return the form for a new snooze, or for a `present` one; its times are in this zone."""
    what: Block = {"type": "plain_text_input", "max_length": _TEXT}
    when: Block = {"type": "plain_text_input", "max_length": _TEXT, "placeholder": plain_text("2h")}
    reason: Block = {"type": "plain_text_input", "max_length": _TEXT}
    snooze, about = present or (None, None)
    if snooze:
        when["initial_value"] = _typed(snooze, zone)
        if snooze.reason:
            reason["initial_value"] = snooze.reason[:_TEXT]
    return {
        "type": "modal",
        "callback_id": FORM,
        "private_metadata": json.dumps({"channel": channel_id, "snooze": snooze.snooze_id if snooze else 0}),
        "title": form_title(i18n),
        "submit": window_title(i18n("Save")),
        "close": window_title(i18n("Cancel")),
        "blocks": [
            section(selector_text(about, i18n))
            if about
            else input_block(
                WHAT, i18n("Integrations"), what, hint=i18n("A name, Users* or all."), optional=False
            ),
            input_block(
                WHEN,
                i18n("When"),
                when,
                hint=i18n("2h · until recovery · from fri 18:00 until mon 8:00 · every sun 02:00-06:00"),
                optional=False,
            ),
            input_block(REASON, i18n("Reason"), reason, optional=True),
        ],
    }


def form_title(i18n: Translator) -> Block:
    """Title the form."""
    return window_title(i18n("Snooze"))


def _typed(snooze: Snooze, zone: tzinfo) -> str:
    """When a snooze is, as people type it."""
    if snooze.every:
        return f"every {snooze.every}"
    if snooze.until is None:
        return "until recovery"
    begins, until = (f"{each.astimezone(zone):%Y-%m-%d %H:%M}" for each in (snooze.begins, snooze.until))
    return f"until {until}" if snooze.has_begun else f"from {begins} until {until}"


def typed(view: Mapping[str, Any]) -> dict[str, str]:
    """What was filled in, by field."""
    values = view["state"]["values"]
    return {
        field: str((values.get(field) or {}).get(field, {}).get("value") or "").strip()
        for field in (WHAT, WHEN, REASON)
    }
