"""The base of every model: frozen, no unknown keys, keys in the file's voice.

A field ``stop_timeout`` is the key ``stop timeout`` in a file; ``in_`` is ``in``. The file's keys
are the only spelling a file may use; Python code uses the field names.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, model_validator

from fleetfoot.spec.errors import Wrong, did_you_mean, listed, raise_if_any, shown


def voice(name: str) -> str:
    """The key of field ``name`` in a file."""
    return name.rstrip("_").replace("_", " ")


class Node(dict[str, Any]):
    """A mapping that came from a file; the loader knows where its keys stand."""


class Part(BaseModel):
    """One part of the spec."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        use_attribute_docstrings=True,
        alias_generator=voice,
        validate_by_name=True,
        validate_by_alias=True,
    )

    hidden: ClassVar[frozenset[str]] = frozenset()
    """Fields that are no keys of a file."""
    sugar: ClassVar[dict[str, str]] = {}
    """Further keys that ``rewrite`` understands, with what they say."""
    later: ClassVar[tuple[str, ...]] = ()
    """Keys that DESIGN.md has and this version refuses by name."""
    example: ClassVar[str] = ""
    """One line that shows the part."""

    @classmethod
    def keys(cls) -> dict[str, str]:
        """Key in a file -> field name."""
        return {f.alias or n: n for n, f in cls.model_fields.items() if n not in cls.hidden}

    @classmethod
    def known(cls, key: str) -> bool:
        return key in {*cls.keys(), *cls.sugar}

    @classmethod
    def rewrite(cls, data: dict[str, Any]) -> dict[str, Any]:
        """Turn sugar into fields. ``data`` is a copy; what came from a file is still text."""
        return data

    @classmethod
    def bare(cls, value: str) -> dict[str, Any] | None:  # noqa: ARG003 - a hook
        """What a bare word in place of the mapping means; None when it means nothing."""
        return None

    @classmethod
    def hint(cls, key: str) -> str:
        """Where an unknown ``key`` might belong."""
        return did_you_mean(key, [*cls.keys(), *cls.sugar])

    @model_validator(mode="before")
    @classmethod
    def _read(cls, data: Any) -> Any:
        if isinstance(data, cls):
            return data
        if isinstance(data, str) and (meant := cls.bare(data)) is not None:
            return meant
        if data is None:
            data = Node()
        if not isinstance(data, Mapping):
            raise Wrong(f"must be a mapping such as {cls.example}, not {shown(data)}")
        data = dict(data) if not isinstance(data, Node) else cls._from_file(data)
        return cls.rewrite(data)

    @classmethod
    def _from_file(cls, data: Node) -> dict[str, Any]:
        wrongs = []
        for key in data:
            if key in cls.later:
                wrongs.append(Wrong(f"'{key}' is not built yet: remove it", at=(key,), on_key=True))
            elif not cls.known(key):
                allowed = listed([*cls.keys(), *cls.sugar])
                message = f"unknown key {shown(key)}: allowed here are {allowed}"
                wrongs.append(Wrong(message, at=(key,), on_key=True, suggestion=cls.hint(key)))
        raise_if_any(wrongs)
        return dict(data)
