"""Control of the Braze stand-in over HTTP, as JSON under `/sandbox/braze/`.

    GET, POST           integrations                 list; create: the fields of IntegrationConfig, `first_in`,
                                                     `next_outcome`
    PATCH, DELETE       integrations/{id}            change: the same fields but `first_in`; take away
    POST                integrations/{id}/run        start a run now: the fields of RunPlan, or {} as planned
    POST                integrations/{id}/finish     end the run in progress: likewise
    POST                integrations/{id}/history    {"runs": [the fields of Run]}
    POST                bulk                         {"count", "prefix", "history", "spread"} and as for create
    POST                fail_all, finish             every integration: the fields of RunPlan, or {}
    GET, POST           settings                     the fields of Settings, and {"limits": {"status": 100}}
    GET, POST, DELETE   faults                       list; add a Fault; clear
    POST                keys                         {"key", "permissions": […] or null: revoked}
    GET                 requests                     the newest 10,000

`next_outcome` is a status word, the fields of RunPlan, or a list of these: the plans of the next runs to begin;
after them `usual_outcome` holds. Errors are `{"error": text}`: 400 what is wrong with the request, 404 an
unknown integration, 409 another run in progress, or none.
"""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any

from aiohttp import web
from pydantic import BaseModel, Field, NonNegativeFloat, TypeAdapter

from cdi_bot.sandbox.braze.integration import Integration, IntegrationConfig
from cdi_bot.sandbox.braze.limits import Endpoint
from cdi_bot.sandbox.braze.payloads import shown
from cdi_bot.sandbox.braze.runs import ERROR, Run, RunPlan
from cdi_bot.sandbox.braze.settings import Settings
from cdi_bot.sandbox.braze.world import BrazeWorld, Triggered
from cdi_bot.sandbox.faults import Fault
from cdi_bot.sandbox.json_values import read

Body = dict[str, Any]
OnWorld = Callable[[BrazeWorld, Body], Body]
OnOne = Callable[[BrazeWorld, Integration, Body], Body]

_BODY: TypeAdapter[Body] = TypeAdapter(Body)
_CONFIG = TypeAdapter(IntegrationConfig)
_PLAN = TypeAdapter(RunPlan)
_PLANS: TypeAdapter[list[str | RunPlan]] = TypeAdapter(list[str | RunPlan])
_SETTINGS = TypeAdapter(Settings)


class Beginning(BaseModel):
    """What creating integrations takes beside their configuration."""

    first_in: NonNegativeFloat | None = None


class Many(BaseModel):
    """What creating many integrations takes beside their configuration."""

    count: Annotated[int, Field(ge=1, le=20_000)]
    prefix: str = "Integration"
    history: Annotated[int, Field(ge=0, le=1_000_000)] = 0
    spread: bool = True


class History(BaseModel):
    """Past runs."""

    runs: list[Run]


class KeyGrant(BaseModel):
    """A key and what it may do; `permissions` null revokes it."""

    key: Annotated[str, Field(min_length=1)]
    permissions: list[str] | None


class NewLimits(BaseModel):
    """Limits to change, requests a minute."""

    limits: dict[Endpoint, Annotated[int, Field(ge=0)]] = {}


_BEGINNING = TypeAdapter(Beginning)
_MANY = TypeAdapter(Many)
_HISTORY = TypeAdapter(History)
_KEY = TypeAdapter(KeyGrant)
_LIMITS = TypeAdapter(NewLimits)


class ConflictError(Exception):
    """What was asked for does not go with the present state."""


def braze_control_routes(world: BrazeWorld) -> list[web.RouteDef]:
    """Return the control routes."""
    root = "/sandbox/braze"
    one = root + "/integrations/{integration_id}"
    on_world: list[tuple[str, str, OnWorld]] = [
        ("GET", root + "/integrations", _integrations),
        ("POST", root + "/integrations", _create),
        ("POST", root + "/bulk", _create_many),
        ("POST", root + "/fail_all", _fail_all),
        ("POST", root + "/finish", _finish_all),
        ("GET", root + "/settings", _settings),
        ("POST", root + "/settings", _set),
        ("GET", root + "/faults", _faults),
        ("POST", root + "/faults", _add_fault),
        ("DELETE", root + "/faults", _clear_faults),
        ("POST", root + "/keys", _grant),
        ("GET", root + "/requests", _requests),
    ]
    on_one: list[tuple[str, str, OnOne]] = [
        ("PATCH", one, _change),
        ("DELETE", one, _delete),
        ("POST", one + "/run", _run),
        ("POST", one + "/finish", _finish),
        ("POST", one + "/history", _put_history),
    ]
    return [web.route(method, path, _for_world(world, action)) for method, path, action in on_world] + [
        web.route(method, path, _for_one(world, action)) for method, path, action in on_one
    ]


def _for_world(world: BrazeWorld, action: OnWorld) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def handle(request: web.Request) -> web.Response:
        return await _answered(request, lambda body: action(world, body))

    return handle


