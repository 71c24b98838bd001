"""What the ledger says: response time, escalation, ratings, cost and outcomes, as tables or as numbers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from bot.report_speed import TOO_FEW, can_be_compared, only, ratings_by_speed, speed
from bot.terminal import counted
from graph.records.ledger import LedgerView, RatedTurn
from graph.records.statistics import by_tier, cost, group, ratings, spread

EMPTY = "No turns yet. Talk to the bot (`bot chat`), then ask again."
_MOST_REASONS = 12
_UNKNOWN = "-"


def report_numbers(view: LedgerView) -> dict[str, Any]:
    """Return the report as plain JSON values; None is what nobody knows."""
    turns = view.turns
    return {
        "turns": len(turns),
        "from": turns[0].record.received_at if turns else None,
        "to": turns[-1].record.received_at if turns else None,
        "tiers": {name: _tier(some) for name, some in by_tier(turns).items()},
        "all": _tier(turns),
        "ratings_by_speed": ratings_by_speed(turns),
        "routes": _routes(turns),
        "outcomes": {name: len(some) for name, some in group(turns, lambda t: t.record.outcome).items()},
        "notes": list(view.notes),
    }


def render_report(view: LedgerView) -> RenderableType:
    """Return the report as tables; an empty ledger is one sentence."""
    notes = [Text(f"Note: {note}", style="yellow") for note in view.notes]
    if not view.turns:
        return Group(Text(EMPTY), *notes)
    numbers = report_numbers(view)
    rows = [*numbers["tiers"].items(), *([("all", numbers["all"])] if len(numbers["tiers"]) > 1 else [])]
    return Group(
        Text(f"{counted(len(view.turns), 'turn')}: {_outcomes(numbers['outcomes'])}."),
        _times(rows),
        _escalation(numbers["routes"], len(view.turns)),
        _ratings(rows),
        *_speeds(numbers["ratings_by_speed"]),
        _costs(rows),
        *notes,
    )


def _tier(turns: Iterable[RatedTurn]) -> dict[str, Any]:
    some = list(turns)
    first, total = spread(t.record.first_words_ms for t in some), spread(t.record.total_ms for t in some)
    return {
        "turns": len(some),
        "first_words_ms": asdict(first),
        "total_ms": asdict(total),
        "ratings": asdict(ratings(only("asker", some))),
        "bystanders": asdict(ratings(only("bystander", some))),
        "staff": asdict(ratings(only("staff", some))),
        "cost": asdict(cost(some)),
    }


def _routes(turns: tuple[RatedTurn, ...]) -> list[dict[str, Any]]:
    """Count where turns went, who decided, and why; the most frequent first."""
    groups = group(turns, lambda t: (t.record.route.tier, t.record.route.by, t.record.route.reason))
    return [
        {"tier": tier, "by": by, "reason": reason, "turns": len(some), "share": len(some) / len(turns)}
        for (tier, by, reason), some in groups.items()
    ]


def _table(title: str, *columns: str, words: int = 1) -> Table:
    """Make a table whose first columns hold words and whose others hold numbers."""
    table = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False)
    for place, column in enumerate(columns):
        is_words = place < words
        table.add_column(column, justify="left" if is_words else "right", no_wrap=not is_words)
    return table


def _times(rows: list[tuple[str, dict[str, Any]]]) -> Table:
    columns = ("tier", "turns", "first words p50", "p95", "whole p50", "p95")
    table = _table("Response time", *columns)
    for name, tier in rows:
        first, total = tier["first_words_ms"], tier["total_ms"]
        spreads = (first["p50"], first["p95"], total["p50"], total["p95"])
        table.add_row(Text(name), str(tier["turns"]), *map(_time, spreads))
    return table


def _escalation(routes: list[dict[str, Any]], turns: int) -> Table:
    table = _table("Where turns went, and why", "tier", "decided by", "reason", "turns", "share", words=3)
    for route in routes[:_MOST_REASONS]:
        share = f"{route['share']:.1%}"
        # Text, not str: rich would read square brackets in a reason as markup.
        table.add_row(Text(route["tier"]), route["by"], Text(route["reason"]), str(route["turns"]), share)
    rest = sum(route["turns"] for route in routes[_MOST_REASONS:])
    if rest:
        others = f"{len(routes) - _MOST_REASONS} other reasons"
        table.add_row("", "", others, str(rest), f"{rest / turns:.1%}")
    return table


def _ratings(rows: list[tuple[str, dict[str, Any]]]) -> Table:
    """Show the askers' ratings; those of others beside them, outside the share."""
    table = _table("Ratings", "tier", "up", "down", "share up", "95 % between", "bystanders", "staff")
    for name, tier in rows:
        others = (_both(tier["bystanders"]), _both(tier["staff"]))
        table.add_row(Text(name), *_given(tier["ratings"]), *others)
    return table


def _speeds(rows: list[dict[str, Any]]) -> list[RenderableType]:
    title = "Ratings against response time"
    columns = ("tier", "first words", "turns", "up", "down", "share up", "95 % between")
    table = _table(title, *columns, words=2)
    for row in rows:
        table.add_row(Text(row["tier"]), speed(row), str(row["turns"]), *_given(row))
    return [table] if can_be_compared(rows) else [table, Text(f"{TOO_FEW}\n")]


def _given(given: dict[str, Any]) -> tuple[str, str, str, str]:
    share = _UNKNOWN if given["share"] is None else f"{given['share']:.0%}"
    low, high = given["interval"] or (None, None)
    between = _UNKNOWN if low is None else f"{low:.0%} and {high:.0%}"
    return str(given["up"]), str(given["down"]), share, between


def _both(given: dict[str, Any]) -> str:
    return f"{given['up']} up, {given['down']} down" if given["up"] + given["down"] else _UNKNOWN


def _costs(rows: list[tuple[str, dict[str, Any]]]) -> Table:
    table = _table("Cost", "tier", "known sum", "per answered turn", "turns of unknown cost")
    for name, tier in rows:
        spent = tier["cost"]
        known = _dollars(spent["known_usd"]) if spent["known"] else _UNKNOWN
        table.add_row(Text(name), known, _dollars(spent["per_answered_usd"]), str(spent["unknown"]))
    return table


def _outcomes(outcomes: dict[str, int]) -> str:
    return ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in outcomes.items())


def _time(milliseconds: float | None) -> str:
    if milliseconds is None:
        return _UNKNOWN
    return f"{milliseconds:.0f} ms" if milliseconds < 1000 else f"{milliseconds / 1000:.2f} s"


def _dollars(amount: float | None) -> str:
    if amount is None:
        return _UNKNOWN
    return f"${amount:.2f}" if amount >= 1 or amount == 0 else f"${amount:.5f}"
