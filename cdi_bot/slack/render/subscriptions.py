"""A channel's subscriptions and settings in words: for whatever shows them, and as answers."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from cdi_bot.core.digest_schedule import read_schedule
from cdi_bot.core.freshness_limit import read_limit
from cdi_bot.core.model.incident import EXPECTABLE, Topic
from cdi_bot.core.model.integration import Integration
from cdi_bot.core.model.subscription import DEFAULT_TOPICS, Filters, Subscription, is_pattern
from cdi_bot.slack.render.escalation import escalation_hint, escalation_text, target_trouble
from cdi_bot.slack.render.kinds.flaws import flaw_name
from cdi_bot.slack.render.kinds.table import topic_texts
from cdi_bot.slack.render.kit.blocks import (
    Block,
    Rendered,
    Renderers,
    actions,
    context,
    section,
    short_message,
)
from cdi_bot.slack.render.kit.buttons import change_button, subscribe_button
from cdi_bot.slack.render.kit.i18n import Translator, language_name
from cdi_bot.slack.render.kit.limits import BLOCKS, BLOCKS_JSON, weight
from cdi_bot.slack.render.kit.reasons import broken_channel, reason_text
from cdi_bot.slack.render.kit.text import (
    bold_name,
    code,
    date,
    escape,
    freshness_text,
    mentions,
    outside,
    plain_line,
    user,
)
from cdi_bot.usecases.answers import (
    DigestSet,
    LanguageSet,
    NotSubscribed,
    SettingsShown,
    SubscriptionEnded,
    SubscriptionList,
    SubscriptionSet,
)


def selector_text(selector: str, named: Integration | str | None, i18n: Translator) -> str:
    """Say in mrkdwn which integrations a subscription matches; `named` is the single one, or its name."""
    if selector == "all":
        return i18n("*all integrations*")
    if is_pattern(selector):
        return i18n("all integrations named like {pattern}").format(pattern=code(selector))
    if isinstance(named, Integration):
        return bold_name(named)
    return f"*{outside(named)}*" if named else code(selector)


def matching_now(count: int, i18n: Translator) -> str:
    """Say in plain text how many integrations a selector matches at present."""
    return i18n.counted("{count} integration now", "{count} integrations now", count)


def filter_text(filters: Filters, i18n: Translator) -> str:
    """Say in mrkdwn of what a subscription alerts."""
    said = []
    if filters.topics == DEFAULT_TOPICS:
        said.append(i18n("everything but the start of runs"))
    else:
        texts = topic_texts(i18n)
        said.append(
            i18n.listed(texts[topic].name for topic in Topic if topic in filters.topics)
            or i18n("exceeded limits and undocumented statuses only")
        )
    if filters.min_rows is not None:
        said.append(
            i18n("partial runs only from {rows} failed rows on").format(rows=i18n.number(filters.min_rows))
        )
    if filters.min_percent is not None:
        said.append(
            i18n("partial runs only from {percent}% failed rows on").format(
                percent=i18n.number(filters.min_percent)
            )
        )
    if filters.off:
        names = i18n.listed(flaw_name(reason, i18n) for reason in EXPECTABLE if reason in filters.off)
        said.append(i18n("no alerts for: {reasons}").format(reasons=names))
    limit = read_limit(filters.fresh) if filters.fresh else None
    if limit:
        text = (
            i18n("newest `UPDATED_AT` at most {limit} old")
            if limit.longest
            else i18n("a good run each day by {limit}")
        )
        said.append(text.format(limit=escape(freshness_text(limit, i18n))))
    called = mentions(filters.mention)
    if called:
        said.append(i18n("new alerts call {who}").format(who=called))
    return i18n("; ").join(said)


# --------------------------------------------------------------------------------- digest and language


def schedule_text(digest: str, zone: str, i18n: Translator) -> str:
    """Say in mrkdwn when a digest comes."""
    schedule = read_schedule(digest.split())
    if schedule is None:
        return code(digest)
    day = i18n("every day") if schedule.weekday is None else weekday_names(i18n)[schedule.weekday]
    text = i18n("{day} at {time} ({zone})")
    if schedule.quiet:
        text = i18n("{day} at {time} ({zone}), unless everything went well")
    return text.format(day=day, time=f"{schedule.at:%H:%M}", zone=outside(zone))


def weekday_names(i18n: Translator) -> tuple[str, ...]:
    """Say on which day of the week, from Monday on."""
    return (
        i18n("every Monday"),
        i18n("every Tuesday"),
        i18n("every Wednesday"),
        i18n("every Thursday"),
        i18n("every Friday"),
        i18n("every Saturday"),
        i18n("every Sunday"),
    )


def next_digest(due: datetime | None, i18n: Translator) -> str:
    """Say when the next digest comes, to stand after a sentence; nothing where none is due."""
    if due is None:
        return ""
    return " " + i18n("The next one: {when}.").format(when=date(due))


def digest_hint(i18n: Translator) -> str:
    """Say how a channel gets a digest."""
    return i18n("To get a digest: {daily} or {weekly}").format(
        daily=code("/cdi digest daily 09:00"), weekly=code("/cdi digest weekly mon 09:00")
    )


def digest_end_hint(i18n: Translator) -> str:
    """Say how a channel's digest is ended."""
    return i18n("To end it: {command}").format(command=code("/cdi digest off"))


