"""Slack's limits on the `data_visualization` block: line, bar, area and pie charts. Pure.

Source: docs.slack.dev/reference/block-kit/blocks/data-visualization-block.
"""

from cdi_bot.sandbox.control import Json
from cdi_bot.sandbox.slack.elements import Report

TITLE_MAX = 50
LABEL_MAX = 20
SERIES_MAX = 6
POINTS_MAX = 20


def check_data_visualization(report: Report, block: Json, at: str) -> None:
    """Check a chart: its title, its kind, and that every series has one value for each category."""
    if not report.keys(block, at, ("title", "chart"), ("block_id",)):
        return
    report.string(block["title"], f"{at}/title", TITLE_MAX)
    chart = block["chart"]
    if not isinstance(chart, dict):
        report.add("must provide an object", f"{at}/chart")
    elif chart.get("type") == "pie":
        if report.keys(chart, f"{at}/chart", ("segments",)):
            _check_points(report, chart["segments"], f"{at}/chart/segments", SERIES_MAX)
    elif chart.get("type") in ("line", "bar", "area"):
        if report.keys(chart, f"{at}/chart", ("series", "axis_config")):
            _check_series(report, chart, f"{at}/chart")
    else:
        report.add(f"unsupported type: {chart.get('type')}", f"{at}/chart/type")


def _check_series(report: Report, chart: Json, at: str) -> None:
    axis = chart["axis_config"]
    if not report.keys(axis, f"{at}/axis_config", ("categories",), ("x_label", "y_label")):
        return
    categories = report.array(axis["categories"], f"{at}/axis_config/categories", POINTS_MAX)
    for place, label in enumerate(categories):
        report.string(label, f"{at}/axis_config/categories/{place}", LABEL_MAX)
    for name in ("x_label", "y_label"):
        report.string(axis.get(name), f"{at}/axis_config/{name}", TITLE_MAX)
    names: set[object] = set()
    for place, series in enumerate(report.array(chart["series"], f"{at}/series", SERIES_MAX)):
        here = f"{at}/series/{place}"
        if not report.keys(series, here, ("name", "data")):
            continue
        report.string(series["name"], f"{here}/name", LABEL_MAX)
        if series["name"] in names:
            report.add(f"series name already exists: {series['name']}", f"{here}/name")
        names.add(series["name"])
        if _check_points(report, series["data"], f"{here}/data", POINTS_MAX) != categories:
            report.add("data labels must match the categories", f"{here}/data")


def _check_points(report: Report, points: object, at: str, most: int) -> list[object]:
    """Check labelled values. Returns their labels."""
    labels: list[object] = []
    for place, point in enumerate(report.array(points, at, most)):
        here = f"{at}/{place}"
        if report.keys(point, here, ("label", "value")):
            report.string(point["label"], f"{here}/label", LABEL_MAX)
            if isinstance(point["value"], bool) or not isinstance(point["value"], int | float):
                report.add("must provide a number", f"{here}/value")
            labels.append(point["label"])
    return labels
