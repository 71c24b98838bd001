"""The budgets that keep the code readable: what they are is stated first, how they are measured after."""

from __future__ import annotations

import ast
import io
import statistics
import tokenize
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("prompts", "graph", "bot", "evals")

FILE_LINES_MEDIAN = 120
FILE_LINES_MAX = 300
FUNCTION_LINES_P90 = 25
FUNCTION_LINES_MAX = 50

# "file: module imported inside a function" -> why it is not at the top.
LATE_IMPORTS: dict[str, str] = {
    "bot/slack/installs/sealing.py: cryptography.fernet": "it takes 40 ms, and most bots serve one workspace",
    "bot/check.py: bot.check_slack": "without Slack's libraries the other commands start sooner",
    "bot/commands.py: bot.serve": "as above",
    "bot/prompts_commands.py: bot.announce": "as above",
    "bot/control_commands.py: bot.announce": "as above",
    "evals/preview/commands.py: evals.preview.measured": "it needs the graph, and previews need it seldom",
    "graph/starting.py: graph.command_line": "garbage is not looked for while it is imported",
    "graph/starting.py: graph.uncaught": "as the one before",
    "evals/bench/turn.py: anthropic": "their own import times are not to be part of the bench's",
    "evals/bench/turn.py: openai": "as above",
    "graph/command_line.py: uvloop": "there is none for Windows",
    "graph/models/pool.py: graph.models.anthropic": "the SDK takes a second, and only its key needs it",
    "graph/models/pool.py: graph.models.openai": "the SDK takes a second, and only its key needs it",
    "graph/models/rates.py: genai_prices": "its price list takes 0.2 s, and a bot without a key needs none",
    "graph/records/phones.py: phonenumbers": "it takes 50 ms, and few texts hold what looks like a number",
    "graph/state_store.py: fakeredis": "a process with a Redis server needs none in the process",
    "graph/routing/language.py: graph.routing.language_model": "its model loads slowly, and few need it",
}

# "file: function" -> why every exception may be caught there.
CATCH_ALL: dict[str, str] = {
    "bot/slack/answer.py: _write": "the turn takes the fault of its writer up at its next chunk or its end",
    "bot/worker.py: _forever": "the boundary of a loop: one broken line must not leave the process deaf",
    "bot/worker.py: _one": "the job's boundary: it is put back, and given up after some tries",
    "graph/run.py: _outcome": "the turn's boundary: the customer gets a kind sentence, the log the fault",
}

FILE_NAMES = sorted(
    path.relative_to(ROOT).as_posix() for package in PACKAGES for path in (ROOT / package).rglob("*.py")
)

Function = ast.FunctionDef | ast.AsyncFunctionDef
Documented = Function | ast.ClassDef | ast.Module


@cache
def tree_of(name: str) -> ast.Module:
    return ast.parse((ROOT / name).read_text(encoding="utf-8"), filename=name)


def docstring_lines(node: Documented) -> set[int]:
    """Return the numbers of the lines that a node's docstring takes."""
    if ast.get_docstring(node, clean=False) is None:
        return set()
    return set(range(node.body[0].lineno, (node.body[0].end_lineno or 0) + 1))


def code_lines(text: str) -> set[int]:
    """Return the numbers of the lines that hold code: not blank, no comment, no docstring."""
    layout = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT}
    lines: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type not in layout and token.type != tokenize.ENDMARKER:
            lines |= set(range(token.start[0], token.end[0] + 1))
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, Documented):
            lines -= docstring_lines(node)
    return lines


def functions_of(tree: ast.Module) -> Iterator[Function]:
    return (node for node in ast.walk(tree) if isinstance(node, Function))


def function_lines() -> dict[str, int]:
    """Return every function's length in lines, without its docstring, by file and name."""
    return {
        f"{name}:{node.lineno} {node.name}": (node.end_lineno or 0)
        - node.lineno
        + 1
        - len(docstring_lines(node))
        for name in FILE_NAMES
        for node in functions_of(tree_of(name))
    }


