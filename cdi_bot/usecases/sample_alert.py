"""`/cdi test`: send a sample alert the way that real ones go, and see how far it comes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from cdi_bot.core.model.channel import Channel
from cdi_bot.core.model.incident import Incident
from cdi_bot.core.model.sample_alert import SampleAlert
from cdi_bot.delivery.digests import subscribed_integrations
from cdi_bot.usecases.access import posting_problem
from cdi_bot.usecases.answers import Answer, SampleSent
from cdi_bot.usecases.base import UseCases, announce

PATIENCE = 10.0
"""Seconds for which the person waits for the end: a channel with a few messages before it has got it by then."""

_BETWEEN_LOOKS = 0.2  # seconds: another process may be the one that posts it


@dataclass(frozen=True, kw_only=True)
class SampleAlerts(UseCases):
    """Sends sample alerts. `sleep` waits for seconds."""

    sleep: Callable[[float], Awaitable[None]]

    async def send(self, channel: Channel, who: str) -> Answer:
        """Owe the channel a sample alert, and wait for what becomes of it."""
        refusal = await self.access.to_change(who) or await posting_problem(self.messenger, channel)
        if refusal:
            return refusal
        actor = await self.actor(channel, who)
        integrations, unreachable = 0, None
        async with self.store.read() as uow:
            subscriptions = await uow.subscriptions.for_channel(channel)
            for workspace in self.workspaces.visible_in(channel):
                integrations += len(await subscribed_integrations(uow, workspace.workspace_id, channel))
                unreachable = unreachable or await uow.incidents.unreachable(workspace.workspace_id)
        called = " ".join(each.filters.mention or "" for each in subscriptions)
        mentions = " ".join(dict.fromkeys(called.split())) or None
        async with self.store.write() as uow:
            sample = SampleAlert(who=who, at=actor.at, mentions=mentions)
            key = await announce(uow, actor, "test", "", sample)
        self.wake()
        return await self._outcome(key, integrations, mentions, unreachable)

    async def _outcome(
        self, key: str, integrations: int, mentions: str | None, unreachable: Incident | None
    ) -> SampleSent:
        """Wait until Slack has it or something is wrong, but not for ever, whatever the clock is set to."""
        begun, waited = self.clock(), 0.0
        while True:
            async with self.store.read() as uow:
                progress = await uow.outbox.progress(key)
            if not progress.is_pending or progress.last_error or waited >= PATIENCE:
                return SampleSent(
                    took=self.clock() - begun if progress.ts else None,
                    trouble=None if progress.ts else progress.last_error,
                    integrations=integrations,
                    mentions=mentions,
                    unreachable=unreachable,
                )
            await self.sleep(_BETWEEN_LOOKS)
            waited += _BETWEEN_LOOKS
