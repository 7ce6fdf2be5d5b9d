"""The demo page with the real bot behind it: its form and its Home, used as people use them."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, expect

from tests.e2e.kit import System

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_subscribe_from_home_and_watch(system: System, page: Page) -> None:
    """From an empty Home through the form to a Home that shows by itself what goes wrong and who acknowledged it."""
    home, form = page.get_by_test_id("home"), page.get_by_test_id("modal")
    await page.get_by_test_id("app").click()
    await expect(home).to_contain_text("None of your channels is subscribed")
    await home.locator("[data-action-id=form_new]").click()

    await form.locator("[data-action-id=channel]").click()
    await page.get_by_test_id("picker").get_by_text("#data-alerts").click()
    await form.locator("[data-action-id=selector]").click()
    await page.get_by_role("combobox", name="Search the options").fill("ord")
    await expect(page.get_by_test_id("picker").get_by_role("option")).to_have_count(1)
    await page.get_by_test_id("picker").get_by_role("option", name="Orders").click()
    await form.locator("[data-action-id=group]").fill("@data-team")
    await page.get_by_test_id("modal-submit").click()
    wrong = form.locator("[data-input=group] .input-error")
    await expect(wrong).to_contain_text("is not the id of a user group")
    await form.locator("[data-action-id=group]").fill("S0DATA")
    await form.get_by_label("Late runs").uncheck()
    await page.get_by_test_id("modal-submit").click()
    await expect(form).to_contain_text("Subscribed to Orders")
    await page.get_by_test_id("modal-close").click()
    await expect(home).to_contain_text("1 integration, healthy")

    system.run(system.id_of("Orders"), "error")
    await expect(home).to_contain_text("Needs attention")
    await home.get_by_role("button", name="Acknowledge: Orders").click()
    await expect(home).to_contain_text("acknowledged by")
    await home.locator("[data-action-id^=home_runs]").first.click()
    await expect(form).to_contain_text("Error")
    await page.get_by_test_id("modal-close").click()

    await home.locator("[data-action-id^=form_change]").click()
    await expect(form.get_by_label("Late runs")).not_to_be_checked()
    await expect(form.locator("[data-action-id=group]")).to_have_value("S0DATA")
    await expect(form).to_contain_text("Would have sent")  # the form's last line comes a moment after it
    await form.locator("[data-action-id=form_unsubscribe]").click()
    await page.get_by_test_id("confirm-yes").click()
    await expect(form).to_contain_text("Unsubscribed from")
    await page.get_by_test_id("modal-close").click()
    await expect(home).to_contain_text("None of your channels is subscribed")
    await system.stop()


async def test_shortcut(system: System, page: Page) -> None:
    """The shortcut opens the form with the channel that one is in; what it did is said in the channel."""
    form = page.get_by_test_id("modal")
    await page.get_by_test_id("channel").filter(has_text="marketing-ops").click()
    await page.get_by_test_id("shortcuts").click()
    await page.get_by_role("menuitem", name="Subscribe a channel").click()
    await expect(form.locator("[data-action-id=channel]")).to_have_text("#marketing-ops")
    await form.locator("[data-action-id=selector]").click()
    await page.get_by_test_id("picker").get_by_role("option", name="All integrations").click()
    await form.locator("[data-action-id=digest]").click()
    await page.get_by_test_id("picker").get_by_text("Every Monday").click()
    await page.get_by_test_id("modal-submit").click()
    await expect(form).to_contain_text("every Monday at 09:00")
    await page.get_by_test_id("modal-close").click()
    await expect(page.get_by_test_id("messages")).to_contain_text(
        "subscribed this channel to all integrations"
    )
    await expect(page.get_by_test_id("messages")).to_contain_text("changed this channel's settings")
    await system.stop()


async def test_said_to_the_bot(system: System, page: Page) -> None:
    """A mention in a channel, and a direct message, are answered as the command is."""
    messages = page.get_by_test_id("messages")
    await page.get_by_test_id("composer").fill("@cdi-bot list")
    await page.keyboard.press("Enter")
    await expect(messages.get_by_text("@cdi-bot", exact=True)).to_be_visible()
    await expect(messages.get_by_test_id("message").filter(has_text="Users EU").last).to_be_visible()
    await page.get_by_test_id("app").click()
    await page.get_by_test_id("tab-messages").click()
    await page.get_by_test_id("composer").fill("list")
    await page.keyboard.press("Enter")
    await expect(messages.get_by_test_id("message").filter(has_text="Users EU").last).to_be_visible()
    await system.stop()
