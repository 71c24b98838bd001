"""What the gate certifies of a version of the prompts: without it, no version goes to customers."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from graph.errors import InputError
from graph.records.codec import RecordError, from_line, to_line
from graph.records.files import write_whole

FINE = "fine"


@dataclass(frozen=True, slots=True)
class Certificate:
    """A run of a suite over one version of the prompts, and what the gate said."""

    edition: str
    """`Edition.version` of the prompts that were played."""
    suite: str
    """The cases' folder."""
    mode: str
    """`keyless` (rules and retrieval only), `replay` or `live`."""
    source: str
    """Where the models' words came from: `none`, `live` or `stand-in`."""
    passed: float | None
    """The share of the cases that passed, 0 to 1; None where there was none to be judged."""
    word: str
    """The gate's word; only `fine` opens it."""
    at: float
    """When the run ended, in seconds since the epoch."""
    run: str = ""
    """The run's id."""

    @property
    def fine(self) -> bool:
        """Whether the version may go to customers."""
        return self.word == FINE

    @property
    def weakness(self) -> str:
        """Say what the run cannot have seen; empty where vendors' own models answered."""
        if self.mode == "keyless":
            return "of a keyless run, which saw where turns go and no model's answer"
        return "of a stand-in's words, which say nothing about a model" if self.source == "stand-in" else ""

    def says(self) -> str:
        """Say in a few words what was played, and with which result."""
        share = "nothing judged" if self.passed is None else f"{self.passed:.0%} passed"
        words = "" if self.source == "none" else f", {self.source} words"
        return f"{self.mode}{words}: {share}, {self.word.replace('_', ' ')}"


def write_certificate(file: Path, certificate: Certificate) -> None:
    """Write a certificate, all or nothing; raises InputError where the file cannot be written."""
    write_whole(file, to_line(certificate) + "\n")


def read_certificate(file: Path) -> Certificate:
    """Read a certificate; raises InputError where there is none."""
    try:
        return from_line(Certificate, file.read_bytes())
    except OSError as error:
        why = error.strerror or error
        raise InputError(
            f"{file}: cannot be read ({why}); `evals run` writes one where all is fine"
        ) from None
    except RecordError as error:
        raise InputError(f"{file}: this is no certificate: {error}; `evals run` writes one") from None
