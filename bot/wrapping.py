"""Streamed words, broken between words where a terminal would break them anywhere."""

from __future__ import annotations

import re

from rich.cells import cell_len

LONGEST_WORD = 24
"""Cells that are held back until a word has ended; more than that is shown as it comes."""
_PARTS = re.compile(r"\n|[^\S\n]+|\S+")


class Wrapping:
    """Takes text in pieces and gives it out with line breaks; the last word waits until it is whole."""

    def __init__(self, width: int) -> None:
        self._width = width
        self._column = 0
        self._space = ""
        self._word = ""

    def feed(self, text: str) -> str:
        """Return what can be shown after this piece."""
        out = ""
        for part in _PARTS.findall(text):
            if part == "\n":
                out += self._end_word() + part
                self._column, self._space = 0, ""
            elif part.isspace():
                out += self._end_word()
                self._space += part
            else:
                self._word += part
                if cell_len(self._word) > LONGEST_WORD:
                    out += self._end_word()
        return out

    def finish(self) -> str:
        """Return what was held back, and start anew."""
        out = self._end_word()
        self._column, self._space = 0, ""
        return out

    def _end_word(self) -> str:
        if not self._word:
            return ""
        cells = cell_len(self._word)
        fits = self._column + cell_len(self._space) + cells <= self._width
        if fits or not self._space or not self._column:
            out = self._space + self._word
            self._column = (self._column + cell_len(out)) % self._width
        else:
            out = "\n" + self._word
            self._column = cells
        self._space = self._word = ""
        return out
