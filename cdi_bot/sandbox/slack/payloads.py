"""Messages as the Web API shows them, and what Slack sends an app: commands, presses, forms, searches, events.

Sources: docs.slack.dev/interactivity and /reference/interaction-payloads, /apis/events-api. Which team they name
(`Rules.teams`) is as people have recorded it: slackapi/java-slack-sdk issues 629 (events: the outer team is the
channel's home, the truth stands in `authorizations[0]`) and 1041 (buttons over Slack Connect), slackapi/bolt-js issue
1614 (forms likewise: `view.app_installed_team_id` is the app's), slackapi/bolt-python pull request 23 and
slackapi/deno-slack-sdk issue 267 (`team` null).
"""

import re
from dataclasses import dataclass, field

from cdi_bot.sandbox.control import Json
from cdi_bot.sandbox.slack.block_kit import find_element
from cdi_bot.sandbox.slack.model import Channel, Message, PayloadTeams
from cdi_bot.sandbox.slack.schema import Refusal
from cdi_bot.sandbox.slack.seed_data import OTHER_TEAM, SIBLING_TEAM, TEAM
from cdi_bot.sandbox.slack.world import SlackWorld

_DOMAIN = "northwind-data"
_VERIFICATION = "not-used-anymore"  # Slack's old check, replaced by signatures, still in every payload


@dataclass(frozen=True, slots=True, kw_only=True)
class Press:
    """Somebody's use of one interactive element.

    chosen: the element's new value as Slack names it (`value`, `selected_option`, `selected_user`, …); a button
        that is left without one sends its own.
    values: of the other fields of the message or view, block_id → action_id → field.
    """

    user: str
    action_id: str
    block_id: str | None = None
    chosen: Json = field(default_factory=dict)
    values: Json = field(default_factory=dict)


def message_json(world: SlackWorld, message: Message, *, with_metadata: bool = True) -> Json:
    """Return a message as the Web API shows it: in history, in the answer to a post, in payloads."""
    shown: Json = {"type": "message", "user": message.author, "text": message.content.text, "ts": message.ts}
    shown["team"] = world.team
    if message.author == world.bot_user:
        shown |= {"bot_id": world.bot_id, "app_id": world.app_id}
    if message.content.blocks:
        shown["blocks"] = list(message.content.blocks)
    if message.content.attachments:
        shown["attachments"] = list(message.content.attachments)
    if with_metadata and message.content.metadata is not None:
        shown["metadata"] = message.content.metadata
    if message.edited_ts is not None:
        shown["edited"] = {"user": message.author, "ts": message.edited_ts}
    return shown | _thread_json(world, message)


def _thread_json(world: SlackWorld, message: Message) -> Json:
    if message.thread_ts is not None:
        thread: Json = {"thread_ts": message.thread_ts}
        return thread | ({"subtype": "thread_broadcast"} if message.reply_broadcast else {})
    replies = world.replies(message.channel, message.ts)
    if not replies:
        return {}
    people = sorted({reply.author for reply in replies})
    return {
        "thread_ts": message.ts,
        "reply_count": len(replies),
        "reply_users_count": len(people),
        "reply_users": people,
        "latest_reply": replies[-1].ts,
        "is_locked": False,
        "subscribed": False,
    }


def _user(world: SlackWorld, user: str) -> Json:
    """Return a person as interaction payloads name them. Raises Refusal `user_not_found`."""
    found = world.users.get(user)
    if found is None:
        raise Refusal("user_not_found")
    return {"id": found.id, "username": found.name, "name": found.name, "team_id": found.home or world.team}


def _place(world: SlackWorld, user: str) -> str:
    """Return the workspace in which a person does something."""
    return SIBLING_TEAM if world.enterprise else world.users[user].home or world.team


