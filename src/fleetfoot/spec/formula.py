"""Formulas of signals: parsed and checked once, worked out anew for every observation.

The language is the arithmetic of ``simpleeval``, cut down to what a formula needs: numbers, names of signals, + - * /,
comparisons, ``a if b else c``, ``and``, ``or``, ``not``, min, max and abs. Whatever else the parser understands
is refused here, before anything is worked out.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from simpleeval import SimpleEval

from fleetfoot.spec.errors import Wrong, shown
from fleetfoot.spec.forms import TextForm

LONGEST, MOST = 200, 60  # characters, and parts of the tree
FUNCTIONS = {"min": min, "max": max, "abs": abs}
NODES = (
    ast.BinOp, ast.UnaryOp, ast.BoolOp, ast.Compare, ast.IfExp, ast.Constant, ast.Name, ast.Call,
    ast.Add, ast.Sub, ast.Mult, ast.Div, ast.USub, ast.UAdd, ast.Not, ast.And, ast.Or, ast.Load,
    ast.Gt, ast.GtE, ast.Lt, ast.LtE, ast.Eq, ast.NotEq,
)  # fmt: skip
ALLOWED = "write numbers, names of signals, + - * /, comparisons, 'a if b else c', min, max and abs"


@dataclass(frozen=True)
class Formula:
    """``text`` as written, the signals it ``reads``, and what works it out. Equal when the texts are."""

    text: str
    reads: tuple[str, ...] = field(compare=False)
    _tree: ast.expr = field(compare=False, repr=False)
    _engine: SimpleEval = field(compare=False, repr=False)

    def of(self, values: Mapping[str, float]) -> float | None:
        """Its value for those of the signals; None where it divides by zero. May be no number."""
        self._engine.names = values
        try:
            return float(self._engine.eval(self.text, previously_parsed=self._tree))
        except ZeroDivisionError:
            return None
        except OverflowError:
            return float("inf")

    def __str__(self) -> str:
        return self.text


def parse(text: str) -> Formula:
    """Raises Wrong, with the place in the text."""
    if len(text) > LONGEST:
        raise Wrong(f"is {len(text)} characters long: a formula has at most {LONGEST}")
    try:
        tree = _Dotted().visit(ast.parse(text.strip(), mode="eval").body)
    except SyntaxError as error:
        cut = (
            "inside { } a comma ends the value: write the formula in quotes"
            if text.count("(") > text.count(")")
            else ""
        )
        place = f"cannot be read at character {error.offset or len(text) + 1}"
        raise Wrong(f"{place}: {error.msg}; {ALLOWED}", suggestion=cut) from None
    except (ValueError, RecursionError, MemoryError) as error:
        raise Wrong(f"cannot be read: {error}; {ALLOWED}") from None
    nodes = list(ast.walk(tree))
    if len(nodes) > MOST:
        raise Wrong(f"has {len(nodes)} parts: a formula has at most {MOST}")
    for node in nodes:
        _check(node, text)
    called = {id(node.func) for node in nodes if isinstance(node, ast.Call)}
    reads = {node.id for node in nodes if isinstance(node, ast.Name) and id(node) not in called}
    if not reads:
        raise Wrong(f"{shown(text)} reads no signal: {ALLOWED}")
    return Formula(text, tuple(sorted(reads)), tree, SimpleEval(functions=FUNCTIONS))


def _check(node: ast.AST, text: str) -> None:
    """Raises Wrong for what is not in the language."""
    at = getattr(node, "col_offset", 0) + 1
    if not isinstance(node, NODES):
        raise Wrong(f"{shown(text)} holds what no formula may, at character {at}: {ALLOWED}")
    if isinstance(node, ast.Constant) and (isinstance(node.value, bool) or not isinstance(node.value, (int, float))):
        raise Wrong(f"{shown(node.value)} is no number, at character {at}: {ALLOWED}")
    if isinstance(node, ast.Name) and any(part.startswith("_") for part in node.id.split(".")):
        raise Wrong(f"{shown(node.id)} is no name of a signal, at character {at}")
    if isinstance(node, ast.Call):
        _check_call(node, at)


def _check_call(node: ast.Call, at: int) -> None:
    if not isinstance(node.func, ast.Name) or node.func.id not in FUNCTIONS or node.keywords:
        raise Wrong(f"calls something at character {at}: it may call min, max and abs")
    single = node.func.id == "abs"
    if single != (len(node.args) == 1):
        raise Wrong(f"{node.func.id} takes {'one value' if single else 'two values or more'}, at character {at}")


class _Dotted(ast.NodeTransformer):
    """``app.errors`` is one name."""

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        inner = self.visit(node.value)
        if not isinstance(inner, ast.Name):
            return node
        return ast.copy_location(ast.Name(f"{inner.id}.{node.attr}", ast.Load()), node)


class FormulaForm(TextForm):
    """A formula over signals."""

    def __init__(self) -> None:
        super().__init__("a formula", "app.failed / app.orders")

    def parse(self, text: str) -> Any:
        return parse(text)

    def python(self, value: Any) -> Any:
        return value if isinstance(value, Formula) else super().python(value)
