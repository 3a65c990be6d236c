"""A foreign file with places: every read remembers its key, so that what nobody read can be told."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NoReturn

from fleetfoot.spec.errors import SpecError, shown
from fleetfoot.spec.nodes import Items, Mark, Node
from fleetfoot.spec.reader import Reader, Unreadable, decode

MOST = 1e12  # no count, level or span is beyond it


class Refused(Exception):
    """What cannot be imported, with its place."""

    def __init__(self, error: SpecError) -> None:
        super().__init__(str(error))
        self.error = error


def documents(name: str, data: bytes) -> list[At]:
    """Every mapping of a YAML or JSON file. Raises ``Refused`` when it is no such file."""
    try:
        text = decode(data)
        reader = Reader(text, foreign=True)
        roots = reader.documents()
    except Unreadable as error:
        raise Refused(SpecError(name, *error.mark, "", "", error.message)) from None
    for mark, path, message in reader.complaints:
        raise Refused(SpecError(name, *mark, path, "", message))
    found = [(root, mark) for root, mark in roots if root is not None]
    if not found:
        raise Refused(SpecError(name, 1, 1, "", "", "the file is empty"))
    for root, mark in found:
        if not isinstance(root, Node):
            raise Refused(SpecError(name, *mark, "", shown(root), f"must be a mapping, not {shown(root)}"))
    return [At(name, root, mark) for root, mark in found]


class At:
    """A mapping of the file. Readers raise ``Refused`` for what is not of the kind asked for."""

    def __init__(self, file: str, node: Node, mark: Mark, path: str = "") -> None:
        self.file, self.node, self.mark, self.path = file, node, mark, path
        self.read: set[str] = set()
        self.inner: list[At] = []
        self.defaults: Mapping[str, str] = {}

    def with_defaults(self, defaults: Mapping[str, str]) -> At:
        """The same, with what a template's parameters are when nobody says."""
        self.defaults = defaults
        return self

    def _below(self, node: Node, mark: Mark, path: str) -> At:
        found = At(self.file, node, mark, path).with_defaults(self.defaults)
        self.inner.append(found)
        return found

    @property
    def place(self) -> str:
        return f"{self.file}:{self.mark.line}"

    def __contains__(self, key: str) -> bool:
        return self.node.get(key) is not None

    def refuse(self, message: str, key: str = "") -> NoReturn:
        mark = self.node.values_at.get(key, self.mark)
        path = f"{self.path}.{key}".strip(".")
        raise Refused(SpecError(self.file, *mark, path, "", message))

    def line(self, key: str) -> str:
        """``file:line`` of a key."""
        return f"{self.file}:{self.node.keys_at.get(key, self.mark).line}"

    def raw(self, key: str) -> Any:
        self.read.add(key)
        value = self.node.get(key)
        if isinstance(value, Node) and len(value) == 1 and isinstance(value.get("Ref"), str):
            return self.defaults.get(value["Ref"], value)
        return value

    def text(self, key: str, default: str = "") -> str:
        """A scalar; a mapping such as {Ref: Name} as ``Name``."""
        value = self.raw(key)
        if value is None:
            return default
        if isinstance(value, Node) and len(value) == 1:
            return called(value)
        if not isinstance(value, str):
            self.refuse(f"must be text, not {shown(value)}", key)
        return value

    def need(self, key: str, what: str) -> str:
        found = self.text(key)
        if not found:
            self.refuse(f"missing: {key}, {what}", key)
        return found

    def number(self, key: str, default: float | None = None) -> float:
        """A plain number. Refused when it is none, or missing without a default."""
        value = self.raw(key)
        if value is None and default is not None:
            return default
        if value is None:
            self.refuse(f"missing: {key}, a number")
        try:
            found = float(value)
        except (TypeError, ValueError):
            self.refuse(f"{shown(value)} is not a number", key)
        if not abs(found) <= MOST:
            self.refuse(f"{shown(value)} is out of range", key)
        return found

    def whole(self, key: str, default: int | None = None) -> int:
        found = self.number(key, default)
        if found != int(found):
            self.refuse(f"{shown(self.node[key])} is not a whole number", key)
        return int(found)

    def flag(self, key: str) -> bool:
        return self.text(key).lower() == "true"

    def of(self, key: str) -> At:
        """The mapping under ``key``; an empty one when there is none."""
        value = self.raw(key)
        if value is None:
            value = Node()
        if not isinstance(value, Node):
            self.refuse(f"must be a mapping, not {shown(value)}", key)
        return self._below(value, self.node.keys_at.get(key, self.mark), f"{self.path}.{key}".strip("."))

    def all(self, key: str) -> list[At]:
        """The mappings of the list under ``key``; none when there is no such key."""
        value = self.raw(key)
        if value is None:
            return []
        if not isinstance(value, Items):
            self.refuse(f"must be a list, not {shown(value)}", key)
        found = []
        for number, (item, mark) in enumerate(zip(value, value.values_at, strict=True)):
            if not isinstance(item, Node):
                self.refuse(f"item {number + 1} must be a mapping, not {shown(item)}", key)
            found.append(self._below(item, mark, f"{self.path}.{key}[{number}]".strip(".")))
        return found

    def texts(self, key: str) -> list[str]:
        """The scalars and references of the list under ``key``."""
        value = self.raw(key)
        return [called(item) if isinstance(item, Node) else str(item) for item in value or ()]

    def skip(self, *keys: str) -> None:
        """Keys that say nothing about scaling."""
        self.read.update(keys)

    def unread(self) -> Iterator[tuple[str, str]]:
        """(place, key) of what nobody asked for, here and below."""
        for key in self.node:
            if key not in self.read and self.node[key] is not None:
                yield self.line(key), f"{self.path}.{key}".strip(".")
        for part in self.inner:
            yield from part.unread()


def called(value: Node) -> str:
    """What a reference of a template names: {Ref: A}, {Fn::GetAtt: [A, Arn]}, {Fn::Sub: "${A}"} are ``A``."""
    inner = next(iter(value.values()), "")
    if isinstance(inner, Items):
        inner = inner[0] if inner else ""
    if isinstance(inner, Node):
        return called(inner)
    return str(inner if inner is not None else "").split(".")[0].removeprefix("${").removesuffix("}")
