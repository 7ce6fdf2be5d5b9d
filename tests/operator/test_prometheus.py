"""The alert rules and the dashboard of docs/operations: they speak of metrics that there are, and do what they say."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families as parsed

from cdi_bot.app import assemble
from cdi_bot.core.model.integration import Workspace
from cdi_bot.delivery.attempt import AttemptResult
from cdi_bot.monitoring.braze_port import BrazeReason, Endpoint
from cdi_bot.operator.metrics import Metrics
from cdi_bot.store import Store
from tests.databases import new_sqlite
from tests.rigs.adapters import bot_settings, reach, without_slack
from tests.store.samples import NOW
from tests.test_docs import headings

ROOT = Path(__file__).parents[2]
RULES = ROOT / "docs/operations/prometheus-rules.yaml"
TESTS = Path(__file__).parent / "prometheus-rules.test.yaml"
DASHBOARD = json.loads((ROOT / "docs/operations/grafana-dashboard.json").read_text(encoding="utf-8"))
ALERTS: list[dict[str, Any]] = yaml.safe_load(RULES.read_text(encoding="utf-8"))["groups"][0]["rules"]

OF_PROMETHEUS = ("job", "instance")
"""The labels that Prometheus adds to what it reads."""

needs_promtool = pytest.mark.skipif(not shutil.which("promtool"), reason="needs promtool")


def panel_queries() -> Iterator[str]:
    """Each query of the dashboard."""
    for panel in DASHBOARD["panels"]:
        yield from (target["expr"] for target in panel["targets"])


async def served(folder: Path) -> list[tuple[str, dict[str, str]]]:
    """Each series that `/metrics` has, with its labels, once everything has happened that is counted."""
    metrics = Metrics()
    store = await Store.open(new_sqlite(folder))
    one = Workspace(workspace_id=1, name="one", base_url="http://127.0.0.1:1", dashboard_url=None)
    braze = reach(one, "key")
    app = assemble(bot_settings(), without_slack(store, [(one, braze)], metrics), lambda: NOW)
    for reason in BrazeReason:
        metrics.of(one.name).asked(Endpoint.STATUS, reason)
    metrics.delivered(AttemptResult.POSTED)
    metrics.of(one.name).detected(timedelta(seconds=7))
    metrics.lagged(0.001)
    page = await metrics.page(None, NOW, app.workspaces)
    await braze.aclose()
    await store.close()
    return [(each.name, each.labels) for family in parsed(page.decode()) for each in family.samples]


@pytest.mark.parametrize("query", [*(alert["expr"] for alert in ALERTS), *panel_queries()])
async def test_each_query_finds_something_that_is_served(query: str, tmp_path: Path) -> None:
    """The metric, every label that is asked for, and the value that it has to have."""
    series = await served(tmp_path)
    for name, chosen in re.findall(r"\b(cdi_bot_\w+|process_\w+)(?:\{([^}]*)\})?", query):
        matchers = re.findall(r'(\w+)(=~|!=|=)"([^"]*)"', chosen)
        found = [labels for each, labels in series if each == name]
        for label, how, value in matchers:
            if label in OF_PROMETHEUS or "$" in value:
                found = [labels for labels in found if label in (*OF_PROMETHEUS, *labels)]
            elif how == "=~":
                assert set(value.split("|")) <= {labels.get(label) for labels in found}
            else:
                found = [labels for labels in found if (labels.get(label) == value) is (how == "=")]
        assert found, f"{name}{{{chosen}}}"
    known = {label for _, labels in series for label in labels}
    grouped = re.findall(r"\b(?:by|on|ignoring) \(([^)]*)\)", query)
    assert {label for each in grouped for label in each.split(", ")} <= {*OF_PROMETHEUS, *known}


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert["alert"])
def test_each_alert_says_what_to_do(alert: dict[str, Any]) -> None:
    """In a sentence, with the section of the documentation that says more; how bad it is decides who is woken."""
    assert alert["labels"]["severity"] in {"critical", "warning"}
    told = alert["annotations"]
    assert all(told[name].endswith(".") for name in ("summary", "description"))
    page, _, anchor = told["runbook_url"].partition("/blob/main/")[2].partition("#")
    assert anchor in headings(page)


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert["alert"])
def test_each_alert_is_tried(alert: dict[str, Any]) -> None:
    """By an example in which it fires, and one in which its trouble is over too soon."""
    tests = TESTS.read_text(encoding="utf-8")
    assert f'alertstate="firing", alertname="{alert["alert"]}"' in tests
    assert f'{{alertname="{alert["alert"]}"}}' in tests


@needs_promtool
def test_promtool_takes_the_rules_and_they_fire_as_told(tmp_path: Path) -> None:
    """Each fires when it should, and nothing else does."""
    for file in (RULES, TESTS):
        shutil.copy(file, tmp_path)
    promtool("check", "rules", str(tmp_path / RULES.name))
    promtool("test", "rules", str(tmp_path / TESTS.name))


@needs_promtool
def test_promtool_takes_the_dashboards_queries(tmp_path: Path) -> None:
    """With something chosen for each variable."""
    queries = [query.replace("$__rate_interval", "5m").replace("$", "") for query in panel_queries()]
    rules = [{"record": f"panel:{number}", "expr": query} for number, query in enumerate(queries)]
    file = tmp_path / "panels.yaml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": rules}]}), encoding="utf-8")
    promtool("check", "rules", str(file))


def promtool(*arguments: str) -> None:
    """Run promtool, which has to be content."""
    done = subprocess.run(["promtool", *arguments], check=False, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_dashboard_holds_together() -> None:
    """Every panel explains itself and has a place of its own, and every variable that is used is there."""
    panels = DASHBOARD["panels"]
    assert all(panel["title"] and panel["description"] for panel in panels)
    assert len({panel["id"] for panel in panels}) == len(panels)
    taken = [
        (x, y)
        for at in (panel["gridPos"] for panel in panels)
        for x in range(at["x"], at["x"] + at["w"])
        for y in range(at["y"], at["y"] + at["h"])
    ]
    assert len(taken) == len(set(taken))
    assert max(x for x, _ in taken) < 24
    variables = {each["name"] for each in DASHBOARD["templating"]["list"]}
    used = set(re.findall(r"\$\{?(\w+)", json.dumps(DASHBOARD))) - {"__rate_interval", "__all"}
    assert used == variables == {"datasource", "job", "instance", "workspace"}
