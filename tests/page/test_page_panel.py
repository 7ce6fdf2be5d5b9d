"""The Braze panel of the demo page, its switches, and the page's frame."""

from datetime import UTC, datetime

import pytest
from playwright.async_api import Dialog, Page, expect

from cdi_bot.sandbox import Sandbox
from cdi_bot.sandbox.braze.integration import IntegrationConfig
from cdi_bot.sandbox.braze.world import BrazeWorld
from cdi_bot.sandbox.faults import Fault, FaultKind
from cdi_bot.sandbox.slack.model import Content
from tests.page.conftest import App
from tests.sandbox.slack_kit import ALERTS, OPS, actions, button

pytestmark = pytest.mark.asyncio(loop_scope="session")


def users(sandbox: Sandbox, **more: object) -> str:
    """Set up an integration and return its id."""
    config = IntegrationConfig(integration_name="Users – nightly", warehouse_type="bigquery", **more)  # type: ignore[arg-type]  # fields by name
    return sandbox.braze.create(config).config.integration_id


async def test_integration(sandbox: Sandbox, page: Page) -> None:
    """An integration shows its name, source, schedule, last status in words, and when it runs next."""
    users(sandbox, schedule_seconds=120.0)
    shown = page.get_by_test_id("integration")
    await expect(shown.locator(".integration-name")).to_have_text("Users – nightly")
    await expect(shown.locator(".facts")).to_have_text("BigQuery · every 2 min")
    await expect(shown.get_by_test_id("status")).to_have_text("No run yet")
    await expect(shown.locator(".when")).to_contain_text("next in")


async def test_several_workspaces(sandbox: Sandbox, page: Page) -> None:
    """Each stands under its name; what is typed for an integration begins with it."""
    users(sandbox)
    await expect(page.locator(".workspace-name")).to_have_count(0)
    other = BrazeWorld(lambda: datetime.now(UTC), 7)
    sandbox.show("demo-2", other)
    other.create(IntegrationConfig(integration_name="Users – nightly"))
    await expect(page.locator(".workspace-name")).to_have_text(["Workspace braze", "Workspace demo-2"])
    await expect(page.get_by_test_id("integration")).to_have_count(2)
    await page.locator(".composer-field").first.press_sequentially("/cdi status users")
    await expect(page.locator(".suggestion-label")).to_have_text(
        ["braze/Users – nightly", "demo-2/Users – nightly"]
    )


async def choose(page: Page, one: str, what: str) -> None:
    """Choose what happens to an integration."""
    await page.locator(f"[data-integration='{one}']").get_by_test_id("scene").click()
    await page.get_by_test_id("picker").get_by_role("menuitem", name=what).click()


async def test_a_failure_and_its_end(sandbox: Sandbox, page: Page) -> None:
    """What a visitor chooses happens at once and stays so, until the integration is let succeed."""
    one = users(sandbox, run_seconds=1.0)
    shown = page.locator(f"[data-integration='{one}']")
    await choose(page, one, "Partial")
    await expect(shown.get_by_test_id("status")).to_have_text("Running")
    await expect(shown.get_by_test_id("status")).to_have_text("Partial")
    integration = sandbox.braze.get(one)
    assert integration is not None
    assert integration.next_outcome == "partial"
    await expect(shown.get_by_test_id("succeed")).to_have_accessible_name("Let it succeed: Users – nightly")
    await shown.get_by_test_id("succeed").click()
    await expect(shown.get_by_test_id("status")).to_have_text("Success")
    assert integration.next_outcome == "success"


@pytest.mark.parametrize(
    ("what", "shown_as"), [("Limit exceeded", "Limit exceeded"), ("A status that", "cancelled")]
)
async def test_rarer_words(sandbox: Sandbox, page: Page, what: str, shown_as: str) -> None:
    """A run can end at a data limit, or with a word that Braze does not document, which is shown as it stands."""
    one = users(sandbox)
    await choose(page, one, what)
    await expect(page.locator(f"[data-integration='{one}']").get_by_test_id("status")).to_have_text(shown_as)


