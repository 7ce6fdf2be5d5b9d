"""Small pieces of text: what comes from outside made safe, dates, lengths of time, numbers, people, links.

Text from outside (names, ids, statuses, reasons) is cut first and escaped then, so that no cut can end within an
escape. Everything here returns mrkdwn unless it says plain text.
Source: docs.slack.dev/messaging/formatting-message-text.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from cdi_bot.core.commands.parser import print_command
from cdi_bot.core.commands.specification import Command
from cdi_bot.core.freshness_limit import FreshnessLimit
from cdi_bot.core.model.incident import Expected, Incident
from cdi_bot.core.model.integration import Integration
from cdi_bot.core.model.subscription import Snooze, Subscription
from cdi_bot.delivery.views import IncidentView
from cdi_bot.slack.render.kit.i18n import Translator
from cdi_bot.slack.render.kit.limits import MESSAGE_TEXT, clip

UNKNOWN = "–"
"""Stands wherever a value is not known: in cards, tables and digests, in every language."""

NAME = 100  # longer names are cut: escaped they take up to five times as much
SHORT_NAME = 60  # in tables and lists
ID = 100
WORKSPACE = 24  # of a name of which another one follows
SHORT_ID = 8  # tells integrations of one name apart
STATUS = 60
REASON = 300
LINK = 1000

LEAST_PERCENT = 0.1
MOST_PERCENT = 99.9

_USER = re.compile(r"[UW][A-Z0-9]{1,20}", re.ASCII)
_MENTION = re.compile(r"<(?:@[UW][A-Z0-9]{1,20}|!subteam\^S[A-Z0-9]{1,20})>", re.ASCII)
_CHANNEL = re.compile(r"[CG][A-Z0-9]{1,20}", re.ASCII)

_LABELLED = re.compile(r"<(?:https?:|!date\^)[^|>]*\|([^>]*)>")
_BOLD = re.compile(r"(?<![\w`*])\*([^*`]+)\*(?![\w*])")

# Characters that reverse or hide text, or that JSON can't carry; the joiners within emoji and scripts may stay.
_UNWANTED = frozenset({"Cc", "Cf", "Cs"})
_JOINERS = frozenset("\u200c\u200d")

_UNSAFE_IN_ADDRESS = str.maketrans({c: f"%{ord(c):02X}" for c in '<>|"` '})

DATE = "{date_short_pretty} {time}"


def plain(raw: str, limit: int = NAME) -> str:
    """Make outside text one line of plain text of at most `limit` characters; never empty."""
    kept = " ".join(raw.split())
    if not kept.isprintable():
        kept = "".join(c for c in kept if c in _JOINERS or unicodedata.category(c) not in _UNWANTED).strip()
    return clip(kept or UNKNOWN, limit)


def escape(text: str) -> str:
    """Escape the three characters that begin or end markup."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def workspace_text(name: str | None, i18n: Translator) -> str:
    """Say in mrkdwn which workspace is meant in a channel where none is named."""
    if name is None:
        return i18n("Workspace: all")
    return i18n("Workspace: {workspace}").format(workspace=code(name))


def outside(raw: str, limit: int = NAME) -> str:
    """Make outside text safe to stand in mrkdwn: it can't ping, forge a link or break the line."""
    return escape(plain(raw, limit))


def code(raw: str, limit: int = ID) -> str:
    """Show outside text letter by letter."""
    return f"`{outside(raw.replace('`', chr(39)), limit)}`"


def typed(command: Command) -> str:
    """Show what to type for a command."""
    return code(plain(f"/cdi {print_command(command)}", ID))


def name_of(integration: Integration, limit: int = NAME) -> str:
    """Return an integration's name as plain text, its id where it has no name; before it that of its workspace."""
    name = integration.integration_name.strip() or integration.integration_id
    return plain(in_workspace(integration.workspace_name, name), limit)


def in_workspace(workspace_name: str | None, name: str) -> str:
    """Write the name of something with that of its workspace, where there are several."""
    return f"{plain(workspace_name, WORKSPACE)} / {name}" if workspace_name else name


def shared_workspace(
    things: Iterable[Integration | Incident | Subscription],
) -> str | None:
    """Return the workspace that all of these belong to: then it is named once; `None` where they are of several."""
    names = {each.workspace_name for each in things}
    return names.pop() if len(names) == 1 else None


