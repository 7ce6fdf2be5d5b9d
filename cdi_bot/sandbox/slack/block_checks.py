"""Slack's own checks of blocks and views, with the words it refuses them with. Pure.

Numbers come from docs.slack.dev/reference/block-kit/blocks and /reference/views; the wording of the messages
from answers that people have published.
"""

from collections.abc import Callable

from cdi_bot.sandbox.control import Json
from cdi_bot.sandbox.slack.charts import check_data_visualization
from cdi_bot.sandbox.slack.elements import (
    ID_MAX,
    IN_ACTIONS,
    IN_CONTEXT,
    IN_INPUT,
    IN_SECTION,
    OPTIONS_MAX,
    Problem,
    Report,
    check_element,
    check_image,
    check_option,
)
from cdi_bot.sandbox.slack.tables import check_data_table, check_table

MESSAGE_BLOCKS = 50
VIEW_BLOCKS = 100
MARKDOWN_MAX = 12_000


def message_problems(blocks: object, *, at: str = "/blocks", in_attachment: bool = False) -> list[Problem]:
    """Return what Slack would refuse in a message's blocks; nothing when all is well."""
    report = Report()
    listed = report.array(blocks, at, MESSAGE_BLOCKS, least=0)
    if report.problems:
        return report.problems
    _check_blocks(report, listed, at, forbidden=frozenset({"alert"}))
    kinds = [block.get("type") for block in listed if isinstance(block, dict)]
    if kinds.count("table") > 1:
        report.add("only_one_table_allowed", at)
    if kinds.count("data_visualization") > 2:
        report.add("no more than 2 data_visualization blocks allowed", at)
    said = sum(
        len(str(block.get("text", "")))
        for block in listed
        if isinstance(block, dict) and block.get("type") == "markdown"
    )
    if said > MARKDOWN_MAX:
        report.add(f"markdown text must be less than {MARKDOWN_MAX + 1} characters", at)
    if in_attachment and "markdown" in kinds:
        report.add("unsupported type: markdown", at)
    return report.problems


def view_problems(view: Json) -> list[Problem]:
    """Return what Slack would refuse in a modal or Home tab; nothing when all is well."""
    report = Report()
    kind = view.get("type")
    if kind not in ("modal", "home"):
        report.add(f"unsupported type: {kind}", "/view/type")
        return report.problems
    common = ("private_metadata", "callback_id", "external_id", "title", "close", "submit")
    modal_only = ("clear_on_close", "notify_on_close", "submit_disabled")
    required = ("blocks", "title") if kind == "modal" else ("blocks",)
    report.keys(view, "/view", required, (*common, *modal_only))
    for name in ("title", "submit", "close"):
        report.text(view.get(name), f"/view/{name}", 24, plain=True)
        if kind == "home" and name != "title" and view.get(name) is not None:
            report.add(f"invalid additional property: {name}", "/view")
    report.string(view.get("private_metadata"), "/view/private_metadata", 3_000, least=0)
    report.string(view.get("callback_id"), "/view/callback_id", ID_MAX, least=0)
    report.string(view.get("external_id"), "/view/external_id", ID_MAX, least=0)
    if view.get("blocks") is not None:
        blocks = report.array(view["blocks"], "/view/blocks", VIEW_BLOCKS, least=0)
        only_modal = frozenset() if kind == "modal" else frozenset({"alert"})
        _check_blocks(report, blocks, "/view/blocks", forbidden=only_modal | {"markdown", "table"})
        inputs = any(isinstance(block, dict) and block.get("type") == "input" for block in blocks)
        if kind == "modal" and inputs and view.get("submit") is None:
            report.add("missing required field: submit", "/view")
    return report.problems


def options_problems(answer: Json) -> list[Problem]:
    """Return what Slack would refuse in an app's answer to a block_suggestion."""
    report = Report()
    if "option_groups" in answer:
        groups = report.array(answer["option_groups"], "/option_groups", OPTIONS_MAX, least=0)
        lists = [
            (f"/option_groups/{place}/options", group.get("options"))
            for place, group in enumerate(groups)
            if isinstance(group, dict)
        ]
    else:
        lists = [("/options", answer.get("options"))]
    for at, options in lists:
        for place, option in enumerate(report.array(options, at, OPTIONS_MAX, least=0)):
            check_option(report, option, f"{at}/{place}", plain=True)
    return report.problems


def _check_blocks(report: Report, blocks: list[object], at: str, *, forbidden: frozenset[str]) -> None:
    seen: set[object] = set()
    for place, block in enumerate(blocks):
        here = f"{at}/{place}"
        if not isinstance(block, dict):
            report.add("must provide an object", here)
            continue
        kind = block.get("type")
        check = None if kind in forbidden else _BLOCKS.get(str(kind))
        if check is None:
            report.add(f"unsupported type: {kind}", f"{here}/type")
            continue
        report.string(block.get("block_id"), f"{here}/block_id", ID_MAX)
        if block.get("block_id") is not None:
            if block["block_id"] in seen:
                report.add(f"`block_id` already exists: {block['block_id']}", f"{here}/block_id")
            seen.add(block["block_id"])
        check(report, block, here)


