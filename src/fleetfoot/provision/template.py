"""A CloudFormation template as frozen values.

A resource type is a class whose fields are CloudFormation's own property names, so that a misspelt one is a type
error and a search in AWS's documentation finds it. Logical ids are fixed words: the same file gives the same text,
and an update replaces nothing by accident.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar, dataclass_transform

Value = Any
"""A literal of JSON, or an intrinsic function of the template."""


def ref(name: str) -> Value:
    return {"Ref": name}


def attribute(name: str, of: str) -> Value:
    return {"Fn::GetAtt": [name, of]}


def sub(text: str) -> Value:
    """``text`` with ${Name} of parameters and resources filled in."""
    return {"Fn::Sub": text}


def either(condition: str, then: Value, otherwise: Value) -> Value:
    return {"Fn::If": [condition, then, otherwise]}


def filled(parameter: str) -> Value:
    """A condition: whether the person wrote something there."""
    return {"Fn::Not": [{"Fn::Equals": [ref(parameter), ""]}]}


def pairs(values: Mapping[str, Value], name: str = "Key", value: str = "Value") -> list[dict[str, Value]]:
    """``values`` as the rows AWS writes a mapping in: tags, attributes, dimensions, environment."""
    return [{name: key, value: one} for key, one in values.items()]


NOTHING = ref("AWS::NoValue")
REGION = ref("AWS::Region")


@dataclass(frozen=True)
class Skip:
    """A check of checkov that does not hold here, with the reason; it stands in the template itself."""

    check: str
    reason: str


@dataclass_transform(frozen_default=True, kw_only_default=True)
class _Typed:
    """Makes a frozen dataclass of every class below it."""

    TYPE: ClassVar[str]
    NAMED: ClassVar[str]
    """The property that holds its name, or empty."""

    def __init_subclass__(cls, of: str = "", named: str = "") -> None:
        cls.TYPE, cls.NAMED = of, named
        dataclass(frozen=True, kw_only=True)(cls)


class Resource(_Typed):
    """What all resources have besides their properties. ``why``: a comment above it in the YAML."""

    why: str = ""
    Condition: str | None = None
    DependsOn: tuple[str, ...] = ()
    DeletionPolicy: str | None = None
    skips: tuple[Skip, ...] = ()

    def body(self, tags: Mapping[str, str]) -> dict[str, Any]:
        """The resource as CloudFormation takes it, with ``tags`` where it takes tags."""
        found: dict[str, Any] = {"Type": self.TYPE}
        if self.Condition:
            found["Condition"] = self.Condition
        if self.DependsOn:
            found["DependsOn"] = list(self.DependsOn)
        if self.DeletionPolicy:
            found |= {"DeletionPolicy": self.DeletionPolicy, "UpdateReplacePolicy": self.DeletionPolicy}
        if self.skips:
            skips = [{"id": skip.check, "comment": skip.reason} for skip in self.skips]
            found["Metadata"] = {"checkov": {"skip": skips}}
        labels = {"Tags": pairs({"Name": self.called, **tags})} if isinstance(self, Tagged) else {}
        return found | {"Properties": self.properties() | labels}

    def properties(self) -> dict[str, Any]:
        own = [name for name in self.__dataclass_fields__ if name not in Resource.__dataclass_fields__]
        return {name: _plain(value) for name in own if (value := getattr(self, name)) is not None}


class Tagged(Resource):
    """What takes tags. ``called``: its tag Name, and its name where the type has a property for one."""

    called: str

    def properties(self) -> dict[str, Any]:
        found = super().properties()
        name = found.pop("called")
        return {self.NAMED: name} | found if self.NAMED else found


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """What a person chooses when the stack is made."""

    Description: str
    Type: str = "String"
    Default: str | int | None = None
    AllowedPattern: str | None = None
    AllowedValues: tuple[str, ...] | None = None
    MinValue: int | None = None

    def body(self) -> dict[str, Any]:
        found = {f.name: getattr(self, f.name) for f in fields(self)}
        return {name: _plain(value) for name, value in found.items() if value is not None}


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


@dataclass(frozen=True, kw_only=True)
class Part:
    """One subject of a template, such as its network."""

    title: str
    resources: Mapping[str, Resource]
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    conditions: Mapping[str, Value] = field(default_factory=dict)
    outputs: Mapping[str, tuple[str, Value]] = field(default_factory=dict)
    """Name -> (what it is, its value)."""


@dataclass(frozen=True)
class Template:
    """All parts of one stack, in their order."""

    description: str
    parts: tuple[Part, ...]
    metadata: Mapping[str, Any]
    tags: Mapping[str, str]
    """Of everything that takes tags."""

    def body(self) -> dict[str, Any]:
        """The template as CloudFormation takes it. Raises ValueError for a logical id that is there twice."""
        parameters = _merged("parameter", (part.parameters for part in self.parts))
        resources = _merged("resource", (part.resources for part in self.parts))
        found = {
            "AWSTemplateFormatVersion": "2010-09-09",
            "Description": self.description,
            "Metadata": dict(self.metadata),
            "Parameters": {name: parameter.body() for name, parameter in parameters.items()},
            "Conditions": _merged("condition", (part.conditions for part in self.parts)),
            "Resources": {name: resource.body(self.tags) for name, resource in resources.items()},
            "Outputs": {
                name: {"Description": text, "Value": value}
                for name, (text, value) in _merged("output", (part.outputs for part in self.parts)).items()
            },
        }
        return {name: value for name, value in found.items() if value}


def _merged(kind: str, parts: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for part in parts:
        for name, value in part.items():
            if name in found:
                raise ValueError(f"the {kind} {name} is there twice")
            found[name] = value
    return found