def titled(workspace_name: str | None, title: str) -> str:
    """Write the title of what is about one workspace, as plain text or mrkdwn."""
    return f"{outside(workspace_name, WORKSPACE)}: {title}" if workspace_name else title


def braze_name(workspace_name: str | None, i18n: Translator) -> str:
    """Name Braze itself as plain text, with the workspace that is meant where there are several."""
    if workspace_name is None:
        return i18n("Braze")
    return i18n("Braze ({workspace})").format(workspace=plain(workspace_name))


def subject(view: IncidentView, i18n: Translator) -> str:
    """Name what an incident is about, as plain text: an integration, by its id if need be, or Braze itself."""
    if view.integration:
        return name_of(view.integration)
    incident = view.incident
    if incident.integration_id:
        return plain(in_workspace(incident.workspace_name, incident.integration_id))
    return braze_name(incident.workspace_name, i18n)


def bold_name(integration: Integration, url: str | None = None, limit: int = NAME) -> str:
    """Show an integration's name in bold, linked to its page where there is one."""
    # An asterisk in the name would end the bold too early.
    shown = escape(name_of(integration, limit)).replace("*", "∗")
    return f"*{link(url, shown)}*"


def bold_subject(view: IncidentView, i18n: Translator, *, limit: int = NAME) -> str:
    """Show in bold what an incident is about, linked to its page where there is one."""
    if view.integration is None:
        return f"*{escape(subject(view, i18n))}*"
    return bold_name(view.integration, view.dashboard_url, limit)


def link(url: str | None, shown: str) -> str:
    """Link already escaped text to a web address; without a fit address, the text alone."""
    address = web_address(url)
    if address is None or len(address) > LINK:
        return shown
    return f"<{escape(address)}|{shown.replace('|', '¦')}>"


def web_address(url: str | None) -> str | None:
    """Return a web address in which nothing can end a link early; `None` where it is no web address."""
    if url is None or not url.startswith(("https://", "http://")):
        return None
    return "".join(c for c in url.translate(_UNSAFE_IN_ADDRESS) if c.isprintable())


def user(user_id: str) -> str:
    """Name a person so that Slack shows who it is; it also notifies in new messages."""
    return f"<@{user_id}>" if _USER.fullmatch(user_id) else outside(user_id, ID)


def channel(channel_id: str) -> str:
    """Name a channel so that Slack links it."""
    return f"<#{channel_id}>" if _CHANNEL.fullmatch(channel_id) else outside(channel_id, ID)


def mentions(text: str | None, limit: int = 20) -> str | None:
    """Keep the people and groups that a text calls, the first `limit` of them; never a whole channel."""
    called = list(dict.fromkeys(_MENTION.findall(text or "")))
    return " ".join(called[:limit]) or None


def mentioned(text: str | None) -> tuple[list[str], list[str]]:
    """Return the ids of the people and of the groups that a text calls, each once."""
    called = [one.strip("<>") for one in dict.fromkeys(_MENTION.findall(text or ""))]
    return (
        [one.removeprefix("@") for one in called if one.startswith("@")],
        [one.removeprefix("!subteam^") for one in called if one.startswith("!")],
    )


def plain_line(marked: str) -> str:
    """Take the markup out of a line of mrkdwn, for notifications; people and channels stay as Slack names them."""
    line = " ".join(_LABELLED.sub(r"\1", marked).split())
    return clip(_BOLD.sub(r"\1", line).replace("`", ""), MESSAGE_TEXT)


def read_out(lines: Iterable[str]) -> str:
    """Put the first lines of an answer, in mrkdwn, into the plain text that a screen reader reads in their place."""
    spoken = (line.replace("\n", " · ") for line in lines)
    return plain_line(" ".join(line if line.endswith((".", "。")) else f"{line}." for line in spoken))


def date(time: datetime) -> str:
    """Show a time in the reader's own zone."""
    return f"<!date^{int(time.timestamp())}^{DATE}|{utc(time)}>"


