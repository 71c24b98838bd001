"""The language model on disk answers as the library's own, and takes a tenth of its memory."""

from __future__ import annotations

import subprocess
import sys

import pytest
from py3langid.langid import MODEL_FILE, LanguageIdentifier

from graph.routing.language_model import MOST_ROWS, load_identifier

TEXTS = (
    "",
    "?",
    "ok",
    "Wie lange kann ich bestellte Schuhe zurückschicken?",
    "Où est ma commande ?",
    "注文はどこですか",
    "Где мой заказ и когда его доставят",
    "HOW DO I SEND IT BACK TO YOU",
    "How do I send back \ud83d a chair?",
    "Jak dlouho mohu vrátit boty? 我的订单在哪里？ Hvor er pakken min?" * 30,
)


@pytest.mark.parametrize("most_rows", [1, MOST_ROWS])
def test_every_text_is_judged_as_by_the_library(most_rows: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """All languages, their order and their probabilities; however few rows are at hand."""
    monkeypatch.setattr("graph.routing.language_model.MOST_ROWS", most_rows)
    ours = load_identifier()
    theirs = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    for text in TEXTS:
        assert ours.rank(text) == theirs.rank(text), text


MEASURE = """
import resource
from graph.routing.language import LanguageDetector
def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
import lzma, tempfile, zipfile, py3langid.langid
before = peak()
detector = LanguageDetector()
detector.warm_up()
for text in ("Wo bleibt das bestellte Paket?", "Gdzie jest moja paczka?", "小包はどこですか") * 50:
    detector.detect(text, "en")
print(peak() - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere ru_maxrss counts in other units")
def test_it_takes_little_memory() -> None:
    """In MB, also while it is loaded; the library's own takes 75."""
    run = subprocess.run([sys.executable, "-c", MEASURE], capture_output=True, text=True, check=True)
    assert float(run.stdout) < 25
