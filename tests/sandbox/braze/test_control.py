"""Control of the Braze stand-in over HTTP."""

from typing import Any

import pytest

from cdi_bot.sandbox.braze.integration import IntegrationConfig
from cdi_bot.sandbox.braze.world import BrazeWorld
from tests.sandbox.braze_kit import Clock, Server

ROOT = "/sandbox/braze"


async def _ask(server: Server, method: str, path: str, json: object = None) -> Any:
    response = await server.call(method, ROOT + path, json)
    assert response.status == 200, await response.text()
    return await response.json()


async def _statuses(server: Server, integration_id: str = "a") -> list[str]:
    response = await server.call("GET", f"/cdi/integrations/{integration_id}/job_sync_status")
    return [row["job_status"] for row in (await response.json())["results"]]


async def _create(server: Server, **fields: object) -> Any:
    body = {"integration_id": "a", "integration_name": "Users", "run_seconds": 5, **fields}
    return (await _ask(server, "POST", "/integrations", body))["integration"]


async def test_create_and_list(server: Server) -> None:
    """A created integration is answered, listed, and known to the API."""
    made = await _create(server, schedule_seconds=60, first_in=10, next_outcome="error")
    assert made["next_scheduled_run"] == "2026-03-25T12:00:10.000000Z"
    assert made["next_outcome"] == "error"
    assert (await _ask(server, "GET", "/integrations"))["integrations"] == [made]
    assert await _statuses(server) == []


async def test_the_least_that_creates(server: Server) -> None:
    """An integration can be made of nothing: it gets an id, and no schedule."""
    made = (await _ask(server, "POST", "/integrations"))["integration"]
    assert made["integration_id"]
    assert made["schedule_seconds"] is None


async def test_coming_outcomes(server: Server, world: BrazeWorld, clock: Clock) -> None:
    """Coming outcomes are one or several, words or whole plans; the usual one holds after them."""
    await _create(server, schedule_seconds=60)
    plans = ["partial", {"outcome": "error", "rows_failed": 7}]
    changed = await _ask(
        server, "PATCH", "/integrations/a", {"next_outcome": plans, "usual_outcome": "limit_exceeded"}
    )
    assert changed["integration"]["next_outcome"] == "partial"
    clock.advance(60 * 3 + 10)
    assert await _statuses(server) == ["limit_exceeded", "error", "partial"]
    integration = world.get("a")
    assert integration is not None
    assert integration.page(1, 1)[0].rows_failed == 7


async def test_change_keeps_the_rest(server: Server, world: BrazeWorld) -> None:
    """A change names only what is to change, oddities included."""
    await _create(server, schedule_seconds=60, next_outcome="error")
    await _ask(
        server,
        "PATCH",
        "/integrations/a",
        {"integration_name": "People", "oddities": {"text_counts": True}},
    )
    integration = world.get("a")
    assert integration is not None
    assert integration.config.integration_name == "People"
    assert integration.config.schedule_seconds == 60
    assert integration.config.oddities.text_counts
    assert integration.next_outcome == "error"
    await _ask(server, "PATCH", "/integrations/a", {"run_seconds": 9})
    assert integration.config.oddities.text_counts


async def test_bursts_can_be_set(server: Server, clock: Clock) -> None:
    """A file source is made by naming its bursts."""
    await _create(server, burst={"every_seconds": 100, "most": 2}, first_in=1)
    clock.advance(2)
    assert await _statuses(server) == ["running"]


async def test_delete(server: Server) -> None:
    """A deleted integration is gone from list and API."""
    await _create(server)
    assert (await _ask(server, "DELETE", "/integrations/a"))["integration"]["deleted"] is True
    assert (await _ask(server, "GET", "/integrations"))["integrations"] == []
    assert (await server.call("POST", "/cdi/integrations/a/sync")).status == 404


