"""A channel's subscriptions and settings in words: for whatever shows them, as answers, and in the channel's notice."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from cdi_bot.core.digest_schedule import read_schedule
from cdi_bot.core.freshness_limit import read_limit
from cdi_bot.core.model.incident import EXPECTABLE, Topic
from cdi_bot.core.model.subscription import DEFAULT_TOPICS, Filters, Selection, Subscription, is_pattern
from cdi_bot.delivery.views import SubscribedView
from cdi_bot.slack.render.hours import hours_text
from cdi_bot.slack.render.kinds.flaws import flaw_name
from cdi_bot.slack.render.kinds.table import topic_texts
from cdi_bot.slack.render.kit.blocks import (
    Block,
    Rendered,
    Renderers,
    actions,
    section,
    short_message,
)
from cdi_bot.slack.render.kit.buttons import change_button, subscribe_button
from cdi_bot.slack.render.kit.i18n import Translator, language_name
from cdi_bot.slack.render.kit.limits import BLOCKS, BLOCKS_JSON, weight
from cdi_bot.slack.render.kit.reasons import broken_channel, reason_text
from cdi_bot.slack.render.kit.runs import BAD, GOOD, UNSEEN, run_sign, short_status
from cdi_bot.slack.render.kit.text import (
    SHORT_NAME,
    bold_name,
    code,
    date,
    escape,
    freshness_text,
    in_workspace,
    mentions,
    outside,
    plain_line,
    repeat_note,
    user,
    workspace_text,
)
from cdi_bot.usecases.answers import (
    NotSubscribed,
    SubscriptionEnded,
    SubscriptionList,
    SubscriptionSet,
)

_NAMED = 3
"""So many of the failing integrations are named where somebody subscribes to them."""

_ABOVE = 200
"""The weight that is left for the name of a channel above an answer about another one than it is read in."""


def selector_text(what: Selection, i18n: Translator) -> str:
    """Say in mrkdwn which integrations a subscription matches."""
    if what.selector == "all":
        if what.workspace_name is None:
            return i18n("*all integrations*")
        return i18n("*all integrations of {workspace}*").format(workspace=outside(what.workspace_name))
    if is_pattern(what.selector):
        return i18n("integrations matching {pattern}").format(pattern=code(what.typed))
    return f"*{outside(in_workspace(what.workspace_name, what.name))}*" if what.name else code(what.typed)


def selection(subscription: Subscription, name: str | None = None) -> Selection:
    """Return what a subscription takes in; `name` is that of its integration, if it is for one only."""
    return Selection(selector=subscription.selector, name=name, workspace_name=subscription.workspace_name)


def matching_now(count: int, i18n: Translator) -> str:
    """Say in plain text how many integrations a selector matches at present."""
    return i18n.counted("{count} integration now", "{count} integrations now", count)


def filter_text(filters: Filters, i18n: Translator) -> str:
    """Say in mrkdwn which alerts a subscription brings."""
    said = []
    if filters.topics == DEFAULT_TOPICS:
        said.append(i18n("all alerts except sync starts"))
    else:
        texts = topic_texts(i18n)
        said.append(
            i18n.listed(texts[topic].name for topic in Topic if topic in filters.topics)
            or i18n("exceeded limits and undocumented statuses only")
        )
    if filters.min_rows is not None:
        said.append(i18n("partial runs from {rows} failed rows").format(rows=i18n.number(filters.min_rows)))
    if filters.min_percent is not None:
        said.append(
            i18n("partial runs from {percent}% failed rows").format(percent=i18n.number(filters.min_percent))
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
        said.append(i18n("new alerts mention {who}").format(who=called))
    return i18n("; ").join(said)


# --------------------------------------------------------------------------------- digest and language


def schedule_text(digest: str, zone: str, i18n: Translator) -> str:
    """Say in mrkdwn when a digest is sent."""
    schedule = read_schedule(digest.split())
    if schedule is None:
        return code(digest)
    day = i18n("every day") if schedule.weekday is None else weekday_names(i18n)[schedule.weekday]
    text = i18n("{day} at {time} ({zone})")
    if schedule.quiet:
        text = i18n("{day} at {time} ({zone}), only if something went wrong")
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


def digest_text(digest: str | None, zone: str | None, due: datetime | None, i18n: Translator) -> str:
    """Say in mrkdwn when a channel's digest is sent, and when next."""
    if digest is None:
        return i18n("Digest: off")
    line = i18n("Digest: {schedule}").format(schedule=schedule_text(digest, zone or "UTC", i18n))
    return line + (i18n(", next {when}").format(when=date(due)) if due else "")


