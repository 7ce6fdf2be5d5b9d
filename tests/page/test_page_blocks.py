"""Block Kit and Slack's text formats on the demo page."""

from typing import Any

import pytest
from playwright.async_api import Page, expect

from cdi_bot.sandbox import Sandbox
from cdi_bot.sandbox.slack.model import Content
from tests.sandbox.slack_kit import ALERTS, plain, section

pytestmark = pytest.mark.asyncio(loop_scope="session")

Json = dict[str, Any]

# 2026-03-02 11:30:05 UTC, half past twelve in Berlin.
NOON = 1772451005


async def html(modules: Page, call: str, *arguments: object) -> str:
    """Return the HTML of what an exported function of the page gives: `mrkdwn.js:mrkdwn`."""
    module, name = call.split(":")
    script = """async ([module, name, given]) => {
        const box = document.createElement('div');
        box.append(...(await import(`/page/${module}`))[name](...given));
        return box.innerHTML;
    }"""
    shown: str = await modules.evaluate(script, [module, name, list(arguments)])
    return shown


async def text(modules: Page, call: str, *arguments: object) -> str:
    """Return the letters of what an exported function of the page gives."""
    shown: str = await modules.evaluate(
        "html => { const box = document.createElement('div'); box.innerHTML = html; return box.textContent; }",
        await html(modules, call, *arguments),
    )
    return shown


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("*bold* _it_ ~gone~", "<strong>bold</strong> <em>it</em> <s>gone</s>"),
        ("*bold _and it_*", "<strong>bold <em>and it</em></strong>"),
        ("2*3*4 and rows_failed_with_errors", "2*3*4 and rows_failed_with_errors"),
        ("* not bold * at all", "* not bold * at all"),
        ("`a *b* &lt;c`", '<code class="code">a *b* &lt;c</code>'),
        ("one\ntwo", "one<br>two"),
        ("&gt; said\n&gt; more\nthen", '<blockquote class="quote">said<br>more</blockquote>then'),
        ("```a\nb```", '<pre class="pre"><code>a\nb</code></pre>'),
        ("&lt;b&gt; &amp;amp;", "&lt;b&gt; &amp;amp;"),
        ("<b>", "<span>b</span>"),
        ("<!here>", '<span class="mention mention-broadcast">@here</span>'),
        ("<mailto:a@b.example|write>", "write"),
        (":no_such_thing: 12:30:45", ":no_such_thing: 12:30:45"),
        ("<javascript:alert(1)|go>", "<span>go</span>"),
        ("<data:text/html,x>", "<span>data:text/html,x</span>"),
    ],
)
async def test_mrkdwn(modules: Page, written: str, shown: str) -> None:
    """Mrkdwn becomes the elements Slack shows, and nothing else of it is markup."""
    assert await html(modules, "mrkdwn.js:mrkdwn", written) == shown


async def test_links(modules: Page) -> None:
    """Links open beside the page and cannot reach back into it; bare addresses are links without the full stop."""
    labelled = await html(modules, "mrkdwn.js:mrkdwn", "<https://x.example/?a=1&amp;b=2|the *log*>")
    attributes = 'href="https://x.example/?a=1&amp;b=2" target="_blank" rel="noopener noreferrer"'
    assert labelled == f"<a {attributes}>the <strong>log</strong></a>"
    assert '<a href="https://x.example/a_b"' in await html(
        modules, "mrkdwn.js:mrkdwn", "see https://x.example/a_b."
    )


async def test_mentions_and_signs(modules: Page) -> None:
    """People and channels are shown by name, shortcodes as signs with a name for those who can't see them."""
    written = "<@U0MARA0001> in <#C0ALERTS01> <#C9|old-name> :red_circle: :warning:"
    assert (
        await text(modules, "mrkdwn.js:mrkdwn", written) == "@Mara Lindqvist in #data-alerts #old-name 🔴 ⚠️"
    )
    assert 'aria-label="large green circle"' in await html(
        modules, "mrkdwn.js:mrkdwn", ":large_green_circle:"
    )


@pytest.mark.parametrize(
    ("form", "shown"),
    [
        ("{date_num} {time}", "2026-03-02 12:30 PM"),
        ("{date_slash}", "03/02/2026"),
        ("{time_secs}", "12:30:05 PM"),
        ("{date} or {date_short}", "March 2nd or Mar 2"),
        ("{date_long}", "Monday, March 2nd"),
        ("since {date_short_pretty} {time}", "Since today 12:30 PM"),
        ("{no_such}", None),
    ],
)
async def test_date_formats(modules: Page, form: str, shown: str | None) -> None:
    """Dates are written in the acting person's zone; an unknown token makes the fallback stand."""
    script = """async ([epoch, form]) => {
        const anHourLater = new Date((epoch + 3600) * 1000);
        return (await import('/page/dates.js')).formatDate(epoch, form, anHourLater);
    }"""
    assert await modules.evaluate(script, [NOON, form]) == shown