async def test_only_what_can_happen_is_offered(sandbox: Sandbox, page: Page) -> None:
    """Files have no watermark and no schedule; one whose last run began a moment ago can't be slow."""
    one = users(sandbox, schedule_seconds=120.0)
    files = sandbox.braze.create(IntegrationConfig(warehouse_type="s3")).config.integration_id
    scene, offered = page.get_by_test_id("scene"), page.get_by_test_id("picker").get_by_role("menuitem")
    await expect(scene).to_have_count(2)
    await page.locator(f"[data-integration='{files}']").get_by_test_id("scene").click()
    await expect(offered.first).to_be_visible()
    words = await offered.all_inner_texts()
    assert not [each for each in words if "Watermark" in each or "Late" in each]
    assert [each for each in words if "Slow" in each]
    await page.keyboard.press("Escape")
    await choose(page, one, "Error: no rows")
    await expect(page.locator(f"[data-integration='{one}']").get_by_test_id("status")).to_have_text("Error")
    await page.locator(f"[data-integration='{one}']").get_by_test_id("scene").click()
    await expect(offered.filter(has_text="Late")).to_be_visible()
    await expect(offered.filter(has_text="Slow")).to_have_count(0)


async def test_late(sandbox: Sandbox, page: Page) -> None:
    """The next run of an integration can be kept from beginning, and the panel says so."""
    one = users(sandbox, schedule_seconds=120.0)
    await choose(page, one, "Late")
    await expect(page.locator(f"[data-integration='{one}']").locator(".when")).to_have_text("no run begins")


async def test_a_storm_and_its_end(sandbox: Sandbox, page: Page) -> None:
    """All integrations can be made to fail, and to succeed, at once."""
    users(sandbox)
    users(sandbox)
    status = page.get_by_test_id("status")
    await page.get_by_test_id("fail-all").click()
    await expect(status).to_have_text(["Error", "Error"])
    await page.get_by_test_id("succeed-all").click()
    await expect(status).to_have_text(["Success", "Success"])


async def test_a_digest_soon(app: App, page: Page) -> None:
    """The digest of the open channel can be ordered for the next minute, as the command that people type."""
    await page.get_by_test_id("digest-soon").click()
    typed = (await app.heard())["text"]
    assert typed.startswith("digest daily ")
    await expect(page.get_by_test_id("told")).to_contain_text(typed)


async def test_an_escalation_soon(app: App, page: Page) -> None:
    """The same for an escalation, to another channel that the bot is in."""
    await page.get_by_test_id("escalate-soon").click()
    assert (await app.heard())["text"] == f"escalate after:10s to:<#{OPS}|marketing-ops>"
    await expect(page.get_by_test_id("told")).to_contain_text("to:#marketing-ops")


async def test_rename_and_delete(sandbox: Sandbox, page: Page) -> None:
    """An integration can be given another name in Braze, unless it is an empty one or none, and be deleted."""
    answers = iter(["Users – all", " ", None])

    async def answer(dialog: Dialog) -> None:
        wanted = next(answers)
        await (dialog.dismiss() if wanted is None else dialog.accept(wanted))

    page.on("dialog", answer)
    one = users(sandbox)
    shown = page.locator(f"[data-integration='{one}']")
    for _ in range(3):
        await choose(page, one, "Rename it")
        await expect(shown.locator(".integration-name")).to_have_text("Users – all")
    await choose(page, one, "Delete it")
    await expect(shown).to_have_count(0)


async def test_pause(sandbox: Sandbox, page: Page) -> None:
    """An integration can be paused, and resumed; while it is paused nothing is due, and the panel says so."""
    one = users(sandbox, schedule_seconds=120.0)
    shown = page.locator(f"[data-integration='{one}']")
    await choose(page, one, "Pause it")
    await expect(shown.locator(".when")).to_have_text("paused")
    integration = sandbox.braze.get(one)
    assert integration is not None
    assert (integration.config.integration_status, integration.next_slot) == ("paused", None)
    await choose(page, one, "Resume it")
    await expect(shown.locator(".when")).to_contain_text("next in")
    assert integration.config.integration_status == "active"


