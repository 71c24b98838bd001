"""A workflow's job, step by step as GitHub runs it: the `run:` scripts under bash, expressions filled in."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

EXPRESSION = re.compile(r"\$\{\{\s*(.+?)\s*}}")
BASH = ("bash", "--noprofile", "--norc", "-eo", "pipefail")
"""What `shell: bash` is."""
RUNS_AFTER_A_FAULT = ("always()", "!cancelled()")
WAIT_S = 240.0


@dataclass(frozen=True, slots=True)
class Step:
    """A step that was run."""

    name: str
    code: int
    out: str
    """Both outputs."""


@dataclass(slots=True)
class Runner:
    """Where the steps of a workflow run, and what its expressions come to."""

    file: Path
    folder: Path
    """The workspace."""
    env: Mapping[str, str]
    """The runner's own environment, without anything of a job."""
    expressions: Mapping[str, str]
    """Text between the braces -> value; any other is a fault of the test."""
    skip: tuple[str, ...] = ()
    """Names of steps that cannot be run here."""
    ran: list[Step] = field(default_factory=list)

    async def job(self, name: str) -> list[Step]:
        """Run a job; after a fault only the steps go on whose `if:` says so, as on GitHub."""
        workflow = read_workflow(self.file)
        job = workflow["jobs"][name]
        env = {**self.env, **self._filled(workflow.get("env")), **self._filled(job.get("env"))}
        self.ran, failed = [], False
        for step in job["steps"]:
            told = step.get("name") or step.get("run", "")
            if (
                "run" not in step
                or told in self.skip
                or not self._wanted(step.get("if", ""), env, failed=failed)
            ):
                continue
            done = await self._run(told, step["run"], {**env, **self._filled(step.get("env"))})
            self.ran.append(done)
            failed = failed or done.code != 0
        return self.ran

    def _wanted(self, condition: str, env: Mapping[str, str], *, failed: bool) -> bool:
        words = EXPRESSION.sub(r"\1", condition)
        parts = [part.strip() for part in words.split("&&")] if words else []
        for part in parts:
            if part in RUNS_AFTER_A_FAULT:
                continue
            found = re.fullmatch(r"env\.(\w+) != ''", part)
            assert found, f"the test does not know the condition {part!r}"
            if not env.get(found[1]):
                return False
        return not failed or any(part in RUNS_AFTER_A_FAULT for part in parts)

    def _filled(self, env: Mapping[str, Any] | None) -> dict[str, str]:
        return {
            name: EXPRESSION.sub(lambda found: self.expressions[found[1]], str(value))
            for name, value in (env or {}).items()
        }

    async def _run(self, name: str, script: str, env: Mapping[str, str]) -> Step:
        assert not EXPRESSION.search(script), f"{name}: what others wrote must reach a script by env alone"
        process = await asyncio.create_subprocess_exec(
            *BASH,
            "-c",
            script,
            cwd=self.folder,
            env=env,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        try:
            out, _ = await asyncio.wait_for(process.communicate(), WAIT_S)
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        return Step(name, process.returncode or 0, out.decode("utf-8", "replace"))


def read_workflow(file: Path) -> dict[str, Any]:
    """Read a workflow; `on` is its name again, which YAML reads as true."""
    found = yaml.safe_load(file.read_text(encoding="utf-8"))
    found["on"] = found.pop(True)
    assert isinstance(found, dict)
    return found
