"""A template as text: JSON, or YAML for reading, with comments, headings and short tags.

PyYAML is not asked: it sorts, quotes and folds as it likes, and writes no comments.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from fleetfoot.provision.template import Template

_PLAIN = re.compile(r"[A-Za-z/][A-Za-z0-9 _/.:()*+@,;=<>?\-]*")
_WORDS = {"true", "false", "yes", "no", "on", "off", "null", "y", "n"}  # a YAML 1.1 reader takes them for no text
_SHORT = {"Ref": "!Ref"} | {
    f"Fn::{name}": f"!{name}" for name in ("GetAtt", "Sub", "If", "Select", "GetAZs", "Equals", "Not", "Join", "Or")
}


def to_json(template: Template) -> str:
    return json.dumps(template.body(), indent=2, ensure_ascii=False) + "\n"


def to_yaml(template: Template) -> str:
    """Deterministic: the order is that of the parts."""
    return "\n".join(_lines(template)) + "\n"


def _lines(template: Template) -> Iterator[str]:
    body = template.body()
    for key, value in body.items():
        yield f"{key}:" if isinstance(value, dict) else f"{key}: {_scalar(value)}"
        if key == "Resources":
            yield from _resources(template, value)
        elif isinstance(value, dict):
            for name, inner in value.items():
                yield from _entry(name, inner, 1)


def _resources(template: Template, bodies: dict[str, Any]) -> Iterator[str]:
    for part in template.parts:
        yield f"\n  # --- {part.title} ---"
        for name, resource in part.resources.items():
            yield from ([f"  # {resource.why}"] if resource.why else [])
            yield from _entry(name, bodies[name], 1)


def _entry(key: str, value: Any, depth: int) -> Iterator[str]:
    """``key`` and its value, at ``depth``."""
    pad = "  " * depth
    tag, value = _tagged(value)
    name = key if _is_plain(key) else json.dumps(key)
    if isinstance(value, (dict, list, tuple)) and value and not _is_flow(value):
        yield f"{pad}{name}:{tag}"
        yield from _block(value, depth + 1)
    else:
        yield f"{pad}{name}:{tag} {_flow(value)}".rstrip()


def _block(value: Any, depth: int) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _entry(key, inner, depth)
        return
    pad = "  " * depth
    for item in value:
        tag, inner = _tagged(item)
        if isinstance(inner, (dict, list, tuple)) and inner and not _is_flow(inner):
            rows = list(_block(inner, depth + 1))
            if tag:
                yield f"{pad}-{tag}"
                yield from rows
            else:
                yield f"{pad}- {rows[0].lstrip()}"
                yield from rows[1:]
        else:
            yield f"{pad}-{tag} {_flow(inner)}".rstrip()


def _tagged(value: Any) -> tuple[str, Any]:
    """`` !Sub`` and what it takes; no tag for what is no intrinsic."""
    if isinstance(value, dict) and len(value) == 1:
        name, inner = next(iter(value.items()))
        if name in _SHORT:
            joined = ".".join(inner) if name == "Fn::GetAtt" else inner
            return f" {_SHORT[name]}", joined
    return "", value


def _is_flow(value: Any) -> bool:
    """Whether a list fits on its line: scalars only, and few."""
    return (
        isinstance(value, (list, tuple))
        and all(isinstance(item, (str, int, float)) for item in value)
        and sum(len(str(item)) for item in value) < 70
    )


def _flow(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(_scalar(item, flow=True) for item in value)}]"
    return "{}" if value == {} else _scalar(value)


def _scalar(value: Any, flow: bool = False) -> str:
    if isinstance(value, str):
        plain = _is_plain(value) and not (flow and "," in value)
        return value if plain else json.dumps(value, ensure_ascii=False)
    return json.dumps(value)


def _is_plain(text: str) -> bool:
    return (
        _PLAIN.fullmatch(text) is not None
        and text.lower() not in _WORDS
        and ": " not in text
        and not text.endswith((":", " "))
    )
