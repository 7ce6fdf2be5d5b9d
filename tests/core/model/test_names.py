"""When two spellings of a name are the same to people."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdi_bot.core.model.integration import Integration, normalize_name
from cdi_bot.core.model.subscription import selector_matches


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Users EU", "users  eu"),
        ("Ｕｓｅｒｓ　ＥＵ", "users eu"),
        ("ﾕｰｻﾞｰ", "ユーザー"),
        ("注文（本番）", "注文(本番)"),
        ("Straße", "STRASSE"),
    ],
)
def test_spellings_of_one_name(one: str, other: str) -> None:
    """Letter case, width and spacing make no other name."""
    assert normalize_name(one) == normalize_name(other)


def test_other_names() -> None:
    """What people tell apart stays apart."""
    assert len({normalize_name(name) for name in ("users", "user", "ユーザー", "ユーサー")}) == 4


@given(st.text())
def test_folding_is_done_once(text: str) -> None:
    """Surrounding space is dropped, and no run of spaces is left."""
    folded = normalize_name(text)
    assert folded == folded.strip()
    assert "  " not in folded


@pytest.mark.parametrize("selector", ["users*", "ＵＳＥＲＳ*", "*eu"])
def test_patterns_fit_any_spelling(selector: str) -> None:
    """A pattern that is typed in full width fits, and one that fits a name in full width."""
    for name in ("Users EU", "Ｕｓｅｒｓ　ＥＵ"):
        named = Integration(workspace_id=1, integration_id="a", integration_name=name)
        assert selector_matches(selector, named)
