"""What axe-core (deque.com/axe) finds on the demo page, where the real bot filled it: nothing serious."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
import pytest_asyncio
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page, expect

from cdi_bot.sandbox import Sandbox
from cdi_bot.sandbox.braze.demo import demo_world
from cdi_bot.sandbox.braze.scenes import play, play_all
from cdi_bot.sandbox.slack.model import Content
from tests.e2e.kit import System, says
from tests.sandbox.slack_kit import ALERTS, MARA

pytestmark = pytest.mark.asyncio(loop_scope="session")

GRAVE = {"serious", "critical"}


@pytest_asyncio.fixture(loop_scope="session")
async def sandbox() -> AsyncIterator[Sandbox]:
    """Serve the stand-ins with the demo's workspace."""
    async with Sandbox(braze=demo_world(lambda: datetime.now(UTC), 1)) as running:
        yield running


async def grave(page: Page) -> list[str]:
    """Return what axe finds on the page as it stands: the rule, what it asks for, and where."""
    found = (await Axe().run(page)).response["violations"]
    return [
        f"{each['id']}: {each['help']}: {node['target']} {node['html'][:120]}"
        for each in found
        if each["impact"] in GRAVE
        for node in each["nodes"]
    ]


@pytest.mark.parametrize("width", [1280, 390])
async def test_nothing_serious(system: System, page: Page, width: int) -> None:
    """In the channel with cards and a storm, a thread, a form, Home and the panel; on both widths; light and dark."""
    await page.set_viewport_size({"width": width, "height": 844})
    home, form, narrow = page.get_by_test_id("home"), page.get_by_test_id("modal"), width < 760
    await system.type("subscribe all")
    play(system.sandbox.braze, system.id_of("Users: attributes (Snowflake)"), "partial")
    card = await system.alert("Users: attributes")
    system.sandbox.slack.post(ALERTS, Content(text="looking"), author=MARA, thread_ts=card["ts"])
    play_all(system.sandbox.braze, "error")
    await system.seen(lambda each: not each["ephemeral"] and says(each, "web sessions"))
    await expect(page.get_by_test_id("thread-line").first).to_be_visible(timeout=60_000)
    await system.type("status")
    assert await grave(page) == []
    await page.emulate_media(color_scheme="dark")
    assert await grave(page) == []
    await page.emulate_media(color_scheme="light")

    await page.get_by_test_id("thread-line").first.click()
    await expect(page.get_by_test_id("thread")).to_be_visible()
    assert await grave(page) == []
    await page.get_by_test_id("thread-close").click()

    if narrow:
        await page.get_by_test_id("panel-toggle").click()
    await expect(page.get_by_test_id("braze")).to_be_visible()
    assert await grave(page) == []
    if narrow:
        await page.keyboard.press("Escape")
        await page.get_by_role("button", name="Channels").click()
        assert await grave(page) == []
    await page.get_by_test_id("app").click()
    await expect(home.locator("[data-action-id=form_new]")).to_be_visible()
    assert await grave(page) == []
    await home.locator("[data-action-id=form_new]").click()
    await expect(form.locator("[data-action-id=selector]")).to_be_visible()
    assert await grave(page) == []
    await system.stop()
