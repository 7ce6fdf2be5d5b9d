"""Modals and the App Home tab on the demo page."""

from collections.abc import Awaitable
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Locator, Page, expect
from slack_sdk.web.async_client import AsyncWebClient

from cdi_bot.sandbox import Sandbox
from cdi_bot.sandbox.slack.model import Content
from tests.page.conftest import App
from tests.sandbox.slack_kit import ALERTS, MARA, OPS, actions, button, modal, plain, section

pytestmark = pytest.mark.asyncio(loop_scope="session")

Json = dict[str, Any]


def field(block_id: str, element: Json, **more: object) -> Json:
    """Return an input block whose element has the block's own name."""
    return {
        "type": "input",
        "block_id": block_id,
        "label": plain(block_id),
        "element": element | {"action_id": block_id},
        **more,
    }


def options(*words: str) -> list[Json]:
    """Return options."""
    return [{"text": plain(one), "value": one} for one in words]


@pytest_asyncio.fixture(loop_scope="session")
async def client(sandbox: Sandbox) -> AsyncWebClient:
    """Return slack_sdk's client with the bot's token."""
    return AsyncWebClient(token=sandbox.slack_bot_token, base_url=sandbox.url + "/api/", retry_handlers=[])


async def opened(sandbox: Sandbox, app: App, page: Page, client: AsyncWebClient, view: Json) -> None:
    """Press a button and answer it with a modal."""
    sandbox.slack.post(ALERTS, Content(text="x", blocks=(actions(button("form")),)))
    await page.locator("[data-action-id=form]").click()
    await client.views_open(trigger_id=(await app.heard())["trigger_id"], view=view)
    await expect(page.get_by_test_id("modal")).to_be_visible()


async def test_submit(sandbox: Sandbox, app: App, page: Page, client: AsyncWebClient) -> None:
    """Every kind of field reaches the app in Slack's own shape, untouched ones with what they began with."""
    view = modal(
        field("name", {"type": "plain_text_input"}),
        field("count", {"type": "number_input", "is_decimal_allowed": False}, optional=True),
        field("one", {"type": "static_select", "options": options("a", "b")}),
        field(
            "some",
            {
                "type": "checkboxes",
                "options": options("error", "partial"),
                "initial_options": options("error"),
            },
        ),
        field("who", {"type": "multi_users_select"}),
        field("at", {"type": "timepicker", "initial_time": "09:00"}),
        callback_id="subscribe",
    )
    await opened(sandbox, app, page, client, view)
    await page.locator("[data-action-id=name]").fill("Users*")
    await page.locator("[data-action-id=one]").click()
    await page.get_by_role("option", name="b", exact=True).click()
    await page.get_by_label("partial").check()
    await page.locator("[data-action-id=who]").click()
    await page.get_by_role("option", name="Priya Raman").click()
    await page.get_by_test_id("modal-submit").click()
    sent = await app.heard()
    assert sent["type"] == "view_submission"
    assert sent["view"]["callback_id"] == "subscribe"
    values = sent["view"]["state"]["values"]
    assert values["name"]["name"] == {"type": "plain_text_input", "value": "Users*"}
    assert values["count"]["count"] == {"type": "number_input", "value": None}
    assert values["one"]["one"]["selected_option"]["value"] == "b"
    assert [one["value"] for one in values["some"]["some"]["selected_options"]] == ["error", "partial"]
    assert values["who"]["who"]["selected_users"] == ["U0PRIYA001"]
    assert values["at"]["at"] == {"type": "timepicker", "selected_time": "09:00"}
    await expect(page.get_by_test_id("modal")).to_have_count(0)


