"""Folders of a few cases, as an adopter writes them."""

from __future__ import annotations

from pathlib import Path

WINDOW = """
- id: window
  origin: {kind: written, labelled_by: a test}
  tags: [returns]
  turns:
    - user: How long do I have to send shoes back?
      expect:
        - cites: [returns/return-window.md]
        - says: [30 days]
  escalation: {verdict: must_not}
"""
PERSON = """
- id: person
  origin: {kind: written, labelled_by: a test}
  tags: [person]
  turns:
    - user: I want to talk to a person.
  escalation: {verdict: must, reason: asks for a person, by_turn: 1, to: person}
"""
MISSED = """
- id: missed
  origin: {kind: written, labelled_by: a test}
  turns:
    - user: How long do I have to send boots back?
  escalation: {verdict: must}
"""


def write_cases(folder: Path, *cases: str) -> Path:
    """Write cases into a folder of this name, and return it."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "cases.yaml").write_text("".join(cases), encoding="utf-8")
    return folder
