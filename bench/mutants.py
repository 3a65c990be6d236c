"""Small bugs planted in the engine's source: where they can be, and how the source reads with one."""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

ROOT = Path(__file__).parents[1]
CORE = Path("src/fleetfoot/core")
PROSE = (  # lists and sentences decide nothing
    "en.py",
    "ko.py",
    "ja.py",
    "words.py",
    "whole.py",
    "reasons.py",
    "__init__.py",
)
TINY = 1e-6  # twice a tolerance for rounding is no bug, none at all is

SWAPS: dict[type[ast.AST], type[ast.AST]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Add: ast.Sub, ast.Sub: ast.Add,
    ast.Mult: ast.Div, ast.Div: ast.Mult, ast.FloorDiv: ast.Mult, ast.Mod: ast.FloorDiv,
    ast.And: ast.Or, ast.Or: ast.And,
}  # fmt: skip
CALLS = {"min": "max", "max": "min", "any": "all", "all": "any", "floor": "ceil", "ceil": "floor"}


class Site(NamedTuple):
    """A place that can be changed: the node's number in ``ast.walk`` and which of its operators."""

    file: str  # from CORE
    node: int
    way: int
    function: str  # qualified name of the outermost function around it


class Bug(NamedTuple):
    """One change: the lines that read differently, and the whole file with it."""

    site: Site
    line: int
    before: str
    after: str
    text: str

    def __str__(self) -> str:
        return f"{CORE / self.site.file}:{self.line}\n  - {self.before}\n  + {self.after}"


def files() -> list[str]:
    found = sorted((ROOT / CORE).rglob("*.py"))
    return [str(file.relative_to(ROOT / CORE)) for file in found if file.name not in PROSE]


def sites(file: str) -> list[Site]:
    """Every place of one file, in the order of its lines."""
    tree = ast.parse((ROOT / CORE / file).read_text(encoding="utf-8"))
    numbers = {id(node): number for number, node in enumerate(ast.walk(tree))}
    return [
        Site(file, numbers[id(node)], way, function) for node, function in _deciding(tree) for way in range(_ways(node))
    ]


def planted(site: Site) -> Bug:
    source = (ROOT / CORE / site.file).read_text(encoding="utf-8")
    node = next(node for number, node in enumerate(ast.walk(ast.parse(source))) if number == site.node)
    place, changed = _changed(node, site.way)
    rows = source.splitlines(keepends=True)
    first, last = rows[place.lineno - 1].encode(), rows[place.end_lineno - 1].encode()
    left, right = first[: place.col_offset].decode(), last[place.end_col_offset :].decode()
    before = rows[place.lineno - 1 : place.end_lineno]
    after = [f"{left}{ast.unparse(changed)}{right}"]
    text = "".join((*rows[: place.lineno - 1], *after, *rows[place.end_lineno :]))
    return Bug(site, place.lineno, _told(before), _told(after), text)


def _told(rows: list[str]) -> str:
    return " ".join(row.strip() for row in rows)


class Same(NamedTuple):
    """A change that is no bug, and why nobody could ever tell."""

    file: str
    before: str
    after: str
    why: str


def equivalents() -> list[Same]:
    """``equivalent.toml``; ValueError where an entry's line is no longer in the code."""
    rows = tomllib.loads((ROOT / "bench" / "equivalent.toml").read_text(encoding="utf-8"))["same"]
    found = [Same(**row) for row in rows]
    for one in found:
        if one.before not in _told((ROOT / CORE / one.file).read_text(encoding="utf-8").splitlines()):
            raise ValueError(f"equivalent.toml: {one.file} no longer reads: {one.before}")
    return found


def chosen(count: int, seed: int) -> list[Bug]:
    """``count`` bugs, one from each of as many equally long stretches of the engine; none that is no bug."""
    places = [site for file in files() for site in sites(file)]
    harmless = {(one.file, one.before, one.after) for one in equivalents()}
    random, found = Random(seed), []
    for i in range(count):
        stretch = places[i * len(places) // count : (i + 1) * len(places) // count]
        bugs = (planted(site) for site in random.sample(stretch, len(stretch)))
        found.append(next(bug for bug in bugs if (bug.site.file, bug.before, bug.after) not in harmless))
    random.shuffle(found)  # a run that is cut short has seen a sample too
    return found


def _deciding(node: ast.AST, scope: str = "", function: str = "") -> Iterator[tuple[ast.AST, str]]:
    """The nodes inside functions that decide something, each with its outermost function."""
    if isinstance(node, (ast.arguments, ast.Assert, ast.JoinedStr)):
        return  # a default is a setting, an assertion is for the type checker, a text is prose
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "round":
        node.args[1:] = []  # how many digits a reason shows
    if function:
        yield node, function
    elif isinstance(node, (ast.FunctionDef, ast.ClassDef)):
        scope += node.name
        function = scope if isinstance(node, ast.FunctionDef) else ""
        scope += "."
    for name, field in ast.iter_fields(node):
        for child in field if isinstance(field, list) else [field]:
            counts = isinstance(child, ast.AST) and name not in ("decorator_list", "annotation", "returns")
            if counts and not (isinstance(child, ast.keyword) and child.arg == "strict"):  # zip's lists are as long
                yield from _deciding(child, scope, function)


def _ways(node: ast.AST) -> int:
    """In how many ways it can be changed."""
    match node:
        case ast.Compare():
            return len(node.ops)
        case ast.BinOp() | ast.AugAssign():
            return int(type(node.op) in SWAPS)
        case ast.Constant():
            return int(isinstance(node.value, (bool, int, float)))
        case ast.Call(func=ast.Name(id=name)):
            return int(name in CALLS)
        case ast.Assign(targets=[ast.Attribute() | ast.Subscript()]) | ast.Expr(value=ast.Call()):
            return 1
        case ast.UnaryOp(op=ast.Not()):
            return 1
        case _:
            return int(isinstance(node, (ast.BoolOp, ast.If, ast.IfExp, ast.While)))


def _changed(node: Any, way: int) -> tuple[Any, ast.AST]:
    """The part of ``node`` that reads differently, and how."""
    match node:
        case ast.Compare():
            ops = [*node.ops[:way], SWAPS[type(node.ops[way])](), *node.ops[way + 1 :]]
            return node, ast.Compare(node.left, ops, node.comparators)  # type: ignore[arg-type]
        case ast.BinOp():
            return node, ast.BinOp(node.left, SWAPS[type(node.op)](), node.right)  # type: ignore[arg-type]
        case ast.BoolOp():
            return node, ast.BoolOp(SWAPS[type(node.op)](), node.values)  # type: ignore[arg-type]
        case ast.AugAssign():
            return node, ast.AugAssign(node.target, SWAPS[type(node.op)](), node.value)  # type: ignore[arg-type]
        case ast.Constant(value=bool(value)):
            return node, ast.Constant(not value)
        case ast.Constant(value=int(value) | float(value)):
            return node, ast.Constant(0.0 if 0 < value < TINY else value * 2 or 1)
        case ast.Call(func=ast.Name(id=name)):
            return node.func, ast.Name(CALLS[name])
        case ast.UnaryOp():
            return node, ast.UnaryOp(ast.Not(), node)
        case ast.If() | ast.IfExp() | ast.While():
            return node.test, ast.UnaryOp(ast.Not(), node.test)
        case ast.Assign():
            return node, ast.Assign([ast.Name("_")], node.value, lineno=0)  # left out
        case _:
            return node, ast.Expr(ast.Constant(...))  # left out