def language_choices(languages: Iterable[str], i18n: Translator) -> str:
    """Say how a channel's language is chosen."""
    known = i18n.listed(f"{code(f'/cdi language {one}')} ({language_name(one)})" for one in languages)
    return i18n("To choose a language: {commands}").format(commands=known)


def language_hint(i18n: Translator) -> str:
    """Say how a channel's language is changed."""
    return i18n("To change it: {command}").format(command=code("/cdi language en"))


def _subscribed(answer: SubscriptionSet, i18n: Translator) -> Rendered:
    what = selector_text(answer.selector, answer.name, i18n)
    filters = i18n("Told here: {filters}.").format(filters=filter_text(answer.filters, i18n))
    if answer.unchanged:
        line = i18n("This channel is subscribed to {what} already, just so.").format(what=what)
        todo = i18n(
            "To change it, subscribe again with `on:`, `off:`, `rows:`, `percent:`, `fresh:` or `mention:`."
        )
        return short_message(line, filters, todo)
    line = i18n("This channel is now subscribed to {what}.").format(what=what)
    if answer.trouble is None and not answer.total:
        none = i18n("No integration matches it now.")
        if answer.nearest:
            names = i18n.listed(bold_name(one) for one in answer.nearest)
            none = i18n.sentences([none, i18n("Did you mean {names}?").format(names=names)])
        return short_message(line, none, filters, i18n("`/cdi list` shows all."))
    if answer.trouble is None:
        return short_message(line, filters, i18n("`/cdi status` shows how things are."))
    later = i18n(
        "I can't ask Braze just now: {reason}. I watch from when it answers; `/cdi status` then shows how things are."
    )
    return short_message(line, filters, later.format(reason=escape(reason_text(answer.trouble, i18n))))


def _unsubscribed(answer: SubscriptionEnded, i18n: Translator) -> Rendered:
    """Say that a subscription is ended, and which other one still matches its integration."""
    line = i18n("This channel's subscription to {what} is ended.").format(
        what=selector_text(answer.selector, answer.name, i18n)
    )
    if answer.still_covered_by is None:
        return short_message(line, i18n("`/cdi subscriptions` shows what it still hears of."))
    still = i18n("It is still heard of here through {other}. To end that too: {command}").format(
        other=selector_text(answer.still_covered_by, None, i18n),
        command=code(f"/cdi unsubscribe {answer.still_covered_by}"),
    )
    return short_message(line, still)


def _not_subscribed(answer: NotSubscribed, i18n: Translator) -> Rendered:
    """Say that there is no such subscription, and which other one matches the integration."""
    line = i18n("This channel has no subscription to {what}.").format(
        what=selector_text(answer.selector, answer.name, i18n)
    )
    if answer.covered_by:
        covered = i18n("It hears of it through {other}. To end that: {command}").format(
            other=selector_text(answer.covered_by, None, i18n),
            command=code(f"/cdi unsubscribe {answer.covered_by}"),
        )
        return short_message(line, covered)
    command = code(f"/cdi subscribe {answer.selector}")
    return short_message(line, i18n("To subscribe it: {command}").format(command=command))


