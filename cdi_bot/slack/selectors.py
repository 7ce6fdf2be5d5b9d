"""Subscriptions in words: what a selector takes in, and what its filters let through. Pure."""

from __future__ import annotations

from cdi_bot.core.model import DEFAULT_TOPICS, Filters, Integration, Topic, is_pattern
from cdi_bot.slack.format import bold_name, code, mentions
from cdi_bot.slack.words import Words


def selector_words(selector: str, integration: Integration | None, words: Words) -> str:
    """Name in mrkdwn what a subscription takes in."""
    return named_selector(selector, bold_name(integration) if integration else None, words)


def named_selector(selector: str, shown_name: str | None, words: Words) -> str:
    """Name in mrkdwn what a subscription takes in; `shown_name` is mrkdwn, for a single integration."""
    _ = words.gettext
    if selector == "all":
        return _("*all integrations*")
    if is_pattern(selector):
        return _("all integrations named like {pattern}").format(pattern=code(selector))
    return shown_name or code(selector)


def filter_words(filters: Filters, words: Words) -> str:
    """Say in mrkdwn what of an integration's story is told."""
    _ = words.gettext
    said = []
    if filters.topics == DEFAULT_TOPICS:
        said.append(_("everything but the start of runs"))
    else:
        names = topic_names(words)
        said.append(
            words.listed(names[topic] for topic in Topic if topic in filters.topics)
            or _("unknown statuses only")
        )
    if filters.min_rows is not None:
        said.append(
            _("partial runs only from {rows} lost rows on").format(rows=words.number(filters.min_rows))
        )
    if filters.min_percent is not None:
        said.append(
            _("partial runs only from {percent}% lost rows on").format(
                percent=words.number(filters.min_percent)
            )
        )
    called = mentions(filters.mention)
    if called:
        said.append(_("new alerts call {who}").format(who=called))
    return _("; ").join(said)


def topic_names(words: Words) -> dict[Topic, str]:
    """Name what can be heard of."""
    _ = words.gettext
    return {
        Topic.ERROR: _("errors"),
        Topic.PARTIAL: _("partial runs"),
        Topic.CONFIG_ERROR: _("configuration errors"),
        Topic.RUNNING: _("starts of runs"),
        Topic.LATE: _("late runs"),
        Topic.SLOW: _("slow runs"),
        Topic.QUALITY: _("odd rows"),
        Topic.RECOVERY: _("recoveries"),
    }
