"""What people set for integrations by a selector: who owns them, their runbook, and whether they are critical."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from cdi_bot.core.model.integration import Integration, normalize_name
from cdi_bot.core.model.subscription import is_pattern, selector_matches

SettingName = Literal["owner", "runbook", "critical"]
"""What can be set. Also the word of the command that sets it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IntegrationSettings:
    """What is set for the integrations of a workspace that match `selector`; `None` leaves it to wider selectors.

    `owner` mentions a person or a user group in Slack's form (`<@U1>`, `<!subteam^S1>`), `runbook` is a web address.
    An empty text and False say that there is none, whatever a wider selector names.
    """

    workspace_id: int
    selector: str
    owner: str | None = None
    runbook: str | None = None
    critical: bool | None = None

    @property
    def is_empty(self) -> bool:
        """Whether it says nothing about anything."""
        return self.owner is None and self.runbook is None and self.critical is None


def settings_of(integration: Integration, known: Iterable[IntegrationSettings]) -> IntegrationSettings:
    """What holds for an integration: of each field, what the most specific selector says that says anything.

    Its id is more specific than any pattern; among patterns, that with more characters besides `*` and `?` is, then
    that with more `?`; `all` is the least specific. What nobody set is `None` in the result, never empty.
    """
    matching = [
        each
        for each in known
        if each.workspace_id == integration.workspace_id and selector_matches(each.selector, integration)
    ]
    matching.sort(key=lambda each: specificity(each.selector), reverse=True)

    def first(field: SettingName) -> Any:
        said = (getattr(each, field) for each in matching)
        return next((value for value in said if value is not None), None) or None

    return IntegrationSettings(
        workspace_id=integration.workspace_id,
        selector=integration.integration_id,
        owner=first("owner"),
        runbook=first("runbook"),
        critical=first("critical"),
    )


def specificity(selector: str) -> tuple[bool, int, int, str]:
    """Sort selectors by how few integrations they can mean; of two that are alike, by their spelling."""
    letters = 0 if selector == "all" else len(selector.replace("*", "").replace("?", ""))
    return not is_pattern(selector), letters, selector.count("?"), normalize_name(selector)


@dataclass(frozen=True, slots=True, kw_only=True)
class IntegrationSettingChanged:
    """Somebody set something for what a selector matches: a mention, a web address, or `on`; `None` for nothing."""

    who: str
    workspace_id: int
    selector: str
    setting: SettingName
    value: str | None
    what: Literal["integration_setting_changed"] = "integration_setting_changed"
