"""A fleetfoot.yaml written again with some values changed, from what was read: comments are not kept."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from fleetfoot.spec.reader import Reader

_PLAIN = re.compile(r"[A-Za-z0-9_./%][A-Za-z0-9_./%:$ +-]*")
_OTHER = {"null", "true", "false", "yes", "no", "on", "off", "y", "n", "~"}


def rewritten(
    text: str, service: str, policies: Sequence[Mapping[str, Any]], guards: Mapping[str, Mapping[str, str]]
) -> str:
    """``text`` with other ``policies`` of ``service`` (each kind -> keys as written), and ``guards`` over its own."""
    root, _ = Reader(text).read()
    tree = _copy(root)
    body = tree["services"][service] = dict(tree["services"][service] or {})
    body["policies"] = list(policies)
    held = dict(body.get("guards") or {})
    for part, keys in guards.items():
        before = held.get(part)
        held[part] = {**(before if isinstance(before, Mapping) else {}), **keys}
    if held:
        body["guards"] = held
    return "".join(_lines(tree, 0))


def policies_of(text: str, service: str) -> list[dict[str, Any]]:
    """The policies of ``service`` as written: kind -> its keys."""
    root, _ = Reader(text).read()
    found = (_copy(root)["services"][service] or {}).get("policies") or ["default"]
    items = found if isinstance(found, list) else [found]
    return [
        {item.strip(): {}} if isinstance(item, str) else {k: dict(v or {}) for k, v in item.items()} for item in items
    ]


def _copy(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _copy(inner) for key, inner in value.items()}
    return [_copy(inner) for inner in value] if isinstance(value, list) else value


def _lines(value: Mapping[str, Any], depth: int) -> list[str]:
    found, pad = [], "  " * depth
    for key, inner in value.items():
        if isinstance(inner, Mapping) and inner:
            found += [f"{pad}{_text(key)}:\n", *_lines(inner, depth + 1)]
        elif key == "policies" and isinstance(inner, list):
            found.append(f"{pad}{_text(key)}:\n")
            found += [f"{pad}  - {_flow(item, bare=True)}\n" for item in inner]
        else:
            found.append(f"{pad}{_text(key)}: {_flow(inner)}\n")
    return found


def _flow(value: Any, bare: bool = False) -> str:
    """On one line. ``bare``: a mapping of one key without braces around it."""
    if isinstance(value, Mapping):
        if bare and len(value) == 1:
            ((key, inner),) = value.items()
            return _text(key) if inner in ({}, None) else f"{_text(key)}: {_flow(inner)}"
        return "{" + ", ".join(f"{_text(key)}: {_flow(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_flow, value)) + "]"
    return "" if value is None else _text(str(value))


def _text(text: str) -> str:
    """A scalar, in quotes where YAML would read something else."""
    safe = _PLAIN.fullmatch(text) and ": " not in text and not text.endswith((":", " ")) and text.lower() not in _OTHER
    return text if safe else json.dumps(text, ensure_ascii=False)
