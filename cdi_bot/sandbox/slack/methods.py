"""The Web API's methods: how one is described, and those about people and their views.

Source: docs.slack.dev/reference/methods, one page for each.
"""

from collections.abc import Callable
from dataclasses import dataclass

from cdi_bot.sandbox.control import Json
from cdi_bot.sandbox.slack.block_kit import view_problems
from cdi_bot.sandbox.slack.model import Refusal, Token, bad_arguments
from cdi_bot.sandbox.slack.world import SlackWorld


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call of a method: the arguments, in which workspace, with whose rights."""

    world: SlackWorld
    arguments: Json
    token: Token


NeededScopes = Callable[[SlackWorld, Json], tuple[str, ...]]
"""Returns the scopes of which a call needs one, by its arguments; none where every token may call."""


def _no_scopes(_world: SlackWorld, _arguments: Json) -> tuple[str, ...]:
    return ()


def scopes(*needed: str) -> NeededScopes:
    """Return a rule by which one of these scopes is needed."""
    return lambda _world, _arguments: needed


def conversation_scopes(right: str) -> NeededScopes:
    """Return the rule for `<kind>:right`: the kind of the conversation decides which scope is needed."""

    def rule(world: SlackWorld, arguments: Json) -> tuple[str, ...]:
        channel = world.channels.get(str(arguments.get("channel")))
        if channel is None:
            return tuple(f"{kind}:{right}" for kind in ("channels", "groups", "mpim", "im"))
        if channel.is_im:
            return (f"im:{right}",)
        return (f"groups:{right}",) if channel.is_private else (f"channels:{right}",)

    return rule


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """One Web API method. `run` returns the answer beside `ok`, or raises Refusal."""

    run: Callable[[Call], Json]
    required: tuple[str, ...] = ()
    scopes: NeededScopes = _no_scopes


def flag(arguments: Json, name: str) -> bool:
    """Read a boolean, which comes as JSON or as `1`, `true`, `0`, `false`."""
    return str(arguments.get(name, "")).lower() in ("1", "true")


def number(arguments: Json, name: str, default: int, *, most: int) -> int:
    """Read a whole number between 1 and `most`. Raises Refusal `invalid_arguments`."""
    try:
        value = int(arguments.get(name, default))
    except (TypeError, ValueError):
        value = 0
    if not 1 <= value <= most:
        raise bad_arguments(f"must be between 1 and {most} [json-pointer:/{name}]")
    return value


# People


def _auth_test(call: Call) -> Json:
    world = call.world
    return {
        "url": "https://northwind-data.slack.com/",
        "team": world.team_name,
        "user": world.users[world.bot_user].name,
        "team_id": world.team,
        "user_id": world.bot_user,
        "bot_id": world.bot_id,
        "is_enterprise_install": False,
    }


def _users_info(call: Call) -> Json:
    world = call.world
    found = world.users.get(str(call.arguments["user"]))
    if found is None:
        raise Refusal("user_not_found")
    with_locale = flag(call.arguments, "include_locale")
    is_met = any({found.id, world.bot_user} <= channel.members for channel in world.channels.values())
    return {"user": found.web(world.team, world.clock(), with_locale=with_locale, is_met=is_met)}


# Views


def checked_view(view: object, kind: str) -> Json:
    """Return a view of this type that Slack would accept.

    Raises Refusal `invalid_arguments` with Slack's messages.
    """
    if not isinstance(view, dict):
        raise bad_arguments("must provide an object [json-pointer:/view]")
    problems = view_problems(view)
    if problems:
        raise bad_arguments(*(str(problem) for problem in problems))
    if view["type"] != kind:
        raise bad_arguments(f"must be of type {kind} [json-pointer:/view/type]")
    return view


def show_modal(world: SlackWorld, user: str, view: Json) -> Json:
    """Publish a modal on the live stream. Returns the Web API's answer."""
    world.emit({"type": "view", "view": view, "user": user})
    return {"view": view}


def _views_open(call: Call) -> Json:
    world, view = call.world, checked_view(call.arguments["view"], "modal")
    user = world.handles.use_trigger(str(call.arguments["trigger_id"]), world.rules, world.clock())
    return show_modal(world, user, world.views.open(user, view))


def _views_update(call: Call) -> Json:
    world, view = call.world, checked_view(call.arguments["view"], "modal")
    return show_modal(world, *world.views.update(str(call.arguments["view_id"]), view))


def _views_publish(call: Call) -> Json:
    world, user = call.world, str(call.arguments["user_id"])
    if user not in world.users:
        raise Refusal("user_not_found")
    view = checked_view(call.arguments["view"], "home")
    published = world.views.publish(user, view, expected_hash=call.arguments.get("hash"))
    world.emit({"type": "home", "user": user, "view": published})
    return {"view": published}


METHODS: dict[str, Method] = {
    "auth.test": Method(run=_auth_test),
    "users.info": Method(run=_users_info, required=("user",), scopes=scopes("users:read")),
    "views.open": Method(run=_views_open, required=("trigger_id", "view")),
    "views.update": Method(run=_views_update, required=("view_id", "view")),
    "views.publish": Method(run=_views_publish, required=("user_id", "view")),
}
