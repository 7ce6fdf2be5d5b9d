"""A channel's subscriptions and settings in words, for whatever shows them: messages, answers, Home and forms."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from cdi_bot.core.digest_schedule import read_schedule
from cdi_bot.core.model.incident import Topic
from cdi_bot.core.model.integration import Integration
from cdi_bot.core.model.subscription import DEFAULT_TOPICS, Filters, is_pattern
from cdi_bot.slack.render.kinds.table import topic_texts
from cdi_bot.slack.render.kit.i18n import Translator, language_name
from cdi_bot.slack.render.kit.text import bold_name, code, date, mentions, outside


def selector_text(selector: str, named: Integration | str | None, i18n: Translator) -> str:
    """Say in mrkdwn which integrations a subscription matches; `named` is the single one, or its name."""
    _ = i18n.gettext
    if selector == "all":
        return _("*all integrations*")
    if is_pattern(selector):
        return _("all integrations named like {pattern}").format(pattern=code(selector))
    if isinstance(named, Integration):
        return bold_name(named)
    return f"*{outside(named)}*" if named else code(selector)


def matching_now(count: int, i18n: Translator) -> str:
    """Say in plain text how many integrations a selector matches at present."""
    return i18n.counted("{count} integration now", "{count} integrations now", count)


def filter_text(filters: Filters, i18n: Translator) -> str:
    """Say in mrkdwn of what a subscription alerts."""
    _ = i18n.gettext
    said = []
    if filters.topics == DEFAULT_TOPICS:
        said.append(_("everything but the start of runs"))
    else:
        texts = topic_texts(i18n)
        said.append(
            i18n.listed(texts[topic].name for topic in Topic if topic in filters.topics)
            or _("unknown statuses only")
        )
    if filters.min_rows is not None:
        said.append(
            _("partial runs only from {rows} lost rows on").format(rows=i18n.number(filters.min_rows))
        )
    if filters.min_percent is not None:
        said.append(
            _("partial runs only from {percent}% lost rows on").format(
                percent=i18n.number(filters.min_percent)
            )
        )
    called = mentions(filters.mention)
    if called:
        said.append(_("new alerts call {who}").format(who=called))
    return _("; ").join(said)


# --------------------------------------------------------------------------------- digest and language


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


def next_digest(due: datetime | None, i18n: Translator) -> str:
    """Say when the next digest comes, to stand after a sentence; nothing where none is due."""
    if due is None:
        return ""
    return " " + i18n.gettext("The next one: {when}.").format(when=date(due))


def digest_hint(i18n: Translator) -> str:
    """Say how a channel gets a digest."""
    return i18n.gettext("To get a digest: {daily} or {weekly}").format(
        daily=code("/cdi digest daily 09:00"), weekly=code("/cdi digest weekly mon 09:00")
    )


def digest_end_hint(i18n: Translator) -> str:
    """Say how a channel's digest is ended."""
    return i18n.gettext("To end it: {command}").format(command=code("/cdi digest off"))


def language_choices(languages: Iterable[str], i18n: Translator) -> str:
    """Say how a channel's language is chosen."""
    known = i18n.listed(f"{code(f'/cdi language {one}')} ({language_name(one)})" for one in languages)
    return i18n.gettext("To choose a language: {commands}").format(commands=known)


def language_hint(i18n: Translator) -> str:
    """Say how a channel's language is changed."""
    return i18n.gettext("To change it: {command}").format(command=code("/cdi language en"))
