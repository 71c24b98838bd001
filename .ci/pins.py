# /// script
# requires-python = ">=3.11"
# dependencies = []
# ///
"""Keep the pinned versions in one state: the requirements files, and the constraints in pyproject.toml.

`update` resolves again and keeps every pin that still fits; `update --upgrade` takes the newest versions
that fit; `check` exits 1 with a sentence for each disagreement, and needs no network.
"""

from __future__ import annotations

import argparse
import operator
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parent.parent
UPDATE = "uv run .ci/pins.py update"
BLOCK = re.compile(r"(?<=# pins: begin\n).*?(?=# pins: end\n)", re.DOTALL)
PIN = re.compile(r"(?P<name>[\w.-]+)==(?P<version>[^\s;\\]+)(?: ; (?P<marker>[^\\]+?))?(?: \\)?")
REQUIREMENT = re.compile(r"(?P<name>[\w.-]+)(?:\[[^]]*])?(?P<specifier>[^;]*)")
CLAUSE = re.compile(r"(?P<operator>>=|<=|==|!=|>|<)\s*(?P<version>[\d.]+)")
COMPARE = {
    ">=": operator.ge,
    "<=": operator.le,
    "==": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,
    "<": operator.lt,
}


class Pin(NamedTuple):
    """One package at one version, on the platforms that its marker names."""

    name: str
    version: str
    marker: str
    hashes: int
    direct: bool

    @property
    def requirement(self) -> str:
        """The pin as a requirement, as constraint-dependencies states it."""
        return f"{self.name}=={self.version}" + (f" ; {self.marker}" if self.marker else "")


class Resolution(NamedTuple):
    """One requirements file and what of pyproject.toml goes into it."""

    path: str
    project: bool
    groups: tuple[str, ...]

    @property
    def sources(self) -> list[str]:
        """The arguments that name the file's direct dependencies to uv."""
        return (["pyproject.toml"] if self.project else []) + [f"--group={group}" for group in self.groups]


DEVELOPMENT = Resolution(".ci/requirements-dev.txt", project=True, groups=("dev", "lint"))
RUN_TIME = Resolution(".ci/requirements.txt", project=True, groups=())
BUILD = Resolution(".ci/requirements-build.txt", project=False, groups=("build",))
AUDIT = Resolution(".ci/requirements-audit.txt", project=False, groups=("audit",))


def normal(name: str) -> str:
    """Return a package's name as the requirements files spell it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def read_pins(text: str) -> list[Pin]:
    """Parse a requirements file as uv writes it: a pin, its hashes, then who asked for it."""
    pins: list[Pin] = []
    for line in text.splitlines():
        if found := PIN.fullmatch(line.rstrip()):
            pins.append(Pin(normal(found["name"]), found["version"], found["marker"] or "", 0, direct=False))
        elif line.lstrip().startswith("--hash=sha256:"):
            pins[-1] = pins[-1]._replace(hashes=pins[-1].hashes + 1)
        elif pins and "(pyproject.toml" in line:
            pins[-1] = pins[-1]._replace(direct=True)
    return pins


def pins_of(root: Path, resolution: Resolution) -> list[Pin]:
    """Read the pins of one requirements file under a folder."""
    return read_pins((root / resolution.path).read_text(encoding="utf-8"))


def named(requirement: str) -> tuple[str, str]:
    """Split a requirement into the package's name and what versions it allows."""
    found = REQUIREMENT.match(requirement)
    if found is None:
        raise SystemExit(f"pyproject.toml: {requirement!r} does not start with a package's name")
    return normal(found["name"]), found["specifier"]


def direct_requirements(project: dict[str, Any], resolution: Resolution) -> list[str]:
    """List the requirements that pyproject.toml itself states for one requirements file."""
    groups = project.get("dependency-groups", {})
    stated = list(project["project"].get("dependencies", [])) if resolution.project else []
    return stated + [requirement for group in resolution.groups for requirement in groups.get(group, [])]


def fits(version: str, specifier: str) -> bool:
    """Tell whether a version lies within a specifier; only final releases and plain bounds occur here."""

    def key(text: str) -> tuple[int, ...]:
        numbers = [int(number) for number in re.findall(r"\d+", text)]
        return tuple(numbers + [0] * (8 - len(numbers)))

    clauses = CLAUSE.finditer(specifier)
    return all(COMPARE[clause["operator"]](key(version), key(clause["version"])) for clause in clauses)


def constraint_block(development: list[Pin], build: list[Pin]) -> str:
    """Write the two lists of constraints that pyproject.toml holds between its marks."""

    def listed(key: str, pins: list[Pin]) -> str:
        rows = "".join(f'    "{pin.requirement}",\n' for pin in pins)
        return f"{key} = [\n{rows}]\n"

    lists = listed("constraint-dependencies", development), listed("build-constraint-dependencies", build)
    return "".join(lists)


def joined(development: list[Pin], audit: list[Pin]) -> list[Pin]:
    """Return the pins of both files, each once: uv resolves all groups together."""
    known = {pin.requirement for pin in development}
    return sorted([*development, *(pin for pin in audit if pin.requirement not in known)])


def file_problems(project: dict[str, Any], resolution: Resolution, pins: list[Pin]) -> list[str]:
    """Say where one requirements file differs from what pyproject.toml asks for."""
    problems = [f"{resolution.path}: {pin.name} has no hash" for pin in pins if not pin.hashes]
    stated: set[str] = set()
    for requirement in direct_requirements(project, resolution):
        name, specifier = named(requirement)
        stated.add(name)
        pinned = [pin for pin in pins if pin.name == name]
        if not pinned:
            problems.append(f"{resolution.path}: {name} is in pyproject.toml and not pinned")
        problems += [
            f"{resolution.path}: {name} is pinned at {pin.version}, pyproject.toml asks for {requirement}"
            for pin in pinned
            if not fits(pin.version, specifier)
        ]
    stale = sorted({pin.name for pin in pins if pin.direct} - stated)
    return problems + [f"{resolution.path}: {name} is pinned and not in pyproject.toml" for name in stale]


