"""py3langid's model with its two large tables left on disk: 70 MB, of which a message needs some 50 KB."""

from __future__ import annotations

import lzma
import shutil
import struct
import tempfile
import weakref
import zipfile
from array import array
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt
from py3langid.langid import MODEL_DIR, MODEL_FILE, LanguageIdentifier

MOST_ROWS = 2000
"""Rows of the automaton that are kept at hand, 1 KB each."""

_ROW = 256
_LOCAL_HEADER = 30
"""Bytes of a zip member's header before its name; the lengths of name and extra field are its last four."""


class _OnDisk:
    """A table in an open file; one thread reads at a time."""

    def __init__(self, file: BinaryIO, start: int, shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
        self._file = file
        self._start = start
        self._dtype = dtype
        self._columns = shape[1] if len(shape) > 1 else _ROW

    def _read(self, row: int) -> bytes:
        # By reading and not by mapping: a mapped page takes its neighbours into this process's memory too.
        size = self._columns * self._dtype.itemsize
        self._file.seek(self._start + row * size)
        return self._file.read(size)


class _Moves(_OnDisk):
    """The automaton's next states, by state and byte."""

    def __init__(self, file: BinaryIO, start: int, shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
        super().__init__(file, start, shape, dtype)
        self._rows: dict[int, memoryview[int]] = {}

    def __getitem__(self, place: int) -> int:
        number, column = divmod(place, _ROW)
        row = self._rows.get(number)
        if row is None:
            if len(self._rows) >= MOST_ROWS:
                self._rows.clear()
            row = np.frombuffer(self._read(number), self._dtype).astype(np.uint32).data
            self._rows[number] = row
        return row[column]


class _Weights(_OnDisk):
    """A row of log probabilities for each feature; those of one message are looked up together."""

    def __getitem__(self, features: npt.NDArray[np.intp]) -> npt.NDArray[np.float32]:
        rows = b"".join(self._read(feature) for feature in features.tolist())
        return np.frombuffer(rows, self._dtype).reshape(-1, self._columns).astype(np.float32)


def load_identifier() -> LanguageIdentifier:
    """Load the model of all languages; needs 70 MB of room among the temporary files."""
    # Open as long as there is an identifier, and without a buffer, which each seek would throw away.
    file: Any = tempfile.TemporaryFile(suffix=".npz", buffering=0)  # noqa: SIM115
    with lzma.open(MODEL_DIR / Path(MODEL_FILE)) as packed:
        shutil.copyfileobj(packed, file, length=1 << 20)
    file.seek(0)
    with zipfile.ZipFile(file) as archive:
        starts = {member.filename: member.header_offset for member in archive.infolist()}
    with np.load(file, allow_pickle=False) as data:
        classes, priors = data["classes"].tolist(), data["pc"]
        rows, features = data["nextmove_row"], data["out_feat"]
    weights = _Weights(file, *_table(file, starts["ptc.npy"]))
    moves = _Moves(file, *_table(file, starts["nextmove.npy"]))
    weakref.finalize(moves, file.close)
    features = array("i", features.tolist())
    identifier = LanguageIdentifier(weights, priors, classes, moves, features, norm_probs=True, tk_row=())
    # As the library makes it, it is a list of 100,000 objects.
    identifier._rowbase = array("I", (rows.astype(np.uint32) * _ROW).tolist())  # noqa: SLF001
    return identifier


def _table(file: BinaryIO, member: int) -> tuple[int, tuple[int, ...], np.dtype[Any]]:
    """Find where the numbers of a table begin in the archive, which holds them as they are."""
    file.seek(member)
    name, extra = struct.unpack_from("<HH", file.read(_LOCAL_HEADER), _LOCAL_HEADER - 4)
    file.seek(member + _LOCAL_HEADER + name + extra)
    np.lib.format.read_magic(file)
    shape, _, dtype = np.lib.format.read_array_header_1_0(file)
    return file.tell(), shape, dtype
