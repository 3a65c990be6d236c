"""Planted bugs: how many does the suite catch?

    python bench/mutations.py --count 200

Takes ``count`` places in the engine at random (by ``--seed``), changes each in one small way (a comparison, a sign, a
constant, a minimum for a maximum, a statement left out), and runs the engine's tests on each changed copy, those that
speak of the changed file first, until one fails. Prints every bug that survives with its line; the exit code is 1 when
fewer than 95 % are caught. Runs on all cores; nothing in the checkout is touched.
"""

from __future__ import annotations

import argparse
import ast
import copy
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from machine import describe
from rich.progress import track

ROOT = Path(__file__).parents[1]
CORE = ROOT / "src" / "fleetfoot" / "core"
PLAIN = (
    "sentences.py",
    "words.py",
    "reasons.py",
    "__init__.py",
)  # prose and lists: a change there is no bug of deciding
BAR = 0.95
PATIENCE_S = 900

SWAPS: dict[type[ast.AST], type[ast.AST]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult,
    ast.And: ast.Or, ast.Or: ast.And,
}  # fmt: skip


class Bug(NamedTuple):
    """One change: the file, the line, and how it reads before and after."""

    file: Path
    line: int
    before: str
    after: str
    text: str  # the whole file, changed

    def __str__(self) -> str:
        return f"{self.file.relative_to(CORE)}:{self.line}: {self.before}  ->  {self.after}"


def bugs(file: Path) -> list[Bug]:
    """Every small change of one file."""
    source = file.read_text(encoding="utf-8")
    tree = ast.parse(source)
    inside = [node for top in ast.walk(tree) if isinstance(top, ast.FunctionDef) for node in ast.walk(top)]
    numbers = {id(node): number for number, node in enumerate(ast.walk(tree))}
    found, seen = [], set()
    for node in inside:
        if id(node) in seen:
            continue
        seen.add(id(node))
        for way in range(_ways(node)):
            changed = copy.deepcopy(tree)
            twin = next(other for number, other in enumerate(ast.walk(changed)) if number == numbers[id(node)])
            before = ast.unparse(node)
            _change(twin, way)
            found.append(Bug(file, getattr(node, "lineno", 0), before, ast.unparse(twin), ast.unparse(changed)))
    return [bug for bug in found if bug.before != bug.after]


def _ways(node: ast.AST) -> int:
    """In how many ways it can be changed."""
    if isinstance(node, ast.Compare):
        return len(node.ops) if all(type(op) in SWAPS for op in node.ops) else 0
    if isinstance(node, ast.BinOp):
        return int(type(node.op) in SWAPS)
    if isinstance(node, ast.Constant):
        return int(isinstance(node.value, (bool, int, float)))
    if isinstance(node, ast.Call):
        return int(isinstance(node.func, ast.Name) and node.func.id in ("min", "max"))
    return int(isinstance(node, (ast.BoolOp, ast.If, ast.AugAssign)))


def _change(node: ast.AST, way: int) -> None:
    if isinstance(node, ast.Compare):
        node.ops[way] = SWAPS[type(node.ops[way])]()  # type: ignore[call-overload]
    elif isinstance(node, (ast.BinOp, ast.BoolOp)):
        node.op = SWAPS[type(node.op)]()  # type: ignore[assignment]
    elif isinstance(node, ast.Constant):
        node.value = (not node.value) if isinstance(node.value, bool) else node.value * 2 + (node.value == 0)  # type: ignore[operator]
    elif isinstance(node, ast.Call):
        assert isinstance(node.func, ast.Name)
        node.func.id = {"min": "max", "max": "min"}[node.func.id]
    elif isinstance(node, ast.If):
        node.test = ast.UnaryOp(ast.Not(), node.test)
    elif isinstance(node, ast.AugAssign):
        node.op = SWAPS.get(type(node.op), ast.Sub)()  # type: ignore[assignment]


def tests_for(file: Path) -> list[str]:
    """The engine's tests, those that speak of the file first, the long ones last."""
    name = file.stem

    def order(test: Path) -> tuple[bool, bool, str]:
        text = test.read_text(encoding="utf-8")
        return (name not in test.stem, name not in text, test.name)

    unit = sorted((ROOT / "tests" / "unit" / "core").glob("test_*.py"), key=order)
    return [str(test.relative_to(ROOT)) for test in unit] + [
        "tests/replay",
        "tests/storms",
        "tests/properties/test_engine.py",
    ]


def caught(bug: Bug) -> bool:
    """Whether a test fails on a copy of the sources with this bug in it."""
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "src"
        shutil.copytree(ROOT / "src", source, ignore=shutil.ignore_patterns("__pycache__"))
        (source / bug.file.relative_to(ROOT / "src")).write_text(bug.text, encoding="utf-8")
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-x",
            "-q",
            "-n",
            "0",
            "-p",
            "no:cacheprovider",
            "-o",
            "pythonpath=.",
            *tests_for(bug.file),
        ]
        environment = {**os.environ, "PYTHONPATH": str(source), "PYTHONDONTWRITEBYTECODE": "1"}
        try:
            done = subprocess.run(
                command, cwd=ROOT, env=environment, capture_output=True, timeout=PATIENCE_S, check=False
            )
        except subprocess.TimeoutExpired:
            return True  # it hangs: somebody would notice
        return done.returncode != 0


def chosen(count: int, seed: int) -> list[Bug]:
    found = [bug for file in _files() for bug in bugs(file)]
    return random.Random(seed).sample(found, min(count, len(found)))


def _files() -> Iterator[Path]:
    yield from (file for file in sorted(CORE.rglob("*.py")) if file.name not in PLAIN)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    begun = time.monotonic()
    planted = chosen(args.count, args.seed)
    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as executor:
        results = list(track(executor.map(caught, planted), "bugs", total=len(planted)))
    for bug, found in zip(planted, results, strict=True):
        if not found:
            print(f"survived: {bug}")
    share = sum(results) / len(results)
    print(describe())
    print(f"{sum(results)} of {len(results)} planted bugs caught ({share:.1%}) in {time.monotonic() - begun:.0f} s")
    return int(share < BAR)


if __name__ == "__main__":
    sys.exit(main())
