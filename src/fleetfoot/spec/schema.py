"""The models as data: a JSON Schema for editors, and the rows the reference is made of.

Editors read YAML as they like (``on`` may be true, ``0.7`` a number), so the schema takes both the
text and what they make of it. What only a unit parser can judge is left to ``fleetfoot check``.
"""

from __future__ import annotations

import types
from collections.abc import Iterator
from typing import Any, NamedTuple, Union, get_args, get_origin

from pydantic.fields import FieldInfo

from fleetfoot.spec.file import Spec
from fleetfoot.spec.forms import FlagForm, Form
from fleetfoot.spec.part import Part
from fleetfoot.spec.policies import KINDS, Policy

DIALECT = "https://json-schema.org/draft/2020-12/schema"


class Row(NamedTuple):
    """One key: what it takes, its default as a file would write it, and what it says."""

    key: str
    takes: str
    default: str
    text: str


def json_schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of fleetfoot.yaml."""
    parts = _parts(Spec)
    schema = {"$schema": DIALECT, "title": "fleetfoot.yaml", **_object(Spec)}
    return schema | {"$defs": {part.__name__: _object(part) for part in parts if part is not Spec}}


def rows(part: type[Part]) -> list[Row]:
    """Every key of ``part``, in the order of the model."""
    found = [_row(name, field) for name, field in part.model_fields.items() if name not in part.hidden]
    return found + [Row(key, *sugar) for key, sugar in part.sugar.items()]


def summary(part: type[Part]) -> str:
    """The first paragraph of the part's docstring, on one line."""
    return " ".join((part.__doc__ or "").split("\n\n")[0].split())


def inner_part(field: FieldInfo) -> type[Part] | None:
    """The part a key holds, directly or as the values of a mapping."""
    return next((found for found in _walk(field.annotation) if issubclass(found, Part) and found is not Policy), None)


def _walk(annotation: Any) -> Iterator[type]:
    """The classes an annotation is made of."""
    if isinstance(annotation, type) and get_origin(annotation) is None:
        yield annotation
    for inner in get_args(annotation):
        yield from _walk(inner)


def _parts(root: type[Part]) -> list[type[Part]]:
    """``root`` and all parts below it, each once."""
    found = [root]
    for part in found:
        for field in part.model_fields.values():
            inner = [p for p in _walk(field.annotation) if issubclass(p, Part)]
            below = [*KINDS.values()] if Policy in inner else inner
            found += [p for p in dict.fromkeys(below) if p not in found]
    return found


def _object(part: type[Part]) -> dict[str, Any]:
    properties: dict[str, Any] = {}
    for name, field in part.model_fields.items():
        if name in part.hidden:
            continue
        key = field.alias or name
        row = _row(name, field)
        shape = part.shapes.get(key) or _shape(field.annotation, field.metadata)
        properties[key] = {**shape, "description": row.text}
    for key, sugar in part.sugar.items():
        properties[key] = {"type": ["string", "number"], "description": sugar.text}
    optional = {key for rule in part.shape_rules.get("oneOf", ()) for key in rule.get("required", ())}
    required = [
        f.alias or n for n, f in part.model_fields.items() if f.is_required() and (f.alias or n) not in optional
    ]
    schema: dict[str, Any] = {"type": "object", "description": summary(part), "properties": properties}
    return schema | ({"required": required} if required else {}) | {"additionalProperties": False} | part.shape_rules


def _shape(annotation: Any, metadata: list[Any]) -> dict[str, Any]:
    form = next((m for m in metadata if isinstance(m, Form)), None)
    if form is not None:
        return form.schema()
    origin, inner = get_origin(annotation), get_args(annotation)
    if hasattr(annotation, "__metadata__"):
        return _shape(inner[0], list(annotation.__metadata__))
    if origin in (Union, types.UnionType):
        return _or_nothing(_shape(next(a for a in inner if a is not type(None)), []))
    if origin is dict:
        return _or_nothing({"type": "object", "additionalProperties": _shape(inner[1], [])})
    if origin is tuple:
        items = _shape(inner[0], [])
        single = [items] if items.get("pattern") and inner[0] is not str else []
        return _or_nothing({"anyOf": [{"type": "array", "items": items, "minItems": 1}, *single]})
    return _policy_shape() if _is_policy(annotation) else _part_shape(annotation)


def _is_policy(annotation: Any) -> bool:
    return any(found is Policy for found in _walk(annotation))


def _part_shape(part: type[Part]) -> dict[str, Any]:
    shape = {"$ref": f"#/$defs/{part.__name__}"}
    if part.bare("off") is not None:
        return _or_nothing({"anyOf": [shape, FlagForm().schema()]})
    if part.words:
        return _or_nothing({"anyOf": [shape, {"enum": list(part.words)}]})
    return _or_nothing(shape)


def _or_nothing(shape: dict[str, Any]) -> dict[str, Any]:
    return {"anyOf": [*shape["anyOf"], {"type": "null"}] if "anyOf" in shape else [shape, {"type": "null"}]}


def _policy_shape() -> dict[str, Any]:
    bare = [kind for kind, part in KINDS.items() if not any(f.is_required() for f in part.model_fields.values())]
    mapping = {
        "type": "object",
        "minProperties": 1,
        "maxProperties": 1,
        "properties": {kind: _part_shape(part) for kind, part in KINDS.items()},
        "additionalProperties": False,
    }
    return {"anyOf": [{"enum": [kind for kind in bare if kind == "default"]}, mapping]}


def _row(name: str, field: FieldInfo) -> Row:
    form = _form(field)
    takes = ""
    if form is not None:
        takes = form.noun if form.noun == form.examples or not form.examples else f"{form.noun}: {form.examples}"
        takes += f"; {form.limits()}" if form.limits() else ""
    default = ""
    if form is not None and not field.is_required() and field.default is not None and field.default != {}:
        values = field.default if isinstance(field.default, tuple) and not hasattr(field.default, "_fields") else None
        default = form.show(field.default) if values is None else f"[{', '.join(form.show(v) for v in values)}]"
    return Row(field.alias or name, takes, default, " ".join((field.description or "").split()))


def _form(field: FieldInfo) -> Form | None:
    """The form of a scalar key, or of the items of a list of scalars."""
    direct = next((m for m in field.metadata if isinstance(m, Form)), None)
    return direct or _form_within(field.annotation)


def _form_within(annotation: Any) -> Form | None:
    for meta in getattr(annotation, "__metadata__", ()):
        if isinstance(meta, Form):
            return meta
    return next((form for inner in get_args(annotation) if (form := _form_within(inner)) is not None), None)
