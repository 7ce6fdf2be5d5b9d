"""Control of the Braze stand-in over HTTP, as JSON under `/sandbox/braze/`.

    GET, POST           integrations                 list; create: the fields of IntegrationConfig, `first_in`,
                                                     `next_outcome`
    PATCH, DELETE       integrations/{id}            change: the same fields but `first_in`; take away
    POST                integrations/{id}/run        start a run now: the fields of RunPlan, or {} as planned
    POST                integrations/{id}/finish     end the run in progress: likewise
    POST                integrations/{id}/history    {"runs": [the fields of Run]}
    POST                bulk                         {"count", "prefix", "history", "spread"} and as for create
    POST                integrations/{id}/play       {"scene"}: one of scenes.py, or a status word
    POST                play                         {"scene"}: every active integration, of all workspaces shown
    POST                fail_all                     every integration: the fields of RunPlan, or {}
    GET, POST           settings                     the fields of Settings, and {"limits": {"status": 100}}
    GET, POST, DELETE   faults                       list; add a Fault; clear
    POST                keys                         {"key", "permissions": […] or null: revoked}
    GET                 requests                     the newest 10,000

`next_outcome` is a status word, the fields of RunPlan, or a list of these: the plans of the next runs to begin;
after them `usual_outcome` holds. Errors are `{"error": text}`: 400 what is wrong with the request, 404 an
unknown integration, 409 another run in progress, or none.
"""

from collections.abc import Callable, Mapping
from typing import Annotated

from aiohttp import web
from pydantic import BaseModel, Field
from pydantic_core import to_jsonable_python

from cdi_bot.sandbox.braze.integration import Integration, IntegrationConfig
from cdi_bot.sandbox.braze.protocol import Endpoint, integration_json
from cdi_bot.sandbox.braze.runs import ERROR, LONGEST, Run, RunPlan
from cdi_bot.sandbox.braze.scenes import play, play_all
from cdi_bot.sandbox.braze.simulation import Settings
from cdi_bot.sandbox.braze.world import BrazeWorld
from cdi_bot.sandbox.control import Json, RequestError, control_route, read


class _Start(BaseModel):
    """What creating integrations takes beside their configuration."""

    first_in: Annotated[float, Field(ge=0, le=LONGEST)] | None = None


class _Bulk(BaseModel):
    """What creating many integrations takes beside their configuration."""

    count: Annotated[int, Field(ge=1, le=20_000)]
    prefix: str = "Integration"
    history: Annotated[int, Field(ge=0, le=1_000_000)] = 0
    spread: bool = True


class _History(BaseModel):
    """Past runs."""

    runs: list[Run]


class _Key(BaseModel):
    """A key and what it may do; `permissions` null revokes it."""

    key: Annotated[str, Field(min_length=1)]
    permissions: list[str] | None


class _Play(BaseModel):
    """A scene to play."""

    scene: Annotated[str, Field(min_length=1)]


class _Limits(BaseModel):
    """Limits to change, requests a minute."""

    limits: dict[Endpoint, Annotated[int, Field(ge=0)]] = {}


def braze_control_routes(world: BrazeWorld, shown: Mapping[str, BrazeWorld]) -> list[web.RouteDef]:
    """Return the control routes of a world; single integrations may be of any of those that are `shown`."""
    root = "/sandbox/braze"
    one = root + "/integrations/{integration_id}"

    def on_world(method: str, path: str, action: Callable[[BrazeWorld, Json], Json]) -> web.RouteDef:
        async def act(_request: web.Request, body: Json) -> Json:
            return action(world, body)

        return control_route(method, root + path, act)

    def on_one(
        method: str, path: str, action: Callable[[BrazeWorld, Integration, Json], None]
    ) -> web.RouteDef:
        async def act(request: web.Request, body: Json) -> Json:
            key = request.match_info["integration_id"]
            for each in shown.values():
                if integration := each.get(key):
                    action(each, integration, body)
                    return _answer(integration)
            raise RequestError("Integration not found", status=404)

        return control_route(method, one + path, act)

    def play_everywhere(_world: BrazeWorld, body: Json) -> Json:
        scene = read(_Play, body).scene
        return {"count": sum(play_all(each, scene) for each in shown.values())}

    return [
        on_world("GET", "/integrations", _integrations),
        on_world("POST", "/integrations", _create),
        on_world("POST", "/bulk", _create_many),
        on_world("POST", "/fail_all", _fail_all),
        on_world("POST", "/play", play_everywhere),
        on_world("GET", "/settings", _settings),
        on_world("POST", "/settings", _change_settings),
        on_world("POST", "/keys", _set_key),
        on_world("GET", "/requests", _requests),
        on_one("PATCH", "", _change),
        on_one("DELETE", "", _delete),
        on_one("POST", "/run", _run),
        on_one("POST", "/finish", _finish),
        on_one("POST", "/play", _play),
        on_one("POST", "/history", _put_history),
        *world.faults.routes(root + "/faults"),
    ]