def utc(time: datetime) -> str:
    """Write a time in UTC, as plain text: for where Slack can't show the reader's own."""
    return f"{time.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def duration(length: timedelta, i18n: Translator) -> str:
    """Write a length of time in its two largest units, as plain text."""
    minutes, seconds = divmod(max(0, round(length.total_seconds())), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    if days:
        text = i18n("{days} d {hours} h") if hours else i18n("{days} d")
    elif hours:
        text = i18n("{hours} h {minutes} min") if minutes else i18n("{hours} h")
    elif minutes:
        text = i18n("{minutes} min {seconds} s") if seconds else i18n("{minutes} min")
    else:
        text = i18n("{seconds} s")
    return text.format(days=i18n.number(days), hours=hours, minutes=minutes, seconds=seconds)


_FEW_DAYS = timedelta(days=4)


def age(length: timedelta, i18n: Translator) -> str:
    """Write an age as plain text: up to a few days in hours, as the limit that it is compared with is typed."""
    if length >= _FEW_DAYS:
        return duration(length, i18n)
    hours, minutes = divmod(int(length.total_seconds()) // 60, 60)
    text = (
        i18n("{hours} h {minutes} min")
        if hours and minutes
        else i18n("{hours} h")
        if hours
        else i18n("{minutes} min")
    )
    return text.format(hours=hours, minutes=minutes)


def freshness_text(limit: FreshnessLimit, i18n: Translator) -> str:
    """Write a limit as plain text: a length of time, or a time of day with its zone."""
    if limit.longest is not None:
        return age(limit.longest, i18n)
    return i18n("{time} ({zone})").format(time=f"{limit.at:%H:%M}", zone=plain(limit.zone or "UTC"))


def share(part: float, i18n: Translator) -> str:
    """Write a share from 0.0 to 1.0 in percent; a small one never reads as none, nor a large one as all."""
    percent = part * 100
    if 0 < percent < LEAST_PERCENT:
        return i18n("under {percent}%").format(percent=i18n.number(LEAST_PERCENT))
    if MOST_PERCENT < percent < 100:  # noqa: PLR2004  the whole
        return i18n("over {percent}%").format(percent=i18n.number(MOST_PERCENT))
    return i18n("{percent}%").format(percent=i18n.number(round(percent, 1)))


def snooze_time(
    until: datetime | None, i18n: Translator, *, begins: datetime | None = None, every: str | None = None
) -> str:
    """Say in mrkdwn when something is snoozed, as a part of a sentence: at once, from a time on, or recurring."""
    if every:
        return i18n("repeatedly ({window})").format(window=code(every))
    if until is None:
        return i18n("until recovery")
    text = i18n("from {begin} until {when}") if begins else i18n("until {when}")
    return text.format(begin=date(begins) if begins else "", when=date(until))


def snoozed_now(snooze: Snooze, text: str, i18n: Translator) -> str:
    """Put into `text` by whom and until when something is snoozed now, and add the reason."""
    line = text.format(who=user(snooze.by), until=snooze_time(snooze.until, i18n))
    return with_reason(line, snooze.reason, i18n)


def with_reason(line: str, reason: str | None, i18n: Translator) -> str:
    """Add to a line why something is so, where somebody said so."""
    return i18n("{line}: {reason}").format(line=line, reason=outside(reason, REASON)) if reason else line


def expected_notes(expected: Expected, i18n: Translator) -> list[str]:
    """Say in mrkdwn who said that something was expected, and who took that back."""
    said = [i18n("Marked as expected by {who}, {when}").format(who=user(expected.by), when=date(expected.at))]
    if expected.taken_back_by and expected.taken_back_at:
        back = i18n("{who} took that back, {when}: alerts go on")
        said.append(back.format(who=user(expected.taken_back_by), when=date(expected.taken_back_at)))
    return said


def repeat_note(i18n: Translator, *, possible: bool) -> list[str]:
    """Say, where it is possible, that a message may be there twice: nobody knows whether its first try arrived."""
    return [i18n("This may be a repeat: Slack did not confirm the first try.")] if possible else []


def as_of(then: datetime | None, i18n: Translator) -> str:
    """Say how fresh what is shown is: by a time, which stays true however long the message stays there."""
    if then is None:
        return i18n("not looked at yet")
    utc_to_the_second = f"{then.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
    when = f"<!date^{int(then.timestamp())}^{{date_short_pretty}} {{time_secs}}|{utc_to_the_second}>"
    return i18n("as of {when}").format(when=when)


def part(offset: int, shown: int, total: int, i18n: Translator) -> str:
    """Say which part of a list is shown; nothing where it is all of it."""
    if shown >= total:
        return ""
    return i18n("{first} to {last} of {total}").format(
        first=i18n.number(offset + 1), last=i18n.number(offset + shown), total=i18n.number(total)
    )