def _for_one(world: BrazeWorld, action: OnOne) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def handle(request: web.Request) -> web.Response:
        integration = world.get(request.match_info["integration_id"])
        if integration is None:
            return web.json_response({"error": "Integration not found"}, status=404)
        return await _answered(request, lambda body: action(world, integration, body))

    return handle


async def _answered(request: web.Request, act: Callable[[Body], Body]) -> web.Response:
    try:
        return web.json_response(
            act(read(_BODY, await request.json() if request.body_exists else {}, "body"))
        )
    except ConflictError as error:
        return web.json_response({"error": str(error)}, status=409)
    except ValueError as error:
        return web.json_response({"error": str(error)}, status=400)


def _integrations(world: BrazeWorld, _body: Body) -> Body:
    return {"integrations": [shown(integration) for integration in world.integrations()]}


def _create(world: BrazeWorld, body: Body) -> Body:
    beginning = read(_BEGINNING, _taken(body, Beginning), "body")
    coming = _coming(body) or ()
    config = read(_CONFIG, body, "body")
    return _shown(world.create(config, first_in=beginning.first_in, coming=coming))


def _create_many(world: BrazeWorld, body: Body) -> Body:
    many = read(_MANY, _taken(body, Many), "body")
    coming = _coming(body) or ()
    like = read(_CONFIG, body, "body")
    made = world.create_many(
        many.count, many.prefix, like, coming=coming, history=many.history, spread=many.spread
    )
    return {"integration_ids": [integration.config.integration_id for integration in made]}


def _change(world: BrazeWorld, integration: Integration, body: Body) -> Body:
    coming = _coming(body)
    config = read(_CONFIG, _CONFIG.dump_python(integration.config) | body, "body")
    return _shown(world.change(integration.config.integration_id, config, coming))


def _delete(world: BrazeWorld, integration: Integration, _body: Body) -> Body:
    world.delete(integration.config.integration_id)
    return _shown(integration)


def _run(world: BrazeWorld, integration: Integration, body: Body) -> Body:
    if world.run(integration.config.integration_id, _plan(body)) is Triggered.BUSY:
        raise ConflictError("Another job is in progress")
    return _shown(integration)


def _finish(world: BrazeWorld, integration: Integration, body: Body) -> Body:
    if not world.finish(integration.config.integration_id, _plan(body)):
        raise ConflictError("No job is in progress")
    return _shown(integration)


def _put_history(world: BrazeWorld, integration: Integration, body: Body) -> Body:
    world.put_history(integration.config.integration_id, read(_HISTORY, body, "body").runs)
    return _shown(integration)


def _fail_all(world: BrazeWorld, body: Body) -> Body:
    return {"count": world.fail_all(read(_PLAN, {"outcome": ERROR} | body, "body"))}


def _finish_all(world: BrazeWorld, body: Body) -> Body:
    return {"count": world.finish_all(_plan(body))}


def _settings(world: BrazeWorld, _body: Body) -> Body:
    settings: Body = _SETTINGS.dump_python(world.settings, mode="json")
    return settings | {"limits": world.limits.to_json()}


def _set(world: BrazeWorld, body: Body) -> Body:
    limits = read(_LIMITS, _taken(body, NewLimits), "body").limits
    world.settings = read(_SETTINGS, _SETTINGS.dump_python(world.settings) | body, "body")
    for endpoint, limit in limits.items():
        world.limits.set(endpoint, limit)
    return _settings(world, {})


def _faults(world: BrazeWorld, _body: Body) -> Body:
    return {"faults": world.faults.to_json()}


def _add_fault(world: BrazeWorld, body: Body) -> Body:
    world.faults.add(Fault.from_json(body))
    return _faults(world, {})


def _clear_faults(world: BrazeWorld, _body: Body) -> Body:
    world.faults.clear()
    return _faults(world, {})


def _grant(world: BrazeWorld, body: Body) -> Body:
    grant = read(_KEY, body, "body")
    world.set_key(grant.key, grant.permissions)
    return {"permissions": grant.permissions}


def _requests(world: BrazeWorld, _body: Body) -> Body:
    return {"requests": [received.to_json() for received in world.requests]}


def _shown(integration: Integration) -> Body:
    return {"integration": shown(integration)}


def _taken(body: Body, model: type[BaseModel]) -> Body:
    """Take the model's fields out of `body`: what stays is somebody else's to read, or to refuse."""
    return {name: body.pop(name) for name in model.model_fields if name in body}


def _plan(body: Body) -> RunPlan | None:
    """Return the plan that a body holds; an empty one leaves things as planned."""
    return read(_PLAN, body, "body") if body else None


def _coming(body: Body) -> list[RunPlan] | None:
    """Take `next_outcome` out of `body`: one plan or several, each a status word or the fields of RunPlan."""
    if "next_outcome" not in body:
        return None
    given = body.pop("next_outcome")
    plans = read(_PLANS, given if isinstance(given, list) else [given], "next_outcome")
    return [RunPlan(outcome=plan) if isinstance(plan, str) else plan for plan in plans]