def constraint_problems(project: dict[str, Any], key: str, pins: list[Pin], path: str) -> list[str]:
    """Say where a list of constraints in pyproject.toml differs from a requirements file."""
    constraints = set(project.get("tool", {}).get("uv", {}).get(key, []))
    pinned = {pin.requirement for pin in pins}
    where = f"pyproject.toml, {key}"
    extra = [f"{where}: {each} is not what {path} pins" for each in sorted(constraints - pinned)]
    return extra + [f"{where}: {each} of {path} is missing" for each in sorted(pinned - constraints)]


def problems_in(root: Path) -> list[str]:
    """List, a sentence each, what disagrees among the requirements files and pyproject.toml."""
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    files = (RUN_TIME, DEVELOPMENT, BUILD, AUDIT)
    missing = [f"{each.path}: the file is missing" for each in files if not (root / each.path).is_file()]
    if missing:
        return missing
    run_time, development, build, audit = (pins_of(root, each) for each in files)
    problems = file_problems(project, RUN_TIME, run_time)
    problems += file_problems(project, DEVELOPMENT, development)
    problems += file_problems(project, BUILD, build)
    problems += file_problems(project, AUDIT, audit)
    tested = {(pin.name, pin.version) for pin in development}
    problems += [
        f"{RUN_TIME.path}: {pin.name}=={pin.version} is not the version that {DEVELOPMENT.path} pins"
        for pin in run_time
        if (pin.name, pin.version) not in tested
    ]
    pinned, where = joined(development, audit), f"{DEVELOPMENT.path} or {AUDIT.path}"
    problems += constraint_problems(project, "constraint-dependencies", pinned, where)
    problems += constraint_problems(project, "build-constraint-dependencies", build, BUILD.path)
    backend = {named(requirement)[0] for requirement in project["build-system"]["requires"]}
    missing_backend = sorted(backend - {pin.name for pin in build})
    return problems + [f"{BUILD.path}: the build backend {name} is not pinned" for name in missing_backend]


def resolve(folder: Path, resolution: Resolution, *, upgrade: bool) -> None:
    """Write one requirements file under a folder from its pyproject.toml, for every platform and Python."""
    command = ["uv", "pip", "compile", "--quiet", "--universal", "--generate-hashes", "--no-emit-index-url"]
    command += [
        "--python-version=3.11",
        f"--custom-compile-command={UPDATE}",
        f"--output-file={resolution.path}",
    ]
    command += ["--upgrade"] if upgrade else []
    subprocess.run([*command, *resolution.sources], cwd=folder, check=True, stdout=subprocess.DEVNULL)


def _without(text: str, pins: list[Pin]) -> str:
    """Return the pins of a requirements file, without hashes, that are not among these."""
    names = {pin.name for pin in pins}
    return "".join(f"{pin.requirement}\n" for pin in read_pins(text) if pin.name not in names)


def update(root: Path, *, upgrade: bool) -> None:
    """Resolve all requirements files and write the constraints; nothing changes when a resolution fails."""
    project_file = root / "pyproject.toml"
    text = project_file.read_text(encoding="utf-8")
    if not BLOCK.search(text):
        raise SystemExit(
            "pyproject.toml: the lines `# pins: begin` and `# pins: end` are missing under [tool.uv]"
        )
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / ".ci").mkdir()
        # Without the constraints: they would hold every version where it is.
        (folder / "pyproject.toml").write_text(BLOCK.sub("", text), encoding="utf-8")
        for each in (DEVELOPMENT, BUILD):
            if (root / each.path).is_file():
                shutil.copy(root / each.path, folder / each.path)
            resolve(folder, each, upgrade=upgrade)
        # uv keeps the versions that stand in its output file: what runs is what was tested.
        shutil.copy(folder / DEVELOPMENT.path, folder / RUN_TIME.path)
        resolve(folder, RUN_TIME, upgrade=False)
        if not upgrade and (root / AUDIT.path).is_file():
            old = (root / AUDIT.path).read_text(encoding="utf-8")
        else:
            old = ""
        seed = (folder / DEVELOPMENT.path).read_text(encoding="utf-8")
        (folder / AUDIT.path).write_text(seed + _without(old, read_pins(seed)), encoding="utf-8")
        resolve(folder, AUDIT, upgrade=False)
        for each in (DEVELOPMENT, BUILD, RUN_TIME, AUDIT):
            shutil.copy(folder / each.path, root / each.path)
    pinned = joined(pins_of(root, DEVELOPMENT), pins_of(root, AUDIT))
    block = constraint_block(pinned, pins_of(root, BUILD))
    project_file.write_text(BLOCK.sub(lambda _: block, text), encoding="utf-8")


def main(arguments: list[str] | None = None) -> int:
    """Run one command; 0 is fine, 1 means that something disagrees."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("command", choices=["update", "check"])
    parser.add_argument(
        "--upgrade", action="store_true", help="with update: take the newest versions that fit"
    )
    parser.add_argument("--root", type=Path, default=ROOT, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.command == "update":
        update(options.root, upgrade=options.upgrade)
    problems = problems_in(options.root)
    for problem in problems:
        print(problem)
    if problems:
        print(f"To mend it: {UPDATE}")
        return 1
    print("The requirements files, the constraints and the direct dependencies agree.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
