"""What the repository holds: nothing secret or of one machine, and files for other tools that are true."""

from __future__ import annotations

import fnmatch
import importlib
import json
import re
import subprocess
from itertools import pairwise
from pathlib import Path

import pytest
from pydantic_settings import BaseSettings

ROOT = Path(__file__).resolve().parent.parent
LARGEST = 1_000_000
DOT, SLASH = ".", "/"

# Patterns and examples are written so that this file does not hold what it looks for.
FORBIDDEN = {
    "a package registry's host": re.compile(
        r"pypi[.]org|pythonhosted[.]org|npmjs[.](?:org|com)|deb[.]debian[.]org"
    ),
    "a path of somebody's machine": re.compile(r"(?<![\w.}~])/(?:work|farm|root|home/\w+|Users/\w+)/"),
    "a Slack token": re.compile(r"\bxox[abeprs]-\d{9,}-\d{9,}-\w{20,}|\bxapp-\d-[A-Z0-9]{9,}-\d{9,}-\w{32,}"),
    "a model vendor's key": re.compile(
        r"\bsk-(?:ant-api\d\d|proj|svcacct)-[\w-]{60,}|\bsk-[A-Za-z0-9]{48}\b"
    ),
    "a cloud or code host's key": re.compile(r"\bAKIA[0-9A-Z]{16}\b|\bgh[opsu]_\w{36}\b"),
    "a private key": re.compile(r"-{5}BEGIN (?:[A-Z]+ )*PRIVATE KEY-{5}"),
}
NEVER_TRACKED = re.compile(
    r"(?:^|/)(?:uv\.lock|\.env|\.firstline|\.venv|__pycache__|.*\.pyc|.*\.egg-info)(?:/|$)"
)


def tracked_files() -> list[str]:
    """List what git tracks, and what it would track with the next `git add`."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return sorted(name for name in listed.split("\0") if name and (ROOT / name).is_file())


def forbidden_in(text: str) -> list[str]:
    """Say, a line each, which forbidden things a text holds."""
    return [
        f"line {text.count(chr(10), 0, found.start()) + 1}: {what}: {found.group()[:30]}"
        for what, pattern in FORBIDDEN.items()
        for found in pattern.finditer(text)
    ]


def test_no_file_holds_what_must_not_be_published() -> None:
    found = {
        name: problems
        for name in tracked_files()
        if (problems := forbidden_in((ROOT / name).read_text(encoding="utf-8", errors="replace")))
    }
    assert found == {}


def test_nothing_generated_is_tracked() -> None:
    """uv.lock too: it names the registry that it was resolved from."""
    assert [name for name in tracked_files() if NEVER_TRACKED.search(name)] == []


def test_no_file_is_large() -> None:
    assert [name for name in tracked_files() if (ROOT / name).stat().st_size > LARGEST] == []


@pytest.mark.parametrize(
    "text",
    [
        f"index = https://pypi{DOT}org/simple",
        f"see https://files.pythonhosted{DOT}org/packages/x",
        f"open('{SLASH}home/ada/project/x')",
        f"cd {SLASH}work/x",
        f"xoxb-{'1' * 12}-{'2' * 12}-{'a' * 24}",
        f"sk-ant-api03-{'a' * 80}",
        f"AKIA{'A' * 16}",
        f"{'-' * 5}BEGIN RSA PRIVATE KEY{'-' * 5}",
    ],
)
def test_a_forbidden_thing_is_found(text: str) -> None:
    assert len(forbidden_in(f"first line\n{text}")) == 1


@pytest.mark.parametrize(
    "text", ["https://shop.example/work/hours", "~/root/x", "${HERE}/work/x", "xoxb-made-up", "sk-ant-test"]
)
def test_what_only_looks_like_it_is_left_alone(text: str) -> None:
    assert forbidden_in(text) == []


def test_the_image_installs_pinned_packages_with_hashes() -> None:
    """Every package in the image is pinned with a hash, or is this project itself."""
    installs = re.findall(r"pip(?: --python \S+)? install ([^&\n]+)", dockerfile())
    assert len(installs) == 3
    for options in installs:
        assert "--no-deps" in options
        assert "--require-hashes" in options or "--no-index" in options


def test_the_image_copies_what_exists_and_what_the_build_context_holds() -> None:
    """A pattern, such as that of the adopter's folder, may match nothing."""
    sources = {
        source
        for line in re.findall(r"^COPY (?!--from)(.+)$", dockerfile(), re.MULTILINE)
        for source in line.split()[:-1]
    }
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    context = {line[1:] for line in ignored if line.startswith("!")}
    assert [source for source in sources if "[" not in source and not (ROOT / source).exists()] == []
    assert {source for source in sources if not fnmatch.filter(context, source)} == set()
    assert {name for name in context if not any(fnmatch.fnmatch(name, source) for source in sources)} == set()


def test_the_image_runs_the_bot_as_somebody_without_rights() -> None:
    """No shell keeps SIGTERM to itself, and no entry point stands before a platform's `bot check`."""
    final = dockerfile().rpartition("\nFROM ")[2]
    assert "USER 10001:10001" in final
    assert "PYTHONUNBUFFERED=1" in final
    assert 'CMD ["bot", "serve"]' in final
    assert "ENTRYPOINT" not in final
    assert not re.search(r"\buv\b", final)


def dockerfile() -> str:
    """Return the Dockerfile with its continued lines joined."""
    return (ROOT / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", "")


def test_the_sample_environment_names_every_setting() -> None:
    """A variable that a settings module reads and the sample does not explain cannot be found."""
    settings = [
        value
        for path in sorted(ROOT.glob("*/settings.py"))
        for value in vars(importlib.import_module(f"{path.parent.name}.settings")).values()
        if isinstance(value, type) and issubclass(value, BaseSettings) and value is not BaseSettings
    ]
    read = {field.upper() for each in settings for field in each.model_fields}
    assert read
    assert read - set(sample_variables()) == set()


def test_the_sample_environment_explains_each_variable_and_sets_none() -> None:
    lines = (ROOT / ".env.sample").read_text(encoding="utf-8").splitlines()
    for before, line in pairwise(lines):
        if "=" in line and not line.startswith("#"):
            assert line.endswith("=")
            assert re.match(r"# \w|# `", before)
    assert len(sample_variables()) == len(set(sample_variables())) > 0


def sample_variables() -> list[str]:
    """List the variables of .env.sample in order."""
    text = (ROOT / ".env.sample").read_text(encoding="utf-8")
    return re.findall(r"^([A-Z_]+)=", text, re.MULTILINE)


def test_the_langgraph_tools_find_the_graph() -> None:
    """langgraph.json names a file and an object in it."""
    graphs = json.loads((ROOT / "langgraph.json").read_text(encoding="utf-8"))["graphs"]
    for address in graphs.values():
        path, _, name = address.partition(":")
        assert re.search(
            rf"^(?:async )?(?:def )?{name}\b", (ROOT / path).read_text(encoding="utf-8"), re.MULTILINE
        )


def test_the_workflow_runs_what_a_developer_runs() -> None:
    """One list of checks: the workflow only chooses the Python versions, and pins its actions to commits."""
    workflow = (ROOT / ".github/workflows/ci.yml").read_text(encoding="utf-8")
    assert re.findall(r"run: (.+)", workflow) == ["bash .ci/run"]
    assert re.findall(r"uses: \S+@(?![0-9a-f]{40} # v)\S+", workflow) == []
    assert '["3.11", "3.12", "3.13"]' in workflow
