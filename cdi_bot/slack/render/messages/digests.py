"""A channel's digest in words."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from cdi_bot.core.statistics import IntegrationTotals
from cdi_bot.delivery.views import DigestView
from cdi_bot.slack.render.kit.blocks import Block, Rendered, context, fields, section
from cdi_bot.slack.render.kit.buttons import history_button
from cdi_bot.slack.render.kit.i18n import Translator
from cdi_bot.slack.render.kit.runs import BAD, GOOD, SOME, UNSEEN
from cdi_bot.slack.render.kit.text import (
    SHORT_NAME,
    bold_name,
    date,
    duration,
    plain_line,
    repeat_note,
    share,
)
from cdi_bot.slack.render.subscriptions import digest_end_hint, schedule_text

WORST = 5
"""So many integrations are named, each with its History button."""


def render_digest(view: DigestView, i18n: Translator) -> Rendered:
    """Sum up a period, and compare it with the one before."""
    _ = i18n.gettext
    sign, line = _summary(view, i18n)
    title = _("Digest")
    period = _("{since} to {until}").format(since=date(view.content.since), until=date(view.content.until))
    head = section(f"🗓️ *{title}* · {period}\n{sign} {line}")
    figures = [fields(_figures(view, i18n))] if view.integrations else []
    return Rendered(
        text=plain_line(f"{title} – {line}"),
        blocks=[head, *figures, *_worst(view, i18n), context(*_notes(view, i18n))],
    )


def _summary(view: DigestView, i18n: Translator) -> tuple[str, str]:
    """Say in one line how it went, with its sign."""
    _ = i18n.gettext
    if not view.integrations:
        return UNSEEN, _("This channel hears of no integration.")
    if view.failing:
        text = i18n.counted(
            "{count} integration was not well at the end.",
            "{count} integrations were not well at the end.",
            view.failing,
        )
        return BAD, text
    if view.totals.failed or view.totals.unhealthy_for:
        text = i18n.counted(
            "{count} run failed, everything was well again at the end.",
            "{count} runs failed, everything was well again at the end.",
            view.totals.failed,
        )
        return SOME, text
    if not view.totals.runs:
        return UNSEEN, _("No run ended.")
    return GOOD, _("Every run succeeded.")


def _figures(view: DigestView, i18n: Translator) -> list[tuple[str, str]]:
    """Return the sums of the period and how they compare, as labels and mrkdwn values."""
    _ = i18n.gettext
    now, before = view.totals, view.before
    same = _("{value}: as before")
    counted = _("{value}: {change} more than before"), _("{value}: {change} less than before"), same

    def count(value: int, was: int | None) -> str:
        return _compared(i18n.number(value), value, was, i18n.number, counted)

    failed = i18n.number(now.failed)
    if now.failed and now.runs:
        failed = _("{count} ({share} of all)").format(count=failed, share=share(now.failed / now.runs, i18n))
    was_failed = before.failed if before else None
    failed = _compared(failed, now.failed, was_failed, i18n.number, counted)
    lasted = _compared(
        duration(now.unhealthy_for, i18n),
        now.unhealthy_for.total_seconds(),
        before.unhealthy_for.total_seconds() if before else None,
        lambda seconds: duration(timedelta(seconds=seconds), i18n),
        (_("{value}: {change} longer than before"), _("{value}: {change} shorter than before"), same),
    )
    return [
        (_("Integrations"), i18n.number(view.integrations)),
        (_("Runs"), count(now.runs, before.runs if before else None)),
        (_("Failed runs"), failed),
        (_("Time not well"), lasted),
        (_("Rows synced"), count(now.rows_synced, before.rows_synced if before else None)),
        (_("Rows failed"), count(now.rows_failed, before.rows_failed if before else None)),
    ]


def _compared(
    shown: str,
    value: float,
    was: float | None,
    write: Callable[[float], str],
    texts: tuple[str, str, str],
) -> str:
    """Say a value with how it changed against the period before, if that is known."""
    if was is None:
        return shown
    more, less, same = texts
    text = same if value == was else more if value > was else less
    return text.format(value=shown, change=write(abs(value - was)))


def _worst(view: DigestView, i18n: Translator) -> list[Block]:
    """Name the integrations that somebody should look at."""
    _ = i18n.gettext
    if not view.worst:
        return []
    listed = [
        section(
            _line(part, url, i18n),
            accessory=history_button(part.integration, i18n, action_id=f"history:{place}"),
        )
        for place, (part, url) in enumerate(view.worst[:WORST])
    ]
    title = _("Worst")
    return [section(f"*{title}*"), *listed]


def _line(part: IntegrationTotals, url: str | None, i18n: Translator) -> str:
    _ = i18n.gettext
    said = []
    if part.unhealthy_for:
        said.append(_("not well for {length}").format(length=duration(part.unhealthy_for, i18n)))
    if part.sums.failed:
        said.append(
            i18n.counted(
                "{failed} of {count} run failed",
                "{failed} of {count} runs failed",
                part.sums.runs,
                failed=i18n.number(part.sums.failed),
            )
        )
    if part.is_open:
        said.append(_("not well at the end"))
    mark = BAD if part.is_open else SOME
    return f"{mark} {bold_name(part.integration, url, SHORT_NAME)}: {i18n.listed(said)}"


def _notes(view: DigestView, i18n: Translator) -> list[str]:
    _ = i18n.gettext
    said = []
    if view.unreachable:
        said.append(
            _("Braze could not be asked for {length} of this time.").format(
                length=duration(view.unreachable, i18n)
            )
        )
    if view.integrations and view.before is None:
        said.append(_("Nothing is known of the time before, so there is nothing to compare with."))
    comes = _("It comes {schedule}.").format(
        schedule=schedule_text(view.content.schedule, view.content.zone, i18n)
    )
    said.append(f"{comes} {digest_end_hint(i18n)}")
    return [*said, *repeat_note(i18n, possible=view.possible_repeat)]
