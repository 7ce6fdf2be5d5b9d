"""Whether the bot can do its work now, and if not, why: for `/readyz`, the metrics and the heartbeat alike."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from cdi_bot.delivery.dispatcher import Dispatcher
from cdi_bot.item_troubles import Work
from cdi_bot.monitoring.braze_port import notable_skew
from cdi_bot.monitoring.workspaces import WatchedWorkspaces
from cdi_bot.operator.heartbeat import Heartbeat
from cdi_bot.store import Store


class Cause(StrEnum):
    """What keeps the bot from its work; also the word in metrics."""

    STARTING = "starting"
    DATABASE = "database"  # it can't be used
    SLACK = "slack"  # takes no messages
    WORK = "work"  # recurring work stands still, or fails each time
    BRAZE = "braze"  # a workspace can't be reached
    CLOCK = "clock"  # this machine's is wrong by a workspace's
    COMMANDS = "commands"  # no connection to Slack brings any

    @property
    def is_of_workspace(self) -> bool:
        """Whether it may hold for one Braze workspace and not for another."""
        return self in {Cause.BRAZE, Cause.CLOCK}

    @property
    def stops_alerts(self) -> bool:
        """Whether no alert goes out meanwhile.

        An unreachable Braze is an alert itself; deadlines go by Braze's clock; alerts need no connection for commands.
        """
        return self not in {Cause.BRAZE, Cause.CLOCK, Cause.COMMANDS}


class Reason(NamedTuple):
    """Why the bot can't do its work now: in a word, in words for people, and for which workspace alone."""

    cause: Cause
    text: str
    workspace: str = ""


@dataclass(slots=True, kw_only=True)
class Readiness:
    """What there is of the bot by now. `step` is what the start has come to.

    `is_connected` tells whether commands arrive, `standing` names the recurring work that has not ended for long.
    """

    is_connected: Callable[[], bool]
    step: str = "trying the credentials"
    store: Store | None = None
    workspaces: WatchedWorkspaces | None = None
    dispatcher: Dispatcher | None = None
    standing: Callable[[], list[str]] = list
    heartbeat: Heartbeat | None = None

    def troubles(self) -> Mapping[Work, int]:
        """How many single items the bot fails with, by work."""
        return self.workspaces.troubles.counts() if self.workspaces else {}

    def details(self) -> dict[str, object]:
        """What this process polls, and what is wrong although the bot does its work."""
        polls = sorted(each.workspace.name for each in self.workspaces or () if each.poller.is_leading)
        beat = self.heartbeat.trouble if self.heartbeat else None
        return {
            "polls": polls,
            **({"item_troubles": dict(failing)} if (failing := self.troubles()) else {}),
            **({"heartbeat": beat} if beat else {}),
        }

    def reasons(self) -> list[Reason]:
        """Why the bot can't do its work now."""
        if self.store is None or self.workspaces is None or self.dispatcher is None:
            return [Reason(Cause.STARTING, f"starting: {self.step}")]
        found = []
        if not self.is_connected():
            text = "Slack can't deliver commands: no WebSocket connection is open"
            found.append(Reason(Cause.COMMANDS, text))
        if self.store.trouble:
            found.append(Reason(Cause.DATABASE, self.store.trouble))
        for each in self.workspaces:
            name = each.workspace.name
            if each.poller.is_leading and (reason := each.poller.connectivity.reason):
                found.append(Reason(Cause.BRAZE, f"{name}: can't reach Braze: {reason.value}", name))
            if told := notable_skew(each.poller.clock_skew):
                found.append(Reason(Cause.CLOCK, told, name))
        if self.dispatcher.trouble is not None:
            found.append(Reason(Cause.SLACK, f"Slack takes no messages: {self.dispatcher.trouble}"))
        if standing := self.standing():
            text = f"not come to an end for more than a minute: {', '.join(standing)}"
            found.append(Reason(Cause.WORK, text))
        if self.troubles().get(Work.POLL):
            found.append(Reason(Cause.WORK, "polling fails each time: look for `item failed` in the log"))
        return found

    def no_alerts(self) -> list[str]:
        """Why no alert can go out now, if so."""
        return [each.text for each in self.reasons() if each.cause.stops_alerts]