@pytest.mark.parametrize("width", [1280, 390])
async def test_lines_of_the_panel_stay_one(sandbox: Sandbox, page: Page, width: int) -> None:
    """Each line of the panel is one line, and nothing of it lies beyond its edge."""
    users(sandbox, schedule_seconds=86_400.0)
    await page.set_viewport_size({"width": width, "height": 844})
    if width < 1100:
        await page.get_by_test_id("panel-toggle").click()
    await expect(page.get_by_test_id("integration")).to_be_visible()
    lines = page.locator(
        ".panel-buttons .btn, .integration-head, .integration-facts, .integration-tools, .integration-tools .btn"
    )
    assert (
        await lines.evaluate_all(
            "all => all.filter((one) => one.clientHeight > 32 || one.scrollWidth > one.clientWidth).length"
        )
        == 0
    )


async def test_three_things_to_try(sandbox: Sandbox, app: App, page: Page) -> None:
    """The page opens with them, each of one click; closed, they stay closed in this tab."""
    users(sandbox, schedule_seconds=120.0)
    users(sandbox, schedule_seconds=120.0)
    await page.reload()
    tour, status = page.get_by_test_id("tour"), page.get_by_test_id("status")
    await tour.get_by_role("button", name="Make Users – nightly fail").click()
    await expect(status).to_have_text(["No run yet", "Error"])
    await tour.get_by_role("button", name="/cdi status").click()
    assert (await app.heard())["text"] == "status"
    await tour.get_by_role("button", name="Fail all").click()
    await expect(status).to_have_text(["Error", "Error"])
    await tour.get_by_role("button", name="Let all succeed").click()
    await expect(status).to_have_text(["Success", "Success"])
    await page.get_by_test_id("tour-close").click()
    await expect(tour).to_be_hidden()
    await page.reload()
    await expect(status).to_have_text(["Success", "Success"])
    await expect(tour).to_be_hidden()


async def test_a_missing_permission(sandbox: Sandbox, page: Page) -> None:
    """The key can be made to miss the list's permission: the list alone is refused."""
    await page.locator("[data-fault=permission]").click()
    await expect(page.get_by_test_id("faults-now")).to_contain_text("refuses the list alone")
    (fault,) = sandbox.braze.faults.active()
    assert fault.status == 401
    assert fault.matches("/cdi/integrations")
    assert not fault.matches("/cdi/integrations/x/job_sync_status")


async def test_many_integrations(sandbox: Sandbox, page: Page) -> None:
    """With many integrations the panel can be searched, and says how many it does not show."""
    for number in range(70):
        sandbox.braze.create(IntegrationConfig(integration_name=f"Sync {number}"))
    await expect(page.get_by_test_id("integration")).to_have_count(60)
    await expect(page.get_by_text("and 10 more")).to_be_visible()
    await page.get_by_label("Find an integration").fill("sync 69")
    await expect(page.get_by_test_id("integration")).to_have_count(1)


@pytest.mark.parametrize("side", ["braze", "slack"])
async def test_switches(sandbox: Sandbox, page: Page, side: str) -> None:
    """Each switch turns one fault on and off, leaves the others, and the panel says what is on."""
    faults = sandbox.braze.faults if side == "braze" else sandbox.slack.faults
    now, group = page.get_by_test_id("faults-now"), page.locator(f"[data-side={side}]")
    await expect(now).to_contain_text("nothing is switched on")
    for kind in FaultKind:
        await group.and_(page.locator(f"[data-fault={kind.value}]")).click()
        await expect(group.and_(page.locator(f"[data-fault={kind.value}]"))).to_have_attribute(
            "aria-pressed", "true"
        )
    assert {fault.kind for fault in faults.active()} == set(FaultKind)
    await expect(now).to_contain_text("answers 503")
    await group.and_(page.locator("[data-fault=status]")).click()
    await expect(group.and_(page.locator("[data-fault=status]"))).to_have_attribute("aria-pressed", "false")
    await expect(now).not_to_contain_text("answers 503")
    await expect(now.locator("p")).to_have_count(len(FaultKind) - 1)
    await page.get_by_test_id(f"clear-{side}").click()
    await expect(now).to_contain_text("nothing is switched on")
    assert faults.active() == ()


