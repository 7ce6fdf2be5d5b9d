"""The stand-ins in a process of their own, so that their work is not counted as the bot's.

Prints where they listen and the secrets that work as one line of JSON, and ends with its standard input.
Arguments: how many integrations, how many past runs each, requests a minute that Braze allows, how many channels.
"""

from __future__ import annotations

import asyncio
import json
import sys

from cdi_bot.sandbox import Sandbox
from cdi_bot.sandbox.braze.integration import IntegrationConfig
from cdi_bot.sandbox.braze.protocol import Endpoint
from cdi_bot.sandbox.slack.model import Channel
from tests.bench.rig import channel_id


async def stand(integrations: int, history: int, limit: int, channels: int) -> None:
    """Serve until nobody needs it any more."""
    async with Sandbox() as sandbox:
        for endpoint in Endpoint:
            sandbox.braze.limits.set(endpoint, limit)
        sandbox.braze.create_many(integrations, "Load", IntegrationConfig(), history=history)
        for name in map(channel_id, range(channels)):
            members = frozenset({sandbox.slack.bot_user})
            sandbox.slack.put_channel(Channel(id=name, name=name.lower(), created=0, members=members))
        print(json.dumps(sandbox.bot_settings), flush=True)
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(stand(*map(int, sys.argv[1:5])))
