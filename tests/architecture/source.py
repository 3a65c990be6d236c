"""Reads the repository for the architecture tests: its files, its imports. Nothing here is imported by the product."""

from __future__ import annotations

import ast
import functools
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
SRC = ROOT / "src"


class Import(NamedTuple):
    """One imported module, by its full dotted name, and where."""

    file: Path  # relative to the repository
    line: int
    module: str


@functools.cache
def tracked() -> tuple[Path, ...]:
    """Files git knows or would add, relative to the repository."""
    command = ["git", "-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.split("\0")
    return tuple(Path(name) for name in sorted(set(names)) if name and (ROOT / name).is_file())


def python_files(*folders: str) -> list[Path]:
    return [path for path in tracked() if path.suffix == ".py" and str(path).startswith(folders)]


@functools.cache
def tree(path: Path) -> ast.Module:
    return ast.parse((ROOT / path).read_text(encoding="utf-8"), filename=str(path))


def line(path: Path, number: int) -> str:
    """The source line with this number; markers that excuse something stand on it, with a reason."""
    return (ROOT / path).read_text(encoding="utf-8").splitlines()[number - 1]


def imports(path: Path) -> Iterator[Import]:
    """Everything ``path`` imports, also lazily, under TYPE_CHECKING, relatively, or through import_module("...")."""
    package = path.with_suffix("").parts[1:-1] if path.parts[0] == "src" else path.with_suffix("").parts[:-1]
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            for name in node.names:
                yield Import(path, node.lineno, name.name)
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(package[: len(package) - node.level + 1]) if node.level else ""
            module = ".".join(part for part in (base, node.module or "") if part)
            for name in node.names:
                yield Import(path, node.lineno, f"{module}.{name.name}")
        elif isinstance(node, ast.Call) and called(node) in {"import_module", "importlib.import_module", "__import__"}:
            first = node.args[0] if node.args else None
            yield Import(path, node.lineno, first.value if isinstance(first, ast.Constant) else "?")  # type: ignore[arg-type]


def optional(path: Path) -> set[int]:
    """The lines of imports that may fail: those under a ``try`` that expects ImportError."""
    return {
        inner.lineno
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Try) and any("ImportError" in ast.unparse(h.type) for h in node.handlers if h.type)
        for statement in node.body
        for inner in ast.walk(statement)
        if isinstance(inner, ast.Import | ast.ImportFrom)
    }


def called(node: ast.Call) -> str:
    """The dotted name a call is made by, as written: ``time.sleep``; empty when it is not a plain name."""
    try:
        return ast.unparse(node.func)
    except ValueError:
        return ""


def within(module: str, *parents: str) -> bool:
    """Whether ``module`` is one of ``parents`` or lies under it."""
    return any(module == parent or module.startswith(parent + ".") for parent in parents)
