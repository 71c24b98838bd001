"""A preview as one HTML file that loads nothing and runs nothing."""

from __future__ import annotations

from html import escape

from evals.preview import wording
from evals.preview.deciding import Decided
from evals.preview.flips import KINDS, CasePair, Preview, TurnPair
from evals.preview.measurement import Measured

_STYLE = """
:root { color-scheme: light dark; --line: #8884; --now: #b45309; --back: #0e7490; --wrong: #b91c1c; }
@media (prefers-color-scheme: dark) { :root { --now: #fbbf24; --back: #67e8f9; --wrong: #fca5a5; } }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 72rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.3rem; } h2 { font-size: 1.1rem; margin-top: 2rem; } h3 { font-size: 1rem; margin: 0; }
article { border: 1px solid var(--line); border-radius: 8px; padding: .8rem 1rem; margin: .8rem 0; }
.asked { margin: .5rem 0; padding-left: .7rem; border-left: 3px solid var(--line); white-space: pre-wrap;
  overflow-wrap: anywhere; }
.sides { display: grid; grid-template-columns: 1fr 1fr; gap: .4rem 1.2rem; }
@media (max-width: 44rem) { .sides { grid-template-columns: 1fr; } }
.side { border-top: 1px solid var(--line); padding-top: .3rem; overflow-wrap: anywhere; }
.side p { margin: .15rem 0; } .side .when { font-size: .8rem; opacity: .7; }
.escalated { font-weight: 600; } .same { opacity: .65; } .wrong { color: var(--wrong); font-weight: 600; }
.now_escalates { color: var(--now); } .no_longer_escalates { color: var(--back); }
table { border-collapse: collapse; } th, td { padding: .2rem 1rem .2rem 0; text-align: left; }
"""
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def page(preview: Preview, measured: Measured) -> str:
    """Return the page."""
    title = escape(wording.heading(preview))
    parts = [
        f"<h1>{title}</h1>",
        *(_flips(preview, measured) if preview.compared.changed else [_p("Nothing has changed.")]),
    ]
    head = (
        f'<meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><title>{title}</title>'
    )
    body = "\n".join(parts)
    return (
        f'<!doctype html>\n<html lang="en"><head>{head}<style>{_STYLE}</style></head>\n'
        f"<body><main>\n{body}\n</main></body></html>\n"
    )


def _flips(preview: Preview, measured: Measured) -> list[str]:
    parts = [_p(wording.summary(preview))]
    for kind, words in KINDS.items():
        if pairs := preview.of_kind(kind):
            parts.append(f'<h2 class="{kind}">{escape(words)} ({len(pairs)})</h2>')
            parts += [_case(pair) for pair in pairs]
    parts += [_p(line) for line in wording.consequences(preview)]
    parts += [_p(wording.figures(measured)), *_figures(measured), *map(_p, measured.flips)]
    if blind := list(wording.blind_spots(preview, measured)):
        items = "".join(f"<li>{escape(line)}</li>" for line in blind)
        parts.append(f"<h2>What this preview cannot see</h2><ul>{items}</ul>")
    if stale := [pair.case.id for pair in preview.stale]:
        items = "".join(f"<li>{escape(name)}</li>" for name in stale)
        parts.append(
            f"<details><summary>Cases to be re-recorded ({len(stale)})</summary><ul>{items}</ul></details>"
        )
    return parts


def _case(pair: CasePair) -> str:
    """Show the whole conversation: what came before a turn is part of why it is decided so."""
    wrong = ' class="wrong"' if pair.label == "against" else ""
    turns = "".join(_turn(turn) for turn in pair.turns)
    head = f"<h3>{escape(pair.case.id)}</h3><p{wrong}>{escape(wording.wanted(pair))}</p>"
    return f"<article>{head}{turns}</article>"


def _turn(turn: TurnPair) -> str:
    same = "" if turn.flips else " same"
    sides = f"{_side('before', turn.before)}{_side('after', turn.after)}"
    asked = f'<p class="asked">{escape(turn.asked)}</p>'
    return f'<div class="turn{same}">{asked}<div class="sides">{sides}</div></div>'


def _side(when: str, decided: Decided) -> str:
    where, *why = wording.side(decided)
    style = ' class="escalated"' if decided.escalated else ""
    lines = "".join(f"<p>{escape(line)}</p>" for line in why)
    return f'<div class="side"><p class="when">{when}</p><p{style}>{escape(where)}</p>{lines}</div>'


def _figures(measured: Measured) -> list[str]:
    if not measured.changes:
        return []
    rows = [wording.change(found) for found in measured.changes]
    cells = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    head = "<tr><th></th><th>before</th><th>after</th><th>change</th></tr>"
    return [f"<table>{head}{cells}</table>"]


def _p(text: str) -> str:
    return f"<p>{escape(text)}</p>"
