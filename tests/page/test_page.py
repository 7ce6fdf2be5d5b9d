"""The conversation on the demo page: what arrives there, and what a visitor does with it."""

import re
from datetime import UTC, datetime

import pytest
from playwright.async_api import Page, expect

from cdi_bot.core.commands.parser import WORDS
from cdi_bot.sandbox import Sandbox
from cdi_bot.sandbox.braze.integration import IntegrationConfig
from cdi_bot.sandbox.slack.model import Content, Rules
from tests.page.conftest import App
from tests.sandbox.slack_kit import ALERTS, KENJI, MARA, OPS, PRIVATE, actions, button, plain, section

pytestmark = pytest.mark.asyncio(loop_scope="session")

HOSTILE = '<img src=x onerror="window.hacked=1"><script>window.hacked=1</script>'


def said(text: str, *blocks: dict[str, object]) -> Content:
    """Return a message of the bot."""
    return Content(text=text, blocks=blocks)


async def test_messages_arrive_live(sandbox: Sandbox, page: Page) -> None:
    """A message posted while the page is open appears in its channel, with its author and the App badge."""
    sandbox.slack.post(ALERTS, said("Users failed"))
    message = page.get_by_test_id("messages").get_by_test_id("message")
    await expect(message).to_have_count(1)
    await expect(message).to_contain_text("Users failed")
    await expect(message.locator(".author")).to_have_text("cdi-bot")
    await expect(message.locator(".app-badge")).to_have_text("App")


async def test_messages_from_before(sandbox: Sandbox, page: Page) -> None:
    """What was said before the page was opened is there after a reload, in its order."""
    for words in ("first", "second", "third"):
        sandbox.slack.post(ALERTS, said(words))
    await page.reload()
    await expect(page.get_by_test_id("message").locator(".text")).to_have_text(["first", "second", "third"])


async def test_change_and_deletion(sandbox: Sandbox, page: Page) -> None:
    """An updated message shows its new words and that it was edited; a deleted one goes away."""
    message = sandbox.slack.post(ALERTS, said("Users failed"))
    message = sandbox.slack.change(message, said("Users is well again"))
    shown = page.get_by_test_id("message")
    await expect(shown).to_contain_text("Users is well again")
    await expect(shown.locator(".edited")).to_have_text("(edited)")
    sandbox.slack.delete(message)
    await expect(shown).to_have_count(0)


async def test_hostile_text(sandbox: Sandbox, page: Page) -> None:
    """Markup in texts, names, blocks and addresses is shown as letters and never run."""
    sandbox.slack.post(ALERTS, said(HOSTILE))
    sandbox.slack.post(ALERTS, said("x", section(HOSTILE), {"type": "header", "text": plain(HOSTILE)}))
    sandbox.slack.post(
        ALERTS,
        said(
            "<javascript:window.hacked=1|a link>",
        ),
    )
    sandbox.slack.post(ALERTS, said("x", actions(button(url="javascript:window.hacked=1"))))
    shown = page.get_by_test_id("message")
    await expect(shown).to_have_count(4)
    await expect(shown.nth(1)).to_contain_text("<script>")
    assert await page.locator(".message script, .message img, .message a").count() == 0
    assert await page.evaluate("window.hacked") is None


async def test_button_posts_an_action(sandbox: Sandbox, app: App, page: Page) -> None:
    """Pressing a button delivers block_actions to the app, with the value, the message and the person."""
    message = sandbox.slack.post(ALERTS, said("x", actions(button("ack", value="run-7"))))
    await page.locator("[data-action-id=ack]").click()
    payload = await app.heard()
    assert payload["type"] == "block_actions"
    assert payload["actions"][0]["action_id"] == "ack"
    assert payload["actions"][0]["value"] == "run-7"
    assert payload["container"]["message_ts"] == message.ts
    assert payload["user"]["id"] == MARA
    await expect(page.locator("[data-action-id=ack]")).not_to_have_attribute("aria-busy", "true")


async def test_button_waits(sandbox: Sandbox, app: App, page: Page) -> None:
    """A pressed button shows that it waits; where the app does not answer in time, the visitor is told."""
    sandbox.slack.rules = Rules(ack_seconds=0.5)
    app.silent = True
    sandbox.slack.post(ALERTS, said("x", actions(button("ack"))))
    pressed = page.locator("[data-action-id=ack]")
    await pressed.click()
    await expect(pressed).to_have_attribute("aria-busy", "true")
    await expect(page.locator(".notice")).to_contain_text("The app did not respond")
    await expect(pressed).not_to_have_attribute("aria-busy", "true")


async def test_confirmation(sandbox: Sandbox, app: App, page: Page) -> None:
    """A button with a question asks it first: a no sends nothing, a yes sends the action."""
    question = {
        "title": plain("Sync now?"),
        "text": plain("Starts at once."),
        "confirm": plain("Sync"),
        "deny": plain("Leave it"),
    }
    sandbox.slack.post(ALERTS, said("x", actions(button("sync", confirm=question), button("other"))))
    await page.locator("[data-action-id=sync]").click()
    await expect(page.get_by_test_id("confirm")).to_contain_text("Starts at once.")
    await page.keyboard.press("Escape")
    await page.locator("[data-action-id=other]").click()
    assert (await app.heard())["actions"][0]["action_id"] == "other"
    await page.locator("[data-action-id=sync]").click()
    await page.get_by_test_id("confirm-yes").click()
    assert (await app.heard())["actions"][0]["action_id"] == "sync"