def file_lines() -> dict[str, int]:
    """Return every file's lines of code; a file without code, such as an empty `__init__`, does not count."""
    counted = {name: len(code_lines((ROOT / name).read_text(encoding="utf-8"))) for name in FILE_NAMES}
    return {name: count for name, count in counted.items() if count}


def late_imports() -> set[str]:
    """Return what is imported inside functions, as LATE_IMPORTS writes it."""
    found: set[str] = set()
    for name in FILE_NAMES:
        inside = (node for function in functions_of(tree_of(name)) for node in ast.walk(function))
        for node in inside:
            if isinstance(node, ast.ImportFrom):
                found.add(f"{name}: {node.module}")
            elif isinstance(node, ast.Import):
                found |= {f"{name}: {alias.name}" for alias in node.names}
    return found


def catches_all(handler: ast.ExceptHandler) -> bool:
    caught = ast.walk(handler.type) if handler.type else [ast.Name("BaseException")]
    return any(isinstance(node, ast.Name) and node.id in {"Exception", "BaseException"} for node in caught)


def catch_all_places() -> set[str]:
    """Return where every exception is caught, as CATCH_ALL writes it."""
    return {
        f"{name}: {function.name}"
        for name in FILE_NAMES
        for function in functions_of(tree_of(name))
        for node in ast.walk(function)
        if isinstance(node, ast.ExceptHandler) and catches_all(node)
    }


def environment_reads(name: str) -> list[int]:
    """Return the lines in which a file reaches for the environment."""
    words = {"environ", "environb", "getenv"}
    return sorted(
        node.lineno
        for node in ast.walk(tree_of(name))
        if (isinstance(node, ast.Attribute) and node.attr in words)
        or (isinstance(node, ast.ImportFrom) and node.module == "os" and words & {a.name for a in node.names})
    )


def undocumented(name: str) -> Iterator[str]:
    """Name the module, its public classes and its public functions that have no docstring."""
    tree = tree_of(name)
    if not tree.body:
        return
    if ast.get_docstring(tree) is None:
        yield name
    for node in tree.body:
        if not isinstance(node, Function | ast.ClassDef) or node.name.startswith("_"):
            continue
        if ast.get_docstring(node) is None:
            yield f"{name}:{node.lineno} {node.name}"


def test_a_file_is_short() -> None:
    lengths = file_lines()
    assert {name: length for name, length in lengths.items() if length > FILE_LINES_MAX} == {}
    assert statistics.median(lengths.values()) <= FILE_LINES_MEDIAN


def test_a_function_is_short() -> None:
    lengths = function_lines()
    assert {name: length for name, length in lengths.items() if length > FUNCTION_LINES_MAX} == {}
    assert statistics.quantiles(lengths.values(), n=10)[-1] <= FUNCTION_LINES_P90


def test_an_import_inside_a_function_has_a_reason() -> None:
    """New ones need an entry in LATE_IMPORTS; entries that nothing uses any more go."""
    assert late_imports() == set(LATE_IMPORTS)


def test_every_exception_is_caught_only_at_a_boundary() -> None:
    """New places need an entry in CATCH_ALL; entries that nothing uses any more go."""
    assert catch_all_places() == set(CATCH_ALL)


@pytest.mark.parametrize("name", [name for name in FILE_NAMES if not name.endswith("/settings.py")])
def test_only_settings_modules_read_the_environment(name: str) -> None:
    assert environment_reads(name) == []


@pytest.mark.parametrize("name", FILE_NAMES)
def test_what_is_public_has_a_docstring(name: str) -> None:
    assert list(undocumented(name)) == []


def test_code_lines_leave_out_comments_blanks_and_docstrings() -> None:
    """The measure itself: a text in quotes that is no docstring is code."""
    lines = [
        '"""Doc.',
        "",
        'More."""',
        "# why",
        'x = """a',
        'b"""  # here',
        "",
        "def f() -> int:",
        '    """Doc."""',
    ]
    text = "\n".join([*lines, "    return 1", ""])
    assert code_lines(text) == {5, 6, 8, 10}
