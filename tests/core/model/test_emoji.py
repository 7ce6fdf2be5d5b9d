"""Emoji that people type, as Slack delivers them, against those in the names of integrations."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdi_bot.core.model.emoji import with_emoji
from cdi_bot.core.model.integration import normalize_name
from cdi_bot.core.model.subscription import selector_matches
from tests.core.runs_kit import integration


@pytest.mark.parametrize(
    ("typed", "emoji"),
    [
        (":rocket:", "🚀"),
        (":fire:", "🔥"),
        (":warning:", "⚠️"),
        (":red_circle:", "🔴"),
        (":large_blue_circle:", "🔵"),
        (":white_check_mark:", "✅"),
        (":x:", "❌"),
        (":tada:", "🎉"),
        (":package:", "📦"),
        (":bar_chart:", "📊"),
        (":snowflake:", "❄️"),
        (":construction:", "🚧"),
        (":busts_in_silhouette:", "👥"),
        (":wave::skin-tone-4:", "👋🏽"),
        (":+1:", "👍"),
        (":flag-jp:", "🇯🇵"),
        (":us:", "🇺🇸"),
    ],
)
def test_an_emoji_is_known_by_slacks_word(typed: str, emoji: str) -> None:
    """Whatever look or tone of skin the name has."""
    assert normalize_name(f"{typed} Users") == normalize_name(f"{emoji} Users")
    named = replace(integration(), integration_name=f"{emoji} Users EU")
    assert selector_matches(f"{typed}*", named)
    assert selector_matches(f"{emoji}*", named)
    assert not selector_matches(":ghost:*", named)


@pytest.mark.parametrize(
    "text", [":our_own_emoji: Users", "a:b:c", "10:30:15", ":", "Users: attributes", ":latin_small_letter_a:"]
)
def test_what_is_no_emoji_stays_as_it_is(text: str) -> None:
    """Custom emoji, times and names with colons are compared letter by letter."""
    assert with_emoji(text) == text


@given(st.text(max_size=30))
def test_any_name_matches_itself(name: str) -> None:
    """However odd, and also where it holds what Slack would make an emoji of."""
    once = normalize_name(name)
    assert normalize_name(once) == once or ":" in name
    assert selector_matches(
        f"{name.replace('*', '?')}*", replace(integration(), integration_name=f"{name} x")
    )
