"""AWS's query protocol: a form in, XML out. What CloudFormation speaks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl
from xml.etree import ElementTree as ET

SPACE = "http://cloudformation.amazonaws.com/doc/2010-05-15/"
OWN = ("Action", "Version")


def request_of(body: bytes) -> tuple[str, dict[str, Any]]:
    """The action, and its arguments as they nest: ``Parameters.member.1.ParameterKey`` is in a list."""
    rows = dict(parse_qsl(body.decode(), keep_blank_values=True))
    found: dict[str, Any] = {}
    for key, value in rows.items():
        if key not in OWN:
            _put(found, key.split("."), value)
    return rows.get("Action", ""), {key: _listed(value) for key, value in found.items()}


def _put(into: dict[str, Any], path: list[str], value: str) -> None:
    for word in path[:-1]:
        into = into.setdefault(word, {})
    into[path[-1]] = value


def _listed(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    if value.keys() == {"member"}:
        return [_listed(one) for _, one in sorted(value["member"].items(), key=lambda row: int(row[0]))]
    return {key: _listed(one) for key, one in value.items()}


def answer_of(action: str, data: Mapping[str, Any]) -> bytes:
    root = ET.Element(f"{action}Response", xmlns=SPACE)
    _fill(ET.SubElement(root, f"{action}Result"), data)
    _fill(ET.SubElement(root, "ResponseMetadata"), {"RequestId": "simulated"})
    return ET.tostring(root)


def refusal_of(code: str, message: str) -> bytes:
    root = ET.Element("ErrorResponse", xmlns=SPACE)
    _fill(ET.SubElement(root, "Error"), {"Type": "Sender", "Code": code, "Message": message})
    return ET.tostring(root)


def _fill(node: ET.Element, value: Any) -> None:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            _fill(ET.SubElement(node, key), inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            _fill(ET.SubElement(node, "member"), inner)
    elif value is not None:
        node.text = str(value).lower() if isinstance(value, bool) else str(value)