def command_payload(world: SlackWorld, url: str, channel: Channel, user: str, text: str) -> Json:
    """Return a slash command. In a private channel without the bot Slack calls the channel `privategroup`."""
    person = _user(world, user)
    now = world.clock()
    command, _, rest = text.strip().partition(" ")
    hidden = channel.is_private and world.bot_user not in channel.members
    name = "directmessage" if channel.is_im else "privategroup" if hidden else channel.name
    return {
        "token": _VERIFICATION,
        "team_id": _place(world, user),
        "team_domain": _DOMAIN,
        **(
            {"enterprise_id": world.enterprise, "enterprise_name": world.team_name}
            if world.enterprise
            else {}
        ),
        "channel_id": channel.id,
        "channel_name": name,
        "user_id": user,
        "user_name": person["name"],
        "command": command,
        "text": with_mentions(world, rest.strip()),
        "api_app_id": world.app_id,
        "is_enterprise_install": str(world.is_org_wide).lower(),
        "response_url": f"{url}/response/{world.handles.new_url(channel.id, user, now)}",
        "trigger_id": world.handles.new_trigger(user, now),
    }


def with_mentions(world: SlackWorld, text: str) -> str:
    """Escape `#channel` and `@person` as Slack does for messages, and for commands with `should_escape`."""
    channels = {channel.name: channel.id for channel in world.channels.values() if not channel.is_im}
    people = {user.name: user.id for user in world.users.values()}

    ids = {"#": channels, "@": people}

    def mention(found: re.Match[str]) -> str:
        sign, name = found.groups()
        return f"<{sign}{ids[sign][name]}|{name}>" if name in ids[sign] else found.group(0)

    return re.sub(r"(?<![\w<])([#@])([\w-]+)", mention, text)


def message_action_payload(world: SlackWorld, url: str, message: Message, press: Press) -> Json:
    """Return the press of an element in a message. Raises Refusal `action_not_found`."""
    block, element = _element(message.content.all_blocks(), press)
    channel = world.channels[message.channel]
    now = world.clock()
    token = world.handles.new_url(channel.id, press.user, now, message.id)
    ephemeral = message.user_to is not None
    return _interaction(world, "block_actions", press.user, in_message=True) | {
        "container": _container(message, block)
        | {
            "message_ts": message.ts,
            "channel_id": channel.id,
            "is_ephemeral": ephemeral,
        }
        | ({"thread_ts": message.thread_ts} if message.thread_ts else {}),
        "trigger_id": world.handles.new_trigger(press.user, now),
        "channel": {"id": channel.id, "name": channel.name},
        # Slack leaves an ephemeral's message out of the payload.
        **({} if ephemeral else {"message": message_json(world, message)}),
        "state": {"values": press.values},
        "response_url": f"{url}/response/{token}",
        "actions": [_action(world, block, element, press)],
    }


def _container(message: Message, block: Json) -> Json:
    """Say whether a block stands in the message itself or in one of its attachments."""
    beside = (each["id"] for each in message.content.attachments if block in (each.get("blocks") or ()))
    attachment = next(beside, None)
    return (
        {"type": "message"}
        if attachment is None
        else {"type": "message_attachment", "attachment_id": attachment}
    )


def view_action_payload(world: SlackWorld, view: Json, press: Press) -> Json:
    """Return the press of an element in a modal or Home tab. Raises Refusal `action_not_found`."""
    block, element = _element(view["blocks"], press)
    world.views.remember(view, press.values)
    return _interaction(world, "block_actions", press.user) | {
        "container": {"type": "view", "view_id": view["id"]},
        "trigger_id": world.handles.new_trigger(press.user, world.clock()),
        "view": view,
        "actions": [_action(world, block, element, press)],
    }


def submission_payload(world: SlackWorld, view: Json, user: str, values: Json) -> Json:
    """Return a submitted form, with what was filled in."""
    world.views.remember(view, values)
    return _interaction(world, "view_submission", user) | {
        "trigger_id": world.handles.new_trigger(user, world.clock()),
        "view": view,
        "response_urls": [],
    }


def shortcut_payload(world: SlackWorld, user: str, callback_id: str) -> Json:
    """Return the use of a global shortcut."""
    return _interaction(world, "shortcut", user) | {
        "callback_id": callback_id,
        "trigger_id": world.handles.new_trigger(user, world.clock()),
        "action_ts": f"{world.clock().timestamp():.6f}",
    }


