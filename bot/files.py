"""Append-only files of JSON lines that several processes share."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from graph.errors import StateError

if sys.platform != "win32":
    import fcntl

_FLAGS = os.O_RDWR | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0)


class LineFile:
    """A file of lines, each written whole and visible to other processes at once."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._fd: int | None = None

    def append(self, line: str) -> None:
        """Write one line; raises StateError where it cannot be written, and then nothing of it stays.

        What was written outlives this process, but perhaps not a power cut.
        """
        try:
            with self._locked() as fd:
                _append(fd, line)
        except OSError as error:
            raise self._unwritable(error) from None

    def keep(self, wanted: Callable[[bytes], bool]) -> int:
        """Drop the lines that are not wanted, in one step that no reader sees half done; returns how many."""
        if not self.path.exists():
            return 0
        try:
            with self._locked():
                return self._keep(wanted)
        except OSError as error:
            raise self._unwritable(error) from None

    def close(self) -> None:
        """Close the file; the next append opens it again."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None

    @contextmanager
    def _locked(self) -> Iterator[int]:
        """Hold the file against other processes that write or shorten it; readers need no lock."""
        fd = self._open()
        if sys.platform != "win32":
            fcntl.flock(fd, fcntl.LOCK_EX)
            while os.fstat(fd).st_nlink == 0:  # replaced by another process, or deleted, since it was opened
                self.close()
                fd = self._open()
                fcntl.flock(fd, fcntl.LOCK_EX)
        try:
            yield fd
        finally:
            if sys.platform != "win32" and self._fd == fd:
                fcntl.flock(fd, fcntl.LOCK_UN)

    def _open(self) -> int:
        if self._fd is None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._fd = os.open(self.path, _FLAGS, 0o600)
        return self._fd

    def _keep(self, wanted: Callable[[bytes], bool]) -> int:
        lines = [line for line in self.path.read_bytes().split(b"\n") if line.strip()]
        kept = [line for line in lines if wanted(line)]
        if len(kept) == len(lines):
            return 0
        beside = self.path.with_name(f"{self.path.name}.{os.getpid()}.tmp")
        try:
            beside.touch(0o600)
            beside.write_bytes(b"".join(line + b"\n" for line in kept))
            if sys.platform == "win32":
                self.close()  # an open file cannot be replaced there
            beside.replace(self.path)
        finally:
            beside.unlink(missing_ok=True)
        # Only now: closing gives the lock back, and those who wait for it must find the new file.
        self.close()
        return len(lines) - len(kept)

    def _unwritable(self, error: OSError) -> StateError:
        why = error.strerror or type(error).__name__
        return StateError(
            f"The ledger {self.path} cannot be written ({why}). "
            "Make room there, or set BOT_DATA to a folder that can be written."
        )


def _append(fd: int, line: str) -> None:
    size = os.fstat(fd).st_size
    break_first = size > 0 and _byte_at(fd, size - 1) != b"\n"  # a line before this one was torn
    data = f"{chr(10) if break_first else ''}{line}\n".encode()
    try:
        written = os.write(fd, data)
        while written < len(data):  # the disk is full, as a rule: the second write says why
            written += os.write(fd, data[written:])
    except OSError:
        os.ftruncate(fd, size)
        raise


def _byte_at(fd: int, place: int) -> bytes:
    os.lseek(fd, place, os.SEEK_SET)
    return os.read(fd, 1)