async def test_errors_at_the_field(sandbox: Sandbox, app: App, page: Page, client: AsyncWebClient) -> None:
    """Errors stand at their field, tied to it, and what was typed stays; a missing required field is never sent."""
    await opened(
        sandbox,
        app,
        page,
        client,
        modal(
            field("name", {"type": "plain_text_input"}),
            field("note", {"type": "plain_text_input"}, optional=True),
        ),
    )
    await page.get_by_test_id("modal-submit").click()
    await expect(page.locator("[data-input=name] .input-error")).to_have_text(
        "Please complete this required field."
    )
    app.answers["view_submission"] = {"response_action": "errors", "errors": {"name": "No such integration."}}
    await page.locator("[data-action-id=name]").fill("Nothing")
    await page.get_by_test_id("modal-submit").click()
    assert (await app.heard())["type"] == "view_submission"
    typed = page.locator("[data-action-id=name]")
    await expect(page.locator("[data-input=name] .input-error")).to_have_text("No such integration.")
    await expect(typed).to_have_attribute("aria-invalid", "true")
    await expect(typed).to_have_accessible_description("No such integration.")
    await expect(typed).to_have_value("Nothing")
    await expect(page.locator("[data-input=note] .input-error")).to_be_hidden()


async def test_search_as_you_type(sandbox: Sandbox, app: App, page: Page, client: AsyncWebClient) -> None:
    """An external select asks the app for its options with what was typed."""
    app.answers["block_suggestion"] = {"options": options("Users – nightly", "Users – hourly")}
    await opened(
        sandbox, app, page, client, modal(field("pick", {"type": "external_select", "min_query_length": 2}))
    )
    await page.locator("[data-action-id=pick]").click()
    await page.get_by_role("combobox", name="Search the options").fill("us")
    asked = await app.heard()
    assert (asked["type"], asked["action_id"], asked["value"]) == ("block_suggestion", "pick", "us")
    await page.get_by_role("option", name="Users – hourly").click()
    await expect(page.locator("[data-action-id=pick]")).to_have_text("Users – hourly")
    await page.get_by_test_id("modal-submit").click()
    sent = await app.heard()
    assert sent["view"]["state"]["values"]["pick"]["pick"]["selected_option"]["value"] == "Users – hourly"


async def test_update_and_close(sandbox: Sandbox, app: App, page: Page, client: AsyncWebClient) -> None:
    """An update keeps what was typed; Escape closes the form."""
    await opened(
        sandbox,
        app,
        page,
        client,
        modal(field("name", {"type": "plain_text_input"}), actions(button("more"))),
    )
    await page.locator("[data-action-id=name]").fill("kept")
    await page.locator(".modal [data-action-id=more]").click()
    pressed = await app.heard()
    changed = modal(section("updated"), field("name", {"type": "plain_text_input"}), actions(button("more")))
    await client.views_update(view_id=pressed["view"]["id"], view=changed)
    await expect(page.get_by_test_id("modal")).to_contain_text("updated")
    await expect(page.locator("[data-action-id=name]")).to_have_value("kept")
    await page.keyboard.press("Escape")
    await expect(page.get_by_test_id("modal")).to_have_count(0)
    assert sandbox.slack.views.modal(MARA) is None


async def test_typing_goes_on_through_an_update(
    sandbox: Sandbox, app: App, page: Page, client: AsyncWebClient
) -> None:
    """Where somebody types, the next letter comes after the last one, also in the middle of a word."""
    view = modal(field("name", {"type": "plain_text_input"}))
    await opened(sandbox, app, page, client, view)
    form, typed = page.get_by_test_id("modal"), page.locator("[data-action-id=name]")
    await typed.press_sequentially("ac")
    await page.keyboard.press("ArrowLeft")
    changed = {**view, "blocks": [section("news"), *view["blocks"]]}
    await client.views_update(view_id=await form.get_attribute("data-view-id"), view=changed)
    await expect(form).to_contain_text("news")
    await page.keyboard.press("b")
    await expect(typed).to_have_value("abc")


async def test_home(app: App, page: Page, client: AsyncWebClient) -> None:
    """Opening the app tells it so; the Home it publishes is shown to its person, and its buttons work."""
    await page.get_by_test_id("app").click()
    assert (await app.heard())["event"]["type"] == "app_home_opened"
    await expect(page.get_by_test_id("home")).to_contain_text("has not put up a Home")
    await client.views_publish(
        user_id=MARA, view={"type": "home", "blocks": [section("All is well"), actions(button("change"))]}
    )
    await expect(page.get_by_test_id("home")).to_contain_text("All is well")
    await page.locator("[data-action-id=change]").click()
    pressed = await app.heard()
    assert (pressed["actions"][0]["action_id"], pressed["view"]["type"]) == ("change", "home")
    await page.get_by_test_id("tab-messages").click()
    await expect(page.get_by_test_id("home")).to_be_hidden()


