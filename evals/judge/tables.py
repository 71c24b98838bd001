"""Tables without lines, as the other reports have them."""

from __future__ import annotations

from rich.table import Table


def plain_table(title: str) -> Table:
    """Return an empty table with its title on the left."""
    return Table(title=title, title_justify="left", box=None, pad_edge=False, padding=(0, 2, 0, 0))
