"""The base of every model: frozen, no unknown keys, keys in the file's voice.

A field ``stop_timeout`` is the key ``stop timeout`` in a file; ``in_`` is ``in``. The file's keys
are the only spelling a file may use; Python code uses the field names.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, NamedTuple, get_origin

from pydantic import BaseModel, ConfigDict, model_validator
from pydantic.fields import FieldInfo

from fleetfoot.spec.errors import Wrong, did_you_mean, listed, nearest, raise_if_any, shown
from fleetfoot.spec.forms import Form
from fleetfoot.spec.nodes import Node

MOST_UNKNOWN = 100
"""Unknown keys of one mapping that are told; a wrong file may have thousands."""


def voice(name: str) -> str:
    """The key of field ``name`` in a file."""
    return name.rstrip("_").replace("_", " ")


def asked_for(field: FieldInfo) -> str:
    """What a required field wants, for a person."""
    form = next((m for m in field.metadata if isinstance(m, Form)), None)
    return (
        f"{form.noun}, such as {form.examples}"
        if form and form.noun != form.examples
        else (form.noun if form else "at least one")
    )


class Sugar(NamedTuple):
    """A key that is no field: what it takes, its default as written, and what it says."""

    takes: str
    default: str
    text: str


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
    sugar: ClassVar[dict[str, Sugar]] = {}
    """Further keys that ``rewrite`` understands."""
    example: ClassVar[str] = ""
    """One line that shows the part."""
    words: ClassVar[tuple[str, ...]] = ()
    """Bare words that stand for the whole part."""
    shapes: ClassVar[dict[str, dict[str, Any]]] = {}
    """JSON Schema of keys whose shape does not follow from their type."""
    shape_rules: ClassVar[dict[str, Any]] = {}
    """JSON Schema rules of the whole mapping."""

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
            words = f"{listed(cls.words)}, or " if cls.words else ""
            near = did_you_mean(data, cls.words) if isinstance(data, str) else ""
            raise Wrong(f"must be {words}a mapping such as {cls.example}, not {shown(data)}", suggestion=near)
        data = dict(data) if not isinstance(data, Node) else cls._from_file(data)
        data = cls.rewrite(data)
        cls._require(data)
        return data

    @classmethod
    def _from_file(cls, data: Node) -> dict[str, Any]:
        wrongs: list[Wrong] = []
        for key in data:
            if len(wrongs) >= MOST_UNKNOWN:
                break
            if not cls.known(key):
                allowed = listed([*cls.keys(), *cls.sugar])
                message = f"unknown key {shown(key)}: allowed here are {allowed}"
                meant = nearest(key, cls.keys())
                wrongs.append(Wrong(message, at=(key,), on_key=True, suggestion=cls.hint(key), meant=meant))
        raise_if_any(wrongs)
        return {key: value for key, value in data.items() if value is not None or not cls._may_be_empty(key)}

    @classmethod
    def _may_be_empty(cls, key: str) -> bool:
        """Whether a key with nothing behind it, all of it commented out, is as good as no key."""
        field = cls.model_fields.get(cls.keys().get(key, ""))
        return field is not None and not field.is_required() and get_origin(field.annotation) in (dict, tuple)

    @classmethod
    def _require(cls, data: dict[str, Any]) -> None:
        missing = [
            Wrong(f"missing: write {asked_for(field)}", at=(field.alias or name,))
            for name, field in cls.model_fields.items()
            if field.is_required() and name not in data and field.alias not in data
        ]
        raise_if_any(missing)
