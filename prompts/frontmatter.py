"""Markdown with YAML front matter, every key with its line number."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import yaml

from prompts.errors import PromptError

try:
    from yaml import CSafeLoader as _Base
except ImportError:  # PyYAML without libyaml: the same, ten times slower
    from yaml import SafeLoader as _Base  # type: ignore[assignment]

KeyPath: TypeAlias = tuple[str | int, ...]
"""Where a value stands in the front matter: names of keys and places in lists."""

Lines: TypeAlias = dict[KeyPath, int]
"""Line of each key and list item, from 1."""

FENCE = "---"
_BOOL = "tag:yaml.org,2002:bool"
_TIMESTAMP = "tag:yaml.org,2002:timestamp"


class _Loader(_Base):
    """Reads `on`, `off`, `yes` and `no` as words: YAML 1.1 takes them for true and false, even as keys."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag not in (_BOOL, _TIMESTAMP)]
    for first, resolvers in _Base.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver(_BOOL, re.compile(r"^(?:true|false)$"), list("tf"))


@dataclass(frozen=True, slots=True)
class Document:
    """A parsed file."""

    file: Path
    front: dict[str, Any]
    lines: Lines
    body: str
    body_line: int
    """Line on which the body begins."""

    def line(self, *path: str | int) -> int:
        """Return the line of a key, or of the nearest one around it."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)

    def error(self, problem: str, *path: str | int) -> PromptError:
        """Make an error that points at a key of the front matter."""
        return PromptError(problem, file=self.file, line=self.line(*path))

    @property
    def version(self) -> str:
        """12 hex digits that change with the meaning of the front matter and the words of the body only."""
        front = json.dumps(self.front, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        body = "\n".join(line.rstrip() for line in self.body.rstrip().split("\n"))
        return hashlib.sha256(f"{front}\n{body}".encode()).hexdigest()[:12]


def read_document(file: Path) -> Document:
    """Read and parse a file; raises PromptError where it is not UTF-8 or not as parse_document wants it."""
    return parse_document(read_text(file), file)


def read_text(file: Path) -> str:
    """Read a file; raises PromptError where that fails or it is not UTF-8."""
    try:
        return decode(file.read_bytes(), file)
    except OSError as error:
        raise PromptError(f"cannot be read: {error.strerror or error}", file=file) from None


def decode(raw: bytes, file: Path) -> str:
    """Return a file's text; raises PromptError naming the line that is not UTF-8."""
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise PromptError("is not UTF-8 text; save it as UTF-8", file=file, line=line) from None


def parse_document(text: str, file: Path) -> Document:
    """Split a text into front matter and body; raises PromptError naming the line that is not right."""
    lines = text.replace("\r\n", "\n").split("\n")
    if lines[0].rstrip() != FENCE:
        problem = f"must begin with front matter: a line `{FENCE}`, settings, and a line `{FENCE}`"
        raise PromptError(problem, file=file, line=1)
    end = next((n for n, line in enumerate(lines[1:], 1) if line.rstrip() == FENCE), None)
    if end is None:
        raise PromptError(f"the front matter has no end; add a line `{FENCE}` below it", file=file, line=1)
    text = "\n".join(lines[1:end]) + "\n"
    front, places = parse_yaml(text, file, first=2, what="the front matter")
    if not isinstance(front, dict):
        raise PromptError("the front matter must be a list of `name: value`", file=file, line=2)
    # Blank lines around the body are for the eye; the line number counts them.
    start = next((n for n in range(end + 1, len(lines)) if lines[n].strip()), end + 1)
    return Document(file, front, places, "\n".join(lines[start:]).rstrip(), start + 1)


def parse_yaml(text: str, file: Path, *, first: int = 1, what: str = "the file") -> tuple[Any, Lines]:
    """Parse YAML and note the line of every key and item; raises PromptError naming line and column.

    `first` is the line of the file on which the text begins, and `what` the errors' name for it.
    """
    loader = _Loader(text)
    try:
        node = loader.get_single_node()
        places: Lines = {}
        if node is None:
            return None, places
        _walk(node, (), places, set(), _Text(file, first))
        value: Any = loader.construct_document(node)
        json.dumps(value, allow_nan=False)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f" at column {mark.column + 1}" if mark else ""
        problem = f"{what} is not valid YAML: {error.problem or error.context}{where}; {_HINT}"
        raise PromptError(problem, file=file, line=mark.line + first if mark else 1) from None
    except yaml.YAMLError as error:
        raise PromptError(f"{what} is not valid YAML: {error}", file=file, line=1) from None
    except (TypeError, ValueError) as error:
        problem = f"{what} holds a value that is no text, number, list or mapping: {error}"
        raise PromptError(problem, file=file, line=1) from None
    finally:
        loader.dispose()
    return value, places


_HINT = "check the indentation, and put quotes around texts with `:`, `#` or `{`"


@dataclass(frozen=True, slots=True)
class _Text:
    """What is walked through: a text that begins on a line of a file."""

    file: Path
    first: int

    def line(self, node: yaml.Node) -> int:
        return int(node.start_mark.line) + self.first

    def error(self, problem: str, node: yaml.Node) -> PromptError:
        return PromptError(problem, file=self.file, line=self.line(node))


def _walk(node: yaml.Node, path: KeyPath, places: Lines, seen: set[int], text: _Text) -> None:
    """Note the line of every key and item; refuse what would make lines or versions ambiguous."""
    if id(node) in seen:
        raise text.error("`&` and `*` references cannot be used here; write it out", node)
    seen.add(id(node))
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise text.error("a name must be a single text", key)
            if key.tag != "tag:yaml.org,2002:str":
                raise text.error(f'the name {key.value} is not read as text; write it as "{key.value}"', key)
            here = (*path, key.value)
            if here in places:
                problem = f"`{key.value}` is there twice, first on line {places[here]}; keep one"
                raise text.error(problem, key)
            places[here] = text.line(key)
            _walk(value, here, places, seen, text)
    elif isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            places[(*path, index)] = text.line(item)
            _walk(item, (*path, index), places, seen, text)
