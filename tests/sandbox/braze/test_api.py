"""Braze's CDI API over HTTP, as any client of it sees it."""

import asyncio
import re
from dataclasses import replace
from itertools import pairwise
from urllib.parse import parse_qs, urlsplit

import pytest
from aiohttp import ClientResponse, ServerDisconnectedError

from cdi_bot.sandbox.braze.integration import Burst, Integration, IntegrationConfig, Oddities
from cdi_bot.sandbox.braze.protocol import Endpoint, iso
from cdi_bot.sandbox.braze.runs import GeneratedRuns, RunPlan
from cdi_bot.sandbox.braze.simulation import UnknownId
from cdi_bot.sandbox.braze.world import BrazeWorld, ReceivedRequest
from cdi_bot.sandbox.faults import Fault, FaultKind
from tests.sandbox.braze_kit import NOON, Clock, Server, after, steady_world

LIST = "/cdi/integrations"
STATUS = "/cdi/integrations/abc123xyz/job_sync_status"
SYNC = "/cdi/integrations/abc123xyz/sync"
RATE_HEADERS = ("X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset")


@pytest.fixture
def world(clock: Clock) -> BrazeWorld:
    """Return a world with one integration, `abc123xyz`."""
    world = steady_world(clock)
    world.create(IntegrationConfig(integration_id="abc123xyz", integration_name="Users", run_seconds=5))
    return world


def _integration(world: BrazeWorld) -> Integration:
    return world.integrations()[0]


def _long_past(world: BrazeWorld, length: int) -> None:
    _integration(world).past = GeneratedRuns(
        name="a", length=length, newest=NOON, every_seconds=900, run_seconds=5, rows=10
    )


def _rates(response: ClientResponse) -> tuple[str, ...]:
    return tuple(response.headers[name] for name in RATE_HEADERS)


async def _message(response: ClientResponse) -> str:
    body = await response.json()
    assert set(body) == {"message"}
    return str(body["message"])


async def test_list(server: Server) -> None:
    """The list tells of integrations and of what is left of its limit."""
    response = await server.call("GET", LIST)
    body = await response.json()
    assert response.status == 200
    assert response.content_type == "application/json"
    assert body["message"] == "success"
    assert [row["integration_name"] for row in body["results"]] == ["Users"]
    assert _rates(response) == ("50", "49", str(int(NOON.timestamp()) + 60))
    assert "Link" not in response.headers


async def test_status_of_a_life(server: Server, clock: Clock) -> None:
    """A triggered sync is accepted, shows running after a while, and then final in place."""
    response = await server.call("POST", SYNC)
    assert (response.status, await response.json()) == (202, {"message": "success"})
    seen = []
    for seconds in (1, 3, 5):
        clock.advance(seconds)
        body = await (await server.call("GET", STATUS)).json()
        seen.append([(row["job_status"], row["sync_start_time"]) for row in body["results"]])
    start = "2026-03-25T12:00:03.000000Z"
    assert seen == [[], [("running", start)], [("success", start)]]


async def test_link_header_is_the_documented_one(server: Server, world: BrazeWorld) -> None:
    """The Link header is as documented to the letter, with the slash that `next` lacks."""
    _long_past(world, 35)
    response = await server.call("GET", STATUS + "?cursor=c2tpcDoxMA==")
    assert response.headers["Link"] == (
        '</cdi/integrations/abc123xyz/job_sync_status?cursor=c2tpcDow>; rel="prev",'
        '</cdi/integrationsabc123xyz/job_sync_status?cursor=c2tpcDoyMA==>; rel="next"'
    )


async def test_paging_the_list(server: Server, world: BrazeWorld) -> None:
    """Following the cursors tells of every integration once, in pages of ten."""
    world.create_many(24, "More", IntegrationConfig())
    sizes, names, path = [], [], LIST
    while path:
        response = await server.call("GET", path)
        rows = (await response.json())["results"]
        sizes.append(len(rows))
        names += [row["integration_name"] for row in rows]
        path = str(response.links["next"]["url"]) if "next" in response.links else ""
        cursor = parse_qs(urlsplit(path).query).get("cursor", [""])[0]
        path = f"{LIST}?cursor={cursor}" if cursor else ""
    assert sizes == [10, 10, 5]
    assert names == ["Users", *(f"More {number:04d}" for number in range(1, 25))]


