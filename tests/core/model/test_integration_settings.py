"""Which setting wins: examples, and what holds for all of them."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations

from hypothesis import given
from hypothesis import strategies as st

from cdi_bot.core.model.integration import Integration
from cdi_bot.core.model.integration_settings import IntegrationSettings, settings_of, specificity
from cdi_bot.core.model.subscription import selector_matches

USERS = Integration(workspace_id=1, integration_id="int-1", integration_name="Users: attributes")
ANN, BOB = "<@U1>", "<@U2>"


def told(selector: str, **more: object) -> IntegrationSettings:
    """What somebody set in the workspace."""
    given_: dict[str, object] = {"workspace_id": 1, "selector": selector}
    return IntegrationSettings(**given_ | more)  # type: ignore[arg-type]  # each by its name


def test_the_most_specific_selector_wins() -> None:
    """An id, then the pattern with the most letters, then `all`."""
    order = ["int-1", "Users: attr*", "Users*", "*s", "?*", "all"]
    assert sorted(order, key=specificity, reverse=True) == order
    for kept in range(len(order)):
        known = [told(each, owner=f"<@U{each}>") for each in reversed(order[kept:])]
        assert settings_of(USERS, known).owner == f"<@U{order[kept]}>"


def test_each_field_is_looked_for_by_itself() -> None:
    """A runbook for one integration leaves it the owner of all."""
    known = [told("all", owner=ANN, critical=True), told("int-1", runbook="https://w/x", critical=False)]
    found = settings_of(USERS, known)
    assert (found.owner, found.runbook, found.critical) == (ANN, "https://w/x", None)


def test_an_empty_one_hides_wider_ones() -> None:
    """So that there can be exceptions from `all`."""
    assert settings_of(USERS, [told("all", owner=ANN), told("users*", owner="")]).owner is None


def test_another_workspace_counts_for_nothing() -> None:
    """Nor what does not match."""
    elsewhere = replace(told("all", owner=ANN), workspace_id=2)
    assert settings_of(USERS, [elsewhere, told("Orders*", owner=BOB)]) == told("int-1")


selectors = st.sampled_from(["all", "int-1", "int-2"]) | st.text("Us*?: a", min_size=1, max_size=8)
settings = st.builds(
    IntegrationSettings,
    workspace_id=st.integers(1, 2),
    selector=selectors,
    owner=st.sampled_from([None, "", ANN, BOB]),
    runbook=st.sampled_from([None, "", "https://w/x"]),
    critical=st.sampled_from([None, False, True]),
)
sets = st.lists(settings, max_size=4, unique_by=lambda each: (each.workspace_id, each.selector))


@given(sets)
def test_what_holds_is_what_somebody_set_and_nobody_overrode(known: list[IntegrationSettings]) -> None:
    """Whoever says something about a field loses only to a more specific one that says something about it too."""
    found = settings_of(USERS, known)
    mine = [each for each in known if each.workspace_id == 1 and selector_matches(each.selector, USERS)]
    for field in ("owner", "runbook", "critical"):
        saying = [each for each in mine if getattr(each, field) is not None]
        winner = max(saying, key=lambda each: specificity(each.selector), default=None)
        assert getattr(found, field) == ((getattr(winner, field) or None) if winner else None)


@given(sets)
def test_the_order_in_which_they_were_set_does_not_matter(known: list[IntegrationSettings]) -> None:
    """The same settings give the same answer."""
    assert len({settings_of(USERS, order) for order in permutations(known)}) == 1
