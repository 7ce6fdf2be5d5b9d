"""`make pictures`: the real bot before the stand-ins, seen on the demo's page at 1,280 and at 390 px.

Those that README and docs show go into docs/pictures. With a folder (`make pictures PICTURES=…`) all go there:
each kind of alert, how it ends, answers, Home, form and digest, at both widths.
Needs Debian's packages chromium-headless-shell and fonts-noto-color-emoji.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

from playwright.async_api import Browser, Locator, Page, async_playwright, expect

from cdi_bot.sandbox import Sandbox
from cdi_bot.sandbox.braze.integration import IntegrationConfig
from cdi_bot.sandbox.braze.protocol import Endpoint
from cdi_bot.sandbox.braze.runs import GeneratedRuns, RunPlan
from cdi_bot.sandbox.braze.scenes import play
from cdi_bot.sandbox.faults import Fault, FaultKind
from cdi_bot.sandbox.slack.model import Channel
from cdi_bot.sandbox.slack.seed_data import BOT, DATA_ALERTS, KENJI, MARA, MARKETING_OPS, PRIYA
from tests.e2e.kit import Json, System, says
from tests.page.conftest import ARGUMENTS, CHROMIUM
from tests.program import ROOT, Program

SHOWN = ROOT / "docs" / "pictures"
COMMITTED = frozenset({"alert", "storm", "status", "home", "form", "digest"})
WIDE, NARROW = 1280, 390
SCALE = 2
ZONE = "Europe/Stockholm"
_SETTLE_MS = 500

HOURLY, DAILY = 3600.0, 86_400.0
FIRST = "Users: attributes (Snowflake)"
# Name, rows a run, seconds between two runs. What is usual is learned of a month: of daily runs that is soon read.
INTEGRATIONS = (
    (FIRST, 48_200, HOURLY),
    ("Purchases: orders (Snowflake)", 12_600, HOURLY),
    ("Users: loyalty tiers (Snowflake)", 8_750, DAILY),
    ("Users: deletion requests (Snowflake)", 120, DAILY),
    ("Accounts: B2B contracts (Snowflake)", 640, DAILY),
    ("Catalog: product availability (Databricks)", 230_500, DAILY),
    ("Events: web sessions (BigQuery)", 91_300, DAILY),
    ("Catalog: prices (Redshift)", 64_000, DAILY),
)
# Each in a channel of its own, so that no two become one card. What is wrong in the rows comes after the pasts are
# learned, and before the same integration fails: learning stands still then.
SCENES = {
    "late": "Purchases: orders (Snowflake)",
    "error": "Purchases: orders (Snowflake)",
    "slow": "Catalog: prices (Redshift)",
    "watermark_ahead": "Users: loyalty tiers (Snowflake)",
    "hollow": "Events: web sessions (BigQuery)",
    "resync": "Accounts: B2B contracts (Snowflake)",
    "spike": "Users: deletion requests (Snowflake)",
    "config_error": "Catalog: product availability (Databricks)",
    "limit_exceeded": "Events: web sessions (BigQuery)",
    "cancelled": "Accounts: B2B contracts (Snowflake)",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Studio:
    """The page at each width, and where its pictures go: `folder`, or among the shown ones where there is none."""

    pages: dict[int, Page]
    folder: Path | None

    async def take(self, name: str, find: Callable[[Page], Locator], channel: str | None = None) -> None:
        """Photograph what `find` gives, in a channel or on Home, at each width."""
        for width, page in self.pages.items():
            target = self.target(name, width)
            if target is None:
                continue
            place = json.dumps({"channel": channel} if channel else {"home": True})
            await page.evaluate(f"import('/page/sidebar.js').then(({{ go }}) => go({place}))")
            shown = find(page)
            await expect(shown).to_be_visible(timeout=60_000)
            await page.mouse.move(0, 0)
            await page.wait_for_timeout(_SETTLE_MS)  # a card that changes just now is drawn anew
            await shown.screenshot(path=target, animations="disabled")

    def target(self, name: str, width: int) -> Path | None:
        """The file of a picture; `None` where nobody wants it."""
        if self.folder is not None:
            return self.folder / f"{name}-{width}.png"
        return SHOWN / f"{name}.png" if name in COMMITTED and width == WIDE else None

    async def message(self, name: str, message: Json) -> None:
        """Photograph one message as it is now in its channel."""
        await self.take(
            name, lambda page: page.locator(f'.message[data-ts="{message["ts"]}"]').first, message["channel"]
        )


async def main(folder: Path | None) -> None:
    """Play the scenes one after the other."""
    async with Sandbox() as sandbox, async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        with TemporaryDirectory(prefix="cdi-bot-pictures-") as files:
            program = Program(Path(files))
            system = System(sandbox, program, {**sandbox.bot_settings, "PORT": "0"})
            try:
                await _scenes(system, Studio(pages=await _pages(browser, sandbox), folder=folder))
            finally:
                await program.close()
        await browser.close()


async def _pages(browser: Browser, sandbox: Sandbox) -> dict[int, Page]:
    pages = {}
    for width in (WIDE, NARROW):
        context = await browser.new_context(
            viewport={"width": width, "height": 1800}, timezone_id=ZONE, device_scale_factor=SCALE
        )
        pages[width] = await context.new_page()
        await pages[width].goto(sandbox.url)
        close = pages[width].get_by_test_id("tour-close")
        await close.or_(pages[width].get_by_test_id("composer")).first.wait_for()
    return pages


async def _scenes(system: System, studio: Studio) -> None:
    system.sandbox.braze.limits.set(Endpoint.STATUS, 600)
    for each in INTEGRATIONS:
        _create(system, *each)
    await system.start(CDI_BOT_LOG_FORMAT="json", CDI_BOT_GRACE="5", CDI_BOT_POLL_INTERVAL="2")
    if studio.folder:  # so that the past of each is read and learned meanwhile
        await system.type("subscribe all", _channel(system, "everything"))
    await _alert_and_end(system, studio)
    for scene, name in SCENES.items() if studio.folder else ():
        channel = _channel(system, scene)
        await system.type(f"subscribe {name}", channel)
        await system.polled(6)
        play(system.sandbox.braze, system.id_of(name), scene)
        await studio.message(scene, await _told(system, channel, name))
        play(system.sandbox.braze, system.id_of(name), "success")
        if scene != "spike":  # which is told once, and has no end
            await studio.message(f"{scene}-end", await _told(system, channel, "✅"))
        await system.type("unsubscribe all", channel)
    await _storm(system, studio)
    await _home_and_form(system, studio)
    await _digest(system, studio)
    system.sandbox.braze.faults.add(Fault(kind=FaultKind.REVOKED))
    unreachable = await system.seen(lambda each: not each["ephemeral"] and "Braze – " in each["text"])
    await studio.message("unreachable", unreachable)
    await studio.message("list-unreachable", await system.type("list"))
    await system.stop()


def _create(system: System, name: str, rows: int, every: float) -> None:
    """An integration with a past of a month, or, where it runs each hour, of some days."""
    past = GeneratedRuns(
        name=name,
        length=30 if every == DAILY else 60,
        newest=datetime.now(UTC) - timedelta(seconds=every / 3),
        every_seconds=every,
        run_seconds=95,
        rows=rows,
    )
    source = name.rsplit("(", 1)[1].rstrip(")").lower()
    config = IntegrationConfig(
        integration_name=name, schedule_seconds=every, warehouse_type=source, rows=rows
    )
    system.sandbox.braze.create(config, first_in=every * 2 / 3, past=past)


def _channel(system: System, name: str) -> str:
    """A channel that the bot is in."""
    slack = system.sandbox.slack
    members = frozenset({MARA, KENJI, PRIYA, BOT})
    shown = name.replace("_", "-")
    return slack.put_channel(
        Channel(id=slack.new_id("C"), name=shown, created=int(slack.clock().timestamp()), members=members)
    ).id


async def _told(system: System, channel: str, words: str) -> Json:
    """The newest message of a channel that says this and is not about a subscription."""
    return await system.seen(
        lambda each: not each["ephemeral"] and says(each, words) and "subscribed" not in each["text"], channel
    )


async def _alert_and_end(system: System, studio: Studio) -> None:
    """The first alert, what its history looks like, how it ends, and the list of all."""
    await system.type(f"subscribe {FIRST}")
    await system.polled()
    failing = RunPlan(outcome="partial", seconds=4, rows_synced=46_912, rows_failed=1_288)
    system.sandbox.braze.run(system.id_of(FIRST), failing)
    card = await _told(system, DATA_ALERTS, FIRST)
    await studio.message("alert", card)
    await studio.message("status", await system.type(f"status {FIRST}"))
    system.run(system.id_of(FIRST), "success", rows_synced=48_210)
    recovery = await system.seen(lambda each: each["ts"] != card["ts"] and "recovered" in each["text"])
    await studio.message("recovery", recovery)
    await studio.message("alert-end", card)


async def _storm(system: System, studio: Studio) -> None:
    """Nearly all fail at once; then how that ends."""
    await system.type("subscribe all", MARKETING_OPS)
    for place, (name, _, _) in enumerate(INTEGRATIONS):
        outcome = "error" if place % 3 == 1 else "config_error"
        system.sandbox.braze.run(system.id_of(name), RunPlan(outcome=outcome, seconds=0.05))
    storm = await system.seen(
        lambda each: not each["ephemeral"] and sum(says(each, name) for name, _, _ in INTEGRATIONS) > 5,
        MARKETING_OPS,
    )
    await system.polled(len(INTEGRATIONS) * 2)
    await studio.message("storm", storm)
    await studio.message("list", await system.type("status", MARKETING_OPS))
    for name, rows, _ in INTEGRATIONS:
        system.run(system.id_of(name), "success", rows_synced=rows)
    end = await system.seen(
        lambda each: each["ts"] != storm["ts"] and "recovered" in each["text"], MARKETING_OPS
    )
    await system.polled(len(INTEGRATIONS) * 2)
    await studio.message("storm-recovery", end)
    await studio.message("storm-end", storm)


async def _home_and_form(system: System, studio: Studio) -> None:
    """One integration fails; then what Home shows of it, and the form that opens from there."""
    failing = RunPlan(outcome="partial", seconds=0.05, rows_synced=46_912, rows_failed=1_288)
    system.sandbox.braze.run(system.id_of(FIRST), failing)
    for width, page in studio.pages.items():
        await page.set_viewport_size({"width": width, "height": 1150})
    ready = "[data-testid=home]:has(button[data-action-id^=home_ack])"
    await studio.take("home", lambda page: page.locator(ready))
    for width, page in studio.pages.items():
        target = studio.target("form", width)
        if target is None:
            continue
        await page.evaluate("import('/page/sidebar.js').then(({ go }) => go({ home: true }))")
        await page.get_by_test_id("home").locator("[data-action-id=form_new]").click()
        form = page.get_by_test_id("modal")
        await form.locator("[data-action-id=channel]").click()
        await page.get_by_test_id("picker").get_by_text("#marketing-ops").click()
        await form.locator("[data-action-id=selector]").click()
        await page.get_by_role("combobox", name="Search the options").fill("users")
        await page.get_by_test_id("picker").get_by_role("option", name="All named like").click()
        await form.get_by_role("heading").first.click()
        await page.mouse.move(0, 0)
        await form.screenshot(path=target, animations="disabled")
        await page.get_by_test_id("modal-close").click()


async def _digest(system: System, studio: Studio) -> None:
    """The digest that is due at the next full minute."""
    due = datetime.now(ZoneInfo(ZONE)) + timedelta(seconds=65)
    await system.type(f"digest daily {due:%H:%M}", MARKETING_OPS)
    await asyncio.sleep((due.replace(second=0) - datetime.now(ZoneInfo(ZONE))).total_seconds())
    before = {each["ts"] for each in system.messages(MARKETING_OPS)}
    digest = await system.seen(
        lambda each: not each["ephemeral"] and each["ts"] not in before and not each["thread_ts"],
        MARKETING_OPS,
    )
    await studio.message("digest", digest)


if __name__ == "__main__":
    to = Path(sys.argv[1]) if len(sys.argv) > 1 else None
    (to or SHOWN).mkdir(parents=True, exist_ok=True)
    asyncio.run(main(to))
