"""A channel's digest in words. Pure."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from cdi_bot.core.model.view import DigestView
from cdi_bot.core.statistics import IntegrationTotals
from cdi_bot.slack.render.kit.blocks import Block, Rendered, context, fields, section
from cdi_bot.slack.render.kit.buttons import history_of
from cdi_bot.slack.render.kit.i18n import Translator
from cdi_bot.slack.render.kit.statuses import BAD, GOOD, SOME, UNSEEN, possible_repeat
from cdi_bot.slack.render.kit.text import SHORT_NAME, bold_name, code, date, duration, plain_line, share
from cdi_bot.slack.render.messages.channel_settings import schedule_text

WORST = 5
"""So many integrations are named, each with its History button."""


def render_digest(view: DigestView, words: Translator) -> Rendered:
    """Say what a period brought, against the one before it."""
    _ = words.gettext
    sign, line = _summary(view, words)
    title = _("Digest")
    period = _("{since} to {until}").format(since=date(view.content.since), until=date(view.content.until))
    head = section(f"🗓️ *{title}* · {period}\n{sign} {line}")
    figures = [fields(_figures(view, words))] if view.integrations else []
    return Rendered(
        text=plain_line(f"{title} – {line}"),
        blocks=[head, *figures, *_worst(view, words), context(*_notes(view, words))],
    )


def _summary(view: DigestView, words: Translator) -> tuple[str, str]:
    """Say in one line how it went, with its sign."""
    _ = words.gettext
    if not view.integrations:
        return UNSEEN, _("This channel hears of no integration.")
    if view.failing:
        text = words.ngettext(
            "{count} integration was not well at the end.",
            "{count} integrations were not well at the end.",
            view.failing,
        )
        return BAD, text.format(count=words.number(view.failing))
    if view.totals.failed or view.totals.not_well:
        text = words.ngettext(
            "{count} run failed, everything was well again at the end.",
            "{count} runs failed, everything was well again at the end.",
            view.totals.failed,
        )
        return SOME, text.format(count=words.number(view.totals.failed))
    if not view.totals.runs:
        return UNSEEN, _("No run ended.")
    return GOOD, _("Every run succeeded.")


def _figures(view: DigestView, words: Translator) -> list[tuple[str, str]]:
    """Return the sums of the period and how they compare, as labels and mrkdwn values."""
    _ = words.gettext
    now, before = view.totals, view.before
    same = _("{value}: as before")
    counted = _("{value}: {change} more than before"), _("{value}: {change} less than before"), same

    def count(value: int, was: int | None) -> str:
        return _compared(words.number(value), value, was, words.number, counted)

    failed = words.number(now.failed)
    if now.failed and now.runs:
        failed = _("{count} ({share} of all)").format(count=failed, share=share(now.failed / now.runs, words))
    was_failed = before.failed if before else None
    failed = _compared(failed, now.failed, was_failed, words.number, counted)
    lasted = _compared(
        duration(now.not_well, words),
        now.not_well.total_seconds(),
        before.not_well.total_seconds() if before else None,
        lambda seconds: duration(timedelta(seconds=seconds), words),
        (_("{value}: {change} longer than before"), _("{value}: {change} shorter than before"), same),
    )
    return [
        (_("Integrations"), words.number(view.integrations)),
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


def _worst(view: DigestView, words: Translator) -> list[Block]:
    """Name the integrations that somebody should look at."""
    _ = words.gettext
    if not view.worst:
        return []
    listed = [
        section(
            _line(part, url, words),
            accessory=history_of(part.integration, words, action_id=f"history:{place}"),
        )
        for place, (part, url) in enumerate(view.worst[:WORST])
    ]
    title = _("Worst")
    return [section(f"*{title}*"), *listed]


def _line(part: IntegrationTotals, url: str | None, words: Translator) -> str:
    _ = words.gettext
    said = []
    if part.not_well:
        said.append(_("not well for {length}").format(length=duration(part.not_well, words)))
    if part.sums.failed:
        said.append(
            words.ngettext(
                "{failed} of {count} run failed", "{failed} of {count} runs failed", part.sums.runs
            ).format(failed=words.number(part.sums.failed), count=words.number(part.sums.runs))
        )
    if part.is_open:
        said.append(_("not well at the end"))
    mark = BAD if part.is_open else SOME
    return f"{mark} {bold_name(part.integration, url, SHORT_NAME)}: {words.listed(said)}"


def _notes(view: DigestView, words: Translator) -> list[str]:
    _ = words.gettext
    said = []
    if view.blind:
        said.append(
            _("Braze could not be asked for {length} of this time.").format(
                length=duration(view.blind, words)
            )
        )
    if view.integrations and view.before is None:
        said.append(_("Nothing is known of the time before, so there is nothing to compare with."))
    comes = _("It comes {schedule}.").format(
        schedule=schedule_text(view.content.schedule, view.content.zone, words)
    )
    end = _("To end it: {command}").format(command=code("/cdi digest off"))
    said.append(f"{comes} {end}")
    return [*said, *([possible_repeat(words)] if view.possible_repeat else [])]
