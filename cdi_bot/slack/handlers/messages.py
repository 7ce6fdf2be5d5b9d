"""What people say to the bot: a mention in a channel, or a direct message, answered like the same text after `/cdi`.

In a channel only who mentioned it sees the answer, in the thread where it was asked: answers are in that person's
language and show what that person may see, and whatever changes for the channel is told there anyway. In a direct
message the answer is a message like any other, so that it is still there tomorrow.
"""

from __future__ import annotations

import re

import structlog

from cdi_bot.delivery.slack_port import SlackTrouble
from cdi_bot.slack.api.call import Json
from cdi_bot.slack.handlers.commands import Responder
from cdi_bot.slack.render.kit.blocks import Rendered

SLACKBOT = "USLACKBOT"

log = structlog.get_logger(__name__)


def register_messages(responder: Responder) -> None:
    """Answer mentions and direct messages."""
    slack = responder.slack

    async def said(body: Json) -> None:
        event = body["event"]
        if not slack.identity.owns(body) or not is_from_a_person(event, slack.identity.bot_user_id):
            return
        who, text = event["user"], without_mention(event["text"], slack.identity.bot_user_id)
        reader = await responder.speaking_to(who)
        answer = await reader.answer_text(text, slack.channel(event["channel"]), who)
        if answer is not None:
            await _answer(responder, event, answer)

    slack.on_event("app_mention", said)
    slack.on_event("message", said)


def is_from_a_person(event: Json, bot_user_id: str) -> bool:
    """Whether somebody said it just now: no bot, not this one either, and no notice that a message was changed.

    Source: docs.slack.dev/reference/events/message: what else happens to messages comes with a `subtype`.
    """
    return (
        (event["type"] == "app_mention" or event.get("channel_type") == "im")
        and isinstance(event.get("user"), str)
        and event["user"] not in (bot_user_id, SLACKBOT)
        and isinstance(event.get("text"), str)
        and isinstance(event.get("channel"), str)
        and not any(event.get(name) for name in ("bot_id", "bot_profile", "subtype", "edited", "hidden"))
    )


def without_mention(text: str, bot_user_id: str) -> str:
    """What is said to the bot, without its name."""
    return re.sub(rf"<@{re.escape(bot_user_id)}(?:\|[^<>]*)?>[:,]?", " ", text).strip()


async def _answer(responder: Responder, event: Json, answer: Rendered) -> None:
    """Give the answer where it was asked; what can't be given is logged, as for commands."""
    where = {"channel": event["channel"], "thread_ts": event.get("thread_ts")}
    api = responder.slack.api
    try:
        if event["type"] == "message":
            await api.send(
                "chat.postMessage", answer, key="answer", unfurl_links=False, unfurl_media=False, **where
            )
        else:
            await api.send("chat.postEphemeral", answer, key="answer", user=event["user"], **where)
    except SlackTrouble as trouble:
        log.warning("answer not given", reason=trouble.reason, user=event["user"])