async def test_a_new_run_shifts_the_pages(server: Server, world: BrazeWorld) -> None:
    """A run that begins between two pages lets the last of the first come again on the second."""
    _long_past(world, 20)
    first = (await (await server.call("GET", STATUS)).json())["results"]
    world.run("abc123xyz")
    second = (await (await server.call("GET", STATUS + "?cursor=c2tpcDoxMA==")).json())["results"]
    assert first[-1] == second[0]


@pytest.mark.parametrize("key", ["nobody", ""])
async def test_unknown_key(server: Server, key: str) -> None:
    """An unknown key is repeated in the refusal, and the rate limit headers are empty."""
    for method, path in (("GET", LIST), ("GET", STATUS), ("POST", SYNC)):
        response = await server.call(method, path, key=key)
        assert (response.status, await _message(response)) == (401, f"Invalid API key: {key}")
        assert _rates(response) == ("", "", "")


async def test_missing_permission(server: Server, world: BrazeWorld) -> None:
    """Each call needs its own permission, and is refused with 403 without it."""
    calls = {
        "cdi.integration_list": ("GET", LIST, 200),
        "cdi.integration_job_status": ("GET", STATUS, 200),
        "cdi.integration_sync": ("POST", SYNC, 202),
    }
    for given in calls:
        world.set_key("narrow", [given])
        for needed, (method, path, well) in calls.items():
            response = await server.call(method, path, key="narrow")
            assert response.status == (well if needed == given else 403)


@pytest.mark.parametrize(
    ("method", "path", "status", "message"),
    [
        ("GET", LIST + "?cursor=x", 400, "Invalid cursor"),
        ("GET", LIST + "?cursor=", 400, "Invalid cursor"),
        ("GET", STATUS + "?cursor=x", 400, "Invalid cursor"),
        ("GET", "/cdi/integrations/a%20b/job_sync_status", 400, "Invalid integration ID"),
        ("POST", "/cdi/integrations/a%20b/sync", 400, "Invalid integration ID"),
        ("POST", "/cdi/integrations/unknown/sync", 404, "Integration not found"),
        ("GET", "/cdi/integrationsabc123xyz/job_sync_status", 404, "Invalid URL"),
        ("GET", "/cdi/integrations/", 404, "Invalid URL"),
        ("POST", LIST, 404, "Invalid URL"),
        ("GET", SYNC, 404, "Invalid URL"),
        ("GET", "/cdi/nothing", 404, "Invalid URL"),
    ],
)
async def test_errors(server: Server, method: str, path: str, status: int, message: str) -> None:
    """Errors are told with Braze's status and words."""
    response = await server.call(method, path)
    assert (response.status, await _message(response)) == (status, message)


@pytest.mark.parametrize(
    ("unknown_id", "status"), [(UnknownId.INVALID, 400), (UnknownId.NOT_FOUND, 404), (UnknownId.EMPTY, 200)]
)
async def test_status_of_an_unknown_id(
    server: Server, world: BrazeWorld, unknown_id: UnknownId, status: int
) -> None:
    """An unknown id, and a deleted one, is answered as set: Braze does not document how."""
    world.settings = replace(world.settings, unknown_id=unknown_id)
    world.delete("abc123xyz")
    response = await server.call("GET", STATUS)
    assert response.status == status
    assert (await response.json()).get("results", []) == []


async def test_another_job(server: Server) -> None:
    """A second sync is refused while the first is in progress, with 429 though much of the limit is left."""
    await server.call("POST", SYNC)
    response = await server.call("POST", SYNC)
    assert (response.status, await _message(response)) == (429, "Another job is in progress")
    assert _rates(response)[:2] == ("20", "18")


