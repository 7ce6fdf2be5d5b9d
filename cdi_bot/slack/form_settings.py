"""The fields of the form that are about the channel itself: its language, and when its digest comes. Pure."""

from __future__ import annotations

from cdi_bot.core.digest import WEEKDAYS, Schedule, read_schedule
from cdi_bot.services.answers import SettingsShown
from cdi_bot.services.forms import Talk
from cdi_bot.slack.blocks import Block, plain_text
from cdi_bot.slack.channel_settings import schedule_words, weekday_names
from cdi_bot.slack.form_fields import DIGEST, DIGEST_AT, LANGUAGE, input_block
from cdi_bot.slack.format import plain_line
from cdi_bot.slack.limits import OPTION_TEXT, clip
from cdi_bot.slack.words import Words, language_name

KEEP, NONE, OWN = "keep", "none", "own"
"""What is chosen besides a language or a schedule: leave it as it is, no digest, the bot's own language."""

_MORNING = "09:00"


def settings_fields(
    languages: tuple[str, ...], now: SettingsShown | None, talk: Talk, words: Words
) -> list[Block]:
    """Return the fields: they leave as it is what `talk` does not choose anew; `now` is told beside them."""
    _ = words.gettext
    keep = (KEEP, _("Leave it as it is"))
    spoken = [keep, (OWN, _("The bot's own")), *((one, language_name(one)) for one in languages)]
    often = [keep, (NONE, _("No digest")), ("daily", _("Every day"))]
    often += [
        (f"weekly {day}", name[:1].upper() + name[1:])
        for day, name in zip(WEEKDAYS, weekday_names(words), strict=True)
    ]
    schedule = talk.digest or (read_schedule(now.digest.split()) if now and now.digest else None)
    at = f"{schedule.at:%H:%M}" if schedule else _MORNING
    hint = _("Only for a digest that you choose here; in your time zone.")
    return [
        input_block(
            LANGUAGE,
            _("Language of the channel's messages"),
            _menu(spoken, (talk.language or OWN) if talk.wants_language else KEEP),
            hint=_now_language(now, words),
            optional=False,
        ),
        input_block(
            DIGEST,
            _("Digest of the channel"),
            _menu(often, _often(talk.digest) if talk.wants_digest else KEEP),
            hint=_now_digest(now, words),
            optional=False,
        ),
        input_block(
            DIGEST_AT, _("Digest at"), {"type": "timepicker", "initial_time": at}, hint=hint, optional=True
        ),
    ]


def _menu(choices: list[tuple[str, str]], chosen: str) -> Block:
    options: list[Block] = [
        {"text": plain_text(clip(label, OPTION_TEXT)), "value": value} for value, label in choices
    ]
    first = next((option for option in options if option["value"] == chosen), options[0])
    return {"type": "static_select", "options": options, "initial_option": first}


def _often(schedule: Schedule | None) -> str:
    if schedule is None:
        return NONE
    return "daily" if schedule.weekday is None else f"weekly {WEEKDAYS[schedule.weekday]}"


def _now_language(now: SettingsShown | None, words: Words) -> str | None:
    _ = words.gettext
    if now is None:
        return None
    return _("Now: {what}").format(what=language_name(now.language) if now.language else _("the bot's own"))


def _now_digest(now: SettingsShown | None, words: Words) -> str | None:
    _ = words.gettext
    if now is None:
        return None
    if not now.digest or not now.zone:
        return _("Now: {what}").format(what=_("no digest"))
    return _("Now: {what}").format(what=plain_line(schedule_words(now.digest, now.zone, words)))


def read_talk(language: str | None, often: str | None, at: str | None) -> Talk | None:
    """Read what was chosen; `None` for a digest without a time. What was not chosen stays as it is."""
    wants_digest = often not in {None, KEEP}
    schedule = None
    if wants_digest and often != NONE:
        schedule = read_schedule([*str(often).split(), at]) if at else None
        if schedule is None:
            return None
    return Talk(
        language=None if language in {None, KEEP, OWN} else language,
        wants_language=language not in {None, KEEP},
        digest=schedule,
        wants_digest=wants_digest,
    )
