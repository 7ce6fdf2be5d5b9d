"""The fields of the form for a channel's settings: language, workspace, digest, hours, escalation, whom it mentions."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from cdi_bot.core.commands.hours import SetHours, typed_hours
from cdi_bot.core.commands.specification import Mistake
from cdi_bot.core.digest_schedule import WEEKDAYS, read_schedule
from cdi_bot.core.escalation import USUAL
from cdi_bot.slack.render.escalation import escalation_text
from cdi_bot.slack.render.hours import hours_text
from cdi_bot.slack.render.kit.blocks import Block, plain_text
from cdi_bot.slack.render.kit.i18n import Translator, language_name
from cdi_bot.slack.render.kit.limits import OPTION_TEXT, clip
from cdi_bot.slack.render.kit.people import contacts_text
from cdi_bot.slack.render.kit.text import duration, plain_line, workspace_text
from cdi_bot.slack.render.kit.windows import input_block
from cdi_bot.slack.render.refusals import mistake_line
from cdi_bot.slack.render.subscriptions import schedule_text, weekday_names
from cdi_bot.usecases.answers import SettingsShown
from cdi_bot.usecases.subscription_form import SettingsChange

LANGUAGE, WORKSPACE, DIGEST, DIGEST_AT, ESCALATE, ESCALATE_TO, CONTACTS, HOURS = (
    "language",
    "workspace",
    "digest",
    "digest_at",
    "escalate",
    "escalate_to",
    "contacts",
    "hours",
)
"""The fields: each is the id of its block and of its element."""

KEEP, NO_DIGEST, BOT_LANGUAGE, NOBODY, ALL = "keep", "none", "own", "nobody", "all"
"""What is chosen besides a value: leave it, no digest, the bot's own language, no escalation, all workspaces."""

MENTION, SHOW = "mention", "show"

DELAYS = tuple(timedelta(minutes=minutes) for minutes in (10, 30, 60, 240, 1440))
"""After how long the form offers to escalate."""

_MORNING = "09:00"

_MOST_WORKSPACES = 90
"""Slack takes 100 options."""

Values = Mapping[str, Mapping[str, Any]]
"""What each field holds, by its name, as Slack sends it."""


def settings_fields(
    languages: tuple[str, ...],
    workspaces: tuple[str, ...],
    now: SettingsShown | None,
    i18n: Translator,
) -> list[Block]:
    """Return the fields for a channel's settings; `now` is shown beside them."""
    keep = (KEEP, i18n("Leave it as it is"))
    spoken = [keep, (BOT_LANGUAGE, i18n("The bot's own")), *((one, language_name(one)) for one in languages)]
    often = [keep, (NO_DIGEST, i18n("No digest")), ("daily", i18n("Every day"))]
    often += [
        (f"weekly {day}", name[:1].upper() + name[1:])
        for day, name in zip(WEEKDAYS, weekday_names(i18n), strict=True)
    ]
    schedule = read_schedule(now.digest.split()) if now and now.digest else None
    at = f"{schedule.at:%H:%M}" if schedule else _MORNING
    hint = i18n("Only for a digest that you choose here; in your time zone.")
    return [
        input_block(
            LANGUAGE,
            i18n("Language of the channel's messages"),
            select(spoken, KEEP),
            hint=_now_language(now, i18n),
            optional=False,
        ),
        *_workspace_field(workspaces, now, i18n),
        input_block(
            DIGEST,
            i18n("Digest of the channel"),
            select(often, KEEP),
            hint=_now_digest(now, i18n),
            optional=False,
        ),
        input_block(
            DIGEST_AT, i18n("Digest at"), {"type": "timepicker", "initial_time": at}, hint=hint, optional=True
        ),
        _hours_field(now, i18n),
        *_escalation_fields(now, i18n),
        _contacts_field(now, i18n),
    ]


def select(choices: list[tuple[str, str]], chosen: str) -> Block:
    """Return a menu of values and labels, with what is chosen; the first otherwise."""
    options: list[Block] = [
        {"text": plain_text(clip(label, OPTION_TEXT)), "value": value} for value, label in choices
    ]
    first = next((option for option in options if option["value"] == chosen), options[0])
    return {"type": "static_select", "options": options, "initial_option": first}


def _now_language(now: SettingsShown | None, i18n: Translator) -> str | None:
    if now is None:
        return None
    return i18n("Now: {what}").format(
        what=language_name(now.language) if now.language else i18n("the bot's own")
    )


def _now_digest(now: SettingsShown | None, i18n: Translator) -> str | None:
    if now is None:
        return None
    if not now.digest or not now.zone:
        return i18n("Now: {what}").format(what=i18n("no digest"))
    return i18n("Now: {what}").format(what=plain_line(schedule_text(now.digest, now.zone, i18n)))


