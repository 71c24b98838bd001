"""A report as one HTML file that loads nothing: verdict, figures, and every case with its transcripts."""

from __future__ import annotations

import re
from base64 import b64encode
from hashlib import sha256
from html import escape
from pathlib import Path

from evals.outputs.page_data import page_json
from evals.outputs.page_parts import figures, filters, header
from evals.outputs.words import VERDICTS
from evals.suite.report import Report

HERE = Path(__file__).parent


def page(report: Report) -> str:
    """Return the page; its policy lets nothing run and nothing load but its own script and style."""
    script, style = _file("page.js"), _file("page.css")
    data = page_json(report)
    parts = {
        "TITLE": escape(f"Evals: {VERDICTS[report.gate.word].partition(':')[0].lower()} ({report.name})"),
        "SCRIPT": script,
        "SCRIPT_HASH": _hash(script),
        "STYLE": style,
        "STYLE_HASH": _hash(style),
        "HEADER": header(report),
        "FIGURES": figures(report),
        "FILTERS": filters(report),
        "FOOTER": f"This page holds {_size(len(data.encode()))} of transcripts and loads nothing.",
        "DATA": data,
    }
    # In one go: what is filled in is not looked through for names again.
    return re.sub(r"@@([A-Z_]+)@@", lambda found: parts[found[1]], _file("page.html"))


def _file(name: str) -> str:
    return (HERE / name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return f"sha256-{b64encode(sha256(text.encode()).digest()).decode()}"


def _size(bytes_: int) -> str:
    return f"{bytes_ / 1e6:.1f} MB" if bytes_ >= 1e6 else f"{bytes_ / 1e3:.0f} kB"