async def test_menus(sandbox: Sandbox, app: App, page: Page) -> None:
    """Selects and overflow menus send the option chosen, by keyboard as well."""
    options = [{"text": plain(words), "value": words} for words in ("1 hour", "4 hours")]
    select = {
        "type": "static_select",
        "action_id": "snooze",
        "placeholder": plain("Snooze"),
        "options": options,
    }
    sandbox.slack.post(
        ALERTS, said("x", actions(select, {"type": "overflow", "action_id": "more", "options": options}))
    )
    await page.locator("[data-action-id=snooze]").click()
    await expect(page.get_by_role("listbox").get_by_role("option")).to_have_text(["1 hour", "4 hours"])
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Enter")
    assert (await app.heard())["actions"][0]["selected_option"]["value"] == "4 hours"
    await expect(page.locator("[data-action-id=snooze]")).to_have_text("4 hours")
    await page.locator("[data-action-id=more]").click()
    await page.get_by_role("menuitem", name="1 hour").click()
    assert (await app.heard())["actions"][0]["selected_option"]["value"] == "1 hour"


async def test_thread(sandbox: Sandbox, page: Page) -> None:
    """Replies are counted under their message and open at the side, where one can answer."""
    parent = sandbox.slack.post(ALERTS, said("Users failed"))
    sandbox.slack.post(ALERTS, said("Failed again"), thread_ts=parent.ts)
    sandbox.slack.post(ALERTS, said("Well again"), thread_ts=parent.ts, reply_broadcast=True)
    channel = page.get_by_test_id("messages").get_by_test_id("message")
    await expect(channel).to_have_count(2)
    await expect(channel.nth(1)).to_contain_text("replied to a thread: Users failed")
    await expect(page.get_by_test_id("thread-line")).to_contain_text("2 replies")
    await page.get_by_test_id("thread-line").click()
    thread = page.get_by_test_id("thread-messages").get_by_test_id("message")
    await expect(thread).to_have_count(3)
    await expect(thread.nth(2)).to_contain_text("Also sent to the channel")
    await page.get_by_test_id("thread-composer").fill("on it")
    await page.keyboard.press("Enter")
    await expect(thread.nth(3)).to_contain_text("on it")
    assert sandbox.slack.messages(ALERTS)[-1].thread_ts == parent.ts
    await page.get_by_test_id("thread-composer").fill("/cdi status")
    await page.keyboard.press("Enter")
    await expect(channel.last).to_contain_text("not supported in threads")
    await page.get_by_test_id("thread-close").click()
    await expect(page.get_by_test_id("thread")).to_be_hidden()


async def test_command(app: App, page: Page) -> None:
    """A typed command reaches the app with the channel, the person and the words; its time to acknowledge is shown."""
    await page.get_by_test_id("composer").fill("/cdi status Users")
    await page.keyboard.press("Enter")
    payload = await app.heard()
    assert (payload["command"], payload["text"]) == ("/cdi", "status Users")
    assert (payload["channel_id"], payload["user_id"]) == (ALERTS, MARA)
    await expect(page.get_by_test_id("composer-said")).to_have_text(
        re.compile(r"^/cdi answered Slack in [\d.]+ ms \(limit 3 s\)$")
    )
    await expect(page.get_by_test_id("composer")).to_have_value("")


async def test_command_unanswered(page: Page) -> None:
    """A command that no app answers is told to have failed, by Slack and to the person alone."""
    await page.get_by_test_id("composer").fill("/cdi status")
    await page.keyboard.press("Enter")
    await expect(page.get_by_test_id("message")).to_contain_text("Slackbot")
    await expect(page.get_by_test_id("message")).to_contain_text("the app did not respond")


async def test_command_completion(app: App, sandbox: Sandbox, page: Page) -> None:
    """Commands and names of integrations are offered while one types; the keyboard chooses them."""
    sandbox.braze.create(IntegrationConfig(integration_name="Users – nightly"))
    field, offered = (
        page.get_by_test_id("composer"),
        page.get_by_test_id("composer-suggestions").get_by_role("option"),
    )
    await field.fill("/cdi subs")
    await expect(offered).to_have_count(2)
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Enter")
    await expect(field).to_have_value("/cdi subscriptions")
    await field.fill("/cdi status users")
    await expect(offered).to_have_count(1)
    await page.keyboard.press("Tab")
    await expect(field).to_have_value("/cdi status Users – nightly")
    await page.keyboard.press("Enter")
    assert (await app.heard())["text"] == "status Users – nightly"


