"""The Web API's `views.*` methods. Source: docs.slack.dev/reference/methods, one page for each."""

from cdi_bot.sandbox.slack.block_checks import view_problems
from cdi_bot.sandbox.slack.methods import Ask, Method
from cdi_bot.sandbox.slack.model import Json, Refusal, bad_arguments
from cdi_bot.sandbox.slack.world import SlackWorld


def checked_view(view: object) -> Json:
    """Return a view that Slack would take. Raises Refusal `invalid_arguments` with Slack's messages."""
    if not isinstance(view, dict):
        raise bad_arguments("must provide an object [json-pointer:/view]")
    problems = view_problems(view)
    if problems:
        raise bad_arguments(*(str(problem) for problem in problems))
    return view


def show_view(world: SlackWorld, user: str, view: Json) -> Json:
    """Tell the stream about a view on somebody's screen. Returns the Web API's answer."""
    world.emit({"type": "view", "view": view, "user": user})
    return {"view": view}


def _modal(ask: Ask) -> Json:
    view = checked_view(ask.arguments["view"])
    if view["type"] != "modal":
        raise bad_arguments("must be of type modal [json-pointer:/view/type]")
    return view


def _open(ask: Ask) -> Json:
    world, view = ask.world, _modal(ask)
    trigger = world.hooks.use_trigger(str(ask.arguments["trigger_id"]), world.rules, world.clock())
    return show_view(world, trigger.user, world.views.open(trigger.user, view))


def _push(ask: Ask) -> Json:
    world, view = ask.world, _modal(ask)
    trigger = world.hooks.use_trigger(str(ask.arguments["trigger_id"]), world.rules, world.clock())
    return show_view(world, trigger.user, world.views.push(trigger.user, view))


def _update(ask: Ask) -> Json:
    world, arguments, view = ask.world, ask.arguments, _modal(ask)
    user, old = world.views.find(view_id=arguments.get("view_id"), external_id=arguments.get("external_id"))
    if old["type"] != "modal":
        raise Refusal("not_found")
    return show_view(world, user, world.views.update(old, user, view, expected_hash=arguments.get("hash")))


def _publish(ask: Ask) -> Json:
    world, arguments = ask.world, ask.arguments
    user = str(arguments["user_id"])
    if user not in world.users:
        raise Refusal("user_not_found")
    view = checked_view(arguments["view"])
    if view["type"] != "home":
        raise bad_arguments("must be of type home [json-pointer:/view/type]")
    published = world.views.publish(user, view, expected_hash=arguments.get("hash"))
    world.emit({"type": "home", "user": user, "view": published})
    return {"view": published}


VIEWS: dict[str, Method] = {
    "views.open": Method(run=_open, required=("trigger_id", "view")),
    "views.push": Method(run=_push, required=("trigger_id", "view")),
    "views.update": Method(run=_update, required=("view",)),
    "views.publish": Method(run=_publish, required=("user_id", "view")),
}
