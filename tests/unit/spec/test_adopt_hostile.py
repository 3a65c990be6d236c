"""Broken files of other scalers: told with their place, never a traceback."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest

from fleetfoot.spec import SpecErrors
from fleetfoot.spec.adopt import adopt
from fleetfoot.spec.adopt.at import documents
from fleetfoot.spec.errors import SpecError

EXAMPLES = sorted((Path(__file__).parents[3] / "examples/import").iterdir())
OTHERS: tuple[Any, ...] = (
    None,
    "",
    "x",
    "-1",
    "0",
    "1e400",
    "999999999999",
    [],
    {},
    [{}],
    ["x"],
    {"Ref": "X"},
    {"a": []},
)


def holders(value: Any) -> Iterator[Any]:
    """Every mapping and list within."""
    if isinstance(value, (dict, list)):
        yield value
        for inner in value.values() if isinstance(value, dict) else value:
            yield from holders(inner)


def broken(whole: Any, random: Random) -> Any:
    """``whole`` with one value taken out, or another in its place."""
    whole = json.loads(json.dumps(whole))
    holder = random.choice([one for one in holders(whole) if one])
    key = random.choice([*holder]) if isinstance(holder, dict) else random.randrange(len(holder))
    if random.random() < 0.25:
        del holder[key]
    else:
        holder[key] = random.choice(OTHERS)
    return whole


@pytest.mark.parametrize("path", [pytest.param(path, id=path.name) for path in EXAMPLES])
def test_a_value_lost_or_replaced_is_refused_with_a_place_or_read(path: Path) -> None:
    random = Random(1)
    told: list[SpecError] = []
    roots = [root.node for root in documents(path.name, path.read_bytes())]
    for _ in range(150):
        data = "\n---\n".join(json.dumps(broken(root, random)) for root in roots).encode()
        try:
            assert adopt([(path.name, data)], {}).spec.services
        except SpecErrors as errors:
            told += errors.errors
    assert told
    assert {error.file for error in told} == {path.name}, "what was written must be readable"
    assert all(error.line >= 1 and error.message for error in told)