async def test_date_tokens(modules: Page) -> None:
    """A date token in a text becomes a time with the moment in it, or its fallback."""
    shown = await html(modules, "mrkdwn.js:mrkdwn", f"<!date^{NOON}^{{date_num}} {{time}}|a Monday>")
    assert 'datetime="2026-03-02T11:30:05.000Z"' in shown
    assert ">2026-03-02 12:30 PM</time>" in shown
    assert await html(modules, "mrkdwn.js:mrkdwn", "<!date^x^{time}|a Monday>") == "a Monday"


def series(*values: float) -> Json:
    """Return a series of a chart."""
    return {
        "name": "Rows",
        "data": [{"label": f"run {at}", "value": value} for at, value in enumerate(values)],
    }


def picture(kind: str) -> Json:
    """Return a data_visualization block."""
    chart: Json = {
        "type": kind,
        "series": [series(3, 0, 12)],
        "axis_config": {"categories": ["run 0", "run 1", "run 2"]},
    }
    return {"type": "data_visualization", "title": f"As {kind}", "chart": chart}


def cell(words: str) -> Json:
    """Return a cell of a table."""
    return {"type": "raw_text", "text": words}


async def test_every_block(sandbox: Sandbox, page: Page) -> None:
    """Each block type of a message is drawn, in its order, and none as unknown."""
    date = {"type": "date", "timestamp": NOON, "format": "{time}", "fallback": "noon"}
    rich = {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": [date]}]}
    blocks: list[Json] = [
        {"type": "header", "text": plain("Users failed :red_circle:")},
        section("*Error*") | {"fields": [plain("Rows"), {"type": "mrkdwn", "text": "*12*"}]},
        {"type": "divider"},
        {"type": "context", "elements": [{"type": "mrkdwn", "text": "as of `now`"}]},
        {
            "type": "table",
            "rows": [[cell("Run"), cell("Rows")], [rich, cell("12")]],
            "column_settings": [{}, {"align": "right"}],
        },
        picture("bar"),
    ]
    sandbox.slack.post(ALERTS, Content(text="Users failed", blocks=tuple(blocks)))
    shown = page.get_by_test_id("message")
    await expect(shown.locator(".block")).to_have_count(len(blocks))
    drawn = await shown.locator(".block").evaluate_all("all => all.map((one) => one.dataset.blockType)")
    assert drawn == [block["type"] for block in blocks]
    await expect(shown.locator(".unknown")).to_have_count(0)
    await expect(shown.locator(".block-heading")).to_have_text("Users failed 🔴")
    await expect(shown.locator(".field")).to_have_text(["Rows", "12"])
    await expect(shown.locator(".block-table td time")).to_have_text("12:30 PM")
    await expect(shown.locator(".block-table td.align-right")).to_have_text("12")


async def test_charts(sandbox: Sandbox, page: Page) -> None:
    """A chart is an SVG with one mark a value, and tells its numbers to those who can't see it."""
    for kind, marks, count in (
        ("line", ".dot", 3),
        ("bar", ".bar", 3),
    ):
        sandbox.slack.post(ALERTS, Content(text="x", blocks=(picture(kind),)))
        chart = page.locator(f"[data-chart={kind}]")
        await expect(chart.locator(f"svg {marks}")).to_have_count(count)
        label = await chart.get_by_role("img").get_attribute("aria-label")
        assert label is not None
        assert f"As {kind} ({kind} chart)" in label
        assert "Rows: run 0: 3, run 1: 0, run 2: 12" in label


async def test_unknown_block(sandbox: Sandbox, page: Page) -> None:
    """A block of a type that the page does not know is named, and the rest of the message stands."""
    sandbox.slack.post(ALERTS, Content(text="x", blocks=({"type": "novelty"}, section("the rest"))))
    await expect(page.locator(".unknown")).to_contain_text("novelty")
    await expect(page.get_by_test_id("message")).to_contain_text("the rest")


async def test_attachment(sandbox: Sandbox, page: Page) -> None:
    """Attachments show their blocks beside a bar of their colour; a colour that is none is left out."""
    attachments = (
        {"color": "#e01e5a", "blocks": [section("inside")]},
        {"color": "red;x", "blocks": [section("plain")]},
    )
    sandbox.slack.post(ALERTS, Content(text="", attachments=attachments))
    shown = page.locator(".attachment")
    await expect(shown).to_have_text(["inside", "plain"])
    assert await shown.evaluate_all("all => all.map((one) => one.style.getPropertyValue('--bar'))") == [
        "#e01e5a",
        "",
    ]