def language_text(language: str | None, i18n: Translator) -> str:
    """Say in mrkdwn which language a channel's messages have."""
    return i18n("Language: {language}").format(language=chosen_language(language, i18n))


def chosen_language(language: str | None, i18n: Translator) -> str:
    """Name a channel's language."""
    return language_name(language) if language else i18n("the bot's default")


def language_choices(languages: Iterable[str], i18n: Translator) -> str:
    """Say how a channel's language is chosen."""
    known = i18n.listed(f"{code(f'/cdi language {one}')} ({language_name(one)})" for one in languages)
    return i18n("To choose a language: {commands}").format(commands=known)


# --------------------------------------------------------------------------------- subscriptions


def render_subscribed(view: SubscribedView, i18n: Translator) -> Rendered:
    """Say in the channel who subscribed it to what, how that is doing, and let it be changed."""
    content, newest = view.content, view.newest
    name = newest[0].integration_name if newest else None
    about = Selection(selector=content.selector, name=name, workspace_name=view.workspace_name)
    what = selector_text(about, i18n)
    if content.changed:
        line = i18n("{who} changed the alerts for {what}: {filters}")
    else:
        line = i18n("{who} subscribed this channel to {what}: {filters}")
    line = line.format(who=user(content.who), what=what, filters=filter_text(content.filters, i18n))
    change = None
    if view.subscription:
        change = change_button(view.subscription, name, i18n, place=0)
    return short_message(
        line,
        *repeat_note(i18n, possible=view.possible_repeat),
        sign="🔔",
        second=_present(view, i18n),
        accessory=change,
    )


def _present(view: SubscribedView, i18n: Translator) -> str:
    """Say in one line how what a channel has subscribed to is doing."""
    if view.newest:
        _, run = view.newest
        if run is None:
            return f"{UNSEEN} " + i18n("No run seen yet")
        status, when = escape(short_status(run.job_status, i18n)), date(run.sync_start_time)
        newest = i18n("Newest run: {status}, {when}").format(status=status, when=when)
        return f"{run_sign(run)} {newest}"
    if not view.total:
        return f"{UNSEEN} " + i18n("No integration matches now; new ones are included.")
    failing = len(view.failing)
    said = [i18n.counted("{count} integration", "{count} integrations", view.total)]
    said.append(
        i18n.counted("{count} failing", "{count} failing", failing) if failing else i18n("none failing")
    )
    if view.unknown:
        said.append(i18n("{count} not checked yet").format(count=i18n.number(view.unknown)))
    line = f"{BAD if failing else GOOD} {i18n.listed(said)}"
    if not failing:
        return line
    names = [bold_name(one.alone, None, SHORT_NAME) for one in view.failing[:_NAMED]]
    if failing > _NAMED:
        names.append(i18n("{count} more").format(count=i18n.number(failing - _NAMED)))
    return i18n("{line}: {names}").format(line=line, names=i18n.listed(names))


def _subscribed(answer: SubscriptionSet, i18n: Translator) -> Rendered:
    """Say what the channel is not told: that nothing has changed, what may be meant, or that Braze can't be reached."""
    what = selector_text(answer.what, i18n)
    line = (
        i18n("Already subscribed to {what}: {filters}")
        if answer.unchanged
        else i18n("Subscribed to {what}: {filters}")
    )
    line = line.format(what=what, filters=filter_text(answer.filters, i18n))
    if answer.trouble:
        reason = escape(reason_text(answer.trouble, i18n))
        return short_message(
            line,
            second=i18n("Can't reach Braze: {reason}. Alerts start once it answers.").format(reason=reason),
        )
    if answer.nearest:
        names = i18n.listed(bold_name(one.alone) for one in answer.nearest)
        return short_message(
            line, second=i18n("No integration matches now. Did you mean {names}?").format(names=names)
        )
    return short_message(line)


