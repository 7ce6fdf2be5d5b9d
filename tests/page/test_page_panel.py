"""The Braze panel of the demo page, its switches, and the page's frame."""

import pytest
from playwright.async_api import Dialog, Page, expect

from cdi_bot.sandbox import Sandbox
from cdi_bot.sandbox.braze.integration import IntegrationConfig
from cdi_bot.sandbox.faults import Fault, FaultKind
from cdi_bot.sandbox.slack.model import Content
from tests.page.conftest import App
from tests.sandbox.slack_kit import ALERTS, actions, button

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.xdist_group("page")]


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


async def test_next_outcome(sandbox: Sandbox, page: Page) -> None:
    """What a visitor chooses is how the next run ends, and the panel shows it running and ended."""
    one = users(sandbox, run_seconds=1.0)
    shown = page.locator(f"[data-integration='{one}']")
    await shown.get_by_test_id("outcome").select_option("partial")
    await expect(shown.get_by_test_id("outcome")).to_have_attribute("data-outcome", "partial")
    await shown.get_by_test_id("run-now").click()
    await expect(shown.get_by_test_id("status")).to_have_text("Running")
    await expect(shown.get_by_test_id("run-now")).to_be_disabled()
    await expect(shown.get_by_test_id("status")).to_have_text("Partial")
    await expect(shown.get_by_test_id("outcome")).to_have_value("success")


@pytest.mark.parametrize(
    ("word", "shown_as"), [("limit_exceeded", "Limit exceeded"), ("cancelled", "cancelled")]
)
async def test_rarer_words(sandbox: Sandbox, page: Page, word: str, shown_as: str) -> None:
    """A run can end at a data limit, or with a word that Braze does not document, which is shown as it stands."""
    one = users(sandbox, run_seconds=0.5)
    shown = page.locator(f"[data-integration='{one}']")
    await shown.get_by_test_id("outcome").select_option(word)
    await shown.get_by_test_id("run-now").click()
    await expect(shown.get_by_test_id("status")).to_have_text(shown_as)


async def test_rename(sandbox: Sandbox, page: Page) -> None:
    """An integration can be given another name in Braze; no name, or none chosen, leaves it as it is."""
    answers = iter(["Users – all", " ", None])

    async def answer(dialog: Dialog) -> None:
        wanted = next(answers)
        await (dialog.dismiss() if wanted is None else dialog.accept(wanted))

    page.on("dialog", answer)
    one = users(sandbox)
    shown = page.locator(f"[data-integration='{one}']")
    rename = shown.get_by_test_id("rename")
    await expect(rename).to_have_accessible_name("Rename Users – nightly")
    for _ in range(3):
        await rename.click()
        await expect(shown.locator(".integration-name")).to_have_text("Users – all")


async def test_pause(sandbox: Sandbox, page: Page) -> None:
    """An integration can be paused, and resumed; while it is paused nothing is due, and the panel says so."""
    one = users(sandbox, schedule_seconds=120.0)
    shown = page.locator(f"[data-integration='{one}']")
    pause = shown.get_by_test_id("pause")
    await expect(pause).to_have_accessible_name("Pause Users – nightly")
    await pause.click()
    await expect(shown.locator(".when")).to_have_text("paused")
    await expect(pause).to_have_accessible_name("Resume Users – nightly")
    integration = sandbox.braze.get(one)
    assert integration is not None
    assert (integration.config.integration_status, integration.next_slot) == ("paused", None)
    await pause.click()
    await expect(shown.locator(".when")).to_contain_text("next in")
    assert integration.config.integration_status == "active"


async def test_a_missing_permission(sandbox: Sandbox, page: Page) -> None:
    """The key can be made to miss the list's permission: the list alone is refused."""
    await page.locator("[data-fault=permission]").click()
    await expect(page.get_by_test_id("faults-now")).to_contain_text("refuses the list alone")
    (fault,) = sandbox.braze.faults.active()
    assert fault.status == 401
    assert fault.matches("/cdi/integrations")
    assert not fault.matches("/cdi/integrations/x/job_sync_status")


async def test_deleted_integration(sandbox: Sandbox, page: Page) -> None:
    """An integration deleted in Braze leaves the panel."""
    one = users(sandbox)
    await expect(page.get_by_test_id("integration")).to_have_count(1)
    sandbox.braze.delete(one)
    await expect(page.get_by_test_id("integration")).to_have_count(0)


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
