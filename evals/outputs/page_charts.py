"""The page's two small pictures as SVG: escalation, and a share with its interval."""

from __future__ import annotations

from graph.records.escalation_matrix import EscalationMatrix

_CELL, _HIGH, _LEFT, _TOP = 96, 58, 84, 24


def confusion_svg(confusion: EscalationMatrix, title: str) -> str:
    """Draw escalation as a 2x2: rows say what should happen, columns what did; wrong cells are red."""
    should, should_not = confusion.hit + confusion.missed, confusion.needless + confusion.right
    late = f", {confusion.late} late" if confusion.late else ""
    cells = [
        _cell(0, 0, confusion.hit, should, f"right{late}"),
        _cell(1, 0, confusion.missed, should, "missed", wrong=True),
        _cell(0, 1, confusion.needless, should_not, "needless", wrong=True),
        _cell(1, 1, confusion.right, should_not, "right"),
    ]
    told = (
        f"{title}: {confusion.hit} rightly escalated{late}, {confusion.missed} missed, "
        f"{confusion.needless} needless, {confusion.right} rightly kept"
    )
    columns = _text(_LEFT + _CELL / 2, 14, "escalated") + _text(_LEFT + _CELL * 1.5, 14, "did not")
    rows = "".join(
        _text(_LEFT - 8, _TOP + _HIGH * (row + 0.5) + 4, words, anchor="end")
        for row, words in enumerate(("should", "should not"))
    )
    size = f'width="{_LEFT + 2 * _CELL}" height="{_TOP + 2 * _HIGH}"'
    box = f'viewBox="0 0 {_LEFT + 2 * _CELL} {_TOP + 2 * _HIGH}"'
    return f'<svg {size} {box} role="img" aria-label="{told}">{columns}{rows}{"".join(cells)}</svg>'


def _cell(column: int, row: int, number: int, of: int, word: str, *, wrong: bool = False) -> str:
    x, y = _LEFT + column * _CELL, _TOP + row * _HIGH
    # Paler than what is written on it, whatever the theme.
    strength = 0.08 + (0.32 * number / of if of else 0)
    kind = "wrong" if wrong else "right"
    rect = (
        f'<rect class="{kind}" fill-opacity="{strength:.2f}" x="{x + 2}" y="{y + 2}" '
        f'width="{_CELL - 4}" height="{_HIGH - 4}" rx="5"/>'
    )
    middle = x + _CELL / 2
    return rect + _text(middle, y + 27, f"{number:,}", kind="count") + _text(middle, y + 45, word)


def _text(x: float, y: float, words: str, *, kind: str = "soft", anchor: str = "middle") -> str:
    return f'<text class="{kind}" x="{x:g}" y="{y:g}" text-anchor="{anchor}">{words}</text>'


def share_svg(value: float, low: float, high: float) -> str:
    """Draw a share from 0 to 1 as a bar, its interval as a line with ends."""
    at = [f"{share * 200:.1f}" for share in (value, low, high)]
    path = f"M{at[1]} 7H{at[2]}M{at[1]} 3V11M{at[2]} 3V11"
    line = f'<path class="span" d="{path}" fill="none" vector-effect="non-scaling-stroke"/>'
    bar = f'<rect class="value" y="2" width="{at[0]}" height="10" rx="2"/>'
    track = '<rect class="track" y="2" width="200" height="10" rx="2"/>'
    return (
        f'<svg viewBox="-1 0 202 14" preserveAspectRatio="none" aria-hidden="true">{track}{bar}{line}</svg>'
    )