def _check_section(report: Report, block: Json, at: str) -> None:
    report.keys(block, at, (), ("block_id", "text", "fields", "accessory", "expand"))
    if block.get("text") is None and not block.get("fields"):
        report.add("missing required field: text", at)
    report.text(block.get("text"), f"{at}/text", 3_000)
    if block.get("fields") is not None:
        for place, item in enumerate(report.array(block["fields"], f"{at}/fields", 10)):
            report.text(item, f"{at}/fields/{place}", 2_000)
    if block.get("accessory") is not None:
        check_element(report, block["accessory"], f"{at}/accessory", IN_SECTION)


def _check_header(report: Report, block: Json, at: str) -> None:
    report.keys(block, at, ("text",), ("block_id",))
    report.text(block.get("text"), f"{at}/text", 150, plain=True)


def _check_divider(report: Report, block: Json, at: str) -> None:
    report.keys(block, at, (), ("block_id",))


def _check_image_block(report: Report, block: Json, at: str) -> None:
    report.keys(block, at, ("alt_text",), ("block_id", "image_url", "slack_file", "title"))
    check_image(report, block, at)
    report.text(block.get("title"), f"{at}/title", 2_000, plain=True)


def _check_context(report: Report, block: Json, at: str) -> None:
    if report.keys(block, at, ("elements",), ("block_id",)):
        for place, element in enumerate(report.array(block["elements"], f"{at}/elements", 10)):
            check_element(report, element, f"{at}/elements/{place}", IN_CONTEXT)


def _check_actions(report: Report, block: Json, at: str) -> None:
    if not report.keys(block, at, ("elements",), ("block_id",)):
        return
    seen: set[object] = set()
    for place, element in enumerate(report.array(block["elements"], f"{at}/elements", 25)):
        here = f"{at}/elements/{place}"
        check_element(report, element, here, IN_ACTIONS)
        action_id = element.get("action_id") if isinstance(element, dict) else None
        if action_id is not None:
            if action_id in seen:
                report.add(f"`action_id` already exists: {action_id}", f"{here}/action_id")
            seen.add(action_id)


def _check_input(report: Report, block: Json, at: str) -> None:
    optional = ("block_id", "hint", "optional", "dispatch_action")
    if report.keys(block, at, ("label", "element"), optional):
        report.text(block["label"], f"{at}/label", 2_000, plain=True)
        check_element(report, block["element"], f"{at}/element", IN_INPUT)
    report.text(block.get("hint"), f"{at}/hint", 2_000, plain=True)


def _check_markdown(report: Report, block: Json, at: str) -> None:
    report.keys(block, at, ("text",), ("block_id",))
    report.string(block.get("text"), f"{at}/text", MARKDOWN_MAX)


def _check_rich_text(report: Report, block: Json, at: str) -> None:
    if report.keys(block, at, ("elements",), ("block_id",)):
        allowed = ("rich_text_section", "rich_text_list", "rich_text_preformatted", "rich_text_quote")
        for place, element in enumerate(report.array(block["elements"], f"{at}/elements", 1_000)):
            kind = element.get("type") if isinstance(element, dict) else None
            if kind not in allowed:
                report.add(f"unsupported type: {kind}", f"{at}/elements/{place}/type")


def _check_alert(report: Report, block: Json, at: str) -> None:
    report.keys(block, at, ("text",), ("block_id", "level"))
    report.text(block.get("text"), f"{at}/text", 200)
    report.chosen(block.get("level"), f"{at}/level", ("default", "info", "warning", "error", "success"))


def _check_card(report: Report, block: Json, at: str) -> None:
    content = ("hero_image", "icon", "title", "subtitle", "body", "subtext", "actions")
    report.keys(block, at, (), ("block_id", *content))
    if not any(block.get(name) for name in ("hero_image", "title", "body", "actions")):
        report.add("must provide one of: hero_image, title, body, actions", at)
    for name, most in (("title", 150), ("subtitle", 150), ("body", 200), ("subtext", 200)):
        report.text(block.get(name), f"{at}/{name}", most)
    for place, element in enumerate(report.array(block.get("actions") or [], f"{at}/actions", 3, least=0)):
        check_element(report, element, f"{at}/actions/{place}", frozenset({"button"}))


_BLOCKS: dict[str, Callable[[Report, Json, str], None]] = {
    "actions": _check_actions,
    "alert": _check_alert,
    "card": _check_card,
    "context": _check_context,
    "data_table": check_data_table,
    "data_visualization": check_data_visualization,
    "divider": _check_divider,
    "header": _check_header,
    "image": _check_image_block,
    "input": _check_input,
    "markdown": _check_markdown,
    "rich_text": _check_rich_text,
    "section": _check_section,
    "table": check_table,
}
