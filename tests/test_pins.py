"""The pinned versions stand in three places; `.ci/pins.py check` finds where they disagree."""

from __future__ import annotations

import importlib.util
import re
import shutil
import sys
import tomllib
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parent.parent
FILES = (
    "pyproject.toml",
    ".ci/requirements.txt",
    ".ci/requirements-dev.txt",
    ".ci/requirements-build.txt",
    ".ci/requirements-audit.txt",
)


def load_pins() -> ModuleType:
    """Import the script: it lies in a folder that is no package."""
    spec = importlib.util.spec_from_file_location("pins", ROOT / ".ci/pins.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["pins"] = module
    spec.loader.exec_module(module)
    return module


pins = load_pins()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the files that must agree."""
    (tmp_path / ".ci").mkdir()
    for name in FILES:
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def edit(file: Path, pattern: str, replacement: str) -> None:
    """Replace one place of a file; a pattern that is not there is a fault of the test."""
    text, count = re.subn(pattern, replacement, file.read_text(encoding="utf-8"), count=1, flags=re.MULTILINE)
    assert count == 1, pattern
    file.write_text(text, encoding="utf-8")


def test_the_pins_of_this_project_agree() -> None:
    assert pins.problems_in(ROOT) == []


def test_check_says_so_when_all_agree(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert pins.main(["check", "--root", str(project)]) == 0
    assert capsys.readouterr().out.count("\n") == 1


@pytest.mark.parametrize(
    ("name", "pattern", "replacement", "sentence"),
    [
        ("pyproject.toml", r'^    "redis>=.*$', r'    "redis>=900,<901",', "redis is pinned at"),
        (
            "pyproject.toml",
            r'^    "redis>=.*$',
            r'    "left-pad>=1",',
            "left-pad is in pyproject.toml and not pinned",
        ),
        ("pyproject.toml", r'^    "redis>=.*$', "", "redis is pinned and not in pyproject.toml"),
        ("pyproject.toml", r'^    "redis==.*$', r'    "redis==0.1",', "redis==0.1 is not what"),
        ("pyproject.toml", r'^    "redis==.*$', "", "is missing"),
        ("pyproject.toml", r'^    "uv-build==.*$', "", "build-constraint-dependencies: uv-build=="),
        (
            "pyproject.toml",
            r'^requires = \["uv_build',
            r'requires = ["hatchling',
            "build backend hatchling is not",
        ),
        (".ci/requirements.txt", r"^redis==[\d.]+", "redis==8.0.0", "redis==8.0.0 is not the version that"),
        (
            ".ci/requirements-dev.txt",
            r"^pytest==\S+ \\\n(    --hash.*\n)+",
            r"pytest==9.0.0\n",
            "pytest has no hash",
        ),
        (".ci/requirements-dev.txt", r"^numpy==(\S+) ; .* \\$", r"numpy==\1 \\", "numpy=="),
    ],
)
def test_check_names_each_disagreement(
    project: Path,
    capsys: pytest.CaptureFixture[str],
    name: str,
    pattern: str,
    replacement: str,
    sentence: str,
) -> None:
    edit(project / name, pattern, replacement)
    assert pins.main(["check", "--root", str(project)]) == 1
    assert sentence in capsys.readouterr().out


@pytest.mark.parametrize("name", FILES[1:])
def test_check_names_a_file_that_is_missing(project: Path, name: str) -> None:
    (project / name).unlink()
    assert pins.problems_in(project) == [f"{name}: the file is missing"]


def test_a_fork_by_python_version_is_two_pins() -> None:
    """What differs between Python versions keeps its marker, or one of them could not be installed."""
    lines = ["numpy==2.4.6 ; python_full_version < '3.12' \\", "    --hash=sha256:aa", "numpy==2.5.5"]
    first, second = pins.read_pins("\n".join(lines))
    assert (first.requirement, first.hashes) == ("numpy==2.4.6 ; python_full_version < '3.12'", 1)
    assert (second.requirement, second.hashes) == ("numpy==2.5.5", 0)


@pytest.mark.parametrize(
    ("version", "specifier", "expected"),
    [
        ("2.10.0", ">=2.9,<3", True),
        ("3.0", ">=2.9,<3", False),
        ("2.9", ">=2.9.0", True),
        ("2.9", "==2.9.1", False),
        ("1.0", "", True),
    ],
)
def test_a_version_fits_within_its_bounds(version: str, specifier: str, *, expected: bool) -> None:
    assert pins.fits(version, specifier) is expected


def test_every_direct_dependency_has_a_lower_bound() -> None:
    """Without one an old version could come in where another package asks for it."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    stated = project["project"]["dependencies"] + [
        d for g in project["dependency-groups"].values() for d in g
    ]
    assert [requirement for requirement in stated if ">=" not in requirement] == []


def test_an_update_that_cannot_resolve_changes_nothing(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = {name: (project / name).read_bytes() for name in FILES}

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(pins, "resolve", fail)
    with pytest.raises(RuntimeError):
        pins.update(project, upgrade=False)
    assert {name: (project / name).read_bytes() for name in FILES} == before
