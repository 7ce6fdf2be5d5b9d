"""How a channel is talked to, in words: its language, and when its digest comes. Pure."""

from __future__ import annotations

from datetime import datetime

from cdi_bot.core.digest_schedule import read_schedule
from cdi_bot.core.model.content import DigestChanged, LanguageChanged
from cdi_bot.delivery.views import EventView
from cdi_bot.slack.render.answers.refusals import short_answer
from cdi_bot.slack.render.kit.blocks import Rendered
from cdi_bot.slack.render.kit.i18n import Translator, language_name
from cdi_bot.slack.render.kit.text import code, date, outside, user
from cdi_bot.slack.render.messages.replies import one_line as told
from cdi_bot.usecases.answers import DigestSet, LanguageSet, SettingsShown, UnknownLanguage


def schedule_text(digest: str, zone: str, i18n: Translator) -> str:
    """Say in mrkdwn when a digest comes."""
    _ = i18n.gettext
    schedule = read_schedule(digest.split())
    if schedule is None:
        return code(digest)
    day = _("every day") if schedule.weekday is None else weekday_names(i18n)[schedule.weekday]
    text = _("{day} at {time} ({zone})")
    if schedule.quiet:
        text = _("{day} at {time} ({zone}), unless everything went well")
    return text.format(day=day, time=f"{schedule.at:%H:%M}", zone=outside(zone))


def weekday_names(i18n: Translator) -> tuple[str, ...]:
    """Say on which day of the week, from Monday on."""
    _ = i18n.gettext
    return (
        _("every Monday"),
        _("every Tuesday"),
        _("every Wednesday"),
        _("every Thursday"),
        _("every Friday"),
        _("every Saturday"),
        _("every Sunday"),
    )


# --------------------------------------------------------------------------------- answers


def settings_shown(answer: SettingsShown, i18n: Translator) -> Rendered:
    """Say what is set, and how it is changed."""
    _ = i18n.gettext
    language = language_name(answer.language) if answer.language else _("the bot's own")
    line = _("Language of this channel's messages: {language}.").format(language=language)
    if answer.digest and answer.zone:
        digest = _("Its digest comes {schedule}.").format(
            schedule=schedule_text(answer.digest, answer.zone, i18n)
        )
        digest += _next(answer.next_due, i18n)
    else:
        digest = _("It gets no digest.")
    return short_answer(f"{line}\n{digest}", _change(answer.languages, i18n), _digest_hint(i18n))


def language_set(answer: LanguageSet, i18n: Translator) -> Rendered:
    """Say in which language the channel's messages are now."""
    _ = i18n.gettext
    if answer.unchanged:
        return short_answer(_("That is this channel's language already."), _own(i18n), _change_back(i18n))
    if answer.language is None:
        return short_answer(
            _("This channel's messages are now in the bot's own language."), _own(i18n), _change_back(i18n)
        )
    line = _("This channel's messages are now in {language}.").format(language=language_name(answer.language))
    return short_answer(line, _own(i18n), _change_back(i18n))


def unknown_language(answer: UnknownLanguage, i18n: Translator) -> Rendered:
    """Name the languages that there are."""
    _ = i18n.gettext
    line = _("I don't speak “{given}”.").format(given=outside(answer.given))
    return short_answer(line, _change(answer.languages, i18n))


def digest_set(answer: DigestSet, i18n: Translator) -> Rendered:
    """Say when the digest comes, or that there is none."""
    _ = i18n.gettext
    if answer.digest is None:
        line = _("This channel gets no digest.") if answer.unchanged else _("This channel's digest is ended.")
        return short_answer(line, _digest_hint(i18n))
    schedule = schedule_text(answer.digest, answer.zone, i18n)
    if answer.unchanged:
        line = _("This channel's digest comes {schedule} already.").format(schedule=schedule)
    else:
        line = _("This channel's digest now comes {schedule}.").format(schedule=schedule)
    end = _("To end it: {command}").format(command=code("/cdi digest off"))
    return short_answer(line + _next(answer.next_due, i18n), end)


def _next(due: datetime | None, i18n: Translator) -> str:
    if due is None:
        return ""
    return " " + i18n.gettext("The next one: {when}.").format(when=date(due))


def _change(languages: tuple[str, ...], i18n: Translator) -> str:
    known = i18n.listed(f"{code(f'/cdi language {one}')} ({language_name(one)})" for one in languages)
    return i18n.gettext("To choose a language: {commands}").format(commands=known)


def _own(i18n: Translator) -> str:
    return i18n.gettext("Answers that only you see are in the language of your Slack.")


def _change_back(i18n: Translator) -> str:
    return i18n.gettext("To change it: {command}").format(command=code("/cdi language en"))


def _digest_hint(i18n: Translator) -> str:
    return i18n.gettext("To get a digest: {daily} or {weekly}").format(
        daily=code("/cdi digest daily 09:00"), weekly=code("/cdi digest weekly mon 09:00")
    )


# --------------------------------------------------------------------------------- notices


def language_changed(content: LanguageChanged, _view: EventView, i18n: Translator) -> Rendered:
    """Tell the channel, in its new language, who chose it."""
    _ = i18n.gettext
    if content.language is None:
        line = _("{who} set this channel's messages back to the bot's own language.")
        return told("", line.format(who=user(content.who)))
    line = _("{who} set the language of this channel's messages to {language}.")
    line = line.format(who=user(content.who), language=language_name(content.language))
    return told("", line, _change_back(i18n))


def digest_changed(content: DigestChanged, _view: EventView, i18n: Translator) -> Rendered:
    """Tell the channel who set or ended its digest."""
    _ = i18n.gettext
    if content.digest is None:
        line = _("{who} ended this channel's digest.").format(who=user(content.who))
        return told("", line, _digest_hint(i18n))
    line = _("{who} set this channel's digest: it comes {schedule}.").format(
        who=user(content.who), schedule=schedule_text(content.digest, content.zone, i18n)
    )
    end = _("To end it: {command}").format(command=code("/cdi digest off"))
    return told("🗓️", line + _next(content.next_due, i18n), end)