async def test_limits_by_clock_minute(server: Server, world: BrazeWorld, clock: Clock) -> None:
    """Each endpoint has its own limit, over which it answers 429 until the clock minute ends."""
    world.limits.set(Endpoint.STATUS, 3)
    clock.advance(50)
    seen = [await server.call("GET", STATUS) for _ in range(5)]
    assert [response.status for response in seen] == [200, 200, 200, 429, 429]
    assert [_rates(response)[1] for response in seen] == ["2", "1", "0", "0", "0"]
    assert await _message(seen[-1]) == "Rate limit exceeded"
    assert (await server.call("GET", LIST)).status == 200
    clock.advance(10)
    response = await server.call("GET", STATUS)
    assert response.status == 200
    assert _rates(response) == ("3", "2", str(int(NOON.timestamp()) + 120))


@pytest.mark.parametrize(
    ("method", "path", "limit"), [("GET", LIST, 50), ("GET", STATUS, 100), ("POST", SYNC, 20)]
)
async def test_documented_limits(server: Server, method: str, path: str, limit: int) -> None:
    """The limits are the documented ones unless set otherwise."""
    statuses = [(await server.call(method, path)).status for _ in range(limit + 1)]
    assert statuses.count(429) == (limit if method == "POST" else 1)
    assert _rates(await server.call(method, path))[:2] == (str(limit), "0")


async def test_the_list_lags_the_status(server: Server, world: BrazeWorld, clock: Clock) -> None:
    """The list shows a run's end only after its lag; the status call shows it at once."""
    world.settings = replace(world.settings, list_lag=20)
    world.run("abc123xyz", RunPlan(outcome="error", seconds=1))
    clock.advance(2)
    status = await (await server.call("GET", STATUS)).json()
    early = await (await server.call("GET", LIST)).json()
    clock.advance(20)
    late = await (await server.call("GET", LIST)).json()
    assert status["results"][0]["job_status"] == "error"
    assert early["results"][0]["last_job_status"] is None
    assert late["results"][0]["last_job_status"] == "error"


async def test_odd_answers_of_one_integration(server: Server, world: BrazeWorld) -> None:
    """Oddities of an integration show in its status call, and in the list where the same fields stand."""
    oddities = Oddities(status="limit_exceeded", naive_times=True, text_counts=True)
    world.change("abc123xyz", replace(_integration(world).config, oddities=oddities))
    world.run("abc123xyz", RunPlan(seconds=0, rows_synced=4))
    row = (await (await server.call("GET", STATUS)).json())["results"][0]
    assert row["job_status"] == "limit_exceeded"
    assert row["rows_synced"] == "4"
    assert row["sync_start_time"] == "2026-03-25T12:00:00.000000"
    listed = (await (await server.call("GET", LIST)).json())["results"][0]
    assert listed["last_job_status"] == "limit_exceeded"


async def test_a_cursor_that_repeats_for_ever(server: Server, world: BrazeWorld) -> None:
    """A repeating cursor names the same next page again and again, and no page of it is empty."""
    odd = Oddities(repeat_cursor=True)
    world.change("abc123xyz", replace(_integration(world).config, oddities=odd))
    world.run("abc123xyz", RunPlan(seconds=0))
    pages = [await server.call("GET", STATUS)]
    for _ in range(3):
        cursor = str(pages[-1].links["next"]["url"]).partition("cursor=")[2]
        pages.append(await server.call("GET", f"{STATUS}?cursor={cursor}"))
    links = [str(page.links["next"]["url"]) for page in pages]
    assert all(one == other for one, other in pairwise(links))
    assert [len((await page.json())["results"]) for page in pages] == [1, 1, 1, 1]