async def test_run_and_finish(server: Server) -> None:
    """A run is started and ended on demand; what does not go with the present state is a conflict."""
    await _create(server, next_outcome="partial")
    assert (await server.call("POST", ROOT + "/integrations/a/finish", {})).status == 409
    started = await _ask(server, "POST", "/integrations/a/run", {})
    assert started["integration"]["running"] is True
    busy = await server.call("POST", ROOT + "/integrations/a/run", {})
    assert (busy.status, await busy.json()) == (409, {"error": "Another job is in progress"})
    ended = await _ask(server, "POST", "/integrations/a/finish", {})
    assert ended["integration"]["last_job_status"] == "partial"
    await _ask(server, "POST", "/integrations/a/run", {"outcome": "error", "seconds": 0})
    assert await _statuses(server) == ["error", "partial"]


async def test_history(server: Server) -> None:
    """Past runs are put as they are given."""
    await _create(server)
    runs = [
        {
            "status": "error",
            "start": "2026-03-25T11:00:00.183728Z",
            "finish": "2026-03-25T11:01:00+00:00",
            "rows_synced": 1,
            "rows_failed": 2,
            "last_timestamp_synced": "2026-03-25T10:59:00Z",
        },
        {"status": "running", "start": "2026-03-25T11:30:00Z", "finish": None},
    ]
    shown = await _ask(server, "POST", "/integrations/a/history", {"runs": runs})
    assert shown["integration"]["last_job_status"] == "running"
    response = await server.call("GET", "/cdi/integrations/a/job_sync_status")
    assert (await response.json())["results"][1] == {
        "job_status": "error",
        "sync_start_time": "2026-03-25T11:00:00.183728Z",
        "sync_finish_time": "2026-03-25T11:01:00.000000Z",
        "last_timestamp_synced": "2026-03-25T10:59:00.000000Z",
        "rows_synced": 1,
        "rows_failed_with_errors": 2,
    }


async def test_many_fail_and_finish(server: Server) -> None:
    """Many are made at once, with a past; all can be let fail, and a run be ended."""
    made = (await _ask(server, "POST", "/bulk", {"count": 3, "prefix": "P", "history": 2, "rows": 5}))[
        "integration_ids"
    ]
    assert len(set(made)) == 3
    assert await _ask(server, "POST", "/fail_all", {}) == {"count": 3}
    assert await _statuses(server, made[2]) == ["error", "success", "success"]
    await _ask(server, "POST", "/fail_all", {"outcome": "partial", "seconds": 60})
    await _ask(server, "POST", f"/integrations/{made[0]}/finish", {})
    assert (await _statuses(server, made[0]))[:2] == ["partial", "error"]


async def test_settings(server: Server, world: BrazeWorld) -> None:
    """Settings and limits change by name, and the rest stays."""
    told = await _ask(
        server,
        "POST",
        "/settings",
        {"list_lag": 20, "limits": {"status": 500}, "unknown_id": "empty"},
    )
    assert told == await _ask(server, "GET", "/settings")
    assert told["limits"] == {"list": 50, "status": 500, "sync": 20}
    assert (told["list_lag"], told["trigger_delay"], told["unknown_id"]) == (20, 3, "empty")
    again = await _ask(server, "POST", "/settings", {"trigger_delay": 1})
    assert (again["list_lag"], again["limits"]["status"]) == (20, 500)


async def test_faults(server: Server) -> None:
    """Faults are added, shown with what is left of them, and cleared."""
    await _ask(server, "POST", "/faults", {"kind": "STATUS", "status": 500, "times": 2})
    assert (await server.call("GET", "/cdi/integrations")).status == 500
    shown = (await _ask(server, "GET", "/faults"))["faults"]
    assert [(fault["kind"], fault["times"]) for fault in shown] == [("status", 1)]
    assert await _ask(server, "DELETE", "/faults") == {"faults": []}
    assert (await server.call("GET", "/cdi/integrations")).status == 200


async def test_keys(server: Server) -> None:
    """A key is given permissions, and revoked with null."""
    await _ask(server, "POST", "/keys", {"key": "k", "permissions": ["cdi.integration_list"]})
    assert (await server.call("GET", "/cdi/integrations", key="k")).status == 200
    await _ask(server, "POST", "/keys", {"key": "k", "permissions": None})
    assert (await server.call("GET", "/cdi/integrations", key="k")).status == 401


