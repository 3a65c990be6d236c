"""What CloudFormation does with the caller's permissions for each type of the template: the table ``handlers.json``.

Type -> service -> resources, as paths of ARNs or ``*`` -> actions. They are those that CloudFormation's registry has
for the type, of what our templates use; ``elsewhere`` gives the source of any other. No account has tried it: what is
missing is named by the first failed event of the stack.
"""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple


class Row(NamedTuple):
    """For ``kind``, CloudFormation does ``does`` of ``service`` on ``on``: paths of ARNs, or ``*``."""

    kind: str
    service: str
    on: tuple[str, ...]
    does: tuple[str, ...]


@cache
def table() -> dict[str, Any]:
    """The file as it is."""
    found: dict[str, Any] = json.loads(files("fleetfoot.provision").joinpath("handlers.json").read_text("utf-8"))
    return found


def rows(kinds: set[str]) -> list[Row]:
    """The rows of these types."""
    return [
        Row(kind, service, tuple(on.split()), tuple(does.split()))
        for kind, services in table()["types"].items()
        if f"AWS::{kind}" in kinds
        for service, scopes in services.items()
        for on, does in scopes.items()
    ]