async def test_every_command_is_offered(page: Page) -> None:
    """What the bot understands after `/cdi` is what the page completes."""
    await page.get_by_test_id("composer").fill("/cdi ")
    offered = page.get_by_test_id("composer-suggestions").locator(".suggestion-label")
    await expect(offered.first).to_be_visible()
    assert set(await offered.all_inner_texts()) == {f"/cdi {word}" for word in WORDS}


async def test_message_as_another_person(sandbox: Sandbox, page: Page) -> None:
    """What is typed goes out as the person chosen, escaped as Slack's own client does it."""
    await page.get_by_test_id("person").first.click()
    await page.get_by_role("option", name="田中 健司").click()
    await page.get_by_test_id("composer").fill("rows < 5 & <b>")
    await page.keyboard.press("Enter")
    await expect(page.get_by_test_id("message")).to_contain_text("rows < 5 & <b>")
    message = sandbox.slack.messages(ALERTS)[-1]
    assert (message.author, message.content.text) == (KENJI, "rows &lt; 5 &amp; &lt;b&gt;")


async def test_times_of_the_person(sandbox: Sandbox, page: Page) -> None:
    """Times are those of the person one acts as, whose place and time of day stand beside the name."""
    at = int(datetime(2026, 3, 2, 11, 30, tzinfo=UTC).timestamp())
    sandbox.slack.post(ALERTS, said(f"since <!date^{at}^{{date_num}} {{time}}|noon>"))
    text, person = page.get_by_test_id("message").locator(".text"), page.get_by_test_id("person").first
    await expect(text).to_have_text("since 2026-03-02 12:30 PM")
    await expect(person.locator(".person-zone")).to_contain_text("in Stockholm")
    await person.click()
    await page.get_by_role("option", name="田中 健司").click()
    await expect(text).to_have_text("since 2026-03-02 8:30 PM")
    await expect(person.locator(".person-zone")).to_contain_text("in Tokyo")


async def test_ephemeral(sandbox: Sandbox, page: Page) -> None:
    """An ephemeral message is seen by its person only, says so, and can be dismissed."""
    sandbox.slack.post_ephemeral(ALERTS, KENJI, said("for Kenji"))
    sandbox.slack.post_ephemeral(ALERTS, MARA, said("for Mara"))
    shown = page.get_by_test_id("message")
    await expect(shown).to_have_count(1)
    await expect(shown).to_contain_text("for Mara")
    await expect(shown).to_contain_text("Only visible to you")
    await shown.get_by_role("button", name="Dismiss").click()
    await expect(shown).to_have_count(0)


async def test_unread(sandbox: Sandbox, page: Page) -> None:
    """News in another channel is counted in the sidebar until one looks."""
    sandbox.slack.post(OPS, said("one"))
    sandbox.slack.post(OPS, said("two"))
    channel = page.locator(f"[data-testid=channel][data-channel={OPS}]")
    await expect(channel.locator(".nav-count")).to_contain_text("2")
    await channel.click()
    await expect(page.get_by_test_id("message")).to_have_count(2)
    await expect(channel.locator(".nav-count")).to_have_count(0)


async def test_refusals_in_words(page: Page) -> None:
    """A channel the person is not in refuses their message, and the words are not lost."""
    await page.get_by_test_id("person").first.click()
    await page.get_by_role("option", name="Otto Brandt").click()
    await page.locator(f"[data-testid=channel][data-channel={PRIVATE}]").click()
    await page.get_by_test_id("composer").fill("hello")
    await page.keyboard.press("Enter")
    await expect(page.locator(".notice")).to_have_text("This person is not in that channel.")
    await expect(page.get_by_test_id("composer")).to_have_value("hello")


async def test_reading_is_not_disturbed(sandbox: Sandbox, page: Page) -> None:
    """News does not move a reader who scrolled up; a button leads to it."""
    for number in range(60):
        sandbox.slack.post(ALERTS, said(f"message {number}"))
    scroller = page.locator(".scroller").first
    await expect(page.get_by_test_id("message")).to_have_count(60)
    await expect(page.get_by_text("message 59")).to_be_in_viewport()
    await scroller.evaluate(
        "element => { element.scrollTop = 0; element.dispatchEvent(new Event('scroll')); }"
    )
    sandbox.slack.post(ALERTS, said("the newest"))
    await expect(page.locator(".missed")).to_be_visible()
    assert await scroller.evaluate("element => element.scrollTop") == 0
    await page.locator(".missed").click()
    await expect(page.get_by_text("the newest")).to_be_in_viewport()


async def test_stream_comes_back(sandbox: Sandbox, page: Page) -> None:
    """The page says when the sandbox is gone, and fills itself anew when it is back."""
    port = int(sandbox.url.rsplit(":", 1)[1])
    await sandbox.stop()
    await expect(page.get_by_test_id("bot-status")).to_contain_text("out of reach")
    sandbox.slack.post(ALERTS, said("said meanwhile"))
    await sandbox.start(port=port)
    await expect(page.get_by_test_id("message")).to_contain_text("said meanwhile")
    await expect(page.get_by_test_id("bot-status")).to_have_text("Bot not connected")
