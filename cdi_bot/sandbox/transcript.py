"""The conversation as plain text, for a terminal: each event of the live stream as a few lines. Pure.

`Transcript.lines` takes stream events; what blocks look like in text is in `transcript_blocks`, what Slack's
mrkdwn looks like in `transcript_text`.
"""

from datetime import UTC, datetime, tzinfo

from cdi_bot.sandbox.slack.model import Json
from cdi_bot.sandbox.transcript_blocks import block_lines
from cdi_bot.sandbox.transcript_text import Names, clean, plain

_INDENT = "  "
_THREAD = "    │ "


class Transcript:
    """Turns stream events into lines. `zone` is the reader's time zone."""

    def __init__(self, snapshot: Json, zone: tzinfo = UTC) -> None:
        """Learn the names of channels and people from the stream's first frame."""
        self._zone = zone
        self._channels = {channel["id"]: str(channel["name"]) for channel in snapshot["channels"]}
        self._users = {user["id"]: str(user["name"]) for user in snapshot["users"]}

    def lines(self, event: Json, now: datetime) -> list[str]:
        """Return what to print for an event; nothing for one that is no part of the conversation."""
        kind = event["type"]
        if kind in ("message", "message_changed", "ephemeral", "ephemeral_changed"):
            return self.message_lines(event["message"], now, changed=kind.endswith("_changed"))
        if kind == "message_deleted":
            return [f"{self._place(event['channel'])}  (a message was deleted)"]
        if kind == "bot_connected":
            return ["cdi-bot is connected" if event["connected"] else "cdi-bot is not connected"]
        if kind == "channel":
            channel = event["channel"]
            self._channels[channel["id"]] = str(channel["name"])
        return []

    def message_lines(self, message: Json, now: datetime, *, changed: bool = False) -> list[str]:
        """Return one message: a line that says where, who and when, then what it says, threads set in.

        message: as the live stream has it. changed: say that this is a new state of a message shown before.
        """
        names = Names(channels=self._channels, users=self._users, zone=self._zone, now=now)
        body = [line for block in message["blocks"] for line in block_lines(block, names)]
        for attachment in message["attachments"]:
            body += [line for block in attachment.get("blocks") or () for line in block_lines(block, names)]
            said = attachment.get("text") or attachment.get("fallback")
            body += plain(str(said), names).splitlines() if said and not attachment.get("blocks") else []
        if not body:
            body = plain(str(message["text"]), names).splitlines()
        in_thread = message["thread_ts"] is not None
        margin = _THREAD if in_thread else _INDENT
        return [self._heading(message, changed=changed), *((margin + line).rstrip() for line in body)]

    def _heading(self, message: Json, *, changed: bool) -> str:
        at = datetime.fromtimestamp(float(message["ts"]), self._zone)
        who = "cdi-bot" if message["bot"] else self._person(str(message["user"]))
        remarks = []
        if message["ephemeral"]:
            remarks.append(f"only visible to {self._person(str(message['user_to']))}")
        if message["thread_ts"] is not None:
            remarks.append("reply, also sent to the channel" if message["reply_broadcast"] else "reply")
        if changed or message["edited"]:
            remarks.append("changed")
        told = f"  ({', '.join(remarks)})" if remarks else ""
        return f"{self._place(message['channel'])}  {who}  {at:%H:%M:%S}{told}"

    def _place(self, channel: str) -> str:
        name = self._channels.get(channel, channel)
        return f"@{self._person(name)}" if channel.startswith("D") else f"#{clean(name)}"

    def _person(self, user: str) -> str:
        return clean(self._users.get(user, user))
