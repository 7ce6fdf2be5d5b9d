"""Answer a person through the `response_url` that came with a command or a button."""

from __future__ import annotations

import aiohttp
import structlog

from cdi_bot.slack.api.proxy import proxy_for
from cdi_bot.slack.render.kit.blocks import Rendered

log = structlog.get_logger(__name__)


async def respond(
    session: aiohttp.ClientSession, url: str, answer: Rendered, *, replace: bool = False
) -> None:
    """Show `answer` to the one person, in place of what held the button where `replace` says so.

    An answer whose blocks Slack won't take is given without its pictures, else as plain text. What can't be given at
    all is logged: the person sees that the bot does not answer, and nothing was changed by not answering.
    """
    body = {"response_type": "ephemeral", "replace_original": replace, "text": answer.text}
    for blocks in filter(None, (answer.blocks, answer.plainer)):
        if await _send(session, url, {**body, "blocks": blocks}):
            return
    await _send(session, url, body)


async def _send(session: aiohttp.ClientSession, url: str, body: dict[str, object]) -> bool:
    try:
        async with session.post(url, json=body, proxy=proxy_for(url)) as response:
            if response.ok:
                return True
            log.warning("answer not taken", status=response.status, why=(await response.text())[:100])
    except (OSError, aiohttp.ClientError) as error:
        log.warning("answer not given", error=type(error).__name__)
    return False
