"""The files of docs/operations and Containerfile: what other machines read of this project.

That the image can be built and works, `tests/e2e/test_container.py` shows.
"""

import re
import shutil
import subprocess
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest
import yaml

from cdi_bot.settings.environment import VARIABLES

ROOT = Path(__file__).parent.parent
CONTAINERFILE = (ROOT / "Containerfile").read_text(encoding="utf-8")
UNIT = (ROOT / "docs/operations/cdi-bot.service").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def deployment() -> dict[str, Any]:
    """The Kubernetes deployment."""
    text = (ROOT / "docs/operations/kubernetes.yaml").read_text(encoding="utf-8")
    (found,) = (each for each in yaml.safe_load_all(text) if each["kind"] == "Deployment")
    return dict(found)


def test_the_image_is_built_of_what_is_there() -> None:
    """Each thing that is copied exists, and .dockerignore lets it through, but nothing else."""
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    let_through = {line[1:] for line in ignored if line.startswith("!")}
    copied = set(re.findall(r"^COPY (\S+) ", CONTAINERFILE, re.MULTILINE))
    assert "*" in ignored
    assert copied == let_through
    assert [path for path in copied if not (ROOT / path).exists()] == []
    assert not any(fnmatch(".env", path) for path in let_through)


def test_the_image_sets_only_settings() -> None:
    """What is set in it is read, and its user is a number, as Kubernetes' runAsNonRoot wants it."""
    (told,) = re.findall(r"^ENV (.*)$", CONTAINERFILE, re.MULTILINE)
    assert {each.partition("=")[0] for each in told.split()} <= {"PYTHONPATH", *VARIABLES}
    assert re.search(r"^USER \d+:\d+$", CONTAINERFILE, re.MULTILINE)


def test_kubernetes_runs_one_with_sqlite(deployment: dict[str, Any]) -> None:
    """One replica, which ends before another begins, with the folder that the image starts in on a volume."""
    spec = deployment["spec"]
    assert (spec["replicas"], spec["strategy"]["type"]) == (1, "Recreate")
    assert spec["selector"]["matchLabels"] == spec["template"]["metadata"]["labels"]
    pod = spec["template"]["spec"]
    (container,) = pod["containers"]
    (mounted,) = container["volumeMounts"]
    assert f"\nWORKDIR {mounted['mountPath']}\n" in CONTAINERFILE
    assert [volume["name"] for volume in pod["volumes"]] == [mounted["name"]]


def test_kubernetes_gives_no_rights(deployment: dict[str, Any]) -> None:
    """The user of the image, who may read the volume, and nothing that needs root."""
    pod = deployment["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    user, group = re.findall(r"^USER (\d+):(\d+)$", CONTAINERFILE, re.MULTILINE)[0]
    context = pod["securityContext"]
    assert (context["runAsUser"], context["runAsGroup"], context["fsGroup"]) == (
        int(user),
        int(group),
        int(group),
    )
    assert context["runAsNonRoot"]
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }


def test_kubernetes_asks_whether_it_is_alive(deployment: dict[str, Any]) -> None:
    """Each probe asks `/healthz`: `/readyz` is red while Braze is away, which no restart helps."""
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    probes = [container[name]["httpGet"] for name in ("startupProbe", "livenessProbe", "readinessProbe")]
    (port,) = container["ports"]
    assert [(probe["path"], probe["port"]) for probe in probes] == [("/healthz", port["name"])] * 3
    assert f"\nEXPOSE {port['containerPort']}\n" in CONTAINERFILE


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="needs systemd-analyze")
def test_systemd_takes_the_unit(tmp_path: Path) -> None:
    """It knows every word and value; the program itself is not installed here."""
    unit = tmp_path / "cdi-bot.service"
    unit.write_text(re.sub(r"^ExecStart=\S+", "ExecStart=/bin/true", UNIT, flags=re.MULTILINE))
    done = subprocess.run(
        ["systemd-analyze", "verify", str(unit)], check=False, capture_output=True, text=True, timeout=30
    )
    assert (done.returncode, done.stderr) == (0, "")
