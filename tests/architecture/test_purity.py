"""The engine is pure: under core no clock, chance, environment, socket, log or file. Tests keep rules of their own."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture.source import ROOT, called, imports, line, python_files, tree

#: What core may take from the standard library: things that compute. Everything else needs a reason here.
# fmt: off
PURE = frozenset((
    "__future__", "abc", "array", "base64", "bisect", "binascii", "collections", "contextlib", "copy", "dataclasses",
    "datetime", "decimal", "enum", "fractions", "functools", "hashlib", "heapq", "itertools", "json", "math", "numbers",
    "operator", "re", "statistics", "string", "struct", "textwrap", "types", "typing", "unicodedata", "zlib",
))
# fmt: on
#: Calls that read a clock, a file or a person; the last part of the dotted name is enough.
IMPURE_CALLS = frozenset(("open", "input", "print", "now", "utcnow", "today", "breakpoint", "eval", "exec"))


def impurities(module: ast.Module) -> Iterator[tuple[int, str]]:
    for node in ast.walk(module):
        if isinstance(node, ast.Call):
            name = called(node).rsplit(".", 1)[-1]
            if name in IMPURE_CALLS:
                yield node.lineno, f"calls {called(node)}"
            if name == "fromtimestamp" and len(node.args) + len(node.keywords) < 2:
                yield node.lineno, "fromtimestamp without a zone reads the machine's"
        loops = [node.iter] if isinstance(node, ast.For | ast.comprehension) else []
        for over in loops:
            unordered = isinstance(over, ast.Set | ast.SetComp)
            if unordered or (isinstance(over, ast.Call) and called(over) in {"set", "frozenset"}):
                yield over.lineno, "iterates over a set: its order is chance"


def test_core_imports_only_what_computes() -> None:
    bad = [
        f"{found.file}:{found.line} imports {found.module}"
        for path in python_files("src/fleetfoot/core/")
        for found in imports(path)
        if found.module.split(".")[0] in sys.stdlib_module_names and found.module.split(".")[0] not in PURE
    ]
    assert not bad, "\n" + "\n".join(bad)


def test_core_reads_no_clock_no_file_and_no_chance() -> None:
    """A line may be excused with ``# pure: reason``."""
    bad = [
        f"{path}:{number} {what}"
        for path in python_files("src/fleetfoot/core/")
        for number, what in impurities(tree(path))
        if "# pure: " not in line(path, number)
    ]
    assert not bad, "\n" + "\n".join(bad)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("open('x')", id="a-file"),
        pytest.param("datetime.now(UTC)", id="the-clock"),
        pytest.param("datetime.fromtimestamp(5)", id="the-zone-of-the-machine"),
        pytest.param("[x for x in {1, 2}]", id="a-set-in-a-comprehension"),
        pytest.param("for x in set(names): pass", id="a-set-in-a-loop"),
    ],
)
def test_the_check_sees_an_impurity(text: str) -> None:
    assert list(impurities(ast.parse(text)))


def test_the_check_lets_pure_lines_pass() -> None:
    text = "for x in sorted({1, 2}): y = datetime.fromtimestamp(x, UTC)\nz = x in {1, 2}"
    assert not list(impurities(ast.parse(text)))


# -- the tests' own rules

PATCHING = re.compile(r"\bmock\.patch\b|\bunittest\.mock\b|\bmonkeypatch\.(setattr|setitem|delattr)\b|\bmocker\b")
SLEEPS = frozenset({"time.sleep", "sleep", "asyncio.sleep"})


def is_sleep(node: ast.Call) -> bool:
    """``sleep(0)`` gives way without waiting, and a minute or more stands for "never answers": both are allowed."""
    if called(node) not in SLEEPS:
        return False
    first = node.args[0] if node.args else None
    span = first.value if isinstance(first, ast.Constant) else None
    return not (isinstance(span, int | float) and (span == 0 or span >= 60))


def proper_tests() -> list[Path]:
    """All but the helpers and the sample services under tests/apps, which may take their time."""
    helpers = {"tests/support.py", "tests/architecture/test_purity.py"}
    return [p for p in python_files("tests/") if str(p) not in helpers and not str(p).startswith("tests/apps/")]


def test_no_test_patches_code() -> None:
    """If it needs patching, it is not injected."""
    bad = []
    for path in proper_tests():
        for number, text in enumerate((ROOT / path).read_text(encoding="utf-8").splitlines(), 1):
            if PATCHING.search(text):
                bad.append(f"{path}:{number} {text.strip()}")
    assert not bad, "\n" + "\n".join(bad)


@pytest.mark.parametrize(
    ("text", "sleeps"),
    [
        pytest.param("time.sleep(0.1)", True, id="a-moment"),
        pytest.param("asyncio.sleep(pause)", True, id="a-variable"),
        pytest.param("asyncio.sleep(0)", False, id="giving-way"),
        pytest.param("asyncio.sleep(3600)", False, id="never-answering"),
        pytest.param("wait_until(ready)", False, id="waiting-for-a-condition"),
    ],
)
def test_the_check_knows_a_sleep(text: str, sleeps: bool) -> None:
    call = ast.parse(text, mode="eval").body
    assert isinstance(call, ast.Call)
    assert is_sleep(call) is sleeps


def test_no_test_sleeps_in_passing() -> None:
    """Wait for a condition (tests/support.py). A line may be excused with ``# sleep: reason``."""
    bad = [
        f"{path}:{node.lineno} sleeps"
        for path in proper_tests()
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Call) and is_sleep(node) and "# sleep: " not in line(path, node.lineno)
    ]
    assert not bad, "\n" + "\n".join(bad)