async def test_latency(server: Server, world: BrazeWorld) -> None:
    """A delayed request is answered well, and not before its delay."""
    world.faults.add(Fault(kind=FaultKind.LATENCY, seconds=0.05))
    loop = asyncio.get_running_loop()
    began = loop.time()
    assert (await server.call("GET", LIST)).status == 200
    assert loop.time() - began >= 0.05


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (Fault(kind=FaultKind.STATUS), (503, "application/json", '{"message": "Service Unavailable"}')),
        (Fault(kind=FaultKind.STATUS, status=500, body="no"), (500, "application/json", '{"message": "no"}')),
        (
            Fault(kind=FaultKind.STATUS, status=400, body='{"message": "m", "errors": [{"a": 1}, "b"]}'),
            (400, "application/json", '{"message": "m", "errors": [{"a": 1}, "b"]}'),
        ),
        (
            Fault(kind=FaultKind.STATUS, status=599, body="[1]"),
            (599, "application/json", '{"message": "[1]"}'),
        ),
        (Fault(kind=FaultKind.STATUS, status=502, body="<b>x", html=True), (502, "text/html", "<b>x")),
    ],
)
async def test_status_faults(
    server: Server, world: BrazeWorld, fault: Fault, expected: tuple[int, str, str]
) -> None:
    """A STATUS fault answers with its status, and its body as the message, as JSON or as HTML."""
    world.faults.add(fault)
    response = await server.call("GET", LIST)
    assert (response.status, response.content_type, await response.text()) == expected


async def test_a_proxy_page(server: Server, world: BrazeWorld) -> None:
    """Without a body of its own an HTML fault looks like a proxy's error page."""
    world.faults.add(Fault(kind=FaultKind.STATUS, status=502, html=True))
    response = await server.call("GET", LIST)
    assert "<h1>502 Bad Gateway</h1>" in await response.text()


@pytest.mark.parametrize("retry_after", [0, 7])
async def test_rate_limited_fault(server: Server, world: BrazeWorld, retry_after: int) -> None:
    """A RATE_LIMITED fault is a 429 with nothing left; Retry-After comes only where it is set."""
    world.faults.add(Fault(kind=FaultKind.RATE_LIMITED, retry_after=retry_after, times=2))
    response = await server.call("GET", LIST)
    assert response.status == 429
    assert _rates(response)[:2] == ("50", "0")
    assert response.headers.get("Retry-After") == (str(retry_after) if retry_after else None)
    assert (await server.call("GET", "/cdi/nothing")).status == 429
    assert (await server.call("GET", LIST)).headers["X-RateLimit-Remaining"] == "49"


async def test_revoked_fault(server: Server, world: BrazeWorld) -> None:
    """A REVOKED fault answers a good key as if it had been revoked."""
    world.faults.add(Fault(kind=FaultKind.REVOKED, times=1))
    response = await server.call("GET", LIST)
    assert response.status == 401
    assert await _message(response) == f"Invalid API key: {world.api_key}"
    assert _rates(response) == ("", "", "")
    assert (await server.call("GET", LIST)).status == 200


@pytest.mark.parametrize(("kind", "taken"), [(FaultKind.CUT_BEFORE, False), (FaultKind.CUT_AFTER, True)])
async def test_cut_connections(server: Server, world: BrazeWorld, kind: FaultKind, taken: bool) -> None:
    """A connection cut before the request leaves things as they are; one cut after has carried it out."""
    world.faults.add(Fault(kind=kind, path="/cdi/integrations/.*/sync", times=1))
    with pytest.raises((ServerDisconnectedError, ConnectionResetError)):
        await server.call("POST", SYNC)
    assert _integration(world).busy is taken
    assert [received.status for received in world.requests] == [None]
    assert (await server.call("GET", LIST)).status == 200


async def test_a_client_that_left(server: Server, world: BrazeWorld) -> None:
    """A client that gives up during a delay harms nobody else."""
    world.faults.add(Fault(kind=FaultKind.LATENCY, seconds=0.05, times=1))
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(server.call("GET", LIST), 0.01)
    assert (await server.call("GET", LIST)).status == 200


