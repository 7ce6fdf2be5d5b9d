"""`make pictures`: the real bot before the stand-ins, seen on the demo's page, as the README shows it.

Needs Debian's packages chromium and fonts-noto-color-emoji.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.async_api import Browser, Page, async_playwright, expect

from cdi_bot.sandbox import Sandbox
from cdi_bot.sandbox.braze.integration import IntegrationConfig
from cdi_bot.sandbox.braze.runs import GeneratedRuns, RunPlan
from cdi_bot.sandbox.slack.seed_data import MARKETING_OPS
from tests.e2e.kit import Json, System, is_alert, says
from tests.page.conftest import ARGUMENTS, CHROMIUM
from tests.program import ROOT, Program
from tests.rigs.whole import is_recovery

PICTURES = ROOT / "docs"
SCALE = 2

NAMES = (
    "Users: attributes (Snowflake)",
    "Purchases: orders (BigQuery)",
    "Catalog: product availability (Databricks)",
    "Events: app sessions (Redshift)",
    "Users: consent (S3)",
    "Users: loyalty tiers (Snowflake)",
)


async def take() -> None:
    """Play the scenes one after the other."""
    async with Sandbox() as sandbox, async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        with TemporaryDirectory(prefix="cdi-bot-pictures-") as folder:
            program = Program(Path(folder))
            system = System(
                sandbox, program, {**sandbox.bot_settings, "PORT": "0", "CDI_BOT_LOG_FORMAT": "json"}
            )
            try:
                await _scenes(system, await _page(browser, sandbox))
            finally:
                await program.close()
        await browser.close()


async def _page(browser: Browser, sandbox: Sandbox) -> Page:
    context = await browser.new_context(
        viewport={"width": 1400, "height": 1800}, timezone_id="Europe/Berlin", device_scale_factor=SCALE
    )
    page = await context.new_page()
    await page.goto(sandbox.url)
    return page


async def _scenes(system: System, page: Page) -> None:
    ids = [_integration(system, name) for name in NAMES]
    await system.start()
    await system.type("subscribe all")
    await system.polled()
    system.sandbox.braze.run(
        ids[0], RunPlan(outcome="partial", seconds=6, rows_synced=46_912, rows_failed=1_288)
    )
    card = await system.alert(NAMES[0])
    await _message(page, card, "alert")
    system.run(ids[0], "success", rows_synced=48_210)
    await system.seen(is_recovery)
    status = await system.type(f"status {NAMES[0]}")
    await _message(page, status, "status")
    await _storm(system, page, ids[1:])
    for integration_id in ids[1:]:
        system.run(integration_id, "success", rows_synced=48_210)
    await _home_and_form(system, page, ids[0])
    await system.stop()


def _integration(system: System, name: str) -> str:
    """One with a past of three days."""
    now = datetime.now(UTC)
    past = GeneratedRuns(
        name=name,
        length=60,
        newest=now - timedelta(minutes=20),
        every_seconds=3600,
        run_seconds=95,
        rows=48_200,
    )
    return system.sandbox.braze.create(
        IntegrationConfig(integration_name=name, schedule_seconds=3600), past=past
    ).config.integration_id


async def _storm(system: System, page: Page, ids: list[str]) -> None:
    """Several fail at once in a channel that heard of one a moment ago."""
    await system.type("subscribe all", MARKETING_OPS)
    await page.get_by_test_id("channel").filter(has_text="marketing-ops").click()
    for place, integration_id in enumerate(ids):
        system.sandbox.braze.run(
            integration_id, RunPlan(outcome="error" if place % 2 else "config_error", seconds=0.05)
        )
    storm = await system.seen(
        lambda each: is_alert(each, "") and sum(says(each, name) for name in NAMES[1:]) > 2, MARKETING_OPS
    )
    await _message(page, storm, "storm")


async def _home_and_form(system: System, page: Page, failing: str) -> None:
    """One integration fails again; then what Home shows of it, and the form that opens from there."""
    system.sandbox.braze.run(
        failing, RunPlan(outcome="partial", seconds=0.05, rows_synced=46_912, rows_failed=1_288)
    )
    await page.set_viewport_size({"width": 1400, "height": 1150})
    await page.get_by_test_id("app").click()
    home, form = page.get_by_test_id("home"), page.get_by_test_id("modal")
    await expect(home).to_contain_text("6 integrations, 1 failing", timeout=60_000)
    await home.screenshot(path=PICTURES / "home.png")
    await home.locator("[data-action-id=form_new]").click()
    await form.locator("[data-action-id=channel]").click()
    await page.get_by_test_id("picker").get_by_text("#marketing-ops").click()
    await form.locator("[data-action-id=selector]").click()
    await page.get_by_role("combobox", name="Search the options").fill("users")
    await page.get_by_test_id("picker").get_by_role("option", name="All named like").click()
    await form.get_by_role("heading").click()
    await page.mouse.move(0, 0)
    await form.screenshot(path=PICTURES / "form.png")


async def _message(page: Page, message: Json, name: str) -> None:
    """Photograph one message."""
    shown = page.locator(f'.message[data-ts="{message["ts"]}"]').first
    await shown.scroll_into_view_if_needed()
    await page.mouse.move(0, 0)
    await shown.screenshot(path=PICTURES / f"{name}.png")


if __name__ == "__main__":
    PICTURES.mkdir(exist_ok=True)
    asyncio.run(take())