async def test_requests(server: Server) -> None:
    """Requests to the API are shown, those to control are not."""
    await server.call("GET", "/cdi/integrations")
    shown = (await _ask(server, "GET", "/requests"))["requests"]
    assert [(request["path"], request["status"]) for request in shown] == [("/cdi/integrations", 200)]


@pytest.mark.parametrize(
    ("method", "path", "body", "word"),
    [
        ("POST", "/integrations", {"colour": "red"}, "colour"),
        ("POST", "/integrations", {"integration_id": "a"}, "taken"),
        ("POST", "/integrations", {"schedule_seconds": 0}, "schedule_seconds must be at least 1"),
        ("POST", "/integrations", {"first_in": -1}, "first_in"),
        ("POST", "/integrations", [], "body"),
        ("POST", "/bulk", {}, "count"),
        ("PATCH", "/integrations/a", {"oddities": {"colour": 1}}, "oddities.colour"),
        ("PATCH", "/integrations/a", {"next_outcome": 7}, "next_outcome|0"),
        ("POST", "/integrations/a/run", {"seconds": -1}, "seconds"),
        (
            "POST",
            "/integrations/a/history",
            {"runs": [{"status": "error", "start": "2026-01-01T00:00:00"}]},
            "zone",
        ),
        ("POST", "/settings", {"jitter": 2}, "jitter"),
        ("POST", "/settings", {"limits": {"status": -1}}, "limits.status"),
        ("POST", "/faults", {"kind": "nonsense"}, "kind"),
        ("POST", "/keys", {"key": ""}, "key"),
    ],
)
async def test_refusals(server: Server, method: str, path: str, body: object, word: str) -> None:
    """A wrong request is refused with a text that names what is wrong, and changes nothing."""
    await _create(server)
    before = await _ask(server, "GET", "/integrations")
    response = await server.call(method, ROOT + path, body)
    error = (await response.json())["error"]
    assert response.status == 400
    assert any(part in error for part in word.split("|"))
    assert await _ask(server, "GET", "/integrations") == before


async def test_text_that_is_no_json(server: Server) -> None:
    """A body that is no JSON is refused."""
    async with server.session.post(
        f"{server.url}{ROOT}/integrations", data="{", headers={"Content-Type": "application/json"}
    ) as response:
        assert response.status == 400


@pytest.mark.parametrize(
    ("method", "path"),
    [("PATCH", ""), ("DELETE", ""), ("POST", "/run"), ("POST", "/finish"), ("POST", "/history")],
)
async def test_unknown_integration(server: Server, method: str, path: str) -> None:
    """What is asked of an unknown integration is answered with 404."""
    response = await server.call(method, f"{ROOT}/integrations/nobody{path}", {})
    assert (response.status, await response.json()) == (404, {"error": "Integration not found"})


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/settings", {"clock_ahead": 1e12}),
        ("/settings", {"list_lag": 1e12}),
        ("/settings", {"trigger_delay": 1e12}),
        ("/bulk", {"count": 1, "schedule_seconds": 1e300}),
        ("/integrations", {"run_seconds": 1e300}),
        ("/integrations", {"first_in": 1e300}),
        ("/integrations", {"burst": {"every_seconds": 1e300, "most": 1}}),
        ("/integrations/a/history", {"runs": [{"status": "error", "start": "0001-01-01T00:00:00+14:00"}]}),
        ("/integrations/a/run", {"last_timestamp_synced": "9999-12-31T23:00:00-14:00"}),
    ],
)
async def test_times_that_no_calendar_has(server: Server, world: BrazeWorld, path: str, body: object) -> None:
    """Times and lengths that would overflow later are refused where they are given."""
    world.create(IntegrationConfig(integration_id="a"))
    assert (await server.call("POST", ROOT + path, body)).status == 400