def _integrations(world: BrazeWorld, _body: Json) -> Json:
    return {"integrations": [integration_json(integration) for integration in world.integrations()]}


def _create(world: BrazeWorld, body: Json) -> Json:
    start = read(_Start, _taken(body, _Start))
    coming = _coming(body) or ()
    config = read(IntegrationConfig, body)
    return _answer(world.create(config, first_in=start.first_in, coming=coming))


def _create_many(world: BrazeWorld, body: Json) -> Json:
    bulk = read(_Bulk, _taken(body, _Bulk))
    coming = _coming(body) or ()
    like = read(IntegrationConfig, body)
    made = world.create_many(
        bulk.count, bulk.prefix, like, coming=coming, history=bulk.history, spread=bulk.spread
    )
    return {"integration_ids": [integration.config.integration_id for integration in made]}


def _change(world: BrazeWorld, integration: Integration, body: Json) -> None:
    coming = _coming(body)
    config = read(IntegrationConfig, to_jsonable_python(integration.config) | body)
    world.change(integration.config.integration_id, config, coming)


def _delete(world: BrazeWorld, integration: Integration, _body: Json) -> None:
    world.delete(integration.config.integration_id)


def _run(world: BrazeWorld, integration: Integration, body: Json) -> None:
    if not world.run(integration.config.integration_id, _plan(body)):
        raise RequestError("Another job is in progress", status=409)


def _finish(world: BrazeWorld, integration: Integration, body: Json) -> None:
    if not world.finish(integration.config.integration_id, _plan(body)):
        raise RequestError("No job is in progress", status=409)


def _put_history(world: BrazeWorld, integration: Integration, body: Json) -> None:
    world.put_history(integration.config.integration_id, read(_History, body).runs)


def _fail_all(world: BrazeWorld, body: Json) -> Json:
    return {"count": world.fail_all(read(RunPlan, {"outcome": ERROR} | body))}


def _play(world: BrazeWorld, integration: Integration, body: Json) -> None:
    play(world, integration.config.integration_id, read(_Play, body).scene)


def _settings(world: BrazeWorld, _body: Json) -> Json:
    settings: Json = to_jsonable_python(world.settings)
    return settings | {"limits": world.limits.to_json()}


def _change_settings(world: BrazeWorld, body: Json) -> Json:
    limits = read(_Limits, _taken(body, _Limits)).limits
    world.settings = read(Settings, to_jsonable_python(world.settings) | body)
    for endpoint, limit in limits.items():
        world.limits.set(endpoint, limit)
    return _settings(world, {})


def _set_key(world: BrazeWorld, body: Json) -> Json:
    key = read(_Key, body)
    world.set_key(key.key, key.permissions)
    return {"permissions": key.permissions}


def _requests(world: BrazeWorld, _body: Json) -> Json:
    return {"requests": to_jsonable_python(list(world.requests))}


def _answer(integration: Integration) -> Json:
    return {"integration": integration_json(integration)}


def _taken(body: Json, model: type[BaseModel]) -> Json:
    """Take the model's fields out of `body`: what stays is read, or refused, by the next reader."""
    return {name: body.pop(name) for name in model.model_fields if name in body}


def _plan(body: Json) -> RunPlan | None:
    """Return the plan that a body holds; an empty one leaves things as planned."""
    return read(RunPlan, body) if body else None


def _coming(body: Json) -> list[RunPlan] | None:
    """Take `next_outcome` out of `body`: one plan or several, each a status word or the fields of RunPlan."""
    if "next_outcome" not in body:
        return None
    given = body.pop("next_outcome")
    plans = read(list[str | RunPlan], given if isinstance(given, list) else [given], "next_outcome")
    return [RunPlan(outcome=plan) if isinstance(plan, str) else plan for plan in plans]
