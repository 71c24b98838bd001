"""What entitles a judge to gate: measured agreement with people, tied to its prompt and its model."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from graph.errors import InputError
from graph.records.agreement import Agreement
from graph.records.files import write_whole
from graph.tiers import Candidate

FEWEST_LABELS = 50
LOWEST_KAPPA = 0.6
MOST_UNREADABLE = 0.02
"""As a share of the labels."""
VALID_DAYS = 180


@dataclass(frozen=True, slots=True)
class Certificate:
    """How far a judge agrees with people."""

    prompt: str
    """The version of judge.md."""
    provider: str
    model: str
    effort: str | None
    agreement: Agreement
    """Over the labels that it gave a verdict on."""
    unreadable: int
    """Labels on which it gave none."""
    labelled_by: tuple[str, ...]
    labels_hash: str
    made: str
    """A date, YYYY-MM-DD."""

    @property
    def labels(self) -> int:
        """How many labels it was asked about."""
        return self.agreement.items + self.unreadable

    @property
    def key(self) -> str:
        """What it is filed under."""
        return key_of(self.prompt, Candidate(self.provider, self.model, self.effort))


_READ = TypeAdapter(Certificate)


def key_of(version: str, judge: Candidate) -> str:
    """Return 12 hex digits that another prompt, model or effort changes."""
    parts = json.dumps([version, judge.provider, judge.model, judge.effort])
    return hashlib.sha256(parts.encode()).hexdigest()[:12]


def wanting(certificate: Certificate) -> tuple[str, ...]:
    """Return every reason, in words, why this agreement is not good enough or not sure enough."""
    found: list[str] = []
    counted, kappa = certificate.agreement, certificate.agreement.kappa
    if counted.items < FEWEST_LABELS:
        found.append(f"it rests on {counted.items} labels, and {FEWEST_LABELS} are needed")
    if counted.tpr is None or counted.tnr is None:
        found.append(f"none of its labels is {'no' if counted.tnr is None else 'yes'}, and both are needed")
    if certificate.unreadable > MOST_UNREADABLE * certificate.labels:
        found.append(f"{certificate.unreadable} of {certificate.labels} answers could not be read")
    if kappa is None or kappa < LOWEST_KAPPA:
        agreed = "unknown" if kappa is None else f"{kappa:.2f}"
        found.append(f"kappa is {agreed}, and {LOWEST_KAPPA:g} is needed")
    return tuple(found)


def uncertified(certificate: Certificate | None, version: str, judge: Candidate, today: date) -> str:
    """Return why this judge may not gate today; empty where the certificate covers it."""
    if certificate is None:
        return "it holds no certificate for this prompt and model; `evals certify LABELS.jsonl` makes one"
    if certificate.prompt != version:
        return f"its certificate is for another judge.md ({certificate.prompt}, not {version})"
    if certificate.key != key_of(version, judge):
        return f"its certificate is for another model ({certificate.model}, not {judge.model})"
    made = date.fromisoformat(certificate.made)
    if not timedelta() <= today - made <= timedelta(days=VALID_DAYS):
        return f"its certificate of {certificate.made} has expired after {VALID_DAYS} days"
    return "; ".join(wanting(certificate))


def write_certificate(certificate: Certificate, folder: Path) -> Path:
    """Write it whole, in place of an earlier one for the same prompt and model; returns the file."""
    file = folder / f"{certificate.key}.json"
    # The figures are for people: whoever reads the file counts them anew.
    written = asdict(certificate) | {"figures": _figures(certificate.agreement)}
    write_whole(file, json.dumps(written, indent=2, ensure_ascii=False) + "\n")
    return file


def _figures(counted: Agreement) -> dict[str, list[float] | None]:
    """Return value, low and high of each figure."""
    named = {
        "kappa": (counted.kappa, counted.kappa_interval),
        "tpr": (counted.tpr, counted.tpr_interval),
        "tnr": (counted.tnr, counted.tnr_interval),
    }
    return {
        name: None if value is None or bounds is None else [round(x, 4) for x in (value, *bounds)]
        for name, (value, bounds) in named.items()
    }


def find_certificate(version: str, judge: Candidate, folders: list[Path]) -> Certificate | None:
    """Return the certificate for this prompt and model from the first folder that has it."""
    name = f"{key_of(version, judge)}.json"
    file = next((folder / name for folder in folders if (folder / name).exists()), None)
    return read_certificate(file) if file else None


def read_certificate(file: Path) -> Certificate:
    """Read a certificate; raises InputError where it is not one."""
    try:
        found: Any = json.loads(file.read_text(encoding="utf-8"))
        certificate = _READ.validate_python(found)
        date.fromisoformat(certificate.made)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise InputError(f"{file}: {where}: {first['msg']}; make it anew with `evals certify`") from None
    except (OSError, ValueError) as error:
        raise InputError(f"{file} is no certificate ({error}); make it anew with `evals certify`") from None
    return certificate
