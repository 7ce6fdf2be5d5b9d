"""The fields of the form for a subscription, and what they offer: integrations, languages, digest times."""

from __future__ import annotations

from collections.abc import Iterable

from cdi_bot.core.digest_schedule import WEEKDAYS, Schedule, read_schedule
from cdi_bot.core.model.integration import Integration
from cdi_bot.core.model.subscription import is_pattern
from cdi_bot.slack.render.kit import limits
from cdi_bot.slack.render.kit.blocks import Block, plain_text
from cdi_bot.slack.render.kit.i18n import Translator, language_name
from cdi_bot.slack.render.kit.limits import OPTION_TEXT, clip
from cdi_bot.slack.render.kit.runs import status_sign
from cdi_bot.slack.render.kit.text import name_of, plain, plain_line
from cdi_bot.slack.render.subscriptions import matching_now, schedule_text, weekday_names
from cdi_bot.usecases.answers import SettingsShown
from cdi_bot.usecases.subscription_form import Choices, SettingsChange

FORM = "subscription"
"""The form's `callback_id`; the global shortcut that opens it carries it too."""

CHANNEL, SELECTOR, TOPICS, ROWS, PERCENT, PEOPLE, GROUP, LANGUAGE, DIGEST, DIGEST_AT = (
    "channel",
    "selector",
    "topics",
    "rows",
    "percent",
    "people",
    "group",
    "language",
    "digest",
    "digest_at",
)
"""The fields: each is the id of its block and of its element."""

MOST_PEOPLE = 10


def input_block(
    block_id: str, label: str, element: Block, *, hint: str | None = None, optional: bool
) -> Block:
    """Return a labelled field; all plain text."""
    block: Block = {
        "type": "input",
        "block_id": block_id,
        "label": plain_text(label),
        "element": element | {"action_id": block_id},
        "optional": optional,
    }
    return block | {"hint": plain_text(hint)} if hint else block


def selector_option(selector: str, name: str | None, i18n: Translator, *, about: str = "") -> Block | None:
    """Return what is chosen in the picker; `None` where its value is longer than Slack takes."""
    _ = i18n.gettext
    if selector == "all":
        label = _("All integrations, those to come too")
    elif is_pattern(selector):
        label = _("All named like {pattern}").format(pattern=plain(selector))
    else:
        label = plain(name or selector)
    return _option(label, selector, about)


def _option(label: str, value: str, about: str = "") -> Block | None:
    if not value or len(value) > limits.OPTION_VALUE:
        return None
    option: Block = {"text": plain_text(clip(label, limits.OPTION_TEXT)), "value": value}
    return option | {"description": plain_text(clip(about, limits.OPTION_TEXT))} if about else option


def selector_options(offer: Choices, i18n: Translator) -> Block:
    """Answer a search in the picker: several at once first, then single integrations."""
    _ = i18n.gettext
    several: list[Block | None] = []
    if offer.everything is not None:
        several.append(selector_option("all", None, i18n, about=matching_now(offer.everything, i18n)))
    if offer.pattern:
        about = matching_now(offer.pattern_count, i18n)
        several.append(selector_option(offer.pattern, None, i18n, about=about))
    single = [_integration_option(one, i18n) for one in offer.integrations]
    if offer.unlisted:
        about = _("An id that I can't check before")
        single.append(selector_option(offer.unlisted, None, i18n, about=about))
    groups = (
        (_("Several at once"), _present(several)),
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
    return selector_option(one.integration_id, name_of(one), i18n, about=about)


def _integrations_label(offer: Choices, i18n: Translator) -> str:
    _ = i18n.gettext
    if offer.total > len(offer.integrations):
        return _("{shown} of {total} integrations: type more").format(
            shown=i18n.number(len(offer.integrations)), total=i18n.number(offer.total)
        )
    return _("One integration")


KEEP, NO_DIGEST, BOT_LANGUAGE = "keep", "none", "own"
"""What is chosen besides a language or a schedule: leave it as it is, no digest, the bot's own language."""

_MORNING = "09:00"


def settings_fields(
    languages: tuple[str, ...], now: SettingsShown | None, chosen: SettingsChange, i18n: Translator
) -> list[Block]:
    """Return the fields for a channel's language and digest; `now` is shown beside them, `chosen` was chosen before."""
    _ = i18n.gettext
    keep = (KEEP, _("Leave it as it is"))
    spoken = [keep, (BOT_LANGUAGE, _("The bot's own")), *((one, language_name(one)) for one in languages)]
    often = [keep, (NO_DIGEST, _("No digest")), ("daily", _("Every day"))]
    often += [
        (f"weekly {day}", name[:1].upper() + name[1:])
        for day, name in zip(WEEKDAYS, weekday_names(i18n), strict=True)
    ]
    schedule = chosen.digest or (read_schedule(now.digest.split()) if now and now.digest else None)
    at = f"{schedule.at:%H:%M}" if schedule else _MORNING
    hint = _("Only for a digest that you choose here; in your time zone.")
    return [
        input_block(
            LANGUAGE,
            _("Language of the channel's messages"),
            _select(spoken, (chosen.language or BOT_LANGUAGE) if chosen.changes_language else KEEP),
            hint=_now_language(now, i18n),
            optional=False,
        ),
        input_block(
            DIGEST,
            _("Digest of the channel"),
            _select(often, _frequency(chosen.digest) if chosen.changes_digest else KEEP),
            hint=_now_digest(now, i18n),
            optional=False,
        ),
        input_block(
            DIGEST_AT, _("Digest at"), {"type": "timepicker", "initial_time": at}, hint=hint, optional=True
        ),
    ]


def _select(choices: list[tuple[str, str]], chosen: str) -> Block:
    options: list[Block] = [
        {"text": plain_text(clip(label, OPTION_TEXT)), "value": value} for value, label in choices
    ]
    first = next((option for option in options if option["value"] == chosen), options[0])
    return {"type": "static_select", "options": options, "initial_option": first}


def _frequency(schedule: Schedule | None) -> str:
    if schedule is None:
        return NO_DIGEST
    return "daily" if schedule.weekday is None else f"weekly {WEEKDAYS[schedule.weekday]}"


def _now_language(now: SettingsShown | None, i18n: Translator) -> str | None:
    _ = i18n.gettext
    if now is None:
        return None
    return _("Now: {what}").format(what=language_name(now.language) if now.language else _("the bot's own"))


def _now_digest(now: SettingsShown | None, i18n: Translator) -> str | None:
    _ = i18n.gettext
    if now is None:
        return None
    if not now.digest or not now.zone:
        return _("Now: {what}").format(what=_("no digest"))
    return _("Now: {what}").format(what=plain_line(schedule_text(now.digest, now.zone, i18n)))


def read_settings_change(language: str | None, often: str | None, at: str | None) -> SettingsChange | None:
    """Read what was chosen; `None` for a digest without a time. What was not chosen stays as it is."""
    changes_digest = often not in {None, KEEP}
    schedule = None
    if changes_digest and often != NO_DIGEST:
        schedule = read_schedule([*str(often).split(), at]) if at else None
        if schedule is None:
            return None
    return SettingsChange(
        language=None if language in {None, KEEP, BOT_LANGUAGE} else language,
        changes_language=language not in {None, KEEP},
        digest=schedule,
        changes_digest=changes_digest,
    )