def _subscriptions(answer: SubscriptionList, i18n: Translator) -> Rendered:
    """List the channel's subscriptions, as many as a message holds, and say how many more there are."""
    count = len(answer.rows)
    if not count:
        title = i18n("This channel has no subscriptions.")
        todo = i18n("`/cdi list` shows what there is, `/cdi subscribe NAME` or `/cdi subscribe all` begins.")
        return short_message(title, second=todo, row=actions([subscribe_button(i18n, style="primary")]))
    title = i18n.counted(
        "This channel has {count} subscription", "This channel has {count} subscriptions", count
    )
    head = section(f"*{title}*")
    todo = i18n("Typed, a change is to subscribe again with other filters: {example}").format(
        example=code("/cdi subscribe all on:error,config_error mention:@data-team")
    )
    form = actions([subscribe_button(i18n)])
    more = i18n("… and {count} more. `/cdi unsubscribe NAME` ends one.")
    foot = [section(more.format(count=i18n.number(count))), *form, context(todo)]
    listed: list[Block] = []
    room = BLOCKS_JSON - weight([head, *foot])
    for subscription, total, name in answer.rows:
        block = _subscription_row(subscription, total, name, i18n, place=len(listed))
        room -= weight([block])
        if room < 0 or len(listed) == BLOCKS - 4:
            foot[0] = section(more.format(count=i18n.number(count - len(listed))))
            return Rendered(text=plain_line(title), blocks=[head, *listed, *foot])
        listed.append(block)
    return Rendered(text=plain_line(title), blocks=[head, *listed, *foot[1:]])


def _subscription_row(
    subscription: Subscription, total: int, name: str | None, i18n: Translator, *, place: int
) -> Block:
    what = selector_text(subscription.selector, name, i18n)
    lines = [
        f"{what} ({matching_now(total, i18n)})" if is_pattern(subscription.selector) else what,
        filter_text(subscription.filters, i18n),
        i18n("by {who}, {when}").format(
            who=user(subscription.created_by), when=date(subscription.created_at)
        ),
    ]
    if subscription.broken_reason:
        lines.append(broken_channel(subscription.broken_reason, i18n))
    return section("\n".join(lines), accessory=change_button(subscription, name, i18n, place=place))


# --------------------------------------------------------------------------------- digest and language


def _settings_shown(answer: SettingsShown, i18n: Translator) -> Rendered:
    language = language_name(answer.language) if answer.language else i18n("the bot's own")
    line = i18n("Language of this channel's messages: {language}.").format(language=language)
    if answer.digest and answer.zone:
        digest = i18n("Its digest comes {schedule}.").format(
            schedule=schedule_text(answer.digest, answer.zone, i18n)
        )
        digest += next_digest(answer.next_due, i18n)
    else:
        digest = i18n("It gets no digest.")
    lines = [line, digest, escalation_text(answer.escalate_after, answer.escalate_to, i18n)]
    if answer.escalate_to and answer.escalate_trouble:
        lines.append(target_trouble(answer.escalate_to, answer.escalate_trouble, i18n))
    hints = (language_choices(answer.languages, i18n), digest_hint(i18n))
    return short_message("\n".join(lines), *hints, escalation_hint(answer.escalate_to, i18n))


def _language_set(answer: LanguageSet, i18n: Translator) -> Rendered:
    if answer.unchanged:
        line = i18n("That is this channel's language already.")
    elif answer.language is None:
        line = i18n("This channel's messages are now in the bot's own language.")
    else:
        line = i18n("This channel's messages are now in {language}.").format(
            language=language_name(answer.language)
        )
    note = i18n("Answers that only you see are in the language of your Slack.")
    return short_message(line, note, language_hint(i18n))


def _digest_set(answer: DigestSet, i18n: Translator) -> Rendered:
    if answer.digest is None:
        line = (
            i18n("This channel gets no digest.")
            if answer.unchanged
            else i18n("This channel's digest is ended.")
        )
        return short_message(line, digest_hint(i18n))
    schedule = schedule_text(answer.digest, answer.zone, i18n)
    if answer.unchanged:
        line = i18n("This channel's digest comes {schedule} already.").format(schedule=schedule)
    else:
        line = i18n("This channel's digest now comes {schedule}.").format(schedule=schedule)
    return short_message(line + next_digest(answer.next_due, i18n), digest_end_hint(i18n))


RENDERERS: Renderers = {
    SubscriptionSet: _subscribed,
    SubscriptionEnded: _unsubscribed,
    NotSubscribed: _not_subscribed,
    SubscriptionList: _subscriptions,
    SettingsShown: _settings_shown,
    LanguageSet: _language_set,
    DigestSet: _digest_set,
}
