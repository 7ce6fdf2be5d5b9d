"""What a subscription would have told: word for word in golden files, and that Slack takes any of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdi_bot.core.model.incident import Kind, Topic, opened, resolved
from cdi_bot.core.model.integration import WatchedIntegration
from cdi_bot.core.model.subscription import Filters, Selection
from cdi_bot.core.replay.told import Told
from cdi_bot.slack.render.kit.i18n import Translator
from cdi_bot.slack.render.preview import preview_line, render_preview
from cdi_bot.usecases.preview import Preview
from tests.slack.golden import assert_golden, assert_taken, said
from tests.slack.render.samples import NOW, integration, run

WATCHED = WatchedIntegration(integration=integration(), watched_since=NOW)
FAILED = opened(WATCHED, Kind.SYNC_FAILED, since=NOW, now=NOW, shown=run(), reason=None)
LATE = opened(WATCHED, Kind.LATE, since=NOW, now=NOW, reason="schedule")
TOLD = (
    Told(integration=integration(), first=LATE, last=LATE),
    Told(integration=integration(), first=FAILED, last=resolved(FAILED, NOW + timedelta(hours=3))),
)
FULL = Preview(
    what=Selection(selector="Users*"),
    filters=Filters(topics=frozenset({Topic.ERROR, Topic.LATE}), min_rows=100),
    days=30,
    counts=((Kind.SYNC_FAILED, 4), (Kind.LATE, 2), (Kind.SLOW, 1), (Kind.QUALITY, 1), (Kind.UNREACHABLE, 1)),
    newest=TOLD,
    integrations=12,
    looked_at=9,
    runs=12_345,
    few_runs=(integration(),),
    few_runs_total=3,
    young_total=4,
)
SILENT = replace(
    FULL,
    what=Selection(selector="all"),
    filters=Filters(),
    counts=(),
    newest=(),
    looked_at=12,
    few_runs=(),
    few_runs_total=0,
)
NOTHING = replace(SILENT, integrations=0, looked_at=0, runs=0, young_total=0)

PREVIEWS = {"preview": FULL, "preview_silent": SILENT, "preview_of_nothing": NOTHING}


@pytest.mark.parametrize("name", PREVIEWS)
def test_golden_previews(name: str) -> None:
    """Each, in every language."""
    assert_golden(name, lambda i18n: render_preview(PREVIEWS[name], i18n))


@given(
    st.sampled_from([FULL, SILENT]),
    st.lists(st.tuples(st.sampled_from(Kind), st.integers(1, 10**6)), max_size=8),
    st.text(max_size=300),
)
def test_any_preview_is_taken(one: Preview, counts: list[tuple[Kind, int]], name: str) -> None:
    """Whatever names and numbers are in it."""
    named = replace(integration(), integration_name=name)
    told = tuple(replace(each, integration=named) for each in TOLD) * 2
    assert_taken(
        render_preview(
            replace(one, counts=tuple(counts), what=replace(one.what, name=name), newest=told), Translator()
        )
    )


def test_it_repeats_the_filters_and_how_to_subscribe() -> None:
    """So that the next step is one copy away."""
    text = said(render_preview(FULL, Translator()))
    assert "on:error,late rows:100`" in text


def test_the_line_of_the_form() -> None:
    """Plain text: how many, and of how much that is known."""
    assert preview_line(FULL, Translator()) == (
        "Would have sent 9 alerts in the last 30 days: 4 failed, 2 late, 1 slow, 1 with unusual data, "
        "1 outage of Braze. Checked 9 of 12 integrations in the time available."
    )
    assert preview_line(SILENT, Translator()) == "Would have sent 0 alerts in the last 30 days."
    assert preview_line(NOTHING, Translator()) == "No runs are known yet, so there is nothing to preview."