async def test_an_update_leaves_an_open_list_alone(
    sandbox: Sandbox, app: App, page: Page, client: AsyncWebClient
) -> None:
    """Somebody is choosing: the form shows its news when that is done, and what was chosen is kept."""
    view = modal(field("one", {"type": "static_select", "options": options("a", "b")}), callback_id="form")
    await opened(sandbox, app, page, client, view)
    modal_id = await page.get_by_test_id("modal").get_attribute("data-view-id")
    await page.locator("[data-action-id=one]").click()
    await client.views_update(view_id=modal_id, view={**view, "blocks": [section("news"), *view["blocks"]]})
    await page.get_by_test_id("picker").get_by_role("option", name="b", exact=True).click()
    await expect(page.get_by_test_id("modal")).to_contain_text("news")
    await expect(page.locator("[data-action-id=one]")).to_have_text("b")


async def held_while(sandbox: Sandbox, page: Page, shown: Locator, redraw: Awaitable[object]) -> None:
    """Press `shown`, let `redraw` happen and its news reach the page, and only then let go."""
    await shown.hover()
    await page.mouse.down()
    await redraw
    sandbox.slack.post(OPS, Content(text="later than the news"))
    await expect(page.locator(f"[data-testid=channel][data-channel={OPS}] .nav-count")).to_be_visible()
    await page.mouse.up()


async def test_a_press_survives_an_update_of_the_form(
    sandbox: Sandbox, app: App, page: Page, client: AsyncWebClient
) -> None:
    """A form that changes under a finger is drawn anew after the press, which reaches the app."""
    view = modal(actions(button("more")))
    await opened(sandbox, app, page, client, view)
    form = page.get_by_test_id("modal")
    view_id = await form.get_attribute("data-view-id")
    changed = client.views_update(
        view_id=view_id, view={**view, "blocks": [section("news"), *view["blocks"]]}
    )
    await held_while(sandbox, page, form.locator("[data-action-id=more]"), changed)
    assert (await app.heard())["actions"][0]["action_id"] == "more"
    await expect(form).to_contain_text("news")


async def test_a_form_closed_while_it_changes_stays_closed(
    sandbox: Sandbox, app: App, page: Page, client: AsyncWebClient
) -> None:
    """A press on its close button counts, whatever comes meanwhile."""
    view = modal(section("one"))
    await opened(sandbox, app, page, client, view)
    form = page.get_by_test_id("modal")
    changed = client.views_update(
        view_id=await form.get_attribute("data-view-id"), view={**view, "blocks": [section("two")]}
    )
    await held_while(sandbox, page, page.get_by_test_id("modal-x"), changed)
    await expect(form).to_have_count(0)
    await page.evaluate("new Promise((done) => setTimeout(done))")  # what was put off had its turn
    await expect(form).to_have_count(0)


async def test_a_press_survives_a_change_of_home_and_of_a_message(
    sandbox: Sandbox, app: App, page: Page, client: AsyncWebClient
) -> None:
    """The same holds for Home, and for a card in a channel."""
    message = sandbox.slack.post(ALERTS, Content(text="x", blocks=(actions(button("ack")),)))

    async def change() -> None:
        sandbox.slack.change(message, Content(text="x", blocks=(section("news"), actions(button("ack")))))

    await held_while(sandbox, page, page.locator("[data-action-id=ack]"), change())
    assert (await app.heard())["actions"][0]["action_id"] == "ack"
    await expect(page.get_by_test_id("message")).to_contain_text("news")

    await page.locator(f"[data-testid=channel][data-channel={OPS}]").click()
    await page.get_by_test_id("app").click()
    await app.heard()
    home: Json = {"type": "home", "blocks": [actions(button("change"))]}
    await client.views_publish(user_id=MARA, view=home)
    changed = client.views_publish(user_id=MARA, view={**home, "blocks": [section("news"), *home["blocks"]]})
    await held_while(sandbox, page, page.locator("[data-action-id=change]"), changed)
    assert (await app.heard())["actions"][0]["action_id"] == "change"
    await expect(page.get_by_test_id("home")).to_contain_text("news")
