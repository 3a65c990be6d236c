"""How tasks start, as a file says it."""

from __future__ import annotations

import pytest

from fleetfoot.fleet.settings import parse
from fleetfoot.run.fleetfile import fleet_file
from fleetfoot.spec import SpecErrors, loads


def test_a_zygote_and_warm_tasks_reach_the_keepers_file(tmp_path: object) -> None:
    spec = loads("services: {a: {start: zygote, app: 'orders.web:app', task: {warm: 2, warm up: /prime}}}")
    raw = fleet_file(spec, tmp_path, None)  # type: ignore[arg-type]
    (made,) = parse(raw).services
    assert (made.app, made.command, made.warm, made.warm_up) == ("orders.web:app", "", 2, "/prime")


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("start: zygote", "start zygote needs the app"),
        ("start: zygote, app: 'a:b', run: x", "is not used by start zygote"),
        ("run: x, app: 'a:b'", "is used by start zygote only"),
        ("start: zygote, app: orders.py", "is not a Python app"),
    ],
)
def test_a_start_that_contradicts_itself_is_refused(lines: str, message: str) -> None:
    with pytest.raises(SpecErrors, match=message):
        loads(f"services: {{a: {{{lines}}}}}")
