"""A person's Home.

Everything stands in one list, from what needs attention to what is healthy, cut into pages.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime

from cdi_bot.slack.render.home.entries import header, listed
from cdi_bot.slack.render.kinds.table import overall_state
from cdi_bot.slack.render.kinds.unreachable import unreachable_banner
from cdi_bot.slack.render.kit.blocks import Block, actions, button, context, section
from cdi_bot.slack.render.kit.buttons import subscribe_button
from cdi_bot.slack.render.kit.charts import BROKEN_BAR
from cdi_bot.slack.render.kit.i18n import Translator
from cdi_bot.slack.render.kit.pages import pager
from cdi_bot.slack.render.kit.runs import UNSEEN
from cdi_bot.slack.render.kit.text import date
from cdi_bot.usecases.home import Home

FRESHNESS = "freshness"
"""The block that says how fresh everything is: it alone changes while nothing happens."""

View = Block


def home_view(home: Home, i18n: Translator, now: datetime) -> View:
    """Return a page of Home."""
    if not home.channels:
        return _view(home.page, [*unreachable_banner(home.unreachable, i18n), *_welcome(home, i18n)])
    pages = pager(
        "home_page",
        {},
        offset=home.page,
        size=1,
        has_more=home.page + 1 < home.pages,
        labels=(i18n.gettext("Previous"), i18n.gettext("Next")),
    )
    return _view(
        home.page,
        [
            *unreachable_banner(home.unreachable, i18n),
            section(_summary(home, i18n)),
            *_buttons(home, i18n),
            *listed(home, i18n, now),
            *_not_shown(home, i18n),
            *pages,
            {**context(*_fresh(home, i18n, now)), "block_id": FRESHNESS},
        ],
    )


def unknown_home(i18n: Translator) -> View:
    """Return what is shown while Slack does not say which channels the person is in."""
    _ = i18n.gettext
    line = _("Slack does not tell me just now which channels you are in, so I show you none.")
    return _view(0, [section(f"{UNSEEN} {line}"), *actions([_refresh(i18n), _help(i18n)])])


def troubled_home(said: Sequence[Block], i18n: Translator) -> View:
    """Return what is shown where the bot's database does not answer."""
    return _view(0, [*said, *actions([_refresh(i18n)])])


def fingerprint(view: View) -> str:
    """Return what tells whether a Home has changed in anything but its freshness."""
    kept = [block for block in view["blocks"] if block.get("block_id") != FRESHNESS]
    return json.dumps([view.get("private_metadata"), kept], ensure_ascii=False)


def _view(page: int, blocks: Sequence[Block]) -> View:
    return {
        "type": "home",
        "callback_id": "home",
        "private_metadata": json.dumps({"page": page}),
        "blocks": [*blocks],
    }


# ------------------------------------------------------------------------------------------ above the list


def _welcome(home: Home, i18n: Translator) -> list[Block]:
    _ = i18n.gettext
    title = _("Know when a Braze data sync goes wrong")
    about = _(
        "I watch Braze Cloud Data Ingestion and tell a Slack channel when a sync fails, and when it is well again. "
        "None of your channels hears of any integration yet."
    )
    todo = _("Choose a channel and what it is to hear of, or type `/cdi subscribe all` in the channel.")
    return [
        header(title),
        section(about),
        *([section(todo)] if home.may_change else []),
        *_buttons(home, i18n),
    ]


def _summary(home: Home, i18n: Translator) -> str:
    mark, line = overall_state(failing=home.failing, unhealthy=home.unhealthy, total=home.total, i18n=i18n)
    where = i18n.counted(
        "heard of in {count} channel of yours", "heard of in {count} channels of yours", home.channels
    )
    return f"{mark} {i18n.listed([f'*{line}*', where])}"


def _buttons(home: Home, i18n: Translator) -> list[Block]:
    form = subscribe_button(i18n, style="primary") if home.may_change else None
    return actions([form, _refresh(i18n), _help(i18n)])


def _refresh(i18n: Translator) -> Block | None:
    _ = i18n.gettext
    return button(_("Refresh"), "home_refresh", {}, says=_("Show how things are now"))


def _help(i18n: Translator) -> Block | None:
    _ = i18n.gettext
    return button(_("Help"), "home_help", {}, says=_("Show the commands and where to get help"))


# ------------------------------------------------------------------------------------------ below the list


def _not_shown(home: Home, i18n: Translator) -> list[Block]:
    """Say where the unhealthy integrations are that found no room above."""
    if not home.not_shown or home.page:
        return []
    text = i18n.ngettext(
        "{count} more is not well: it stands among all integrations",
        "{count} more are not well: they stand among all integrations",
        home.not_shown,
    )
    return [context(text.format(count=i18n.number(home.not_shown)))]


def _fresh(home: Home, i18n: Translator, now: datetime) -> list[str]:
    _ = i18n.gettext
    said = []
    if home.checked_at:
        said.append(_("Braze was last asked about all of this {when}").format(when=date(home.checked_at)))
    if home.unseen:
        said.append(_("{count} not looked at yet").format(count=i18n.number(home.unseen)))
    said.append(_("This page as of {when}").format(when=date(now)))
    if home.pages > 1:
        said.append(
            _("page {page} of {pages}").format(page=i18n.number(home.page + 1), pages=i18n.number(home.pages))
        )
    said.append(
        _("Bars are rows of the newest runs, oldest first; {cross} is a run that failed").format(
            cross=BROKEN_BAR
        )
    )
    return said