async def test_requests_are_noted(server: Server, world: BrazeWorld, clock: Clock) -> None:
    """Every request is noted with its method, path and query, time and status, and without the key."""
    clock.advance(1.5)
    await server.call("GET", STATUS + "?cursor=c2tpcDow")
    await server.call("GET", "/cdi/nothing", key="secret")
    at = after(1.5)
    assert list(world.requests) == [
        ReceivedRequest(method="GET", path=STATUS + "?cursor=c2tpcDow", at=at, status=200),
        ReceivedRequest(method="GET", path="/cdi/nothing", at=at, status=404),
    ]


async def _listed(server: Server) -> dict[str, object]:
    row: dict[str, object] = (await (await server.call("GET", LIST)).json())["results"][0]
    return row


@pytest.mark.parametrize("word", ["ACTIVE", "active", "paused", "draft"])
async def test_a_state_is_shown_as_it_is_written(server: Server, world: BrazeWorld, word: str) -> None:
    """The list shows an integration's state in the letters that it was given."""
    world.change("abc123xyz", replace(_integration(world).config, integration_status=word))
    assert (await _listed(server))["integration_status"] == word


@pytest.mark.parametrize("word", ["SNOWFLAKE", "users_attributes"])
async def test_a_type_is_a_source_or_a_target(server: Server, world: BrazeWorld, word: str) -> None:
    """The list's type is a source, as in Braze's example, or a target; source and contacts are told beside it."""
    config = replace(
        _integration(world).config, integration_type=word, contact_emails="a@x.example,b@x.example"
    )
    world.change("abc123xyz", config)
    row = await _listed(server)
    assert (row["integration_type"], row["warehouse_type"]) == (word, "snowflake")
    assert row["contact_emails"] == "a@x.example,b@x.example"


async def test_the_workspaces_id(server: Server, world: BrazeWorld) -> None:
    """The workspace is named by 24 hexadecimal digits, the same on every row."""
    assert re.fullmatch("[0-9a-f]{24}", world.app_group_id)
    assert (await _listed(server))["app_group_id"] == world.app_group_id


async def test_the_list_tells_the_watermark(server: Server, world: BrazeWorld) -> None:
    """`last_updated_at` is the newest timestamp that was synced, as Braze documents it, and null before."""
    assert (await _listed(server))["last_updated_at"] is None
    world.run("abc123xyz", RunPlan(seconds=0, rows_synced=4))
    assert (await _listed(server))["last_updated_at"] == "2026-03-25T11:59:57.000000Z"


async def test_files_have_no_watermark_and_no_schedule(server: Server, world: BrazeWorld) -> None:
    """A file source tells of no last timestamp, in its past neither, and of no next run."""
    past = GeneratedRuns(
        name="f", length=3, newest=after(-60), every_seconds=60, run_seconds=5, rows=10, has_watermark=False
    )
    burst = Burst(every_seconds=60, most=2)
    files = world.create(IntegrationConfig(integration_id="f", warehouse_type="s3", burst=burst), past=past)
    world.run("f", RunPlan(seconds=0, rows_synced=4))
    rows = (await (await server.call("GET", "/cdi/integrations/f/job_sync_status")).json())["results"]
    assert [row["last_timestamp_synced"] for row in rows] == [None] * 4
    listed = (await (await server.call("GET", LIST)).json())["results"][1]
    assert (listed["next_scheduled_run"], listed["last_updated_at"]) == (None, None)
    assert files.watermark is None


async def test_a_missing_permission_looks_like_a_bad_key(server: Server, world: BrazeWorld) -> None:
    """Where the workspace says so, a key that may not list is answered 401 there, and 200 elsewhere."""
    world.set_key(world.api_key, ["cdi.integration_job_status"])
    assert (await server.call("GET", LIST)).status == 403
    world.settings = replace(world.settings, missing_permission=401)
    refused = await server.call("GET", LIST)
    assert (refused.status, await _message(refused)) == (401, f"Invalid API key: {world.api_key}")
    assert _rates(refused) == ("", "", "")
    assert (await server.call("GET", STATUS)).status == 200
    assert (await server.call("POST", SYNC)).status == 401


