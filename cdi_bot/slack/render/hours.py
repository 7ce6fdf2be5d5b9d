"""The hours of a channel in words: for whatever shows them, as an answer, and in the channel's notice."""

from __future__ import annotations

from datetime import time

from cdi_bot.core.hours import Hours, HoursNow, day_rows, parse_hours
from cdi_bot.core.model.channel import HoursChanged
from cdi_bot.core.model.incident import Topic
from cdi_bot.delivery.views import EventView
from cdi_bot.slack.render.kinds.table import topic_texts
from cdi_bot.slack.render.kit.blocks import Rendered, Renderers, short_message
from cdi_bot.slack.render.kit.i18n import Translator
from cdi_bot.slack.render.kit.text import date, outside, user
from cdi_bot.usecases.answers import HoursSet

SIGN = "🕗"


def hours_text(now: HoursNow | None, i18n: Translator) -> str:
    """Say in mrkdwn when alerts are posted in a channel, and when its hours begin next."""
    if now is None:
        return i18n("Hours: none, alerts are posted at any time")
    line = i18n("Hours: {hours}").format(hours=times_text(now.hours, now.zone, i18n))
    if now.next_begin is None:
        return line
    return i18n("{line} – now outside, until {when}").format(line=line, when=date(now.next_begin))


def hours_hint(hours: HoursNow | None, i18n: Translator) -> str:
    """Say in mrkdwn how to end the hours, or how to set some."""
    if hours:
        return i18n("`/cdi hours off` ends them.")
    return i18n("`/cdi hours mon-fri 08:00-19:00` sets them.")


def times_text(hours: Hours, zone: str, i18n: Translator) -> str:
    """Say in mrkdwn on which days they are, from when until when, and what is posted outside of them too."""
    text = i18n("{days}, all day ({zone})")
    if hours.begin != hours.end or hours.begin != time(0):
        text = i18n("{days}, {begin}–{end} ({zone})")
    end = "24:00" if hours.end == time(0) else f"{hours.end:%H:%M}"
    said = [
        text.format(
            days=_days_text(hours, i18n),
            begin=f"{hours.begin:%H:%M}",
            end=end,
            zone=outside(zone),
        )
    ]
    if hours.passing:
        texts = topic_texts(i18n)
        named = i18n.listed(texts[topic].name for topic in Topic if topic in hours.passing)
        said.append(i18n("at any time: {alerts}").format(alerts=named))
    if hours.holidays:
        said.append(i18n.counted("not on {count} holiday", "not on {count} holidays", len(hours.holidays)))
    return i18n("; ").join(said)


def _days_text(hours: Hours, i18n: Translator) -> str:
    names = (
        i18n("Mon"),
        i18n("Tue"),
        i18n("Wed"),
        i18n("Thu"),
        i18n("Fri"),
        i18n("Sat"),
        i18n("Sun"),
    )
    if len(hours.days) == len(names):
        return i18n("every day")
    rows = day_rows(hours.days)
    return i18n.listed(names[a] if a == b else f"{names[a]}–{names[b]}" for a, b in rows)


def hours_changed(content: HoursChanged, _view: EventView, i18n: Translator) -> Rendered:
    """Tell the channel who set them, and what follows from that."""
    hours = parse_hours(content.hours)
    if hours is None:
        line = i18n("{who} ended this channel's hours: alerts are posted at any time")
        return short_message(line.format(who=user(content.who)), sign=SIGN)
    line = i18n("{who} set this channel's hours: {hours}")
    later = i18n(
        "Outside them alerts wait: as they begin, one message tells what is open, and what came and went."
    )
    return short_message(
        line.format(who=user(content.who), hours=times_text(hours, content.zone, i18n)), later, sign=SIGN
    )


def _hours_set(answer: HoursSet, i18n: Translator) -> Rendered:
    return short_message(hours_text(answer.hours, i18n), hours_hint(answer.hours, i18n))


RENDERERS: Renderers = {HoursSet: _hours_set}
