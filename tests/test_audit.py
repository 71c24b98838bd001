"""The supply chain: what is installed is pinned with hashes, looked up, and listed."""

from __future__ import annotations

import re
import stat
from pathlib import Path

from tests.evals.outputs.workflow import read_workflow

ROOT = Path(__file__).resolve().parent.parent
SCRIPT = ROOT / ".ci/audit"


def test_the_audit_runs_on_every_change_and_every_week() -> None:
    workflow = read_workflow(ROOT / ".github/workflows/audit.yml")
    assert {"push", "pull_request", "schedule"} <= set(workflow["on"])
    assert workflow["permissions"] == {"contents": "read"}
    assert [step["run"] for step in workflow["jobs"]["audit"]["steps"] if "run" in step] == ["bash .ci/audit"]


def test_its_actions_are_the_ones_that_the_others_use() -> None:
    used = re.findall(
        r"uses: (\S+@\S+) #", (ROOT / ".github/workflows/audit.yml").read_text(encoding="utf-8")
    )
    assert len(used) == 3
    others = "".join(
        (ROOT / f".github/workflows/{name}.yml").read_text(encoding="utf-8") for name in ("ci", "evals")
    )
    assert [action for action in used if action not in others] == []
    assert all(re.fullmatch(r"\S+@[0-9a-f]{40}", action) for action in used)


def test_the_list_is_kept_also_where_something_is_vulnerable() -> None:
    last = read_workflow(ROOT / ".github/workflows/audit.yml")["jobs"]["audit"]["steps"][-1]
    assert last["if"] == "always()"
    assert last["with"]["path"] in SCRIPT.read_text(encoding="utf-8")
    assert last["with"]["path"] in (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()


def test_the_audit_installs_by_hash_and_passes_over_nothing() -> None:
    text = SCRIPT.read_text(encoding="utf-8")
    assert SCRIPT.stat().st_mode & stat.S_IXUSR
    assert "set -euo pipefail" in text
    installs = re.findall(r"-m pip install (.+)", text)
    assert len(installs) == 1
    assert "--require-hashes -r .ci/requirements-audit.txt" in installs[0]
    audit = text.partition("/pip-audit")[2]
    assert "--strict" in audit
    assert "--require-hashes" in audit
    # What the image installs, and nothing else.
    assert "--requirement .ci/requirements.txt" in audit
    assert "--ignore-vuln" not in text


def test_the_tools_of_the_audit_are_pinned_apart_from_the_image() -> None:
    pinned = (ROOT / ".ci/requirements-audit.txt").read_text(encoding="utf-8")
    image = (ROOT / ".ci/requirements.txt").read_text(encoding="utf-8")
    for tool in ("pip-audit", "cyclonedx-bom"):
        assert re.search(rf"^{tool}==", pinned, re.MULTILINE)
        assert not re.search(rf"^{tool}==", image, re.MULTILINE)