def suggestion_payload(world: SlackWorld, view: Json, press: Press, value: str) -> Json:
    """Return a search in a menu of a form whose options the app supplies. Raises Refusal `action_not_found`."""
    block, element = _element(view["blocks"], press)
    return _interaction(world, "block_suggestion", press.user) | {
        "action_id": element["action_id"],
        "block_id": block["block_id"],
        "value": value,
        "container": {"type": "view", "view_id": view["id"]},
        "view": view,
    }


def message_event(world: SlackWorld, message: Message) -> Json | None:
    """The event of what a person said: to the bot directly, or in a channel that it is in, where it is mentioned.

    Sources: docs.slack.dev/reference/events/message.im and app_mention.
    """
    channel = world.channels[message.channel]
    is_mentioned = f"<@{world.bot_user}" in message.content.text and world.bot_user in channel.members
    if not channel.is_im and not is_mentioned:
        return None
    home = _place(world, message.author)
    return {
        "type": "message" if channel.is_im else "app_mention",
        "user": message.author,
        "text": message.content.text,
        "ts": message.ts,
        "team": home,
        "channel": channel.id,
        "event_ts": message.ts,
        **({"thread_ts": message.thread_ts} if message.thread_ts else {}),
        **({"channel_type": "im"} if channel.is_im else {"user_team": home}),
    }


def event_payload(world: SlackWorld, event: Json) -> Json:
    """Wrap an event as the Events API sends it."""
    shared = world.rules.teams is PayloadTeams.CONNECT
    home = OTHER_TEAM if shared else SIBLING_TEAM if world.enterprise else world.team
    return {
        "token": _VERIFICATION,
        "team_id": home,
        "context_team_id": TEAM,
        "context_enterprise_id": world.enterprise,
        "api_app_id": world.app_id,
        "event": {"event_ts": f"{world.clock().timestamp():.6f}"} | event,
        "type": "event_callback",
        "event_id": world.new_id("Ev"),
        "event_time": int(world.clock().timestamp()),
        "authorizations": [
            {
                "enterprise_id": world.enterprise,
                "team_id": None if world.is_org_wide else TEAM,
                "user_id": world.bot_user,
                "is_bot": True,
                "is_enterprise_install": world.is_org_wide,
            }
        ],
        "is_ext_shared_channel": shared,
    }


def _interaction(world: SlackWorld, kind: str, user: str, *, in_message: bool = False) -> Json:
    """Return what all interactions have. `in_message`: over Slack Connect these name the app's team."""
    person = _user(world, user)
    place = world.team if in_message and not world.enterprise else _place(world, user)
    team: Json = {"id": place, "domain": _DOMAIN}
    enterprise: Json | None = None
    if world.enterprise:
        enterprise = {"id": world.enterprise, "name": world.team_name}
        team |= {"enterprise_id": world.enterprise, "enterprise_name": world.team_name}
    return {
        "type": kind,
        "user": person,
        "api_app_id": world.app_id,
        "token": _VERIFICATION,
        "team": None if world.is_org_wide else team,
        "enterprise": enterprise,
        "is_enterprise_install": world.is_org_wide,
    }


def _element(blocks: list[Json], press: Press) -> tuple[Json, Json]:
    found = find_element(blocks, press.action_id, press.block_id)
    if found is None:
        raise Refusal("action_not_found")
    return found


def _action(world: SlackWorld, block: Json, element: Json, press: Press) -> Json:
    """Return the `actions` entry: the element's own value for a button, what was chosen for the rest."""
    action: Json = {
        "action_id": element["action_id"],
        "block_id": block["block_id"],
        "type": element["type"],
        "action_ts": f"{world.clock().timestamp():.6f}",
    }
    if element["type"] == "button":
        action["text"] = element["text"]
        action |= {"value": element["value"]} if "value" in element else {}
    return action | press.chosen