def _unsubscribed(answer: SubscriptionEnded, i18n: Translator) -> Rendered:
    """Say that a subscription is ended, and which other one still matches its integration."""
    what = selector_text(answer.what, i18n)
    line = i18n("Unsubscribed from {what}").format(what=what)
    return short_message(line, second=_still_covered(answer.still_covered_by, i18n))


def _not_subscribed(answer: NotSubscribed, i18n: Translator) -> Rendered:
    """Say that there is no such subscription, and which other one matches the integration."""
    line = i18n("This channel isn't subscribed to {what}.").format(what=selector_text(answer.what, i18n))
    if answer.covered_by:
        return short_message(line, second=_still_covered(answer.covered_by, i18n))
    command = code(f"/cdi subscribe {answer.what.typed}")
    return short_message(line, second=i18n("To subscribe: {command}").format(command=command))


def _still_covered(other: Selection | None, i18n: Translator) -> str:
    """Say which other subscription of a channel brings the same alerts; nothing where there is none."""
    if other is None:
        return ""
    return i18n("Its alerts come through the subscription to {other}. To end that: {command}").format(
        other=selector_text(other, i18n), command=code(f"/cdi unsubscribe {other.typed}")
    )


def _subscriptions(answer: SubscriptionList, i18n: Translator) -> Rendered:
    """List the channel's subscriptions, as many as a message holds, and say how many more there are."""
    count = len(answer.rows)
    if not count:
        title = i18n("This channel has no subscriptions.")
        todo = i18n("`/cdi list` shows all integrations, `/cdi subscribe all` subscribes to them.")
        return short_message(title, second=todo, row=actions([subscribe_button(i18n, style="primary")]))
    title = i18n.counted(
        "This channel has {count} subscription", "This channel has {count} subscriptions", count
    )
    own = f"\n{workspace_text(answer.workspace_name, i18n)}" if answer.workspace_name else ""
    own += f"\n{hours_text(answer.hours, i18n)}" if answer.hours else ""
    head = section(f"*{title}*{own}")
    form = actions([subscribe_button(i18n)])
    more = i18n("… and {count} more. `/cdi unsubscribe NAME` ends one.")
    listed: list[Block] = []
    texts = [title]
    room = BLOCKS_JSON - _ABOVE - weight([head, *form, section(more.format(count=i18n.number(count)))])
    for subscription, total, name in answer.rows:
        line = _subscription_row(subscription, total, name, i18n)
        block = section(line, accessory=change_button(subscription, name, i18n, place=len(listed)))
        room -= weight([block])
        if room < 0 or len(listed) == BLOCKS - 4:
            form.insert(0, section(more.format(count=i18n.number(count - len(listed)))))
            break
        texts.append(line)
        listed.append(block)
    return Rendered(text=plain_line(i18n("; ").join(texts)), blocks=[head, *listed, *form])


def _subscription_row(subscription: Subscription, total: int, name: str | None, i18n: Translator) -> str:
    what = selector_text(selection(subscription, name), i18n)
    lines = [
        f"{what} ({matching_now(total, i18n)})" if is_pattern(subscription.selector) else what,
        filter_text(subscription.filters, i18n),
        i18n("by {who}, {when}").format(
            who=user(subscription.created_by), when=date(subscription.created_at)
        ),
    ]
    if subscription.broken_reason:
        lines.append(broken_channel(subscription.broken_reason, i18n))
    return "\n".join(lines)


RENDERERS: Renderers = {
    SubscriptionSet: _subscribed,
    SubscriptionEnded: _unsubscribed,
    NotSubscribed: _not_subscribed,
    SubscriptionList: _subscriptions,
}
