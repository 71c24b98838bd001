"""Measure a judge against people's labels, one question at a time and several at once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import date

from rich.console import Console

from evals.judge.certificate import Certificate, wanting
from evals.judge.judge import Judge
from evals.judge.labels import Label, hash_of
from evals.judge.opinion import Opinion
from evals.judge.tables import plain_table
from graph.records.agreement import agreement

AT_ONCE = 8


async def certify(
    judge: Judge, labels: Sequence[Label], today: date, asked: Callable[[], None] = lambda: None
) -> tuple[Certificate, tuple[Opinion, ...]]:
    """Ask the judge about every label; returns the certificate and what it said, in order of the labels.

    Answers that could not be read count neither for nor against it, beyond their number.
    """
    places = asyncio.Semaphore(AT_ONCE)

    async def one(label: Label) -> Opinion:
        async with places:
            opinion = await judge.ask(label.talk, label.rubric)
        asked()
        return opinion

    opinions = await asyncio.gather(*(one(label) for label in labels))
    read = [(o.passed, label.yes) for o, label in zip(opinions, labels, strict=True) if o.passed is not None]
    certificate = Certificate(
        prompt=judge.prompt.prompt.version,
        provider=judge.candidate.provider,
        model=judge.candidate.model,
        effort=judge.candidate.effort,
        agreement=agreement([ours for ours, _ in read], [theirs for _, theirs in read]),
        unreadable=len(labels) - len(read),
        labelled_by=tuple(sorted({label.labelled_by for label in labels})),
        labels_hash=hash_of(tuple(labels)),
        made=today.isoformat(),
    )
    return certificate, tuple(opinions)


def print_certificate(console: Console, certificate: Certificate, source: str) -> None:
    """Print the figures with their intervals, and whether they are enough to gate."""
    counted = certificate.agreement
    title = f"{certificate.model} against {certificate.labels} labels"
    table = plain_table(f"{title} ({source})" if source == "stand-in" else title)
    table.add_column("")
    for heading in ("value", "95 % interval", "of labels"):
        table.add_column(heading, justify="right")
    good, bad = counted.both_yes + counted.only_human, counted.both_no + counted.only_judge
    for name, value, bounds, of in (
        ("kappa", counted.kappa, counted.kappa_interval, counted.items),
        ("good ones it calls good (TPR)", counted.tpr, counted.tpr_interval, good),
        ("bad ones it calls bad (TNR)", counted.tnr, counted.tnr_interval, bad),
    ):
        interval = "" if bounds is None else f"{bounds[0]:.2f} to {bounds[1]:.2f}"
        table.add_row(name, "unknown" if value is None else f"{value:.2f}", interval, str(of))
    table.add_row("answers that could not be read", str(certificate.unreadable), "", str(certificate.labels))
    console.print(table)
    problems = wanting(certificate)
    word = f"Its rubrics stay report-only: {'; '.join(problems)}." if problems else "Its rubrics may gate."
    console.print(word, highlight=False, soft_wrap=True)


def disagreements(labels: Sequence[Label], opinions: Sequence[Opinion]) -> list[str]:
    """Return a line for each label on which the judge says otherwise: its prompt or the label is wrong."""
    said = {True: "yes", False: "no"}
    return [
        f"{label.rubric!r}: {label.labelled_by} says {said[label.yes]},"
        f" the judge {opinion.verdict}: {opinion.why}"
        for label, opinion in zip(labels, opinions, strict=True)
        if opinion.passed is not None and opinion.passed != label.yes
    ]
