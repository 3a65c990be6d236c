"""YAML text -> ``Node`` tree with positions. Scalars stay text, so no YAML version turns ``on`` into true.

Rules, because the text may be hostile:
1. Events are read one by one; nesting, aliases and size are bounded before anything is built.
2. An alias shares its node; what it would cost to walk it is counted as if it were copied.
3. No tags, no second document, no key that is not text, no key twice.
4. What stops the reading is raised; what does not is collected, so that all errors come at once.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import yaml

from fleetfoot.spec.errors import shown
from fleetfoot.spec.nodes import Items, Mark, Node

MAX_BYTES = 1_000_000
"""Largest file. A spec of a hundred services is under 100 kB."""
MAX_DEPTH = 20
"""Deepest nesting. The deepest key of the models is at 7."""
MAX_NODES = 50_000
"""Most values, aliases counted as copies. A spec of a hundred services has about 10,000."""

_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_BAD = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_NULL = ("", "~", "null", "Null", "NULL")
_PROBLEMS = (
    ("could not find expected ':'", "a ':' is missing after the key on the line above, or the line is not indented"),
    ("mapping values are not allowed", "a ':' is not allowed here: put the text in quotes, or correct the indentation"),
    ("did not find expected key", "wrong indentation, or an unclosed quote or bracket above"),
    ("did not find expected '-' indicator", "wrong indentation: a list item begins with '-' under the one above"),
    ("did not find expected ',' or ']'", "a ',' or the closing ']' is missing"),
    ("did not find expected ',' or '}'", "a ',' or the closing '}' is missing"),
    ("did not find expected node content", "a value is missing or begins with a sign of YAML: put it in quotes"),
    ("found unexpected end of stream", "the closing quote is missing"),
    ("found unknown escape character", "an unknown escape in a double-quoted text: use single quotes"),
    ("block sequence entries are not allowed", "a list item is not allowed here: put it on a line of its own"),
    ("did not find expected <document start>", "wrong indentation: the line does not belong to anything above"),
)


class Unreadable(Exception):
    """The text cannot be read any further."""

    def __init__(self, mark: Mark, message: str) -> None:
        super().__init__(message)
        self.mark, self.message = mark, message


def decode(data: bytes) -> str:
    """UTF-8 bytes -> text. Raises ``Unreadable`` with the place of the first bad byte."""
    if len(data) > MAX_BYTES:
        raise Unreadable(Mark(1, 1), f"the file is larger than {MAX_BYTES // 1000} kB")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8-sig", "replace")
        line, column = before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1
        message = f"byte 0x{data[error.start]:02x} is not UTF-8: save the file as UTF-8"
        raise Unreadable(Mark(line, column), message) from None


class Reader:
    """Reads one text. ``complaints`` are (mark, path, message) of what did not stop it.

    ``foreign``: a file of another tool, which may hold several documents and CloudFormation's short tags.
    """

    def __init__(self, text: str, foreign: bool = False) -> None:
        self.text = text.removeprefix("\ufeff")
        self._foreign = foreign
        self.complaints: list[tuple[Mark, str, str]] = []
        self._anchors: dict[str, tuple[Any, int, Mark]] = {}
        self._open: set[str] = set()
        self._nodes = 0

    def read(self) -> tuple[Any, Mark]:
        """The root and its place. Raises ``Unreadable``."""
        return next(iter(self.documents()), (None, Mark(1, 1)))

    def documents(self) -> list[tuple[Any, Mark]]:
        """Every document's root and place. Raises ``Unreadable``, also for a second one where it is not ``foreign``."""
        self._look_over()
        try:
            return list(self._documents(yaml.parse(self.text, Loader=_Loader)))
        except yaml.MarkedYAMLError as error:
            raise self._syntax(error) from None
        except yaml.YAMLError as error:
            raise Unreadable(Mark(1, 1), f"not YAML: {error}") from None

    def _look_over(self) -> None:
        if len(self.text) > MAX_BYTES:
            raise Unreadable(Mark(1, 1), f"the file is larger than {MAX_BYTES // 1000} kB")
        bad = _BAD.search(self.text)
        if bad:
            before = self.text[: bad.start()]
            mark = Mark(before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1)
            raise Unreadable(mark, f"character U+{ord(bad[0]):04X} is not allowed in a text file")

    def _documents(self, events: Iterator[Any]) -> Iterator[tuple[Any, Mark]]:
        documents = 0
        for event in events:
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1 and not self._foreign:
                    raise Unreadable(_mark(event), "a second document begins: one file holds one document")
                self._anchors.clear()
                first = next(events)
                yield self._value(first, events, ""), _mark(first)

    def _value(self, event: Any, events: Iterator[Any], path: str, depth: int = 0) -> Any:
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event)
        self._nodes += 1
        before = self._nodes
        self._bounds(event, depth)
        if event.tag is not None and not self._foreign:
            self.complaints.append((_mark(event), path, f"the tag {shown(event.tag)} is not allowed: remove it"))
        anchor = event.anchor
        if anchor:
            self._open.add(anchor)
        if isinstance(event, yaml.ScalarEvent):
            value: Any = None if not event.style and event.value in _NULL else event.value
        elif isinstance(event, yaml.MappingStartEvent):
            value = self._mapping(events, path, depth)
        else:
            value = self._list(events, path, depth)
        if event.tag is not None and self._foreign and re.fullmatch(r"![A-Za-z0-9:]+", event.tag):
            value = _called(event, value)
        if anchor:
            self._open.discard(anchor)
            self._anchors[anchor] = (value, self._nodes - before + 1, _mark(event))
        return value

    def _bounds(self, event: Any, depth: int) -> None:
        if depth > MAX_DEPTH:
            raise Unreadable(_mark(event), f"nested deeper than {MAX_DEPTH} levels")
        if self._nodes > MAX_NODES:
            raise Unreadable(_mark(event), f"more than {MAX_NODES} values, aliases counted as copies")

    def _alias(self, event: Any) -> Any:
        if event.anchor in self._open:
            raise Unreadable(_mark(event), f"the alias {shown('*' + event.anchor)} contains itself")
        if event.anchor not in self._anchors:
            known = ", ".join(self._anchors) or "none"
            message = f"the alias {shown('*' + event.anchor)} has no anchor '&{event.anchor}' above; there are: {known}"
            raise Unreadable(_mark(event), message)
        value, size, _ = self._anchors[event.anchor]
        self._nodes += size
        self._bounds(event, 0)
        return value

    def _list(self, events: Iterator[Any], path: str, depth: int) -> Items:
        items = Items()
        while not isinstance(event := next(events), yaml.SequenceEndEvent):
            items.put(self._value(event, events, f"{path}[{len(items)}]", depth + 1), _mark(event))
        return items

    def _mapping(self, events: Iterator[Any], path: str, depth: int) -> Node:
        node = Node()
        merged: list[tuple[Any, Mark]] = []
        while not isinstance(key_event := next(events), yaml.MappingEndEvent):
            key_at, key = _mark(key_event), self._value(key_event, events, path, depth + 1)
            key = key_event.value if isinstance(key_event, yaml.ScalarEvent) else key
            inner = f"{path}.{key}" if path else str(key)
            value_event = next(events)
            value = self._value(value_event, events, inner, depth + 1)
            if not isinstance(key, str):
                message = f"a key must be text, not {shown(key)}: put it in quotes if it is meant as text"
                self.complaints.append((key_at, path, message))
            elif key == "<<" and not key_event.style:
                merged.append((value, _mark(value_event)))
            elif key in node:
                message = f"the key {shown(key)} is there already, on line {node.keys_at[key].line}"
                self.complaints.append((key_at, inner, message))
            else:
                node.put(key, value, key_at, _mark(value_event))
        for value, mark in merged:
            self._merge(node, value, mark, path)
        return node

    def _merge(self, node: Node, value: Any, mark: Mark, path: str) -> None:
        """``<<: *other``: the keys of the other mapping that are not written here."""
        for other in value if isinstance(value, Items) else [value]:
            if not isinstance(other, Node):
                self.complaints.append((mark, path, f"'<<' takes an alias of a mapping, not {shown(other)}"))
                continue
            for key in other:
                if key not in node:
                    node.put(key, other[key], other.keys_at[key], other.values_at[key])

    def _syntax(self, error: Any) -> Unreadable:
        mark, problem = error.problem_mark or error.context_mark, str(error.problem)
        if mark is None:
            return Unreadable(Mark(1, 1), f"not YAML: {problem}")
        lines = self.text.splitlines()
        line = lines[mark.line] if mark.line < len(lines) else ""
        if "cannot start any token" in problem or "tab character" in problem:
            sign = line[mark.column : mark.column + 1]
            text = "a tab cannot indent: use spaces" if sign == "\t" else f"'{sign}' cannot begin a text: use quotes"
        else:
            text = next((words for begin, words in _PROBLEMS if begin in problem), f"not YAML: {problem}")
        return Unreadable(Mark(mark.line + 1, mark.column + 1), text)


def _called(event: Any, value: Any) -> Node:
    """``!Ref x`` as the mapping it is short for: {Ref: x}, and {Fn::Name: ...} for the others."""
    node, name = Node(), event.tag[1:]
    node.put(name if name in ("Ref", "Condition") else f"Fn::{name}", value, _mark(event), _mark(event))
    return node


def _mark(event: Any) -> Mark:
    return Mark(event.start_mark.line + 1, event.start_mark.column + 1)
