"""What people are told who set owner, runbook and the like of integrations, or ask what is set."""

from __future__ import annotations

from dataclasses import dataclass

from cdi_bot.core.model.integration import Integration
from cdi_bot.core.model.integration_settings import IntegrationSettings, SettingName
from cdi_bot.core.model.subscription import Selection


@dataclass(frozen=True, slots=True, kw_only=True)
class IntegrationSettingSet:
    """Something is set for integrations, which a notice says in the channel; `unchanged` if it was before.

    `value` is a mention, a web address, or `on`; `None` for nothing. `total` is how many integrations match now; where
    none does, `nearest` are those with a similar name.
    """

    what: Selection
    setting: SettingName
    value: str | None
    total: int
    unchanged: bool
    nearest: tuple[Integration, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class IntegrationSettingsShown:
    """What is set for which integrations: the most specific selectors first, workspace by workspace."""

    rows: tuple[tuple[IntegrationSettings, Selection], ...]
