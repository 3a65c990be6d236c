"""Mappings and lists that remember where in the file they stand. Lines and columns count from 1."""

from __future__ import annotations

from typing import Any, NamedTuple


class Mark(NamedTuple):
    """A place in the file."""

    line: int
    column: int


class Told(str):
    """A key that is wrong and stays, so that what stands under it is judged too; its own error is told already."""

    __slots__ = ()


class Node(dict[str, Any]):
    """A mapping of a file: its values are text, None, ``Node`` or ``Items``."""

    def __init__(self) -> None:
        super().__init__()
        self.keys_at: dict[str, Mark] = {}
        self.values_at: dict[str, Mark] = {}

    def put(self, key: str, value: Any, key_at: Mark, value_at: Mark) -> None:
        self[key] = value
        self.keys_at[key] = key_at
        self.values_at[key] = value_at

    def tell(self, key: str) -> bool:
        """Let a wrong key stay as one that was told; False when it was already."""
        if any(type(known) is Told for known in self if known == key):
            return False
        self[Told(key)] = self.pop(key)
        return True


class Items(list[Any]):
    """A list of a file. ``numbers`` are the places its items had before the loader took wrong ones out."""

    def __init__(self) -> None:
        super().__init__()
        self.values_at: list[Mark] = []
        self.numbers: list[int] = []

    def put(self, value: Any, at: Mark) -> None:
        self.append(value)
        self.values_at.append(at)
        self.numbers.append(len(self.numbers))

    def take_out(self, number: int) -> bool:
        """Remove the item that had ``number``; False when it is gone already."""
        if number not in self.numbers:
            return False
        index = self.numbers.index(number)
        for row in (self, self.values_at, self.numbers):
            del row[index]
        return True