async def test_answers_carry_the_date(server: Server, clock: Clock) -> None:
    """Every answer says when Braze sent it, also one that refuses."""
    clock.advance(90)
    for path in (LIST, STATUS, "/cdi/nothing"):
        assert (await server.call("GET", path)).headers["Date"] == "Wed, 25 Mar 2026 12:01:30 GMT"


async def test_a_clock_that_is_ahead(server: Server, world: BrazeWorld) -> None:
    """Braze's clock may be ahead or behind: in the date, the limit's end and every time of its answers."""
    world.create(IntegrationConfig(integration_id="b", schedule_seconds=300))
    world.run("b", RunPlan(seconds=0, rows_synced=4))
    for ahead, text, begun in ((90, "12:01:30", "12:01:30"), (-90, "11:58:30", "11:58:30")):
        world.settings = replace(world.settings, clock_ahead=ahead)
        answer = await server.call("GET", "/cdi/integrations/b/job_sync_status")
        assert answer.headers["Date"] == f"Wed, 25 Mar 2026 {text} GMT"
        assert int(answer.headers["X-RateLimit-Reset"]) == int(after(120 if ahead > 0 else -60).timestamp())
        (row,) = (await answer.json())["results"]
        assert row["sync_start_time"] == f"2026-03-25T{begun}.000000Z"
        listed = (await (await server.call("GET", LIST)).json())["results"][1]
        assert listed["next_scheduled_run"] == iso(after(300 + ahead))
        assert listed["last_job_start_time"] == row["sync_start_time"]


async def test_another_word_while_a_run_is_under_way(server: Server, world: BrazeWorld, clock: Clock) -> None:
    """A run can be called by a word that Braze does not document until it ends, without a finish time."""
    world.run("abc123xyz", RunPlan(under_way="queued", seconds=5))
    (row,) = (await (await server.call("GET", STATUS)).json())["results"]
    assert (row["job_status"], row["sync_finish_time"]) == ("queued", None)
    assert (await _listed(server))["last_job_status"] == "queued"
    clock.advance(5)
    (row,) = (await (await server.call("GET", STATUS)).json())["results"]
    assert (row["job_status"], row["sync_finish_time"]) == ("success", "2026-03-25T12:00:05.000000Z")


async def test_a_dashboard_address_as_a_real_one_is_copied(server: Server, world: BrazeWorld) -> None:
    """An integration's page has the workspace's id in its path and the integration behind `edit-sync--`."""
    page = f"/integrations/cloud_data_ingestion/{world.app_group_id}?locale=en&main-tab=edit-sync--"
    found = await server.call("GET", page + "abc123xyz")
    assert (found.status, "Users" in await found.text()) == (200, True)
    assert (await server.call("GET", page + "nobody")).status == 404
    assert (await server.call("GET", page.partition("?")[0])).status == 404
    documented = await server.call("GET", "/integrations/cloud_data_ingestion/abc123xyz")
    assert (documented.status, "Users" in await documented.text()) == (200, True)


@pytest.mark.parametrize("given", [None, "text/plain", "application/x-www-form-urlencoded"])
async def test_requests_need_the_media_type(server: Server, world: BrazeWorld, given: str | None) -> None:
    """A request without `Content-Type: application/json` is refused, whatever its method, and costs no allowance."""
    headers = {"Authorization": f"Bearer {server.key}"} | ({"Content-Type": given} if given else {})
    for method, path in (("GET", LIST), ("GET", STATUS), ("POST", SYNC)):
        async with server.session.request(
            method, server.url + path, headers=headers, skip_auto_headers=["Content-Type"]
        ) as refused:
            assert (refused.status, await _message(refused)) == (415, "Unsupported Media Type")
    assert _integration(world).total == 0
    assert _rates(await server.call("GET", LIST))[1] == "49"