def _workspace_field(workspaces: tuple[str, ...], now: SettingsShown | None, i18n: Translator) -> list[Block]:
    """Return the field for the workspace that is meant where none is named; nothing where there is only one."""
    if not workspaces:
        return []
    offered = [(KEEP, i18n("Leave it as it is")), (ALL, i18n("All workspaces"))]
    offered += [(f"{each}/", each) for each in workspaces[:_MOST_WORKSPACES]]
    return [
        input_block(
            WORKSPACE,
            i18n("Braze workspace of the channel"),
            select(offered, KEEP),
            hint=plain_line(workspace_text(now.workspace_name, i18n)) if now else None,
            optional=False,
        )
    ]


def _escalation_fields(now: SettingsShown | None, i18n: Translator) -> list[Block]:
    offered = [(KEEP, i18n("Leave it as it is")), (NOBODY, i18n("To nobody"))]
    offered += [
        (str(int(each.total_seconds())), i18n("After {length}").format(length=duration(each, i18n)))
        for each in DELAYS
    ]
    hint = plain_line(escalation_text(now.escalate_after, now.escalate_to, i18n)) if now else None
    to: Block = {
        "type": "conversations_select",
        "placeholder": plain_text(i18n("Choose a channel")),
        "filter": {"include": ["public", "private"], "exclude_bot_users": True},
    }
    return [
        input_block(
            ESCALATE,
            i18n("Escalate what nobody acknowledges"),
            select(offered, KEEP),
            hint=hint,
            optional=False,
        ),
        input_block(
            ESCALATE_TO,
            i18n("Escalate to"),
            to,
            hint=i18n("Only for a time that you choose here. To a person: /cdi escalate to:@who"),
            optional=True,
        ),
    ]


def _hours_field(now: SettingsShown | None, i18n: Translator) -> Block:
    field: Block = {
        "type": "plain_text_input",
        "max_length": 200,
        "placeholder": plain_text("mon-fri 08:00-19:00 except:error"),
    }
    hint = i18n("Nothing leaves it as it is, `off` posts alerts at any time.").replace("`", "")
    if now:
        hint = i18n.sentences([plain_line(hours_text(now.hours, i18n)) + ".", hint])
    return input_block(HOURS, i18n("Hours in which alerts are posted"), field, hint=hint, optional=True)


def _contacts_field(now: SettingsShown | None, i18n: Translator) -> Block:
    offered = [
        (KEEP, i18n("Leave it as it is")),
        (MENTION, i18n("Mention them")),
        (SHOW, i18n("Only show them")),
    ]
    hint = plain_line(contacts_text(i18n, mention=now.mention_contacts)) if now else None
    label = i18n("Contacts in Braze, without an owner")
    return input_block(CONTACTS, label, select(offered, KEEP), hint=hint, optional=False)


def read_settings_change(values: Values) -> SettingsChange:
    """Read what was chosen; what was not chosen stays as it is."""
    language, often, after = (_chosen(values, name) for name in (LANGUAGE, DIGEST, ESCALATE))
    workspace = _chosen(values, WORKSPACE)
    at = values.get(DIGEST_AT, {}).get("selected_time")
    has_digest, has_delay = often not in {KEEP, NO_DIGEST}, after not in {KEEP, NOBODY}
    return SettingsChange(
        language=None if language in {KEEP, BOT_LANGUAGE} else language,
        changes_language=language != KEEP,
        workspace=None if workspace in {KEEP, ALL} else workspace.removesuffix("/"),
        changes_workspace=workspace != KEEP,
        digest=read_schedule([*str(often).split(), at]) if has_digest and at else None,
        changes_digest=often != KEEP,
        escalate_after=timedelta(seconds=int(after)) if has_delay else USUAL,
        escalate_to=values.get(ESCALATE_TO, {}).get("selected_conversation") if has_delay else None,
        changes_escalation=after != KEEP,
        hours=wish if isinstance(wish := typed_hours(values.get(HOURS, {}).get("value")), SetHours) else None,
        mention_contacts={MENTION: True, SHOW: False}.get(_chosen(values, CONTACTS)),
    )


def settings_errors(values: Values, i18n: Translator) -> dict[str, str]:
    """Say what is missing: a digest without a time, an escalation without a channel; or what are no hours."""
    wish, errors = read_settings_change(values), {}
    if _chosen(values, DIGEST) not in {KEEP, NO_DIGEST} and wish.digest is None:
        errors[DIGEST_AT] = i18n("Choose a time for the digest.")
    if _chosen(values, ESCALATE) not in {KEEP, NOBODY} and wish.escalate_to is None:
        errors[ESCALATE_TO] = i18n("Choose a channel.")
    if isinstance(hours := typed_hours(values.get(HOURS, {}).get("value")), Mistake):
        errors[HOURS] = plain_line(mistake_line(hours, i18n))
    return errors


def _chosen(values: Values, field: str) -> str:
    return str((values.get(field, {}).get("selected_option") or {}).get("value") or KEEP)