async def test_faults_from_elsewhere(sandbox: Sandbox, page: Page) -> None:
    """A fault switched on by somebody else is told in words, with what is left of it and whom it hits."""
    sandbox.slack.faults.add(Fault(kind=FaultKind.STATUS, status=500, times=2, path="chat.postMessage"))
    await expect(page.get_by_test_id("faults-now")).to_have_text(
        "Slack answers 500, only chat.postMessage (2 more)"
    )


async def test_bot_status(sandbox: Sandbox, app: App, page: Page) -> None:
    """The page says whether the bot is connected, also after Slack cut it off."""
    await expect(page.get_by_test_id("bot-status")).to_have_text("Bot connected")
    await app.stop()
    await expect(page.get_by_test_id("bot-status")).to_have_text("Bot not connected")


async def test_narrow(sandbox: Sandbox, page: Page) -> None:
    """On a phone nothing is wider than the screen, and channels and panel open over the conversation."""
    sandbox.slack.post(
        ALERTS, Content(text="x", blocks=(actions(*(button(f"b{number}") for number in range(9))),))
    )
    await page.set_viewport_size({"width": 390, "height": 844})
    await expect(page.get_by_test_id("message")).to_be_visible()
    await expect(page.get_by_test_id("braze")).to_be_hidden()
    assert await page.evaluate("document.documentElement.scrollWidth") <= 390
    assert await page.locator(".message").evaluate("element => element.scrollWidth <= element.clientWidth")
    await page.get_by_test_id("panel-toggle").click()
    await expect(page.get_by_test_id("braze")).to_be_visible()
    await expect(page.get_by_test_id("panel-toggle")).to_have_attribute("aria-expanded", "true")
    await page.keyboard.press("Escape")
    await expect(page.get_by_test_id("braze")).to_be_hidden()
    await page.get_by_role("button", name="Channels").click()
    await page.get_by_test_id("channel").nth(1).click()
    await expect(page.get_by_test_id("channel").first).to_be_hidden()


async def test_names_for_everyone(sandbox: Sandbox, page: Page) -> None:
    """Everything that can be pressed or filled in has a name that can be read aloud."""
    users(sandbox)
    sandbox.slack.post(ALERTS, Content(text="x", blocks=(actions(button()),)))
    await expect(page.get_by_test_id("integration")).to_have_count(1)
    await expect(page.get_by_role("log", name="Messages")).to_be_visible()
    nameless = """all => all.filter((one) => one.checkVisibility()
        && !(one.getAttribute('aria-label') || one.textContent.trim())).map((one) => one.outerHTML)"""
    assert await page.locator("button, input, select, textarea, a").evaluate_all(nameless) == []


async def test_dark(page: Page) -> None:
    """The page follows the wish for a dark screen."""
    light = await page.evaluate("getComputedStyle(document.querySelector('.main')).backgroundColor")
    await page.emulate_media(color_scheme="dark")
    dark = await page.evaluate("getComputedStyle(document.querySelector('.main')).backgroundColor")
    assert (light, dark) == ("rgb(255, 255, 255)", "rgb(26, 29, 33)")


async def test_asks_nobody_else(page: Page, sandbox: Sandbox) -> None:
    """The page loads from the sandbox alone: no other host is asked for scripts, styles or fonts."""
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    await page.reload()
    await expect(page.get_by_test_id("channel").first).to_be_visible()
    assert asked
    assert [url for url in asked if not url.startswith(sandbox.url)] == []
