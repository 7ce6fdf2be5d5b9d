"""Settings and adapters for a bot that a test assembles by itself, or of which it drives only one side."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from cdi_bot.app import Adapters
from cdi_bot.braze.client import BrazeClient
from cdi_bot.cli.workspaces import utc_now
from cdi_bot.core.model.channel import Channel, Person
from cdi_bot.core.model.integration import Workspace
from cdi_bot.delivery.slack_port import Directory
from cdi_bot.holder import Holder
from cdi_bot.monitoring.braze_port import Braze
from cdi_bot.operator.metrics import Metrics
from cdi_bot.settings.environment import Settings, load_settings
from cdi_bot.store import Store
from tests.rigs.simulated_slack import SimSlack


def bot_settings(**changes: Any) -> Settings:
    """The defaults, with made-up credentials, and with some fields changed."""
    settings = load_settings(
        {
            "SLACK_BOT_TOKEN": "xoxb-test",
            "SLACK_APP_TOKEN": "xapp-test",
            "BRAZE_BASE_URL": "https://rest.iad-01.braze.com",
            "BRAZE_API_KEY": "test",
        },
        env_file=None,
    )
    return settings.model_copy(update=changes)


def reach(workspace: Workspace, api_key: str, *, clock: Callable[[], datetime] = utc_now) -> BrazeClient:
    """The client of a workspace that was added."""
    return BrazeClient(
        base_url=workspace.base_url,
        api_key=api_key,
        workspace_id=workspace.workspace_id,
        clock=clock,
        random=no_jitter,
    )


def no_jitter() -> float:
    """No chance in tests."""
    return 0.0


class Members(Directory):
    """Everybody is a member, and in these channels."""

    def __init__(self, channels: Sequence[Channel] = ()) -> None:
        """Know the channels that there are."""
        self._channels = frozenset(channels)

    async def person(self, user_id: str) -> Person:
        """Anybody."""
        return Person(user_id=user_id)

    async def by_email(self, address: str) -> str | None:  # noqa: ARG002
        """Nobody."""
        return None

    async def channels_of(self, user_id: str, *, anew: bool = False) -> frozenset[Channel]:  # noqa: ARG002
        """All."""
        return self._channels


def a_holder(store: Store) -> Holder:
    """A process for which no time passes: nobody takes it for gone because a test takes long, or its clock jumps."""
    return Holder(store, seconds=lambda: 0.0)


def without_slack(
    store: Store, workspaces: Sequence[tuple[Workspace, Braze]], metrics: Metrics | None = None
) -> Adapters:
    """A bot that polls and stores, and has no Slack to tell it to."""
    return Adapters(
        store=store,
        workspaces=workspaces,
        reach=reach,
        messenger=SimSlack(clock=lambda: datetime.now(UTC), rooms={}).messenger(),
        directory=Members(),
        team_id="T1",
        holder=a_holder(store),
        metrics=metrics or Metrics(),
    )
